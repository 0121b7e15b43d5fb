//! Pictures and layers as `f32`, and the filters that several families share. Beyond the border, the border goes on.

use lane_frame::RgbImage;
use std::collections::BTreeMap;

/// A picture ([f32; 3] in 0..=1) or a layer ([f32; 1]), row by row.
#[derive(Clone)]
pub(super) struct Grid<const C: usize> {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<[f32; C]>,
}

/// Weights of a filter by column and row from the middle.
type Kernel = BTreeMap<(isize, isize), f32>;

impl Grid<3> {
    /// The picture of an image.
    pub fn from_image(image: &RgbImage) -> Self {
        let pixels = image.pixels().map(|pixel| pixel.0.map(|value| f32::from(value) / 255.0)).collect();
        Self { width: image.width() as usize, height: image.height() as usize, pixels }
    }

    /// Clips, rounds to 8 bits and writes to an image of the same size.
    pub fn write(&self, image: &mut RgbImage) {
        for (pixel, values) in image.pixels_mut().zip(&self.pixels) {
            // Saturating cast: it clips.
            pixel.0 = values.map(|value| (255.0 * value + 0.5) as u8);
        }
    }

    /// Changes every pixel by its place, measured in widths of the picture from the left and from above.
    pub fn change_by_place(&mut self, change: impl Fn(f32, f32, [f32; 3]) -> [f32; 3]) {
        let width = self.width;
        for (i, pixel) in self.pixels.iter_mut().enumerate() {
            let place = |i: usize| (i as f32 + 0.5) / width as f32;
            *pixel = change(place(i % width), place(i / width), *pixel);
        }
    }
}

impl<const C: usize> Grid<C> {
    pub fn new(width: usize, height: usize, mut pixel: impl FnMut(usize, usize) -> [f32; C]) -> Self {
        let mut pixels = Vec::with_capacity(width * height);
        for y in 0..height {
            pixels.extend((0..width).map(|x| pixel(x, y)));
        }
        Self { width, height, pixels }
    }

    /// Bilinear value at a place measured in pixels from the middle of the first.
    pub fn at(&self, x: f32, y: f32) -> [f32; C] {
        let (columns, rows) = (Between::at(x, self.width), Between::at(y, self.height));
        let row = |row: usize| &self.pixels[row * self.width..][..self.width];
        let [upper, lower] = [rows.first, rows.second].map(row);
        rows.mix(columns.mix(upper[columns.first], upper[columns.second]), {
            columns.mix(lower[columns.first], lower[columns.second])
        })
    }

    /// Magnified about its middle.
    pub fn zoomed(&self, factor: f32) -> Self {
        let source = |place: usize, of: usize| {
            let middle = (of - 1) as f32 / 2.0;
            Between::at(middle + (place as f32 - middle) / factor, of)
        };
        let columns: Vec<Between> = (0..self.width).map(|x| source(x, self.width)).collect();
        let mut pixels = Vec::with_capacity(self.pixels.len());
        for y in 0..self.height {
            let rows = source(y, self.height);
            let [upper, lower] = [rows.first, rows.second].map(|row| &self.pixels[row * self.width..][..self.width]);
            pixels.extend(
                columns
                    .iter()
                    .map(|x| rows.mix(x.mix(upper[x.first], upper[x.second]), x.mix(lower[x.first], lower[x.second]))),
            );
        }
        Self { pixels, ..*self }
    }

    /// Blurred by a Gaussian, cut at three standard deviations.
    pub fn blurred(&self, sd_px: f32) -> Self {
        let reach = (3.0 * sd_px).ceil() as isize;
        let weights = (-reach..=reach).map(|i| (i, gaussian(i as f32, sd_px)));
        let across = weights.clone().map(|(i, weight)| ((i, 0), weight)).collect();
        let down = weights.map(|(i, weight)| ((0, i), weight)).collect();
        self.filtered(across).filtered(down)
    }

    /// Averaged over a disk; pixels on its rim count by how much of them lies within.
    pub fn defocused(&self, radius_px: f32) -> Self {
        const PARTS: isize = 8;
        let reach = (radius_px + 0.5) as isize;
        let inside = |x: isize, y: isize| {
            let offset = |i: isize, part: isize| i as f32 + (part as f32 + 0.5) / PARTS as f32 - 0.5;
            let parts = (0..PARTS * PARTS).map(|part| (offset(x, part % PARTS), offset(y, part / PARTS)));
            parts.filter(|(x, y)| x * x + y * y <= radius_px * radius_px).count() as f32
        };
        let places = (-reach..=reach).flat_map(|y| (-reach..=reach).map(move |x| (x, y)));
        self.filtered(places.map(|(x, y)| ((x, y), inside(x, y))).collect())
    }

