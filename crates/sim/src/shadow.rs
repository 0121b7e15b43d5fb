//! Shadows of objects on the ground as soft, dappled ellipses in road coordinates, sorted into cells so that a pixel
//! asks only the few near it.

use super::chance::Chance as _;
use super::lanes::{BLOCK, Lanes, Runs, lanes, whole};
use super::light::Light;
use super::object::{Kind, Object};
use super::road::Road;
use rand_chacha::ChaCha8Rng;

/// Side of a cell.
const CELL_M: f32 = 4.0;
/// Cells across the road, half of them on each side of the lane centre.
const CELLS_ACROSS: usize = 20;
/// The lowest sun a shadow is drawn for, as tan(elevation): longer ones would be blurred away by its disc.
const LOWEST_SUN: f32 = 0.3;

/// One ellipse: centre along and across the road, direction of its long axis, reciprocal half axes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shadow {
    s: f32,
    offset: f32,
    cos: f32,
    sin: f32,
    per_along: f32,
    per_across: f32,
    reach: f32,
    /// From a crown that lets spots of light through.
    dappled: bool,
}

/// All shadows of one road, looked up by place.
#[derive(Clone, Debug)]
pub(super) struct ShadowGrid {
    /// First index into `shadows` per cell, and the end of the last.
    starts: Vec<u32>,
    shadows: Vec<Shadow>,
}

impl ShadowGrid {
    pub(super) fn build(road: &Road, light: &Light, objects: &[Object], rng: &mut ChaCha8Rng) -> Self {
        let mut shadows = Vec::new();
        if light.shadows > 0.0 {
            objects.iter().for_each(|object| cast(road, light, object, &mut shadows));
            stray(road, light, rng, &mut shadows);
        }
        Self::from_shadows((road.visible_length_m() as f32 / CELL_M) as usize + 1, &shadows)
    }

    fn from_shadows(cells_along: usize, shadows: &[Shadow]) -> Self {
        let cells = cells_along * CELLS_ACROSS;
        let mut starts = vec![0_u32; cells + 1];
        shadows.iter().for_each(|shadow| cells_of(shadow, cells_along, |cell| starts[cell + 1] += 1));
        for cell in 0..cells {
            starts[cell + 1] += starts[cell];
        }
        let mut next = starts.clone();
        let nothing = Shadow {
            s: 0.0,
            offset: 0.0,
            cos: 1.0,
            sin: 0.0,
            per_along: 1.0,
            per_across: 1.0,
            reach: 0.0,
            dappled: false,
        };
        let mut sorted = vec![nothing; starts[cells] as usize];
        for shadow in shadows {
            cells_of(shadow, cells_along, |cell| {
                sorted[next[cell] as usize] = *shadow;
                next[cell] += 1;
            });
        }
        Self { starts, shadows: sorted }
    }

    /// Number of the cell of a place; a number that no cell has where none is.
    #[inline(always)]
    pub(super) fn cell_at(s: f32, offset: f32) -> u32 {
        const NO_CELL: u32 = u32::MAX;
        let across = offset * (1.0 / CELL_M) + (CELLS_ACROSS / 2) as f32;
        let cell = whole(s * (1.0 / CELL_M)) * CELLS_ACROSS as u32 + whole(across.max(0.0));
        let inside = (across >= 0.0) & (across < CELLS_ACROSS as f32) & (s >= 0.0);
        if inside { cell } else { NO_CELL }
    }

    /// True if a shadow may fall on the places of these cells.
    #[inline(always)]
    pub(super) fn any_in(&self, cells: &[u32; BLOCK]) -> bool {
        let mut found = false;
        for (_, cell) in Runs::new(cells) {
            found |= !self.in_cell(cell).is_empty();
        }
        found
    }

