//! Batch norm as it is outside of training, layer norm, softmax.

use super::{Call, Gradients, Rule, side};

pub(super) fn rule(operator: &str) -> Option<Rule> {
    Some(match operator {
        "BatchNormalization" => batch_norm,
        "LayerNormalization" => layer_norm,
        "Softmax" => |call| along_a_side(call, |gradient, y| gradient * y, |gradient, y, sum| y * (gradient - sum)),
        "LogSoftmax" => |call| along_a_side(call, |gradient, _| gradient, |gradient, y, sum| gradient - y.exp() * sum),
        _ => return None,
    })
}

fn batch_norm(call: &Call<'_>) -> Result<Gradients, String> {
    call.wants_the_first_alone()?;
    if call.int("training_mode", 0) != 0 {
        return Err("batch norm in training has no rule".into());
    }
    let (shape, scale, variance) = (call.shape(0)?, call.floats(1)?, call.floats(4)?);
    let epsilon = call.float("epsilon", 1e-5);
    let slopes: Vec<f32> = scale.iter().zip(variance).map(|(scale, of)| scale / (of + epsilon).sqrt()).collect();
    let places = shape.get(2..).unwrap_or_default().iter().product::<usize>().max(1);
    let planes = call.gradient()?.chunks(places).zip(slopes.iter().cycle());
    Ok(vec![(0, planes.flat_map(|(plane, slope)| plane.iter().map(move |gradient| gradient * slope)).collect())])
}

fn layer_norm(call: &Call<'_>) -> Result<Gradients, String> {
    call.wants_the_first_alone()?;
    let (shape, taken, scale) = (call.shape(0)?, call.floats(0)?, call.floats(1)?);
    let axis = side(call.int("axis", -1), shape.len())?;
    let length = shape[axis..].iter().product::<usize>().max(1);
    if scale.len() != length {
        return Err("a layer norm whose scale is spread has no rule".into());
    }
    let (epsilon, count) = (call.float("epsilon", 1e-5), length as f32);
    let mut sums = Vec::with_capacity(taken.len());
    for (x, gradient) in taken.chunks_exact(length).zip(call.gradient()?.chunks_exact(length)) {
        let mean = x.iter().sum::<f32>() / count;
        let deviation = (x.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / count + epsilon).sqrt();
        let scaled: Vec<f32> = gradient.iter().zip(scale).map(|(gradient, scale)| gradient * scale).collect();
        let of_mean = scaled.iter().sum::<f32>() / count;
        let along = scaled.iter().zip(x).map(|(g, x)| g * (x - mean) / deviation).sum::<f32>() / count;
        sums.extend(scaled.iter().zip(x).map(|(g, x)| (g - of_mean - along * (x - mean) / deviation) / deviation));
    }
    Ok(vec![(0, sums)])
}

/// What goes back to one number of a softmax: of its gradient, what was given there, and a sum along the side.
type Back = fn(f32, f32, f32) -> f32;

/// A softmax along one side: what is summed of each gradient and what was given, and what goes back.
fn along_a_side(call: &Call<'_>, part: fn(f32, f32) -> f32, back: Back) -> Result<Gradients, String> {
    let (shape, given, gradient) = (call.shape(0)?, call.output_floats()?, call.gradient()?);
    let axis = side(call.int("axis", -1), shape.len())?;
    let (length, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    let mut sums = vec![0.0; given.len()];
    for start in (0..given.len()).step_by((length * inner).max(1)) {
        for first in start..start + inner {
            let places = || (0..length).map(|at| first + at * inner);
            let sum = places().map(|place| part(gradient[place], given[place])).sum();
            places().for_each(|place| sums[place] = back(gradient[place], given[place], sum));
        }
    }
    Ok(vec![(0, sums)])
}
