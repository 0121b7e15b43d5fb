//! What is settled about a graph: what goes into each of its inputs, and what its output commands.

use crate::backprop::Convolution;
use crate::graph::{Graph, Port};
use crate::manifest::{Colour, Decode, Input, Layout, Manifest, Output, Positive, Speed, Unit};
use crate::tensor::Tensor;
use anyhow::{Context as _, anyhow, ensure};
use lane_frame::{RgbImage, Steering};

/// States of more numbers are refused.
const MOST_STATE: usize = 1 << 22;

/// What a graph remembers between two frames.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    /// Numbers of each state.
    pub states: Vec<Vec<f32>>,
    /// Earlier pictures of a graph that takes several, the oldest first; none at the start of a drive.
    pub pictures: Vec<Vec<f32>>,
}

/// What a graph may be told of a frame beside its picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Now {
    /// Seconds since the frame before.
    pub elapsed_secs: f32,
    /// Speed of the car in m/s, where it is known.
    pub speed_mps: Option<f32>,
}

impl Now {
    /// So many seconds after the frame before, at a speed that is not known.
    pub fn after(elapsed_secs: f32) -> Self {
        Self { elapsed_secs, speed_mps: None }
    }
}

/// What is settled about a graph.
#[derive(Debug)]
pub(crate) struct Plan {
    pub manifest: Manifest,
    ports: Vec<Port>,
    feeds: Vec<Feed>,
    pub states: Vec<StatePlan>,
    /// Pictures of one step, more than one for a graph that takes them in a row.
    pub in_a_row: usize,
    /// Frames at once.
    pub batch: Batch,
    pub parameters: usize,
    pub operators: usize,
    pub convolutions: Vec<Convolution>,
    /// The graph with its weights.
    pub content: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Batch {
    Fixed(usize),
    Free,
}

/// What goes into an input.
#[derive(Clone, Copy, Debug)]
enum Feed {
    Picture,
    State(usize),
    Elapsed,
    Speed,
    Fixed(f32),
}

/// A state: its sides for one drive, and which of them is the batch.
#[derive(Debug)]
pub(crate) struct StatePlan {
    pub output: String,
    pub shape: Vec<usize>,
    batch_side: Option<usize>,
}

impl Plan {
    pub fn new(graph: &Graph, manifest: Manifest, convolutions: Vec<Convolution>) -> anyhow::Result<Self> {
        let ports = graph.inputs().to_vec();
        let states: Vec<_> = manifest.state.values().collect();
        let feed = |port: &Port| {
            let state = states.iter().position(|state| state.input == port.name);
            let elapsed = manifest.time.elapsed.as_ref().filter(|name| **name == port.name).map(|_| Feed::Elapsed);
            let speed = manifest.speed.as_ref().filter(|speed| speed.input == port.name).map(|_| Feed::Speed);
            let fixed = manifest.fixed.get(&port.name).map(|number| Feed::Fixed(*number));
            state.map(Feed::State).or(elapsed).or(speed).or(fixed).unwrap_or(Feed::Picture)
        };
        let feeds: Vec<Feed> = ports.iter().map(feed).collect();
        let picture =
            ports.iter().find(|port| port.name == manifest.input.name).context("the picture's input is lost")?;
        let sides = picture.shape.as_deref();
        let count = if manifest.input.layout.has_time() { 5 } else { 4 };
        ensure!(
            sides.is_none_or(|sides| sides.len() == count),
            "input {picture}: expected {count} sides for the layout {}",
            manifest.input.layout.word()
        );
        let batch = match sides.and_then(|sides| sides[0].length()) {
            Some(count) => Batch::Fixed(count),
            None => Batch::Free,
        };
        let time = sides.filter(|_| manifest.input.layout.has_time()).map(|sides| sides[1].length());
        let in_a_row = time.map_or(Some(1), |length| length).context("how many pictures come in a row is left free")?;
        ensure!(in_a_row <= 64, "expected up to 64 pictures in a row, got {in_a_row}");
        let state_plans = states.iter().map(|state| {
            let port = ports.iter().find(|port| port.name == state.input).context("a state's input is lost")?;
            state_plan(port, state.shape.as_deref(), &state.output)
        });
        let states = state_plans.collect::<anyhow::Result<Vec<_>>>()?;
        let plan = Self {
            ports,
            feeds,
            states,
            in_a_row,
            batch,
            parameters: graph.parameters(),
            operators: graph.operators().values().sum(),
            convolutions,
            content: graph.to_bytes(),
            manifest,
        };
        plan.check_picture()?;
        Ok(plan)
    }

