//! A plain folder: `labels.csv` and `images/`.

use std::path::Path;

use super::picture_folder::PictureFolder;
use super::sink::{Appended, Encoded, Passing, Sink};
use crate::model::error::RecordingError;

/// `labels.csv` and `images/`.
pub(super) struct CsvSink {
    folder: PictureFolder,
    has_labels: bool,
}

impl CsvSink {
    pub fn open(path: &Path, frames: usize, has_labels: bool) -> Result<Self, RecordingError> {
        let header = if has_labels { "image,time,curvature,speed_mps" } else { "image,time,speed_mps" };
        Ok(Self { folder: PictureFolder::open(path, "images", "labels.csv", Some(header), frames)?, has_labels })
    }
}

impl Sink for CsvSink {
    fn append(&mut self, passing: Passing) -> Result<Appended, RecordingError> {
        let Passing { entry, steering, picture: Encoded::Jpeg(jpeg), .. } = &passing else {
            return Ok(Appended::Refused);
        };
        if self.has_labels && steering.is_none() {
            return Ok(Appended::Refused);
        }
        let curvature = self.has_labels.then(|| steering.map(|steering| steering.0));
        let fields = label_fields(passing.time_secs, curvature, passing.speed_mps);
        self.folder.append(&format!("{entry:06}.jpg"), jpeg, &fields)?;
        Ok(Appended::Whole)
    }

    fn finish(self: Box<Self>, out: &Path) -> Result<(), RecordingError> {
        self.folder.finish(out)
    }
}

/// Time, curvature where the table has that column, and speed: empty where it is not known.
pub(super) fn label_fields(time_secs: f64, curvature: Option<Option<f32>>, speed_mps: Option<f32>) -> String {
    let text = |number: Option<f32>| number.map_or(String::new(), |number| number.to_string());
    let curvature = curvature.map_or(String::new(), |curvature| text(curvature) + ",");
    format!("{time_secs},{curvature}{}", text(speed_mps))
}
