//! The ground beside the road: a verge and either one kind of ground or parcels (fields) of three kinds.

use super::chance::Chance as _;
use super::colour::{Rgb, distance, product, scale, sum};
use super::colours;
use super::lanes::{BLOCK, Lanes, lanes, whole};
use super::light::EXPOSURE;
use super::look::Look;
use super::texture::{Texture, floor_fract};
use rand_chacha::ChaCha8Rng;

/// Least distance of road and roadside colour in linear RGB as exposed: a road nobody could see tests nothing.
pub(super) const MIN_CONTRAST: f32 = 0.12;
/// Change of brightness from the middle of a crop row to the gap beside it.
const ROW_CONTRAST: f32 = 0.35;
/// Resolution of the parcel boundaries along the road.
const PARCEL_CELL_M: f32 = 2.0;

/// One kind of ground.
#[derive(Clone, Debug)]
pub(super) struct Cover {
    pub albedo: Rgb,
    pub texture: Texture,
    /// Weight of the fine texture.
    pub grain: f32,
    /// Rows of a crop: spacing and whether they run across the road.
    pub rows: Option<(f32, bool)>,
}

/// Kinds of ground beside one road, the verge first.
const COVERS: usize = 4;

/// The kinds of ground beside one road, each property as a table to look up for many pixels; the verge is at place 0.
pub(super) struct Palette {
    albedo: [[f32; COVERS]; 3],
    /// Index of the first texel.
    texture: [u32; COVERS],
    grain: [f32; COVERS],
    /// True if any kind has rows of a crop.
    pub has_rows: bool,
    /// 0 where there are no rows.
    row_contrast: [f32; COVERS],
    row_spacing_m: [f32; COVERS],
    rows_across: [bool; COVERS],
}

impl Default for Palette {
    fn default() -> Self {
        Self {
            albedo: [[0.0; COVERS]; 3],
            texture: [0; COVERS],
            grain: [0.0; COVERS],
            has_rows: false,
            row_contrast: [0.0; COVERS],
            row_spacing_m: [1.0; COVERS],
            rows_across: [false; COVERS],
        }
    }
}

impl Palette {
    /// The place of the mown strip beside the shoulder.
    pub(super) const VERGE: u32 = 0;

    /// Reflectance of the kind at `place` in one channel, without its texture.
    #[inline(always)]
    pub(super) fn albedo(&self, channel: usize, place: u32) -> f32 {
        self.albedo[channel][place as usize % COVERS]
    }

    /// Index of its texture's first texel, and the weight of its texture.
    #[inline(always)]
    pub(super) fn texture(&self, place: u32) -> (u32, f32) {
        (self.texture[place as usize % COVERS], self.grain[place as usize % COVERS])
    }

    /// Brightness of its crop rows at a place on the road `[along, across]` in m, under a pixel of that extent in m: a
    /// triangle wave that averages to 1 and fades with the pixel.
    #[inline(always)]
    pub(super) fn row_factor(&self, place: u32, road_m: [f32; 2], pixel_m: [f32; 2]) -> f32 {
        let place = place as usize % COVERS;
        let (spacing_m, across) = (self.row_spacing_m[place], self.rows_across[place]);
        let (position_m, pixel_m) = if across { (road_m[0], pixel_m[0]) } else { (road_m[1], pixel_m[1]) };
        let fade = (1.0 - 1.5 * pixel_m / spacing_m).max(0.0);
        let (_, phase) = floor_fract(position_m / spacing_m);
        1.0 + self.row_contrast[place] * fade * (4.0 * (phase - 0.5).abs() - 1.0)
    }
}

/// Ground on both sides of one road.
#[derive(Clone, Debug)]
pub(super) struct Terrain {
    /// Mown strip next to the shoulder.
    pub verge: Cover,
    pub verge_m: f32,
    /// Weight of the soft large-scale variation.
    pub mottle: f32,
    /// Three at most.
    covers: Vec<Cover>,
    /// Offsets at which the inner parcels of the right and the left side end.
    inner_end_m: [f32; 2],
    /// Index into `covers` per cell along the road, all cells right inner, then right outer, left inner, left outer.
    parcels: Vec<u8>,
}

impl Terrain {
    /// Draws ground whose colours all stand out from `road` by [`MIN_CONTRAST`].
    pub(super) fn draw(look: &Look, parcelled: bool, length_m: f64, road: Rgb, rng: &mut ChaCha8Rng) -> Self {
        let kinds = if parcelled { 3 } else { 1 };
        let covers: Vec<Cover> = (0..kinds).map(|_| draw_cover(look, road, rng)).collect();
        let verge = if rng.chance(0.6) { draw_cover(look, road, rng) } else { covers[0].clone() };
        let cells = (length_m as f32 / PARCEL_CELL_M) as usize + 1;
        let strip = |rng: &mut ChaCha8Rng| draw_strip(kinds, cells, rng);
        Self {
            verge: Cover { rows: None, ..verge },
            verge_m: rng.uniform(0.3, 3.0),
            mottle: rng.uniform(0.15, 0.5),
            covers,
            inner_end_m: [rng.uniform(6.0, 30.0), rng.uniform(6.0, 30.0)],
            parcels: [strip(rng), strip(rng), strip(rng), strip(rng)].concat(),
        }
    }

