use image::ImageFormat;
use lane_driver::closed_loop::{Conditions, DriveLog, Pilot, drive};
use lane_driver::moment::{Lane, Moment, Status};
use lane_driver::replay::Replay;
use lane_driver::session::{AttentionSetup, Order, Session};
use lane_driver::twin_drive::TwinDrive;
use lane_driver::{Driver, Source};
use lane_frame::{Frame, RgbImage};
use lane_policy::device;
use lane_policy::saliency::Method;
use lane_policy::{Policy, PolicyKind, weights};
use lane_recording::Recording;
use lane_sim::Course;
use std::path::Path;

fn source(kind: PolicyKind) -> Source {
    Source { name: kind.to_string(), origin: "a/file".into() }
}

pub fn fresh(kind: PolicyKind) -> Driver {
    Driver::new(source(kind), Policy::init(kind, 1, &device::cpu()), &device::cpu())
}

fn run(mut pilot: Pilot, seed: u32, noise_variance: f32) -> DriveLog {
    let conditions = Conditions { noise_variance, ..Conditions::default() };
    drive(&mut pilot, Course::test(seed, 20.0).world(), 20.0, &conditions).unwrap()
}

#[test]
fn the_expert_stays_on_its_lane_and_a_car_that_goes_straight_does_not() {
    let expert: usize = (0..5).map(|seed| run(Pilot::Expert, seed, 0.0).crashes()).sum();
    let straight: usize = (0..5).map(|seed| run(Pilot::Zero, seed, 0.0).crashes()).sum();
    assert!(expert == 0 && straight > 3, "expert {expert}, straight {straight}");
}

#[test]
fn the_same_drive_twice_gives_the_same_score_to_the_last_bit() {
    let pilot = || Pilot::Policy(Box::new(fresh(PolicyKind::NCP)));
    assert_eq!(run(pilot(), 3, 0.1), run(pilot(), 3, 0.1));
    assert_ne!(run(pilot(), 3, 0.1).steps, run(pilot(), 3, 0.2).steps);
}

fn frame(time_secs: f64) -> Frame {
    let image = RgbImage::from_fn(120, 48, |x, y| image::Rgb([(x * 2) as u8, (y * 5) as u8, (x + y) as u8]));
    Frame { index: 0, time_secs, image }
}

#[test]
fn liquid_neurons_remember_and_forget_at_a_reset_or_a_gap() {
    let mut driver = fresh(PolicyKind::NCP);
    let first = driver.steer(&frame(0.0)).unwrap();
    let second = driver.steer(&frame(0.05)).unwrap();
    assert_ne!(first, second, "the same picture again meets another state");
    let after_gap = driver.steer(&frame(5.0)).unwrap();
    assert_eq!(first, after_gap, "a gap of seconds is a new drive");
    driver.reset();
    assert_eq!(first, driver.steer(&frame(9.0)).unwrap());
}

#[test]
fn a_longer_step_moves_liquid_neurons_further_and_means_nothing_to_a_cnn() {
    let after = |kind, step_secs: f64| {
        let mut driver = fresh(kind);
        driver.steer(&frame(0.0)).unwrap();
        driver.steer(&frame(step_secs)).unwrap()
    };
    assert_ne!(after(PolicyKind::NCP, 0.03), after(PolicyKind::NCP, 0.1));
    assert_eq!(after(PolicyKind::CNN, 0.03), after(PolicyKind::CNN, 0.1));
}

#[test]
fn a_decision_shows_saliency_and_what_every_neuron_does() {
    let mut driver = fresh(PolicyKind::NCP);
    for method in Method::ALL {
        let decision = driver.decide(&frame(0.0), method).unwrap();
        let map = decision.saliency.unwrap().map;
        assert_eq!(map.values.len(), 120 * 48);
        assert!(map.values.iter().all(|value| value.is_finite() && *value >= 0.0), "{}", method.name());
        let neurons = decision.neurons.unwrap();
        let liquid = neurons.liquid.unwrap();
        let counts = [neurons.sensory.len(), neurons.state.len(), liquid.time_constant_secs.len()];
        assert_eq!(counts, [32, 19, 19]);
        assert_eq!((liquid.current.len(), liquid.sensory_current.len()), (60, 192));
        // Conductances of 0.001 to 1 per synapse and capacitances near 0.5 units of 1/6 s.
        assert!(liquid.time_constant_secs.iter().all(|tau| (0.005..10.0).contains(tau)), "{liquid:?}");
    }
}

