//! The first screen of the page: policies against questions.

use super::number::number;
use crate::answers::{Answer, Question};
use crate::overview::{self, Row};
use crate::section::{Cell, Section};
use maud::{Markup, html};

/// The table of answers; `policies` are those of the audit, in their order.
pub(super) fn markup(policies: &[&str], sections: &[Section]) -> Markup {
    let columns = overview::columns(policies, sections);
    let (answered, open): (Vec<_>, Vec<_>) = overview::rows(sections).into_iter().partition(|row| row.answer.is_some());
    html! {
        @if !answered.is_empty() {
            div.scroll tabindex="0" role="region" aria-label="Answers" {
                table.answers {
                    caption.hidden { "Answers" }
                    thead { tr { th scope="col" { "Question" } @for column in &columns { th scope="col" { (column) } } } }
                    tbody { @for Row { answer, .. } in &answered { @if let Some(answer) = answer { (row(answer, &columns)) } } }
                }
            }
            p.hint {
                span.better { "Better" } " marks a difference that is shown between two policies, which takes four trainings of each, or between \
                 two single trainings; " span.suggested { "suggested" } " one that three trainings agree on, or that does not outlast the correction for \
                 several comparisons. Both are the verdicts of the section's table of differences, corrected as its note says."
            }
        }
        // A report without policies asks nothing.
        @if !open.is_empty() && !policies.is_empty() {
            div.open {
                p { "This audit did not ask:" }
                ul { @for Row { question, .. } in &open { li { (open_question(*question)) } } }
            }
        }
    }
}

fn open_question(question: Question) -> Markup {
    html! { (question.words()) " " code { (question.command()) } }
}

fn row((section, answer): &(&Section, &Answer), columns: &[&str]) -> Markup {
    html! {
        tr.group {
            th scope="row" {
                a href={ "#section-" (section.id) } { (answer.question.words()) }
                span.measure { (answer.measure_words()) }
                @if !answer.basis.is_empty() { span.measure { (answer.basis) } }
            }
            @for column in columns { td data-policy=(column) { (value(answer, column)) } }
        }
    }
}

fn value(answer: &Answer, policy: &str) -> Markup {
    let decimals = answer.decimals;
    let (worse, suggested) = (answer.better_than(policy), answer.suggested_better_than(policy));
    html! {
        @match answer.value(policy) {
            Some(Cell::Interval { value, low, high }) => {
                (number(*value, decimals))
                span.interval { " [" (number(*low, decimals)) ", " (number(*high, decimals)) "]" }
            }
            Some(Cell::Number(value)) => (number(*value, decimals)),
            Some(Cell::Count(count)) => (super::number::count(*count)),
            Some(Cell::Text(text)) => (text),
            Some(Cell::Missing) | None => span.missing { "–" },
        }
        @if !worse.is_empty() { span.better { "better than " (worse.join(", ")) } }
        @if !suggested.is_empty() { span.suggested { "suggested: better than " (suggested.join(", ")) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_row_links_to_its_section_and_marks_the_differences_that_are_shown() {
        let report = sample::report();
        let page = markup(&report.about.policies(), &report.sections).into_string();
        assert!(page.contains("<a href=\"#section-driving\">Does it stay in its lane on roads it has not seen?</a>"));
        assert!(page.contains("crashes, 1/km; lower is better"));
        let ncp = "<td data-policy=\"ncp\">0.30<span class=\"interval\"> [0.10, 0.55]</span>\
                   <span class=\"better\">better than cnn</span></td>";
        assert!(page.contains(ncp), "{page}");
        assert!(page.contains("<td data-policy=\"cnn\">1.50</td>"), "{page}");
    }

    #[test]
    fn an_open_question_names_the_command_that_answers_it() {
        let page = markup(&["ncp"], &[]).into_string();
        assert!(!page.contains("<table"));
        for question in Question::ALL {
            assert!(page.contains(question.words()) && page.contains(question.command()), "{question:?}");
        }
    }
}