    /// Holds the picture's sides against the graph's.
    fn check_picture(&self) -> anyhow::Result<()> {
        let fed = self.picture_shape(1);
        let port = self.ports.iter().find(|port| port.name == self.manifest.input.name);
        let Some(sides) = port.and_then(|port| port.shape.as_ref()) else { return Ok(()) };
        for (side, fed) in sides.iter().zip(&fed).skip(1) {
            ensure!(
                side.length().is_none_or(|side| side == *fed),
                "the manifest makes a picture of the shape {fed:?}, the graph takes [{}]",
                sides.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
            );
        }
        Ok(())
    }

    fn picture_shape(&self, count: usize) -> Vec<usize> {
        let Input { layout, size: [width, height], colour, .. } = &self.manifest.input;
        let (width, height, channels) = (*width as usize, *height as usize, colour.channels());
        match layout {
            Layout::Nchw => vec![count, channels, height, width],
            Layout::Nhwc => vec![count, height, width, channels],
            Layout::Ntchw => vec![count, self.in_a_row, channels, height, width],
            Layout::Nthwc => vec![count, self.in_a_row, height, width, channels],
        }
    }

    /// The numbers of one picture.
    pub fn picture(&self, picture: &RgbImage) -> Vec<f32> {
        let Input { layout, size, colour, scale: [divisor, added], mean, std, .. } = &self.manifest.input;
        let [width, height] = *size;
        assert_eq!(picture.dimensions(), (width, height), "the graph takes {width}x{height} pixels");
        let (pixels, channels) = (width as usize * height as usize, colour.channels());
        let mut numbers = vec![0.0; pixels * channels];
        for (pixel, rgb) in picture.as_raw().as_chunks::<3>().0.iter().enumerate() {
            for (channel, value) in colour.of(*rgb).into_iter().take(channels).enumerate() {
                let at = if layout.has_channels_last() { pixel * channels + channel } else { channel * pixels + pixel };
                numbers[at] = (value / divisor + added - mean[channel]) / std[channel];
            }
        }
        numbers
    }

    /// All that is fed for pictures that meet the same memory.
    ///
    /// # Errors
    /// When the graph takes the speed, which is not known.
    pub fn inputs(&self, pictures: &[&[f32]], memory: &Memory, now: Now) -> Result<Vec<Tensor>, String> {
        let count = pictures.len();
        let feed = |(port, feed): (&Port, &Feed)| {
            Ok(match feed {
                Feed::Picture => {
                    let numbers =
                        pictures.iter().flat_map(|picture| self.row(picture, memory)).flatten().copied().collect();
                    Tensor::of_element(port.element, self.picture_shape(count), numbers)
                }
                Feed::State(at) => {
                    let (shape, numbers) = self.states[*at].repeated(&memory.states[*at], count);
                    Tensor::of_element(port.element, shape, numbers)
                }
                Feed::Elapsed => constant(port, now.elapsed_secs, count),
                Feed::Speed => constant(port, self.speed(now)?, count),
                Feed::Fixed(number) => constant(port, *number, count),
            })
        };
        self.ports.iter().zip(&self.feeds).map(feed).collect()
    }

    /// A picture behind the earlier ones; at the start of a drive behind itself.
    fn row<'a>(&self, picture: &'a [f32], memory: &'a Memory) -> Vec<&'a [f32]> {
        let first = memory.pictures.first().map_or(picture, Vec::as_slice);
        let earlier = memory.pictures.iter().map(Vec::as_slice);
        let before = (self.in_a_row - 1).saturating_sub(memory.pictures.len());
        std::iter::repeat_n(first, before).chain(earlier).chain([picture]).collect()
    }

