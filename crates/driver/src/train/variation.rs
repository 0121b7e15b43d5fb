//! Pictures of a sequence changed as a whole, so that a policy has to see a road in whatever light and colours: filters by
//! chance (Xu et al. 2021, "Robust and generalizable visual representation learning via random convolutions"), light
//! and shade, mixed channels, exposure, haze, parts cut out (DeVries & Taylor 2017). Steering stays as it is.

use lane_frame::RgbImage;
use rand::RngExt as _;
use rand_distr::{Distribution as _, StandardNormal};
use serde::{Deserialize, Serialize};

/// Each change is made to this share of the varied sequences.
const EACH: f32 = 0.4;

/// Least share of the picture beside a filter by chance: one alone may turn light and dark round.
const LEAST_OF_PICTURE: f32 = 0.5;

/// Height of the horizon, as a share of the picture's from its top: haze is thickest there.
const HORIZON: f32 = 0.3;

/// How far a training goes beyond the looks that it is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Variation {
    /// Share of demonstrations with any colours ([`lane_sim::Colours::Any`]).
    pub colours_share: f64,
    /// Share of sequences whose pictures are changed.
    pub pictures_share: f64,
}

impl Variation {
    /// Words for it, and what they stand for.
    pub const NAMED: [(&str, Self); 4] = [
        ("none", Self { colours_share: 0.0, pictures_share: 0.0 }),
        ("colours", Self { colours_share: 0.5, pictures_share: 0.0 }),
        ("pictures", Self { colours_share: 0.0, pictures_share: 0.4 }),
        ("all", Self { colours_share: 0.5, pictures_share: 0.4 }),
    ];

    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// What is changed about the pictures of one sequence.
#[derive(Clone, Debug, Default)]
pub(super) struct Style {
    filter: Option<Filter>,
    lights: Vec<Light>,
    /// Weights of red, green and blue in each channel.
    mixing: Option<[[f32; 3]; 3]>,
    tone: Option<Tone>,
    haze: Option<Haze>,
    patches: Vec<Patch>,
}

/// Three by three pixels, three channels to three, mixed with the picture.
#[derive(Clone, Debug)]
struct Filter {
    /// By channel out, then row, column and channel in.
    weights: [[f32; 27]; 3],
    share: f32,
}

/// Light or shade around a place, in shares of the picture.
#[derive(Clone, Copy, Debug)]
struct Light {
    place: [f32; 2],
    reach: [f32; 2],
    /// Natural logarithm of the factor in its middle.
    strength: f32,
}

/// Exposure, gamma, and contrast around a level.
#[derive(Clone, Copy, Debug)]
struct Tone {
    gain: f32,
    gamma: f32,
    contrast: f32,
    around: f32,
}

/// A colour that covers the distance.
#[derive(Clone, Copy, Debug)]
struct Haze {
    colour: [f32; 3],
    strength: f32,
    /// Share of the picture's height over which it thins out towards the car.
    reach: f32,
}

/// A rectangle of one colour, in shares of the picture.
#[derive(Clone, Copy, Debug)]
struct Patch {
    first: [f32; 2],
    end: [f32; 2],
    colour: [f32; 3],
}

impl Style {
    /// A style by chance; nothing where the sequence is left as it is.
    pub fn draw(variation: &Variation, rng: &mut impl rand::Rng) -> Option<Self> {
        // A recipe without variation draws nothing, and so stays what it was.
        if variation.pictures_share <= 0.0 || rng.random::<f32>() >= variation.pictures_share as f32 {
            return None;
        }
        let mut style = Self::default();
        if rng.random::<f32>() < EACH {
            let mut weight = || -> f32 { StandardNormal.sample(rng) };
            let weights = std::array::from_fn(|_| std::array::from_fn(|_| weight() / 27.0_f32.sqrt()));
            style.filter = Some(Filter { weights, share: rng.random_range(LEAST_OF_PICTURE..1.0) });
        }
        let mut unit = || rng.random::<f32>();
        let mut between = |low: f32, high: f32| low + (high - low) * unit();
        if between(0.0, 1.0) < EACH {
            let light = |between: &mut dyn FnMut(f32, f32) -> f32| Light {
                place: [between(0.0, 1.0), between(0.0, 1.0)],
                reach: [between(0.1, 0.8), between(0.1, 0.8)],
                strength: between(-2.0, 0.8),
            };
            style.lights = vec![light(&mut between), light(&mut between)];
        }
        if between(0.0, 1.0) < EACH {
            let share = between(0.0, 1.0);
            style.mixing = Some(std::array::from_fn(|channel| {
                let row: [f32; 3] = std::array::from_fn(|_| between(0.0, 1.0));
                let total = row.iter().sum::<f32>().max(1e-3);
                std::array::from_fn(|from| {
                    let own = if from == channel { 1.0 - share } else { 0.0 };
                    own + share * row[from] / total
                })
            }));
        }
        if between(0.0, 1.0) < EACH {
            style.tone = Some(Tone {
                gain: between(-1.4, 0.6).exp(),
                gamma: between(-0.5, 0.5).exp(),
                contrast: between(0.2, 1.3),
                around: between(0.1, 0.9),
            });
        }
        if between(0.0, 1.0) < EACH {
            let level = between(0.1, 1.0);
            style.haze = Some(Haze {
                colour: std::array::from_fn(|_| level * between(0.85, 1.0)),
                strength: between(0.1, 0.95),
                reach: between(0.03, 0.5),
            });
        }
        if between(0.0, 1.0) < EACH {
            let count = between(1.0, 4.0) as usize;
            let patch = |_| {
                let (middle, half) =
                    ([between(0.0, 1.0), between(0.0, 1.0)], [between(0.01, 0.15), between(0.02, 0.2)]);
                Patch {
                    first: [middle[0] - half[0], middle[1] - half[1]],
                    end: [middle[0] + half[0], middle[1] + half[1]],
                    colour: std::array::from_fn(|_| between(0.0, 1.0)),
                }
            };
            style.patches = (0..count).map(patch).collect();
        }
        Some(style)
    }

