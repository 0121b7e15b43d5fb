//! Where the cells of a wiring lie on the page.

use std::ops::Range;

use super::super::{Layer, Synapse, Wiring};

/// Lengths are in pixels of the page, y down.
pub(super) const WIDTH: f64 = 1120.0;
/// A smaller cell has no room for its number.
pub(super) const LEAST_RADIUS_WITH_ID: f64 = 5.5;

/// Cells lie between the labels and the right margin.
const CELLS: Range<f64> = 200.0..1096.0;
const FIRST_ROW: f64 = 130.0;
const ROW_GAP: f64 = 190.0;
const BELOW_LAST_ROW: f64 = 70.0;
const LARGEST_SPACING: f64 = 110.0;
const LARGEST_RADIUS: f64 = 15.0;

/// The rows from the sensory inputs to the motor neurons.
pub(super) struct Page {
    pub(super) rows: Vec<Row>,
    pub(super) height: f64,
}

/// One layer, or the sensory inputs.
pub(super) struct Row {
    /// None for the sensory inputs.
    pub(super) layer: Option<Layer>,
    pub(super) name: &'static str,
    pub(super) cells_note: String,
    pub(super) synapses_note: String,
    pub(super) y: f64,
    ids: Range<usize>,
}

/// A sensory input or a neuron.
#[derive(Clone, Copy)]
pub(super) struct Cell {
    pub(super) id: usize,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) radius: f64,
}

impl Page {
    pub(super) fn of(wiring: &Wiring) -> Self {
        let layers = wiring.layers();
        let inputs = Row {
            layer: None,
            name: "Sensory",
            cells_note: counted(wiring.sensory(), "input"),
            synapses_note: format!("{} out", counted(wiring.sensory_synapses().len(), "synapse")),
            y: FIRST_ROW,
            ids: 0..wiring.sensory(),
        };
        let below = layers.iter().enumerate().map(|(number, (layer, ids))| {
            let y = FIRST_ROW + (number + 1) as f64 * ROW_GAP;
            Row::of(wiring, *layer, ids.clone(), y)
        });
        let arcs = layers.last().is_some_and(|(_, ids)| wiring.synapses().iter().any(|s| is_arc(s, ids)));
        let below_last_row = if arcs { ROW_GAP } else { BELOW_LAST_ROW };
        let height = FIRST_ROW + layers.len() as f64 * ROW_GAP + below_last_row;
        Self { rows: std::iter::once(inputs).chain(below).collect(), height }
    }

    /// Row number and place of a sensory input.
    pub(super) fn input(&self, id: usize) -> (usize, Cell) {
        (0, self.rows[0].cell(id))
    }

    /// Row number and place of a neuron.
    pub(super) fn neuron(&self, id: usize) -> (usize, Cell) {
        let found = self.rows.iter().enumerate().skip(1).find(|(_, row)| row.ids.contains(&id));
        // A wiring's synapses lead to its neurons, and every neuron has a layer.
        found.map_or_else(|| self.input(0), |(number, row)| (number, row.cell(id)))
    }
}

impl Row {
    fn of(wiring: &Wiring, layer: Layer, ids: Range<usize>, y: f64) -> Self {
        let all = wiring.sensory_synapses().iter().chain(wiring.synapses());
        let incoming = all.filter(|synapse| ids.contains(&synapse.target)).count();
        let name = match layer {
            Layer::Inter => "Inter",
            Layer::Command => "Command",
            Layer::Motor => "Motor",
        };
        let numbers = match ids.len() {
            1 => format!("number {}", ids.start),
            _ => format!("{} to {}", ids.start, ids.end - 1),
        };
        Self {
            layer: Some(layer),
            name,
            cells_note: format!("{}, {numbers}", counted(ids.len(), "neuron")),
            synapses_note: format!("{} in", counted(incoming, "synapse")),
            y,
            ids,
        }
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = Cell> {
        self.ids.clone().map(|id| self.cell(id))
    }

    fn cell(&self, id: usize) -> Cell {
        let spacing = ((CELLS.end - CELLS.start) / self.ids.len() as f64).min(LARGEST_SPACING);
        let from_middle = (id - self.ids.start) as f64 - (self.ids.len() - 1) as f64 / 2.0;
        let x = (CELLS.start + CELLS.end) / 2.0 + from_middle * spacing;
        Cell { id, x, y: self.y, radius: (spacing * 0.42).min(LARGEST_RADIUS) }
    }
}

/// Whether a synapse leads from one neuron of a layer to another.
fn is_arc(synapse: &Synapse, ids: &Range<usize>) -> bool {
    synapse.source != synapse.target && ids.contains(&synapse.source) && ids.contains(&synapse.target)
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