    /// The speed as the graph takes it.
    fn speed(&self, now: Now) -> Result<f32, String> {
        let Some(Speed { input, unit, divisor, unknown }) = &self.manifest.speed else { return Ok(0.0) };
        let known = now.speed_mps.map(|mps| mps * unit.per_mps());
        let number = known.or(*unknown).ok_or_else(|| {
            format!("the graph takes the speed (`{input}`), which is not known here: add `unknown` to [speed]")
        })?;
        Ok(number / divisor)
    }

    /// Which of the pictures in a row are the newest one itself: at the start of a drive all of them.
    pub fn newest(&self, memory: &Memory) -> std::ops::Range<usize> {
        let first = if memory.pictures.is_empty() { 0 } else { self.in_a_row - 1 };
        first..self.in_a_row
    }

    pub fn next_pictures(&self, picture: Vec<f32>, memory: &Memory) -> Vec<Vec<f32>> {
        if self.in_a_row == 1 {
            return Vec::new();
        }
        let mut pictures = memory.pictures.clone();
        pictures.push(picture);
        let too_many = pictures.len().saturating_sub(self.in_a_row - 1);
        pictures.drain(..too_many);
        pictures
    }

    /// What an output of `count` frames commands.
    pub fn steering(&self, output: Tensor, count: usize) -> Result<Vec<Steering>, String> {
        let Output { name, index, .. } = &self.manifest.output;
        let (shape, numbers) = (output.shape.clone(), output.into_floats());
        let width = numbers.len() / count.max(1);
        if width * count != numbers.len() || *index >= width {
            return Err(format!(
                "output `{name}` has the shape {shape:?}: no number {index} for each of {count} frames"
            ));
        }
        numbers.chunks_exact(width).map(|numbers| self.curvature(numbers)).collect()
    }

    fn curvature(&self, numbers: &[f32]) -> Result<Steering, String> {
        let Output { name, index, bins, decode, unit, .. } = &self.manifest.output;
        let number = match bins {
            None => f64::from(numbers[*index]),
            Some(bins) => class(numbers, *bins, *decode).ok_or_else(|| format!("output `{name}` is not a number"))?,
        };
        if !number.is_finite() {
            return Err(format!("output `{name}` is not a number"));
        }
        let number = if *unit == Unit::Share { number.clamp(-1.0, 1.0) } else { number };
        // -0 is no other way than 0.
        Ok(Steering(self.curvature_of(number).0 as f32 + 0.0))
    }

    /// The curvature in 1/m that a number commands, and its slope.
    fn curvature_of(&self, number: f64) -> (f64, f64) {
        let Output { unit, gain, positive, wheelbase, .. } = &self.manifest.output;
        let to_left = if *positive == Positive::Left { *gain } else { -gain };
        let bicycle = |rad_per_number: f64| {
            let (curvature, slope) = bicycle(number * rad_per_number, *wheelbase);
            (curvature, slope * rad_per_number)
        };
        match unit {
            Unit::Curvature => (number * to_left, to_left),
            Unit::Share | Unit::Degrees => bicycle(to_left.to_radians()),
            Unit::Radians => bicycle(to_left),
        }
    }

    /// How much the curvature in 1/m rises with each number that the output has for a frame. Beyond full lock it goes on
    /// rising; of classes the mean does, also where the largest is what steers.
    ///
    /// # Errors
    /// When the output is not of this shape, or not a number.
    pub fn slopes(&self, output: &Tensor, count: usize) -> Result<Vec<f32>, String> {
        let Output { index, bins, .. } = &self.manifest.output;
        let numbers = output.clone().into_floats();
        self.steering(output.clone(), count)?;
        let of_frame = |numbers: &[f32]| {
            let Some(bins) = bins else {
                let slope = self.curvature_of(numbers[*index].into()).1;
                return (0..numbers.len()).map(|at| if at == *index { slope as f32 } else { 0.0 }).collect();
            };
            let mean = class(numbers, *bins, Decode::Mean).unwrap_or(0.0);
            let (slope, sum) =
                (self.curvature_of(mean).1, numbers.iter().map(|number| f64::from(*number)).sum::<f64>());
            let of_class = |at: usize| slope * (class_value(at, numbers.len(), *bins) - mean) / sum;
            (0..numbers.len()).map(|at| of_class(at) as f32).collect::<Vec<_>>()
        };
        Ok(numbers.chunks_exact((numbers.len() / count).max(1)).flat_map(of_frame).collect())
    }