#[test]
fn asking_for_a_map_does_not_change_the_steering() {
    let (mut looked, mut plain) = (fresh(PolicyKind::NCP), fresh(PolicyKind::NCP));
    for step in 0..3 {
        let frame = frame(f64::from(step) * 0.05);
        let decision = looked.decide(&frame, Method::InputGradient).unwrap();
        assert_eq!(decision.steering, plain.steer(&frame).unwrap());
    }
}

#[test]
fn an_input_gradient_predicts_what_a_small_change_of_the_picture_does() {
    let mut driver = fresh(PolicyKind::NCP);
    let map = driver.decide(&frame(0.0), Method::InputGradient).unwrap().saliency.unwrap().map;
    let strongest = (0..map.values.len()).max_by(|a, b| map.values[*a].total_cmp(&map.values[*b])).unwrap();
    let nudged = |by: i16| {
        let mut frame = frame(0.0);
        for value in &mut frame.image.as_mut()[3 * strongest..3 * strongest + 3] {
            *value = (i16::from(*value) + by).clamp(0, 255) as u8;
        }
        let mut driver = fresh(PolicyKind::NCP);
        driver.steer(&frame).unwrap().0
    };
    let measured = (nudged(4) - nudged(-4)).abs() / (8.0 / 255.0);
    let predicted = map.values[strongest];
    // Steps of 4/255 are not infinitely small: the network bends within them.
    assert!((measured / predicted - 1.0).abs() < 0.25, "measured {measured}, predicted {predicted}");
}

/// The same drive with the maps that cost least.
fn with_quick_maps(mut drive: TwinDrive) -> TwinDrive {
    drive.obey(Order::Attention(AttentionSetup::of(Method::VisualBackProp))).unwrap();
    drive
}

fn all(mut session: impl Session) -> Vec<Moment> {
    std::iter::from_fn(|| session.advance().unwrap()).collect()
}

#[test]
fn two_policies_start_on_the_same_road_and_each_drives_its_own_car() {
    let drivers = vec![fresh(PolicyKind::NCP), fresh(PolicyKind::CNN)];
    let moments = all(with_quick_maps(TwinDrive::new(drivers, Course::test(1, 20.0))));
    assert_eq!(moments.len(), 400, "20 instants a second");
    let first = &moments[0];
    assert_eq!(first.sides[0].picture.image, first.sides[1].picture.image);
    let lanes = |side: usize| moments.iter().map(move |moment| moment.sides[side].lane.unwrap());
    assert_ne!(lanes(0).next_back().unwrap().offset_m, lanes(1).next_back().unwrap().offset_m);
    for side in 0..2 {
        let crashes = lanes(side).next_back().unwrap().crashes;
        let shown = lanes(side).filter(|lane| lane.status == Status::Crashed).count() as u32;
        assert!(crashes > 0, "an untrained policy leaves its lane within 20 s");
        assert_eq!(shown, crashes, "every crash is shown once");
        let crashed = |lane: &Lane| lane.status == Status::Crashed;
        assert!(lanes(side).filter(crashed).all(|lane| lane.offset_m.abs() > lane.limit_m), "where it left the lane");
        assert!(lanes(side).filter(|lane| !crashed(lane)).all(|lane| lane.offset_m.abs() <= lane.limit_m));
    }
    let attention = first.sides[0].attention.unwrap();
    assert!((0.05..0.3).contains(&attention.region.of_uniform), "{attention:?}");
}

#[test]
fn a_drive_in_the_window_and_one_for_a_report_are_the_same_on_the_same_road() {
    let course = Course::test(1, 20.0);
    let pilot = &mut Pilot::Policy(Box::new(fresh(PolicyKind::NCP)));
    let log = drive(pilot, course.world(), course.seconds, &Conditions::default()).unwrap();
    let moments = all(with_quick_maps(TwinDrive::new(vec![fresh(PolicyKind::NCP)], course)));
    assert!(log.crashes() > 0, "an untrained policy leaves its lane within 20 s");
    assert_eq!(moments.len(), log.steps.len());
    for (now, (moment, step)) in moments.iter().zip(&log.steps).enumerate() {
        assert_eq!(moment.sides[0].decision.as_ref().unwrap().steering, step.commanded, "step {now}");
        // A moment shows the road before its step, a log behind it.
        let Some(next) = moments.get(now + 1) else { break };
        let lane = next.sides[0].lane.unwrap();
        assert_eq!((lane.offset_m, lane.status == Status::Crashed), (step.offset_m, step.crashed), "step {now}");
    }
}

/// A Udacity-simulator folder of a few rows; row 2 is half a JPEG.
fn recording(folder: &Path) -> Recording {
    recording_of(folder, 6, &[2])
}

