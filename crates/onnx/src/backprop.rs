//! VisualBackProp (Bojarski et al. 2018) on a graph: the mean over channels of what each convolution's activation gives,
//! multiplied from the deepest down to the picture, enlarged by a transposed convolution of ones.

use crate::graph::Graph;
use crate::proto::{GraphProto, NodeProto};
use crate::tensor::Tensor;
use lane_frame::Size;
use std::collections::BTreeSet;

/// A convolution of a graph, and the activation behind it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Convolution {
    /// Name of the value that the activation gives.
    pub activation: String,
    /// Rows and columns of its window.
    kernel: [usize; 2],
    stride: [usize; 2],
    /// Zeros above and left of its input.
    padding: [usize; 2],
}

/// Operators between a convolution and its activation that change no places.
const BETWEEN: [&str; 4] = ["BatchNormalization", "Add", "Mul", "Identity"];

/// Operators that are activations.
const ACTIVATIONS: [&str; 9] = ["Relu", "Elu", "LeakyRelu", "Selu", "Sigmoid", "Tanh", "HardSwish", "Clip", "Softplus"];

/// The convolutions that the picture reaches, in the order in which they run; those without an activation are left out.
pub(crate) fn convolutions(graph: &Graph, picture: &str) -> Vec<Convolution> {
    let graph = graph.proto();
    let mut reached = BTreeSet::from([picture]);
    let mut found: Vec<Convolution> = Vec::new();
    for node in &graph.node {
        if !node.input.iter().any(|input| reached.contains(input.as_str())) {
            continue;
        }
        reached.extend(node.output.iter().map(String::as_str));
        if node.op_type == "Conv" {
            // Two that are added before one activation, as around a residual block, count once.
            let new = |convolution: &Convolution| found.iter().all(|other| other.activation != convolution.activation);
            found.extend(convolution(node, graph).filter(new));
        }
    }
    found
}

fn convolution(node: &NodeProto, graph: &GraphProto) -> Option<Convolution> {
    let weights = graph.initializer.iter().find(|tensor| Some(&tensor.name) == node.input.get(1))?;
    let [_, _, rows, columns] = weights.dims[..] else { return None };
    let ints = |name: &str| node.attribute.iter().find(|attribute| attribute.name == name).map(|found| &found.ints[..]);
    let pair = |numbers: Option<&[i64]>, usual: usize| match numbers {
        Some([rows, columns, ..]) => Some([usize::try_from(*rows).ok()?, usize::try_from(*columns).ok()?]),
        _ => Some([usual; 2]),
    };
    if ints("dilations").is_some_and(|dilations| dilations.iter().any(|dilation| *dilation != 1)) {
        return None;
    }
    let kernel = [usize::try_from(rows).ok()?, usize::try_from(columns).ok()?];
    let same = node.attribute.iter().any(|attribute| attribute.s.as_ref().is_some_and(|s| s.starts_with(b"SAME")));
    let padding = if same { kernel.map(|side| (side - 1) / 2) } else { pair(ints("pads"), 0)? };
    let activation = activation(node, graph)?;
    Some(Convolution { activation, kernel, stride: pair(ints("strides"), 1)?, padding })
}

/// The value of the activation behind a convolution.
fn activation(node: &NodeProto, graph: &GraphProto) -> Option<String> {
    let mut value = node.output.first()?;
    for _ in 0..6 {
        let consumers: Vec<_> = graph.node.iter().filter(|node| node.input.contains(value)).collect();
        if let Some(found) = consumers.iter().find(|node| ACTIVATIONS.contains(&node.op_type.as_str())) {
            return found.output.first().cloned();
        }
        let next = consumers.iter().find(|node| BETWEEN.contains(&node.op_type.as_str()))?;
        value = next.output.first()?;
    }
    None
}

/// A map of one number per place, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// How many rows it has.
    pub rows: usize,
    /// How many columns.
    pub columns: usize,
    /// Its numbers.
    pub values: Vec<f32>,
}

/// The relevance of each pixel from the activations, each `[batch, channels, rows, columns]`, of which the first frame
/// counts. Nothing where they are not of that kind.
pub(crate) fn relevance(convolutions: &[Convolution], activations: Vec<Tensor>, size: Size) -> Option<Vec<f32>> {
    let means = activations.into_iter().map(channel_mean).collect::<Option<Vec<_>>>()?;
    let mut above: Option<Plane> = None;
    for (at, (convolution, mean)) in convolutions.iter().zip(&means).enumerate().rev() {
        let relevant = match above {
            None => mean.values.clone(),
            Some(above) => {
                above.resized(mean.rows, mean.columns).iter().zip(&mean.values).map(|(a, b)| a * b).collect()
            }
        };
        let (rows, columns) = match at.checked_sub(1).map(|before| &means[before]) {
            Some(before) => (before.rows, before.columns),
            None => (size.height as usize, size.width as usize),
        };
        above = Some(convolution.spread(&Plane { values: relevant, ..*mean }, rows, columns));
    }
    above.map(|plane| plane.values)
}

/// What an activation gives for the first frame, at 0 where it is negative, averaged over the channels.
fn channel_mean(activation: Tensor) -> Option<Plane> {
    let [_, channels, rows, columns] = activation.shape[..] else { return None };
    let (numbers, places) = (activation.into_floats(), rows * columns);
    let mut values = vec![0.0; places];
    for channel in numbers.chunks_exact(places.max(1)).take(channels) {
        values.iter_mut().zip(channel).for_each(|(value, number)| *value += number.max(0.0) / channels as f32);
    }
    values.iter().all(|value| value.is_finite()).then_some(Plane { rows, columns, values })
}

impl Convolution {
    /// Every place gives its value to the places of its window, in a map of the convolution's input; where pooling lies
    /// between this and the input, the map has the smaller size and is enlarged.
    fn spread(&self, plane: &Plane, rows: usize, columns: usize) -> Plane {
        let (down, across) = (self.input_side(plane.rows, 0, rows), self.input_side(plane.columns, 1, columns));
        let mut values = vec![0.0; down * across];
        for row in 0..plane.rows {
            for column in 0..plane.columns {
                let value = plane.values[row * plane.columns + column];
                for y in self.window(row, 0, down) {
                    values[y * across..][self.window(column, 1, across)].iter_mut().for_each(|pixel| *pixel += value);
                }
            }
        }
        let spread = Plane { rows: down, columns: across, values };
        let values = spread.resized(rows, columns);
        Plane { rows, columns, values }
    }

    /// Length of the convolution's input along an axis: that of the map below where the convolution can have it.
    fn input_side(&self, output: usize, axis: usize, below: usize) -> usize {
        let reach = output.saturating_sub(1) * self.stride[axis] + self.kernel[axis];
        let least = reach.saturating_sub(2 * self.padding[axis]).max(1);
        if (least..least + self.stride[axis] + 2 * self.padding[axis]).contains(&below) { below } else { least }
    }

    fn window(&self, at: usize, axis: usize, limit: usize) -> std::ops::Range<usize> {
        let start = (at * self.stride[axis]).saturating_sub(self.padding[axis]);
        let end = (at * self.stride[axis] + self.kernel[axis]).saturating_sub(self.padding[axis]);
        start.min(limit)..end.min(limit)
    }
}

impl Plane {
    /// The values at another size: that of the nearest place.
    fn resized(&self, rows: usize, columns: usize) -> Vec<f32> {
        if (rows, columns) == (self.rows, self.columns) {
            return self.values.clone();
        }
        let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        places
            .map(|(row, column)| self.values[row * self.rows / rows * self.columns + column * self.columns / columns])
            .collect()
    }
}
