//! Recorded drives to learn from: short stretches of them, none across a gap, and parts apart in time to judge on.

mod frames;
mod held_back;
mod labels;

pub use held_back::HeldBack;

use super::augment::ViewChange;
use super::config::TrainingConfig;
use anyhow::ensure;
use frames::{Camera, Frames, Room};
use labels::Labels;
use lane_frame::RgbImage;
use lane_frame::random::{Purpose, stream};
use lane_policy::CURVATURE_PER_OUTPUT;
use lane_policy::weights::RecordedView;
use lane_recording::{Recording, SplitBy};
use rand::RngExt as _;
use rand::seq::SliceRandom as _;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

/// Share of the frames that is held back.
const TEST_SHARE: f64 = 0.2;

/// Frames of one stretch that a policy is judged on, from a memory of nothing.
const JUDGED_FRAMES: usize = 256;

/// Most stretches that it is judged on, evenly spread: 4,096 frames.
const MOST_JUDGED: usize = 16;

/// Stretches tried in place of one with a picture that cannot be used: such pictures lie side by side.
const TRIES: u64 = 16;

/// Stretches read at the beginning, to find out whether any can be used.
const PROBES: usize = 32;

/// Up to this curvature of its labels in 1/m a stretch counts as straight: a radius of 135 m.
const STRAIGHT_PER_M: f32 = 0.0074;

/// Rows that figures are smoothed over where nothing is smoothed to learn from.
const USUAL_SMOOTHED_ROWS: usize = 9;

/// A recording to learn from, as it was asked for.
#[derive(Debug)]
pub struct Source {
    /// The recording.
    pub recording: Recording,
    /// How often its stretches are seen, beside those of a recording of weight 1.
    pub weight: f64,
    /// What of it is held back.
    pub split: SplitBy,
    /// Whether pictures are cut as the recording's own view says, instead of over their whole width; what is driven with these
    /// weights is cut likewise.
    pub own_view: bool,
}

/// Recordings, parted.
#[derive(Debug)]
pub struct Recorded {
    learned: Vec<Learned>,
    /// A stretch that can be used.
    sound: Stretch,
}

/// One of the recordings.
#[derive(Debug)]
pub struct Learned {
    frames: Frames,
    labels: Labels,
    weight: f64,
    /// Parts to train on, each long enough for a sequence.
    train: Vec<Range<usize>>,
    test: Vec<Range<usize>>,
    /// What the picture of the right camera adds to the curvature, in 1/m; nothing where there are no side cameras.
    side_correction: Option<f32>,
}

/// A place in the recordings where a sequence begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    recording: usize,
    first: usize,
}

/// What a policy is shown of a stretch.
pub(super) struct Shown {
    pub images: Vec<RgbImage>,
    /// Output that the network should have for each, 15 times its curvature.
    pub targets: Vec<f32>,
    /// Time since the frame before of each, in s.
    pub elapsed_secs: Vec<f32>,
}

/// A held-back stretch.
pub(super) struct Judged {
    pub images: Vec<Arc<RgbImage>>,
    pub elapsed_secs: Vec<f32>,
    /// The steering in 15/m, as recorded and smoothed.
    pub labels: Vec<[f32; 2]>,
}

impl Recorded {
    /// Parts recordings for a training, and reads as many of their pictures as there is room for.
    ///
    /// # Errors
    /// Refuses a recording without labels, one without a part that is long enough on either side, and one whose
    /// pictures cannot be used.
    pub fn new(sources: Vec<Source>, config: &TrainingConfig) -> anyhow::Result<Self> {
        let room = Room::new();
        let learned = sources
            .into_iter()
            .map(|source| Learned::new(source, config, &room))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let first = learned.first().and_then(|learned| learned.train.first());
        let Some(first) = first else { anyhow::bail!("expected at least one recording") };
        let mut recorded = Self { sound: Stretch { recording: 0, first: first.start }, learned };
        let frames = config.frames_shown();
        for recording in 0..recorded.learned.len() {
            recorded.sound = recorded.probe(recording, frames)?;
        }
        for learned in &recorded.learned {
            learned.frames.read_ahead(learned.side_correction.is_some());
        }
        Ok(recorded)
    }

