use lane_frame::{RgbImage, Steering};
use lane_policy::cell::Held;
use lane_policy::preprocess::whiten;
use lane_policy::solver::Solver;
use lane_policy::{CURVATURE_PER_OUTPUT, Eye, Policy, PolicyKind, Stepper, device, to_vec};
use lane_testing::assert_close;
use std::sync::Arc;

fn picture(kind: PolicyKind, shift: u32) -> RgbImage {
    let size = kind.encoder().input_size();
    RgbImage::from_fn(size.width, size.height, |x, y| {
        let x = x + shift;
        image::Rgb([(x * 3) as u8, (y * 5) as u8, (x * y) as u8])
    })
}

/// Three frames of a drive on plain numbers and with tensors.
fn assert_same_steps(name: &str, policy: &Policy) {
    let device = device::cpu();
    let (mut eye, mut stepper) = (Eye::new(policy, &device), Stepper::new(policy, &device));
    let mut state = policy.zero_state(1, &device);
    let mut memory = state.numbers();
    for (shift, elapsed_secs) in [(0, 0.05), (3, 0.05), (9, 0.11)] {
        let picture = picture(policy.kind(), shift);
        let seen = eye.look(&picture);
        let steering = stepper.step(&seen, &mut memory, elapsed_secs);
        let input = whiten(&[&picture], policy.input_size(), &device);
        let (output, after) = policy.forward(input, state, &[elapsed_secs], 1);
        state = after;
        for (seen, map) in seen.maps().iter().zip(&output.maps) {
            assert_eq!(seen.to_vec(), to_vec(map.clone()), "{name}: maps to the bit");
        }
        // The dense layers add in another order: rounding of 32 bits.
        let of_size = |steering: Steering| [steering.0, CURVATURE_PER_OUTPUT];
        assert_close(name, &of_size(steering), &of_size(output.steering()[0]), 1e-5);
        assert_close(name, stepper.neurons(), &to_vec(output.neurons), 1e-5);
        assert_close(name, stepper.sensory(), &output.sensory.map(to_vec).unwrap_or_default(), 1e-5);
        let expected = state.numbers();
        assert_eq!(memory.len(), expected.len(), "{name}");
        memory.iter().zip(&expected).for_each(|(memory, expected)| assert_close(name, memory, expected, 1e-5));
    }
}

#[test]
fn every_head_steps_on_plain_numbers_as_it_does_with_tensors() {
    for kind in PolicyKind::all() {
        assert_same_steps(&kind.to_string(), &Policy::init(kind, 2, &device::cpu()));
    }
}

#[test]
fn a_held_neuron_and_a_solver_without_kernel_step_as_they_do_with_tensors() {
    for kind in PolicyKind::all().filter(|kind| kind.has_memory() && !kind.paper) {
        let policy = Policy::init(kind, 2, &device::cpu());
        let cell = policy.recurrent().unwrap().cell().clone().with_held(Held { neuron: 3, value: 0.4 });
        assert_same_steps(&format!("{kind}, held"), &policy.with_cell(cell));
    }
    let spec = PolicyKind::NCP.cell().unwrap().with_solver(Solver::Rk4).unwrap();
    let policy = Policy::init_with(PolicyKind::NCP, Some(&spec), 2, &device::cpu());
    assert!(policy.recurrent().unwrap().cell().stepper().is_none(), "what this is about");
    assert_same_steps("rk4", &policy);
}

#[test]
fn a_picture_is_looked_at_once_and_what_a_copy_saw_stays() {
    let (device, kind) = (device::cpu(), PolicyKind::NCP);
    let mut eye = Eye::new(&Policy::init(kind, 2, &device), &device);
    let pictures = [picture(kind, 0), picture(kind, 4)];
    let first = eye.look(&pictures[0]);
    assert!(Arc::ptr_eq(&first, &eye.look(&pictures[0].clone())));
    let (copy, numbers) = (eye.clone(), first.last().to_vec());
    let second = eye.look(&pictures[1]);
    assert_ne!(second.last(), numbers);
    assert_eq!((first.last(), copy.glance(&pictures[0]).last()), (&numbers[..], &numbers[..]));
    drop((first, copy));
    // Its memory is used again.
    drop(second);
    assert_eq!(eye.look(&pictures[0]).last(), numbers);
}
