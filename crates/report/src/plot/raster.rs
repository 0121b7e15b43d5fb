//! SVG to PNG, with the fonts that the program carries.

use anyhow::Context as _;
use epaint_default_fonts::{HACK_REGULAR, UBUNTU_LIGHT};
use image::RgbImage;
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};
use std::io::Cursor;
use std::sync::{Arc, LazyLock};

/// Pixels of a chart's PNG per pixel of its SVG.
const SCALE: f32 = 1.5;

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
    let tree = tree(svg)?;
    let size = tree.size().to_int_size().scale_by(SCALE).context("the picture has no size")?;
    let pixels = u64::from(size.width()) * u64::from(size.height());
    anyhow::ensure!(pixels <= MOST_PIXELS, "{}x{} pixels are more than {MOST_PIXELS}", size.width(), size.height());
    let mut pixmap = Pixmap::new(size.width(), size.height()).context("the picture is too large")?;
    pixmap.fill(Color::WHITE);
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixmap.as_mut());
    let mut bytes = Cursor::new(Vec::new());
    picture(&pixmap).write_to(&mut bytes, image::ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

/// Draws an SVG over a picture, a pixel of the one on a pixel of the other.
pub(super) fn over(picture: &RgbImage, svg: &str) -> anyhow::Result<RgbImage> {
    let tree = tree(svg)?;
    let mut pixmap = Pixmap::new(picture.width(), picture.height()).context("the picture has no pixels")?;
    for (to, [red, green, blue]) in pixmap.data_mut().as_chunks_mut::<4>().0.iter_mut().zip(picture.as_chunks::<3>().0)
    {
        *to = [*red, *green, *blue, u8::MAX];
    }
    resvg::render(&tree, Transform::identity(), &mut pixmap.as_mut());
    Ok(self::picture(&pixmap))
}

fn tree(svg: &str) -> anyhow::Result<Tree> {
    Ok(Tree::from_str(svg, &Options { fontdb: FONTS.clone(), ..Options::default() })?)
}

/// The colours of a pixmap that is opaque throughout: they are the same with and without its alpha.
fn picture(pixmap: &Pixmap) -> RgbImage {
    let mut image = RgbImage::new(pixmap.width(), pixmap.height());
    for (to, [red, green, blue, _]) in image.as_chunks_mut::<3>().0.iter_mut().zip(pixmap.data().as_chunks::<4>().0) {
        *to = [*red, *green, *blue];
    }
    image
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
