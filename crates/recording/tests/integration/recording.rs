//! Recordings across files: whole real drives made by others, and damage at random.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::samples::real_recording;
use lane_frame::RgbImage;
use lane_frame::random::{Purpose, stream};
use lane_recording::{Format, Recording, SkipReason, SplitBy, Timing};
use rand::{Rng, RngExt as _};

/// Holds for every recording that opens, however damaged.
fn assert_sound(recording: &Recording) {
    let times: Vec<f64> = (0..recording.len()).map(|i| recording.entry(i).time_secs).collect();
    assert_eq!(times[0], 0.0);
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "time only increases: {times:?}");
    assert_eq!(recording.duration_secs(), times[times.len() - 1]);
    let covered: Vec<usize> = recording.drives().iter().cloned().flatten().collect();
    assert_eq!(covered, (0..recording.len()).collect::<Vec<_>>(), "drives cover all entries in order");
    for gap in recording.gaps() {
        assert!(recording.drives().iter().any(|drive| drive.start == gap.index), "a drive starts behind {gap:?}");
    }
    for i in 0..recording.len() {
        let entry = recording.entry(i);
        assert!(entry.steering.is_none_or(|steering| steering.0.abs() <= 1.0), "{entry:?}");
        assert!(entry.recorded_value.is_none_or(f64::is_finite), "{entry:?}");
    }
    for window in recording.windows(3) {
        let drive = recording.drives().iter().find(|drive| drive.contains(&window.start)).unwrap();
        assert!(window.end <= drive.end, "{window:?} stays within {drive:?}");
    }
}

fn assert_all_samples_read(recording: &Arc<Recording>, width: u32, height: u32) {
    for (i, sample) in recording.stream(0..recording.len()).enumerate() {
        let sample = sample.unwrap();
        assert_eq!(sample.frame.image.dimensions(), (width, height));
        assert_eq!((sample.frame.index, sample.steering), (i as u64, recording.entry(i).steering));
    }
}

#[test]
fn a_real_udacity_drive_reads_from_first_to_last_row() {
    let Some(path) = real_recording("udacity-sim/markroy-center-only") else { return };
    let recording = Arc::new(Recording::open(&path).unwrap());
    assert_eq!((recording.format(), recording.len()), (Format::UDACITY_SIMULATOR, 700));
    assert!(recording.skipped().is_empty());
    assert_eq!(recording.drives().len(), 1);
    let Timing::Recorded { step_ms } = recording.timing() else { panic!("{:?}", recording.timing()) };
    assert_eq!(step_ms, 70.0);
    assert_sound(&recording);
    assert_all_samples_read(&recording, 320, 160);
    let values: Vec<f32> = (0..700).filter_map(|i| recording.entry(i).steering).map(|steering| steering.0).collect();
    let straight = values.iter().filter(|&&curvature| curvature == 0.0).count();
    assert!((500..650).contains(&straight), "driven by keyboard, four rows of five are exactly 0: {straight}");
    // The sharpest row is full right, 1 in the log: tan(25°) / 2.87 m.
    let sharpest = values.iter().copied().fold(0.0, f32::min);
    assert!((sharpest + 0.162_477).abs() < 1e-6, "f32 holds 7 digits, got {sharpest}");
}

#[test]
fn real_donkeycar_tubs_read_from_first_to_last_record() {
    // Name, drives, and whether its times are capture times; 1000 records each.
    let tubs =
        [("autorope-test-tub", 1, false), ("sarveshwar-tub_23_21-09-20", 5, true), ("yuki-shimoda-carpet", 3, true)];
    for (name, drives, has_times) in tubs {
        let Some(path) = real_recording(&format!("donkeycar-v2/{name}")) else { continue };
        let recording = Arc::new(Recording::open(&path).unwrap());
        assert_eq!((recording.format(), recording.len()), (Format::TUB_V2, 1000), "{name}");
        assert!(recording.skipped().is_empty(), "{name}");
        assert_eq!(recording.drives().len(), drives, "{name}");
        assert_eq!(matches!(recording.timing(), Timing::Recorded { .. }), has_times, "{name}");
        assert_sound(&recording);
        assert_all_samples_read(&recording, 160, 120);
    }
}

