//! Reader of an archive of NumPy arrays (`.npz`): pictures in one of them, steering in another. It needs the cargo feature
//! `npz`.
//!
//! Pictures are `[frames, rows, columns]`, with 1, 3 or 4 channels behind or before rows and columns, RGB; bytes, or floating-point
//! numbers from 0 to 1, from -1 to 1 or from 0 to 255. The array of pictures is unpacked into a file without a name, which goes
//! with the recording.

use super::{Mark, Reader};
use crate::model::format::Format;

#[cfg(feature = "npz")]
mod archive;
#[cfg(feature = "npz")]
pub use archive::arrays;

impl Format {
    /// NumPy arrays in one archive.
    pub const NPZ: Self = Self::new("npz", "NumPy arrays");
}

pub(super) const READER: Reader = Reader {
    format: Format::NPZ,
    mark: Mark::Extensions(&["npz"]),
    table: None,
    columns: &["image", "steering", "time", "speed"],
    #[cfg(feature = "npz")]
    read: Ok(archive::read),
    #[cfg(not(feature = "npz"))]
    read: Err("npz"),
};
