//! `meta/info.json`: version, frame rate, what each row holds and where the files lie.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::formats::lerobot::INDEX_FILE;
use crate::media::folder::Folder;
use crate::model::error::RecordingError;

/// The dimensions of all features of the largest robots are a few hundred.
const MAX_DIMENSIONS: usize = 10_000;

/// A dataset's description.
#[derive(Debug, Deserialize)]
pub(super) struct Info {
    codebase_version: String,
    pub fps: f64,
    pub features: BTreeMap<String, Feature>,
    data_path: Option<String>,
    video_path: Option<String>,
    pub total_episodes: Option<usize>,
    #[serde(default = "usual_chunk")]
    pub chunks_size: usize,
}

/// A column of the tables, or a camera.
#[derive(Debug, Deserialize)]
pub(super) struct Feature {
    dtype: String,
    #[serde(default)]
    shape: Vec<usize>,
    /// A list of names, or an object with one list in it.
    #[serde(default)]
    names: Value,
}

/// A camera of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Camera {
    /// Name of its feature.
    pub name: String,
    /// False where its pictures lie in the tables.
    pub is_video: bool,
}

/// Episodes in a folder, by the format's own default.
fn usual_chunk() -> usize {
    1000
}

impl Info {
    /// Reads the description.
    ///
    /// # Errors
    /// Refuses a file that is no such description, and versions before 2.
    pub fn read(folder: &Folder) -> Result<Self, RecordingError> {
        let text = folder.read_text(INDEX_FILE)?;
        let refuse = |expected: &str, got: String| RecordingError::Unreadable {
            path: folder.path().join(INDEX_FILE),
            place: "whole file".to_owned(),
            expected: expected.to_owned(),
            got,
        };
        let info: Self = serde_json::from_slice(&text)
            .map_err(|error| refuse("the description of a LeRobot dataset", error.to_string()))?;
        if info.major_version().is_none() {
            return Err(RecordingError::Unsupported {
                path: folder.path().join(INDEX_FILE),
                expected: "a LeRobot dataset of version 2 or 3".to_owned(),
                got: format!("version {:?}", info.codebase_version),
                way_out: "bring it to a newer version with the scripts of lerobot".to_owned(),
            });
        }
        if !(0.1..=1000.0).contains(&info.fps) || info.chunks_size == 0 {
            let got = format!("fps {} and chunks_size {}", info.fps, info.chunks_size);
            return Err(refuse("fps from 0.1 to 1000 and a chunks_size above 0", got));
        }
        Ok(info)
    }

    fn major_version(&self) -> Option<u32> {
        let major = self.codebase_version.trim_start_matches('v').split('.').next()?;
        major.parse().ok().filter(|major| [2, 3].contains(major))
    }

    /// True if files hold several episodes each.
    pub fn joins_episodes(&self) -> bool {
        self.major_version() == Some(3)
    }

    /// Pattern of the tables' names.
    pub fn data_pattern(&self) -> &str {
        let usual = if self.joins_episodes() {
            "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
        } else {
            "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet"
        };
        self.data_path.as_deref().unwrap_or(usual)
    }

    /// Pattern of the videos' names.
    pub fn video_pattern(&self) -> &str {
        let usual = if self.joins_episodes() {
            "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
        } else {
            "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4"
        };
        self.video_path.as_deref().unwrap_or(usual)
    }

    /// The cameras.
    pub fn cameras(&self) -> impl Iterator<Item = Camera> {
        self.features.iter().filter_map(|(name, feature)| {
            let is_video = match feature.dtype.as_str() {
                "video" => true,
                "image" => false,
                _ => return None,
            };
            Some(Camera { name: name.clone(), is_video })
        })
    }

    /// Features of numbers.
    pub fn vectors(&self) -> impl Iterator<Item = (&str, &Feature)> {
        let numbers = self.features.iter().filter(|(_, feature)| feature.is_vector());
        numbers.map(|(name, feature)| (name.as_str(), feature))
    }
}

impl Feature {
    fn is_vector(&self) -> bool {
        (self.dtype.starts_with("float") || self.dtype.starts_with("int")) && self.dimensions() <= MAX_DIMENSIONS
    }

    /// The count of numbers that a row has of it.
    pub fn dimensions(&self) -> usize {
        self.shape.iter().fold(1, |product, &length| product.saturating_mul(length))
    }

    /// Names of the dimensions, where each has one.
    pub fn dimension_names(&self) -> Vec<&str> {
        let list = match &self.names {
            Value::Object(object) if object.len() == 1 => object.values().next().and_then(Value::as_array),
            names => names.as_array(),
        };
        let names: Vec<&str> = list.into_iter().flatten().filter_map(Value::as_str).collect();
        if names.len() == self.dimensions() { names } else { Vec::new() }
    }
}

/// The name by a pattern such as `data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet`; an unknown word stays.
pub(super) fn expand(pattern: &str, words: &[(&str, usize)], video_key: &str) -> String {
    let mut name = String::new();
    let mut rest = pattern;
    while let Some((before, (word, after))) = rest.split_once('{').and_then(|(b, r)| Some((b, r.split_once('}')?))) {
        name += before;
        let (key, width) = word.split_once(':').unwrap_or((word, ""));
        let width = width.trim_end_matches('d').parse().unwrap_or(0).min(20);
        match words.iter().find(|(known, _)| *known == key) {
            Some((_, number)) => name += &format!("{number:0width$}"),
            None if key == "video_key" => name += video_key,
            None => name += &format!("{{{word}}}"),
        }
        rest = after;
    }
    name + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_filled_with_numbers_of_their_width_and_the_camera() {
        let words = [("episode_chunk", 0), ("episode_index", 42)];
        let pattern = "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4";
        assert_eq!(expand(pattern, &words, "front"), "videos/chunk-000/front/episode_000042.mp4");
        assert_eq!(expand("{episode_index}/{other}/{", &words, ""), "42/{other}/{");
    }

    #[test]
    fn dimension_names_are_taken_from_a_list_or_the_only_list_of_an_object() {
        let feature = |names: &str| -> Feature {
            serde_json::from_str(&format!(r#"{{"dtype": "float32", "shape": [2], "names": {names}}}"#)).unwrap()
        };
        assert_eq!(feature(r#"["steering", "throttle"]"#).dimension_names(), ["steering", "throttle"]);
        assert_eq!(feature(r#"{"motors": ["steering", "throttle"]}"#).dimension_names(), ["steering", "throttle"]);
        assert!(feature(r#"["steering"]"#).dimension_names().is_empty(), "one name for two dimensions");
        assert!(feature("null").dimension_names().is_empty());
    }
}
