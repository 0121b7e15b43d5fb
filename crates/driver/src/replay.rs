//! Several policies watch a recorded drive: open loop, beside what the human did. The recording can be sought: memories
//! are kept where it was watched, and run up over the frames before elsewhere.

use super::moment::{Decision, Moment, Picture, Side};
use super::session::{
    AttentionSetup, Band, BandKind, Every, MemoryAfterSeek, Order, Session, SessionInfo, check_policies,
};
use super::sight::Sight;
use super::viewer::{Viewer, picture};
use super::{CannotSteer, Driver, Memory};
use anyhow::{bail, ensure};
use lane_frame::noise::add_gaussian;
use lane_frame::{Frame, RgbImage, Size, Steering};
use lane_policy::Lesion;
use lane_recording::{CameraView, Recording, Steerer, Stream, Timing};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

/// Frames that policies without a memory of what came before are run up over: at 20 frames/s a second, after which liquid
/// neurons have forgotten how they began.
const RUN_UP_FRAMES: usize = 20;

/// States that are kept of a recording at most, evenly spread.
const MOST_KEPT: usize = 4096;

/// A frame with what each policy sees of it, made while it is read ahead.
struct Watched {
    frame: Frame,
    /// One per driver: the part that it sees, and its input without noise.
    inputs: Vec<(CameraView, RgbImage)>,
}

/// A recording that policies watch, for the window and for films.
pub struct Replay {
    recording: Arc<Recording>,
    viewers: Vec<Viewer>,
    info: SessionInfo,
    /// Entry that comes next.
    next: usize,
    /// Entry before which the policies' memories are, and from which on entries are read ahead; `None` where they have yet
    /// to be brought to the next one.
    at: Option<(usize, Stream<Watched>)>,
    /// Last picture that could be read with what each policy saw of it, and its size; empty where none could.
    shown: Vec<Picture>,
    size: Option<Size>,
    /// States before some entries.
    kept: BTreeMap<usize, Kept>,
}

/// Everything that is remembered before an entry.
#[derive(Clone)]
struct Kept {
    memories: Vec<Memory>,
    size: Option<Size>,
    /// Where the memories come from.
    memory: MemoryAfterSeek,
}

impl Replay {
    /// A replay at its first frame.
    pub fn new(recording: Recording, drivers: Vec<Driver>) -> Self {
        let name = recording.path().file_name().map_or("recording".into(), |name| name.to_string_lossy());
        let label = recording.label().map_or("no steering".to_owned(), |label| label.to_string());
        let title = format!("{name} · {} · {} · {label}", recording.format().name(), recording.timing());
        let methods = Driver::methods(&drivers);
        let info = SessionInfo {
            title,
            policies: Vec::new(),
            reference_name: "recorded",
            attention: AttentionSetup::among(&methods),
            noise_variance: 0.0,
            duration_secs: recording.duration_secs(),
            frame_count: recording.len(),
            closed_loop: false,
            setup: None,
            branched_at_secs: None,
            bands: bands(&recording),
            doubt: doubt(&recording),
            memory: MemoryAfterSeek::Exact,
            lesions: Vec::new(),
            methods,
        };
        let viewers = drivers.into_iter().map(Viewer::new).collect();
        let (recording, kept) = (Arc::new(recording), BTreeMap::new());
        let mut replay = Self { recording, viewers, info, next: 0, at: None, shown: Vec::new(), size: None, kept };
        replay.refresh_info();
        replay
    }

    /// Entries between two kept states.
    fn kept_every(&self) -> usize {
        self.recording.len().div_ceil(MOST_KEPT).max(RUN_UP_FRAMES)
    }

    fn go_to(&mut self, entry: usize) {
        self.next = entry;
        self.viewers.iter_mut().for_each(|viewer| viewer.maps.forget());
        if !self.is_near(entry) {
            self.at = None;
        }
        if self.at.is_none() {
            self.info.memory = self.start_for(entry).1;
        }
    }

