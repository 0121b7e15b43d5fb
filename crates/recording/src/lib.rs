//! Recordings of real and simulated drives: opened, checked and read one picture at a time.
//!
//! | format | read | write | source |
//! | --- | --- | --- | --- |
//! | Udacity simulator folder | yes | yes | behavioural-cloning course, 2016 on |
//! | donkeycar tub, version 1 | yes | | donkeycar up to 3 |
//! | donkeycar tub, version 2 | yes | yes | donkeycar 4 and 5; with extra keys our native format |
//! | SullyChen | yes | | driving datasets of 2017 and 2018 |
//! | comma2k19 segment | yes | | comma.ai, 2018 |
//! | Udacity real car | yes | | challenge 2, 2016 |
//! | pictures, with or without a table | yes | yes | |
//! | video, with or without a table | yes | yes | |
//! | LeRobot dataset, version 2.1 and 3 | yes | | Hugging Face, 2024 on |
//! | MCAP with compressed images | yes | yes | Foxglove, ROS 2 |
//!
//! A recording is opened as an index without pictures. What a row gets wrong is decided then: the row is left out and
//! counted by reason. What a picture gets wrong shows when it is read: that one sample is [`Spoiled`]. A recording
//! names only files below its own folder. Recorded steering becomes curvature here, in [`LabelProfile`], and nowhere
//! else.

mod camera_view;
mod candidates;
mod civil_time;
mod comma2k19;
mod contained;
mod convert;
mod donkey;
mod entry;
mod error;
mod exclude;
mod folder;
mod format;
#[cfg(test)]
mod fuzz;
mod images;
mod label;
mod lerobot;
mod listing;
mod mcap;
mod numpy;
mod opening;
mod options;
mod picture;
mod pictures;
mod recognise;
mod series;
mod source;
mod stated_camera;
mod steering_name;
mod stream;
mod sully_chen;
mod survey;
mod table;
mod timeline;
mod tub_v1;
mod tub_v2;
mod udacity;
mod udacity_car;
mod unit;
mod video;
mod video_labels;
mod windows;

pub use camera_view::CameraView;
pub use convert::{Converted, Target};
pub use entry::{Entry, Place, SkipReason, Skipped};
pub use error::{BadOption, RecordingError, Spoiled};
pub use format::Format;
pub use label::LabelProfile;
pub use options::{Columns, RecordingOptions, VehicleOptions};
pub use stream::Stream;
pub use survey::{HISTOGRAM_BARS, LabelSummary, Survey};
pub use timeline::{Gap, Timing};
pub use tub_v2::TubWriter;
pub use unit::{Sign, Unit, Vehicle};
pub use video::{EncodedFrame, VideoEncoder};
pub use windows::{Split, SplitBy, windows};

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use camera_view::RecordingCamera;
use entry::Log;
use exclude::Exclusions;
use lane_frame::{Frame, RgbImage, Sample, Size};
use opening::{entries, home, judge, most_common_size};
use pictures::Pictures;
use timeline::Instant;

/// An opened recording: its index and how its labels and pictures are to be taken; no picture is held.
#[derive(Debug)]
pub struct Recording {
    format: Format,
    path: PathBuf,
    pictures: Box<dyn Pictures>,
    entries: Vec<Entry>,
    drives: Vec<Range<usize>>,
    gaps: Vec<Gap>,
    timing: Timing,
    skipped: Skipped,
    label: Option<LabelProfile>,
    label_name: Option<String>,
    camera: RecordingCamera,
    picture_size: Size,
    /// Held by whoever reads a stretch of a video.
    turn: Mutex<()>,
}

