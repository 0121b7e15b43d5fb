//! Videos in the containers that people have, each decoded without any other program, and with ffmpeg where it is needed.

use std::path::Path;
use std::process::Command;

use crate::written::number_shown;
use lane_recording::{Recording, Timing};

const VIDEOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/videos");

/// Frame n of each shows the number n, 50 ms behind the one before.
fn assert_shows_its_numbers(name: &str) {
    let recording = Recording::open(&Path::new(VIDEOS).join(name)).unwrap_or_else(|error| panic!("{error}"));
    let number = |i: usize| {
        let image = recording.sample(i).unwrap_or_else(|error| panic!("{name}: {error}")).frame.image;
        assert_eq!(image.dimensions(), (64, 64), "{name}");
        number_shown(&image, 8, 32)
    };
    assert_eq!((0..recording.len()).map(number).collect::<Vec<_>>(), (0..8).collect::<Vec<_>>(), "{name}");
    // By a jump too.
    assert_eq!([6, 1, 5].map(number), [6, 1, 5], "{name}");
    let raw = ["h264", "mjpeg"].contains(&name.rsplit('.').next().unwrap_or_default());
    let expected = if raw { Timing::Assumed { step_ms: 50.0 } } else { Timing::Recorded { step_ms: 50.0 } };
    assert_eq!(recording.timing(), expected, "{name}");
}

#[test]
fn containers_of_every_kind_show_their_frames_in_order() {
    for name in [
        "h264.mkv",
        "h265.mkv",
        "mjpeg.mkv",
        "h264.avi",
        "mjpeg.avi",
        "mjpeg.mov",
        "h264.ts",
        "h265.ts",
        "h264.mts",
        "h264.h264",
        "mjpeg.mjpeg",
    ] {
        assert_shows_its_numbers(name);
    }
    if cfg!(feature = "av1") {
        assert_shows_its_numbers("av1.webm");
    }
}

#[test]
fn a_coding_that_is_not_decoded_here_is_named_or_read_through_ffmpeg() {
    match Command::new("ffmpeg").arg("-version").output() {
        Ok(_) => assert_shows_its_numbers("vp9.webm"),
        Err(_) => {
            println!("the half of this test with ffmpeg is left out: it is not on the PATH");
            let message = Recording::open(&Path::new(VIDEOS).join("vp9.webm")).unwrap_err().to_string();
            assert!(message.contains("coded as V_VP9") && message.contains("ffmpeg"), "{message}");
        }
    }
}
