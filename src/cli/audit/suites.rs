//! What each suite's word stands for, and how large it is where nothing else is asked for.

use anyhow::{Context as _, ensure};
use clap::ValueEnum;
use lane_audit::suite::curves::CurvesSuite;
use lane_audit::suite::driving::DrivingSuite;
use lane_audit::suite::neurons::NeuronsSuite;
use lane_audit::suite::passive::PassiveSuite;
use lane_audit::suite::replay::ReplaySuite;
use lane_audit::suite::saliency::SaliencySuite;
use lane_audit::suite::shortcut::ShortcutSuite;
use lane_audit::suite::{Subject, Suite};
use lane_recording::{Recording, RecordingOptions};
use std::path::PathBuf;
use std::sync::Arc;

/// The suites, and two words for several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Word {
    /// 3 roads x 20 s; exit code 1 if a policy leaves its lane
    Smoke,
    /// 100 roads x 60 s
    Unseen,
    /// The paper's image noise, variance 0, 0.1, 0.2, 0.3
    Noise,
    /// 18 corruptions of the picture and worn-off paint, 5 severities each
    Corrupt,
    /// Starts off the lane centre and askew
    Recover,
    /// Commands up to 300 ms late, and lost frames
    Latency,
    /// Bends that become tighter until the policy fails
    Curves,
    /// Night, fog, snow, other ground, no paint
    Ood,
    /// Cues beside the road that told the curvature in training and lie now
    Shortcut,
    /// Where the policies attend, and whether that can be believed
    Saliency,
    /// What the neurons do
    Neurons,
    /// The paper's Table 1: held-out demonstrations, open loop
    Passive,
    /// Your recording, open loop
    Replay,
    /// noise, passive, saliency and neurons: the paper's Fig. 4 and 5 and Table 1
    Paper,
    /// Every suite
    All,
}

/// Frames of `saliency`, a road each.
const SALIENCY_FRAMES: u32 = 100;

/// How much is driven.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Size {
    /// Roads of each setting, in place of the suite's own number
    #[arg(long, value_name = "N")]
    roads: Option<u32>,
    /// Seconds on each road, in place of the suite's own number
    #[arg(long)]
    seconds: Option<f64>,
}

impl Size {
    fn or(&self, roads: u32, seconds: f64) -> (u32, f64) {
        (self.roads.unwrap_or(roads), self.seconds.unwrap_or(seconds))
    }
}

/// The suites of a word.
///
/// # Errors
/// When sizes make no sense, or a recording is missing, superfluous or cannot be used.
pub fn suites(
    word: Word,
    subjects: &Arc<[Subject]>,
    size: &Size,
    recordings: &[PathBuf],
    options: &RecordingOptions,
) -> anyhow::Result<Vec<Box<dyn Suite>>> {
    if let Some(roads) = size.roads {
        ensure!((1..=1_000_000).contains(&roads), "--roads: expected 1 to 1000000, got {roads}");
    }
    if let Some(seconds) = size.seconds {
        ensure!((1.0..=3600.0).contains(&seconds), "--seconds: expected 1 to 3600, got {seconds}");
    }
    let takes = matches!(word, Word::Replay | Word::Saliency | Word::Paper | Word::All);
    ensure!(takes || recordings.is_empty(), "this suite takes no recording");
    ensure!(word != Word::Replay || recordings.len() == 1, "replay: name one recording: audit replay PATH");
    let words = match word {
        Word::Paper => vec![Word::Noise, Word::Passive, Word::Saliency, Word::Neurons],
        Word::All => {
            let all = Word::value_variants().iter().copied();
            let single = all.filter(|word| !matches!(word, Word::Paper | Word::All | Word::Smoke));
            single.filter(|word| *word != Word::Replay || recordings.len() == 1).collect()
        }
        single => vec![single],
    };
    let paper = word == Word::Paper;
    words.into_iter().map(|single| suite(single, paper, subjects.clone(), size, recordings, options)).collect()
}

fn suite(
    word: Word,
    paper: bool,
    subjects: Arc<[Subject]>,
    size: &Size,
    recordings: &[PathBuf],
    options: &RecordingOptions,
) -> anyhow::Result<Box<dyn Suite>> {
    let driving = |make: fn(Arc<[Subject]>, u32, f64) -> DrivingSuite, roads, seconds| -> Box<dyn Suite> {
        let (roads, seconds) = size.or(roads, seconds);
        Box::new(make(subjects.clone(), roads, seconds))
    };
    Ok(match word {
        Word::Smoke => driving(DrivingSuite::smoke, 3, 20.0),
        Word::Unseen => driving(DrivingSuite::unseen, 100, 60.0),
        Word::Noise => driving(DrivingSuite::noise, 30, 30.0),
        Word::Corrupt => driving(DrivingSuite::corrupt, 4, 20.0),
        Word::Recover => driving(DrivingSuite::recover, 4, 10.0),
        Word::Latency => driving(DrivingSuite::latency, 10, 20.0),
        Word::Ood => driving(DrivingSuite::ood, 20, 30.0),
        Word::Passive => Box::new(PassiveSuite::new(subjects, size.roads.unwrap_or(30) as usize)),
        Word::Curves => Box::new(CurvesSuite::new(subjects, size.roads.unwrap_or(4))),
        Word::Shortcut => {
            let (roads, seconds) = size.or(10, 20.0);
            Box::new(ShortcutSuite::new(subjects, roads, seconds))
        }
        Word::Saliency => {
            let frames = size.roads.unwrap_or(SALIENCY_FRAMES);
            let make = if paper { SaliencySuite::paper } else { SaliencySuite::new };
            Box::new(make(subjects, frames, recordings.to_vec()))
        }
        Word::Neurons => {
            let (roads, seconds) = size.or(6, 20.0);
            Box::new(NeuronsSuite::new(subjects, roads, seconds))
        }
        Word::Replay => {
            let path = recordings.first().context("replay: name a recording")?;
            Box::new(ReplaySuite::new(subjects, Recording::open_with(path, options)?)?)
        }
        Word::Paper | Word::All => anyhow::bail!("it stands for several suites"),
    })
}
