//! Our simulator in the place of Udacity's, with the programs it may meet.

use super::super::greeting::greet;
use super::super::packets::{self, Telemetry};
use super::super::{Listener, Served, Serving, Settings, serve};
use super::*;
use crate::{Car as _, Observation, Trouble};
use lane_frame::Steering;
use std::io::{Read as _, Write as _};
use std::sync::atomic::Ordering;
use std::thread::{JoinHandle, sleep, spawn};

/// What Udacity's kind of `drive.py` on python-socketio 4.6.1 and python-engineio 3.13.2 said to a simulator that stood:
/// `S` the program's packets, `C` the begin of the simulator's.
const RECORDED: &str = include_str!("../recorded/drive.txt");

/// The drive and the lines that were told. A program that is lost is not waited for: its test has failed.
fn served(serving: &Serving) -> (Result<Served, Trouble>, Vec<String>) {
    let (mut lines, stop) = (Vec::new(), AtomicBool::new(false));
    let result = serve(serving, &stop, &mut |line| {
        stop.fetch_or(line.contains("waiting for"), Ordering::Relaxed);
        lines.push(line.to_owned());
    });
    (result, lines)
}

fn serving(address: &str, most_steps: u64) -> Serving {
    Serving { address: address.to_owned(), most_steps: Some(most_steps), ..Serving::on(world()) }
}

/// A program that takes one simulator up.
fn program<T: Send + 'static>(
    listener: TcpListener,
    then: impl FnOnce(&mut Connection) -> T + Send + 'static,
) -> JoinHandle<T> {
    spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut connection = greet(stream, std::time::Instant::now() + LONG, "the simulator").unwrap();
        connection.send(packets::OPEN).unwrap();
        connection.send(packets::CONNECTED).unwrap();
        then(&mut connection)
    })
}

/// The next telemetry.
fn look(connection: &mut Connection) -> Telemetry {
    let text = next(connection);
    let packet = packets::Packet::parse(&text).unwrap();
    let packets::Packet::Event(_, data) = packet else { panic!("{text}") };
    Telemetry::read(data).unwrap().unwrap()
}

/// Reads until the other side is gone, and gives the number of telemetry packets.
fn rest(connection: &mut Connection) -> usize {
    let mut count = 0;
    while let Ok(Some(text)) = connection.receive(Until::after(LONG)) {
        count += usize::from(text.starts_with("42[\"telemetry\""));
    }
    count
}

/// Our listener drives our simulator for these steps.
fn drive_ours(steps: usize) -> (Vec<Observation>, Served, Vec<String>) {
    let listener = Listener::bind("127.0.0.1:0", Settings { speed_mps: 8.0, ..Settings::default() }).unwrap();
    let serving = serving(&listener.address().to_string(), steps as u64);
    let there = spawn(move || served(&serving));
    let mut car = listener.accept(LONG, &GO_ON, &mut |line| panic!("{line}")).unwrap();
    let mut step = 0_u32;
    car = car.with_clock(Box::new(move || {
        step += 1;
        f64::from(step) * 0.05
    }));
    let seen: Vec<Observation> = (0..steps)
        .map(|step| {
            let seen = car.look().unwrap();
            car.steer(Steering(0.01 * (0.2 * step as f32).sin())).unwrap();
            seen
        })
        .collect();
    assert_eq!(car.look().unwrap_err().to_string(), "the simulator went away");
    let (result, lines) = there.join().unwrap();
    (seen, result.unwrap(), lines)
}

#[test]
fn our_listener_drives_our_simulator_and_the_same_commands_make_the_same_drive() {
    let (seen, served, lines) = drive_ours(30);
    assert!(seen.iter().all(|seen| seen.image.dimensions() == (320, 160) && !seen.manual));
    let speeds: Vec<f32> = seen.iter().map(|seen| seen.speed_mps.unwrap()).collect();
    assert!(speeds[0] == 0.0 && speeds[15] > 1.0 && speeds[29] > speeds[15], "{speeds:?}");
    assert_eq!((served.steps, served.commands, served.connections), (30, 30, 1));
    assert!(served.distance_m > 1.0 && served.off_lane_steps == 0, "{served:?}");
    assert!(lines.len() == 1 && lines[0].ends_with("has taken the car over"), "{lines:?}");
    let (again, served_again, _) = drive_ours(30);
    assert!(seen.iter().zip(&again).all(|(a, b)| a.image == b.image && a.speed_mps == b.speed_mps));
    assert_eq!(served, served_again);
}

