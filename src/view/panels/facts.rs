//! The numbers of one policy at this moment: its state and steering, and the share of its map on the road beside the
//! two shares to compare it with.

use super::{Scene, curvature_text, elided};
use crate::view::theme::{BODY, SMALL, TITLE, font};
use egui::{Align2, Painter, Rect, Stroke, pos2, vec2};
use lane_driver::moment::{Attention, Lane, Side, Status};

/// Numbers in a row of less width, in points, are smaller.
const SMALLER_BELOW: f32 = 400.0;

/// Numbers in less width, in points, lie below each other: side by side they would touch.
const LIST_BELOW: f32 = 320.0;

/// Heights in points: of a row of names above their values, of the words and the bar of attention.
const VALUES_ROW: f32 = 42.0;
const ATTENTION_ROW: f32 = 36.0;

/// A list: its rows, the largest and the least distance between two of them, and the height of the bar's row, in points.
const LIST_ROWS: f32 = 7.0;
const LIST_STEP: f32 = 15.0;
const LEAST_LIST_STEP: f32 = 13.0;
const BAR_ROW: f32 = 10.0;

/// Least height in points of the numbers beside a picture.
pub const LEAST_HEIGHT_BESIDE: f32 = LIST_ROWS * LEAST_LIST_STEP + BAR_ROW;

/// Height in points of the numbers below a picture of this width.
pub fn height_below(width: f32) -> f32 {
    if width < LIST_BELOW { LIST_ROWS * LIST_STEP + BAR_ROW } else { VALUES_ROW + ATTENTION_ROW }
}

/// Width in points of the numbers beside a picture, in a panel that is this wide inside.
pub fn width_beside(inside: f32) -> f32 {
    (0.35 * inside).clamp(150.0, 200.0)
}

/// Draws the numbers of a policy side by side, or where they have no room for that below each other.
pub fn draw_below(painter: &Painter, room: Rect, scene: &Scene, side: &Side, policy: usize) {
    if room.width() < LIST_BELOW {
        draw_list(painter, room, scene, side, policy);
        return;
    }
    draw_row(painter, room, scene, side);
    draw_attention(painter, room.with_min_y(room.top() + VALUES_ROW), scene, side, policy);
}

fn draw_row(painter: &Painter, room: Rect, scene: &Scene, side: &Side) {
    let size = if room.width() < SMALLER_BELOW { BODY } else { TITLE };
    let mut left = room.left();
    for Fact { name, value, share } in facts(scene, side) {
        painter.text(pos2(left, room.top()), Align2::LEFT_TOP, name, font(SMALL), scene.palette.weak);
        painter.text(pos2(left, room.top() + 15.0), Align2::LEFT_TOP, value, font(size), scene.palette.text);
        left += share * room.width();
    }
}

/// Draws the numbers of a policy below each other, names to the left, and the bar of attention at the foot.
pub fn draw_list(painter: &Painter, room: Rect, scene: &Scene, side: &Side, policy: usize) {
    let step = ((room.height() - BAR_ROW) / LIST_ROWS).min(LIST_STEP);
    let size = (step - 2.0).min(SMALL);
    let region = scene.info.attention.region.name();
    let mut rows: Vec<(&str, String)> = facts(scene, side).into_iter().map(|fact| (fact.name, fact.value)).collect();
    match &side.attention {
        Some(attention) => {
            let multiple = |share: f32| multiple_text(share / attention.region.of_uniform);
            rows.push((region, multiple(attention.region.of_map)));
            rows.extend(attention.edges.map(|share| ("edges", multiple(share))));
            rows.extend(attention.untrained.map(|share| ("untrained", multiple(share))));
        }
        None if scene.info.closed_loop => rows.push((region, "no evidence".to_owned())),
        None => rows.push((region, "not known".to_owned())),
    }
    let values = room.left() + (0.42 * room.width()).min(80.0);
    for (place, (name, value)) in rows.into_iter().enumerate() {
        let middle = room.top() + (place as f32 + 0.5) * step;
        painter.text(pos2(room.left(), middle), Align2::LEFT_CENTER, name, font(size), scene.palette.weak);
        painter.text(pos2(values, middle), Align2::LEFT_CENTER, value, font(size), scene.palette.text);
    }
    if let Some(attention) = &side.attention {
        let top = room.top() + LIST_ROWS * step + 2.0;
        draw_bar(
            painter,
            Rect::from_min_size(pos2(room.left(), top), vec2(room.width(), 6.0)),
            scene,
            attention,
            policy,
        );
    }
}

/// A named number; `share` is that of a row's width.
struct Fact<'a> {
    name: &'a str,
    value: String,
    share: f32,
}

fn facts<'a>(scene: &Scene<'a>, side: &Side) -> Vec<Fact<'a>> {
    side.lane.map_or_else(|| replay_facts(scene, side), |lane| drive_facts(&lane, side))
}

fn drive_facts<'a>(lane: &Lane, side: &Side) -> Vec<Fact<'a>> {
    let crashes = format!("{} in {:.2} km", lane.crashes, lane.distance_m / 1000.0);
    vec![
        Fact { name: "state", value: status_text(lane.status).to_owned(), share: 0.19 },
        Fact { name: "crashes", value: crashes, share: 0.28 },
        Fact { name: "offset", value: offset_text(lane.offset_m), share: 0.27 },
        Fact { name: "steering", value: steering_text(steering(side)), share: 0.26 },
    ]
}

