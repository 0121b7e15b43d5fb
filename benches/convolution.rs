//! What each convolution of each encoder reaches of the rate of a matrix product: forward, gradient of its input, gradient
//! of its filters, one frame after the other on one thread. A table in markdown.
//!
//! `cargo bench --bench convolution`

#![allow(clippy::print_stdout, reason = "a benchmark prints what it finds")]

use burn::tensor::{Distribution, Tensor};
use lane_policy::conv::{ConvShape, Layer, Pass, Pullback, backward};
use lane_policy::device;
use lane_policy::encoder::EncoderKind;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Rows and columns of the matrices whose product is the measure.
const SIDE: usize = 1024;

/// A work is repeated for this long; its least time counts.
const BUDGET: Duration = Duration::from_millis(300);

fn main() -> Result<(), rayon::ThreadPoolBuildError> {
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global()?;
    let product = Tensor::<2>::random([SIDE, SIDE], Distribution::Default, &device::cpu());
    let sgemm = rate(2.0 * (SIDE * SIDE * SIDE) as f64, || {
        black_box(product.clone().matmul(product.clone()).into_data());
    });
    println!("A product of two matrices of {SIDE}: {sgemm:.0} GFLOP/s. In brackets shares of it.\n");
    println!(
        "| encoder | layer | million multiplications | forward, GFLOP/s | gradient of the input | of the filters |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    for encoder in [EncoderKind::Compact, EncoderKind::Paper, EncoderKind::PaperCnn] {
        for (number, shape) in encoder.shapes().into_iter().enumerate() {
            let ConvShape { in_channels, out_channels, kernel, stride, .. } = shape;
            let [forward, input, filters] = rates(shape).map(|rate| format!("{rate:.0} ({:.2})", rate / sgemm));
            let millions = flop(&shape) / 2e6;
            println!(
                "| {encoder:?} | {}: {in_channels} to {out_channels}, {kernel}x{kernel}, stride {stride} | {millions:.2} | \
                 {forward} | {input} | {filters} |",
                number + 1
            );
        }
    }
    Ok(())
}

/// Additions and multiplications of one frame.
fn flop(shape: &ConvShape) -> f64 {
    2.0 * (shape.out_len() * shape.window_len()) as f64
}

/// GFLOP/s of the three passes of a layer.
fn rates(shape: ConvShape) -> [f64; 3] {
    let wave = |count: usize| (0..count).map(|i| (i as f32 * 0.618_034).fract() - 0.5).collect::<Vec<f32>>();
    let (image, weight) = (wave(shape.in_len()), wave(shape.window_len() * shape.out_channels));
    let layer = Layer::new(shape, &weight, &wave(shape.out_channels));
    let mut pass = Pass::new(Arc::new([layer]));
    let rows = image.chunks_exact(shape.in_width * shape.in_channels);
    pass.image_rows_mut().zip(rows).for_each(|(row, numbers)| row.copy_from_slice(numbers));
    let forward = rate(flop(&shape), || {
        pass.run();
        black_box(pass.last());
    });
    let output = pass.last().to_vec();
    let d_first = Pullback::of(&pass).first_sums(&pass, &output).to_vec();
    let input = rate(flop(&shape), || {
        black_box(Pullback::of(&pass).image(&d_first));
    });
    // Eight frames share what is packed and gathered, as in a training.
    let [images, outputs] = [&image, &output].map(|one| one.repeat(8));
    let filters = rate(8.0 * flop(&shape), || {
        black_box(backward(&shape, &images, &weight, &outputs, &outputs, false));
    });
    [forward, input, filters]
}

fn rate(flop: f64, mut work: impl FnMut()) -> f64 {
    let (start, mut least) = (Instant::now(), f64::MAX);
    while start.elapsed() < BUDGET {
        let call = Instant::now();
        work();
        least = least.min(call.elapsed().as_secs_f64());
    }
    flop / least / 1e9
}
