//! A user's ONNX graph as a policy: it drives, replays and is audited. Its maps are those that ask from outside,
//! VisualBackProp where it has convolutions, and those by gradients where it has these; else it is a black box.

use super::moment::NeuronActivity;
use super::own::OwnPolicy;
use super::session::PolicyInfo;
use super::{FIRST_STEP_SECS, Model, Source};
use lane_frame::{Frame, RgbImage, Size, Steering};
use lane_onnx::{Memory, Now, Policy};
use lane_policy::Lesion;
use lane_policy::saliency::Method;
use lane_policy::saliency::integrated_gradients::{complete, on_the_way, places_and_weights};
use lane_policy::saliency::map::{Attribution, SaliencyMap, SignedMap};
use lane_policy::saliency::occlusion::occlusion_from_outside;
use lane_policy::saliency::plane::Plane;
use lane_policy::saliency::rise::rise_from_outside;
use lane_policy::saliency::smooth_grad::{NOISE_SHARE, mean_gradient};

/// A graph and its memory.
#[derive(Clone, Debug)]
pub(super) struct OnnxModel {
    policy: Policy,
    memory: Memory,
    speed_mps: Option<f32>,
}

impl OnnxModel {
    pub(super) fn new(policy: Policy) -> Self {
        Self { memory: policy.zero_memory(), policy, speed_mps: None }
    }

    /// What it remembers when a picture comes this long after the last one, or first, and what it is told then.
    fn memory_for(&self, elapsed_secs: Option<f32>) -> (Memory, Now) {
        let speed_mps = self.speed_mps;
        match elapsed_secs {
            Some(elapsed_secs) => (self.memory.clone(), Now { elapsed_secs, speed_mps }),
            None => (self.policy.zero_memory(), Now { elapsed_secs: FIRST_STEP_SECS as f32, speed_mps }),
        }
    }

    fn attribution(&self, image: &RgbImage, elapsed_secs: Option<f32>, method: Method) -> Option<Attribution> {
        let (memory, now) = self.memory_for(elapsed_secs);
        let (policy, size) = (&self.policy, self.policy.input_size());
        let steer = |images: &[RgbImage]| {
            let steerings = policy.would_steer(images, &memory, now).ok()?;
            Some(steerings.into_iter().map(|steering| steering.0).collect())
        };
        let gradient =
            |inputs: &[Vec<f32>], weights: &[f32]| policy.weighted_gradient(inputs, weights, &memory, now).ok();
        let signed = |values: Vec<f32>| Some(SignedMap { size, values }.into());
        match method {
            Method::Occlusion => occlusion_from_outside(image, steer).map(Attribution::from),
            Method::Rise => rise_from_outside(image, steer).map(Attribution::from),
            Method::VisualBackProp => {
                let values = policy.visual_backprop(image, &memory, now).ok().flatten()?;
                Some(SaliencyMap { size, values }.into())
            }
            Method::InputGradient => signed(policy.per_brightness(&gradient(&[policy.numbers(image)], &[1.0])?)),
            Method::SmoothGrad => {
                signed(policy.per_brightness(&mean_gradient(&policy.numbers(image), NOISE_SHARE, gradient)?))
            }
            Method::IntegratedGradients => {
                let grey = featureless(image);
                let (input, baseline) = (policy.numbers(image), policy.numbers(&grey));
                let steerings: Vec<f32> = steer(&[image.clone(), grey])?;
                let integral = |points: &[(f64, f64)]| {
                    let (places, weights) = places_and_weights(points);
                    gradient(&on_the_way(&input, &baseline, &places), &weights)
                };
                let shares = |integral: &[f32]| {
                    let changes = input.iter().zip(&baseline).map(|(end, start)| end - start);
                    policy.per_pixel(&changes.zip(integral).map(|(change, slope)| change * slope).collect::<Vec<_>>())
                };
                signed(complete(steerings[0] - steerings[1], integral, shares)?)
            }
            Method::GradCam => {
                let lane_onnx::Plane { rows, columns, values } = policy.grad_cam(image, &memory, now).ok().flatten()?;
                signed(Plane { height: rows, width: columns, values }.at_size(size))
            }
            // The paper's scripts are for its own encoders.
            Method::VisualBackPropRecurrent | Method::VisualBackPropConvolutional => None,
        }
    }

