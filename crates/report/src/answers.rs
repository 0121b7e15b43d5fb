//! Answers to the questions that a reader brings to an audit: the first screen of the report.
//!
//! A suite hands over what it found out as data, and the report makes the table of policies against questions from it,
//! on the page, in `report.json` and in `tables/answers.csv`. A question that no suite of the run
//! answered stays in the table with the command that answers it.
//!
//! ```
//! use lane_report::answers::{Answer, Better, Question};
//! use lane_report::section::{Cell, Section};
//!
//! let answer = Answer::new(Question::Noise, "crashes at variance 0.1", "1/km", Better::Lower, 2)
//!     .on("3 trainings of each on 100 roads of 60 s")
//!     .policy("ncp", Cell::Interval { value: 0.4, low: 0.2, high: 0.6 })
//!     .policy("cnn", Cell::Interval { value: 2.1, low: 1.5, high: 2.9 })
//!     .difference("ncp", "cnn"); // shown; the better one first
//! let section = Section::new("noise", "Noisy pictures").answer(answer);
//! # assert_eq!(section.answers.len(), 1);
//! ```

use crate::table::Cell;
use serde::{Deserialize, Serialize};

/// A question of the first screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Whether the car stays in its lane on roads that it has not seen, without any disturbance.
    CleanDriving,
    /// Whether it stays there with noise on the pictures.
    Noise,
    /// Whether it stays there in weather and light that were held back from training.
    UnseenLooks,
    /// Whether it stays there when the picture is corrupted: fog, glare, blur, dirt.
    Corruptions,
    /// Whether it comes back into its lane from beside it.
    Recovery,
    /// Whether it stays there when its commands come late.
    Delay,
    /// How tight a bend it can drive.
    Bends,
    /// How near its steering is to the expert's on demonstrations that were held out, open loop.
    Demonstrations,
    /// Whether the policy attends to the road, by a saliency method that is faithful to it.
    Attention,
    /// How smoothly it steers.
    Smoothness,
    /// How simple what its neurons do is: how much of it one number tells.
    Simplicity,
    /// Whether it needs the picture to drive.
    Blind,
}

impl Question {
    /// Every question, in the order of the table.
    pub const ALL: [Self; 12] = [
        Self::CleanDriving,
        Self::Noise,
        Self::UnseenLooks,
        Self::Corruptions,
        Self::Recovery,
        Self::Delay,
        Self::Bends,
        Self::Demonstrations,
        Self::Attention,
        Self::Smoothness,
        Self::Simplicity,
        Self::Blind,
    ];

    /// Name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::CleanDriving => "clean_driving",
            Self::Noise => "noise",
            Self::UnseenLooks => "unseen_looks",
            Self::Corruptions => "corruptions",
            Self::Recovery => "recovery",
            Self::Delay => "delay",
            Self::Bends => "bends",
            Self::Demonstrations => "demonstrations",
            Self::Attention => "attention",
            Self::Smoothness => "smoothness",
            Self::Simplicity => "simplicity",
            Self::Blind => "blind",
        }
    }

    /// The question in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::CleanDriving => "Does it stay in its lane on roads it has not seen?",
            Self::Noise => "Does it stay there when the pictures are noisy?",
            Self::UnseenLooks => "Does it stay there in weather and light it has not seen?",
            Self::Corruptions => "Does it stay there when the pictures are spoiled by fog, glare, blur or dirt?",
            Self::Recovery => "Does it come back from beside its lane?",
            Self::Delay => "Does it stay there when its commands come late?",
            Self::Bends => "How tight a bend does it drive?",
            Self::Demonstrations => "How near is it to the expert on drives it has not seen?",
            Self::Attention => "Does it attend to the road?",
            Self::Smoothness => "How smoothly does it steer?",
            Self::Simplicity => "How simple is what its neurons do?",
            Self::Blind => "Does it need to see?",
        }
    }

    /// The command that answers the question.
    pub fn command(self) -> &'static str {
        match self {
            Self::CleanDriving | Self::Smoothness => "liquid-lane audit unseen",
            Self::Noise => "liquid-lane audit noise",
            Self::UnseenLooks => "liquid-lane audit ood",
            Self::Corruptions => "liquid-lane audit corrupt",
            Self::Recovery => "liquid-lane audit recover",
            Self::Delay => "liquid-lane audit latency",
            Self::Bends => "liquid-lane audit curves",
            Self::Demonstrations => "liquid-lane audit passive",
            Self::Attention => "liquid-lane audit saliency",
            Self::Simplicity => "liquid-lane audit neurons",
            Self::Blind => "liquid-lane audit blind",
        }
    }
}

