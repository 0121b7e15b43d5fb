//! The first screen of the report: what its sections answered, as rows of policies against questions.

use crate::answers::{Answer, Better, PolicyValue, Question};
use crate::section::{Cell, Column, Section, Table};

/// A row of the first table: a question, and the section and answer of a suite where one answered it.
pub(super) struct Row<'a> {
    pub question: Question,
    pub answer: Option<(&'a Section, &'a Answer)>,
}

/// The rows in the order of the questions; a question that several suites answered has a row for each.
pub(super) fn rows(sections: &[Section]) -> Vec<Row<'_>> {
    let all = || sections.iter().flat_map(|section| section.answers.iter().map(move |answer| (section, answer)));
    let of = |question: Question| {
        let answers = all().filter(move |(_, answer)| answer.question == question).map(Some);
        let answers: Vec<_> = answers.collect();
        if answers.is_empty() { vec![None] } else { answers }
    };
    let rows = Question::ALL.into_iter().flat_map(|question| of(question).into_iter().map(move |a| (question, a)));
    rows.map(|(question, answer)| Row { question, answer }).collect()
}

/// The columns of the first table: the policies of the audit, then whatever else the answers name.
pub(super) fn columns<'a>(policies: &[&'a str], sections: &'a [Section]) -> Vec<&'a str> {
    let mut columns = policies.to_vec();
    for value in sections.iter().flat_map(|section| &section.answers).flat_map(|answer| &answer.policies) {
        if !columns.contains(&value.policy.as_str()) {
            columns.push(&value.policy);
        }
    }
    columns
}

/// Every answer at full precision, a row for each policy; `None` where no suite answered a question.
pub(super) fn file_table(sections: &[Section]) -> Option<Table> {
    let columns = vec![
        Column::key("question", "question"),
        Column::key("suite", "suite"),
        Column::key("measure", "measure"),
        Column::key("unit", "unit"),
        Column::key("better", "better"),
        Column::key("basis", "measured on"),
        Column::key("policy", "policy"),
        Column::measured("value", "value", 3),
        Column::measured("better_than", "shown to be better than", 0),
        Column::measured("suggested_better_than", "suggested to be better than", 0),
    ];
    let mut rows = Vec::new();
    for Row { question, answer } in self::rows(sections) {
        let Some((section, answer)) = answer else { continue };
        let better = if answer.better == Better::Lower { "lower" } else { "higher" };
        for PolicyValue { policy, value } in &answer.policies {
            let words = [question.name(), &section.id, &answer.measure, &answer.unit, better, &answer.basis, policy];
            let worse = [answer.better_than(policy), answer.suggested_better_than(policy)];
            let worse = worse.map(|names| Cell::text(names.join(" ")));
            rows.push(words.into_iter().map(Cell::text).chain([value.clone()]).chain(worse).collect());
        }
    }
    let (id, title, note) = ("answers".into(), "Answers".into(), String::new());
    (!rows.is_empty()).then_some(Table { id, title, note, columns, rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sections() -> Vec<Section> {
        let rate = |value| Cell::Interval { value, low: value - 0.1, high: value + 0.1 };
        let noise = Answer::new(Question::Noise, "crashes", "1/km", Better::Lower, 2)
            .policy("ncp", rate(0.4))
            .policy("cnn", rate(2.0))
            .policy("expert", Cell::Number(0.0))
            .difference("ncp", "cnn");
        let smooth = Answer::new(Question::Smoothness, "change of steering", "1/km", Better::Lower, 1)
            .policy("ncp", Cell::Missing);
        vec![Section::new("noise", "Noise").answer(noise), Section::new("unseen", "Unseen").answer(smooth)]
    }

    #[test]
    fn every_question_has_a_row_in_a_fixed_order_and_an_unanswered_one_no_answer() {
        let sections = sections();
        let rows = rows(&sections);
        assert_eq!(rows.iter().map(|row| row.question).collect::<Vec<_>>(), Question::ALL);
        let answered = rows.iter().filter_map(|row| row.answer.map(|(section, _)| section.id.as_str()));
        assert_eq!(answered.collect::<Vec<_>>(), ["noise", "unseen"]);
    }

    #[test]
    fn a_question_that_two_suites_answered_has_a_row_for_each() {
        let mut sections = sections();
        let answer = sections[0].answers[0].clone();
        sections[1].answers.push(answer);
        assert_eq!(rows(&sections).iter().filter(|row| row.question == Question::Noise).count(), 2);
    }

    #[test]
    fn policies_come_before_what_is_no_policy_of_the_audit() {
        assert_eq!(columns(&["cnn", "ncp"], &sections()), ["cnn", "ncp", "expert"]);
    }

    #[test]
    fn the_file_holds_each_value_with_what_its_policy_is_better_than() {
        let table = file_table(&sections()).unwrap();
        let better_than: Vec<&Cell> = table.rows.iter().map(|row| &row[8]).collect();
        assert_eq!(better_than, [&Cell::text("cnn"), &Cell::text(""), &Cell::text(""), &Cell::text("")]);
        assert_eq!(table.rows[0][7], Cell::Interval { value: 0.4, low: 0.4 - 0.1, high: 0.5 });
        assert!(file_table(&[Section::new("words", "Words")]).is_none());
    }
}
