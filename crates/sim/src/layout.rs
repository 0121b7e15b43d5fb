//! The layout of a road: curvature along it, as a chain of straights, clothoids and arcs.

use super::chance::Chance as _;
use rand_chacha::ChaCha8Rng;

/// Distance of the table's nodes along the line.
pub(super) const STEP_M: f64 = 0.5;
/// Every road begins straight for this long.
const RUN_IN_M: f64 = 30.0;
/// Smallest radius of a drawn road; 11.5 m/s through it asks for 4.4 m/s².
const MIN_RADIUS_M: f32 = 30.0;
/// An arc ends before it has turned further than this, so that the road does not curl up.
const MAX_ARC_RAD: f64 = 0.9;

/// Course of a road over the plane.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Layout {
    /// Bends drawn from the road's seed.
    #[default]
    Drawn,
    /// Straight but for one bend, the same for every seed.
    Bend(Bend),
}

/// One bend: straight, clothoid, arc of one radius, clothoid, straight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bend {
    /// Radius of the arc; [`Bend::MIN_RADIUS_M`] if less is asked for.
    pub radius_m: f32,
    /// To the left, else to the right.
    pub left: bool,
}

impl Bend {
    /// Around a tighter arc the two straights would meet.
    pub const MIN_RADIUS_M: f32 = 7.0;
    /// Length of each clothoid: 1.5 s at 10 m/s, gentle enough for the wheels' rate at any radius.
    const CLOTHOID_M: f64 = 15.0;
    /// Longest arc: a car whose steering settles beside the lane has left it within 5 s.
    const LONGEST_ARC_M: f64 = 50.0;
    /// Straight behind the bend that still counts: a car must come out of it, too.
    const RUN_OUT_M: f64 = 20.0;

    fn curvature_per_m(self) -> f64 {
        let size = 1.0 / f64::from(self.radius_m.max(Self::MIN_RADIUS_M));
        if self.left { size } else { -size }
    }

    fn arc_m(self) -> f64 {
        Self::LONGEST_ARC_M.min(MAX_ARC_RAD / self.curvature_per_m().abs())
    }

    /// Metres from the start of the road until the bend is behind the car.
    pub fn length_m(self) -> f32 {
        (RUN_IN_M + 2.0 * Self::CLOTHOID_M + self.arc_m() + Self::RUN_OUT_M) as f32
    }
}

impl Layout {
    /// Curvature in 1/m and heading in rad of `count` nodes, [`STEP_M`] apart.
    pub(super) fn lay(self, count: usize, rng: &mut ChaCha8Rng) -> (Vec<f64>, Vec<f64>) {
        let mut line = Line { curvatures: vec![0.0], headings: vec![0.0] };
        line.change_to(0.0, RUN_IN_M);
        match self {
            Self::Drawn => {
                while line.curvatures.len() < count {
                    draw_bend(&mut line, rng);
                }
            }
            Self::Bend(bend) => {
                line.change_to(bend.curvature_per_m(), Bend::CLOTHOID_M);
                line.change_to(bend.curvature_per_m(), bend.arc_m());
                line.change_to(0.0, Bend::CLOTHOID_M);
                line.change_to(0.0, count as f64 * STEP_M);
            }
        }
        line.curvatures.truncate(count);
        line.headings.truncate(count);
        (line.curvatures, line.headings)
    }
}

/// A linear change to a drawn curvature and a hold.
fn draw_bend(line: &mut Line, rng: &mut ChaCha8Rng) {
    let target = draw_target(line.heading(), rng);
    let hold_m = f64::from(rng.uniform(8.0, 40.0));
    line.change_to(target, f64::from(rng.uniform(10.0, 30.0)));
    line.change_to(target, hold_m.min(MAX_ARC_RAD / target.abs().max(1e-6)));
}

