//! A user's module: it steers as its card says, remembers, shows its gradient, and is refused where it does not fit.

use lane_driver::torchscript::TorchScript;
use lane_driver::{Driver, Source};
use lane_frame::{Frame, RgbImage};
use lane_policy::device::LibTorchDevice;
use lane_policy::saliency::Method;
use lane_testing::golden;
use std::path::Path;
use tch::{CModule, Kind, Tensor};

const SHAPE: [i64; 4] = [1, 3, 10, 12];

const FLOAT: (Kind, tch::Device) = (Kind::Float, tch::Device::Cpu);

const CARD: &str = r#"{"input": {"width": 12, "height": 10}, "output": {"unit": "curvature", "sign": "right"}}"#;

/// What a module does.
type Forward = fn(&[Tensor]) -> Vec<Tensor>;

/// Saves a function of a picture as a module with this card, and opens it.
fn module(folder: &Path, card: &str, mut forward: Forward) -> anyhow::Result<TorchScript> {
    let path = folder.join("module.pt");
    CModule::create_by_tracing("Module", "forward", &[Tensor::ones(SHAPE, FLOAT)], &mut forward)
        .unwrap()
        .save(&path)
        .unwrap();
    std::fs::write(folder.join("module.pt.json"), card).unwrap();
    TorchScript::open(&path, LibTorchDevice::Cpu)
}

fn driver(module: TorchScript) -> Driver {
    Driver::torchscript(Source { name: "module".into(), origin: "module.pt".into() }, module)
}

fn frame(index: u64, grey: u8) -> Frame {
    let image = RgbImage::from_pixel(12, 10, image::Rgb([grey; 3]));
    Frame { index, time_secs: 0.05 * index as f64, image }
}

#[test]
fn a_module_steers_in_its_unit_and_shows_its_input_gradient() {
    let folder = tempfile::tempdir().unwrap();
    let weighted: Forward =
        |inputs| vec![(&inputs[0] * Tensor::arange(360, FLOAT).reshape(SHAPE) / 36_000.0).sum(Kind::Float)];
    let module = module(folder.path(), CARD, weighted);
    let decision = driver(module.unwrap()).decide(&frame(0, 255), Method::InputGradient).unwrap();
    // The sum of 0 to 359, over 36,000; right positive.
    assert!((decision.steering.0 + 359.0 / 200.0).abs() < 1e-5, "rounding of 360 terms: {:?}", decision.steering);
    let map = decision.saliency.unwrap().map;
    let weight = |channel: usize| (120 * channel + 17) as f32 / 36_000.0;
    let expected = weight(0) + weight(1) + weight(2);
    assert!((map.values[17] - expected).abs() < 1e-6, "{} against {expected}", map.values[17]);
}

#[test]
fn a_module_remembers_until_it_is_reset_or_a_new_drive_begins() {
    // Tracing cannot give tuples; `tests/golden/README.md` says how this module was made.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("counter.pt");
    std::fs::write(&path, golden("torchscript_counter.pt")).unwrap();
    let card = CARD.replace(r#""right"}"#, r#""right"}, "state": [[1, 1]]"#);
    std::fs::write(folder.path().join("counter.pt.json"), card).unwrap();
    let mut driver = driver(TorchScript::open(&path, LibTorchDevice::Cpu).unwrap());
    let mut steer = |index| (-100.0 * driver.steer(&frame(index, 255)).unwrap().0).round();
    assert_eq!([steer(0), steer(1), steer(2)], [1.0, 2.0, 3.0]);
    assert_eq!(steer(200), 1.0, "ten seconds later is another drive");
    driver.reset();
    assert_eq!((-100.0 * driver.steer(&frame(201, 255)).unwrap().0).round(), 1.0);
}

#[test]
fn a_module_that_its_card_does_not_fit_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let with_state = CARD.replace(r#""right"}"#, r#""right"}, "state": [[1, 1]]"#);
    let larger = CARD.replace(r#""width": 12"#, r#""width": 13"#);
    let dotted = |inputs: &[Tensor]| vec![(&inputs[0] * Tensor::ones([12], FLOAT)).sum(Kind::Float)];
    let cases: [(&str, Forward, &str); 4] = [
        (CARD, |inputs| vec![inputs[0].shallow_clone()], "expected one number, got a tensor of shape [1, 3, 10, 12]"),
        (&with_state, dotted, "Expected at most 2 argument(s) for operator 'forward', but received 3"),
        (&larger, dotted, "must match the size of tensor"),
        ("{}", dotted, "missing field `input`"),
    ];
    for (card, forward, why) in cases {
        let refused = format!("{:#}", module(folder.path(), card, forward).unwrap_err());
        assert!(refused.contains("module.pt") && refused.contains(why) && refused.lines().count() == 1, "{refused}");
    }
}

#[test]
fn files_that_are_no_module_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.pt");
    let refused = || format!("{:#}", TorchScript::open(&path, LibTorchDevice::Cpu).unwrap_err());
    assert!(refused().contains("other.pt.json"), "{}", refused());
    std::fs::write(folder.path().join("other.pt.json"), CARD).unwrap();
    assert!(refused().contains("other.pt: "), "{}", refused());
    for bytes in [&b""[..], b"not a module", b"PK\x03\x04 and then nothing"] {
        std::fs::write(&path, bytes).unwrap();
        assert!(refused().contains("other.pt: ") && refused().lines().count() == 1, "{}", refused());
    }
}
