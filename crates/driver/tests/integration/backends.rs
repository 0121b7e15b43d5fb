//! Each backend that was built in, beside the processor. The continuous integration builds none of them; run these where
//! their libraries and drivers are, as `docs/backends.md` says.

use lane_driver::moment::Decision;
use lane_driver::train::{TrainingConfig, train};
use lane_driver::{Driver, Source};
use lane_frame::{Frame, RgbImage};
use lane_policy::device::{self, Backend, Device};
use lane_policy::saliency::Method;
use lane_policy::{Policy, PolicyKind};
use lane_testing::assert_close;

/// The devices to test: `LIQUID_LANE_TEST_DEVICE` names another, such as `libtorch:cuda`.
fn backends() -> Vec<Backend> {
    let built = [(cfg!(feature = "libtorch"), "libtorch"), (cfg!(feature = "wgpu"), "wgpu")];
    let named = std::env::var("LIQUID_LANE_TEST_DEVICE").ok();
    let names: Vec<&str> = match &named {
        Some(named) => vec![named],
        None => built.into_iter().filter_map(|(built, name)| built.then_some(name)).collect(),
    };
    names.into_iter().map(|name| name.parse().unwrap()).collect()
}

/// What an untrained policy decides on a few moving pictures.
fn decisions(kind: PolicyKind, device: &Device) -> Vec<Decision> {
    let source = Source { name: kind.to_string(), origin: "first weights".into() };
    let mut driver = Driver::new(source, Policy::init(kind, 1, device), device);
    let size = driver.input_size();
    let frames = (0..5_u64).map(|index| {
        let pixel = |x, y| image::Rgb([(x * 2 + 9 * index as u32) as u8, (y * 5) as u8, (x ^ y) as u8]);
        let image = RgbImage::from_fn(size.width, size.height, pixel);
        driver.decide(&Frame { index, time_secs: 0.05 * index as f64, image }, Method::InputGradient).unwrap()
    });
    frames.collect()
}

#[test]
fn every_policy_decides_as_on_the_processor() {
    for backend in backends() {
        let device = backend.open().unwrap();
        for kind in PolicyKind::all() {
            let compared = decisions(kind, &device).into_iter().zip(decisions(kind, &device::cpu()));
            for (frame, (decision, expected)) in compared.enumerate() {
                let what = |part: &str| format!("{backend}, {kind}, frame {frame}, {part}");
                // Sums of up to 5000 terms in another order.
                assert_close(&what("steering"), &[decision.steering.0], &[expected.steering.0], 1e-4);
                let [states, expected_states] = [&decision, &expected].map(|d| &d.neurons.as_ref().unwrap().state);
                assert_close(&what("states"), states, expected_states, 1e-5);
                let [map, expected_map] = [&decision, &expected].map(|d| &d.saliency.as_ref().unwrap().map.values);
                assert_close(&what("input gradient"), map, expected_map, 1e-3);
            }
        }
    }
}

#[test]
fn a_few_training_steps_go_as_on_the_processor() {
    for kind in [PolicyKind::NCP, PolicyKind::CNN] {
        // No look by the network itself, which would render another picture for every rounding.
        let recipe = TrainingConfig::recipe(kind, 1, 32);
        let config = TrainingConfig { steps: 6, on_policy_share: 0.0, validation_looks: 16, ..recipe };
        let losses = |device: &Device| {
            let mut losses = Vec::new();
            train(&config, None, device, &mut |progress| {
                losses.push(progress.loss);
                true
            });
            losses
        };
        let expected = losses(&device::cpu());
        for backend in backends() {
            let losses = losses(&backend.open().unwrap());
            // Adam takes whole steps along gradients near 0, whose sign rounding decides.
            assert_close(&format!("{backend}, {kind}, loss"), &losses, &expected, 1e-3);
        }
    }
}
