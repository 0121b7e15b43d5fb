//! The ground of the crate: what a recording consists of once its format no longer matters.

pub(crate) mod arrangement;
pub(crate) mod camera_view;
pub(crate) mod civil_time;
pub(crate) mod entry;
pub(crate) mod error;
pub(crate) mod format;
pub(crate) mod label;
pub(crate) mod options;
pub(crate) mod pictures;
pub(crate) mod series;
pub(crate) mod skip;
pub(crate) mod stated_camera;
pub(crate) mod steering_name;
pub(crate) mod timeline;
pub(crate) mod unit;
