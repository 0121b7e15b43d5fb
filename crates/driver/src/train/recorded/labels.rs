//! The steering of a recording as it is learned: smoothed where it came from a keyboard.

use lane_recording::Recording;
use lane_statistics::smooth::moving_mean;

/// Steering of which this share is exactly 0 came from a keyboard: a wheel, and a stick but for its rest, is never quite
/// straight.
const KEYBOARD_ZEROS: f64 = 0.25;

/// Curvatures of a recording in 1/m, by entry.
#[derive(Debug)]
pub(super) struct Labels {
    /// As recorded; 0 where there is none.
    pub raw: Vec<f32>,
    /// As learned.
    pub learned: Vec<f32>,
    /// Rows over which the learned ones are averaged; 1 where they are the raw ones.
    pub smoothed_rows: usize,
}

impl Labels {
    /// Those of a recording, smoothed over so many seconds if they came from a keyboard.
    pub fn new(recording: &Recording, smooth_secs: f64) -> Self {
        let raw: Vec<f32> =
            (0..recording.len()).map(|i| recording.entry(i).steering.map_or(0.0, |steering| steering.0)).collect();
        let zeros = raw.iter().filter(|label| **label == 0.0).count();
        let is_keyboard = zeros as f64 >= KEYBOARD_ZEROS * raw.len() as f64;
        let rows = smooth_secs * 1e3 / recording.timing().step_ms();
        let half = if is_keyboard { ((rows - 1.0) / 2.0).round().max(0.0) as usize } else { 0 };
        let mut labels = Self { learned: Vec::new(), smoothed_rows: 2 * half + 1, raw };
        labels.learned = labels.smoothed(recording, half);
        labels
    }

    /// The raw ones, each averaged with up to `half` neighbours on each side of it in its drive.
    pub fn smoothed(&self, recording: &Recording, half: usize) -> Vec<f32> {
        let raw: Vec<f64> = self.raw.iter().copied().map(f64::from).collect();
        moving_mean(&raw, recording.drives(), half).into_iter().map(|mean| mean as f32).collect()
    }
}
