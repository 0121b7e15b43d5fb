//! Trains a Neural Circuit Policy of 16 liquid neurons to turn a sine and a cosine into a sine of twice the frequency, as the
//! first page of ncps does.

use burn::module::Module as _;
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Tensor, TensorData};
use liquid_cells::cell::{Cell, LtcSpec, WiringSource};
use liquid_cells::to_vec;
use liquid_cells::wiring::WiringSpec;
use std::f32::consts::PI;

const STEPS: usize = 48;
const EPOCHS: usize = 400;

/// `[1, STEPS, width]`
fn sequence<const WIDTH: usize>(sample: impl Fn(f32) -> [f32; WIDTH], device: &Device) -> Tensor<3> {
    let values = (0..STEPS).flat_map(|step| sample(3.0 * PI * step as f32 / (STEPS - 1) as f32)).collect();
    Tensor::from_data(TensorData::new(values, [1, STEPS, WIDTH]), device)
}

#[allow(clippy::print_stdout, reason = "an example shows what it does")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::flex().autodiff();
    let inputs = sequence(|angle| [angle.sin(), angle.cos()], &device);
    let targets = sequence(|angle| [(2.0 * angle).sin()], &device);
    let wiring = WiringSpec::AutoNcp { sensory: 2, units: 16, motor: 1, sparsity: 0.5, seed: 22222 };
    let mut cell = Cell::new(LtcSpec::new(WiringSource::draw(wiring)?), 1, &device)?.train();
    let mut adam = AdamConfig::new().with_epsilon(1e-8).init();
    for epoch in 0..=EPOCHS {
        let outputs = cell.forward_from_zero(inputs.clone()).outputs;
        let loss = (outputs.clone() - targets.clone()).square().mean();
        if epoch % 50 == 0 {
            println!("epoch {epoch:3}: mean square error {:.4}", loss.clone().into_scalar::<f32>());
        }
        if epoch == EPOCHS {
            for (output, target) in to_vec(outputs).iter().zip(to_vec(targets.clone())) {
                println!("{output:7.3} for {target:7.3}");
            }
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &cell);
        cell = adam.step(0.01, cell, gradients).constrain();
    }
    Ok(())
}
