//! How near a policy's steering comes to a recorded human's, beside the simplest predictors. A poor guide to driving
//! (Codevilla et al. 2018): said so wherever it is shown.

mod figures;
mod steering_error;
mod tables;

pub use figures::{CurvatureBin, OpenLoopFigures, TURN_PER_M};
pub use steering_error::SteeringError;
pub use tables::{curvature_table, steering_error_table};

use lane_driver::moment::Moment;
use lane_driver::session::{Order, Session, SessionInfo};
use std::sync::{Arc, Mutex, PoisonError};

/// Collects predictions beside recorded steering.
#[derive(Clone, Debug, Default)]
pub struct OpenLoop {
    names: Vec<String>,
    /// Per instant: what was recorded, what each policy said.
    pairs: Vec<(f64, Vec<f64>)>,
    skipped: Vec<String>,
    unlabelled: usize,
}

impl OpenLoop {
    /// For policies of these names.
    pub fn new(names: Vec<String>) -> Self {
        Self { names, ..Self::default() }
    }

    /// Takes one instant into account.
    pub fn add(&mut self, moment: &Moment) {
        if let Some(why) = &moment.skipped {
            self.skipped.push(why.clone());
            return;
        }
        let Some(recorded) = moment.sides.first().and_then(|side| side.reference) else {
            self.unlabelled += 1;
            return;
        };
        let predicted = moment.sides.iter().filter_map(|side| side.decision.as_ref());
        self.pairs.push((f64::from(recorded.0), predicted.map(|decision| f64::from(decision.steering.0)).collect()));
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
    pub fn figures(&self) -> Vec<(String, OpenLoopFigures)> {
        if self.pairs.is_empty() {
            return Vec::new();
        }
        let mean = self.pairs.iter().map(|(recorded, _)| recorded).sum::<f64>() / self.pairs.len() as f64;
        let figures = |predict: &dyn Fn(&[f64]) -> f64| {
            OpenLoopFigures::of(self.pairs.iter().map(|(recorded, predicted)| (predict(predicted), *recorded)))
        };
        let policies = self.names.iter().enumerate();
        let policies = policies.map(|(i, name)| (name.clone(), figures(&|predicted| predicted[i])));
        policies.chain([("zero".into(), figures(&|_| 0.0)), ("mean".into(), figures(&|_| mean))]).collect()
    }
}

/// A session that notes every instant on its way to whoever shows it.
pub struct Noted<S> {
    session: S,
    notes: Arc<Mutex<OpenLoop>>,
}

impl<S: Session> Noted<S> {
    /// The session, and where its figures gather.
    pub fn new(session: S) -> (Self, Arc<Mutex<OpenLoop>>) {
        let names = session.info().policies.iter().map(|policy| policy.name.clone()).collect();
        let notes = Arc::new(Mutex::new(OpenLoop::new(names)));
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

    #[test]
    fn a_policy_that_says_what_was_recorded_has_no_error_and_zero_has_the_labels_size() {
        let pairs = vec![(0.01, vec![0.01]), (-0.03, vec![-0.03])];
        let open_loop = OpenLoop { names: vec!["ncp".into()], pairs, ..OpenLoop::default() };
        let figures = open_loop.figures();
        assert_eq!((figures[0].0.as_str(), figures[0].1.rmse_per_m()), ("ncp", Some(0.0)));
        let mae = |i: usize| figures[i].1.mae_per_m().unwrap();
        assert!((mae(1) - 0.02).abs() < 1e-12 && (mae(2) - 0.02).abs() < 1e-12);
    }

    #[test]
    fn a_recording_without_labels_has_no_errors() {
        assert_eq!(OpenLoop::new(vec!["ncp".into()]).figures(), vec![]);
    }
}
