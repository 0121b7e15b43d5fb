//! Bags of ROS 1 and ROS 2. All but their names needs the cargo feature `rosbag`; a bag of ROS 2 in MCAP is read as any
//! other such file.

#[cfg(feature = "rosbag")]
mod definitions;
#[cfg(feature = "rosbag")]
mod ros1;
#[cfg(feature = "rosbag")]
mod ros2;

use super::{Mark, Read, Reader};
use crate::model::format::Format;

impl Format {
    /// A bag of ROS 1, version 2.0.
    pub const ROSBAG1: Self = Self::new("rosbag1", "ROS 1 bag");
    /// A bag of ROS 2 in SQLite, or in files packed by zstd.
    pub const ROSBAG2: Self = Self::new("rosbag2", "ROS 2 bag");
}

pub(super) const ROS1: Reader = Reader {
    format: Format::ROSBAG1,
    mark: Mark::Parts(&["bag"]),
    table: None,
    columns: &["image", "steering", "speed"],
    read: READ_ROS1,
};

pub(super) const ROS2: Reader = Reader {
    format: Format::ROSBAG2,
    mark: Mark::Parts(&["db3", "zstd"]),
    table: None,
    columns: &["image", "steering", "speed"],
    read: READ_ROS2,
};

#[cfg(feature = "rosbag")]
const READ_ROS1: Result<Read, &str> = Ok(ros1::read);
#[cfg(feature = "rosbag")]
const READ_ROS2: Result<Read, &str> = Ok(ros2::read);
#[cfg(not(feature = "rosbag"))]
const READ_ROS1: Result<Read, &str> = Err("rosbag");
#[cfg(not(feature = "rosbag"))]
const READ_ROS2: Result<Read, &str> = Err("rosbag");
