//! Times a policy of this program on one thread, batch 1: medians in microseconds of a whole frame, whitening and encoder
//! in it, and of its neurons alone. `scripts/time-onnx.py` runs it beside onnxruntime.
//!
//!     cargo run --release -p lane-policy --example time_policy -- models/ncp.safetensors 300

#![allow(clippy::print_stdout, reason = "a program that prints figures")]

use anyhow::Context as _;
use burn::tensor::{Tensor, TensorData};
use lane_frame::RgbImage;
use lane_policy::{device, preprocess::whiten, weights};
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

/// The median time of a call in microseconds.
fn median_micros(times: usize, mut call: impl FnMut()) -> f64 {
    let time = |_| {
        let start = Instant::now();
        call();
        start.elapsed().as_secs_f64()
    };
    let mut secs: Vec<f64> = (0..times).map(time).collect();
    secs.sort_by(f64::total_cmp);
    1e6 * secs[secs.len() / 2]
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().context("expected a weights file")?;
    let times: usize = arguments.next().map_or(Ok(300), |times| times.parse())?;
    let device = device::cpu();
    let (policy, _) = weights::load(Path::new(&path), None, &device)?;
    let size = policy.input_size();
    let image = RgbImage::from_fn(size.width, size.height, |x, y| image::Rgb([x as u8, y as u8, (x ^ y) as u8]));
    let state = policy.zero_state(1, &device);
    let frame = median_micros(times, || {
        let input = whiten(&[black_box(&image)], size, &device);
        let (output, _) = policy.forward(input, state.clone(), &[0.05], 1);
        black_box(output.steering());
    });
    let cell = policy.recurrent().context("expected a policy with neurons")?.cell();
    let inputs = cell.spec().core.inputs();
    let features = Tensor::from_data(TensorData::new(vec![0.1_f32; inputs], [1, 1, inputs]), &device);
    let elapsed: Tensor<2> = Tensor::from_data(TensorData::new(vec![0.05_f32], [1, 1]), &device);
    let neurons = median_micros(times, || {
        let run = cell.forward(black_box(features.clone()), cell.zero_state(1, &device), elapsed.clone());
        black_box(run.outputs.into_data());
    });
    println!("{frame:.1} {neurons:.1}");
    Ok(())
}
