//! Convolutions and pooling: each place of the output is of a window of the input.

use super::{Call, Gradients, Rule};

pub(super) fn rule(operator: &str) -> Option<Rule> {
    Some(match operator {
        "Conv" => convolution,
        "MaxPool" => |call| pooling(call, Windows::to_largest),
        "AveragePool" => |call| pooling(call, Windows::to_all),
        "GlobalAveragePool" => |call| {
            over_the_plane(call, |plane, gradient, sums| {
                let share = gradient / plane.len().max(1) as f32;
                sums.iter_mut().for_each(|sum| *sum += share);
            })
        },
        "GlobalMaxPool" => |call| {
            over_the_plane(call, |plane, gradient, sums| {
                if let Some(largest) = largest((0..plane.len()).map(|at| (at, plane[at]))) {
                    sums[largest] += gradient;
                }
            })
        },
        _ => return None,
    })
}

/// One axis of the windows.
#[derive(Clone, Copy, Debug)]
struct Axis {
    input: usize,
    output: usize,
    kernel: usize,
    stride: usize,
    dilation: usize,
    before: usize,
    behind: usize,
}

impl Axis {
    /// The places in the input that an element of the window meets, each with the place of the output.
    fn pairs(self, element: usize) -> impl Iterator<Item = (usize, usize)> + Clone {
        let inside = move |output: usize| {
            let place = (output * self.stride + element * self.dilation).checked_sub(self.before)?;
            (place < self.input).then_some((output, place))
        };
        (0..self.output).filter_map(inside)
    }

    /// The part of the input under a window.
    fn window(self, output: usize) -> impl Iterator<Item = usize> + Clone {
        let inside = move |element: usize| (output * self.stride + element * self.dilation).checked_sub(self.before);
        (0..self.kernel).filter_map(inside).filter(move |place| *place < self.input)
    }

    /// How many elements of a window lie in the input and its margins.
    fn with_margins(self, output: usize) -> usize {
        let end = self.before + self.input + self.behind;
        (0..self.kernel).filter(|element| output * self.stride + element * self.dilation < end).count()
    }
}

/// The windows of an operator.
struct Windows {
    rows: Axis,
    columns: Axis,
    counts_margins: bool,
}

impl Windows {
    /// Of pictures `[batch, channels, rows, columns]` or rows `[batch, channels, columns]`.
    fn of(call: &Call<'_>, kernel: &[usize]) -> Result<Self, String> {
        let (input, output) = (call.shape(0)?, &call.output()?.shape);
        let sides = kernel.len();
        if !(1..=2).contains(&sides) || input.len() != sides + 2 || output.len() != sides + 2 {
            return Err(format!("windows of {sides} sides on the shape {input:?} have no rule"));
        }
        let lengths = |name: &str, usual: usize| -> Vec<usize> {
            let told = call.ints(name).filter(|told| !told.is_empty());
            let told = told.map(|told| told.iter().map(|length| usize::try_from(*length).unwrap_or(usual)).collect());
            told.unwrap_or_else(|| vec![usual; kernel.len()])
        };
        let (strides, dilations) = (lengths("strides", 1), lengths("dilations", 1));
        let pads = call.ints("pads").filter(|pads| !pads.is_empty());
        let pads: Vec<usize> = match pads {
            Some(pads) => pads.iter().map(|pad| usize::try_from(*pad)).collect::<Result<_, _>>(),
            None => Ok(vec![0; 2 * sides]),
        }
        .map_err(|_| "margins below 0 have no rule")?;
        if strides.len() != sides || dilations.len() != sides || pads.len() != 2 * sides {
            return Err("its window, steps and margins do not fit".into());
        }
        let axis = |at: usize| {
            let (input, output) = (input[at + 2], output[at + 2]);
            let mut axis = Axis {
                input,
                output,
                kernel: kernel[at],
                stride: strides[at],
                dilation: dilations[at],
                before: pads[at],
                behind: pads[at + sides],
            };
            let reach = output.saturating_sub(1) * axis.stride + (axis.kernel.saturating_sub(1)) * axis.dilation + 1;
            let margin = reach.saturating_sub(input);
            match call.text("auto_pad") {
                b"SAME_UPPER" => (axis.before, axis.behind) = (margin / 2, margin - margin / 2),
                b"SAME_LOWER" => (axis.before, axis.behind) = (margin - margin / 2, margin / 2),
                _ => {}
            }
            axis
        };
        let one = Axis { input: 1, output: 1, kernel: 1, stride: 1, dilation: 1, before: 0, behind: 0 };
        let (rows, columns) = if sides == 2 { (axis(0), axis(1)) } else { (one, axis(0)) };
        Ok(Self { rows, columns, counts_margins: call.int("count_include_pad", 0) != 0 })
    }

    fn inputs(&self) -> usize {
        self.rows.input * self.columns.input
    }

    fn outputs(&self) -> usize {
        self.rows.output * self.columns.output
    }

    /// Places in the input under one place of the output.
    fn under(&self, row: usize, column: usize) -> impl Iterator<Item = usize> + Clone {
        let (columns, across) = (self.columns, self.columns.input);
        self.rows.window(row).flat_map(move |y| columns.window(column).map(move |x| y * across + x))
    }

