//! The demonstrations at hand: rendered in rounds on all cores, the oldest replaced by the newest.

use super::config::TrainingConfig;
use super::sequence::Sequence;
use burn::tensor::Device;
use lane_frame::random::{Purpose, stream};
use lane_policy::Policy;
use lane_policy::preprocess::whiten;
use lane_sim::{Colours, DT_SECS, Demonstration, DemonstrationSpec, RoadSet, demonstrate, demonstrate_with};
use rand::RngExt as _;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::ops::Range;

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
pub struct Pool {
    config: TrainingConfig,
    sequences: Vec<Sequence>,
    rendered: usize,
    looks_per_round: usize,
    /// Rounds of which the pool has sequences, oldest first.
    rounds: VecDeque<Round>,
}

/// A round of rendering.
struct Round {
    looks: Range<usize>,
    sequences: usize,
    /// The network that drove some of it.
    policy: Option<Policy>,
}

/// What a pool consists of; it is rendered again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PoolState {
    sequences: usize,
    /// Looks of each round of which it has sequences, and whether the network drove some.
    rounds: Vec<(Range<usize>, bool)>,
}

impl Pool {
    /// An empty pool; the first [`Pool::refresh`] fills it, with nothing where there are no looks.
    pub fn new(config: &TrainingConfig) -> Self {
        let looks_per_round = (config.looks / ROUNDS).clamp(1, LOOKS_PER_ROUND);
        Self { config: config.clone(), sequences: Vec::new(), rendered: 0, looks_per_round, rounds: VecDeque::new() }
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
        let capacity = CAPACITY.min(self.config.looks / 2);
        self.render_round(self.rendered..due, policy, capacity, device);
    }

    /// Renders a round, and drops as many of the oldest sequences as are beyond the capacity.
    fn render_round(&mut self, looks: Range<usize>, policy: Option<Policy>, capacity: usize, device: &Device) {
        let render = |look: usize| self.render(look as u64, policy.as_ref(), device);
        let fresh: Vec<Sequence> = looks.clone().into_par_iter().flat_map_iter(render).collect();
        self.rendered = looks.end;
        let room = capacity.saturating_sub(fresh.len());
        self.drop_oldest(self.sequences.len().saturating_sub(room));
        self.rounds.push_back(Round { looks, sequences: fresh.len(), policy });
        self.sequences.extend(fresh);
    }

    fn drop_oldest(&mut self, mut count: usize) {
        self.sequences.drain(..count);
        while let Some(oldest) = self.rounds.front_mut() {
            let dropped = count.min(oldest.sequences);
            oldest.sequences -= dropped;
            count -= dropped;
            if oldest.sequences > 0 {
                break;
            }
            self.rounds.pop_front();
        }
    }

    /// What it consists of.
    pub fn state(&self) -> PoolState {
        let rounds = self.rounds.iter().map(|round| (round.looks.clone(), round.policy.is_some())).collect();
        PoolState { sequences: self.sequences.len(), rounds }
    }

    /// The networks that drove some of it, by the number of their round in the state.
    pub fn drivers(&self) -> impl Iterator<Item = (usize, &Policy)> {
        self.rounds.iter().enumerate().filter_map(|(number, round)| Some((number, round.policy.as_ref()?)))
    }

    /// Renders again what another pool of the same configuration consisted of. `driver` is the network of a round.
    pub fn resume(
        &mut self,
        state: &PoolState,
        driver: &dyn Fn(usize) -> anyhow::Result<Policy>,
        device: &Device,
    ) -> anyhow::Result<()> {
        for (number, (looks, is_driven)) in state.rounds.iter().enumerate() {
            let policy = if *is_driven { Some(driver(number)?) } else { None };
            self.render_round(looks.clone(), policy, usize::MAX, device);
        }
        self.drop_oldest(self.sequences.len().saturating_sub(state.sequences));
        Ok(())
    }

    /// One look: a demonstration by the expert, or a drive by the network in pieces.
    fn render(&self, look: u64, policy: Option<&Policy>, device: &Device) -> Vec<Sequence> {
        let spec = DemonstrationSpec {
            set: RoadSet::Train,
            seed: (self.config.seed << 32) | look,
            frames: self.config.optimisation.sequence_frames,
            size: self.config.policy.encoder().input_size(),
            family: None,
            cue: self.config.roadside(),
            colours: Colours::Natural,
        };
        let mut rng = stream(spec.seed, Purpose::Shuffle, 0);
        let draw: f32 = rng.random();
        let varied = rng.random::<f32>() < self.config.variation.colours_share as f32;
        let spec = DemonstrationSpec { colours: if varied { Colours::Any } else { Colours::Natural }, ..spec };
        match policy.filter(|_| draw < self.config.on_policy_share as f32) {
            None => Sequence::from_demonstration(demonstrate(spec), spec.frames),
            Some(policy) => Sequence::from_demonstration(drive(policy, spec, device), spec.frames),
        }
    }
}

/// The network drives from a random start; what it saw and what the expert would have done there.
fn drive(policy: &Policy, spec: DemonstrationSpec, device: &Device) -> Demonstration {
    let spec = DemonstrationSpec { frames: RUN_UP_FRAMES + SEQUENCES_PER_DRIVE * spec.frames, ..spec };
    let mut state = policy.zero_state(1, device);
    let (mut driven, _) = demonstrate_with(spec, &mut |image| {
        let input = whiten(&[image], spec.size, device);
        let (output, next) = policy.forward(input, state.clone(), &[DT_SECS as f32], 1);
        state = next;
        output.steering()[0]
    });
    driven.frames.drain(..RUN_UP_FRAMES);
    driven.curvature.drain(..RUN_UP_FRAMES);
    driven
}
