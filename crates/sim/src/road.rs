//! The road's reference line, which is the centre of the lane driven in: straights, clothoids and arcs with curvature
//! continuous along it (as ASAM OpenDRIVE chains them), and the way from a point to its place on the road.

use super::lanes::{BLOCK, Lanes, any, lanes, whole};
use super::layout::{Layout, STEP_M};
use rand_chacha::ChaCha8Rng;

/// The road goes on beyond its drivable length as far as the camera sees.
const VISIBLE_M: f64 = 250.0;
/// Longer roads are cut to this: 24 hours at 11.5 m/s would not drive it, and the table stays below 200 MB.
const MAX_LENGTH_M: f32 = 1e6;

/// Position and heading on the plane: x, y in metres, heading counter-clockwise from x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// Metres along the world's x axis.
    pub x_m: f64,
    /// Metres along the world's y axis.
    pub y_m: f64,
    /// Counter-clockwise from the x axis.
    pub heading_rad: f64,
}

/// The place of a car in terms of the road.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoadPose {
    /// Metres along the lane from the start of the road.
    pub s_m: f32,
    /// Metres from the centre of the lane driven in, left positive.
    pub offset_m: f32,
    /// Car's heading minus the road's, counter-clockwise positive, within ±π.
    pub heading_error_rad: f32,
}

/// A table entry: place, unit tangent and curvature. f32 keeps 0.1 mm at 1 km, and the renderer reads many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub x: f32,
    pub y: f32,
    pub tangent_x: f32,
    pub tangent_y: f32,
    pub curvature: f32,
}

/// Centre of the lane driven in, as a table every 0.5 m.
#[derive(Clone, Debug)]
pub struct Road {
    length_m: f64,
    headings: Vec<f64>,
    places: Vec<[f64; 2]>,
    curvatures: Vec<f64>,
    nodes: Vec<Node>,
}

impl Road {
    /// Lays a road of `length_m` to drive (1 m to 1000 km), and the part seen from its end.
    pub(super) fn build(layout: Layout, length_m: f32, rng: &mut ChaCha8Rng) -> Self {
        // A length that is no number is as short as can be, too.
        let length_m = if length_m >= 1.0 { f64::from(length_m.min(MAX_LENGTH_M)) } else { 1.0 };
        let count = ((length_m + VISIBLE_M) / STEP_M) as usize + 2;
        let (curvatures, headings) = layout.lay(count, rng);
        let places = places_from_headings(&headings);
        let nodes = (0..count)
            .map(|i| Node {
                x: places[i][0] as f32,
                y: places[i][1] as f32,
                tangent_x: libm::cos(headings[i]) as f32,
                tangent_y: libm::sin(headings[i]) as f32,
                curvature: curvatures[i] as f32,
            })
            .collect();
        Self { length_m, headings, places, curvatures, nodes }
    }

    /// Metres that can be driven.
    pub fn length_m(&self) -> f64 {
        self.length_m
    }

    /// Metres that exist, the part beyond the drivable end included.
    pub(super) fn visible_length_m(&self) -> f64 {
        (self.nodes.len() - 1) as f64 * STEP_M
    }

    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Radius of the tightest bend; infinite on a straight road.
    pub(super) fn tightest_radius_m(&self) -> f32 {
        1.0 / self.nodes.iter().fold(0.0, |most: f32, node| most.max(node.curvature.abs()))
    }

    /// Curvature in 1/m at `s_m`, left positive.
    pub fn curvature_at(&self, s_m: f64) -> f64 {
        let (i, rest) = self.index(s_m);
        lerp(self.curvatures[i], self.curvatures[i + 1], rest)
    }

    /// Heading in rad at `s_m`; not wrapped, so that it is continuous.
    pub fn heading_at(&self, s_m: f64) -> f64 {
        let (i, rest) = self.index(s_m);
        lerp(self.headings[i], self.headings[i + 1], rest)
    }

    /// Place on the plane `offset_m` left of the lane centre at `s_m`; beyond both ends the road goes on straight.
    pub fn point_at(&self, s_m: f64, offset_m: f64) -> [f64; 2] {
        let (i, rest) = self.index(s_m);
        let (a, b) = (self.places[i], self.places[i + 1]);
        let heading = lerp(self.headings[i], self.headings[i + 1], rest);
        let (sin, cos) = libm::sincos(heading);
        let beyond = s_m - (i as f64 + rest) * STEP_M;
        [lerp(a[0], b[0], rest) + beyond * cos - offset_m * sin, lerp(a[1], b[1], rest) + beyond * sin + offset_m * cos]
    }

