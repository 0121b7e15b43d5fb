//! Client and server against each other, and each against what a network and a stranger may send.

use super::{Client, Clock, Options, Server, Setup};
use crate::json::Splitter;
use crate::picture::{Encoding, encode};
use crate::{Car as _, Observation, Vehicle, calibrate};
use image::RgbImage;
use lane_frame::Steering;
use lane_fuzz::survives_broken_copies;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

/// A server on a free port that serves so many clients, one after the other.
fn server(clients: usize, setup: Setup) -> (SocketAddr, JoinHandle<Vec<Result<u64, String>>>) {
    let server = Server::bind("127.0.0.1:0", setup).unwrap();
    let address = server.address().unwrap();
    let serve = move || (0..clients).map(|_| server.serve_next().map_err(|trouble| trouble.to_string())).collect();
    (address, std::thread::spawn(serve))
}

fn options(address: SocketAddr) -> Options {
    Options { timeout: Duration::from_secs(20), ..Options::new(address.to_string()) }
}

/// Follows the lane by what the simulator tells.
fn follow(seen: &Observation) -> Steering {
    let (offset_m, heading_rad) = (seen.offset_m.unwrap(), seen.heading_error_rad.unwrap());
    Steering(seen.road_per_m.unwrap() - 0.03 * offset_m - 0.3 * heading_rad)
}

/// Drives so many pictures of a scene; gives the last.
fn drive(client: &mut Client, pictures: usize) -> Observation {
    let mut seen = client.look().unwrap();
    for _ in 0..pictures {
        client.steer(follow(&seen)).unwrap();
        seen = client.look().unwrap();
    }
    // There is always a picture to come.
    client.steer(follow(&seen)).unwrap();
    seen
}

#[test]
fn a_client_drives_laps_in_lockstep_and_the_same_drive_twice_gives_the_same_pictures() {
    let (address, served) = server(2, Setup { lap_m: 80.0, ..Setup::default() });
    let drives = [0, 1].map(|_| {
        let scene = Some("mountain_track".to_owned());
        let mut client = Client::connect(Options { scene, road: Some(3), ..options(address) }).unwrap();
        assert_eq!(client.title(), format!("donkey://{address}/mountain_track"));
        drive(&mut client, 300)
    });
    let [first, second] = &drives;
    assert_eq!(first.image, second.image);
    assert_eq!((first.laps, first.time_secs, first.offset_m), (second.laps, second.time_secs, second.offset_m));
    assert!(first.laps >= 1 && first.lap_secs.is_some_and(|secs| (8.0..20.0).contains(&secs)), "{first:?}");
    assert!(first.hit.is_none() && first.offset_m.unwrap().abs() < 0.5);
    // 8 m/s are asked for.
    assert!((first.speed_mps.unwrap() - 8.0).abs() < 0.8, "{:?}", first.speed_mps);
    assert!(served.join().unwrap().iter().all(|steps| steps.as_ref().is_ok_and(|steps| *steps > 300)));
}

#[test]
fn a_car_that_was_stopped_drives_on_from_a_new_picture() {
    for clock in [Clock::Lockstep, Clock::Rate(50.0)] {
        let (address, _served) = server(1, Setup { clock, ..Setup::default() });
        let mut client = Client::connect(options(address)).unwrap();
        let moving = drive(&mut client, 60);
        assert!(moving.speed_mps.unwrap() > 4.0, "{clock:?}: {moving:?}");
        client.stop();
        std::thread::sleep(Duration::from_millis(300));
        let held = client.look().unwrap();
        assert!(held.time_secs > moving.time_secs, "{clock:?}: an old picture");
        assert!(held.speed_mps < moving.speed_mps, "{clock:?}: it has braked");
        client.steer(follow(&held)).unwrap();
        let on = drive(&mut client, 60);
        assert!(on.speed_mps.unwrap() > 4.0 && on.offset_m.unwrap().abs() < 0.5, "{clock:?}: {on:?}");
    }
}

