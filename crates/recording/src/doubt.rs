//! What of a recording's labels and times was known, what was guessed, and what the data contradict.

use std::fmt;

use crate::motion::Motion;
use crate::{Format, LabelProfile, Recording, SkipReason, Timing, Unit};

/// One part of how a recording is taken, and how sure that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The part.
    pub about: About,
    /// How sure it is.
    pub certainty: Certainty,
    /// The reason in a few words; empty where there is nothing to say.
    pub why: String,
    /// The option that settles it; `None` where nothing is to be settled.
    pub option: Option<&'static str>,
}

/// A part of how a recording is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Unit of the steering.
    Unit,
    /// Side to which positive values steer.
    Sign,
    /// Times of the entries.
    Time,
    /// Order of the entries.
    Order,
}

/// How sure a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// By the format, the recording or the user.
    Known,
    /// By names, values or custom.
    Guessed,
    /// Whatever it was by, the data speak against it.
    Contradicted,
}

impl About {
    /// Its name for the screen and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Sign => "sign",
            Self::Time => "time",
            Self::Order => "order",
        }
    }
}

impl Certainty {
    /// Its name for the screen and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Guessed => "guessed",
            Self::Contradicted => "contradicted",
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.about.name(), self.certainty.name())?;
        if !self.why.is_empty() {
            write!(f, ": {}", self.why)?;
        }
        match self.option {
            Some(option) => write!(f, " ({option})"),
            None => Ok(()),
        }
    }
}

/// More rows beyond a unit's range than this share are not a few damaged ones.
const FEW_ROWS: f64 = 0.01;

/// Steering comes by 0; counts of a servo or joystick begin above.
const FAR_FROM_ZERO: f64 = 5.0;

impl Recording {
    /// Unit, sign, time and order, each with how sure it is; without steering the latter two. For the sign the motion of the
    /// pictures is measured, which decodes some of them.
    pub fn doubts(&self) -> Vec<Doubt> {
        let of_label = self.label().map(|label| [self.doubt_of_unit(label), self.doubt_of_sign(label)]);
        let others = [self.doubt_of_time(), self.doubt_of_order()];
        of_label.into_iter().flatten().chain(others).collect()
    }

    fn doubt_of_unit(&self, label: LabelProfile) -> Doubt {
        let beyond = self.skipped().get(&SkipReason::SteeringOutOfRange).copied().unwrap_or_default();
        let doubt = |certainty, why: String, option| Doubt { about: About::Unit, certainty, why, option };
        if beyond as f64 > FEW_ROWS * (beyond + self.len()) as f64 {
            let why = format!("{beyond} rows are beyond the range of {}", label.unit.name());
            return doubt(Certainty::Contradicted, why, Some("--unit"));
        }
        if label.unit_is_known {
            return doubt(Certainty::Known, String::new(), None);
        }
        match self.one_side() {
            Some(middle) if label.unit != Unit::Counts => {
                let why =
                    format!("all values are on one side of 0, around {middle:.0}: counts of a servo or joystick?");
                doubt(Certainty::Contradicted, why, Some("--unit counts --centre COUNT --full COUNTS"))
            }
            _ => doubt(Certainty::Guessed, format!("{} by name and values", label.unit.name()), Some("--unit")),
        }
    }

