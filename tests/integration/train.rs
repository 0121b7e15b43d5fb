use liquid_lane::device;
use liquid_lane::policy::PolicyKind;
use liquid_lane::policy::weights;
use liquid_lane::train::{FRAMES_PER_STEP, Trained, TrainingConfig, train};

fn short(policy: PolicyKind, seed: u64) -> TrainingConfig {
    // Eight rounds of 16 looks, most of them driven by the network from the third on; half of the looks are kept.
    let recipe = TrainingConfig::recipe(policy, seed, 128);
    TrainingConfig { steps: 12, on_policy_share: 0.5, validation_looks: 32, ..recipe }
}

/// The weights as bytes, and the loss of each step.
fn trained(config: &TrainingConfig) -> (Vec<u8>, Vec<f32>, Trained) {
    let mut losses = Vec::new();
    let trained = train(config, &device::cpu(), &mut |progress| {
        losses.push(progress.loss);
        true
    });
    let bytes = weights::to_bytes(&trained.policy, &crate::weights::card(config.policy)).unwrap();
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
        let validation = trained.validation;
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
