//! MCAP files. All but their name needs the cargo feature `mcap`.

#[cfg(feature = "mcap")]
mod file;

#[cfg(feature = "rosbag")]
pub(in crate::formats) use file::McapFiles;
#[cfg(feature = "mcap")]
pub(crate) use file::{McapLabel, McapWriter};

use super::{Mark, Read, Reader};
use crate::model::format::Format;

impl Format {
    /// MCAP with pictures.
    pub const MCAP: Self = Self::new("mcap", "MCAP");
}

pub(super) const READER: Reader = Reader {
    format: Format::MCAP,
    mark: Mark::Parts(&["mcap"]),
    table: None,
    columns: &["image", "steering", "speed"],
    read: READ,
};

#[cfg(feature = "mcap")]
const READ: Result<Read, &str> = Ok(file::read);
#[cfg(not(feature = "mcap"))]
const READ: Result<Read, &str> = Err("mcap");
