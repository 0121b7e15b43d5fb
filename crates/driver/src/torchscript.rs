//! A user's TorchScript module as a policy: it drives, replays, and shows its input gradient beside ours. LibTorch runs
//! it; [`ModuleCard`] says what it takes and gives.

use super::module_card::ModuleCard;
use super::moment::NeuronActivity;
use super::own::OwnPolicy;
use super::session::PolicyInfo;
use super::{Model, Source};
use anyhow::{anyhow, ensure};
use lane_frame::{Frame, RgbImage, Size, Steering};
use lane_policy::Lesion;
use lane_policy::device::LibTorchDevice;
use lane_policy::saliency::Method;
use lane_policy::saliency::map::Attribution;
use std::path::Path;
use std::sync::Arc;
use tch::{CModule, Device, IValue, Kind, TchError, Tensor};

/// Modules of more bytes are refused unread: five hundred million weights steer nothing in real time.
const MOST_BYTES: u64 = 2 << 30;

/// A module, what it takes and gives, and its memory.
#[derive(Clone, Debug)]
pub struct TorchScript {
    module: Arc<CModule>,
    card: Arc<ModuleCard>,
    device: Device,
    parameters: usize,
    /// Whether its output has a gradient with respect to its image.
    differentiable: bool,
    /// As numbers: LibTorch's tensors cannot be shared between threads.
    states: Vec<Vec<f32>>,
}

/// What a module gives for one frame.
struct Output {
    number: f64,
    states: Vec<Vec<f32>>,
    /// With respect to the module's image, where it was asked for.
    gradient: Option<Vec<f32>>,
}

impl TorchScript {
    /// Loads a module and the card beside it, and tries it on a grey picture.
    ///
    /// # Errors
    /// When the file is no TorchScript module, has no card, or does not take and give what its card says.
    pub fn open(path: &Path, device: LibTorchDevice) -> anyhow::Result<Self> {
        let refused = |why: String| anyhow!("{}: {why}", path.display());
        let card = ModuleCard::beside(path)?;
        let metadata = std::fs::metadata(path).map_err(|error| refused(error.to_string()))?;
        ensure!(
            metadata.is_file() && metadata.len() <= MOST_BYTES,
            "{}: expected a module of up to 2 GiB",
            path.display()
        );
        let device = match device {
            LibTorchDevice::Cpu => Device::Cpu,
            LibTorchDevice::Cuda(card) => Device::Cuda(card),
        };
        // The optimiser of graphs watches the first runs and then rounds otherwise: the same frame gave two steerings.
        tch::jit::f_set_graph_executor_optimize(false).map_err(|error| refused(in_one_line(&error)))?;
        let mut module = CModule::load_on_device(path, device)
            .map_err(|error| refused(format!("expected a TorchScript module: {}", in_one_line(&error))))?;
        module.f_set_eval().map_err(|error| refused(in_one_line(&error)))?;
        let weights = module.named_parameters().map_err(|error| refused(in_one_line(&error)))?;
        let parameters = weights.iter().map(|(_, weight)| weight.numel()).sum();
        let mut opened = Self {
            module: Arc::new(module),
            card: Arc::new(card),
            device,
            parameters,
            differentiable: false,
            states: Vec::new(),
        };
        opened.states = opened.zero_states();
        opened.try_out().map_err(refused)?;
        Ok(opened)
    }

    /// One frame, so that what does not fit is found before the drive.
    fn try_out(&mut self) -> Result<(), String> {
        let Size { width, height } = self.card.input_size();
        let grey = RgbImage::from_pixel(width, height, image::Rgb([128; 3]));
        self.run(&grey, false).map_err(|error| in_one_line(&error))?;
        self.differentiable = self.run(&grey, true).is_ok();
        Ok(())
    }

    fn zero_states(&self) -> Vec<Vec<f32>> {
        self.card.states().iter().map(|shape| vec![0.0; shape.iter().product()]).collect()
    }

    fn run(&self, image: &RgbImage, with_gradient: bool) -> Result<Output, TchError> {
        let pixels = Tensor::f_from_slice(&self.card.image(image))?.f_reshape(self.card.image_shape())?;
        let pixels = pixels.f_to(self.device)?.f_set_requires_grad(with_gradient)?;
        let given = if with_gradient {
            tch::with_grad(|| self.module.forward_is(&self.arguments(&pixels)?))?
        } else {
            tch::no_grad(|| self.module.forward_is(&self.arguments(&pixels)?))?
        };
        let (steering, states) = self.taken_apart(given)?;
        let gradient = with_gradient.then(|| {
            let gradients = Tensor::f_run_backward(&[&steering], &[&pixels], false, false)?;
            numbers(&gradients[0])
        });
        Ok(Output { number: steering.f_double_value(&[0])?, states, gradient: gradient.transpose()? })
    }