    /// Changes a picture.
    pub fn apply(&self, image: &mut RgbImage) {
        let (width, height) = (image.width() as usize, image.height() as usize);
        let mut values: Vec<f32> = image.iter().map(|byte| f32::from(*byte) / 255.0).collect();
        if let Some(filter) = &self.filter {
            values = filter.apply(&values, width, height);
        }
        let haze = self.haze.map(|haze| (haze, (0..height).map(|y| haze.share(y, height)).collect::<Vec<f32>>()));
        for (i, pixel) in values.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let place = [(i % width) as f32 / width as f32, (i / width) as f32 / height as f32];
            if !self.lights.is_empty() {
                let strength: f32 = self.lights.iter().map(|light| light.at(place)).sum();
                *pixel = pixel.map(|value| value * strength.exp());
            }
            if let Some(mixing) = &self.mixing {
                *pixel = mixing.map(|row| row.iter().zip(&*pixel).map(|(weight, value)| weight * value).sum());
            }
            if let Some(Tone { gain, gamma, contrast, around }) = self.tone {
                let exposed = pixel.map(|value| (gain * value).clamp(0.0, 1.0).powf(gamma));
                *pixel = exposed.map(|value| around + contrast * (value - around));
            }
            if let Some((Haze { colour, .. }, shares)) = &haze {
                let share = shares[i / width];
                *pixel = std::array::from_fn(|c| pixel[c] + share * (colour[c] - pixel[c]));
            }
            if let Some(patch) = self.patches.iter().find(|patch| patch.covers(place)) {
                *pixel = patch.colour;
            }
        }
        for (byte, value) in image.iter_mut().zip(values) {
            // A saturating cast: below 0 and above 255 clip.
            *byte = (255.0 * value + 0.5) as u8;
        }
    }
}

impl Filter {
    /// Pixels beyond the border repeat those at it.
    fn apply(&self, values: &[f32], width: usize, height: usize) -> Vec<f32> {
        let mut filtered = Vec::with_capacity(values.len());
        for y in 0..height {
            let rows = [y.saturating_sub(1), y, (y + 1).min(height - 1)];
            for x in 0..width {
                let columns = [x.saturating_sub(1), x, (x + 1).min(width - 1)];
                let mut seen = [0.0; 27];
                for (seen, (row, column)) in
                    seen.as_chunks_mut::<3>().0.iter_mut().zip(rows.iter().flat_map(|r| columns.map(|c| (r, c))))
                {
                    let at = 3 * (row * width + column);
                    *seen = [values[at] - 0.5, values[at + 1] - 0.5, values[at + 2] - 0.5];
                }
                let at = 3 * (y * width + x);
                filtered.extend(self.weights.iter().enumerate().map(|(channel, weights)| {
                    let sum: f32 = weights.iter().zip(&seen).map(|(weight, value)| weight * value).sum();
                    self.share * values[at + channel] + (1.0 - self.share) * (0.5 + sum)
                }));
            }
        }
        filtered
    }
}

