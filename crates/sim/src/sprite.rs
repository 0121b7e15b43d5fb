//! Pictures of trees, bushes, poles and houses, made once per program: per texel opacity, how much of the light it
//! returns, and which of two materials it is, so that every object gets colours and light of its own.

use super::chance::fixed_stream;
use super::silhouette::{Drawing, broadleaf, bush, conifer, house, pole, post};
use super::texture::{floor_fract, level_from_ratio};
use std::ops::Range;
use std::sync::LazyLock;

/// One picture with its mip levels.
pub(super) struct Sprite {
    levels: Vec<Level>,
}

/// Texels with a border of one: transparent at the sides and above, the ground line repeated below.
struct Level {
    width: usize,
    height: usize,
    /// Opacity, shade and second material in the three lower bytes.
    texels: Vec<u32>,
    /// Per row the first texel that is not transparent in it or in the row below, and the end of such texels.
    solid: Vec<(u32, u32)>,
}

/// Two neighbouring rows of a sprite's level, between which a row of pixels lies.
pub(super) struct Strip<'a> {
    top: &'a [u32],
    bottom: &'a [u32],
    /// Weight of the bottom row.
    share: f32,
    /// Left texels of the pairs that are not both transparent.
    pub solid: Range<u32>,
}

/// A sprite at neighbouring points, each value within [0, 1].
pub(super) struct Points {
    pub opacity: [f32; CHUNK],
    pub shade: [f32; CHUNK],
    pub second: [f32; CHUNK],
}

/// Pixels of an object that are computed side by side; most objects are not much wider.
pub(super) const CHUNK: usize = 8;

impl Sprite {
    fn from_drawing(mut drawing: Drawing) -> Self {
        let mut levels = vec![Level::from_drawing(&drawing)];
        while drawing.height > 2 {
            drawing = drawing.halved();
            levels.push(Level::from_drawing(&drawing));
        }
        Self { levels }
    }

    /// Mip level whose texels are about a pixel high when the sprite is `height_px` high.
    pub(super) fn level_for(&self, height_px: f32) -> usize {
        level_from_ratio(self.levels[0].height as f32 / height_px.max(1.0), self.levels.len() as u32 - 1) as usize
    }

    /// The texel to the left of a point `across` the level, within [0, 1], and the weight of its right neighbour.
    #[inline(always)]
    pub(super) fn column(&self, level: usize, across: f32) -> (u32, f32) {
        let (column, share) = floor_fract(across * self.levels[level].width as f32 - 0.5);
        ((column + 1).max(0) as u32, share)
    }

    /// The rows around a line `down` the level, within [0, 1].
    #[inline(always)]
    pub(super) fn strip(&self, level: usize, down: f32) -> Option<Strip<'_>> {
        let level = &self.levels[level];
        let (row, share) = floor_fract(down * level.height as f32 - 0.5);
        let (row, stride) = ((row + 1) as usize, level.width + 2);
        let rows = level.texels.get(row * stride..(row + 2) * stride)?;
        let (top, bottom) = rows.split_at(stride);
        let (first, end) = *level.solid.get(row)?;
        Some(Strip { top, bottom, share, solid: first.saturating_sub(1)..end })
    }
}

impl Strip<'_> {
    /// Bilinear look-up: each point lies between a texel of `columns` and its right neighbour, by the share of that.
    #[inline(always)]
    pub(super) fn sample(&self, columns: &[u32; CHUNK], shares: &[f32; CHUNK]) -> Points {
        let (mut above, mut below) = ([[0; CHUNK]; 2], [[0; CHUNK]; 2]);
        for i in 0..CHUNK {
            let pair = columns[i] as usize..columns[i] as usize + 2;
            if let (Some([a, b]), Some([c, d])) = (self.top.get(pair.clone()), self.bottom.get(pair)) {
                (above[0][i], above[1][i], below[0][i], below[1][i]) = (*a, *b, *c, *d);
            }
        }
        let window = Window { above, below, u: *shares, v: self.share };
        Points { opacity: window.channel(0), shade: window.channel(8), second: window.channel(16) }
    }
}

/// The texels around each point, left and right, and the weights of the right and the bottom ones.
struct Window {
    above: [[u32; CHUNK]; 2],
    below: [[u32; CHUNK]; 2],
    u: [f32; CHUNK],
    v: f32,
}

