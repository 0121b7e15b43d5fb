//! A commanded curvature as a path on the road: where the car goes if it keeps this steering.

use crate::view::panels::styled_line;
use crate::view::theme::Identity;
use egui::{Color32, Mesh, Painter, Pos2, Rect, Shape, Stroke, pos2};
use lane_driver::moment::{Ghost, Picture};
use lane_frame::Steering;

/// The distance ahead to which the path is drawn, in m: about three seconds at 36 km/h.
const REACH_M: f32 = 30.0;

/// Half the width of the ribbon, in m: half a car.
const HALF_WIDTH_M: f32 = 0.85;

/// Draws the policy's path as a ribbon as wide as a car.
pub fn draw_ribbon(painter: &Painter, rect: Rect, picture: &Picture, steering: Steering, identity: Identity) {
    let left = path(rect, picture, steering, HALF_WIDTH_M);
    let right = path(rect, picture, steering, -HALF_WIDTH_M);
    let painter = painter.with_clip_rect(rect);
    painter.add(ribbon(&left, &right, identity.colour));
    for edge in [left, right] {
        painter.extend(styled_line(&edge, Stroke::new(4.0, Color32::from_black_alpha(110)), false));
        painter.extend(styled_line(&edge, Stroke::new(2.2, identity.colour), identity.dashed));
    }
}

/// Draws the expert's, or the recorded human's, path as a thin line.
pub fn draw_reference(painter: &Painter, rect: Rect, picture: &Picture, steering: Steering) {
    let painter = painter.with_clip_rect(rect);
    let line = path(rect, picture, steering, 0.0);
    painter.extend(styled_line(&line, Stroke::new(3.0, Color32::from_black_alpha(130)), false));
    painter.extend(styled_line(&line, Stroke::new(1.4, Color32::WHITE), false));
}

/// Half the width and the length of a car, and the place of its rear axle from its rear end, in m.
const CAR_HALF_WIDTH_M: f32 = 0.9;
const CAR_LENGTH_M: f32 = 4.2;
const REAR_OVERHANG_M: f32 = 0.8;

/// Draws the outline of the undisturbed twin on the ground, where it is in the picture.
pub fn draw_ghost(painter: &Painter, rect: Rect, picture: &Picture, ghost: &Ghost) {
    let scale = rect.size() / egui::vec2(picture.image.width() as f32, picture.image.height() as f32);
    let (sin, cos) = (libm::sinf(ghost.heading_rad), libm::cosf(ghost.heading_rad));
    let corner = |along_m: f32, left_m: f32| {
        let (ahead, left) = (along_m * cos - left_m * sin + ghost.ahead_m, along_m * sin + left_m * cos + ghost.left_m);
        let [column, row] = picture.projection.pixel_from_ground(ahead, left)?;
        Some(pos2(rect.left() + column * scale.x, rect.top() + row * scale.y))
    };
    let (rear, front) = (-REAR_OVERHANG_M, CAR_LENGTH_M - REAR_OVERHANG_M);
    let corners = [(rear, 1.0), (front, 1.0), (front, -1.0), (rear, -1.0), (rear, 1.0)];
    let points: Vec<Pos2> =
        corners.iter().filter_map(|(along, side)| corner(*along, side * CAR_HALF_WIDTH_M)).collect();
    let painter = painter.with_clip_rect(rect);
    for stroke in [Stroke::new(3.5, Color32::from_black_alpha(140)), Stroke::new(1.6, Color32::WHITE)] {
        painter.extend(Shape::dashed_line(&points, stroke, 6.0, 4.0));
    }
}

/// The path at a distance to the left of the car's own, in screen points.
fn path(rect: Rect, picture: &Picture, steering: Steering, lateral_m: f32) -> Vec<Pos2> {
    if !steering.0.is_finite() {
        return Vec::new();
    }
    let scale = rect.size() / egui::vec2(picture.image.width() as f32, picture.image.height() as f32);
    let points = picture.projection.path_in_picture(steering, lateral_m, REACH_M);
    points.into_iter().map(|[column, row]| pos2(rect.left() + column * scale.x, rect.top() + row * scale.y)).collect()
}

/// The area between both edges, fading out with distance. The far ends belong together; near the camera one edge may
/// be visible where the other is not.
fn ribbon(left: &[Pos2], right: &[Pos2], colour: Color32) -> Shape {
    const NEAR_OPACITY: f32 = 0.42;
    const FAR_OPACITY: f32 = 0.12;
    let mut mesh = Mesh::default();
    let rungs = left.len().min(right.len());
    for (rung, (left, right)) in left.iter().rev().zip(right.iter().rev()).enumerate() {
        let nearness = rung as f32 / rungs.max(2).saturating_sub(1) as f32;
        let colour = colour.gamma_multiply(FAR_OPACITY + nearness * (NEAR_OPACITY - FAR_OPACITY));
        mesh.colored_vertex(*left, colour);
        mesh.colored_vertex(*right, colour);
        if rung > 0 {
            let at = 2 * rung as u32;
            mesh.add_triangle(at - 2, at - 1, at);
            mesh.add_triangle(at - 1, at, at + 1);
        }
    }
    Shape::mesh(mesh)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::mock;

    const SCREEN: Rect = Rect { min: pos2(10.0, 20.0), max: pos2(330.0, 148.0) };

    #[test]
    fn a_left_turn_bends_to_the_left_of_the_screen() {
        let picture = mock::picture(0.0, [0.0, 0.0, 1.0, 1.0]);
        let straight = path(SCREEN, &picture, Steering(0.0), 0.0);
        let left = path(SCREEN, &picture, Steering(0.03), 0.0);
        assert!(left.last().unwrap().x < straight.last().unwrap().x - 10.0);
    }

    #[test]
    fn a_steering_that_is_not_a_number_has_no_path() {
        assert!(path(SCREEN, &mock::picture(0.0, [0.0, 0.0, 1.0, 1.0]), Steering(f32::NAN), 0.0).is_empty());
    }
}
