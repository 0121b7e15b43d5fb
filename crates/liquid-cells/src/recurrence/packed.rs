//! A cell's parameters as its products read them: matrices in panels of sixteen outputs for the way forward, of sixteen
//! inputs for the way back.

use super::buffer::{Chunk, Lease, Pool};
use super::product::Panels;
use super::program::{Affine, Operation, Program};
use crate::lanes::LANES;
use std::ops::Range;
use std::sync::Arc;

/// The parameters of a program.
#[derive(Debug)]
pub(super) struct Packed {
    numbers: Lease,
    /// One per operation of the step; empty where it is no affine map.
    affines: Vec<Places>,
    /// One per operation that is done once; empty where it is no row.
    rows: Vec<Range<usize>>,
}

/// Where the parameters of an affine map are.
#[derive(Debug, Default)]
struct Places {
    /// Numbers of all sources.
    source_terms: usize,
    /// Numbers of all outputs.
    output_terms: usize,
    /// Per output, its panels: `[chunks of the output, source_terms]`.
    forward: Vec<Range<usize>>,
    /// Per output: `[chunks of the output]`.
    biases: Vec<Range<usize>>,
    /// Per source, its panels: `[chunks of the source, output_terms]`.
    backward: Vec<Range<usize>>,
}

impl Packed {
    /// # Arguments
    /// - parameters: in the order of their numbers, each of its own shape, flat
    /// - is_recording: whether there will be a way back
    pub(super) fn new(program: &Program, parameters: &[&[f32]], is_recording: bool, pool: &Arc<Pool>) -> Self {
        let mut size = 0;
        let mut take = |chunks: usize| {
            size += chunks;
            size - chunks..size
        };
        let mut affines = Vec::with_capacity(program.step.len());
        for operation in &program.step {
            affines.push(match operation {
                Operation::Affine(affine) => Places::new(program, affine, is_recording, &mut take),
                _ => Places::default(),
            });
        }
        let row = |operation: &Operation| match operation {
            Operation::Row { y, .. } => take(program.registers[*y].chunks()),
            _ => 0..0,
        };
        let rows: Vec<_> = program.once.iter().map(row).collect();
        let mut packed = Self { numbers: pool.lease(size), affines, rows };
        packed.fill(program, parameters);
        packed
    }

    fn fill(&mut self, program: &Program, parameters: &[&[f32]]) {
        let numbers = self.numbers.chunks_mut();
        numbers.fill([0.0; LANES]);
        for (operation, places) in program.step.iter().zip(&self.affines) {
            if let Operation::Affine(affine) = operation {
                places.fill(program, affine, parameters, numbers);
            }
        }
        for (operation, place) in program.once.iter().zip(&self.rows) {
            if let Operation::Row { parameter, .. } = operation {
                let row = parameters[*parameter];
                numbers[place.clone()].as_flattened_mut()[..row.len()].copy_from_slice(row);
            }
        }
    }

    /// The matrices into an output of an operation of the step, and its bias.
    pub(super) fn forward(&self, operation: usize, output: usize) -> (Panels<'_>, &[Chunk]) {
        let (places, numbers) = (&self.affines[operation], self.numbers.chunks());
        let panels = Panels { chunks: &numbers[places.forward[output].clone()], terms: places.source_terms };
        (panels, &numbers[places.biases[output].clone()])
    }

    /// The matrices from a source of an operation of the step.
    pub(super) fn backward(&self, operation: usize, source: usize) -> Panels<'_> {
        let places = &self.affines[operation];
        Panels { chunks: &self.numbers.chunks()[places.backward[source].clone()], terms: places.output_terms }
    }

    /// The row of an operation that is done once.
    pub(super) fn row(&self, operation: usize) -> &[Chunk] {
        &self.numbers.chunks()[self.rows[operation].clone()]
    }
}

impl Places {
    fn new(
        program: &Program,
        affine: &Affine,
        is_recording: bool,
        take: &mut impl FnMut(usize) -> Range<usize>,
    ) -> Self {
        let register = |id: usize| &program.registers[id];
        let source_terms = affine.sources.iter().map(|id| register(*id).width).sum();
        let output_terms = affine.outputs.iter().map(|output| register(output.y).width).sum();
        let outputs = || affine.outputs.iter().map(|output| register(output.y).chunks());
        Self {
            source_terms,
            output_terms,
            forward: outputs().map(|chunks| take(chunks * source_terms)).collect(),
            biases: outputs().map(&mut *take).collect(),
            backward: match is_recording {
                true => affine.sources.iter().map(|id| take(register(*id).chunks() * output_terms)).collect(),
                false => Vec::new(),
            },
        }
    }

    fn fill(&self, program: &Program, affine: &Affine, parameters: &[&[f32]], numbers: &mut [Chunk]) {
        let width = |id: usize| program.registers[id].width;
        let mut first_output = 0;
        for (number, output) in affine.outputs.iter().enumerate() {
            let outputs = width(output.y);
            let mut first_source = 0;
            for (source, block) in output.blocks.iter().enumerate() {
                let matrix = parameters[block.parameter];
                let sources = width(affine.sources[source]);
                for (o, i) in (0..outputs).flat_map(|o| (0..sources).map(move |i| (o, i))) {
                    let place = block.place(o, i);
                    let weight = matrix[place] * block.mask.as_ref().map_or(1.0, |mask| mask.values()[place]);
                    let at = self.forward[number].start + o / LANES * self.source_terms + first_source + i;
                    numbers[at][o % LANES] = weight;
                    if let Some(panels) = self.backward.get(source) {
                        let at = panels.start + i / LANES * self.output_terms + first_output + o;
                        numbers[at][i % LANES] = weight;
                    }
                }
                first_source += sources;
            }
            let biases = numbers[self.biases[number].clone()].as_flattened_mut();
            for (parameter, first) in &output.biases {
                let bias = &parameters[*parameter][*first..*first + outputs];
                biases.iter_mut().zip(bias).for_each(|(sum, bias)| *sum += bias);
            }
            first_output += outputs;
        }
    }
}
