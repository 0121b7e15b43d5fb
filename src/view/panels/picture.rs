//! A camera's picture with everything that lies over it: saliency, paths, state, and why something is missing.

use super::{Scene, cross, road_path};
use crate::view::camera::{Camera, Overlay};
use crate::view::theme::{BODY, Identity, TITLE, font};
use egui::emath::GuiRounding as _;
use egui::{Color32, Painter, Rect, Stroke, StrokeKind, Ui, pos2, vec2};
use lane_driver::moment::{Fractions, Side, Status};

/// Texture coordinates of a whole texture.
const WHOLE: Rect = Rect { min: pos2(0.0, 0.0), max: pos2(1.0, 1.0) };

/// Draws the picture at its own aspect in the middle of its room.
pub fn draw(ui: &Ui, room: Rect, scene: &Scene, side: &Side, identity: Identity, camera: &mut Camera) {
    let (image, painter) = (&side.picture.image, ui.painter());
    let source = vec2(image.width() as f32, image.height() as f32);
    let fit = (room.size() / source).min_elem();
    let rect = Rect::from_center_size(room.center(), source * fit).round_to_pixels(painter.pixels_per_point());
    let size_px = rect.size() * painter.pixels_per_point();
    let size_px = [(size_px.x.round() as usize).max(1), (size_px.y.round() as usize).max(1)];
    let texture = camera.texture(ui.ctx(), scene.moment_number, &side.picture, overlay(scene, side), size_px);
    painter.image(texture, rect, WHOLE, Color32::WHITE);
    draw_policy_input(painter, rect, side.picture.input);
    if let Some(decision) = &side.decision {
        road_path::draw_ribbon(painter, rect, &side.picture, decision.steering, identity);
    }
    if let Some(reference) = side.reference {
        road_path::draw_reference(painter, rect, &side.picture, reference);
    }
    draw_status(painter, rect, scene, side);
    if let Some(notice) = notice(scene, side) {
        draw_notice(painter, rect, notice);
    }
}

/// The map on the scale of the colour bar, if it is to be seen and holds evidence.
fn overlay(scene: &Scene, side: &Side) -> Option<Overlay> {
    let map = &side.decision.as_ref()?.saliency.as_ref().filter(|_| scene.settings.overlay)?.map;
    let values = map.scaled(scene.settings.scale.scale(scene.history.peaks.saliency))?;
    Some(Overlay { size: map.size, values, strength: scene.settings.strength })
}

/// Why a picture has no map over it, if there is a reason to tell.
fn notice(scene: &Scene, side: &Side) -> Option<String> {
    if let Some(reason) = scene.moment.and_then(|moment| moment.skipped.as_ref()) {
        return Some(format!("frame skipped: {reason}"));
    }
    let map = &side.decision.as_ref()?.saliency.as_ref()?.map;
    (scene.settings.overlay && map.mass().is_none()).then(|| "no evidence in this frame".to_owned())
}

fn draw_notice(painter: &Painter, rect: Rect, notice: String) {
    let text = painter.layout(notice, font(BODY), Color32::WHITE, rect.width() - 40.0);
    let place = Rect::from_center_size(rect.center_top() + vec2(0.0, 22.0), text.size() + vec2(16.0, 8.0));
    painter.rect_filled(place, 4.0, Color32::from_black_alpha(200));
    painter.galley(place.center() - text.size() / 2.0, text, Color32::WHITE);
}

/// Outlines what the policy sees where that is not the whole picture.
fn draw_policy_input(painter: &Painter, rect: Rect, input: Fractions) {
    if input != [0.0, 0.0, 1.0, 1.0] {
        let [left, top, right, bottom] = input;
        let seen = Rect::from_min_max(rect.lerp_inside(vec2(left, top)), rect.lerp_inside(vec2(right, bottom)));
        painter.rect_stroke(seen, 0.0, Stroke::new(1.0, Color32::from_white_alpha(150)), StrokeKind::Inside);
    }
}

/// A frame, a cross and a word on the picture while the car does not drive by itself.
fn draw_status(painter: &Painter, rect: Rect, scene: &Scene, side: &Side) {
    let word = match side.lane.map(|lane| lane.status) {
        Some(Status::Crashed) => "crashed",
        Some(Status::PutBack) => "put back",
        Some(Status::Driving) | None => return,
    };
    let palette = scene.palette;
    painter.rect_stroke(rect, 0.0, Stroke::new(3.0, palette.warning), StrokeKind::Inside);
    let text = painter.layout_no_wrap(word.to_owned(), font(TITLE), palette.on_warning);
    let place = Rect::from_min_size(rect.min, text.size() + vec2(40.0, 8.0));
    painter.rect_filled(place, 0.0, palette.warning);
    cross(painter, place.left_center() + vec2(17.0, 0.0), 6.0, palette.on_warning, palette.warning);
    painter.galley(place.left_top() + vec2(31.0, 4.0), text, palette.on_warning);
}
