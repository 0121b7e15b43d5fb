//! Our side: one call of each row, ready to be repeated.

use burn::module::Module as _;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use lane_driver::{Driver, Source};
use lane_frame::{Frame, RgbImage, Size};
use lane_policy::cell::{
    Activation, Cell, CellSpec, CfcMode, CfcSpec, CoreSpec, GateOrder, GruSpec, LstmSpec, WiredCfcSpec, WiringSource,
};
use lane_policy::device;
use lane_policy::ltc_kernel::{self, Layout, Run};
use lane_policy::preprocess::whiten;
use lane_policy::saliency::integrated_gradients::whitened_shares;
use lane_policy::saliency::quadrature::Quadrature;
use lane_policy::saliency::{Method, Situation, saliency};
use lane_policy::wiring::{LANE_KEEPING_SEED, Wiring};
use lane_policy::{Eye, FEATURES, FirstWeights, Policy, PolicyKind};
use rayon::prelude::*;
use std::hint::black_box;

/// Batch and steps of the cells alone.
const SEQUENCES: [usize; 2] = [64, 32];
/// Steps of a training sequence.
const STEPS: usize = 16;
const UNFOLDS: usize = 6;
/// Neurons and width of the backbone of the closed-form cell, ncps' defaults for 19 neurons.
const NEURONS: usize = 19;
const BACKBONE: usize = 128;
const GATED_NEURONS: usize = 64;
/// Points on the way of integrated gradients.
const INTEGRATION_STEPS: usize = 32;

/// One call.
type Work = Box<dyn FnMut()>;

/// A product of two square matrices.
pub fn sgemm(side: usize) -> Work {
    let random = || Tensor::<2>::random([side, side], Distribution::Default, &device::cpu());
    let (a, b) = (random(), random());
    Box::new(move || {
        black_box(a.clone().matmul(b.clone()));
    })
}

/// The kernel on one frame's features.
pub fn ltc_kernel_step() -> Work {
    let wiring = Wiring::lane_keeping(LANE_KEEPING_SEED);
    let parameters = vec![0.5; Layout::of(&wiring).parameters()];
    let (inputs, first_state) = (vec![0.5; wiring.sensory()], vec![0.0; wiring.units()]);
    Box::new(move || {
        black_box(ltc_kernel::forward(black_box(&Run {
            wiring: &wiring,
            unfolds: UNFOLDS,
            epsilon: 1e-8,
            batch: 1,
            steps: 1,
            inputs: &inputs,
            first_state: &first_state,
            elapsed: &[1.0],
            parameters: &parameters,
        })));
    })
}

/// The cell with its maps on one frame's features.
pub fn ltc_cell_step() -> Work {
    let device = device::cpu();
    let cell = cell(&ltc(), &device);
    let (features, elapsed) = (random([1, 1, FEATURES], &device), Tensor::ones([1, 1], &device));
    let state = cell.zero_state(1, &device);
    Box::new(move || {
        black_box(cell.forward(features.clone(), state.clone(), elapsed.clone()).outputs);
    })
}

/// The same on plain numbers, as a policy drives.
pub fn ltc_cell_driving() -> Work {
    let Some(mut cell) = cell(&ltc(), &device::cpu()).stepper() else { unreachable!("liquid cells step on numbers") };
    let (features, mut state) = (vec![0.5; FEATURES], vec![vec![0.0; NEURONS]]);
    Box::new(move || {
        cell.step(black_box(&features), &mut state, 1.0);
        black_box(cell.outputs());
    })
}

/// A batch of sequences through a cell, and the gradients of its weights.
pub fn cell_training(spec: CellSpec) -> Work {
    let recording = device::cpu().autodiff();
    let cell = cell(&spec, &device::cpu()).train().fork(&recording);
    let [batch, steps] = SEQUENCES;
    let (features, elapsed) = (random([batch, steps, FEATURES], &recording), Tensor::ones([batch, steps], &recording));
    let state = cell.zero_state(batch, &recording);
    Box::new(move || {
        let run = cell.forward(features.clone(), state.clone(), elapsed.clone());
        black_box(run.outputs.square().sum().backward());
    })
}

/// A frame through encoder and liquid neurons of the paper.
pub fn ncp_frame() -> Work {
    frame_to_steering(PolicyKind::NCP_PAPER)
}

/// A frame through the paper's CNN.
pub fn cnn_frame() -> Work {
    frame_to_steering(PolicyKind::CNN_PAPER)
}

fn frame_to_steering(kind: PolicyKind) -> Work {
    let (mut driver, mut frame) = (driver(kind), frame(kind));
    Box::new(move || {
        advance(&mut frame);
        let _ = black_box(driver.steer(black_box(&frame)));
    })
}

/// Both paper policies on a frame, each with its map and what its neurons do.
pub fn audit_frame() -> Work {
    let mut drivers = [PolicyKind::NCP_PAPER, PolicyKind::CNN_PAPER].map(driver);
    let mut frame = frame(PolicyKind::NCP_PAPER);
    Box::new(move || {
        advance(&mut frame);
        for driver in &mut drivers {
            let _ = black_box(driver.decide(black_box(&frame), Method::VisualBackProp));
        }
    })
}

/// Integrated gradients of two compact policies and of an untrained twin of each, at as many points as the other side.
pub fn integrated_gradients() -> Work {
    maps(|situation| {
        black_box(whitened_shares(situation, Quadrature::GaussLegendre, INTEGRATION_STEPS));
    })
}

