//! Top line: the program, what it does now, and on what.

use super::{Scene, longest_that_fits};
use crate::view::theme::{BODY, TITLE, font};
use egui::{Align2, Rect, Stroke, StrokeKind, Ui, pos2, vec2};

/// Draws the header.
pub fn draw(ui: &Ui, rect: Rect, scene: &Scene) {
    let (painter, palette) = (ui.painter(), scene.palette);
    let middle = rect.center().y;
    let name = painter.text(
        pos2(rect.left() + 4.0, middle),
        Align2::LEFT_CENTER,
        "liquid-lane",
        font(TITLE + 4.0),
        palette.text,
    );
    let mode = if scene.info.closed_loop { "Drive" } else { "Replay" };
    let badge_text = painter.layout_no_wrap(mode.to_owned(), font(BODY), palette.text);
    let badge = Rect::from_min_size(pos2(name.right() + 14.0, middle - 11.0), vec2(badge_text.size().x + 18.0, 22.0));
    painter.rect(badge, 11.0, palette.panel, Stroke::new(1.0, palette.outline), StrokeKind::Inside);
    painter.galley(badge.center() - badge_text.size() / 2.0, badge_text, palette.text);
    let meanings = if scene.info.closed_loop {
        ["each policy steers its own car on the same road", "each policy steers its own car", "closed loop"]
    } else {
        ["the policies watch; a human steered", "a human steered", "open loop"]
    };
    let title = format!("{} · noise {}", scene.info.title, noise_text(scene.info.noise_variance));
    let right =
        painter.text(rect.right_center() - vec2(4.0, 0.0), Align2::RIGHT_CENTER, title, font(BODY), palette.text);
    let from = pos2(badge.right() + 10.0, middle + 7.0);
    longest_that_fits(painter, from, right.left() - from.x - 24.0, &meanings, palette.weak);
}

/// Noise as the experiment states it: the variance on the [0, 1] image.
fn noise_text(variance: f32) -> String {
    if variance > 0.0 { format!("variance {variance}") } else { "off".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_stated_as_a_variance() {
        assert_eq!(noise_text(0.0), "off");
        assert_eq!(noise_text(0.05), "variance 0.05");
    }
}
