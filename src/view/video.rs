//! H.264 in MP4 (openh264, muxide), one picture after the other.

use crate::frame::Size;
use anyhow::{Context as _, ensure};
use muxide::api::{Muxer, MuxerBuilder, VideoCodec};
use openh264::OpenH264API;
use openh264::encoder::{
    Complexity, Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, RateControlMode, UsageType, VuiConfig,
};
use openh264::formats::{RgbaSliceU8, YUVBuffer};
use std::fs::File;
use std::io::BufWriter;

/// Seconds between pictures that players can jump to.
const KEY_FRAME_SECS: f64 = 2.0;

/// A video in the making.
pub struct Video {
    encoder: Encoder,
    muxer: Muxer<BufWriter<File>>,
    planes: YUVBuffer,
    size: Size,
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
        ensure!(frames_per_sec > 0.0, "a video needs more than 0 frames per second, got {frames_per_sec}");
        let config = EncoderConfig::new()
            .usage_type(UsageType::CameraVideoRealTime)
            .complexity(Complexity::Low)
            // Rate control would drop frames, and blur text when much moves; every picture is wanted, equally sharp.
            .rate_control_mode(RateControlMode::Off)
            .skip_frames(false)
            .max_frame_rate(FrameRate::from_hz(frames_per_sec as f32))
            .intra_frame_period(IntraFramePeriod::from_num_frames((KEY_FRAME_SECS * frames_per_sec).ceil() as u32))
            // The encoder's RGB conversion is BT.601.
            .vui(VuiConfig::bt601())
            .num_threads(1);
        let encoder =
            Encoder::with_api_config(OpenH264API::from_source(), config).context("cannot start the video encoder")?;
        let muxer = MuxerBuilder::new(writer).video(VideoCodec::H264, size.width, size.height, frames_per_sec);
        let muxer = muxer.build().context("cannot start the video file")?;
        let planes = YUVBuffer::new(size.width as usize, size.height as usize);
        Ok(Self { encoder, muxer, planes, size, frames_per_sec, frames: 0 })
    }

    /// Adds one picture, 8-bit RGBA.
    ///
    /// # Errors
    /// When the encoder or the file refuses it, with its number.
    pub fn add(&mut self, rgba: &[u8]) -> anyhow::Result<()> {
        let size = (self.size.width as usize, self.size.height as usize);
        self.planes.read_rgba8(RgbaSliceU8::new(rgba, size));
        let number = self.frames;
        let stream =
            self.encoder.encode(&self.planes).with_context(|| format!("cannot encode video frame {number}"))?;
        let key_frame = matches!(stream.frame_type(), FrameType::IDR | FrameType::I);
        let time_secs = number as f64 / self.frames_per_sec;
        let written = self.muxer.write_video(time_secs, &stream.to_vec(), key_frame);
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