fn replay_facts<'a>(scene: &Scene<'a>, side: &Side) -> Vec<Fact<'a>> {
    let reference = side.reference.map(|reference| reference.0);
    let error = steering(side).zip(reference).map(|(steering, reference)| steering - reference);
    let fact = |name, curvature| Fact { name, value: steering_text(curvature), share: 0.33 };
    vec![fact("steering", steering(side)), fact(scene.info.reference_name, reference), fact("error", error)]
}

fn steering(side: &Side) -> Option<f32> {
    side.decision.as_ref().map(|decision| decision.steering.0)
}

fn steering_text(curvature: Option<f32>) -> String {
    curvature.map_or_else(|| "none".to_owned(), curvature_text)
}

fn status_text(status: Status) -> &'static str {
    match status {
        Status::Driving => "driving",
        Status::Crashed => "crashed",
        Status::PutBack => "put back",
    }
}

fn offset_text(offset_m: f32) -> String {
    let side = if offset_m >= 0.0 { "left" } else { "right" };
    format!("{:.2} m {side}", offset_m.abs())
}

/// Draws the attention to the chosen region beside its controls, in words and as a bar.
fn draw_attention(painter: &Painter, room: Rect, scene: &Scene, side: &Side, policy: usize) {
    let (palette, region) = (scene.palette, scene.info.attention.region.name());
    let Some(attention) = &side.attention else {
        let reason = if scene.info.closed_loop { "no evidence in this frame" } else { "a recording has no masks" };
        painter.text(room.min, Align2::LEFT_TOP, format!("Attention on {region}: {reason}"), font(BODY), palette.weak);
        return;
    };
    let [share, controls] = attention_text(attention, region, room.width() < SMALLER_BELOW);
    let share = painter.text(room.min, Align2::LEFT_TOP, share, font(BODY), palette.text);
    let from = pos2(share.right() + 8.0, share.bottom());
    elided(painter, from, room.right() - from.x, &controls, BODY, palette.weak);
    let bar = Rect::from_min_size(room.min + vec2(0.0, 21.0), vec2(room.width(), 6.0));
    draw_bar(painter, bar, scene, attention, policy);
}

/// Multiple of an even spread at the end of the bar.
const FULL_BAR: f32 = 3.0;

/// The attention as a multiple of an even spread, with a mark for each control.
fn draw_bar(painter: &Painter, bar: Rect, scene: &Scene, attention: &Attention, policy: usize) {
    let palette = scene.palette;
    painter.rect_filled(bar, 3.0, palette.rest);
    let at = |share: f32| {
        let multiple = share / attention.region.of_uniform;
        bar.left() + (multiple / FULL_BAR).clamp(0.0, 1.0) * bar.width()
    };
    let filled = Rect::from_min_max(bar.min, pos2(at(attention.region.of_map), bar.bottom()));
    painter.rect_filled(filled, 3.0, scene.identities[policy].colour);
    painter.vline(at(attention.region.of_uniform), bar.expand(3.0).y_range(), Stroke::new(2.0, palette.text));
    for control in [attention.edges, attention.untrained].into_iter().flatten() {
        painter.vline(at(control), bar.expand(3.0).y_range(), Stroke::new(2.0, palette.weak));
    }
}

/// A multiple of an even spread.
fn multiple_text(multiple: f32) -> String {
    if multiple.is_finite() { format!("{multiple:.1}×") } else { "none".to_owned() }
}

/// The attention itself, and what it is to be compared with.
fn attention_text(attention: &Attention, region: &str, narrow: bool) -> [String; 2] {
    let multiple = |share: f32| multiple_text(share / attention.region.of_uniform);
    let controls = [("edges", attention.edges), ("untrained", attention.untrained)];
    let controls: Vec<String> =
        controls.iter().filter_map(|(name, share)| Some(format!("{name} {}", multiple((*share)?)))).collect();
    let name = if narrow { capitalised(region) } else { format!("Attention on {region}") };
    let controls = if controls.is_empty() { String::new() } else { format!("({})", controls.join(", ")) };
    [format!("{name} {}", multiple(attention.region.of_map)), controls]
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_policy::saliency::map::Share;

    #[test]
    fn attention_is_stated_as_a_multiple_of_an_even_spread_beside_its_controls() {
        let region = Share { of_map: 0.24, of_uniform: 0.16 };
        let attention = Attention { region, edges: Some(0.208), untrained: Some(0.2) };
        let text = attention_text(&attention, "outline", false).join(" ");
        assert_eq!(text, "Attention on outline 1.5× (edges 1.3×, untrained 1.2×)");
        let alone = Attention { edges: None, untrained: None, ..attention };
        assert_eq!(attention_text(&alone, "road", true), ["Road 1.5×".to_owned(), String::new()]);
    }

    #[test]
    fn an_offset_names_its_side() {
        assert_eq!(offset_text(0.12), "0.12 m left");
        assert_eq!(offset_text(-1.5), "1.50 m right");
    }
}