    /// The place of `pose` on the road, sought from `hint_s_m` (a few metres off is near enough).
    pub fn locate(&self, pose: Pose, hint_s_m: f64) -> RoadPose {
        let mut s = hint_s_m;
        let mut offset = 0.0;
        for _ in 0..8 {
            let [x, y] = self.point_at(s, 0.0);
            let (sin, cos) = libm::sincos(self.heading_at(s));
            let (dx, dy) = (pose.x_m - x, pose.y_m - y);
            offset = cos * dy - sin * dx;
            let along = cos * dx + sin * dy;
            s += along / (1.0 - self.curvature_at(s) * offset).max(0.3);
            if along.abs() < 1e-6 {
                break;
            }
        }
        let heading_error = wrapped(pose.heading_rad - self.heading_at(s));
        RoadPose { s_m: s as f32, offset_m: offset as f32, heading_error_rad: heading_error as f32 }
    }

    fn index(&self, s_m: f64) -> (usize, f64) {
        let last = self.nodes.len() - 1;
        let position = (s_m / STEP_M).clamp(0.0, last as f64);
        let i = (position as usize).min(last - 1);
        (i, position - i as f64)
    }
}

fn lerp(a: f64, b: f64, share: f64) -> f64 {
    a + (b - a) * share
}

/// Angle brought into ±π.
fn wrapped(angle_rad: f64) -> f64 {
    let turn = 2.0 * std::f64::consts::PI;
    angle_rad - turn * libm::round(angle_rad / turn)
}

fn places_from_headings(headings: &[f64]) -> Vec<[f64; 2]> {
    let mut places = vec![[0.0, 0.0]];
    for pair in headings.windows(2) {
        let [x, y] = places[places.len() - 1];
        let (sin, cos) = libm::sincos(0.5 * (pair[0] + pair[1]));
        places.push([x + STEP_M * cos, y + STEP_M * sin]);
    }
    places
}

/// Places of a block of ground points on the road, as the renderer wants them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Feet {
    /// Metres along the lane.
    pub s: Lanes,
    /// Metres left of the lane centre.
    pub offset: Lanes,
    /// Unit tangent of the lane there.
    pub tangent: [Lanes; 2],
}

/// Offset of a point whose place on the road was not found: farther out than anything drawn beside a road.
pub(super) const NOT_FOUND_M: f32 = 1e4;

impl Road {
    /// Places of ground points, each sought from its own `s`: the walk of [`Road::locate`] in f32 and few steps, for
    /// the pixel loop. Where a lane is not `sought`, its place is not found, and its `s` and `tangent` stay as they are.
    #[inline(always)]
    pub(super) fn find_feet(&self, x: &Lanes, y: &Lanes, sought: [bool; BLOCK], feet: &mut Feet) {
        const MAX_STEPS: usize = 6;
        let last = self.nodes.len() as u32 - 2;
        let mut seeking = sought;
        feet.offset = [NOT_FOUND_M; BLOCK];
        for step in 1..=MAX_STEPS {
            let position = lanes(|i| (feet.s[i] * (1.0 / STEP_M as f32)).max(0.0));
            let index = lanes(|i| whole(position[i]).min(last));
            let rest = lanes(|i| (position[i] - index[i] as f32).min(1.0));
            let here = self.blended(&index, &rest);
            let (dx, dy) = (lanes(|i| x[i] - here.x[i]), lanes(|i| y[i] - here.y[i]));
            let along = lanes(|i| dx[i] * here.tangent[0][i] + dy[i] * here.tangent[1][i]);
            let offset = lanes(|i| here.tangent[0][i] * dy[i] - here.tangent[1][i] * dx[i]);
            let s = lanes(|i| {
                let stretch = (1.0 - here.curvature[i] * offset[i]).max(0.3);
                (index[i] as f32 + rest[i]) * STEP_M as f32 + along[i] / stretch
            });
            // 0.1 m along an arc of 30 m moves the offset by less than 0.2 mm. The walk swings about where two parts of
            // the road are equally near: such a point is off the road.
            let found_m = if step == MAX_STEPS { 1.0 } else { 0.1 };
            feet.s = lanes(|i| if seeking[i] { s[i] } else { feet.s[i] });
            feet.offset = lanes(|i| if seeking[i] & (along[i].abs() < found_m) { offset[i] } else { feet.offset[i] });
            for (tangent, here) in feet.tangent.iter_mut().zip(&here.tangent) {
                *tangent = lanes(|i| if seeking[i] { here[i] } else { tangent[i] });
            }
            seeking = lanes(|i| seeking[i] & (along[i].abs() >= 0.1));
            if !any(|i| seeking[i]) {
                break;
            }
        }
    }

