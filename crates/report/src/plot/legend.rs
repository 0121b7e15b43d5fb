//! The names of the series, in a strip of their own.

use super::layout::{Area, at, text};
use super::marks;
use super::panel::{Panel, Series};
use plotters::style::text_anchor::HPos;

/// Height in pixels of one line of names.
const LINE_HEIGHT: u32 = 22;

/// Width in pixels of the sample of line, dot or area beside a name.
const SAMPLE_WIDTH: u32 = 26;

/// Width in pixels of a character, on the wide side: no text is measured, so that any font may show the SVG.
const CHARACTER_WIDTH: u32 = 7;

/// One name and everything that is drawn under it.
pub(super) struct Entry<'a> {
    name: &'a str,
    series: Vec<&'a Series>,
}

impl Entry<'_> {
    fn width(&self) -> u32 {
        let characters = u32::try_from(self.name.chars().count()).unwrap_or(u32::MAX);
        CHARACTER_WIDTH.saturating_mul(characters).saturating_add(SAMPLE_WIDTH + 22)
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

/// Left end in pixels and line of each entry.
fn places(entries: &[Entry], width: u32) -> Vec<(u32, u32)> {
    let (mut left, mut line) = (8_u32, 0);
    let mut places = Vec::with_capacity(entries.len());
    for entry in entries {
        if left > 8 && left.saturating_add(entry.width()) > width {
            (left, line) = (8, line + 1);
        }
        places.push((left, line));
        left = left.saturating_add(entry.width());
    }
    places
}

/// Height in pixels of the strip.
pub(super) fn height(entries: &[Entry], width: u32) -> u32 {
    places(entries, width).last().map_or(0, |(_, line)| (line + 1) * LINE_HEIGHT + 6)
}

/// Draws the strip.
pub(super) fn draw(entries: &[Entry], strip: &Area, width: u32) -> anyhow::Result<()> {
    for (entry, (left, line)) in entries.iter().zip(places(entries, width)) {
        let (left, middle) = (left as i32, (line * LINE_HEIGHT + LINE_HEIGHT / 2 + 6) as i32);
        for series in &entry.series {
            marks::sample(series, strip, (at(left), at(middle)), SAMPLE_WIDTH as i32)?;
        }
        strip.draw_text(entry.name, &text(13, HPos::Left), (at(left + SAMPLE_WIDTH as i32 + 6), at(middle)))?;
    }
    Ok(())
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
        assert_eq!(height(&entries, 300), LINE_HEIGHT + 6);
        assert_eq!(height(&entries, 100), 2 * LINE_HEIGHT + 6);
        assert_eq!(height(&[], 100), 0);
    }
}
