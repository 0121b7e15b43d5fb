use lane_frame::RgbImage;
use lane_policy::device;
use lane_policy::saliency::integrated_gradients::whitened_shares;
use lane_policy::saliency::map::SaliencyMap;
use lane_policy::saliency::quadrature::Quadrature;
use lane_policy::saliency::{Method, Situation, saliency};
use lane_policy::{Eye, Policy, PolicyKind, PolicyState, to_vec};
use lane_reference::vision::{VisionCheck, check_vision};
use lane_testing::golden;
use safetensors::SafeTensors;
use serde_json::Value;
use std::sync::Arc;

const REFERENCE: &str = "vision_paper_head.safetensors";

/// The reference's settings, from the manifest beside it.
fn case() -> Value {
    let manifest: Value = serde_json::from_slice(&golden("manifest.json")).unwrap();
    let files = manifest["files"].as_array().unwrap();
    files.iter().find(|entry| entry["file"] == REFERENCE).unwrap()["case"].clone()
}

fn run(bytes: &[u8], case: &Value) -> anyhow::Result<VisionCheck> {
    check_vision(&SafeTensors::deserialize(bytes).unwrap(), case, &device::cpu())
}

#[test]
fn every_map_mean_and_attribution_of_the_reference_is_recomputed() {
    let check = run(&golden(REFERENCE), &case()).unwrap();
    let over: Vec<_> = check.deviations.iter().filter(|deviation| !deviation.is_within()).collect();
    assert!(over.is_empty() && check.is_passed(), "{over:?} not run: {:?}", check.not_run);
    let compared: Vec<&str> = check.deviations.iter().map(|deviation| deviation.what.as_str()).collect();
    for (part, count) in [("mean", 10), ("vbp/", 4), ("gradcam/", 2), ("ig/", 5), ("input_grad", 1), ("steer", 1)] {
        assert_eq!(compared.iter().filter(|what| what.contains(part)).count(), count, "{part} of {compared:?}");
    }
}

/// The reference with a tensor renamed in its header, to a name as long.
fn renamed(from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = golden(REFERENCE);
    let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
    bytes
}

#[test]
fn a_reference_that_lacks_a_tensor_or_describes_another_network_is_refused() {
    let refused = |bytes: &[u8], case: &Value, why: &str| {
        let error = format!("{:#}", run(bytes, case).unwrap_err());
        assert!(error.contains(why) && !error.contains('\n'), "{error}, expected {why}");
    };
    for (name, other) in [
        ("vbp/cnn_released_f64", "vbp/cnn_released_f46"),
        ("ncp_head/dense.bias", "ncp_head/dense.bios"),
        ("ltc/gleak", "ltc/gleek"),
        ("image_u8_hwc", "image_u8_whc"),
    ] {
        refused(&renamed(name, other), &case(), name.rsplit('/').next().unwrap());
    }
    for (pointer, value, why) in [
        ("/ig_steps", 1.into(), "ig_steps"),
        ("/ig_steps", 1_000_000_000_u64.into(), "ig_steps"),
        ("/wiring/args/seed", 1.into(), "sparsity_mask"),
        ("/wiring/args/motor_neurons", 2.into(), "wiring"),
        ("/wiring/args/sensory_fanout", 13.into(), "13"),
        ("/cnn_head/0/2", 1.into(), "cnn_head"),
    ] {
        let mut case = case();
        *case.pointer_mut(pointer).unwrap() = value;
        refused(&golden(REFERENCE), &case, why);
    }
}

#[test]
fn a_reference_result_that_is_off_or_unknown_does_not_pass() {
    let mut bytes = golden(REFERENCE);
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let start = SafeTensors::read_metadata(&bytes).unwrap().1.info("steer_f64").unwrap().data_offsets.0;
    bytes[8 + header + start..][..8].copy_from_slice(&0.3_f64.to_le_bytes());
    let check = run(&bytes, &case()).unwrap();
    let over: Vec<_> = check.deviations.iter().filter(|deviation| !deviation.is_within()).collect();
    assert!(matches!(over[..], [only] if only.what == "steer_f64"), "{over:?}");
    assert!(!check.is_passed());

    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let more = tensors.tensors().into_iter().chain([("scorecam".into(), tensors.tensor("steer_f64").unwrap())]);
    let check = run(&safetensors::serialize(more, None).unwrap(), &case()).unwrap();
    assert_eq!(check.not_run, ["scorecam"]);
}

/// A policy that has seen a frame and now meets another.
struct Seen {
    policy: Policy,
    recorder: Policy,
    picture: Arc<lane_policy::Seen>,
    state: PolicyState,
}

