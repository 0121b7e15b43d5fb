//! Choice of a dataset's camera and numbers: those that the user names, or else those that the names suggest.

use std::path::Path;

use super::info::{Camera, Info};
use crate::model::error::{BadOption, RecordingError};
use crate::model::options::Columns;
use crate::model::steering_name::{steering_rank, steering_rank_within};

/// Parts of names that suggest the camera that looks ahead, the best first.
const FORWARD: [&str; 5] = ["front_forward", "front", "center", "centre", "forward"];

/// The parts of a dataset that are read.
#[derive(Debug)]
pub(super) struct Choice {
    pub camera: Camera,
    pub steering: Option<Dimension>,
    pub speed: Option<Dimension>,
}

/// One number of each row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dimension {
    pub feature: String,
    /// Position in the feature's vector.
    pub index: usize,
    /// Its name, where the dataset gives one.
    name: Option<String>,
    is_alone: bool,
}

impl Dimension {
    /// Its name for the user: `action.steering`, `action.0`, or the feature where that is a single number.
    pub fn id(&self) -> String {
        match &self.name {
            _ if self.is_alone => self.feature.clone(),
            Some(name) => format!("{}.{name}", self.feature),
            None => format!("{}.{}", self.feature, self.index),
        }
    }

    fn is_called(&self, wanted: &str) -> bool {
        let named_alone = self.name.as_deref() == Some(wanted);
        wanted == self.id() || wanted == format!("{}.{}", self.feature, self.index) || named_alone
    }

    fn is_action(&self) -> bool {
        self.feature.starts_with("action")
    }

    fn steering_rank(&self) -> Option<usize> {
        let (group, name) = match &self.name {
            Some(name) => (self.feature.as_str(), name.as_str()),
            None => ("", self.feature.as_str()),
        };
        // An angle that is an action may be the steering's; one that is observed is of anything.
        let commanded = || self.is_action().then(|| steering_rank(name)).flatten();
        steering_rank_within(group, name).or_else(commanded)
    }
}

impl Choice {
    /// Chooses by the options, or else by names.
    ///
    /// # Errors
    /// Refuses names that the dataset does not have, and a dataset without videos or with several that may be meant.
    pub fn new(info: &Info, columns: &Columns, path: &Path) -> Result<Self, RecordingError> {
        let dimensions = dimensions(info);
        let dimension_called = |key: &str, wanted: &Option<String>| -> Result<Option<Dimension>, RecordingError> {
            let Some(wanted) = wanted else { return Ok(None) };
            let found = dimensions.iter().find(|dimension| dimension.is_called(wanted));
            let names = || dimensions.iter().map(Dimension::id).collect();
            found.cloned().map(Some).ok_or_else(|| refuse(path, names(), format!("{key}={wanted}")))
        };
        let steering =
            dimension_called("steering", &columns.steering)?.or_else(|| usual_steering(&dimensions).cloned());
        let usual_speed =
            || dimensions.iter().find(|dimension| dimension.name.as_deref() == Some("speed_mps")).cloned();
        let speed = dimension_called("speed", &columns.speed)?.or_else(usual_speed);
        Ok(Self { camera: camera(info, columns, path)?, steering, speed })
    }
}

fn refuse(path: &Path, names: Vec<String>, got: String) -> RecordingError {
    let expected = if names.is_empty() {
        "a dataset with such a feature".to_owned()
    } else {
        format!("one of {}", names.join(", "))
    };
    RecordingError::Option { path: path.to_owned(), bad: BadOption { option: "--columns", expected, got } }
}

/// Every number of a row, in the order of the features' names.
fn dimensions(info: &Info) -> Vec<Dimension> {
    let of_feature = |(feature, description): (&str, &super::info::Feature)| -> Vec<Dimension> {
        let names = description.dimension_names();
        let count = description.dimensions();
        let dimension = |index: usize| Dimension {
            feature: feature.to_owned(),
            index,
            name: names.get(index).map(|&name| name.to_owned()),
            is_alone: count == 1,
        };
        (0..count).map(dimension).collect()
    };
    info.vectors().flat_map(of_feature).collect()
}

/// The number that a name says to be steering, commanded rather than observed; or an action that is one number.
fn usual_steering(dimensions: &[Dimension]) -> Option<&Dimension> {
    let named = dimensions.iter().filter_map(|dimension| Some((dimension, dimension.steering_rank()?)));
    let best = named.min_by_key(|&(dimension, rank)| (!dimension.is_action(), rank)).map(|(dimension, _)| dimension);
    let only = || dimensions.iter().find(|dimension| dimension.feature == "action" && dimension.is_alone);
    best.or_else(only)
}

