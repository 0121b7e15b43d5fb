//! Saliency maps as plain numbers: what they are measured in, how they are scaled for display, and how much of them
//! lies where.

use lane_frame::Size;

/// How strongly each input pixel is tied to the steering: one value per pixel, row by row, none of them negative.
#[derive(Clone, Debug, PartialEq)]
pub struct SaliencyMap {
    /// Size of the policy's input.
    pub size: Size,
    /// In the method's own unit; finite and >= 0.
    pub values: Vec<f32>,
}

/// How the steering would change with each input pixel, with its sign: positive pushes left.
#[derive(Clone, Debug, PartialEq)]
pub struct SignedMap {
    /// Size of the policy's input.
    pub size: Size,
    /// Change of curvature in 1/m per unit of pixel brightness (0 to 1), summed over the colour channels.
    pub values: Vec<f32>,
}

/// A method's map of a frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    /// The map; of signed methods the strength.
    pub map: SaliencyMap,
    /// The map with its sign, of methods that have one.
    pub signed: Option<SignedMap>,
}

impl From<SaliencyMap> for Attribution {
    fn from(map: SaliencyMap) -> Self {
        Self { map, signed: None }
    }
}

impl From<SignedMap> for Attribution {
    fn from(signed: SignedMap) -> Self {
        Self { map: signed.magnitude(), signed: Some(signed) }
    }
}

impl SignedMap {
    /// The strength of the influence without its direction.
    pub fn magnitude(&self) -> SaliencyMap {
        SaliencyMap { size: self.size, values: self.values.iter().map(|value| value.abs()).collect() }
    }
}

/// What a map's values are divided by before they are coloured. The same rule serves every policy on screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// Multiples of a uniform map: 1 is the average pixel of this map. Comparable between policies and methods.
    TimesUniform,
    /// The largest value of this very frame is full colour. Makes noise look like attention; never the default.
    PerFrame,
    /// The method's own unit; the number is full colour.
    Absolute(f32),
}

/// Full colour on the [`Scale::TimesUniform`] scale: a pixel that draws eight times its fair share.
pub const FULL_COLOUR_TIMES_UNIFORM: f32 = 8.0;

impl SaliencyMap {
    /// Sum over all pixels, or `None` if the frame holds no evidence: all values are 0 or one is not a number.
    pub fn mass(&self) -> Option<f64> {
        let mass: f64 = self.values.iter().map(|&value| f64::from(value)).sum();
        (mass.is_finite() && mass > 0.0).then_some(mass)
    }

    /// The map in 0..=1 for colouring, or `None` if the frame holds no evidence.
    pub fn scaled(&self, scale: Scale) -> Option<Vec<f32>> {
        let mass = self.mass()?;
        let full = match scale {
            Scale::TimesUniform => FULL_COLOUR_TIMES_UNIFORM * (mass / self.values.len() as f64) as f32,
            Scale::PerFrame => self.values.iter().copied().fold(0.0, f32::max),
            Scale::Absolute(full) => full,
        };
        Some(self.values.iter().map(|value| (value / full).clamp(0.0, 1.0)).collect())
    }

    /// From the least to the largest value as 0 to 1; a map of one value becomes 0 everywhere.
    pub fn min_max(&self) -> Self {
        let (least, most) =
            self.values.iter().fold((f32::MAX, f32::MIN), |(least, most), v| (least.min(*v), most.max(*v)));
        let (size, range) = (self.size, most - least);
        let share = |value: &f32| if range > 0.0 { (value - least) / range } else { 0.0 };
        Self { size, values: self.values.iter().map(share).collect() }
    }

    /// As the scripts of Lechner et al. 2020 show a map, 0 to 1: standard scores clipped at ±3, nothing below their 10th
    /// percentile.
    pub fn as_published(&self) -> Self {
        const CLIP: f64 = 3.0;
        const FLOOR: f64 = 0.1;
        let count = self.values.len() as f64;
        let mean = self.values.iter().map(|value| f64::from(*value)).sum::<f64>() / count;
        let variance = self.values.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / count;
        let score = |value: &f32| ((f64::from(*value) - mean) / variance.sqrt()).clamp(-CLIP, CLIP) as f32;
        let mut scores: Vec<f32> = self.values.iter().map(score).collect();
        let mut sorted = scores.clone();
        sorted.sort_by(f32::total_cmp);
        let floor = sorted[(FLOOR * (count - 1.0)).round() as usize];
        scores.iter_mut().for_each(|score| *score = score.max(floor));
        Self { size: self.size, values: scores }.min_max()
    }

    /// Share of the map on the pixels that `inside` marks, beside the share a uniform map would have there.
    /// `None` if the frame holds no evidence.
    ///
    /// # Panics
    /// If `inside` has another number of pixels than the map.
    pub fn share_on(&self, inside: impl ExactSizeIterator<Item = bool>) -> Option<Share> {
        assert_eq!(inside.len(), self.values.len(), "mask and map have the same pixels");
        let total = self.mass()?;
        let (mut mass, mut pixels) = (0.0, 0_usize);
        for (value, inside) in self.values.iter().zip(inside) {
            if inside {
                mass += f64::from(*value);
                pixels += 1;
            }
        }
        Some(Share { of_map: (mass / total) as f32, of_uniform: pixels as f32 / self.values.len() as f32 })
    }
}

/// How much of a map lies on a region, and how much of a uniform map would: the number to compare it with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// Share of the map's mass, 0 to 1.
    pub of_map: f32,
    /// Share of the picture's area, 0 to 1.
    pub of_uniform: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(values: &[f32]) -> SaliencyMap {
        SaliencyMap { size: Size::new(values.len() as u32, 1), values: values.to_vec() }
    }

    #[test]
    fn a_uniform_map_has_the_share_of_the_area() {
        let share = map(&[2.0; 8]).share_on([true, true, false, false, false, false, false, false].into_iter());
        assert_eq!(share, Some(Share { of_map: 0.25, of_uniform: 0.25 }));
    }

    #[test]
    fn a_blank_map_and_a_nan_map_hold_no_evidence() {
        for values in [[0.0, 0.0], [f32::NAN, 1.0]] {
            assert_eq!(map(&values).mass(), None);
            assert_eq!(map(&values).scaled(Scale::PerFrame), None);
            assert_eq!(map(&values).share_on([true, false].into_iter()), None);
        }
    }

    #[test]
    fn scaled_as_published_the_lowest_tenth_is_black_and_what_stands_out_is_cut() {
        let mut values: Vec<f32> = (0..100).map(|i| i as f32).collect();
        values.push(1e4);
        let shown = map(&values).as_published();
        assert!(shown.values[..=10].iter().all(|value| *value == 0.0), "rank 10 of 101 is the 10th percentile");
        assert!(shown.values[11..].windows(2).all(|pair| pair[0] < pair[1]) && shown.values[100] == 1.0);
        assert!(map(&[2.0; 4]).as_published().mass().is_none(), "no spread, no evidence");
    }

    #[test]
    fn the_uniform_scale_does_not_depend_on_the_unit_of_the_map() {
        let small = map(&[0.001, 0.0, 0.003, 0.0]).scaled(Scale::TimesUniform).unwrap();
        let large = map(&[1.0, 0.0, 3.0, 0.0]).scaled(Scale::TimesUniform).unwrap();
        for (small, large) in small.iter().zip(&large) {
            assert!((small - large).abs() < 1e-6, "rounding only: {small} against {large}");
        }
        assert!((large[2] - 3.0 / FULL_COLOUR_TIMES_UNIFORM).abs() < 1e-6);
    }
}
