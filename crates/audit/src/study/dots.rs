//! The chart of every study: a dot for each training, a whisker for the interval of all of a policy.

use super::{Findings, Measure, Row, Study};
use lane_report::plot::{Axis, Colour, Figure, Interval, Panel};

/// Room between the marks of policies at one place, as a share of a step of a categorical axis.
const SPREAD: f64 = 0.7;

/// A panel's width beside its categories, and the room of each: many names stand below a wide panel.
const WIDTHS_PX: [u32; 2] = [120, 80];

/// Whiskers are shown to this multiple of the largest dot: two trainings leave intervals so wide that nothing else would be
/// seen.
const WHISKERS_PER_DOT: f64 = 1.5;

/// What one row has at one category: its interval, and a dot for each training.
pub struct Marks {
    /// Ends of the interval of all trainings together.
    pub interval: Option<[f64; 2]>,
    /// A value for each training.
    pub dots: Vec<f64>,
}

/// Rows side by side at each category: for each its name, its colour, and its marks at every category in order. Whiskers that
/// go on beyond half as much again as the largest dot end in an arrow.
pub fn dots_panel(title: &str, x: Axis, y: Axis, rows: &[(&str, Colour, Vec<Marks>)]) -> Panel {
    let mut panel = Panel::new(title, x, y);
    let dots = rows.iter().flat_map(|(.., marks)| marks).flat_map(|marks| &marks.dots);
    let largest = dots.fold(0.0_f64, |largest, dot| largest.max(dot.abs()));
    // Where every dot is 0, intervals are all there is to see.
    let bound = if largest > 0.0 { WHISKERS_PER_DOT * largest } else { f64::INFINITY };
    for (place, (name, colour, marks)) in rows.iter().enumerate() {
        let at = |category: usize| category as f64 + SPREAD * ((place as f64 + 0.5) / rows.len() as f64 - 0.5);
        let whiskers = marks.iter().enumerate().filter_map(|(category, marks)| {
            let [low, high] = marks.interval?;
            Some(Interval { x: at(category), low, high })
        });
        let dots = marks.iter().enumerate();
        let dots = dots.flat_map(|(category, marks)| marks.dots.iter().map(move |dot| (at(category), *dot)));
        panel = panel.whiskers_within(bound, *colour, whiskers.collect::<Vec<_>>());
        panel = panel.dots(name, *colour, dots.collect::<Vec<_>>());
    }
    panel
}

impl<S: Study> Findings<'_, S> {
    /// The first measure: groups of cases along the axis, policies and baselines beside each other.
    pub fn dots(&self) -> Figure {
        let Some(measure) = self.measures().first() else { return Figure::new("") };
        let y = Axis::linear(&measure.heading).including(0.0);
        let names: Vec<&str> = self.groups().iter().map(|group| group.name.as_str()).collect();
        let rows: Vec<(&str, Colour, Vec<Marks>)> = self
            .rows()
            .iter()
            .map(|row| {
                let marks = self.groups().iter().map(|group| marks(measure, &row.within(&group.holds)));
                (row.name.as_str(), row.colour, marks.collect())
            })
            .collect();
        let [beside, each] = WIDTHS_PX;
        let figure = Figure::new("").with(dots_panel("", Axis::categories("", names.clone()), y, &rows));
        if names.len() > 1 { figure.panel_size(beside + each * names.len() as u32, 0) } else { figure }
    }

    /// What [`Findings::dots`] shows.
    pub fn dots_caption(&self) -> String {
        let heading = self.measures().first().map_or("", |measure| &measure.heading);
        format!(
            "{heading}: a dot for each training, the 95 % interval of all trainings of a policy together. Where one \
             goes on beyond {WHISKERS_PER_DOT} times the largest dot it ends in an arrow; the table has the whole."
        )
    }
}

fn marks<S: Study>(measure: &Measure<S>, row: &Row<'_, S>) -> Marks {
    let (_, interval) = measure.score(row);
    let dots = row.single().map(|training| measure.score(&training).0).filter(|value| value.is_finite());
    let ends = interval.map(|found| [found.low, found.high]).filter(|ends| ends.iter().all(|end| end.is_finite()));
    Marks { interval: ends, dots: dots.collect() }
}
