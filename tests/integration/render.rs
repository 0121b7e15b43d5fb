//! `liquid-lane render`: pictures, clips and tables of signals without a window.

use crate::binary::{command, done, refused_in_one_line};
use std::path::Path;

/// A recorded drive of two seconds.
fn recorded(folder: &Path) {
    done(folder, &["record", "drive", "--seconds", "2", "--road", "4"]);
}

#[test]
fn a_moment_of_a_drive_is_a_picture_and_the_same_twice() {
    let folder = tempfile::tempdir().unwrap();
    let render = |name: &str| {
        let picture = ["--from", "1", "--method", "visual-back-prop", "--size", "640x400", "--out", name];
        let stdout = done(folder.path(), &[&["render", "--road", "4", "--policies", "ncp"], &picture[..]].concat());
        assert_eq!(stdout, format!("1 picture: {name}\n"));
        image::open(folder.path().join(name)).unwrap().to_rgb8()
    };
    let first = render("a.png");
    assert_eq!(first.dimensions(), (640, 400));
    assert_eq!(first, render("b.png"));
}

#[test]
fn a_stretch_of_a_recording_is_a_clip_and_a_table_of_every_moment_in_it() {
    let folder = tempfile::tempdir().unwrap();
    recorded(folder.path());
    let words = ["render", "drive", "--policies", "ncp,cnn", "--from", "0.5", "--to", "1", "--layout", "policy:1"];
    let files = ["--size", "320x200", "--out", "clip.gif", "--csv", "signals.csv", "--json"];
    let stdout = done(folder.path(), &[&words[..], &files[..]].concat());
    let written: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((written["frames"].as_u64(), written["rows"].as_u64()), (Some(5), Some(11)), "{written}");
    assert!(std::fs::read(folder.path().join("clip.gif")).unwrap().starts_with(b"GIF89a"));
    let table = std::fs::read_to_string(folder.path().join("signals.csv")).unwrap();
    let mut lines = table.lines();
    let headings: Vec<&str> = lines.next().unwrap().split(',').collect();
    for heading in ["frame", "time_secs", "ncp_steering_per_m", "cnn_reference_per_m", "ncp_neuron_18"] {
        assert!(headings.contains(&heading), "{heading} in {headings:?}");
    }
    let times = lines.map(|line| line.split(',').nth(1).unwrap().parse::<f64>().unwrap());
    let times: Vec<f64> = times.collect();
    assert!((times[0] - 0.5).abs() < 1e-6 && (times[10] - 1.0).abs() < 1e-6, "{times:?}");
}

#[test]
fn what_cannot_be_made_is_refused_in_one_line_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    recorded(folder.path());
    std::fs::write(folder.path().join("file"), "").unwrap();
    for (words, expected) in [
        ("render drive --from 99 --out a.png", "ends at 1.9"),
        ("render drive --from 1 --to 0.5 --out a.mp4", "--to: expected a time after --from 1 s"),
        ("render drive --out file/a.png", "file/a.png"),
        ("render drive --csv file/a.csv", "file/a.csv"),
        ("render drive --out a.avi", "a.avi: expected a name that ends in .mp4, .gif or .png"),
        ("render drive --size 3x3 --out a.png", "--size: expected 160x90"),
        ("render drive --size 641x400 --out a.mp4", "even"),
        ("render drive --layout policy:3 --out a.png", "--layout: expected a policy from 1 to 2"),
        ("render drive", "nothing to write"),
        ("render nowhere --out a.png", "nowhere"),
    ] {
        let message = refused_in_one_line(folder.path(), &words.split(' ').collect::<Vec<_>>());
        assert!(message.contains(expected), "{words}: {message}");
    }
    let mut left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["drive", "file"]);
}

#[cfg(unix)]
#[test]
fn a_disk_that_fills_is_told_in_one_line_and_nothing_half_written_is_left() {
    let folder = tempfile::tempdir().unwrap();
    recorded(folder.path());
    for out in [
        "--out clip.mp4",
        "--out clip.gif",
        "--out picture.png",
        "--csv signals.csv",
        "--out clip.gif --csv signals.csv",
    ] {
        // A limit of 4 KB for each file stands in for a full disk: writing more is an error of the same kind.
        let limited = "ulimit -f 8; trap '' XFSZ; exec \"$0\" \"$@\"";
        let render = ["render", "drive", "--policies", "ncp", "--method", "visual-back-prop", "--size", "640x400"];
        let program = command(folder.path(), &render);
        let output = std::process::Command::new("sh")
            .args(["-c", limited])
            .arg(program.get_program())
            .args(program.get_args())
            .args(out.split(' '))
            .current_dir(folder.path())
            .output()
            .unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), message.lines().count()), (Some(2), 1), "{out}: {message}");
        assert!(message.contains("too large"), "{out}: {message}");
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["drive"], "{out}");
    }
}
