//! A moving picture as a GIF, one picture after the other. Each has a palette of its own.

use anyhow::{Context as _, ensure};
use gif::{Encoder, Frame, Repeat};
use lane_frame::Size;
use std::fs::File;
use std::io::{BufWriter, Write as _};

/// How coarsely the palette of a picture is chosen, 1 to 30: at 20 a picture of 1280x800 takes a few tens of milliseconds
/// and gradients of the sky show no more bands than at 1.
const SPEED: i32 = 20;

/// A GIF in the making.
pub struct Gif {
    encoder: Encoder<BufWriter<File>>,
    size: Size,
    /// Hundredths of a second between two pictures.
    delay: u16,
    frames: u64,
}

impl Gif {
    /// Starts a GIF of this size at this rate, which goes round for ever.
    ///
    /// # Errors
    /// When the size is beyond the format's or the file cannot be written.
    pub fn new(writer: BufWriter<File>, size: Size, frames_per_sec: f64) -> anyhow::Result<Self> {
        let side =
            |side: u32| u16::try_from(side).with_context(|| format!("a GIF has at most 65535 pixels a side: {size}"));
        let mut encoder =
            Encoder::new(writer, side(size.width)?, side(size.height)?, &[]).context("cannot start the GIF")?;
        encoder.set_repeat(Repeat::Infinite).context("cannot start the GIF")?;
        Ok(Self { encoder, size, delay: (100.0 / frames_per_sec).round() as u16, frames: 0 })
    }

    /// Adds one picture, 8-bit RGBA.
    ///
    /// # Errors
    /// When the file cannot be written, with the picture's number.
    pub fn encode(&mut self, rgba: &[u8]) -> anyhow::Result<()> {
        ensure!(rgba.len() == 4 * self.size.pixels(), "expected a picture of {}", self.size);
        let (mut pixels, number) = (rgba.to_vec(), self.frames);
        // Checked at the start: both sides fit.
        let frame = Frame::from_rgba_speed(self.size.width as u16, self.size.height as u16, &mut pixels, SPEED);
        let written = self.encoder.write_frame(&Frame { delay: self.delay, ..frame });
        written.with_context(|| format!("cannot write picture {number} of the GIF"))?;
        self.frames += 1;
        Ok(())
    }

    /// Completes the file; gives the number of pictures in it.
    ///
    /// # Errors
    /// When the file cannot be completed, such as on a full disk.
    pub fn finish(self) -> anyhow::Result<u64> {
        let mut writer = self.encoder.into_inner().context("cannot complete the GIF")?;
        writer.flush().context("cannot complete the GIF")?;
        Ok(self.frames)
    }
}