    fn has(&self, method: Method) -> bool {
        let (folds, has_gradients) = (self.policy.has_convolutions(), self.policy.without_gradients().is_none());
        match method {
            Method::Occlusion | Method::Rise => true,
            Method::VisualBackProp => folds,
            Method::GradCam => folds && has_gradients,
            Method::InputGradient | Method::SmoothGrad | Method::IntegratedGradients => has_gradients,
            Method::VisualBackPropRecurrent | Method::VisualBackPropConvolutional => false,
        }
    }
}

/// A picture of one grey, as bright as this one on average.
fn featureless(image: &RgbImage) -> RgbImage {
    let bytes = image.as_raw();
    let mean = bytes.iter().map(|byte| f64::from(*byte)).sum::<f64>() / bytes.len().max(1) as f64;
    RgbImage::from_pixel(image.width(), image.height(), image::Rgb([mean.round() as u8; 3]))
}

impl Model for OnnxModel {
    fn describe(&self, source: &Source) -> PolicyInfo {
        let memory = if self.policy.has_memory() { "with memory" } else { "no memory" };
        let kind = if self.policy.without_gradients().is_some() { "black box: " } else { "" };
        let summary = format!("{kind}ONNX graph of {} operators, {memory}", self.policy.operators());
        let Source { name, origin } = source.clone();
        PolicyInfo { name, origin, summary, parameters: self.policy.parameters(), wiring: None }
    }

    fn input_size(&self) -> Size {
        self.policy.input_size()
    }

    fn reset(&mut self) {
        self.memory = self.policy.zero_memory();
    }

    /// Nothing is known of its neurons.
    fn steer(
        &mut self,
        frame: &Frame,
        elapsed_secs: f32,
        _: Option<&mut Vec<NeuronActivity>>,
    ) -> Result<Steering, String> {
        let now = Now { elapsed_secs, speed_mps: self.speed_mps };
        let step = self.policy.steer(&frame.image, &self.memory, now)?;
        self.memory = step.memory;
        Ok(step.steering)
    }

    fn methods(&self) -> Vec<Method> {
        Method::ALL.into_iter().filter(|method| self.has(*method)).collect()
    }

    fn attributions(
        &self,
        image: &RgbImage,
        elapsed_secs: Option<f32>,
        methods: &[Method],
    ) -> Vec<Option<Attribution>> {
        methods.iter().map(|method| self.attribution(image, elapsed_secs, *method)).collect()
    }

    fn would_steer(&self, images: &[RgbImage], elapsed_secs: Option<f32>) -> Vec<Result<Steering, String>> {
        let (memory, now) = self.memory_for(elapsed_secs);
        match self.policy.would_steer(images, &memory, now) {
            Ok(steerings) => steerings.into_iter().map(Ok).collect(),
            Err(why) => images.iter().map(|_| Err(why.clone())).collect(),
        }
    }

    fn set_speed(&mut self, speed_mps: Option<f32>) {
        self.speed_mps = speed_mps;
    }

    fn memory(&self) -> Vec<Vec<f32>> {
        let Memory { states, pictures } = self.memory.clone();
        states.into_iter().chain(pictures).collect()
    }

    fn recall(&mut self, memory: &[Vec<f32>]) {
        let (states, pictures) = memory.split_at(self.memory.states.len().min(memory.len()));
        self.memory = Memory { states: states.to_vec(), pictures: pictures.to_vec() };
    }

    fn lesioned(&self, lesions: &[Lesion]) -> Result<Box<dyn Model>, String> {
        match lesions {
            [] => Ok(self.boxed_clone()),
            _ => Err("is an imported graph: nothing is known of its neurons".into()),
        }
    }

    fn own(&self) -> Option<&OwnPolicy> {
        None
    }

    fn boxed_clone(&self) -> Box<dyn Model> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Driver;
    use super::*;
    use lane_onnx::Preset;
    use lane_policy::device::Backend;
    use lane_policy::step::onnx_graph;
    use lane_policy::{Policy as Own, PolicyKind};
    use std::io::Write as _;
    use std::path::Path;

    /// A policy of this program, and itself as it comes back from a file.
    fn both(kind: PolicyKind) -> (Driver, Driver) {
        let device = Backend::Cpu.open().unwrap();
        let policy = Own::init(kind, 3, &device);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("exported.onnx");
        std::fs::write(&path, onnx_graph(&policy, &lane_testing::card(kind), "no file").unwrap()).unwrap();
        let source = || Source { name: "policy".into(), origin: "first weights".into() };
        let exported = Driver::onnx(source(), Policy::open(&path, None).unwrap());
        (Driver::new(source(), policy, &device), exported)
    }