    /// The reference line at `rest`, 0 to 1, of the way from each node to the next.
    #[inline(always)]
    fn blended(&self, index: &[u32; BLOCK], rest: &Lanes) -> Line {
        let mut line = Line { x: [0.0; BLOCK], y: [0.0; BLOCK], tangent: [[0.0; BLOCK]; 2], curvature: [0.0; BLOCK] };
        // Near the camera, and across a straight road, a whole block lies between two nodes.
        if !any(|i| index[i] != index[0])
            && let [a, b] = &self.nodes[index[0] as usize..][..2]
        {
            line.x = lanes(|i| a.x + (b.x - a.x) * rest[i]);
            line.y = lanes(|i| a.y + (b.y - a.y) * rest[i]);
            line.tangent[0] = lanes(|i| a.tangent_x + (b.tangent_x - a.tangent_x) * rest[i]);
            line.tangent[1] = lanes(|i| a.tangent_y + (b.tangent_y - a.tangent_y) * rest[i]);
            line.curvature = lanes(|i| a.curvature + (b.curvature - a.curvature) * rest[i]);
            return line;
        }
        for i in 0..BLOCK {
            let [a, b] = &self.nodes[index[i] as usize..][..2] else { continue };
            let blend = |a: f32, b: f32| a + (b - a) * rest[i];
            (line.x[i], line.y[i]) = (blend(a.x, b.x), blend(a.y, b.y));
            line.tangent[0][i] = blend(a.tangent_x, b.tangent_x);
            line.tangent[1][i] = blend(a.tangent_y, b.tangent_y);
            line.curvature[i] = blend(a.curvature, b.curvature);
        }
        line
    }
}

/// Places, unit tangents and curvatures of the reference line.
struct Line {
    x: Lanes,
    y: Lanes,
    tangent: [Lanes; 2],
    curvature: Lanes,
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_frame::random::{Purpose, stream};

    fn road(seed: u64) -> Road {
        Road::build(Layout::Drawn, 1000.0, &mut stream(seed, Purpose::Road, 0))
    }

    #[test]
    fn curvature_is_continuous() {
        for seed in 0..20 {
            let road = road(seed);
            // The quickest clothoid swings from one extreme to the other, 2/30, within 10 m.
            let limit = 2.0 / 30.0 / 10.0 * 0.1 + 1e-9;
            for i in 0..9990 {
                let s = f64::from(i) * 0.1;
                let change = (road.curvature_at(s + 0.1) - road.curvature_at(s)).abs();
                assert!(change <= limit, "seed {seed}, s {s}: {change}");
            }
        }
    }

    #[test]
    fn the_first_thirty_metres_are_straight() {
        let road = road(7);
        assert_eq!(road.heading_at(30.0), 0.0);
        assert_eq!(road.point_at(30.0, 1.0), [30.0, 1.0]);
    }

    #[test]
    fn a_point_is_located_where_it_was_placed() {
        let road = road(3);
        for (s, offset, error) in [(10.0, 1.2, 0.1), (150.3, -2.0, -0.2), (420.7, 0.4, 0.0), (999.0, 3.0, 3.0)] {
            let [x_m, y_m] = road.point_at(s, offset);
            let pose = Pose { x_m, y_m, heading_rad: road.heading_at(s) + error };
            let located = road.locate(pose, s + 4.0);
            // The table is a chain of chords: their sagitta at 30 m radius is 1 mm.
            assert!((f64::from(located.s_m) - s).abs() < 5e-3, "{located:?}");
            assert!((f64::from(located.offset_m) - offset).abs() < 2e-3, "{located:?}");
            assert!((f64::from(located.heading_error_rad) - error).abs() < 1e-3, "{located:?}");
        }
    }

    #[test]
    fn the_renderers_quick_walk_agrees_with_the_exact_one() {
        let road = road(5);
        for block in 0..7 {
            let lane = |i: usize| (f64::from((block * BLOCK + i) as u32) * 4.4 + 1.0, (i % 17) as f64 - 8.0);
            let points: [[f64; 2]; BLOCK] = std::array::from_fn(|i| road.point_at(lane(i).0, lane(i).1));
            let (x, y) = (points.map(|[x, _]| x as f32), points.map(|[_, y]| y as f32));
            let s = std::array::from_fn(|i| lane(i).0 as f32 + 3.0);
            let mut feet = Feet { s, offset: [0.0; BLOCK], tangent: [[0.0; BLOCK]; 2] };
            road.find_feet(&x, &y, [true; BLOCK], &mut feet);
            for i in 0..BLOCK {
                let (s, offset) = lane(i);
                assert!((f64::from(feet.offset[i]) - offset).abs() < 3e-3, "s {s}, offset {offset}: {feet:?}");
            }
        }
    }

    #[test]
    fn heading_errors_are_wrapped() {
        let road = road(1);
        let pose = Pose { x_m: 5.0, y_m: 0.0, heading_rad: 2.0 * std::f64::consts::PI + 0.25 };
        assert!((road.locate(pose, 5.0).heading_error_rad - 0.25).abs() < 1e-6);
    }
}
