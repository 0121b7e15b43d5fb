//! The head of the page: who was audited, and how to do it again.

use super::number::count;
use crate::audit::report::{About, AuditedPolicy};
use maud::{Markup, html};

/// `Audit of ncp, cnn and lstm`.
pub(super) fn title(about: &About) -> String {
    match about.policies().as_slice() {
        [] => "Audit".into(),
        [only] => format!("Audit of {only}"),
        [first @ .., last] => format!("Audit of {} and {last}", first.join(", ")),
    }
}

pub(super) fn header(about: &About) -> Markup {
    html! {
        header {
            h1 { (title(about)) }
            dl {
                dt { "Command" }
                dd { code { (about.command) } }
                dt { "Program" }
                dd { "liquid-lane " (about.version) ", revision " code { (about.revision) } }
            }
            @if !about.subjects.is_empty() { (subjects(&about.subjects)) }
            p.hint {
                "Numbers in brackets are 95 % intervals. Every number is in " code { "report.json" } " and "
                code { "tables/" } " beside this page at full precision. The same command on the same weights gives \
                 this report again, byte for byte."
            }
        }
    }
}

fn subjects(subjects: &[AuditedPolicy]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Policies audited" {
            table {
                caption.hidden { "Policies audited" }
                thead {
                    tr {
                        th scope="col" { "Policy" }
                        th.number scope="col" { "Training seed" }
                        th.number scope="col" { "Parameters" }
                        th scope="col" { "Training" }
                        th.number scope="col" { "Noise variance in training" }
                        th scope="col" { "SHA-256 of the weights" }
                    }
                }
                tbody {
                    @for (row, subject) in subjects.iter().enumerate() {
                        tr class=[(row == 0 || subjects[row - 1].policy != subject.policy).then_some("group")] {
                            th scope="row" { (subject.policy) }
                            td.number { (subject.training_seed) }
                            td.number { (count(subject.parameters as u64)) }
                            td.words { (subject.training) }
                            @match subject.trained_noise_variance {
                                Some(variance) => td.number { (variance) },
                                None => td.number.missing { "–" },
                            }
                            td { code.hash { (subject.weights_sha256) } }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    #[test]
    fn the_title_names_each_policy_once() {
        let mut about = sample::report().about;
        assert_eq!(title(&about), "Audit of ncp and cnn");
        about.subjects.truncate(2);
        assert_eq!(title(&about), "Audit of ncp");
    }

    #[test]
    fn the_head_says_who_was_audited_and_how() {
        let about = sample::report().about;
        let header = header(&about).into_string();
        for subject in &about.subjects {
            assert!(header.contains(&subject.weights_sha256));
        }
        assert!(header.contains("liquid-lane audit driving") && header.contains("0123abc"));
    }
}