impl Recording {
    /// Opens a recording's folder, its index or the file that it is. The format is recognised.
    ///
    /// # Errors
    /// As [`Recording::open_with`].
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        Self::open_with(path, &RecordingOptions::default())
    }

    /// Opens a recording with what the user has said about it.
    ///
    /// # Errors
    /// Refuses a path that is missing, is no recording, may be several, has an index that cannot be read or holds no
    /// usable entry; and options that do not go with it.
    pub fn open_with(path: &Path, options: &RecordingOptions) -> Result<Self, RecordingError> {
        let (format, source) = recognise::recognise(path, options.format)?;
        format.check_columns(&source, &options.columns)?;
        let Log { rows, mut skipped, pictures, label, label_name, camera, clock } = format.read(&source, options)?;
        let label = label.map(|label| label.with(options));
        let exclusions = Exclusions::beside(&home(format, &source))?;
        exclusions.check(rows.iter().map(|row| &row.place))?;
        let rows = judge(rows, label, &exclusions, &mut skipped);
        if rows.is_empty() {
            return Err(RecordingError::Empty { format, path: source.path(), skipped });
        }
        let instants: Vec<Instant> = rows.iter().map(|(row, _)| row.instant()).collect();
        let timeline = timeline::lay_out(&instants, clock, options.rate_hz);
        let picture_size = most_common_size(&*pictures, &rows).unwrap_or(camera.usual_size);
        let bad_option = |bad| RecordingError::Option { path: source.path(), bad };
        Ok(Self {
            format,
            path: home(format, &source),
            pictures,
            entries: entries(rows, &timeline),
            drives: timeline.drives,
            gaps: timeline.gaps,
            timing: timeline.timing,
            skipped,
            label,
            label_name,
            camera: RecordingCamera::new(camera, picture_size, options).map_err(bad_option)?,
            picture_size,
            turn: Mutex::new(()),
        })
    }

    /// Layout of the files this recording was read from.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The recording's folder, or the file that it is.
    pub fn path(&self) -> &Path {
        &self.path
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

    /// Unbroken stretches of entries: a new one starts where time jumps by more than 1 s or runs backwards, where the
    /// recording says so, and behind what is excluded.
    pub fn drives(&self) -> &[Range<usize>] {
        &self.drives
    }

    /// Where recording stopped for more than 1 s, or time runs backwards.
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
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
    /// A picture that is missing, empty, cut short, a Git LFS pointer or outside its folder spoils this one sample.
    ///
    /// # Panics
    /// If `i` is not below [`Recording::len`].
    pub fn sample(&self, i: usize) -> Result<Sample, Spoiled> {
        let entry = &self.entries[i];
        let image = self.pictures.read(&entry.picture).map_err(|reason| self.spoiled(i, reason))?;
        let frame = Frame { index: i as u64, time_secs: entry.time_secs, image };
        Ok(Sample { frame, steering: entry.steering, speed_mps: entry.speed_mps })
    }

    fn spoiled(&self, i: usize, reason: String) -> Spoiled {
        let entry = &self.entries[i];
        Spoiled { index: i, place: format!("{} ({})", entry.place, entry.picture), reason }
    }

    /// Rows left out at opening, counted by reason.
    pub fn skipped(&self) -> &BTreeMap<SkipReason, usize> {
        &self.skipped
    }

    /// Size that most pictures have.
    pub fn picture_size(&self) -> Size {
        self.picture_size
    }

    /// Whether pictures can be read fast only one after the other, as from a video.
    fn is_sequential(&self) -> bool {
        self.pictures.are_sequential()
    }

    /// Reads entries one after the other, and of a video while nobody else does so: two readers would send each other
    /// back and forth. Not to be nested.
    pub fn in_turn<T>(&self, read: impl FnOnce() -> T) -> T {
        // Poisoned by a panic while reading: the lock guards no data.
        let _turn = self.is_sequential().then(|| self.turn.lock().unwrap_or_else(PoisonError::into_inner));
        read()
    }

    /// Which part of a picture a policy sees, and how the ground appears in it, for pictures of the usual size.
    pub fn view(&self) -> CameraView {
        self.camera.view(self.picture_size)
    }

    /// The same for this picture: sizes change within some recordings.
    ///
    /// # Panics
    /// If the picture has no pixel.
    pub fn view_of(&self, image: &RgbImage) -> CameraView {
        self.camera.view(Size::new(image.width(), image.height()))
    }

    /// What the recorded steering value means and how it became curvature; `None` where there is none.
    pub fn label(&self) -> Option<LabelProfile> {
        self.label
    }

    /// Column or field that the steering was read from, where the format leaves that open.
    pub fn label_name(&self) -> Option<&str> {
        self.label_name.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_frame::RgbImage;
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
    fn a_picture_that_became_readable_after_opening_has_a_view_that_fits_it() {
        let dir = folder_of_twenty(|_| false);
        let recording = Recording::open(dir.path()).unwrap();
        RgbImage::new(100, 50).save(dir.path().join(picture_name(0))).unwrap();
        let image = recording.sample(0).unwrap().frame.image;
        let [left, top, width, height] = recording.view_of(&image).crop;
        assert!(left + width <= 100 && top + height <= 50, "opened for {}", recording.picture_size());
        assert_eq!(recording.sample(1).unwrap_err().reason, "empty file");
    }

    #[test]
    fn columns_that_the_format_does_not_go_by_are_refused() {
        let dir = folder_of_twenty(|_| true);
        let columns = Columns { steering: Some("throttle".into()), ..Columns::default() };
        let options = RecordingOptions { columns, ..RecordingOptions::default() };
        let message = Recording::open_with(dir.path(), &options).unwrap_err().to_string();
        assert!(
            message.contains(
                "--columns: expected nothing: the columns of Udacity simulator are fixed, got steering=throttle"
            ),
            "{message}"
        );
        fs::write(dir.path().join("drive.mcap"), "").unwrap();
        let columns = Columns { time: Some("/clock.secs".into()), ..Columns::default() };
        let options = RecordingOptions { columns, ..RecordingOptions::default() };
        let message = Recording::open_with(&dir.path().join("drive.mcap"), &options).unwrap_err().to_string();
        assert!(message.contains("expected image, steering, speed of MCAP, got time=/clock.secs"), "{message}");
    }

    #[test]
    fn excluded_rows_are_counted_and_part_the_drive_and_nothing_is_deleted() {
        let dir = folder_of_twenty(|_| true);
        let name = dir.path().file_name().unwrap().to_str().unwrap().to_owned();
        let side_file = dir.path().with_file_name(name + ".exclude.json");
        fs::write(&side_file, r#"{"exclude": [{"file": "driving_log.csv", "first": 6, "last": 8}]}"#).unwrap();
        let recording = Recording::open(dir.path());
        fs::remove_file(side_file).unwrap();
        let recording = recording.unwrap();
        assert_eq!(recording.skipped(), &[(SkipReason::Excluded, 3)].into());
        assert_eq!(recording.drives(), [0..5, 5..17]);
        assert_eq!(Recording::open(dir.path()).unwrap().len(), 20);
    }
}