    fn frame(index: u64) -> Frame {
        let image = RgbImage::from_fn(120, 48, |x, y| image::Rgb([(2 * x) as u8, (5 * y) as u8, (index * 40) as u8]));
        Frame { index, time_secs: 0.05 * index as f64, image }
    }

    #[test]
    fn an_exported_policy_drives_as_it_did_and_recalls_what_it_remembered() {
        for kind in ["ncp", "cnn", "lstm", "cfc-mixed"] {
            let (mut own, mut exported) = both(kind.parse().unwrap());
            let mut kept = None;
            for index in 0..6 {
                let (expected, given) = (own.steer(&frame(index)).unwrap(), exported.steer(&frame(index)).unwrap());
                assert!((expected.0 - given.0).abs() < 5e-6, "{kind} at {index}: {expected:?}, {given:?}");
                kept = kept.or_else(|| (index == 3).then(|| (exported.memory(), exported.clone())));
            }
            let (memory, mut earlier) = kept.unwrap();
            exported.recall(&memory);
            assert_eq!(exported.steer(&frame(4)).unwrap(), earlier.steer(&frame(4)).unwrap(), "{kind}");
        }
    }

    fn likeness(expected: &[f32], given: &[f32]) -> f64 {
        let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
        product(expected, given) / (product(expected, expected) * product(given, given)).sqrt()
    }

    #[test]
    fn the_maps_of_a_graph_are_those_of_the_policy_that_it_was() {
        for kind in ["cnn", "ncp", "lstm", "cfc"] {
            let (own, exported) = both(kind.parse().unwrap());
            for (method, least) in [
                // Roundings alone differ.
                (Method::VisualBackProp, 0.9999),
                (Method::InputGradient, 0.9999),
                (Method::GradCam, 0.9999),
                // The same noise, but on the picture, where the policy has it on the whitened one.
                (Method::SmoothGrad, 0.5),
                // What is hidden changes what the whole picture is whitened by.
                (Method::Occlusion, 0.8),
                (Method::Rise, 0.8),
            ] {
                let map = |driver: &Driver| driver.attributions(&frame(1), &[method]).swap_remove(0).unwrap();
                let (expected, given) = (map(&own), map(&exported));
                let signs = |map: Attribution| map.signed.map_or(map.map.values, |signed| signed.values);
                let alike = likeness(&signs(expected), &signs(given));
                assert!(alike > least, "{kind} {method}: {alike}");
            }
            assert!(exported.maps(&frame(1), &[Method::VisualBackPropRecurrent]).is_none());
        }
    }

    /// A pilot that does not whiten its picture: one that does sees the same picture all the way from grey.
    #[test]
    fn shares_of_integrated_gradients_add_up_to_the_steering_against_grey() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/onnx/keras-pilotnet/model.onnx");
        if !path.is_file() {
            let _ = writeln!(std::io::stderr(), "{}: not there, so nothing is checked", path.display());
            return;
        }
        let source = Source { name: "pilotnet".into(), origin: "keras".into() };
        let pilot = Driver::onnx(source, Policy::open(&path, Some(Preset::Udacity)).unwrap());
        let image = RgbImage::from_fn(200, 66, |x, y| image::Rgb([x as u8, (3 * y) as u8, (x ^ y) as u8]));
        let frame = Frame { index: 0, time_secs: 0.0, image: image.clone() };
        let map = pilot.attributions(&frame, &[Method::IntegratedGradients]).swap_remove(0).unwrap();
        let sum: f32 = map.signed.unwrap().values.iter().sum();
        let given = pilot.would_steer(0.05, &[image.clone(), featureless(&image)]).unwrap();
        let expected = given[0].0 - given[1].0;
        // As many points as it takes for a gap of 1 % of the map, or 256.
        assert!((sum - expected).abs() < 0.02 * expected.abs(), "{sum}, expected {expected}");
    }

    #[test]
    fn a_graph_lists_the_methods_that_it_has_and_takes_no_lesions() {
        let (own, exported) = both(PolicyKind::CNN);
        let expected = [
            Method::VisualBackProp,
            Method::InputGradient,
            Method::GradCam,
            Method::IntegratedGradients,
            Method::SmoothGrad,
            Method::Occlusion,
            Method::Rise,
        ];
        assert_eq!(Driver::methods([&own, &exported]), expected);
        assert!(exported.lesioned(&[Lesion::CutSynapse(0)]).unwrap_err().to_string().contains("nothing is known"));
    }
}
