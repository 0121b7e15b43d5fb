//! The place in the drive: one band per policy with its crashes, and the speed of play.

use super::{Scene, card, cross};
use crate::view::playback::Playback;
use crate::view::theme::{BODY, SMALL, font};
use egui::{Align2, Color32, Painter, Pos2, Rect, Sense, Shape, Stroke, Ui, pos2, vec2};

/// Draws the time line. Says whether the play button was clicked.
pub fn draw(ui: &mut Ui, rect: Rect, scene: &Scene, playback: &Playback) -> bool {
    let palette = scene.palette;
    let room = card(ui.painter(), rect, palette);
    let middle = room.center().y;
    let button = Rect::from_center_size(pos2(room.left() + 12.0, middle), vec2(26.0, 26.0));
    let response = ui.allocate_rect(button, Sense::click()).on_hover_text("Play or pause (Space)");
    let painter = ui.painter();
    painter.circle_filled(button.center(), 13.0, if response.hovered() { palette.outline } else { palette.rest });
    draw_button(painter, button.center(), playback, palette.text);
    let times = format!("{} / {}", clock_text(scene.time_secs()), clock_text(scene.info.duration_secs));
    painter.text(pos2(button.right() + 10.0, middle), Align2::LEFT_CENTER, times, font(BODY), palette.text);
    let words = format!("{}  {}×", state_text(playback), playback.speed());
    painter.text(pos2(room.right(), middle), Align2::RIGHT_CENTER, words, font(BODY), palette.text);
    let track = Rect::from_min_max(
        pos2(button.right() + 138.0, room.top() + 3.0),
        pos2(room.right() - 96.0, room.bottom() - 3.0),
    );
    draw_bands(painter, track, scene);
    response.clicked()
}

fn draw_button(painter: &Painter, at: Pos2, playback: &Playback, colour: Color32) {
    if playback.is_playing() {
        for x in [-3.5, 3.5] {
            painter.rect_filled(Rect::from_center_size(at + vec2(x, 0.0), vec2(3.5, 11.0)), 0.0, colour);
        }
    } else {
        let points = vec![at + vec2(-4.0, -6.0), at + vec2(6.5, 0.0), at + vec2(-4.0, 6.0)];
        painter.add(Shape::convex_polygon(points, colour, Stroke::NONE));
    }
}

/// One band per policy: what lies behind in its colour, a cross for each crash.
fn draw_bands(painter: &Painter, track: Rect, scene: &Scene) {
    let palette = scene.palette;
    let duration_secs = scene.info.duration_secs.max(1e-3);
    let at = |secs: f64| track.left() + (secs / duration_secs).clamp(0.0, 1.0) as f32 * track.width();
    let height = track.height() / scene.identities.len().max(1) as f32;
    for (place, identity) in scene.identities.iter().enumerate() {
        let top = track.top() + place as f32 * height;
        let band = Rect::from_min_max(pos2(track.left(), top + 2.0), pos2(track.right(), top + height - 2.0));
        painter.rect_filled(band, 2.0, palette.rest);
        let behind = Rect::from_min_max(band.min, pos2(at(scene.time_secs()), band.bottom()));
        painter.rect_filled(behind, 2.0, identity.colour);
    }
    for (place, trace) in scene.history.traces.iter().enumerate() {
        let middle = track.top() + (place as f32 + 0.5) * height;
        for [secs, _] in &trace.crashes {
            cross(painter, pos2(at(*secs), middle), 4.0, palette.warning, palette.on_warning);
        }
    }
    painter.vline(at(scene.time_secs()), track.expand(2.0).y_range(), Stroke::new(2.0, palette.text));
    if scene.history.skipped > 0 {
        let skipped = scene.history.skipped;
        let words = format!("{skipped} frame{} skipped", if skipped == 1 { "" } else { "s" });
        painter.text(track.right_center() - vec2(6.0, 0.0), Align2::RIGHT_CENTER, words, font(SMALL), palette.text);
    }
}

fn state_text(playback: &Playback) -> &'static str {
    match (playback.is_playing(), playback.is_at_end()) {
        (true, _) => "playing",
        (false, true) => "end",
        (false, false) => "paused",
    }
}

/// Minutes, seconds and tenths.
fn clock_text(secs: f64) -> String {
    let tenths = (secs * 10.0).round() as u64;
    format!("{:02}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_minutes_seconds_and_tenths() {
        assert_eq!(clock_text(0.0), "00:00.0");
        assert_eq!(clock_text(101.26), "01:41.3");
        assert_eq!(clock_text(59.97), "01:00.0");
    }
}
