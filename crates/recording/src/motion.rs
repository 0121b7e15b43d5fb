//! The motion of the pictures against the steering: in a left bend what lies far ahead moves to the right.

use std::ops::Range;

use crate::Recording;
use lane_frame::RgbImage;

/// Entries one after the other of which the motion is measured, and how many such stretches at most.
const STRETCH: usize = 41;
const MAX_STRETCHES: usize = 8;

/// Columns of the profile of a picture, and the furthest that it is looked for from one picture to the next.
const COLUMNS: usize = 160;
const FURTHEST: i32 = 16;

/// The band that is far ahead: heights of the picture above and below the horizon, and the parts of which each has a profile.
const ABOVE: f32 = 0.25;
const BELOW: f32 = 0.05;
const PARTS: usize = 3;

/// Entries by which a car turns later than it is steered, and over which motion and steering are averaged.
const LAG: usize = 4;
const SMOOTHED: usize = 9;

/// Fewer pairs of pictures tell nothing.
const FEWEST: usize = 60;

/// A correlation nearer to 0 tells nothing. Five drives of a simulator and of model cars have 0.85 to 0.97, one over bare carpet 0.2; of
/// averages that overlap chance alone makes 0.4.
const WEAKEST: f64 = 0.5;

/// How the pictures move with the steering.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Motion {
    /// To the side that the steering says; with the correlation of the two.
    Agrees(f64),
    /// To the other side.
    Contradicts(f64),
    /// Too little, or now to the one and now to the other.
    Unclear,
}

impl Recording {
    /// Measures how the pictures move with the steering, in the stretches in which that changes most. Decodes 328 pictures
    /// at most.
    pub fn motion(&self) -> Motion {
        let (mut motions, mut steerings) = (Vec::new(), Vec::new());
        for stretch in self.liveliest() {
            let (motion, steering) = self.in_turn(|| self.motion_in(stretch));
            motions.extend(smoothed(&motion));
            steerings.extend(smoothed(&steering));
        }
        match correlation(&motions, &steerings) {
            Some(r) if motions.len() >= FEWEST && r >= WEAKEST => Motion::Agrees(r),
            Some(r) if motions.len() >= FEWEST && r <= -WEAKEST => Motion::Contradicts(r),
            _ => Motion::Unclear,
        }
    }

    /// The stretches in which the steering changes most, in their order.
    fn liveliest(&self) -> Vec<Range<usize>> {
        let spread = |stretch: &Range<usize>| {
            let values: Vec<f64> =
                stretch.clone().filter_map(|i| self.entry(i).steering).map(|it| f64::from(it.0)).collect();
            let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
            values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>()
        };
        let mut rated: Vec<(f64, Range<usize>)> =
            self.windows(STRETCH).into_iter().map(|stretch| (spread(&stretch), stretch)).collect();
        rated.retain(|(spread, _)| *spread > 0.0);
        rated.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        rated.truncate(MAX_STRETCHES);
        let mut stretches: Vec<Range<usize>> = rated.into_iter().map(|(_, stretch)| stretch).collect();
        stretches.sort_by_key(|stretch| stretch.start);
        stretches
    }

    /// Motion to the right from each picture of a stretch to the next, in columns, and the steering [`LAG`] entries before.
    fn motion_in(&self, stretch: Range<usize>) -> (Vec<f64>, Vec<f64>) {
        let profile = |i: usize| {
            let image = self.sample(i).ok()?.frame.image;
            let horizon = self.view_of(&image).projection.horizon_px;
            profile(&image, horizon)
        };
        let profiles: Vec<Option<Vec<f64>>> = stretch.clone().map(profile).collect();
        let steering = |i: usize| self.entry(i).steering.map(|steering| f64::from(steering.0));
        let pairs = stretch.zip(profiles.windows(2).skip(LAG)).filter_map(|(i, pair)| {
            let (Some(from), Some(to)) = (&pair[0], &pair[1]) else { return None };
            Some((shift(from, to)?, (steering(i)? + steering(i + 1)?) / 2.0))
        });
        pairs.unzip()
    }
}

/// The changes of brightness from column to column, of each part of the band around the horizon one behind the other.
fn profile(image: &RgbImage, horizon_px: f32) -> Option<Vec<f64>> {
    let (width, height) = image.dimensions();
    let row = |share: f32| (horizon_px + share * height as f32).clamp(0.0, height as f32) as u32;
    let (first, end) = (row(-ABOVE), row(BELOW));
    let part_rows = (end.saturating_sub(first) / PARTS as u32).max(1);
    if (width as usize) < COLUMNS / 4 || first + PARTS as u32 * part_rows > height {
        return None;
    }
    let parts = (0..PARTS as u32).flat_map(|part| changes(image, first + part * part_rows, part_rows));
    Some(parts.collect())
}

/// The changes of brightness over so many rows, from column to column, smoothed over three.
fn changes(image: &RgbImage, first_row: u32, rows: u32) -> Vec<f64> {
    let columns = COLUMNS + 3;
    let place = |number: usize| (number * image.width() as usize / columns) as u32;
    let brightness = |number: usize| {
        let across = place(number)..place(number + 1).max(place(number) + 1);
        let count = f64::from(across.end - across.start) * f64::from(rows);
        let pixels = (first_row..first_row + rows).flat_map(|y| across.clone().map(move |x| image.get_pixel(x, y).0));
        pixels.map(|[r, g, b]| f64::from(r) + f64::from(g) + f64::from(b)).sum::<f64>() / count
    };
    let brightness: Vec<f64> = (0..columns).map(brightness).collect();
    // The difference of two means of three neighbours.
    brightness.windows(4).map(|four| (four[3] - four[0]) / 3.0).collect()
}