/// A quarter straight, the rest skewed towards wide arcs, and rather back towards heading 0 than away from it.
fn draw_target(heading_rad: f64, rng: &mut ChaCha8Rng) -> f64 {
    let straight = rng.chance(0.25);
    let size = libm::powf(rng.unit(), 1.3) / MIN_RADIUS_M;
    let right = rng.chance(0.5 + 0.45 * (heading_rad as f32 / 1.2).clamp(-1.0, 1.0));
    match (straight, right) {
        (true, _) => 0.0,
        (false, true) => -f64::from(size),
        (false, false) => f64::from(size),
    }
}

/// Curvature and heading while they are laid.
struct Line {
    curvatures: Vec<f64>,
    headings: Vec<f64>,
}

impl Line {
    fn heading(&self) -> f64 {
        self.headings[self.headings.len() - 1]
    }

    /// Linear in s from the present curvature to `target` (a clothoid, or an arc where both are equal).
    fn change_to(&mut self, target: f64, length_m: f64) {
        let steps = ((length_m / STEP_M) as usize).max(1);
        let from = self.curvatures[self.curvatures.len() - 1];
        for step in 1..=steps {
            let before = self.curvatures[self.curvatures.len() - 1];
            let curvature = from + (target - from) * (step as f64 / steps as f64);
            self.headings.push(self.heading() + 0.5 * (before + curvature) * STEP_M);
            self.curvatures.push(curvature);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RoadSet, Weather, World, WorldSpec};
    use lane_frame::random::{Purpose, stream};

    #[test]
    fn no_drawn_arc_is_tighter_than_thirty_metres() {
        let lay = |seed| Layout::Drawn.lay(2500, &mut stream(seed, Purpose::Road, 0)).0;
        let tightest = (0..50).flat_map(lay).fold(0.0_f64, |k, c| k.max(c.abs()));
        assert!(tightest <= 1.0 / 30.0 + 1e-9, "{tightest}");
        assert!(tightest > 1.0 / 40.0, "fifty roads of 1 km have tight arcs, yet the tightest is {tightest}");
    }

    #[test]
    fn a_bend_has_the_radius_asked_for_and_is_a_circle_there() {
        for (radius_m, left) in [(200.0, true), (30.0, false), (8.0, true), (8.0, false)] {
            let bend = Bend { radius_m, left };
            let spec = WorldSpec::drawn(RoadSet::Test, 1, Weather::Daylight, bend.length_m());
            let world = World::build(WorldSpec { layout: Layout::Bend(bend), ..spec });
            let (road, sign) = (world.road(), if left { 1.0 } else { -1.0 });
            let radius_m = f64::from(radius_m);
            assert_eq!((road.curvature_at(29.0), road.heading_at(29.0)), (0.0, 0.0));
            // Half-way up the clothoid: half the curvature.
            assert!((road.curvature_at(37.5) - sign * 0.5 / radius_m).abs() < 1e-9);
            // The arc's points have one centre, `radius_m` to the inside; the table's chords leave 1 cm.
            let centre = |s| road.point_at(s, sign * radius_m);
            for s in [45.5, 48.0, 51.0] {
                assert!((road.curvature_at(s) - sign / radius_m).abs() < 1e-9, "{s}");
                let ([x, y], [x0, y0]) = (centre(s), centre(45.0));
                assert!((x - x0).hypot(y - y0) < 0.02, "{s}: {x} {y} and {x0} {y0}");
            }
            assert_eq!(road.curvature_at(road.length_m() - 19.0), 0.0);
            assert!(road.heading_at(road.length_m()).abs() < std::f64::consts::PI, "the straights do not meet");
        }
    }

    #[test]
    fn left_and_right_bends_mirror_each_other() {
        let lay = |left| Layout::Bend(Bend { radius_m: 20.0, left }).lay(300, &mut stream(1, Purpose::Road, 0)).1;
        assert!(lay(true).iter().zip(lay(false)).all(|(left, right)| (left + right).abs() < 1e-12));
    }
}
