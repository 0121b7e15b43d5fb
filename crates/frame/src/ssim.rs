//! Structural similarity of two grey pictures: Wang, Bovik, Sheikh and Simoncelli 2004, "Image quality assessment: from
//! error visibility to structural similarity", with the window and constants of their code: 11x11 Gaussian of standard
//! deviation 1.5 px, C1 = (0.01 L)², C2 = (0.03 L)², the mean over all places where the whole window fits.

/// Pixels per side of the window.
const WINDOW: usize = 11;

/// Standard deviation of the window in pixels.
const WINDOW_SD: f64 = 1.5;

/// Mean structural similarity of two pictures of rows of `width` pixels whose values span `range` (L: 255 for 8 bits).
/// 1 only for equal pictures; a picture with a side below 11 pixels is compared by a window of that side.
///
/// # Panics
/// If the pictures differ in size, are empty or have an incomplete row.
pub fn ssim(a: &[f32], b: &[f32], width: usize, range: f32) -> f64 {
    assert_eq!(a.len(), b.len(), "pictures of one size");
    assert!(width > 0 && !a.is_empty() && a.len().is_multiple_of(width), "{} values in rows of {width}", a.len());
    let window = Window::fitting(width, a.len() / width);
    let mean_of = |value: fn(f64, f64) -> f64| {
        let values: Vec<f64> = a.iter().zip(b).map(|(&a, &b)| value(f64::from(a), f64::from(b))).collect();
        window.means(&values, width)
    };
    let (mean_a, mean_b) = (mean_of(|a, _| a), mean_of(|_, b| b));
    let (square_a, square_b, product) = (mean_of(|a, _| a * a), mean_of(|_, b| b * b), mean_of(|a, b| a * b));
    let (c1, c2) = ((0.01 * f64::from(range)).powi(2), (0.03 * f64::from(range)).powi(2));
    let similarity = |i: usize| {
        let (a, b) = (mean_a[i], mean_b[i]);
        let (variance_a, variance_b, covariance) = (square_a[i] - a * a, square_b[i] - b * b, product[i] - a * b);
        (2.0 * a * b + c1) * (2.0 * covariance + c2) / ((a * a + b * b + c1) * (variance_a + variance_b + c2))
    };
    (0..mean_a.len()).map(similarity).sum::<f64>() / mean_a.len() as f64
}

/// Weights of the window, which is their product along rows and columns.
struct Window {
    across: Vec<f64>,
    down: Vec<f64>,
}

impl Window {
    fn fitting(width: usize, height: usize) -> Self {
        Self { across: gaussian(width.min(WINDOW)), down: gaussian(height.min(WINDOW)) }
    }

    /// Weighted mean at every place where the whole window fits, row by row.
    fn means(&self, values: &[f64], width: usize) -> Vec<f64> {
        let places = width + 1 - self.across.len();
        let mut rows = Vec::with_capacity(values.len());
        for row in values.chunks_exact(width) {
            let mean =
                |window: &[f64]| -> f64 { window.iter().zip(&self.across).map(|(value, weight)| value * weight).sum() };
            rows.extend(row.windows(self.across.len()).map(mean));
        }
        let mut means = vec![0.0; rows.len() - (self.down.len() - 1) * places];
        for (k, weight) in self.down.iter().enumerate() {
            means.iter_mut().zip(&rows[k * places..]).for_each(|(mean, value)| *mean += weight * value);
        }
        means
    }
}

fn gaussian(side: usize) -> Vec<f64> {
    let from_middle = |i: usize| (i as f64 - (side - 1) as f64 / 2.0) / WINDOW_SD;
    let weights: Vec<f64> = (0..side).map(|i| libm::exp(-0.5 * from_middle(i).powi(2))).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pictures(width: usize, height: usize) -> (Vec<f32>, Vec<f32>) {
        let a = |i: usize| ((i % width * 7 + i / width * 13) % 256) as f32;
        let b = |i: usize| ((i % width * 7 + i / width * 13 + i * i % 41) % 256) as f32;
        ((0..width * height).map(a).collect(), (0..width * height).map(b).collect())
    }

    #[test]
    fn numbers_are_those_of_scikit_image() {
        // skimage.metrics.structural_similarity(a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
        // data_range=255) in float64, scikit-image 0.26.0
        let (a, b) = pictures(40, 24);
        assert!((ssim(&a, &b, 40, 255.0) - 0.533_047_504_858_802_4).abs() < 1e-9, "{}", ssim(&a, &b, 40, 255.0));
    }

    #[test]
    fn a_picture_is_like_itself_and_unlike_its_negative() {
        let (a, _) = pictures(30, 20);
        let negative: Vec<f32> = a.iter().map(|value| 255.0 - value).collect();
        assert!((ssim(&a, &a, 30, 255.0) - 1.0).abs() < 1e-12);
        assert!(ssim(&a, &negative, 30, 255.0) < 0.0);
    }

    #[test]
    fn the_unit_of_the_values_does_not_matter_when_the_range_says_it() {
        let (a, b) = pictures(30, 20);
        let scaled = |values: &[f32]| -> Vec<f32> { values.iter().map(|value| value / 256.0).collect() };
        assert!((ssim(&a, &b, 30, 256.0) - ssim(&scaled(&a), &scaled(&b), 30, 1.0)).abs() < 1e-9);
    }

    #[test]
    fn a_picture_smaller_than_the_window_is_compared_too() {
        for (width, height) in [(8, 8), (1, 30), (3, 1), (11, 11)] {
            let (a, b) = pictures(width, height);
            assert!((-1.0..=1.0).contains(&ssim(&a, &b, width, 255.0)), "{width}x{height}");
        }
    }
}
