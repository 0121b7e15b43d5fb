//! Draws the axes of a panel, and finds the place of a pair of numbers between them.

use super::colour::Colour;
use super::extent::Extent;
use super::panel::{Panel, Rule};
use super::svg::{Pen, Point, Side, Svg, Type};

/// Marked values along an axis, at most: across, and upwards.
const TICKS: [usize; 2] = [7, 6];

/// Room above the data, for the panel's title, and to their right.
const TOP_ROOM: f64 = 28.0;
const RIGHT_ROOM: f64 = 14.0;

/// Room for the numbers and the label of an axis: below, and on the left at least.
const BOTTOM_ROOM: f64 = 46.0;
const LEFT_ROOM: f64 = 64.0;

/// Width of a letter of an axis's names, on average.
const LETTER: f64 = 6.0;

/// Names that have no room side by side are turned by so much.
const TURNED_DEG: f64 = 35.0;

/// The part of a panel in which its data are drawn.
pub(super) struct PlotArea {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    x: Extent,
    y: Extent,
}

impl PlotArea {
    /// Draws a panel's axes onto a part of the sheet of this size, with spans below and reference lines above the grid.
    pub(super) fn draw(panel: &Panel, size: [f64; 2], svg: &mut Svg) -> Self {
        let (left, bottom) = (left_room(panel), bottom_room(panel, size[0]));
        let plot = Self {
            left,
            top: TOP_ROOM,
            width: size[0] - left - RIGHT_ROOM,
            height: size[1] - TOP_ROOM - bottom,
            x: panel.x.extent(panel.xs().into_iter()),
            y: panel.y.extent(panel.ys().into_iter()).standing_on_zero(),
        };
        for (from, to) in &panel.spans {
            svg.rectangle([[plot.across(*from), plot.top], [plot.across(*to), plot.foot()]], Colour::SPAN);
        }
        plot.draw_axes(panel, size, svg);
        plot.draw_rules(&panel.rules, svg);
        plot
    }

    /// The place of a pair of numbers; `None` if one of them has none on its axis.
    pub(super) fn place(&self, x: f64, y: f64) -> Option<Point> {
        (self.x.holds(x) && self.y.holds(y)).then(|| [self.across(x), self.down(y)])
    }

    /// Where bars start.
    pub(super) fn base(&self) -> f64 {
        self.y.base()
    }

    /// Upper and lower end of the data's part.
    pub(super) fn ends(&self) -> [f64; 2] {
        [self.top, self.foot()]
    }

    fn foot(&self) -> f64 {
        self.top + self.height
    }

    fn across(&self, x: f64) -> f64 {
        self.left + self.width * self.x.share(x)
    }

    fn down(&self, y: f64) -> f64 {
        self.foot() - self.height * self.y.share(y)
    }

    fn draw_axes(&self, panel: &Panel, size: [f64; 2], svg: &mut Svg) {
        let (right, foot) = (self.left + self.width, self.foot());
        let [grid, axis] = [Colour::GRID, Colour::AXIS].map(|colour| Pen::solid(colour, 1.0));
        let (xs, ys) = (self.x.ticks(TICKS[0]), self.y.ticks(TICKS[1]));
        for (value, _) in &xs {
            svg.line(&[[self.across(*value), self.top], [self.across(*value), foot]], grid);
        }
        for (value, _) in &ys {
            svg.line(&[[self.left, self.down(*value)], [right, self.down(*value)]], grid);
        }
        svg.line(&[[self.left, self.top], [self.left, foot], [right, foot]], axis);
        let below = match has_turned_names(panel, size[0]) {
            true => Type { turned_deg: TURNED_DEG, ..Type::level(11.0, Side::Right) },
            false => Type::level(11.0, Side::Middle),
        };
        for (value, text) in &xs {
            let x = self.across(*value);
            svg.line(&[[x, foot], [x, foot + 4.0]], axis);
            svg.text(text, [x, foot + 13.0], below, Colour::INK);
        }
        for (value, text) in &ys {
            let y = self.down(*value);
            svg.line(&[[self.left - 4.0, y], [self.left, y]], axis);
            svg.text(text, [self.left - 8.0, y], Type::level(11.0, Side::Right), Colour::INK);
        }
        let (middle, centre) = (self.left + self.width / 2.0, self.top + self.height / 2.0);
        let label = Type::level(12.0, Side::Middle);
        if !panel.x.label.is_empty() {
            svg.text(&panel.x.label, [middle, size[1] - 11.0], label, Colour::INK);
        }
        if !panel.y.label.is_empty() {
            // A long label may reach beyond the data's part, but not beyond the panel.
            let length = LETTER * panel.y.label.chars().count() as f64;
            let upright = Type { size: label.size.min(label.size * size[1] / length), turned_deg: 90.0, ..label };
            let half = length.min(size[1]) / 2.0;
            svg.text(&panel.y.label, [12.0, centre.clamp(half, size[1] - half)], upright, Colour::INK);
        }
        if !panel.title.is_empty() {
            svg.text(&panel.title, [middle, 13.0], Type::level(13.0, Side::Middle), Colour::INK);
        }
    }

