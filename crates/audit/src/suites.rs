//! The suites of the audit, one line each: a new suite is a file in `suite/` and an entry here. The command line's words,
//! its help and what `all` and `paper` stand for come from this table.

use crate::study::Study as _;
use crate::suite::blind::BlindStudy;
use crate::suite::curves::CurvesStudy;
use crate::suite::driving::DrivingStudy;
use crate::suite::left_out::LeftOut;
use crate::suite::named_recording::NamedRecording;
use crate::suite::neurons::NeuronsStudy;
use crate::suite::passive::PassiveStudy;
use crate::suite::replay::ReplaySuite;
use crate::suite::saliency::SaliencyStudy;
use crate::suite::shortcut::ShortcutStudy;
use crate::suite::{Subject, Suite};
use anyhow::{Context as _, ensure};
use lane_recording::{Recording, RecordingOptions};
use std::path::PathBuf;
use std::sync::Arc;

/// A suite that can be asked for.
#[derive(Clone, Copy, Debug)]
pub struct SuiteKind {
    /// Its word on the command line; also the id of its section.
    pub word: &'static str,
    /// What it tries, for the help.
    pub about: &'static str,
    /// What `--roads` counts in it.
    pub counted: &'static str,
    /// How many of them where nothing else is asked for.
    pub roads: u32,
    /// Seconds on each where nothing else is asked for; nothing where the suite has its own.
    pub seconds: Option<f64>,
    /// How many recordings it takes.
    pub recordings: Recordings,
    make: fn(&Order<'_>) -> anyhow::Result<Box<dyn Suite>>,
}

/// How many recordings a suite takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recordings {
    /// None.
    None,
    /// Any number.
    Any,
    /// Exactly one.
    One,
}

/// What one suite is made of.
struct Order<'a> {
    subjects: Arc<[Subject]>,
    roads: u32,
    seconds: f64,
    recordings: &'a [Arc<NamedRecording>],
    /// Only what the paper's own figures need.
    paper: bool,
}

impl Order<'_> {
    fn driving(&self, study: fn(u32, f64) -> DrivingStudy) -> anyhow::Result<Box<dyn Suite>> {
        Ok(study(self.roads, self.seconds).on(self.subjects.clone()))
    }
}