    /// Ground of the verge's colour everywhere: it stands out from the road as all ground does.
    pub(super) fn plain(&self) -> Self {
        let cover = Cover { grain: 0.0, rows: None, ..self.verge.clone() };
        Self { verge: cover.clone(), mottle: 0.0, covers: vec![cover], parcels: vec![0; 4], ..self.clone() }
    }

    /// Place in [`Palette`] of the ground at each place on the road, beyond the verge.
    #[inline(always)]
    pub(super) fn covers_at(&self, s: &Lanes, offset: &Lanes) -> [u32; BLOCK] {
        let cells = (self.parcels.len() / 4) as u32;
        let parcels = lanes(|i| {
            let left = offset[i] > 0.0;
            let outer = offset[i].abs() > if left { self.inner_end_m[1] } else { self.inner_end_m[0] };
            let cell = whole(s[i].max(0.0) * (1.0 / PARCEL_CELL_M)).min(cells - 1);
            (2 * u32::from(left) + u32::from(outer)) * cells + cell
        });
        lanes(|i| 1 + u32::from(self.parcels[parcels[i] as usize]))
    }

    /// All its kinds of ground.
    pub(super) fn palette(&self) -> Palette {
        let mut palette = Palette::default();
        for (place, cover) in [&self.verge].into_iter().chain(&self.covers).take(COVERS).enumerate() {
            for channel in 0..3 {
                palette.albedo[channel][place] = cover.albedo[channel];
            }
            palette.texture[place] = cover.texture.start();
            palette.grain[place] = cover.grain;
            if let Some((spacing_m, across)) = cover.rows {
                palette.has_rows = true;
                palette.row_contrast[place] = ROW_CONTRAST;
                palette.row_spacing_m[place] = spacing_m;
                palette.rows_across[place] = across;
            }
        }
        palette
    }

    /// Mean colour far out, where single parcels can no longer be told apart.
    pub(super) fn far_albedo(&self) -> Rgb {
        let total = self.covers.iter().fold([0.0; 3], |total, cover| sum(total, cover.albedo));
        scale(total, 1.0 / self.covers.len() as f32)
    }

    /// True if `road` stands out from every kind of ground here.
    pub(super) fn contrasts_with(&self, road: Rgb) -> bool {
        self.covers.iter().chain([&self.verge]).all(|cover| stands_out(cover.albedo, road))
    }
}

fn stands_out(ground: Rgb, road: Rgb) -> bool {
    EXPOSURE * distance(ground, road) >= MIN_CONTRAST
}

/// Parcels of 15 to 70 m one after the other.
fn draw_strip(kinds: u8, cells: usize, rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut strip = Vec::with_capacity(cells);
    while strip.len() < cells {
        let kind = (rng.unit() * f32::from(kinds)) as u8;
        let end = strip.len() + (rng.uniform(15.0, 70.0) / PARCEL_CELL_M) as usize;
        strip.resize(end.min(cells), kind);
    }
    strip
}

/// Draws until the ground stands out: some road colours lie near several kinds of ground, but the spread of brightness
/// grows to a factor of 2 either way, which leads out of any of them.
fn draw_cover(look: &Look, road: Rgb, rng: &mut ChaCha8Rng) -> Cover {
    const ATTEMPTS: u32 = 40;
    let mut attempt = 0;
    loop {
        let (albedo, texture) = rng.pick(look.grounds);
        let albedo = if look.any_colours { colours::any(rng) } else { albedo };
        let spread = 1.25 + 0.02 * attempt as f32;
        let tint = look.ground_tint;
        let hue = [1.0 + rng.uniform(-tint, tint), 1.0, 1.0 + rng.uniform(-tint, tint)];
        let albedo = product(scale(albedo, rng.uniform(1.0 / spread, spread)), hue);
        attempt += 1;
        if stands_out(albedo, road) || attempt == ATTEMPTS {
            let rows = rng.chance(0.4).then(|| (rng.uniform(0.5, 2.2), rng.chance(0.4)));
            return Cover { albedo, texture, grain: rng.uniform(0.5, 1.2), rows };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Weather;
    use crate::colour::grey;
    use lane_frame::random::{Purpose, stream};

    #[test]
    fn every_ground_stands_out_from_every_road_colour() {
        for seed in 0..300 {
            let mut rng = stream(seed, Purpose::Scenery, 0);
            let road = grey(rng.uniform(0.06, 0.3), 0.0);
            for weather in Weather::ALL {
                let terrain = Terrain::draw(weather.look(), true, 300.0, road, &mut rng);
                assert!(terrain.contrasts_with(road), "seed {seed}, {weather}");
            }
        }
    }

    #[test]
    fn parcels_change_along_the_road_and_a_plain_roadside_does_not() {
        let mut rng = stream(5, Purpose::Scenery, 0);
        let parcelled = Terrain::draw(Weather::Daylight.look(), true, 600.0, [0.1; 3], &mut rng);
        let plain = Terrain::draw(Weather::Daylight.look(), false, 600.0, [0.1; 3], &mut rng);
        let kinds = |terrain: &Terrain| {
            let palette = terrain.palette();
            let covers = (0..300).map(|i| terrain.covers_at(&[2.0 * i as f32; BLOCK], &[5.0; BLOCK])[0]);
            let mut albedos: Vec<Rgb> = covers.map(|cover| [0, 1, 2].map(|c| palette.albedo(c, cover))).collect();
            albedos.dedup();
            albedos.len()
        };
        assert!(kinds(&parcelled) > 3);
        assert_eq!(kinds(&plain), 1);
    }
}
