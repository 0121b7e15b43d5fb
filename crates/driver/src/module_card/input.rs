//! From camera pixels to the numbers that a user's module was trained on, and back for gradients.

use anyhow::ensure;
use lane_frame::{RgbImage, Size};
use serde::Deserialize;

/// Sides of the images that a card may ask for, in pixels.
const SIDES: std::ops::RangeInclusive<u32> = 8..=1024;

/// The image that a module takes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    width: u32,
    height: u32,
    #[serde(default)]
    channels: Channels,
    #[serde(default)]
    layout: Layout,
    /// What a black and a full byte become.
    #[serde(default = "zero_to_one")]
    range: [f32; 2],
    /// Subtracted from each of the module's channels, on the scale of `range`.
    #[serde(default)]
    mean: [f32; 3],
    /// What each channel is then divided by.
    #[serde(default = "ones")]
    std: [f32; 3],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Channels {
    #[default]
    Rgb,
    Bgr,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Layout {
    /// `[1, 3, height, width]`
    #[default]
    Chw,
    /// `[1, height, width, 3]`
    Hwc,
}

fn zero_to_one() -> [f32; 2] {
    [0.0, 1.0]
}

fn ones() -> [f32; 3] {
    [1.0; 3]
}

impl Input {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        for (name, side) in [("width", self.width), ("height", self.height)] {
            ensure!(SIDES.contains(&side), "input.{name}: expected {SIDES:?} pixels, got {side}");
        }
        let [black, full] = self.range;
        ensure!((full - black).is_normal(), "input.range: expected two numbers that differ, got {black} and {full}");
        ensure!(self.mean.iter().all(|mean| mean.is_finite()), "input.mean: expected numbers, got {:?}", self.mean);
        let divides = |std: &f32| std.is_normal() && *std > 0.0;
        ensure!(self.std.iter().all(divides), "input.std: expected numbers above 0, got {:?}", self.std);
        Ok(())
    }

    pub(super) fn size(&self) -> Size {
        Size { width: self.width, height: self.height }
    }

    pub(super) fn shape(&self) -> [i64; 4] {
        let [width, height] = [self.width, self.height].map(i64::from);
        match self.layout {
            Layout::Chw => [1, 3, height, width],
            Layout::Hwc => [1, height, width, 3],
        }
    }

    /// The numbers of an image, in the order of [`Input::shape`].
    pub(super) fn numbers(&self, image: &RgbImage) -> Vec<f32> {
        let size = self.size();
        assert_eq!(image.dimensions(), (size.width, size.height), "the module takes {size} pixels");
        let [black, full] = self.range;
        let mut numbers = vec![0.0; 3 * size.pixels()];
        for (pixel, colours) in image.as_raw().chunks_exact(3).enumerate() {
            for channel in 0..3 {
                let value = black + (full - black) * f32::from(colours[self.colour(channel)]) / 255.0;
                numbers[self.place(channel, pixel)] = (value - self.mean[channel]) / self.std[channel];
            }
        }
        numbers
    }

    /// A gradient with respect to [`Input::numbers`] per unit of brightness (0 to 1), summed over the channels of each
    /// pixel.
    pub(super) fn per_brightness(&self, gradient: &[f32]) -> Vec<f32> {
        let [black, full] = self.range;
        let of_pixel = |pixel| {
            let channels = self.std.iter().enumerate();
            channels.map(|(channel, std)| gradient[self.place(channel, pixel)] * (full - black) / std).sum()
        };
        (0..self.size().pixels()).map(of_pixel).collect()
    }

    /// Which colour (0 red, 2 blue) the module's channel is.
    fn colour(&self, channel: usize) -> usize {
        match self.channels {
            Channels::Rgb => channel,
            Channels::Bgr => 2 - channel,
        }
    }

    /// Where a channel of a pixel lies among the module's numbers.
    fn place(&self, channel: usize, pixel: usize) -> usize {
        match self.layout {
            Layout::Chw => channel * self.size().pixels() + pixel,
            Layout::Hwc => 3 * pixel + channel,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of a picture whose second pixel is (10, 20, 30).
    fn numbers(options: &str) -> Vec<f32> {
        let text = format!(r#"{{"width": 8, "height": 8, {options}}}"#);
        let input: Input = serde_json::from_str(&text).unwrap();
        input.check().unwrap();
        let mut image = RgbImage::new(8, 8);
        image.put_pixel(1, 0, image::Rgb([10, 20, 30]));
        input.numbers(&image)
    }

    #[test]
    fn channels_and_layout_are_the_modules() {
        let rgb = numbers(r#""range": [0, 255]"#);
        assert_eq!([rgb[1], rgb[64 + 1], rgb[128 + 1]], [10.0, 20.0, 30.0]);
        let bgr = numbers(r#""range": [0, 255], "channels": "bgr", "layout": "hwc""#);
        assert_eq!(bgr[3..6], [30.0, 20.0, 10.0]);
    }

    #[test]
    fn range_mean_and_deviation_are_applied_in_this_order() {
        let values = numbers(r#""range": [-1, 1], "mean": [0.5, 0, 0], "std": [0.5, 1, 1]"#);
        let expected = (-1.0 + 2.0 * 10.0 / 255.0 - 0.5) / 0.5;
        assert!((values[1] - expected).abs() < 1e-6, "one rounding of f32: {} against {expected}", values[1]);
        assert_eq!((values[0], values[64]), (-3.0, -1.0));
    }
}
