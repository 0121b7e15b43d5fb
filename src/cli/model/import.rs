//! `liquid-lane model import`: from an ncps or PyTorch state dict to a cell, or to a policy with that cell.

use super::{Model, show};
use crate::cli::output;
use crate::cli::range::{MOST_PARTS, above, whole};
use anyhow::{anyhow, bail, ensure};
use lane_frame::whole_file::WholeFile;
use lane_policy::FEATURES;
use lane_policy::cell::{Activation, Cell, CfcMode, Constraint};
use lane_policy::device;
use lane_policy::interchange::{self, CellName, Hints, ImportError, StateDict, Style, cell_file};
use lane_policy::solver::Solver;
use lane_policy::weights;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  liquid-lane model import ltc.pt --kind ltc --constraint softplus
  liquid-lane model import cfc.safetensors --kind cfc --mode no-gate --activation silu
  liquid-lane model import trained.pt --kind ltc --constraint explicit --into ncp --out mine.safetensors
  liquid-lane drive --policies mine.safetensors,ncp

Names of wrappers (`module.`, `_orig_mod.`, the one attribute of a Lightning module) are taken off. Where a state dict
holds more than the cell, --prefix says below which name the cell is.

A state dict holds tensors and no settings: those that differ from ncps' defaults are given as options.
The unit of time is one of them: behind a policy of ours liquid cells count in 1/6 s, ncps by default in steps.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// State dict: .safetensors, .pt or .pth
    pub file: PathBuf,
    // The names come from the table of the cells.
    #[arg(long, help = format!("Which cell: {}", CellName::ALL.map(CellName::name).join(", ")))]
    pub kind: CellName,
    /// The module that is the cell, in a state dict of several: net.rnn reads what is named net.rnn.…
    #[arg(long, value_name = "NAME")]
    pub prefix: Option<String>,
    /// File to write; default out/NAME-cell.safetensors, with --into out/NAME-policy.safetensors
    #[arg(long, value_name = "FILE.safetensors")]
    pub out: Option<PathBuf>,
    /// Put the cell behind the encoder of this policy (name or weights file) and write a policy
    #[arg(long, value_name = "POLICY")]
    pub into: Option<String>,
    /// Parts of one step
    #[arg(long, value_parser = whole(1..=MOST_PARTS), default_value_t = 6)]
    pub unfolds: usize,
    /// How conductances stay positive (ltc): softplus, as ncps' LTC unless told otherwise, or explicit, as its LTCCell
    #[arg(long, value_name = "softplus|explicit")]
    pub constraint: Option<Constraint>,
    /// fused, euler or rk4 (ltc, ctrnn, node)
    #[arg(long)]
    pub solver: Option<Solver>,
    /// Motor neurons, where no output mapping tells (ltc)
    #[arg(long, value_parser = whole(1..=MOST_PARTS), default_value_t = 1)]
    pub motor: usize,
    /// Closed form of a cell that has a gate (cfc, wired-cfc); pure is recognised
    #[arg(long, default_value = "default", value_name = "default|no-gate")]
    pub mode: CfcMode,
    /// Of the backbone (cfc)
    #[arg(long, default_value = "lecun-tanh", value_name = "NAME")]
    pub activation: Activation,
    /// Time constant (ctrnn)
    #[arg(long, value_parser = above(0.0, 1e6), default_value_t = 1.0)]
    pub tau: f64,
    /// Largest |state| (ctrnn)
    #[arg(long, value_parser = above(0.0, 1e6), default_value_t = 5.0)]
    pub clip: f64,
}

impl Arguments {
    fn hints(&self) -> Hints {
        let Self { unfolds, constraint, solver, motor, mode: gated_mode, activation, tau, clip, .. } = *self;
        Hints { unfolds, constraint, solver, motor, gated_mode, activation, tau, clip }
    }
}

