//! Round trips through every target, and what a kill or a second run leaves.

use super::*;
use crate::{RecordingOptions, Timing};
use lane_frame::RgbImage;

/// A Udacity drive of 12 rows in two drives, of which row 5 has an empty picture and row 7 a label beyond a donkey's.
fn recording() -> (tempfile::TempDir, Arc<Recording>) {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("IMG")).unwrap();
    let mut log = String::new();
    for row in 0..12_u8 {
        let minute = if row < 6 { 10 } else { 40 };
        let name = format!("center_2021_05_24_15_{minute}_00_{:03}.jpg", 70 * u32::from(row));
        let path = dir.path().join("IMG").join(&name);
        let picture = RgbImage::from_fn(64, 32, |x, y| image::Rgb([3 * x as u8, 6 * y as u8, 20 * row]));
        if row == 5 {
            fs::write(path, "").unwrap();
        } else {
            picture.save(path).unwrap();
        }
        log += &format!("IMG/{name},l,r,{},0,0,10\n", if row == 7 { 1.0 } else { f64::from(row) / 20.0 });
    }
    fs::write(dir.path().join("driving_log.csv"), log).unwrap();
    let recording = Arc::new(Recording::open(dir.path()).unwrap());
    (dir, recording)
}

/// Curvature and speed of every usable entry.
fn labels(recording: &Recording) -> Vec<(f32, f32)> {
    let entries = (0..recording.len()).filter(|&i| recording.sample(i).is_ok()).map(|i| recording.entry(i));
    entries.map(|entry| (entry.steering.unwrap().0, entry.speed_mps.unwrap_or(f32::NAN))).collect()
}

fn convert(recording: &Arc<Recording>, target: Target, out: &Path) -> Result<Converted, RecordingError> {
    recording.convert(target, out, &mut |_| {})
}

#[test]
fn every_target_reads_back_with_its_labels_times_and_drives() {
    let (_dir, recording) = recording();
    for target in Target::ALL {
        let out = tempfile::tempdir().unwrap();
        let path = out.path().join(target.usual_name(Path::new("drive")));
        let converted = convert(&recording, target, &path).unwrap();
        assert_eq!((converted.frames, converted.resumed, converted.spoiled), (11, 0, 1), "{target:?}");
        let read = Recording::open(&path).unwrap();
        assert_eq!((read.len(), read.drives().len()), (11, 2), "{target:?}");
        for (i, (got, expected)) in labels(&read).into_iter().zip(labels(&recording)).enumerate() {
            // Text and shares round f32 once more.
            assert!((got.0 - expected.0).abs() < 1e-6, "{target:?}, frame {i}: {got:?}, {expected:?}");
        }
        assert_eq!(read.timing(), Timing::Recorded { step_ms: 70.0 }, "{target:?}");
        let left: Vec<_> = fs::read_dir(out.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), target.results(&path).len(), "nothing unfinished is left: {left:?}");
    }
}

#[test]
fn our_own_formats_keep_the_view_of_what_they_were_made_from() {
    let (_dir, recording) = recording();
    for target in [Target::Tub, Target::Mcap] {
        let out = tempfile::tempdir().unwrap();
        let path = out.path().join(target.usual_name(Path::new("drive")));
        convert(&recording, target, &path).unwrap();
        assert_eq!(Recording::open(&path).unwrap().view(), recording.view(), "{target:?}");
    }
}

#[test]
fn a_tub_keeps_the_pictures_of_what_it_was_made_from() {
    let (dir, recording) = recording();
    let out = tempfile::tempdir().unwrap();
    let converted = convert(&recording, Target::Tub, &out.path().join("tub")).unwrap();
    assert_eq!(converted.clipped, 1, "full lock of the simulator is more than a donkey's");
    let original = fs::read(dir.path().join("IMG/center_2021_05_24_15_10_00_000.jpg")).unwrap();
    assert_eq!(fs::read(out.path().join("tub/images/0_cam_image_array_.jpg")).unwrap(), original);
}

#[test]
fn a_conversion_that_was_ended_goes_on_without_doing_anything_twice() {
    let (_dir, recording) = recording();
    for target in Target::ALL {
        let out = tempfile::tempdir().unwrap();
        let path = out.path().join(target.usual_name(Path::new("drive")));
        end_after(&recording, target, &path, 8);
        assert!(target.results(&path).iter().all(|result| !result.exists()), "{target:?}");
        let converted = convert(&recording, target, &path).unwrap();
        assert_eq!((converted.resumed, converted.frames), (7, 11), "{target:?}: of 8 entries one is spoiled");
        let whole = out.path().join("at_once").with_extension(path.extension().unwrap_or_default());
        convert(&recording, target, &whole).unwrap();
        let [resumed, at_once] = [&path, &whole].map(|path| Recording::open(path).unwrap());
        assert_eq!(labels(&resumed), labels(&at_once), "{target:?}");
        assert_eq!(resumed.duration_secs(), at_once.duration_secs(), "{target:?}");
    }
}

