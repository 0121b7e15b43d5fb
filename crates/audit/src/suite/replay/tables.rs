//! The numbers of the replay suite, and what they say in words.

use super::comparison::{Comparison, Predictor};
use super::lag::best_lag;
use crate::open_loop::{OpenLoopFigures, curvature_table, steering_error_table};
use crate::study::{self, Partners, Scale, primary_sentence};
use crate::suite::policies::difference_cell;
use lane_report::section::{Cell, Column, Section, Table};
use lane_statistics::correlation::pearson;
use lane_statistics::effects;
use lane_statistics::order::mean;
use lane_statistics::verdict::{Lower, RULE_OF_WORDS, Verdict};

/// Adds all tables, and says which differences there are.
pub(super) fn add(section: Section, comparison: &Comparison) -> Section {
    let differences = differences(comparison);
    let section = verdicts(&differences).into_iter().fold(section, Section::conclude);
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

    /// The one with the smaller error and the other, where a verdict names one.
    fn ordered(&self, lower: fn(Verdict) -> Option<Lower>) -> Option<[&str; 2]> {
        let pair = [self.first.as_str(), self.second.as_str()];
        lower(self.comparison.verdict()).map(|lower| if lower == Lower::First { pair } else { [pair[1], pair[0]] })
    }
}

/// What the primary comparison came to, and which differences are shown or suggested.
fn verdicts(pairs: &[Pair]) -> Vec<String> {
    let Some(Pair { first, second, comparison }) = pairs.first() else { return Vec::new() };
    let named = format!("mean absolute error, {first} and {second}");
    let scale = Scale::Difference { decimals: 2, unit: "1/km" };
    let primary = primary_sentence(&named, [first, second], comparison, scale);
    let tried = pairs.len();
    let [shown, suggested] = [Verdict::marked, Verdict::suggested].map(|lower| in_words(pairs, lower));
    let mut sentence = if shown.is_empty() {
        format!("No difference of mean absolute errors is shown, of {tried} tried.")
    } else {
        format!("Differences of mean absolute errors, of {tried} tried: {shown}.")
    };
    if !suggested.is_empty() {
        sentence += &format!(" Suggested, not shown: {suggested}.");
    }
    vec![primary, sentence]
}

/// The differences that a verdict finds, by the one with the smaller error: `zero lower than ncp, cnn; cnn lower than ncp`.
fn in_words(pairs: &[Pair], lower: fn(Verdict) -> Option<Lower>) -> String {
    let mut worse_than: Vec<(&str, Vec<&str>)> = Vec::new();
    for [better, worse] in pairs.iter().filter_map(|pair| pair.ordered(lower)) {
        match worse_than.iter_mut().find(|(known, _)| *known == better) {
            Some((_, others)) => others.push(worse),
            None => worse_than.push((better, vec![worse])),
        }
    }
    let each = worse_than.iter().map(|(better, worse)| format!("{better} lower than {}", worse.join(", ")));
    each.collect::<Vec<_>>().join("; ")
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::Pairing;
    use lane_statistics::effects::Estimate;
    use lane_statistics::interval::Interval;

    #[test]
    fn verdicts_name_the_smaller_error_first_and_what_is_only_suggested_last() {
        let pair = |first: &str, second: &str, value: f64, corrected_p| {
            let interval = Interval { low: value - 1.0, high: value + 1.0 };
            let difference = Estimate { value, interval, p: 0.01, trainings: 4, unanimous: true };
            let (difference, corrected_p) = (Some(difference), Some(corrected_p));
            let comparison = study::Comparison { pairing: Pairing::EachTraining, difference, bound: None, corrected_p };
            Pair { first: first.into(), second: second.into(), comparison }
        };
        let pairs = [
            pair("ncp", "cnn", 2.0, 0.01),
            pair("ncp", "zero", 5.0, 0.02),
            pair("cnn", "zero", 3.0, 0.03),
            pair("ncp", "mean", -4.0, 0.2),
        ];
        let expected = [
            "Primary comparison, named before the run (mean absolute error, ncp and cnn): cnn lower; ncp less cnn 2.00 \
             [1.00, 3.00] 1/km, p = 0.0100.",
            "Differences of mean absolute errors, of 4 tried: cnn lower than ncp; zero lower than ncp, cnn. Suggested, \
             not shown: ncp lower than mean.",
        ];
        assert_eq!(verdicts(&pairs), expected);
    }
}
