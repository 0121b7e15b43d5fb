//! The demonstrations at hand: rendered in rounds on all cores, the oldest replaced by the newest.

use super::recorded::Recorded;
use super::sequence::Sequence;
use super::{FRAMES_PER_LOOK, TrainingConfig};
use burn::tensor::Device;
use lane_frame::random::{Purpose, stream};
use lane_policy::Policy;
use lane_policy::preprocess::whiten;
use lane_sim::{DT_SECS, Demonstration, DemonstrationSpec, RoadSet, demonstrate, demonstrate_with};
use rand::RngExt as _;
use rayon::prelude::*;

/// Most demonstrations of one round, and the least number of rounds: the network drives from the second quarter on.
const LOOKS_PER_ROUND: usize = 1000;
const ROUNDS: usize = 8;

/// Most sequences kept: 1.3 GB of 120x48 pictures. A short training keeps half of its looks.
const CAPACITY: usize = 5000;

/// Frames a network drives before those that are kept, so that they show states of its own making.
const RUN_UP_FRAMES: usize = 16;

/// Sequences that are kept of one drive by a network.
const SEQUENCES_PER_DRIVE: usize = 3;

/// Sequences to draw batches from.
pub struct Pool<'a> {
    config: TrainingConfig,
    recorded: Option<&'a Recorded>,
    sequences: Vec<Sequence>,
    rendered: usize,
    looks_per_round: usize,
}

impl<'a> Pool<'a> {
    /// An empty pool; the first [`Pool::refresh`] fills it, from a recording too where there is one.
    pub fn new(config: &TrainingConfig, recorded: Option<&'a Recorded>) -> Self {
        let looks_per_round = (config.looks / ROUNDS).clamp(1, LOOKS_PER_ROUND);
        Self { config: config.clone(), recorded, sequences: Vec::new(), rendered: 0, looks_per_round }
    }

    /// The demonstrations at hand.
    pub fn sequences(&self) -> &[Sequence] {
        &self.sequences
    }

    /// Demonstrations rendered so far.
    pub fn rendered(&self) -> usize {
        self.rendered
    }

    /// Renders the next round when its step has come.
    pub fn refresh(&mut self, step: usize, policy: &Policy, device: &Device) {
        let rounds = self.config.looks.div_ceil(self.looks_per_round);
        let due = (step * rounds / self.config.steps + 1) * self.looks_per_round;
        let due = due.min(self.config.looks);
        if due <= self.rendered {
            return;
        }
        let on_policy = 4 * step >= self.config.steps && self.config.on_policy_share > 0.0;
        let policy = on_policy.then(|| policy.inference());
        let fresh: Vec<Sequence> = (self.rendered..due)
            .into_par_iter()
            .flat_map_iter(|look| self.render(look as u64, policy.as_ref(), device))
            .collect();
        self.rendered = due;
        let capacity = CAPACITY.min(self.config.looks / 2).max(fresh.len());
        let overflow = (self.sequences.len() + fresh.len()).saturating_sub(capacity);
        self.sequences.drain(..overflow);
        self.sequences.extend(fresh);
    }

    /// One look: a stretch of the recording, a demonstration by the expert, or a drive by the network in pieces.
    fn render(&self, look: u64, policy: Option<&Policy>, device: &Device) -> Vec<Sequence> {
        let spec = DemonstrationSpec {
            set: RoadSet::Train,
            seed: (self.config.seed << 32) | look,
            frames: FRAMES_PER_LOOK,
            size: self.config.policy.encoder().input_size(),
            family: None,
            cue: self.config.roadside(),
        };
        if let Some(look) = self.recorded.and_then(|recorded| recorded.look(spec.seed, spec.size)) {
            return vec![look];
        }
        let draw: f32 = stream(spec.seed, Purpose::Shuffle, 0).random();
        match policy.filter(|_| draw < self.config.on_policy_share as f32) {
            None => Sequence::from_demonstration(demonstrate(spec)),
            Some(policy) => Sequence::from_demonstration(drive(policy, spec, device)),
        }
    }
}

/// The network drives from a random start; what it saw and what the expert would have done there.
fn drive(policy: &Policy, spec: DemonstrationSpec, device: &Device) -> Demonstration {
    let spec = DemonstrationSpec { frames: RUN_UP_FRAMES + SEQUENCES_PER_DRIVE * FRAMES_PER_LOOK, ..spec };
    let mut state = policy.zero_state(1, device);
    let (mut driven, _) = demonstrate_with(spec, &mut |image| {
        let input = whiten(&[image], spec.size, device).input;
        let (output, next) = policy.forward(input, state.clone(), &[DT_SECS as f32], 1);
        state = next;
        output.steering()[0]
    });
    driven.frames.drain(..RUN_UP_FRAMES);
    driven.curvature.drain(..RUN_UP_FRAMES);
    driven
}
