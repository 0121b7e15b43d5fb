use crate::driver::{fresh, recording_of};
use lane_driver::Driver;
use lane_driver::cause::Cause;
use lane_driver::moment::{Ghost, Moment};
use lane_driver::replay::Replay;
use lane_driver::session::{
    AttentionSetup, BandKind, DriveSetup, Every, Lesion, MemoryAfterSeek, Order, Region, Session,
};
use lane_driver::twin_drive::TwinDrive;
use lane_frame::Steering;
use lane_frame::random::{Purpose, stream};
use lane_policy::PolicyKind;
use lane_policy::saliency::Method;
use lane_sim::corruption::Corruption;
use lane_sim::{Course, Weather};
use rand::RngExt as _;

const STEP_SECS: f64 = 0.05;

/// A policy with a wiring and one with another memory.
fn drivers() -> Vec<Driver> {
    let lstm = PolicyKind::all().find(|kind| kind.to_string() == "lstm").unwrap();
    vec![fresh(PolicyKind::NCP), fresh(lstm)]
}

fn drive(seconds: f64) -> TwinDrive {
    let mut drive = TwinDrive::new(drivers(), Course::test(1, seconds));
    drive.obey(Order::Attention(AttentionSetup::of(Method::VisualBackProp))).unwrap();
    drive
}

fn next(session: &mut dyn Session, count: usize) -> Vec<Moment> {
    (0..count).map_while(|_| session.advance().unwrap()).collect()
}

/// Lets so many moments pass, each gone before the next one; how many there were.
fn pass(session: &mut dyn Session, count: usize) -> usize {
    (0..count).map_while(|_| session.advance().unwrap()).count()
}

fn ghosts(moment: &Moment) -> Vec<Option<Ghost>> {
    moment.sides.iter().map(|side| side.ghost).collect()
}

/// Everything in a moment is the same to the bit.
fn assert_same(a: &Moment, b: &Moment) {
    assert_eq!((a.frame, a.time_secs, &a.skipped), (b.frame, b.time_secs, &b.skipped));
    assert_eq!(a.sides.len(), b.sides.len());
    for (policy, (a, b)) in a.sides.iter().zip(&b.sides).enumerate() {
        assert_eq!((a.lane, a.reference, a.manual, a.ghost), (b.lane, b.reference, b.manual, b.ghost), "{policy}");
        assert_eq!(a.picture.image, b.picture.image, "{policy}");
        let parts = |side: &lane_driver::moment::Side| {
            let decision = side.decision.clone()?;
            Some((decision.steering, decision.saliency, decision.neurons))
        };
        assert_eq!(parts(a), parts(b), "{policy}");
        assert_eq!((a.attention, &a.causes), (b.attention, &b.causes), "{policy}");
    }
}

#[test]
fn a_drive_that_is_sought_shows_the_moments_that_it_showed_first() {
    let mut drive = drive(8.0);
    let hard = DriveSetup {
        noise_variance: 0.02,
        corruption: Some(Corruption::new("fog".parse().unwrap(), 2).unwrap()),
        delay_steps: 2,
        dropped_share: 0.2,
        ..drive.info().setup.unwrap()
    };
    drive.obey(Order::Drive(hard)).unwrap();
    let shown = next(&mut drive, 160);
    assert!(shown[159].sides[0].lane.unwrap().crashes > 0, "an untrained policy leaves its lane");
    let mut rng = stream(5, Purpose::Probe, 0);
    for _ in 0..12 {
        let frame = rng.random_range(0..158_usize);
        // Any time between a moment and the next.
        drive.obey(Order::Seek((frame as f64 + rng.random_range(0.0..0.99)) * STEP_SECS)).unwrap();
        next(&mut drive, 2).iter().zip(&shown[frame..]).for_each(|(again, first)| assert_same(again, first));
    }
}

