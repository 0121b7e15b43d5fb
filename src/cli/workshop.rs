//! What the window can open: policies by name, drives and recordings.

use super::{models, record, train};
use crate::jobs::models::shipped_names;
use crate::jobs::training::TrainingJob;
use crate::view::App;
use crate::view::remembered::Remembered;
use crate::view::window::Display;
use crate::view::workshop::Workshop;
use anyhow::ensure;
use lane_driver::Driver;
use lane_driver::replay::Replay;
use lane_driver::session::{DriveSetup, Order, Session};
use lane_driver::twin_drive::TwinDrive;
use lane_recording::{Recording, RecordingOptions};
use lane_sim::{Course, RoadSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Seconds of a drive that the window starts.
const DRIVE_SECONDS: f64 = 60.0;

/// Seconds of the sample drive.
const SAMPLE_SECONDS: f64 = 20.0;

/// Shows a session in a window with everything that it can open, and remembers the window's settings.
///
/// # Errors
/// When the window cannot be made or drawn into, or its display goes away.
pub fn show(display: Display, session: Box<dyn Session>, models: &models::Arguments) -> anyhow::Result<()> {
    let remembered = Remembered::of_user();
    let (kept, problem) = remembered.load();
    let workshop = Arc::new(Policies { models: models.clone() });
    let mut app = App::new(session).with_workshop(workshop, kept);
    if let Some(problem) = problem {
        app.notify(problem);
    }
    let (app, ended) = display.run(app);
    // Settings that cannot be kept are no reason to fail.
    if let Err(error) = remembered.save(&app.kept()) {
        eprintln!("{error:#}");
    }
    ended
}

/// Policies as the command line names them.
pub struct Policies {
    pub models: models::Arguments,
}

impl Policies {
    fn of(&self, names: &[String]) -> anyhow::Result<Vec<Driver>> {
        ensure!((1..=4).contains(&names.len()), "one to four policies fit on the screen, got {}", names.len());
        models::Arguments { policies: names.to_vec(), ..self.models.clone() }.drivers()
    }
}

impl Workshop for Policies {
    fn policy_names(&self) -> Vec<String> {
        let files = self.models.policies.iter().filter(|name| name.contains('.') || name.contains(':')).cloned();
        shipped_names().into_iter().chain(files).collect()
    }

    fn drivers(&self, names: &[String]) -> anyhow::Result<Vec<Driver>> {
        self.of(names)
    }

    fn drive(&self, names: &[String], setup: &DriveSetup) -> anyhow::Result<Box<dyn Session>> {
        let DriveSetup { seed, family, weather, .. } = *setup;
        let course = Course { weather, family, ..Course::drawn(RoadSet::Demo, seed, DRIVE_SECONDS) };
        let mut drive = TwinDrive::new(self.of(names)?, course);
        drive.obey(Order::Start(*setup))?;
        Ok(Box::new(drive))
    }

    fn replay(&self, path: &Path, names: &[String]) -> anyhow::Result<Box<dyn Session>> {
        let recording = Recording::open_with(path, &RecordingOptions::default())?;
        ensure!(!recording.is_empty(), "{}: no frame of it can be used", path.display());
        Ok(Box::new(Replay::new(recording, self.of(names)?)))
    }

    fn training(&self, words: &[String]) -> anyhow::Result<TrainingJob> {
        train::job(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    fn sample(&self) -> anyhow::Result<PathBuf> {
        let folder = std::env::temp_dir().join("liquid-lane-sample");
        if Recording::open_with(&folder, &RecordingOptions::default()).is_err() {
            record::record(&folder, &Course::drawn(RoadSet::Demo, 0, SAMPLE_SECONDS), &|| {})?;
        }
        Ok(folder)
    }
}
