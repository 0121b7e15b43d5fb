//! The key table over everything, made from the bindings themselves.

use crate::view::keys::BINDINGS;
use crate::view::theme::{BODY, Palette, SMALL, TITLE, font};
use egui::{Align2, Color32, Rect, Stroke, StrokeKind, Ui, vec2};

const ROW: f32 = 24.0;
const WIDTH: f32 = 480.0;
const HEAD: f32 = 50.0;
const MARGIN: f32 = 22.0;

/// Draws the table in the middle of the window.
pub fn draw(ui: &Ui, window: Rect, palette: &Palette) {
    let painter = ui.painter();
    painter.rect_filled(window, 0.0, Color32::from_black_alpha(150));
    let size = vec2(WIDTH, HEAD + ROW * BINDINGS.len() as f32 + MARGIN);
    let table = Rect::from_center_size(window.center(), size);
    painter.rect(table, 8.0, palette.panel, Stroke::new(1.0, palette.weak), StrokeKind::Inside);
    painter.text(table.min + vec2(MARGIN, 16.0), Align2::LEFT_TOP, "Keys", font(TITLE + 2.0), palette.text);
    let words = "F1 or Esc closes";
    painter.text(table.right_top() + vec2(-MARGIN, 20.0), Align2::RIGHT_TOP, words, font(SMALL), palette.weak);
    for (place, binding) in BINDINGS.iter().enumerate() {
        let at = table.min + vec2(MARGIN, HEAD + (place as f32 + 0.5) * ROW);
        painter.text(at, Align2::LEFT_CENTER, binding.label, font(BODY), palette.policies[0]);
        painter.text(at + vec2(96.0, 0.0), Align2::LEFT_CENTER, binding.text, font(BODY), palette.text);
    }
}
