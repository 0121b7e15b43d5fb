//! A training, step by step; it can be kept in a file and taken up again.

use super::batch::{Batcher, validation};
use super::checkpoint::{Checkpoint, State, Weights};
use super::config::TrainingConfig;
use super::judge::{Best, Judge};
use super::objective::{Validation, loss, validate};
use super::optimizer::Optimizer;
use super::pool::Pool;
use super::recorded::{HeldBack, Recorded};
use burn::tensor::Device;
use lane_policy::Policy;

/// State of a training.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Optimiser steps done.
    pub step: usize,
    /// Optimiser steps in all.
    pub steps: usize,
    /// Mean training loss since the last report.
    pub loss: f32,
    /// Demonstrations rendered so far.
    pub looks: usize,
    /// How the policy steers on what was held back of the recordings, where it was looked at after this step.
    pub held_back: Option<HeldBack>,
}

/// Outcome of a training.
pub struct Trained {
    /// The policy, without gradients: with the best weights where recordings were held back.
    pub policy: Policy,
    /// Mean squared error on demonstrations never trained on, in (15/m)², clean and with noise; nothing for a training
    /// without the simulator.
    pub validation: Option<Validation>,
    /// How it steers on what was held back of the recordings, and after how many steps that was best.
    pub held_back: Option<(HeldBack, usize)>,
    /// Steps that were done.
    pub steps: usize,
}

/// A training under way.
pub struct Training<'a> {
    config: TrainingConfig,
    recorded: Option<&'a Recorded>,
    device: Device,
    /// What it began with, if not with first weights by chance.
    first: Option<Policy>,
    policy: Policy,
    optimizer: Optimizer,
    pool: Pool,
    batcher: Batcher,
    judge: Option<Judge>,
    steps: usize,
}

impl<'a> Training<'a> {
    /// A training before its first step: with the weights of `first`, a policy of its kind, or else with first weights by
    /// chance; on recordings too where there are any.
    pub fn new(
        config: &TrainingConfig,
        first: Option<&Policy>,
        recorded: Option<&'a Recorded>,
        device: &Device,
    ) -> Self {
        let mut policy = Policy::init_with(config.policy, config.cell.as_ref(), config.seed, device).recording(device);
        if let Some(first) = first {
            policy = policy.with_network(first.recording(device).network().clone());
        }
        Self {
            optimizer: Optimizer::new(&policy, &config.optimisation, config.steps),
            pool: Pool::new(config),
            batcher: Batcher::new(config),
            judge: recorded.map(|recorded| Judge::new(recorded.judged(), config)),
            config: config.clone(),
            device: device.clone(),
            first: first.cloned(),
            recorded,
            policy,
            steps: 0,
        }
    }

    /// The training that a checkpoint was made of, as it was then; `first` as for [`Training::new`].
    ///
    /// # Errors
    /// Refuses a checkpoint of another configuration or of other recordings, by what differs, and a damaged one.
    pub fn resumed(
        checkpoint: &Checkpoint,
        config: &TrainingConfig,
        first: Option<&Policy>,
        recorded: Option<&'a Recorded>,
        device: &Device,
    ) -> anyhow::Result<Self> {
        checkpoint.check(config, recorded)?;
        let mut training = Self::new(config, first, recorded, device);
        let state = checkpoint.state();
        let weights = |name: &str| checkpoint.weights(name);
        let network = weights("network")?.put_into(training.policy.network().clone(), device);
        training.policy = training.policy.with_network(network);
        training.optimizer = Optimizer::new(&training.policy, &config.optimisation, config.steps);
        training.optimizer.resume(checkpoint.section("dense")?, checkpoint.section("cell")?)?;
        let blank = training.policy.clone();
        training.pool.resume(
            &state.pool,
            &|round| {
                let network = weights(&format!("round {round}"))?.put_into(blank.network().clone(), device);
                Ok(blank.clone().with_network(network).inference())
            },
            device,
        )?;
        training.batcher.resume(&state.batcher, recorded);
        if let (Some(judge), Some((figures, steps))) = (&mut training.judge, state.best) {
            let network = weights("best")?.put_into(blank.network().clone(), device);
            let policy = blank.clone().with_network(network).inference();
            judge.best = Some(Best { policy, figures, steps });
        }
        training.steps = state.steps;
        Ok(training)
    }

