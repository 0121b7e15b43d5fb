//! `liquid-lane recording`: what is in a recording, whether its steering fits its pictures, and the same in another
//! format.

mod check;
mod convert;
mod info;
pub mod options;

use clap::Subcommand;

const EXAMPLES: &str = "\
Examples:
  liquid-lane recording info my_drive/                 frames, times, sizes, labels, and what cannot be used
  liquid-lane recording check my_drive/                out/check.png: does the steering follow the road?
  liquid-lane recording check frames/labels.csv --columns image=file,steering=angle --unit wheel-deg --sign left
  liquid-lane recording convert my_drive/ --to tub     out/my_drive-tub, with exact curvature";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Show frames, times, sizes, labels and everything that cannot be used; exit code 1 where no frame can
    Info(info::Arguments),
    /// Draw the path of the recorded steering on ten seconds of pictures: shows a wrong sign or unit
    Check(check::Arguments),
    /// Write a recording in another format; goes on where an earlier run was ended
    Convert(convert::Arguments),
}

/// Does the task; false where a recording has no usable frame.
pub fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    match &arguments.task {
        Task::Info(arguments) => return info::run(arguments),
        Task::Check(arguments) => check::run(arguments)?,
        Task::Convert(arguments) => convert::run(arguments)?,
    }
    Ok(true)
}
