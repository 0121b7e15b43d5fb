//! Objects beside the road: what stands where, single and in rows.

use super::chance::Chance as _;
use super::colour::{Rgb, product, scale};
use super::colours;
use super::light::Light;
use super::look::Look;
use super::object::{Kind, Object};
use super::road::Road;
use super::section::CrossSection;
use super::shadow::ShadowGrid;
use rand_chacha::ChaCha8Rng;

/// Objects keep at least this clear of every part of the road.
const CLEARANCE_M: f32 = 0.8;
/// Objects farther out than this are checked against the rest of the road, which may bend towards them.
const CHECKED_OFFSET_M: f32 = 12.0;
/// So are those farther out than this share of the tightest radius, on roads tighter than any drawn one.
const CHECKED_RADIUS_SHARE: f32 = 0.41;

/// Everything that stands beside one road, and the shadows it throws.
#[derive(Clone, Debug)]
pub(super) struct Scenery {
    /// By distance along the road.
    pub objects: Vec<Object>,
    pub shadows: ShadowGrid,
}

/// The surroundings that objects have to fit.
pub(super) struct Site<'a> {
    pub road: &'a Road,
    pub section: &'a CrossSection,
    pub light: &'a Light,
    pub look: &'a Look,
    /// Objects farther out than this may stand too near to another part of the road.
    unchecked_m: f32,
}

impl<'a> Site<'a> {
    pub(super) fn new(road: &'a Road, section: &'a CrossSection, light: &'a Light, look: &'a Look) -> Self {
        let unchecked_m = CHECKED_OFFSET_M.min(CHECKED_RADIUS_SHARE * road.tightest_radius_m());
        Self { road, section, light, look, unchecked_m }
    }

    /// From the lane centre to `beyond` metres outside the shoulder, left positive.
    pub(super) fn offset_m(&self, left: bool, beyond: f32) -> f32 {
        if left {
            self.section.left_m + self.section.shoulder_m + beyond
        } else {
            self.section.right_m - self.section.shoulder_m - beyond
        }
    }
}

impl Scenery {
    /// Draws what grows and stands beside a road by itself, around some objects that are there already.
    pub(super) fn scatter(site: &Site, mut objects: Vec<Object>, rng: &mut ChaCha8Rng) -> Self {
        for left in [false, true] {
            scatter_side(site, left, rng, &mut objects);
            if rng.chance(0.4) {
                line_up_side(site, left, rng, &mut objects);
            }
        }
        objects.sort_by(|a, b| a.s.total_cmp(&b.s));
        let shadows = ShadowGrid::build(site.road, site.light, &objects, rng);
        Self { objects, shadows }
    }
}

/// Single objects at random: 0.05 to 0.35 per metre, mean distance 6 m from the verge.
fn scatter_side(site: &Site, left: bool, rng: &mut ChaCha8Rng, objects: &mut Vec<Object>) {
    let density = rng.uniform(0.05, 0.35);
    let greens = Greens::draw(site.look, rng);
    let end = site.road.visible_length_m() as f32;
    let mut s = 0.0;
    while s < end {
        s += rng.exponential(1.0 / density);
        let beyond = 0.4 + rng.exponential(6.0);
        let kind = draw_kind(rng);
        place(site, left, s, beyond, draw_object(kind, &greens, rng), objects);
    }
}

/// A regular row of posts, poles or trees.
fn line_up_side(site: &Site, left: bool, rng: &mut ChaCha8Rng, objects: &mut Vec<Object>) {
    let kinds = [Kind::Post, Kind::Post, Kind::Pole, Kind::Broadleaf(1), Kind::Broadleaf(3), Kind::Conifer(0)];
    let kind = rng.pick(&kinds);
    let (spacing, beyond) = match kind {
        Kind::Post => (rng.uniform(8.0, 25.0), rng.uniform(0.3, 0.9)),
        Kind::Pole => (rng.uniform(25.0, 40.0), rng.uniform(1.5, 6.0)),
        _ => (rng.uniform(6.0, 15.0), rng.uniform(2.5, 7.0)),
    };
    let model = draw_object(kind, &Greens::draw(site.look, rng), rng);
    let mut s = rng.uniform(0.0, spacing);
    while s < site.road.visible_length_m() as f32 {
        let growth = if kind == Kind::Post { 1.0 } else { rng.uniform(0.88, 1.12) };
        let (height_m, width_m) = (model.height_m * growth, model.width_m * growth);
        place(site, left, s, beyond, Object { height_m, width_m, ..model.clone() }, objects);
        s += spacing;
    }
}