    /// Share of the sun that shadows take away at each place, 0 to 1. `dapple` in [0, 1] is the noise that breaks up
    /// crowns.
    #[inline(always)]
    pub(super) fn darkness(&self, cells: &[u32; BLOCK], s: &Lanes, offset: &Lanes, dapple: &Lanes) -> Lanes {
        let mut lit = [1.0; BLOCK];
        for (run, cell) in Runs::new(cells) {
            for shadow in self.in_cell(cell) {
                // All lanes are computed, whatever the run: a loop of another length for each would compute them one
                // by one.
                lit = lanes(|i| {
                    let darkened = lit[i] * shadow.light_left(s[i], offset[i], dapple[i]);
                    if (i >= run.start) & (i < run.end) { darkened } else { lit[i] }
                });
            }
        }
        lanes(|i| 1.0 - lit[i])
    }

    /// The shadows that may fall on the places of a cell.
    #[inline(always)]
    fn in_cell(&self, cell: u32) -> &[Shadow] {
        let cell = cell as usize;
        match self.starts.get(cell..cell.saturating_add(2)) {
            Some(bounds) => &self.shadows[bounds[0] as usize..bounds[1] as usize],
            None => &[],
        }
    }
}

impl Shadow {
    /// Share of the sun that it leaves at a place.
    #[inline(always)]
    fn light_left(&self, s: f32, offset: f32, dapple: f32) -> f32 {
        let (ds, dd) = (s - self.s, offset - self.offset);
        let along = (ds * self.cos + dd * self.sin) * self.per_along;
        let across = (dd * self.cos - ds * self.sin) * self.per_across;
        let ragged = if self.dappled { 1.55 - 2.4 * dapple } else { 0.0 };
        1.0 - (2.6 * (1.0 - ragged * 0.8 - along * along - across * across)).clamp(0.0, 1.0)
    }
}

/// Calls `visit` with every cell that the bounding square of a shadow meets.
fn cells_of(shadow: &Shadow, cells_along: usize, mut visit: impl FnMut(usize)) {
    let clip = |x: f32, count: usize| (x.max(0.0) as usize).min(count - 1);
    let half = (CELLS_ACROSS / 2) as f32;
    let (near, far) = ((shadow.offset - shadow.reach) / CELL_M + half, (shadow.offset + shadow.reach) / CELL_M + half);
    if far < 0.0 || near >= CELLS_ACROSS as f32 {
        return;
    }
    let along =
        clip((shadow.s - shadow.reach) / CELL_M, cells_along)..=clip((shadow.s + shadow.reach) / CELL_M, cells_along);
    for row in along {
        (clip(near, CELLS_ACROSS)..=clip(far, CELLS_ACROSS)).for_each(|column| visit(row * CELLS_ACROSS + column));
    }
}

/// Direction in which shadows fall at `s`, as cos and sin of the angle to the road.
fn direction(road: &Road, light: &Light, s: f32) -> (f32, f32) {
    let (sin, cos) = libm::sincosf(road.heading_at(f64::from(s)) as f32);
    let [x, y] = light.sun_towards;
    (-(x * cos + y * sin), -(y * cos - x * sin))
}

/// The crown (or body) of an object, and the trunk of a tree as a thin second ellipse.
fn cast(road: &Road, light: &Light, object: &Object, shadows: &mut Vec<Shadow>) {
    let (cos, sin) = direction(road, light, object.s);
    let stretch = 1.0 / light.sun_rise.max(LOWEST_SUN);
    let (centre, half_height, half_width) = match object.kind {
        Kind::Broadleaf(_) => (0.62, 0.33, 0.42),
        Kind::Conifer(_) => (0.42, 0.42, 0.34),
        Kind::Bush(_) => (0.45, 0.45, 0.45),
        Kind::House(_) => (0.4, 0.4, 0.45),
        Kind::Pole | Kind::Post => (0.5, 0.5, 0.06),
    };
    let mut push = |centre: f32, half_height: f32, half_width: f32| {
        let away = centre * object.height_m * stretch;
        let (along, across) = (half_height * object.height_m * stretch + 0.5 * half_width, half_width);
        shadows.push(Shadow {
            s: object.s + away * cos,
            offset: object.offset + away * sin,
            cos,
            sin,
            per_along: 1.0 / along,
            per_across: 1.0 / across,
            reach: 1.5 * along.max(across),
            dappled: matches!(object.kind, Kind::Broadleaf(_) | Kind::Conifer(_) | Kind::Bush(_)),
        });
    };
    push(centre, half_height, half_width * object.width_m);
    if matches!(object.kind, Kind::Broadleaf(_)) {
        push(0.2, 0.2, 0.03 * object.width_m);
    }
}