    /// True if the policies can just watch on to an entry.
    fn is_near(&self, entry: usize) -> bool {
        let near = |at: usize| at <= entry && entry - at <= self.kept_every();
        self.at.as_ref().is_some_and(|(at, _)| near(*at))
    }

    /// The entry to begin at so that policies remember what they should at another, and what that is.
    fn start_for(&self, entry: usize) -> (usize, MemoryAfterSeek) {
        let drive = self.drive_of(entry).map_or(0, |drive| self.recording.drives()[drive].start);
        let kept = self.kept.range(drive..=entry).next_back();
        if self.viewers.iter().all(|viewer| viewer.driver.memory().is_empty()) {
            return (entry, MemoryAfterSeek::Exact);
        }
        match kept {
            Some((&at, kept)) if entry - at <= self.kept_every() => (at, kept.memory),
            _ if entry - drive <= RUN_UP_FRAMES => (drive, MemoryAfterSeek::Exact),
            _ => (entry - RUN_UP_FRAMES, MemoryAfterSeek::RunUp { frames: RUN_UP_FRAMES }),
        }
    }

    fn drive_of(&self, entry: usize) -> Option<usize> {
        self.recording.drives().iter().position(|drive| drive.contains(&entry))
    }

    /// Brings memories and reading to the next entry; gives what is read there.
    fn reach_next(&mut self) -> anyhow::Result<Option<Result<Watched, String>>> {
        if self.at.is_none() {
            let (start, memory) = self.start_for(self.next);
            self.info.memory = memory;
            match self.kept.get(&start) {
                Some(kept) => {
                    self.size = kept.size;
                    self.viewers.iter_mut().zip(&kept.memories).for_each(|(viewer, kept)| viewer.driver.recall(kept));
                }
                None => {
                    self.size = None;
                    self.viewers.iter_mut().for_each(|viewer| viewer.driver.reset());
                }
            }
            self.shown = Vec::new();
            self.at = Some((start, self.read_ahead(start)));
        }
        loop {
            let Some((at, ahead)) = &mut self.at else { bail!("nothing is read ahead") };
            let (entry, read) = (*at, ahead.next());
            *at += 1;
            self.arrive_at(entry);
            let Some(read) = read else { return Ok(None) };
            let read = read.map_err(|spoiled| spoiled.to_string());
            if entry == self.next {
                return Ok(Some(read));
            }
            if let Ok(watched) = read {
                self.pass(watched)?;
            }
        }
    }

    /// Keeps the state before an entry, and forgets the drive before where another begins.
    fn arrive_at(&mut self, entry: usize) {
        let known = self.kept.get(&entry).is_some_and(|kept| kept.memory == MemoryAfterSeek::Exact);
        if entry.is_multiple_of(self.kept_every()) && !known {
            let memories = self.viewers.iter().map(|viewer| viewer.driver.memory()).collect();
            self.kept.insert(entry, Kept { memories, size: self.size, memory: self.info.memory });
        }
        if self.recording.drives().iter().any(|drive| drive.start == entry) {
            self.viewers.iter_mut().for_each(|viewer| viewer.driver.reset());
            self.info.memory = MemoryAfterSeek::Exact;
        }
    }

    /// Policies see a frame that is not shown.
    fn pass(&mut self, watched: Watched) -> anyhow::Result<()> {
        let (pictures, frames) = self.seen(watched);
        let steered = self.viewers.par_iter_mut().zip(frames).map(|(viewer, frame)| viewer.driver.steer(&frame));
        steered.collect::<Result<Vec<_>, _>>()?;
        self.shown = pictures;
        Ok(())
    }