impl SuiteKind {
    /// A suite that counts roads and takes no recording.
    const fn new(
        word: &'static str,
        about: &'static str,
        roads: u32,
        seconds: Option<f64>,
        make: fn(&Order<'_>) -> anyhow::Result<Box<dyn Suite>>,
    ) -> Self {
        Self { word, about, counted: "roads", roads, seconds, recordings: Recordings::None, make }
    }

    const fn counting(self, counted: &'static str) -> Self {
        Self { counted, ..self }
    }

    const fn taking(self, recordings: Recordings) -> Self {
        Self { recordings, ..self }
    }

    /// Its sentence for the help, with its own size.
    pub fn help(&self) -> String {
        match (self.roads, self.seconds) {
            (0, _) => self.about.to_owned(),
            (roads, Some(seconds)) => format!("{} ({roads} {} x {seconds} s)", self.about, self.counted),
            (roads, None) => format!("{} ({roads} {})", self.about, self.counted),
        }
    }
}

/// Every suite, in the order of reports.
pub const SUITES: &[SuiteKind] = &[
    SuiteKind::new(
        "smoke",
        "Do the policies drive at all? Exit code 1 if one leaves its lane",
        3,
        Some(20.0),
        |order| order.driving(DrivingStudy::smoke),
    ),
    SuiteKind::new("unseen", "Roads that no training saw", 100, Some(60.0), |order| {
        order.driving(DrivingStudy::unseen)
    }),
    SuiteKind::new(
        "noise",
        "Image noise of variance 0, 0.01, 0.04, 0.09, 0.1, 0.2, 0.3: the paper's by its code and by its text",
        30,
        Some(30.0),
        |order| order.driving(DrivingStudy::noise),
    ),
    SuiteKind::new("corrupt", "Corruptions of the picture and worn-off paint, in severities", 4, Some(20.0), |order| {
        order.driving(DrivingStudy::corrupt)
    }),
    SuiteKind::new("recover", "Starts off the lane centre and askew", 4, Some(10.0), |order| {
        order.driving(DrivingStudy::recover)
    }),
    SuiteKind::new("latency", "Commands up to 300 ms late, and lost frames", 10, Some(20.0), |order| {
        order.driving(DrivingStudy::latency)
    }),
    SuiteKind::new("curves", "Bends that become tighter until the policy fails", 4, None, |order| {
        Ok(CurvesStudy::new(order.roads).on(order.subjects.clone()))
    })
    .counting("looks"),
    SuiteKind::new("ood", "Night, fog, snow, other ground, no paint", 20, Some(30.0), |order| {
        order.driving(DrivingStudy::ood)
    }),
    SuiteKind::new(
        "shortcut",
        "Cues beside the road that told the curvature in training and lie now",
        10,
        Some(20.0),
        |order| Ok(ShortcutStudy::new(order.roads, order.seconds).on(order.subjects.clone())),
    ),
    SuiteKind::new(
        "blind",
        "Black, frozen, foreign, mirrored, noisy frames: do the policies look? Exit code 1 if one drives as well with them",
        10,
        Some(20.0),
        |order| Ok(BlindStudy::new(order.roads, order.seconds).on(order.subjects.clone())),
    ),
    SuiteKind::new("saliency", "Where the policies attend, and whether that can be believed", 100, None, |order| {
        let study = if order.paper { SaliencyStudy::paper } else { SaliencyStudy::new };
        Ok(study(order.roads, order.recordings.to_vec()).on(order.subjects.clone()))
    })
    .counting("frames")
    .taking(Recordings::Any),
    SuiteKind::new("neurons", "What the neurons do", 6, Some(20.0), |order| {
        Ok(NeuronsStudy::new(order.roads, order.seconds).on(order.subjects.clone()))
    }),
    SuiteKind::new("passive", "The paper's Table 1: held-out demonstrations, open loop", 30, None, |order| {
        Ok(PassiveStudy::new(order.roads as usize).on(order.subjects.clone()))
    })
    .counting("demonstrations in each of ten parts"),
    SuiteKind::new("replay", "Your recording, open loop", 0, None, |order| {
        let recording = order.recordings.first().context("replay: name a recording")?;
        Ok(Box::new(ReplaySuite::new(order.subjects.clone(), Arc::clone(recording))?))
    })
    .taking(Recordings::One),
];

/// A word for several suites.
#[derive(Clone, Copy, Debug)]
pub struct Bundle {
    /// The word on the command line.
    pub word: &'static str,
    /// What it is for.
    pub about: &'static str,
    holds: fn(&SuiteKind) -> bool,
}

/// Every word for several suites.
pub const BUNDLES: [Bundle; 2] = [
    Bundle {
        word: "paper",
        about: "noise, saliency, neurons and passive: the paper's Fig. 4 and 5 and Table 1",
        holds: |suite| matches!(suite.word, "noise" | "saliency" | "neurons" | "passive"),
    },
    Bundle {
        word: "all",
        about: "Every suite but smoke; replay with a recording",
        holds: |suite| suite.word != "smoke",
    },
];

/// How much is tried, where it is not each suite's own size.
#[derive(Clone, Copy, Debug, Default)]
pub struct Size {
    /// Roads, or what a suite counts instead: 1 to 1000000.
    pub roads: Option<u32>,
    /// Seconds on each road: 1 to 3600.
    pub seconds: Option<f64>,
}

/// The suites of a word, on some policies.
///
/// # Errors
/// When there is no such word, sizes make no sense, or a recording is missing, superfluous or cannot be used.
pub fn suites(
    word: &str,
    subjects: &Arc<[Subject]>,
    size: Size,
    recordings: &[PathBuf],
    options: &RecordingOptions,
) -> anyhow::Result<Vec<Box<dyn Suite>>> {
    if let Some(roads) = size.roads {
        ensure!((1..=1_000_000).contains(&roads), "--roads: expected 1 to 1000000, got {roads}");
    }
    if let Some(seconds) = size.seconds {
        ensure!((1.0..=3600.0).contains(&seconds), "--seconds: expected 1 to 3600, got {seconds}");
    }
    let bundle = BUNDLES.iter().find(|bundle| bundle.word == word);
    let chosen: Vec<&SuiteKind> = match bundle {
        Some(bundle) => {
            let fits = |suite: &&SuiteKind| suite.recordings != Recordings::One || recordings.len() == 1;
            SUITES.iter().filter(|suite| (bundle.holds)(suite)).filter(fits).collect()
        }
        None => SUITES.iter().filter(|suite| suite.word == word).collect(),
    };
    ensure!(!chosen.is_empty(), "there is no suite `{word}`");
    let takes = chosen.iter().any(|suite| suite.recordings != Recordings::None);
    ensure!(takes || recordings.is_empty(), "this suite takes no recording");
    let alone = bundle.is_none() && chosen.iter().any(|suite| suite.recordings == Recordings::One);
    ensure!(!alone || recordings.len() == 1, "{word}: name one recording: audit {word} PATH");
    ensure!(
        !recordings.is_empty() || *options == RecordingOptions::default(),
        "the options of a recording are there without a recording: name one"
    );
    let open = |path: &PathBuf| Recording::open_with(path, options).map(|opened| Arc::new(NamedRecording::new(opened)));
    let recordings = recordings.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let make = |suite: &SuiteKind| {
        let made = (suite.make)(&Order {
            subjects: subjects.clone(),
            roads: size.roads.unwrap_or(suite.roads),
            seconds: size.seconds.or(suite.seconds).unwrap_or_default(),
            recordings: &recordings,
            paper: word == "paper",
        })?;
        // Alone it is refused; among others the report goes on without it, and says so.
        let is_left_out = bundle.is_some() && made.units().is_empty();
        Ok(if is_left_out { Box::new(LeftOut::new(suite.word, suite.about)) } else { made })
    };
    chosen.into_iter().map(make).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::test_subjects::untrained;
    use std::collections::BTreeSet;

    fn made(word: &str, recordings: &[PathBuf]) -> anyhow::Result<Vec<&'static str>> {
        let subjects = untrained(&["ncp"], 1);
        let suites = suites(word, &subjects, Size::default(), recordings, &RecordingOptions::default())?;
        Ok(suites.iter().map(|suite| suite.id()).collect())
    }

