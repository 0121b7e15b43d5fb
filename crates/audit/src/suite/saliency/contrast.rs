//! Whether what the paper's figure shows is a difference between policies or between procedures.

use super::findings::{Findings, in_words};
use super::probe::PROCEDURES;
use super::quantity::{Place, Procedure, Quantity};
use crate::study::{Comparison, Pairing};
use lane_policy::saliency::Method;
use lane_report::section::{Cell, Column, Table};
use lane_statistics::bootstrap::Difference;

/// One comparison.
struct Contrast {
    /// What is the same on both sides.
    within: String,
    /// What differs, first less second.
    of: [String; 2],
    between_policies: bool,
    /// Which trainings were paired.
    pairing: String,
    difference: Difference,
}

/// Share on a place of a map from 0 to 1.
fn share(method: Method, trained: bool, place: Place) -> Quantity {
    Quantity::Procedure(Procedure { method, trained, as_published: false }, place)
}

/// All comparisons on one place: policies within each procedure, procedures and training within each policy.
fn contrasts(findings: &Findings<'_>, place: Place) -> Vec<Contrast> {
    let mut contrasts = Vec::new();
    for method in PROCEDURES {
        for pair in findings.pairs() {
            let Comparison { pairing, difference } = findings.between(pair, share(method, true, place));
            if let Some(difference) = difference {
                let (within, of, pairing) = (method.name().into(), pair.map(str::to_owned), pairing.to_string());
                contrasts.push(Contrast { within, of, between_policies: true, pairing, difference });
            }
        }
    }
    let each = || Pairing::Baseline.to_string();
    let [algorithm_7, recurrent, convolutional] = PROCEDURES;
    for policy in findings.policies() {
        for pair in [[recurrent, convolutional], [recurrent, algorithm_7]] {
            if let Some(difference) = findings.within(policy, pair.map(|method| share(method, true, place))) {
                let of = pair.map(|method| method.name().to_owned());
                contrasts.push(Contrast {
                    within: policy.into(),
                    of,
                    between_policies: false,
                    pairing: each(),
                    difference,
                });
            }
        }
        for method in PROCEDURES {
            if let Some(difference) =
                findings.within(policy, [true, false].map(|trained| share(method, trained, place)))
            {
                let (within, of) = (format!("{policy}, {method}"), ["trained".into(), "untrained".into()]);
                contrasts.push(Contrast { within, of, between_policies: false, pairing: each(), difference });
            }
        }
    }
    contrasts
}

/// All comparisons as a table.
pub(super) fn table(findings: &Findings<'_>, place: Place, id: &str) -> Table {
    let columns = vec![
        Column::key("within", "Within"),
        Column::key("first", "First"),
        Column::key("second", "Second"),
        Column::measured("difference_times_uniform", "First less second", 2),
        Column::measured("differs", "Difference shown", 0),
        Column::measured("pairing", "Pairing", 0),
    ];
    let rows = contrasts(findings, place).into_iter().map(|contrast| {
        let Contrast { within, of: [first, second], pairing, difference, .. } = contrast;
        let shown = if difference.differs { "yes" } else { "no" };
        let mean = Cell::with_interval(difference.mean, Some(difference.interval));
        let [within, first, second, pairing] = [within, first, second, pairing].map(Cell::text);
        vec![within, first, second, mean, Cell::text(shown), pairing]
    });
    let note = "Differences of the share (map from 0 to 1, over the area's share) with 95 % bootstrap intervals: of every \
                two policies, paired by frame and by training seed, unpaired without a common seed; and within a policy, \
                each training with itself. A difference is called one if its interval excludes 0.";
    let (title, rows) = ("Policies within a procedure, and procedures within a policy".into(), rows.collect());
    Table { id: id.into(), title, note: note.into(), columns, rows }
}

/// Comparisons of policies that are put into sentences; more are left to the table.
const MOST_IN_WORDS: usize = 2;

/// What the comparisons amount to.
pub(super) fn in_sentences(findings: &Findings<'_>, place: Place, place_name: &str) -> Vec<String> {
    let contrasts = contrasts(findings, place);
    let scripts = [PROCEDURES[1], PROCEDURES[2]].map(Method::name);
    let by_script: Vec<&Contrast> = contrasts.iter().filter(|contrast| contrast.of == scripts).collect();
    let by_policy: Vec<&Contrast> = contrasts.iter().filter(|contrast| contrast.between_policies).collect();
    let in_words = |contrast: &&Contrast| {
        let [first, second] = &contrast.of;
        let words = in_words([first, second], &contrast.difference);
        format!("{}, share on {place_name}: {words}.", contrast.within)
    };
    let mut sentences: Vec<String> = as_drawn_in_the_paper(findings, place, place_name);
    if findings.policies().len() <= MOST_IN_WORDS {
        sentences.extend(by_script.iter().map(in_words));
        sentences.extend(by_policy.iter().map(in_words));
    }
    let shown: Vec<&Contrast> = by_policy.iter().copied().filter(|contrast| contrast.difference.differs).collect();
    match (largest(&by_script), largest(&shown)) {
        (Some(by_script), Some(most)) => sentences.push(format!(
            "On {place_name} a contrast between policies is left that the procedure does not explain: in {} of {} \
             comparisons within a procedure, at most {most:.2}; the change from one script to the other makes up to \
             {by_script:.2} on one policy.",
            shown.len(),
            by_policy.len(),
        )),
        (Some(by_script), None) if !by_policy.is_empty() => sentences.push(format!(
            "On {place_name} no contrast between policies is shown once both get the same procedure ({} comparisons); the \
             change from one script to the other makes up to {by_script:.2} on one policy.",
            by_policy.len()
        )),
        _ => {}
    }
    sentences
}

/// Policies with memory by the script for recurrent heads less those without by the script for the CNN.
fn as_drawn_in_the_paper(findings: &Findings<'_>, place: Place, place_name: &str) -> Vec<String> {
    let shares = [share(PROCEDURES[1], true, place), share(PROCEDURES[2], true, place)];
    let sentences = findings.pairs().into_iter().filter_map(|[a, b]| {
        let pair = match [a, b].map(|policy| findings.has_memory(policy)) {
            [true, false] => [a, b],
            [false, true] => [b, a],
            _ => return None,
        };
        let difference = findings.across(pair, shares).difference?;
        let of = [format!("{} by the RNN script", pair[0]), format!("{} by the CNN script", pair[1])];
        let words = in_words([&of[0], &of[1]], &difference);
        Some(format!("Each by its own script, as in the paper's figure, share on {place_name}: {words}."))
    });
    sentences.take(MOST_IN_WORDS).collect()
}

/// The largest difference, whatever its sign.
fn largest(contrasts: &[&Contrast]) -> Option<f64> {
    contrasts.iter().map(|contrast| contrast.difference.mean.abs()).max_by(f64::total_cmp)
}