/// The same as a window has them: from 16 graded points on, until the shares add up.
pub fn complete_integrated_gradients() -> Work {
    maps(|situation| {
        black_box(saliency(Method::IntegratedGradients, situation));
    })
}

/// Occlusion of two compact policies and of an untrained twin of each.
pub fn occlusion() -> Work {
    maps(|situation| {
        black_box(saliency(Method::Occlusion, situation));
    })
}

/// A map of one frame for each of four compact policies, at the same time where there are threads for it.
fn maps(map: fn(&Situation<'_>)) -> Work {
    let device = device::cpu();
    let kinds = [PolicyKind::NCP, PolicyKind::CNN];
    let policies = kinds.iter().flat_map(|kind| [1, 2].map(|seed| Policy::init(*kind, seed, &device)));
    let policies: Vec<_> = policies
        .map(|policy| {
            let (recorder, eye) = (policy.recording(&device), Eye::new(&policy, &device));
            (policy.zero_state(1, &device).numbers(), policy, recorder, eye)
        })
        .collect();
    let mut frame = frame(PolicyKind::NCP);
    Box::new(move || {
        advance(&mut frame);
        policies.par_iter().for_each(|(memory, policy, recorder, eye)| {
            let seen = &eye.glance(&frame.image);
            map(&Situation { policy, recorder, device: &device, seen, memory, elapsed_secs: 0.05 });
        });
    })
}

/// 32 sequences through the paper's encoder and liquid neurons.
pub fn paper_training() -> Work {
    training(PolicyKind::NCP_PAPER, 32)
}

/// 16 sequences through the compact encoder and liquid neurons.
pub fn compact_training() -> Work {
    training(PolicyKind::NCP, 16)
}

/// An optimiser step from 8-bit images to new weights: whitening, forward, backward, Adam.
fn training(kind: PolicyKind, sequences: usize) -> Work {
    let device = device::cpu();
    let recording = device.clone().autodiff();
    let mut policy = Policy::init(kind, 1, &device).recording(&device);
    let mut adam = AdamConfig::new().with_epsilon(1e-8).init();
    let size = policy.input_size();
    let images: Vec<RgbImage> = (0..sequences * STEPS).map(|index| image(size, index as u32)).collect();
    let target: Tensor<2> = Tensor::random([sequences, STEPS], Distribution::Normal(0.0, 1.0), &recording);
    Box::new(move || {
        let input = whiten(&images.iter().collect::<Vec<_>>(), size, &recording);
        let state = policy.zero_state(sequences, &recording);
        let output = policy.forward(input, state, &vec![0.05; images.len()], sequences).0.output;
        let weight = target.clone().abs() + 1.0;
        let loss = ((output - target.clone()).square() * weight.clone()).sum() / weight.sum();
        let gradients = GradientsParams::from_grads(loss.backward(), policy.network());
        let network = adam.step(5e-4, policy.network().clone(), gradients);
        policy = policy.clone().with_network(network.constrain());
    })
}

/// The liquid cell in the published wiring.
pub fn ltc() -> CellSpec {
    PolicyKind::NCP.cell().unwrap_or_else(|| unreachable!("liquid policies have a cell"))
}

/// Closed-form cells in the published wiring.
pub fn wired_cfc() -> CellSpec {
    let wiring = WiringSource::lane_keeping(LANE_KEEPING_SEED);
    plain(CoreSpec::WiredCfc(WiredCfcSpec { wiring, mode: CfcMode::Default }))
}

/// A closed-form cell with ncps' default backbone.
pub fn cfc() -> CellSpec {
    let (mode, activation) = (CfcMode::Default, Activation::LecunTanh);
    let (inputs, units, backbone_units, backbone_layers) = (FEATURES, NEURONS, BACKBONE, 1);
    plain(CoreSpec::Cfc(CfcSpec { inputs, units, mode, backbone_units, backbone_layers, activation }))
}

/// PyTorch's LSTM.
pub fn lstm() -> CellSpec {
    plain(CoreSpec::Lstm(LstmSpec { inputs: FEATURES, units: GATED_NEURONS, gates: GateOrder::Torch }))
}

/// PyTorch's GRU.
pub fn gru() -> CellSpec {
    plain(CoreSpec::Gru(GruSpec { inputs: FEATURES, units: GATED_NEURONS }))
}

fn plain(core: CoreSpec) -> CellSpec {
    CellSpec { core, mixed_memory: false, readout: None }
}

fn cell(spec: &CellSpec, device: &Device) -> Cell {
    Cell::init(spec, &mut FirstWeights::new(1, device))
}

fn random(shape: [usize; 3], device: &Device) -> Tensor<3> {
    let values: Vec<f32> = (0..shape.iter().product()).map(|i| (i % 97) as f32 / 97.0).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn driver(kind: PolicyKind) -> Driver {
    let (source, device) = (Source { name: kind.to_string(), origin: "first weights".into() }, device::cpu());
    Driver::new(source, Policy::init(kind, 1, &device), &device)
}

fn frame(kind: PolicyKind) -> Frame {
    Frame { index: 0, time_secs: 0.0, image: image(kind.encoder().input_size(), 0) }
}

/// The next frame of a drive: a picture that a policy has seen before costs it next to nothing.
fn advance(frame: &mut Frame) {
    frame.time_secs += 0.05;
    let pixel = frame.image.get_pixel_mut(0, 0);
    pixel[0] = pixel[0].wrapping_add(1);
}

fn image(size: Size, index: u32) -> RgbImage {
    RgbImage::from_fn(size.width, size.height, |x, y| image::Rgb([(x * 3 + index) as u8, (y * 5) as u8, 90]))
}