#[test]
fn what_drive_py_was_recorded_to_say_drives_the_car() {
    let (listener, address) = free_port();
    let there = spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut connection = greet(stream, std::time::Instant::now() + LONG, "the simulator").unwrap();
        for line in RECORDED.lines() {
            let (side, text) = line.split_once(' ').unwrap();
            match side {
                "S" => connection.send(text).unwrap(),
                _ => assert!(next(&mut connection).starts_with(text), "{line}"),
            }
        }
    });
    let (result, _) = served(&serving(&address, 3));
    there.join().unwrap();
    let served = result.unwrap();
    assert_eq!((served.steps, served.commands), (3, 3));
    // Throttles of 0.918, 0.834 and 0.748 for 0.05 s each: speeds of 0.43, 0.80 and 1.12 m/s.
    assert!((served.distance_m - 0.05 * (0.428 + 0.803 + 1.126)).abs() < 1e-3, "{served:?}");
}

#[test]
fn telemetry_has_the_simulators_fields_and_units() {
    let (listener, address) = free_port();
    let there = program(listener, |connection| {
        connection.send(packets::steer(0.0, 0.0, '.')).unwrap();
        let texts: Vec<String> = (0..40)
            .map(|_| {
                let text = next(connection);
                connection.send(packets::steer(0.2, 1.0, '.')).unwrap();
                text
            })
            .collect();
        texts
    });
    let (result, _) = served(&serving(&address, 40));
    let texts = there.join().unwrap();
    let standing = r#"42["telemetry",{"steering_angle":"0.0000","throttle":"0.0000","speed":"0.0000","image":"/9j/"#;
    assert!(texts[0].starts_with(standing), "{}", &texts[0][..standing.len()]);
    let field =
        |name: &str| texts[39].split(&format!("\"{name}\":\"")).nth(1).unwrap().split('"').next().unwrap().to_owned();
    // A fifth of 25 degrees, to the right; 14 m/s · (1 - (29/30)^39) in mph.
    let number = |name| field(name).parse::<f64>().unwrap();
    assert!((number("steering_angle") - 5.0).abs() < 0.01, "{}", field("steering_angle"));
    assert!((number("speed") - 22.97).abs() < 0.02, "{}", field("speed"));
    assert_eq!(field("throttle"), "1.0000");
    assert_eq!(result.unwrap().steps, 40);
}

#[test]
fn a_program_that_is_not_there_yet_is_waited_for_and_one_that_was_killed_too() {
    let (listener, address) = free_port();
    drop(listener);
    let serving = serving(&address, 4);
    let (sender, lines) = std::sync::mpsc::channel();
    let there = spawn(move || serve(&serving, &GO_ON, &mut |line| sender.send(line.to_owned()).unwrap()));
    let line = || lines.recv_timeout(LONG).unwrap();
    assert!(line().starts_with(&format!("waiting for a policy program at {address} (")));
    let listener = TcpListener::bind(&address).unwrap();
    for expected in ["the policy program went away after 2 steps; waiting for it at ", ""] {
        let program = program(listener.try_clone().unwrap(), |connection| {
            for _ in 0..2 {
                look(connection);
                connection.send(packets::steer(0.0, 1.0, '.')).unwrap();
            }
            // Its last command is obeyed before it goes.
            let _ = connection.receive(Until::after(LONG));
        });
        program.join().unwrap();
        assert!(line().ends_with("has taken the car over"));
        if !expected.is_empty() {
            assert!(line().starts_with(expected));
        }
    }
    let served = there.join().unwrap().unwrap();
    assert_eq!((served.steps, served.commands, served.connections), (4, 4, 2));
}

/// A flag by which a drive is stopped.
fn stop() -> &'static AtomicBool {
    Box::leak(Box::new(AtomicBool::new(false)))
}

#[test]
fn serving_stops_when_it_is_told_to_wherever_it_waits() {
    // Where nothing listens, where the program never answers, and by the clock.
    for rate_hz in [None, Some(20.0)] {
        let (listener, address) = free_port();
        let program = program(listener, rest);
        for address in ["127.0.0.1:1", &address] {
            let serving = Serving { address: address.to_owned(), rate_hz, ..Serving::on(world()) };
            let stop = stop();
            let there = spawn(move || serve(&serving, stop, &mut |_| {}));
            sleep(2 * SHORT);
            stop.store(true, Ordering::Relaxed);
            let served = there.join().unwrap().unwrap();
            assert!(served.commands == 0 && (rate_hz.is_some() || served.steps == 0), "{served:?}");
        }
        assert!(program.join().unwrap() <= 1);
    }
}

