//! The end of a conversion that each format to be written has: a sink for frames.

use std::fs;
use std::path::{Path, PathBuf};

use crate::model::error::RecordingError;
use crate::open::exclude::with_suffix;
use lane_frame::{RgbImage, Steering};

/// One frame on its way.
#[derive(Debug)]
pub(super) struct Passing {
    pub entry: usize,
    pub time_secs: f64,
    pub steering: Option<Steering>,
    pub speed_mps: Option<f32>,
    pub picture: Encoded,
}

/// A picture as the new format wants it.
#[derive(Debug)]
pub(super) enum Encoded {
    Jpeg(Vec<u8>),
    Pixels(RgbImage),
}

/// The outcome of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Appended {
    Whole,
    /// The format's range is smaller than the label.
    LabelClipped,
    /// The format cannot hold this picture.
    Refused,
}

/// The table of labels beside a video.
pub(super) fn label_table(video: &Path) -> PathBuf {
    with_suffix(&video.with_extension(""), ".csv")
}

/// A recording that is being written, frame by frame in order.
pub(super) trait Sink {
    /// Takes one frame.
    fn append(&mut self, passing: Passing) -> Result<Appended, RecordingError>;

    /// Completes the new recording and moves it to its place.
    fn finish(self: Box<Self>, out: &Path) -> Result<(), RecordingError>;
}

/// Moves a finished file or folder to its place, making the folders above it.
pub(super) fn move_to_place(from: &Path, out: &Path) -> Result<(), RecordingError> {
    fs::rename(from, out).map_err(RecordingError::io(out, "cannot move the finished recording here"))
}
