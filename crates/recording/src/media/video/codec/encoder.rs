//! H.264 in MP4 (openh264, muxide), one picture after the other.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use muxide::api::{Muxer, MuxerBuilder, VideoCodec};
use openh264::OpenH264API;
use openh264::encoder::{
    Complexity, Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, RateControlMode, UsageType, VuiConfig,
};
use openh264::formats::{RgbSliceU8, RgbaSliceU8, YUVBuffer};

use crate::model::error::RecordingError;
use lane_frame::{RgbImage, Size};

/// Seconds between pictures that players can jump to.
const KEY_FRAME_SECS: f64 = 2.0;

/// A picture of a video as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedFrame {
    /// H.264 units with start codes.
    pub bytes: Vec<u8>,
    /// True for a frame at which decoding can start.
    pub is_key: bool,
}

/// Encodes pictures of one size; the first is a key frame.
pub struct VideoEncoder {
    encoder: Encoder,
    planes: YUVBuffer,
    size: Size,
}

impl VideoEncoder {
    /// An encoder of pictures of this size at this rate. The format has even sizes only: of an odd one the last column
    /// or row is left out.
    ///
    /// # Errors
    /// Says that the encoder refuses the size or rate.
    pub fn new(size: Size, frames_per_sec: f64) -> Result<Self, String> {
        let even = even(size)?;
        if !(frames_per_sec > 0.0 && frames_per_sec.is_finite()) {
            return Err(format!("a video needs more than 0 frames per second, got {frames_per_sec}"));
        }
        let config = EncoderConfig::new()
            .usage_type(UsageType::CameraVideoRealTime)
            .complexity(Complexity::Low)
            // Rate control would drop frames, and blur text when much moves; every picture is wanted, equally sharp.
            .rate_control_mode(RateControlMode::Off)
            .skip_frames(false)
            .max_frame_rate(FrameRate::from_hz(frames_per_sec as f32))
            .intra_frame_period(IntraFramePeriod::from_num_frames((KEY_FRAME_SECS * frames_per_sec).ceil() as u32))
            // The encoder's conversion of colours is BT.601.
            .vui(VuiConfig::bt601())
            .num_threads(1);
        let encoder =
            Encoder::with_api_config(OpenH264API::from_source(), config).map_err(|error| error.to_string())?;
        let planes = YUVBuffer::new(even.width as usize, even.height as usize);
        Ok(Self { encoder, planes, size })
    }

    /// Encodes the next picture.
    ///
    /// # Errors
    /// Refuses a picture of another size, and passes on what the encoder says.
    pub fn encode(&mut self, image: &RgbImage) -> Result<EncodedFrame, String> {
        if image.dimensions() != (self.size.width, self.size.height) {
            return Err(format!("picture is {}x{}, the video's are {}", image.width(), image.height(), self.size));
        }
        let Size { width, height } = even(self.size)?;
        let rows = image.as_raw().chunks_exact(3 * self.size.width as usize).take(height as usize);
        let pixels: Vec<u8> = rows.flat_map(|row| &row[..3 * width as usize]).copied().collect();
        self.planes.read_rgb8(RgbSliceU8::new(&pixels, (width as usize, height as usize)));
        self.encode_planes()
    }

    /// Encodes the next picture, given as 8-bit RGBA of the encoder's size, which must be even.
    ///
    /// # Errors
    /// As [`VideoEncoder::encode`].
    pub fn encode_rgba(&mut self, rgba: &[u8]) -> Result<EncodedFrame, String> {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        if even(self.size)? != self.size || rgba.len() != 4 * width * height {
            return Err(format!("expected RGBA of an even size such as {}, got {} bytes", self.size, rgba.len()));
        }
        self.planes.read_rgba8(RgbaSliceU8::new(rgba, (width, height)));
        self.encode_planes()
    }

    fn encode_planes(&mut self) -> Result<EncodedFrame, String> {
        let stream = self.encoder.encode(&self.planes).map_err(|error| error.to_string())?;
        let is_key = matches!(stream.frame_type(), FrameType::IDR | FrameType::I);
        Ok(EncodedFrame { bytes: stream.to_vec(), is_key })
    }
}

fn even(size: Size) -> Result<Size, String> {
    let even = |pixels: u32| pixels - pixels % 2;
    match (even(size.width), even(size.height)) {
        (0, _) | (_, 0) => Err(format!("a video needs at least 2x2 pixels, got {size}")),
        (width, height) => Ok(Size { width, height }),
    }
}

/// Writes frames encoded at this size and rate into an MP4 file, each with the second at which it is shown.
///
/// # Errors
/// Passes on what the frames' source reports; reports a size or rate that no video has, times that do not increase, and a
/// disk that is full.
pub fn write_mp4(
    path: &Path,
    size: Size,
    frames_per_sec: f64,
    frames: impl Iterator<Item = Result<(f64, EncodedFrame), RecordingError>>,
) -> Result<(), RecordingError> {
    let unwritable = |got: String| RecordingError::Unwritable {
        path: path.to_owned(),
        place: "video".to_owned(),
        expected: "pictures of an even size, one after the other".to_owned(),
        got,
    };
    let even = even(size).map_err(unwritable)?;
    let file = File::create(path).map_err(RecordingError::io(path, "cannot write"))?;
    let mut muxer = MuxerBuilder::new(BufWriter::new(file))
        .video(VideoCodec::H264, even.width, even.height, frames_per_sec)
        .build()
        .map_err(|error| unwritable(error.to_string()))?;
    let mut first_secs = None;
    for frame in frames {
        let (time_secs, frame) = frame?;
        // Players begin with the first frame.
        let since = time_secs - *first_secs.get_or_insert(time_secs);
        write_frame(&mut muxer, since, &frame).map_err(unwritable)?;
    }
    muxer.finish().map_err(|error| unwritable(error.to_string()))
}

/// Frames that are shown at a steady rate.
#[cfg(test)]
pub fn steady(
    frames_per_sec: f64,
    frames: impl Iterator<Item = EncodedFrame>,
) -> impl Iterator<Item = Result<(f64, EncodedFrame), RecordingError>> {
    frames.enumerate().map(move |(number, frame)| Ok((number as f64 / frames_per_sec, frame)))
}

fn write_frame(muxer: &mut Muxer<BufWriter<File>>, time_secs: f64, frame: &EncodedFrame) -> Result<(), String> {
    muxer.write_video(time_secs, &frame.bytes, frame.is_key).map_err(|error| error.to_string())
}