#[test]
fn a_branch_leaves_ghosts_that_drive_on_as_if_nothing_had_changed() {
    let undisturbed = next(&mut drive(5.0), 100);
    let mut drive = drive(5.0);
    next(&mut drive, 50);
    let noisy = DriveSetup { noise_variance: 0.3, ..drive.info().setup.unwrap() };
    drive.obey(Order::Drive(noisy)).unwrap();
    assert_eq!(drive.info().branched_at_secs, Some(2.5));
    let branch = next(&mut drive, 50);
    let first = branch[0].sides[0].ghost.unwrap();
    assert_eq!((first.ahead_m, first.left_m, first.heading_rad), (0.0, 0.0, 0.0), "they part only now");
    for (moment, undisturbed) in branch.iter().zip(&undisturbed[50..]) {
        for (side, undisturbed) in moment.sides.iter().zip(&undisturbed.sides) {
            let ghost = side.ghost.unwrap();
            assert_eq!(Some(ghost.steering), undisturbed.decision.as_ref().map(|decision| decision.steering));
            assert_eq!(Some(ghost.lane), undisturbed.lane);
        }
    }
    let last = branch[49].sides[0].ghost.unwrap();
    assert!(last.ahead_m.abs() + last.left_m.abs() > 0.01, "noise moves the car: {last:?}");
    // Within the branch a seek brings the ghosts back; before it there are none, and nothing was changed.
    drive.obey(Order::Seek(3.3)).unwrap();
    next(&mut drive, 3).iter().zip(&branch[16..]).for_each(|(again, first)| assert_same(again, first));
    drive.obey(Order::Seek(1.9)).unwrap();
    assert_eq!((drive.info().branched_at_secs, drive.info().noise_variance), (None, 0.0));
    next(&mut drive, 30).iter().zip(&undisturbed[38..]).for_each(|(again, first)| assert_same(again, first));
    // A branch ends where nobody wants to see it any more.
    drive.obey(Order::Noise(0.1)).unwrap();
    assert!(next(&mut drive, 1)[0].sides.iter().all(|side| side.ghost.is_some()));
    drive.obey(Order::EndBranch).unwrap();
    assert_eq!((drive.info().branched_at_secs, drive.info().noise_variance), (None, 0.1));
    assert_eq!(ghosts(&next(&mut drive, 1)[0]), [None, None]);
}

#[test]
fn only_who_is_changed_has_a_ghost_and_who_is_taken_over_obeys() {
    let mut drive = drive(3.0);
    next(&mut drive, 20);
    drive.obey(Order::TakeOver { policy: 1, steering: Some(Steering(0.02)) }).unwrap();
    let moments = next(&mut drive, 20);
    assert!(moments.iter().all(|moment| ghosts(moment)[0].is_none() && ghosts(moment)[1].is_some()));
    assert!(moments.iter().all(|moment| !moment.sides[0].manual && moment.sides[1].manual));
    let [own, ghost] = [&moments[19].sides[1].lane.unwrap(), &moments[19].sides[1].ghost.unwrap().lane];
    assert_ne!(own.offset_m, ghost.offset_m);
    drive.obey(Order::TakeOver { policy: 1, steering: None }).unwrap();
    assert!(next(&mut drive, 1)[0].sides.iter().all(|side| !side.manual));
    drive.obey(Order::Seek(1.2)).unwrap();
    assert_same(&next(&mut drive, 1)[0], &moments[4]);
}

#[test]
fn a_lesion_holds_its_neuron_from_the_next_moment_on_and_is_undone_again() {
    let mut drive = drive(3.0);
    let before = next(&mut drive, 20);
    let lesions = vec![Lesion::Hold { neuron: 3, value: 0.25 }, Lesion::Hold { neuron: 7, value: -0.5 }];
    drive.obey(Order::Lesions { policy: 0, lesions: lesions.clone() }).unwrap();
    assert_eq!(drive.info().lesions, [lesions, vec![]]);
    let state = |moment: &Moment| moment.sides[0].decision.as_ref().unwrap().neurons.as_ref().unwrap().state.clone();
    let lesioned = next(&mut drive, 10);
    for moment in &lesioned {
        let state = state(moment);
        assert!((state[3] - 0.25).abs() < 1e-6 && (state[7] + 0.5).abs() < 1e-6, "{state:?}");
        assert!(moment.sides[0].ghost.is_some() && moment.sides[1].ghost.is_none());
    }
    assert!((state(&lesioned[0])[5] - state(&before[19])[5]).abs() < 0.2, "the others remember");
    drive.obey(Order::Lesions { policy: 0, lesions: vec![] }).unwrap();
    assert!((state(&next(&mut drive, 5)[4])[3] - 0.25).abs() > 1e-4);
}

