//! The time line: one band per policy with its crashes, what is known of the recording's stretches, marks, the range that
//! is looped, and the speed of play. A click or a drag goes there.

use super::{Scene, Wish, card, cross};
use crate::view::keys::Action;
use crate::view::marks::Range;
use crate::view::playback::Playback;
use crate::view::theme::{BODY, Palette, SMALL, font};
use egui::{Align2, Color32, Painter, Pos2, Rect, Sense, Shape, Stroke, Ui, pos2, vec2};
use lane_driver::session::BandKind;

/// Room for times and buttons at the left, and for state and speed at the right, in points.
const LEFT: f32 = 186.0;
const RIGHT: f32 = 150.0;

/// Height in points of the stretches above the bands.
const STRETCHES: f32 = 7.0;

/// Draws the time line.
pub fn draw(ui: &mut Ui, rect: Rect, scene: &Scene, playback: &Playback) -> Vec<Wish> {
    let palette = scene.palette;
    let room = card(ui.painter(), rect, palette);
    let mut wishes = draw_buttons(ui, room, playback, palette);
    let middle = room.center().y;
    let times = format!("{} / {}", clock_text(scene.time_secs()), clock_text(scene.info.duration_secs));
    let at = pos2(room.left() + 82.0, middle);
    ui.painter().text(at, Align2::LEFT_CENTER, times, font(BODY), palette.text);
    draw_state(ui.painter(), room, playback, palette);
    let track = Rect::from_min_max(pos2(room.left() + LEFT, room.top()), pos2(room.right() - RIGHT, room.bottom()));
    let response = ui.allocate_rect(track.expand2(vec2(0.0, 4.0)), Sense::click_and_drag());
    let axis = Axis { track, duration_secs: scene.info.duration_secs.max(1e-3) };
    draw_stretches(ui.painter(), axis, scene);
    draw_bands(ui.painter(), axis, scene);
    draw_marks(ui.painter(), axis, scene);
    if let Some(pointer) = response.hover_pos() {
        let secs = axis.secs(pointer.x);
        wishes.push(Wish::Hover(secs));
        let reached = secs.min(scene.marks.last_secs);
        let words = if secs > reached {
            format!("{}: not driven yet", clock_text(secs))
        } else {
            stretch_text(scene, secs).map_or_else(|| clock_text(secs), |what| format!("{}: {what}", clock_text(secs)))
        };
        response.clone().on_hover_text_at_pointer(words);
    }
    if let Some(pointer) = response.interact_pointer_pos().filter(|_| response.clicked() || response.dragged()) {
        wishes.push(Wish::Jump(axis.secs(pointer.x)));
    }
    wishes
}

/// From seconds to places on screen and back.
#[derive(Clone, Copy)]
struct Axis {
    track: Rect,
    duration_secs: f64,
}

impl Axis {
    fn at(self, secs: f64) -> f32 {
        self.track.left() + (secs / self.duration_secs).clamp(0.0, 1.0) as f32 * self.track.width()
    }

    fn secs(self, x: f32) -> f64 {
        f64::from(((x - self.track.left()) / self.track.width()).clamp(0.0, 1.0)) * self.duration_secs
    }
}

/// One frame back, play or pause, one frame on.
fn draw_buttons(ui: &mut Ui, room: Rect, playback: &Playback, palette: &Palette) -> Vec<Wish> {
    let middle = room.center().y;
    let buttons = [
        (12.0, 9.0, Action::Step(-1), "One frame back (,)"),
        (36.0, 13.0, Action::PlayOrPause, "Play or pause (Space)"),
        (60.0, 9.0, Action::Step(1), "One frame on (.)"),
    ];
    let mut wishes = Vec::new();
    for (x, radius, action, text) in buttons {
        let at = pos2(room.left() + x, middle);
        let place = Rect::from_center_size(at, vec2(2.0 * radius, 2.0 * radius));
        let response = ui.allocate_rect(place, Sense::click()).on_hover_text(text);
        let painter = ui.painter();
        painter.circle_filled(at, radius, if response.hovered() { palette.outline } else { palette.rest });
        match action {
            Action::PlayOrPause => draw_play(painter, at, playback, palette.text),
            Action::Step(frames) => draw_step(painter, at, frames as f32, palette.text),
            _ => {}
        }
        wishes.extend(response.clicked().then_some(Wish::Act(action)));
    }
    wishes
}

