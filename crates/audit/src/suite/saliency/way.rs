//! The paper's procedures on recorded frames. Nobody marked the road there; in its place stands the way ahead: a strip
//! as wide as a lane about the path of the recorded steering, drawn by the recording's stated or guessed camera.

use super::probe::{procedures, untrained};
use super::quantity::{Extent, Measured, Outcome, Place};
use crate::suite::Subject;
use lane_frame::{Frame, Size, Steering};
use lane_policy::preprocess::fit;
use lane_recording::{CameraView, Recording};

/// Half the width of the strip in m: that of a lane of 3.5 m.
const HALF_WIDTH_M: f32 = 1.75;

/// How far the strip reaches in m.
const REACH_M: f32 = 25.0;

/// Frames of a recording, evenly spread.
pub(super) const FRAMES: usize = 20;

/// Entries tried where one cannot be read.
const TRIES: usize = 5;

/// Shares of the procedures' maps on the way ahead.
///
/// # Errors
/// If the policy gives no maps.
pub(super) fn measure(subject: &Subject, recording: &Recording, number: usize) -> anyhow::Result<Outcome> {
    let twin = untrained(subject, Extent::All)?;
    let mut measured = Measured::default();
    let size = subject.driver.input_size();
    let read = || (0..FRAMES).filter_map(|index| frame(recording, index, size)).collect::<Vec<_>>();
    for (frame, way) in recording.in_turn(read) {
        let way = way.contains(&true).then_some(way);
        procedures([&subject.driver, &twin], &frame, Place::Way(number), way.as_deref(), &mut measured)?;
    }
    Ok(measured.outcome())
}

/// One of [`FRAMES`] frames as a policy sees it, and the way ahead in it. Nothing where none of some entries can be read.
/// To be called within [`Recording::in_turn`].
pub(super) fn frame(recording: &Recording, index: usize, size: Size) -> Option<(Frame, Vec<bool>)> {
    let first = recording.len() * (2 * index + 1) / (2 * FRAMES);
    let sample = (first..recording.len()).take(TRIES).find_map(|entry| recording.sample(entry).ok())?;
    let view = recording.view_of(&sample.frame.image);
    let image = fit(&sample.frame.image, view.crop, size);
    // Each frame is the first of a drive: no procedure asks the memory.
    let frame = Frame { index: 0, time_secs: 0.0, image };
    Some((frame, way_ahead(&view, sample.steering.unwrap_or_default(), size)))
}

/// Which pixels of a policy's input show the way ahead.
fn way_ahead(view: &CameraView, steering: Steering, size: Size) -> Vec<bool> {
    let [left, top, width, height] = view.crop.map(|pixels| pixels as f32);
    let (per_column, per_row) = (width / size.width as f32, height / size.height as f32);
    let [left_edge, right_edge] =
        [HALF_WIDTH_M, -HALF_WIDTH_M].map(|lateral_m| view.projection.path_in_picture(steering, lateral_m, REACH_M));
    let mut inside = Vec::with_capacity(size.pixels());
    for row in 0..size.height {
        let picture_row = top + (row as f32 + 0.5) * per_row;
        let strip = column_at(&left_edge, picture_row).zip(column_at(&right_edge, picture_row));
        inside.extend((0..size.width).map(|column| {
            let picture_column = left + (column as f32 + 0.5) * per_column;
            strip.is_some_and(|(from, to)| (from..to).contains(&picture_column))
        }));
    }
    inside
}

/// Column at which a line from near to far crosses a row.
fn column_at(line: &[[f32; 2]], row: f32) -> Option<f32> {
    line.windows(2).find(|pair| pair[1][1] <= row && row < pair[0][1]).map(|pair| {
        let [[near_column, near_row], [far_column, far_row]] = [pair[0], pair[1]];
        far_column + (near_column - far_column) * (row - far_row) / (near_row - far_row)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_frame::projection::Projection;

    /// Looks straight on from 1.4 m; the whole picture of 200 x 80 is seen.
    const VIEW: CameraView = CameraView {
        crop: [0, 0, 200, 80],
        projection: Projection {
            focal_px: 120.0,
            center_px: 100.0,
            horizon_px: 24.0,
            height_m: 1.4,
            forward_m: 1.3,
            roll_rad: 0.0,
        },
    };

    #[test]
    fn the_way_ahead_is_as_wide_as_a_lane_and_ends_below_the_horizon() {
        let size = Size::new(100, 40);
        let way = way_ahead(&VIEW, Steering(0.0), size);
        let width = |row: usize| way[row * 100..][..100].iter().filter(|inside| **inside).count();
        // 1.4 m below the camera, picture row 41 lies 120 · 1.4 / (41 − 24) = 9.9 m away, where 3.5 m are 42 columns of
        // the picture and 21 of the input.
        assert!((20..=22).contains(&width(20)), "{}", width(20));
        // 3.05 m at the bottom: 138 columns, 69 of the input. The end at 23.7 m: row 24 + 120 · 1.4 / 23.7 = 31.1 of the picture, row 15 of the input.
        assert!(
            width(14) == 0 && width(16) > 0 && (68..=70).contains(&width(39)),
            "{} {} {}",
            width(14),
            width(16),
            width(39)
        );
    }

    #[test]
    fn the_way_ahead_bends_with_the_steering() {
        let size = Size::new(100, 40);
        let middle = |curvature: f32| {
            let way = way_ahead(&VIEW, Steering(curvature), size);
            let columns: Vec<usize> = (0..100).filter(|column| way[17 * 100 + column]).collect();
            columns.iter().sum::<usize>() as f32 / columns.len() as f32
        };
        assert!(middle(0.03) < middle(0.0) - 5.0 && middle(-0.03) > middle(0.0) + 5.0);
    }
}
