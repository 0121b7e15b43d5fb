use burn::module::{Module as _, ModuleVisitor, Param};
use burn::tensor::Tensor;
use lane_driver::train::{
    Checkpoint, FRAMES_PER_STEP, Optimisation, Recorded, Source, Trained, Training, TrainingConfig, train,
};
use lane_frame::RgbImage;
use lane_policy::device;
use lane_policy::weights;
use lane_policy::{Policy, PolicyKind};
use lane_recording::{Recording, SplitBy};
use std::path::Path;

fn short(policy: PolicyKind, seed: u64) -> TrainingConfig {
    // Eight rounds of 16 looks, most of them driven by the network from the third on; half of the looks are kept.
    let recipe = TrainingConfig::recipe(policy, seed, 128);
    TrainingConfig { steps: 12, on_policy_share: 0.5, validation_looks: 32, ..recipe }
}

/// The weights as bytes, and the loss of each step.
fn trained(config: &TrainingConfig) -> (Vec<u8>, Vec<f32>, Trained) {
    trained_on(config, None)
}

/// The same on a recording too.
fn trained_on(config: &TrainingConfig, recorded: Option<&Recorded>) -> (Vec<u8>, Vec<f32>, Trained) {
    let mut losses = Vec::new();
    let trained = train(config, recorded, &device::cpu(), &mut |progress| {
        losses.push(progress.loss);
        true
    });
    let bytes = weights::to_bytes(&trained.policy, &lane_testing::card(config.policy)).unwrap();
    (bytes, losses, trained)
}

#[test]
fn a_few_looks_are_soon_fitted_by_every_compact_policy() {
    for policy in [PolicyKind::NCP, PolicyKind::CNN] {
        // Clean pictures of the same few looks: about as easy as it gets.
        let config = TrainingConfig { steps: 150, noise_share: 0.0, on_policy_share: 0.0, ..short(policy, 1) };
        let (_, losses, trained) = trained(&config);
        let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
        let (first, last) = (mean(&losses[..10]), mean(&losses[140..]));
        assert_eq!(losses.len(), 150);
        assert!(last < 0.5 * first, "{policy}: {first} to {last}");
        let validation = trained.validation.unwrap();
        // Labels of the recipe: a standard deviation of 15 · 0.0217 1/m has a square of 0.106.
        assert!((0.08..0.16).contains(&validation.predict_zero), "{validation:?}");
        assert!(validation.noisy > validation.clean && validation.clean < 2.0 * validation.predict_zero);
    }
}

#[test]
fn the_same_seed_gives_the_same_weights_on_one_thread_and_on_three() {
    let config = short(PolicyKind::NCP, 2);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| trained(&config).0)
    };
    let one = on(1);
    assert!(one == on(3), "the order of additions does not depend on the threads");
    assert!(one != trained(&short(PolicyKind::NCP, 3)).0, "another seed, other weights");
}

#[test]
fn a_recipe_sees_each_look_three_times() {
    let recipe = TrainingConfig::recipe(PolicyKind::NCP, 1, 1600);
    assert_eq!(recipe.steps * FRAMES_PER_STEP, 3 * 1600 * 16);
}

/// A training that begins with a policy: what it ends with, and the same where it was stopped after two steps.
fn going_on(config: &TrainingConfig, first: &Policy) -> [Policy; 2] {
    let device = device::cpu();
    [false, true].map(|stops| {
        let mut training = Training::new(config, Some(first), None, &device);
        while !training.is_done() {
            let progress = training.step();
            if stops && progress.step == 2 {
                let checkpoint = Checkpoint::from_bytes(training.checkpoint("").unwrap()).unwrap();
                training = Training::resumed(&checkpoint, config, Some(first), None, &device).unwrap();
            }
        }
        training.finish().policy
    })
}

#[test]
fn a_training_that_keeps_a_share_of_its_first_weights_ends_in_the_mean_of_both() {
    let first = Policy::init(PolicyKind::NCP, 1, &device::cpu());
    let bytes = |policy: &Policy| weights::to_bytes(policy, &lane_testing::card(PolicyKind::NCP)).unwrap();
    let ends = |keep: f64| {
        let config = TrainingConfig { steps: 4, keep, ..short(PolicyKind::NCP, 2) };
        let [undisturbed, stopped] = going_on(&config, &first);
        assert!(bytes(&undisturbed) == bytes(&stopped), "a stop changes nothing, {keep} kept");
        undisturbed
    };
    let values = |policy: &Policy| {
        let mut values = Vec::new();
        policy.network().visit(&mut Values(&mut values));
        values
    };
    let (last, mixed) = (ends(0.0), values(&ends(0.25)));
    assert!(bytes(&ends(1.0)) == bytes(&first), "all kept");
    let mut moved = 0;
    for ((first, last), mixed) in values(&first).into_iter().zip(values(&last)).zip(&mixed) {
        let mean = 0.25 * f64::from(first) + 0.75 * f64::from(last);
        // Half a unit in the last place of 32 bits.
        assert!((mean - f64::from(*mixed)).abs() <= 6e-8 * mean.abs(), "{first} {last} {mixed}");
        moved += usize::from(first != last && *mixed != first && *mixed != last);
    }
    assert!(2 * moved > mixed.len(), "most of the {} weights lie between the two, got {moved}", mixed.len());
}

