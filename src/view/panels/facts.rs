//! The numbers of one policy at this moment: its state and steering, and the share of its map on the road beside the
//! two shares to compare it with.

use super::{Scene, curvature_text, elided, percent};
use crate::view::theme::{BODY, SMALL, TITLE, font};
use egui::{Align2, Painter, Rect, Stroke, pos2, vec2};
use lane_driver::moment::{Attention, Lane, Side, Status};

/// A row narrower than this, in points, has smaller numbers and fewer words.
const NARROW: f32 = 400.0;

/// Draws named numbers side by side.
pub fn draw(painter: &Painter, rect: Rect, scene: &Scene, side: &Side) {
    let size = if rect.width() < NARROW { BODY } else { TITLE };
    let facts = match side.lane {
        Some(lane) => drive_facts(&lane, side),
        None => replay_facts(scene, side),
    };
    let mut left = rect.left();
    for (name, value, share) in facts {
        painter.text(pos2(left, rect.top()), Align2::LEFT_TOP, name, font(SMALL), scene.palette.weak);
        painter.text(pos2(left, rect.top() + 15.0), Align2::LEFT_TOP, value, font(size), scene.palette.text);
        left += share * rect.width();
    }
}

/// Name, value, and share of the row's width.
type Fact<'a> = (&'a str, String, f32);

fn drive_facts<'a>(lane: &Lane, side: &Side) -> Vec<Fact<'a>> {
    vec![
        ("state", status_text(lane.status).to_owned(), 0.19),
        ("crashes", format!("{} in {:.2} km", lane.crashes, lane.distance_m / 1000.0), 0.28),
        ("offset", offset_text(lane.offset_m), 0.27),
        ("steering", steering_text(steering(side)), 0.26),
    ]
}

fn replay_facts<'a>(scene: &Scene<'a>, side: &Side) -> Vec<Fact<'a>> {
    let reference = side.reference.map(|reference| reference.0);
    let error = steering(side).zip(reference).map(|(steering, reference)| steering - reference);
    vec![
        ("steering", steering_text(steering(side)), 0.33),
        (scene.info.reference_name, steering_text(reference), 0.33),
        ("error", steering_text(error), 0.33),
    ]
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

/// Draws the share of the map on the road beside its two controls, in words and as a bar.
pub fn draw_attention(painter: &Painter, rect: Rect, scene: &Scene, side: &Side, policy: usize) {
    let palette = scene.palette;
    let Some(attention) = side.attention else {
        let reason = if scene.info.closed_loop { "no evidence in this frame" } else { "a recording has no road mask" };
        painter.text(rect.min, Align2::LEFT_TOP, format!("Attention on road: {reason}"), font(BODY), palette.weak);
        return;
    };
    let [found, controls] = attention_text(&attention, rect.width() < NARROW);
    let found = painter.text(rect.min, Align2::LEFT_TOP, found, font(BODY), palette.text);
    let from = pos2(found.right() + 8.0, found.bottom());
    elided(painter, from, rect.right() - from.x, &controls, BODY, palette.weak);
    let bar = Rect::from_min_size(rect.min + vec2(0.0, 21.0), vec2(rect.width(), 6.0));
    painter.rect_filled(bar, 3.0, palette.rest);
    let at = |share: f32| bar.left() + share.clamp(0.0, 1.0) * bar.width();
    let filled = Rect::from_min_max(bar.min, pos2(at(attention.road.of_map), bar.bottom()));
    painter.rect_filled(filled, 3.0, scene.identities[policy].colour);
    painter.vline(at(attention.road.of_uniform), bar.expand(3.0).y_range(), Stroke::new(2.0, palette.text));
    if let Some(untrained) = attention.untrained {
        painter.vline(at(untrained), bar.expand(3.0).y_range(), Stroke::new(2.0, palette.weak));
    }
}

/// The share itself, and what it is to be compared with.
fn attention_text(attention: &Attention, narrow: bool) -> [String; 2] {
    let untrained = attention.untrained.map(|share| format!(", untrained {}", percent(share))).unwrap_or_default();
    let words = if narrow { "" } else { " of attention" };
    [
        format!("On road {}{words}", percent(attention.road.of_map)),
        format!("(uniform {}{untrained})", percent(attention.road.of_uniform)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_policy::saliency::map::Share;

    #[test]
    fn attention_is_stated_beside_both_controls() {
        let road = Share { of_map: 0.24, of_uniform: 0.37 };
        let text = attention_text(&Attention { road, untrained: Some(0.2) }, false).join(" ");
        assert_eq!(text, "On road 24 % of attention (uniform 37 %, untrained 20 %)");
        assert!(!attention_text(&Attention { road, untrained: None }, true)[1].contains("untrained"));
    }

    #[test]
    fn an_offset_names_its_side() {
        assert_eq!(offset_text(0.12), "0.12 m left");
        assert_eq!(offset_text(-1.5), "1.50 m right");
    }
}