#[test]
fn a_real_tub_of_version_1_reads_in_the_order_of_its_numbers() {
    let Some(path) = real_recording("donkeycar-v1/tub_3_18-08-18") else { return };
    let recording = Arc::new(Recording::open(&path).unwrap());
    assert_eq!((recording.format(), recording.len()), (Format::TUB_V1, 1116));
    assert_eq!((recording.entry(0).place.number, recording.entry(1115).place.number), (1, 1116));
    let values: Vec<f64> = (0..1116).filter_map(|i| recording.entry(i).recorded_value).collect();
    // Counted in the sample's own description.
    assert_eq!(values.iter().filter(|value| value.abs() == 1.0).count(), 294);
    assert_sound(&recording);
    assert_all_samples_read(&recording, 160, 120);
}

#[test]
fn a_real_sully_chen_drive_reads_to_its_last_line_without_newline() {
    let Some(path) = real_recording("sully-chen/dataset1-frames-0-100") else { return };
    let recording = Arc::new(Recording::open(&path).unwrap());
    assert_eq!((recording.format(), recording.len()), (Format::SULLY_CHEN, 101));
    assert_sound(&recording);
    assert_all_samples_read(&recording, 455, 256);
}

#[test]
fn labels_without_their_pictures_say_so() {
    let Some(path) = real_recording("sully-chen/labels-only/data-2018-07-01-first-2000.txt") else { return };
    let message = Recording::open(&path).unwrap_err().to_string();
    assert!(message.contains("SullyChen") && message.contains("skipped: 2000 picture missing"), "{message}");
}

#[test]
fn a_real_folder_of_pictures_reads_without_labels() {
    let Some(path) = real_recording("ood-road-video/test_images") else { return };
    let recording = Arc::new(Recording::open(&path).unwrap());
    assert_eq!((recording.format(), recording.len(), recording.label()), (Format::IMAGES, 6, None));
    assert_all_samples_read(&recording, 960, 540);
}

