//! A graph that steers, as its manifest says: pictures and memory in, path curvature and the next memory out.

use crate::backprop::{self, Convolution};
use crate::engine::{Engine, Tensor};
use crate::graph::{Graph, Port};
use crate::manifest::{Colour, Decode, Input, Layout, Manifest, Output, Positive, Preset, Unit};
use crate::watch::Limits;
use anyhow::{Context as _, anyhow, ensure};
use lane_frame::{RgbImage, Size, Steering};
use std::path::Path;
use std::sync::Arc;

/// Pictures that go through a graph at once where it takes any number.
const BATCH: usize = 16;

/// States of more numbers are refused.
const MOST_STATE: usize = 1 << 22;

/// A graph that steers. Copies share it.
#[derive(Clone, Debug)]
pub struct Policy {
    engine: Engine,
    plan: Arc<Plan>,
}

/// What a graph remembers between two frames.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    /// Numbers of each state.
    pub states: Vec<Vec<f32>>,
    /// Earlier pictures of a graph that takes several, the oldest first; none at the start of a drive.
    pub pictures: Vec<Vec<f32>>,
}

/// What is settled about a graph.
#[derive(Debug)]
struct Plan {
    manifest: Manifest,
    ports: Vec<Port>,
    feeds: Vec<Feed>,
    states: Vec<StatePlan>,
    /// Pictures of one step, more than one for a graph that takes them in a row.
    in_a_row: usize,
    /// Frames at once: always as many, or up to [`BATCH`].
    batch: Batch,
    parameters: usize,
    operators: usize,
    convolutions: Vec<Convolution>,
    /// The graph with its weights.
    content: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Batch {
    Fixed(usize),
    Free,
}

/// What goes into an input.
#[derive(Clone, Copy, Debug)]
enum Feed {
    Picture,
    State(usize),
    Elapsed,
    Fixed(f32),
}

/// A state: its sides for one drive, and which of them is the batch.
#[derive(Debug)]
struct StatePlan {
    output: String,
    shape: Vec<usize>,
    batch_side: Option<usize>,
}

/// What a graph makes of a frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What it commands.
    pub steering: Steering,
    /// What it then remembers.
    pub memory: Memory,
}

impl Policy {
    /// Reads a graph and its manifest, and tries it on a grey picture.
    ///
    /// # Errors
    /// When the file is no graph, has an operator that is not supported, its manifest is not there or contradicts it, or
    /// it does not give what the manifest says; in one line.
    pub fn open(path: &Path, preset: Option<Preset>) -> anyhow::Result<Self> {
        let graph = Graph::open(path)?;
        let manifest = Manifest::of(path, &graph, preset)?;
        Self::new(&graph, manifest, Limits::default()).map_err(|error| anyhow!("{}: {error:#}", path.display()))
    }

    /// A graph as its manifest says, tried on a grey picture.
    ///
    /// # Errors
    /// As [`Policy::open`].
    pub fn new(graph: &Graph, manifest: Manifest, limits: Limits) -> anyhow::Result<Self> {
        let convolutions = backprop::convolutions(graph, &manifest.input.name);
        let in_between: Vec<String> = convolutions.iter().map(|convolution| convolution.activation.clone()).collect();
        let engine = Engine::load(graph, &in_between, limits)?;
        let mut plan = Plan::new(graph, manifest)?;
        plan.convolutions = convolutions;
        let mut policy = Self { engine, plan: Arc::new(plan) };
        let [width, height] = policy.plan.manifest.input.size;
        let grey = RgbImage::from_pixel(width, height, image::Rgb([128; 3]));
        let zero = policy.zero_memory();
        let tried = policy.steer(&grey, &zero, 0.05).map_err(|why| anyhow!("on a grey picture: {why}"))?;
        if policy.plan.batch == Batch::Free && !policy.takes_many(&grey, &zero, tried.steering) {
            policy.limit_to_one()?;
        }
        Ok(policy)
    }

    /// Whether two pictures at once give what one does.
    fn takes_many(&self, picture: &RgbImage, memory: &Memory, alone: Steering) -> bool {
        let both = self.would_steer(&[picture.clone(), picture.clone()], memory, 0.05);
        let alike = |other: &Steering| (other.0 - alone.0).abs() <= 1e-3 * alone.0.abs() + 1e-5;
        both.is_ok_and(|both| both.iter().all(alike))
    }

    fn limit_to_one(&mut self) -> anyhow::Result<()> {
        Arc::get_mut(&mut self.plan).context("the plan is shared too early")?.batch = Batch::Fixed(1);
        Ok(())
    }

