//! Recordings across files: whole real drives made by others, and damage at random.

use std::fs;
use std::path::{Path, PathBuf};

use liquid_lane::frame::RgbImage;
use liquid_lane::frame::random::{Purpose, stream};
use liquid_lane::recording::{Format, Recording, Timing};
use rand::{Rng, RngExt as _};

/// A folder of real recordings that lies beside the repository on some machines and is no part of it.
fn real_recording(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/recordings").join(name);
    if !path.is_dir() {
        eprintln!("skipped: {} is not here", path.display());
        return None;
    }
    Some(path)
}

/// Holds for every recording that opens, however damaged.
fn assert_sound(recording: &Recording) {
    let times: Vec<f64> = (0..recording.len()).map(|i| recording.entry(i).time_secs).collect();
    assert_eq!(times[0], 0.0);
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "time only increases: {times:?}");
    assert_eq!(recording.duration_secs(), times[times.len() - 1]);
    let covered: Vec<usize> = recording.drives().iter().cloned().flatten().collect();
    assert_eq!(covered, (0..recording.len()).collect::<Vec<_>>(), "drives cover all entries in order");
    for i in 0..recording.len() {
        let entry = recording.entry(i);
        assert!(entry.steering.is_none_or(|steering| steering.0.abs() <= 1.0), "{entry:?}");
    }
}

fn assert_all_samples_read(recording: &Recording, width: u32, height: u32) {
    for i in 0..recording.len() {
        let sample = recording.sample(i).unwrap();
        assert_eq!(sample.frame.image.dimensions(), (width, height));
        assert_eq!(sample.steering, recording.entry(i).steering);
    }
}

#[test]
fn a_real_udacity_drive_reads_from_first_to_last_row() {
    let Some(path) = real_recording("udacity-sim/markroy-center-only") else { return };
    let recording = Recording::open(&path).unwrap();
    assert_eq!((recording.format(), recording.len()), (Format::UdacitySimulator, 700));
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
        let recording = Recording::open(&path).unwrap();
        assert_eq!((recording.format(), recording.len()), (Format::TubV2, 1000), "{name}");
        assert!(recording.skipped().is_empty(), "{name}");
        assert_eq!(recording.drives().len(), drives, "{name}");
        assert_eq!(matches!(recording.timing(), Timing::Recorded { .. }), has_times, "{name}");
        assert_sound(&recording);
        assert_all_samples_read(&recording, 160, 120);
    }
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
            "{{\"_index\": {i}, \"_timestamp_ms\": {}, \"cam/image_array\": \"{}\", \"user/angle\": -0.{i}, \
             \"user/mode\": \"user\"}}\n",
            1_706_111_381_892 + 50 * u64::from(i),
            name(i)
        )
    };
    let catalog: String = (0..8).map(record).collect();
    let manifest = "[\"cam/image_array\"]\n[\"image_array\"]\n{}\n{\"created_at\": 1.5}\n\
                    {\"paths\": [\"catalog_0.catalog\"], \"current_index\": 8, \"deleted_indexes\": [3]}\n";
    fs::write(dir.path().join("catalog_0.catalog"), &catalog).unwrap();
    damage(dir.path(), "manifest.json", manifest.as_bytes());
    damage(dir.path(), "catalog_0.catalog", catalog.as_bytes());
}

#[test]
fn damage_at_random_to_a_picture_is_survived() {
    let dir = tempfile::tempdir().unwrap();
    let name = "center_2021_05_24_15_48_52_000.jpg";
    write_pictures(&dir.path().join("IMG"), [name.to_owned()].into_iter());
    fs::write(dir.path().join("driving_log.csv"), format!("{name},l,r,0,0,0,0\n")).unwrap();
    let picture = fs::read(dir.path().join("IMG").join(name)).unwrap();
    damage(dir.path(), &format!("IMG/{name}"), &picture);
}

fn write_pictures(folder: &Path, names: impl Iterator<Item = String>) {
    fs::create_dir(folder).unwrap();
    let picture = RgbImage::from_fn(24, 16, |x, y| image::Rgb([10 * x as u8, 15 * y as u8, 99]));
    for name in names {
        picture.save(folder.join(name)).unwrap();
    }
}

/// Damages one file of a recording in a thousand ways, seeded; each time it opens soundly or says why not in one line.
fn damage(folder: &Path, name: &str, whole: &[u8]) {
    let mut opened = 0;
    for case in 0..1000 {
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
    }
    assert!(opened > 0, "damage to {name} left no recording that opens: the test reaches nothing");
    fs::write(folder.join(name), whole).unwrap();
    assert_sound(&Recording::open(folder).unwrap());
}

/// Flips a byte, cuts a stretch out, doubles a stretch, or cuts the end off.
fn mutate(bytes: &mut Vec<u8>, rng: &mut impl Rng) {
    if bytes.is_empty() {
        return;
    }
    let start = rng.random_range(0..bytes.len());
    let end = (start + rng.random_range(1..40)).min(bytes.len());
    match rng.random_range(0..5) {
        0 | 1 => bytes[start] = rng.random(),
        2 => drop(bytes.drain(start..end)),
        3 => {
            let stretch = bytes[start..end].to_vec();
            bytes.splice(start..start, stretch);
        }
        _ => bytes.truncate(start),
    }
}
