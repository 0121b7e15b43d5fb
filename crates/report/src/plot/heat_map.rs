//! Draws numbers in rows and columns as colours, with the scale of the colours beside them.

use super::colour::Colour;
use super::extent::number;
use super::panel::HeatMap;
use super::plot_area::PlotArea;
use super::svg::{Side, Svg, Type};

/// Width of the colour scale with its numbers.
pub(super) const SCALE_WIDTH: f64 = 58.0;

/// Steps of the colour scale.
const STEPS: u32 = 64;

/// Draws the cells, and the scale from `left` on. A number that is not finite has no colour.
pub(super) fn draw(map: &HeatMap, plot: &PlotArea, left: f64, svg: &mut Svg) {
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
                svg.rectangle([from, to], Colour::amount(share));
            }
        }
    }
    if low <= high {
        draw_scale(map, (low, high), plot.ends(), left, svg);
    }
}

/// Rounded to three significant digits: what a scale needs.
fn three_digits(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

fn draw_scale(map: &HeatMap, (low, high): (f64, f64), [top, bottom]: [f64; 2], left: f64, svg: &mut Svg) {
    let place = |step: u32| bottom - (bottom - top) * f64::from(step) / f64::from(STEPS);
    for step in 0..STEPS {
        let colour = Colour::amount(f64::from(step) / f64::from(STEPS - 1));
        svg.rectangle([[left, place(step)], [left + 12.0, place(step + 1)]], colour);
    }
    for (value, y) in [(low, bottom), ((low + high) / 2.0, (top + bottom) / 2.0), (high, top)] {
        svg.text(&number(three_digits(value)), [left + 17.0, y], Type::level(11.0, Side::Left), Colour::INK);
    }
    let right = left + SCALE_WIDTH - 8.0;
    svg.text(&map.label, [right, top - 15.0], Type::level(11.0, Side::Right), Colour::INK);
}
