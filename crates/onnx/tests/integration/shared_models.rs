use lane_frame::RgbImage;
use lane_onnx::{Now, Policy, Preset};
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
            let step = policy.steer(&picture(seed), &remembers, Now::after(0.05)).unwrap();
            let asked = policy.would_steer(&[picture(9), picture(seed)], &remembers, Now::after(0.05)).unwrap();
            // The rounding of a batch.
            assert!((asked[1].0 - step.steering.0).abs() < 1e-5, "{name}: {asked:?}, {step:?}");
            remembers = step.memory;
        }
        let map = policy.visual_backprop(&picture(5), &remembers, Now::after(0.05)).unwrap();
        let values = map.unwrap_or_else(|| panic!("{name} has convolutions"));
        assert_eq!(values.len(), (size.0 * size.1) as usize, "{name}");
        assert!(values.iter().all(|value| value.is_finite() && *value >= 0.0), "{name}");
    }
}

/// Each with a preset that makes it a policy.
const PILOTS: [(&str, Preset); 10] = [
    ("donkeycar-linear", Preset::Donkeycar),
    ("donkeycar-categorical", Preset::DonkeycarCategorical),
    ("donkeycar-lstm", Preset::Donkeycar),
    ("keras-pilotnet", Preset::Udacity),
    ("torch-pilotnet", Preset::Donkeycar),
    ("torch-resnet18-regressor", Preset::Curvature),
    ("torch-gru-frames", Preset::Udacity),
    ("ncps-ltc-step", Preset::Udacity),
    ("ncps-cfc-step", Preset::Curvature),
    ("torch-f16", Preset::Donkeycar),
];

#[test]
fn every_pilot_has_gradients_that_say_what_a_brighter_corner_changes() {
    let Some(folder) = models() else { return };
    for (name, preset) in PILOTS {
        let policy = Policy::open(&folder.join(name).join("model.onnx"), Some(preset)).unwrap();
        assert_eq!(policy.without_gradients(), None, "{name}");
        let (size, memory, now) = (policy.input_size(), policy.zero_memory(), Now::after(0.05));
        let rise = 1_i32;
        let picture = |by: i32| {
            let byte = |at: u32| (60 + at as i32 * 7919 % 120) as u8;
            RgbImage::from_fn(size.width, size.height, |x, y| {
                let bright = if 2 * x < size.width && 2 * y < size.height { by } else { 0 };
                image::Rgb([x * 3 + y, y * 5 + x, x ^ y].map(|at| (i32::from(byte(at)) + bright) as u8))
            })
        };
        let gradient = policy.weighted_gradient(&[policy.numbers(&picture(0))], &[1.0], &memory, now).unwrap();
        let gradient = policy.per_brightness(&gradient);
        let in_corner =
            |at: &usize| 2 * (*at as u32 % size.width) < size.width && 2 * (*at as u32 / size.width) < size.height;
        let slope: f64 = (0..gradient.len()).filter(in_corner).map(|at| f64::from(gradient[at])).sum();
        // Of classes the largest steers, which does not rise little by little; and the residual net with its random weights
        // bends within one step of a byte. What each has on a probe is held against smaller differences when it is opened.
        if !["donkeycar-categorical", "torch-resnet18-regressor"].contains(&name) {
            let given = policy.would_steer(&[picture(rise), picture(-rise)], &memory, now).unwrap();
            let measured = f64::from(given[0].0 - given[1].0) * 255.0 / f64::from(2 * rise);
            // Kinks within one of 255 steps of brightness to either side, and YUV in whole numbers.
            let bound = 0.1 * measured.abs().max(slope.abs()) + 1e-4;
            assert!((slope - measured).abs() < bound, "{name}: {slope} by the gradient, {measured} measured");
        }
        let map = policy.grad_cam(&picture(0), &memory, now).unwrap().unwrap();
        assert_eq!(map.values.len(), map.rows * map.columns, "{name}");
        let map = map.values;
        assert!(map.iter().all(|value| value.is_finite()) && map.iter().any(|value| *value != 0.0), "{name}");
    }
}
