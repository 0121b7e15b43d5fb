//! An opened recording: its index, read one picture at a time.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::model::arrangement::{Arrangement, arrange};
use crate::model::camera_view::{CameraView, RecordingCamera};
use crate::model::entry::{Entry, Log};
use crate::model::error::{BadOption, RecordingError, Spoiled};
use crate::model::format::Format;
use crate::model::label::LabelProfile;
use crate::model::options::RecordingOptions;
use crate::model::pictures::Pictures;
use crate::model::skip::{SkipReason, Skipped};
use crate::model::timeline::{Gap, Instant, Timing, lay_out};
use crate::model::unit::Unit;
use crate::open::exclude::Exclusions;
use crate::open::judge::{Usable, entries, home, judge, most_common_size};
use crate::open::recognise::recognise;
use lane_frame::{Frame, RgbImage, Sample, Size};
use sha2::{Digest as _, Sha256};

/// An opened recording: its index and how its labels and pictures are to be taken; no picture is held.
#[derive(Debug)]
pub struct Recording {
    format: Format,
    path: PathBuf,
    pub(crate) pictures: Box<dyn Pictures>,
    pub(crate) entries: Vec<Entry>,
    drives: Vec<Range<usize>>,
    gaps: Vec<Gap>,
    left_out: Vec<usize>,
    timing: Timing,
    pub(crate) arrangement: Arrangement,
    pub(crate) time_note: String,
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

