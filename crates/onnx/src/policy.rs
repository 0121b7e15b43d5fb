//! A graph that steers, as its manifest says: pictures and memory in, path curvature and the next memory out.

use crate::backprop::{self, Plane};
use crate::engine::Engine;
use crate::gradient::{self, Backward, WithGradient};
use crate::graph::Graph;
use crate::manifest::{Input, Manifest, Preset};
use crate::plan::{Batch, Memory, Now, Plan, StatePlan, next_state};
use crate::tensor::Tensor;
use crate::watch::Limits;
use anyhow::{Context as _, anyhow};
use lane_frame::{RgbImage, Size, Steering};
use std::path::Path;
use std::sync::Arc;

/// Pictures that go through a graph at once where it takes any number.
const BATCH: usize = 16;

/// When and how fast a graph is tried.
const PROBE: Now = Now { elapsed_secs: 0.05, speed_mps: Some(10.0) };

/// A graph that steers. Copies share it.
#[derive(Clone, Debug)]
pub struct Policy {
    engine: Engine,
    plan: Arc<Plan>,
    /// The way back from the output to the picture, or why there is none.
    backward: Arc<Result<Backward, String>>,
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
        let plan = Plan::new(graph, manifest, convolutions)?;
        let backward = Backward::new(graph, &plan.manifest.input.name, &plan.manifest.output.name, limits);
        let mut policy = Self { engine, plan: Arc::new(plan), backward: Arc::new(backward) };
        let [width, height] = policy.plan.manifest.input.size;
        let grey = RgbImage::from_pixel(width, height, image::Rgb([128; 3]));
        let zero = policy.zero_memory();
        let tried = policy.steer(&grey, &zero, PROBE).map_err(|why| anyhow!("on a grey picture: {why}"))?;
        if policy.plan.batch == Batch::Free && !policy.takes_many(&grey, &zero, tried.steering) {
            policy.limit_to_one()?;
        }
        if let Err(why) = policy.check_gradient() {
            policy.backward = Arc::new(Err(why));
        }
        Ok(policy)
    }

    /// Whether two pictures at once give what one does.
    fn takes_many(&self, picture: &RgbImage, memory: &Memory, alone: Steering) -> bool {
        let both = self.would_steer(&[picture.clone(), picture.clone()], memory, PROBE);
        let alike = |other: &Steering| (other.0 - alone.0).abs() <= 1e-3 * alone.0.abs() + 1e-5;
        both.is_ok_and(|both| both.iter().all(alike))
    }

    /// Holds the gradient against differences of the output, on a picture of noise.
    fn check_gradient(&self) -> Result<(), String> {
        self.backward.as_ref().as_ref().map_err(Clone::clone)?;
        let (numbers, memory) = (self.numbers(&noise(self.input_size())), self.zero_memory());
        let gradient = self.weighted_gradient(std::slice::from_ref(&numbers), &[1.0], &memory, PROBE)?;
        let given = |numbers: &[f32]| {
            let at_once = if let Batch::Fixed(count) = self.plan.batch { count } else { 1 };
            let inputs = self.plan.inputs(&vec![numbers; at_once], &memory, PROBE)?;
            let output = self.engine.run(inputs, &[&self.plan.manifest.output.name])?.into_iter().next();
            Ok::<_, String>((output.ok_or("the graph gave no output")?, at_once))
        };
        let (output, count) = given(&numbers)?;
        let slopes = self.plan.slopes(&output, count)?;
        let of_one = slopes.len() / count.max(1);
        gradient::check(&numbers, &gradient, |numbers| {
            let (output, _) = given(numbers)?;
            let products = output.into_floats().into_iter().zip(&slopes).take(of_one);
            Ok(products.map(|(number, slope)| f64::from(number) * f64::from(*slope)).sum())
        })
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
    pub fn steer(&self, picture: &RgbImage, memory: &Memory, now: Now) -> Result<Step, String> {
        let numbers = self.plan.picture(picture);
        let names: Vec<&str> = std::iter::once(self.plan.manifest.output.name.as_str())
            .chain(self.plan.states.iter().map(|state| state.output.as_str()))
            .collect();
        let at_once = match self.plan.batch {
            Batch::Fixed(count) => count,
            Batch::Free => 1,
        };
        let inputs = self.plan.inputs(&vec![&numbers[..]; at_once], memory, now)?;
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
    pub fn would_steer(&self, pictures: &[RgbImage], memory: &Memory, now: Now) -> Result<Vec<Steering>, String> {
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
            let output = self.engine.run(self.plan.inputs(&fed, memory, now)?, &[&self.plan.manifest.output.name])?;
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
    pub fn visual_backprop(&self, picture: &RgbImage, memory: &Memory, now: Now) -> Result<Option<Vec<f32>>, String> {
        let Plan { convolutions, batch, .. } = &*self.plan;
        let at_once = if let Batch::Fixed(count) = batch { *count } else { 1 };
        let numbers = self.plan.picture(picture);
        let names: Vec<&str> = convolutions.iter().map(|convolution| convolution.activation.as_str()).collect();
        if names.is_empty() {
            return Ok(None);
        }
        let inputs = self.plan.inputs(&vec![&numbers[..]; at_once], memory, now)?;
        let activations = self.engine.run(inputs, &names)?;
        Ok(backprop::relevance(convolutions, activations, self.input_size()))
    }

    /// Why it has no gradients; nothing for one that has.
    pub fn without_gradients(&self) -> Option<&str> {
        self.backward.as_ref().as_ref().err().map(String::as_str)
    }

    /// A picture as the numbers that the graph is fed.
    ///
    /// # Panics
    /// If the picture is not of [`Policy::input_size`].
    pub fn numbers(&self, picture: &RgbImage) -> Vec<f32> {
        self.plan.picture(picture)
    }

    /// Sum over some pictures, as the numbers that the graph is fed, of weight times gradient of the curvature in 1/m with
    /// respect to those numbers. Each comes next after the same memory, which stands still.
    ///
    /// # Errors
    /// As [`Policy::steer`], and when there are no gradients.
    pub fn weighted_gradient(
        &self,
        pictures: &[Vec<f32>],
        weights: &[f32],
        memory: &Memory,
        now: Now,
    ) -> Result<Vec<f32>, String> {
        let most = if let Batch::Fixed(count) = self.plan.batch { count } else { BATCH };
        let length = pictures.first().map_or(0, Vec::len);
        let mut sums = vec![0.0; length];
        for (pictures, weights) in pictures.chunks(most).zip(weights.chunks(most)) {
            let pictures: Vec<&[f32]> = pictures.iter().map(Vec::as_slice).collect();
            let input = self.plan.manifest.input.name.as_str();
            let found = self.gradient(&pictures, weights, memory, now, input)?;
            for of_row in found.gradient.chunks_exact((self.plan.in_a_row * length).max(1)) {
                for at in self.plan.newest(memory) {
                    sums.iter_mut().zip(&of_row[at * length..]).for_each(|(sum, gradient)| *sum += gradient);
                }
            }
        }
        Ok(sums)
    }

    /// A value of some pictures at once, and the gradient of their weighted curvatures with respect to it.
    fn gradient(
        &self,
        pictures: &[&[f32]],
        weights: &[f32],
        memory: &Memory,
        now: Now,
        of: &str,
    ) -> Result<WithGradient, String> {
        let backward = self.backward.as_ref().as_ref().map_err(Clone::clone)?;
        let mut fed = pictures.to_vec();
        if let (Batch::Fixed(count), Some(last)) = (self.plan.batch, pictures.last()) {
            fed.resize(count, last);
        }
        let inputs = self.plan.inputs(&fed, memory, now)?;
        let weigh = |output: &Tensor| {
            let slopes = self.plan.slopes(output, fed.len())?;
            let of_frame = slopes.len() / fed.len();
            // A picture that fills up a batch counts for nothing.
            let weights = weights.iter().chain(std::iter::repeat(&0.0)).flat_map(|w| std::iter::repeat_n(*w, of_frame));
            Ok(slopes.iter().zip(weights).map(|(slope, weight)| slope * weight).collect())
        };
        backward.run(inputs, weigh, of).map(|(_, found)| found)
    }

    /// Numbers of [`Policy::numbers`] summed over the channels of each pixel, row by row: shares of the curvature.
    pub fn per_pixel(&self, numbers: &[f32]) -> Vec<f32> {
        self.summed(numbers, &[1.0; 3])
    }

    /// A gradient with respect to [`Policy::numbers`] as one with respect to the brightness, 0 to 1, of each pixel, row by
    /// row.
    pub fn per_brightness(&self, gradient: &[f32]) -> Vec<f32> {
        self.summed(gradient, &self.plan.per_brightness())
    }

    fn summed(&self, numbers: &[f32], weights: &[f32]) -> Vec<f32> {
        let Input { layout, colour, .. } = &self.plan.manifest.input;
        let (channels, pixels) = (colour.channels(), numbers.len() / colour.channels());
        let place = |pixel: usize, channel: usize| match layout.has_channels_last() {
            true => pixel * channels + channel,
            false => channel * pixels + pixel,
        };
        let sum = |pixel| (0..channels).map(|channel| weights[channel] * numbers[place(pixel, channel)]).sum();
        (0..pixels).map(sum).collect()
    }

    /// Grad-CAM on what the last convolution's activation gives: the sum over its channels of the activation times its mean
    /// gradient, in 1/m. Nothing where there are no convolutions.
    ///
    /// # Errors
    /// As [`Policy::weighted_gradient`].
    ///
    /// # Panics
    /// If the picture is not of [`Policy::input_size`].
    pub fn grad_cam(&self, picture: &RgbImage, memory: &Memory, now: Now) -> Result<Option<Plane>, String> {
        let Some(last) = self.plan.convolutions.last() else { return Ok(None) };
        let numbers = self.plan.picture(picture);
        let WithGradient { value, gradient } = self.gradient(&[&numbers], &[1.0], memory, now, &last.activation)?;
        let [_, channels, rows, columns] = value.shape[..] else { return Ok(None) };
        let places = rows * columns;
        let activation = value.into_floats();
        let mut map = vec![0.0; places];
        let planes = activation.chunks_exact(places.max(1)).zip(gradient.chunks_exact(places.max(1)));
        for (plane, gradient) in planes.take(channels) {
            let mean = gradient.iter().sum::<f32>() / places as f32;
            map.iter_mut().zip(plane).for_each(|(sum, number)| *sum += mean * number);
        }
        Ok(Some(Plane { rows, columns, values: map }))
    }
}

/// A picture of noise, always the same.
fn noise(size: Size) -> RgbImage {
    let mut state = 1_u64;
    let mut byte = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    RgbImage::from_fn(size.width, size.height, |_, _| image::Rgb([byte(), byte(), byte()]))
}