    /// The state of the training as the bytes of a file, with notes of the caller's.
    ///
    /// # Errors
    /// When the state of the optimiser cannot be put into bytes.
    pub fn checkpoint(&self, notes: &str) -> anyhow::Result<Vec<u8>> {
        let best = self.judge.as_ref().and_then(|judge| judge.best.as_ref());
        let state = State {
            steps: self.steps,
            pool: self.pool.state(),
            batcher: self.batcher.state(),
            best: best.map(|best| (best.figures, best.steps)),
            notes: notes.to_owned(),
        };
        let [dense, cell] = self.optimizer.to_bytes()?;
        let mut sections = vec![
            ("network".to_owned(), Weights::from_network(self.policy.network()).to_bytes()),
            ("dense".to_owned(), dense),
            ("cell".to_owned(), cell),
        ];
        sections.extend(best.map(|best| ("best".to_owned(), Weights::from_network(best.policy.network()).to_bytes())));
        let rounds = self
            .pool
            .drivers()
            .map(|(round, policy)| (format!("round {round}"), Weights::from_network(policy.network()).to_bytes()));
        sections.extend(rounds);
        Checkpoint::to_bytes(&self.config, self.recorded, state, &sections)
    }

    /// The policy that would come of it now, without gradients: with the share of the first weights that the recipe keeps.
    pub fn policy(&self) -> Policy {
        match &self.first {
            Some(first) if self.config.keep > 0.0 => {
                let weights = |policy: &Policy| Weights::from_network(policy.network());
                let mixed = weights(&self.policy).mixed(&weights(first), self.config.keep);
                let network = mixed.put_into(self.policy.network().clone(), &self.device);
                self.policy.clone().with_network(network).inference()
            }
            _ => self.policy.inference(),
        }
    }

    /// Whether all steps are done, or the held-back part got no better for too long.
    pub fn is_done(&self) -> bool {
        self.steps >= self.config.steps || self.judge.as_ref().is_some_and(|judge| judge.is_out_of_patience(self.steps))
    }

    /// Does the next step.
    pub fn step(&mut self) -> Progress {
        self.pool.refresh(self.steps, &self.policy, &self.device);
        let batch = self.batcher.draw(&self.pool, self.recorded, self.steps);
        let loss = loss(&self.policy, &batch, &self.config, self.steps, &self.device);
        let value = loss.clone().detach().into_scalar::<f32>();
        let network = self.optimizer.step(self.policy.network().clone(), loss.backward(), self.steps);
        self.policy = self.policy.clone().with_network(network.constrain());
        self.steps += 1;
        let is_due = self.judge.as_ref().is_some_and(|judge| judge.is_due(self.steps));
        let policy = is_due.then(|| self.policy());
        let held_back =
            self.judge.as_mut().zip(policy).map(|(judge, policy)| judge.look(policy, self.steps, &self.device));
        Progress { step: self.steps, steps: self.config.steps, loss: value, looks: self.pool.rendered(), held_back }
    }

    /// The outcome: the best weights where recordings were held back, else the last.
    pub fn finish(self) -> Trained {
        let last = self.policy();
        let (policy, held_back) = match self.judge.and_then(|judge| judge.best) {
            Some(best) => (best.policy, Some((best.figures, best.steps))),
            None => (last, None),
        };
        let has_looks = self.config.validation_looks > 0;
        let validation = has_looks.then(|| validate(&policy, &validation(&self.config), &self.device));
        Trained { policy, validation, held_back, steps: self.steps }
    }
}
