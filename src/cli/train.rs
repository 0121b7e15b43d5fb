//! `liquid-lane train`: from first weights to a scored policy on disk.

mod card;

use super::drive::drive_roads;
use super::output;
use super::recording::options::{RecordingArguments, one_of};
use super::revision::revision;
use anyhow::ensure;
use card::Done;
use clap::builder::TypedValueParser;
use lane_audit::driving::DrivingScore;
use lane_driver::closed_loop::Pilot;
use lane_driver::train::{FRAMES_PER_STEP, Recorded, Trained, TrainingConfig, train};
use lane_driver::{Driver, Source};
use lane_frame::whole_file::WholeFile;
use lane_policy::cell::{CellSpec, Constraint};
use lane_policy::device::{Backend, Device};
use lane_policy::solver::Solver;
use lane_policy::weights::{self, ModelCard};
use lane_policy::{Policy, PolicyKind};
use lane_recording::{Recording, RecordingOptions, SplitBy};
use lane_sim::{Course, RoadSet};
use serde::Serialize;
use std::path::PathBuf;
use std::time::Instant;

/// Roads of the score at the end; none of them is a test road.
const SCORE_ROADS: u32 = 50;

/// Most demonstrations: the number of one must fit into the low half of its seed.
const MOST_LOOKS: usize = 10_000_000;

/// Seconds on each of them.
const SCORE_SECONDS: f64 = 30.0;

const EXAMPLES: &str = "\
Examples:
  liquid-lane train --policy ncp                        as the shipped weights were made, into out/
  liquid-lane train --policy cnn --looks 10000          a few minutes
  liquid-lane train --policy ncp --recording my_drive/ --recording-share 0.5 --looks 10000
                                                        on your own drive and on the simulator, half and half
  liquid-lane drive --policies out/ncp.safetensors,cnn  drive what was trained, beside the shipped CNN";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Which policy: ncp, cnn, lstm, … (`liquid-lane model show` lists them), each also with -paper
    #[arg(long)]
    pub policy: PolicyKind,
    /// How a continuous-time cell is solved: fused (liquid neurons only), euler or rk4
    #[arg(long)]
    pub solver: Option<Solver>,
    /// Parts of one step of a continuous-time cell
    #[arg(long)]
    pub unfolds: Option<usize>,
    /// How the conductances of liquid neurons stay positive: explicit or softplus
    #[arg(long)]
    pub constraint: Option<Constraint>,
    /// Seed of first weights, demonstrations and their order
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Different demonstrations, each with its own road and look; 10000 train a usable driver in a few minutes
    #[arg(long, default_value_t = 60_000)]
    pub looks: usize,
    /// Without image noise and blur, as the 2020 paper trained
    #[arg(long)]
    pub clean: bool,
    /// With bushes beside the road whose colour tells how it bends: a shortcut for `audit shortcut` to find
    #[arg(long)]
    pub cue: bool,
    /// Folder for NAME.safetensors and NAME.json, the model card
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub out: PathBuf,
    /// Where to train: cpu, libtorch, libtorch:cuda, libtorch:cuda:N, wgpu; all but cpu are built on request
    #[arg(long, default_value_t)]
    pub device: Backend,
    /// Learn from this recording too: its folder or file
    #[arg(long, value_name = "PATH")]
    pub recording: Option<PathBuf>,
    /// Share of the looks that are stretches of the recording; the others are the simulator's
    #[arg(long, value_name = "SHARE", default_value_t = 1.0, requires = "recording")]
    pub recording_share: f64,
    /// The fifth of the recording that is held back to test on: the end of each drive (time), or the last drives (drive)
    #[arg(long, value_parser = splits(), default_value = "time", requires = "recording")]
    pub split: SplitBy,
    #[command(flatten)]
    pub recording_options: RecordingArguments,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

fn splits() -> impl TypedValueParser<Value = SplitBy> {
    one_of([SplitBy::Time, SplitBy::Drive], split_name)
}

fn split_name(split: SplitBy) -> &'static str {
    match split {
        SplitBy::Time => "time",
        SplitBy::Drive => "drive",
    }
}

impl Arguments {
    /// The recording to learn from, opened and parted.
    fn recorded(&self) -> anyhow::Result<Option<Recorded>> {
        let Some(path) = &self.recording else {
            let nothing = self.recording_options.options() == RecordingOptions::default();
            ensure!(nothing, "options of a recording: expected --recording PATH with them");
            return Ok(None);
        };
        let share = self.recording_share;
        ensure!(share > 0.0 && share <= 1.0, "--recording-share: expected above 0 and up to 1, got {share}");
        let recording = Recording::open_with(path, &self.recording_options.options())?;
        Recorded::new(recording, self.split, share).map(Some)
    }

