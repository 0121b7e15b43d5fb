//! A user's ONNX graph as a policy: it drives, replays and is audited. Nothing is known of what is inside, so its maps are
//! those that ask from outside, and VisualBackProp where it has convolutions.

use super::moment::NeuronActivity;
use super::own::OwnPolicy;
use super::session::PolicyInfo;
use super::{FIRST_STEP_SECS, Model, Source};
use lane_frame::{Frame, RgbImage, Size, Steering};
use lane_onnx::{Memory, Policy};
use lane_policy::Lesion;
use lane_policy::saliency::Method;
use lane_policy::saliency::map::{Attribution, SaliencyMap};
use lane_policy::saliency::occlusion::occlusion_from_outside;

/// A graph and its memory.
#[derive(Clone, Debug)]
pub(super) struct OnnxModel {
    policy: Policy,
    memory: Memory,
}

impl OnnxModel {
    pub(super) fn new(policy: Policy) -> Self {
        Self { memory: policy.zero_memory(), policy }
    }

    /// What it remembers when a picture comes this long after the last one, or first.
    fn memory_for(&self, elapsed_secs: Option<f32>) -> (Memory, f32) {
        match elapsed_secs {
            Some(secs) => (self.memory.clone(), secs),
            None => (self.policy.zero_memory(), FIRST_STEP_SECS as f32),
        }
    }

    fn attribution(&self, image: &RgbImage, elapsed_secs: Option<f32>, method: Method) -> Option<Attribution> {
        let (memory, secs) = self.memory_for(elapsed_secs);
        match method {
            Method::Occlusion => {
                let steer = |images: &[RgbImage]| {
                    let steerings = self.policy.would_steer(images, &memory, secs).ok()?;
                    Some(steerings.into_iter().map(|steering| steering.0).collect())
                };
                occlusion_from_outside(image, steer).map(Attribution::from)
            }
            Method::VisualBackProp => {
                let values = self.policy.visual_backprop(image, &memory, secs).ok().flatten()?;
                Some(SaliencyMap { size: self.policy.input_size(), values }.into())
            }
            _ => None,
        }
    }
}

impl Model for OnnxModel {
    fn describe(&self, source: &Source) -> PolicyInfo {
        let memory = if self.policy.has_memory() { "with memory" } else { "no memory" };
        let summary = format!("black box: ONNX graph of {} operators, {memory}", self.policy.operators());
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
        let step = self.policy.steer(&frame.image, &self.memory, elapsed_secs)?;
        self.memory = step.memory;
        Ok(step.steering)
    }

    fn methods(&self) -> Vec<Method> {
        let quick = self.policy.has_convolutions().then_some(Method::VisualBackProp);
        quick.into_iter().chain([Method::Occlusion]).collect()
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
        let (memory, secs) = self.memory_for(elapsed_secs);
        match self.policy.would_steer(images, &memory, secs) {
            Ok(steerings) => steerings.into_iter().map(Ok).collect(),
            Err(why) => images.iter().map(|_| Err(why.clone())).collect(),
        }
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
            _ => Err("is a black box: nothing is known of its neurons".into()),
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
    use lane_policy::device::Backend;
    use lane_policy::step::onnx_graph;
    use lane_policy::{Policy as Own, PolicyKind};

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

    #[test]
    fn a_graph_has_the_maps_that_need_no_gradient_and_they_are_those_of_the_policy() {
        let (own, exported) = both(PolicyKind::CNN);
        assert_eq!(Driver::methods([&own, &exported]), [Method::VisualBackProp, Method::Occlusion]);
        // In VisualBackProp roundings alone differ; in occlusion the square changes what the whole picture is whitened by.
        for (method, likeness) in [(Method::VisualBackProp, 0.9999), (Method::Occlusion, 0.8)] {
            let map = |driver: &Driver| driver.maps(&frame(1), &[method]).unwrap().swap_remove(0).values;
            let (expected, given) = (map(&own), map(&exported));
            let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
            let sizes = product(&expected, &expected) * product(&given, &given);
            let alike = product(&expected, &given) / sizes.sqrt();
            assert!(alike > likeness, "{method}: {alike}");
        }
        assert_eq!(exported.maps(&frame(1), &[Method::InputGradient]), None);
        assert!(exported.lesioned(&[Lesion::CutSynapse(0)]).unwrap_err().to_string().contains("black box"));
    }
}
