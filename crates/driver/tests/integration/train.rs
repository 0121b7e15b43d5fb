use lane_driver::train::{FRAMES_PER_STEP, Recorded, Trained, TrainingConfig, train};
use lane_frame::RgbImage;
use lane_policy::PolicyKind;
use lane_policy::device;
use lane_policy::weights;
use lane_recording::{Recording, SplitBy};

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

#[test]
fn a_recording_is_learned_and_its_held_back_part_shows_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut table = "image,time,curvature\n".to_owned();
    for i in 0..300_u32 {
        // A bright post stands to the side that the human steers to.
        let curvature = 0.05 * (f64::from(i) / 9.0).sin();
        let post = (60.0 + 800.0 * curvature) as u32;
        let picture = RgbImage::from_fn(120, 48, |x, _| image::Rgb([if x.abs_diff(post) < 6 { 250 } else { 40 }; 3]));
        picture.save(dir.path().join(format!("{i}.png"))).unwrap();
        table += &format!("{i}.png,{},{curvature}\n", f64::from(i) / 15.0);
    }
    std::fs::write(dir.path().join("log.csv"), table).unwrap();
    let recorded = Recorded::new(Recording::open(dir.path()).unwrap(), SplitBy::Time, 1.0).unwrap();
    let config = TrainingConfig { steps: 120, noise_share: 0.0, ..short(PolicyKind::CNN, 1) };
    let error = trained_on(&config, Some(&recorded)).2.recorded.unwrap();
    assert!(error.clean < 0.5 * error.predict_zero, "{error:?}");
    let config = TrainingConfig { steps: 4, ..config };
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let [one, all] =
        [one_thread.install(|| trained_on(&config, Some(&recorded)).0), trained_on(&config, Some(&recorded)).0];
    assert!(one == all, "whatever the thread count");
}