const ELAPSED_SECS: f32 = 0.05;

impl Seen {
    fn with(kind: PolicyKind, seed: u64, picture: impl Fn(u32, u32) -> [u8; 3]) -> Self {
        let device = device::cpu();
        let policy = Policy::init(kind, seed, &device);
        let size = policy.input_size();
        let seen = |shift: u32| {
            let image = RgbImage::from_fn(size.width, size.height, |x, y| image::Rgb(picture(x + shift, y)));
            Eye::new(&policy, &device).glance(&image)
        };
        let (_, state) = policy.forward(seen(5).input(&device), policy.zero_state(1, &device), &[ELAPSED_SECS], 1);
        Self { recorder: policy.recording(&device), picture: seen(0), state, policy }
    }

    fn new(kind: PolicyKind) -> Self {
        Self::with(kind, 1, |x, y| [(x * 3) as u8, (y * 5) as u8, (x * y) as u8])
    }

    /// What the network puts out for a whitened picture.
    fn output(&self, scale: f32) -> f32 {
        let input = self.picture.input(&device::cpu()) * scale;
        let (output, _) = self.policy.forward(input, self.state.clone(), &[ELAPSED_SECS], 1);
        to_vec(output.output)[0]
    }

    fn ask<T>(&self, question: impl Fn(&Situation<'_>) -> T) -> T {
        question(&Situation {
            policy: &self.policy,
            recorder: &self.recorder,
            device: &device::cpu(),
            seen: &self.picture,
            memory: &self.state.numbers(),
            elapsed_secs: ELAPSED_SECS,
        })
    }

    fn map(&self, method: Method) -> SaliencyMap {
        self.ask(|situation| saliency(method, situation).map)
    }
}

#[test]
fn every_method_maps_every_input_pixel_of_every_kind_of_policy() {
    for kind in ["ncp", "cnn", "lstm", "wired-cfc-mixed", "node", "ncp-paper", "cnn-paper"] {
        let seen = Seen::new(kind.parse().unwrap());
        for method in Method::ALL {
            let map = seen.map(method);
            assert_eq!(
                (map.size, map.values.len()),
                (seen.policy.input_size(), map.size.pixels()),
                "{method} of {kind}"
            );
            assert!(map.values.iter().all(|value| value.is_finite() && *value >= 0.0), "{method} of {kind}");
            assert!(map.mass().is_some(), "{method} of {kind} is not blank");
        }
    }
}

#[test]
fn maps_do_not_depend_on_the_number_of_threads() {
    for kind in [PolicyKind::NCP, PolicyKind::CNN_PAPER] {
        let seen = Seen::new(kind);
        for method in Method::ALL {
            let with = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| seen.map(method))
            };
            assert_eq!(with(1), with(3), "{method} of {kind}");
        }
    }
}

#[test]
fn only_methods_that_go_through_the_head_see_its_memory() {
    let seen = Seen::new(PolicyKind::NCP);
    let fresh = Seen { state: seen.policy.zero_state(1, &device::cpu()), ..Seen::new(PolicyKind::NCP) };
    for method in Method::ALL {
        let blind = matches!(
            method,
            Method::VisualBackProp | Method::VisualBackPropRecurrent | Method::VisualBackPropConvolutional
        );
        assert_eq!(seen.map(method) == fresh.map(method), blind, "{method}");
    }
}

#[test]
fn integrated_shares_add_up_to_what_the_picture_changes() {
    for kind in [PolicyKind::NCP, PolicyKind::CNN, PolicyKind::NCP_PAPER] {
        let seen = Seen::new(kind);
        let changed = seen.output(1.0) - seen.output(0.0);
        let off = |steps| {
            let shares = seen.ask(|situation| whitened_shares(situation, Quadrature::GaussLegendre, steps));
            let size: f32 = shares.iter().map(|share| share.abs()).sum();
            (shares.iter().sum::<f32>() - changed).abs() / size
        };
        // The integrand has a kink wherever a ReLU opens on the way, so the rule is not exact, but near.
        assert!(off(100) < 2e-3, "{kind}: {} of the shares' size", off(100));
    }
}

#[test]
fn a_picture_of_one_grey_gives_the_steering_to_no_pixel() {
    for kind in [PolicyKind::NCP, PolicyKind::CNN] {
        let seen = Seen::with(kind, 1, |_, _| [120; 3]);
        for method in [Method::IntegratedGradients, Method::Occlusion, Method::VisualBackPropRecurrent] {
            assert_eq!(seen.map(method).mass(), None, "{method} of {kind}");
        }
    }
}
