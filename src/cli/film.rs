//! Films of a session, and the window that takes their place where there is a display.

use super::output;
use crate::view::App;
use crate::view::export::{Layout, USUAL_SIZE};
use crate::view::headless::{FilmReport, Reel, film};
use crate::view::window::Display;
use std::path::{Path, PathBuf};

/// Frames of a film per second: the simulator's own rate.
pub const FILM_RATE: f64 = 20.0;

/// A film on disk: NAME.mp4, and its last frame as NAME.png.
pub struct Film {
    pub mp4: PathBuf,
    pub png: PathBuf,
}

impl Film {
    /// A film of this name in this folder. Nothing is made yet.
    pub fn new(folder: &Path, name: &str) -> Self {
        let file = |extension: &str| folder.join(format!("{name}.{extension}"));
        Self { mp4: file("mp4"), png: file("png") }
    }

    /// Opens the display; where there is none, says why, and that the film is made instead.
    pub fn display_instead(&self) -> Option<Display> {
        let display = Display::open();
        if let Err(no_display) = &display {
            let png = self.png.file_name().unwrap_or_default().display();
            eprintln!("{no_display}; making {} and {png} instead", self.mp4.display());
        }
        display.ok()
    }

    /// Films this many seconds of a session, or less if it ends before, with a progress bar.
    ///
    /// # Errors
    /// When a file cannot be written, or with the session's own error.
    pub fn make(&self, app: &mut App, seconds: f64) -> anyhow::Result<FilmReport> {
        let bar = output::progress(1000, "filming {wide_bar} {percent:>3} %  {eta} left");
        let mut tell = |share: f32| {
            bar.set_position((1000.0 * share) as u64);
            true
        };
        let (layout, size) = (Layout::Window, USUAL_SIZE);
        let reel = Reel { from_secs: 0.0, seconds, frames_per_sec: FILM_RATE, layout, size };
        let report = film(app, &reel, &[&self.mp4, &self.png], &mut tell)?;
        bar.finish_and_clear();
        Ok(report)
    }
}
