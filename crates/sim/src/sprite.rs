//! Pictures of trees, bushes, poles and houses, made once per program: per texel opacity, how much of the light it
//! returns, and which of two materials it is, so that every object gets colours and light of its own.

use super::chance::fixed_stream;
use super::silhouette::{Drawing, broadleaf, bush, conifer, house, pole, post};
use super::texture::{floor_fract, level_from_ratio};
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
}

/// A sprite at one point, each value within [0, 1].
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub opacity: f32,
    pub shade: f32,
    pub second: f32,
}

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
        level_from_ratio(self.levels[0].height as f32 / height_px.max(1.0), self.levels.len() - 1)
    }

    /// Bilinear look-up, `across` and `down` within [0, 1].
    #[inline]
    pub(super) fn sample(&self, level: usize, across: f32, down: f32) -> Point {
        const NOTHING: Point = Point { opacity: 0.0, shade: 0.0, second: 0.0 };
        let level = &self.levels[level];
        let (column, u) = floor_fract(across * level.width as f32 - 0.5);
        let (row, v) = floor_fract(down * level.height as f32 - 0.5);
        let stride = level.width + 2;
        let start = (row + 1) as usize * stride + (column + 1) as usize;
        let Some(window) = level.texels.get(start..start + stride + 2) else { return NOTHING };
        let [a, b, c, d] = [window[0], window[1], window[stride], window[stride + 1]];
        // Much of a sprite's frame is empty: not worth an interpolation.
        if (a | b | c | d) & 0xFF == 0 {
            return NOTHING;
        }
        let weights = [(1.0 - u) * (1.0 - v), u * (1.0 - v), (1.0 - u) * v, u * v];
        let channel = |shift: u32| {
            let at = |texel: u32| (texel >> shift & 0xFF) as f32;
            (weights[0] * at(a) + weights[1] * at(b) + weights[2] * at(c) + weights[3] * at(d)) * (1.0 / 255.0)
        };
        Point { opacity: channel(0), shade: channel(8), second: channel(16) }
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
        let texels = (0..(width + 2) * (height + 2)).map(|i| bordered(i % (width + 2), i / (width + 2))).collect();
        Self { width, height, texels }
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
            let widest =
                |down: f32| (0..64).map(|i| sprite.sample(0, i as f32 / 63.0, down).opacity).fold(0.0, f32::max);
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
