//! The memory that a graph's values take, from shapes alone and before anything runs.
//!
//! Shapes go from operator to operator, and with them the few numbers of which shapes are made. Where an operator is not
//! known here, or the shape depends on the picture, nothing is known of what follows, and nothing of it is counted.

use crate::proto::{AttributeProto, GraphProto, NodeProto};
use crate::tensor::{Numbers, Tensor};
use crate::weights;
use std::collections::BTreeMap;

/// Values of more numbers make no shapes.
const MOST_NUMBERS: usize = 64;

/// What is known of a value.
#[derive(Clone, Debug, PartialEq)]
struct Known {
    shape: Vec<u64>,
    /// Its numbers, of a small value that does not depend on the picture.
    numbers: Option<Vec<f64>>,
}

/// The values that are known when no picture is.
#[derive(Debug)]
pub(crate) struct Sizes {
    nodes: Vec<NodeProto>,
    weights: BTreeMap<String, Known>,
}

impl Sizes {
    pub fn new(graph: &GraphProto) -> Self {
        let weights = weights::by_name(graph).into_iter().map(|(name, tensor)| (name.to_owned(), of_weights(&tensor)));
        let mut weights: BTreeMap<String, Known> = weights.collect();
        // Weights of other types have a shape too.
        for tensor in &graph.initializer {
            let shape = tensor.dims.iter().map(|side| u64::try_from(*side).unwrap_or(0)).collect();
            weights.entry(tensor.name.clone()).or_insert(Known { shape, numbers: None });
        }
        Self { nodes: graph.node.clone(), weights }
    }

    /// Refuses to run what takes more bytes than allowed, all values together, with inputs of these shapes.
    ///
    /// # Errors
    /// When it does: at which operator, in one line.
    pub fn check<'a>(&self, inputs: impl Iterator<Item = (&'a str, &'a [usize])>, most: u64) -> Result<(), String> {
        let of_input = |(name, shape): (&str, &[usize])| {
            let shape = shape.iter().map(|side| *side as u64).collect();
            (name.to_owned(), Known { shape, numbers: None })
        };
        let mut known: BTreeMap<String, Known> = inputs.map(of_input).collect();
        let mut bytes = 0_u64;
        for node in &self.nodes {
            let value = |name: &String| known.get(name).or_else(|| self.weights.get(name));
            let inputs: Vec<Option<&Known>> = node.input.iter().map(value).collect();
            let Some(outputs) = (Operator { node, inputs }).outputs() else { continue };
            for (name, output) in node.output.iter().zip(outputs) {
                let numbers = output.shape.iter().fold(1_u64, |product, side| product.saturating_mul(*side));
                bytes = bytes.saturating_add(numbers.saturating_mul(4));
                if bytes > most {
                    let (operator, name) = (&node.op_type, &node.name);
                    let (needed, most) = (bytes >> 20, most >> 20);
                    return Err(format!(
                        "operator `{operator}` of node `{name}` would bring the graph to {needed} MiB, of {most} that it may take"
                    ));
                }
                known.insert(name.clone(), output);
            }
        }
        Ok(())
    }
}

fn of_weights(tensor: &Tensor) -> Known {
    let shape: Vec<u64> = tensor.shape.iter().map(|side| *side as u64).collect();
    let numbers = match &tensor.numbers {
        _ if shape.iter().product::<u64>() > MOST_NUMBERS as u64 => None,
        Numbers::Float(numbers) => Some(numbers.iter().copied().map(f64::from).collect()),
        Numbers::Int(numbers) => Some(numbers.iter().copied().map(f64::from).collect()),
        Numbers::Byte(_) | Numbers::SignedByte(_) => None,
    };
    Known { shape, numbers }
}

/// An operator, and what is known of what it takes.
struct Operator<'a> {
    node: &'a NodeProto,
    inputs: Vec<Option<&'a Known>>,
}