#[test]
fn a_cut_synapse_carries_no_current_and_the_others_do() {
    let mut drive = drive(2.0);
    drive
        .obey(Order::Lesions { policy: 0, lesions: vec![Lesion::CutSynapse(4), Lesion::CutSensorySynapse(9)] })
        .unwrap();
    for moment in next(&mut drive, 5) {
        let liquid = moment.sides[0].decision.as_ref().unwrap().neurons.clone().unwrap().liquid.unwrap();
        assert_eq!((liquid.current[4], liquid.sensory_current[9]), (0.0, 0.0));
        assert!(liquid.current.iter().filter(|current| **current == 0.0).count() == 1, "{:?}", liquid.current);
    }
}

#[test]
fn orders_that_cannot_be_done_are_refused_in_one_line_and_change_nothing() {
    let mut drive = drive(200.0);
    next(&mut drive, 3);
    let setup = drive.info().setup.unwrap();
    let hold = |neuron| vec![Lesion::Hold { neuron, value: 0.0 }];
    let refused = [
        (Order::Seek(-1.0), "0 s"),
        (Order::Seek(f64::NAN), "NaN"),
        (Order::Seek(199.0), "60 s ahead"),
        (Order::Drive(DriveSetup { seed: 9, ..setup }), "anew"),
        (Order::Drive(DriveSetup { dropped_share: 1.5, ..setup }), "1.5"),
        (Order::Start(DriveSetup { speed_kmh: Some(0.0), ..setup }), "km/h"),
        (Order::Noise(-0.1), "-0.1"),
        (Order::Policies(vec![]), "0 policies"),
        (Order::TakeOver { policy: 2, steering: None }, "policy 2"),
        (Order::TakeOver { policy: 0, steering: Some(Steering(f32::NAN)) }, "NaN"),
        (Order::Lesions { policy: 0, lesions: hold(19) }, "0 to 18"),
        (Order::Lesions { policy: 1, lesions: vec![Lesion::CutSynapse(0)] }, "`lstm` has no synapse"),
    ];
    for (order, words) in refused {
        let error = format!("{:#}", drive.obey(order).unwrap_err());
        assert!(error.contains(words) && !error.contains('\n'), "{error}");
    }
    assert_eq!((drive.info().setup, drive.info().branched_at_secs), (Some(setup), None));
    assert_eq!(next(&mut drive, 1)[0].frame, 3);
}

#[test]
fn another_road_weather_or_speed_starts_anew() {
    let mut drive = drive(2.0);
    next(&mut drive, 10);
    let setup = DriveSetup { weather: Weather::Fog, speed_kmh: Some(54.0), ..drive.info().setup.unwrap() };
    drive.obey(Order::Start(setup)).unwrap();
    assert!(drive.info().title.contains("fog · 54 km/h"), "{}", drive.info().title);
    let moments = next(&mut drive, 21);
    assert_eq!((moments[0].frame, ghosts(&moments[20])), (0, vec![None, None]));
    // A second at 54 km/h.
    assert!((moments[20].sides[0].lane.unwrap().distance_m - 15.0).abs() < 1e-3);
    drive.obey(Order::NextRoad).unwrap();
    assert_eq!(drive.info().setup, Some(DriveSetup { seed: 2, ..setup }));
}

#[test]
fn policies_that_are_changed_take_over_the_cars_and_more_of_them_start_beside_the_first() {
    let mut drive = drive(2.0);
    let before = next(&mut drive, 20);
    drive.obey(Order::Policies(vec![fresh(PolicyKind::CNN), fresh(PolicyKind::NCP), fresh(PolicyKind::CNN)])).unwrap();
    let names: Vec<&str> = drive.info().policies.iter().map(|policy| policy.name.as_str()).collect();
    assert_eq!(names, ["cnn", "ncp", "cnn"]);
    let after = next(&mut drive, 1).remove(0);
    assert_eq!((after.frame, after.sides.len()), (20, 3));
    assert!(after.sides[0].ghost.is_some() && after.sides[2].ghost.is_none());
    assert_eq!(after.sides[0].lane, after.sides[2].lane);
    drive.obey(Order::Seek(0.5)).unwrap();
    assert_same(&next(&mut drive, 1)[0], &before[10]);
    assert_eq!(drive.info().policies.len(), 2);
}

