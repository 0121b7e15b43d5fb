//! Pictures and labels in one MCAP file.

use std::path::{Path, PathBuf};

use super::sink::{Appended, Encoded, Passing, Sink, move_to_place};
use super::spool::{Spool, Spooled};
use crate::Recording;
use crate::formats::mcap::{McapLabel, McapWriter};
use crate::model::error::RecordingError;
use crate::model::stated_camera::StatedCamera;

/// Pictures and labels in one MCAP file.
pub(super) struct McapSink {
    spool: Spool,
    camera: StatedCamera,
    /// The file until it is moved to its place.
    path: PathBuf,
}

impl McapSink {
    pub fn open(from: &Recording, path: &Path, frames: usize) -> Result<Self, RecordingError> {
        let spool = Spool::open(path.with_extension("spool"), frames)?;
        let camera = StatedCamera::new(from.picture_size(), from.view());
        Ok(Self { spool, camera, path: path.with_extension("mcap") })
    }
}

impl Sink for McapSink {
    fn append(&mut self, mut passing: Passing) -> Result<Appended, RecordingError> {
        let Encoded::Jpeg(jpeg) = &mut passing.picture else { return Ok(Appended::Refused) };
        let jpeg = std::mem::take(jpeg);
        self.spool.append(&Spooled::new(jpeg, true, &passing))?;
        Ok(Appended::Whole)
    }

    fn finish(self: Box<Self>, out: &Path) -> Result<(), RecordingError> {
        let mut writer = McapWriter::create(&self.path, Some(&self.camera))?;
        for frame in self.spool.frames()? {
            let Spooled { bytes, time_secs, curvature, speed_mps, .. } = frame?;
            writer.append(time_secs, &bytes, &McapLabel { curvature, speed_mps })?;
        }
        writer.finish()?;
        move_to_place(&self.path, out)
    }
}