/// Half trees, a third bushes, the rest poles and houses.
fn draw_kind(rng: &mut ChaCha8Rng) -> Kind {
    let (kind, variant) = (rng.unit(), rng.unit());
    match kind {
        k if k < 0.36 => Kind::Broadleaf((variant * 4.0) as u8),
        k if k < 0.50 => Kind::Conifer((variant * 2.0) as u8),
        k if k < 0.83 => Kind::Bush((variant * 3.0) as u8),
        k if k < 0.89 => Kind::Pole,
        k if k < 0.95 => Kind::Post,
        _ => Kind::House((variant * 2.0) as u8),
    }
}

/// Hues of leaves on one side of one road.
struct Greens {
    leaf: Rgb,
    needle: Rgb,
    bark: Rgb,
    /// Spread of single plants, as a share.
    spread: f32,
}

impl Greens {
    fn draw(look: &Look, rng: &mut ChaCha8Rng) -> Self {
        let summer = [[0.055, 0.105, 0.028], [0.085, 0.135, 0.035], [0.040, 0.080, 0.030], [0.20, 0.15, 0.04]];
        let leaf = if look.any_colours { colours::any(rng) } else { rng.pick(&summer) };
        let needle = [0.028, 0.060, 0.032];
        Self {
            leaf: look.leaves.unwrap_or(leaf),
            needle: look.leaves.map_or(needle, |leaves| scale(leaves, 0.7)),
            // One colour on all leaves leaves little of their own.
            spread: if look.leaves.is_some() { 0.04 } else { 0.2 },
            bark: scale([0.13, 0.095, 0.065], rng.uniform(0.7, 1.5)),
        }
    }
}

/// An object of its kind at the origin.
fn draw_object(kind: Kind, greens: &Greens, rng: &mut ChaCha8Rng) -> Object {
    // Leaves differ from plant to plant, walls and posts less.
    let spread =
        if matches!(kind, Kind::Broadleaf(_) | Kind::Conifer(_) | Kind::Bush(_)) { greens.spread } else { 0.06 };
    let hue = [0, 1, 2].map(|_| 1.0 + rng.uniform(-spread, spread));
    let walls = [[0.62, 0.58, 0.50], [0.70, 0.68, 0.64], [0.55, 0.40, 0.26], [0.42, 0.16, 0.11]];
    let roofs = [[0.30, 0.10, 0.06], [0.14, 0.13, 0.13], [0.24, 0.16, 0.11]];
    let (height_m, aspect, albedo) = match kind {
        Kind::Broadleaf(_) => (rng.uniform(4.0, 13.0), rng.uniform(0.75, 1.15), [greens.leaf, greens.bark]),
        Kind::Conifer(_) => (rng.uniform(5.0, 15.0), rng.uniform(0.35, 0.6), [greens.needle, greens.bark]),
        Kind::Bush(_) => (rng.uniform(0.7, 2.6), rng.uniform(0.9, 1.7), [greens.leaf, greens.bark]),
        Kind::Pole => (rng.uniform(5.5, 8.5), 0.25, [[0.20, 0.16, 0.12]; 2]),
        Kind::Post => (rng.uniform(0.9, 1.1), 0.25, [[0.75, 0.75, 0.73], [0.9, 0.25, 0.1]]),
        Kind::House(_) => (rng.uniform(5.0, 8.5), rng.uniform(1.5, 2.2), [rng.pick(&walls), rng.pick(&roofs)]),
    };
    let first = product(albedo[0], hue);
    Object {
        kind,
        x: 0.0,
        y: 0.0,
        s: 0.0,
        offset: 0.0,
        height_m,
        width_m: height_m * aspect,
        albedo: [first, albedo[1]],
    }
}

/// Puts an object `beyond` metres outside the shoulder unless it would stand on the road.
fn place(site: &Site, left: bool, s: f32, beyond: f32, object: Object, objects: &mut Vec<Object>) {
    let house = matches!(object.kind, Kind::House(_));
    let beyond = beyond + if house { 5.0 + 0.5 * object.width_m } else { 0.0 };
    let offset = site.offset_m(left, beyond);
    let [x, y] = site.road.point_at(f64::from(s), f64::from(offset)).map(|x| x as f32);
    let reach = site.section.left_m.max(-site.section.right_m) + CLEARANCE_M + if house { 5.0 } else { 0.0 };
    if beyond < site.unchecked_m || is_clear(site.road, s, [x, y], reach) {
        objects.push(Object { x, y, s, offset, ..object });
    }
}

/// True if no part of the road within 120 m along it comes nearer than `reach` to a point.
fn is_clear(road: &Road, s: f32, [x, y]: [f32; 2], reach: f32) -> bool {
    let nodes = road.nodes();
    let middle = (2.0 * s) as usize;
    let near = nodes.len().min(middle.saturating_sub(240))..nodes.len().min(middle + 240);
    nodes[near].iter().step_by(4).all(|node| {
        let (dx, dy) = (node.x - x, node.y - y);
        dx * dx + dy * dy > reach * reach
    })
}
