//! Batches, one for each optimiser step: sequences drawn from the pool, each with its own augmentation.

use super::augment::ViewChange;
use super::config::TrainingConfig;
use super::pool::Pool;
use super::recorded::{Judged, Recorded, Stretch};
use super::sequence::Sequence;
use super::variation::Style;
use lane_frame::RgbImage;
use lane_frame::noise::{NoiseBank, add_gaussian, blur};
use lane_frame::random::{Purpose, stream};
use lane_policy::CURVATURE_PER_OUTPUT;
use lane_sim::{Colours, Demonstration, DemonstrationSpec, RoadSet, demonstrate};
use rand::RngExt as _;
use rand::seq::SliceRandom as _;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Images and targets, sequence by sequence.
pub struct Batch {
    /// Sequences in the batch.
    pub sequences: usize,
    /// All frames, sequence by sequence.
    pub images: Vec<RgbImage>,
    /// Output that the network should have for each frame.
    pub targets: Vec<f32>,
    /// Time since the frame before of each, in s.
    pub elapsed_secs: Vec<f32>,
}

impl Batch {
    /// The same with image noise of a variance; the batch's number decides the draws.
    pub fn with_noise(&self, variance: f32, number: u64) -> Self {
        let noisy = |(frame, image): (usize, &RgbImage)| {
            let mut image = image.clone();
            add_gaussian(&mut image, variance, number, frame as u64);
            image
        };
        let images = self.images.par_iter().enumerate().map(noisy).collect();
        let (targets, elapsed_secs) = (self.targets.clone(), self.elapsed_secs.clone());
        Self { images, targets, elapsed_secs, ..*self }
    }
}

/// Where the frames of a sequence come from.
enum Draw {
    /// Part of a look in the pool.
    Look { sequence: usize, first: usize },
    /// A stretch of a recording, changed.
    Stretch(Stretch, ViewChange),
}

/// A sequence of a batch.
struct Part {
    images: Vec<RgbImage>,
    targets: Vec<f32>,
    elapsed_secs: Vec<f32>,
}

/// Draws batches: all places of the pool in a shuffled order, then in another; what is rendered meanwhile takes its turn
/// in the next order. Of recordings, one pass after the other.
pub struct Batcher {
    config: TrainingConfig,
    bank: NoiseBank,
    looks: Order<usize>,
    stretches: Order<Stretch>,
}

/// Things in a shuffled order, of which so many were drawn.
struct Order<T> {
    things: Vec<T>,
    next: usize,
    shuffles: u64,
}

/// How far an order has come. The order itself is drawn again.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Place {
    next: usize,
    shuffles: u64,
    /// Things in it.
    things: usize,
}

/// How far a batcher has come.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct BatcherState {
    looks: Place,
    stretches: Place,
}

impl<T: Copy> Order<T> {
    fn place(&self) -> Place {
        Place { next: self.next, shuffles: self.shuffles, things: self.things.len() }
    }

    /// The order at a place; `order` draws that of a number.
    fn at(place: Place, order: impl FnOnce(u64) -> Vec<T>) -> Self {
        let Place { next, shuffles, .. } = place;
        let things = shuffles.checked_sub(1).map(order).unwrap_or_default();
        Self { things, next, shuffles }
    }

    const fn new() -> Self {
        Self { things: Vec::new(), next: 0, shuffles: 0 }
    }

    /// The next one; behind the last of an order, the first of the order of that number.
    fn next(&mut self, order: impl FnOnce(u64) -> Vec<T>) -> T {
        if self.next >= self.things.len() {
            self.things = order(self.shuffles);
            (self.next, self.shuffles) = (0, self.shuffles + 1);
        }
        self.next += 1;
        self.things[self.next - 1]
    }
}

impl Batcher {
    /// A batcher with an order of its own.
    pub fn new(config: &TrainingConfig) -> Self {
        let bank = NoiseBank::new(config.seed);
        Self { config: config.clone(), bank, looks: Order::new(), stretches: Order::new() }
    }

    /// How far it has come.
    pub fn state(&self) -> BatcherState {
        BatcherState { looks: self.looks.place(), stretches: self.stretches.place() }
    }

    /// Takes up drawing where another batcher of the same configuration was.
    pub fn resume(&mut self, state: &BatcherState, recorded: Option<&Recorded>) {
        let config = &self.config;
        self.looks = Order::at(state.looks, |number| shuffled(state.looks.things, config.seed, number));
        if let Some(recorded) = recorded {
            let frames = config.frames_shown();
            self.stretches = Order::at(state.stretches, |number| recorded.pass(number, frames, config));
        }
    }

