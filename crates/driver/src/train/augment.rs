//! Changes of a recorded picture, and of the steering that goes with it.

use super::config::RecordingRecipe;
use lane_frame::RgbImage;
use lane_recording::{CameraView, SideCamera};
use rand::RngExt as _;

/// Share of the brightness that is left in a shadow.
const SHADOW: f32 = 0.5;

/// Speed where the recording states none, in m/s: the simulator's mean is 10.
const USUAL_SPEED_MPS: f32 = 9.0;

/// Where and how a picture is taken otherwise than it was recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct ViewChange {
    pub side: Option<SideCamera>,
    pub mirrored: bool,
    /// What the factor of the brightness has beyond 1.
    pub brighter: f32,
    /// Column at the top and at the bottom of the picture, as shares of its width, that a shadow reaches to.
    pub shadow: Option<[f32; 2]>,
    /// To the left, in m.
    pub shift_m: f32,
    /// To the left, in rad.
    pub turn_rad: f32,
}

impl ViewChange {
    /// A change by chance.
    pub fn draw(recipe: &RecordingRecipe, has_sides: bool, rng: &mut impl rand::Rng) -> Self {
        let mut draw = || rng.random::<f32>();
        let side = match (3.0 * draw()) as u32 {
            1 if has_sides => Some(SideCamera::Left),
            2 if has_sides => Some(SideCamera::Right),
            _ => None,
        };
        let mirrored = draw() < recipe.mirror_share as f32;
        let brighter = recipe.brightness as f32 * (2.0 * draw() - 1.0);
        let is_shaded = draw() < recipe.shadow_share as f32;
        let shadow = [draw(), draw()];
        let shift_m = recipe.shift_m as f32 * (2.0 * draw() - 1.0);
        let turn_rad = (recipe.turn_deg as f32).to_radians() * (2.0 * draw() - 1.0);
        Self { side, mirrored, brighter, shadow: is_shaded.then_some(shadow), shift_m, turn_rad }
    }

    /// The picture so changed. `view` is that of the recorded picture, of which `crop` is seen.
    pub fn picture(&self, image: &RgbImage, view: &CameraView, crop: [u32; 4]) -> RgbImage {
        let mut changed =
            if self.shift_m == 0.0 && self.turn_rad == 0.0 { image.clone() } else { self.moved(image, view, crop) };
        if let Some([top, bottom]) = self.shadow {
            shade(&mut changed, top, bottom);
        }
        if self.brighter != 0.0 {
            changed.iter_mut().for_each(|value| *value = (f32::from(*value) * (1.0 + self.brighter)) as u8);
        }
        if self.mirrored {
            image::imageops::flip_horizontal_in_place(&mut changed);
        }
        changed
    }

    /// The curvature that goes with it, in 1/m. `side_correction` is what a side camera adds to the right one, and takes
    /// from the left one's.
    pub fn curvature(&self, curvature: f32, side_correction: f32, speed_mps: Option<f32>) -> f32 {
        let side = match self.side {
            Some(SideCamera::Left) => -side_correction,
            Some(SideCamera::Right) => side_correction,
            None => 0.0,
        };
        // The way back of the simulator's expert: pure pursuit of a point on the recorded path.
        let ahead_m = 4.0 + 0.5 * speed_mps.unwrap_or(USUAL_SPEED_MPS);
        let back = 2.0 * (self.shift_m / ahead_m + self.turn_rad) / ahead_m;
        let changed = curvature + side - back;
        if self.mirrored { -changed } else { changed }
    }

