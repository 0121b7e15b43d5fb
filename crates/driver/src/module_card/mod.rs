//! What a user's TorchScript module takes and gives: the JSON file beside it, checked before it is believed.
//!
//! ```json
//! {
//!   "input": {"width": 200, "height": 66, "channels": "bgr", "layout": "chw", "range": [0, 1],
//!             "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]},
//!   "output": {"unit": "wheel-deg", "sign": "right", "wheelbase_m": 2.7, "steering_ratio": 15},
//!   "state": [[1, 64]]
//! }
//! ```
//!
//! The module's `forward` takes one image `[1, 3, height, width]` and gives one number; with states it takes them behind
//! the image and gives a tuple of the number and the next states. They start at 0.

mod input;
mod output;

use anyhow::{Context as _, ensure};
use input::Input;
use lane_frame::{RgbImage, Size, Steering};
use lane_policy::saliency::map::SignedMap;
use output::Output;
use serde::Deserialize;
use std::path::Path;

/// A card is a few lines; what is larger is another file.
const MOST_BYTES: u64 = 64 << 10;

/// Most states of a module, and most numbers in one of them.
const MOST_STATES: [usize; 2] = [8, 1 << 20];

/// See the module.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModuleCard {
    input: Input,
    output: Output,
    /// Shapes of the states.
    #[serde(default)]
    state: Vec<Vec<usize>>,
}

impl ModuleCard {
    /// Reads the card beside a module: its path with `.json` behind it.
    ///
    /// # Errors
    /// When there is none, or it does not say what is needed: which entry, and what was expected.
    pub fn beside(module: &Path) -> anyhow::Result<Self> {
        let mut path = module.as_os_str().to_owned();
        path.push(".json");
        let path = Path::new(&path);
        let needed = || format!("{}: says what the module takes and gives (docs/backends.md)", path.display());
        let metadata = std::fs::metadata(path).with_context(needed)?;
        ensure!(metadata.is_file() && metadata.len() <= MOST_BYTES, "{}: expected a small JSON file", path.display());
        Self::parse(&std::fs::read_to_string(path).with_context(needed)?).with_context(|| path.display().to_string())
    }

    /// The card that a JSON text holds.
    ///
    /// # Errors
    /// As [`ModuleCard::beside`].
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let card: Self = serde_json::from_str(text)?;
        card.input.check()?;
        card.output.check()?;
        let [tensors, numbers] = MOST_STATES;
        ensure!(card.state.len() <= tensors, "state: expected at most {tensors} tensors, got {}", card.state.len());
        for shape in &card.state {
            let count = shape.iter().try_fold(1, |count: usize, side| count.checked_mul(*side));
            let fits = count.is_some_and(|count| (1..=numbers).contains(&count));
            ensure!(fits, "state: expected shapes of 1 to {numbers} numbers, got {shape:?}");
        }
        Ok(card)
    }

    /// Size of the image that the module takes.
    pub fn input_size(&self) -> Size {
        self.input.size()
    }

    /// Shape of the module's image.
    pub fn image_shape(&self) -> [i64; 4] {
        self.input.shape()
    }

    /// Shapes of the module's states.
    pub fn states(&self) -> &[Vec<usize>] {
        &self.state
    }

    /// The numbers of the module's image.
    ///
    /// # Panics
    /// If the image is not of [`ModuleCard::input_size`].
    pub fn image(&self, image: &RgbImage) -> Vec<f32> {
        self.input.numbers(image)
    }

    /// What an output of the module commands.
    pub fn steering(&self, output: f64) -> Steering {
        Steering(self.output.curvature(output) as f32)
    }

    /// How the steering would change with each pixel, from an output and its gradient with respect to
    /// [`ModuleCard::image`].
    pub fn map(&self, output: f64, gradient: &[f32]) -> SignedMap {
        let curvature_per_output = self.output.slope(output) as f32;
        let mut values = self.input.per_brightness(gradient);
        values.iter_mut().for_each(|value| *value *= curvature_per_output);
        SignedMap { size: self.input_size(), values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        format!("{:#}", ModuleCard::parse(text).unwrap_err())
    }

    #[test]
    fn the_card_in_the_documentation_is_read() {
        let head: String = include_str!("mod.rs").lines().map_while(|line| line.strip_prefix("//!")).collect();
        let text = head.split("```").nth(1).unwrap().strip_prefix("json").unwrap();
        let card = ModuleCard::parse(text).unwrap();
        assert_eq!((card.image_shape(), card.states().len()), ([1, 3, 66, 200], 1));
    }

    #[test]
    fn what_is_missing_unknown_or_out_of_range_is_named() {
        let output = r#""output": {"unit": "curvature", "sign": "left"}"#;
        let input = r#""input": {"width": 200, "height": 66}"#;
        for (text, name) in [
            (format!("{{{output}}}"), "missing field `input`"),
            (format!(r#"{{{input}, "output": {{"unit": "curvature"}}}}"#), "missing field `sign`"),
            (format!(r#"{{{input}, "output": {{"unit": "share", "sign": "left", "wheelbase_m": 2}}}}"#), "full_angle"),
            (format!(r#"{{{input}, {output}, "states": []}}"#), "unknown field `states`"),
            (format!(r#"{{{input}, {output}, "state": [[1, 4294967296, 4294967296]]}}"#), "state: expected shapes"),
            (format!(r#"{{"input": {{"width": 200, "height": 4000000000}}, {output}}}"#), "input.height"),
            (format!(r#"{{"input": {{"width": 200, "height": 66, "std": [1, 0, 1]}}, {output}}}"#), "input.std"),
        ] {
            assert!(refused(&text).contains(name), "{}", refused(&text));
        }
    }

    #[test]
    fn a_map_is_the_change_of_curvature_per_brightness() {
        let text = r#"{"input": {"width": 8, "height": 8, "range": [0, 255], "std": [2, 2, 2]},
                       "output": {"unit": "wheel-rad", "sign": "right", "wheelbase_m": 2, "steering_ratio": 10}}"#;
        let card = ModuleCard::parse(text).unwrap();
        let weights: Vec<f32> = (0..3 * 64).map(|i| 0.001 * (i as f32 * 0.7).sin()).collect();
        let output =
            |image: &RgbImage| card.image(image).iter().zip(&weights).map(|(x, w)| f64::from(x * w)).sum::<f64>();
        let grey = RgbImage::from_pixel(8, 8, image::Rgb([100; 3]));
        let map = card.map(output(&grey), &weights);
        let mut brighter = grey.clone();
        brighter.put_pixel(3, 2, image::Rgb([101; 3]));
        let change = card.steering(output(&brighter)).0 - card.steering(output(&grey)).0;
        let expected = map.values[2 * 8 + 3] / 255.0;
        // One part in a thousand for the curve of the tangent, and the rounding of a curvature of 0.01.
        assert!((change - expected).abs() < 1e-3 * expected.abs() + 2e-9, "{change} against {expected}");
    }
}
