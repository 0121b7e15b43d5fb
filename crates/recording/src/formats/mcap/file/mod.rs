//! MCAP files (Foxglove, 2022 on), as ROS 2 and robot loggers write them, and our own: `foxglove.CompressedImage` on
//! `/camera` in protobuf, and our own steering on `/steering` in JSON.

mod container;
mod records;
mod writer;

pub use writer::{McapLabel, McapWriter};

use std::path::PathBuf;
use std::sync::Arc;

use crate::formats::messages::{self, Scan};
use crate::formats::parts;
use crate::media::source::Source;
use crate::model::entry::Log;
use crate::model::error::RecordingError;
use crate::model::options::RecordingOptions;
pub(in crate::formats) use container::McapFiles;

pub(in crate::formats::mcap) fn read(source: &Source, options: &RecordingOptions) -> Result<Log, RecordingError> {
    let names = parts(source, &["mcap"])?;
    let paths = names.iter().map(|name| source.folder.resolve(name)).collect::<Result<Vec<PathBuf>, _>>()?;
    let container = McapFiles::new(paths);
    let mut scan = Scan::new(options.columns.steering.as_deref(), options.columns.speed.as_deref());
    for (file, name) in (0..).zip(&names) {
        container.scan(file, &mut scan).map_err(|got| {
            let (place, expected) = ("whole file".to_owned(), "an MCAP file".to_owned());
            RecordingError::Unreadable { path: source.folder.path().join(name), place, expected, got }
        })?;
    }
    let name = names.first().map_or("", String::as_str).to_owned();
    messages::log(source, options, scan.into_index(), Arc::new(container), &name)
}

#[cfg(test)]
mod tests;
