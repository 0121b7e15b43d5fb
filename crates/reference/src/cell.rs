//! A cell over sequences: outputs, states, memories, loss and every gradient, against the reference.

use super::FileReport;
use super::case::CellCase;
use super::fixture::{Fixture, compare};
use anyhow::{Context as _, ensure};
use burn::module::Module as _;
use burn::tensor::{Gradients, Tensor, TensorData};
use lane_policy::cell::{Cell, CellRun, CellState};
use lane_policy::device::Device;
use lane_policy::interchange::{self, Style};
use lane_policy::to_vec;

/// What 32 bits leave of a forward pass; PyTorch in 32 bits was measured at 1.6e-6.
pub(super) const FORWARD: f64 = 5e-6;

/// What they leave of gradients; PyTorch was measured at 8e-6.
const BACKWARD: f64 = 5e-5;

/// Everything that such a fixture may hold beside parameters and gradients.
const KNOWN: [&str; 4] = ["inputs", "h0", "c0", "elapsed"];
const RESULTS: [&str; 5] = ["outputs", "states", "cells", "lstmout", "loss"];

/// The sequences, on a device that records, and the state before them.
struct Given {
    inputs: Tensor<3>,
    elapsed: Tensor<2>,
    hidden: Tensor<2>,
    memory: Option<Tensor<2>>,
}

pub(super) fn run(case: &CellCase, fixture: &Fixture, device: &Device, report: &mut FileReport) -> anyhow::Result<()> {
    check_names(fixture)?;
    let parameters = fixture.dict("param/")?;
    let style = Style::of(&parameters);
    let recording = device.clone().autodiff();
    let cell = interchange::import(&parameters, &case.spec, device)?.train().fork(&recording);
    let given = given(case, fixture, &recording)?;
    let state = CellState { hidden: given.hidden.clone(), memory: given.memory.clone() };
    let run = cell.forward(given.inputs.clone(), state, given.elapsed.clone());
    let loss = run.outputs.clone().square().sum();
    results(fixture, &run, &loss, report)?;
    gradients(fixture, &cell, &given, &loss.backward(), &style, report)
}

fn check_names(fixture: &Fixture) -> anyhow::Result<()> {
    for name in fixture.names()? {
        let known = KNOWN.contains(&name.as_str())
            || ["param/", "grad_f64/", "grad_f32/"].iter().any(|prefix| name.starts_with(prefix))
            || name
                .rsplit_once('_')
                .is_some_and(|(stem, bits)| RESULTS.contains(&stem) && ["f32", "f64"].contains(&bits));
        ensure!(known, "tensor `{name}` belongs to no fixture of a cell");
    }
    Ok(())
}

fn given(case: &CellCase, fixture: &Fixture, recording: &Device) -> anyhow::Result<Given> {
    let inputs = fixture.need("inputs")?;
    let [batch, steps, width]: [usize; 3] =
        inputs.shape.as_slice().try_into().context("`inputs`: [batch, steps, inputs]")?;
    let (expected, units) = (case.spec.core.inputs(), case.spec.core.units());
    ensure!(width == expected, "`inputs`: expected {expected} per step, got {width}");
    ensure!(batch > 0 && steps > 0, "`inputs`: expected sequences, got shape {:?}", inputs.shape);
    let state = |name: &str| -> anyhow::Result<Tensor<2>> {
        let zeros = || vec![0.0; batch * units];
        let values = fixture.get(name)?.map_or_else(zeros, |numbers| numbers.narrow());
        ensure!(values.len() == batch * units, "`{name}`: expected {} numbers, got {}", batch * units, values.len());
        Ok(Tensor::<2>::from_data(TensorData::new(values, [batch, units]), recording).require_grad())
    };
    let lengths = fixture.get("elapsed")?.map_or_else(|| vec![case.elapsed; batch * steps], |numbers| numbers.narrow());
    ensure!(lengths.len() == batch * steps, "`elapsed`: expected {} numbers, got {}", batch * steps, lengths.len());
    Ok(Given {
        inputs: Tensor::<3>::from_data(TensorData::new(inputs.narrow(), [batch, steps, width]), recording)
            .require_grad(),
        elapsed: Tensor::<2>::from_data(TensorData::new(lengths, [batch, steps]), recording).require_grad(),
        hidden: state("h0")?,
        memory: if case.spec.has_memory() { Some(state("c0")?) } else { None },
    })
}

fn results(fixture: &Fixture, run: &CellRun, loss: &Tensor<1>, report: &mut FileReport) -> anyhow::Result<()> {
    let mut compared = |name: &str, ours: Option<Vec<f32>>| -> anyhow::Result<()> {
        match (fixture.get(&format!("{name}_f64"))?, ours) {
            (Some(reference), Some(ours)) => report.deviations.push(compare(name, &ours, &reference, FORWARD)?),
            (Some(_), None) => report.not_run = Some(format!("`{name}`: this cell has none")),
            (None, _) => {}
        }
        Ok(())
    };
    fixture.need("outputs_f64")?;
    fixture.need("states_f64")?;
    compared("outputs", Some(to_vec(run.outputs.clone())))?;
    compared("states", Some(whole_or_last(fixture, "states_f64", &run.hidden)?))?;
    let memory = run.memory.as_ref().map(|memory| whole_or_last(fixture, "cells_f64", memory)).transpose()?;
    compared("cells", memory)?;
    compared("lstmout", run.recalled.clone().map(to_vec))?;
    compared("loss", Some(to_vec(loss.clone())))
}

/// All steps, or the last one where the reference kept only that.
fn whole_or_last(fixture: &Fixture, name: &str, ours: &Tensor<3>) -> anyhow::Result<Vec<f32>> {
    let steps = ours.dims()[1];
    let last_only = fixture.get(name)?.is_some_and(|reference| reference.shape.len() == 2);
    Ok(to_vec(if last_only { ours.clone().narrow(1, steps - 1, 1) } else { ours.clone() }))
}

fn gradients(
    fixture: &Fixture,
    cell: &Cell,
    given: &Given,
    gradients: &Gradients,
    style: &Style,
    report: &mut FileReport,
) -> anyhow::Result<()> {
    let mut ours = interchange::gradients(cell, gradients, style);
    // The reference of a cell that was run forward only.
    if !fixture.names()?.iter().any(|name| name.starts_with("grad_f64/")) {
        return Ok(());
    }
    let parameters: Vec<String> = ours.names().map(str::to_owned).collect();
    for name in &parameters {
        fixture.need(&format!("grad_f64/{name}"))?;
    }
    let mut insert = |name: &str, gradient: Option<Vec<f32>>| {
        let values = gradient.unwrap_or_default();
        ours.insert(name, interchange::Array { shape: vec![values.len()], values });
    };
    insert("inputs", given.inputs.grad(gradients).map(to_vec));
    insert("elapsed", given.elapsed.grad(gradients).map(to_vec));
    insert("h0", given.hidden.grad(gradients).map(to_vec));
    insert("c0", given.memory.as_ref().and_then(|memory| memory.grad(gradients)).map(to_vec));
    for name in fixture.names()? {
        let Some(short) = name.strip_prefix("grad_f64/") else { continue };
        match ours.get(short) {
            Some(ours) => report.deviations.push(compare(&name, &ours.values, &fixture.need(&name)?, BACKWARD)?),
            None => report.not_run = Some(format!("`{name}`: nothing of this cell has that gradient")),
        }
    }
    Ok(())
}