/// Crown shadows on the road from trees that stand outside every picture.
fn stray(road: &Road, light: &Light, rng: &mut ChaCha8Rng, shadows: &mut Vec<Shadow>) {
    if light.stray_shadows_per_m <= 0.0 {
        return;
    }
    let mut s = rng.exponential(1.0 / light.stray_shadows_per_m);
    while s < road.visible_length_m() as f32 {
        let (cos, sin) = direction(road, light, s);
        let (along, across) = (rng.uniform(1.5, 6.0), rng.uniform(0.8, 3.0));
        let (offset, reach) = (rng.uniform(-5.0, 8.0), 1.5 * along.max(across));
        let (per_along, per_across) = (1.0 / along, 1.0 / across);
        shadows.push(Shadow { s, offset, cos, sin, per_along, per_across, reach, dappled: true });
        s += rng.exponential(1.0 / light.stray_shadows_per_m);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shadow(s: f32, offset: f32) -> Shadow {
        Shadow { s, offset, cos: 1.0, sin: 0.0, per_along: 0.25, per_across: 0.5, reach: 4.6, dappled: false }
    }

    fn darkness_at(grid: &ShadowGrid, s: f32, offset: f32, dapple: f32) -> f32 {
        let cells = [ShadowGrid::cell_at(s, offset); BLOCK];
        grid.darkness(&cells, &[s; BLOCK], &[offset; BLOCK], &[dapple; BLOCK])[0]
    }

    #[test]
    fn a_shadow_is_dark_in_its_middle_and_gone_outside() {
        let grid = ShadowGrid::from_shadows(20, &[shadow(30.0, 1.0)]);
        assert_eq!(darkness_at(&grid, 30.0, 1.0, 0.5), 1.0);
        assert_eq!(darkness_at(&grid, 30.0, 3.5, 0.5), 0.0);
        let any_at = |s: f32| grid.any_in(&[ShadowGrid::cell_at(s, 1.0); BLOCK]);
        assert!(any_at(33.0) && !any_at(60.0));
    }

    #[test]
    fn cells_give_the_same_darkness_as_asking_every_shadow() {
        let shadows: Vec<Shadow> = (0..40).map(|i| shadow(2.1 * i as f32, (i * 7 % 23) as f32 - 11.0)).collect();
        let grid = ShadowGrid::from_shadows(25, &shadows);
        let single: Vec<ShadowGrid> = shadows.iter().map(|s| ShadowGrid::from_shadows(25, &[*s])).collect();
        for i in 0..500 {
            let (s, offset) = (0.19 * i as f32, (i * 13 % 31) as f32 - 15.0);
            let lit: f32 = single.iter().map(|grid| 1.0 - darkness_at(grid, s, offset, 0.4)).product();
            assert!((1.0 - lit - darkness_at(&grid, s, offset, 0.4)).abs() < 1e-5, "s {s}, offset {offset}");
        }
    }

    #[test]
    fn places_outside_the_grid_are_lit() {
        let grid = ShadowGrid::from_shadows(20, &[shadow(3.0, 1.0)]);
        for (s, offset) in [(-5.0, 1e4), (1e6, 0.0), (3.0, -1e4)] {
            assert_eq!(darkness_at(&grid, s, offset, 0.5), 0.0);
        }
    }
}