    /// The picture of a frame, with the part of it that each policy sees, and their inputs.
    fn seen(&mut self, watched: Watched) -> (Vec<Picture>, Vec<Frame>) {
        let Watched { frame: Frame { index, time_secs, image }, inputs } = watched;
        let drivers = self.viewers.iter_mut().map(|viewer| &mut viewer.driver);
        reset_at_new_size(drivers, &mut self.size, &image);
        let speed_mps = self.recording.entry(index as usize).speed_mps;
        self.viewers.iter_mut().for_each(|viewer| viewer.driver.set_speed(speed_mps));
        let noise_variance = self.info.noise_variance;
        let image = Arc::new(image);
        let seen = inputs.into_iter().map(|(view, mut input)| {
            add_gaussian(&mut input, noise_variance, 0, index);
            (picture(&image, &view), Frame { index, time_secs, image: input })
        });
        seen.unzip()
    }

    /// The instant of a frame that can be read.
    fn watch(&mut self, watched: Watched, entry: usize) -> anyhow::Result<Moment> {
        let time_secs = watched.frame.time_secs;
        let (pictures, frames) = self.seen(watched);
        let (attention, reference) = (self.info.attention, self.recording.entry(entry).steering);
        let decisions = self.viewers.par_iter_mut().zip(frames).map(|(viewer, frame)| viewer.decide(&frame, attention));
        let decisions = decisions.collect::<Result<Vec<_>, _>>()?;
        let sides = decisions.into_iter().zip(&pictures);
        let sides = sides.map(|(decision, picture)| side(picture, Some(decision), reference)).collect();
        self.shown = pictures;
        Ok(Moment { frame: entry, time_secs, sides, skipped: None })
    }

    /// The instant of a frame that cannot be read: the last picture stays, nobody decides.
    fn skip(&mut self, entry: usize, why: String) -> Moment {
        let time_secs = self.recording.entry(entry).time_secs;
        self.note_spoiled(time_secs);
        if self.shown.is_empty() {
            self.shown = self.last_pictures_before(entry);
        }
        let reference = self.recording.entry(entry).steering;
        let nothing = || Picture {
            image: Arc::new(RgbImage::new(1, 1)),
            input: [0.0, 0.0, 1.0, 1.0],
            projection: self.recording.view().projection,
        };
        let picture = |viewer: usize| self.shown.get(viewer).cloned().unwrap_or_else(nothing);
        let sides = (0..self.viewers.len()).map(|viewer| side(&picture(viewer), None, reference)).collect();
        Moment { frame: entry, time_secs, sides, skipped: Some(why) }
    }

    /// The last of the entries just before one whose picture can be read, as each policy sees it; nothing without one.
    fn last_pictures_before(&self, entry: usize) -> Vec<Picture> {
        let read = || (0..entry).rev().take(RUN_UP_FRAMES).find_map(|entry| self.recording.sample(entry).ok());
        let Some(sample) = self.recording.in_turn(read) else { return Vec::new() };
        let image = Arc::new(sample.frame.image);
        let view = |viewer: &Viewer| viewer.driver.sight().view(&self.recording, &image);
        self.viewers.iter().map(|viewer| picture(&image, &view(viewer))).collect()
    }

    /// Marks a step of the time line as one that cannot be read; steps that follow each other become one band.
    fn note_spoiled(&mut self, from_secs: f64) {
        let kind = BandKind::Spoiled;
        let to_secs = from_secs + self.recording.timing().step_ms() / 1e3;
        let bands = &mut self.info.bands;
        let covers = |band: &Band| band.kind == kind && (band.from_secs..band.to_secs).contains(&from_secs);
        // The rounding of a sum must not part two bands.
        let meets = |band: &Band| band.kind == kind && (band.to_secs - from_secs).abs() < 1e-3;
        if bands.iter().any(covers) {
            return;
        }
        match bands.iter_mut().find(|band| meets(band)) {
            Some(band) => band.to_secs = to_secs,
            None => bands.push(Band { kind, from_secs, to_secs }),
        }
    }

    /// Frames from an entry on, each cut to what the policies take.
    fn read_ahead(&self, entry: usize) -> Stream<Watched> {
        let sights: Vec<Sight> = self.viewers.iter().map(|viewer| viewer.driver.sight()).collect();
        let recording = Arc::clone(&self.recording);
        self.recording.stream_prepared(entry..self.recording.len(), move |sample| {
            let frame = sample.frame;
            let input = |sight: &Sight| (sight.view(&recording, &frame.image), sight.input(&recording, &frame.image));
            let inputs = sights.iter().map(input).collect();
            Watched { frame, inputs }
        })
    }

