//! What an audit is made of: suites, each a list of small units of work that can be done in any order, by any thread, on
//! any machine, and whose outcomes together make a section of the report.

pub mod blind;
pub mod curves;
pub mod driving;
pub mod left_out;
pub mod named_recording;
pub mod neurons;
pub mod outside;
pub mod passive;
pub mod policies;
pub mod replay;
pub mod saliency;
pub mod shortcut;
#[cfg(test)]
pub(crate) mod test_subjects;

use crate::family::Family;
use anyhow::bail;
use lane_driver::Driver;
use lane_report::AuditedPolicy;
use lane_report::section::Section;
use serde_json::Value;

/// One suite, ready to run on some policies.
pub trait Suite: Sync {
    /// The suite's word on the command line.
    fn id(&self) -> &'static str;

    /// A name for each unit, unique in the suite and the same in every run: what is done, on whom, under which
    /// conditions, with which seed. It also says that two runs are the same audit, so whatever decides an outcome is
    /// in it, the policies' weights aside.
    fn units(&self) -> Vec<String>;

    /// Does the unit of this number. The outcome depends on nothing but the unit and the policies.
    ///
    /// # Errors
    /// When a policy cannot steer, or what it is tried on cannot be read.
    fn run(&self, unit: usize) -> anyhow::Result<Value>;

    /// Takes in comparisons that are named before the run, to be corrected for each other alone.
    ///
    /// # Errors
    /// A family that does not fit the suite's policies and settings, and any where the suite names all its comparisons
    /// itself.
    fn name_family(&mut self, _: &Family) -> anyhow::Result<()> {
        bail!("suite `{}` takes no family", self.id())
    }

    /// The family that it took in.
    fn family(&self) -> Option<&Family> {
        None
    }

    /// What the outcomes of all units, in their order, amount to.
    ///
    /// # Errors
    /// When an outcome is not one of this suite's.
    fn section(&self, outcomes: &[Value]) -> anyhow::Result<Section>;
}

/// A policy under audit: one training of it.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The policy's name: what trainings of different seeds have in common.
    pub policy: String,
    /// Seed of its training; 0 where its card does not say.
    pub training_seed: u64,
    /// SHA-256 of its weights file, in hexadecimal.
    pub weights_sha256: String,
    /// Trainable numbers in all.
    pub parameters: usize,
    /// What its model card says about its training, in a few words: looks, noise, revision.
    pub training: String,
    /// Largest variance of image noise it saw in training; `None` where its card does not say.
    pub trained_noise_variance: Option<f64>,
    /// Whether its roadsides told how the road bends ([`lane_sim::Cue`]).
    pub trained_with_cue: bool,
    /// The policy itself, at the start of a drive.
    pub driver: Driver,
}

impl Subject {
    /// Its name in tables of single trainings: `ncp-1`.
    pub fn label(&self) -> String {
        format!("{}-{}", self.policy, self.training_seed)
    }

    /// What a report says of it: everything but the network.
    pub fn audited(&self) -> AuditedPolicy {
        AuditedPolicy {
            policy: self.policy.clone(),
            training_seed: self.training_seed,
            weights_sha256: self.weights_sha256.clone(),
            parameters: self.parameters,
            training: self.training.clone(),
            trained_noise_variance: self.trained_noise_variance,
        }
    }
}
