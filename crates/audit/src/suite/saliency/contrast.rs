//! Whether what the paper's figure shows is a difference between policies or between procedures.

use super::SaliencyStudy;
use super::probe::PROCEDURES;
use super::quantity::{Place, Procedure, Quantity};
use crate::study::{Comparison, Findings, Measure, Partners, Row};
use crate::suite::policies::difference_cell;
use lane_policy::saliency::Method;
use lane_report::section::{Cell, Column, Table};
use lane_statistics::pairs::every_two;
use lane_statistics::verdict::RULE_OF_WORDS;

/// One comparison.
struct Contrast {
    /// What is the same on both sides.
    within: String,
    /// What differs, first less second.
    of: [String; 2],
    between_policies: bool,
    comparison: Comparison,
}

/// One quantity less another of the same trainings, paired by frame.
pub(super) fn within(row: &Row<'_, SaliencyStudy>, [a, b]: [Quantity; 2]) -> Comparison {
    let of = |quantity: Quantity| row.records.iter().map(|record| quantity.values(record)).collect();
    Partners::within(row.records.len()).compare_values(of(a), of(b))
}

/// A quantity of one policy less another quantity of another policy.
fn across([first, second]: [&Row<'_, SaliencyStudy>; 2], [of_first, of_second]: [Quantity; 2]) -> Comparison {
    let name = first.name.clone();
    let each_its_own: Measure<SaliencyStudy> = Measure::mean_of_record("", "", 0, move |record| {
        if record.entrant.row() == name { of_first.values(record) } else { of_second.values(record) }
    });
    each_its_own.compare(first, second)
}

/// Whether a policy remembers earlier frames.
fn has_memory(row: &Row<'_, SaliencyStudy>) -> bool {
    let mut policies = row.records.iter().filter_map(|record| record.entrant.subject()?.driver.policy());
    policies.any(|policy| policy.kind().has_memory())
}

/// A difference as a sentence of numbers.
fn in_words([first, second]: [&str; 2], comparison: &Comparison) -> String {
    let verdict = comparison.verdict().text(first, second);
    let numbers = comparison.difference.map(|found| {
        format!(
            ", {first} less {second} is {:+.2} [{:.2}, {:.2}]",
            found.value, found.interval.low, found.interval.high
        )
    });
    format!("{verdict}{}", numbers.unwrap_or_default())
}

/// Share on a place of a map from 0 to 1.
fn share(method: Method, trained: bool, place: Place) -> Quantity {
    Quantity::Procedure(Procedure { method, trained, as_published: false }, place)
}

/// All comparisons on one place: policies within each procedure, procedures and training within each policy.
fn contrasts(findings: &Findings<'_, SaliencyStudy>, place: Place) -> Vec<Contrast> {
    let mut contrasts = Vec::new();
    for method in PROCEDURES {
        for (first, second) in every_two(findings.policies()) {
            let comparison = share(method, true, place).mean().compare(first, second);
            let of = [&first.name, &second.name].map(String::clone);
            contrasts.push(Contrast { within: method.name().into(), of, between_policies: true, comparison });
        }
    }
    let [algorithm_7, recurrent, convolutional] = PROCEDURES;
    for row in findings.policies() {
        let mut add = |of: [&str; 2], within_what: String, quantities: [Quantity; 2]| {
            let (of, comparison) = (of.map(str::to_owned), within(row, quantities));
            contrasts.push(Contrast { within: within_what, of, between_policies: false, comparison });
        };
        for pair in [[recurrent, convolutional], [recurrent, algorithm_7]] {
            add(pair.map(Method::name), row.name.clone(), pair.map(|method| share(method, true, place)));
        }
        for method in PROCEDURES {
            let trained_or_not = [true, false].map(|trained| share(method, trained, place));
            add(["trained", "untrained"], format!("{}, {method}", row.name), trained_or_not);
        }
    }
    contrasts.retain(|contrast| contrast.comparison.difference.is_some());
    Comparison::correct_together(contrasts.iter_mut().map(|contrast| &mut contrast.comparison));
    contrasts
}

/// All comparisons as a table.
pub(super) fn table(findings: &Findings<'_, SaliencyStudy>, place: Place, id: &str) -> Table {
    let columns = vec![
        Column::key("within", "Within"),
        Column::key("first", "First"),
        Column::key("second", "Second"),
        Column::measured("difference_times_uniform", "First less second", 2),
        Column::measured("verdict", "Verdict", 0),
        Column::measured("pairing", "Pairing", 0),
    ];
    let rows = contrasts(findings, place).into_iter().map(|contrast| {
        let Contrast { within, of: [first, second], comparison, .. } = contrast;
        let verdict = comparison.verdict().text(&first, &second);
        let [within, first, second, verdict] = [within, first, second, verdict].map(Cell::text);
        let pairing = Cell::text(comparison.pairing.to_string());
        vec![within, first, second, difference_cell(comparison.difference), verdict, pairing]
    });
    let note = format!(
        "Differences of the share (map from 0 to 1, over the area's share) with 95 % intervals over trainings and frames: of \
         every two policies, paired by frame and by training seed, unpaired without a common seed; and within a policy, each \
         training with itself. All of them are corrected together (Holm). {RULE_OF_WORDS}"
    );
    let (title, rows) = ("Policies within a procedure, and procedures within a policy".into(), rows.collect());
    Table { id: id.into(), title, note, columns, rows }
}

/// Comparisons of policies that are put into sentences; more are left to the table.
const MOST_IN_WORDS: usize = 2;

/// What the comparisons amount to.
pub(super) fn in_sentences(findings: &Findings<'_, SaliencyStudy>, place: Place, place_name: &str) -> Vec<String> {
    let contrasts = contrasts(findings, place);
    let scripts = [PROCEDURES[1], PROCEDURES[2]].map(Method::name);
    let by_script: Vec<&Contrast> = contrasts.iter().filter(|contrast| contrast.of == scripts).collect();
    let by_policy: Vec<&Contrast> = contrasts.iter().filter(|contrast| contrast.between_policies).collect();
    let in_words = |contrast: &&Contrast| {
        let [first, second] = &contrast.of;
        let words = in_words([first, second], &contrast.comparison);
        format!("{}, share on {place_name}: {words}.", contrast.within)
    };
    let mut sentences: Vec<String> = as_drawn_in_the_paper(findings, place, place_name);
    if findings.policies().len() <= MOST_IN_WORDS {
        sentences.extend(by_script.iter().map(in_words));
        sentences.extend(by_policy.iter().map(in_words));
    }
    let shown: Vec<&Contrast> =
        by_policy.iter().copied().filter(|contrast| contrast.comparison.verdict().marked().is_some()).collect();
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
fn as_drawn_in_the_paper(findings: &Findings<'_, SaliencyStudy>, place: Place, place_name: &str) -> Vec<String> {
    let shares = [share(PROCEDURES[1], true, place), share(PROCEDURES[2], true, place)];
    let sentences = every_two(findings.policies()).filter_map(|(a, b)| {
        let pair = match [a, b].map(has_memory) {
            [true, false] => [a, b],
            [false, true] => [b, a],
            _ => return None,
        };
        let comparison = across(pair, shares);
        let of = [format!("{} by the RNN script", pair[0].name), format!("{} by the CNN script", pair[1].name)];
        let words = in_words([&of[0], &of[1]], &comparison);
        Some(format!("Each by its own script, as in the paper's figure, share on {place_name}: {words}."))
    });
    sentences.take(MOST_IN_WORDS).collect()
}

/// The largest difference, whatever its sign.
fn largest(contrasts: &[&Contrast]) -> Option<f64> {
    let differences = contrasts.iter().filter_map(|contrast| contrast.comparison.difference);
    differences.map(|difference| difference.value.abs()).max_by(f64::total_cmp)
}
