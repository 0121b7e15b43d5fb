//! Pictures of the interface on disk.

use super::app::App;
use super::export::Layout;
use super::raster::Raster;
use anyhow::Context as _;
use egui::RawInput;
use image::{ExtendedColorType, ImageEncoder as _, codecs::png::PngEncoder};
use lane_frame::whole_file::WholeFile;
use std::path::Path;

/// Saves what a raster holds as a PNG.
///
/// # Errors
/// Refuses a path that cannot be written, naming it.
pub fn write_png(raster: &Raster, path: &Path) -> anyhow::Result<()> {
    let output = WholeFile::create(path)?;
    encode_png(raster, &output)?;
    output.commit()
}

/// Writes a raster's pixels into a file in the making.
pub(super) fn encode_png(raster: &Raster, output: &WholeFile) -> anyhow::Result<()> {
    let (size, encoder) = (raster.size(), PngEncoder::new(output.writer()?));
    encoder
        .write_image(raster.rgba(), size.width, size.height, ExtendedColorType::Rgba8)
        .with_context(|| format!("cannot write {}", output.path().display()))
}

/// Saves the pictures on screen at their own size as a PNG, laid out like this.
///
/// # Errors
/// When there is no picture, or the path cannot be written, naming it.
pub fn write_pictures(app: &mut App, layout: Layout, path: &Path) -> anyhow::Result<()> {
    let size = app.pictures_size().context("there is no picture to save")?;
    let mut raster = Raster::new(size, 1.0);
    // Textures belong to the raster that draws them.
    app.forget_textures();
    raster.draw_layout(app, layout, RawInput::default());
    app.forget_textures();
    write_png(&raster, path)
}
