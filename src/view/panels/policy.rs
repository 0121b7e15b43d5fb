//! One policy: its name, its camera with saliency and path, its state, and where its attention lies.

use super::{Scene, card, elided, facts, line_sample, picture, thousands};
use crate::view::camera::Camera;
use crate::view::theme::{SMALL, TITLE, font};
use egui::{Align2, Color32, Painter, Rect, Ui, pos2, vec2};

const TITLE_ROW: f32 = 24.0;
const FACTS_ROW: f32 = 42.0;
const ATTENTION_ROW: f32 = 36.0;
const EXPLANATION_ROW: f32 = 16.0;
/// Between the picture and the rows below it.
const GAP: f32 = 8.0;

/// Height that a policy panel needs besides its picture, in points.
pub const TEXT_HEIGHT: f32 = TITLE_ROW + FACTS_ROW + ATTENTION_ROW + EXPLANATION_ROW + GAP + 14.0;

/// Least size of the text behind the name, in points: what a narrow panel shrinks it to.
const LEAST_SIZE: f32 = 10.0;

/// Draws one policy's panel.
pub fn draw(ui: &Ui, rect: Rect, scene: &Scene, policy: usize, camera: &mut Camera) {
    let room = card(ui.painter(), rect, scene.palette);
    draw_title(ui.painter(), room, scene, policy);
    let below = room.bottom() - FACTS_ROW - ATTENTION_ROW - EXPLANATION_ROW;
    let screen = Rect::from_min_max(room.min + vec2(0.0, TITLE_ROW), pos2(room.right(), below - GAP));
    ui.painter().rect_filled(screen, 3.0, scene.palette.well);
    if let Some(side) = scene.moment.and_then(|moment| moment.sides.get(policy)) {
        let row = |top, height| Rect::from_min_size(pos2(room.left(), top), vec2(room.width(), height));
        picture::draw(ui, screen, scene, side, scene.identities[policy], camera);
        facts::draw(ui.painter(), row(below, FACTS_ROW), scene, side);
        facts::draw_attention(ui.painter(), row(below + FACTS_ROW, ATTENTION_ROW), scene, side, policy);
    }
    let explanation = format!("Bright: saliency · ribbon: commanded path · white: {}", scene.info.reference_name);
    elided(ui.painter(), room.left_bottom() + vec2(0.0, 2.0), room.width(), &explanation, SMALL, scene.palette.weak);
}

fn draw_title(painter: &Painter, room: Rect, scene: &Scene, policy: usize) {
    let identity = scene.identities[policy];
    line_sample(painter, room.min + vec2(0.0, 9.0), 26.0, identity);
    let at = room.min + vec2(34.0, 0.0);
    let name = painter.text(at, Align2::LEFT_TOP, scene.name(policy), font(TITLE), identity.colour);
    let from = pos2(name.right() + 10.0, name.bottom() - 2.0);
    let info = &scene.info.policies[policy];
    let text = format!("{} · {} parameters", info.summary, thousands(info.parameters));
    let width = room.right() - from.x;
    elided(painter, from, width, &text, fitting_size(painter, width, &text), scene.palette.weak);
}

/// Size of the largest small text that fits into a width, in points.
fn fitting_size(painter: &Painter, width: f32, text: &str) -> f32 {
    let natural = painter.layout_no_wrap(text.to_owned(), font(SMALL), Color32::WHITE).size().x;
    // Glyphs are as wide as whole pixels: a half point less leaves room for that.
    (SMALL * width / natural - 0.5).clamp(LEAST_SIZE, SMALL)
}