    fn draw_rules(&self, rules: &[Rule], svg: &mut Svg) {
        for rule in rules {
            let ends = match rule {
                Rule::Horizontal(y) => [[self.left, self.down(*y)], [self.left + self.width, self.down(*y)]],
                Rule::Vertical(x) => [[self.across(*x), self.top], [self.across(*x), self.foot()]],
            };
            svg.line(&ends, Pen::solid(Colour::AXIS, 1.0));
        }
    }
}

/// Room on the left of a panel: its names fit.
fn left_room(panel: &Panel) -> f64 {
    match panel.y.longest_name() {
        0 => LEFT_ROOM,
        letters => LEFT_ROOM.max(LETTER * letters as f64 + 16.0 + if panel.y.label.is_empty() { 0.0 } else { 16.0 }),
    }
}

/// Room below the data of a panel of this width.
fn bottom_room(panel: &Panel, width: f64) -> f64 {
    BOTTOM_ROOM + extra_height(panel, width) - if panel.x.label.is_empty() { 14.0 } else { 0.0 }
}

/// How much higher a panel of this width must be than another, so that names below it fit.
pub(super) fn extra_height(panel: &Panel, width: f64) -> f64 {
    let longest = LETTER * panel.x.longest_name() as f64;
    if has_turned_names(panel, width) { (longest * TURNED_DEG.to_radians().sin() - 4.0).max(0.0) } else { 0.0 }
}

/// Whether the names below a panel of this width are too long to stand side by side.
fn has_turned_names(panel: &Panel, width: f64) -> bool {
    let room = (width - left_room(panel) - RIGHT_ROOM) / panel.x.marked().max(1) as f64;
    LETTER * panel.x.longest_name() as f64 > room
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::Axis;

    #[test]
    fn long_names_beside_an_axis_get_the_room_they_take_and_numbers_no_more_than_before() {
        let panel = |names: [&str; 2]| Panel::new("", Axis::linear("x"), Axis::categories("", names));
        assert_eq!(left_room(&panel(["a", "b"])), LEFT_ROOM);
        assert_eq!(left_room(&panel(["a", "marking-erasure"])), 15.0 * LETTER + 16.0);
        assert_eq!(left_room(&panel(["1000000000000000", "2"])), LEFT_ROOM);
    }

    #[test]
    fn names_below_an_axis_are_turned_only_where_they_would_meet() {
        let panel = |names: &[&str]| Panel::new("", Axis::categories("", names.to_vec()), Axis::linear("y"));
        assert!(!has_turned_names(&panel(&["ncp", "cnn"]), 330.0));
        assert!(has_turned_names(&panel(&["red-soil", "black-soil", "no-markings", "daylight", "night"]), 330.0));
        assert_eq!(extra_height(&panel(&["ncp", "cnn"]), 330.0), 0.0);
    }
}
