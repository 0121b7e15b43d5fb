//! Marks on paper, written as SVG. Lengths are in pixels, x to the right and y down.

use super::colour::Colour;
use std::fmt::Write as _;

/// A place: from the left, from the top.
pub(super) type Point = [f64; 2];

/// How a line is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pen {
    pub colour: Colour,
    pub width: f64,
    /// How much it hides of what is below it, up to 1.
    pub opacity: f64,
    /// Lengths of the dashes and of the gaps between them; `None` for a solid line.
    pub dashes: Option<[f64; 2]>,
}

impl Pen {
    /// A pen for a solid line.
    pub fn solid(colour: Colour, width: f64) -> Self {
        Self { colour, width, opacity: 1.0, dashes: None }
    }
}

/// The side of a text that lies at its place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Side {
    Left,
    Middle,
    Right,
}

/// How words are set: size in pixels, the side at their place, and degrees that they are turned to the left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Type {
    pub size: f64,
    pub side: Side,
    pub turned_deg: f64,
}

impl Type {
    /// Level words.
    pub fn level(size: f64, side: Side) -> Self {
        Self { size, side, turned_deg: 0.0 }
    }
}

/// Marks, each above those before it.
#[derive(Clone, Debug, Default)]
pub(super) struct Svg {
    marks: String,
}

impl Svg {
    /// Fills the rectangle between two opposite corners, with edges so sharp that neighbours show no seam.
    pub fn rectangle(&mut self, [from, to]: [Point; 2], fill: Colour) {
        let (left, top) = (Px(from[0].min(to[0])), Px(from[1].min(to[1])));
        let (width, height) = (Px((to[0] - from[0]).abs()), Px((to[1] - from[1]).abs()));
        self.mark(format_args!(
            r#"<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="{fill}" shape-rendering="crispEdges"/>"#
        ));
    }

    /// Draws a line through points.
    pub fn line(&mut self, points: &[Point], pen: Pen) {
        let dashes = pen.dashes.map(|[dash, gap]| format!(r#" stroke-dasharray="{} {}""#, Px(dash), Px(gap)));
        let (points, dashes) = (joined(points), dashes.unwrap_or_default());
        let Pen { colour, width, opacity, .. } = pen;
        let opacity = if opacity < 1.0 { format!(r#" stroke-opacity="{}""#, Px(opacity)) } else { String::new() };
        self.mark(format_args!(
            r#"<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{}"{opacity}{dashes}/>"#,
            Px(width)
        ));
    }

    /// Fills a polygon; an opacity of 1 hides what is below it.
    pub fn polygon(&mut self, points: &[Point], fill: Colour, opacity: f64) {
        let points = joined(points);
        self.mark(format_args!(r#"<polygon points="{points}" fill="{fill}" fill-opacity="{}"/>"#, Px(opacity)));
    }

    /// Fills a circle.
    pub fn dot(&mut self, [x, y]: Point, radius: f64, fill: Colour) {
        self.mark(format_args!(r#"<circle cx="{}" cy="{}" r="{}" fill="{fill}"/>"#, Px(x), Px(y), Px(radius)));
    }

    /// Writes words, centred on their place in height.
    pub fn text(&mut self, words: &str, [x, y]: Point, set: Type, fill: Colour) {
        let (x, y) = (Px(x), Px(y));
        let anchor = match set.side {
            Side::Left => "start",
            Side::Middle => "middle",
            Side::Right => "end",
        };
        let turn = match set.turned_deg {
            0.0 => String::new(),
            degrees => format!(r#" transform="rotate({} {x} {y})""#, Px(-degrees)),
        };
        let (size, words) = (Px(set.size), Escaped(words));
        // Half the height of a capital below its middle is where its foot stands.
        self.mark(format_args!(
            r#"<text x="{x}" y="{y}" dy="0.35em" text-anchor="{anchor}" font-size="{size}" fill="{fill}"{turn}>{words}</text>"#
        ));
    }

    /// Puts other marks so that their origin lies at a place.
    pub fn put(&mut self, [x, y]: Point, part: &Self) {
        self.mark(format_args!("<g transform=\"translate({} {})\">\n{}</g>", Px(x), Px(y), part.marks));
    }

    /// Puts other marks so that their origin lies at a place, and only what lies within this width and height is seen.
    pub fn window(&mut self, [x, y]: Point, [width, height]: [f64; 2], part: &Self) {
        let [x, y, width, height] = [x, y, width, height].map(Px);
        let marks = &part.marks;
        self.mark(format_args!(
            "<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" overflow=\"hidden\">\n{marks}</svg>"
        ));
    }

    /// The marks as a picture of this width and height.
    pub fn document(&self, [width, height]: [f64; 2]) -> String {
        let (width, height, marks) = (Px(width), Px(height), &self.marks);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} \
             {height}\" font-family=\"sans-serif\">\n{marks}</svg>\n"
        )
    }

    fn mark(&mut self, mark: std::fmt::Arguments) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.marks, "{mark}");
    }
}

fn joined(points: &[Point]) -> String {
    points.iter().map(|[x, y]| format!("{},{}", Px(*x), Px(*y))).collect::<Vec<_>>().join(" ")
}

/// A length as short as a hundredth of a pixel allows.
struct Px(f64);

impl std::fmt::Display for Px {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hundredths = (self.0 * 100.0).round();
        // Adding zero turns a negative zero into a positive one.
        write!(f, "{}", hundredths / 100.0 + 0.0)
    }
}

/// Words in which no sign means anything to a reader of SVG.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.chars().try_for_each(|sign| match sign {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            other => write!(f, "{other}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_short_and_words_are_escaped() {
        let mut svg = Svg::default();
        svg.dot([1.0 / 3.0, -0.001], 3.0, Colour::INK);
        svg.text("a < b & c", [10.0, 20.0], Type { turned_deg: 90.0, ..Type::level(12.0, Side::Right) }, Colour::INK);
        let text = svg.document([40.0, 30.5]);
        assert!(text.starts_with(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" height=\"30.5\" viewBox=\"0 0 40 30.5\""
        ));
        assert!(text.contains(r##"<circle cx="0.33" cy="0" r="3" fill="#222222"/>"##), "{text}");
        assert!(text.contains(r#"transform="rotate(-90 10 20)">a &lt; b &amp; c</text>"#), "{text}");
    }

    #[test]
    fn a_rectangle_may_be_given_by_any_two_opposite_corners() {
        let drawn = |corners| {
            let mut svg = Svg::default();
            svg.rectangle(corners, Colour::INK);
            svg.marks
        };
        let once = drawn([[1.0, 2.0], [5.0, 10.0]]);
        assert!(once.contains(r#"x="1" y="2" width="4" height="8""#), "{once}");
        assert_eq!(once, drawn([[5.0, 2.0], [1.0, 10.0]]));
    }
}
