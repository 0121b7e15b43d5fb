//! Draws the series of a panel, and a sample of each for the legend.

use super::colour::Colour;
use super::panel::{Interval, Series, Shape, Stroke, within};
use super::plot_area::PlotArea;
use super::svg::{Pen, Point, Svg};

const LINE_WIDTH: f64 = 1.75;

const DOT_RADIUS: f64 = 3.0;

/// Half the width of a whisker's end strokes.
const WHISKER_END: f64 = 4.0;

/// Length of the arrow head of a whisker that goes on.
const ARROW_HEAD: f64 = 7.0;

/// Dashes and the gaps between them.
const DASHES: [f64; 2] = [6.0, 4.0];

/// How much a band covers of what is below it.
const BAND_OPACITY: f64 = 0.2;

/// Draws one series.
pub(super) fn draw(plot: &PlotArea, series: &Series, svg: &mut Svg) {
    let Stroke { colour, .. } = series.stroke;
    match &series.shape {
        Shape::Line(points) => {
            let places: Vec<_> = points.iter().map(|(x, y)| plot.place(*x, *y)).collect();
            // A point without a place ends a piece of the line, and the next one begins another.
            for piece in places.split(Option::is_none) {
                line(&piece.iter().flatten().copied().collect::<Vec<_>>(), series.stroke, svg);
            }
        }
        Shape::Dots(points) => {
            for place in points.iter().filter_map(|(x, y)| plot.place(*x, *y)) {
                svg.dot(place, DOT_RADIUS, colour);
            }
        }
        Shape::Whiskers { intervals, bound } => {
            for Interval { x, low, high } in intervals {
                let shown = Interval { x: *x, low: within(*low, *bound), high: within(*high, *bound) };
                let Some((lower, upper)) = ends(plot, &shown) else { continue };
                svg.line(&[lower, upper], Pen::solid(colour, LINE_WIDTH));
                whisker_end(lower, (shown.low > *low).then_some(Side::Below), colour, svg);
                whisker_end(upper, (shown.high < *high).then_some(Side::Above), colour, svg);
            }
        }
        Shape::Band(intervals) => {
            let ends: Vec<_> = intervals.iter().map(|interval| ends(plot, interval)).collect();
            for piece in ends.split(Option::is_none) {
                band(&piece.iter().flatten().copied().collect::<Vec<_>>(), colour, svg);
            }
        }
        Shape::Bars { bars, width } => {
            for (x, y) in bars {
                let corners = [plot.place(x - width / 2.0, plot.base()), plot.place(x + width / 2.0, *y)];
                if let [Some(from), Some(to)] = corners {
                    svg.rectangle([from, to], colour);
                }
            }
        }
    }
}

/// Draws what a series looks like, for the legend, `width` pixels from a left end.
pub(super) fn sample(series: &Series, left: Point, width: f64, svg: &mut Svg) {
    let moved = |x, y| [left[0] + x, left[1] + y];
    let Stroke { colour, .. } = series.stroke;
    match series.shape {
        Shape::Line(_) => line(&[left, moved(width, 0.0)], series.stroke, svg),
        Shape::Dots(_) => svg.dot(moved(width / 2.0, 0.0), DOT_RADIUS, colour),
        Shape::Whiskers { .. } => {
            let ends = [moved(width / 2.0, 7.0), moved(width / 2.0, -7.0)];
            svg.line(&ends, Pen::solid(colour, LINE_WIDTH));
            ends.into_iter().for_each(|end| whisker_end(end, None, colour, svg));
        }
        Shape::Band(_) => {
            let ends = [0.0, width].map(|x| (moved(x, 6.0), moved(x, -6.0)));
            band(&ends, colour, svg);
        }
        Shape::Bars { .. } => svg.rectangle([moved(width / 4.0, -6.0), moved(3.0 * width / 4.0, 6.0)], colour),
    }
}

/// Lower and upper end of an interval.
fn ends(plot: &PlotArea, interval: &Interval) -> Option<(Point, Point)> {
    plot.place(interval.x, interval.low).zip(plot.place(interval.x, interval.high))
}

fn line(places: &[Point], stroke: Stroke, svg: &mut Svg) {
    let dashes = stroke.dashed.then_some(DASHES);
    match places {
        [] => {}
        // A line of one point has no length to be seen by.
        [only] => svg.dot(*only, DOT_RADIUS, stroke.colour),
        places => svg.line(places, Pen { dashes, ..Pen::solid(stroke.colour, LINE_WIDTH) }),
    }
}

/// Where an interval goes on beyond what is shown of it.
#[derive(Clone, Copy)]
enum Side {
    Above,
    Below,
}

/// A stroke across, or an arrow head where the interval goes on.
fn whisker_end([x, y]: Point, goes_on: Option<Side>, colour: Colour, svg: &mut Svg) {
    let sides = [x - WHISKER_END, x + WHISKER_END];
    match goes_on {
        None => svg.line(&sides.map(|x| [x, y]), Pen::solid(colour, LINE_WIDTH)),
        Some(side) => {
            let back = if let Side::Above = side { ARROW_HEAD } else { -ARROW_HEAD };
            svg.polygon(&[[sides[0], y + back], [x, y], [sides[1], y + back]], colour, 1.0);
        }
    }
}

fn band(ends: &[(Point, Point)], colour: Colour, svg: &mut Svg) {
    let lower = ends.iter().map(|(low, _)| *low);
    let upper = ends.iter().rev().map(|(_, high)| *high);
    svg.polygon(&lower.chain(upper).collect::<Vec<_>>(), colour, BAND_OPACITY);
}
