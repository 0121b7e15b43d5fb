//! Synapses as lines: straight to a lower row, bent back to a higher one, arcs within a row.

use super::super::{Synapse, Wiring};
use super::page::{Cell, Page};

/// More lines than these are a grey area on paper and a slow file.
const MOST_LINES: usize = 20_000;
/// With more lines than these their ends would hide the cells.
const MOST_LINES_WITH_ENDS: usize = 700;
/// Depth below its row that the widest arc comes near: less than the gap to the next one.
const DEEPEST_ARC: f64 = 150.0;
/// Distance of the ends of an arc of half that depth.
const MIDDLING_ARC: f64 = 220.0;

/// The lines that are drawn.
pub(super) struct Lines {
    /// Path and polarity.
    paths: Vec<(String, i8)>,
    /// About one synapse of so many is drawn.
    step: usize,
}

impl Lines {
    pub(super) fn of(wiring: &Wiring, page: &Page) -> Self {
        let sensory = wiring.sensory_synapses().iter().map(|synapse| (page.input(synapse.source), synapse));
        let internal = wiring.synapses().iter().map(|synapse| (page.neuron(synapse.source), synapse));
        let synapses = wiring.sensory_synapses().len() + wiring.synapses().len();
        let step = synapses.div_ceil(MOST_LINES).max(1);
        let line = |((row, source), synapse): ((usize, Cell), &Synapse)| {
            let (target_row, target) = page.neuron(synapse.target);
            (path((row, source), (target_row, target)), synapse.polarity)
        };
        Self {
            paths: sensory
                .chain(internal)
                .enumerate()
                .filter(|(number, _)| is_drawn(*number, step))
                .map(|(_, synapse)| line(synapse))
                .collect(),
            step,
        }
    }

    /// Of how many synapses one is drawn, if not all are.
    pub(super) fn left_out(&self) -> Option<usize> {
        (self.step > 1).then_some(self.step)
    }

    /// Fine enough that single lines remain visible where many cross.
    pub(super) fn opacity(&self) -> f64 {
        (14.0 / (self.paths.len() as f64).sqrt()).clamp(0.1, 0.9)
    }

    pub(super) fn stroke_width(&self) -> f64 {
        (24.0 / (self.paths.len() as f64).sqrt()).clamp(0.5, 1.4)
    }

    pub(super) fn draw(&self) -> String {
        let ends = self.paths.len() <= MOST_LINES_WITH_ENDS;
        let line = |(path, polarity): &(String, i8)| {
            let (class, end) = if *polarity > 0 { ("e", "arrow") } else { ("i", "dot") };
            let end = if ends { format!(r#" marker-end="url(#{end})""#) } else { String::new() };
            // `fill` here too: some viewers do not read it from a style sheet.
            format!("<path class=\"{class}\" fill=\"none\"{end} d=\"{path}\"/>\n")
        };
        self.paths.iter().map(line).collect()
    }
}

/// Whether to draw a synapse if one in `step` is drawn. A multiplicative hash (Knuth, TAOCP 6.4) spreads the choice over
/// the cells; every `step`-th one would always meet the same targets.
fn is_drawn(number: usize, step: usize) -> bool {
    (number as u32).wrapping_mul(2_654_435_769) as usize <= u32::MAX as usize / step
}

/// From the edge of the source to the edge of the target.
fn path((source_row, source): (usize, Cell), (target_row, target): (usize, Cell)) -> String {
    if source_row == target_row {
        return if source.id == target.id { own_loop(source) } else { arc(source, target) };
    }
    // A line back leaves the straight way, where the line forth may lie.
    let bend = if source_row < target_row { 0.0 } else { 0.12 };
    let (dx, dy) = (target.x - source.x, target.y - source.y);
    let middle = ((source.x + target.x) / 2.0 - dy * bend, (source.y + target.y) / 2.0 + dx * bend);
    let ((x1, y1), (x2, y2)) = (edge(source, middle), edge(target, middle));
    if bend == 0.0 {
        format!("M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}")
    } else {
        format!("M{x1:.1} {y1:.1}Q{:.1} {:.1} {x2:.1} {y2:.1}", middle.0, middle.1)
    }
}

/// Where a line from the middle of a cell towards a point leaves the cell.
fn edge(cell: Cell, towards: (f64, f64)) -> (f64, f64) {
    let (dx, dy) = (towards.0 - cell.x, towards.1 - cell.y);
    let length = dx.hypot(dy).max(f64::MIN_POSITIVE);
    (cell.x + cell.radius * dx / length, cell.y + cell.radius * dy / length)
}

/// Below the row; the way to the left is deeper than the way to the right, so that the two of a pair do not coincide.
fn arc(source: Cell, target: Cell) -> String {
    let distance = (target.x - source.x).abs() * if target.x > source.x { 1.0 } else { 1.4 };
    let depth = 12.0 + (DEEPEST_ARC - 12.0) * distance / (distance + MIDDLING_ARC);
    // A cubic curve reaches three quarters of the way to its control points.
    let y = source.y + depth / 0.75;
    let inwards = (target.x - source.x) * 0.15;
    let (from, to) = ((source.x + inwards, y), (target.x - inwards, y));
    let ((x1, y1), (x2, y2)) = (edge(source, from), edge(target, to));
    format!("M{x1:.1} {y1:.1}C{:.1} {:.1} {:.1} {:.1} {x2:.1} {y2:.1}", from.0, from.1, to.0, to.1)
}

/// From a neuron to itself.
fn own_loop(cell: Cell) -> String {
    let (side, low) = (cell.radius * 1.9, cell.y + cell.radius * 3.4);
    let ((x1, y1), (x2, y2)) = (edge(cell, (cell.x - side, low)), edge(cell, (cell.x + side, low)));
    format!("M{x1:.1} {y1:.1}C{:.1} {low:.1} {:.1} {low:.1} {x2:.1} {y2:.1}", cell.x - side, cell.x + side)
}
