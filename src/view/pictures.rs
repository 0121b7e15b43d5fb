//! Picture tests: screens of the window against those in `tests/pictures`, which hold every second row and column's mean.
//!
//! `LIQUID_LANE_PICTURES=remake cargo test --release pictures` makes them anew; look at them before they are committed. Fonts
//! and drawing are the program's own, so other machines differ by rounding alone, which the tolerance covers.

use super::raster::Raster;
use image::RgbImage;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use std::path::PathBuf;

/// Levels of 255 by which a pixel may differ, and the share of pixels that may differ by more.
const LEVELS: u8 = 16;
const SHARE: f64 = 0.002;

/// Compares what a raster holds with the picture of this name.
pub fn check(raster: &Raster, name: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/pictures").join(name).with_extension("png");
    let shown = halved(raster);
    if std::env::var_os("LIQUID_LANE_PICTURES").is_some_and(|wish| wish == "remake") {
        let file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
        let encoder = PngEncoder::new_with_quality(file, CompressionType::Best, FilterType::Adaptive);
        shown.write_with_encoder(encoder).unwrap();
        return;
    }
    let expected = image::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).to_rgb8();
    assert_eq!(shown.dimensions(), expected.dimensions(), "{name}");
    let differs =
        |(a, b): &(&image::Rgb<u8>, &image::Rgb<u8>)| a.0.iter().zip(b.0).any(|(a, b)| a.abs_diff(b) > LEVELS);
    let share = shown.pixels().zip(expected.pixels()).filter(differs).count() as f64
        / f64::from(shown.width() * shown.height());
    if share > SHARE {
        let seen = std::env::temp_dir().join(name).with_extension("png");
        shown.save(&seen).unwrap();
        panic!("{name}: {:.2} % of its pixels differ; it looks as in {}", 100.0 * share, seen.display());
    }
}

/// The picture at half its width and height.
fn halved(raster: &Raster) -> RgbImage {
    let (width, pixels) = (raster.size().width as usize, raster.rgba());
    RgbImage::from_fn(raster.size().width / 2, raster.size().height / 2, |x, y| {
        let at = |dx: usize, dy: usize, channel| {
            u32::from(pixels[4 * ((2 * y as usize + dy) * width + 2 * x as usize + dx) + channel])
        };
        let mean =
            |channel| (at(0, 0, channel) + at(1, 0, channel) + at(0, 1, channel) + at(1, 1, channel)).div_ceil(4);
        image::Rgb([mean(0) as u8, mean(1) as u8, mean(2) as u8])
    })
}
