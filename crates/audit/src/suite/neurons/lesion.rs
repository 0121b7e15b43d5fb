//! What a policy loses with one neuron.

use super::activity::{Kept, watched_drive};
use super::course;
use lane_driver::Driver;
use lane_driver::closed_loop::{Conditions, Pilot, drive};
use lane_policy::Lesion;
use lane_sim::World;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

/// Some neurons of a policy, each lost in turn, and the intact policy on the same roads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct LesionOutcome {
    pub(super) intact: Kept,
    pub(super) neurons: Vec<LostNeuron>,
}

/// One neuron lost in two ways.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct LostNeuron {
    pub(super) neuron: usize,
    /// Its mean state in the intact drives.
    pub(super) mean_state: f64,
    /// Kept at zero.
    pub(super) silenced: Kept,
    /// Kept at its mean: it still pulls as it does on average, but says nothing of this road.
    pub(super) held: Kept,
}

/// Drives roads with each of some neurons lost.
pub(super) fn lose(
    driver: &Driver,
    neurons: Range<usize>,
    roads: Range<u32>,
    seconds: f64,
) -> anyhow::Result<LesionOutcome> {
    let (mut intact, mut sums, mut frames) = (Kept::default(), vec![0.0; neurons.len()], 0_u32);
    let worlds: Vec<Arc<World>> = roads.map(|road| course(road, seconds).world()).collect();
    for world in &worlds {
        let (log, watched) = watched_drive(driver, world, seconds, 0.0)?;
        intact = intact.and(Kept::of(&log));
        for activity in &watched {
            let states = &activity.state[neurons.clone()];
            sums.iter_mut().zip(states).for_each(|(sum, state)| *sum += f64::from(*state));
            frames += 1;
        }
    }
    let lost = neurons.zip(sums).map(|(neuron, sum)| {
        let mean_state = sum / f64::from(frames.max(1));
        let kept_at = |value: f64| {
            let pilot = Pilot::Policy(Box::new(driver.lesioned(&[Lesion::Hold { neuron, value: value as f32 }])?));
            driven(pilot, &worlds, seconds)
        };
        Ok(LostNeuron { neuron, mean_state, silenced: kept_at(0.0)?, held: kept_at(mean_state)? })
    });
    let neurons = lost.collect::<anyhow::Result<_>>()?;
    Ok(LesionOutcome { intact, neurons })
}

fn driven(mut pilot: Pilot, worlds: &[Arc<World>], seconds: f64) -> anyhow::Result<Kept> {
    worlds.iter().try_fold(Kept::default(), |kept, world| {
        let log = drive(&mut pilot, Arc::clone(world), seconds, &Conditions::default())?;
        Ok(kept.and(Kept::of(&log)))
    })
}
