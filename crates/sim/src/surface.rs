//! The surface of the road: colour, grain, wheel tracks, repaired patches, a grassy middle strip, wetness.

use super::chance::Chance as _;
use super::colour::{Rgb, grey, mix, scale};
use super::colours;
use super::family::RoadFamily;
use super::lanes::{BLOCK, Lanes, Runs, lanes, whole};
use super::look::Look;
use super::texture::Texture;
use rand_chacha::ChaCha8Rng;

/// At most one repaired patch in each stretch of this length.
const PATCH_CELL_M: f32 = 9.0;

/// Look of the road itself; immutable, so that a picture with another one can be rendered from the same pose.
#[derive(Clone, Debug)]
pub(super) struct Surface {
    /// Reflectance.
    pub albedo: Rgb,
    /// Gravel instead of asphalt.
    pub gravel: bool,
    /// Weight of the fine grain.
    pub grain: f32,
    /// Weight of the soft stains.
    pub stains: f32,
    /// Brightness of the wheel tracks against the rest, as a factor minus 1.
    pub tracks: f32,
    /// Grass or dirt between the wheel tracks, and how far it has grown.
    pub strip: Option<(Rgb, f32)>,
    /// 0 dry, 1 wet and shining.
    pub wetness: f32,
    patches: Vec<Option<Patch>>,
}

/// A rectangle of younger or older pavement.
#[derive(Clone, Copy, Debug)]
struct Patch {
    start_m: f32,
    end_m: f32,
    right_m: f32,
    left_m: f32,
    factor: f32,
}

impl Surface {
    pub(super) fn draw(family: RoadFamily, look: &Look, length_m: f64, rng: &mut ChaCha8Rng) -> Self {
        let gravel = family == RoadFamily::Gravel;
        let dry = if gravel { gravel_albedo(rng) } else { asphalt_albedo(rng) };
        let wetness = look.wetness.map_or(0.0, |wetness| rng.within(wetness));
        let patched = if gravel { 0.0 } else { rng.uniform(0.0, 0.45) };
        let cells = (length_m as f32 / PATCH_CELL_M) as usize + 1;
        Self {
            albedo: scale(dusty(dry, look, rng), 1.0 - 0.4 * wetness),
            gravel,
            grain: rng.uniform(0.5, 1.2),
            stains: rng.uniform(0.08, 0.35),
            tracks: rng.uniform(-0.22, 0.12) - look.dark_tracks,
            strip: (gravel && rng.chance(0.5)).then(|| (strip_albedo(look, rng), rng.uniform(0.3, 1.0))),
            wetness,
            patches: (0..cells).map(|i| rng.chance(patched).then(|| Patch::draw(i, rng))).collect(),
        }
    }

    /// The same surface in one colour: what is left is how light it is and how it shines.
    pub(super) fn plain(&self) -> Self {
        Self { grain: 0.0, stains: 0.0, tracks: 0.0, strip: None, patches: Vec::new(), ..self.clone() }
    }

    /// The texture of its grain.
    pub(super) fn texture(&self) -> Texture {
        if self.gravel { Texture::Gravel } else { Texture::Asphalt }
    }

    /// Brightness of a repaired patch at each place, 1 where there is none.
    #[inline(always)]
    pub(super) fn patch_factors(&self, s: &Lanes, offset: &Lanes) -> Lanes {
        let cells = lanes(|i| whole(s[i].max(0.0) * (1.0 / PATCH_CELL_M)));
        let mut factors = [1.0; BLOCK];
        for (run, cell) in Runs::new(&cells) {
            if let Some(Some(patch)) = self.patches.get(cell as usize) {
                factors = lanes(|i| {
                    let here = (i >= run.start) & (i < run.end) & patch.contains(s[i], offset[i]);
                    if here { patch.factor } else { factors[i] }
                });
            }
        }
        factors
    }
}

impl Patch {
    fn draw(cell: usize, rng: &mut ChaCha8Rng) -> Self {
        let start_m = cell as f32 * PATCH_CELL_M + rng.uniform(0.0, 3.0);
        let right_m = rng.uniform(-2.2, 2.5);
        Self {
            start_m,
            end_m: start_m + rng.uniform(1.0, 6.0),
            right_m,
            left_m: right_m + rng.uniform(0.5, 2.6),
            factor: rng.uniform(0.68, 1.22),
        }
    }

    #[inline(always)]
    fn contains(&self, s: f32, offset: f32) -> bool {
        // Without the short cut of `&&`, so that neighbours are computed side by side.
        (s > self.start_m) & (s < self.end_m) & (offset > self.right_m) & (offset < self.left_m)
    }
}

fn asphalt_albedo(rng: &mut ChaCha8Rng) -> Rgb {
    grey(rng.uniform(0.065, 0.24), rng.uniform(-0.08, 0.07))
}

fn gravel_albedo(rng: &mut ChaCha8Rng) -> Rgb {
    let kinds = [[0.30, 0.27, 0.23], [0.27, 0.22, 0.15], [0.22, 0.21, 0.20], [0.34, 0.28, 0.19]];
    scale(rng.pick(&kinds), rng.uniform(0.75, 1.25))
}

fn strip_albedo(look: &Look, rng: &mut ChaCha8Rng) -> Rgb {
    if look.any_colours {
        return colours::any(rng);
    }
    let summer = rng.pick(&[[0.07, 0.12, 0.035], [0.14, 0.15, 0.06], [0.16, 0.12, 0.07]]);
    look.strip.unwrap_or(summer)
}

/// Share of roads of any colours on which something lies, and how much of the road it hides at most.
const ANY_DUST: (f32, f32) = (0.6, 0.8);

/// The road under what has settled on it.
fn dusty(dry: Rgb, look: &Look, rng: &mut ChaCha8Rng) -> Rgb {
    if look.any_colours {
        let (share, most) = ANY_DUST;
        return if rng.chance(share) { mix(dry, colours::any(rng), rng.uniform(0.0, most)) } else { dry };
    }
    look.dust.map_or(dry, |dust| mix(dry, dust.colour, rng.within(dust.share)))
}
