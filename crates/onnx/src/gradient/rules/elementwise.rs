//! Operators that make of each number another one.

use super::{Call, Gradients, Rule};
use crate::proto::{NodeProto, data_type};

pub(super) fn rule(operator: &str) -> Option<Rule> {
    Some(match operator {
        "Identity" | "Cast" => |call| each(call, |_, _| 1.0),
        "Neg" => |call| each(call, |_, _| -1.0),
        "Abs" => |call| each(call, |x, _| if x == 0.0 { 0.0 } else { x.signum() }),
        "Relu" => |call| each(call, |x, _| share(x > 0.0)),
        "LeakyRelu" => |call| {
            let alpha = call.float("alpha", 0.01);
            each(call, |x, _| if x < 0.0 { alpha } else { 1.0 })
        },
        "Elu" => |call| {
            let alpha = call.float("alpha", 1.0);
            each(call, |x, y| if x < 0.0 { y + alpha } else { 1.0 })
        },
        "Sigmoid" => |call| each(call, |_, y| y * (1.0 - y)),
        "Tanh" => |call| each(call, |_, y| 1.0 - y * y),
        "Softplus" => |call| each(call, |x, _| sigmoid(x)),
        "Softsign" => |call| each(call, |x, _| (1.0 + x.abs()).powi(-2)),
        "HardSigmoid" => |call| {
            let alpha = call.float("alpha", 0.2);
            each(call, |_, y| alpha * share(y > 0.0 && y < 1.0))
        },
        "HardSwish" => |call| {
            each(call, |x, _| match x {
                x if x <= -3.0 => 0.0,
                x if x >= 3.0 => 1.0,
                x => x / 3.0 + 0.5,
            })
        },
        "Swish" => |call| {
            let alpha = call.float("alpha", 1.0);
            each(call, |x, y| {
                let open = sigmoid(alpha * x);
                open + alpha * y * (1.0 - open)
            })
        },
        "Gelu" => |call| {
            if call.text("approximate") == b"tanh" {
                return each(call, |x, _| gelu_by_tanh(x));
            }
            // Half of 1 + erf, and the density of the normal distribution.
            let density = |x: f32| (-0.5 * x * x).exp() * 0.398_942_3;
            each(call, |x, _| 0.5 * (1.0 + libm::erff(x * std::f32::consts::FRAC_1_SQRT_2)) + x * density(x))
        },
        "Erf" => |call| each(call, |x, _| std::f32::consts::FRAC_2_SQRT_PI * (-x * x).exp()),
        "Exp" => |call| each(call, |_, y| y),
        "Log" => |call| each(call, |x, _| 1.0 / x),
        "Sqrt" => |call| each(call, |_, y| 0.5 / y),
        "Reciprocal" => |call| each(call, |_, y| -y * y),
        "Sin" => |call| each(call, |x, _| x.cos()),
        "Cos" => |call| each(call, |x, _| -x.sin()),
        "Clip" => clip,
        _ => return None,
    })
}

/// Whether a cast gives floats, whose gradient is that of what it takes.
pub(super) fn casts_to_floats(node: &NodeProto) -> bool {
    let to = node.attribute.iter().find(|attribute| attribute.name == "to").and_then(|to| to.i);
    to.is_some_and(|to| [data_type::FLOAT, data_type::FLOAT16, data_type::DOUBLE].map(i64::from).contains(&to))
}

/// The slope at a number, of the number and of what it became.
fn each(call: &Call<'_>, slope: impl Fn(f32, f32) -> f32) -> Result<Gradients, String> {
    call.wants_the_first_alone()?;
    let (taken, given) = (call.floats(0)?.iter(), call.output_floats()?);
    let numbers = call.gradient()?.iter().zip(taken.zip(given));
    Ok(vec![(0, numbers.map(|(gradient, (x, y))| gradient * slope(*x, *y)).collect())])
}

fn clip(call: &Call<'_>) -> Result<Gradients, String> {
    let end = |at: usize, name: &str, usual: f32| match call.inputs.get(at).copied().flatten() {
        Some(_) => call.floats(at).map(|numbers| numbers.first().copied().unwrap_or(usual)),
        None => Ok(call.float(name, usual)),
    };
    let (least, most) = (end(1, "min", f32::NEG_INFINITY)?, end(2, "max", f32::INFINITY)?);
    each(call, |x, _| share(x >= least && x <= most))
}

fn share(all: bool) -> f32 {
    f32::from(u8::from(all))
}

pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// Slope of `x / 2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))`.
fn gelu_by_tanh(x: f32) -> f32 {
    const ROOT: f32 = 0.797_884_6;
    let bent = (ROOT * (x + 0.044_715 * x.powi(3))).tanh();
    0.5 * (1.0 + bent) + 0.5 * x * (1.0 - bent * bent) * ROOT * (1.0 + 3.0 * 0.044_715 * x * x)
}
