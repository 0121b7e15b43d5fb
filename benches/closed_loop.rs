//! Closed-loop frames per second: simulate, render and steer with the shipped NCP. One drive on one core, and drives of
//! several roads on one thread and on two in the same run, so that their ratio is the speed-up.

#![allow(clippy::expect_used, reason = "a benchmark states what it expects")]

use divan::Bencher;
use divan::counter::ItemsCount;
use lane_driver::closed_loop::{Conditions, Pilot, drive};
use lane_driver::{Driver, Source};
use lane_policy::device;
use lane_policy::weights;
use lane_sim::{Course, DT_SECS, RoadSet};
use rayon::prelude::*;
use std::path::Path;

const SECONDS: f64 = 10.0;
const ROADS: u32 = 8;

fn main() {
    divan::main();
}

fn pilot() -> Pilot {
    let (device, path) = (device::cpu(), Path::new(env!("CARGO_MANIFEST_DIR")).join("models/ncp.safetensors"));
    let (policy, _) = weights::load(&path, None, &device).expect("the shipped weights load");
    Pilot::Policy(Box::new(Driver::new(Source { name: "ncp".into(), origin: "models".into() }, policy, &device)))
}

/// Frames driven on a road of its own.
fn frames(pilot: &Pilot, seed: u32) -> usize {
    let course = Course::drawn(RoadSet::Demo, seed, SECONDS);
    let log = drive(&mut pilot.clone(), course.world(), SECONDS, &Conditions::default()).expect("a steering");
    log.steps.len()
}

fn per_drive() -> u32 {
    (SECONDS / DT_SECS) as u32
}

#[divan::bench(sample_count = 20)]
fn one_drive(bencher: Bencher) {
    let pilot = pilot();
    bencher.counter(ItemsCount::new(per_drive())).bench_local(|| frames(&pilot, 0));
}

#[divan::bench(args = [1, 2], sample_count = 10)]
fn many_roads(bencher: Bencher, threads: usize) {
    let (pilot, pool) = (pilot(), rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads"));
    bencher
        .counter(ItemsCount::new(ROADS * per_drive()))
        .bench_local(|| pool.install(|| (0..ROADS).into_par_iter().map(|seed| frames(&pilot, seed)).sum::<usize>()));
}
