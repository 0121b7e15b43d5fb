//! `liquid-lane recording convert`: the same recording in another format.

use super::options::{RecordingArguments, one_of};
use crate::cli::output;
use clap::builder::TypedValueParser;
use lane_recording::{Converted, Recording, Target};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Folder or file of the recording; it is only read
    pub path: PathBuf,
    #[command(flatten)]
    pub recording: RecordingArguments,
    /// Format to write
    #[arg(long, value_name = "FORMAT", value_parser = targets())]
    pub to: Target,
    /// Folder or file to make; what is there is never overwritten [default: out/NAME-FORMAT]
    #[arg(long, value_name = "PATH")]
    pub out: Option<PathBuf>,
}

fn targets() -> impl TypedValueParser<Value = Target> {
    one_of(Target::ALL, Target::name)
}

/// Does what was asked.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let recording = Arc::new(Recording::open_with(&arguments.path, &arguments.recording.options())?);
    let usual = || Path::new("out").join(arguments.to.usual_name(&arguments.path));
    let out = arguments.out.clone().unwrap_or_else(usual);
    let bar = output::progress(recording.len() as u64, "{pos} of {len} frames {wide_bar} {eta} left");
    let converted = recording.convert(arguments.to, &out, &mut |done| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    tell(&converted, &out)
}

fn tell(converted: &Converted, out: &Path) -> anyhow::Result<()> {
    let Converted { frames, resumed, spoiled, clipped } = converted;
    output::line(&format!("{frames} frames in {}", out.display()))?;
    if *resumed > 0 {
        output::line(&format!("  {resumed} of them were there already"))?;
    }
    if *spoiled > 0 {
        output::line(&format!("  {spoiled} frames left out: picture or label cannot be used in this format"))?;
    }
    if *clipped > 0 {
        output::line(&format!("  {clipped} labels are sharper than this format can say, and cut to its range"))?;
    }
    Ok(())
}
