//! What may be said of a difference, by the number of trainings that it rests on.
//!
//! A policy is more than one training of it. With three trainings against three, no exact permutation test can go below
//! p = 0.10, so fewer than four never show a difference; three that agree suggest one. One training each is judged over
//! its cases: that speaks of these two networks and of no other.

use crate::effects::Estimate;

/// Trainings of each side from which on a difference can be shown.
pub const ENOUGH_TRAININGS: usize = 4;

/// Probability below which chance is no longer taken for an explanation.
pub const SIGNIFICANCE: f64 = 0.05;

/// The rule, for the notes of tables.
pub const RULE_OF_WORDS: &str = "What is said depends on the trainings of the side with fewer: from four on a difference is \
    shown where its corrected p-value is below 0.05, and suggested where only the uncorrected one is; with three it is at \
    most suggested, and only where all trainings agree; two give no verdict; one training each is judged over its cases, \
    which says nothing of other trainings. Where neither side has an event, the most that their rates may be apart stands in \
    the unit of the scores.";

/// What a comparison amounts to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// There is too little to compare.
    TooLittle,
    /// Neither side has an event; with 95 % confidence their rates differ by at most this.
    NoEvents {
        /// In the unit of the rates.
        at_most: f64,
    },
    /// Two trainings are too few for any.
    TwoTrainings,
    /// The difference may be chance.
    NotShown,
    /// Three trainings agree, or only the uncorrected p-value is small.
    Suggested(Lower),
    /// There is a difference between the policies.
    Shown(Lower),
    /// There is a difference between these two trainings.
    OfTheseTrainings(Lower),
}

/// The side with the lower figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lower {
    /// The first.
    First,
    /// The second.
    Second,
}

impl Verdict {
    /// Of an estimated difference with its p-value after correction for other comparisons.
    pub fn new(difference: &Estimate, corrected_p: f64) -> Self {
        let lower = if difference.value < 0.0 { Lower::First } else { Lower::Second };
        let (alone, together) = (difference.p < SIGNIFICANCE, corrected_p < SIGNIFICANCE);
        match difference.trainings {
            0 | 1 if together => Self::OfTheseTrainings(lower),
            2 => Self::TwoTrainings,
            3 if alone && difference.unanimous => Self::Suggested(lower),
            ENOUGH_TRAININGS.. if together => Self::Shown(lower),
            ENOUGH_TRAININGS.. if alone => Self::Suggested(lower),
            _ => Self::NotShown,
        }
    }

    /// The lower side of a difference that may be marked as one: shown, or shown of these two trainings.
    pub fn marked(self) -> Option<Lower> {
        match self {
            Self::Shown(lower) | Self::OfTheseTrainings(lower) => Some(lower),
            Self::TooLittle | Self::NoEvents { .. } | Self::TwoTrainings | Self::NotShown | Self::Suggested(_) => None,
        }
    }

    /// The lower side of a difference that is only suggested.
    pub fn suggested(self) -> Option<Lower> {
        if let Self::Suggested(lower) = self { Some(lower) } else { None }
    }

    /// In words.
    pub fn text(self, first: &str, second: &str) -> String {
        let name = |lower| if lower == Lower::First { first } else { second };
        match self {
            Self::TooLittle => "too little to compare".into(),
            Self::NoEvents { at_most } => format!("none on either side: at most {at_most:.2} apart"),
            Self::TwoTrainings => "no verdict with two trainings".into(),
            Self::NotShown => "no difference shown".into(),
            Self::Suggested(lower) => format!("suggested: {} lower", name(lower)),
            Self::Shown(lower) => format!("{} lower", name(lower)),
            Self::OfTheseTrainings(lower) => format!("{} lower (one training)", name(lower)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interval::Interval;

    fn estimate(p: f64, trainings: usize, unanimous: bool) -> Estimate {
        Estimate { value: -2.0, interval: Interval { low: -3.0, high: -1.0 }, p, trainings, unanimous }
    }

    #[test]
    fn the_words_follow_from_the_number_of_trainings() {
        let words = |trainings| Verdict::new(&estimate(0.01, trainings, true), 0.02).text("ncp", "cnn");
        let expected = [
            (1, "ncp lower (one training)"),
            (2, "no verdict with two trainings"),
            (3, "suggested: ncp lower"),
            (4, "ncp lower"),
            (10, "ncp lower"),
        ];
        for (trainings, text) in expected {
            assert_eq!(words(trainings), text, "{trainings}");
        }
    }

    #[test]
    fn three_trainings_suggest_only_what_all_of_them_say() {
        assert_eq!(Verdict::new(&estimate(0.01, 3, false), 0.01), Verdict::NotShown);
        assert_eq!(Verdict::new(&estimate(0.06, 3, true), 0.06), Verdict::NotShown);
    }

    #[test]
    fn what_the_correction_takes_away_is_only_suggested() {
        assert_eq!(Verdict::new(&estimate(0.01, 10, true), 0.2), Verdict::Suggested(Lower::First));
        assert_eq!(Verdict::new(&estimate(0.01, 1, true), 0.2), Verdict::NotShown);
        assert_eq!(Verdict::new(&estimate(0.2, 10, true), 0.2), Verdict::NotShown);
    }
}
