//! Occlusion (Zeiler and Fergus 2014): how the steering changes when a grey square hides a part of the picture. No
//! gradient, no assumption about the network: the slowest method and the plainest.

use super::map::SignedMap;
use super::{BATCH, Cost, Procedure, Situation};
use crate::CURVATURE_PER_OUTPUT;
use crate::conv::Patch;
use burn::tensor::{Tensor, TensorData};
use lane_frame::{RgbImage, Size};
use rayon::prelude::*;
use std::ops::Range;

/// The method.
pub(super) const OCCLUSION: Procedure =
    Procedure { name: "Occlusion", short: "occl.", cost: Cost::Slow, map: |situation| occlusion(situation).into() };

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
    let commanded = situation.outputs(situation.seen.last_map(situation.device))[0];
    let [rows, columns, filters] = situation.seen.last_shape();
    let encoded = squares.par_chunks(BATCH).map_with(situation.seen.patched_pass(), |pass, squares| {
        let mut maps = Vec::with_capacity(squares.len() * rows * columns * filters);
        squares.iter().for_each(|square| pass.with_hole(square, &mut maps));
        TensorData::new(maps, [squares.len(), rows, columns, filters])
    });
    let encoded = encoded.collect::<Vec<_>>().into_iter().map(|maps| Tensor::from_data(maps, situation.device));
    let hidden = encoded.flat_map(|maps| situation.outputs(maps));
    let effects: Vec<f32> = hidden.map(|hidden| CURVATURE_PER_OUTPUT * (commanded - hidden)).collect();
    SignedMap { size, values: average(size, &squares, &effects) }
}

/// The same of a policy that is asked from outside: the square is grey at the picture's mean brightness. `steer` says the
/// curvature in 1/m for each of some pictures, and is asked once; nothing where it cannot say.
pub fn occlusion_from_outside(
    image: &RgbImage,
    steer: impl FnOnce(&[RgbImage]) -> Option<Vec<f32>>,
) -> Option<SignedMap> {
    let size = Size { width: image.width(), height: image.height() };
    let (squares, bytes) = (squares(size), image.as_raw());
    let mean = bytes.iter().map(|byte| f64::from(*byte)).sum::<f64>() / bytes.len().max(1) as f64;
    let grey = [mean.round() as u8; 3];
    let hidden = squares.iter().map(|Patch { rows, columns }| {
        let mut hidden = image.clone();
        for row in rows.clone() {
            columns.clone().for_each(|column| hidden.get_pixel_mut(column as u32, row as u32).0 = grey);
        }
        hidden
    });
    let pictures: Vec<RgbImage> = std::iter::once(image.clone()).chain(hidden).collect();
    let steerings = steer(&pictures)?;
    let (commanded, hidden) = steerings.split_first()?;
    let effects: Vec<f32> = hidden.iter().map(|hidden| commanded - hidden).collect();
    Some(SignedMap { size, values: average(size, &squares, &effects) })
}

/// Squares all over the picture, row by row; the last of a row or column ends at the picture's edge.
fn squares(size: Size) -> Vec<Patch> {
    let side = (size.height / SQUARES_PER_HEIGHT).max(1) as usize;
    let along = |length: usize| {
        let last = length.saturating_sub(side);
        let starts = (0..last).step_by((side / PLACES_PER_SIDE).max(1)).chain([last]);
        starts.map(|start| start..(start + side).min(length)).collect::<Vec<_>>()
    };
    let columns = along(size.width as usize);
    let rows = along(size.height as usize);
    let along_row = |rows: &Range<usize>| {
        let rows = rows.clone();
        columns.iter().map(move |columns| Patch { rows: rows.clone(), columns: columns.clone() })
    };
    rows.iter().flat_map(along_row).collect()
}

/// Mean effect of the squares over each pixel.
fn average(size: Size, squares: &[Patch], effects: &[f32]) -> Vec<f32> {
    let (mut sums, mut counts) = (vec![0.0; size.pixels()], vec![0.0; size.pixels()]);
    for (Patch { rows, columns }, effect) in squares.iter().zip(effects) {
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
    fn what_is_seen_from_outside_is_where_it_is_in_the_picture() {
        // It steers by the brightness of its left upper corner alone.
        let steer =
            |pictures: &[RgbImage]| Some(pictures.iter().map(|picture| f32::from(picture[(0, 0)].0[0])).collect());
        let mut image = RgbImage::new(40, 16);
        image.put_pixel(0, 0, image::Rgb([200; 3]));
        let map = occlusion_from_outside(&image, steer).unwrap();
        assert!(map.values[0] > 100.0, "{}", map.values[0]);
        assert_eq!(map.values[20], 0.0, "squares of four pixels to the right of it hide nothing that counts");
    }

    #[test]
    fn a_pixel_has_the_mean_effect_of_its_squares() {
        let squares = [0..2, 1..3].map(|columns| Patch { rows: 0..1, columns });
        assert_eq!(average(Size::new(3, 1), &squares, &[1.0, 3.0]), [1.0, 2.0, 3.0]);
    }
}
