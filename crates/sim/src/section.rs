//! Cross-section of the road: how wide it is, which lane is driven, where the paint lies. Offsets are metres left of
//! the centre of the lane driven in.

use super::chance::Chance as _;
use super::colour::Rgb;
use super::family::RoadFamily;
use super::look::Look;
use super::texture::floor_fract;
use rand_chacha::ChaCha8Rng;

/// Leaving the lane centre by this much is a crash even where the lane is wider.
const CRASH_LIMIT_M: f32 = 1.6;

/// Widths of one road; constant along it.
#[derive(Clone, Debug)]
pub(super) struct CrossSection {
    /// Paved or gravelled edge on the left.
    pub left_m: f32,
    /// Paved or gravelled edge on the right, negative.
    pub right_m: f32,
    /// Half the width of the lane driven in.
    pub half_lane_m: f32,
    /// Bare strip between the road's edge and the verge.
    pub shoulder_m: f32,
    /// Scale by which an unkempt edge wanders in and out.
    pub wobble_m: f32,
    /// Paint, where there is any.
    pub markings: Option<Markings>,
}

/// Paint of a two-lane road.
#[derive(Clone, Debug)]
pub(super) struct Markings {
    /// Dash and gap of the centre line; `None` if it is solid.
    pub dashes: Option<Dashes>,
    /// Two centre lines side by side.
    pub double: bool,
    /// A line along each edge.
    pub edges: bool,
    pub width_m: f32,
    pub centre_colour: Rgb,
    pub edge_colour: Rgb,
    /// Opacity of the fresh paint.
    pub opacity: f32,
    /// Share of it that has come off in flecks.
    pub wear: f32,
}

/// Dash pattern along the road.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dashes {
    pub on_m: f32,
    pub period_m: f32,
    pub phase_m: f32,
}

/// The families in the shares of the measured recipe: 65 % two-lane, of the rest 35 % gravel.
pub(super) fn draw_family(rng: &mut ChaCha8Rng) -> RoadFamily {
    let (single, gravel) = (rng.chance(0.35), rng.chance(0.35));
    match (single, gravel) {
        (false, _) => RoadFamily::Marked,
        (true, false) => RoadFamily::Unmarked,
        (true, true) => RoadFamily::Gravel,
    }
}

impl CrossSection {
    pub(super) fn draw(family: RoadFamily, look: &Look, rng: &mut ChaCha8Rng) -> Self {
        let shoulder_m = rng.uniform(0.1, 0.9);
        if family != RoadFamily::Marked {
            let half = rng.uniform(1.9, 2.6);
            let wobble_m = rng.uniform(0.05, 0.22);
            return Self { left_m: half, right_m: -half, half_lane_m: half, shoulder_m, wobble_m, markings: None };
        }
        let lane = rng.uniform(3.1, 3.7);
        let margin = rng.uniform(0.15, 0.5);
        let markings = Markings::draw(rng);
        Self {
            left_m: 1.5 * lane + margin,
            right_m: -0.5 * lane - margin,
            half_lane_m: 0.5 * lane,
            shoulder_m,
            wobble_m: rng.uniform(0.0, 0.05),
            markings: look.painted.then_some(markings),
        }
    }

    /// A larger offset than this is a crash.
    pub(super) fn lane_limit_m(&self) -> f32 {
        self.half_lane_m.min(CRASH_LIMIT_M)
    }
}

impl Markings {
    fn draw(rng: &mut ChaCha8Rng) -> Self {
        let white = [0.78, 0.78, 0.75];
        let yellow = [0.80, 0.55, 0.08];
        let (on_m, off_m) = (rng.uniform(2.5, 4.5), rng.uniform(2.5, 7.0));
        let dashes = Dashes { on_m, period_m: on_m + off_m, phase_m: rng.uniform(0.0, 12.0) };
        Self {
            dashes: rng.chance(0.8).then_some(dashes),
            double: rng.chance(0.3),
            edges: rng.chance(0.75),
            width_m: rng.uniform(0.10, 0.18),
            centre_colour: if rng.chance(0.25) { yellow } else { white },
            edge_colour: white,
            opacity: rng.uniform(0.45, 1.0),
            wear: rng.uniform(0.0, 0.6),
        }
    }
}

impl Dashes {
    /// Share of the stretch of `length_m` around `s` that lies on a dash: a box filter, so far dashes do not shimmer.
    #[inline(always)]
    pub(super) fn coverage(&self, s: f32, length_m: f32) -> f32 {
        let to_end = |s: f32| {
            let periods = (s + self.phase_m) / self.period_m;
            let (whole, rest) = floor_fract(periods);
            whole as f32 * self.on_m + (rest * self.period_m).min(self.on_m)
        };
        let length = length_m.max(0.01);
        (to_end(s + 0.5 * length) - to_end(s - 0.5 * length)) / length
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Weather;
    use lane_frame::random::{Purpose, stream};

    #[test]
    fn families_have_the_shares_of_the_recipe() {
        let mut rng = stream(1, Purpose::Look, 0);
        let drawn: Vec<RoadFamily> = (0..20_000).map(|_| draw_family(&mut rng)).collect();
        let share = |family| drawn.iter().filter(|f| **f == family).count() as f32 / drawn.len() as f32;
        // Four standard errors of 20,000 draws are 1.4 %.
        assert!((share(RoadFamily::Marked) - 0.65).abs() < 0.014);
        assert!((share(RoadFamily::Gravel) - 0.1225).abs() < 0.014);
    }

    #[test]
    fn dash_coverage_averages_to_the_painted_share() {
        let dashes = Dashes { on_m: 3.0, period_m: 9.0, phase_m: 1.3 };
        // Each end of the stretch is rounded to 1e-7 of some 10 m, and the stretch is 0.1 m.
        assert!((dashes.coverage(0.0, 0.1) - 1.0).abs() < 1e-4);
        assert!(dashes.coverage(5.0, 0.1).abs() < 1e-4);
        // Ten whole periods: a third, up to the same rounding.
        assert!((dashes.coverage(37.0, 90.0) - 1.0 / 3.0).abs() < 1e-5);
    }

    #[test]
    fn a_two_lane_road_lies_left_of_the_lane_driven_in() {
        let section =
            CrossSection::draw(RoadFamily::Marked, Weather::Daylight.look(), &mut stream(2, Purpose::Look, 0));
        assert!(section.left_m > 2.5 * section.half_lane_m && section.right_m < -section.half_lane_m);
        assert!(section.lane_limit_m() <= 1.6);
        let bare = CrossSection::draw(RoadFamily::Marked, Weather::NoMarkings.look(), &mut stream(2, Purpose::Look, 0));
        assert!(section.markings.is_some() && bare.markings.is_none());
        assert_eq!(section.left_m, bare.left_m);
    }
}
