//! Pictures of the frames in which a policy was farthest from the human.

use super::comparison::{Comparison, Training};
use anyhow::Context as _;
use image::ImageFormat;
use lane_frame::Steering;
use lane_recording::{CameraView, Recording};
use lane_report::plot::contact_sheet::{self, Cell, Path, Photo};
use lane_report::section::Section;
use std::io::Cursor;

/// Pictures of a sheet.
const CELLS: usize = 2 * contact_sheet::COLUMNS;

/// Neighbouring frames are near copies: pictures of a sheet lie so far apart.
const APART_SECS: f64 = 2.0;

/// What the human's path is drawn in.
const RECORDED: [u8; 3] = [255; 3];

/// Adds a sheet for each policy.
///
/// # Errors
/// When a sheet cannot be written as PNG.
pub(super) fn add(section: Section, comparison: &Comparison, recording: &Recording) -> anyhow::Result<Section> {
    let mut trainings = comparison.policies().filter_map(|policy| Some((policy.colour.rgb, policy.trainings.first()?)));
    trainings.try_fold(section, |section, (colour, training)| {
        let worst = worst(training, comparison, |at| recording.entry(comparison.entries[at]).time_secs);
        let read = || worst.iter().map(|&at| cell(recording, comparison, training, at, colour)).collect::<Vec<Cell>>();
        let cells = recording.in_turn(read);
        let mut png = Vec::new();
        let sheet = contact_sheet::draw(&cells, recording.picture_size())?;
        sheet.write_to(&mut Cursor::new(&mut png), ImageFormat::Png).context("cannot draw the sheet")?;
        let caption = format!(
            "{}: the frames with the largest errors, at least {APART_SECS} s apart, in the order of the recording. White: \
             where the human steered; coloured: where the policy would have. The bars below show both.",
            training.label
        );
        Ok(section.picture(&format!("largest_errors_{}", training.label), caption, png))
    })
}

/// Frames from the largest error on, each far from those before it; in the order of the recording.
fn worst(training: &Training, comparison: &Comparison, time_secs: impl Fn(usize) -> f64) -> Vec<usize> {
    let error = |at: usize| (training.commanded[at] - comparison.recorded[at]).abs();
    let mut by_error: Vec<usize> = (0..comparison.len()).collect();
    by_error.sort_by(|&a, &b| error(b).total_cmp(&error(a)));
    let mut chosen: Vec<usize> = Vec::new();
    for at in by_error {
        if chosen.len() == CELLS {
            break;
        }
        if chosen.iter().all(|&other| (time_secs(other) - time_secs(at)).abs() >= APART_SECS) {
            chosen.push(at);
        }
    }
    chosen.sort_unstable();
    chosen
}

fn cell(recording: &Recording, comparison: &Comparison, training: &Training, at: usize, colour: [u8; 3]) -> Cell {
    let image = recording.sample(comparison.entries[at]).ok().map(|sample| sample.frame.image);
    let path = |curvature_per_m: f64, colour| Path { steering: Steering(curvature_per_m as f32), colour };
    Cell {
        photo: image.map(|image| {
            let CameraView { crop, projection } = recording.view_of(&image);
            Photo { image, crop, projection }
        }),
        paths: vec![path(comparison.recorded[at], RECORDED), path(training.commanded[at], colour)],
    }
}
