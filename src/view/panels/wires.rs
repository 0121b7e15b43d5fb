//! The synapses of a wiring as lines: colour and dash tell the polarity, width and opacity the current through each.

use super::styled_line;
use crate::view::theme::Palette;
use egui::{Color32, Painter, Pos2, Stroke, pos2, vec2};

/// The look of the line of one synapse.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wire {
    /// Excitatory, inhibitory otherwise.
    pub excites: bool,
    /// Current as a share of the largest so far, 0 to 1.
    pub strength: f32,
}

impl Wire {
    /// Strength of a wire whose current is not known.
    pub const STILL: f32 = 0.2;

    /// A wire of this polarity and current; `peak` is the largest current so far.
    pub fn new(polarity: i8, current: f32, peak: f32) -> Self {
        let share = (current / peak).abs();
        Self { excites: polarity > 0, strength: if share.is_finite() { share.min(1.0) } else { 0.0 } }
    }

    fn colour(self, palette: &Palette) -> Color32 {
        if self.excites { palette.excitatory } else { palette.inhibitory }
    }

    /// Between two neurons of different layers.
    pub fn draw_straight(self, painter: &Painter, from: Pos2, to: Pos2, palette: &Palette) {
        let stroke =
            Stroke::new(0.7 + 3.0 * self.strength, self.colour(palette).gamma_multiply(0.25 + 0.75 * self.strength));
        painter.extend(styled_line(&[from, to], stroke, !self.excites));
    }

    /// From a sensory input: hair-thin and undashed, since there are hundreds; weak ones are left out.
    pub fn draw_sensory(self, painter: &Painter, from: Pos2, to: Pos2, palette: &Palette) {
        const LEAST_VISIBLE: f32 = 0.04;
        if self.strength >= LEAST_VISIBLE {
            let colour = self.colour(palette).gamma_multiply(0.12 + 0.7 * self.strength);
            painter.line_segment([from, to], Stroke::new(0.6 + 1.4 * self.strength, colour));
        }
    }

    /// Within a layer: an arc that hangs below it; a loop where a neuron drives itself.
    pub fn draw_arc(self, painter: &Painter, from: Pos2, to: Pos2, radius: f32, palette: &Palette) {
        let stroke =
            Stroke::new(0.9 + 2.6 * self.strength, self.colour(palette).gamma_multiply(0.35 + 0.65 * self.strength));
        let points = if from == to { own_loop(from, radius) } else { arc(from, to, radius) };
        painter.extend(styled_line(&points, stroke, !self.excites));
    }
}

/// Distance in points from a place to the line of a synapse between two neurons of this radius.
pub fn distance(place: Pos2, from: Pos2, to: Pos2, radius: f32) -> f32 {
    let points = match () {
        () if from == to => own_loop(from, radius),
        () if from.y == to.y => arc(from, to, radius),
        () => vec![from, to],
    };
    let to_segment = |ends: &[Pos2]| {
        let (start, along) = (ends[0], ends[1] - ends[0]);
        let share = ((place - start).dot(along) / along.length_sq().max(f32::MIN_POSITIVE)).clamp(0.0, 1.0);
        (start + share * along).distance(place)
    };
    points.windows(2).map(to_segment).fold(f32::INFINITY, f32::min)
}

const ARC_STEPS: usize = 16;

/// A parabola below the layer, deeper for neurons further apart.
fn arc(from: Pos2, to: Pos2, radius: f32) -> Vec<Pos2> {
    let depth = radius + 0.11 * (to.x - from.x).abs();
    (0..=ARC_STEPS)
        .map(|step| {
            let share = step as f32 / ARC_STEPS as f32;
            from.lerp(to, share) + vec2(0.0, radius * 0.7 + 4.0 * share * (1.0 - share) * depth)
        })
        .collect()
}

/// A small circle at the lower right of the neuron.
fn own_loop(at: Pos2, radius: f32) -> Vec<Pos2> {
    let center = at + vec2(radius, radius) * 0.95;
    (0..=ARC_STEPS)
        .map(|step| {
            let turn = std::f32::consts::TAU * step as f32 / ARC_STEPS as f32;
            pos2(center.x + 0.55 * radius * libm::cosf(turn), center.y + 0.55 * radius * libm::sinf(turn))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_to_a_line_is_that_to_its_nearest_point() {
        assert_eq!(distance(pos2(5.0, 3.0), pos2(0.0, 0.0), pos2(10.0, 0.1), 8.0).round(), 3.0);
        assert_eq!(distance(pos2(-4.0, 0.0), pos2(0.0, 0.0), pos2(0.0, 10.0), 8.0), 4.0);
        assert!(distance(pos2(5.0, 0.0), pos2(0.0, 0.0), pos2(10.0, 0.0), 8.0) > 5.0, "an arc hangs below its layer");
    }

    #[test]
    fn no_current_seen_yet_is_a_wire_without_strength() {
        assert_eq!(Wire::new(1, 0.0, 0.0), Wire { excites: true, strength: 0.0 });
        assert_eq!(Wire::new(-1, -0.5, 1.0), Wire { excites: false, strength: 0.5 });
    }
}
