//! Operators on tensors of several shapes, each spread over the output's.

use super::places::{Places, gathered};
use super::{Call, Gradients, Rule};

pub(super) fn rule(operator: &str) -> Option<Rule> {
    Some(match operator {
        "Add" => |call| pair(call, |_, _, _| 1.0, |_, _, _| 1.0),
        "Sub" => |call| pair(call, |_, _, _| 1.0, |_, _, _| -1.0),
        "Mul" => |call| pair(call, |_, b, _| b, |a, _, _| a),
        "Div" => |call| pair(call, |_, b, _| 1.0 / b, |a, b, _| -a / (b * b)),
        "Pow" => |call| pair(call, |a, b, _| b * a.powf(b - 1.0), |a, _, y| y * a.ln()),
        "PRelu" => {
            |call| pair(call, |a, slope, _| if a < 0.0 { slope } else { 1.0 }, |a, _, _| if a < 0.0 { a } else { 0.0 })
        }
        "Sum" => |call| of_all(call, |_, _, _| 1.0),
        "Mean" => |call| of_all(call, |call, _, _| 1.0 / call.inputs.len().max(1) as f32),
        "Max" | "Min" => |call| of_all(call, |_, x, y| f32::from(u8::from(x == y))),
        "Where" => chosen,
        _ => return None,
    })
}

/// The slope by one of two numbers, of both and of what they became.
type Slope = fn(f32, f32, f32) -> f32;

fn pair(call: &Call<'_>, by_first: Slope, by_second: Slope) -> Result<Gradients, String> {
    let (first, second, output) = (call.input(0)?, call.input(1)?, call.output()?);
    let (a, b, given, gradient) = (call.floats(0)?, call.floats(1)?, call.output_floats()?, call.gradient()?);
    let places = |at: usize| Places::spread(if at == 0 { &first.shape } else { &second.shape }, &output.shape);
    let mut gradients = Vec::new();
    for (at, slope) in [by_first, by_second].into_iter().enumerate().filter(|(at, _)| call.wants(*at)) {
        let numbers = places(0).zip(places(1)).zip(given).zip(gradient);
        let of_each: Vec<f32> =
            numbers.map(|(((of_a, of_b), y), gradient)| gradient * slope(a[of_a], b[of_b], *y)).collect();
        gradients.push((at, gathered(&of_each, places(at), if at == 0 { a.len() } else { b.len() })));
    }
    Ok(gradients)
}

/// Operators that treat all of their inputs alike: the slope of a number and of what came out.
fn of_all(call: &Call<'_>, slope: fn(&Call<'_>, f32, f32) -> f32) -> Result<Gradients, String> {
    let (output, given, gradient) = (call.output()?, call.output_floats()?, call.gradient()?);
    let mut gradients = Vec::new();
    for at in (0..call.inputs.len()).filter(|at| call.wants(*at)) {
        let (shape, taken) = (call.shape(at)?, call.floats(at)?);
        let numbers = Places::spread(shape, &output.shape).zip(given).zip(gradient);
        let of_each: Vec<f32> =
            numbers.map(|((place, y), gradient)| gradient * slope(call, taken[place], *y)).collect();
        gradients.push((at, gathered(&of_each, Places::spread(shape, &output.shape), taken.len())));
    }
    Ok(gradients)
}

fn chosen(call: &Call<'_>) -> Result<Gradients, String> {
    let (choice, output, gradient) = (call.input(0)?, call.output()?, call.gradient()?);
    let first: Vec<bool> = choice.clone().into_floats().iter().map(|number| *number != 0.0).collect();
    let mut gradients = Vec::new();
    for at in [1, 2].into_iter().filter(|at| call.wants(*at)) {
        let shape = call.shape(at)?;
        let choices = Places::spread(&choice.shape, &output.shape).zip(gradient);
        let of_each: Vec<f32> =
            choices.map(|(place, gradient)| if first[place] == (at == 1) { *gradient } else { 0.0 }).collect();
        gradients.push((at, gathered(&of_each, Places::spread(shape, &output.shape), call.floats(at)?.len())));
    }
    Ok(gradients)
}