    fn seek(&mut self, secs: f64) -> anyhow::Result<()> {
        ensure!(secs >= 0.0, "seek to {secs} s: the recording begins at 0 s");
        // Entries before `low` are not later, those from `high` on are.
        let (mut low, mut high) = (0, self.recording.len());
        while low < high {
            let middle = low.midpoint(high);
            // Times that went through a screen's numbers may be rounded down.
            match self.recording.entry(middle).time_secs <= secs + 1e-6 {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        self.go_to(low.saturating_sub(1));
        Ok(())
    }

    fn attend(&mut self, attention: AttentionSetup) -> anyhow::Result<()> {
        attention.check(&self.info.methods)?;
        self.info.attention = attention;
        self.viewers.iter_mut().for_each(|viewer| viewer.maps.forget());
        Ok(())
    }

    fn lesion(&mut self, policy: usize, lesions: Vec<Lesion>) -> anyhow::Result<()> {
        let count = self.viewers.len();
        ensure!(policy < count, "policy {policy}: there are {count}, numbered from 0");
        self.viewers[policy].lesion(lesions)?;
        self.kept.clear();
        Ok(())
    }

    fn seat(&mut self, drivers: Vec<Driver>) -> anyhow::Result<()> {
        check_policies(&drivers)?;
        self.info.offer(Driver::methods(&drivers));
        self.viewers = drivers.into_iter().map(Viewer::new).collect();
        self.kept.clear();
        self.at = None;
        self.go_to(self.next);
        Ok(())
    }

    fn refresh_info(&mut self) {
        self.info.policies = self.viewers.iter().map(|viewer| viewer.seat.intact.describe()).collect();
        self.info.lesions = self.viewers.iter().map(|viewer| viewer.seat.lesions.clone()).collect();
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
        reset_at_new_size(drivers.iter_mut(), &mut size, &image);
        let steer = |driver: &mut Driver| {
            let image = driver.sight().input(recording, &image);
            driver.set_speed(sample.speed_mps);
            driver.steer(&Frame { index, time_secs, image })
        };
        commands.push(Some(drivers.iter_mut().map(steer).collect::<Result<_, _>>()?));
    }
    Ok(commands)
}

/// Another size is another camera: what a policy remembers was seen through the old one.
fn reset_at_new_size<'a>(drivers: impl Iterator<Item = &'a mut Driver>, last: &mut Option<Size>, image: &RgbImage) {
    let size = Size::new(image.width(), image.height());
    if last.replace(size).is_some_and(|last| last != size) {
        drivers.for_each(Driver::reset);
    }
}

/// What a replay knows of one policy at one instant.
fn side(picture: &Picture, decision: Option<Decision>, reference: Option<Steering>) -> Side {
    Side {
        picture: picture.clone(),
        decision,
        reference,
        lane: None,
        attention: None,
        manual: false,
        ghost: None,
        causes: None,
    }
}

/// Drives, the gaps between them, what was left out and who steered; gaps and what was left out are closed to one step of
/// the time line.
fn bands(recording: &Recording) -> Vec<Band> {
    let secs = |entry: usize| recording.entry(entry).time_secs;
    let drives = recording.drives().iter().enumerate().map(|(number, drive)| Band {
        kind: BandKind::Drive(number),
        from_secs: secs(drive.start),
        to_secs: secs(drive.end - 1),
    });
    let before = |kind: BandKind, entry: usize| Band { kind, from_secs: secs(entry - 1), to_secs: secs(entry) };
    let within = |entry: &usize| (1..recording.len()).contains(entry);
    let gaps = recording.gaps().iter().map(|gap| gap.index).filter(within).map(|entry| before(BandKind::Gap, entry));
    let left_out = recording.left_out().iter().copied().filter(within).map(|entry| before(BandKind::Excluded, entry));
    drives.chain(gaps).chain(left_out).chain(steered(recording)).collect()
}

/// Where a machine steered, and where a person did after it in the same drive.
fn steered(recording: &Recording) -> Vec<Band> {
    let secs = |entry: usize| recording.entry(entry).time_secs;
    let mut bands = Vec::new();
    for drive in recording.drives() {
        let entries: Vec<usize> = drive.clone().collect();
        let mut machine_steered = false;
        for run in entries.chunk_by(|a, b| recording.entry(*a).steered_by == recording.entry(*b).steered_by) {
            let kind = match recording.entry(run[0]).steered_by {
                Some(Steerer::Machine) => BandKind::Autonomous,
                Some(Steerer::Person) if machine_steered => BandKind::Intervened,
                _ => continue,
            };
            machine_steered = true;
            let to = (run[run.len() - 1] + 1).min(drive.end - 1);
            bands.push(Band { kind, from_secs: secs(run[0]), to_secs: secs(to) });
        }
    }
    bands
}

/// What the recording does not say itself.
fn doubt(recording: &Recording) -> Vec<String> {
    let mut lines = Vec::new();
    match recording.label() {
        None => lines.push("no steering was recorded: there is nothing to compare with".to_owned()),
        Some(label) => {
            if !label.unit_is_known {
                lines.push(format!("the unit of the steering is guessed: {}", label.unit_text()));
            }
            if !label.sign_is_known {
                lines.push(format!("the sign of the steering is guessed: {}", label.sign));
            }
        }
    }
    if let Timing::Assumed { step_ms } = recording.timing() {
        lines.push(format!("no capture times were recorded: {step_ms:.0} ms from frame to frame are assumed"));
    }
    lines
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
        let read = self.reach_next();
        if read.is_err() {
            self.at = None;
        }
        let Some(read) = read? else { return Ok(None) };
        self.next += 1;
        match read {
            Ok(watched) => self.watch(watched, entry).map(Some),
            Err(why) => Ok(Some(self.skip(entry, why))),
        }
    }

