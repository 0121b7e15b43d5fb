//! Several policies watch a recorded drive: open loop, beside what the human did.

use super::moment::{Moment, Picture, Session, SessionInfo, Side};
use super::{CannotSteer, Driver};
use lane_frame::noise::add_gaussian;
use lane_frame::{Frame, RgbImage, Size, Steering};
use lane_policy::preprocess::fit;
use lane_policy::saliency::Method;
use lane_recording::{CameraView, Recording, Stream};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

/// A frame with what each policy sees of it, made while it is read ahead.
struct Watched {
    frame: Frame,
    view: CameraView,
    /// One per driver, without noise.
    inputs: Vec<RgbImage>,
}

/// A recording that policies watch, for the window and for films.
pub struct Replay {
    recording: Arc<Recording>,
    /// Entries from `next` on.
    ahead: Stream<Watched>,
    drivers: Vec<Driver>,
    info: SessionInfo,
    method: Method,
    /// Entry that comes next.
    next: usize,
    /// Drive that it belongs to.
    drive: usize,
    shown: Option<Picture>,
    /// Size of the last picture that could be read.
    size: Option<Size>,
}

impl Replay {
    /// A replay at its first frame.
    pub fn new(recording: Recording, drivers: Vec<Driver>) -> Self {
        let name = recording.path().file_name().map_or("recording".into(), |name| name.to_string_lossy());
        let label = recording.label().map_or("no steering".to_owned(), |label| label.to_string());
        let title = format!("{name} · {} · {} · {label}", recording.format().name(), recording.timing());
        let method = Driver::first_method(&drivers);
        let info = SessionInfo {
            title,
            policies: drivers.iter().map(Driver::describe).collect(),
            reference_name: "recorded",
            method_name: method.name(),
            noise_variance: 0.0,
            duration_secs: recording.duration_secs(),
            closed_loop: false,
        };
        let recording = Arc::new(recording);
        let ahead = read_ahead(&recording, 0, &drivers);
        Self { recording, ahead, drivers, info, method, next: 0, drive: 0, shown: None, size: None }
    }

    fn go_to(&mut self, entry: usize) {
        self.next = entry;
        self.ahead = read_ahead(&self.recording, entry, &self.drivers);
        self.drivers.iter_mut().for_each(Driver::reset);
    }

    /// The instant of a frame that can be read.
    fn watch(&mut self, watched: Watched, entry: usize) -> anyhow::Result<Moment> {
        let Watched { frame, view, inputs } = watched;
        reset_at_new_size(&mut self.drivers, &mut self.size, &frame.image);
        let (index, time_secs) = (frame.index, frame.time_secs);
        let picture = picture(frame.image, view);
        let (method, noise_variance) = (self.method, self.info.noise_variance);
        let decisions = self.drivers.par_iter_mut().zip(inputs).map(|(driver, mut image)| {
            add_gaussian(&mut image, noise_variance, 0, index);
            driver.decide(&Frame { index, time_secs, image }, method)
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
        let moment = Moment { time_secs, sides: sides.collect(), skipped: None };
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

/// Commands of each driver on some entries of a recording, without maps; `None` for an entry whose picture cannot be
/// used. The drivers begin without memory, and lose it where a [`Replay`] has them lose it.
///
/// # Errors
/// When a policy gives a steering that is not a number, naming it.
///
/// # Panics
/// If `entries` reaches beyond the recording.
pub fn steer_through(
    recording: &Recording,
    entries: Range<usize>,
    drivers: &mut [Driver],
) -> Result<Vec<Option<Vec<Steering>>>, CannotSteer> {
    drivers.iter_mut().for_each(Driver::reset);
    let (mut size, mut commands) = (None, Vec::with_capacity(entries.len()));
    for entry in entries {
        if recording.drives().iter().any(|drive| drive.start == entry) {
            drivers.iter_mut().for_each(Driver::reset);
        }
        let Ok(sample) = recording.sample(entry) else {
            commands.push(None);
            continue;
        };
        let Frame { index, time_secs, image } = sample.frame;
        reset_at_new_size(drivers, &mut size, &image);
        let crop = recording.view_of(&image).crop;
        let steer = |driver: &mut Driver| {
            let image = fit(&image, crop, driver.input_size());
            driver.steer(&Frame { index, time_secs, image })
        };
        commands.push(Some(drivers.iter_mut().map(steer).collect::<Result<_, _>>()?));
    }
    Ok(commands)
}

/// Another size is another camera: what a policy remembers was seen through the old one.
fn reset_at_new_size(drivers: &mut [Driver], last: &mut Option<Size>, image: &RgbImage) {
    let size = Size::new(image.width(), image.height());
    if last.replace(size).is_some_and(|last| last != size) {
        drivers.iter_mut().for_each(Driver::reset);
    }
}

/// Frames from an entry on, each cut to what the drivers' policies take.
fn read_ahead(recording: &Arc<Recording>, entry: usize, drivers: &[Driver]) -> Stream<Watched> {
    let sizes: Vec<Size> = drivers.iter().map(Driver::input_size).collect();
    let views = Arc::clone(recording);
    recording.stream_prepared(entry..recording.len(), move |sample| {
        let frame = sample.frame;
        let view = views.view_of(&frame.image);
        let inputs = sizes.iter().map(|&size| fit(&frame.image, view.crop, size)).collect();
        Watched { frame, view, inputs }
    })
}

/// A recorded picture with the part that policies see of it.
fn picture(image: RgbImage, view: CameraView) -> Picture {
    let [left, top, crop_width, crop_height] = view.crop.map(|pixels| pixels as f32);
    let (width, height) = (image.width() as f32, image.height() as f32);
    let input = [left / width, top / height, (left + crop_width) / width, (top + crop_height) / height];
    Picture { image: Arc::new(image), input, projection: view.projection }
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
        match self.ahead.next() {
            Some(Ok(watched)) => self.watch(watched, entry).map(Some),
            Some(Err(spoiled)) => Ok(Some(self.skip(entry, spoiled.to_string()))),
            None => Ok(None),
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
