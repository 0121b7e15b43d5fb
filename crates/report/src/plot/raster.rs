//! SVG to PNG, with the fonts that the program carries.

use anyhow::Context as _;
use epaint_default_fonts::{HACK_REGULAR, UBUNTU_LIGHT};
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};
use std::io::Cursor;
use std::sync::{Arc, LazyLock};

/// Pixels of the picture per pixel of the SVG.
pub(super) const SCALE: f32 = 1.5;

/// Pixels of a picture, at most: 400 MB while it is drawn.
const MOST_PIXELS: u64 = 100_000_000;

/// Ubuntu Light, and Hack for the signs that it lacks. No font of the machine is looked for.
static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(UBUNTU_LIGHT.to_vec());
    fonts.load_font_data(HACK_REGULAR.to_vec());
    let first = fonts.faces().next().and_then(|face| face.families.first());
    if let Some(name) = first.map(|(name, _)| name.clone()) {
        fonts.set_sans_serif_family(name);
    }
    Arc::new(fonts)
});

/// Draws an SVG as a PNG on white.
pub(super) fn png(svg: &str) -> anyhow::Result<Vec<u8>> {
    let options = Options { fontdb: FONTS.clone(), ..Options::default() };
    let tree = Tree::from_str(svg, &options)?;
    let size = tree.size().to_int_size().scale_by(SCALE).context("the picture has no size")?;
    let pixels = u64::from(size.width()) * u64::from(size.height());
    anyhow::ensure!(pixels <= MOST_PIXELS, "{}x{} pixels are more than {MOST_PIXELS}", size.width(), size.height());
    let mut pixmap = Pixmap::new(size.width(), size.height()).context("the picture is too large")?;
    pixmap.fill(Color::WHITE);
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixmap.as_mut());
    // Opaque throughout, so what is left without the alpha channel is the colour itself.
    let rgb: Vec<u8> = pixmap.data().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    let image = image::RgbImage::from_raw(size.width(), size.height(), rgb).context("the picture has no pixels")?;
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fonts_have_the_signs_of_labels() {
        let picture = |sign: char| {
            png(&format!(
                r#"<svg width="30" height="30" xmlns="http://www.w3.org/2000/svg">
                <text x="5" y="20" font-family="sans-serif" font-size="20">{sign}</text></svg>"#
            ))
            .unwrap()
        };
        let (blank, unknown) = (picture(' '), picture('\u{e123}'));
        for sign in "aτσμ²·–±≥°→".chars() {
            let drawn = picture(sign);
            assert!(drawn != blank && drawn != unknown, "{sign}");
        }
    }

    #[test]
    fn no_svg_and_a_huge_one_are_refused() {
        assert!(png("<p>").is_err());
        let huge = png(r#"<svg width="10000" height="10000" xmlns="http://www.w3.org/2000/svg"/>"#);
        assert_eq!(huge.unwrap_err().to_string(), "15000x15000 pixels are more than 100000000");
    }
}
