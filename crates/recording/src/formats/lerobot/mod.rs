//! LeRobot datasets. Only their Parquet tables need the cargo feature `lerobot`.

#[cfg(feature = "lerobot")]
mod dataset;

use super::{Mark, Read, Reader};
use crate::model::format::Format;

impl Format {
    /// LeRobot dataset, version 2.1 or 3: Parquet and videos.
    pub const LEROBOT: Self = Self::new("lerobot", "LeRobot");
}

pub(super) const READER: Reader = Reader {
    format: Format::LEROBOT,
    mark: Mark::File(INDEX_FILE),
    table: None,
    columns: &["image", "steering", "speed"],
    read: READ,
};

#[cfg(feature = "lerobot")]
const READ: Result<Read, &str> = Ok(dataset::read);
#[cfg(not(feature = "lerobot"))]
const READ: Result<Read, &str> = Err("lerobot");

const INDEX_FILE: &str = "meta/info.json";
