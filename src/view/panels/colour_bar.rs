//! The meaning of the saliency colours: the method, the scale in numbers, and how strongly they are laid on.

use super::{Scene, card, elided, longest_that_fits};
use crate::view::colormap::inferno;
use crate::view::settings::ScaleMode;
use crate::view::theme::{BODY, SMALL, font};
use egui::{Align2, Color32, Mesh, Painter, Rect, Shape, Slider, Ui, pos2, vec2};

/// Draws the bar. Gives the overlay's new strength if the slider was moved.
pub fn draw(ui: &mut Ui, rect: Rect, scene: &Scene) -> Option<f32> {
    let palette = scene.palette;
    let room = card(ui.painter(), rect, palette);
    let name =
        ui.painter().text(room.min, Align2::LEFT_TOP, scene.info.attention.method.name(), font(BODY), palette.text);
    ui.painter().text(
        room.left_bottom() + vec2(0.0, 2.0),
        Align2::LEFT_BOTTOM,
        "saliency, one scale for all policies",
        font(SMALL),
        palette.weak,
    );
    let left = (name.right() + 12.0).max(room.left() + 220.0);
    let slider_left = room.right() - 190.0;
    let [zero, full] = scene.settings.scale.ends(scene.history.peaks.saliency);
    let bar = Rect::from_min_max(pos2(left, room.top() + 2.0), pos2(slider_left - 24.0, room.top() + 13.0));
    draw_gradient(ui.painter(), bar);
    let below = bar.bottom() + 17.0;
    let zero = elided(ui.painter(), pos2(bar.left(), below), 20.0, &zero, SMALL, palette.text);
    let full = ui.painter().text(pos2(bar.right(), below), Align2::RIGHT_BOTTOM, full, font(SMALL), palette.text);
    let from = pos2(bar.left() + zero + 12.0, below);
    longest_that_fits(ui.painter(), from, full.left() - from.x - 12.0, meaning(scene.settings.scale), palette.weak);
    let slider_room = Rect::from_min_max(pos2(slider_left, room.top()), room.max);
    draw_strength(ui, slider_room, scene)
}

/// The slider; dimmed words tell when the overlay is off.
fn draw_strength(ui: &mut Ui, room: Rect, scene: &Scene) -> Option<f32> {
    let mut strength = scene.settings.strength;
    let words = if scene.settings.overlay { "overlay" } else { "overlay off" };
    ui.painter().text(
        room.right_bottom() + vec2(0.0, 2.0),
        Align2::RIGHT_BOTTOM,
        words,
        font(SMALL),
        scene.palette.weak,
    );
    let place = Rect::from_min_size(room.min - vec2(0.0, 3.0), vec2(room.width(), 18.0));
    let changed = super::room(ui, place, |ui| {
        ui.spacing_mut().slider_width = place.width();
        ui.add(Slider::new(&mut strength, 0.0..=1.0).show_value(false).trailing_fill(true)).changed()
    });
    changed.then_some(strength)
}

fn meaning(scale: ScaleMode) -> &'static [&'static str] {
    match scale {
        ScaleMode::TimesUniform => &["multiples of an even spread", "times even spread"],
        ScaleMode::Absolute => &["the method's own unit", "its own unit"],
        ScaleMode::PerFrame => &["each frame by itself: not comparable", "not comparable"],
    }
}

fn draw_gradient(painter: &Painter, bar: Rect) {
    const STEPS: u32 = 32;
    let mut mesh = Mesh::default();
    for step in 0..=STEPS {
        let share = step as f32 / STEPS as f32;
        let [r, g, b] = inferno(share);
        let colour = Color32::from_rgb(r, g, b);
        let x = bar.left() + share * bar.width();
        mesh.colored_vertex(pos2(x, bar.top()), colour);
        mesh.colored_vertex(pos2(x, bar.bottom()), colour);
        if step > 0 {
            let at = 2 * step;
            mesh.add_triangle(at - 2, at - 1, at);
            mesh.add_triangle(at - 1, at, at + 1);
        }
    }
    painter.add(Shape::mesh(mesh));
}