#[test]
fn pictures_of_changing_size_and_shape_are_all_read_each_with_its_view() {
    let dir = tempfile::tempdir().unwrap();
    // `|` is in the folder names of comma2k19.
    let folder = dir.path().join(if cfg!(unix) { "dongle|2018-08-02" } else { "dongle" });
    fs::create_dir(&folder).unwrap();
    for number in 0..30_u32 {
        let (width, height) = if number < 20 { (160, 120) } else { (48, 64) };
        RgbImage::new(width, height).save(folder.join(format!("{number}_cam-image_array_.jpg"))).unwrap();
        let record = format!(r#"{{"cam/image_array": "{number}_cam-image_array_.jpg", "user/angle": 0}}"#);
        fs::write(folder.join(format!("record_{number}.json")), record).unwrap();
    }
    let recording = Arc::new(Recording::open(&folder).unwrap());
    assert_eq!((recording.picture_size().width, recording.survey(&|| {}).sizes.len()), (160, 2));
    for sample in recording.stream(0..30) {
        let image = sample.unwrap().frame.image;
        let [left, top, width, height] = recording.view_of(&image).crop;
        assert!(left + width <= image.width() && top + height <= image.height(), "{:?}", image.dimensions());
    }
}

#[test]
fn an_excluded_range_that_no_row_lies_in_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let drive = dir.path().join("drive");
    fs::create_dir(&drive).unwrap();
    write_pictures(&drive, (0..3).map(|i| format!("{i}.png")));
    fs::write(drive.join("data.txt"), "0.png 0\n1.png 0\n2.png 0\n").unwrap();
    let exclude = |range: &str| {
        fs::write(dir.path().join("drive.exclude.json"), format!(r#"{{"exclude": [{{{range}}}]}}"#)).unwrap();
        Recording::open(&drive).map(|recording| recording.len()).map_err(|error| error.to_string())
    };
    assert_eq!(exclude(r#""file": "data.txt", "first": 2, "last": 9"#), Ok(1));
    let message = exclude(r#""file": "driving_log.csv", "first": 2, "last": 3"#).unwrap_err();
    assert!(message.contains("expected ranges among 1 to 3 of data.txt, got 2 to 3 of driving_log.csv"), "{message}");
}

#[test]
fn training_and_test_stretches_share_no_drive_or_lie_apart_in_time() {
    let dir = tempfile::tempdir().unwrap();
    write_pictures(dir.path(), (0..200).map(|i| format!("{i}.png")));
    // 10 Hz, with a gap of one minute in the middle.
    let row = |i: u32| format!("{i}.png,{},{}\n", f64::from(i) / 10.0 + if i < 100 { 0.0 } else { 60.0 }, 0);
    fs::write(dir.path().join("log.csv"), "image,time,steering\n".to_owned() + &(0..200).map(row).collect::<String>())
        .unwrap();
    let recording = Recording::open(dir.path()).unwrap();
    let by_drive = recording.split(SplitBy::Drive, 0.5);
    assert_eq!((by_drive.train, by_drive.test), (recording.drives()[..1].to_vec(), recording.drives()[1..].to_vec()));
    let by_time = recording.split(SplitBy::Time, 0.2);
    assert_eq!((by_time.train, by_time.test), (vec![0..60, 100..160], vec![80..100, 180..200]));
    assert_eq!(recording.windows(30).len(), 6, "none across the gap");
}

#[cfg(unix)]
#[test]
fn picture_files_that_are_links_out_of_the_recording_are_not_opened() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_pictures(elsewhere.path(), ["secret.png".to_owned()].into_iter());
    std::os::unix::fs::symlink(elsewhere.path().join("secret.png"), dir.path().join("1.png")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), dir.path().join("IMG")).unwrap();
    write_pictures(dir.path(), ["0.png".to_owned()].into_iter());
    fs::write(dir.path().join("data.txt"), "0.png 0\n1.png 0\nIMG/secret.png 0\n").unwrap();
    let recording = Recording::open(dir.path()).unwrap();
    assert_eq!(recording.skipped(), &[(SkipReason::PictureMissing, 1)].into());
    assert!(recording.sample(0).is_ok());
    assert!(recording.sample(1).unwrap_err().reason.starts_with("link out of the recording"));
}

#[test]
fn damage_at_random_to_a_log_is_survived() {
    let dir = tempfile::tempdir().unwrap();
    let name = |i: u32| format!("center_2021_05_24_15_48_52_{:03}.jpg", 70 * i);
    write_pictures(&dir.path().join("IMG"), (0..8).map(name));
    let row = |i| format!("C:\\data\\IMG\\{},\"left.jpg\", right.jpg,{}.25,0.4,0,1.4E-06\r\n", name(i), i % 2);
    let log = "center,left,right,steering,throttle,brake,speed\r\n".to_owned() + &(0..8).map(row).collect::<String>();
    damage(dir.path(), "driving_log.csv", log.as_bytes());
}

#[test]
fn damage_at_random_to_a_manifest_and_a_catalog_is_survived() {
    let dir = tempfile::tempdir().unwrap();
    let name = |i: u32| format!("{i}_cam_image_array_.jpg");
    write_pictures(&dir.path().join("images"), (0..8).map(name));
    let record = |i| {
        format!(
            "{{\"_index\": {i}, \"_session_id\": \"24-01-25_0\", \"_timestamp_ms\": {}, \"cam/image_array\": \"{}\", \
             \"user/angle\": -0.{i}, \"user/mode\": \"user\"}}\n",
            1_706_111_381_892 + 50 * u64::from(i),
            name(i)
        )
    };
    let catalog: String = (0..8).map(record).collect();
    let manifest = "[\"cam/image_array\"]\n[\"image_array\"]\n{\"liquid_lane/camera\": {\"width\": 24, \"height\": 16, \
                    \"crop\": [0, 2, 20, 8], \"horizon_px\": 5, \"focal_px\": 20}}\n{\"created_at\": 1.5}\n\
                    {\"paths\": [\"catalog_0.catalog\"], \"current_index\": 8, \"deleted_indexes\": [3]}\n";
    fs::write(dir.path().join("catalog_0.catalog"), &catalog).unwrap();
    damage(dir.path(), "manifest.json", manifest.as_bytes());
    damage(dir.path(), "catalog_0.catalog", catalog.as_bytes());
}

#[test]
fn damage_at_random_to_a_record_of_version_1_is_survived() {
    let dir = tempfile::tempdir().unwrap();
    write_pictures(&dir.path().join("tub"), (0..3).map(|i| format!("{i}_cam-image_array_.jpg")));
    let record = |i: u32| {
        format!(
            "{{\"cam/image_array\": \"{i}_cam-image_array_.jpg\", \"user/angle\": 0.{i}, \"user/mode\": \"user\", \
             \"milliseconds\": {}, \"timestamp\": \"2019-04-05 20:43:31.{i}63849\"}}",
            50 * i
        )
    };
    (0..3).for_each(|i| fs::write(dir.path().join(format!("tub/record_{i}.json")), record(i)).unwrap());
    damage(&dir.path().join("tub"), "record_1.json", record(1).as_bytes());
}

#[test]
fn damage_at_random_to_a_sully_chen_index_is_survived() {
    let dir = tempfile::tempdir().unwrap();
    write_pictures(&dir.path().join("data"), (0..8).map(|i| format!("{i}.jpg")));
    let row = |i: u32| format!("{i}.jpg -{i}2.100000,2018-07-01 17:09:4{i}:{}\n", 912 / (i + 1));
    damage(&dir.path().join("data"), "data.txt", (0..8).map(row).collect::<String>().as_bytes());
}

#[test]
fn damage_at_random_to_a_table_of_the_real_car_is_survived() {
    let dir = tempfile::tempdir().unwrap();
    write_pictures(&dir.path().join("center"), (0..8).map(|i| format!("147942421588097632{i}.jpg")));
    let row = |i: u32| {
        format!(
            "2016-11-17 23:10:15.{i},1479424215{i}80976321,640,480,center_camera,center/147942421588097632{i}.jpg,\
             -0.0{i},0.1,5.5,37.4,-122.1,20\n"
        )
    };
    let header = "index,timestamp,width,height,frame_id,filename,angle,torque,speed,lat,long,alt\n".to_owned();
    damage(dir.path(), "interpolated.csv", (header + &(0..8).map(row).collect::<String>()).as_bytes());
}

#[test]
fn damage_at_random_to_a_free_table_is_survived() {
    let dir = tempfile::tempdir().unwrap();
    write_pictures(&dir.path().join("frames"), (0..8).map(|i| format!("{i}.png")));
    let row = |i: u32| format!("{};\"frames/{i}.png\";0.{i};2019-04-05T20:43:3{i}.5Z\n", 50 * i);
    let table = "time_ms;image;steering;written\n".to_owned() + &(0..8).map(row).collect::<String>();
    write_pictures(&dir.path().join("unused"), std::iter::empty());
    fs::write(dir.path().join("0.png"), "").unwrap();
    damage(dir.path(), "labels.csv", table.as_bytes());
}

#[test]
fn damage_at_random_to_an_exclude_file_is_survived() {
    let dir = tempfile::tempdir().unwrap();
    let drive = dir.path().join("drive");
    write_pictures(&drive, (0..8).map(|i| format!("{i}.png")));
    let whole = r#"{"exclude": [{"file": "folder", "first": 2, "last": 3, "why": "parked"}, {"first": 7, "last": 7}]}"#;
    damage(&drive, "../drive.exclude.json", whole.as_bytes());
}

#[test]
fn damage_at_random_to_pictures_is_survived() {
    for extension in ["jpg", "png"] {
        let dir = tempfile::tempdir().unwrap();
        let name = format!("0.{extension}");
        write_pictures(&dir.path().join("frames"), [name.clone()].into_iter());
        let picture = fs::read(dir.path().join("frames").join(&name)).unwrap();
        damage(&dir.path().join("frames"), &name, &picture);
    }
}

fn write_pictures(folder: &Path, names: impl Iterator<Item = String>) {
    fs::create_dir_all(folder).unwrap();
    let picture = RgbImage::from_fn(24, 16, |x, y| image::Rgb([10 * x as u8, 15 * y as u8, 99]));
    for name in names {
        picture.save(folder.join(name)).unwrap();
    }
}

/// A thousand cases, or as many as fit into `LIQUID_LANE_FUZZ_SECS` seconds.
fn cases() -> impl Iterator<Item = u64> {
    let secs = std::env::var("LIQUID_LANE_FUZZ_SECS").ok().and_then(|secs| secs.parse().ok());
    let end = secs.map(|secs| Instant::now() + Duration::from_secs(secs));
    (0..).take_while(move |&case| end.map_or(case < 1000, |end| Instant::now() < end))
}

/// Damages one file of a recording, seeded; each time it opens soundly or says why not in one line.
fn damage(folder: &Path, name: &str, whole: &[u8]) {
    fs::write(folder.join(name), whole).unwrap();
    assert_sound(&Recording::open(folder).unwrap());
    let (mut opened, mut last) = (0_u64, 0);
    for case in cases() {
        let mut rng = stream(3, Purpose::Shuffle, case);
        let mut bytes = whole.to_vec();
        for _ in 0..rng.random_range(1..=4) {
            mutate(&mut bytes, &mut rng);
        }
        fs::write(folder.join(name), &bytes).unwrap();
        match Recording::open(folder) {
            Ok(recording) => {
                opened += 1;
                assert_sound(&recording);
                // A spoiled picture is an answer too; only a panic is none.
                let _ = recording.sample(0);
            }
            Err(error) => assert_eq!(error.to_string().lines().count(), 1, "case {case}: {error}"),
        }
        last = case;
    }
    println!("{name}: {} cases, of which {opened} opened", last + 1);
    assert!(opened > 0, "damage to {name} left no recording that opens: the test reaches nothing");
    fs::write(folder.join(name), whole).unwrap();
    assert_sound(&Recording::open(folder).unwrap());
}

/// Pieces that parsers stumble over.
const PIECES: [&str; 20] = [
    "\0",
    "\"",
    ",",
    "\n",
    "\r\n",
    "\u{feff}",
    "NaN",
    "-inf",
    "1e308",
    "-0",
    "18446744073709551616",
    "../",
    "/etc/passwd",
    "null",
    "[",
    "{",
    "}",
    "\u{ff}",
    " ",
    "9999-99-99 99:99:99:999",
];

/// Flips a byte, puts a nasty piece in, cuts a stretch out, doubles a stretch, or cuts the end off.
fn mutate(bytes: &mut Vec<u8>, rng: &mut impl Rng) {
    if bytes.is_empty() {
        return;
    }
    let start = rng.random_range(0..bytes.len());
    let end = (start + rng.random_range(1..40)).min(bytes.len());
    match rng.random_range(0..6) {
        0 | 1 => bytes[start] = rng.random(),
        2 => drop(bytes.splice(start..end.min(start + 3), PIECES[rng.random_range(0..PIECES.len())].bytes())),
        3 => drop(bytes.drain(start..end)),
        4 => {
            let stretch = bytes[start..end].to_vec();
            bytes.splice(start..start, stretch);
        }
        _ => bytes.truncate(start),
    }
}
