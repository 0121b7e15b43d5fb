//! What every decoder does, whatever the coding.

use lane_frame::RgbImage;

/// Takes a decoded frame, with its position; the picture is made only if it is wanted.
pub(super) type Sink<'a> = &'a mut dyn FnMut(usize, &dyn Fn() -> Result<RgbImage, String>);

/// A decoder of one video, fed with its coded frames in order.
pub(super) trait Decoder: Send {
    /// True if decoding can start at a frame of these units.
    fn can_start_at(&self, units: &[&[u8]]) -> bool;

    /// Takes the units of the coded frame at a position; gives the frames that are ready, in any order.
    fn decode(&mut self, position: usize, units: &[&[u8]], sink: Sink) -> Result<(), String>;

    /// Gives the frames held back; the next one to be decoded is an entry point.
    fn flush(&mut self, sink: Sink);
}