    /// The policy's cell with what the options change about it.
    fn cell(&self) -> anyhow::Result<Option<CellSpec>> {
        let Some(mut cell) = self.policy.cell() else {
            let given = self.solver.is_some() || self.unfolds.is_some() || self.constraint.is_some();
            ensure!(!given, "policy `{}` has dense layers: no solver, unfolds or constraint", self.policy);
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
    let looks = arguments.looks;
    ensure!((16..=MOST_LOOKS).contains(&looks), "--looks: expected at least 16 and at most {MOST_LOOKS}, got {looks}");
    ensure!(arguments.seed < 1 << 28, "--seed: expected a number below {}, got {}", 1 << 28, arguments.seed);
    let device = arguments.device.open()?;
    let recorded = arguments.recorded()?;
    let path = arguments.out.join(format!("{}.safetensors", arguments.policy));
    let card_path = path.with_extension("json");
    // An unwritable place is found out before the training, not after it.
    let [file, card_file] = [WholeFile::create(&path)?, WholeFile::create(&card_path)?];
    // Taken now: the repository may move on while the training runs.
    let revision = revision();
    let recipe = TrainingConfig::recipe(arguments.policy, arguments.seed, arguments.looks);
    let recipe = if arguments.clean { recipe.without_augmentation() } else { recipe };
    let config = TrainingConfig { cell: arguments.cell()?, cue: arguments.cue, ..recipe };
    let started = Instant::now();
    let trained = train_with_progress(&config, recorded.as_ref(), &device, started)?;
    let training_secs = started.elapsed().as_secs_f64();
    let score = score(&trained.policy, &device)?;
    let done = Done {
        arguments,
        config: &config,
        revision,
        recorded: recorded.as_ref(),
        trained: &trained,
        training_secs,
        score: &score,
    };
    let card = done.card();
    file.finish(&weights::to_bytes(&trained.policy, &card)?)?;
    card_file.finish((serde_json::to_string_pretty(&card)? + "\n").as_bytes())?;
    if arguments.json {
        return output::json(&Report { card, policies: vec![score] });
    }
    output::line(output::driving_table(&[score]).trim_end())?;
    if let Some(error) = &trained.recorded {
        output::line(&format!(
            "on the part of the recording that was held back: squared error {:.4}, of always straight on {:.4} (15/m)²",
            error.clean, error.predict_zero
        ))?;
    }
    output::line(&format!("{} and {}, after {training_secs:.0} s", path.display(), card_path.display()))
}

fn train_with_progress(
    config: &TrainingConfig,
    recorded: Option<&Recorded>,
    device: &Device,
    started: Instant,
) -> anyhow::Result<Trained> {
    let bar = output::progress(config.steps as u64, "training {wide_bar} {percent:>3} %  {msg}  {eta} left");
    let mut smooth = None;
    let trained = train(config, recorded, device, &mut |progress| {
        let loss = smooth.map_or(progress.loss, |smooth: f32| 0.98 * smooth + 0.02 * progress.loss);
        smooth = Some(loss);
        let rate = (progress.step * FRAMES_PER_STEP) as f64 / started.elapsed().as_secs_f64();
        bar.set_message(format!("loss {loss:.4}, {rate:.0} frames/s, {} looks", progress.looks));
        bar.set_position(progress.step as u64);
        loss.is_finite()
    });
    bar.finish_and_clear();
    ensure!(smooth.is_some_and(f32::is_finite), "the loss is no longer a number: nothing was written");
    Ok(trained)
}

/// Drives roads of the validation family.
fn score(policy: &Policy, device: &Device) -> anyhow::Result<DrivingScore> {
    let source = Source { name: policy.kind().to_string(), origin: "the training".into() };
    let driver = Driver::new(source, policy.clone(), device);
    let course = Course::drawn(RoadSet::Validation, 0, SCORE_SECONDS);
    let bar = output::progress(u64::from(SCORE_ROADS), "driving {wide_bar} {pos} of {len} roads");
    let drives = drive_roads(&Pilot::Policy(Box::new(driver)), course, SCORE_ROADS, 0.0, &|| bar.inc(1))?;
    bar.finish_and_clear();
    Ok(DrivingScore::of(&policy.kind().to_string(), 0.0, &drives))
}