    /// The recordings.
    pub fn recordings(&self) -> &[Learned] {
        &self.learned
    }

    /// Optimiser steps of a training on them: the passes of its recipe, or its own steps where the simulator takes part.
    pub fn steps(&self, config: &TrainingConfig) -> usize {
        let Some(recipe) = config.recordings.filter(|_| config.simulator_share() == 0.0) else { return config.steps };
        let frames: f64 = self.learned.iter().map(|learned| learned.weight * learned.training_frames() as f64).sum();
        let steps = recipe.passes as f64 * frames / config.optimisation.batch_frames as f64;
        (steps.ceil() as usize).max(1)
    }

    /// The views that the policy is to have of recordings, where they are not the recordings' own.
    pub fn views(&self) -> Vec<RecordedView> {
        let mut views: Vec<RecordedView> = Vec::new();
        for view in self.learned.iter().filter_map(|learned| learned.frames.view()) {
            if views.iter().all(|known| known.format != view.format) {
                views.push(view.clone());
            }
        }
        views
    }

    /// What the recordings disagree in, and what is done about it, a sentence each.
    pub fn disagreements(&self) -> Vec<String> {
        let all = |text: &dyn Fn(&Learned) -> String| {
            let mut texts: Vec<String> = Vec::new();
            for learned in &self.learned {
                let text = text(learned);
                if !texts.contains(&text) {
                    texts.push(text);
                }
            }
            (texts.len() > 1).then(|| texts.join("; "))
        };
        let size = self.learned[0].frames.size();
        let pictures = all(&|learned| {
            format!("{} of {}", learned.recording().format().name(), learned.recording().picture_size())
        });
        let labels = all(&|learned| learned.recording().label().map_or("none".into(), |label| label.to_string()));
        let rates = all(&|learned| learned.recording().timing().to_string());
        let pictures =
            pictures.map(|all| format!("pictures: {all}. Each is cut to its own view and resized to {size}"));
        let labels = labels.map(|all| format!("steering: {all}. All is learned as path curvature"));
        let rates =
            rates.map(|all| format!("time: {all}. The time between frames is an input of policies with memory"));
        [pictures, labels, rates].into_iter().flatten().collect()
    }

    /// All sequences of so many frames of one pass, in their order.
    pub(super) fn pass(&self, number: u64, frames: usize, config: &TrainingConfig) -> Vec<Stretch> {
        // Odd parts; the batcher shuffles looks by the even ones.
        let mut rng = stream(config.seed, Purpose::Shuffle, (number << 1) | 1);
        let balance = config.recordings.map_or(0.0, |recipe| recipe.balance);
        let mut pass = Vec::new();
        for (recording, learned) in self.learned.iter().enumerate() {
            for part in &learned.train {
                let offset = rng.random_range(0..frames);
                let starts = (part.start + offset..).step_by(frames).take_while(|first| first + frames <= part.end);
                for first in starts {
                    let copies = (learned.weight + rng.random::<f64>()) as usize;
                    pass.extend(std::iter::repeat_n(Stretch { recording, first }, copies));
                }
            }
        }
        if balance > 0.0 {
            let is_straight = |stretch: &Stretch| self.is_straight(*stretch, frames);
            let straight = pass.iter().filter(|stretch| is_straight(stretch)).count();
            let superfluous = 1.0 - (pass.len() - straight) as f64 / straight.max(1) as f64;
            pass.retain(|stretch| !is_straight(stretch) || rng.random::<f64>() >= balance * superfluous);
        }
        pass.shuffle(&mut rng);
        pass
    }

    /// Whether a recording has pictures of side cameras, for a stretch of it.
    pub(super) fn has_sides(&self, stretch: Stretch) -> bool {
        self.learned[stretch.recording].side_correction.is_some()
    }

