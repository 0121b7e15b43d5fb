//! What turns an encoder's last feature map into steering: a recurrent cell, or dense layers without memory.

use super::cell::{Cell, CellRun, CellSpec, CellState};
use super::stepper::{DenseStepper, RecurrentStepper};
use super::{FirstWeights, to_vec};
use burn::module::{Module, Param};
use burn::tensor::{Tensor, activation::relu};
use liquid_cells::{Dense, Map};

/// Features from one dense layer per filter, rectified: "four per-channel linear layers" (Lechner et al. 2020, Methods).
#[derive(Module, Debug)]
pub struct PerFilter {
    /// `[filters, features per filter, pixels]`
    pub weight: Param<Tensor<3>>,
    /// `[filters, features per filter]`
    pub bias: Param<Tensor<2>>,
}

impl PerFilter {
    fn init(pixels: usize, filters: usize, per_filter: usize, first: &mut FirstWeights<'_>) -> Self {
        Self {
            weight: first.he_normal([filters, per_filter, pixels], pixels),
            bias: first.constant([filters, per_filter], 0.0),
        }
    }

    /// Features, filter by filter.
    ///
    /// # Shapes
    /// - map: `[batch, rows, columns, filters]`
    /// - returns: `[batch, filters · per filter]`
    fn forward(&self, map: Tensor<4>) -> Tensor<2> {
        let [batch, rows, columns, filters] = map.dims();
        let pixels = map.reshape([batch, rows * columns, filters]).permute([2, 1, 0]); // [filters, pixels, batch]
        let features = self.weight.val().matmul(pixels) + self.bias.val().unsqueeze_dim(2);
        relu(features.permute([2, 0, 1]).flatten(1, 2)) // [batch, filters * per filter]
    }
}

impl PerFilter {
    /// The layers as one over the whole map, whose numbers for other filters are 0.
    fn map(&self) -> Map {
        let [filters, per_filter, pixels] = self.weight.shape().dims();
        let mut whole = vec![0.0; filters * per_filter * pixels * filters];
        for (output, (row, weights)) in
            whole.chunks_exact_mut(pixels * filters).zip(to_vec(self.weight.val()).chunks_exact(pixels)).enumerate()
        {
            let of_filter = row.iter_mut().skip(output / per_filter).step_by(filters);
            of_filter.zip(weights).for_each(|(number, weight)| *number = *weight);
        }
        Map::new(&whole, &to_vec(self.bias.val()))
    }
}

/// From the last feature map to the sensory inputs of the neurons.
#[derive(Module, Debug)]
pub enum Features {
    /// One dense layer over the whole map, not rectified: the neurons' own sigmoids follow.
    Flat(Dense),
    /// One dense layer per filter.
    PerFilter(PerFilter),
}

impl Features {
    fn forward(&self, map: Tensor<4>) -> Tensor<2> {
        match self {
            Self::Flat(dense) => dense.forward(map.flatten(1, 3)),
            Self::PerFilter(layers) => layers.forward(map),
        }
    }
}

/// A few features into a recurrent cell.
#[derive(Module, Debug)]
pub struct RecurrentHead {
    features: Features,
    cell: Cell,
}

impl RecurrentHead {
    /// One dense layer into the cell.
    pub fn flat(map: [usize; 3], cell: &CellSpec, first: &mut FirstWeights<'_>) -> Self {
        let features = Dense::he(map.iter().product(), cell.core.inputs(), first);
        Self { features: Features::Flat(features), cell: Cell::init(cell, first) }
    }

    /// A dense layer per filter into the cell, whose inputs are a multiple of the filters.
    pub fn per_filter([rows, columns, filters]: [usize; 3], cell: &CellSpec, first: &mut FirstWeights<'_>) -> Self {
        let features = PerFilter::init(rows * columns, filters, cell.core.inputs() / filters, first);
        Self { features: Features::PerFilter(features), cell: Cell::init(cell, first) }
    }

    /// Runs a batch of sequences and says what the cell's neurons sensed, `[batch, steps, inputs]`.
    ///
    /// # Shapes
    /// - map: `[batch · steps, rows, columns, filters]`, elapsed: `[batch, steps]`
    pub fn forward(&self, map: Tensor<4>, state: CellState, elapsed: Tensor<2>) -> (CellRun, Tensor<3>) {
        let [batch, steps] = elapsed.dims();
        let features = self.features.forward(map).reshape([batch as i32, steps as i32, -1]);
        let sensory = self.cell.sense(features.clone());
        (self.cell.forward(features, state, elapsed), sensory)
    }

    /// The head as it is now, on plain numbers; nothing where its cell has no kernel.
    pub(crate) fn stepper(&self, unit_secs: f32) -> Option<RecurrentStepper> {
        let (features, is_rectified) = match &self.features {
            Features::Flat(dense) => (dense.map(), false),
            Features::PerFilter(layers) => (layers.map(), true),
        };
        Some(RecurrentStepper { features, is_rectified, cell: self.cell.stepper()?, unit_secs })
    }

    /// The cell.
    pub fn cell(&self) -> &Cell {
        &self.cell
    }

    /// The same head with another cell of the same inputs.
    pub fn with_cell(self, cell: Cell) -> Self {
        Self { cell, ..self }
    }

    /// See [`Cell::constrain`].
    pub fn constrain(mut self) -> Self {
        self.cell = self.cell.constrain();
        self
    }
}

/// Dense layers, rectified in between.
#[derive(Module, Debug)]
pub struct CnnHead {
    hidden: Vec<Dense>,
    /// `[1, inputs]`; no bias, as in the published baseline.
    output: Param<Tensor<2>>,
}

impl CnnHead {
    /// Dense layers of these widths, then one output.
    pub fn init(map: [usize; 3], widths: &[usize], first: &mut FirstWeights<'_>) -> Self {
        let mut inputs = map.iter().product();
        let mut hidden = Vec::with_capacity(widths.len());
        for &width in widths {
            hidden.push(Dense::he(inputs, width, first));
            inputs = width;
        }
        Self { hidden, output: first.he_normal([1, inputs], inputs) }
    }

    /// The head as it is now, on plain numbers.
    pub(crate) fn stepper(&self) -> DenseStepper {
        let hidden = self.hidden.iter().map(Dense::map).collect();
        DenseStepper { hidden, output: Map::new(&to_vec(self.output.val()), &[0.0]) }
    }

    /// The output of every frame and the activity of its last hidden layer, `[batch, width]`.
    ///
    /// # Shapes
    /// - map: `[batch, rows, columns, filters]`
    /// - returns: output `[batch, 1]`
    pub fn forward(&self, map: Tensor<4>) -> (Tensor<2>, Tensor<2>) {
        let hidden = self.hidden.iter().fold(map.flatten(1, 3), |input, dense| relu(dense.forward(input)));
        (hidden.clone().matmul(self.output.val().transpose()), hidden)
    }
}
