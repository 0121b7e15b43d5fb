//! Places title, panels and legend on the sheet.

use super::colour::Colour;
use super::panel::Panel;
use super::plot_area::{PlotArea, extra_height};
use super::svg::{Side, Svg, Type};
use super::{Figure, Part, Parts, heat_map, legend, marks};

/// Size of a panel, axes and labels included, unless the figure has another.
pub(super) const PANEL: [u32; 2] = [330, 250];

/// Height of the title's strip.
const TITLE_HEIGHT: f64 = 34.0;

/// Room around the figure.
const MARGIN: f64 = 8.0;

/// Panels of a figure, at most.
const MOST_PANELS: usize = 400;

/// The whole figure as SVG.
pub(super) fn whole(figure: &Figure) -> anyhow::Result<String> {
    let [panel_width, panel_height] = panel_size(figure)?;
    let entries = legend::entries(&figure.panels);
    let columns = figure.columns.min(figure.panels.len()).max(1);
    let rows = figure.panels.len().div_ceil(columns).max(1);
    let width = panel_width * columns as f64 + 2.0 * MARGIN;
    let title_height = if figure.title.is_empty() { 0.0 } else { TITLE_HEIGHT };
    let foot = MARGIN + title_height + panel_height * rows as f64;
    let inner_width = width - 2.0 * MARGIN;
    let height = foot + legend::height(&entries, inner_width) + MARGIN;

    let mut svg = Svg::default();
    svg.rectangle([[0.0, 0.0], [width, height]], Colour::PAPER);
    if !figure.title.is_empty() {
        svg.text(&figure.title, [MARGIN + 8.0, MARGIN + 14.0], Type::level(16.0, Side::Left), Colour::INK);
    }
    for (number, panel) in figure.panels.iter().enumerate() {
        let (column, row) = (number % columns, number / columns);
        let place = [MARGIN + column as f64 * panel_width, MARGIN + title_height + row as f64 * panel_height];
        svg.put(place, &draw(panel, [panel_width, panel_height]));
    }
    svg.put([MARGIN, foot], &legend::draw(&entries, inner_width));
    Ok(svg.document([width, height]))
}

/// The figure in parts.
pub(super) fn parts(figure: &Figure) -> anyhow::Result<Parts> {
    let size = panel_size(figure)?;
    let panel = |panel| Part { svg: draw(panel, size).document(size), name: String::new() };
    let entry = |entry: &legend::Entry| Part { svg: entry.sample(), name: entry.name.to_owned() };
    Ok(Parts {
        title: figure.title.clone(),
        panel_width: size[0],
        panels: figure.panels.iter().map(panel).collect(),
        legend: legend::entries(&figure.panels).iter().map(entry).collect(),
    })
}

/// Size of every panel of a figure: all are as high as the one with the longest names below it.
fn panel_size(figure: &Figure) -> anyhow::Result<[f64; 2]> {
    let count = figure.panels.len();
    anyhow::ensure!(count <= MOST_PANELS, "{count} panels are more than {MOST_PANELS}");
    let [width, height] = figure.panel_size.map(f64::from);
    let extra = figure.panels.iter().map(|panel| extra_height(panel, width)).fold(0.0, f64::max);
    Ok([width, height + extra.ceil()])
}

fn draw(panel: &Panel, [width, height]: [f64; 2]) -> Svg {
    let mut svg = Svg::default();
    let scale_width = if panel.heat_map.is_some() { heat_map::SCALE_WIDTH } else { 0.0 };
    let plot = PlotArea::draw(panel, [width - scale_width, height], &mut svg);
    if let Some(map) = &panel.heat_map {
        heat_map::draw(map, &plot, width - scale_width, &mut svg);
    }
    panel.series.iter().for_each(|series| marks::draw(&plot, series, &mut svg));
    svg
}
