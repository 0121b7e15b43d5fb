//! What the window can open: policies by name, drives and recordings.

use super::models;
use super::record;
use crate::jobs::models::shipped_names;
use crate::view::App;
use crate::view::recent::Recent;
use crate::view::settings::Settings;
use crate::view::workshop::Workshop;
use anyhow::ensure;
use lane_driver::Driver;
use lane_driver::replay::Replay;
use lane_driver::session::{DriveSetup, Order, Session};
use lane_driver::twin_drive::TwinDrive;
use lane_recording::{Recording, RecordingOptions};
use lane_sim::{Course, RoadSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Seconds of a drive that the window starts.
const DRIVE_SECONDS: f64 = 60.0;

/// Seconds of the sample drive.
const SAMPLE_SECONDS: f64 = 20.0;

/// The application on a session, with everything that it can open.
pub fn app(session: impl Session + 'static, models: &models::Arguments) -> App {
    let workshop = Arc::new(Policies { models: models.clone() });
    App::new(Box::new(session)).with_workshop(workshop, Settings::default(), Recent::default())
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

    fn sample(&self) -> anyhow::Result<PathBuf> {
        let folder = std::env::temp_dir().join("liquid-lane-sample");
        if Recording::open_with(&folder, &RecordingOptions::default()).is_err() {
            record::record(&folder, &Course::drawn(RoadSet::Demo, 0, SAMPLE_SECONDS), &|| {})?;
        }
        Ok(folder)
    }
}