    /// What is shown of a stretch, so changed; of another one where a picture of it cannot be used.
    pub(super) fn shown(&self, stretch: Stretch, frames: usize, change: ViewChange) -> Shown {
        let others = (1..=TRIES).map(|again| self.other(stretch, frames, again)).chain([self.sound]);
        let mut stretches = std::iter::once(stretch).chain(others);
        let shown =
            stretches.find_map(|Stretch { recording, first }| self.learned[recording].shown(first, frames, change));
        shown.unwrap_or_else(|| unreachable!("the last stretch was read before"))
    }

    /// Held-back stretches, evenly spread; those with a picture that cannot be used are left out.
    pub(super) fn judged(&self) -> Vec<Judged> {
        let stretches = self.learned.iter().flat_map(|learned| {
            let cut = |part: &Range<usize>| {
                let end = part.end;
                part.clone()
                    .step_by(JUDGED_FRAMES)
                    .map(move |start| start..(start + JUDGED_FRAMES).min(end))
                    .collect::<Vec<_>>()
            };
            learned.test.iter().flat_map(cut).map(move |stretch| (learned, stretch))
        });
        let stretches: Vec<_> = stretches.collect();
        let step = stretches.len().div_ceil(MOST_JUDGED).max(1);
        let spread: Vec<_> = stretches.into_iter().step_by(step).collect();
        spread.into_par_iter().filter_map(|(learned, stretch)| learned.judged(stretch)).collect()
    }

    /// A sound stretch of a recording.
    fn probe(&self, recording: usize, frames: usize) -> anyhow::Result<Stretch> {
        let learned = &self.learned[recording];
        let starts: usize = learned.train.iter().map(|part| part.len() + 1 - frames).sum();
        let probes =
            (0..PROBES).map(|number| Stretch { recording, first: learned.start(number * starts / PROBES, frames) });
        let is_sound = |stretch: &Stretch| learned.shown(stretch.first, frames, ViewChange::default()).is_some();
        let path = learned.recording().path().display();
        let found = probes.collect::<Vec<_>>().into_par_iter().find_first(is_sound);
        found.ok_or_else(|| anyhow::anyhow!("{path}: no picture of it can be used; see `liquid-lane recording info`"))
    }

    /// A stretch of the same recording to take in place of one.
    fn other(&self, stretch: Stretch, frames: usize, again: u64) -> Stretch {
        let learned = &self.learned[stretch.recording];
        let starts: usize = learned.train.iter().map(|part| part.len() + 1 - frames).sum();
        let number = stream(stretch.first as u64, Purpose::Shuffle, again).random_range(0..starts);
        Stretch { first: learned.start(number, frames), ..stretch }
    }

    fn is_straight(&self, Stretch { recording, first }: Stretch, frames: usize) -> bool {
        let labels = &self.learned[recording].labels.learned[first..first + frames];
        labels.iter().map(|label| label.abs()).sum::<f32>() <= STRAIGHT_PER_M * frames as f32
    }
}

impl Learned {
    fn new(source: Source, config: &TrainingConfig, room: &Arc<Room>) -> anyhow::Result<Self> {
        let Source { recording, weight, split, own_view } = source;
        let path = recording.path().display().to_string();
        let has_labels = (0..recording.len()).any(|i| recording.entry(i).steering.is_some());
        ensure!(has_labels, "{path}: a recording without labels: there is no steering to learn");
        let parts = recording.split(split, TEST_SHARE);
        let least = config.optimisation.sequence_frames;
        let long = |parts: Vec<Range<usize>>| parts.into_iter().filter(|part| part.len() >= least).collect::<Vec<_>>();
        let (train, test) = (long(parts.train), long(parts.test));
        ensure!(
            !train.is_empty() && !test.is_empty(),
            "{path}: expected stretches of {least} frames to train and to test on, got drives of {} frames in all; record \
             longer, or split it the other way",
            recording.len()
        );
        let recipe = config.recordings.unwrap_or_default();
        let size = config.policy.encoder().input_size();
        let view = match own_view {
            true => Some(told(&recording)),
            false => (config.simulator_share() == 0.0).then(|| whole_width(&recording)).flatten(),
        };
        let labels = Labels::new(&recording, recipe.smooth_secs);
        let per_unit = curvature_per_unit(&recording);
        let frames = Frames::new(recording, view, size, Arc::clone(room));
        let has_sides = train.iter().any(|part| Camera::SIDES.iter().all(|&side| frames.has(side, part.start)));
        let side_correction = recipe.side_correction.filter(|_| has_sides).map(|units| units as f32 * per_unit);
        Ok(Self { frames, labels, weight, train, test, side_correction })
    }

