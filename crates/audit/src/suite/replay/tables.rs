//! The numbers of the replay suite, and what they say in words.

use super::comparison::{Comparison, Predictor};
use super::lag::best_lag;
use crate::open_loop::{OpenLoopFigures, curvature_table, steering_error_table};
use crate::study::{BOOTSTRAP_SEED, Pairing};
use lane_report::section::{Cell, Column, Section, Table};
use lane_statistics::bootstrap::{self, Difference, paired_rate_difference, unpaired_rate_difference};
use lane_statistics::correlation::pearson;
use lane_statistics::order::mean;
use lane_statistics::pairs::equal_seeds;

/// Adds all tables, and says which differences there are.
pub(super) fn add(section: Section, comparison: &Comparison) -> Section {
    let differences = differences(comparison);
    let section = section.say(said(&differences));
    let policies: Vec<(Vec<Cell>, OpenLoopFigures)> = comparison
        .predictors
        .iter()
        .map(|predictor| (vec![Cell::text(&predictor.name)], pooled(predictor, comparison)))
        .collect();
    let trainings = comparison.policies().flat_map(|policy| &policy.trainings);
    let trainings: Vec<_> =
        trainings.map(|training| (vec![Cell::text(&training.label)], comparison.figures(training))).collect();
    let policy = [Column::key("policy", "policy")];
    section
        .table(agreement(comparison))
        .table(difference_table(&differences))
        .table(steering_error_table("errors", "Error by policy, its trainings together", &policy, &policies))
        .table(steering_error_table(
            "trainings",
            "Error by training",
            &[Column::key("training", "training")],
            &trainings,
        ))
        .table(curvature_table("by_curvature", "Error by curvature", &policy, &policies))
}

/// All trainings of a policy as if they were one recording.
fn pooled(predictor: &Predictor, comparison: &Comparison) -> OpenLoopFigures {
    predictor.trainings.iter().fold(OpenLoopFigures::default(), |mut pooled, training| {
        pooled.add(&comparison.figures(training));
        pooled
    })
}

/// Mean absolute error of a predictor over its trainings in 1/km, with its interval.
pub(super) fn mae_per_km(predictor: &Predictor, comparison: &Comparison) -> Cell {
    let of_block = |[sum, count]: [f64; 2]| 1e3 * sum / count;
    let by_training = predictor.trainings.iter().map(|training| comparison.block_errors(training));
    let by_training: Vec<Vec<f64>> = by_training.map(|blocks| blocks.into_iter().map(of_block).collect()).collect();
    let mae = pooled(predictor, comparison).mae_per_m();
    mae.map_or(Cell::Missing, |mae| Cell::with_interval(1e3 * mae, bootstrap::mean(&by_training, BOOTSTRAP_SEED)))
}

fn agreement(comparison: &Comparison) -> Table {
    let columns = vec![
        Column::key("policy", "policy"),
        Column::measured("trainings", "trainings", 0),
        Column::measured("mae_per_km", "MAE, 1/km", 2),
        Column::measured("correlation", "r", 3),
        Column::measured("best_lag_s", "best lag, s", 2),
        Column::measured("correlation_at_best_lag", "r at best lag", 3),
    ];
    let mean_of = |values: Vec<f64>| mean(&values).map_or(Cell::Missing, Cell::number);
    let row = |predictor: &Predictor| {
        let trainings = &predictor.trainings;
        let correlations = trainings.iter().filter_map(|training| pearson(&training.commanded, &comparison.recorded));
        let lags: Vec<_> = trainings.iter().filter_map(|training| best_lag(training, comparison)).collect();
        vec![
            Cell::text(&predictor.name),
            if predictor.looks { Cell::Count(trainings.len() as u64) } else { Cell::Missing },
            mae_per_km(predictor, comparison),
            mean_of(correlations.collect()),
            mean_of(lags.iter().map(|lag| lag.secs).collect()),
            mean_of(lags.iter().map(|lag| lag.correlation).collect()),
        ]
    };
    Table {
        id: "agreement".into(),
        title: "How near policies come to the human".into(),
        note: "Means over the trainings of a policy. r: correlation of command and label. Best lag: the shift of up to 2 s \
               at which the two correlate best; positive where the command comes later."
            .into(),
        columns,
        rows: comparison.predictors.iter().map(row).collect(),
    }
}

/// Two predictors on the same frames.
struct Pair {
    first: String,
    second: String,
    pairing: Pairing,
    /// In 1/km.
    difference: Option<Difference>,
}

