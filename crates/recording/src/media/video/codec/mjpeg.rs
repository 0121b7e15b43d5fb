//! Motion JPEG: each frame is a picture file of its own.

use super::decode::{Decoder, Sink};
use crate::media::picture;

pub(super) struct Mjpeg;

impl Decoder for Mjpeg {
    fn can_start_at(&self, _: &[&[u8]]) -> bool {
        true
    }

    fn decode(&mut self, position: usize, units: &[&[u8]], sink: Sink) -> Result<(), String> {
        let frame = units.first().ok_or("empty frame")?;
        sink(position, &|| picture::decode(frame));
        Ok(())
    }

    fn flush(&mut self, _: Sink) {}
}