/// Columns by which a profile has moved to the right; `None` where no place fits better than others.
fn shift(from: &[f64], to: &[f64]) -> Option<f64> {
    let difference = |shift: i32| {
        let (mut sum, mut count) = (0.0, 0);
        for (from, to) in from.chunks_exact(COLUMNS).zip(to.chunks_exact(COLUMNS)) {
            let places = 0..COLUMNS as i32;
            for column in places.filter(|column| (0..COLUMNS as i32).contains(&(column + shift))) {
                let change = from[column as usize] - to[(column + shift) as usize];
                sum += change * change;
                count += 1;
            }
        }
        sum / f64::from(count.max(1))
    };
    let differences: Vec<f64> = (-FURTHEST..=FURTHEST).map(difference).collect();
    let energy = from.iter().map(|change| change * change).sum::<f64>() / from.len() as f64;
    let best = (0..differences.len()).min_by(|&a, &b| differences[a].total_cmp(&differences[b]))?;
    // A wall without a mark, or another place altogether.
    if energy < 1.0 || differences[best] > 0.8 * energy || best == 0 || best + 1 == differences.len() {
        return None;
    }
    let [left, middle, right] = [differences[best - 1], differences[best], differences[best + 1]];
    let bend = left - 2.0 * middle + right;
    let between = if bend > 0.0 { 0.5 * (left - right) / bend } else { 0.0 };
    Some(best as f64 - f64::from(FURTHEST) + between)
}

/// Averages over as many entries as a car takes to turn.
fn smoothed(values: &[f64]) -> Vec<f64> {
    values.windows(SMOOTHED).map(|window| window.iter().sum::<f64>() / SMOOTHED as f64).collect()
}

fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let count = a.len() as f64;
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / count, b.iter().sum::<f64>() / count);
    let sums = a.iter().zip(b).fold([0.0; 3], |[ab, aa, bb], (a, b)| {
        let (a, b) = (a - mean_a, b - mean_b);
        [ab + a * b, aa + a * a, bb + b * b]
    });
    let r = sums[0] / (sums[1] * sums[2]).sqrt();
    r.is_finite().then_some(r)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RecordingOptions, Sign};

    /// A far scene of stripes that moves to the right where the car turns left, at once, as a folder with a table.
    fn drive() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let (mut table, mut heading) = ("image,curvature\n".to_owned(), 0.0_f64);
        for number in 0..200 {
            let curvature = 0.05 * (f64::from(number) / 9.0).sin();
            let moved = heading;
            let image = RgbImage::from_fn(160, 90, |x, _| {
                let place = f64::from(x) - moved;
                image::Rgb([(120.0 + 60.0 * (place / 5.0).sin() + 40.0 * (place / 17.0).cos()) as u8; 3])
            });
            image.save(dir.path().join(format!("{number}.png"))).unwrap();
            table += &format!("{number}.png,{curvature}\n");
            heading += 40.0 * curvature;
        }
        std::fs::write(dir.path().join("labels.csv"), table).unwrap();
        dir
    }

    #[test]
    fn pictures_that_move_with_the_steering_agree_with_its_sign_and_contradict_the_other() {
        let dir = drive();
        let motion = |sign: Sign| {
            let options = RecordingOptions { sign: Some(sign), ..RecordingOptions::default() };
            Recording::open_with(dir.path(), &options).unwrap().motion()
        };
        assert!(matches!(motion(Sign::LeftPositive), Motion::Agrees(r) if r > 0.8), "{:?}", motion(Sign::LeftPositive));
        assert!(matches!(motion(Sign::RightPositive), Motion::Contradicts(r) if r < -0.8));
    }

    #[test]
    fn pictures_without_a_mark_tell_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let mut table = "image,curvature\n".to_owned();
        for number in 0..80 {
            RgbImage::from_pixel(160, 90, image::Rgb([90; 3])).save(dir.path().join(format!("{number}.png"))).unwrap();
            table += &format!("{number}.png,{}\n", 0.05 * f64::from(number % 7));
        }
        std::fs::write(dir.path().join("labels.csv"), table).unwrap();
        assert_eq!(Recording::open(dir.path()).unwrap().motion(), Motion::Unclear);
    }

    // What the recordings' own descriptions measured: the scene moves left where the steering is to the right.
    #[test]
    fn real_drives_agree_with_the_sign_of_their_format_and_contradict_the_other() {
        for name in [
            "udacity-sim/markroy-center-only",
            "udacity-sim/aliasaswad-first-2400",
            "donkeycar-v2/sarveshwar-tub_17_21-09-20",
            "donkeycar-v2/sarveshwar-tub_23_21-09-20",
            "donkeycar-v1/tub_3_18-08-18",
        ] {
            let Some(path) = crate::samples::real_recording(name) else { return };
            let motion = Recording::open(&path).unwrap().motion();
            assert!(matches!(motion, Motion::Agrees(_)), "{name}: {motion:?}");
            let turned = RecordingOptions { sign: Some(Sign::LeftPositive), ..RecordingOptions::default() };
            let motion = Recording::open_with(&path, &turned).unwrap().motion();
            assert!(matches!(motion, Motion::Contradicts(_)), "{name}: {motion:?}");
        }
    }
}
