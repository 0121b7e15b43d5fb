use lane_frame::RgbImage;
use lane_onnx::{Policy, Preset, reference};
use std::io::Write as _;
use std::path::PathBuf;

/// The folder of the models; nothing, and a word about it, where it is not there.
fn models() -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/onnx");
    if path.is_dir() {
        return Some(path);
    }
    let _ = writeln!(std::io::stderr(), "{}: not there, so nothing is checked", path.display());
    None
}

#[test]
fn every_model_gives_what_onnxruntime_does() {
    let Some(folder) = models() else { return };
    let checked = reference::check(&folder).unwrap();
    assert_eq!(checked.len(), 10);
    for checked in checked {
        let deviation = checked.outcome.unwrap_or_else(|error| panic!("{}: {error:#}", checked.folder));
        assert!(deviation.is_within(), "{}: {deviation:?}", checked.folder);
    }
}

#[test]
fn a_pilot_drives_as_its_preset_says() {
    let Some(folder) = models() else { return };
    for (name, preset, size, memory) in [
        ("donkeycar-linear", Preset::Donkeycar, (160, 120), false),
        ("donkeycar-categorical", Preset::DonkeycarCategorical, (160, 120), false),
        ("donkeycar-lstm", Preset::Donkeycar, (160, 120), true),
        ("keras-pilotnet", Preset::Udacity, (200, 66), false),
        ("torch-resnet18-regressor", Preset::Curvature, (160, 96), false),
        ("torch-gru-frames", Preset::Udacity, (96, 48), true),
        ("ncps-ltc-step", Preset::Udacity, (80, 40), true),
        ("torch-f16", Preset::Donkeycar, (200, 66), false),
    ] {
        let policy = Policy::open(&folder.join(name).join("model.onnx"), Some(preset)).unwrap();
        let found = policy.input_size();
        assert_eq!(((found.width, found.height), policy.has_memory()), (size, memory), "{name}");
        let picture =
            |seed: u32| RgbImage::from_fn(size.0, size.1, |x, y| image::Rgb([(x * seed) as u8, (y * 3) as u8, 90]));
        let mut remembers = policy.zero_memory();
        for seed in 1..4 {
            let step = policy.steer(&picture(seed), &remembers, 0.05).unwrap();
            let asked = policy.would_steer(&[picture(9), picture(seed)], &remembers, 0.05).unwrap();
            // The rounding of a batch.
            assert!((asked[1].0 - step.steering.0).abs() < 1e-5, "{name}: {asked:?}, {step:?}");
            remembers = step.memory;
        }
        let map = policy.visual_backprop(&picture(5), &remembers, 0.05).unwrap();
        let values = map.unwrap_or_else(|| panic!("{name} has convolutions"));
        assert_eq!(values.len(), (size.0 * size.1) as usize, "{name}");
        assert!(values.iter().all(|value| value.is_finite() && *value >= 0.0), "{name}");
    }
}