    fn obey(&mut self, order: Order) -> anyhow::Result<()> {
        match order {
            Order::Reset => self.go_to(0),
            Order::NextRoad => {
                let drives = self.recording.drives();
                let last = self.next.saturating_sub(1).min(self.recording.len() - 1);
                let next = self.drive_of(last).map_or(0, |drive| (drive + 1) % drives.len());
                self.go_to(drives.get(next).map_or(0, |drive| drive.start));
            }
            Order::Seek(secs) => self.seek(secs)?,
            Order::Noise(variance) => {
                ensure!((0.0..=1.0).contains(&variance), "noise variance: expected 0 to 1, got {variance}");
                self.info.noise_variance = variance;
                self.kept.clear();
            }
            Order::Attention(attention) => self.attend(attention)?,
            Order::Lesions { policy, lesions } => self.lesion(policy, lesions)?,
            Order::Policies(drivers) => self.seat(drivers)?,
            Order::Causes(false) | Order::EndBranch => {}
            Order::Causes(true) => bail!("a recording cannot be drawn again without a part of the scene"),
            Order::Drive(_) | Order::Start(_) => bail!("a recording cannot be driven under other conditions"),
            Order::TakeOver { .. } => bail!("a recording was driven already: nobody can take over"),
        }
        self.refresh_info();
        Ok(())
    }

    fn copy(&self, span_secs: RangeInclusive<f64>) -> anyhow::Result<Box<dyn Session>> {
        let mut copy = Self {
            recording: Arc::clone(&self.recording),
            viewers: self.viewers.iter().map(|viewer| Viewer::seated(viewer.seat.clone())).collect(),
            info: SessionInfo { attention: self.info.attention.every(Every::Frame), ..self.info.clone() },
            next: 0,
            at: None,
            shown: Vec::new(),
            size: None,
            kept: self.kept.clone(),
        };
        copy.seek(*span_secs.start())?;
        Ok(Box::new(copy))
    }
}