impl Operator<'_> {
    /// What is known of its outputs; nothing where too little is.
    fn outputs(&self) -> Option<Vec<Known>> {
        let one = |shape: Vec<u64>| Some(vec![Known { shape, numbers: None }]);
        match self.node.op_type.as_str() {
            "Identity" | "Cast" => Some(vec![self.input(0)?.clone()]),
            "Relu"
            | "LeakyRelu"
            | "Elu"
            | "Sigmoid"
            | "Tanh"
            | "Softplus"
            | "Softsign"
            | "HardSigmoid"
            | "HardSwish"
            | "Swish"
            | "Gelu"
            | "Erf"
            | "Exp"
            | "Log"
            | "Sqrt"
            | "Reciprocal"
            | "Neg"
            | "Abs"
            | "Sin"
            | "Cos"
            | "Clip"
            | "Floor"
            | "Ceil"
            | "Round"
            | "Not"
            | "BatchNormalization"
            | "LayerNormalization"
            | "InstanceNormalization"
            | "Softmax"
            | "LogSoftmax"
            | "CumSum" => one(self.input(0)?.shape.clone()),
            "Add" | "Sub" | "Mul" | "Div" => self.of_two(),
            "Pow" | "PRelu" | "Max" | "Min" | "Sum" | "Mean" | "Where" | "Equal" | "Greater" | "Less"
            | "GreaterOrEqual" | "LessOrEqual" | "And" | "Or" => one(self.spread()?),
            "Shape" => {
                let shape = &self.input(0)?.shape;
                let numbers = shape.iter().map(|side| *side as f64).collect();
                Some(vec![Known { shape: vec![shape.len() as u64], numbers: Some(numbers) }])
            }
            "Gather" => self.gather(),
            "Slice" => self.slice(),
            "Concat" => self.concat(),
            "Unsqueeze" | "Squeeze" | "Reshape" | "Flatten" => self.as_it_lies(),
            "Transpose" => one(self.transposed()?),
            "Expand" => one(spread_over(&self.input(0)?.shape, &self.sides(1)?)?),
            "Tile" => one(self.input(0)?.shape.iter().zip(self.sides(1)?).map(|(a, b)| a.saturating_mul(b)).collect()),
            "ConstantOfShape" => one(self.sides(0)?),
            "Pad" => one(self.padded()?),
            "Resize" => one(self.resized()?),
            "OneHot" => {
                let mut shape = self.input(0)?.shape.clone();
                shape.push(*self.sides(1)?.first()?);
                one(shape)
            }
            "Range" => {
                let [start, end, step] = [self.number(0)?, self.number(1)?, self.number(2)?];
                one(vec![((end - start) / step).ceil().max(0.0) as u64])
            }
            "MatMul" => one(self.product()?),
            "Gemm" => {
                let side = |at: usize, turned: &str, usual: usize| {
                    let turned = self.int(turned, 0) != 0;
                    self.input(at)?.shape.get(if turned { 1 - usual } else { usual }).copied()
                };
                one(vec![side(0, "transA", 0)?, side(1, "transB", 1)?])
            }
            "Conv" | "ConvTranspose" | "MaxPool" | "AveragePool" => one(self.windows()?),
            "GlobalAveragePool" | "GlobalMaxPool" => {
                let shape = self.input(0)?.shape.iter().enumerate();
                one(shape.map(|(at, side)| if at < 2 { *side } else { 1 }).collect())
            }
            "LSTM" | "GRU" => {
                let ([steps, batch, _], [directions, _, units]) = (self.input(0)?.sides()?, self.input(2)?.sides()?);
                let last = Known { shape: vec![directions, batch, units], numbers: None };
                let every = Known { shape: vec![steps, directions, batch, units], numbers: None };
                Some(vec![every, last.clone(), last])
            }
            // Of no more numbers than they take.
            "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceMin" | "ReduceL2" | "ReduceSumSquare" => {
                one(self.reduced()?)
            }
            _ => None,
        }
    }

    fn input(&self, at: usize) -> Option<&Known> {
        self.inputs.get(at).copied().flatten()
    }

    fn attribute(&self, name: &str) -> Option<&AttributeProto> {
        self.node.attribute.iter().find(|attribute| attribute.name == name)
    }

    fn int(&self, name: &str, usual: i64) -> i64 {
        self.attribute(name).and_then(|attribute| attribute.i).unwrap_or(usual)
    }

    /// Whole numbers of an input, or of the attribute that older files have in its place.
    fn whole(&self, at: usize, attribute: &str) -> Option<Vec<i64>> {
        match self.inputs.get(at).copied().flatten() {
            Some(known) => Some(known.numbers.as_ref()?.iter().map(|number| *number as i64).collect()),
            None => self.attribute(attribute).map(|attribute| attribute.ints.clone()),
        }
    }

    /// Numbers of an input as sides; what is below 0 cannot be run and counts as 0.
    fn sides(&self, at: usize) -> Option<Vec<u64>> {
        Some(self.input(at)?.numbers.as_ref()?.iter().map(|number| *number as u64).collect())
    }

    fn number(&self, at: usize) -> Option<f64> {
        self.input(at)?.numbers.as_ref()?.first().copied()
    }

    fn axis(&self, axis: i64, sides: usize) -> Option<usize> {
        let from_front = if axis < 0 { axis + sides as i64 } else { axis };
        usize::try_from(from_front).ok().filter(|axis| *axis < sides)
    }

    fn spread(&self) -> Option<Vec<u64>> {
        (0..self.inputs.len()).try_fold(Vec::new(), |shape, at| spread_over(&shape, &self.input(at)?.shape))
    }

    /// Sums and products, also of the numbers that shapes are made of.
    fn of_two(&self) -> Option<Vec<Known>> {
        let (first, second) = (self.input(0)?, self.input(1)?);
        let operation: fn(f64, f64) -> f64 = match self.node.op_type.as_str() {
            "Add" => |a, b| a + b,
            "Sub" => |a, b| a - b,
            "Mul" => |a, b| a * b,
            _ => |a, b| (a / b).trunc(),
        };
        let numbers = first.numbers.as_ref().zip(second.numbers.as_ref()).and_then(|(a, b)| match (a.len(), b.len()) {
            (first, second) if first == second => Some(a.iter().zip(b).map(|(a, b)| operation(*a, *b)).collect()),
            (_, 1) => Some(a.iter().map(|a| operation(*a, b[0])).collect()),
            (1, _) => Some(b.iter().map(|b| operation(a[0], *b)).collect()),
            _ => None,
        });
        Some(vec![Known { shape: spread_over(&first.shape, &second.shape)?, numbers }])
    }

    fn gather(&self) -> Option<Vec<Known>> {
        let (data, indices) = (self.input(0)?, self.input(1)?);
        let axis = self.axis(self.int("axis", 0), data.shape.len())?;
        let shape = [&data.shape[..axis], &indices.shape[..], &data.shape[axis + 1..]].concat();
        let numbers = data.numbers.as_ref().filter(|_| data.shape.len() == 1).zip(indices.numbers.as_ref());
        let numbers = numbers.and_then(|(data, indices)| {
            indices.iter().map(|index| data.get(self.axis(*index as i64, data.len())?).copied()).collect()
        });
        Some(vec![Known { shape, numbers }])
    }

    fn slice(&self) -> Option<Vec<Known>> {
        let data = self.input(0)?;
        let (starts, ends) = (self.whole(1, "starts")?, self.whole(2, "ends")?);
        let axes = self.whole(3, "axes").unwrap_or_else(|| (0..starts.len() as i64).collect());
        let steps = self.whole(4, "steps").unwrap_or_else(|| vec![1; starts.len()]);
        let mut known = data.clone();
        for (((start, end), axis), step) in starts.iter().zip(&ends).zip(&axes).zip(&steps) {
            let axis = self.axis(*axis, data.shape.len())?;
            let length = i64::try_from(data.shape[axis]).ok()?;
            let from_front = |at: i64| (if at < 0 { at.saturating_add(length) } else { at }).clamp(0, length);
            let taken = from_front(*end).saturating_sub(from_front(*start)).max(0);
            if *step == 1 {
                known.shape[axis] = taken as u64;
                let part = from_front(*start) as usize..from_front(*start) as usize + taken as usize;
                known.numbers = known.numbers.and_then(|numbers| numbers.get(part).map(<[f64]>::to_vec));
            } else {
                // No more than there were.
                known.numbers = None;
            }
        }
        Some(vec![known])
    }

    fn concat(&self) -> Option<Vec<Known>> {
        let mut whole = self.input(0)?.clone();
        let axis = self.axis(self.int("axis", 0), whole.shape.len())?;
        for at in 1..self.inputs.len() {
            let part = self.input(at)?;
            whole.shape[axis] = whole.shape[axis].saturating_add(*part.shape.get(axis)?);
            whole.numbers = whole.numbers.zip(part.numbers.clone()).map(|(a, b)| [a, b].concat());
        }
        whole.numbers = whole.numbers.filter(|numbers| whole.shape.len() == 1 && numbers.len() <= MOST_NUMBERS);
        Some(vec![whole])
    }

    /// Another shape of as many numbers.
    fn as_it_lies(&self) -> Option<Vec<Known>> {
        let data = self.input(0)?;
        let length = data.shape.iter().fold(1_u64, |product, side| product.saturating_mul(*side));
        let shape = match self.node.op_type.as_str() {
            "Flatten" => {
                let axis = self.int("axis", 1);
                let axis = usize::try_from(if axis < 0 { axis + data.shape.len() as i64 } else { axis }).ok()?;
                let first = data.shape.get(..axis)?.iter().product::<u64>();
                vec![first, length.checked_div(first)?]
            }
            "Unsqueeze" => {
                let axes = self.whole(1, "axes")?;
                let sides = data.shape.len() + axes.len();
                let axes = axes.iter().map(|axis| self.axis(*axis, sides)).collect::<Option<Vec<_>>>()?;
                let mut old = data.shape.iter();
                let side = |at: usize| if axes.contains(&at) { Some(1) } else { old.next().copied() };
                (0..sides).map(side).collect::<Option<Vec<_>>>()?
            }
            "Squeeze" => {
                let axes = self.whole(1, "axes");
                let axes = axes.map(|axes| axes.iter().map(|axis| self.axis(*axis, data.shape.len())).collect());
                let axes: Option<Vec<usize>> = axes.map_or(Some(None), |axes: Option<Vec<usize>>| axes.map(Some))?;
                let gone = |at: usize, side: u64| axes.as_ref().map_or(side == 1, |axes| axes.contains(&at));
                let sides = data.shape.iter().enumerate().filter(|(at, side)| !gone(*at, **side));
                sides.map(|(_, side)| *side).collect()
            }
            _ => {
                let told = self.whole(1, "shape")?;
                let side = |(at, told): (usize, &i64)| match told {
                    0 => data.shape.get(at).copied(),
                    -1 => Some(u64::MAX),
                    told => u64::try_from(*told).ok(),
                };
                let mut shape = told.iter().enumerate().map(side).collect::<Option<Vec<u64>>>()?;
                let others = shape.iter().filter(|side| **side != u64::MAX).product::<u64>();
                let rest = length.checked_div(others)?;
                shape.iter_mut().filter(|side| **side == u64::MAX).for_each(|side| *side = rest);
                shape
            }
        };
        Some(vec![Known { shape, numbers: data.numbers.clone() }])
    }

    fn transposed(&self) -> Option<Vec<u64>> {
        let shape = &self.input(0)?.shape;
        match self.attribute("perm") {
            None => Some(shape.iter().rev().copied().collect()),
            Some(order) => order.ints.iter().map(|from| Some(shape[self.axis(*from, shape.len())?])).collect(),
        }
    }

    fn padded(&self) -> Option<Vec<u64>> {
        let (mut shape, pads) = (self.input(0)?.shape.clone(), self.whole(1, "pads")?);
        let axes = self.whole(3, "axes").unwrap_or_else(|| (0..shape.len() as i64).collect());
        for (at, axis) in axes.iter().enumerate() {
            let axis = self.axis(*axis, shape.len())?;
            let margins = pads.get(at)?.saturating_add(*pads.get(at + axes.len())?);
            shape[axis] = shape[axis].saturating_add_signed(margins);
        }
        Some(shape)
    }

    fn resized(&self) -> Option<Vec<u64>> {
        let shape = &self.input(0)?.shape;
        match self.input(3) {
            Some(_) => self.sides(3),
            None => {
                let scales = self.input(2)?.numbers.as_ref()?;
                Some(shape.iter().zip(scales).map(|(side, scale)| (*side as f64 * scale) as u64).collect())
            }
        }
    }

    fn product(&self) -> Option<Vec<u64>> {
        let (first, second) = (&self.input(0)?.shape, &self.input(1)?.shape);
        let [of_first, of_second] = [first, second].map(|shape| shape.len().saturating_sub(2));
        let mut shape = spread_over(&first[..of_first], &second[..of_second])?;
        if first.len() > 1 {
            shape.push(first[of_first]);
        }
        if second.len() > 1 {
            shape.push(second[of_second + 1]);
        }
        Some(shape)
    }

    /// Of windows the most places that there can be.
    fn windows(&self) -> Option<Vec<u64>> {
        let input = &self.input(0)?.shape;
        let turned = self.node.op_type == "ConvTranspose";
        let groups = u64::try_from(self.int("group", 1)).ok()?;
        let channels = match self.node.op_type.as_str() {
            "Conv" => self.input(1)?.shape[..].first().copied()?,
            "ConvTranspose" => self.input(1)?.shape.get(1)?.saturating_mul(groups),
            _ => *input.get(1)?,
        };
        let told = |name: &str| self.attribute(name).map(|attribute| attribute.ints.clone()).unwrap_or_default();
        let (strides, pads, kernel) = (told("strides"), told("pads"), told("kernel_shape"));
        let sides = input.len().checked_sub(2)?;
        let mut shape = vec![*input.first()?, channels];
        for at in 0..sides {
            let number = |numbers: &[i64], at: usize, usual: u64| -> u64 {
                numbers.get(at).and_then(|number| u64::try_from(*number).ok()).unwrap_or(usual)
            };
            let (stride, margins) =
                (number(&strides, at, 1).max(1), number(&pads, at, 0) + number(&pads, at + sides, 0));
            let side = input[at + 2];
            shape.push(if turned {
                side.saturating_mul(stride).saturating_add(number(&kernel, at, 1))
            } else {
                side.saturating_add(margins).div_ceil(stride)
            });
        }
        Some(shape)
    }

    fn reduced(&self) -> Option<Vec<u64>> {
        let shape = &self.input(0)?.shape;
        let axes = self.whole(1, "axes").unwrap_or_else(|| (0..shape.len() as i64).collect());
        let axes = axes.iter().map(|axis| self.axis(*axis, shape.len())).collect::<Option<Vec<_>>>()?;
        let keeps = self.int("keepdims", 1) != 0;
        let sides = shape.iter().enumerate().filter(|(at, _)| keeps || !axes.contains(at));
        Some(sides.map(|(at, side)| if axes.contains(&at) { 1 } else { *side }).collect())
    }
}

impl Known {
    fn sides<const N: usize>(&self) -> Option<[u64; N]> {
        self.shape.as_slice().try_into().ok()
    }
}

/// The shape that two spread to, as ONNX spreads (as NumPy does).
fn spread_over(first: &[u64], second: &[u64]) -> Option<Vec<u64>> {
    let length = first.len().max(second.len());
    let side = |shape: &[u64], at: usize| (at + shape.len()).checked_sub(length).map_or(1, |at| shape[at]);
    let both = (0..length).map(|at| match (side(first, at), side(second, at)) {
        (1, other) | (other, 1) => Some(other),
        (one, other) => (one == other).then_some(one),
    });
    both.collect()
}
