//! What the steering depends on: parts of the pictures of a second are replaced, and the command on the last one is
//! compared. Ground truth: no map is involved.

use super::quantity::{Measured, Quantity, Swap};
use super::region::Region;
use super::scene::{Scene, before_last};
use lane_driver::Driver;
use lane_frame::{Frame, RgbImage};
use lane_sim::{Asphalt, Factors, Masks, Roadside};

/// How far the steering on the last frame moves when a part of all frames is replaced, and how much of that frame changes:
/// a memory sees one world.
///
/// # Errors
/// If the policy cannot steer.
pub(super) fn measure(driver: &Driver, scene: &Scene, road: u64, measured: &mut Measured) -> anyhow::Result<()> {
    let (size, as_is) = (driver.input_size(), Factors::default());
    let steering = |frames: &[Frame]| -> anyhow::Result<f32> {
        let (mut driver, last) = before_last(driver, frames)?;
        Ok(driver.steer(last)?.0)
    };
    let mut masks = Vec::new();
    let own = scene.frames_with(size, &as_is, |of_frame| masks.push(of_frame.clone()));
    let steered = steering(&own)?;
    let is_painted = masks.last().is_some_and(|masks| Region::Marking.pixels(masks).is_some());
    let replaced = |factors: Factors| scene.frames(size, &factors).0;
    let roadside = replaced(Factors { roadside: Roadside::Replaced(road), ..as_is });
    for swap in Swap::ALL {
        let frames = match swap {
            Swap::Roadside => Some(roadside.clone()),
            Swap::BeyondOutline => Some(keeping_the_outline(&own, &roadside, &masks)),
            Swap::Asphalt => Some(replaced(Factors { asphalt: Asphalt::Replaced(road), ..as_is })),
            Swap::Markings => is_painted.then(|| replaced(Factors { markings: false, ..as_is })),
        };
        let moved = frames.as_deref().map(&steering).transpose()?;
        measured.note(Quantity::Swap(swap), moved.map(|other| 1e3 * f64::from((other - steered).abs())));
        let changed = frames.as_deref().and_then(|frames| Some(changed_share(own.last()?, frames.last()?)));
        measured.note(Quantity::SwapArea(swap), changed);
    }
    Ok(())
}

/// Share of the pixels that are not the same in two pictures.
fn changed_share(own: &Frame, other: &Frame) -> f64 {
    let pairs = || own.image.pixels().zip(other.image.pixels());
    pairs().filter(|(own, other)| own != other).count() as f64 / pairs().count() as f64
}

/// The other frames, with the road, its outline and what lies near it from the frames' own: the contrast at the outline
/// stays as it is.
fn keeping_the_outline(own: &[Frame], other: &[Frame], masks: &[Masks]) -> Vec<Frame> {
    let pictures = own.iter().zip(other).zip(masks);
    let mixed = pictures
        .map(|((own, other), masks)| Frame { image: mixed(&own.image, &other.image, &kept(masks)), ..own.clone() });
    mixed.collect()
}

/// How much of each pixel is kept: all of the road and its outline, less and less over as far again as the outline reaches.
fn kept(masks: &Masks) -> Vec<f32> {
    let (width, height) = (masks.size.width as usize, masks.size.height as usize);
    let outline = masks.outline();
    let near: Vec<bool> =
        masks.bits.iter().zip(&outline).map(|(bits, outline)| bits & Masks::ROAD != 0 || *outline).collect();
    let reach = Masks::outline_reach(masks.size);
    let window = |at: usize, limit: usize| at.saturating_sub(reach)..(at + reach + 1).min(limit);
    let share_near = |pixel: usize| {
        let (rows, columns) = (window(pixel / width, height), window(pixel % width, width));
        let count = rows.len() * columns.len();
        let near = rows.flat_map(|row| near[row * width..][columns.clone()].iter()).filter(|near| **near).count();
        near as f32 / count as f32
    };
    (0..near.len()).map(|pixel| if near[pixel] { 1.0 } else { share_near(pixel) }).collect()
}

/// Each pixel a mix of two, by its share of the first.
fn mixed(first: &RgbImage, second: &RgbImage, shares: &[f32]) -> RgbImage {
    let mut mixed = second.clone();
    for ((pixel, own), share) in mixed.pixels_mut().zip(first.pixels()).zip(shares) {
        for (value, own) in pixel.0.iter_mut().zip(own.0) {
            let between = f32::from(*value) + share * (f32::from(own) - f32::from(*value));
            *value = between.round() as u8;
        }
    }
    mixed
}

#[cfg(test)]
mod tests {
    use super::super::FIRST_ROAD;
    use super::*;
    use lane_frame::Size;

    #[test]
    fn beyond_the_outline_the_other_roadside_is_shown_and_at_the_outline_the_own_one() {
        let (scene, size) = (Scene::of_road(FIRST_ROAD), Size::new(120, 48));
        let mut masks = Vec::new();
        let own = scene.frames_with(size, &Factors::default(), |of_frame| masks.push(of_frame.clone()));
        let (other, _) =
            scene.frames(size, &Factors { roadside: Roadside::Replaced(FIRST_ROAD), ..Factors::default() });
        let mixed = keeping_the_outline(&own, &other, &masks);
        let (own, other, mixed, masks) = (&own[19], &other[19], &mixed[19], &masks[19]);
        let (outline, kept) = (masks.outline(), kept(masks));
        let mut shown = [0; 2];
        for (pixel, kept) in kept.iter().enumerate() {
            let of = |frame: &Frame| frame.image.as_raw()[3 * pixel..3 * pixel + 3].to_vec();
            if outline[pixel] || masks.bits[pixel] & Masks::ROAD != 0 {
                assert_eq!(of(mixed), of(own), "pixel {pixel}");
                shown[0] += 1;
            } else if *kept == 0.0 {
                assert_eq!(of(mixed), of(other), "pixel {pixel}");
                shown[1] += 1;
            }
        }
        assert!(shown.iter().all(|pixels| *pixels > 500), "{shown:?} pixels of the road and far from it");
        let [whole, beyond] = [other, mixed].map(|frame| changed_share(own, frame));
        assert!(0.0 < beyond && beyond < whole && whole < 1.0, "{beyond} of {whole}");
    }

    #[test]
    fn a_mix_lies_between_its_pictures() {
        let [dark, light] = [10, 20].map(|value| RgbImage::from_pixel(3, 1, image::Rgb([value; 3])));
        let mixed = mixed(&light, &dark, &[0.0, 0.5, 1.0]);
        assert_eq!(mixed.pixels().map(|pixel| pixel.0[0]).collect::<Vec<_>>(), [10, 15, 20]);
    }
}
