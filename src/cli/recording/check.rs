//! `liquid-lane recording check`: whether the recorded steering fits the pictures, for eyes to judge.

use super::options::RecordingArguments;
use crate::cli::output;
use crate::cli::range::at_least;
use anyhow::{Context as _, ensure};
use image::ImageFormat;
use lane_frame::whole_file;
use lane_recording::{CameraView, Recording};
use lane_report::plot::contact_sheet::{self, Cell, Path, Photo};
use std::io::Cursor;
use std::ops::Range;
use std::path::PathBuf;

/// Seconds on one sheet.
const SHEET_SECS: f64 = 10.0;

/// Pictures on one sheet.
const CELLS: usize = 4 * contact_sheet::COLUMNS;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Folder or file of the recording
    pub path: PathBuf,
    #[command(flatten)]
    pub recording: RecordingArguments,
    /// Where the ten seconds begin; without it, where steering is strongest
    #[arg(long, value_name = "SECONDS", value_parser = at_least(0.0))]
    pub at: Option<f64>,
    /// The picture to make
    #[arg(long, value_name = "FILE.png", default_value = "out/check.png")]
    pub out: PathBuf,
}

/// Does what was asked.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let recording = Recording::open_with(&arguments.path, &arguments.recording.options())?;
    let stretch = match arguments.at {
        Some(at_secs) => stretch_at(&recording, at_secs)?,
        None => strongest_stretch(&recording),
    };
    let cells = cells(&recording, stretch.clone());
    let sheet = contact_sheet::draw(&cells, recording.picture_size())?;
    let mut png = Vec::new();
    sheet.write_to(&mut Cursor::new(&mut png), ImageFormat::Png).context("cannot draw the sheet")?;
    whole_file::write(&arguments.out, &png)?;
    let [from, to] = [stretch.start, stretch.end - 1].map(|i| recording.entry(i));
    output::line(&format!("{}: {:.1} s to {:.1} s", arguments.out.display(), from.time_secs, to.time_secs))?;
    for doubt in recording.doubts() {
        output::line(&format!("{doubt}"))?;
    }
    match recording.label() {
        Some(label) => output::line(&format!(
            "label: {label}\nblue steers left, orange right: the path should follow the road; if it leaves to the other \
             side, turn --sign, and if it bends too much or too little, see --unit and --vehicle"
        )),
        None => output::line("no steering was recorded: pictures alone"),
    }
}

/// Ten seconds from a time on, or as much as its drive has.
fn stretch_at(recording: &Recording, at_secs: f64) -> anyhow::Result<Range<usize>> {
    let last_secs = recording.duration_secs();
    ensure!((0.0..=last_secs).contains(&at_secs), "--at: expected 0 to {last_secs:.1}, got {at_secs}");
    let start = (0..recording.len()).rfind(|&i| recording.entry(i).time_secs <= at_secs).unwrap_or(0);
    Ok(stretch_from(recording, start))
}

/// From an entry on, ten seconds of its drive.
fn stretch_from(recording: &Recording, start: usize) -> Range<usize> {
    let drive_end = recording.drives().iter().find(|drive| drive.contains(&start)).map_or(start + 1, |drive| drive.end);
    let end_secs = recording.entry(start).time_secs + SHEET_SECS;
    let end = (start..drive_end).take_while(|&i| recording.entry(i).time_secs < end_secs).count();
    start..start + end.max(1)
}

/// The ten seconds with the strongest steering on the whole, of those that begin a second or more apart.
fn strongest_stretch(recording: &Recording) -> Range<usize> {
    let curvature = |i: usize| recording.entry(i).steering.map_or(0.0, |steering| f64::from(steering.0.abs()));
    let stretches = candidate_starts(recording).map(|start| stretch_from(recording, start));
    let rated = stretches.map(|stretch| (stretch.clone().map(curvature).sum::<f64>(), stretch));
    // The first of equal ones: the beginning where nothing is labelled.
    let strongest = rated.reduce(|best, next| if next.0 > best.0 { next } else { best });
    strongest.map_or(0..1, |(_, stretch)| stretch)
}

/// The first entry, and each that is the first at least one second after the one before.
fn candidate_starts(recording: &Recording) -> impl Iterator<Item = usize> {
    let mut next_secs = 0.0;
    (0..recording.len()).filter(move |&i| {
        let is_due = recording.entry(i).time_secs >= next_secs;
        if is_due {
            next_secs = recording.entry(i).time_secs + 1.0;
        }
        is_due
    })
}

/// Entries evenly spread over a stretch, as cells.
fn cells(recording: &Recording, stretch: Range<usize>) -> Vec<Cell> {
    let count = CELLS.min(stretch.len());
    let cell = |number: usize| {
        let i = stretch.start + number * stretch.len() / count;
        let image = recording.sample(i).ok().map(|sample| sample.frame.image);
        Cell {
            photo: image.map(|image| {
                let CameraView { crop, projection } = recording.view_of(&image);
                Photo { image, crop, projection }
            }),
            paths: recording.entry(i).steering.map(Path::by_side).into_iter().collect(),
        }
    };
    (0..count).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_frame::RgbImage;

    /// 30 s at 20 Hz of straight road, with a bend from second 14 to 16.
    fn recording(dir: &std::path::Path) -> Recording {
        let mut lines = String::new();
        for number in 0..600 {
            RgbImage::new(16, 12).save(dir.join(format!("{number}.png"))).unwrap();
            lines += &format!("{number}.png {}\n", if (280..320).contains(&number) { 45 } else { 0 });
        }
        std::fs::write(dir.join("data.txt"), lines).unwrap();
        Recording::open(dir).unwrap()
    }

    #[test]
    fn the_sheet_shows_the_bend_unless_told_where_to_look() {
        let dir = tempfile::tempdir().unwrap();
        let recording = recording(dir.path());
        let stretch = strongest_stretch(&recording);
        assert!(stretch.start <= 280 && stretch.end >= 320 && stretch.len() == 200, "{stretch:?}");
        assert_eq!(stretch_at(&recording, 2.0).unwrap(), 40..240);
        assert_eq!(stretch_at(&recording, 25.0).unwrap(), 500..600, "not beyond the end");
        assert!(stretch_at(&recording, 31.0).is_err());
        let cells = cells(&recording, stretch);
        assert_eq!(cells.len(), CELLS);
        assert!(
            cells.iter().any(|cell| cell.paths[0].steering.0 < 0.0) && cells.iter().all(|cell| cell.photo.is_some())
        );
    }
}
