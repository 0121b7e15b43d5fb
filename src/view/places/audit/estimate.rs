//! How long an audit takes on this machine, before it is started.

use crate::jobs::audit::{Audit, AuditRequest};
use crate::jobs::models::Choice;
use crate::view::places::form::duration;
use crate::view::places::pool;
use lane_audit::engine::Shard;
use lane_driver::closed_loop::{Conditions, Pilot, drive};
use lane_policy::device::Backend;
use lane_sim::{Course, RoadSet};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

/// What is known about the time that the audit in the form takes.
#[derive(Default)]
pub struct Estimates {
    /// The words of the audit that was looked at last.
    asked: Option<Vec<String>>,
    answer: Option<Receiver<Option<f64>>>,
    secs: Option<f64>,
}

impl Estimates {
    /// Takes in what was found out. Says whether anything changed.
    pub fn tick(&mut self) -> bool {
        let Some(found) = self.answer.as_ref().and_then(|answer| answer.try_recv().ok()) else { return false };
        (self.answer, self.secs) = (None, found);
        true
    }

    /// True while something is being found out.
    pub fn is_waiting(&self) -> bool {
        self.answer.is_some()
    }

    /// The time that an audit takes here, in words; it is found out on a thread of its own the first time.
    pub fn words(&mut self, request: Option<&AuditRequest>) -> Option<String> {
        let request = request?;
        if self.asked.as_ref() != Some(&request.command) {
            self.asked = Some(request.command.clone());
            let (sent, answer) = channel();
            (self.answer, self.secs) = (Some(answer), None);
            let request = request.clone();
            // Nobody listens when something else was asked meanwhile.
            std::thread::spawn(move || {
                let _ = sent.send(estimate(&request));
            });
        }
        self.secs.map(|secs| format!("about {} here", duration(secs)))
    }
}

/// Seconds that a unit of each suite takes on one thread of a machine on which the probe takes [`PROBE_SECS`]: the mean
/// over an NCP and a CNN, at the suite's own length.
const UNIT_SECS: [(&str, f64); 14] = [
    ("smoke", 1.0),
    ("unseen", 3.0),
    ("noise", 1.5),
    ("corrupt", 1.0),
    ("recover", 0.5),
    ("latency", 1.0),
    ("curves", 1.0),
    ("ood", 1.5),
    ("shortcut", 1.0),
    ("blind", 1.0),
    ("saliency", 1.0),
    ("neurons", 1.0),
    ("passive", 1.0),
    ("replay", 1.0),
];

/// Seconds that the probe took there.
const PROBE_SECS: f64 = 0.1;

/// Length of the probe: a drive, in s of the road.
const PROBE_ROAD_SECS: f64 = 2.0;

/// Seconds that an audit takes on this machine; nothing where it cannot be prepared.
fn estimate(request: &AuditRequest) -> Option<f64> {
    let audit = Audit::prepare(request).ok()?;
    let unit_secs = |id: &str| UNIT_SECS.iter().find(|(word, _)| *word == id).map_or(1.0, |(_, secs)| *secs);
    let suites = audit.plan().progress(Shard::WHOLE, None);
    let there_secs: f64 = suites.iter().map(|suite| suite.units as f64 * unit_secs(suite.id)).sum();
    Some(there_secs * probe_secs()? / PROBE_SECS / pool::threads() as f64)
}

/// Seconds that this machine takes for the probe, a short drive by the NCP.
fn probe_secs() -> Option<f64> {
    static PROBE: OnceLock<Option<f64>> = OnceLock::new();
    *PROBE.get_or_init(|| {
        let driver =
            Choice { names: &["ncp".to_owned()], folder: None, backend: Backend::Cpu }.drivers().ok()?.pop()?;
        let world = Course::drawn(RoadSet::Demo, 0, PROBE_ROAD_SECS).world();
        let started = Instant::now();
        drive(&mut Pilot::Policy(Box::new(driver)), world, PROBE_ROAD_SECS, &Conditions::default()).ok()?;
        Some(started.elapsed().as_secs_f64())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_audit::suites::SUITES;

    #[test]
    fn every_suite_has_a_time() {
        for suite in SUITES {
            assert!(UNIT_SECS.iter().any(|(word, _)| *word == suite.word), "{}", suite.word);
        }
    }
}
