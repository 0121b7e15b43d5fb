//! The unit of training: a few frames in time order, each with its label.

use lane_frame::{RgbImage, Steering};
use lane_sim::{DT_SECS, Demonstration};

/// A short drive in the simulator with the labels of the expert.
pub struct Sequence {
    /// In time order, one control step apart.
    pub frames: Vec<RgbImage>,
    /// The expert's curvature for each frame.
    pub labels: Vec<Steering>,
    /// Time since the frame before, in s.
    pub elapsed_secs: Vec<f32>,
}

impl Sequence {
    /// A demonstration in pieces of so many frames; what is left over at its end is dropped.
    pub fn from_demonstration(demonstration: Demonstration, piece_frames: usize) -> Vec<Self> {
        let Demonstration { mut frames, curvature, .. } = demonstration;
        let pieces = curvature.chunks_exact(piece_frames);
        let piece = |labels: &[Steering]| Self {
            frames: frames.drain(..labels.len()).collect(),
            labels: labels.to_vec(),
            elapsed_secs: vec![DT_SECS as f32; labels.len()],
        };
        pieces.map(piece).collect()
    }
}