#[test]
fn by_the_clock_the_car_drives_on_while_the_program_thinks() {
    let (listener, address) = free_port();
    let stop = stop();
    let there = program(listener, |connection| {
        look(connection);
        connection.send(packets::steer(0.0, 1.0, '.')).unwrap();
        let before = look(connection);
        sleep(2 * SHORT);
        connection.send(packets::MANUAL).unwrap();
        let after = look(connection);
        stop.store(true, Ordering::Relaxed);
        rest(connection);
        (before.speed_mps, after.speed_mps)
    });
    let serving = Serving { address, rate_hz: Some(100.0), ..Serving::on(world()) };
    let served = serve(&serving, stop, &mut |_| {}).unwrap();
    let (before, after) = there.join().unwrap();
    // Some 30 steps of 0.05 s at full throttle, on a busy machine fewer.
    assert!(after > before + 2.0, "{before} {after}");
    assert!(served.commands == 1 && served.steps > 10, "{served:?}");
}

#[test]
fn pings_are_sent_and_those_of_the_program_are_answered() {
    let (listener, address) = free_port();
    let there = program(listener, |connection| {
        connection.send(packets::steer(0.0, 0.0, '.')).unwrap();
        let telemetry = next(connection);
        connection.send("2").unwrap();
        let mut others = Vec::new();
        while others.len() < 3 {
            let text = next(connection);
            if text == "2" {
                connection.send("3").unwrap();
            }
            others.push(text);
        }
        connection.send(packets::steer(0.0, 0.0, '.')).unwrap();
        rest(connection);
        (telemetry.len(), others)
    });
    let serving = Serving { ping_interval: SHORT / 3, ..serving(&address, 1) };
    assert_eq!(served(&serving).0.unwrap().steps, 1);
    let (_, others) = there.join().unwrap();
    assert!(others.contains(&"3".to_owned()) && others.iter().filter(|text| *text == "2").count() == 2, "{others:?}");
}