    /// The image, then the states.
    fn arguments(&self, pixels: &Tensor) -> Result<Vec<IValue>, TchError> {
        let states = self.card.states().iter().zip(&self.states).map(|(shape, state)| {
            let shape: Vec<i64> = shape.iter().map(|side| *side as i64).collect();
            Ok(IValue::Tensor(Tensor::f_from_slice(state)?.f_reshape(shape)?.f_to(self.device)?))
        });
        std::iter::once(Ok(IValue::Tensor(pixels.shallow_clone()))).chain(states).collect()
    }

    /// The steering `[1]` and the next states of what the module gave.
    fn taken_apart(&self, given: IValue) -> Result<(Tensor, Vec<Vec<f32>>), TchError> {
        let wanted = self.card.states();
        let mut given = match given {
            IValue::Tensor(steering) => vec![IValue::Tensor(steering)],
            IValue::Tuple(values) => values,
            _ => Vec::new(),
        };
        if given.len() != 1 + wanted.len() {
            let expected = 1 + wanted.len();
            return misfit(format!("expected {expected} tensors, as the card says, got {}", given.len()));
        }
        let states = given.split_off(1);
        let steering = tensor(given.swap_remove(0))?;
        if steering.numel() != 1 {
            return misfit(format!("expected one number, got a tensor of shape {:?}", steering.size()));
        }
        let states = states.into_iter().zip(wanted).map(|(state, shape)| {
            let state = numbers(&tensor(state)?)?;
            let count = shape.iter().product::<usize>();
            if state.len() == count {
                Ok(state)
            } else {
                misfit(format!("expected a state {shape:?}, got {} numbers", state.len()))
            }
        });
        Ok((steering.f_reshape([1])?, states.collect::<Result<_, _>>()?))
    }
}

impl Model for TorchScript {
    fn describe(&self, source: &Source) -> PolicyInfo {
        let memory = if self.states.is_empty() { "no memory" } else { "with memory" };
        let gradient = if self.differentiable { "" } else { ", no input gradient" };
        let summary = format!("TorchScript module, {memory}{gradient}");
        let Source { name, origin } = source.clone();
        PolicyInfo { name, origin, summary, parameters: self.parameters, wiring: None }
    }

    fn input_size(&self) -> Size {
        self.card.input_size()
    }

    fn reset(&mut self) {
        self.states = self.zero_states();
    }

    /// Nothing is known of its neurons.
    fn steer(&mut self, frame: &Frame, _: f32, _: Option<&mut Vec<NeuronActivity>>) -> Result<Steering, String> {
        let output = self.run(&frame.image, false).map_err(|error| in_one_line(&error))?;
        self.states = output.states;
        Ok(self.card.steering(output.number))
    }

    fn methods(&self) -> Vec<Method> {
        vec![Method::InputGradient]
    }

    /// The input gradient; the others ask for a policy of this program.
    fn attributions(&self, image: &RgbImage, _: Option<f32>, methods: &[Method]) -> Vec<Option<Attribution>> {
        let asked = self.differentiable && methods.contains(&Method::InputGradient);
        let output = asked.then(|| self.run(image, true).ok()).flatten();
        let map = output.and_then(|output| Some(self.card.map(output.number, &output.gradient?)));
        let of = |method: &Method| map.clone().filter(|_| *method == Method::InputGradient).map(Attribution::from);
        methods.iter().map(of).collect()
    }

    fn would_steer(&self, images: &[RgbImage], _: Option<f32>) -> Vec<Result<Steering, String>> {
        let steering = |image| self.run(image, false).map(|output| self.card.steering(output.number));
        images.iter().map(|image| steering(image).map_err(|error| in_one_line(&error))).collect()
    }

    fn memory(&self) -> Vec<Vec<f32>> {
        self.states.clone()
    }

    fn recall(&mut self, memory: &[Vec<f32>]) {
        self.states = memory.to_vec();
    }

    fn lesioned(&self, lesions: &[Lesion]) -> Result<Box<dyn Model>, String> {
        match lesions {
            [] => Ok(self.boxed_clone()),
            _ => Err("is a user's module: nothing is known of its neurons".into()),
        }
    }

    fn own(&self) -> Option<&OwnPolicy> {
        None
    }

    fn boxed_clone(&self) -> Box<dyn Model> {
        Box::new(self.clone())
    }
}

fn tensor(value: IValue) -> Result<Tensor, TchError> {
    match value {
        IValue::Tensor(tensor) => Ok(tensor),
        other => misfit(format!("expected a tensor, got {other:?}")),
    }
}

fn numbers(tensor: &Tensor) -> Result<Vec<f32>, TchError> {
    let flat = tensor.f_detach()?.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?.f_reshape([-1])?;
    Vec::try_from(flat)
}

fn misfit<T>(why: String) -> Result<T, TchError> {
    Err(TchError::Shape(why))
}

/// LibTorch's errors are many lines of trace around one that says what is wrong.
fn in_one_line(error: &TchError) -> String {
    let text = error.to_string();
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let telling = lines().find(|line| line.starts_with("RuntimeError:")).or_else(|| lines().next());
    telling.unwrap_or("LibTorch gave no reason").to_owned()
}
