//! Charts from plain numbers: a [`Figure`] of [`Panel`]s, as SVG text or as PNG bytes.
//! Small pictures in a grid: a [`Sheet`] with headings, a [`contact_sheet`] with the paths of steering.
//!
//! There is one drawing path. The chart is written as SVG, and the picture is that same SVG rasterised by `resvg` with
//! fonts that the program carries, so it looks the same on a machine without any. The same data give the same bytes.
//!
//! ```
//! use lane_report::plot::{Axis, Colour, Figure, Panel};
//!
//! let panel = Panel::new("", Axis::linear("time (s)"), Axis::linear("offset (m)"))
//!     .line("policy", Colour::category(0), [(0.0, 0.1), (1.0, 0.3), (2.0, 0.2)])
//!     .span(0.5, 1.5);
//! let svg = Figure::new("A drive").with(panel).svg()?;
//! assert!(svg.starts_with("<svg"));
//! # Ok::<(), anyhow::Error>(())
//! ```
//!
//! - Colours are Okabe and Ito's for things that differ in kind, viridis for things that differ in amount.
//! - The legend has a strip of its own below the panels and never covers data.
//! - An axis always spans all its data: nothing is cut off. It stands on zero where nothing is negative. A number that is not finite, or not positive on a
//!   logarithmic axis, leaves a gap.

mod axis;
mod colour;
pub mod contact_sheet;
mod extent;
mod heat_map;
mod layout;
mod legend;
mod marks;
mod panel;
mod plot_area;
mod raster;
mod sheet;
mod svg;

pub use axis::Axis;
pub use colour::Colour;
pub use panel::{HeatMap, Interval, Panel, Stroke};
pub use sheet::Sheet;

use anyhow::Context as _;

/// Panels in a grid under one title, with one legend.
#[derive(Clone, Debug)]
pub struct Figure {
    title: String,
    columns: usize,
    panel_size: [u32; 2],
    panels: Vec<Panel>,
}

/// A figure in parts.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The title; may be empty.
    pub title: String,
    /// Width of each panel in pixels.
    pub panel_width: f64,
    /// The panels in their order, without names.
    pub panels: Vec<Part>,
    /// The names of the series with a sample of each.
    pub legend: Vec<Part>,
}

/// A small picture as SVG, with the name that belongs beside it.
#[derive(Clone, Debug)]
pub struct Part {
    /// The picture.
    pub svg: String,
    /// The name; may be empty.
    pub name: String,
}

impl Figure {
    /// A figure without panels, in one column. An empty title takes no room.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), columns: 1, panel_size: layout::PANEL, panels: Vec::new() }
    }

    /// Lays the panels out in rows of this many, at least 1.
    pub fn columns(mut self, columns: usize) -> Self {
        self.columns = columns.max(1);
        self
    }

    /// Makes every panel this large in pixels, axes included; by default 330x250, and never smaller.
    pub fn panel_size(mut self, width: u32, height: u32) -> Self {
        self.panel_size = [width.clamp(layout::PANEL[0], 2000), height.clamp(layout::PANEL[1], 2000)];
        self
    }

    /// Adds a panel, to the right of the last or at the start of the next row.
    pub fn with(mut self, panel: Panel) -> Self {
        self.panels.push(panel);
        self
    }

    /// The figure as SVG.
    ///
    /// # Errors
    /// When the figure is too large to be drawn.
    pub fn svg(&self) -> anyhow::Result<String> {
        layout::whole(self).with_context(|| format!("cannot draw the figure '{}'", self.title))
    }

    /// The figure in parts, for a page that lets them flow.
    ///
    /// # Errors
    /// When the figure is too large to be drawn.
    pub fn parts(&self) -> anyhow::Result<Parts> {
        layout::parts(self).with_context(|| format!("cannot draw the figure '{}'", self.title))
    }

    /// The figure as PNG, at 1.5 pixels per SVG pixel.
    ///
    /// # Errors
    /// When the figure is too large to be drawn.
    pub fn png(&self) -> anyhow::Result<Vec<u8>> {
        raster::png(&self.svg()?).with_context(|| format!("cannot draw the figure '{}'", self.title))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure() -> Figure {
        let axis = || Axis::linear("time (s)");
        let lines = Panel::new("Lines", axis(), Axis::log("length"))
            .line("LTC & more", Colour::category(0), [(0.0, 1.0), (1.0, 10.0), (2.0, 100.0)])
            .band("", Colour::category(0), [Interval { x: 0.0, low: 0.5, high: 2.0 }])
            .dots("LTC & more", Colour::category(0), [(1.0, 10.0)]);
        let bars = Panel::new("Bars", Axis::categories("policy", ["a", "b"]), Axis::linear("crashes (1/km)"))
            .bars("day", Colour::category(1), 0.4, [(0.0, 1.0), (1.0, 2.0)])
            .whiskers(Colour::INK, [Interval { x: 0.0, low: 0.5, high: 1.5 }]);
        Figure::new("Two panels").columns(2).with(lines).with(bars)
    }

    #[test]
    fn the_same_data_give_the_same_bytes() {
        assert_eq!(figure().svg().unwrap(), figure().svg().unwrap());
        assert_eq!(figure().png().unwrap(), figure().png().unwrap());
    }

    #[test]
    fn a_whisker_beyond_its_bound_ends_in_an_arrow_and_does_not_stretch_the_axis() {
        let with = |high: f64| {
            let panel = Panel::new("", Axis::linear("x"), Axis::linear("y"))
                .whiskers_within(2.0, Colour::INK, [Interval { x: 0.0, low: 0.5, high }])
                .dots("", Colour::INK, [(0.0, 1.0), (1.0, 1.0)]);
            Figure::new("").with(panel).svg().unwrap()
        };
        assert!(!with(2.0).contains("<polygon"), "an end at the bound is whole");
        assert_eq!(with(2.1).matches("<polygon").count(), 1);
        assert_eq!(with(2.1), with(1e6));
    }

    #[test]
    fn titles_labels_and_names_are_written_once_and_escaped() {
        let svg = figure().svg().unwrap();
        for text in ["Two panels", "Lines", "time (s)", "crashes (1/km)", "LTC &amp; more", "day"] {
            assert_eq!(svg.matches(text).count(), 1, "{text}");
        }
    }

    #[test]
    fn the_picture_has_ink_and_paper() {
        let picture = image::load_from_memory(&figure().png().unwrap()).unwrap().to_rgb8();
        let svg = figure().svg().unwrap();
        assert!(svg.contains(&format!("width=\"{}\"", picture.width() * 2 / 3)), "{}", picture.width());
        assert_eq!(picture.get_pixel(0, 0).0, [255; 3]);
        let blue = picture.pixels().filter(|pixel| pixel.0 == [0x00, 0x72, 0xb2]).count();
        assert!(blue > 100, "the line, its dot and their entry in the legend: {blue} pixels");
    }

    #[test]
    fn panels_without_drawable_data_are_drawn_empty() {
        let nothing = [(0.0, f64::NAN), (f64::INFINITY, 1.0), (1.0, -1.0)];
        let panel = Panel::new("", Axis::linear("x"), Axis::log("y")).line("n", Colour::INK, nothing);
        assert!(Figure::new("").with(panel).svg().unwrap().contains(">n</text>"));
        assert!(Figure::new("").svg().unwrap().starts_with("<svg"));
    }
}
