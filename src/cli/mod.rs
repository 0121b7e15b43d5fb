//! The command line: what was asked for, done and told. The only place that prints and exits.

mod audit;
mod drive;
mod film;
mod model;
mod models;
mod output;
mod range;
mod record;
mod recording;
mod render;
mod replay;
mod serve;
mod simulator;
mod subjects;
mod train;
mod workshop;

use clap::{Command, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
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
  liquid-lane render --road 12 --to 10 --out clip.mp4  a clip; .gif and .png likewise
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
    Drive(Box<drive::Arguments>),
    /// Policies watch a recorded drive, open loop, beside what the human did
    Replay(replay::Arguments),
    /// Make a picture, a clip or a table of signals of a drive or a recording
    Render(render::Arguments),
    /// Record a drive by the expert as a donkeycar tub (version 2)
    Record(Box<record::Arguments>),
    /// What a recording holds; its steering drawn on its pictures; another format
    Recording(recording::Arguments),
    /// This simulator in the place of another one, for other people's programs
    Serve(serve::Arguments),
    /// Train a policy on the simulator and score it
    Train(Box<train::Arguments>),
    /// Judge policies: drive, disturb, look inside, and write a report
    Audit(audit::Arguments),
    /// Show, import, export and check policies and cells
    Model(model::Arguments),
}

/// Runs the program on its command line.
pub fn run() -> ExitCode {
    let matches = command().get_matches();
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let done = match arguments.task.unwrap_or(Task::Drive(Box::new(arguments.drive))) {
        Task::Drive(arguments) => drive::run(&arguments),
        Task::Replay(arguments) => replay::run(&arguments),
        Task::Render(arguments) => render::run(&arguments),
        Task::Record(arguments) => record::run(&arguments),
        Task::Recording(arguments) => return exit_code(recording::run(&arguments)),
        Task::Serve(arguments) => serve::run(&arguments),
        Task::Train(arguments) => train::run(&arguments),
        Task::Audit(arguments) => return exit_code(audit::run(&arguments)),
        Task::Model(arguments) => return exit_code(model::run(&arguments)),
    };
    exit_code(done.map(|()| true))
}

fn command() -> Command {
    with_negative_numbers(Arguments::command())
}

/// Lets options take negative numbers, which otherwise look like options: those out of range are refused with the range.
fn with_negative_numbers(command: Command) -> Command {
    let command = command.mut_args(|argument| {
        let is_option = argument.get_long().is_some() && argument.get_action().takes_values();
        if is_option { argument.allow_negative_numbers(true) } else { argument }
    });
    command.mut_subcommands(with_negative_numbers)
}

/// The exit code of a task that says whether all was as it should be.
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Arg;
    use clap::builder::ValueParser;
    use clap::error::ErrorKind;
    use std::str::FromStr;

    fn is_a<T>(argument: &Arg) -> bool
    where
        T: FromStr<Err: std::error::Error + Send + Sync + 'static> + Clone + Send + Sync + 'static,
    {
        argument.get_value_parser().type_id() == ValueParser::new(|text: &str| text.parse::<T>()).type_id()
    }

    fn is_numeric(argument: &Arg) -> bool {
        let is_float = is_a::<f32>(argument) || is_a::<f64>(argument);
        is_float || is_a::<u32>(argument) || is_a::<u64>(argument) || is_a::<usize>(argument)
    }

    /// Every option with a number, by the words of its command and its own.
    fn numeric_options(command: &Command, path: &[String], into: &mut Vec<(Vec<String>, String)>) {
        for argument in command.get_arguments().filter(|argument| is_numeric(argument)) {
            into.push((path.to_vec(), format!("--{}", argument.get_long().unwrap())));
        }
        for subcommand in command.get_subcommands() {
            numeric_options(subcommand, &[path, &[subcommand.get_name().to_owned()]].concat(), into);
        }
    }

    #[test]
    fn every_numeric_option_of_every_command_refuses_what_is_out_of_its_range_and_tells_the_range() {
        let mut options = Vec::new();
        numeric_options(&command(), &["liquid-lane".to_owned()], &mut options);
        assert!(options.len() > 20, "the walk finds the options: {options:?}");
        for (path, option) in options {
            for number in ["-1e9", "nan", "inf"] {
                let words = path.iter().cloned().chain([option.clone(), number.to_owned()]);
                let error = command().try_get_matches_from(words.clone()).unwrap_err();
                let (words, message) = (words.collect::<Vec<_>>().join(" "), error.to_string());
                assert_eq!(error.kind(), ErrorKind::ValueValidation, "{words}: {message}");
                assert!(message.contains("expected a") && message.contains(&option), "{words}: {message}");
            }
        }
    }

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }
}
