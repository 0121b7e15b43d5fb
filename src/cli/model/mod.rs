//! `liquid-lane model`: what a policy or a cell is made of, and its way to and from other libraries.

mod check;
mod dynamics;
mod export;
mod graphs;
mod import;
mod show;
mod step;

use crate::jobs::models;
use lane_policy::Policy;
use lane_policy::cell::Cell;
use lane_policy::device;
use lane_policy::interchange::{Style, cell_file};
use lane_policy::weights::{self, ModelCard};
use std::path::Path;

const EXAMPLES: &str = "\
Examples:
  liquid-lane model show ncp --svg wiring.svg          neurons, synapses, parameters, and the wiring as a picture
  liquid-lane model import mine.pt --kind cfc          an ncps or PyTorch state dict becomes out/mine-cell.safetensors
  liquid-lane model export ncp --out ncp-for-ncps.safetensors
  liquid-lane model export ncp --out ncp.onnx          one step of the whole policy; or ncp.h, the same in C
  liquid-lane model info mine.onnx --write             an ONNX graph, and a manifest to start from
  liquid-lane model check fixtures/                    reference numbers against this program
  liquid-lane model dynamics                           what makes a liquid neuron liquid, as tables and plots";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, clap::Subcommand)]
enum Task {
    /// Wiring, synapses and parameters of a policy or cell
    Show(show::Arguments),
    /// Make a cell, or a policy, of an ncps or PyTorch state dict
    Import(import::Arguments),
    /// Write a policy's or cell's state dict for ncps or PyTorch, or one step of a policy as ONNX or C
    Export(export::Arguments),
    /// Inputs, outputs and operators of an ONNX file, and what its manifest must say
    Info(graphs::Arguments),
    /// Run folders of reference fixtures or of ONNX graphs and print the largest deviations
    Check(check::Arguments),
    /// Response, time constant and trajectory length of liquid neurons beside others
    Dynamics(dynamics::Arguments),
}

/// Does what was asked; whether everything that was checked is as it should be.
pub fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    match &arguments.task {
        Task::Show(arguments) => show::run(arguments).map(|()| true),
        Task::Import(arguments) => import::run(arguments).map(|()| true),
        Task::Export(arguments) => export::run(arguments).map(|()| true),
        Task::Info(arguments) => graphs::info(arguments).map(|()| true),
        Task::Check(arguments) => check::run(arguments),
        Task::Dynamics(arguments) => dynamics::run(arguments).map(|()| true),
    }
}

/// What a name or a file on the command line stands for.
enum Model {
    Policy(Box<(Policy, ModelCard)>),
    /// With the names by which it was written down.
    Cell(Box<(Cell, Style)>),
}

impl Model {
    /// The cell, or the policy's.
    fn cell(&self) -> Option<&Cell> {
        match self {
            Self::Policy(model) => model.0.recurrent().map(|head| head.cell()),
            Self::Cell(cell) => Some(&cell.0),
        }
    }
}

/// A policy by name, or the policy or cell in a file.
fn open(name: &str) -> anyhow::Result<Model> {
    let device = device::cpu();
    if !name.ends_with(".safetensors") {
        return Ok(Model::Policy(Box::new(models::embedded(name, &device)?)));
    }
    let path = Path::new(name);
    let bytes = weights::read(path)?;
    if cell_file::is_cell(&bytes) {
        return Ok(Model::Cell(Box::new(cell_file::from_bytes(&bytes, path, &device)?)));
    }
    Ok(Model::Policy(Box::new(weights::from_bytes(&bytes, path, None, &device)?)))
}
