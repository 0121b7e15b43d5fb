//! A camera's picture with everything that lies over it: saliency, paths, the undisturbed twin, state, and why something
//! is missing.

use super::{Scene, WHOLE, cross, draw_texture, road_path};
use crate::view::camera::{Camera, Cameras, Overlay};
use crate::view::settings::Settings;
use crate::view::theme::{BODY, Identity, SMALL, TITLE, font};
use egui::emath::GuiRounding as _;
use egui::{Align2, Color32, Painter, Rect, Stroke, StrokeKind, Ui, vec2};
use lane_driver::moment::{Fractions, Picture, Side, Status};
use lane_policy::saliency::Method;
use lane_policy::saliency::map::Attribution;

/// Between two maps of the same picture, in points.
const BESIDE_GAP: f32 = 4.0;

/// Maps older than this say their age, in s.
const OLD_SECS: f64 = 0.01;

/// Draws the picture with the policy's map, and beside it with the second map where there is one.
pub fn draw(ui: &Ui, room: Rect, scene: &Scene, side: &Side, identity: Identity, cameras: &mut Cameras) {
    let attention = scene.info.attention;
    let decision = side.decision.as_ref();
    let first = decision.and_then(|decision| decision.saliency.as_ref());
    let Some((method, randomised)) = attention.beside else {
        draw_one(ui, room, scene, side, identity, first, &mut cameras.first);
        if attention.randomised {
            draw_label(ui.painter(), room, &label(attention.method, true));
        }
        return;
    };
    let half = vec2((room.width() - BESIDE_GAP) / 2.0, room.height());
    let left = Rect::from_min_size(room.min, half);
    let right = Rect::from_min_size(room.min + vec2(half.x + BESIDE_GAP, 0.0), half);
    let second = decision.and_then(|decision| decision.beside.as_ref());
    let left = draw_one(ui, left, scene, side, identity, first, &mut cameras.first);
    let right = draw_one(ui, right, scene, side, identity, second, &mut cameras.beside);
    draw_label(ui.painter(), left, &label(attention.method, attention.randomised));
    draw_label(ui.painter(), right, &label(method, randomised));
}

fn label(method: Method, randomised: bool) -> String {
    if randomised { format!("{}, random weights", method.name()) } else { method.name().to_owned() }
}

fn draw_label(painter: &Painter, rect: Rect, words: &str) {
    let text = painter.layout_no_wrap(words.to_owned(), font(SMALL), Color32::WHITE);
    let at = rect.left_bottom() + vec2(4.0, -4.0 - text.size().y);
    painter.rect_filled(
        Rect::from_min_size(at, text.size()).expand2(vec2(4.0, 1.0)),
        3.0,
        Color32::from_black_alpha(170),
    );
    painter.with_clip_rect(rect).galley(at, text, Color32::WHITE);
}

/// Draws the picture at its own aspect in the middle of its room; gives its place.
fn draw_one(
    ui: &Ui,
    room: Rect,
    scene: &Scene,
    side: &Side,
    identity: Identity,
    map: Option<&Attribution>,
    camera: &mut Camera,
) -> Rect {
    let painter = ui.painter();
    let (rect, size_px) = place(painter, room, &side.picture);
    let overlay = map
        .filter(|_| scene.settings.overlay)
        .and_then(|map| overlay(scene.settings, scene.history.peaks.saliency, map));
    let texture = camera.texture(ui.ctx(), scene.moment_number, &side.picture, overlay, size_px);
    draw_texture(painter, texture, rect, WHOLE);
    draw_policy_input(painter, rect, side.picture.input);
    if let Some(ghost) = &side.ghost {
        road_path::draw_ghost(painter, rect, &side.picture, ghost);
    }
    if let Some(decision) = &side.decision {
        road_path::draw_ribbon(painter, rect, &side.picture, decision.steering, identity);
    }
    if let Some(reference) = side.reference {
        road_path::draw_reference(painter, rect, &side.picture, reference);
    }
    draw_status(painter, rect, scene, side);
    if let Some(notice) = notice(scene, side, map) {
        draw_notice(painter, rect, notice);
    }
    draw_age(painter, rect, scene, side);
    rect
}

/// Draws the picture as the camera gave it.
pub fn draw_bare(ui: &Ui, room: Rect, scene: &Scene, side: &Side, cameras: &mut Cameras) {
    let whole = Picture { input: [0.0, 0.0, 1.0, 1.0], ..side.picture.clone() };
    let (rect, size_px) = place(ui.painter(), room, &whole);
    let texture = cameras.first.texture(ui.ctx(), scene.moment_number, &whole, None, size_px);
    draw_texture(ui.painter(), texture, rect, WHOLE);
}

/// The place of a picture at its own aspect in the middle of its room, and its size there in pixels.
fn place(painter: &Painter, room: Rect, picture: &Picture) -> (Rect, [usize; 2]) {
    let source = vec2(picture.image.width() as f32, picture.image.height() as f32);
    let fit = (room.size() / source).min_elem();
    let rect = Rect::from_center_size(room.center(), source * fit).round_to_pixels(painter.pixels_per_point());
    let size_px = rect.size() * painter.pixels_per_point();
    (rect, [(size_px.x.round() as usize).max(1), (size_px.y.round() as usize).max(1)])
}

/// The map on the scale of the colour bar, if it holds evidence; `peak` is the largest value so far.
fn overlay(settings: Settings, peak: f32, attribution: &Attribution) -> Option<Overlay> {
    let map = &attribution.map;
    let mut values = map.scaled(settings.scale.scale(peak))?;
    if let Some(signed) = &attribution.signed {
        values.iter_mut().zip(&signed.values).for_each(|(value, signed)| *value = value.copysign(*signed));
    }
    Some(Overlay { size: map.size, values, signed: attribution.signed.is_some(), strength: settings.strength })
}

/// Why a picture has no map over it, if there is a reason to tell.
fn notice(scene: &Scene, side: &Side, map: Option<&Attribution>) -> Option<String> {
    if let Some(reason) = scene.moment.and_then(|moment| moment.skipped.as_ref()) {
        return Some(format!("frame skipped: {reason}"));
    }
    side.decision.as_ref()?;
    (scene.settings.overlay && map?.map.mass().is_none()).then(|| "no evidence in this frame".to_owned())
}

/// The age of a map that was not made of this frame.
fn draw_age(painter: &Painter, rect: Rect, scene: &Scene, side: &Side) {
    let age_secs = side.decision.as_ref().map_or(0.0, |decision| decision.map_age_secs);
    if scene.settings.overlay && age_secs > OLD_SECS {
        let at = rect.right_bottom() + vec2(-6.0, -4.0);
        painter.text(at, Align2::RIGHT_BOTTOM, format!("map {age_secs:.2} s old"), font(SMALL), Color32::WHITE);
    }
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
        _ if side.manual => "you steer",
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
