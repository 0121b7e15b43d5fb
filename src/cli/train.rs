//! `liquid-lane train`: from first weights to a scored policy on disk.

mod config_file;
mod recipe;
mod recordings;
mod watch;

use super::output;
use super::range::{MOST_PARTS, above, number, whole};
use super::recording::options::RecordingArguments;
use crate::jobs::command_line;
use crate::jobs::training::{TrainingJob, TrainingRequest, in_words};
use anyhow::{Context as _, ensure};
use lane_audit::driving::DrivingScore;
use lane_driver::train::TrainingConfig;
use lane_policy::PolicyKind;
use lane_policy::cell::{CellSpec, Constraint};
use lane_policy::device::Backend;
use lane_policy::solver::Solver;
use lane_policy::weights::ModelCard;
use lane_recording::SplitBy;
use recordings::{NamedRecording, opened, splits};
use serde::Serialize;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Instant;
use watch::Watch;

/// Roads of the score of a training with the simulator; none of them is a test road.
const SCORE_ROADS: u32 = 50;

/// Most roads that a score may have.
const MOST_SCORE_ROADS: u32 = 10_000;

/// Least demonstrations: one batch.
const LEAST_LOOKS: usize = 16;

/// Demonstrations that the shipped weights saw.
const USUAL_LOOKS: usize = 60_000;

/// Most demonstrations: the number of one must fit into the low half of its seed.
const MOST_LOOKS: usize = 10_000_000;

/// Largest seed of a training: each of its demonstrations has a seed of its own, made from it.
const LARGEST_SEED: u64 = (1 << 28) - 1;

const EXAMPLES: &str = "\
Examples:
  liquid-lane train --policy ncp                        as the shipped weights were made, into out/
  liquid-lane train --policy cnn --looks 10000          a few minutes
  liquid-lane train --policy ncp --recording my_drive/  on your own drive: about a minute
  liquid-lane train --policy ncp --recording monday/ --recording tuesday/::weight=2::unit=front-deg
                                                        on two, each with options of its own
  liquid-lane train --policy ncp --recording my_drive/ --recording-share 0.5 --looks 10000
                                                        on your own drive and on the simulator, half and half
  liquid-lane drive --policies out/ncp.safetensors,cnn  drive what was trained, beside the shipped CNN";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Which policy: ncp, cnn, lstm, … (`liquid-lane model show` lists them), each also with -paper
    #[arg(long, required_unless_present = "config")]
    pub policy: Option<PolicyKind>,
    /// Take options from this TOML file, such as one that a training left beside its weights; those given here count more
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Go on where the same command was stopped, with the same result; from the beginning where there is no checkpoint
    #[arg(long)]
    pub resume: bool,
    /// How a continuous-time cell is solved: fused (liquid neurons only), euler or rk4
    #[arg(long)]
    pub solver: Option<Solver>,
    /// Parts of one step of a continuous-time cell
    #[arg(long, value_parser = whole(1..=MOST_PARTS))]
    pub unfolds: Option<usize>,
    /// How the conductances of liquid neurons stay positive: explicit or softplus
    #[arg(long)]
    pub constraint: Option<Constraint>,
    /// Seed of first weights, demonstrations and their order
    #[arg(long, value_parser = whole(0..=LARGEST_SEED), default_value_t = 1)]
    pub seed: u64,
    /// Different demonstrations of the simulator, each with its own road and look [default: 60000]; 10000 train a usable
    /// driver in a few minutes
    #[arg(long, value_parser = whole(LEAST_LOOKS..=MOST_LOOKS))]
    pub looks: Option<usize>,
    /// Begin with these weights of the same policy, in place of first weights by chance
    #[arg(long, value_name = "WEIGHTS")]
    pub from: Option<PathBuf>,
    /// Share that the weights of --from keep in the result, a mean of both (docs/training.md)
    #[arg(long, value_name = "SHARE", value_parser = number(0.0..=1.0), default_value_t = 0.0, requires = "from")]
    pub keep: f64,
    /// Without image noise and blur, as the 2020 paper trained
    #[arg(long)]
    pub clean: bool,
    /// With bushes beside the road whose colour tells how it bends: a shortcut for `audit shortcut` to find
    #[arg(long)]
    pub cue: bool,
    /// Folder for NAME.safetensors, NAME.json (the model card), NAME.toml (for --config), NAME.losses.csv and .svg, and
    /// while it trains NAME.checkpoint
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub out: PathBuf,
    /// Where to train: cpu, libtorch, libtorch:cuda, libtorch:cuda:N, wgpu; all but cpu are built on request
    #[arg(long, default_value_t)]
    pub device: Backend,
    /// Validation roads to drive at the end for a score [default: 50, and 0 for a training on recordings alone]
    #[arg(long, value_name = "ROADS", value_parser = whole(0..=MOST_SCORE_ROADS))]
    pub score_roads: Option<u32>,
    /// Validation roads to drive at each checkpoint, for the curve of the training
    #[arg(long, value_name = "ROADS", value_parser = whole(0..=MOST_SCORE_ROADS), default_value_t = 0)]
    pub stage_roads: u32,
    /// Learn from this recording, its folder or file; may be given several times. Behind the path may stand a weight and
    /// any option of a recording, for this one alone: PATH::weight=2::unit=share
    #[arg(long, value_name = "PATH[::KEY=VALUE…]")]
    pub recording: Vec<NamedRecording>,
    /// Share of the sequences that are of recordings; the others are the simulator's [default: 1]
    #[arg(long, value_name = "SHARE", value_parser = above(0.0, 1.0), requires = "recording")]
    pub recording_share: Option<f64>,
    /// The fifth of each recording that is held back to test on: the end of each drive (time), or the last drives (drive)
    #[arg(long, value_parser = splits(), default_value = "time")]
    pub split: SplitBy,
    /// Origin and licence of the recordings, for the model card
    #[arg(long, value_name = "TEXT", requires = "recording")]
    pub data: Option<String>,
    #[command(flatten)]
    pub recipe: recipe::Arguments,
    #[command(flatten)]
    pub recording_options: RecordingArguments,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

