//! What forms of places are made of: cards, labelled fields, buttons, lines of progress.

use crate::view::theme::{BODY, Palette, SMALL, TITLE, font};
use egui::{Align2, Color32, Response, RichText, Sense, Stroke, StrokeKind, TextEdit, Ui, vec2};

/// Width of the column of labels in a form, in points.
const LABELS: f32 = 92.0;

/// A card with its content in this rectangle.
pub fn card<R>(ui: &mut Ui, rect: egui::Rect, palette: &Palette, content: impl FnOnce(&mut Ui) -> R) -> R {
    ui.painter().rect(rect, 6.0, palette.panel, Stroke::new(1.0, palette.outline), StrokeKind::Inside);
    let inside = rect.shrink2(vec2(16.0, 14.0));
    ui.scope_builder(egui::UiBuilder::new().max_rect(inside), |ui| {
        ui.set_clip_rect(ui.clip_rect().intersect(rect));
        ui.spacing_mut().item_spacing = vec2(8.0, 6.0);
        content(ui)
    })
    .inner
}

/// Width of a dialog's content, in points.
const DIALOG: f32 = 470.0;

/// A dialog in the middle of the window.
pub fn dialog(ui: &Ui, name: &str, palette: &Palette, content: impl FnOnce(&mut Ui)) {
    let frame = egui::Frame::new().fill(palette.panel).stroke(Stroke::new(1.0, palette.outline));
    egui::Window::new(name)
        .title_bar(false)
        .collapsible(false)
        .resizable(false)
        .frame(frame.corner_radius(6).inner_margin(16))
        .anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0))
        .show(ui.ctx(), |ui| {
            ui.set_width(DIALOG);
            ui.spacing_mut().item_spacing = vec2(8.0, 6.0);
            content(ui);
        });
}

/// A heading with one line that explains it.
pub fn heading(ui: &mut Ui, title: &str, explanation: &str, palette: &Palette) {
    ui.label(RichText::new(title).font(font(TITLE)).color(palette.text));
    weak(ui, explanation, palette);
}

/// A line that is read.
pub fn text(ui: &mut Ui, words: &str, palette: &Palette) -> Response {
    ui.label(RichText::new(words).font(font(BODY)).color(palette.text))
}

/// A line that explains.
pub fn weak(ui: &mut Ui, words: &str, palette: &Palette) -> Response {
    ui.label(RichText::new(words).font(font(SMALL)).color(palette.weak))
}

/// What went wrong, and what to do.
pub fn problem(ui: &mut Ui, words: &str, palette: &Palette) {
    egui::Frame::new().fill(palette.warning).corner_radius(4).inner_margin(8).show(ui, |ui| {
        ui.label(RichText::new(words).font(font(BODY)).color(palette.on_warning));
    });
}

/// A field with its label on the left.
pub fn row<R>(ui: &mut Ui, label: &str, help: &str, palette: &Palette, field: impl FnOnce(&mut Ui) -> R) -> R {
    ui.horizontal(|ui| {
        let (rect, response) = ui.allocate_exact_size(vec2(LABELS, 24.0), Sense::hover());
        ui.painter().text(rect.left_center(), Align2::LEFT_CENTER, label, font(SMALL), palette.weak);
        response.on_hover_text(help);
        field(ui)
    })
    .inner
}

/// A line of text to type into, as wide as there is room. Shows `hint` while it is empty.
pub fn line(ui: &mut Ui, content: &mut String, hint: &str, palette: &Palette) -> Response {
    let hint = RichText::new(hint).font(font(SMALL)).color(palette.weak);
    let edit = TextEdit::singleline(content).hint_text(hint).font(font(BODY)).desired_width(f32::INFINITY);
    ui.add(edit.margin(vec2(8.0, 4.0)))
}

/// A choice that can be on or off, as a chip.
pub fn chip(ui: &mut Ui, on: bool, words: &str, colour: Color32, palette: &Palette) -> Response {
    let galley = ui.painter().layout_no_wrap(words.to_owned(), font(SMALL), palette.text);
    let (rect, response) = ui.allocate_exact_size(galley.size() + vec2(20.0, 10.0), Sense::click());
    let fill = if on { colour.gamma_multiply(0.25) } else { palette.well };
    let edge = if on || response.hovered() { colour } else { palette.outline };
    ui.painter().rect(rect, 12.0, fill, Stroke::new(1.0, edge), StrokeKind::Inside);
    let ink = if on { palette.text } else { palette.weak };
    ui.painter().galley_with_override_text_color(rect.center() - galley.size() / 2.0, galley, ink);
    response
}

/// The button that does what a form is for.
pub fn primary(ui: &mut Ui, words: &str, palette: &Palette) -> Response {
    let ink = Color32::WHITE;
    button(ui, egui::Button::new(RichText::new(words).font(font(BODY)).color(ink)).fill(palette.policies[0]))
}

/// Any other button.
pub fn secondary(ui: &mut Ui, words: &str, palette: &Palette) -> Response {
    let words = RichText::new(words).font(font(BODY)).color(palette.text);
    button(ui, egui::Button::new(words).fill(palette.rest).stroke(Stroke::new(1.0, palette.outline)))
}

/// A button with air around its words.
fn button(ui: &mut Ui, button: egui::Button<'_>) -> Response {
    let padding = std::mem::replace(&mut ui.spacing_mut().button_padding, vec2(12.0, 4.0));
    let response = ui.add(button.min_size(vec2(0.0, 30.0)).corner_radius(5));
    ui.spacing_mut().button_padding = padding;
    response
}

/// How much of something is done, as a bar.
pub fn progress(ui: &mut Ui, share: f32, palette: &Palette) {
    let (bar, _) = ui.allocate_exact_size(vec2(ui.available_width(), 6.0), Sense::hover());
    ui.painter().rect_filled(bar, 3.0, palette.rest);
    let done = bar.with_max_x(bar.left() + share.clamp(0.0, 1.0) * bar.width());
    ui.painter().rect_filled(done, 3.0, palette.policies[0]);
}

/// A command that does the same on the command line, to be copied.
pub fn command(ui: &mut Ui, line: &str, palette: &Palette) {
    egui::Frame::new().fill(palette.well).corner_radius(4).inner_margin(vec2(8.0, 5.0)).show(ui, |ui| {
        ui.horizontal(|ui| {
            let copy = egui::Button::new(RichText::new("copy").font(font(SMALL)).color(palette.weak)).frame(false);
            if ui.add(copy).on_hover_text("Copy the command that does the same").clicked() {
                ui.ctx().copy_text(line.to_owned());
            }
            let words = RichText::new(line).font(egui::FontId::monospace(SMALL)).color(palette.text);
            ui.add(egui::Label::new(words).truncate()).on_hover_text(line);
        });
    });
}

/// A length of time in words: `less than a minute`, `3 min`, `2 h 5 min`.
pub fn duration(secs: f64) -> String {
    let minutes = (secs / 60.0).round() as u64;
    match (minutes, minutes % 60) {
        (0, _) if secs < 10.0 => "a few seconds".to_owned(),
        (0, _) => format!("{:.0} s", (secs / 10.0).ceil() * 10.0),
        (1..60, minutes) => format!("{minutes} min"),
        (_, 0) => format!("{} h", minutes / 60),
        (_, rest) => format!("{} h {rest} min", minutes / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_told_as_exactly_as_it_is_known() {
        let told = [2.0, 29.0, 31.0, 200.0, 3600.0, 7500.0].map(duration);
        assert_eq!(told, ["a few seconds", "30 s", "1 min", "3 min", "1 h", "2 h 5 min"]);
    }
}
