use super::{c_header, onnx_graph};
use crate::preprocess::whiten;
use crate::weights::ModelCard;
use crate::{CURVATURE_PER_OUTPUT, HeadKind, Policy, PolicyKind, PolicyState, device, to_vec};
use lane_frame::RgbImage;
use lane_onnx::{Engine, Graph, Limits, Tensor};
use std::io::Write as _;
use std::process::Command;

fn card(policy: &Policy) -> ModelCard {
    ModelCard {
        policy: policy.kind(),
        parameters: policy.parameters(),
        cell: policy.cell_spec().cloned(),
        input: "a camera".into(),
        output: String::new(),
        training: Default::default(),
        scores: Default::default(),
        views: Vec::new(),
    }
}

/// A picture that differs from step to step.
fn picture(policy: &Policy, step: u32) -> RgbImage {
    let size = policy.input_size();
    RgbImage::from_fn(size.width, size.height, |x, y| {
        let wave = |k: u32| ((x * (3 + k) + y * (5 + step) + step * 31 * (k + 1)) % 256) as u8;
        image::Rgb([wave(0), wave(1) / 2 + 60, wave(2)])
    })
}

/// Uneven times, from a hundredth to a third of a second.
fn elapsed_secs(step: u32) -> f32 {
    0.01 + 0.32 * (step as f32 * 0.618_034).fract()
}

/// The planes of a picture, in 0 to 1.
fn planes(picture: &RgbImage) -> Vec<f32> {
    (0..3).flat_map(|channel| picture.pixels().map(move |pixel| f32::from(pixel.0[channel]) / 255.0)).collect()
}

/// The policy's own step: command in 1/m and the next state.
fn own_step(policy: &Policy, picture: &RgbImage, state: PolicyState, secs: f32) -> (f32, PolicyState) {
    let input = whiten(&[picture], policy.input_size(), &device::cpu());
    let (output, state) = policy.forward(input, state, &[secs], 1);
    (to_vec(output.output)[0] * CURVATURE_PER_OUTPUT, state)
}

/// The exported step, with the names of its states.
struct Exported {
    engine: Engine,
    states: Vec<(String, Vec<f32>)>,
}

impl Exported {
    fn new(policy: &Policy) -> Self {
        let graph = Graph::from_bytes(&onnx_graph(policy, &card(policy), "no file").unwrap(), None).unwrap();
        assert_eq!(graph.opset(), 17);
        let ports = graph.inputs().iter().filter(|port| !["image", "elapsed"].contains(&port.name.as_str()));
        let states = ports.map(|port| {
            let length = port.shape.as_ref().unwrap()[1].length().unwrap();
            (port.name.clone(), vec![0.0; length])
        });
        Self { states: states.collect(), engine: Engine::load(&graph, &[], Limits::default()).unwrap() }
    }

    fn step(&mut self, picture: &RgbImage, secs: f32) -> f32 {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let mut inputs = vec![Tensor::floats(vec![1, 3, height, width], planes(picture))];
        inputs.extend(self.states.iter().map(|(_, state)| Tensor::floats(vec![1, state.len()], state.clone())));
        if !self.states.is_empty() {
            inputs.push(Tensor::floats(vec![1, 1], vec![secs]));
        }
        let names: Vec<String> = self.states.iter().map(|(name, _)| format!("{name}_out")).collect();
        let names: Vec<&str> = std::iter::once("command").chain(names.iter().map(String::as_str)).collect();
        let mut outputs = self.engine.run(inputs, &names).unwrap().into_iter().map(Tensor::into_floats);
        let command = outputs.next().unwrap()[0];
        self.states.iter_mut().zip(outputs).for_each(|((_, state), next)| *state = next);
        command
    }
}

/// The largest differences of command and state over some steps; as shares of the largest magnitude where that is
/// beyond 1: the state of a Neural ODE has no leak and goes on into the hundreds, and its command is a sum over that.
fn differences(kind: PolicyKind, steps: u32) -> (f32, f32) {
    let policy = Policy::init(kind, 11, &device::cpu());
    let (mut exported, mut state) = (Exported::new(&policy), policy.zero_state(1, &device::cpu()));
    let (mut off, mut state_off) = (0.0_f32, 0.0_f32);
    let mut largest = 1.0_f32;
    for step in 0..steps {
        let (picture, secs) = (picture(&policy, step), elapsed_secs(step));
        let (command, next) = own_step(&policy, &picture, state, secs);
        off = off.max((exported.step(&picture, secs) - command).abs());
        for (own, (_, given)) in next.numbers().iter().zip(&exported.states) {
            assert_eq!(own.len(), given.len(), "{kind}");
            own.iter().for_each(|own| largest = largest.max(own.abs()));
            own.iter().zip(given).for_each(|(own, given)| state_off = state_off.max((own - given).abs()));
        }
        state = next;
    }
    (off / largest, state_off / largest)
}