    /// The recording.
    pub fn recording(&self) -> &Recording {
        self.frames.recording()
    }

    /// How often its stretches are seen, beside those of a recording of weight 1.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// Frames to train on.
    pub fn training_frames(&self) -> usize {
        self.train.iter().map(Range::len).sum()
    }

    /// Frames held back.
    pub fn test_frames(&self) -> usize {
        self.test.iter().map(Range::len).sum()
    }

    /// Rows that the steering is averaged over; 1 where it is learned as recorded.
    pub fn smoothed_rows(&self) -> usize {
        self.labels.smoothed_rows
    }

    /// What the picture of the right camera adds to the curvature, in 1/m; nothing where no side cameras are used.
    pub fn side_correction(&self) -> Option<f32> {
        self.side_correction
    }

    /// The part of its pictures that is seen: left, top, width and height in pixels of the usual picture.
    pub fn crop(&self) -> [u32; 4] {
        self.frames.view().map_or(self.recording().view().crop, |view| view.crop_px(self.recording().picture_size()))
    }

    /// The entry at which the sequence of this number begins, of all that there are.
    fn start(&self, mut number: usize, frames: usize) -> usize {
        for part in &self.train {
            let starts = part.len() + 1 - frames;
            if number < starts {
                return part.start + number;
            }
            number -= starts;
        }
        self.train[0].start
    }

    fn shown(&self, first: usize, frames: usize, change: ViewChange) -> Option<Shown> {
        let entries = first..first + frames;
        let seen = change.side.and_then(|side| self.frames.pictures(Camera::Side(side), entries.clone()));
        // Where a picture of the side is missing, the centre one with its own steering.
        let change = ViewChange { side: change.side.filter(|_| seen.is_some()), ..change };
        let seen = seen.or_else(|| self.frames.pictures(Camera::Center, entries.clone()))?;
        let (view, crop, recording) = (self.recording().view(), self.crop(), self.recording());
        if entries.clone().any(|i| recording.entry(i).steering.is_none()) {
            return None;
        }
        let correction = self.side_correction.unwrap_or(0.0);
        let target = |i: usize| {
            change.curvature(self.labels.learned[i], correction, recording.entry(i).speed_mps) / CURVATURE_PER_OUTPUT
        };
        Some(Shown {
            images: seen.iter().map(|image| change.picture(image, &view, crop)).collect(),
            targets: entries.clone().map(target).collect(),
            elapsed_secs: self.elapsed_secs(entries),
        })
    }

    fn judged(&self, stretch: Range<usize>) -> Option<Judged> {
        let images = self.frames.pictures(Camera::Center, stretch.clone())?;
        let smoothed = match self.labels.smoothed_rows {
            1 => self.labels.smoothed(self.recording(), USUAL_SMOOTHED_ROWS / 2),
            _ => self.labels.learned.clone(),
        };
        let labels =
            stretch.clone().map(|i| [self.labels.raw[i], smoothed[i]].map(|label| label / CURVATURE_PER_OUTPUT));
        Some(Judged { images, labels: labels.collect(), elapsed_secs: self.elapsed_secs(stretch) })
    }

