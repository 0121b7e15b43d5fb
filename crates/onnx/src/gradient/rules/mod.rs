//! A rule for each operator: gradients of its inputs from those of its outputs.

mod broadcast;
mod dense;
mod elementwise;
mod layout;
mod normalisation;
mod places;
mod recurrent;
mod reduction;
mod window;

use crate::proto::{AttributeProto, NodeProto};
use crate::tensor::{Numbers, Tensor};

/// The gradients of some inputs, each with the input's number and of its shape.
pub(super) type Gradients = Vec<(usize, Vec<f32>)>;

/// Why there is no gradient, in one line.
pub(super) type Rule = fn(&Call<'_>) -> Result<Gradients, String>;

/// The rule of an operator, if it has one.
pub(super) fn rule(operator: &str) -> Option<Rule> {
    elementwise::rule(operator)
        .or_else(|| broadcast::rule(operator))
        .or_else(|| dense::rule(operator))
        .or_else(|| window::rule(operator))
        .or_else(|| normalisation::rule(operator))
        .or_else(|| reduction::rule(operator))
        .or_else(|| layout::rule(operator))
        .or_else(|| recurrent::rule(operator))
}

/// Operators whose outputs stand still when their inputs change by little.
const WITHOUT_GRADIENT: [&str; 18] = [
    "Shape",
    "Size",
    "ConstantOfShape",
    "Range",
    "ArgMax",
    "ArgMin",
    "Equal",
    "Greater",
    "GreaterOrEqual",
    "Less",
    "LessOrEqual",
    "And",
    "Or",
    "Not",
    "Floor",
    "Ceil",
    "Round",
    "Sign",
];

/// Whether what an operator gives changes with what it takes.
pub(super) fn passes_on(node: &NodeProto) -> bool {
    !WITHOUT_GRADIENT.contains(&node.op_type.as_str()) && (node.op_type != "Cast" || elementwise::casts_to_floats(node))
}

/// An operator that was run once.
pub(super) struct Call<'a> {
    pub node: &'a NodeProto,
    /// What it took; nothing where an input is left out.
    pub inputs: Vec<Option<&'a Tensor>>,
    /// What it gave, where that was asked for.
    pub outputs: Vec<Option<&'a Tensor>>,
    /// Gradients of what it gave, where the result depends on it.
    pub gradients: Vec<Option<&'a [f32]>>,
    /// Which inputs' gradients are asked for.
    pub wanted: Vec<bool>,
}

impl Call<'_> {
    fn input(&self, at: usize) -> Result<&Tensor, String> {
        self.inputs.get(at).copied().flatten().ok_or_else(|| format!("its input {at} is not there"))
    }

    fn shape(&self, at: usize) -> Result<&[usize], String> {
        Ok(&self.input(at)?.shape)
    }

    fn floats(&self, at: usize) -> Result<&[f32], String> {
        match &self.input(at)?.numbers {
            Numbers::Float(numbers) => Ok(numbers),
            _ => Err(format!("its input {at} is of whole numbers")),
        }
    }

    fn output(&self) -> Result<&Tensor, String> {
        self.outputs.first().copied().flatten().ok_or_else(|| "its output is not there".to_owned())
    }

    fn output_floats(&self) -> Result<&[f32], String> {
        match &self.output()?.numbers {
            Numbers::Float(numbers) => Ok(numbers),
            _ => Err("its output is of whole numbers".to_owned()),
        }
    }

    /// The gradient of its first output.
    fn gradient(&self) -> Result<&[f32], String> {
        self.gradients.first().copied().flatten().ok_or_else(|| "nothing depends on its first output".to_owned())
    }

    fn wants(&self, at: usize) -> bool {
        self.wanted.get(at).copied().unwrap_or(false)
    }

    /// Refuses a gradient of any input but the first.
    fn wants_the_first_alone(&self) -> Result<(), String> {
        match self.wanted.iter().skip(1).any(|wanted| *wanted) {
            true => Err("its weights depend on the picture".to_owned()),
            false => Ok(()),
        }
    }

    fn attribute(&self, name: &str) -> Option<&AttributeProto> {
        self.node.attribute.iter().find(|attribute| attribute.name == name)
    }

    fn int(&self, name: &str, usual: i64) -> i64 {
        self.attribute(name).and_then(|attribute| attribute.i).unwrap_or(usual)
    }

    fn float(&self, name: &str, usual: f32) -> f32 {
        self.attribute(name).and_then(|attribute| attribute.f).unwrap_or(usual)
    }

    fn ints(&self, name: &str) -> Option<&[i64]> {
        self.attribute(name).map(|attribute| &attribute.ints[..])
    }

    fn text(&self, name: &str) -> &[u8] {
        self.attribute(name).and_then(|attribute| attribute.s.as_deref()).unwrap_or_default()
    }

    /// Whole numbers of an input, or of the attribute that older files have in its place; nothing where there are neither.
    fn whole_numbers(&self, at: usize, attribute: &str) -> Option<Vec<i64>> {
        match self.inputs.get(at).copied().flatten() {
            Some(tensor) => Some(match &tensor.numbers {
                Numbers::Int(numbers) => numbers.iter().map(|number| i64::from(*number)).collect(),
                _ => tensor.clone().into_floats().into_iter().map(|number| number as i64).collect(),
            }),
            None => self.ints(attribute).map(<[i64]>::to_vec),
        }
    }
}

/// A side counted from the front, of one that may be counted from the back.
fn side(axis: i64, sides: usize) -> Result<usize, String> {
    let from_front = if axis < 0 { axis + sides as i64 } else { axis };
    usize::try_from(from_front).ok().filter(|side| *side < sides).ok_or_else(|| format!("there is no side {axis}"))
}
