//! Several policies watch a recorded drive: open loop, beside what the human did.

use super::Driver;
use super::moment::{Moment, Picture, Session, SessionInfo, Side};
use crate::frame::noise::add_gaussian;
use crate::frame::{Frame, RgbImage};
use crate::policy::preprocess::fit;
use crate::recording::Recording;
use crate::saliency::Method;
use rayon::prelude::*;
use std::sync::Arc;

/// See the module.
pub struct Replay {
    recording: Recording,
    drivers: Vec<Driver>,
    info: SessionInfo,
    method: Method,
    /// Entry that comes next.
    next: usize,
    /// Drive that it belongs to.
    drive: usize,
    shown: Option<Picture>,
}

impl Replay {
    /// A replay at its first frame.
    pub fn new(recording: Recording, drivers: Vec<Driver>) -> Self {
        let name = recording.path().file_name().map_or("recording".into(), |name| name.to_string_lossy());
        let title = format!("{name} · {} · {} · {}", recording.format().name(), recording.timing(), recording.label());
        let info = SessionInfo {
            title,
            policies: drivers.iter().map(Driver::describe).collect(),
            reference_name: "recorded",
            method_name: Method::VisualBackProp.name(),
            noise_variance: 0.0,
            duration_secs: recording.duration_secs(),
            closed_loop: false,
        };
        Self { recording, drivers, info, method: Method::VisualBackProp, next: 0, drive: 0, shown: None }
    }

    fn go_to(&mut self, entry: usize) {
        self.next = entry;
        self.drivers.iter_mut().for_each(Driver::reset);
    }

    /// The instant of a frame that can be read.
    fn watch(&mut self, frame: &Frame, entry: usize) -> anyhow::Result<Moment> {
        let view = self.recording.view();
        let (width, height) = frame.image.dimensions();
        let [left, top, crop_width, crop_height] = view.crop.map(|pixels| pixels as f32);
        let (width, height) = (width as f32, height as f32);
        let input = [left / width, top / height, (left + crop_width) / width, (top + crop_height) / height];
        let picture = Picture { image: Arc::new(frame.image.clone()), input, projection: view.projection };
        let (method, noise_variance) = (self.method, self.info.noise_variance);
        let decisions = self.drivers.par_iter_mut().map(|driver| {
            let mut image = fit(&frame.image, view.crop, driver.policy().input_size());
            add_gaussian(&mut image, noise_variance, 0, frame.index);
            driver.decide(&Frame { image, ..*frame }, method)
        });
        let decisions = decisions.collect::<Result<Vec<_>, _>>()?;
        let reference = self.recording.entry(entry).steering;
        let sides = decisions.into_iter().map(|decision| Side {
            picture: picture.clone(),
            decision: Some(decision),
            reference,
            lane: None,
            attention: None,
        });
        let moment = Moment { time_secs: frame.time_secs, sides: sides.collect(), skipped: None };
        self.shown = Some(picture);
        Ok(moment)
    }

    /// The instant of a frame that cannot be read: the last picture stays, nobody decides.
    fn skip(&self, entry: usize, why: String) -> Moment {
        let reference = self.recording.entry(entry).steering;
        let picture = self.shown.clone().unwrap_or_else(|| Picture {
            image: Arc::new(RgbImage::new(1, 1)),
            input: [0.0, 0.0, 1.0, 1.0],
            projection: self.recording.view().projection,
        });
        let side = Side { picture, decision: None, reference, lane: None, attention: None };
        let sides = vec![side; self.drivers.len()];
        Moment { time_secs: self.recording.entry(entry).time_secs, sides, skipped: Some(why) }
    }
}

impl Session for Replay {
    fn info(&self) -> &SessionInfo {
        &self.info
    }

    fn advance(&mut self) -> anyhow::Result<Option<Moment>> {
        let entry = self.next;
        if entry >= self.recording.len() {
            return Ok(None);
        }
        if let Some(drive) = self.recording.drives().iter().position(|drive| drive.start == entry) {
            self.drive = drive;
            self.drivers.iter_mut().for_each(Driver::reset);
        }
        self.next += 1;
        match self.recording.sample(entry) {
            Ok(sample) => self.watch(&sample.frame, entry).map(Some),
            Err(spoiled) => Ok(Some(self.skip(entry, spoiled.to_string()))),
        }
    }

    fn reset(&mut self) {
        self.drive = 0;
        self.go_to(0);
    }

    fn next_road(&mut self) {
        let drives = self.recording.drives();
        self.drive = (self.drive + 1) % drives.len().max(1);
        self.go_to(drives.get(self.drive).map_or(0, |drive| drive.start));
    }

    fn set_noise(&mut self, variance: f32) {
        self.info.noise_variance = variance;
    }

    fn next_method(&mut self) {
        self.method = self.method.next();
        self.info.method_name = self.method.name();
    }
}