    fn elapsed_secs(&self, entries: Range<usize>) -> Vec<f32> {
        let usual_secs = self.recording().timing().step_ms() / 1e3;
        let time_secs = |i: usize| self.recording().entry(i).time_secs;
        let elapsed = |i: usize| if i == entries.start { usual_secs } else { time_secs(i) - time_secs(i - 1) };
        entries.clone().map(|i| elapsed(i) as f32).collect()
    }
}

/// The view over the whole width of the pictures, from just above the horizon down by half of their height, where the
/// recording's own view is narrower: the road to learn is the recording's, and the sides of the picture show where it goes.
fn whole_width(recording: &Recording) -> Option<RecordedView> {
    let (view, size) = (recording.view(), recording.picture_size());
    let [_, _, width, _] = view.crop;
    let [horizon, height] = [f64::from(view.projection.horizon_px), f64::from(size.height)];
    let top = (horizon / height - 1.0 / 32.0).clamp(0.0, 0.5);
    (width < size.width)
        .then(|| RecordedView { format: recording.format().id().to_owned(), crop: [0.0, top, 1.0, 0.5] })
}

/// The recording's view as it was told: what the policy learns by is what it is to see again.
fn told(recording: &Recording) -> RecordedView {
    let ([left, top, width, height], size) = (recording.view().crop.map(f64::from), recording.picture_size());
    let [across, down] = [size.width, size.height].map(f64::from);
    let crop = [left / across, top / down, width / across, height / down];
    RecordedView { format: recording.format().id().to_owned(), crop }
}

