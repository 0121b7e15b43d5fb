//! Places title, panels and legend on the sheet, and draws them as SVG.

use super::colour::Colour;
use super::panel::Panel;
use super::plot_area::PlotArea;
use super::{Figure, heat_map, legend, marks};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea as _};
use plotters::prelude::SVGBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{IntoFont as _, TextStyle, WHITE};

/// SVG units per pixel: the drawing library places in whole units, which would show in slanted lines.
const UNITS: u32 = 20;

/// Size of a panel in pixels, axes and labels included, unless the figure has another.
pub(super) const PANEL: (u32, u32) = (330, 250);

/// Height in pixels of the title's strip.
const TITLE_HEIGHT: u32 = 34;

/// Room in pixels around the figure.
const MARGIN: u32 = 8;

/// Room in pixels for the numbers and the label of an axis: below, and on the left at least.
pub(super) const LABEL_ROOM: (u32, u32) = (40, 62);

/// Width in pixels of a letter of an axis's names, on average.
const LETTER: u32 = 6;

/// Width in pixels of a heat map's colour scale with its numbers.
const SCALE_WIDTH: u32 = 70;

/// Part of the sheet, in SVG units.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Pixels as SVG units.
pub(super) const fn px(pixels: u32) -> u32 {
    pixels * UNITS
}

/// Pixels as a coordinate in SVG units.
pub(super) const fn at(pixels: i32) -> i32 {
    pixels * UNITS as i32
}

/// Text of a size in pixels, anchored at a side and at half its height.
pub(super) fn text(pixels: u32, side: HPos) -> TextStyle<'static> {
    // The library writes the size divided by 1.24.
    let size = 1.24 * f64::from(px(pixels));
    ("sans-serif", size).into_font().color(&Colour::INK.rgb()).pos(Pos::new(side, VPos::Center))
}

/// Pixels that the parts of a figure take.
struct Sheet {
    rows: usize,
    columns: usize,
    width: u32,
    height: u32,
    title_height: u32,
    panels_height: u32,
}

impl Sheet {
    fn of(figure: &Figure, entries: &[legend::Entry]) -> anyhow::Result<Self> {
        // Keeps every coordinate far from the end of 32 bits.
        anyhow::ensure!(figure.panels.len() <= 400, "{} panels are more than 400", figure.panels.len());
        let columns = figure.columns.min(figure.panels.len()).max(1);
        let rows = figure.panels.len().div_ceil(columns).max(1);
        let width = figure.panel_size.0 * columns as u32 + 2 * MARGIN;
        let title_height = if figure.title.is_empty() { 0 } else { TITLE_HEIGHT };
        let panels_height = figure.panel_size.1 * rows as u32;
        let height = title_height + panels_height + legend::height(entries, width) + 2 * MARGIN;
        Ok(Self { rows, columns, width, height, title_height, panels_height })
    }
}

/// The whole figure as SVG.
pub(super) fn draw(figure: &Figure) -> anyhow::Result<String> {
    let entries = legend::entries(&figure.panels);
    let sheet = Sheet::of(figure, &entries)?;
    let mut svg = String::new();
    draw_parts(figure, &entries, &sheet, &mut svg)?;
    // The coordinates stay in units, the size is in pixels.
    let in_units = format!("width=\"{}\" height=\"{}\"", px(sheet.width), px(sheet.height));
    Ok(svg.replacen(&in_units, &format!("width=\"{}\" height=\"{}\"", sheet.width, sheet.height), 1))
}

fn draw_parts(figure: &Figure, entries: &[legend::Entry], sheet: &Sheet, svg: &mut String) -> anyhow::Result<()> {
    let whole = SVGBackend::with_string(svg, (px(sheet.width), px(sheet.height))).into_drawing_area();
    whole.fill(&WHITE)?;
    let inner = whole.margin(px(MARGIN), px(MARGIN), px(MARGIN), px(MARGIN));
    let (title, rest) = inner.split_vertically(px(sheet.title_height));
    let (panels, strip) = rest.split_vertically(px(sheet.panels_height));
    if !figure.title.is_empty() {
        title.draw_text(&figure.title, &text(16, HPos::Left), (at(8), at(14)))?;
    }
    for (panel, area) in figure.panels.iter().zip(panels.split_evenly((sheet.rows, sheet.columns))) {
        draw_panel(panel, figure.panel_size.0, &area)?;
    }
    legend::draw(entries, &strip, sheet.width)?;
    Ok(whole.present()?)
}

/// Room in pixels on the left of a panel: its names fit.
pub(super) fn left_room(panel: &Panel) -> u32 {
    let names = panel.y.longest_name() as u32 * LETTER;
    LABEL_ROOM.1.max(if names > 0 { names + 16 } else { 0 })
}

fn draw_panel(panel: &Panel, width: u32, area: &Area) -> anyhow::Result<()> {
    let scale_width = if panel.heat_map.is_some() { SCALE_WIDTH } else { 0 };
    let (main, strip) = area.split_horizontally(px(width - scale_width));
    if !panel.title.is_empty() {
        let middle = (left_room(panel) + width - scale_width) / 2;
        main.draw_text(&panel.title, &text(13, HPos::Center), (px(middle) as i32, at(13)))?;
    }
    let plot = PlotArea::draw(panel, &main)?;
    if let Some(map) = &panel.heat_map {
        heat_map::draw(map, &plot, &strip)?;
    }
    panel.series.iter().try_for_each(|series| marks::draw(&plot, series))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::Axis;

    #[test]
    fn long_names_beside_an_axis_get_the_room_they_take_and_numbers_no_more_than_before() {
        let panel = |names: [&str; 2]| Panel::new("", Axis::linear("x"), Axis::categories("", names));
        assert_eq!(left_room(&panel(["a", "b"])), LABEL_ROOM.1);
        assert_eq!(left_room(&panel(["a", "marking-erasure"])), 15 * LETTER + 16);
        assert_eq!(left_room(&panel(["1000000000000000", "2"])), LABEL_ROOM.1);
    }
}
