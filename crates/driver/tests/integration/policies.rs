use lane_driver::train::{TrainingConfig, train};
use lane_driver::{Driver, Source};
use lane_frame::{Frame, RgbImage, Size};
use lane_policy::device;
use lane_policy::saliency::Method;
use lane_policy::{Policy, PolicyKind, weights};
use lane_testing::card;
use std::path::Path;

fn driver(policy: Policy) -> Driver {
    let source = Source { name: policy.kind().to_string(), origin: "a test".into() };
    Driver::new(source, policy, &device::cpu())
}

fn frame(size: Size, index: u64) -> Frame {
    let image = RgbImage::from_fn(size.width, size.height, |x, y| {
        image::Rgb([(x * 3 + 7 * index as u32) as u8, (y * 5) as u8, 90])
    });
    Frame { index, time_secs: 0.05 * index as f64, image }
}

#[test]
fn every_policy_trains_drives_saves_and_loads() {
    for kind in PolicyKind::all() {
        // A step on the paper's encoder costs nineteen times as much.
        let steps = if kind.paper { 1 } else { 2 };
        let config = TrainingConfig { steps, validation_looks: 16, ..TrainingConfig::recipe(kind, 1, 32) };
        let before = weights::to_bytes(&Policy::init(kind, 1, &device::cpu()), &card(kind)).unwrap();
        let mut losses = Vec::new();
        let trained = train(&config, None, &device::cpu(), &mut |progress| {
            losses.push(progress.loss);
            true
        });
        assert!(losses.len() == steps && losses.iter().all(|loss| loss.is_finite()), "{kind}: {losses:?}");
        assert_ne!(weights::to_bytes(&trained.policy, &card(kind)).unwrap(), before, "{kind}: a step changes weights");
        assert_drives_saves_and_loads(trained.policy);
    }
}

fn assert_drives_saves_and_loads(policy: Policy) {
    let kind = policy.kind();
    let bytes = weights::to_bytes(&policy, &card(kind)).unwrap();
    let (loaded, _) = weights::from_bytes(&bytes, Path::new("a test"), Some(kind), &device::cpu()).unwrap();
    let (mut saved, mut loaded) = (driver(policy), driver(loaded));
    for index in 0..3 {
        let frame = frame(saved.input_size(), index);
        let decision = saved.decide(&frame, Method::VisualBackProp).unwrap();
        assert_eq!(loaded.steer(&frame).unwrap(), decision.steering, "{kind}");
        let neurons = decision.neurons.unwrap();
        let cell = kind.cell();
        let units = cell.as_ref().map_or(100, |spec| spec.core.units());
        assert_eq!(neurons.state.len(), units, "{kind}: the state of every neuron");
        let has_memory = cell.is_some_and(|spec| spec.has_memory());
        assert_eq!(neurons.memory.is_some(), has_memory, "{kind}");
    }
}

#[test]
fn counts_of_the_papers_recurrent_networks_are_those_of_its_table() {
    let count = |name: &str| {
        let policy = Policy::init(name.parse().unwrap(), 1, &device::cpu());
        policy.recurrent().unwrap().cell().parameters()
    };
    // Lechner et al. 2020, Table 2: LSTM 24,897, CT-RNN 6,273, NCP 1,065 and here 66 of its affine maps.
    assert_eq!((count("lstm-paper"), count("ctrnn-paper"), count("ncp-paper")), (24_897, 6_273, 1_065 + 66));
}

#[test]
fn the_gradient_of_every_head_reaches_the_picture() {
    for kind in PolicyKind::all().filter(|kind| !kind.paper) {
        let mut driver = driver(Policy::init(kind, 1, &device::cpu()));
        let frame = frame(driver.input_size(), 0);
        let map = driver.decide(&frame, Method::InputGradient).unwrap().saliency.unwrap().map;
        assert!(
            map.values.iter().all(|value| value.is_finite()) && map.values.iter().any(|value| *value > 0.0),
            "{kind}"
        );
    }
}