/// Every policy beside those after it, and beside the predictors that look at nothing.
fn differences(comparison: &Comparison) -> Vec<Pair> {
    let all = &comparison.predictors;
    let firsts = all.iter().enumerate().filter(|(_, first)| first.looks);
    firsts.flat_map(|(at, first)| all[at + 1..].iter().map(|second| pair(first, second, comparison))).collect()
}

/// Trainings of the same seed are paired, and what looks at nothing with each training; without a common seed the
/// comparison is unpaired.
fn pair(first: &Predictor, second: &Predictor, comparison: &Comparison) -> Pair {
    let errors = |predictor: &Predictor| -> Vec<Vec<[f64; 2]>> {
        let blocks = predictor.trainings.iter().map(|training| comparison.block_errors(training).into_iter());
        blocks.map(|blocks| blocks.map(|[sum, count]| [1e3 * sum, count]).collect()).collect()
    };
    let seeds = |predictor: &Predictor| predictor.trainings.iter().map(|training| training.seed).collect::<Vec<_>>();
    let (errors_of_first, errors_of_second, seeds_of_first) = (errors(first), errors(second), seeds(first));
    let places: Vec<(usize, usize)> = if second.looks {
        equal_seeds(&seeds_of_first, &seeds(second))
    } else {
        (0..first.trainings.len()).map(|place| (place, 0)).collect()
    };
    let pairing = match (second.looks, places.is_empty()) {
        (false, _) => Pairing::Baseline,
        (true, true) => Pairing::Unpaired,
        (true, false) => Pairing::Seeds(places.iter().map(|(place, _)| seeds_of_first[*place]).collect()),
    };
    let difference = if pairing == Pairing::Unpaired {
        unpaired_rate_difference(&errors_of_first, &errors_of_second, BOOTSTRAP_SEED)
    } else {
        let blocks = |(a, b): &(usize, usize)| {
            errors_of_first[*a].iter().copied().zip(errors_of_second[*b].iter().copied()).collect()
        };
        paired_rate_difference(&places.iter().map(blocks).collect::<Vec<_>>(), BOOTSTRAP_SEED)
    };
    Pair { first: first.name.clone(), second: second.name.clone(), pairing, difference }
}

impl Pair {
    fn verdict(&self) -> &'static str {
        match &self.difference {
            None => "too short for an interval",
            Some(Difference { differs: false, .. }) => "no difference shown",
            Some(Difference { mean, .. }) if *mean < 0.0 => "smaller error",
            Some(_) => "larger error",
        }
    }

    /// In words, where the two differ.
    fn shown(&self) -> Option<String> {
        let Difference { mean, interval, .. } = self.difference.filter(|found| found.differs)?;
        let (first, second, verdict) = (&self.first, &self.second, self.verdict());
        let (low, high) = (interval.low, interval.high);
        Some(format!("{first} beside {second}: {verdict}, {mean:+.2} [{low:.2}, {high:.2}] 1/km"))
    }
}

/// The differences that are shown, in words.
fn said(pairs: &[Pair]) -> String {
    let shown: Vec<String> = pairs.iter().filter_map(Pair::shown).collect();
    match (shown.is_empty(), pairs.len()) {
        (true, tried) => format!("No difference of mean absolute errors is shown, of {tried} tried."),
        (false, tried) => {
            format!("Differences of mean absolute errors that are shown, of {tried} tried: {}.", shown.join("; "))
        }
    }
}

fn difference_table(pairs: &[Pair]) -> Table {
    let columns = vec![
        Column::key("policy", "policy"),
        Column::key("beside", "beside"),
        Column::measured("pairing", "pairing", 0),
        Column::measured("mae_difference_per_km", "difference of MAE, 1/km", 2),
        Column::measured("verdict", "verdict", 0),
    ];
    let row = |pair: &Pair| {
        let difference =
            pair.difference.map_or(Cell::Missing, |found| Cell::with_interval(found.mean, Some(found.interval)));
        let (first, second) = (Cell::text(&pair.first), Cell::text(&pair.second));
        vec![first, second, Cell::text(pair.pairing.to_string()), difference, Cell::text(pair.verdict())]
    };
    Table {
        id: "differences".into(),
        title: "Differences".into(),
        note: "First less second; negative where the first is nearer to the human. Every two policies, and each policy \
               beside the predictors that look at nothing. Trainings of the same seed are paired, block by block of 5 s; \
               policies without a common seed are compared unpaired."
            .into(),
        columns,
        rows: pairs.iter().map(row).collect(),
    }
}