#[test]
fn causes_say_what_the_policy_would_steer_and_do_not_change_what_it_does() {
    let (mut asked, mut plain) = (drive(1.0), drive(1.0));
    asked.obey(Order::Causes(true)).unwrap();
    let mut moved = [0; 6];
    for (asked, plain) in next(&mut asked, 20).iter().zip(&next(&mut plain, 20)) {
        for (side, plain) in asked.sides.iter().zip(&plain.sides) {
            let steering = side.decision.as_ref().unwrap().steering;
            assert_eq!(Some(steering), plain.decision.as_ref().map(|decision| decision.steering));
            let effects = side.causes.as_ref().unwrap();
            assert_eq!(effects.iter().map(|effect| effect.cause).collect::<Vec<_>>(), Cause::ALL);
            for (moved, effect) in moved.iter_mut().zip(effects) {
                // The rounding of a batch is 1e-6.
                *moved += usize::from((effect.steering.0 - steering.0).abs() > 1e-5);
            }
            assert!(plain.causes.is_none());
        }
    }
    let [objects, _, asphalt, _, sky, off_road] = moved;
    assert!(objects > 20 && asphalt > 20 && sky > 20 && off_road > 20, "{moved:?}");
}

#[test]
fn a_second_map_and_random_weights_are_maps_of_their_own() {
    let mut drive = TwinDrive::new(vec![fresh(PolicyKind::NCP)], Course::test(1, 2.0));
    let of = |method| AttentionSetup { region: Region::Sky, ..AttentionSetup::of(method) };
    let setup = AttentionSetup { beside: Some((Method::InputGradient, true)), ..of(Method::InputGradient) };
    drive.obey(Order::Attention(setup)).unwrap();
    let moment = next(&mut drive, 1).remove(0);
    let (decision, attention) = (moment.sides[0].decision.clone().unwrap(), moment.sides[0].attention.unwrap());
    let (map, random) = (decision.saliency.unwrap(), decision.beside.unwrap());
    assert_ne!(map.map, random.map);
    let signed = map.signed.unwrap();
    assert!(signed.values.iter().any(|value| *value < 0.0) && signed.magnitude() == map.map);
    assert_eq!(decision.map_age_secs, 0.0);
    // The horizon lies at three tenths of the height; trees hide much of the sky.
    assert!((0.05..0.35).contains(&attention.region.of_uniform), "{attention:?}");
    let shares = [attention.region.of_map, attention.edges.unwrap(), attention.untrained.unwrap()];
    assert!(shares[0] != shares[1] && shares[0] != shares[2] && shares.iter().all(|share| (0.0..1.0).contains(share)));
    drive.obey(Order::Attention(AttentionSetup { randomised: true, beside: None, ..setup })).unwrap();
    let decision = next(&mut drive, 1)[0].sides[0].decision.clone().unwrap();
    assert!(decision.beside.is_none() && decision.saliency.unwrap().map != map.map);
}

#[test]
fn maps_that_are_made_when_there_is_time_say_their_age_and_leave_the_drive_as_it_is() {
    let (mut timely, mut exact) = (drive(2.0), drive(2.0));
    let setup = AttentionSetup { every: Every::WhenThereIsTime, ..AttentionSetup::of(Method::SmoothGrad) };
    timely.obey(Order::Attention(setup)).unwrap();
    for (number, (timely, exact)) in next(&mut timely, 40).iter().zip(&next(&mut exact, 40)).enumerate() {
        for (timely, exact) in timely.sides.iter().zip(&exact.sides) {
            let [decision, expected] = [timely, exact].map(|side| side.decision.as_ref().unwrap());
            assert_eq!((decision.steering, timely.lane), (expected.steering, exact.lane));
            assert!(decision.saliency.is_some() && decision.map_age_secs >= 0.0);
            assert!(number > 0 || decision.map_age_secs == 0.0, "the first map is waited for");
        }
    }
}

