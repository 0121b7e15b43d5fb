//! Draws numbers in rows and columns as colours, with the scale of the colours beside them.

use super::colour::Colour;
use super::extent::number;
use super::layout::{Area, at, text};
use super::panel::HeatMap;
use super::plot_area::PlotArea;
use plotters::element::Rectangle;
use plotters::style::Color as _;
use plotters::style::text_anchor::HPos;

/// Steps of the colour scale.
const STEPS: i32 = 64;

/// Draws the cells, and the scale in the strip beside them. A number that is not finite has no colour.
pub(super) fn draw(map: &HeatMap, plot: &PlotArea, strip: &Area) -> anyhow::Result<()> {
    let finite = map.rows.iter().flatten().copied().filter(|value| value.is_finite());
    let ends = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    let (low, high) = map.range.unwrap_or(ends);
    for (row, values) in map.rows.iter().enumerate() {
        for (column, value) in values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
            let (x, y) = (column as f64, row as f64);
            let corners = [plot.place(x - 0.5, y - 0.5), plot.place(x + 0.5, y + 0.5)];
            // All the same: the middle of the scale.
            let share = if high > low { (value - low) / (high - low) } else { 0.5 };
            if let [Some(from), Some(to)] = corners {
                plot.area.draw(&Rectangle::new([from, to], Colour::amount(share).rgb().filled()))?;
            }
        }
    }
    if low <= high { draw_scale(map, (low, high), strip) } else { Ok(()) }
}

/// Rounded to three significant digits: what a scale needs.
fn three_digits(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

fn draw_scale(map: &HeatMap, (low, high): (f64, f64), strip: &Area) -> anyhow::Result<()> {
    let height = strip.dim_in_pixel().1 as i32;
    let (top, bottom) = (at(26), height - at(50));
    let place = |step: i32| bottom - (bottom - top) * step / STEPS;
    for step in 0..STEPS {
        let colour = Colour::amount(f64::from(step) / f64::from(STEPS - 1));
        // Each step lies on the end of the last, or the paper would shine through where they meet.
        let corners = [(at(2), place(step - step.min(1))), (at(14), place(step + 1))];
        strip.draw(&Rectangle::new(corners, colour.rgb().filled()))?;
    }
    for (value, y) in [(low, bottom), ((low + high) / 2.0, (top + bottom) / 2), (high, top)] {
        strip.draw_text(&number(three_digits(value)), &text(11, HPos::Left), (at(18), y))?;
    }
    Ok(strip.draw_text(&map.label, &text(12, HPos::Right), (at(66), height - at(16)))?)
}