    fn to_largest(&self, plane: &[f32], [row, column]: [usize; 2], gradient: f32, sums: &mut [f32]) {
        if let Some(place) = largest(self.under(row, column).map(|place| (place, plane[place]))) {
            sums[place] += gradient;
        }
    }

    fn to_all(&self, _: &[f32], [row, column]: [usize; 2], gradient: f32, sums: &mut [f32]) {
        let places = self.under(row, column);
        let count = match self.counts_margins {
            true => self.rows.with_margins(row) * self.columns.with_margins(column),
            false => places.clone().count(),
        };
        places.for_each(|place| sums[place] += gradient / count.max(1) as f32);
    }

    /// What an element of the window, of all places at once, gives back to one plane of the input.
    fn give_back(&self, [down, across]: [usize; 2], per_place: &[f32], plane: &mut [f32]) {
        for (row, y) in self.rows.pairs(down) {
            let (from, to) = (&per_place[row * self.columns.output..], &mut plane[y * self.columns.input..]);
            self.columns.pairs(across).for_each(|(column, x)| to[x] += from[column]);
        }
    }
}

/// The place of the first of the largest numbers.
fn largest(numbers: impl Iterator<Item = (usize, f32)>) -> Option<usize> {
    numbers.reduce(|most, other| if other.1 > most.1 { other } else { most }).map(|(place, _)| place)
}

/// How the gradient of one place of the output goes back to a plane of the input.
type BackToPlane = fn(&Windows, &[f32], [usize; 2], f32, &mut [f32]);

fn pooling(call: &Call<'_>, back: BackToPlane) -> Result<Gradients, String> {
    if call.outputs.len() > 1 {
        return Err("its places have no rule".into());
    }
    let kernel = call.ints("kernel_shape").unwrap_or_default();
    let kernel: Vec<usize> = kernel.iter().map(|side| usize::try_from(*side).unwrap_or(0)).collect();
    let windows = Windows::of(call, &kernel)?;
    let taken = call.floats(0)?;
    let mut sums = vec![0.0; taken.len()];
    let planes = taken.chunks_exact(windows.inputs().max(1)).zip(sums.chunks_exact_mut(windows.inputs().max(1)));
    for ((plane, sums), gradient) in planes.zip(call.gradient()?.chunks_exact(windows.outputs().max(1))) {
        let places =
            (0..windows.rows.output).flat_map(|row| (0..windows.columns.output).map(move |column| [row, column]));
        places.zip(gradient).for_each(|(place, gradient)| back(&windows, plane, place, *gradient, sums));
    }
    Ok(vec![(0, sums)])
}

/// Pooling of a whole plane: how its one gradient goes back.
fn over_the_plane(call: &Call<'_>, back: fn(&[f32], f32, &mut [f32])) -> Result<Gradients, String> {
    let (taken, gradient) = (call.floats(0)?, call.gradient()?);
    let places = (taken.len() / gradient.len().max(1)).max(1);
    let mut sums = vec![0.0; taken.len()];
    for ((plane, sums), gradient) in taken.chunks_exact(places).zip(sums.chunks_exact_mut(places)).zip(gradient) {
        back(plane, *gradient, sums);
    }
    Ok(vec![(0, sums)])
}

/// For each element of the window of an input channel: its weights times the gradients of all output channels, which then
/// goes back to where the element lay.
fn convolution(call: &Call<'_>) -> Result<Gradients, String> {
    call.wants_the_first_alone()?;
    let (weights, shape) = (call.floats(1)?, call.shape(1)?);
    let [filters, per_group] = [0, 1].map(|at| shape.get(at).copied().unwrap_or(0));
    let windows = Windows::of(call, shape.get(2..).unwrap_or_default())?;
    let (groups, elements) = (call.int("group", 1).max(1) as usize, windows.rows.kernel * windows.columns.kernel);
    let (inputs, outputs) = (windows.inputs(), windows.outputs());
    let channels = groups * per_group;
    let batch = call.shape(0)?[0];
    let gradient = call.gradient()?;
    let mut sums = vec![0.0; batch * channels * inputs];
    let filters_per_group = filters / groups;
    let mut per_place = vec![0.0; outputs];
    for (frame, sums) in sums.chunks_exact_mut((channels * inputs).max(1)).enumerate() {
        for (channel, plane) in sums.chunks_exact_mut(inputs.max(1)).enumerate() {
            let first = channel / per_group.max(1) * filters_per_group;
            for element in 0..elements {
                per_place.fill(0.0);
                for filter in first..first + filters_per_group {
                    let weight = weights[(filter * per_group + channel % per_group) * elements + element];
                    let of_filter = &gradient[(frame * filters + filter) * outputs..][..outputs];
                    per_place.iter_mut().zip(of_filter).for_each(|(sum, gradient)| *sum += weight * gradient);
                }
                let place = [element / windows.columns.kernel, element % windows.columns.kernel];
                windows.give_back(place, &per_place, plane);
            }
        }
    }
    Ok(vec![(0, sums)])
}
