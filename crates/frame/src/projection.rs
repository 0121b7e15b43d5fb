//! Pinhole projection of flat ground into one picture: enough to draw a point or a commanded path on the road.

use super::Steering;

/// Focal length of the training camera per pixel of width: 80 degrees from side to side.
pub const FOCAL_PER_WIDTH: f32 = 119.2 / 200.0;
/// Row of its horizon, as a share of the height.
pub const HORIZON_SHARE: f32 = 0.3;
/// Its mean height above the ground in m.
pub const CAMERA_HEIGHT_M: f32 = 1.4;
/// Its place ahead of the rear axle in m.
pub const CAMERA_FORWARD_M: f32 = 1.3;

/// Pinhole constants of one picture. Ground is flat; x points forward from the rear axle, y left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Projection {
    /// Focal length in pixels.
    pub focal_px: f32,
    /// Column of the optical axis.
    pub center_px: f32,
    /// Row of the horizon at the centre column.
    pub horizon_px: f32,
    /// Camera height above the ground in m.
    pub height_m: f32,
    /// Camera position ahead of the rear axle in m.
    pub forward_m: f32,
    /// Roll in rad; positive turns the horizon's right end down.
    pub roll_rad: f32,
}

impl Projection {
    /// Where a ground point appears, as `[column, row]`; `None` behind or too near the camera.
    pub fn pixel_from_ground(&self, x_forward_m: f32, y_left_m: f32) -> Option<[f32; 2]> {
        let depth = x_forward_m - self.forward_m;
        if depth < 0.5 {
            return None;
        }
        let right = -y_left_m / depth * self.focal_px;
        let down = self.height_m / depth * self.focal_px;
        let (sin, cos) = (libm::sinf(self.roll_rad), libm::cosf(self.roll_rad));
        Some([self.center_px + right * cos - down * sin, self.horizon_px + right * sin + down * cos])
    }

    /// The path of a car that keeps this curvature, from the nearest visible ground to `reach_m` ahead, as picture
    /// points. The rear axle follows a circle of radius 1/curvature.
    pub fn path_in_picture(&self, steering: Steering, lateral_m: f32, reach_m: f32) -> Vec<[f32; 2]> {
        const STEPS: usize = 40;
        (0..=STEPS)
            .map(|i| reach_m * i as f32 / STEPS as f32)
            .filter_map(|along_m| {
                let [x, y] = arc_point(steering.0, along_m);
                let heading = steering.0 * along_m;
                let (sin, cos) = (libm::sinf(heading), libm::cosf(heading));
                self.pixel_from_ground(x - lateral_m * sin, y + lateral_m * cos)
            })
            .collect()
    }
}

/// A point `along_m` down a circle of this curvature that starts at the origin, heading along x.
fn arc_point(curvature: f32, along_m: f32) -> [f32; 2] {
    if curvature.abs() < 1e-6 {
        return [along_m, 0.5 * curvature * along_m * along_m];
    }
    let turned = curvature * along_m;
    [libm::sinf(turned) / curvature, (1.0 - libm::cosf(turned)) / curvature]
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAMERA: Projection =
        Projection { focal_px: 100.0, center_px: 60.0, horizon_px: 15.0, height_m: 1.4, forward_m: 1.3, roll_rad: 0.0 };

    #[test]
    fn a_point_straight_ahead_lies_below_the_horizon_on_the_centre_column() {
        let [column, row] = CAMERA.pixel_from_ground(15.3, 0.0).unwrap();
        assert_eq!(column, 60.0);
        assert!((row - (15.0 + 10.0)).abs() < 1e-4, "1.4 m below the camera at 14 m is 10 px down, got {row}");
    }

    #[test]
    fn positive_curvature_bends_the_path_to_the_left_of_the_picture() {
        let path = CAMERA.path_in_picture(Steering(0.03), 0.0, 25.0);
        assert!(path.last().unwrap()[0] < 60.0 - 5.0);
    }

    #[test]
    fn a_point_behind_the_camera_has_no_pixel() {
        assert_eq!(CAMERA.pixel_from_ground(0.0, 0.0), None);
    }
}
