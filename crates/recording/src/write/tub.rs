//! A donkeycar tub, version 2.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::sink::{Appended, Encoded, Passing, Sink, move_to_place};
use crate::Recording;
use crate::formats::donkey;
use crate::formats::tub_v2::{TubRecord, TubWriter};
use crate::model::error::RecordingError;
use crate::model::stated_camera::{CAMERA_KEY, StatedCamera};

pub(super) struct TubSink {
    writer: TubWriter,
    path: PathBuf,
}

impl TubSink {
    pub fn open(from: &Recording, path: &Path, frames: usize) -> Result<Self, RecordingError> {
        let metadata = json!({
            CAMERA_KEY: StatedCamera::new(from.picture_size(), from.view()),
            "liquid_lane/converted_from": {
                "name": from.path().file_name().map(|name| name.to_string_lossy()),
                "format": from.format().id(),
                "label": from.label().map(|label| label.to_string()),
            },
        });
        // A run that was ended before its first frame may have left a tub without one.
        let writer = if frames == 0 {
            let _ = fs::remove_dir_all(path);
            TubWriter::create(path, &metadata)?
        } else {
            TubWriter::resume(path, &metadata, frames as u64)?
        };
        Ok(Self { writer, path: path.to_owned() })
    }
}

impl Sink for TubSink {
    fn append(&mut self, passing: Passing) -> Result<Appended, RecordingError> {
        let Passing { time_secs, steering, speed_mps, picture: Encoded::Jpeg(jpeg), .. } = passing else {
            return Ok(Appended::Refused);
        };
        self.writer.append_jpeg(&TubRecord { time_secs, steering, speed_mps, cross_track_m: None }, &jpeg)?;
        // The curvature is whole in a key of its own; what may be clipped is the angle for donkeycar's tools.
        let is_clipped = steering.is_some_and(|steering| donkey::LABEL.share(steering).abs() > 1.0 + 1e-6);
        Ok(if is_clipped { Appended::LabelClipped } else { Appended::Whole })
    }

    fn finish(self: Box<Self>, out: &Path) -> Result<(), RecordingError> {
        self.writer.finish()?;
        move_to_place(&self.path, out)
    }
}
