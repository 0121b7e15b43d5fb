//! What must be known of an audit to repeat it.

use serde::{Deserialize, Serialize};

/// Who was audited, by which program and command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// Version of the program.
    pub version: String,
    /// Revision of its sources.
    pub revision: String,
    /// The command line that repeats the audit.
    pub command: String,
    /// The trainings that were audited, in their order in tables.
    pub subjects: Vec<AuditedPolicy>,
}

impl About {
    /// An audit by this program.
    pub fn new(revision: impl Into<String>, command: impl Into<String>, subjects: Vec<AuditedPolicy>) -> Self {
        Self { version: env!("CARGO_PKG_VERSION").into(), revision: revision.into(), command: command.into(), subjects }
    }

    /// Names of the policies, each once, in their order.
    pub fn policies(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for subject in &self.subjects {
            if !names.contains(&subject.policy.as_str()) {
                names.push(&subject.policy);
            }
        }
        names
    }
}

/// One training of a policy, as a report names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditedPolicy {
    /// The policy's name.
    pub policy: String,
    /// Seed of its training.
    pub training_seed: u64,
    /// SHA-256 of its weights file, in hexadecimal.
    pub weights_sha256: String,
    /// Trainable numbers in all.
    pub parameters: usize,
    /// What its model card says about its training.
    pub training: String,
    /// Largest variance of image noise it saw in training.
    pub trained_noise_variance: Option<f64>,
}

impl AuditedPolicy {
    /// Its name in tables of single trainings: `ncp-1`.
    pub fn label(&self) -> String {
        format!("{}-{}", self.policy, self.training_seed)
    }
}
