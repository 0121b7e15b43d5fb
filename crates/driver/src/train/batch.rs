//! Batches, one for each optimiser step: sequences drawn from the pool, each with its own augmentation.

use super::pool::Pool;
use super::sequence::Sequence;
use super::{FRAMES_PER_LOOK, FRAMES_PER_STEP, TrainingConfig};
use lane_frame::RgbImage;
use lane_frame::noise::{NoiseBank, add_gaussian, blur};
use lane_frame::random::{Purpose, stream};
use lane_policy::CURVATURE_PER_OUTPUT;
use lane_sim::{Demonstration, DemonstrationSpec, RoadSet, demonstrate};
use rand::RngExt as _;
use rand::seq::SliceRandom as _;
use rayon::prelude::*;

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

/// Part of a sequence: which one, and which frames of it.
struct Draw {
    sequence: usize,
    first: usize,
    frames: usize,
}

/// Draws batches: all places of the pool in a shuffled order, then in another. What is rendered meanwhile takes its turn
/// in the next order.
pub struct Batcher {
    config: TrainingConfig,
    bank: NoiseBank,
    order: Vec<usize>,
    next: usize,
    shuffles: u64,
}

impl Batcher {
    /// A batcher with an order of its own.
    pub fn new(config: &TrainingConfig) -> Self {
        let bank = NoiseBank::new(config.seed);
        Self { config: config.clone(), bank, order: Vec::new(), next: 0, shuffles: 0 }
    }

    /// The batch of one step. A head with memory sees whole sequences; one without sees single frames of as many
    /// different looks as the step has frames, which is the better use of its step.
    pub fn draw(&mut self, pool: &Pool, step: usize) -> Batch {
        let frames = if self.config.policy.has_memory() { FRAMES_PER_LOOK } else { 1 };
        let mut rng = stream(self.config.seed, Purpose::Augmentation, step as u64);
        let draws: Vec<(Draw, Augmentation)> = (0..FRAMES_PER_STEP / frames)
            .map(|_| {
                let sequence = self.next_sequence(pool.sequences().len());
                let first = rng.random_range(0..=FRAMES_PER_LOOK - frames);
                (Draw { sequence, first, frames }, Augmentation::draw(&self.config, &mut rng))
            })
            .collect();
        let images = draws
            .par_iter()
            .flat_map_iter(|(draw, augmentation)| {
                let sequence = &pool.sequences()[draw.sequence];
                let frames = &sequence.frames[draw.first..draw.first + draw.frames];
                frames.iter().enumerate().map(|(i, frame)| augmentation.apply(frame, &self.bank, i as u64))
            })
            .collect();
        let targets = draws.iter().flat_map(|(draw, _)| {
            let labels = &pool.sequences()[draw.sequence].labels[draw.first..draw.first + draw.frames];
            labels.iter().map(|label| label.0 / CURVATURE_PER_OUTPUT)
        });
        let elapsed_secs = draws.iter().flat_map(|(draw, _)| {
            pool.sequences()[draw.sequence].elapsed_secs[draw.first..draw.first + draw.frames].iter().copied()
        });
        Batch { sequences: draws.len(), images, targets: targets.collect(), elapsed_secs: elapsed_secs.collect() }
    }

    fn next_sequence(&mut self, available: usize) -> usize {
        if self.next >= self.order.len() {
            self.order = (0..available).collect();
            // Even parts; the pool draws from part 0 of the seeds of its looks.
            self.order.shuffle(&mut stream(self.config.seed, Purpose::Shuffle, self.shuffles << 1));
            (self.next, self.shuffles) = (0, self.shuffles + 1);
        }
        self.next += 1;
        self.order[self.next - 1]
    }
}

/// Noise and blur of all frames of one sequence.
struct Augmentation {
    noise_sd: f32,
    noise_at: u64,
    blurred: bool,
}

impl Augmentation {
    fn draw(config: &TrainingConfig, rng: &mut impl rand::Rng) -> Self {
        let noisy = rng.random::<f32>() < config.noise_share as f32;
        let variance = if noisy { config.max_noise_variance as f32 * rng.random::<f32>() } else { 0.0 };
        let blurred = rng.random::<f32>() < config.blur_share as f32;
        Self { noise_sd: variance.sqrt(), noise_at: rng.random(), blurred }
    }

    fn apply(&self, frame: &RgbImage, bank: &NoiseBank, index: u64) -> RgbImage {
        let mut image = if self.blurred { blur(frame) } else { frame.clone() };
        if self.noise_sd > 0.0 {
            bank.add(&mut image, self.noise_sd, self.noise_at.wrapping_add(index.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        }
        image
    }
}

/// Validation demonstrations in batches of sixteen, as rendered.
pub fn validation(config: &TrainingConfig) -> Vec<Batch> {
    let size = config.policy.encoder().input_size();
    let demonstrations: Vec<Demonstration> = (0..config.validation_looks as u64)
        .into_par_iter()
        .map(|seed| {
            let (set, frames) = (RoadSet::Validation, FRAMES_PER_LOOK);
            demonstrate(DemonstrationSpec { set, seed, frames, size, family: None, cue: config.roadside() })
        })
        .collect();
    let sequences: Vec<Sequence> = demonstrations.into_iter().flat_map(Sequence::from_demonstration).collect();
    in_batches(&sequences)
}

/// Whole sequences in batches of sixteen, as they are.
pub fn in_batches(sequences: &[Sequence]) -> Vec<Batch> {
    let batches = sequences.chunks(FRAMES_PER_STEP / FRAMES_PER_LOOK).map(|chunk| Batch {
        sequences: chunk.len(),
        images: chunk.iter().flat_map(|shown| shown.frames.iter().cloned()).collect(),
        targets: chunk.iter().flat_map(|shown| &shown.labels).map(|label| label.0 / CURVATURE_PER_OUTPUT).collect(),
        elapsed_secs: chunk.iter().flat_map(|shown| shown.elapsed_secs.iter().copied()).collect(),
    });
    batches.collect()
}