/// Which values of a measure are the better ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Crashes, errors.
    Lower,
    /// Shares of success.
    Higher,
}

impl Better {
    /// `lower is better`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Lower => "lower is better",
            Self::Higher => "higher is better",
        }
    }
}

/// How the policies of an audit did at one question, by one measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What was asked.
    pub question: Question,
    /// What was measured, in a few words that fit below the question: `crashes at variance 0.1`.
    pub measure: String,
    /// Its unit: `1/km`; empty for a share.
    pub unit: String,
    /// Which values are the better ones.
    pub better: Better,
    /// Digits behind the point on the page.
    pub decimals: usize,
    /// What it was measured on: `3 trainings of each on 100 roads of 60 s`; may be empty.
    pub basis: String,
    /// One value for each policy. A baseline that is no policy of the audit gets a column behind the policies.
    pub policies: Vec<PolicyValue>,
    /// The differences between two policies that are shown.
    pub differences: Vec<Difference>,
    /// Those that are only suggested.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suggested: Vec<Difference>,
}

/// What was measured of one policy, all its trainings together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyValue {
    /// The policy's name.
    pub policy: String,
    /// An interval, a number, or that nothing was measured.
    pub value: Cell,
}

/// A difference between two policies, or between two single trainings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Name of the policy that did better.
    pub better: String,
    /// Name of the policy that did worse.
    pub worse: String,
}

impl Answer {
    /// An answer without values; see the fields for the arguments.
    pub fn new(question: Question, measure: &str, unit: &str, better: Better, decimals: usize) -> Self {
        Self {
            question,
            measure: measure.into(),
            unit: unit.into(),
            better,
            decimals,
            basis: String::new(),
            policies: Vec::new(),
            differences: Vec::new(),
            suggested: Vec::new(),
        }
    }

    /// Says what it was measured on.
    pub fn on(mut self, basis: impl Into<String>) -> Self {
        self.basis = basis.into();
        self
    }

    /// Adds the value of a policy.
    pub fn policy(mut self, policy: &str, value: Cell) -> Self {
        self.policies.push(PolicyValue { policy: policy.into(), value });
        self
    }

    /// Adds a difference that is shown between two policies.
    pub fn difference(mut self, better: &str, worse: &str) -> Self {
        self.differences.push(Difference { better: better.into(), worse: worse.into() });
        self
    }

    /// Adds a difference that is only suggested.
    pub fn suggestion(mut self, better: &str, worse: &str) -> Self {
        self.suggested.push(Difference { better: better.into(), worse: worse.into() });
        self
    }

    /// Takes the value of a policy away, and every difference between it and another.
    pub fn without(mut self, policy: &str) -> Self {
        self.policies.iter_mut().filter(|value| value.policy == policy).for_each(|value| value.value = Cell::Missing);
        for differences in [&mut self.differences, &mut self.suggested] {
            differences.retain(|difference| difference.better != policy && difference.worse != policy);
        }
        self
    }

    /// What was measured of a policy.
    pub fn value(&self, policy: &str) -> Option<&Cell> {
        self.policies.iter().find(|value| value.policy == policy).map(|value| &value.value)
    }

    /// The policies that a policy is shown to be better than.
    pub fn better_than(&self, policy: &str) -> Vec<&str> {
        worse_than(&self.differences, policy)
    }

    /// The policies that a policy is only suggested to be better than.
    pub fn suggested_better_than(&self, policy: &str) -> Vec<&str> {
        worse_than(&self.suggested, policy)
    }

    /// The measure with its unit and its better side: `crashes at variance 0.1, 1/km; lower is better`.
    pub fn measure_words(&self) -> String {
        let unit = if self.unit.is_empty() { String::new() } else { format!(", {}", self.unit) };
        format!("{}{unit}; {}", self.measure, self.better.words())
    }
}

fn worse_than<'a>(differences: &'a [Difference], policy: &str) -> Vec<&'a str> {
    let better = differences.iter().filter(|difference| difference.better == policy);
    better.map(|difference| difference.worse.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_files_are_those_of_the_json() {
        for question in Question::ALL {
            assert_eq!(serde_json::to_value(question).unwrap(), question.name());
        }
    }
}