#[test]
fn the_camera_is_set_up_so_that_a_part_of_its_pictures_is_the_training_cameras_view() {
    let (address, _served) = server(2, Setup::default());
    let mut matched = Client::connect(options(address)).unwrap();
    let picture = matched.look().unwrap().image;
    let view = matched.matched_view().unwrap();
    let [left, top, width, height] = view.crop;
    assert_eq!((width, height, left + width, top + height), (240, 96, picture.width(), picture.height()));
    assert!((view.horizon_px - top as f32 - 0.3 * height as f32).abs() < 0.5, "{view:?}");
    // This simulator's camera without any setting is the training camera: what it shows at this size is the same view.
    let own = lane_sim::Camera::new(lane_frame::Size::new(240, 96));
    let world = lane_sim::World::build(super::scene::SCENES[0].spec(0, 400.0));
    let projection = own.projection(&world, 0);
    assert!((projection.focal_px - view.focal_px).abs() < 1e-3);
    drop(matched);
    let mut untouched = Client::connect(Options { match_camera: false, ..options(address) }).unwrap();
    assert_eq!(untouched.look().unwrap().image.dimensions(), (160, 120));
    assert_eq!(untouched.matched_view(), None);
}

#[test]
fn a_car_that_left_the_road_says_so_and_is_put_back() {
    let (address, _served) = server(1, Setup::default());
    let mut client = Client::connect(options(address)).unwrap();
    let left = (0..200).find_map(|_| {
        client.steer(Steering(0.05)).unwrap();
        client.look().unwrap().hit
    });
    assert_eq!(left.as_deref(), Some("offroad"));
    assert!(client.put_back().unwrap());
    let seen = client.look().unwrap();
    assert!(seen.hit.is_none() && seen.offset_m.unwrap().abs() < 1e-3 && seen.speed_mps == Some(0.0), "{seen:?}");
}

#[test]
fn calibration_finds_the_wheelbase_of_the_car_whatever_was_guessed() {
    let (address, _served) = server(1, Setup::default());
    let guess = Vehicle { wheelbase_m: 0.4, full_lock_rad: super::FULL_LOCK_DEG.to_radians() };
    let mut client = Client::connect(Options { vehicle: guess, ..options(address) }).unwrap();
    let found = calibrate(&mut client, guess).unwrap();
    assert!((found.wheelbase_m - 2.7).abs() < 0.05, "{found:?}");
}

#[test]
fn a_scene_that_is_not_there_is_refused_with_those_that_are() {
    let (address, _served) = server(1, Setup::default());
    let refused = Client::connect(Options { scene: Some("the_moon".into()), ..options(address) });
    let line = refused.map(|_| ()).unwrap_err().to_string();
    assert!(line.contains("no scene `the_moon`, choose from generated_road, warehouse"), "{line}");
}

/// A plain connection, as strangers have it.
fn stranger(address: SocketAddr) -> (TcpStream, BufReader<TcpStream>) {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    (stream.try_clone().unwrap(), BufReader::new(stream))
}

fn line(reader: &mut BufReader<TcpStream>) -> Value {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}

/// The next message of a kind.
fn next(reader: &mut BufReader<TcpStream>, kind: &str) -> Value {
    loop {
        let message = line(reader);
        if message["msg_type"] == kind {
            return message;
        }
    }
}

const LOAD: &str = r#"{"msg_type": "load_scene", "scene_name": "generated_track"}"#;
const CONTROL: &str = r#"{"msg_type": "control", "steering": "0.1", "throttle": "0.3", "brake": "0.0"}"#;

#[test]
fn messages_that_arrive_byte_by_byte_and_back_to_back_are_obeyed_one_by_one() {
    let (address, _served) = server(1, Setup::default());
    let (mut stream, mut reader) = stranger(address);
    assert_eq!(line(&mut reader)["msg_type"], "scene_selection_ready");
    for byte in LOAD.bytes() {
        stream.write_all(&[byte]).unwrap();
    }
    assert_eq!(line(&mut reader)["msg_type"], "car_loaded");
    assert_eq!(next(&mut reader, "telemetry")["time"], 0.0);
    stream.write_all(CONTROL.repeat(5).as_bytes()).unwrap();
    let times: Vec<f64> = (0..5).map(|_| next(&mut reader, "telemetry")["time"].as_f64().unwrap()).collect();
    assert!(times.iter().zip(1..).all(|(time, step)| (time - 0.05 * f64::from(step)).abs() < 1e-9), "{times:?}");
}

