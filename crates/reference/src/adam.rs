//! Steps of the optimiser on a liquid cell: losses, gradient norms and final parameters, against PyTorch's Adam.

use super::FileReport;
use super::case::AdamCase;
use super::cell::FORWARD;
use super::fixture::{Fixture, Numbers, compare};
use anyhow::{Context as _, ensure};
use burn::module::Module as _;
use burn::optim::GradientsParams;
use burn::tensor::{Tensor, TensorData};
use lane_driver::train::optimizer::{adam, clip_norm};
use lane_policy::device::Device;
use lane_policy::interchange::{self, Style};

/// Rounding accumulates over the steps, and Adam divides by the size of a gradient, however small.
const PATH: f64 = 10.0 * FORWARD;

pub(super) fn run(case: &AdamCase, fixture: &Fixture, device: &Device, report: &mut FileReport) -> anyhow::Result<()> {
    check_names(fixture)?;
    case.spec.check()?;
    let parameters = fixture.dict("param/")?;
    let style = Style::of(&parameters);
    let recording = device.clone().autodiff();
    let mut cell = interchange::import(&parameters, &case.spec, device)?.train().fork(&recording);
    let [inputs, targets] = ["inputs", "targets"].map(|name| fixture.need(name));
    let (inputs, targets) = (sequences(&inputs?, &recording)?, sequences(&targets?, &recording)?);
    let [batch, steps, width] = inputs.dims();
    let (expected, outputs) = (case.spec.core.inputs(), case.spec.outputs());
    ensure!(
        width == expected && batch > 0 && steps > 0,
        "`inputs`: expected [batch, steps, {expected}], got {:?}",
        inputs.dims()
    );
    let shape = [batch, steps, outputs];
    ensure!(targets.dims() == shape, "`targets`: expected {shape:?}, got {:?}", targets.dims());
    let (iters, reference) = (case.settings.iters, fixture.need("losses_f64")?);
    let stored = reference.values.len();
    ensure!(stored == iters, "manifest.json says {iters} steps, `losses_f64` has {stored}");
    let elapsed = Tensor::<2>::ones([batch, steps], &recording);
    let weight = (targets.clone().abs() * case.settings.alpha).exp();
    let (mut optimizer, mut losses, mut norms) = (adam(), Vec::new(), Vec::new());
    for _ in 0..iters {
        let run = cell.forward(inputs.clone(), cell.zero_state(batch, &recording), elapsed.clone());
        let error = (run.outputs - targets.clone()).square() * weight.clone();
        let loss = error.sum() / weight.clone().sum();
        losses.push(loss.clone().detach().into_scalar::<f32>());
        let mut gradients = GradientsParams::from_grads(loss.backward(), &cell);
        norms.push(clip_norm(&cell, &mut gradients, case.settings.clip_norm.unwrap_or(f32::INFINITY)));
        cell = optimizer.step(case.settings.lr, cell, gradients).constrain();
    }
    report.deviations.push(compare("losses", &losses, &reference, PATH)?);
    if let Some(reference) = fixture.get("grad_norms_f64")? {
        report.deviations.push(compare("gradient norms", &norms, &reference, PATH)?);
    }
    let mut finals = interchange::parameters(&cell, &style);
    for name in fixture.names()? {
        let Some(short) = name.strip_prefix("final_f64/") else { continue };
        let ours = finals.remove(short).with_context(|| format!("tensor `{name}` belongs to no part of this cell"))?;
        let reference = only_existing(&parameters, short, fixture.need(&name)?);
        report.deviations.push(compare(&name, &ours.values, &reference, PATH)?);
    }
    match finals.names().next() {
        Some(missing) => Err(anyhow::anyhow!("tensor `final_f64/{missing}` is missing")),
        None => Ok(()),
    }
}

fn check_names(fixture: &Fixture) -> anyhow::Result<()> {
    for name in fixture.names()? {
        let known = ["inputs", "targets"].contains(&name.as_str())
            || ["param/", "final_f64/", "final_f32/"].iter().any(|prefix| name.starts_with(prefix))
            || ["losses_f64", "losses_f32", "grad_norms_f64", "grad_norms_f32"].contains(&name.as_str());
        ensure!(known, "tensor `{name}` belongs to no fixture of an optimiser");
    }
    Ok(())
}

fn sequences(numbers: &Numbers, device: &Device) -> anyhow::Result<Tensor<3>> {
    let shape: [usize; 3] = numbers.shape.as_slice().try_into().context("expected [batch, steps, width]")?;
    Ok(Tensor::from_data(TensorData::new(numbers.narrow(), shape), device))
}

/// The reference's numbers of synapses that exist: the others are kept there, unused, and are 0 with us.
fn only_existing(parameters: &interchange::StateDict, name: &str, reference: Numbers) -> Numbers {
    let mask = if name.starts_with("sensory_") { "sensory_sparsity_mask" } else { "sparsity_mask" };
    let mask = parameters.get(mask).filter(|mask| mask.shape == reference.shape);
    let Some(mask) = mask else { return reference };
    let values = reference.values.iter().zip(&mask.values).map(|(value, mask)| value * f64::from(*mask)).collect();
    Numbers { values, ..reference }
}
