//! Times one frame of an ONNX graph on one thread: the median in microseconds. `scripts/time-onnx.py` runs it beside
//! onnxruntime.
//!
//!     cargo run --release -p lane-onnx --example time_graph -- mine.onnx 300

#![allow(clippy::print_stdout, reason = "a program that prints a figure")]

use anyhow::Context as _;
use lane_onnx::{Engine, Graph, Limits, Tensor};
use std::path::Path;
use std::time::Instant;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().context("expected an ONNX file")?;
    let times: usize = arguments.next().map_or(Ok(300), |times| times.parse())?;
    let graph = Graph::open(Path::new(&path))?;
    let engine = Engine::load(&graph, &[], Limits::default())?;
    let outputs: Vec<&str> = graph.outputs().iter().map(|port| port.name.as_str()).collect();
    let inputs = || {
        let input = graph.inputs().iter().map(|port| {
            let sides = port.shape.clone().unwrap_or_default();
            let shape: Vec<usize> = sides.iter().map(|side| side.length().unwrap_or(1)).collect();
            let numbers = (0..shape.iter().product()).map(|at: usize| (at % 97) as f32 / 97.0).collect();
            Tensor::of_element(port.element, shape, numbers)
        });
        input.collect::<Vec<_>>()
    };
    let mut secs = Vec::with_capacity(times);
    for _ in 0..times {
        let inputs = inputs();
        let start = Instant::now();
        engine.run(inputs, &outputs).map_err(anyhow::Error::msg)?;
        secs.push(start.elapsed().as_secs_f64());
    }
    secs.sort_by(f64::total_cmp);
    println!("{:.1}", 1e6 * secs[secs.len() / 2]);
    Ok(())
}