    /// Size of the picture that it takes.
    pub fn input_size(&self) -> Size {
        let [width, height] = self.plan.manifest.input.size;
        Size { width, height }
    }

    /// The part of recorded pictures that it sees, as shares of width and height: left, top, width, height.
    pub fn crop(&self) -> Option<[f64; 4]> {
        let Input { crop, of, .. } = self.plan.manifest.input;
        let [width, height] = of?.map(f64::from);
        let [top, right, bottom, left] = crop.map(f64::from);
        let across = (width - left - right) / width;
        Some([left / width, top / height, across, (height - top - bottom) / height])
    }

    /// Numbers in its weights.
    pub fn parameters(&self) -> usize {
        self.plan.parameters
    }

    /// Bytes that differ if graph, weights or manifest do.
    pub fn identity(&self) -> Vec<u8> {
        let manifest = format!("{:?}", self.plan.manifest);
        [self.plan.content.as_slice(), manifest.as_bytes()].concat()
    }

    /// How many operators it has.
    pub fn operators(&self) -> usize {
        self.plan.operators
    }

    /// Whether it remembers earlier frames.
    pub fn has_memory(&self) -> bool {
        !self.plan.states.is_empty() || self.plan.in_a_row > 1
    }

    /// Whether [`Policy::visual_backprop`] has convolutions to go by.
    pub fn has_convolutions(&self) -> bool {
        !self.plan.convolutions.is_empty()
    }

    /// What it remembers at the start of a drive.
    pub fn zero_memory(&self) -> Memory {
        let zeros = |state: &StatePlan| vec![0.0; state.shape.iter().product()];
        Memory { states: self.plan.states.iter().map(zeros).collect(), pictures: Vec::new() }
    }

    /// One frame.
    ///
    /// # Errors
    /// When the graph fails, gives what is no number or of another shape, or takes too long; in one line.
    ///
    /// # Panics
    /// If the picture is not of [`Policy::input_size`].
    pub fn steer(&self, picture: &RgbImage, memory: &Memory, elapsed_secs: f32) -> Result<Step, String> {
        let numbers = self.plan.picture(picture);
        let names: Vec<&str> = std::iter::once(self.plan.manifest.output.name.as_str())
            .chain(self.plan.states.iter().map(|state| state.output.as_str()))
            .collect();
        let at_once = match self.plan.batch {
            Batch::Fixed(count) => count,
            Batch::Free => 1,
        };
        let inputs = self.plan.inputs(&vec![&numbers[..]; at_once], memory, elapsed_secs);
        let mut outputs = self.engine.run(inputs, &names)?.into_iter();
        let output = outputs.next().ok_or("the graph gave no output")?;
        let steering = self.plan.steering(output, at_once)?.swap_remove(0);
        let states = outputs.zip(&self.plan.states).map(|(tensor, state)| next_state(tensor, state));
        let states = states.collect::<Result<Vec<_>, String>>()?;
        Ok(Step { steering, memory: Memory { states, pictures: self.plan.next_pictures(numbers, memory) } })
    }

    /// What it would command if each of these pictures came next.
    ///
    /// # Errors
    /// As [`Policy::steer`].
    ///
    /// # Panics
    /// If a picture is not of [`Policy::input_size`].
    pub fn would_steer(&self, pictures: &[RgbImage], memory: &Memory, secs: f32) -> Result<Vec<Steering>, String> {
        let (most, fixed) = match self.plan.batch {
            Batch::Fixed(count) => (count, true),
            Batch::Free => (BATCH, false),
        };
        let mut steerings = Vec::with_capacity(pictures.len());
        for pictures in pictures.chunks(most) {
            let numbers: Vec<Vec<f32>> = pictures.iter().map(|picture| self.plan.picture(picture)).collect();
            let mut fed: Vec<&[f32]> = numbers.iter().map(Vec::as_slice).collect();
            // A graph that takes four at a time is fed the last one again.
            let last = fed[fed.len() - 1];
            fed.resize(if fixed { most } else { fed.len() }, last);
            let count = fed.len();
            let output = self.engine.run(self.plan.inputs(&fed, memory, secs), &[&self.plan.manifest.output.name])?;
            let output = output.into_iter().next().ok_or("the graph gave no output")?;
            steerings.extend(self.plan.steering(output, count)?.into_iter().take(pictures.len()));
        }
        Ok(steerings)
    }

