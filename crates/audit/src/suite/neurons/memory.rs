//! How long a frame goes on to change the steering.

use super::{NOISE_VARIANCE, course};
use lane_driver::{CannotSteer, Driver};
use lane_frame::noise::add_gaussian;
use lane_frame::{Frame, RgbImage, Steering};
use lane_sim::{Camera, Factors, Simulator, StepOutcome};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Frames after the spoiled one at which the steering is compared: two seconds.
pub(super) const LONGEST_LAG: usize = 40;

/// Frames before the first spoiled one: the memory has filled by then.
const FIRST_PROBE: usize = 40;

/// Frames between two spoiled ones.
const BETWEEN_PROBES: usize = 10;

/// Mean |change of steering| in 1/m at each lag from 0 on, by road.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct MemoryOutcome {
    /// One frame replaced by its mean colour.
    pub(super) grey: Vec<Vec<f64>>,
    /// Noise on one frame.
    pub(super) noise: Vec<Vec<f64>>,
}

/// Spoils single frames of drives of the expert, so that every policy is tried on the same frames.
pub(super) fn probe(driver: &Driver, roads: Range<u32>, seconds: f64) -> anyhow::Result<MemoryOutcome> {
    let mut outcome = MemoryOutcome { grey: Vec::new(), noise: Vec::new() };
    for road in roads {
        let frames = frames(driver, road, seconds);
        outcome.grey.push(responses(driver, &frames, |frame| frame.image = blank(&frame.image))?);
        let noisy = |frame: &mut Frame| add_gaussian(&mut frame.image, NOISE_VARIANCE, u64::from(road), frame.index);
        outcome.noise.push(responses(driver, &frames, noisy)?);
    }
    Ok(outcome)
}

/// What the policy's camera shows while the expert drives.
fn frames(driver: &Driver, road: u32, seconds: f64) -> Vec<Frame> {
    let (size, mut frames) = (driver.input_size(), Vec::new());
    let mut camera = Camera::new(size);
    let mut simulator = Simulator::new(course(road, seconds).world());
    while simulator.time_secs() < seconds {
        let mut image = RgbImage::new(size.width, size.height);
        let (world, tick) = (simulator.world(), simulator.tick());
        camera.render(world, simulator.car(), tick, &Factors::default(), &mut image, None);
        frames.push(Frame { index: tick, time_secs: simulator.time_secs(), image });
        if simulator.step(simulator.expert()) == StepOutcome::RoadEnded {
            break;
        }
    }
    frames
}

/// Mean |change of steering| by lag over all frames that were spoiled, one at a time.
fn responses(driver: &Driver, frames: &[Frame], spoil: impl Fn(&mut Frame)) -> Result<Vec<f64>, CannotSteer> {
    let (mut driver, mut sums, mut probes) = (driver.clone(), vec![0.0; LONGEST_LAG + 1], 0_u32);
    driver.reset();
    let last = frames.len().saturating_sub(LONGEST_LAG);
    // The driver before each frame to be spoiled, and the steering on the frames as they are.
    let (mut before, mut intact) = (Vec::new(), Vec::with_capacity(frames.len()));
    for (number, frame) in frames.iter().enumerate() {
        if (FIRST_PROBE..last).contains(&number) && number % BETWEEN_PROBES == 0 {
            before.push((number, driver.clone()));
        }
        intact.push(driver.steer(frame)?);
    }
    for (first, mut driver) in before {
        let mut spoiled = frames[first].clone();
        spoil(&mut spoiled);
        let seen = std::iter::once(&spoiled).chain(&frames[first + 1..=first + LONGEST_LAG]);
        for ((sum, frame), Steering(intact)) in sums.iter_mut().zip(seen).zip(&intact[first..]) {
            *sum += f64::from((driver.steer(frame)?.0 - intact).abs());
        }
        probes += 1;
    }
    Ok(sums.into_iter().map(|sum| sum / f64::from(probes.max(1))).collect())
}

/// An image of one colour, the mean of another.
fn blank(image: &RgbImage) -> RgbImage {
    let pixels = image.pixels().len().max(1) as u64;
    let sum = |channel: usize| image.pixels().map(|pixel| u64::from(pixel.0[channel])).sum::<u64>();
    let mean = [0, 1, 2].map(|channel| (sum(channel) / pixels) as u8);
    RgbImage::from_pixel(image.width(), image.height(), image::Rgb(mean))
}

/// The mean curve of several roads.
pub(super) fn mean_curve(curves: &[Vec<f64>]) -> Vec<f64> {
    let sum = |lag: usize| curves.iter().map(|curve| curve.get(lag).copied().unwrap_or(f64::NAN)).sum::<f64>();
    (0..=LONGEST_LAG).map(|lag| sum(lag) / curves.len() as f64).collect()
}

/// Frames after a spoiled frame until it changes the steering by no more than a share of the largest change: 1 for a
/// policy without memory. Nothing where it never changes it, or still does by more at the longest lag.
pub(super) fn frames_until(curve: &[f64], share: f64) -> Option<usize> {
    let (peak_at, peak) = curve.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
    if !peak.is_finite() || peak <= 0.0 {
        return None;
    }
    let falls = curve.iter().skip(peak_at).position(|change| *change <= share * peak)?;
    Some(peak_at + falls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_without_memory_has_lost_a_frame_at_the_next_and_a_decay_behind_its_half_life() {
        let mut alone = vec![0.0; LONGEST_LAG + 1];
        alone[0] = 0.3;
        assert_eq!(frames_until(&alone, 0.5), Some(1));
        let decay: Vec<f64> = (0..=40).map(|lag| 0.5_f64.powf(f64::from(lag) / 4.5)).collect();
        assert_eq!((frames_until(&decay, 0.5), frames_until(&decay, 0.1)), (Some(5), Some(15)));
    }

    #[test]
    fn a_response_that_rises_first_is_measured_from_the_frame_to_after_its_peak() {
        assert_eq!(frames_until(&[0.1, 0.8, 1.0, 0.6, 0.4, 0.9], 0.5), Some(4));
    }

    #[test]
    fn a_response_that_never_falls_or_never_comes_has_no_length() {
        assert_eq!(frames_until(&[1.0; 41], 0.5), None);
        assert_eq!((frames_until(&[0.0; 41], 0.5), frames_until(&[], 0.5)), (None, None));
        assert_eq!(frames_until(&[f64::NAN; 3], 0.5), None);
    }

    #[test]
    fn a_blank_image_has_the_mean_colour_everywhere() {
        let image = RgbImage::from_fn(2, 1, |x, _| image::Rgb([10 * x as u8, 200, 3]));
        assert!(blank(&image).pixels().all(|pixel| pixel.0 == [5, 200, 3]));
    }
}
