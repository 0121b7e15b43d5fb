//! Draws the series of a panel, and a sample of each for the legend.

use super::colour::Colour;
use super::layout::{Area, at, px};
use super::panel::{Interval, Series, Shape, Stroke};
use super::plot_area::{Place, PlotArea};
use plotters::element::{Circle, DashedPathElement, PathElement, Polygon, Rectangle};
use plotters::style::{Color as _, ShapeStyle};

/// Radius of a dot in pixels.
const DOT_RADIUS: u32 = 3;

/// Half the width of a whisker's end strokes in pixels.
const WHISKER_END: i32 = 4;

/// Dashes and the gaps between them in pixels.
const DASH: (u32, u32) = (6, 4);

/// How much a band covers of what is below it.
const BAND_OPACITY: f64 = 0.2;

/// Draws one series.
pub(super) fn draw(plot: &PlotArea, series: &Series) -> anyhow::Result<()> {
    let Stroke { colour, .. } = series.stroke;
    match &series.shape {
        Shape::Line(points) => {
            let places: Vec<_> = points.iter().map(|(x, y)| plot.place(*x, *y)).collect();
            // A point without a place ends a piece of the line, and the next one begins another.
            for piece in places.split(Option::is_none) {
                line(&plot.area, piece.iter().flatten().copied().collect(), series.stroke)?;
            }
        }
        Shape::Dots(points) => {
            for place in points.iter().filter_map(|(x, y)| plot.place(*x, *y)) {
                dot(&plot.area, place, colour)?;
            }
        }
        Shape::Whiskers(intervals) => {
            for (low, high) in intervals.iter().filter_map(|interval| ends(plot, interval)) {
                whisker(&plot.area, low, high, colour)?;
            }
        }
        Shape::Band(intervals) => {
            let ends: Vec<_> = intervals.iter().map(|interval| ends(plot, interval)).collect();
            for piece in ends.split(Option::is_none) {
                band(&plot.area, piece.iter().flatten().copied().collect(), colour)?;
            }
        }
        Shape::Bars { bars, width } => {
            for (x, y) in bars {
                let corners = [plot.place(x - width / 2.0, plot.base()), plot.place(x + width / 2.0, *y)];
                if let [Some(from), Some(to)] = corners {
                    plot.area.draw(&Rectangle::new([from, to], colour.rgb().filled()))?;
                }
            }
        }
    }
    Ok(())
}

/// Draws what a series looks like, for the legend: `width` pixels from a left end.
pub(super) fn sample(series: &Series, strip: &Area, left: Place, width: i32) -> anyhow::Result<()> {
    let moved = |x, y| (left.0 + at(x), left.1 + at(y));
    let Stroke { colour, .. } = series.stroke;
    match series.shape {
        Shape::Line(_) => line(strip, vec![left, moved(width, 0)], series.stroke),
        Shape::Dots(_) => dot(strip, moved(width / 2, 0), colour),
        Shape::Whiskers(_) => whisker(strip, moved(width / 2, 7), moved(width / 2, -7), colour),
        Shape::Band(_) => band(strip, vec![(moved(0, 6), moved(0, -6)), (moved(width, 6), moved(width, -6))], colour),
        Shape::Bars { .. } => {
            let corners = [moved(width / 4, -6), moved(3 * width / 4, 6)];
            Ok(strip.draw(&Rectangle::new(corners, colour.rgb().filled()))?)
        }
    }
}

/// Lower and upper end of an interval.
fn ends(plot: &PlotArea, interval: &Interval) -> Option<(Place, Place)> {
    plot.place(interval.x, interval.low).zip(plot.place(interval.x, interval.high))
}

/// Lines are 1.75 pixels wide.
fn pen(colour: Colour) -> ShapeStyle {
    colour.rgb().stroke_width(px(7) / 4)
}

fn line(area: &Area, places: Vec<Place>, stroke: Stroke) -> anyhow::Result<()> {
    let pen = pen(stroke.colour);
    match (places.len(), stroke.dashed) {
        (0, _) => {}
        // A line of one point has no length to be seen by.
        (1, _) => dot(area, places[0], stroke.colour)?,
        (_, false) => area.draw(&PathElement::new(places, pen))?,
        (_, true) => area.draw(&DashedPathElement::new(places, px(DASH.0), px(DASH.1), pen))?,
    }
    Ok(())
}

fn dot(area: &Area, place: Place, colour: Colour) -> anyhow::Result<()> {
    Ok(area.draw(&Circle::new(place, px(DOT_RADIUS), colour.rgb().filled()))?)
}

fn whisker(area: &Area, low: Place, high: Place, colour: Colour) -> anyhow::Result<()> {
    let across = |(x, y): Place| vec![(x - at(WHISKER_END), y), (x + at(WHISKER_END), y)];
    for places in [vec![low, high], across(low), across(high)] {
        area.draw(&PathElement::new(places, pen(colour)))?;
    }
    Ok(())
}

fn band(area: &Area, ends: Vec<(Place, Place)>, colour: Colour) -> anyhow::Result<()> {
    let lower = ends.iter().map(|(low, _)| *low);
    let upper = ends.iter().rev().map(|(_, high)| *high);
    Ok(area.draw(&Polygon::new(lower.chain(upper).collect::<Vec<_>>(), colour.rgb().mix(BAND_OPACITY).filled()))?)
}
