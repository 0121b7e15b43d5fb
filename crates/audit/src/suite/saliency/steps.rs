//! Deletion and insertion (Petsiuk, Das and Saenko 2018): pixels are taken out of a picture, or put into an empty one,
//! the most salient first, and the steering is watched.

use super::quantity::{Change, Fill, Measured, Quantity, Ranking};
use lane_driver::Driver;
use lane_frame::{Frame, RgbImage};

/// Steps from the whole picture to the empty one.
const STEPS: usize = 10;

/// The empty picture's blur: a standard deviation of the width divided by this, 10 pixels of 120.
const WIDTHS_PER_BLUR: f32 = 12.0;

impl Fill {
    pub const ALL: [Self; 2] = [Self::Blurred, Self::Mean];

    /// A picture without what it showed.
    fn of(self, image: &RgbImage) -> RgbImage {
        match self {
            Self::Blurred => image::imageops::blur(image, image.width() as f32 / WIDTHS_PER_BLUR),
            Self::Mean => {
                let count = f64::from(image.width() * image.height());
                let mean = |channel| image.pixels().map(|pixel| f64::from(pixel[channel])).sum::<f64>() / count;
                let colour = [0, 1, 2].map(|channel| mean(channel).round() as u8);
                RgbImage::from_pixel(image.width(), image.height(), image::Rgb(colour))
            }
        }
    }
}

/// Notes the mean distance from the steering on the whole picture, over all steps, for each ranking of its pixels. Pixels that
/// a ranking does not tell apart go in the order of `ties`.
///
/// # Errors
/// If the policy cannot steer.
pub(super) fn measure(
    driver: &Driver,
    frame: &Frame,
    rankings: &[(Ranking, Vec<f32>)],
    ties: &[f32],
    measured: &mut Measured,
) -> anyhow::Result<()> {
    let whole = &frame.image;
    for fill in Fill::ALL {
        let empty = fill.of(whole);
        for (ranking, values) in rankings {
            let order = falling(values, ties);
            for (change, from, to) in [(Change::Deletion, whole, &empty), (Change::Insertion, &empty, whole)] {
                let mut pictures = mixtures(from, to, &order);
                pictures.push(whole.clone());
                let steering = driver.would_steer(frame.time_secs, &pictures)?;
                let undisturbed = steering[STEPS + 1].0;
                let moved: Vec<f64> = steering[..=STEPS]
                    .iter()
                    .map(|steering| 1e3 * f64::from((steering.0 - undisturbed).abs()))
                    .collect();
                measured.note(Quantity::Faithful(*ranking, change, fill), Some(area(&moved)));
            }
        }
    }
    Ok(())
}

/// Places from the largest value to the least, equal ones from the largest of `ties` on.
fn falling(values: &[f32], ties: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*b].total_cmp(&values[*a]).then(ties[*b].total_cmp(&ties[*a])));
    order
}

/// From one picture to another, with ever more pixels of the other.
fn mixtures(from: &RgbImage, to: &RgbImage, order: &[usize]) -> Vec<RgbImage> {
    let mut mixed = from.clone();
    let mut pictures = vec![mixed.clone()];
    for step in 0..STEPS {
        for &pixel in &order[order.len() * step / STEPS..order.len() * (step + 1) / STEPS] {
            let bytes = 3 * pixel..3 * pixel + 3;
            mixed.as_flat_samples_mut().samples[bytes.clone()].copy_from_slice(&to.as_raw()[bytes]);
        }
        pictures.push(mixed.clone());
    }
    pictures
}

/// Under a curve of even steps over the range 0 to 1, by the trapezoid rule.
fn area(curve: &[f64]) -> f64 {
    let inner: f64 = curve.windows(2).map(|pair| 0.5 * (pair[0] + pair[1])).sum();
    inner / (curve.len() - 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_salient_pixels_change_first_and_in_the_end_all_have() {
        let (from, to) = (RgbImage::new(10, 2), RgbImage::from_pixel(10, 2, image::Rgb([9; 3])));
        let values: Vec<f32> = (0..20).map(|i| i as f32).collect();
        let pictures = mixtures(&from, &to, &falling(&values, &[0.0; 20]));
        assert_eq!((pictures.len(), &pictures[0], &pictures[STEPS]), (STEPS + 1, &from, &to));
        let changed: Vec<usize> = (0..20).filter(|pixel| pictures[1].as_raw()[3 * pixel] == 9).collect();
        assert_eq!(changed, [18, 19]);
    }

    #[test]
    fn pixels_of_one_value_go_by_chance_and_not_from_the_sky_down() {
        assert_eq!(falling(&[1.0, 0.0, 0.0, 0.0, 2.0], &[0.9, 0.2, 0.8, 0.5, 0.1]), [4, 0, 2, 3, 1]);
    }

    #[test]
    fn an_empty_picture_keeps_its_mean_colour() {
        let image = RgbImage::from_fn(24, 12, |x, y| image::Rgb([x as u8 * 4, y as u8 * 8, 50]));
        // Means of 0, 4, .. 92 and of 0, 8, .. 88.
        assert_eq!(Fill::Mean.of(&image).get_pixel(3, 3).0, [46, 44, 50]);
        assert!(Fill::Blurred.of(&image).pixels().all(|pixel| pixel[2].abs_diff(50) <= 1));
    }

    #[test]
    fn the_area_under_a_line_is_its_mean() {
        assert_eq!(area(&[0.0, 1.0, 2.0]), 1.0);
        assert_eq!(area(&[4.0, 0.0]), 2.0);
    }
}