/// A Udacity-simulator folder of so many rows at 14 frames a second; the pictures of some are half a JPEG.
pub fn recording_of(folder: &Path, rows: u32, spoiled: &[u32]) -> Recording {
    let pictures = folder.join("IMG");
    if !pictures.exists() {
        std::fs::create_dir(&pictures).unwrap();
        let mut log = String::new();
        for row in 0..rows {
            let ms = row * 70;
            let name = format!("center_2020_01_01_00_{:02}_{:02}_{:03}.jpg", ms / 60_000, ms / 1000 % 60, ms % 1000);
            let path = pictures.join(&name);
            RgbImage::from_pixel(320, 160, image::Rgb([(row * 30) as u8, 90, 60]))
                .save_with_format(&path, ImageFormat::Jpeg)
                .unwrap();
            if spoiled.contains(&row) {
                let bytes = std::fs::read(&path).unwrap();
                std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
            }
            log += &format!("C:\\data\\IMG\\{name},,,0.1,0.4,0,30\n");
        }
        std::fs::write(folder.join("driving_log.csv"), log).unwrap();
    }
    Recording::open(folder).unwrap()
}

#[test]
fn a_replay_goes_from_the_first_row_to_the_last_and_says_which_frame_it_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let recording = recording(folder.path());
    let steering = recording.entry(0).steering.unwrap();
    assert!(steering.0 < 0.0, "the log's positive steering is to the right");
    let moments = all(Replay::new(recording, vec![fresh(PolicyKind::NCP), fresh(PolicyKind::CNN)]));
    assert_eq!(moments.len(), 6);
    for (row, moment) in moments.iter().enumerate() {
        assert_eq!(moment.skipped.is_some(), row == 2, "row {row}: {:?}", moment.skipped);
        assert_eq!(moment.sides[1].decision.is_some(), row != 2);
        assert_eq!(moment.sides[0].reference, Some(steering));
    }
}

#[test]
fn a_policy_whose_steering_is_no_number_is_stopped_by_name() {
    let device = device::cpu();
    let bytes = lane_testing::overflowing(PolicyKind::CNN);
    let (policy, _) = weights::from_bytes(&bytes, Path::new("huge"), None, &device).unwrap();
    let error = Driver::new(source(PolicyKind::CNN), policy, &device).steer(&frame(0.0)).unwrap_err().to_string();
    assert!(error.contains("a/file") && error.contains("`cnn`") && error.contains("not a number"), "{error}");
}

#[test]
fn noise_is_the_same_for_the_same_seed_and_has_the_variance_it_says() {
    let grey = || RgbImage::from_pixel(200, 100, image::Rgb([128; 3]));
    let (mut one, mut same, mut other) = (grey(), grey(), grey());
    lane_frame::noise::add_gaussian(&mut one, 0.01, 7, 3);
    lane_frame::noise::add_gaussian(&mut same, 0.01, 7, 3);
    lane_frame::noise::add_gaussian(&mut other, 0.01, 7, 4);
    assert!(one == same && one != other);
    let values: Vec<f64> = one.as_raw().iter().map(|value| (f64::from(*value) - 128.0) / 255.0).collect();
    let variance = values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64;
    // 60,000 draws leave 0.6 % of chance; clipping begins at five standard deviations.
    assert!((variance / 0.01 - 1.0).abs() < 0.03, "variance {variance}");
}

#[test]
fn noise_from_the_bank_has_its_variance_wherever_it_starts() {
    let bank = lane_frame::noise::NoiseBank::new(1);
    // The second place lies near the bank's end, so that the noise goes on at its beginning.
    for place in [0, 1_048_573 - 100] {
        let mut image = RgbImage::from_pixel(200, 100, image::Rgb([128; 3]));
        bank.add(&mut image, 0.1, place);
        let values: Vec<f64> = image.as_raw().iter().map(|value| (f64::from(*value) - 128.0) / 255.0).collect();
        let variance = values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64;
        assert!((variance / 0.01 - 1.0).abs() < 0.03, "variance {variance} from {place} on");
    }
}

#[test]
fn blur_keeps_a_plain_picture_and_spreads_a_dot_as_one_two_one() {
    let plain = RgbImage::from_pixel(9, 7, image::Rgb([90, 40, 200]));
    assert_eq!(lane_frame::noise::blur(&plain), plain);
    let mut dot = RgbImage::new(9, 7);
    dot.put_pixel(4, 3, image::Rgb([160; 3]));
    let blurred = lane_frame::noise::blur(&dot);
    let at = |x, y| blurred.get_pixel(x, y).0[0];
    assert_eq!((at(4, 3), at(3, 3), at(4, 2), at(5, 4), at(6, 3)), (40, 20, 20, 10, 0));
}