    /// The ground as seen from further left and with the camera turned left, each row moved along itself. What lies above
    /// the horizon is far away and only turns.
    fn moved(&self, image: &RgbImage, view: &CameraView, [_, top, crop_width, crop_height]: [u32; 4]) -> RgbImage {
        let (width, height) = image.dimensions();
        let projection = &view.projection;
        let [across, down] = [width as f32 / crop_width as f32, crop_height as f32 / height as f32];
        let mut moved = image.clone();
        for y in 0..height {
            let row = top as f32 + (y as f32 + 0.5) * down;
            let below = (row - projection.horizon_px).max(0.0);
            let right = (self.shift_m * below / projection.height_m + self.turn_rad * projection.focal_px) * across;
            for x in 0..width {
                let from = (x as f32 - right).clamp(0.0, (width - 1) as f32);
                let (left, part) = (from.floor() as u32, from.fract());
                let [a, b] = [left, (left + 1).min(width - 1)].map(|x| image.get_pixel(x, y).0);
                let mix = |channel: usize| {
                    (f32::from(a[channel]) * (1.0 - part) + f32::from(b[channel]) * part).round() as u8
                };
                moved.put_pixel(x, y, image::Rgb(std::array::from_fn(mix)));
            }
        }
        moved
    }
}

/// Darkens everything left of a line from the top to the bottom.
fn shade(image: &mut RgbImage, top: f32, bottom: f32) {
    let (width, height) = image.dimensions();
    for y in 0..height {
        let down = y as f32 / height as f32;
        let end = ((top + (bottom - top) * down) * width as f32) as u32;
        for x in 0..end.min(width) {
            image.get_pixel_mut(x, y).0.iter_mut().for_each(|value| *value = (f32::from(*value) * SHADOW) as u8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_frame::projection::Projection;

    const VIEW: CameraView = CameraView {
        crop: [0, 0, 40, 20],
        projection: Projection {
            focal_px: 30.0,
            center_px: 20.0,
            horizon_px: 5.0,
            height_m: 1.4,
            forward_m: 1.3,
            roll_rad: 0.0,
        },
    };

    #[test]
    fn a_mirrored_picture_steers_to_the_other_side() {
        let change = ViewChange { mirrored: true, ..ViewChange::default() };
        let image = RgbImage::from_fn(40, 20, |x, _| image::Rgb([x as u8; 3]));
        assert_eq!(change.picture(&image, &VIEW, VIEW.crop).get_pixel(0, 3)[0], 39);
        assert_eq!(change.curvature(0.02, 0.0, None), -0.02);
    }

    #[test]
    fn the_left_camera_steers_to_the_right_and_its_mirror_image_to_the_left() {
        let left = ViewChange { side: Some(SideCamera::Left), ..ViewChange::default() };
        assert!((left.curvature(0.01, 0.008, None) - 0.002).abs() < 1e-7);
        let mirrored = ViewChange { mirrored: true, ..left };
        assert!((mirrored.curvature(0.01, 0.008, None) + 0.002).abs() < 1e-7);
    }

    #[test]
    fn a_view_from_further_left_shows_the_ground_further_right_and_steers_back() {
        let change = ViewChange { shift_m: 0.5, ..ViewChange::default() };
        // A post at column 20 from the top of the picture to its bottom.
        let image = RgbImage::from_fn(40, 20, |x, _| image::Rgb([if x == 20 { 255 } else { 0 }; 3]));
        let moved = change.picture(&image, &VIEW, VIEW.crop);
        let column = |y: u32| {
            let weights = (0..40).map(|x| (x as f32, f32::from(moved.get_pixel(x, y)[0])));
            let (sum, weight) = weights.fold((0.0, 0.0), |(sum, weight), (x, w)| (sum + x * w, weight + w));
            sum / weight
        };
        // The same point of the ground, projected before and after: 0.5 m to the right of the camera now.
        let depth_m = 1.4 * 30.0 / (15.5 - 5.0);
        assert!((column(15) - (20.0 + 0.5 * 30.0 / depth_m)).abs() < 0.1, "{}", column(15));
        assert!((column(2) - 20.0).abs() < 1e-3, "above the horizon nothing moves");
        assert!(change.curvature(0.0, 0.0, Some(10.0)) < 0.0, "right is back");
    }

    #[test]
    fn a_shadow_and_less_light_darken() {
        let image = RgbImage::from_pixel(40, 20, image::Rgb([200; 3]));
        let change = ViewChange { brighter: -0.5, shadow: Some([0.5, 0.5]), ..ViewChange::default() };
        let changed = change.picture(&image, &VIEW, VIEW.crop);
        assert_eq!([changed.get_pixel(5, 5)[0], changed.get_pixel(35, 5)[0]], [50, 100]);
    }
}