/// Converts the first entries as a run would that is then killed in the middle of the next frame.
fn end_after(recording: &Arc<Recording>, target: Target, out: &Path, entries: usize) {
    let work = unfinished(out);
    fs::create_dir_all(&work).unwrap();
    let mut journal = Journal::open(&work, &recording.conversion_key(target)).unwrap();
    let mut sink = target.open(recording, &work.join(RESULT), 0).unwrap();
    let mut converted = Converted::default();
    let passing = |i| recording.passing(i, target.wants_pixels());
    for passing in (0..entries).filter_map(|i| passing(i).ok()) {
        pass_on(passing, &mut *sink, &mut journal, &mut converted, &mut |_| {}).unwrap();
    }
    sink.append(passing(entries).unwrap()).unwrap();
}

#[test]
fn nothing_that_exists_is_overwritten_and_nothing_is_begun() {
    let (_dir, recording) = recording();
    let out = tempfile::tempdir().unwrap();
    for target in Target::ALL {
        let path = out.path().join(target.usual_name(Path::new("drive")));
        fs::write(target.results(&path).last().unwrap(), "mine").unwrap();
        let refused = convert(&recording, target, &path);
        assert!(matches!(refused, Err(RecordingError::WouldOverwrite { .. })), "{refused:?}");
        assert!(!unfinished(&path).exists());
    }
}

#[test]
fn an_unfinished_conversion_of_another_recording_is_not_gone_on_with() {
    let (dir, recording) = recording();
    let out = tempfile::tempdir().unwrap();
    let path = out.path().join("tub");
    end_after(&recording, Target::Tub, &path, 3);
    let options = RecordingOptions { rate_hz: Some(5.0), ..RecordingOptions::default() };
    let other = Arc::new(Recording::open_with(dir.path(), &options).unwrap());
    let refused = convert(&other, Target::Tub, &path);
    assert!(matches!(refused, Err(RecordingError::Unfinished { .. })), "{refused:?}");
}

/// Three pictures with or without a table of labels, and no speed.
fn pictures(table: Option<&str>) -> (tempfile::TempDir, Arc<Recording>) {
    let dir = tempfile::tempdir().unwrap();
    (0..3).for_each(|i| RgbImage::new(64, 32).save(dir.path().join(format!("{i}.png"))).unwrap());
    if let Some(table) = table {
        fs::write(dir.path().join("labels.csv"), table).unwrap();
    }
    let recording = Arc::new(Recording::open(dir.path()).unwrap());
    (dir, recording)
}

#[test]
fn a_recording_without_a_writable_frame_makes_no_empty_one() {
    let (_dir, recording) = pictures(None);
    let out = tempfile::tempdir().unwrap();
    let message = convert(&recording, Target::Udacity, &out.path().join("sim")).unwrap_err().to_string();
    assert!(message.contains("got none among 3 entries"), "{message}");
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0, "neither the folder nor an unfinished one");
}

#[test]
fn a_file_is_named_as_what_it_is() {
    let (_dir, recording) = recording();
    let out = tempfile::tempdir().unwrap();
    for target in [Target::Mp4, Target::Mcap] {
        for name in ["drive.csv", "drive"] {
            let message = convert(&recording, target, &out.path().join(name)).unwrap_err().to_string();
            assert!(message.contains(&format!("a name that ends in .{}, got {name}", target.name())), "{message}");
        }
    }
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
}

#[test]
fn an_unknown_speed_is_not_written_as_standing_still() {
    let (_dir, recording) = pictures(Some("image,steering\n0.png,0\n1.png,0.1\n2.png,0.2\n"));
    for target in Target::ALL {
        let out = tempfile::tempdir().unwrap();
        let path = out.path().join(target.usual_name(Path::new("drive")));
        convert(&recording, target, &path).unwrap();
        let read = Recording::open(&path).unwrap();
        let speeds: Vec<_> = (0..read.len()).map(|i| read.entry(i).speed_mps).collect();
        assert_eq!(speeds, [None; 3], "{target:?}");
    }
}

#[cfg(feature = "video")]
#[test]
fn a_video_keeps_irregular_times_and_drives_with_and_without_its_table_and_without_labels() {
    let dir = tempfile::tempdir().unwrap();
    let mut table = "image,time\n".to_owned();
    for (number, time) in [0.0, 0.05, 0.13, 0.17, 0.3, 9.0, 9.06].into_iter().enumerate() {
        RgbImage::new(32, 16).save(dir.path().join(format!("{number}.png"))).unwrap();
        table += &format!("{number}.png,{time}\n");
    }
    fs::write(dir.path().join("labels.csv"), table).unwrap();
    let recording = Arc::new(Recording::open(dir.path()).unwrap());
    assert!(recording.label().is_none() && recording.drives().len() == 2);
    let out = tempfile::tempdir().unwrap();
    let path = out.path().join("drive.mp4");
    convert(&recording, Target::Mp4, &path).unwrap();
    for table in ["with its table", "without"] {
        let read = Recording::open(&path).unwrap();
        assert_eq!(read.drives(), recording.drives(), "{table}");
        for i in 0..read.len() {
            let off = read.entry(i).time_secs - recording.entry(i).time_secs;
            assert!(off.abs() < 1e-4, "a video counts 90,000 to the second; {table}, frame {i} is {off} s off");
        }
        let _ = fs::remove_file(path.with_extension("csv"));
    }
}