    /// The mean of values that all lie above 0 and off it, which no steering does.
    fn one_side(&self) -> Option<f64> {
        let values: Vec<f64> = self.entries.iter().filter_map(|entry| entry.recorded_value).collect();
        let (least, most) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &v| (a.min(v), b.max(v)));
        let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        (values.len() > 1 && most > least && least > FAR_FROM_ZERO).then_some(mean)
    }

    fn doubt_of_sign(&self, label: LabelProfile) -> Doubt {
        let doubt = |certainty, why, option| Doubt { about: About::Sign, certainty, why, option };
        let guessed = if label.sign_is_known { Certainty::Known } else { Certainty::Guessed };
        let option = (!label.sign_is_known).then_some("--sign");
        match self.motion() {
            Motion::Agrees(r) => doubt(guessed, format!("the pictures move with it, r {r:.2}"), option),
            Motion::Contradicts(r) => {
                doubt(Certainty::Contradicted, format!("the pictures move against it, r {r:.2}"), Some("--sign"))
            }
            Motion::Unclear => doubt(guessed, "the motion of the pictures could not be measured".to_owned(), option),
        }
    }

    fn doubt_of_time(&self) -> Doubt {
        let doubt = |certainty, why, option| Doubt { about: About::Time, certainty, why, option };
        match self.timing() {
            Timing::Assumed { step_ms } => {
                doubt(Certainty::Guessed, format!("{:.0} Hz assumed", 1e3 / step_ms), Some("--rate"))
            }
            Timing::Recorded { .. } => doubt(Certainty::Known, self.time_note.clone(), None),
            Timing::Given { .. } => doubt(Certainty::Known, String::new(), None),
        }
    }

    fn timing_is_counted(&self) -> bool {
        matches!(self.timing(), Timing::Assumed { .. })
    }

    fn doubt_of_order(&self) -> Doubt {
        let doubt = |certainty, why, option| Doubt { about: About::Order, certainty, why, option };
        match self.arrangement.moved {
            0 if self.format() == Format::IMAGES && self.label().is_none() => {
                doubt(Certainty::Guessed, "by the numbers in the names".to_owned(), None)
            }
            0 => doubt(Certainty::Known, String::new(), None),
            moved => {
                let by = if self.timing_is_counted() { "the numbers in their names" } else { "their times" };
                let why = format!("{moved} rows stood behind later ones; all were put in the order of {by}");
                doubt(Certainty::Contradicted, why, Some("--rate keeps the order of the file"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RecordingOptions;
    use lane_frame::RgbImage;

    /// A table of these values, one for each picture.
    fn texts(rows: &[String], options: &RecordingOptions) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        for number in 0..rows.len() {
            RgbImage::new(16, 12).save(dir.path().join(format!("{number}.png"))).unwrap();
        }
        std::fs::write(dir.path().join("labels.csv"), format!("image,t,servo_angle\n{}", rows.concat())).unwrap();
        let recording = Recording::open_with(dir.path(), options).unwrap();
        recording.doubts().iter().map(Doubt::to_string).collect()
    }

    fn rows(value: impl Fn(usize) -> f64, millis: impl Fn(usize) -> usize) -> Vec<String> {
        (0..30).map(|i| format!("{i}.png,{},{}\n", millis(i), value(i))).collect()
    }

    #[test]
    fn what_is_guessed_names_the_option_that_settles_it() {
        let texts = texts(&rows(|i| (i as f64 / 5.0).sin(), |i| 50 * i), &RecordingOptions::default());
        let expected = [
            "unit guessed: share by name and values (--unit)",
            "sign guessed: the motion of the pictures could not be measured (--sign)",
            "time known",
            "order known",
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn what_the_data_contradict_is_told() {
        let servo = rows(|i| 90.0 + 20.0 * (i as f64 / 5.0).sin(), |i| 50 * (29 - i));
        let texts = texts(&servo, &RecordingOptions { unit: None, ..RecordingOptions::default() });
        assert!(texts[0].starts_with("unit contradicted: all values are on one side of 0, around 9"), "{}", texts[0]);
        assert_eq!(
            texts[3],
            "order contradicted: 29 rows stood behind later ones; all were put in the order of their times \
             (--rate keeps the order of the file)"
        );
        let degrees = rows(|i| 40.0 * (i as f64 / 5.0).sin(), |i| 50 * i);
        let share = RecordingOptions { unit: Some(Unit::Share), ..RecordingOptions::default() };
        let texts = self::texts(&degrees, &share);
        assert!(texts[0].contains("rows are beyond the range of share (--unit)"), "{}", texts[0]);
    }

    #[test]
    fn a_rate_of_the_users_leaves_no_doubt_of_time() {
        let options = RecordingOptions { rate_hz: Some(10.0), ..RecordingOptions::default() };
        assert_eq!(texts(&rows(|_| 0.5, |i| 50 * i), &options)[2], "time known");
        let without: Vec<String> = (0..30).map(|i| format!("{i}.png,,0.5\n")).collect();
        assert_eq!(texts(&without, &RecordingOptions::default())[2], "time guessed: 20 Hz assumed (--rate)");
    }
}