/// All weights of a network.
struct Values<'a>(&'a mut Vec<f32>);

impl ModuleVisitor for Values<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.extend(lane_policy::to_vec(param.val()));
    }
}

/// A drive of 300 frames in which a bright post stands to the side that the human steers to.
fn drive(folder: &Path) -> Source {
    let mut table = "image,time,curvature\n".to_owned();
    for i in 0..300_u32 {
        let curvature = 0.05 * (f64::from(i) / 9.0).sin();
        let post = (60.0 + 800.0 * curvature) as u32;
        let picture = RgbImage::from_fn(120, 48, |x, _| image::Rgb([if x.abs_diff(post) < 6 { 250 } else { 40 }; 3]));
        picture.save(folder.join(format!("{i}.png"))).unwrap();
        table += &format!("{i}.png,{},{curvature}\n", f64::from(i) / 15.0);
    }
    std::fs::write(folder.join("log.csv"), table).unwrap();
    Source { recording: Recording::open(folder).unwrap(), weight: 1.0, split: SplitBy::Time, own_view: true }
}

#[test]
fn a_recording_is_learned_and_its_held_back_part_shows_it() {
    let dir = tempfile::tempdir().unwrap();
    let config = TrainingConfig { steps: 120, ..TrainingConfig::recorded(PolicyKind::CNN, 1) };
    let recorded = Recorded::new(vec![drive(dir.path())], &config).unwrap();
    let trained = trained_on(&config, Some(&recorded)).2;
    let (held_back, best_after) = trained.held_back.unwrap();
    assert!(held_back.r2_over_zero > 0.5 && held_back.correlation > 0.7, "{held_back:?}");
    assert!(trained.validation.is_none() && best_after <= trained.steps);
    let config = TrainingConfig { steps: 4, ..TrainingConfig::mixed(PolicyKind::NCP, 1, 64, 0.5) };
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let [one, all] =
        [one_thread.install(|| trained_on(&config, Some(&recorded)).0), trained_on(&config, Some(&recorded)).0];
    assert!(one == all, "whatever the thread count");
}

/// The weights of a training that was stopped after some steps and went on in another one.
fn interrupted(config: &TrainingConfig, recorded: Option<&Recorded>, after: usize) -> Vec<u8> {
    let device = device::cpu();
    let mut training = Training::new(config, None, recorded, &device);
    for _ in 0..after {
        training.step();
    }
    let bytes = training.checkpoint("a note").unwrap();
    drop(training);
    let checkpoint = Checkpoint::from_bytes(bytes).unwrap();
    assert_eq!(checkpoint.notes(), "a note");
    let mut training = Training::resumed(&checkpoint, config, None, recorded, &device).unwrap();
    while !training.is_done() {
        training.step();
    }
    weights::to_bytes(&training.finish().policy, &lane_testing::card(config.policy)).unwrap()
}

#[test]
fn a_training_that_was_stopped_ends_in_the_same_bytes() {
    // After 5 steps the pool has looks that the network drove; after 9 it has dropped its first ones.
    let simulated = short(PolicyKind::NCP, 5);
    let undisturbed = trained(&simulated).0;
    for after in [1, 5, 9] {
        assert!(interrupted(&simulated, None, after) == undisturbed, "after {after} steps");
    }
    let dir = tempfile::tempdir().unwrap();
    let optimisation = Optimisation { weight_decay: 0.01, dropout: 0.2, batch_frames: 64, ..Optimisation::default() };
    for config in [TrainingConfig::recorded(PolicyKind::CNN, 1), TrainingConfig::mixed(PolicyKind::NCP, 1, 64, 0.5)] {
        let config = TrainingConfig { steps: 12, optimisation, ..config };
        let recorded = Recorded::new(vec![drive(dir.path())], &config).unwrap();
        let undisturbed = trained_on(&config, Some(&recorded)).0;
        assert!(interrupted(&config, Some(&recorded), 7) == undisturbed, "{}", config.policy);
    }
}

#[test]
fn a_checkpoint_of_another_training_is_refused_by_the_key_that_differs() {
    let config = short(PolicyKind::CNN, 1);
    let device = device::cpu();
    let bytes = Training::new(&config, None, None, &device).checkpoint("").unwrap();
    let checkpoint = Checkpoint::from_bytes(bytes.clone()).unwrap();
    let refused = |config: &TrainingConfig| {
        Training::resumed(&checkpoint, config, None, None, &device).err().unwrap().to_string()
    };
    let slower = Optimisation { learning_rate: 5e-4, ..Optimisation::default() };
    let message = refused(&TrainingConfig { optimisation: slower, ..config.clone() });
    assert!(message.contains("`learning_rate` is 0.001 in it, and 0.0005 now"), "{message}");
    let message = refused(&TrainingConfig { seed: 2, ..config });
    assert!(message.contains("`seed` is 1 in it, and 2 now"), "{message}");
    for damaged in [&bytes[..bytes.len() - 1], &bytes[..40], b"", b"{}\n"] {
        assert!(Checkpoint::from_bytes(damaged.to_vec()).is_err());
    }
}
