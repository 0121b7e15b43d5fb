//! The program in a real window, on a display of its own without a screen (Xvfb), with keys and clicks by XTest (xdotool)
//! and drawn by the processor. Skipped, with a line that says so, where these two programs are not installed; `.ci/run`
//! installs them.

use crate::binary::{command, done};
use image::RgbImage;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The window's size at first, in pixels.
const SIZE: (u32, u32) = (1280, 800);

/// The display is a little larger than the window.
const SCREEN: &str = "1400x900x24";

/// Longest wait for anything that must come: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A display of its own with the program's window on it.
struct Desktop {
    server: Child,
    program: Child,
    number: String,
    folder: tempfile::TempDir,
}

impl Drop for Desktop {
    fn drop(&mut self) {
        // Either may have ended already.
        let _ = self.program.kill();
        let _ = self.server.kill();
        let _ = (self.program.wait(), self.server.wait());
    }
}

fn is_installed(program: &str) -> bool {
    Command::new(program).arg("-help").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

impl Desktop {
    /// The program with these arguments in a window; nothing where this machine cannot have a display of its own.
    fn start(arguments: &[&str]) -> Option<Self> {
        if let Some(missing) = ["Xvfb", "xdotool"].into_iter().find(|program| !is_installed(program)) {
            eprintln!("skipped: {missing} is not installed; apt-get install xvfb xdotool libxkbcommon-x11-0");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", SCREEN, "-nolisten", "tcp", "-fbdir"])
            .arg(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
        let number = format!(":{}", number.trim());
        let program = command(folder.path(), arguments)
            .env("DISPLAY", &number)
            .env("XDG_CONFIG_HOME", folder.path().join("config"))
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .stdout(Stdio::null())
            .stderr(File::create(folder.path().join("stderr")).unwrap())
            .spawn()
            .unwrap();
        let desktop = Self { server, program, number, folder };
        let window = desktop.xdotool(&["search", "--sync", "--onlyvisible", "--name", "liquid-lane"]);
        desktop.xdotool(&["windowfocus", "--sync", window.lines().next().unwrap()]);
        Some(desktop)
    }

    /// Standard output of `xdotool` with these arguments.
    fn xdotool(&self, arguments: &[&str]) -> String {
        let output = Command::new("xdotool").args(arguments).env("DISPLAY", &self.number).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn press(&self, key: &str) {
        self.xdotool(&["key", key]);
    }

    fn click(&self, x: u32, y: u32) {
        self.xdotool(&["mousemove", &x.to_string(), &y.to_string()]);
        self.xdotool(&["click", "1"]);
    }

    /// What the window shows now.
    fn screenshot(&self) -> RgbImage {
        screen(&std::fs::read(self.folder.path().join("Xvfb_screen0")).unwrap())
    }

    /// The window's picture when this holds of it.
    fn picture_when(&self, what: &str, mut holds: impl FnMut(&RgbImage) -> bool) -> RgbImage {
        let started = Instant::now();
        loop {
            let picture = self.screenshot();
            if holds(&picture) {
                return picture;
            }
            assert!(started.elapsed() < PATIENCE, "{what} within {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The window's picture when it has stopped changing.
    fn still(&self) -> RgbImage {
        let mut last = self.screenshot();
        self.picture_when("a picture that stays", |_| {
            std::thread::sleep(Duration::from_millis(400));
            true
        });
        self.picture_when("a picture that stays", |picture| {
            let same = *picture == last;
            last.clone_from(picture);
            std::thread::sleep(Duration::from_millis(300));
            same
        })
    }

    /// The exit code, when the program has ended.
    fn exit_code(&mut self) -> Option<i32> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.program.try_wait().unwrap() {
                return status.code();
            }
            assert!(started.elapsed() < PATIENCE, "the program ends within {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// The window's part of a screen that is kept as an X window dump (XWDFile.h): a header of 32-bit numbers, most
/// significant byte first, colours of 12 bytes, then rows of 32-bit pixels.
fn screen(dump: &[u8]) -> RgbImage {
    let number = |place: usize| u32::from_be_bytes(dump[4 * place..4 * place + 4].try_into().unwrap());
    let (header, least_first, bits, row, colours) = (number(0), number(7) == 0, number(11), number(12), number(19));
    assert_eq!(bits, 32, "bits of a pixel");
    let pixels = &dump[header as usize + 12 * colours as usize..];
    RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| {
        let at = (y * row + 4 * x) as usize;
        let [a, b, c, d] = pixels[at..at + 4].try_into().unwrap();
        image::Rgb(if least_first { [c, b, a] } else { [b, c, d] })
    })
}

/// Share of the pixels in a part of two pictures, as left, top, width and height, that differ by more than rounding.
fn difference(a: &RgbImage, b: &RgbImage, [left, top, width, height]: [u32; 4]) -> f64 {
    let places = (top..top + height).flat_map(|y| (left..left + width).map(move |x| (x, y)));
    let differs = |(x, y): &(u32, u32)| {
        a.get_pixel(*x, *y).0.into_iter().zip(b.get_pixel(*x, *y).0).any(|(a, b)| a.abs_diff(b) > 8)
    };
    places.filter(differs).count() as f64 / f64::from(width * height)
}

const WHOLE: [u32; 4] = [0, 0, SIZE.0, SIZE.1];

/// The first moment of a drive, as a picture without a window.
fn first_moment(folder: &Path, road: &str) -> RgbImage {
    done(folder, &["render", "--road", road, "--overlay", "0", "--out", "first.png"]);
    image::open(folder.join("first.png")).unwrap().to_rgb8()
}

#[test]
fn a_real_window_starts_takes_keys_and_clicks_shows_what_a_picture_without_it_shows_and_ends_with_code_0() {
    let Some(mut desktop) = Desktop::start(&["drive", "--road", "3"]) else { return };
    let before = desktop.picture_when("a first picture", |picture| picture.pixels().any(|pixel| pixel.0 != [0, 0, 0]));
    desktop.picture_when("motion", |picture| difference(picture, &before, WHOLE) > 0.02);

    desktop.press("space");
    let held = desktop.still();
    desktop.press("r");
    let first = desktop.still();
    assert!(difference(&first, &held, WHOLE) > 0.02, "R goes back to the first frame");
    desktop.press("o");
    let without_map = desktop.still();
    assert!(difference(&without_map, &first, WHOLE) > 0.005, "O takes the maps away");
    // The state of play, notices and the pointer differ; the pictures, neurons and axes are the same.
    let expected = first_moment(desktop.folder.path(), "3");
    let off = difference(&without_map, &expected, WHOLE);
    assert!(off < 0.02, "{:.1} % of the pixels differ from the picture without a window", 100.0 * off);

    desktop.press("o");
    assert!(difference(&desktop.still(), &first, WHOLE) < 0.005, "and puts them back");

    desktop.press("F1");
    assert!(difference(&desktop.still(), &first, WHOLE) > 0.05, "F1 shows the keys");
    desktop.press("Escape");
    assert!(difference(&desktop.still(), &first, WHOLE) < 0.005, "Escape closes them");

    // The hint of the space key at the foot of the window is a button, and plays.
    desktop.click(25, 779);
    desktop.picture_when("motion", |picture| difference(picture, &first, WHOLE) > 0.02);

    desktop.press("q");
    assert_eq!(desktop.exit_code(), Some(0));
}

/// Xlib, if it notices first, ends the program itself with words of its own and code 1.
#[test]
fn a_display_that_goes_away_ends_the_program_with_words_that_say_so_and_no_panic() {
    let Some(mut desktop) = Desktop::start(&["drive", "--road", "3"]) else { return };
    desktop.picture_when("a first picture", |picture| picture.pixels().any(|pixel| pixel.0 != [0, 0, 0]));
    desktop.server.kill().unwrap();
    let code = desktop.exit_code();
    let said = std::fs::read_to_string(desktop.folder.path().join("stderr")).unwrap();
    let expected: &[&str] = match code {
        Some(2) => &["error: the display went away"],
        Some(1) => &["X connection to", "fatal IO error"],
        _ => &[],
    };
    assert!(expected.iter().any(|words| said.contains(words)), "{code:?}: {said}");
    assert!(!said.contains("panicked"), "{said}");
}
