//! Foot of the window: the keys, each of them also a button, and what just happened.

use super::{Wish, elided};
use crate::view::keys::{BINDINGS, Binding};
use crate::view::theme::{BODY, Palette, SMALL, font};
use egui::{Align2, Color32, Rect, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

/// Draws the key hints and the notice. Asks for the action of a hint that was clicked.
pub fn draw(ui: &mut Ui, rect: Rect, notice: Option<&str>, palette: &Palette) -> Option<Wish> {
    let mut left = rect.left() + 2.0;
    let mut clicked = None;
    // What just happened needs room; the keys give way.
    let end = if notice.is_some() { rect.center().x } else { rect.right() };
    for binding in &BINDINGS {
        if let Some(hint) = binding.hint.filter(|hint| left + hint_width(ui, binding, hint) <= end) {
            let (right, was_clicked) = draw_hint(ui, pos2(left, rect.center().y), binding, hint, palette);
            left = right + 12.0;
            clicked = clicked.or(was_clicked.then_some(Wish::Act(binding.action)));
        }
    }
    if let Some(notice) = notice {
        let from = pos2(left + 8.0, rect.center().y + 8.0);
        elided(ui.painter(), from, rect.right() - from.x, notice, SMALL, palette.text);
    }
    clicked
}

/// Width in points that a hint takes.
fn hint_width(ui: &Ui, binding: &Binding, hint: &str) -> f32 {
    let width = |text: &str| ui.painter().layout_no_wrap(text.to_owned(), font(SMALL), Color32::WHITE).size().x;
    (width(binding.label) + 10.0).max(20.0) + 5.0 + width(hint)
}

/// One key in its cap and what it does, from the left; gives the right end and whether it was clicked.
fn draw_hint(ui: &mut Ui, from: egui::Pos2, binding: &Binding, hint: &str, palette: &Palette) -> (f32, bool) {
    let key = ui.painter().layout_no_wrap(binding.label.to_owned(), font(SMALL), palette.text);
    let cap = Rect::from_min_size(from - vec2(0.0, 10.0), vec2((key.size().x + 10.0).max(20.0), 20.0));
    let words = ui.painter().layout_no_wrap(hint.to_owned(), font(SMALL), palette.weak);
    let place = Rect::from_min_max(cap.min, pos2(cap.right() + 5.0 + words.size().x, cap.bottom()));
    let response = ui.allocate_rect(place, Sense::click()).on_hover_text(binding.text);
    let colour = if response.hovered() { palette.text } else { palette.weak };
    let painter = ui.painter();
    painter.rect(cap, 4.0, palette.rest, Stroke::new(1.0, palette.outline), StrokeKind::Inside);
    painter.galley(cap.center() - key.size() / 2.0, key, palette.text);
    painter.text(pos2(cap.right() + 5.0, from.y), Align2::LEFT_CENTER, hint, font(SMALL), colour);
    (place.right(), response.clicked())
}

/// Draws why the session cannot go on and what to do, over the top of the panels.
pub fn draw_stop(ui: &Ui, window: Rect, reason: &str, advice: &str, palette: &Palette) {
    let (words, width) = (format!("Stopped: {reason}\n{advice}"), window.width() - 120.0);
    let text = ui.painter().layout(words, font(BODY), palette.on_warning, width);
    let place = Rect::from_min_size(
        pos2(window.center().x - text.size().x / 2.0 - 16.0, window.top() + 52.0),
        text.size() + vec2(32.0, 20.0),
    );
    ui.painter().rect(place, 6.0, palette.warning, Stroke::new(2.0, palette.on_warning), StrokeKind::Inside);
    ui.painter().galley(place.min + vec2(16.0, 10.0), text, palette.on_warning);
}

/// Draws a line in the middle of the window about what is being done.
pub fn draw_note(ui: &Ui, window: Rect, words: &str, palette: &Palette) {
    let text = ui.painter().layout(words.to_owned(), font(BODY), palette.text, window.width() - 120.0);
    let place = Rect::from_center_size(window.center(), text.size() + vec2(32.0, 20.0));
    ui.painter().rect(place, 6.0, palette.panel, Stroke::new(1.0, palette.weak), StrokeKind::Inside);
    ui.painter().galley(place.min + vec2(16.0, 10.0), text, palette.text);
}