fn draw_play(painter: &Painter, at: Pos2, playback: &Playback, colour: Color32) {
    if playback.is_playing() {
        for x in [-3.5, 3.5] {
            painter.rect_filled(Rect::from_center_size(at + vec2(x, 0.0), vec2(3.5, 11.0)), 0.0, colour);
        }
    } else {
        let points = vec![at + vec2(-4.0, -6.0), at + vec2(6.5, 0.0), at + vec2(-4.0, 6.0)];
        painter.add(Shape::convex_polygon(points, colour, Stroke::NONE));
    }
}

fn draw_step(painter: &Painter, at: Pos2, side: f32, colour: Color32) {
    let points = vec![at + vec2(-2.5 * side, -4.0), at + vec2(2.5 * side, 0.0), at + vec2(-2.5 * side, 4.0)];
    painter.add(Shape::convex_polygon(points, colour, Stroke::NONE));
    painter.line_segment([at + vec2(3.5 * side, -4.0), at + vec2(3.5 * side, 4.0)], Stroke::new(1.5, colour));
}

/// The speed, and the true one where this machine does not reach it.
fn draw_state(painter: &Painter, room: Rect, playback: &Playback, palette: &Palette) {
    let words = format!("{}  {}×", state_text(playback), playback.speed());
    let lag = playback.lagging_speed().map(|speed| format!("too slow here: {speed:.1}×"));
    let y = if lag.is_some() { room.center().y - 8.0 } else { room.center().y };
    painter.text(pos2(room.right(), y), Align2::RIGHT_CENTER, words, font(BODY), palette.text);
    if let Some(lag) = lag {
        let at = pos2(room.right(), room.center().y + 9.0);
        painter.text(at, Align2::RIGHT_CENTER, lag, font(SMALL), palette.warning_text);
    }
}

/// What the recording knows of its stretches: who steered, gaps, what is left out.
fn draw_stretches(painter: &Painter, axis: Axis, scene: &Scene) {
    for band in &scene.info.bands {
        let (from, to) = (axis.at(band.from_secs), axis.at(band.to_secs).max(axis.at(band.from_secs) + 1.5));
        let place = Rect::from_min_max(
            pos2(from, axis.track.top()),
            pos2(to.min(axis.track.right()), axis.track.top() + STRETCHES - 2.0),
        );
        painter.rect_filled(place, 1.0, band_colour(band.kind, scene.palette));
    }
}

fn band_colour(kind: BandKind, palette: &Palette) -> Color32 {
    match kind {
        BandKind::Drive(drive) if drive % 2 == 0 => palette.weak.gamma_multiply(0.7),
        BandKind::Drive(_) => palette.weak.gamma_multiply(0.4),
        BandKind::Gap => palette.well,
        BandKind::Excluded => palette.inhibitory,
        BandKind::Spoiled => palette.warning,
        BandKind::Autonomous => palette.policies[0],
        BandKind::Intervened => palette.policies[1],
    }
}

/// What is known of the stretch at a time, in words.
fn stretch_text(scene: &Scene, secs: f64) -> Option<String> {
    let here = scene.info.bands.iter().rfind(|band| band.from_secs <= secs && secs <= band.to_secs)?;
    Some(match here.kind {
        BandKind::Drive(drive) => format!("drive {}", drive + 1),
        BandKind::Gap => "gap between two drives".to_owned(),
        BandKind::Excluded => "left out by the exclude file".to_owned(),
        BandKind::Spoiled => "frames that cannot be read".to_owned(),
        BandKind::Autonomous => "a computer steered".to_owned(),
        BandKind::Intervened => "a person took over".to_owned(),
    })
}

