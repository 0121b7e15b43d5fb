//! A film as H.264 in MP4, one picture after the other.

use anyhow::{Context as _, Error, ensure};
use lane_frame::Size;
use lane_recording::VideoEncoder;
use muxide::api::{Muxer, MuxerBuilder, VideoCodec};
use std::fs::File;
use std::io::BufWriter;

/// A video in the making.
pub struct Video {
    encoder: VideoEncoder,
    muxer: Muxer<BufWriter<File>>,
    frames_per_sec: f64,
    frames: u64,
}

impl Video {
    /// Starts a video of this size, which must be even, at this rate.
    ///
    /// # Errors
    /// When the encoder refuses the size or rate.
    pub fn new(writer: BufWriter<File>, size: Size, frames_per_sec: f64) -> anyhow::Result<Self> {
        ensure!(
            size.width.is_multiple_of(2) && size.height.is_multiple_of(2),
            "a video needs an even width and height, got {size}"
        );
        let encoder =
            VideoEncoder::new(size, frames_per_sec).map_err(Error::msg).context("cannot start the video encoder")?;
        let muxer = MuxerBuilder::new(writer).video(VideoCodec::H264, size.width, size.height, frames_per_sec);
        let muxer = muxer.build().context("cannot start the video file")?;
        Ok(Self { encoder, muxer, frames_per_sec, frames: 0 })
    }

    /// Adds one picture, 8-bit RGBA.
    ///
    /// # Errors
    /// When the encoder or the file refuses it, with its number.
    pub fn encode(&mut self, rgba: &[u8]) -> anyhow::Result<()> {
        let number = self.frames;
        let frame = self.encoder.encode_rgba(rgba).map_err(Error::msg);
        let frame = frame.with_context(|| format!("cannot encode video frame {number}"))?;
        let time_secs = number as f64 / self.frames_per_sec;
        let written = self.muxer.write_video(time_secs, &frame.bytes, frame.is_key);
        written.with_context(|| format!("cannot write video frame {number}"))?;
        self.frames += 1;
        Ok(())
    }

    /// Completes the file; gives the number of frames in it.
    ///
    /// # Errors
    /// When the file cannot be completed, such as on a full disk or without any frame.
    pub fn finish(self) -> anyhow::Result<u64> {
        Ok(self.muxer.finish_with_stats().context("cannot complete the video file")?.video_frames)
    }
}