impl Light {
    fn at(&self, place: [f32; 2]) -> f32 {
        let away = |i: usize| (place[i] - self.place[i]) / self.reach[i];
        self.strength * (-0.5 * (away(0) * away(0) + away(1) * away(1))).exp()
    }
}

impl Haze {
    /// Share of it in a row.
    fn share(&self, row: usize, height: usize) -> f32 {
        let below = ((row as f32 + 0.5) / height as f32 - HORIZON).max(0.0);
        self.strength * (-below / self.reach).exp()
    }
}

impl Patch {
    fn covers(&self, place: [f32; 2]) -> bool {
        (0..2).all(|i| (self.first[i]..self.end[i]).contains(&place[i]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_frame::random::{Purpose, stream};

    fn picture() -> RgbImage {
        RgbImage::from_fn(40, 20, |x, y| image::Rgb([6 * x as u8, 12 * y as u8, 100]))
    }

    fn changed(style: &Style) -> RgbImage {
        let mut image = picture();
        style.apply(&mut image);
        image
    }

    #[test]
    fn a_style_without_a_change_leaves_the_picture() {
        assert_eq!(changed(&Style::default()), picture());
    }

    #[test]
    fn a_recipe_without_variation_draws_nothing() {
        let (mut used, mut unused) = (stream(1, Purpose::Augmentation, 0), stream(1, Purpose::Augmentation, 0));
        assert!(Style::draw(&Variation::default(), &mut used).is_none());
        assert_eq!(used.random::<u64>(), unused.random::<u64>());
    }

    #[test]
    fn the_share_of_changed_sequences_is_that_of_the_recipe() {
        let mut rng = stream(2, Purpose::Augmentation, 0);
        let variation = Variation { pictures_share: 0.7, ..Variation::default() };
        let styles = (0..2000).filter(|_| Style::draw(&variation, &mut rng).is_some()).count();
        // Four standard errors of 2000 draws are 82.
        assert!((1318..=1482).contains(&styles), "{styles}");
    }

    #[test]
    fn a_filter_that_takes_only_the_middle_and_all_of_it_changes_nothing() {
        let mut weights = [[0.0; 27]; 3];
        (0..3).for_each(|channel| weights[channel][12 + channel] = 1.0);
        assert_eq!(changed(&Style { filter: Some(Filter { weights, share: 0.0 }), ..Style::default() }), picture());
    }

    #[test]
    fn haze_covers_the_horizon_and_leaves_the_foreground() {
        let haze = Haze { colour: [1.0; 3], strength: 0.9, reach: 0.1 };
        let (hazy, clear) = (changed(&Style { haze: Some(haze), ..Style::default() }), picture());
        assert!(hazy.get_pixel(3, 5)[2] > 200, "{:?}", hazy.get_pixel(3, 5));
        assert!(hazy.get_pixel(3, 19)[2].abs_diff(clear.get_pixel(3, 19)[2]) < 2);
    }

    #[test]
    fn shade_darkens_its_own_place() {
        let light = Light { place: [0.5, 0.5], reach: [0.1, 0.1], strength: -2.0 };
        let (shaded, clear) = (changed(&Style { lights: vec![light], ..Style::default() }), picture());
        assert!(shaded.get_pixel(20, 10)[2] < 20 && shaded.get_pixel(0, 0) == clear.get_pixel(0, 0));
    }

    #[test]
    fn mixing_all_channels_alike_leaves_grey() {
        let grey = changed(&Style { mixing: Some([[1.0 / 3.0; 3]; 3]), ..Style::default() });
        assert!(grey.pixels().all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]));
    }

    #[test]
    fn a_patch_covers_its_place_and_no_other() {
        let patch = Patch { first: [0.25, 0.25], end: [0.5, 0.5], colour: [1.0, 0.0, 0.0] };
        let (covered, clear) = (changed(&Style { patches: vec![patch], ..Style::default() }), picture());
        assert_eq!(covered.get_pixel(12, 7).0, [255, 0, 0]);
        assert_eq!(covered.get_pixel(25, 7), clear.get_pixel(25, 7));
    }

    #[test]
    fn less_contrast_brings_values_together_around_their_level() {
        let tone = Tone { gain: 1.0, gamma: 1.0, contrast: 0.5, around: 0.5 };
        let flat = changed(&Style { tone: Some(tone), ..Style::default() });
        assert_eq!([flat.get_pixel(0, 0)[0], flat.get_pixel(39, 0)[0]], [64, 181]);
    }
}
