//! The numbers of the replay suite, and what they say in words.

use super::comparison::{Comparison, Predictor};
use super::lag::best_lag;
use crate::open_loop::{OpenLoopFigures, curvature_table, steering_error_table};
use crate::study::{self, Partners};
use crate::suite::policies::difference_cell;
use lane_report::section::{Cell, Column, Section, Table};
use lane_statistics::correlation::pearson;
use lane_statistics::effects::{self, Estimate};
use lane_statistics::interval::Interval;
use lane_statistics::order::mean;
use lane_statistics::verdict::{RULE_OF_WORDS, Verdict};

/// Adds all tables, and says which differences there are.
pub(super) fn add(section: Section, comparison: &Comparison) -> Section {
    let differences = differences(comparison);
    let section = section.say(sentence(&differences));
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

/// Sum of the absolute errors in 1/km and number of frames of each training, block by block.
fn by_training(predictor: &Predictor, comparison: &Comparison) -> Vec<Vec<[f64; 2]>> {
    let blocks = predictor.trainings.iter().map(|training| comparison.block_errors(training).into_iter());
    blocks.map(|blocks| blocks.map(|[sum, count]| [1e3 * sum, count]).collect()).collect()
}

/// Mean absolute error of a predictor over its trainings in 1/km, with its interval.
pub(super) fn mae_per_km(predictor: &Predictor, comparison: &Comparison) -> Cell {
    let by_training = by_training(predictor, comparison);
    let mae = pooled(predictor, comparison).mae_per_m();
    let interval = effects::rate(&by_training).map(|estimate| estimate.interval);
    mae.map_or(Cell::Missing, |mae| Cell::with_interval(1e3 * mae, interval))
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
    /// In 1/km.
    comparison: study::Comparison,
}

/// Every policy beside those after it, and beside the predictors that look at nothing. The first two predictors are the
/// primary comparison; the others are corrected together (Holm).
fn differences(comparison: &Comparison) -> Vec<Pair> {
    let all = &comparison.predictors;
    let firsts = all.iter().enumerate().filter(|(_, first)| first.looks);
    let pairs = firsts.flat_map(|(at, first)| all[at + 1..].iter().map(|second| pair(first, second, comparison)));
    let mut pairs: Vec<Pair> = pairs.collect();
    study::Comparison::correct_together(pairs.iter_mut().skip(1).map(|pair| &mut pair.comparison));
    pairs
}

/// Trainings of the same seed are paired, and what looks at nothing with each training; without a common seed the
/// comparison is unpaired.
fn pair(first: &Predictor, second: &Predictor, comparison: &Comparison) -> Pair {
    let errors = |predictor| by_training(predictor, comparison);
    let seeds = |predictor: &Predictor| predictor.trainings.iter().map(|training| training.seed).collect::<Vec<_>>();
    let partners = if second.looks {
        Partners::of_seeds(&seeds(first), &seeds(second))
    } else {
        Partners::of_baseline(first.trainings.len())
    };
    let comparison = partners.compare_rates(&errors(first), &errors(second));
    Pair { first: first.name.clone(), second: second.name.clone(), comparison }
}

impl Pair {
    fn verdict(&self) -> String {
        self.comparison.verdict().text(&self.first, &self.second)
    }

    /// In words, where the two differ or may.
    fn in_words(&self) -> Option<String> {
        let Estimate { value, interval: Interval { low, high }, .. } = self.comparison.difference?;
        let found = self.comparison.verdict();
        let differ = found.marked().is_some() || matches!(found, Verdict::Suggested(_));
        let (first, second, verdict) = (&self.first, &self.second, self.verdict());
        differ.then(|| format!("{first} beside {second}: {verdict}, {value:+.2} [{low:.2}, {high:.2}] 1/km"))
    }
}

/// The differences that are shown or suggested, in words.
fn sentence(pairs: &[Pair]) -> String {
    let differing: Vec<String> = pairs.iter().filter_map(Pair::in_words).collect();
    match (differing.is_empty(), pairs.len()) {
        (true, tried) => format!("No difference of mean absolute errors is shown, of {tried} tried."),
        (false, tried) => format!("Differences of mean absolute errors, of {tried} tried: {}.", differing.join("; ")),
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
        let (first, second) = (Cell::text(&pair.first), Cell::text(&pair.second));
        let (pairing, difference) = (pair.comparison.pairing.to_string(), difference_cell(pair.comparison.difference));
        vec![first, second, Cell::text(pairing), difference, Cell::text(pair.verdict())]
    };
    Table {
        id: "differences".into(),
        title: "Differences".into(),
        note: format!(
            "First less second; lower is nearer to the human. Every two policies, and each policy beside the predictors \
             that look at nothing. Trainings of the same seed are paired, block by block of 5 s; policies without a common \
             seed are compared unpaired. The first row is the primary comparison; the others are corrected together \
             (Holm). {RULE_OF_WORDS}"
        ),
        columns,
        rows: pairs.iter().map(row).collect(),
    }
}
