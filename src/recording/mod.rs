//! Recordings of real and simulated drives: opened, checked and read one picture at a time.
//!
//! | format | read | write | source |
//! | --- | --- | --- | --- |
//! | Udacity simulator folder | yes | | behavioural-cloning course, 2016 on |
//! | donkeycar tub, version 2 | yes | yes | donkeycar 4 and 5; with extra keys our native format |
//!
//! A recording is opened as an index without pictures. What a row gets wrong is decided then: the row is left out and
//! counted by reason. What a picture gets wrong shows when it is read: that one sample is [`Spoiled`]. A recording
//! names only files below its own folder. Another format is one more reader file and its arm in [`Format`].

mod camera_view;
mod entry;
mod error;
mod folder;
mod format;
mod label;
mod picture;
mod timeline;
mod tub_v2;
mod udacity;

pub use camera_view::CameraView;
pub use entry::{Entry, Place, SkipReason, Skipped};
pub use error::{RecordingError, Spoiled};
pub use format::Format;
pub use label::{LabelProfile, Wheelbase};
pub use timeline::Timing;
pub use tub_v2::TubWriter;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use crate::frame::{Frame, Sample, Size};
use entry::{Log, Row};
use folder::Folder;

/// Pictures looked at while opening, to learn the size that most of them have.
const SIZE_PROBES: usize = 9;

/// Pictures searched from the first on where none of those can be read: without an end to it, a long drive of empty
/// files would take seconds to open.
const SIZE_SEARCH: usize = 10_000;

/// An opened recording: its index and how its labels and pictures are to be taken; no picture is held.
#[derive(Debug)]
pub struct Recording {
    format: Format,
    folder: Folder,
    entries: Vec<Entry>,
    drives: Vec<Range<usize>>,
    timing: Timing,
    skipped: Skipped,
    label: LabelProfile,
    view: CameraView,
    /// Size that the view was made for; a picture of another size is spoiled.
    picture_size: Size,
}

impl Recording {
    /// Opens a recording's folder, or the file that makes it one (`driving_log.csv`, `manifest.json`). The format is
    /// recognised from the folder.
    ///
    /// # Errors
    /// Refuses a path that is missing, is no recording, has an index that cannot be read or holds no usable entry.
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        let (format, folder) = format::recognise(path)?;
        let Log { rows, skipped, label, camera, usual_step_ms } = format.read(&folder)?;
        if rows.is_empty() {
            return Err(RecordingError::Empty { path: folder.path().to_owned(), skipped });
        }
        let recorded_ms: Vec<f64> = rows.iter().map(|row| row.recorded_ms).collect();
        let timeline = timeline::lay_out(&recorded_ms, usual_step_ms);
        let picture_size = most_common_size(&folder, &rows).unwrap_or(camera.usual_size);
        Ok(Self {
            format,
            entries: timeline.entries(rows),
            drives: timeline.drives,
            timing: timeline.timing,
            skipped,
            label,
            view: camera.view(picture_size),
            picture_size,
            folder,
        })
    }

    /// Layout of the files this recording was read from.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The recording's folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Number of usable entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Always false: a recording without a usable entry does not open.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Seconds from the first entry to the last, gaps closed.
    pub fn duration_secs(&self) -> f64 {
        self.entries.last().map_or(0.0, |entry| entry.time_secs)
    }

    /// Unbroken stretches of entries: a new one starts where time jumps by more than 1 s or runs backwards.
    pub fn drives(&self) -> &[Range<usize>] {
        &self.drives
    }

    /// Where the times of the entries come from.
    pub fn timing(&self) -> Timing {
        self.timing
    }

    /// Everything about entry `i` but its picture.
    ///
    /// # Panics
    /// If `i` is not below [`Recording::len`].
    pub fn entry(&self, i: usize) -> &Entry {
        &self.entries[i]
    }

    /// Reads the picture of entry `i`. Frames count and time over the whole recording, so that both only increase.
    ///
    /// # Errors
    /// A picture that is missing, empty, cut short, a Git LFS pointer, of another size than the recording's or outside
    /// its folder spoils this one sample.
    ///
    /// # Panics
    /// If `i` is not below [`Recording::len`].
    pub fn sample(&self, i: usize) -> Result<Sample, Spoiled> {
        let entry = &self.entries[i];
        let spoiled = |reason| Spoiled { index: i, place: format!("{} ({})", entry.place, entry.picture), reason };
        let image = picture::read(&self.folder, &entry.picture).map_err(spoiled)?;
        let size = Size::new(image.width(), image.height());
        if size != self.picture_size {
            return Err(spoiled(format!("picture is {size}, this recording's are {}", self.picture_size)));
        }
        let frame = Frame { index: i as u64, time_secs: entry.time_secs, image };
        Ok(Sample { frame, steering: entry.steering, speed_mps: entry.speed_mps })
    }

    /// Rows left out at opening, counted by reason.
    pub fn skipped(&self) -> &BTreeMap<SkipReason, usize> {
        &self.skipped
    }

    /// Which part of a picture a policy sees, and how the ground appears in it.
    pub fn view(&self) -> CameraView {
        self.view
    }

    /// What the recorded steering value means and how it became curvature.
    pub fn label(&self) -> LabelProfile {
        self.label
    }
}