impl Arguments {
    /// Everything that decides the weights, but for the steps that recordings are gone through in.
    fn config(&self, policy: PolicyKind) -> anyhow::Result<TrainingConfig> {
        let share = self.recording_share.unwrap_or(1.0);
        let alone = !self.recording.is_empty() && share == 1.0;
        ensure!(
            !(alone && self.looks.is_some()),
            "--looks: expected --passes, or --recording-share below 1: looks are of the simulator, which takes no part"
        );
        let looks = self.looks.unwrap_or(USUAL_LOOKS);
        let config = if self.recording.is_empty() {
            TrainingConfig::recipe(policy, self.seed, looks)
        } else if alone {
            TrainingConfig::recorded(policy, self.seed)
        } else {
            TrainingConfig::mixed(policy, self.seed, looks, share)
        };
        let config = if self.clean { config.without_augmentation() } else { config };
        let config = TrainingConfig { cell: self.cell(policy)?, cue: self.cue, keep: self.keep, ..config };
        self.recipe.apply(config)
    }

    /// Roads of the score at the end.
    fn score_roads(&self, config: &TrainingConfig) -> u32 {
        self.score_roads.unwrap_or(if config.simulator_share() > 0.0 { SCORE_ROADS } else { 0 })
    }

    /// The policy's cell with what the options change about it.
    fn cell(&self, policy: PolicyKind) -> anyhow::Result<Option<CellSpec>> {
        let Some(mut cell) = policy.cell() else {
            let given = self.solver.is_some() || self.unfolds.is_some() || self.constraint.is_some();
            ensure!(!given, "policy `{policy}` has dense layers: no solver, unfolds or constraint");
            return Ok(None);
        };
        if let Some(solver) = self.solver {
            cell = cell.with_solver(solver)?;
        }
        if let Some(unfolds) = self.unfolds {
            cell = cell.with_unfolds(unfolds)?;
        }
        if let Some(constraint) = self.constraint {
            cell = cell.with_constraint(constraint)?;
        }
        cell.check()?;
        Ok(Some(cell))
    }
}

#[derive(Serialize)]
struct Report {
    card: ModelCard,
    policies: Vec<DrivingScore>,
}

/// Does what was asked.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let started = Instant::now();
    let words: Vec<_> = std::env::args_os().skip_while(|word| word != "train").skip(1).collect();
    let job = job(&words)?;
    let config = job.config().clone();
    job.disagreements().iter().for_each(|what| eprintln!("{what}"));
    let watch = Watch::new(&config);
    let finished = job.run(&|| started.elapsed().as_secs_f64(), &|event| {
        watch.see(&event);
        true
    })?;
    watch.finish();
    let scores: Vec<DrivingScore> = finished.score.iter().cloned().collect();
    if arguments.json {
        return output::json(&Report { card: finished.card, policies: scores });
    }
    if !scores.is_empty() {
        output::line(output::driving_table(&scores).trim_end())?;
    }
    if let Some((held_back, steps)) = &finished.trained.held_back {
        output::line(&format!(
            "held back of the recordings: {} (best weights, after {steps} of {} steps)",
            in_words(held_back),
            config.steps
        ))?;
    }
    output::line(&format!("{finished}, after {:.0} s", finished.secs))
}

/// The training that these words behind `train` ask for, those of a command line or of the window's form.
///
/// # Errors
/// Refuses words that the command line refuses, and what cannot be opened, in one line.
pub fn job(words: &[OsString]) -> anyhow::Result<TrainingJob> {
    let options = config_file::resolve(words)?;
    let arguments = &options.arguments;
    let policy = arguments.policy.context("expected --policy NAME")?;
    let config = arguments.config(policy)?;
    let for_all = arguments.recording_options.options();
    let typed = words.iter().map(|word| word.to_string_lossy().into_owned());
    let typed: Vec<String> = std::iter::once("train".to_owned()).chain(typed).collect();
    TrainingJob::prepare(TrainingRequest {
        recordings: opened(&arguments.recording, &for_all, arguments.split)?,
        from: arguments.from.clone(),
        backend: arguments.device,
        out: arguments.out.clone(),
        score_roads: arguments.score_roads(&config),
        stage_roads: arguments.stage_roads,
        resume: arguments.resume,
        command: command_line::line(&command_line::without(&typed, &["--json", "--resume"], &["--out"])),
        options: options.to_toml(recipe::defaults(&config)),
        data: arguments.data.clone(),
        config,
    })
}