    /// VisualBackProp from the activations behind the convolutions, row by row: relevance in units of the product of their
    /// means. Nothing where there are none.
    ///
    /// # Errors
    /// As [`Policy::steer`].
    ///
    /// # Panics
    /// If the picture is not of [`Policy::input_size`].
    pub fn visual_backprop(&self, picture: &RgbImage, memory: &Memory, secs: f32) -> Result<Option<Vec<f32>>, String> {
        let Plan { convolutions, batch, .. } = &*self.plan;
        let at_once = if let Batch::Fixed(count) = batch { *count } else { 1 };
        let numbers = self.plan.picture(picture);
        let names: Vec<&str> = convolutions.iter().map(|convolution| convolution.activation.as_str()).collect();
        if names.is_empty() {
            return Ok(None);
        }
        let inputs = self.plan.inputs(&vec![&numbers[..]; at_once], memory, secs);
        let activations = self.engine.run(inputs, &names)?;
        Ok(backprop::relevance(convolutions, activations, self.input_size()))
    }
}

impl Plan {
    fn new(graph: &Graph, manifest: Manifest) -> anyhow::Result<Self> {
        let ports = graph.inputs().to_vec();
        let states: Vec<_> = manifest.state.values().collect();
        let feed = |port: &Port| {
            let state = states.iter().position(|state| state.input == port.name);
            let elapsed = manifest.time.elapsed.as_ref().filter(|name| **name == port.name).map(|_| Feed::Elapsed);
            let fixed = manifest.fixed.get(&port.name).map(|number| Feed::Fixed(*number));
            state.map(Feed::State).or(elapsed).or(fixed).unwrap_or(Feed::Picture)
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
            convolutions: Vec::new(),
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
    fn picture(&self, picture: &RgbImage) -> Vec<f32> {
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
    fn inputs(&self, pictures: &[&[f32]], memory: &Memory, elapsed_secs: f32) -> Vec<Tensor> {
        let count = pictures.len();
        let feed = |(port, feed): (&Port, &Feed)| match feed {
            Feed::Picture => {
                let numbers =
                    pictures.iter().flat_map(|picture| self.row(picture, memory)).flatten().copied().collect();
                Tensor::of_element(port.element, self.picture_shape(count), numbers)
            }
            Feed::State(at) => {
                let (shape, numbers) = self.states[*at].repeated(&memory.states[*at], count);
                Tensor::of_element(port.element, shape, numbers)
            }
            Feed::Elapsed => constant(port, elapsed_secs, count),
            Feed::Fixed(number) => constant(port, *number, count),
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

    fn next_pictures(&self, picture: Vec<f32>, memory: &Memory) -> Vec<Vec<f32>> {
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
    fn steering(&self, output: Tensor, count: usize) -> Result<Vec<Steering>, String> {
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
        let Output { name, index, bins, decode, unit, gain, positive, wheelbase } = &self.manifest.output;
        let number = match bins {
            None => f64::from(numbers[*index]),
            Some(bins) => class(numbers, *bins, *decode).ok_or_else(|| format!("output `{name}` is not a number"))?,
        };
        if !number.is_finite() {
            return Err(format!("output `{name}` is not a number"));
        }
        let number = if *unit == Unit::Share { number.clamp(-1.0, 1.0) } else { number };
        let to_left = if *positive == Positive::Left { number } else { -number } * gain;
        let curvature = match unit {
            Unit::Curvature => to_left,
            Unit::Share | Unit::Degrees => bicycle(to_left.to_radians(), *wheelbase),
            Unit::Radians => bicycle(to_left, *wheelbase),
        };
        // -0 is no other way than 0.
        Ok(Steering(curvature as f32 + 0.0))
    }
}

/// Largest angle of a front wheel, as for recorded steering.
const MOST_FRONT_RAD: f64 = std::f64::consts::FRAC_PI_3;

/// Curvature of a kinematic bicycle with its front wheel at an angle in rad.
fn bicycle(front_rad: f64, wheelbase: f64) -> f64 {
    libm::tan(front_rad.clamp(-MOST_FRONT_RAD, MOST_FRONT_RAD)) / wheelbase
}

/// The value of the chosen class; nothing if a number is none.
fn class(numbers: &[f32], [first, last]: [f64; 2], decode: Decode) -> Option<f64> {
    if numbers.iter().any(|number| !number.is_finite()) {
        return None;
    }
    let steps = numbers.len().saturating_sub(1).max(1) as f64;
    let value = |at: usize| first + (last - first) * at as f64 / steps;
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

fn next_state(tensor: Tensor, state: &StatePlan) -> Result<Vec<f32>, String> {
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
