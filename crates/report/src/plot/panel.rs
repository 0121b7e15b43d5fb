//! One pair of axes and what is drawn on them.

use super::axis::Axis;
use super::colour::Colour;

/// How a series is drawn: its colour and, as a second mark beside it, dashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stroke {
    /// Colour of lines and dots.
    pub colour: Colour,
    /// Dashed lines, solid otherwise.
    pub dashed: bool,
}

impl From<Colour> for Stroke {
    fn from(colour: Colour) -> Self {
        Self { colour, dashed: false }
    }
}

impl Colour {
    /// This colour in dashed lines.
    pub const fn dashed(self) -> Stroke {
        Stroke { colour: self, dashed: true }
    }
}

/// Two values at one place: the ends of a whisker, or of a band.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Where.
    pub x: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// What a series looks like.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Line(Vec<(f64, f64)>),
    Dots(Vec<(f64, f64)>),
    /// Ends further from 0 than the bound are arrows at it.
    Whiskers {
        intervals: Vec<Interval>,
        bound: f64,
    },
    Band(Vec<Interval>),
    Bars {
        bars: Vec<(f64, f64)>,
        width: f64,
    },
}

/// Some data under one name.
#[derive(Clone, Debug)]
pub(super) struct Series {
    /// In the legend; the empty name is not.
    pub name: String,
    pub stroke: Stroke,
    pub shape: Shape,
}

/// Numbers in rows and columns, as colours: column `i` of row `j` is at x = `i`, y = `j`.
#[derive(Clone, Debug)]
pub struct HeatMap {
    /// What the colour means, with its unit.
    pub label: String,
    /// Rows from the bottom up.
    pub rows: Vec<Vec<f64>>,
    /// What the ends of the colour scale stand for; `None` for the smallest and the largest number.
    pub range: Option<(f64, f64)>,
}

/// A straight line through the whole panel.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    Horizontal(f64),
    Vertical(f64),
}

/// One chart: two axes and any number of series. Later ones cover earlier ones.
#[derive(Clone, Debug)]
pub struct Panel {
    pub(super) title: String,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) spans: Vec<(f64, f64)>,
    pub(super) rules: Vec<Rule>,
    pub(super) heat_map: Option<HeatMap>,
    pub(super) series: Vec<Series>,
}

impl Panel {
    /// An empty chart.
    pub fn new(title: impl Into<String>, x: Axis, y: Axis) -> Self {
        let (spans, rules, series) = (Vec::new(), Vec::new(), Vec::new());
        Self { title: title.into(), x, y, spans, rules, heat_map: None, series }
    }

    /// A line through points in their order.
    pub fn line(self, name: &str, stroke: impl Into<Stroke>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.series(name, stroke.into(), Shape::Line(points.into_iter().collect()))
    }

    /// A dot at each point.
    pub fn dots(self, name: &str, colour: Colour, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.series(name, colour.into(), Shape::Dots(points.into_iter().collect()))
    }

    /// A vertical line with end strokes for each interval.
    pub fn whiskers(self, colour: Colour, intervals: impl IntoIterator<Item = Interval>) -> Self {
        self.whiskers_within(f64::INFINITY, colour, intervals)
    }

    /// The same, but that an end further from 0 than the bound is an arrow there.
    pub fn whiskers_within(self, bound: f64, colour: Colour, intervals: impl IntoIterator<Item = Interval>) -> Self {
        self.series("", colour.into(), Shape::Whiskers { intervals: intervals.into_iter().collect(), bound })
    }

    /// A pale area between the lower and the upper ends.
    pub fn band(self, name: &str, colour: Colour, intervals: impl IntoIterator<Item = Interval>) -> Self {
        self.series(name, colour.into(), Shape::Band(intervals.into_iter().collect()))
    }

    /// Bars of one width, in units of the axis, centred on their x, standing on 0.
    pub fn bars(self, name: &str, colour: Colour, width: f64, bars: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.horizontal(0.0).series(name, colour.into(), Shape::Bars { bars: bars.into_iter().collect(), width })
    }

    /// Colours instead of series; the axes are best [`Axis::categories`].
    pub fn heat_map(mut self, map: HeatMap) -> Self {
        self.heat_map = Some(map);
        self
    }

    /// Shades the panel between two values of x.
    pub fn span(mut self, from: f64, to: f64) -> Self {
        self.spans.push((from, to));
        self
    }

    /// A thin line at this y.
    pub fn horizontal(mut self, y: f64) -> Self {
        self.rules.push(Rule::Horizontal(y));
        self
    }

    /// A thin line at this x.
    pub fn vertical(mut self, x: f64) -> Self {
        self.rules.push(Rule::Vertical(x));
        self
    }

    fn series(mut self, name: &str, stroke: Stroke, shape: Shape) -> Self {
        self.series.push(Series { name: name.to_owned(), stroke, shape });
        self
    }

    /// Every x that has something drawn at it.
    pub(super) fn xs(&self) -> Vec<f64> {
        let mut values: Vec<f64> = self.series.iter().flat_map(|series| series.shape.xs()).collect();
        values.extend(self.spans.iter().flat_map(|(from, to)| [*from, *to]));
        values.extend(self.rules.iter().filter_map(|rule| match rule {
            Rule::Vertical(x) => Some(*x),
            Rule::Horizontal(_) => None,
        }));
        values
    }

    /// Every y that has something drawn at it.
    pub(super) fn ys(&self) -> Vec<f64> {
        let mut values: Vec<f64> = self.series.iter().flat_map(|series| series.shape.ys()).collect();
        values.extend(self.rules.iter().filter_map(|rule| match rule {
            Rule::Horizontal(y) => Some(*y),
            Rule::Vertical(_) => None,
        }));
        values
    }
}

/// An end of a whisker, no further from 0 than a bound.
pub(super) fn within(end: f64, bound: f64) -> f64 {
    end.clamp(-bound, bound)
}

impl Shape {
    fn xs(&self) -> Vec<f64> {
        match self {
            Self::Line(points) | Self::Dots(points) => points.iter().map(|(x, _)| *x).collect(),
            Self::Whiskers { intervals, .. } | Self::Band(intervals) => intervals.iter().map(|at| at.x).collect(),
            Self::Bars { bars, width } => bars.iter().flat_map(|(x, _)| [x - width / 2.0, x + width / 2.0]).collect(),
        }
    }

    fn ys(&self) -> Vec<f64> {
        match self {
            Self::Line(points) | Self::Dots(points) | Self::Bars { bars: points, .. } => {
                points.iter().map(|(_, y)| *y).collect()
            }
            Self::Whiskers { intervals, bound } => {
                intervals.iter().flat_map(|at| [at.low, at.high]).map(|end| within(end, *bound)).collect()
            }
            Self::Band(intervals) => intervals.iter().flat_map(|at| [at.low, at.high]).collect(),
        }
    }
}
