//! How near a policy's steering comes to a recorded human's, beside the simplest predictors. A poor guide to driving
//! (Codevilla et al. 2018): said so wherever it is shown.

mod figures;
mod smoothed;
mod steering_error;
mod tables;

pub use figures::{CurvatureBin, OpenLoopFigures, TURN_PER_M};
pub use smoothed::SmoothedError;
pub use steering_error::SteeringError;
pub use tables::{curvature_table, steering_error_table};

use lane_driver::moment::Moment;
use lane_driver::session::{Order, Session, SessionInfo};
use smoothed::Series;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Collects predictions beside recorded steering.
#[derive(Clone, Debug, Default)]
pub struct OpenLoop {
    names: Vec<String>,
    pairs: Vec<Pair>,
    skipped: Vec<String>,
    unlabelled: usize,
    /// Times in s at which drives begin.
    drives_secs: Vec<f64>,
    is_broken: bool,
}

/// One instant: what was recorded, what each policy said, in 1/m.
#[derive(Clone, Debug)]
struct Pair {
    time_secs: f64,
    /// Whether a frame is missing before it, or a drive begins with it.
    starts_run: bool,
    recorded: f64,
    predicted: Vec<f64>,
}

impl OpenLoop {
    /// For policies of these names, over drives that begin at these times in s.
    pub fn new(names: Vec<String>, drives_secs: Vec<f64>) -> Self {
        Self { names, drives_secs, ..Self::default() }
    }

    /// Takes one instant into account.
    pub fn add(&mut self, moment: &Moment) {
        if let Some(why) = &moment.skipped {
            self.skipped.push(why.clone());
            self.is_broken = true;
            return;
        }
        let Some(recorded) = moment.sides.first().and_then(|side| side.reference) else {
            self.unlabelled += 1;
            self.is_broken = true;
            return;
        };
        let predicted = moment.sides.iter().filter_map(|side| side.decision.as_ref());
        let time_secs = moment.time_secs;
        let last_secs = self.pairs.last().map(|pair| pair.time_secs);
        let begins = last_secs
            .is_none_or(|last| self.drives_secs.iter().any(|drive| (last..time_secs).contains(&(drive - 1e-9))));
        self.pairs.push(Pair {
            time_secs,
            starts_run: std::mem::take(&mut self.is_broken) || begins,
            recorded: f64::from(recorded.0),
            predicted: predicted.map(|decision| f64::from(decision.steering.0)).collect(),
        });
    }

    /// Frames with a label and a prediction.
    pub fn compared(&self) -> usize {
        self.pairs.len()
    }

    /// Why frames could not be read, one line each.
    pub fn skipped(&self) -> &[String] {
        &self.skipped
    }

    /// Frames without a label.
    pub fn unlabelled(&self) -> usize {
        self.unlabelled
    }

    /// Figures of every policy by name, then of `zero`, always straight on, and of `mean`, always the recording's mean.
    /// Empty where nothing could be compared.
    pub fn errors(&self) -> Vec<SteeringError> {
        if self.pairs.is_empty() {
            return Vec::new();
        }
        let recorded: Vec<f64> = self.pairs.iter().map(|pair| pair.recorded).collect();
        let mean = recorded.iter().sum::<f64>() / recorded.len() as f64;
        let (runs, step_secs) = (self.runs(), self.step_secs());
        let error = |name: &str, commanded: Vec<f64>| {
            let series = Series { recorded: &recorded, commanded: &commanded, runs: &runs, step_secs };
            SteeringError::new(name, &series)
        };
        let of_policy = |i: usize| self.pairs.iter().map(|pair| pair.predicted[i]).collect();
        let policies = self.names.iter().enumerate().map(|(i, name)| error(name, of_policy(i)));
        let always = |value: f64| vec![value; recorded.len()];
        policies.chain([error("zero", always(0.0)), error("mean", always(mean))]).collect()
    }

    /// Stretches of pairs without a gap.
    fn runs(&self) -> Vec<Range<usize>> {
        let starts: Vec<usize> = (0..self.pairs.len()).filter(|&i| self.pairs[i].starts_run).collect();
        let ends = starts.iter().skip(1).copied().chain([self.pairs.len()]);
        starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
    }

    /// Median time from frame to frame; 0 where there are no two.
    fn step_secs(&self) -> f64 {
        let pairs = self.pairs.windows(2).filter(|pair| !pair[1].starts_run);
        let mut steps: Vec<f64> = pairs.map(|pair| pair[1].time_secs - pair[0].time_secs).collect();
        steps.sort_by(f64::total_cmp);
        steps.get(steps.len() / 2).copied().unwrap_or(0.0)
    }
}

/// A session that notes every instant on its way to whoever shows it.
pub struct Noted<S> {
    session: S,
    notes: Arc<Mutex<OpenLoop>>,
}

impl<S: Session> Noted<S> {
    /// The session, whose drives begin at these times in s, and where its figures gather.
    pub fn new(session: S, drives_secs: Vec<f64>) -> (Self, Arc<Mutex<OpenLoop>>) {
        let names = session.info().policies.iter().map(|policy| policy.name.clone()).collect();
        let notes = Arc::new(Mutex::new(OpenLoop::new(names, drives_secs)));
        (Self { session, notes: Arc::clone(&notes) }, notes)
    }
}

impl<S: Session> Session for Noted<S> {
    fn info(&self) -> &SessionInfo {
        self.session.info()
    }

    fn advance(&mut self) -> anyhow::Result<Option<Moment>> {
        let moment = self.session.advance()?;
        if let Some(moment) = &moment {
            // A panic elsewhere leaves whole notes: adding one cannot be interrupted half-way by another thread.
            self.notes.lock().unwrap_or_else(PoisonError::into_inner).add(moment);
        }
        Ok(moment)
    }

    fn obey(&mut self, order: Order) -> anyhow::Result<()> {
        self.session.obey(order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(time_secs: f64, recorded: f64, predicted: f64) -> Pair {
        Pair { time_secs, starts_run: false, recorded, predicted: vec![predicted] }
    }

    #[test]
    fn a_policy_that_says_what_was_recorded_has_no_error_and_zero_has_the_labels_size() {
        let pairs = vec![pair(0.0, 0.01, 0.01), pair(0.1, -0.03, -0.03)];
        let errors = OpenLoop { names: vec!["ncp".into()], pairs, ..OpenLoop::default() }.errors();
        assert_eq!((errors[0].name.as_str(), errors[0].rmse_per_m), ("ncp", Some(0.0)));
        assert!((errors[0].correlation.unwrap() - 1.0).abs() < 1e-12);
        let mae = |i: usize| errors[i].mae_per_m.unwrap();
        assert!((mae(1) - 0.02).abs() < 1e-12 && (mae(2) - 0.02).abs() < 1e-12);
        assert_eq!(errors[1].correlation, None, "what never changes goes with nothing");
    }

    #[test]
    fn a_recording_without_labels_has_no_errors() {
        assert_eq!(OpenLoop::new(vec!["ncp".into()], vec![0.0]).errors(), vec![]);
    }

    #[test]
    fn runs_begin_where_pairs_say_so() {
        let starts = [0.0, 0.2];
        let pairs = [0.0, 0.1, 0.2, 0.3].map(|time_secs| {
            let starts_run = starts.contains(&time_secs);
            Pair { starts_run, ..pair(time_secs, 0.0, 0.0) }
        });
        let open_loop = OpenLoop { pairs: pairs.into(), ..OpenLoop::default() };
        assert_eq!(open_loop.runs(), [0..2, 2..4]);
        assert!((open_loop.step_secs() - 0.1).abs() < 1e-9);
    }
}