    /// The batch of one step, of the pool and of recordings where there are any.
    pub fn draw(&mut self, pool: &Pool, recorded: Option<&Recorded>, step: usize) -> Batch {
        let frames = self.config.frames_shown();
        let mut rng = stream(self.config.seed, Purpose::Augmentation, step as u64);
        let sequences = (self.config.optimisation.batch_frames / frames).max(1);
        let draws: Vec<(Draw, Augmentation)> = (0..sequences)
            .map(|_| (self.next(pool, recorded, frames, &mut rng), Augmentation::draw(&self.config, &mut rng)))
            .collect();
        let parts = draws.par_iter().map(|(draw, augmentation)| {
            let mut part = match draw {
                Draw::Look { sequence, first } => look(&pool.sequences()[*sequence], *first..*first + frames),
                Draw::Stretch(stretch, change) => {
                    let shown = recorded.map(|recorded| recorded.shown(*stretch, frames, *change));
                    let shown = shown.unwrap_or_else(|| unreachable!("stretches are drawn from recordings"));
                    Part { images: shown.images, targets: shown.targets, elapsed_secs: shown.elapsed_secs }
                }
            };
            for (i, image) in part.images.iter_mut().enumerate() {
                augmentation.apply(image, &self.bank, i as u64);
            }
            part
        });
        let parts: Vec<Part> = parts.collect();
        let mut batch = Batch { sequences, images: Vec::new(), targets: Vec::new(), elapsed_secs: Vec::new() };
        for part in parts {
            batch.images.extend(part.images);
            batch.targets.extend(part.targets);
            batch.elapsed_secs.extend(part.elapsed_secs);
        }
        batch
    }

    fn next(&mut self, pool: &Pool, recorded: Option<&Recorded>, frames: usize, rng: &mut impl rand::Rng) -> Draw {
        let Self { config, looks, stretches, .. } = self;
        let recipe = config.recordings.as_ref().zip(recorded);
        if let Some((recipe, recorded)) = recipe.filter(|(recipe, _)| rng.random::<f64>() < recipe.share) {
            let stretch = stretches.next(|number| recorded.pass(number, frames, config));
            return Draw::Stretch(stretch, ViewChange::draw(recipe, recorded.has_sides(stretch), rng));
        }
        // A pool that dropped more than it rendered no longer has all the places of an order drawn before.
        let places = pool.sequences().len();
        let sequence = loop {
            let place = looks.next(|number| shuffled(places, config.seed, number));
            if place < places {
                break place;
            }
        };
        let first = rng.random_range(0..=config.optimisation.sequence_frames - frames);
        Draw::Look { sequence, first }
    }
}

/// The places of a pool in the order of this number.
fn shuffled(places: usize, seed: u64, number: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..places).collect();
    // Even parts; the pool draws from part 0 of the seeds of its looks, recordings from odd ones.
    order.shuffle(&mut stream(seed, Purpose::Shuffle, number << 1));
    order
}

fn look(sequence: &Sequence, frames: Range<usize>) -> Part {
    Part {
        images: sequence.frames[frames.clone()].to_vec(),
        targets: sequence.labels[frames.clone()].iter().map(|label| label.0 / CURVATURE_PER_OUTPUT).collect(),
        elapsed_secs: sequence.elapsed_secs[frames].to_vec(),
    }
}

/// Style, blur and noise of all frames of one sequence.
struct Augmentation {
    style: Option<Style>,
    noise_sd: f32,
    noise_at: u64,
    blurred: bool,
}

impl Augmentation {
    fn draw(config: &TrainingConfig, rng: &mut impl rand::Rng) -> Self {
        let noisy = rng.random::<f32>() < config.noise_share as f32;
        let variance = if noisy { config.max_noise_variance as f32 * rng.random::<f32>() } else { 0.0 };
        let blurred = rng.random::<f32>() < config.blur_share as f32;
        let noise_at = rng.random();
        Self { style: Style::draw(&config.variation, rng), noise_sd: variance.sqrt(), noise_at, blurred }
    }

    fn apply(&self, image: &mut RgbImage, bank: &NoiseBank, index: u64) {
        if let Some(style) = &self.style {
            style.apply(image);
        }
        if self.blurred {
            *image = blur(image);
        }
        if self.noise_sd > 0.0 {
            bank.add(image, self.noise_sd, self.noise_at.wrapping_add(index.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        }
    }
}

/// Validation demonstrations in batches of a training's size, as rendered.
pub fn validation(config: &TrainingConfig) -> Vec<Batch> {
    let (size, frames) = (config.policy.encoder().input_size(), config.optimisation.sequence_frames);
    let demonstrations: Vec<Demonstration> = (0..config.validation_looks as u64)
        .into_par_iter()
        .map(|seed| {
            demonstrate(DemonstrationSpec {
                set: RoadSet::Validation,
                seed,
                frames,
                size,
                family: None,
                cue: config.roadside(),
                colours: Colours::Natural,
            })
        })
        .collect();
    let in_pieces = |demonstration| Sequence::from_demonstration(demonstration, frames);
    let sequences: Vec<Sequence> = demonstrations.into_iter().flat_map(in_pieces).collect();
    let batches = sequences.chunks((config.optimisation.batch_frames / frames).max(1)).map(|chunk| Batch {
        sequences: chunk.len(),
        images: chunk.iter().flat_map(|shown| shown.frames.iter().cloned()).collect(),
        targets: chunk.iter().flat_map(|shown| &shown.labels).map(|label| label.0 / CURVATURE_PER_OUTPUT).collect(),
        elapsed_secs: chunk.iter().flat_map(|shown| shown.elapsed_secs.iter().copied()).collect(),
    });
    batches.collect()
}

impl Judged {
    /// The stretch as a batch of one sequence, with the steering as recorded for targets.
    pub fn batch(&self) -> Batch {
        Batch {
            sequences: 1,
            images: self.images.iter().map(|image| RgbImage::clone(image)).collect(),
            targets: self.labels.iter().map(|[raw, _]| *raw).collect(),
            elapsed_secs: self.elapsed_secs.clone(),
        }
    }
}
