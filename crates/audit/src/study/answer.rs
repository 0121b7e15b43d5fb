//! What a study's findings say to the questions of the report's first screen.

use super::{Comparison, Findings, Measure, Row, Study};
use lane_report::answers::{Answer, Better};
use lane_statistics::pairs::every_two;
use lane_statistics::verdict::Lower;

impl<S: Study> Findings<'_, S> {
    /// Fills an answer by the measure of this number, over the cases for which `holds`: a value for each policy and
    /// baseline, and the differences between policies that are [marked](lane_statistics::verdict::Verdict::marked).
    pub fn answer(&self, answer: Answer, measure: usize, holds: impl Fn(&S::Case) -> bool) -> Answer {
        let Some(measure) = self.measures().get(measure) else { return answer };
        let rows: Vec<Row<'_, S>> = self.rows().iter().map(|row| row.within(&holds)).collect();
        measure.answer(answer, &rows)
    }

    /// Who and how much was tried: `3 trainings of each on 100 roads of 60 s`.
    pub fn basis(&self, tried: &str) -> String {
        let most = self.policies().iter().map(|row| row.records.len()).max().unwrap_or_default();
        format!("{most} {} of each on {tried}", if most == 1 { "training" } else { "trainings" })
    }
}

impl<S: Study> Measure<S> {
    /// Fills an answer: a value for each of some policies and baselines, and the differences between policies that are
    /// shown. The first two policies are the primary comparison; the others are corrected together.
    pub fn answer(&self, mut answer: Answer, rows: &[Row<'_, S>]) -> Answer {
        for row in rows {
            answer = answer.policy(&row.name, self.score_cell(row));
        }
        let policies: Vec<&Row<'_, S>> = rows.iter().filter(|row| !row.is_baseline()).collect();
        let mut compared: Vec<_> = every_two(&policies)
            .map(|(first, second)| (&first.name, &second.name, self.compare(first, second)))
            .collect();
        Comparison::correct_together(compared.iter_mut().skip(1).map(|(_, _, comparison)| comparison));
        for (first, second, comparison) in compared {
            if let Some(lower) = comparison.verdict().marked() {
                let first_is_better = (lower == Lower::First) == (answer.better == Better::Lower);
                let [better, worse] = if first_is_better { [first, second] } else { [second, first] };
                answer = answer.difference(better, worse);
            }
        }
        answer
    }
}
