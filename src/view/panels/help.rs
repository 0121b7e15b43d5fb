//! The key table over everything, made from the bindings themselves.

use crate::view::keys::{BINDINGS, Binding, Group};
use crate::view::theme::{BODY, Palette, SMALL, TITLE, font};
use egui::{Align2, Color32, Painter, Pos2, Rect, Stroke, StrokeKind, Ui, vec2};

const ROW: f32 = 19.0;
const COLUMN: f32 = 470.0;
const HEAD: f32 = 46.0;
const MARGIN: f32 = 22.0;
/// Room for the name of a group.
const GROUP: f32 = 26.0;
/// Width of the keys.
const KEYS: f32 = 92.0;

/// What is not in the key table: keys that act while they are held, and the pointer.
const MORE: [(&str, &str); 4] = [
    ("A D W", "While held: steer the car of the policy in focus yourself"),
    ("pointer", "Time line and plots: click or drag to go there; wheel: more or less time"),
    ("", "Neurons: hover for numbers, click to plot one"),
    ("drop", "A recording on the window opens it"),
];

/// Draws the table in the middle of the window, in two columns.
pub fn draw(ui: &Ui, window: Rect, palette: &Palette) {
    // Over the widgets of the panels too.
    let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::new("help"));
    let painter = ui.ctx().layer_painter(layer);
    painter.rect_filled(window, 0.0, Color32::from_black_alpha(150));
    let rows = |group: Group| BINDINGS.iter().filter(move |binding| binding.group == group);
    let height = |groups: &[Group]| groups.iter().map(|group| GROUP + ROW * rows(*group).count() as f32).sum::<f32>();
    let (left, right) = ([Group::Time, Group::World], [Group::Attention, Group::Window]);
    let more = GROUP + ROW * MORE.len() as f32;
    let body = (height(&left) + more).max(height(&right));
    let size = vec2(2.0 * COLUMN + 2.0 * MARGIN, HEAD + body + MARGIN);
    // A small window shrinks the table rather than cutting it.
    let scale = (window.size() / (size + vec2(16.0, 16.0))).min_elem().min(1.0);
    let table = Rect::from_center_size(window.center(), size * scale);
    painter.rect(table, 8.0, palette.panel, Stroke::new(1.0, palette.weak), StrokeKind::Inside);
    let pen = Pen { painter: &painter, palette, scale };
    let corner = table.min + vec2(MARGIN, 12.0) * scale;
    painter.text(corner, Align2::LEFT_TOP, "Keys", font((TITLE + 2.0) * scale), palette.text);
    let at = table.right_top() + vec2(-MARGIN, 16.0) * scale;
    painter.text(at, Align2::RIGHT_TOP, "F1 or Esc closes", font(SMALL * scale), palette.weak);
    for (column, groups) in [left, right].into_iter().enumerate() {
        let mut at = table.min + vec2(MARGIN + column as f32 * COLUMN, HEAD) * scale;
        for group in groups {
            at = pen.group(at, group.name(), rows(group).map(|Binding { label, text, .. }| (*label, *text)));
        }
        if column == 0 {
            pen.group(at, "Held keys and pointer", MORE.into_iter());
        }
    }
}

/// What rows are drawn with.
struct Pen<'a> {
    painter: &'a Painter,
    palette: &'a Palette,
    scale: f32,
}

impl Pen<'_> {
    /// A group of rows; gives where the next one begins.
    fn group<'a>(&self, at: Pos2, name: &str, rows: impl Iterator<Item = (&'a str, &'a str)>) -> Pos2 {
        let Self { painter, palette, scale } = self;
        let heading = at + vec2(0.0, GROUP - 13.0) * *scale;
        painter.text(heading, Align2::LEFT_CENTER, name, font(BODY * scale), palette.weak);
        let mut at = at + vec2(0.0, GROUP) * *scale;
        for (keys, text) in rows {
            let middle = at + vec2(0.0, 0.5 * ROW) * *scale;
            painter.text(middle, Align2::LEFT_CENTER, keys, font(SMALL * scale), palette.policies[0]);
            let words = middle + vec2(KEYS, 0.0) * *scale;
            painter.text(words, Align2::LEFT_CENTER, text, font(SMALL * scale), palette.text);
            at += vec2(0.0, ROW) * *scale;
        }
        at
    }
}
