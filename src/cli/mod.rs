//! The command line: what was asked for, done and told. The only place that prints and exits.

mod audit;
mod command_line;
mod drive;
mod model;
mod models;
mod output;
mod record;
mod recording;
mod replay;
mod revision;
mod subjects;
mod train;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Exit code for a check that found something.
const FOUND_SOMETHING: u8 = 1;

/// Exit code for everything that could not run.
const COULD_NOT_RUN: u8 = 2;

const EXAMPLES: &str = "\
Examples:
  liquid-lane                                          two policies drive a road, in a window
  liquid-lane drive --road 12 --weather night          another road, in weather neither has seen
  liquid-lane drive --headless                         the same as out/demo.mp4 and out/demo.png
  liquid-lane drive --headless --roads 100 --seconds 60 --noise 0,0.1
                                                       a table of crashes, with intervals
  liquid-lane replay my_drive/                         watch a recording, open loop
  liquid-lane train --policy ncp                       train on the simulator, on this machine's processor
  liquid-lane audit unseen --policies ncp,cnn          a report with tables, intervals and charts
  liquid-lane model show ncp                           what a policy is made of

Exit codes: 0 done, 1 a check found something, 2 could not run.";

/// Lane keeping with a Neural Circuit Policy: drive, replay, record, train. Without a command: drive.
#[derive(Debug, Parser)]
#[command(name = "liquid-lane", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    task: Option<Task>,
    #[command(flatten)]
    drive: drive::Arguments,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Policies drive the same seeded road at the same time, closed loop
    Drive(drive::Arguments),
    /// Policies watch a recorded drive, open loop, beside what the human did
    Replay(replay::Arguments),
    /// Record a drive by the expert as a donkeycar tub (version 2)
    Record(record::Arguments),
    /// What a recording holds; its steering drawn on its pictures; another format
    Recording(recording::Arguments),
    /// Train a policy on the simulator and score it
    Train(train::Arguments),
    /// Judge policies: drive, disturb, look inside, and write a report
    Audit(audit::Arguments),
    /// Show, import, export and check policies and cells
    Model(model::Arguments),
}

/// Runs the program on its command line.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.task.unwrap_or(Task::Drive(arguments.drive)) {
        Task::Drive(arguments) => drive::run(&arguments),
        Task::Replay(arguments) => replay::run(&arguments),
        Task::Record(arguments) => record::run(&arguments),
        Task::Recording(arguments) => return exit_code(recording::run(&arguments)),
        Task::Train(arguments) => train::run(&arguments),
        Task::Audit(arguments) => return exit_code(audit::run(&arguments)),
        Task::Model(arguments) => return exit_code(model::run(&arguments)),
    };
    exit_code(done.map(|()| true))
}

/// Of a task that says whether all was as it should be.
fn exit_code(done: anyhow::Result<bool>) -> ExitCode {
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FOUND_SOMETHING),
        // Whoever read our output has had enough.
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}
