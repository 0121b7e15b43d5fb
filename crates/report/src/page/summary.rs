//! Who was audited, and how to do it again: the head of the page, and its last table.

use super::number::count;
use crate::{About, AuditedPolicy};
use maud::{Markup, html};

/// `Audit of ncp, cnn and lstm`.
pub(super) fn title(about: &About) -> String {
    match about.policies().as_slice() {
        [] => "Audit".into(),
        [only] => format!("Audit of {only}"),
        [first @ .., last] => format!("Audit of {} and {last}", first.join(", ")),
    }
}

/// Who was audited.
pub(super) fn header(about: &About) -> Markup {
    html! {
        header {
            h1 { (title(about)) }
            @if !about.subjects.is_empty() {
                p { (trainings(about)) ". " a href="#trainings" { "Recipes and weights" } }
            }
        }
    }
}

/// How to do it again, and where the numbers are.
pub(super) fn how(about: &About) -> Markup {
    html! {
        dl {
            dt { "Command" }
            dd { code { (about.command) } }
            dt { "Program" }
            dd { "liquid-lane " (about.version) ", revision " code { (about.revision) } }
        }
        p.hint {
            "Numbers in brackets are 95 % intervals. Every number is in " code { "report.json" } " and "
            code { "tables/" } " beside this page at full precision. The same command on the same weights gives \
             this report again, byte for byte."
        }
    }
}

/// `2 trainings of ncp, 1 of cnn`.
fn trainings(about: &About) -> String {
    let count = |policy: &str| about.subjects.iter().filter(|subject| subject.policy == policy).count();
    let counted = about.policies().into_iter().enumerate().map(|(place, policy)| match (place, count(policy)) {
        (0, 1) => format!("1 training of {policy}"),
        (0, count) => format!("{count} trainings of {policy}"),
        (_, count) => format!("{count} of {policy}"),
    });
    counted.collect::<Vec<_>>().join(", ")
}

/// Every training with its recipe and the hash of its weights; nothing without any.
pub(super) fn subjects(subjects: &[AuditedPolicy]) -> Markup {
    html! {
        @if !subjects.is_empty() {
            section id="trainings" aria-labelledby="title-trainings" {
                h2 id="title-trainings" { "Trainings audited" }
                (subjects_table(subjects))
                p.top { a href="#contents" { "Back to the contents" } }
            }
        }
    }
}

fn subjects_table(subjects: &[AuditedPolicy]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Trainings audited" {
            table {
                caption.hidden { "Trainings audited" }
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
    use super::*;
    use crate::sample;

    #[test]
    fn the_title_names_each_policy_once() {
        let mut about = sample::report().about;
        assert_eq!(title(&about), "Audit of ncp and cnn");
        about.subjects.truncate(2);
        assert_eq!(title(&about), "Audit of ncp");
    }

    #[test]
    fn the_page_says_who_was_audited_and_how() {
        let about = sample::report().about;
        let header = header(&about).into_string();
        assert!(header.contains("2 trainings of ncp, 1 of cnn. "), "{header}");
        let how = how(&about).into_string();
        assert!(how.contains("liquid-lane audit driving") && how.contains("0123abc"));
        let table = subjects(&about.subjects).into_string();
        assert!(about.subjects.iter().all(|subject| table.contains(&subject.weights_sha256)));
        assert!(subjects(&[]).into_string().is_empty());
    }
}
