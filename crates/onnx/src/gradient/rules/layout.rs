//! Operators that move numbers and change none.

use super::places::{Places, gathered, strides};
use super::{Call, Gradients, Rule, side};

pub(super) fn rule(operator: &str) -> Option<Rule> {
    Some(match operator {
        "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" => as_they_lie,
        "Transpose" => transpose,
        "Expand" => |call| {
            let shape = call.shape(0)?;
            back(call, Places::spread(shape, &call.output()?.shape))
        },
        "Slice" => slice,
        "Pad" => pad,
        "Concat" => concat,
        "Split" => split,
        "Gather" => gather,
        _ => return None,
    })
}

/// Every number of the output came from one place of the input.
fn back(call: &Call<'_>, places: impl Iterator<Item = usize>) -> Result<Gradients, String> {
    Ok(vec![(0, gathered(call.gradient()?, places, call.shape(0)?.iter().product()))])
}

fn as_they_lie(call: &Call<'_>) -> Result<Gradients, String> {
    Ok(vec![(0, call.gradient()?.to_vec())])
}

fn transpose(call: &Call<'_>) -> Result<Gradients, String> {
    let (shape, output) = (call.shape(0)?, &call.output()?.shape);
    let order = call.ints("perm").map_or_else(|| (0..shape.len() as i64).rev().collect(), <[i64]>::to_vec);
    let of_input = strides(shape);
    let moved = order.iter().map(|from| Ok(of_input[side(*from, shape.len())?]));
    back(call, Places::new(output, moved.collect::<Result<_, String>>()?, 0))
}

fn slice(call: &Call<'_>) -> Result<Gradients, String> {
    let (shape, output) = (call.shape(0)?, &call.output()?.shape);
    let starts = call.whole_numbers(1, "starts").ok_or("its starts are not there")?;
    let axes = call.whole_numbers(3, "axes").unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = call.whole_numbers(4, "steps").unwrap_or_else(|| vec![1; starts.len()]);
    let (mut first, mut strides) = (0, strides(shape));
    for ((start, axis), step) in starts.iter().zip(&axes).zip(&steps) {
        let axis = side(*axis, shape.len())?;
        let length = shape[axis] as i64;
        let from_front = if *start < 0 { start.saturating_add(length) } else { *start };
        // Backwards an end beyond the last one counts as the last one.
        let from_front = from_front.clamp(0, if *step < 0 { length - 1 } else { length });
        first += from_front as isize * strides[axis];
        strides[axis] *= *step as isize;
    }
    back(call, Places::new(output, strides, first))
}

/// What lies in the margins came from nowhere.
fn pad(call: &Call<'_>) -> Result<Gradients, String> {
    let mode = call.text("mode");
    if !(mode.is_empty() || mode == b"constant") {
        return Err(format!("margins of the kind `{}` have no rule", String::from_utf8_lossy(mode)));
    }
    let (shape, output) = (call.shape(0)?, &call.output()?.shape);
    let pads = call.whole_numbers(1, "pads").ok_or("its margins are not there")?;
    let axes = call.whole_numbers(3, "axes").unwrap_or_else(|| (0..shape.len() as i64).collect());
    let mut before = vec![0; shape.len()];
    for (pad, axis) in pads.iter().zip(&axes) {
        before[side(*axis, shape.len())?] = *pad as isize;
    }
    if before.iter().any(|pad| *pad < 0) {
        return Err("margins below 0 have no rule".into());
    }
    let of_output = strides(output);
    let first = before.iter().zip(&of_output).map(|(pad, stride)| pad * stride).sum();
    let gradient = call.gradient()?;
    let inside = Places::new(shape, of_output, first).map(|place| gradient.get(place).copied().unwrap_or(0.0));
    Ok(vec![(0, inside.collect())])
}

/// Elements before and behind a side of a shape.
fn around(shape: &[usize], axis: usize) -> (usize, usize) {
    (shape[..axis].iter().product(), shape[axis + 1..].iter().product())
}

fn concat(call: &Call<'_>) -> Result<Gradients, String> {
    let output = &call.output()?.shape;
    let axis = side(call.int("axis", 0), output.len())?;
    let (outer, inner) = around(output, axis);
    let (mut first, mut gradients) = (0, Vec::new());
    for at in 0..call.inputs.len() {
        let length = call.shape(at)?.get(axis).copied().unwrap_or(0);
        let rows = call.gradient()?.chunks_exact((output[axis] * inner).max(1)).take(outer);
        let part = rows.flat_map(|row| &row[first * inner..(first + length) * inner]);
        gradients.push((at, part.copied().collect()));
        first += length;
    }
    Ok(gradients)
}

fn split(call: &Call<'_>) -> Result<Gradients, String> {
    let shape = call.shape(0)?;
    let axis = side(call.int("axis", 0), shape.len())?;
    let (outer, inner) = around(shape, axis);
    let mut sums = vec![0.0; shape.iter().product()];
    let mut first = 0;
    for (output, gradient) in call.outputs.iter().zip(&call.gradients) {
        let length = output.ok_or("one of its outputs is not there")?.shape[axis];
        let rows = sums.chunks_exact_mut((shape[axis] * inner).max(1)).take(outer);
        if let Some(gradient) = gradient {
            let parts = rows.zip(gradient.chunks_exact((length * inner).max(1)));
            parts.for_each(|(row, part)| row[first * inner..(first + length) * inner].copy_from_slice(part));
        }
        first += length;
    }
    Ok(vec![(0, sums)])
}

fn gather(call: &Call<'_>) -> Result<Gradients, String> {
    let shape = call.shape(0)?;
    let axis = side(call.int("axis", 0), shape.len())?;
    let (outer, inner) = around(shape, axis);
    let length = shape[axis];
    let indices = call.whole_numbers(1, "").ok_or("its indices are not there")?;
    let indices = indices.iter().map(|index| side(*index, length)).collect::<Result<Vec<_>, _>>()?;
    let of_row = |row: usize| indices.iter().map(move |index| (row * length + index) * inner);
    let places = (0..outer).flat_map(of_row).flat_map(|start| start..start + inner);
    back(call, places)
}
