//! The meaning of the saliency colours: the method, the scale in numbers, and how strongly they are laid on.

use super::{Scene, Wish, card, elided, longest_that_fits};
use crate::view::colormap::{diverging, inferno};
use crate::view::settings::ScaleMode;
use crate::view::theme::{BODY, SMALL, font};
use egui::{Align2, Color32, Mesh, Painter, Rect, Shape, Slider, Ui, pos2, vec2};

/// Draws the bar. Asks for the overlay's new strength if the slider was moved.
pub fn draw(ui: &mut Ui, rect: Rect, scene: &Scene) -> Option<Wish> {
    let palette = scene.palette;
    let room = card(ui.painter(), rect, palette);
    let method = scene.info.attention.method.name();
    let name = ui.painter().text(room.min, Align2::LEFT_TOP, method, font(BODY), palette.text);
    let slider_left = room.right() - 150.0;
    let left = (name.right() + 16.0).max(room.left() + 200.0).min(slider_left - 120.0);
    let words = ["saliency, one scale for all policies", "saliency, one scale"];
    longest_that_fits(
        ui.painter(),
        room.left_bottom() + vec2(0.0, 2.0),
        left - room.left() - 10.0,
        &words,
        palette.weak,
    );
    let [zero, full] = scene.settings.scale.ends(scene.history.peaks.saliency);
    let bar = Rect::from_min_max(pos2(left, room.top() + 2.0), pos2(slider_left - 20.0, room.top() + 13.0));
    let below = bar.bottom() + 17.0;
    let full = ui.painter().text(pos2(bar.right(), below), Align2::RIGHT_BOTTOM, &full, font(SMALL), palette.text);
    if has_sign(scene) {
        // Blue and orange mean directions.
        draw_gradient(ui.painter(), bar, |share| diverging(2.0 * share - 1.0, palette.rest));
        let words = ["blue pushes right, orange left", "right · left"];
        longest_that_fits(ui.painter(), pos2(bar.left(), below), full.left() - bar.left() - 12.0, &words, palette.weak);
    } else {
        draw_gradient(ui.painter(), bar, |share| {
            let [r, g, b] = inferno(share);
            Color32::from_rgb(r, g, b)
        });
        let zero = elided(ui.painter(), pos2(bar.left(), below), 20.0, &zero, SMALL, palette.text);
        let from = pos2(bar.left() + zero + 12.0, below);
        longest_that_fits(ui.painter(), from, full.left() - from.x - 12.0, meaning(scene.settings.scale), palette.weak);
    }
    let slider_room = Rect::from_min_max(pos2(slider_left, room.top()), room.max);
    draw_strength(ui, slider_room, scene).map(|strength| Wish::show(move |settings| settings.strength = strength))
}

/// True while the maps on screen have a sign.
pub fn has_sign(scene: &Scene) -> bool {
    let sides = scene.moment.into_iter().flat_map(|moment| &moment.sides);
    sides.filter_map(|side| side.decision.as_ref()?.saliency.as_ref()).any(|map| map.signed.is_some())
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

fn draw_gradient(painter: &Painter, bar: Rect, colour: impl Fn(f32) -> Color32) {
    const STEPS: u32 = 32;
    let mut mesh = Mesh::default();
    for step in 0..=STEPS {
        let share = step as f32 / STEPS as f32;
        let (colour, x) = (colour(share), bar.left() + share * bar.width());
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