#[test]
fn a_replay_that_is_sought_back_shows_what_it_showed_first_and_says_what_policies_remember() {
    let folder = tempfile::tempdir().unwrap();
    let mut replay = Replay::new(recording_of(folder.path(), 130, &[42, 77]), drivers());
    replay.obey(Order::Attention(AttentionSetup::of(Method::VisualBackProp))).unwrap();
    let shown = next(&mut replay, 100);
    assert_eq!((shown.len(), replay.info().frame_count), (100, 130));
    let spoiled: Vec<_> = replay.info().bands.iter().filter(|band| band.kind == BandKind::Spoiled).collect();
    assert_eq!(spoiled.len(), 2, "{spoiled:?}");
    for frame in [99, 3, 42, 78, 60, 77, 0, 41] {
        replay.obey(Order::Seek(shown[frame].time_secs)).unwrap();
        assert_eq!(replay.info().memory, MemoryAfterSeek::Exact, "{frame} was passed");
        assert_same(&next(&mut replay, 1)[0], &shown[frame]);
    }
}

#[test]
fn the_time_line_of_a_replay_says_what_was_left_out_and_who_steered() {
    let folder = tempfile::tempdir().unwrap();
    let tub = folder.path().join("tub");
    std::fs::create_dir(&tub).unwrap();
    std::fs::write(tub.join("meta.json"), r#"{"inputs": ["timestamp"], "types": ["str"]}"#).unwrap();
    for record in 0..20 {
        let mode = if (4..8).contains(&record) { "local" } else { "user" };
        let text = format!(
            r#"{{"cam/image_array": "{record}.jpg", "user/angle": 0.1, "pilot/angle": 0.1, "user/mode": "{mode}"}}"#
        );
        std::fs::write(tub.join(format!("record_{record}.json")), text).unwrap();
        lane_frame::RgbImage::new(16, 12).save(tub.join(format!("{record}.jpg"))).unwrap();
    }
    let exclude = r#"{"exclude": [{"first": 12, "last": 13}]}"#;
    std::fs::write(folder.path().join("tub.exclude.json"), exclude).unwrap();
    let replay = Replay::new(lane_recording::Recording::open(&tub).unwrap(), drivers());
    let bands = replay.info().bands.clone();
    let of = |kind: BandKind| -> Vec<[f64; 2]> {
        let ends = |secs: f64| (secs * 100.0).round() / 100.0;
        let bands = bands.iter().filter(|band| band.kind == kind);
        bands.map(|band| [ends(band.from_secs), ends(band.to_secs)]).collect()
    };
    // 20 records a second, two of which are left out; the person's turn ends where the drive does.
    assert_eq!(of(BandKind::Autonomous), [[0.2, 0.4]]);
    assert_eq!(of(BandKind::Intervened), [[0.4, 0.55]]);
    assert_eq!(of(BandKind::Excluded), [[0.55, 0.7]]);
}

#[test]
fn a_replay_that_jumps_ahead_runs_its_policies_up_over_the_frames_before() {
    let folder = tempfile::tempdir().unwrap();
    let recording = || recording_of(folder.path(), 130, &[]);
    let mut whole = Replay::new(recording(), drivers());
    let shown = next(&mut whole, 130);
    let mut replay = Replay::new(recording(), drivers());
    replay.obey(Order::Seek(shown[110].time_secs + 0.01)).unwrap();
    assert_eq!(replay.info().memory, MemoryAfterSeek::RunUp { frames: 20 });
    let moment = next(&mut replay, 1).remove(0);
    assert_eq!(moment.frame, 110);
    let steering = |moment: &Moment, policy: usize| moment.sides[policy].decision.as_ref().unwrap().steering.0;
    // Liquid neurons have forgotten after a second how they began.
    assert!((steering(&moment, 0) - steering(&shown[110], 0)).abs() < 1e-4);
    let mut cnn = Replay::new(recording(), vec![fresh(PolicyKind::CNN)]);
    cnn.obey(Order::Seek(shown[110].time_secs)).unwrap();
    assert_eq!(cnn.info().memory, MemoryAfterSeek::Exact, "without memory there is nothing to miss");
}

#[test]
fn a_replay_refuses_what_only_a_drive_can_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut replay = Replay::new(recording_of(folder.path(), 5, &[]), drivers());
    for order in [
        Order::Causes(true),
        Order::Drive(DriveSetup::default()),
        Order::TakeOver { policy: 0, steering: None },
        Order::Seek(-0.5),
        Order::Noise(2.0),
    ] {
        assert!(!format!("{:#}", replay.obey(order).unwrap_err()).contains('\n'));
    }
    assert_eq!(next(&mut replay, 9).len(), 5);
}