    /// Smeared along a direction by a Gaussian about each pixel's own place, in steps of a pixel to the nearest pixel.
    pub fn smeared(&self, sd_px: f32, direction_rad: f32) -> Self {
        let (sin, cos) = (libm::sinf(direction_rad), libm::cosf(direction_rad));
        let mut kernel = Kernel::new();
        let steps = (3.0 * sd_px).ceil() as isize;
        for along in (-steps..=steps).map(|step| step as f32) {
            let place = ((along * cos).round() as isize, (along * sin).round() as isize);
            *kernel.entry(place).or_default() += gaussian(along, sd_px);
        }
        self.filtered(kernel)
    }

    /// Mean of the neighbours, each by its weight; a filter without weight changes nothing.
    fn filtered(&self, mut kernel: Kernel) -> Self {
        kernel.retain(|_, weight| *weight > 0.0);
        let total: f32 = kernel.values().sum();
        if total <= 0.0 || kernel.len() == 1 {
            return self.clone();
        }
        let reach = kernel.keys().map(|(x, y)| x.unsigned_abs().max(y.unsigned_abs())).max().unwrap_or(0);
        let padded = self.padded(reach);
        let mut pixels = vec![[0.0; C]; self.pixels.len()];
        for (y, row) in pixels.chunks_exact_mut(self.width).enumerate() {
            for (&(dx, dy), weight) in &kernel {
                let first = (y + reach).saturating_add_signed(dy) * padded.width + reach.saturating_add_signed(dx);
                for (mean, value) in row.iter_mut().zip(&padded.pixels[first..]) {
                    *mean = std::array::from_fn(|c| mean[c] + weight / total * value[c]);
                }
            }
        }
        Self { pixels, ..*self }
    }

    fn padded(&self, reach: usize) -> Self {
        let inside = |place: usize, of: usize| place.saturating_sub(reach).min(of - 1);
        Self::new(self.width + 2 * reach, self.height + 2 * reach, |x, y| {
            self.pixels[inside(y, self.height) * self.width + inside(x, self.width)]
        })
    }
}

/// Up to a factor that a mean does not see; a standard deviation of 0 leaves the middle alone.
fn gaussian(x: f32, sd: f32) -> f32 {
    if sd > 0.0 { libm::expf(-0.5 * (x / sd) * (x / sd)) } else { f32::from(u8::from(x == 0.0)) }
}

/// A place in a row or column, between two neighbours.
struct Between {
    first: usize,
    second: usize,
    /// Weight of the second.
    share: f32,
}

impl Between {
    fn at(place: f32, of: usize) -> Self {
        let place = place.clamp(0.0, (of - 1) as f32);
        let first = place as usize;
        Self { first, second: (first + 1).min(of - 1), share: place - first as f32 }
    }

    fn mix<const C: usize>(&self, first: [f32; C], second: [f32; C]) -> [f32; C] {
        std::array::from_fn(|c| first[c] + (second[c] - first[c]) * self.share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One bright pixel in the middle of a dark layer.
    fn dot() -> Grid<1> {
        Grid::new(21, 21, |x, y| [f32::from(u8::from((x, y) == (10, 10)))])
    }

    fn sum(grid: &Grid<1>) -> f32 {
        grid.pixels.iter().map(|[value]| value).sum()
    }

    #[test]
    fn filters_spread_light_and_keep_its_sum() {
        for spread in [dot().blurred(1.5), dot().defocused(2.3), dot().smeared(2.0, 0.7)] {
            assert!((sum(&spread) - 1.0).abs() < 1e-5, "{}", sum(&spread));
            assert!(spread.pixels[10 * 21 + 10][0] < 0.2);
        }
    }

    #[test]
    fn a_gaussian_blur_has_the_spread_asked_for() {
        let blurred = dot().blurred(1.5);
        let moment = |i: usize| (i as f32 - 10.0).powi(2);
        let variance: f32 = blurred.pixels.iter().enumerate().map(|(i, [value])| value * moment(i % 21)).sum();
        // 2.25, less what lies beyond three standard deviations.
        assert!((variance - 2.2).abs() < 0.05, "{variance}");
    }

    #[test]
    fn a_smear_follows_its_direction() {
        let smeared = dot().smeared(2.0, std::f32::consts::FRAC_PI_2);
        let column: f32 = (0..21).map(|y| smeared.pixels[y * 21 + 10][0]).sum();
        assert!((column - 1.0).abs() < 1e-4, "straight down stays in its column: {column}");
    }

    #[test]
    fn nothing_is_done_by_a_filter_of_no_size() {
        for same in [dot().blurred(0.0), dot().defocused(0.0), dot().smeared(0.0, 1.0), dot().zoomed(1.0)] {
            assert_eq!(same.pixels, dot().pixels);
        }
    }
}