    #[test]
    fn every_word_makes_the_suite_of_its_name() {
        let alone = SUITES.iter().filter(|suite| suite.recordings != Recordings::One);
        for suite in alone {
            assert_eq!(made(suite.word, &[]).unwrap(), [suite.word]);
        }
        let words = SUITES.iter().map(|suite| suite.word).chain(BUNDLES.iter().map(|bundle| bundle.word));
        assert_eq!(words.collect::<BTreeSet<_>>().len(), SUITES.len() + BUNDLES.len(), "no word twice");
        assert!(made("no-such-suite", &[]).is_err());
    }

    #[test]
    fn words_for_several_suites_stand_for_those_that_need_no_recording() {
        let all = made("all", &[]).unwrap();
        assert_eq!(all.len(), SUITES.len() - 2);
        assert!(!all.contains(&"smoke") && !all.contains(&"replay") && all.contains(&"blind"), "{all:?}");
        assert_eq!(made("paper", &[]).unwrap(), ["noise", "saliency", "neurons", "passive"]);
    }

    #[test]
    fn recordings_go_where_they_are_taken() {
        let refusal = |word: &str, recordings: &[PathBuf]| made(word, recordings).unwrap_err().to_string();
        assert_eq!(refusal("unseen", &["drive".into()]), "this suite takes no recording");
        assert_eq!(refusal("replay", &[]), "replay: name one recording: audit replay PATH");
    }
}