/// Bytes of memory that this process holds.
fn resident_bytes() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    4096 * pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap()
}

/// Median and longest time of seeks to random places, in ms, the moment there included.
fn seek_ms(session: &mut dyn Session, last_secs: f64) -> [f64; 2] {
    let mut rng = stream(6, Purpose::Probe, 0);
    let mut took: Vec<f64> = (0..40)
        .map(|_| {
            let started = std::time::Instant::now();
            session.obey(Order::Seek(rng.random_range(0.0..last_secs))).unwrap();
            session.advance().unwrap();
            1e3 * started.elapsed().as_secs_f64()
        })
        .collect();
    took.sort_by(f64::total_cmp);
    [took[20], took[39]]
}

#[test]
#[ignore = "takes minutes; cargo test --release -p lane-driver -- --ignored --nocapture memory_stays_flat"]
fn memory_stays_flat_over_an_hour_of_driving_and_a_seek_is_quick() {
    let mut drive = drive(3600.0);
    let mut after_five_minutes = 0;
    // The minutes are driven unseen, with everything that is kept of them.
    for minute in 0..60 {
        drive.obey(Order::Seek(60.0 * f64::from(minute))).unwrap();
        pass(&mut drive, 20);
        if minute == 5 {
            after_five_minutes = resident_bytes();
        }
    }
    let grown = resident_bytes().saturating_sub(after_five_minutes);
    let [median, longest] = seek_ms(&mut drive, 3540.0);
    println!(
        "an hour: {} KB more than after five minutes; a seek takes {median:.0} ms, at most {longest:.0}",
        grown >> 10
    );
    assert!(grown < 16 << 20, "{grown} bytes");
}

#[test]
#[ignore = "takes minutes; cargo test --release -p lane-driver -- --ignored --nocapture memory_stays_flat"]
fn memory_stays_flat_over_a_hundred_thousand_frames_of_replay_and_a_scrub_is_quick() {
    const FRAMES: u32 = 100_000;
    let folder = tempfile::tempdir().unwrap();
    // A few pictures under many names: a file system has a limit of names per file.
    let pictures = folder.path().join("IMG");
    std::fs::create_dir(&pictures).unwrap();
    let few = [0, 1, 2, 3].map(|number| folder.path().join(format!("{number}.jpg")));
    for (number, path) in few.iter().enumerate() {
        let colour = |x: u32, y: u32| image::Rgb([(x * y) as u8, x as u8, 60 * number as u8]);
        lane_frame::RgbImage::from_fn(320, 160, colour).save(path).unwrap();
    }
    let mut log = String::new();
    for row in 0..FRAMES {
        let ms = row * 70;
        let [hours, minutes, secs] = [ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60];
        let name = format!("center_2020_01_01_{hours:02}_{minutes:02}_{secs:02}_{:03}.jpg", ms % 1000);
        std::fs::hard_link(&few[row as usize % 4], pictures.join(&name)).unwrap();
        log += &format!("C:\\data\\IMG\\{name},,,0.1,0.4,0,30\n");
    }
    std::fs::write(folder.path().join("driving_log.csv"), log).unwrap();
    let mut replay = Replay::new(lane_recording::Recording::open(folder.path()).unwrap(), drivers());
    replay.obey(Order::Attention(AttentionSetup::of(Method::VisualBackProp))).unwrap();
    let last_secs = replay.info().duration_secs;
    let ahead = seek_ms(&mut replay, last_secs);
    replay.obey(Order::Reset).unwrap();
    pass(&mut replay, 2000);
    let before = resident_bytes();
    // Maps take most of the time and are kept nowhere: the last thousand frames have them again.
    let attention = replay.info().attention;
    replay.obey(Order::Attention(attention.every(Every::Never))).unwrap();
    pass(&mut replay, FRAMES as usize - 3000);
    replay.obey(Order::Attention(attention)).unwrap();
    assert_eq!(pass(&mut replay, 2000), 1000, "to the end");
    let grown = resident_bytes().saturating_sub(before);
    let back = seek_ms(&mut replay, last_secs);
    println!(
        "{FRAMES} frames: {} KB more than after 2,000; a jump ahead takes {:.0} ms, at most {:.0}; one back {:.0}, {:.0}",
        grown >> 10,
        ahead[0],
        ahead[1],
        back[0],
        back[1]
    );
    assert!(grown < 16 << 20, "{grown} bytes");
}