/// One band per policy: what lies behind in its colour, a cross for each crash.
fn draw_bands(painter: &Painter, axis: Axis, scene: &Scene) {
    let palette = scene.palette;
    let top = axis.track.top() + if scene.info.bands.is_empty() { 0.0 } else { STRETCHES };
    let height = (axis.track.bottom() - top) / scene.identities.len().max(1) as f32;
    for (place, identity) in scene.identities.iter().enumerate() {
        let y = top + place as f32 * height;
        let band = Rect::from_min_max(pos2(axis.track.left(), y + 1.0), pos2(axis.track.right(), y + height - 1.0));
        painter.rect_filled(band, 2.0, palette.rest);
        if scene.info.closed_loop {
            // What was driven and can be gone back to.
            let driven = band.with_max_x(axis.at(scene.marks.last_secs));
            painter.rect_filled(driven, 2.0, identity.colour.gamma_multiply(0.35));
        }
        painter.rect_filled(band.with_max_x(axis.at(scene.time_secs())), 2.0, identity.colour);
    }
    for (place, trace) in scene.history.traces.iter().enumerate() {
        let middle = top + (place as f32 + 0.5) * height;
        for [secs, _] in &trace.crashes {
            cross(painter, pos2(axis.at(*secs), middle), 4.0, palette.warning, palette.on_warning);
        }
    }
}

/// Bookmarks, the range, spoiled frames, where a branch began, and now.
fn draw_marks(painter: &Painter, axis: Axis, scene: &Scene) {
    let (palette, track) = (scene.palette, axis.track);
    let flag = |secs: f64, colour: Color32| {
        let x = axis.at(secs);
        let points =
            vec![pos2(x - 4.0, track.top() - 5.0), pos2(x + 4.0, track.top() - 5.0), pos2(x, track.top() + 2.0)];
        painter.add(Shape::convex_polygon(points, colour, Stroke::NONE));
        painter.vline(x, track.y_range(), Stroke::new(1.0, colour));
    };
    scene.marks.bookmarks.iter().for_each(|secs| flag(*secs, palette.policies[4]));
    for secs in &scene.history.skipped {
        painter.vline(axis.at(*secs), track.y_range(), Stroke::new(1.0, palette.warning));
    }
    let bracket = |secs: f64| painter.vline(axis.at(secs), track.expand(4.0).y_range(), Stroke::new(2.0, palette.weak));
    match scene.marks.range {
        Range::Whole => {}
        Range::From(from) => {
            bracket(from);
        }
        Range::Between(from, to) => {
            let place = Rect::from_x_y_ranges(axis.at(from)..=axis.at(to), track.y_range());
            painter.rect_filled(place.expand2(vec2(0.0, 4.0)), 0.0, palette.text.gamma_multiply(0.12));
            bracket(from);
            bracket(to);
        }
    }
    if let Some(secs) = scene.info.branched_at_secs {
        let stroke = Stroke::new(1.5, palette.text);
        let (x, rows) = (axis.at(secs), track.expand(3.0).y_range());
        painter.extend(Shape::dashed_line(&[pos2(x, rows.min), pos2(x, rows.max)], stroke, 3.0, 3.0));
    }
    painter.vline(axis.at(scene.time_secs()), track.expand(2.0).y_range(), Stroke::new(2.0, palette.text));
    if let Some(secs) = scene.marks.hover_secs {
        painter.vline(axis.at(secs), track.y_range(), Stroke::new(1.0, palette.weak));
    }
    if !scene.history.skipped.is_empty() {
        let skipped = scene.history.skipped.len();
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

/// Minutes, seconds and tenths; hours where there are some.
pub fn clock_text(secs: f64) -> String {
    let tenths = (secs * 10.0).round() as u64;
    let minutes = tenths / 600;
    let rest = format!("{:02}.{}", tenths / 10 % 60, tenths % 10);
    if minutes < 60 { format!("{minutes:02}:{rest}") } else { format!("{}:{:02}:{rest}", minutes / 60, minutes % 60) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_hours_minutes_seconds_and_tenths() {
        assert_eq!(clock_text(0.0), "00:00.0");
        assert_eq!(clock_text(101.26), "01:41.3");
        assert_eq!(clock_text(59.97), "01:00.0");
        assert_eq!(clock_text(3_723.4), "1:02:03.4");
    }

    #[test]
    fn a_place_on_the_line_and_its_time_belong_together() {
        let track = Rect::from_min_max(pos2(100.0, 0.0), pos2(300.0, 20.0));
        let axis = Axis { track, duration_secs: 40.0 };
        assert_eq!([axis.at(10.0), axis.at(99.0)], [150.0, 300.0]);
        assert_eq!([axis.secs(150.0), axis.secs(0.0), axis.secs(400.0)], [10.0, 0.0, 40.0]);
    }
}
