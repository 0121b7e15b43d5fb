//! Pilots in another simulator: here this program's own, by way of the network.

use crate::driver::fresh;
use lane_driver::closed_loop::Pilot;
use lane_driver::moment::Status;
use lane_driver::outside::{LANE_LIMIT_M, Outside, OutsideLog};
use lane_driver::outside_drive::OutsideDrive;
use lane_driver::session::{AttentionSetup, Order, Session as _};
use lane_frame::Steering;
use lane_policy::PolicyKind;
use lane_policy::saliency::Method;
use lane_worlds::donkey::{Client, Options, Server, Setup};
use std::time::Duration;

/// A car on a road of a simulator that serves this one client.
fn outside() -> Outside {
    let server = Server::bind("127.0.0.1:0", Setup { lap_m: 80.0, ..Setup::default() }).unwrap();
    let address = server.address().unwrap();
    std::thread::spawn(move || server.serve_next());
    let options = Options { timeout: Duration::from_secs(30), ..Options::new(address.to_string()) };
    Outside::new(Box::new(Client::connect(options).unwrap()), LANE_LIMIT_M)
}

fn drive(pilot: &mut Pilot, seconds: f64) -> OutsideLog {
    outside().drive(pilot, seconds, &mut |_, _| Ok(())).unwrap()
}

#[test]
fn the_expert_by_telemetry_drives_laps_and_the_same_drive_twice_is_the_same() {
    let [first, second] = [0, 1].map(|_| drive(&mut Pilot::Expert, 20.0));
    assert_eq!(first.drive, second.drive);
    assert_eq!(first.drive.crashes(), 0);
    assert!(first.laps >= 1 && first.lap_secs.is_some() && first.drive.distance_m > 100.0, "{first:?}");
    let worst = first.drive.steps.iter().map(|step| step.offset_m.abs()).fold(0.0, f32::max);
    assert!(worst < 0.3, "{worst} m from the middle");
}

#[test]
fn a_pilot_that_leaves_the_lane_is_put_back_and_counted() {
    let log = drive(&mut Pilot::Zero, 20.0);
    assert!(log.drive.crashes() >= 1 && log.laps == 0);
    assert!(log.drive.steps.iter().all(|step| !step.crashed || step.commanded == Steering(0.0)));
}

#[test]
fn what_watches_a_drive_may_change_its_commands_and_end_it() {
    let mut outside = outside();
    let mut steps = 0;
    let ended = outside.drive(&mut Pilot::Expert, 20.0, &mut |seen, step| {
        steps += 1;
        step.commanded = Steering(0.1);
        anyhow::ensure!(seen.offset_m.unwrap() < 0.5, "far enough to the left");
        Ok(())
    });
    let line = format!("{:#}", ended.map(|_| ()).unwrap_err());
    assert!(line.starts_with("donkey://127.0.0.1:") && line.ends_with(": far enough to the left"), "{line}");
    assert!((20..200).contains(&steps), "{steps} steps");
}

#[test]
fn policies_steer_in_turn_while_the_others_watch_the_same_pictures() {
    let drivers = vec![fresh(PolicyKind::NCP), fresh(PolicyKind::CNN)];
    let mut session = OutsideDrive::new(outside(), drivers, 3.0).unwrap();
    session.obey(Order::Attention(AttentionSetup::of(Method::VisualBackProp))).unwrap();
    assert!(session.info().title.ends_with(" steers"), "{}", session.info().title);
    let mut steered = Vec::new();
    while let Some(moment) = session.advance().unwrap() {
        let [ncp, cnn] = &moment.sides[..] else { panic!("two policies") };
        assert_eq!(ncp.picture.image, cnn.picture.image);
        assert!(ncp.decision.is_some() && cnn.decision.is_some() && ncp.reference.is_some());
        assert!(ncp.lane.is_some() != cnn.lane.is_some(), "one of them steers");
        let lane = ncp.lane.or(cnn.lane).unwrap();
        assert!(lane.status != Status::Crashed || lane.offset_m.abs() > 1.0);
        steered.push(ncp.lane.is_some());
    }
    assert!(steered.is_sorted_by(|first, second| first >= second), "the first turn is the first policy's");
    let first = steered.iter().filter(|first| **first).count();
    assert!((50..=61).contains(&first) && steered.len() > 100, "{first} of {}", steered.len());
}

#[test]
fn a_session_that_is_held_stops_its_car_and_the_next_moment_is_a_new_one() {
    let mut session = OutsideDrive::new(outside(), vec![fresh(PolicyKind::NCP)], 20.0).unwrap();
    session.obey(Order::TakeOver { policy: 0, steering: Some(Steering(0.0)) }).unwrap();
    let advance = |session: &mut OutsideDrive| {
        let moment = session.advance().unwrap().unwrap();
        (moment.time_secs, moment.sides[0].lane.unwrap().distance_m)
    };
    let [before, last] = [0, 1].map(|_| (0..30).map(|_| advance(&mut session)).last().unwrap());
    session.hold();
    let [first, second] = [0, 1].map(|_| advance(&mut session));
    assert!(
        (first.0 - last.0 - 0.05).abs() < 1e-6,
        "the pause is none of the session's time: {first:?} after {last:?}"
    );
    // It has braked: the next step is shorter than those before the pause.
    let usual_m = (last.1 - before.1) / 30.0;
    assert!((0.0..0.97 * usual_m).contains(&(second.1 - first.1)), "{usual_m} m a step, then {first:?}, {second:?}");
}

#[test]
fn a_person_takes_the_wheel_and_orders_that_need_a_world_of_ours_are_refused() {
    let mut session = OutsideDrive::new(outside(), vec![fresh(PolicyKind::NCP)], 10.0).unwrap();
    session.advance().unwrap();
    session.obey(Order::TakeOver { policy: 0, steering: Some(Steering(0.05)) }).unwrap();
    let offsets: Vec<f32> =
        (0..60).map(|_| session.advance().unwrap().unwrap().sides[0].lane.unwrap().offset_m).collect();
    assert!(offsets[59] > offsets[0] + 0.1, "to the left: {offsets:?}");
    for refused in
        [Order::Seek(1.0), Order::Causes(true), Order::TakeOver { policy: 1, steering: None }, Order::Noise(2.0)]
    {
        let line = session.obey(refused).unwrap_err().to_string();
        assert!(!line.contains('\n'), "{line}");
    }
    session.obey(Order::Noise(0.1)).unwrap();
    assert_eq!(session.info().noise_variance, 0.1);
    assert!(session.advance().unwrap().is_some());
}