#[test]
fn commands_that_the_original_would_not_bear_are_told_once() {
    let (listener, address) = free_port();
    let there = program(listener, |connection| {
        let commands = [
            r#"42["steer",{"steering_angle":0.1,"throttle":0.5}]"#,
            r#"42["steer",{"steering_angle":0.1,"throttle":0.5}]"#,
            r#"42["steer",{"steering_angle":"NaN","throttle":"0.5"}]"#,
            r#"42["steer",{"steering_angle":"0,1","throttle":"0,5"}]"#,
            r#"42["steer",{"steering_angle":"9e9","throttle":"-9e9"}]"#,
            r#"42["steer"]"#,
        ];
        connection.send(r#"42["hello",{}]"#).unwrap();
        for command in commands {
            look(connection);
            connection.send(command).unwrap();
        }
        rest(connection);
    });
    let (result, lines) = served(&serving(&address, 6));
    there.join().unwrap();
    assert_eq!(result.unwrap().commands, 4);
    let expected = [
        "the policy program steers with numbers: Udacity's simulator wants strings",
        "the policy program sent a command that cannot be obeyed: `steering_angle`: expected a number, got \"NaN\"",
        "the policy program sent a command that cannot be obeyed: `steering_angle` is missing",
    ];
    assert_eq!(texts(&lines)[1..], expected);
}

#[test]
fn a_program_that_floods_drives_by_its_newest_command() {
    let (listener, address) = free_port();
    let there = program(listener, |connection| {
        while connection.send(packets::steer(0.0, 0.5, '.')).and_then(|()| connection.send("2")).is_ok() {
            // What comes back must be taken up, or nobody gets on.
            while let Ok(Some(_)) = connection.receive(Until::Now) {}
        }
    });
    let (result, _) = served(&serving(&address, 30));
    there.join().unwrap();
    assert_eq!(result.unwrap().steps, 30);
}

#[test]
fn a_program_that_takes_the_simulators_number_at_its_word_is_tried_with_the_other() {
    let (listener, address) = free_port();
    let there = spawn(move || {
        // As python-engineio 3.14.2 refuses: status and text.
        let text = "The client is using an unsupported version of the Socket.IO or Engine.IO protocols";
        let (mut stream, _) = listener.accept().unwrap();
        let count = stream.read(&mut [0; 4096]).unwrap();
        assert!(count > 0);
        write!(stream, "HTTP/1.1 400 BAD REQUEST\r\nContent-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        drop(stream);
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = [0; 4096];
        let count = stream.read(&mut head).unwrap();
        String::from_utf8_lossy(&head[..count]).into_owned()
    });
    let stop = stop();
    let mut lines = Vec::new();
    let served = serve(&serving(&address, 1), stop, &mut |line| {
        lines.push(line.to_owned());
        stop.store(line.ends_with("trying again"), Ordering::Relaxed);
    });
    let head = there.join().unwrap();
    assert!(head.starts_with("GET /socket.io/?EIO=3&transport=websocket HTTP/1.1\r\n"), "{head}");
    assert_eq!(lines[0], "the policy program refuses EIO=4, as Udacity's simulator has it; trying EIO=3");
    assert_eq!(served.unwrap().steps, 0);
}

#[test]
fn a_program_of_socket_io_5_is_told_what_it_needs() {
    let (listener, address) = free_port();
    let there = spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut connection = greet(stream, std::time::Instant::now() + LONG, "the simulator").unwrap();
        // The first packet of python-engineio 4.15.1, which then waits for `40`.
        connection
            .send(r#"0{"sid":"A","upgrades":[],"pingTimeout":20000,"pingInterval":25000,"maxPayload":1000000}"#)
            .unwrap();
        rest(&mut connection)
    });
    let (result, _) = served(&serving(&address, 1));
    let line = result.unwrap_err().to_string();
    assert!(line.contains("python-socketio 4.6.1 and python-engineio 3.13.2") && !line.contains('\n'), "{line}");
    assert_eq!(there.join().unwrap(), 0);
}

#[test]
fn whoever_is_no_program_of_this_kind_is_named() {
    let cases: [(&[u8], &str); 4] = [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope", "refuses with HTTP status 404"),
        (b"{\"msg_type\":\"protocol_version\"}\n", "does not speak WebSocket ("),
        (&[21, 3, 3, 0, 2, 2, 70], "does not speak WebSocket ("),
        (b"", "does not speak WebSocket ("),
    ];
    for (bytes, expected) in cases {
        let (listener, address) = free_port();
        let there = spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]);
            stream.write_all(bytes).unwrap();
        });
        let stop = stop();
        let mut lines = Vec::new();
        let served = serve(&serving(&address, 1), stop, &mut |line| {
            lines.push(line.to_owned());
            stop.store(true, Ordering::Relaxed);
        });
        there.join().unwrap();
        assert_eq!(served.unwrap(), Served::default());
        let start = format!("the policy program at {address} {expected}");
        assert!(lines.len() == 1 && lines[0].starts_with(&start) && !lines[0].contains('\n'), "{lines:?}");
    }
}

#[test]
fn a_car_that_was_driven_into_the_fields_is_put_back() {
    let (listener, address) = free_port();
    let there = program(listener, |connection| {
        while let Ok(Some(_)) = connection.receive(Until::after(LONG)) {
            if connection.send(packets::steer(-0.3, 1.0, '.')).is_err() {
                break;
            }
        }
    });
    let (stop, mut lines) = (stop(), Vec::new());
    let served = serve(&serving(&address, 400), stop, &mut |line| {
        lines.push(line.to_owned());
        stop.store(lines.len() == 2, Ordering::Relaxed);
    });
    there.join().unwrap();
    assert_eq!(lines[1], "the car stood out of its lane for 3 s and is put back");
    let served = served.unwrap();
    assert!(served.put_back == 1 && served.off_lane_steps > 60 && served.steps < 400, "{served:?}");
}

#[test]
fn an_address_or_a_rate_that_is_none_is_refused() {
    let refused = |serving: Serving| served(&serving).0.unwrap_err().to_string();
    assert_eq!(refused(serving("nowhere", 1)), "`nowhere` is no address such as 127.0.0.1:4567");
    let fast = Serving { rate_hz: Some(f64::NAN), ..serving("127.0.0.1:1", 1) };
    assert_eq!(refused(fast), "NaN control steps per second: expected 0.1 to 1000");
}
