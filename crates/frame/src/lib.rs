//! Plain data that every stage passes on: frames, samples and steering. Units and signs are fixed here, once.
//!
//! | quantity | unit | sign |
//! | --- | --- | --- |
//! | steering | path curvature, 1/m | left positive |
//! | lateral offset | m | left of the lane centre positive |
//! | heading | rad | counter-clockwise positive |
//! | time | s, `f64`, from the frame and never from a clock | |

pub mod journal;
pub mod noise;
pub mod projection;
pub mod random;
pub mod resize;
pub mod ssim;
pub mod whole_file;

pub use image::RgbImage;
use serde::Serialize;

/// Path curvature in 1/m, left positive: what a policy commands and an expert demonstrates.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize)]
pub struct Steering(pub f32);

/// Width and height of an image in pixels, neither of them 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    /// Pixels per row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Size {
    /// A size known to be valid.
    ///
    /// # Panics
    /// If width or height is 0.
    pub const fn new(width: u32, height: u32) -> Self {
        assert!(width > 0 && height > 0, "an image has at least one pixel");
        Self { width, height }
    }

    /// Pixels in an image of this size.
    pub const fn pixels(self) -> usize {
        self.width as usize * self.height as usize
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// One camera image and when it was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Position in its drive, from 0; a skipped frame leaves a gap.
    pub index: u64,
    /// Seconds since the first frame of the drive.
    pub time_secs: f64,
    /// 8-bit RGB, row by row from the top.
    pub image: RgbImage,
}

/// One frame of a drive with what the driver did then.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// What the camera saw.
    pub frame: Frame,
    /// What the human or expert commanded; `None` where the recording has no label.
    pub steering: Option<Steering>,
    /// Speed over ground in m/s, where known.
    pub speed_mps: Option<f32>,
}
