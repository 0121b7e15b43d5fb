//! `liquid-lane model check`: reference fixtures, file by file.

use crate::cli::output;
use anyhow::bail;
use lane_policy::device;
use lane_reference::{FileReport, check};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 everything within its tolerance, 1 something beyond it or not run, 2 a file is damaged."
)]
pub struct Arguments {
    /// Folder with a manifest.json and the files that it names, or with folders of a model.onnx and an io.npz below it
    pub folder: PathBuf,
    /// Print every compared tensor instead of the worst of each file
    #[arg(long)]
    pub all: bool,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

/// Does what was asked; whether everything is within its tolerance.
pub fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    let graphs = super::graphs::check(&arguments.folder, arguments.json)?;
    let only_graphs = graphs.filter(|_| !arguments.folder.join("manifest.json").exists());
    if let Some(pass) = only_graphs {
        return Ok(pass);
    }
    let files = check(&arguments.folder, &device::cpu())?;
    if arguments.json {
        output::json(&files)?;
    } else {
        output::line(table(&files, arguments.all).trim_end())?;
    }
    let damaged: Vec<_> = files.iter().filter_map(|file| Some((&file.file, file.damaged.as_ref()?))).collect();
    if let [(file, why), rest @ ..] = &damaged[..] {
        let more = if rest.is_empty() { String::new() } else { format!(" (and {} more files)", rest.len()) };
        bail!("{file}: {why}{more}");
    }
    Ok(files.iter().all(FileReport::passes) && graphs != Some(false))
}

fn table(files: &[FileReport], all: bool) -> String {
    let width = files.iter().map(|file| file.file.len()).max().unwrap_or(0);
    let mut text =
        format!("{:<width$}  {:>6}  {:>9}  {:>9}  {:<24}  result\n", "file", "tensors", "deviation", "tolerance", "of");
    for file in files {
        text += &rows(file, width, all);
    }
    let passed = files.iter().filter(|file| file.passes()).count();
    text + &format!(
        "{passed} of {} files within tolerance; a deviation is the largest difference in a tensor over its largest magnitude\n",
        files.len()
    )
}

fn rows(file: &FileReport, width: usize, all: bool) -> String {
    let result = match file {
        FileReport { damaged: Some(why), .. } => format!("damaged: {why}"),
        FileReport { not_run: Some(why), .. } => format!("not run: {why}"),
        FileReport { differs: Some(why), .. } => format!("DIFFERS: {why}"),
        _ if file.passes() => "ok".into(),
        _ => "OVER".into(),
    };
    let name = &file.file;
    let mut text = match file.worst() {
        Some(worst) => format!(
            "{name:<width$}  {:>6}  {:>9.1e}  {:>9.0e}  {:<24}  {result}\n",
            file.deviations.len(),
            worst.of_largest,
            worst.tolerance,
            worst.what
        ),
        None => {
            let equal = if file.exact > 0 { format!("{} values equal", file.exact) } else { String::new() };
            format!("{name:<width$}  {:>6}  {:>9}  {:>9}  {equal:<24}  {result}\n", "", "", "")
        }
    };
    if all {
        for deviation in &file.deviations {
            let mark = if deviation.is_within() { "" } else { "  OVER" };
            text += &format!(
                "    {:<40}  {:>9.1e}  {:>9.0e}{mark}\n",
                deviation.what, deviation.of_largest, deviation.tolerance
            );
        }
    }
    text
}
