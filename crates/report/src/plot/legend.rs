//! The names of the series, in a strip of their own.

use super::colour::Colour;
use super::marks;
use super::panel::{Panel, Series};
use super::svg::{Side, Svg, Type};

/// Height of one line of names.
const LINE_HEIGHT: f64 = 22.0;

/// Size of the sample of line, dot or area beside a name.
const SAMPLE: [f64; 2] = [26.0, 16.0];

/// Width of a character, on the wide side: no text is measured, so that any font may show the SVG.
const CHARACTER_WIDTH: f64 = 7.0;

/// Room on the left of the first name of a line.
const LEFT: f64 = 8.0;

/// One name and everything that is drawn under it.
pub(super) struct Entry<'a> {
    pub name: &'a str,
    series: Vec<&'a Series>,
}

impl Entry<'_> {
    /// What is drawn under the name, as a picture by itself.
    pub fn sample(&self) -> String {
        let mut svg = Svg::default();
        self.draw_sample([0.0, SAMPLE[1] / 2.0], &mut svg);
        svg.document(SAMPLE)
    }

    fn draw_sample(&self, left: [f64; 2], svg: &mut Svg) {
        self.series.iter().for_each(|series| marks::sample(series, left, SAMPLE[0], svg));
    }

    fn width(&self) -> f64 {
        CHARACTER_WIDTH * self.name.chars().count() as f64 + SAMPLE[0] + 22.0
    }
}

/// The names in the order in which they first appear, once each. The same name in another panel is the same thing.
pub(super) fn entries(panels: &[Panel]) -> Vec<Entry<'_>> {
    let mut entries: Vec<Entry> = Vec::new();
    for panel in panels {
        let first = entries.len();
        for series in panel.series.iter().filter(|series| !series.name.is_empty()) {
            match entries.iter().position(|entry| entry.name == series.name) {
                Some(known) if known < first => {}
                Some(own) => entries[own].series.push(series),
                None => entries.push(Entry { name: &series.name, series: vec![series] }),
            }
        }
    }
    entries
}

/// Left end and line of each entry.
fn places(entries: &[Entry], width: f64) -> Vec<(f64, usize)> {
    let (mut left, mut line) = (LEFT, 0);
    let mut places = Vec::with_capacity(entries.len());
    for entry in entries {
        if left > LEFT && left + entry.width() > width {
            (left, line) = (LEFT, line + 1);
        }
        places.push((left, line));
        left += entry.width();
    }
    places
}

/// Height of a strip of this width.
pub(super) fn height(entries: &[Entry], width: f64) -> f64 {
    places(entries, width).last().map_or(0.0, |(_, line)| (line + 1) as f64 * LINE_HEIGHT + 6.0)
}

/// A strip of this width.
pub(super) fn draw(entries: &[Entry], width: f64) -> Svg {
    let mut svg = Svg::default();
    for (entry, (left, line)) in entries.iter().zip(places(entries, width)) {
        let middle = (line as f64 + 0.5) * LINE_HEIGHT + 6.0;
        entry.draw_sample([left, middle], &mut svg);
        let place = [left + SAMPLE[0] + 6.0, middle];
        svg.text(entry.name, place, Type::level(13.0, Side::Left), Colour::INK);
    }
    svg
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::{Axis, Colour};

    #[test]
    fn a_name_is_listed_once_and_entries_wrap_before_the_edge() {
        let panel = || {
            let panel = Panel::new("", Axis::linear("x"), Axis::linear("y"));
            let panel = panel.line("a", Colour::INK, [(0.0, 0.0)]).dots("a", Colour::INK, [(0.0, 0.0)]);
            panel.line("b", Colour::INK, [(0.0, 0.0)]).line("", Colour::INK, [(0.0, 0.0)])
        };
        let panels = [panel(), panel()];
        let entries = entries(&panels);
        let names: Vec<_> = entries.iter().map(|entry| (entry.name, entry.series.len())).collect();
        assert_eq!(names, [("a", 2), ("b", 1)]);
        assert_eq!(height(&entries, 300.0), LINE_HEIGHT + 6.0);
        assert_eq!(height(&entries, 100.0), 2.0 * LINE_HEIGHT + 6.0);
        assert_eq!(height(&[], 100.0), 0.0);
    }
}