    /// How much each channel of a pixel as it is fed rises with the pixel's brightness of 0 to 1.
    pub fn per_brightness(&self) -> Vec<f32> {
        let Input { colour, scale: [divisor, _], std, .. } = &self.manifest.input;
        let rises = colour.rises();
        std.iter().take(colour.channels()).zip(rises).map(|(std, rise)| 255.0 * rise / divisor / std).collect()
    }
}

/// Largest angle of a front wheel, as for recorded steering.
const MOST_FRONT_RAD: f64 = std::f64::consts::FRAC_PI_3;

/// Curvature of a kinematic bicycle with its front wheel at an angle in rad, and its slope.
fn bicycle(front_rad: f64, wheelbase: f64) -> (f64, f64) {
    let tangent = libm::tan(front_rad.clamp(-MOST_FRONT_RAD, MOST_FRONT_RAD));
    (tangent / wheelbase, (1.0 + tangent * tangent) / wheelbase)
}

/// The value of one of some evenly spaced classes.
fn class_value(at: usize, of: usize, [first, last]: [f64; 2]) -> f64 {
    first + (last - first) * at as f64 / of.saturating_sub(1).max(1) as f64
}

/// The value of the chosen class; nothing if a number is none.
fn class(numbers: &[f32], bins: [f64; 2], decode: Decode) -> Option<f64> {
    if numbers.iter().any(|number| !number.is_finite()) {
        return None;
    }
    let value = |at: usize| class_value(at, numbers.len(), bins);
    match decode {
        // The first of equal ones, as NumPy's argmax.
        Decode::Largest => {
            let largest = numbers.iter().enumerate().rev().max_by(|(_, a), (_, b)| a.total_cmp(b));
            largest.map(|(at, _)| value(at))
        }
        Decode::Mean => {
            let sum: f64 = numbers.iter().copied().map(f64::from).sum();
            let weighted = numbers.iter().enumerate().map(|(at, number)| value(at) * f64::from(*number));
            Some(weighted.sum::<f64>() / sum)
        }
    }
}

impl Colour {
    /// How much each channel rises when red, green and blue rise by one.
    fn rises(self) -> [f32; 3] {
        match self {
            Self::Rgb | Self::Bgr => [1.0; 3],
            // The differences of colour stand still.
            Self::Yuv | Self::Grey => [1.0, 0.0, 0.0],
        }
    }

