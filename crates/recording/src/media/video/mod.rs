//! Videos: MP4, QuickTime, Matroska, WebM, AVI and MPEG transport streams and raw streams of H.264, H.265 and Motion JPEG,
//! decoded here; anything else through `ffmpeg` on the PATH.
//!
//! | part | by |
//! | --- | --- |
//! | MP4, fragmented or not | `re_mp4` |
//! | Matroska and WebM | `matroska-demuxer` |
//! | AVI, MPEG transport streams | this module |
//! | H.264 | `rusty_h264-decoder` |
//! | H.265 | `rusty_h265` |
//! | AV1 | `re_rav1d`, by the cargo feature `av1` |
//! | other codecs and containers | the program `ffmpeg`, where it is there |
//! | writing H.264 in MP4 | `openh264`, `muxide` |
//!
//! A video is a row of frames numbered from 0 in the order in which they are shown. Reading them in order decodes each
//! once; going elsewhere decodes from the key frame before. Without the cargo feature `video` no video opens.

#[cfg(feature = "video")]
mod codec;
#[cfg(not(feature = "video"))]
#[path = "no_codec.rs"]
mod codec;
mod pictures;

#[cfg(all(test, feature = "video"))]
pub(crate) use codec::encoder::steady;
#[cfg(feature = "video")]
pub(crate) use codec::encoder::write_mp4;
#[cfg(feature = "video")]
pub use codec::encoder::{EncodedFrame, VideoEncoder};
pub(crate) use codec::{CodedFrames, Video};
pub(crate) use pictures::VideoPictures;

/// Frames of a raw stream, which has no times, are taken to follow at the rate of comma2k19's camera.
pub(crate) const RAW_STREAM_STEP_MS: f64 = 50.0;

/// Extensions of videos, raw streams among them, each with ffmpeg's demuxer.
const DEMUXERS: [(&str, &str); 21] = [
    ("mp4", "mov"),
    ("m4v", "mov"),
    ("mov", "mov"),
    ("mkv", "matroska"),
    ("webm", "matroska"),
    ("avi", "avi"),
    ("ts", "mpegts"),
    ("mts", "mpegts"),
    ("h264", "h264"),
    ("264", "h264"),
    ("hevc", "hevc"),
    ("h265", "hevc"),
    ("mjpeg", "mjpeg"),
    ("mjpg", "mjpeg"),
    ("m2ts", "mpegts"),
    ("3gp", "mov"),
    ("mpg", "mpeg"),
    ("mpeg", "mpeg"),
    ("flv", "flv"),
    ("wmv", "asf"),
    ("ogv", "ogg"),
];

/// The extensions alone: what is recognised as a video is what can be asked about.
pub(crate) const VIDEO_EXTENSIONS: [&str; DEMUXERS.len()] = {
    let mut extensions = [""; DEMUXERS.len()];
    let mut i = 0;
    while i < DEMUXERS.len() {
        extensions[i] = DEMUXERS[i].0;
        i += 1;
    }
    extensions
};