/// The size that most of a few pictures spread over the recording have. Where none of those can be read it is that of
/// the first picture that can, and `None` where the search ends without one.
fn most_common_size(folder: &Folder, rows: &[Row]) -> Option<Size> {
    let mut seen: Vec<(Size, usize)> = Vec::new();
    let step = rows.len().div_ceil(SIZE_PROBES);
    for row in rows.iter().step_by(step) {
        let Ok(size) = picture::size(folder, &row.picture) else { continue };
        match seen.iter_mut().find(|(known, _)| *known == size) {
            Some((_, count)) => *count += 1,
            None => seen.push((size, 1)),
        }
    }
    // Reversed, so that of equally common sizes the one met first wins.
    let most_common = seen.into_iter().rev().max_by_key(|(_, count)| *count).map(|(size, _)| size);
    most_common.or_else(|| rows.iter().take(SIZE_SEARCH).find_map(|row| picture::size(folder, &row.picture).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::RgbImage;
    use std::fs;

    /// Where picture `i` lies in a recording, at 25 frames a second.
    fn picture_name(i: usize) -> String {
        format!("IMG/center_2021_05_24_15_48_52_{:03}.jpg", 40 * i)
    }

    /// A recording of 20 rows; pictures are 100x50 where `is_whole` says so, and empty files otherwise.
    fn folder_of_twenty(is_whole: impl Fn(usize) -> bool) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("IMG")).unwrap();
        for i in 0..20 {
            let path = dir.path().join(picture_name(i));
            if is_whole(i) { RgbImage::new(100, 50).save(path).unwrap() } else { fs::write(path, "").unwrap() }
        }
        let log: String = (0..20).map(|i| format!("{},l.jpg,r.jpg,0,0.4,0,30\n", picture_name(i))).collect();
        fs::write(dir.path().join("driving_log.csv"), log).unwrap();
        dir
    }

    #[test]
    fn the_view_fits_the_readable_pictures_where_every_third_is_empty() {
        // Every third of 20 rows is looked at for the size: none of those can be read.
        let dir = folder_of_twenty(|i| i % 3 != 0);
        let recording = Recording::open(dir.path()).unwrap();
        let [left, top, width, height] = recording.view().crop;
        assert!(left + width <= 100 && top + height <= 50, "{:?}", recording.view().crop);
        for i in 0..20 {
            let size = recording.sample(i).map(|sample| sample.frame.image.dimensions()).ok();
            assert_eq!(size, (i % 3 != 0).then_some((100, 50)), "entry {i}");
        }
    }

    #[test]
    fn a_picture_of_a_size_the_view_was_not_made_for_is_spoiled_even_if_none_was_readable_at_opening() {
        let dir = folder_of_twenty(|_| false);
        let recording = Recording::open(dir.path()).unwrap();
        RgbImage::new(100, 50).save(dir.path().join(picture_name(0))).unwrap();
        assert_eq!(recording.sample(0).unwrap_err().reason, "picture is 100x50, this recording's are 320x160");
        assert_eq!(recording.sample(1).unwrap_err().reason, "empty file");
    }
}