impl Window {
    /// Weighted mean of the byte from bit `shift` on, within [0, 1].
    #[inline(always)]
    fn channel(&self, shift: u32) -> [f32; CHUNK] {
        let at = |texel: u32| (texel >> shift & 0xFF) as i32 as f32;
        let v = self.v;
        let mut values = [0.0; CHUNK];
        for (i, value) in values.iter_mut().enumerate() {
            let u = self.u[i];
            *value = ((1.0 - u) * (1.0 - v) * at(self.above[0][i])
                + u * (1.0 - v) * at(self.above[1][i])
                + (1.0 - u) * v * at(self.below[0][i])
                + u * v * at(self.below[1][i]))
                * (1.0 / 255.0);
        }
        values
    }
}

impl Level {
    fn from_drawing(drawing: &Drawing) -> Self {
        let (width, height) = (drawing.width, drawing.height);
        let bordered = |x: usize, y: usize| {
            let (column, row) = (x.clamp(1, width) - 1, y.clamp(1, height) - 1);
            let [opacity, shade, second] = drawing.texels[row * width + column];
            let inside = x == column + 1 && y > 0;
            u32::from_le_bytes([if inside { opacity } else { 0 }, shade, second, 0])
        };
        let stride = width + 2;
        let texels: Vec<u32> = (0..stride * (height + 2)).map(|i| bordered(i % stride, i / stride)).collect();
        let solid = |row: usize| {
            let is_solid = |column: &usize| {
                [row, (row + 1).min(height + 1)].iter().any(|row| texels[row * stride + column] & 0xFF != 0)
            };
            let first = (0..stride).find(is_solid).unwrap_or(stride);
            (first as u32, (0..stride).rfind(is_solid).map_or(first, |last| last + 1) as u32)
        };
        let solid = (0..height + 2).map(solid).collect();
        Self { width, height, texels, solid }
    }
}

/// All sprites by what they show.
pub(super) struct Sprites {
    pub broadleaf: [Sprite; 4],
    pub conifer: [Sprite; 2],
    pub bush: [Sprite; 3],
    pub pole: Sprite,
    pub post: Sprite,
    pub house: [Sprite; 2],
}

/// The sprites, drawn at first use (some 10 ms).
pub(super) fn sprites() -> &'static Sprites {
    static SPRITES: LazyLock<Sprites> = LazyLock::new(|| Sprites {
        broadleaf: [100, 101, 102, 103].map(|part| Sprite::from_drawing(broadleaf(&mut fixed_stream(part)))),
        conifer: [110, 111].map(|part| Sprite::from_drawing(conifer(part))),
        bush: [120, 121, 122].map(|part| Sprite::from_drawing(bush(&mut fixed_stream(part)))),
        pole: Sprite::from_drawing(pole()),
        post: Sprite::from_drawing(post()),
        house: [false, true].map(|long| Sprite::from_drawing(house(long))),
    });
    &SPRITES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sprite_stands_on_its_lower_edge_and_leaves_room_above() {
        let all = sprites();
        let each = all.broadleaf.iter().chain(&all.conifer).chain(&all.bush).chain(&all.house);
        for sprite in each.chain([&all.pole, &all.post]) {
            let widest = |down: f32| {
                let strip = sprite.strip(0, down).unwrap();
                let opacity = |i: usize| {
                    let (column, share) = sprite.column(0, i as f32 / 63.0);
                    strip.sample(&[column; CHUNK], &[share; CHUNK]).opacity[0]
                };
                (0..64).map(opacity).fold(0.0, f32::max)
            };
            assert!(widest(0.98) > 0.5 && widest(0.0) < 0.6, "bottom {}, top {}", widest(0.98), widest(0.0));
        }
    }

    #[test]
    fn coarser_levels_keep_the_mean_opacity() {
        let sprite = &sprites().broadleaf[0];
        let mean = |level: &Level| {
            level.texels.iter().map(|texel| (texel & 0xFF) as f32).sum::<f32>()
                / (255 * level.width * level.height) as f32
        };
        // Rounding down loses at most 1/255 per level; the repeated ground line is a trunk's width.
        let (finest, fifth) = (mean(&sprite.levels[0]), mean(&sprite.levels[5]));
        assert!((finest - fifth).abs() < 7.0 / 255.0, "{finest} and {fifth}");
    }
}