fn camera(info: &Info, columns: &Columns, path: &Path) -> Result<Camera, RecordingError> {
    let cameras: Vec<Camera> = info.cameras().collect();
    let names = || cameras.iter().map(|camera| camera.name.clone()).collect();
    if let Some(wanted) = &columns.image {
        let is_wanted = |camera: &&Camera| camera.name == *wanted || camera.name.rsplit('.').next() == Some(wanted);
        let found = cameras.iter().find(is_wanted).cloned();
        return found.ok_or_else(|| refuse(path, names(), format!("image={wanted}")));
    }
    let forward = || FORWARD.iter().find_map(|part| cameras.iter().find(|camera| camera.name.contains(part)));
    match &cameras[..] {
        [] => Err(refuse(path, Vec::new(), "no feature of pictures (dtype video or image)".to_owned())),
        [only] => Ok(only.clone()),
        _ => forward().cloned().ok_or_else(|| refuse(path, names(), "no image=".to_owned())),
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    fn info(features: &str) -> Info {
        serde_json::from_str(&format!(r#"{{"codebase_version": "v2.1", "fps": 10, "features": {{{features}}}}}"#))
            .unwrap()
    }

    fn steering(features: &str) -> Option<String> {
        let features = format!(r#"{features}, "cam": {{"dtype": "video"}}"#);
        let choice = Choice::new(&info(&features), &Columns::default(), Path::new("set")).unwrap();
        choice.steering.map(|dimension| dimension.id())
    }

    #[test]
    fn steering_is_found_by_the_names_of_dimensions_or_features() {
        let pair = r#""shape": [2], "names": ["throttle", "steering_angle"]"#;
        assert_eq!(steering(&format!(r#""action": {{"dtype": "float32", {pair}}}"#)).unwrap(), "action.steering_angle");
        assert_eq!(steering(r#""action": {"dtype": "float32", "shape": [1]}"#).unwrap(), "action");
        let observed =
            r#""action": {"dtype": "float32", "shape": [6]}, "observation.steer": {"dtype": "float64", "shape": [1]}"#;
        assert_eq!(steering(observed).unwrap(), "observation.steer");
        assert_eq!(steering(r#""action": {"dtype": "float32", "shape": [6]}"#), None, "a robot's arm");
        let angles = r#""action": {"dtype": "float32", "shape": [3], "names": ["pitch_angle", "angle", "steer"]}"#;
        assert_eq!(steering(angles).unwrap(), "action.steer");
    }

    #[test]
    fn what_the_user_names_is_taken_or_refused_with_all_names() {
        let info =
            info(r#""action": {"dtype": "float32", "shape": [2], "names": ["a", "b"]}, "cam": {"dtype": "video"}"#);
        let choose = |wanted: &str| {
            let columns = Columns { steering: Some(wanted.to_owned()), ..Columns::default() };
            Choice::new(&info, &columns, Path::new("set")).map(|choice| choice.steering.unwrap().index)
        };
        for (wanted, index) in [("action.1", 1), ("action.b", 1), ("a", 0)] {
            assert_eq!(choose(wanted).unwrap(), index, "{wanted}");
        }
        let message = choose("action.2").unwrap_err().to_string();
        assert!(message.contains("expected one of action.a, action.b, got steering=action.2"), "{message}");
    }

    #[test]
    fn the_camera_ahead_is_taken_and_an_unclear_choice_is_left_to_the_user() {
        let camera = |features: &str, image: Option<&str>| {
            let columns = Columns { image: image.map(str::to_owned), ..Columns::default() };
            camera(&info(features), &columns, Path::new("set")).map_err(|error| error.to_string())
        };
        let two = r#""images.left": {"dtype": "video"}, "images.front": {"dtype": "video"}"#;
        assert_eq!(camera(two, None).unwrap().name, "images.front");
        assert_eq!(camera(two, Some("left")).unwrap().name, "images.left");
        let unclear = r#""images.a": {"dtype": "video"}, "images.b": {"dtype": "video"}"#;
        assert!(camera(unclear, None).unwrap_err().contains("one of images.a, images.b"));
        let in_tables = camera(r#""images.a": {"dtype": "image"}"#, None).unwrap();
        assert_eq!((in_tables.name.as_str(), in_tables.is_video), ("images.a", false));
        assert!(camera(r#""state": {"dtype": "float32"}"#, None).unwrap_err().contains("no feature of pictures"));
    }
}