#[test]
fn every_message_of_the_protocol_is_taken_and_those_that_ask_are_answered() {
    let (address, served) = server(1, Setup::default());
    let (mut stream, mut reader) = stranger(address);
    let mut say = |message: Value| stream.write_all(message.to_string().as_bytes()).unwrap();
    say(json!({ "msg_type": "get_protocol_version" }));
    assert_eq!(next(&mut reader, "protocol_version")["version"], "2");
    say(json!({ "msg_type": "get_scene_names" }));
    assert_eq!(next(&mut reader, "scene_names")["scene_names"].as_array().unwrap().len(), 11);
    say(json!({ "msg_type": "load_scene", "scene_name": "warehouse" }));
    next(&mut reader, "car_loaded");
    for unanswered in ["car_config", "racer_info", "lidar_config", "settings", "new_car", "step_mode", "nonsense"] {
        say(json!({ "msg_type": unanswered, "step_mode": "synchronous" }));
    }
    say(json!({ "msg_type": "node_position", "index": "3" }));
    assert_eq!(next(&mut reader, "node_position")["index"], 3);
    say(json!({ "msg_type": "cam_config", "img_w": "64", "img_h": "32", "img_d": "1", "img_enc": "PNG", "fov": "80" }));
    say(json!({ "msg_type": "cam_config_b", "img_w": "32", "img_h": "16", "img_enc": "PNG" }));
    say(json!({ "msg_type": "set_position", "pos_x": "0", "pos_y": "0", "pos_z": "0" }));
    say(serde_json::from_str(CONTROL).unwrap());
    let seen = loop {
        let seen = next(&mut reader, "telemetry");
        if seen["time"] != 0.0 {
            break seen;
        }
    };
    let picture = crate::picture::decode(seen["image"].as_str().unwrap()).unwrap();
    assert_eq!(picture.dimensions(), (64, 32));
    assert!(picture.pixels().all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]), "grey was asked for");
    assert_eq!(crate::picture::decode(seen["image_b"].as_str().unwrap()).unwrap().dimensions(), (32, 16));
    assert_eq!(next(&mut reader, "collision_with_starting_line")["starting_line_index"], 0);
    say(json!({ "msg_type": "exit_scene" }));
    say(json!({ "msg_type": "quit_app" }));
    assert_eq!(served.join().unwrap(), [Ok(1)]);
}

