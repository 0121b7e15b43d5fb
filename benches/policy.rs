//! Milliseconds of a policy's parts: a frame to its steering, with and without the maps, and a training step.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use lane_driver::train::{FRAMES_PER_STEP, TrainingConfig, train};
use lane_driver::{Driver, Source};
use lane_frame::{Frame, RgbImage, Size};
use lane_policy::device;
use lane_policy::ltc_kernel::{self, Layout, Run};
use lane_policy::saliency::Method;
use lane_policy::wiring::{LANE_KEEPING_SEED, Wiring};
use lane_policy::{Policy, PolicyKind};

fn main() {
    // One thread, as the README's table says; RAYON_NUM_THREADS=2 makes it two.
    let threads = std::env::var("RAYON_NUM_THREADS").ok().and_then(|threads| threads.parse().ok()).unwrap_or(1);
    if let Err(error) = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global() {
        eprintln!("the thread pool is not ours: {error}");
    }
    let _kept = liquid_lane::memory::keep_pages();
    divan::main();
}

fn fresh(kind: PolicyKind) -> Driver {
    let (source, device) = (Source { name: kind.to_string(), origin: "first weights".into() }, device::cpu());
    Driver::new(source, Policy::init(kind, 1, &device), &device)
}

fn frame(size: Size, time_secs: f64) -> Frame {
    let image = RgbImage::from_fn(size.width, size.height, |x, y| image::Rgb([(x * 3) as u8, (y * 5) as u8, 90]));
    Frame { index: 0, time_secs, image }
}

/// The next frame of a drive: a picture that a policy has seen before costs it next to nothing.
fn advance(frame: &mut Frame) {
    frame.time_secs += 0.05;
    let pixel = frame.image.get_pixel_mut(0, 0);
    pixel[0] = pixel[0].wrapping_add(1);
}

#[divan::bench(args = PolicyKind::all(), sample_count = 200, sample_size = 1)]
fn frame_to_steering(bencher: Bencher, kind: PolicyKind) {
    let mut driver = fresh(kind);
    let mut frame = frame(driver.input_size(), 0.0);
    bencher.bench_local(|| {
        advance(&mut frame);
        driver.steer(black_box(&frame))
    });
}

#[divan::bench(args = Method::ALL, sample_count = 200, sample_size = 1)]
fn frame_to_steering_and_map(bencher: Bencher, method: Method) {
    let mut driver = fresh(PolicyKind::NCP);
    let mut frame = frame(driver.input_size(), 0.0);
    bencher.bench_local(|| {
        advance(&mut frame);
        driver.decide(black_box(&frame), method)
    });
}

/// Batch and steps; the second pair also runs backward.
#[divan::bench(args = [(1, 1), (64, 32)], sample_count = 50)]
fn liquid_neurons_alone(bencher: Bencher, (batch, steps): (usize, usize)) {
    let wiring = Wiring::lane_keeping(LANE_KEEPING_SEED);
    let parameters = vec![0.5; Layout::of(&wiring).parameters()];
    let inputs: Vec<f32> = (0..batch * steps * 32).map(|i| (i % 97) as f32 / 97.0).collect();
    let (first_state, elapsed) = (vec![0.0; batch * wiring.units()], vec![1.0; batch * steps]);
    let d_states = vec![0.1; batch * steps * wiring.units()];
    let run = Run {
        wiring: &wiring,
        unfolds: 6,
        epsilon: 1e-8,
        batch,
        steps,
        inputs: &inputs,
        first_state: &first_state,
        elapsed: &elapsed,
        parameters: &parameters,
    };
    bencher.bench_local(|| {
        if batch == 1 {
            black_box(ltc_kernel::forward(black_box(&run)));
        } else {
            black_box(ltc_kernel::backward(black_box(&run), &d_states));
        }
    });
}

/// Frames per second of a short training, with its rendering and its own drives, nearly without validation.
#[divan::bench(args = [PolicyKind::NCP, PolicyKind::CNN], sample_count = 3, sample_size = 1)]
fn training_with_its_rendering(bencher: Bencher, kind: PolicyKind) {
    let config = TrainingConfig { validation_looks: 16, ..TrainingConfig::recipe(kind, 1, 1600) };
    bencher
        .counter(ItemsCount::new(config.steps * FRAMES_PER_STEP))
        .bench_local(|| train(&config, None, &device::cpu(), &mut |_| true));
}