/// 5e-6: rounding of 32 bits in another order of sums, over 200 steps of a state of the size of 1.
#[test]
fn every_head_exported_steps_as_it_does_itself_for_200_steps_of_uneven_time() {
    for kind in PolicyKind::all() {
        let steps = if kind.paper { 20 } else { 200 };
        let (command, state) = differences(kind, steps);
        let _ = writeln!(std::io::stderr(), "{kind}: command off by {command:.1e}, state by {state:.1e}");
        assert!(command <= 5e-6 && state <= 5e-6, "{kind}: command off by {command}, state by {state}");
    }
}

#[test]
fn an_exported_step_takes_sequences_side_by_side_with_their_own_times() {
    let policy = Policy::init(PolicyKind::NCP, 5, &device::cpu());
    let bytes = onnx_graph(&policy, &card(&policy), "no file").unwrap();
    let engine = Engine::load(&Graph::from_bytes(&bytes, None).unwrap(), &[], Limits::default()).unwrap();
    let (pictures, secs) = ([picture(&policy, 1), picture(&policy, 2)], [0.02, 0.3]);
    let both: Vec<f32> = pictures.iter().flat_map(planes).collect();
    let inputs = vec![
        Tensor::floats(vec![2, 3, 48, 120], both),
        Tensor::floats(vec![2, 19], vec![0.0; 38]),
        Tensor::floats(vec![2, 1], secs.to_vec()),
    ];
    let commands = engine.run(inputs, &["command"]).unwrap().swap_remove(0).into_floats();
    for ((picture, secs), command) in pictures.iter().zip(secs).zip(commands) {
        let (own, _) = own_step(&policy, picture, policy.zero_state(1, &device::cpu()), secs);
        assert!((own - command).abs() <= 5e-6, "{own} against {command}");
    }
}

#[test]
fn the_file_says_what_it_is_of() {
    let policy = Policy::init(PolicyKind::NCP, 5, &device::cpu());
    let graph = Graph::from_bytes(&onnx_graph(&policy, &card(&policy), "abc").unwrap(), None).unwrap();
    let said: std::collections::BTreeMap<_, _> = graph.metadata().collect();
    assert_eq!((said["kind"], said["weights_sha256"], said["wiring_seed"]), ("ncp", "abc", "20190120"));
    assert!(said["camera"].contains("120x48") && said["command"].contains("1/m"), "{said:?}");
}

/// What the header's step gives for the pictures and times of [`own_step`], compiled by `cc`; nothing where there is none.
fn in_c(policy: &Policy, steps: u32) -> Option<Vec<f32>> {
    let kind = policy.kind().to_string().replace('-', "_");
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    std::fs::write(place("step.h"), c_header(policy).unwrap()).unwrap();
    let size = policy.input_size();
    let main = format!(
        "#include <stdio.h>\n#include \"step.h\"\nstatic liquid_lane_{kind} self;\nstatic float x[{0}];\n\
         int main(void) {{ float secs; liquid_lane_{kind}_reset(&self);\n\
         while (fread(&secs, 4, 1, stdin) == 1 && fread(x, 4, {0}, stdin) == {0}) {{\n\
         printf(\"%.9g\\n\", (double)liquid_lane_{kind}_step(&self, x, secs)); }}\n\
         return 0; }}\n",
        3 * size.pixels()
    );
    std::fs::write(place("main.c"), main).unwrap();
    let compiled = Command::new("cc")
        .args(["-std=c99", "-O2", "-Wall", "-Wextra", "-Wno-unused-function", "-Werror", "-o"])
        .args([place("main"), place("main.c")])
        .arg("-lm")
        .output();
    let compiled = compiled.ok()?;
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let mut fed = Vec::new();
    for step in 0..steps {
        fed.extend(elapsed_secs(step).to_le_bytes());
        fed.extend(planes(&picture(policy, step)).into_iter().flat_map(f32::to_le_bytes));
    }
    std::fs::write(place("fed"), fed).unwrap();
    let stdin = std::fs::File::open(place("fed")).unwrap();
    let ran = Command::new(place("main")).stdin(stdin).output().unwrap();
    Some(String::from_utf8(ran.stdout).unwrap().lines().map(|line| line.parse().unwrap()).collect())
}

#[test]
fn the_header_in_c_steps_as_the_policy_does() {
    for head in HeadKind::ALL {
        let policy = Policy::init(PolicyKind { head, paper: false }, 11, &device::cpu());
        let Some(given) = in_c(&policy, 30) else {
            let _ = writeln!(std::io::stderr(), "there is no C compiler `cc`: the header was not compiled");
            return;
        };
        let mut state = policy.zero_state(1, &device::cpu());
        assert_eq!(given.len(), 30, "{}", head.name());
        for (step, given) in (0..).zip(given) {
            let (own, next) = own_step(&policy, &picture(&policy, step), state, elapsed_secs(step));
            // The command is a sum over the state, and as far off as that: see `differences`.
            let largest =
                next.numbers().concat().into_iter().fold(1.0_f32, |largest, number| largest.max(number.abs()));
            assert!((own - given).abs() <= 5e-6 * largest, "{} at {step}: {own} against {given}", head.name());
            state = next;
        }
    }
}