/// Curvature in 1/m that one unit of the recorded steering stands for, positive for left.
fn curvature_per_unit(recording: &Recording) -> f32 {
    let pairs = (0..recording.len()).filter_map(|i| {
        let entry = recording.entry(i);
        Some((entry.recorded_value?, f64::from(entry.steering?.0)))
    });
    let (product, square) = pairs.fold((0.0, 0.0), |(product, square), (value, curvature)| {
        (product + value * curvature, square + value * value)
    });
    if square > 0.0 { (product / square).abs() as f32 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::RecordingRecipe;
    use lane_policy::PolicyKind;
    use lane_recording::{RecordingOptions, SideCamera};
    use std::fs;
    use std::path::Path;

    /// Frames at 10 Hz with a gap in the middle; labels are the frame's number in thousandths.
    fn folder(path: &Path, frames: u32) -> Recording {
        let mut table = "image,time,curvature\n".to_owned();
        for i in 0..frames {
            RgbImage::from_pixel(20, 8, image::Rgb([i as u8; 3])).save(path.join(format!("{i}.png"))).unwrap();
            let time_secs = f64::from(i) / 10.0 + if i < frames / 2 { 0.0 } else { 60.0 };
            table += &format!("{i}.png,{time_secs},{}\n", f64::from(i) / 1e3);
        }
        fs::write(path.join("log.csv"), table).unwrap();
        Recording::open(path).unwrap()
    }

    fn source(recording: Recording) -> Source {
        Source { recording, weight: 1.0, split: SplitBy::Time, own_view: false }
    }

    fn config() -> TrainingConfig {
        TrainingConfig::recorded(PolicyKind::NCP, 1)
    }

    fn recorded(recording: Recording) -> Recorded {
        Recorded::new(vec![source(recording)], &config()).unwrap()
    }

    /// The numbers of the frames of a stretch by its targets.
    fn numbers(shown: &Shown) -> Vec<u32> {
        shown.targets.iter().map(|target| (target * CURVATURE_PER_OUTPUT * 1e3).round() as u32).collect()
    }

    #[test]
    fn a_pass_lies_within_the_drives_and_apart_from_what_is_held_back() {
        let dir = tempfile::tempdir().unwrap();
        let recorded = recorded(folder(dir.path(), 240));
        let learned = &recorded.learned[0];
        // Of each drive of 120 the last 24 are held back, with 20 frames between.
        assert_eq!((learned.train.clone(), learned.test.clone()), (vec![0..76, 120..196], vec![96..120, 216..240]));
        for number in 0..20 {
            let pass = recorded.pass(number, 16, &config());
            assert!((6..=8).contains(&pass.len()), "{}", pass.len());
            for stretch in pass {
                let shown = recorded.shown(stretch, 16, ViewChange::default());
                let numbers = numbers(&shown);
                assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
                assert!(numbers[15] < 76 || (numbers[0] >= 120 && numbers[15] < 196), "{numbers:?}");
                assert_eq!(u32::from(shown.images[3].get_pixel(5, 2)[0]), numbers[3], "the picture of its label");
                assert!(shown.elapsed_secs.iter().all(|secs| (secs - 0.1).abs() < 1e-6), "{:?}", shown.elapsed_secs);
            }
        }
        assert_eq!(recorded.judged().len(), 2);
        let steps = recorded.steps(&config());
        assert_eq!(steps, (40.0_f64 * 152.0 / 256.0).ceil() as usize);
    }

    #[test]
    fn a_recording_of_twice_the_weight_is_seen_twice_as_often() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let heavy = Source { weight: 2.0, ..source(folder(b.path(), 240)) };
        let recorded = Recorded::new(vec![source(folder(a.path(), 240)), heavy], &config()).unwrap();
        let pass = recorded.pass(0, 16, &config());
        let of = |recording| pass.iter().filter(|stretch| stretch.recording == recording).count();
        assert!(of(1) >= 2 * of(0) - 2 && of(1) <= 2 * of(0) + 2, "{} and {}", of(0), of(1));
        assert!(recorded.disagreements().is_empty());
    }

    #[test]
    fn what_recordings_disagree_in_is_said() {
        let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        folder(b.path(), 240);
        let options = lane_recording::RecordingOptions { rate_hz: Some(25.0), ..Default::default() };
        let other = Recording::open_with(b.path(), &options).unwrap();
        let recorded = Recorded::new(vec![source(folder(a.path(), 240)), source(other)], &config()).unwrap();
        let disagreements = recorded.disagreements();
        assert_eq!(disagreements.len(), 1, "{disagreements:?}");
        assert!(disagreements[0].contains("100 ms") && disagreements[0].contains("40 ms"), "{disagreements:?}");
    }

    #[test]
    fn bends_are_as_many_as_straight_stretches_where_a_recipe_balances_them() {
        let dir = tempfile::tempdir().unwrap();
        let mut table = "image,time,curvature\n".to_owned();
        for i in 0..800_u32 {
            RgbImage::new(20, 8).save(dir.path().join(format!("{i}.png"))).unwrap();
            table += &format!("{i}.png,{},{}\n", f64::from(i) / 10.0, if i % 160 < 32 { 0.05 } else { 0.001 });
        }
        fs::write(dir.path().join("log.csv"), table).unwrap();
        let recorded = recorded(Recording::open(dir.path()).unwrap());
        let recipe = RecordingRecipe { balance: 1.0, ..RecordingRecipe::default() };
        let config = TrainingConfig { recordings: Some(recipe), ..config() };
        let passes: Vec<Stretch> = (0..50).flat_map(|number| recorded.pass(number, 16, &config)).collect();
        let straight = passes.iter().filter(|stretch| recorded.is_straight(**stretch, 16)).count() as f64;
        assert!((0.4..0.6).contains(&(straight / passes.len() as f64)), "{straight} of {}", passes.len());
    }

    #[test]
    fn a_keyboards_steering_is_smoothed_and_side_cameras_steer_to_the_middle() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = String::new();
        for i in 0..150_u32 {
            let name = |camera: &str| format!("{camera}_2021_05_24_15_48_{:02}_{:03}.png", i / 10, 100 * (i % 10));
            for camera in ["center", "left", "right"] {
                RgbImage::new(32, 16).save(dir.path().join(name(camera))).unwrap();
            }
            let steering = if i % 10 == 0 { -0.5 } else { 0.0 };
            log += &format!("{},{},{},{steering},0.4,0,30\n", name("center"), name("left"), name("right"));
        }
        fs::write(dir.path().join("driving_log.csv"), log).unwrap();
        let recorded = recorded(Recording::open(dir.path()).unwrap());
        let learned = &recorded.learned[0];
        assert_eq!(learned.smoothed_rows(), 13, "1.3 s at 10 Hz");
        // Two presses lie within six rows of row 15.
        assert!((learned.labels.learned[15] - 2.0 * learned.labels.raw[10] / 13.0).abs() < 1e-6);
        // 0.05 of 25 degrees on a wheelbase of 2.87 m, by the slope that -0.5 has: tan(12.5°)/2.87/0.5 per unit.
        let per_unit = 12.5_f32.to_radians().tan() / 2.87 / 0.5;
        assert!((learned.side_correction().unwrap() - 0.05 * per_unit).abs() < 1e-6);
        let stretch = Stretch { recording: 0, first: 20 };
        let target = |change| recorded.shown(stretch, 1, change).targets[0] * CURVATURE_PER_OUTPUT;
        let of_left = target(ViewChange { side: Some(SideCamera::Left), ..ViewChange::default() });
        assert!((target(ViewChange::default()) - of_left - 0.05 * per_unit).abs() < 1e-6, "to the right");
        assert_eq!(recorded.views()[0].crop[2], 1.0, "the whole width");
    }

    #[test]
    fn a_policy_sees_again_the_part_that_it_was_told_to_learn_by() {
        let dir = tempfile::tempdir().unwrap();
        drop(folder(dir.path(), 240));
        let options = RecordingOptions { crop: Some([0, 3, 20, 5]), ..RecordingOptions::default() };
        let recording = Recording::open_with(dir.path(), &options).unwrap();
        for config in [config(), TrainingConfig::mixed(PolicyKind::NCP, 1, 64, 0.5)] {
            let source = Source { own_view: true, ..source(Recording::open_with(dir.path(), &options).unwrap()) };
            let views = Recorded::new(vec![source], &config).unwrap().views();
            assert_eq!(views.len(), 1);
            assert!(views[0].is_for(recording.format().id()));
            assert_eq!(views[0].crop_px(recording.picture_size()), [0, 3, 20, 5]);
        }
    }

    #[test]
    fn spoiled_pictures_are_gone_around_and_nothing_but_them_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let recording = folder(dir.path(), 240);
        (0..60).for_each(|i| fs::write(dir.path().join(format!("{i}.png")), "").unwrap());
        let recorded = recorded(recording);
        let shown = recorded.shown(Stretch { recording: 0, first: 3 }, 16, ViewChange::default());
        assert!(numbers(&shown)[0] > 59, "{:?}", numbers(&shown));
        (60..240).for_each(|i| fs::write(dir.path().join(format!("{i}.png")), "").unwrap());
        let spoiled = vec![source(Recording::open(dir.path()).unwrap())];
        let refused = Recorded::new(spoiled, &config()).unwrap_err();
        assert!(refused.to_string().contains("no picture of it can be used"), "{refused}");
    }

    #[test]
    fn a_recording_that_is_too_short_or_has_no_labels_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let refused = |source| Recorded::new(vec![source], &config()).unwrap_err().to_string();
        let short = refused(source(folder(dir.path(), 30)));
        assert!(short.contains("expected stretches of 16 frames"), "{short}");
        let short = refused(Source { split: SplitBy::Drive, ..source(folder(dir.path(), 240)) });
        assert!(short.contains("split it the other way"), "two drives have no last fifth: {short}");
        fs::remove_file(dir.path().join("log.csv")).unwrap();
        let unlabelled = refused(source(Recording::open(dir.path()).unwrap()));
        assert!(unlabelled.contains("a recording without labels"), "{unlabelled}");
    }
}
