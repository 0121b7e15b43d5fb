//! Recordings of real and simulated drives: opened, checked and read one picture at a time.
//!
//! | format | read | write | source |
//! | --- | --- | --- | --- |
//! | Udacity simulator folder | yes | yes | behavioural-cloning course, 2016 on |
//! | donkeycar tub, version 1 | yes | | donkeycar up to 3 |
//! | donkeycar tub, version 2 | yes | yes | donkeycar 4 and 5; with extra keys our native format |
//! | SullyChen | yes | | driving datasets of 2017 and 2018 |
//! | comma2k19 segment | yes | | comma.ai, 2018 |
//! | Udacity real car | yes | | challenge 2, 2016 |
//! | pictures, with or without a table | yes | yes | |
//! | video, with or without a table | yes | yes | |
//! | LeRobot dataset, version 2.1 and 3 | yes | | Hugging Face, 2024 on |
//! | MCAP with pictures | yes | yes | Foxglove, ROS 2 |
//! | bags of ROS 1 and ROS 2, pictures in them | yes | | ROS |
//! | NumPy arrays in one archive | yes | | `numpy.savez` |
//!
//! A recording is opened as an index without pictures. What a row gets wrong is decided then: the row is left out and
//! counted by reason. What a picture gets wrong shows when it is read: that one sample is [`Spoiled`]. A recording
//! names only files below its own folder. Recorded steering becomes curvature here, in [`LabelProfile`], and nowhere
//! else.
//!
//! Video, AV1, LeRobot, MCAP, bags and archives of arrays are the cargo features `video`, `av1`, `lerobot`, `mcap`, `rosbag` and `npz`,
//! on by default: all but `av1` and `npz` need a C compiler.
//!
//! | folder | holds |
//! | --- | --- |
//! | `model` | the parts of a recording, whatever its format |
//! | `media` | files and their data, as several formats have them: folders, tables, pictures, arrays, videos |
//! | `formats` | each format's marks, label, camera and reader |
//! | `open` | the way from a path to judged rows |
//! | `write` | conversion, with a sink for each format that is written |

#![cfg_attr(
    not(all(feature = "av1", feature = "lerobot", feature = "npz", feature = "rosbag", feature = "video")),
    allow(dead_code, reason = "some parts serve only formats whose feature is off")
)]

#[cfg(feature = "npz")]
pub mod arrays {
    //! Arrays of numbers, of any shape, in NumPy's archives.

    pub use crate::formats::npz::arrays as read;
    pub use crate::media::numpy::Array;
}
mod doubt;
mod formats;
mod media;
mod model;
mod motion;
mod open;
mod recording;
#[cfg(test)]
mod samples;
mod side_cameras;
mod stream;
mod survey;
mod usual_view;
mod windows;
mod write;

pub use doubt::{About, Certainty, Doubt};
pub use formats::tub_v2::TubWriter;
#[cfg(feature = "video")]
pub use media::video::{EncodedFrame, VideoEncoder};
pub use model::camera_view::CameraView;
pub use model::entry::{Entry, Place, Steerer};
pub use model::error::{BadOption, RecordingError, Spoiled};
pub use model::format::Format;
pub use model::label::LabelProfile;
pub use model::options::{Columns, RecordingOptions};
pub use model::skip::{SkipReason, Skipped};
pub use model::timeline::{Gap, Timing};
pub use model::unit::{Counts, Sign, Unit, Vehicle, VehicleOptions};
pub use motion::Motion;
pub use recording::Recording;
pub use side_cameras::SideCamera;
pub use stream::Stream;
pub use survey::{HISTOGRAM_BARS, LabelSummary, Survey};
pub use windows::{Split, SplitBy, windows};
pub use write::{Converted, Target};