#[test]
fn a_stranger_who_sends_rubbish_too_much_or_a_huge_camera_is_let_go_in_one_line() {
    let long = format!("{{\"msg_type\":\"{}\"}}", "x".repeat(1 << 20));
    let camera = format!("{LOAD}{}", r#"{"msg_type":"cam_config","img_w":"10000","img_h":"10000"}"#);
    let cases = [
        (long.as_str(), "a message of more than 65536 bytes"),
        (&camera, "a camera of 10000x10000 pixels is asked for"),
        ("{]", "a message that is no JSON"),
        (r#"{"msg_type":"load_scene","scene_name":"the_moon"}"#, "no scene `the_moon`"),
    ];
    let (address, served) = server(cases.len(), Setup::default());
    for (sent, _) in cases {
        let (mut stream, mut reader) = stranger(address);
        // The server hangs up in the midst of what it does not want.
        let _ = stream.write_all(sent.as_bytes());
        let _ = reader.read_to_end(&mut Vec::new());
    }
    for (ended, (_, expected)) in served.join().unwrap().into_iter().zip(cases) {
        let line = ended.unwrap_err();
        assert!(line.starts_with(expected) && !line.contains('\n'), "{line}");
    }
}

#[test]
fn two_clients_have_a_car_each_and_one_that_is_killed_does_not_disturb_the_other() {
    let server = std::sync::Arc::new(Server::bind("127.0.0.1:0", Setup::default()).unwrap());
    let address = server.address().unwrap();
    let served = [0, 1].map(|_| {
        let server = std::sync::Arc::clone(&server);
        std::thread::spawn(move || server.serve_next())
    });
    let mut first = Client::connect(options(address)).unwrap();
    let mut second = Client::connect(options(address)).unwrap();
    let before = drive(&mut first, 60);
    let beside = drive(&mut second, 10);
    assert!(before.pose != beside.pose);
    drop(second);
    let after = drive(&mut first, 10);
    assert!(after.time_secs > before.time_secs);
    drop(first);
    assert!(served.into_iter().all(|client| client.join().unwrap().is_ok()));
}

#[test]
fn a_client_that_floods_is_served_in_time_by_a_simulator_with_a_clock() {
    let (address, _served) = server(1, Setup { clock: Clock::Rate(50.0), ..Setup::default() });
    let (mut stream, mut reader) = stranger(address);
    stream.write_all(LOAD.as_bytes()).unwrap();
    next(&mut reader, "car_loaded");
    let flood = std::thread::spawn(move || {
        let many = CONTROL.repeat(200);
        for _ in 0..200 {
            if stream.write_all(many.as_bytes()).is_err() {
                break;
            }
        }
    });
    let times: Vec<f64> = (0..20).map(|_| next(&mut reader, "telemetry")["time"].as_f64().unwrap()).collect();
    assert!(times.windows(2).all(|pair| (pair[1] - pair[0] - 0.05).abs() < 1e-9), "a step at a time: {times:?}");
    drop(reader);
    flood.join().unwrap();
}

/// A simulator that greets, and answers each `control` by the next of these; gives what it has heard.
fn simulator(greeting: &'static str, mut answers: Vec<Vec<u8>>) -> (SocketAddr, JoinHandle<Vec<Value>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let play = move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.write_all(greeting.as_bytes());
        answers.reverse();
        let (mut heard, mut splitter, mut buffer) = (Vec::new(), Splitter::new(1 << 20), [0; 4096]);
        while let Ok(read @ 1..) = stream.read(&mut buffer) {
            splitter.push(&buffer[..read]).unwrap();
            while let Some(message) = splitter.next_object().unwrap() {
                let answer = match message["msg_type"].as_str() {
                    Some("control") => answers.pop().unwrap_or_default(),
                    Some("get_protocol_version") => b"{\"msg_type\":\"protocol_version\"}\n".to_vec(),
                    _ => Vec::new(),
                };
                let _ = stream.write_all(&answer);
                heard.push(message);
            }
        }
        heard
    };
    (address, std::thread::spawn(play))
}

fn telemetry(width: u32, rest: &str) -> Vec<u8> {
    let image = encode(&RgbImage::new(width, 120), Encoding::Jpeg).unwrap();
    format!("{{\"msg_type\":\"telemetry\",\"image\":\"{image}\",{rest}}}\n").into_bytes()
}

/// What a client says that meets this after two good telemetries, and the last that the simulator hears.
fn after_good_ones(then: Vec<u8>) -> (Result<Observation, String>, Value) {
    let good = || telemetry(160, "\"time\":0.1,\"speed\":1,5,\"cte\":-0,25,\"hit\":\"none\"");
    let (address, played) = simulator("{\"msg_type\":\"car_loaded\"}\n", vec![good(), good(), then]);
    let plain = Options { match_camera: false, timeout: Duration::from_millis(700), ..options(address) };
    let mut client = Client::connect(plain).unwrap();
    client.look().unwrap();
    client.steer(Steering(0.0)).unwrap();
    let seen = client.look().map_err(|trouble| trouble.to_string());
    drop(client);
    (seen, played.join().unwrap().pop().unwrap())
}

#[test]
fn decimal_commas_and_numbers_as_strings_of_a_simulator_are_read() {
    let (seen, _) = after_good_ones(telemetry(160, "\"time\":\"0,2\",\"speed\":2,5,\"cte\":-1,5,\"hit\":\"none\""));
    let seen = seen.unwrap();
    assert_eq!((seen.time_secs, seen.speed_mps, seen.offset_m), (0.2, Some(2.5), Some(0.1875)));
}

#[test]
fn a_simulator_that_fails_is_told_of_in_one_line_and_the_car_is_stopped() {
    let half = telemetry(160, "\"time\":0.2")[..500].to_vec();
    let cases = [
        (telemetry(200, "\"time\":0.2"), "the pictures were 160x120, and now one has 200x120"),
        (telemetry(160, "\"time\":0.2,\"speed\":\"NaN\""), "`speed`: expected a number, got \"NaN\""),
        (telemetry(160, "\"time\":0.2,\"speed\":NaN"), "a message that is no JSON"),
        (b"{\"msg_type\":\"telemetry\",\"time\":0.2}\n".to_vec(), "a telemetry without a picture"),
        (b"{\"msg_type\":\"telemetry\",\"image\":\"AAAA\"}\n".to_vec(), "a picture that cannot be read"),
        (half, "no answer for 0.7 s"),
        (Vec::new(), "no answer for 0.7 s"),
    ];
    for (then, expected) in cases {
        let (seen, last) = after_good_ones(then);
        let line = seen.unwrap_err();
        assert!(line.starts_with("donkey://127.0.0.1:") && line.contains(expected) && !line.contains('\n'), "{line}");
        assert_eq!((last["msg_type"].as_str(), last["brake"].as_str()), (Some("control"), Some("1")), "{last}");
    }
}

#[test]
fn a_program_that_is_no_simulator_is_told_apart() {
    let (address, _played) = simulator("HTTP/1.1 400 Bad Request\r\n\r\n", Vec::new());
    let refused = Client::connect(Options { timeout: Duration::from_millis(300), ..options(address) });
    let line = refused.map(|_| ()).unwrap_err().to_string();
    assert!(line.contains("is this a donkey simulator?"), "{line}");
}

/// All that gym-donkeycar 1.3.1 (a1f4ca6) sent in `make`, `reset`, 38 steps, and a `reset` later in the same drive, byte for
/// byte: recorded from the unmodified client driving this server.
const RECORDED: &[u8] = include_bytes!("../../tests/fixtures/gym_donkeycar_1_3_1.json");

/// What the server sends to a client that sends these bytes in these pieces and then nothing more.
fn answers(pieces: &[&[u8]]) -> Vec<Value> {
    let (address, served) = server(1, Setup::default());
    let (mut stream, reader) = stranger(address);
    for piece in pieces {
        stream.write_all(piece).unwrap();
    }
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let answers = reader.lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    assert!(served.join().unwrap()[0].is_ok());
    answers
}

#[test]
fn the_recorded_bytes_of_the_unmodified_client_get_the_same_answers_however_they_are_cut() {
    let whole = answers(&[RECORDED]);
    let count = |kind: &str| whole.iter().filter(|answer| answer["msg_type"] == kind).count();
    let controls = String::from_utf8_lossy(RECORDED).matches("\"control\"").count();
    // One for each command, and one when the car is there.
    assert_eq!((count("telemetry"), count("car_loaded"), count("scene_names")), (controls + 1, 1, 1));
    assert!(whole.last().unwrap()["cte"].as_f64().unwrap().abs() < 0.05, "the car is back at its start");
    for size in [1, 7, 1000] {
        assert_eq!(answers(&RECORDED.chunks(size).collect::<Vec<_>>()), whole, "in pieces of {size}");
    }
}

#[test]
fn broken_copies_of_a_telemetry_are_read_or_refused_in_one_line() {
    let whole = telemetry(16, "\"time\":0.1,\"speed\":1,5,\"cte\":-0.25,\"hit\":\"none\"");
    survives_broken_copies(&whole, |bytes| {
        let mut splitter = Splitter::new(1 << 20);
        splitter.push(bytes).unwrap();
        loop {
            let message = match splitter.next_object() {
                Ok(Some(message)) => message,
                Ok(None) => break,
                Err(trouble) => return assert!(!trouble.to_string().contains('\n')),
            };
            if let Some(Err(trouble)) = message["image"].as_str().map(crate::picture::decode) {
                assert!(!trouble.to_string().contains('\n'), "{trouble}");
            }
            for name in ["time", "speed", "cte"] {
                assert!(crate::json::number(&message, name).map_or(true, |field| field.is_none_or(f64::is_finite)));
            }
        }
    });
}
