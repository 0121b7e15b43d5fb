//! Pictures of the interface on disk.

use super::app::App;
use super::raster::Raster;
use anyhow::Context as _;
use image::{ExtendedColorType, ImageEncoder as _, codecs::png::PngEncoder};
use lane_frame::whole_file::WholeFile;
use std::path::{Path, PathBuf};

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

/// Saves the pictures on screen side by side as a PNG, with the maps that lie over them or without.
///
/// # Errors
/// When there is no picture, or the path cannot be written, naming it.
pub fn write_pictures(app: &App, with_maps: bool, path: &Path) -> anyhow::Result<()> {
    let picture = app.pictures(with_maps).context("there is no picture to save")?;
    let output = WholeFile::create(path)?;
    let (width, height) = picture.dimensions();
    PngEncoder::new(output.writer()?)
        .write_image(&picture, width, height, ExtendedColorType::Rgb8)
        .with_context(|| format!("cannot write {}", path.display()))?;
    output.commit()
}

/// The first of `NAME-001.png`, `NAME-002.png` and so on that does not exist in this folder.
pub fn next_free_png(folder: &Path, name: &str) -> PathBuf {
    let numbered = |number: u32| folder.join(format!("{name}-{number:03}.png"));
    (1..).map(numbered).find(|path| !path.exists()).unwrap_or_else(|| numbered(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn screenshots_never_overwrite_each_other() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("liquid-lane-001.png"), "").unwrap();
        assert!(next_free_png(folder.path(), "liquid-lane").ends_with("liquid-lane-002.png"));
    }
}