#[test]
fn a_copy_of_a_drive_shows_every_change_at_its_time_and_undoes_none() {
    let mut drive = drive(4.0);
    let mut shown = next(&mut drive, 20);
    drive.obey(Order::TakeOver { policy: 1, steering: Some(Steering(0.02)) }).unwrap();
    shown.extend(next(&mut drive, 20));
    drive.obey(Order::Lesions { policy: 0, lesions: vec![Lesion::Hold { neuron: 3, value: 0.5 }] }).unwrap();
    shown.extend(next(&mut drive, 20));
    let mut copy = drive.copy(0.7..=2.9).unwrap();
    next(copy.as_mut(), 40).iter().zip(&shown[14..]).for_each(|(again, first)| assert_same(again, first));
    copy.obey(Order::Seek(0.2)).unwrap();
    next(copy.as_mut(), 50).iter().zip(&shown[4..]).for_each(|(again, first)| assert_same(again, first));
    // The drive itself goes on where it was.
    assert_eq!(next(&mut drive, 1)[0].frame, 60);
    drive.obey(Order::Policies(drivers())).unwrap();
    next(&mut drive, 5);
    let refused = drive.copy(2.0..=3.2).err().unwrap().to_string();
    assert!(refused.contains("the policies change in between"), "{refused}");
    assert!(drive.copy(3.05..=3.2).is_ok());
}

#[test]
fn a_copy_of_a_replay_shows_the_same_moments_with_the_same_memories() {
    let folder = tempfile::tempdir().unwrap();
    let mut replay = Replay::new(recording_of(folder.path(), 90, &[]), drivers());
    replay.obey(Order::Attention(AttentionSetup::of(Method::VisualBackProp))).unwrap();
    let shown = next(&mut replay, 80);
    let mut copy = replay.copy(shown[60].time_secs..=shown[79].time_secs).unwrap();
    next(copy.as_mut(), 20).iter().zip(&shown[60..]).for_each(|(again, first)| assert_same(again, first));
}

#[test]
fn a_recording_that_vanishes_while_it_is_watched_is_told_frame_by_frame_and_may_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut replay = Replay::new(recording_of(folder.path(), 60, &[]), drivers());
    assert!(next(&mut replay, 2).iter().all(|moment| moment.skipped.is_none()));
    let (here, elsewhere) = (folder.path().join("IMG"), folder.path().join("elsewhere"));
    std::fs::rename(&here, &elsewhere).unwrap();
    replay.obey(Order::Seek(3.0)).unwrap();
    for moment in next(&mut replay, 5) {
        let why = moment.skipped.unwrap();
        assert!(why.contains("center_2020"), "{why}");
        assert!(moment.sides.iter().all(|side| side.decision.is_none()));
    }
    std::fs::rename(&elsewhere, &here).unwrap();
    replay.obey(Order::Seek(2.0)).unwrap();
    assert!(next(&mut replay, 5).iter().all(|moment| moment.skipped.is_none()));
}

#[test]
fn where_no_maps_are_wanted_none_are_made_and_the_steering_is_the_same() {
    let shown = next(&mut drive(1.0), 10);
    let mut unseen = drive(1.0);
    unseen.obey(Order::Attention(unseen.info().attention.every(Every::Never))).unwrap();
    for (moment, shown) in next(&mut unseen, 10).iter().zip(&shown) {
        let (decision, expected) =
            (moment.sides[0].decision.as_ref().unwrap(), shown.sides[0].decision.as_ref().unwrap());
        assert_eq!(decision.steering, expected.steering);
        assert!(decision.saliency.is_none() && expected.saliency.is_some() && moment.sides[0].attention.is_none());
    }
}
