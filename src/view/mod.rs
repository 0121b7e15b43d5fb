//! The interface: one [`app::App`], drawn on the CPU into one buffer ([`raster`]), which a window shows ([`window`]) or
//! pictures and videos hold ([`headless`]). Only this module knows windows.

pub mod app;
mod camera;
mod colormap;
pub mod export;
pub mod exporter;
mod feed;
mod gif;
pub mod headless;
mod history;
pub mod kept;
pub mod keys;
mod layout;
mod marks;
#[cfg(test)]
mod mock;
pub mod output;
mod panels;
#[cfg(test)]
mod pictures;
pub mod places;
mod playback;
mod presenter;
pub mod raster;
pub mod recent;
pub mod remembered;
pub mod script;
pub mod settings;
mod stage;
mod theme;
mod video;
pub mod window;
pub mod workshop;

pub use app::App;
