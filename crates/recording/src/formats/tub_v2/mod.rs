//! Donkeycar tubs, version 2: `manifest.json`, catalogs of JSON lines and `images/`.
//!
//! The manifest is five JSON values, one a line: inputs, types, metadata, creation, catalogs. A record carries
//! `_index`, `_timestamp_ms`, the picture's name and `user/angle` in -1..1, right positive. Tubs that this program
//! writes say so in the metadata and carry three more keys, which donkeycar's own tools pass over.

use super::{Mark, Reader};
use crate::model::format::Format;

mod manifest;
mod read;
mod write;

pub use write::TubWriter;
pub(crate) use write::{TubRecord, encode_jpeg};

impl Format {
    /// `manifest.json`, catalogs and `images/`, as donkeycar 4 and 5 write it, and this program.
    pub const TUB_V2: Self = Self::new("tub-v2", "donkeycar tub v2");
}

pub(super) const READER: Reader =
    Reader { format: Format::TUB_V2, mark: Mark::File(INDEX_FILE), table: None, columns: &[], read: Ok(read::read) };

const INDEX_FILE: &str = "manifest.json";

const IMAGE_FOLDER: &str = "images";

const IMAGE_KEY: &str = "cam/image_array";

/// Metadata key of tubs that hold exact curvature, taken by the training camera; its value counts changes of the keys.
const OWN_VERSION_KEY: &str = "liquid_lane/version";

/// Path curvature in 1/m, left positive.
const CURVATURE_KEY: &str = "liquid_lane/curvature";

/// Distance from the lane centre in m, left positive.
const CROSS_TRACK_KEY: &str = "liquid_lane/cross_track_m";

/// Speed over ground in m/s.
const SPEED_KEY: &str = "liquid_lane/speed_mps";
