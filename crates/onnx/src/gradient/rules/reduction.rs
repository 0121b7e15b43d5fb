//! Sums, means and extremes along sides.

use super::places::{Places, strides};
use super::{Call, Gradients, Rule, side};

pub(super) fn rule(operator: &str) -> Option<Rule> {
    Some(match operator {
        "ReduceSum" => |call| along(call, |_, _, _| 1.0),
        "ReduceMean" => |call| along(call, |_, _, count| 1.0 / count),
        "ReduceMax" | "ReduceMin" => |call| along(call, |x, y, _| f32::from(u8::from(x == y))),
        "ReduceL2" => |call| along(call, |x, y, _| x / y),
        "ReduceSumSquare" => |call| along(call, |x, _, _| 2.0 * x),
        _ => return None,
    })
}

/// The slope of a number, of what came out where it went, and of how many went there.
fn along(call: &Call<'_>, slope: fn(f32, f32, f32) -> f32) -> Result<Gradients, String> {
    let (shape, taken, given, gradient) = (call.shape(0)?, call.floats(0)?, call.output_floats()?, call.gradient()?);
    let axes = call.whole_numbers(1, "axes").filter(|axes| !axes.is_empty());
    let reduced: Vec<usize> = match axes {
        Some(axes) => axes.iter().map(|axis| side(*axis, shape.len())).collect::<Result<_, _>>()?,
        None if call.int("noop_with_empty_axes", 0) != 0 => Vec::new(),
        None => (0..shape.len()).collect(),
    };
    let kept: Vec<usize> =
        shape.iter().enumerate().map(|(at, length)| if reduced.contains(&at) { 1 } else { *length }).collect();
    let of_kept = strides(&kept);
    let stride = |at: usize| if reduced.contains(&at) { 0 } else { of_kept[at] };
    let places = Places::new(shape, (0..shape.len()).map(stride).collect(), 0);
    let count = taken.len() as f32 / given.len().max(1) as f32;
    let numbers = taken.iter().zip(places).map(|(x, place)| gradient[place] * slope(*x, given[place], count));
    Ok(vec![(0, numbers.collect())])
}
