//! Occlusion (Zeiler and Fergus 2014): how the steering changes when a grey square hides a part of the picture. No
//! gradient, no assumption about the network: the slowest method and the plainest.

use super::map::SignedMap;
use super::{BATCH, Cost, Procedure, Situation};
use crate::{CURVATURE_PER_OUTPUT, to_vec};
use burn::tensor::{Tensor, TensorData};
use lane_frame::Size;
use std::ops::Range;

/// The method.
pub(super) const OCCLUSION: Procedure = Procedure {
    name: "Occlusion",
    short: "occl.",
    cost: Cost::Slow,
    map: |situation| occlusion(situation).magnitude(),
};

/// The square's side is the picture's height divided by this: 12 pixels of the compact encoder's 48.
const SQUARES_PER_HEIGHT: u32 = 4;

/// Each square overlaps half of the one before.
const PLACES_PER_SIDE: usize = 2;

/// The map of one frame in 1/m: curvature commanded less the curvature with this pixel hidden, averaged over the
/// squares that hide it. Positive: what is there pushes left. The square is grey at the picture's mean brightness, a
/// whitened 0, and the rest of the picture stays as it is.
pub fn occlusion(situation: &Situation<'_>) -> SignedMap {
    let size = situation.policy.input_size();
    let squares = squares(size);
    let clean = to_vec(situation.whitened.input.clone());
    let commanded = outputs(situation, &clean, 1)[0];
    let hidden = squares.chunks(BATCH).flat_map(|squares| {
        let pictures: Vec<f32> = squares.iter().flat_map(|square| hide(&clean, size, square)).collect();
        outputs(situation, &pictures, squares.len())
    });
    let effects: Vec<f32> = hidden.map(|hidden| CURVATURE_PER_OUTPUT * (commanded - hidden)).collect();
    SignedMap { size, values: average(size, &squares, &effects) }
}

/// Rows and columns that a square hides.
type Square = (Range<usize>, Range<usize>);

/// Squares all over the picture, row by row; the last of a row or column ends at the picture's edge.
fn squares(size: Size) -> Vec<Square> {
    let side = (size.height / SQUARES_PER_HEIGHT).max(1) as usize;
    let along = |length: usize| {
        let last = length.saturating_sub(side);
        let starts = (0..last).step_by((side / PLACES_PER_SIDE).max(1)).chain([last]);
        starts.map(|start| start..(start + side).min(length)).collect::<Vec<_>>()
    };
    let columns = along(size.width as usize);
    let rows = along(size.height as usize);
    rows.iter().flat_map(|rows| columns.iter().map(|columns| (rows.clone(), columns.clone()))).collect()
}

fn hide(picture: &[f32], size: Size, (rows, columns): &Square) -> Vec<f32> {
    let mut hidden = picture.to_vec();
    for row in rows.clone() {
        let start = row * size.width as usize;
        hidden[3 * (start + columns.start)..3 * (start + columns.end)].fill(0.0);
    }
    hidden
}

/// The network's output for each of `count` whitened pictures, all of them meeting the same memory.
fn outputs(situation: &Situation<'_>, pictures: &[f32], count: usize) -> Vec<f32> {
    let [_, height, width, channels] = situation.whitened.input.dims();
    let data = TensorData::new(pictures.to_vec(), [count, height, width, channels]);
    let input = Tensor::from_data(data, &situation.whitened.input.device());
    let elapsed_secs = vec![situation.elapsed_secs; count];
    let (output, _) = situation.policy.forward(input, situation.state.repeat(count), &elapsed_secs, count);
    to_vec(output.output)
}

/// Mean effect of the squares over each pixel.
fn average(size: Size, squares: &[Square], effects: &[f32]) -> Vec<f32> {
    let (mut sums, mut counts) = (vec![0.0; size.pixels()], vec![0.0; size.pixels()]);
    for ((rows, columns), effect) in squares.iter().zip(effects) {
        for row in rows.clone() {
            for at in columns.clone().map(|column| row * size.width as usize + column) {
                sums[at] += effect;
                counts[at] += 1.0;
            }
        }
    }
    sums.iter().zip(&counts).map(|(sum, count): (&f32, &f32)| sum / count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_squares_hide_every_pixel_and_stay_inside() {
        for size in [Size::new(120, 48), Size::new(200, 78), Size::new(5, 3)] {
            let squares = squares(size);
            let everywhere = average(size, &squares, &vec![2.0; squares.len()]);
            // A pixel under no square would be 0/0.
            assert!(everywhere.iter().all(|value| *value == 2.0), "{size}");
        }
    }

    #[test]
    fn a_pixel_has_the_mean_effect_of_its_squares() {
        let (size, squares) = (Size::new(3, 1), [(0..1, 0..2), (0..1, 1..3)]);
        assert_eq!(average(size, &squares, &[1.0, 3.0]), [1.0, 2.0, 3.0]);
        assert_eq!(hide(&[1.0; 9], size, &squares[1]), [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }
}