    /// Opens a recording with the user's options.
    ///
    /// # Errors
    /// Refuses a path that is missing, is no recording, may be several, has an index that cannot be read or holds no
    /// usable entry; and options that do not go with it.
    pub fn open_with(path: &Path, options: &RecordingOptions) -> Result<Self, RecordingError> {
        let (reader, mut source) = recognise(path, options.format)?;
        source.folder = source.folder.with_links_below(options.links_below.as_deref())?;
        let format = reader.format;
        let Log { mut rows, mut skipped, pictures, label, label_name, camera, mut clock, time_note } =
            reader.read(&source, options)?;
        let label = label.map(|label| label.with(options));
        let bad_option = |bad| RecordingError::Option { path: source.path(), bad };
        check_counts(label).map_err(bad_option)?;
        let exclusions = Exclusions::beside(&home(reader, &source))?;
        exclusions.check(rows.iter().map(|row| &row.place))?;
        let arrangement = arrange(&mut rows, &mut clock, options.rate_hz.is_some(), &mut skipped);
        let Usable { rows, left_out } = judge(rows, label, &exclusions, &mut skipped);
        if rows.is_empty() {
            return Err(RecordingError::Empty { format, path: source.path(), skipped });
        }
        let instants: Vec<Instant> = rows.iter().map(|(row, _)| row.instant()).collect();
        let timeline = lay_out(&instants, clock, options.rate_hz);
        let picture_size = most_common_size(&*pictures, &rows).unwrap_or(camera.usual_size);
        Ok(Self {
            format,
            path: home(reader, &source),
            pictures,
            entries: entries(rows, &timeline),
            drives: timeline.drives,
            gaps: timeline.gaps,
            left_out,
            timing: timeline.timing,
            arrangement,
            time_note,
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

    /// The places where recording stopped for more than 1 s, or time runs backwards.
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// Entries before which the exclude file leaves frames out; the number of entries where it does so at the end.
    pub fn left_out(&self) -> &[usize] {
        &self.left_out
    }

    /// The source of the entries' times.
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

    pub(crate) fn spoiled(&self, i: usize, reason: String) -> Spoiled {
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

    /// True if pictures can be read fast only one after the other, as from a video.
    pub(crate) fn is_sequential(&self) -> bool {
        self.pictures.are_sequential()
    }

    /// Reads entries one after the other, and of a video while nobody else does so: two readers would send each other
    /// back and forth. Not to be nested.
    pub fn in_turn<T>(&self, read: impl FnOnce() -> T) -> T {
        // Poisoned by a panic while reading: the lock guards no data.
        let _turn = self.is_sequential().then(|| self.turn.lock().unwrap_or_else(PoisonError::into_inner));
        read()
    }

    /// The part of a picture that a policy sees, and the ground's projection, for pictures of the usual size.
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

    /// The meaning of the recorded steering and its way to curvature; `None` where there is no steering.
    pub fn label(&self) -> Option<LabelProfile> {
        self.label
    }

    /// Column or field that the steering was read from, where the format leaves that open.
    pub fn label_name(&self) -> Option<&str> {
        self.label_name.as_deref()
    }

    /// Twelve hexadecimal digits that tell recordings apart by content, and openings of one recording by options: of
    /// all times, labels, speeds and places, of the view, and of the first, middle and last picture. The path is not in
    /// it. Decodes those three pictures.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(format!("{} {:?} {}", self.format.id(), self.view(), self.picture_size));
        hash.update(format!("{:?} {:?}", self.label, self.drives));
        for entry in &self.entries {
            hash.update(entry.time_secs.to_le_bytes());
            hash.update(entry.steering.map_or(f32::NAN, |steering| steering.0).to_le_bytes());
            hash.update(entry.speed_mps.unwrap_or(f32::NAN).to_le_bytes());
            hash.update(format!("{} {}", entry.place, entry.picture));
        }
        for i in [0, self.len() / 2, self.len() - 1] {
            // A picture that cannot be read is none in every run.
            hash.update(self.sample(i).map_or_else(|_| Vec::new(), |sample| sample.frame.image.into_raw()));
        }
        hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Refuses counts without their scale, which would be taken for shares, and a scale without a size.
fn check_counts(label: Option<LabelProfile>) -> Result<(), BadOption> {
    let refuse = |option, expected: &str, got: &str| {
        Err(BadOption { option, expected: expected.to_owned(), got: got.to_owned() })
    };
    match label.filter(|label| label.unit == Unit::Counts).map(|label| label.counts) {
        Some(None) => refuse("--unit", "--centre and --full with counts", "counts alone"),
        Some(Some(counts)) if counts.full == 0.0 => refuse("--full", "the counts from the centre to full lock", "0"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Columns, Sign};
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
    fn the_fingerprint_changes_with_options_labels_and_pictures_and_not_with_the_path() {
        let dir = folder_of_twenty(|_| true);
        let fingerprint = |options: RecordingOptions| Recording::open_with(dir.path(), &options).unwrap().fingerprint();
        let plain = fingerprint(RecordingOptions::default());
        let elsewhere = folder_of_twenty(|_| true);
        assert_eq!(Recording::open(elsewhere.path()).unwrap().fingerprint(), plain);
        let crop = Some([0, 0, 50, 20]);
        assert_ne!(fingerprint(RecordingOptions { crop, ..RecordingOptions::default() }), plain);
        assert_ne!(fingerprint(RecordingOptions { horizon_px: Some(7.0), ..RecordingOptions::default() }), plain);
        let sign = Some(Sign::LeftPositive);
        assert_ne!(fingerprint(RecordingOptions { sign, ..RecordingOptions::default() }), plain);
        RgbImage::from_pixel(100, 50, image::Rgb([200; 3])).save(dir.path().join(picture_name(10))).unwrap();
        assert_ne!(fingerprint(RecordingOptions::default()), plain);
        let log = fs::read_to_string(dir.path().join("driving_log.csv")).unwrap();
        fs::write(dir.path().join("driving_log.csv"), log.replacen(",0,0.4,", ",0.1,0.4,", 1)).unwrap();
        assert_ne!(fingerprint(RecordingOptions::default()), plain);
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
        assert_eq!((recording.drives(), recording.left_out()), (&[0..5, 5..17][..], &[5][..]));
        assert_eq!(Recording::open(dir.path()).unwrap().len(), 20);
    }
}