    /// The channels of a pixel.
    fn of(self, rgb: [u8; 3]) -> [f32; 3] {
        let [red, green, blue] = rgb.map(f32::from);
        let brightness = 0.299 * red + 0.587 * green + 0.114 * blue;
        let byte = |value: f32| value.round_ties_even().clamp(0.0, 255.0);
        match self {
            Self::Rgb => [red, green, blue],
            Self::Bgr => [blue, green, red],
            Self::Yuv => {
                // OpenCV takes the differences from the brightness that it has not rounded yet.
                [byte(brightness), byte(0.492 * (blue - brightness) + 128.0), byte(0.877 * (red - brightness) + 128.0)]
            }
            Self::Grey => [byte(brightness), 0.0, 0.0],
        }
    }
}

fn state_plan(port: &Port, told: Option<&[usize]>, output: &str) -> anyhow::Result<StatePlan> {
    let free = port.shape.as_ref().map(|sides| {
        let free = sides.iter().enumerate().filter(|(_, side)| side.length().is_none());
        free.map(|(at, _)| at).collect::<Vec<_>>()
    });
    let shape: Vec<usize> = match (told, &port.shape, free.as_deref()) {
        (Some(told), _, _) => told.to_vec(),
        (None, Some(sides), Some([] | [_])) => sides.iter().map(|side| side.length().unwrap_or(1)).collect(),
        _ => return Err(anyhow!("state {port}: its shape is left open; add `shape` to the state")),
    };
    let length = shape.iter().try_fold(1_usize, |length, side| length.checked_mul(*side));
    let fits = length.is_some_and(|length| (1..=MOST_STATE).contains(&length));
    ensure!(fits, "state {port}: expected 1 to {MOST_STATE} numbers, got the shape {shape:?}");
    let batch_side = free.and_then(|free| free.first().copied()).filter(|at| shape.get(*at) == Some(&1));
    Ok(StatePlan { output: output.to_owned(), shape, batch_side })
}

impl StatePlan {
    /// The state of one drive for each of `count` frames.
    fn repeated(&self, numbers: &[f32], count: usize) -> (Vec<usize>, Vec<f32>) {
        let Some(batch_side) = self.batch_side else { return (self.shape.clone(), numbers.to_vec()) };
        let mut shape = self.shape.clone();
        shape[batch_side] = count;
        let inner: usize = self.shape[batch_side..].iter().product();
        let numbers = numbers.chunks_exact(inner).flat_map(|inner| std::iter::repeat_n(inner, count));
        (shape, numbers.flatten().copied().collect())
    }
}

pub(crate) fn next_state(tensor: Tensor, state: &StatePlan) -> Result<Vec<f32>, String> {
    let (name, shape) = (&state.output, tensor.shape.clone());
    let numbers = tensor.into_floats();
    if numbers.len() != state.shape.iter().product::<usize>() {
        return Err(format!("state `{name}` has the shape {shape:?}: expected {:?}", state.shape));
    }
    match numbers.iter().all(|number| number.is_finite()) {
        true => Ok(numbers),
        false => Err(format!("state `{name}` is not a number")),
    }
}

/// One number for each frame, in the shape that an input takes.
fn constant(port: &Port, number: f32, count: usize) -> Tensor {
    let sides = port.shape.clone().unwrap_or_default();
    let shape: Vec<usize> = sides.iter().map(|side| side.length().unwrap_or(count)).collect();
    let length = shape.iter().product();
    Tensor::of_element(port.element, shape, vec![number; length])
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuv_is_that_of_opencv() {
        // cv2.cvtColor(np.uint8([[[200, 100, 50]]]), cv2.COLOR_RGB2YUV) of OpenCV 4.
        assert_eq!(Colour::Yuv.of([200, 100, 50]), [124.0, 91.0, 194.0]);
        assert_eq!(Colour::Yuv.of([0, 0, 0]), [0.0, 128.0, 128.0]);
    }

    #[test]
    fn a_class_is_the_first_of_the_largest_or_the_mean() {
        // donkeycar: 15 classes from -1 to 1.
        let mut numbers = vec![0.0; 15];
        (numbers[3], numbers[9]) = (0.5, 0.5);
        assert_eq!(class(&numbers, [-1.0, 1.0], Decode::Largest), Some(-1.0 + 2.0 * 3.0 / 14.0));
        let mean = class(&numbers, [-1.0, 1.0], Decode::Mean).unwrap();
        assert!((mean - (-1.0 + 2.0 * 6.0 / 14.0)).abs() < 1e-12);
        numbers[0] = f32::NAN;
        assert_eq!(class(&numbers, [-1.0, 1.0], Decode::Largest), None);
    }

    #[test]
    fn a_state_is_repeated_along_the_side_of_the_batch() {
        let state = StatePlan { output: "hn".into(), shape: vec![2, 1, 2], batch_side: Some(1) };
        let (shape, numbers) = state.repeated(&[1.0, 2.0, 3.0, 4.0], 2);
        assert_eq!((shape, numbers), (vec![2, 2, 2], vec![1.0, 2.0, 1.0, 2.0, 3.0, 4.0, 3.0, 4.0]));
    }
}