/// Does what was asked.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let name = arguments.file.display();
    let whole = StateDict::read(&arguments.file)?;
    let dict = arguments.prefix.as_ref().map_or_else(|| whole.clone(), |prefix| whole.under(&format!("{prefix}.")));
    let refuse = |error| anyhow!("{name}: {error}{}", hint(&dict, arguments));
    let cell = cell(&dict, arguments).map_err(refuse)?;
    // Not the file's own name: `train` writes out/ncp.safetensors.
    let what = if arguments.into.is_some() { "policy" } else { "cell" };
    let stem = arguments.file.file_stem().unwrap_or_default().to_string_lossy();
    let out = arguments.out.clone().unwrap_or_else(|| PathBuf::from(format!("out/{stem}-{what}.safetensors")));
    let file = WholeFile::create(&out)?;
    let bytes = match &arguments.into {
        None => cell_file::to_bytes(&cell, &Style::of(&dict)),
        Some(policy) => behind_encoder(policy, cell.clone(), &arguments.file)?,
    };
    file.finish(&bytes)?;
    output::line(&format!("{}\n{}", out.display(), show::describe_cell(&cell).trim_end()))?;
    match whole.len() - dict.len() {
        0 => Ok(()),
        others => output::line(&format!("  left out: {others} tensors of other modules")),
    }
}

/// The cell that a state dict is, its settings as told.
fn cell(dict: &StateDict, arguments: &Arguments) -> Result<Cell, ImportError> {
    let spec = interchange::infer(dict, arguments.kind, &arguments.hints())?;
    interchange::import(dict, &spec, &device::cpu())
}

/// A way out for a state dict that is no such cell: the modules in it that are, else those that it has.
fn hint(dict: &StateDict, arguments: &Arguments) -> String {
    let outer = arguments.prefix.as_ref().map(|prefix| format!("{prefix}.")).unwrap_or_default();
    let modules: BTreeSet<&str> =
        dict.names().flat_map(|name| name.match_indices('.').map(|(end, _)| &name[..end])).collect();
    let is_cell = |module: &&&str| cell(&dict.under(&format!("{module}.")), arguments).is_ok();
    let cells: Vec<String> = modules.iter().filter(is_cell).map(|module| format!("--prefix {outer}{module}")).collect();
    let first: Vec<&str> = modules.iter().filter(|module| !module.contains('.')).copied().collect();
    match (&cells[..], &first[..]) {
        ([], [] | [_]) => String::new(),
        ([], several) => {
            format!("; it has the modules {outer}{}: name one with --prefix", several.join(&format!(", {outer}")))
        }
        (cells, _) => format!("; a module of it is: {}", cells.join(" or ")),
    }
}

/// Weights of a policy with this cell in place of its own.
fn behind_encoder(policy: &str, cell: Cell, source: &Path) -> anyhow::Result<Vec<u8>> {
    let Model::Policy(model) = super::open(policy)? else { bail!("{policy}: expected a policy, got a cell") };
    let (policy, mut card) = *model;
    ensure!(policy.recurrent().is_some(), "policy `{}` has dense layers and no cell", policy.kind());
    let kind = policy.kind();
    ensure!(kind.takes(cell.spec()), "policy `{kind}` has a cell of another kind; choose a policy of this one's");
    let (inputs, outputs) = (cell.spec().core.inputs(), cell.spec().outputs());
    ensure!(
        (inputs, outputs) == (FEATURES, 1),
        "a cell that steers has {FEATURES} inputs and 1 output, this one has {inputs} and {outputs}"
    );
    card.cell = Some(cell.spec().clone());
    let policy = policy.with_cell(cell);
    card.parameters = policy.parameters();
    // How the encoder was made is still true; the rest was about the cell that is gone.
    let encoder = card.training.remove("command").unwrap_or_else(|| "unknown".into());
    let cell = format!("imported from {}", source.display());
    card.training = [("encoder".into(), encoder), ("cell".into(), cell.into())].into();
    card.scores.clear();
    weights::to_bytes(&policy, &card)
}
