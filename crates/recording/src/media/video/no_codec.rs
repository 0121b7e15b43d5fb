//! In a build without the cargo feature `video`: no video opens.

use std::path::Path;

use lane_frame::{RgbImage, Size};

/// The coded frames of a video, by their position in the order of decoding.
pub(crate) trait CodedFrames: Send {
    fn load(&mut self, position: usize) -> Result<Vec<u8>, String>;
}

/// A video that was opened, of which this build has none.
pub(crate) enum Video {}

impl Video {
    /// # Errors
    /// Always: nothing here decodes videos.
    pub fn open(_: &Path) -> Result<Self, String> {
        Err("this build reads no videos: it lacks the cargo feature video".to_owned())
    }

    /// # Errors
    /// As [`Video::open`].
    pub fn of_messages(_: &str, _: usize, _: Box<dyn CodedFrames>) -> Result<Self, String> {
        Self::open(Path::new(""))
    }

    pub fn len(&self) -> usize {
        match *self {}
    }

    pub fn has_times(&self) -> bool {
        match *self {}
    }

    pub fn time_ms(&self, _: usize) -> f64 {
        match *self {}
    }

    pub fn size(&self) -> Size {
        match *self {}
    }

    pub fn frame(&mut self, _: usize) -> Result<RgbImage, String> {
        match *self {}
    }

    pub fn check(&self, _: usize) -> Result<(), String> {
        match *self {}
    }
}
