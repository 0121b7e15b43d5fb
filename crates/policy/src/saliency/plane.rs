//! One number per place of a feature map or picture, and the steps that the maps are made of.

use crate::conv::FeatureMap;
use lane_frame::Size;

/// A grid of numbers, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// Rows.
    pub height: usize,
    /// Numbers in a row.
    pub width: usize,
    /// `height · width` numbers.
    pub values: Vec<f32>,
}

impl Plane {
    /// Mean over the channels of a map, each channel times its weight.
    ///
    /// # Panics
    /// If there is not one weight per channel.
    pub fn channel_mean(map: &FeatureMap<'_>, weights: Option<&[f32]>) -> Self {
        let FeatureMap { height, width, channels, .. } = *map;
        let ones = vec![1.0; channels];
        let weights = weights.unwrap_or(&ones);
        assert_eq!(weights.len(), channels, "one weight per channel");
        let mut values = vec![0.0; height * width];
        for (row, means) in map.rows().zip(values.chunks_exact_mut(width)) {
            channel_means(row, weights, means);
        }
        Self { height, width, values }
    }

    /// Enlarged by bilinear interpolation between the middles of the places, the border continued
    /// (`align_corners=False` in PyTorch).
    pub fn enlarged(&self, height: usize, width: usize) -> Self {
        let columns: Vec<Between> = (0..width).map(|x| Between::at(x, width, self.width)).collect();
        let mut values = Vec::with_capacity(height * width);
        for y in 0..height {
            let rows = Between::at(y, height, self.height);
            let [upper, lower] = [rows.first, rows.second].map(|row| &self.values[row * self.width..][..self.width]);
            values.extend(columns.iter().map(|x| rows.mix(x.mix_of(upper), x.mix_of(lower))));
        }
        Self { height, width, values }
    }

    /// Place by place.
    ///
    /// # Panics
    /// If the other has another size.
    pub fn times(mut self, other: &Self) -> Self {
        assert_eq!((self.height, self.width), (other.height, other.width), "planes of one size");
        self.values.iter_mut().zip(&other.values).for_each(|(value, other)| *value *= other);
        self
    }

    /// From the least to the largest value as 0 to 1; a plane of one value becomes 0 everywhere.
    pub fn min_max(mut self) -> Self {
        let (least, most) = extremes(&self.values);
        let range = most - least;
        for value in &mut self.values {
            *value = if range > 0.0 { (*value - least) / range } else { 0.0 };
        }
        self
    }

    /// Its numbers at the size of a picture.
    pub fn at_size(self, size: Size) -> Vec<f32> {
        let (height, width) = (size.height as usize, size.width as usize);
        if (self.height, self.width) == (height, width) { self.values } else { self.enlarged(height, width).values }
    }
}

/// The means of the places of one row. Eight places side by side: each is summed in the order of its channels, and a
/// processor adds the next place's number while it waits for the sum before.
fn channel_means(row: &[f32], weights: &[f32], means: &mut [f32]) {
    const PLACES: usize = 8;
    let channels = weights.len();
    for (places, means) in row.chunks(PLACES * channels).zip(means.chunks_mut(PLACES)) {
        // What a sum over nothing is, so that the first term comes out as it is.
        let mut sums = [-0.0; PLACES];
        match means.len() {
            PLACES => add_channels(places, weights, &mut sums),
            _ => {
                for (sum, place) in sums.iter_mut().zip(places.chunks_exact(channels)) {
                    add_channels(place, weights, std::array::from_mut(sum));
                }
            }
        }
        means.iter_mut().zip(sums).for_each(|(mean, sum)| *mean = sum / channels as f32);
    }
}

/// Adds to each place's sum its numbers times their weights.
fn add_channels<const PLACES: usize>(places: &[f32], weights: &[f32], sums: &mut [f32; PLACES]) {
    let channels = weights.len();
    let places: [&[f32]; PLACES] = std::array::from_fn(|place| &places[place * channels..][..channels]);
    for (channel, weight) in weights.iter().enumerate() {
        for (sum, place) in sums.iter_mut().zip(&places) {
            *sum += place[channel] * weight;
        }
    }
}

/// The least and the largest of some numbers.
fn extremes(values: &[f32]) -> (f32, f32) {
    values.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(least, most), &v| (least.min(v), most.max(v)))
}

/// Where a place of a large row lies in a small one: between two neighbours.
struct Between {
    first: usize,
    second: usize,
    /// Weight of the second.
    share: f32,
}

impl Between {
    fn at(place: usize, of: usize, in_small: usize) -> Self {
        let middle = (place as f64 + 0.5) * in_small as f64 / of as f64 - 0.5;
        let middle = middle.clamp(0.0, in_small as f64 - 1.0);
        let first = middle as usize;
        Self { first, second: (first + 1).min(in_small - 1), share: (middle - first as f64) as f32 }
    }

    fn mix(&self, first: f32, second: f32) -> f32 {
        first * (1.0 - self.share) + second * self.share
    }

    fn mix_of(&self, row: &[f32]) -> f32 {
        self.mix(row[self.first], row[self.second])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[f32]) -> Plane {
        Plane { height: 1, width: values.len(), values: values.to_vec() }
    }

    #[test]
    fn enlarging_interpolates_between_middles_and_continues_the_border() {
        // torch.nn.functional.interpolate(tensor([[[0., 4.]]]), size=4, mode="linear") = 0, 1, 3, 4
        assert_eq!(row(&[0.0, 4.0]).enlarged(1, 4).values, [0.0, 1.0, 3.0, 4.0]);
        let tall = Plane { height: 2, width: 1, values: vec![0.0, 4.0] }.enlarged(4, 2);
        assert_eq!(tall.values, [0.0, 0.0, 1.0, 1.0, 3.0, 3.0, 4.0, 4.0]);
    }

    #[test]
    fn a_plane_of_one_value_has_no_range_to_spread() {
        assert_eq!(row(&[3.0, 3.0]).min_max().values, [0.0, 0.0]);
        assert_eq!(row(&[-1.0, 0.0, 3.0]).min_max().values, [0.0, 0.25, 1.0]);
    }
}
