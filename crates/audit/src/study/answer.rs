//! What a study's findings say to the questions of the report's first screen.

use super::{Findings, Study};
use lane_report::answers::{Answer, Better};
use lane_report::counted;
use lane_statistics::verdict::Lower;

impl<S: Study> Findings<'_, S> {
    /// Fills an answer by the measure of this name within the group of cases of this name, which is empty where all cases
    /// belong together: a value for each policy and baseline, and the differences between policies that the table of
    /// differences calls [shown or suggested](Findings::differences), by the same p-value and the same correction. A
    /// measure that claims nothing has values alone. The answer stays as it is where there is no such measure or group.
    pub fn answer(&self, mut answer: Answer, measure: &str, group: &str) -> Answer {
        let mut measures = self.measures().iter().enumerate();
        let Some((place, measure)) = measures.find(|(_, known)| known.name == measure) else {
            return answer;
        };
        let Some(group) = self.groups().iter().find(|known| known.name == group) else { return answer };
        for row in self.rows() {
            answer = answer.policy(&row.name, measure.score_cell(&row.within(&group.holds)));
        }
        if measure.claim.is_none() {
            return answer;
        }
        for contrast in self.differences().iter().filter(|contrast| contrast.group == group.name) {
            let verdict = contrast.by_measure[place].verdict();
            let Some(lower) = verdict.marked().or(verdict.suggested()) else { continue };
            let first_is_better = (lower == Lower::First) == (answer.better == Better::Lower);
            let pair = [contrast.first, contrast.second];
            let [better, worse] = if first_is_better { pair } else { [pair[1], pair[0]] };
            let is_shown = verdict.marked().is_some();
            answer = if is_shown { answer.difference(better, worse) } else { answer.suggestion(better, worse) };
        }
        answer
    }

    /// Who and how much was tried: `3 trainings of each on 100 roads of 60 s`.
    pub fn basis(&self, tried: &str) -> String {
        let most = self.policies().iter().map(|row| row.records.len()).max().unwrap_or_default();
        format!("{} of each on {tried}", counted(most, "training"))
    }

    /// The same where roads were driven.
    pub fn basis_of_roads(&self, roads: u32, seconds: f64) -> String {
        self.basis(&format!("{} of {seconds} s", counted(roads as usize, "road")))
    }
}
