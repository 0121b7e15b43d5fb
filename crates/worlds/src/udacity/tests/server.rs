//! Whoever connects to the port at which Udacity's simulator is waited for.

use super::super::{ConnectedCar, Listener, Settings};
use super::*;
use crate::{Car as _, picture};
use lane_frame::{RgbImage, Steering};
use std::io::{Read as _, Write as _};
use std::thread::{JoinHandle, sleep, spawn};

/// All bytes of a client on python-socketio 4.6.1 and python-engineio 3.13.2 in the place of the simulator: its request, a
/// ping, seven telemetry events of 16x8 pixels of which the third is empty, and its end.
const PYTHON_CLIENT: &[u8] = include_bytes!("../recorded/python-socketio-client.bin");

fn listener(patience: Duration) -> Listener {
    Listener::bind("127.0.0.1:0", Settings { patience, ..Settings::default() }).unwrap()
}

/// Accepts a car that must come.
fn accept(listener: &Listener) -> ConnectedCar {
    listener.accept(LONG, &GO_ON, &mut |line| panic!("{line}")).unwrap()
}

fn image(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| image::Rgb([(16 * x) as u8, (16 * y) as u8, 7]))
}

fn telemetry_with(speed: &str, image: &RgbImage) -> String {
    let image = picture::encode(image, picture::Encoding::Png).unwrap();
    format!(r#"42["telemetry",{{"steering_angle":"1.2500","throttle":"0.2000","speed":"{speed}","image":"{image}"}}]"#)
}

fn telemetry(speed: &str) -> String {
    telemetry_with(speed, &image(4, 2))
}

/// A simulator that sends these texts as soon as it is connected and then does as it is told to.
fn simulator<T: Send + 'static>(
    listener: &Listener,
    sends: Vec<String>,
    then: impl FnOnce(&mut Connection) -> T + Send + 'static,
) -> JoinHandle<T> {
    let address = listener.address();
    spawn(move || {
        let mut connection = connect(address);
        for text in sends {
            connection.send(text).unwrap();
        }
        then(&mut connection)
    })
}

/// Reads the greeting: open, connected, a first command.
fn greeting(connection: &mut Connection) {
    assert!(next(connection).starts_with("0{\"sid\":"));
    assert_eq!(next(connection), "40");
    assert_eq!(next(connection), r#"42["steer",{"steering_angle":"0.000000","throttle":"0.000000"}]"#);
}

#[test]
fn a_command_is_sent_in_strings_for_each_picture_and_pings_are_answered() {
    let listener = listener(LONG);
    let there = simulator(&listener, vec![telemetry("0.0000")], |connection| {
        greeting(connection);
        let first = next(connection);
        connection.send("2").unwrap();
        connection.send(telemetry("4.4739")).unwrap();
        (first, next(connection), next(connection))
    });
    let mut car = accept(&listener).with_clock(Box::new({
        let mut secs = 10.0;
        move || {
            secs += 0.25;
            secs
        }
    }));
    assert!(car.title().starts_with("Udacity's simulator, 127.0.0.1:") && car.format() == "udacity-sim");
    let first = car.look().unwrap();
    assert_eq!((first.image.clone(), first.time_secs, first.speed_mps), (image(4, 2), 10.25, Some(0.0)));
    car.steer(Steering(0.05)).unwrap();
    let second = car.look().unwrap();
    assert_eq!((second.time_secs, second.manual), (10.5, false));
    assert!((second.speed_mps.unwrap() - 2.0).abs() < 1e-4, "{second:?}");
    car.steer(Steering(f32::NAN)).unwrap();
    let (first, pong, second) = there.join().unwrap();
    // atan(2.87 · 0.05) = 8.1662 degrees to the left, of 25; 0.15 for each m/s missing, of 4.02336 and at 6/4.02336.
    assert_eq!(first, r#"42["steer",{"steering_angle":"-0.326648","throttle":"0.900000"}]"#);
    assert_eq!(pong, "3");
    // The wheels stay; 0.3 m missing at 0.03 a metre and 0.45 for the speed that is missing.
    assert!(second.starts_with(r#"42["steer",{"steering_angle":"-0.326648","throttle":"0.4"#), "{second}");
    assert_eq!(car.put_back(), Ok(false));
}

#[test]
fn a_system_with_decimal_commas_gets_them_back() {
    let listener = listener(LONG);
    let there = simulator(&listener, vec![telemetry("8,9477")], |connection| {
        greeting(connection);
        next(connection)
    });
    let mut car = accept(&listener);
    assert!((car.look().unwrap().speed_mps.unwrap() - 4.0).abs() < 1e-3);
    car.steer(Steering(-0.05)).unwrap();
    assert!(there.join().unwrap().starts_with(r#"42["steer",{"steering_angle":"0,326648","throttle":"0,0"#));
}

#[test]
fn a_person_who_drives_is_answered_with_manual_and_the_last_picture_stands() {
    for empty in [r#"42["telemetry",{}]"#, r#"42["telemetry",null]"#, r#"42["telemetry"]"#] {
        let listener = listener(LONG);
        let there = simulator(&listener, vec![empty.to_owned()], move |connection| {
            greeting(connection);
            let mut answers = vec![next(connection)];
            for text in [telemetry("1.0000"), empty.to_owned()] {
                connection.send(text).unwrap();
                answers.push(next(connection));
            }
            answers
        });
        let mut car = accept(&listener);
        let mut looks = Vec::new();
        for _ in 0..3 {
            let seen = car.look().unwrap();
            looks.push((seen.manual, seen.image.dimensions(), seen.speed_mps.is_some()));
            car.steer(Steering(0.0)).unwrap();
        }
        assert_eq!(looks, [(true, (320, 160), false), (false, (4, 2), true), (true, (4, 2), false)]);
        let answers = there.join().unwrap();
        assert_eq!((answers[0].as_str(), answers[2].as_str()), (r#"42["manual",{}]"#, r#"42["manual",{}]"#));
        assert!(answers[1].starts_with(r#"42["steer""#));
    }
}

#[test]
fn who_looks_twice_gets_the_next_picture_with_the_last_command() {
    let listener = listener(LONG);
    let there = simulator(&listener, vec![telemetry("1.0000")], |connection| {
        greeting(connection);
        let answer = next(connection);
        connection.send(telemetry("2.0000")).unwrap();
        answer
    });
    let mut car = accept(&listener);
    let (first, second) = (car.look().unwrap(), car.look().unwrap());
    assert!(second.speed_mps > first.speed_mps);
    assert_eq!(there.join().unwrap(), r#"42["steer",{"steering_angle":"0.000000","throttle":"0.000000"}]"#);
}

#[test]
fn a_stopped_car_brakes_until_it_is_slow_and_rolls_out_straight_also_when_it_is_dropped() {
    for is_dropped in [false, true] {
        let listener = listener(LONG);
        let there = simulator(&listener, vec![telemetry("20.0000")], |connection| {
            greeting(connection);
            let mut answers = vec![next(connection)];
            for speed in ["20.0000", "12.0000", "4.0000"] {
                connection.send(telemetry(speed)).unwrap();
                answers.push(next(connection));
            }
            answers.push(next(connection));
            answers
        });
        let mut car = accept(&listener);
        car.look().unwrap();
        car.steer(Steering(0.05)).unwrap();
        let rest = (!is_dropped).then(|| {
            car.stop();
            car
        });
        let answers = there.join().unwrap();
        let braking = r#"42["steer",{"steering_angle":"-0.326648","throttle":"-1.000000"}]"#;
        let rolling = r#"42["steer",{"steering_angle":"0.000000","throttle":"0.000000"}]"#;
        assert_eq!(texts(&answers[1..]), [braking, braking, braking, rolling]);
        drop(rest);
    }
}

#[test]
fn a_simulator_that_has_stopped_answering_does_not_hold_the_stop_up() {
    let listener = listener(LONG);
    let there = simulator(&listener, vec![telemetry("20.0000")], |connection| {
        greeting(connection);
        [next(connection), next(connection), next(connection)]
    });
    let mut car = accept(&listener);
    car.look().unwrap();
    car.steer(Steering(0.0)).unwrap();
    let began = std::time::Instant::now();
    car.stop();
    assert!(began.elapsed() < LONG / 4);
    let [_, braking, rolling] = there.join().unwrap();
    assert!(braking.contains(r#""throttle":"-1.000000""#) && rolling.contains(r#""throttle":"0.000000""#));
}

#[test]
fn bytes_that_arrive_split_anywhere_or_singly_give_the_same_picture() {
    let stream = {
        // The same bytes as of a whole simulator, taken from a socket.
        let (listener, address) = free_port();
        let there = spawn(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            write!(
                stream,
                "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\n"
            )
            .unwrap();
            write!(stream, "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: LAh1B9kXB9aIQAGPuqgDuA==\r\n\r\n").unwrap();
            let wire = Wire::new(stream, Until::after(LONG)).unwrap();
            let role = tungstenite::protocol::Role::Client;
            let mut connection = Connection::new(tungstenite::WebSocket::from_raw_socket(wire, role, None), "it");
            connection.send(telemetry("8.9477")).unwrap();
        });
        let (mut stream, _) = listener.accept().unwrap();
        there.join().unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        bytes
    };
    assert!((300..700).contains(&stream.len()), "{}", stream.len());
    let cuts = (0..=stream.len()).map(|at| vec![at]).chain([(0..stream.len()).collect::<Vec<_>>()]);
    let listener = listener(LONG);
    for cuts in cuts {
        let (bytes, at) = (stream.clone(), cuts.clone());
        let mut stream = TcpStream::connect(listener.address()).unwrap();
        stream.set_nodelay(true).unwrap();
        let there = spawn(move || {
            let mut sent = 0;
            for cut in cuts.into_iter().chain([bytes.len()]) {
                stream.write_all(&bytes[sent..cut]).unwrap();
                sent = cut;
                sleep(Duration::from_micros(300));
            }
            // Until the other side is done.
            let _ = stream.read_to_end(&mut Vec::new());
        });
        let mut car = accept(&listener);
        let seen = car.look().unwrap();
        assert_eq!(seen.image, image(4, 2), "{at:?}");
        drop(car);
        there.join().unwrap();
    }
}

#[test]
fn the_recorded_python_client_is_driven() {
    let listener = listener(LONG);
    let address = listener.address();
    let there = spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let head = PYTHON_CLIENT.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
        stream.write_all(&PYTHON_CLIENT[..head]).unwrap();
        stream.write_all(&PYTHON_CLIENT[head..]).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer
    });
    let mut car = accept(&listener);
    // Its speeds are 9.0312 mph and one more with each picture; where they have arrived, the newest counts.
    let mut sent = 0.0;
    let seen = loop {
        let seen = car.look().unwrap();
        sent = seen.speed_mps.map_or(sent, |speed| speed / 0.447_04 - 9.0312);
        if sent > 3.5 {
            break seen;
        }
        car.steer(Steering(0.0)).unwrap();
    };
    assert!((sent - sent.round()).abs() < 1e-3, "{sent}");
    assert_eq!((seen.image.dimensions(), seen.manual), ((16, 8), false));
    drop(car);
    let answer = there.join().unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 101 "));
    // A pong: the text `3` in a frame.
    assert!(answer.windows(3).any(|frame| frame == [0x81, 1, b'3']));
}

/// The line that is told of a client that sends these bytes, the line when the wait is over, and what the client was
/// answered; it keeps the connection open where it is to.
fn told_of(bytes: &[u8], stays: bool) -> (String, String, Vec<u8>) {
    let listener = listener(LONG);
    let mut stream = TcpStream::connect(listener.address()).unwrap();
    stream.write_all(bytes).unwrap();
    let stream = stays.then_some(stream);
    let mut lines = Vec::new();
    let refused = listener.accept(2 * SHORT, &GO_ON, &mut |line| lines.push(line.to_owned())).err().unwrap();
    let mut answer = Vec::new();
    if let Some(mut stream) = stream {
        let _ = stream.read_to_end(&mut answer);
    }
    assert!(lines.len() == 1 && !lines[0].contains('\n'), "{lines:?}");
    (lines.remove(0), refused.to_string(), answer)
}

#[test]
fn whoever_else_connects_is_named_in_a_line_and_the_simulator_is_waited_for_still() {
    // First bytes of: a browser; python-socketio 5.18.1's client, recorded; another method; a TLS hello; noise; nothing at all.
    let browser = "GET /index.html HTTP/1.1\r\nHost: 127.0.0.1:4567\r\nUser-Agent: Mozilla/5.0\r\n\r\n";
    let polling = "GET /socket.io/?transport=polling&EIO=4&t=1795951103.3147995 HTTP/1.1\r\nHost: 127.0.0.1:4599\r\n\
                   User-Agent: python-requests/2.34.2\r\nAccept-Encoding: gzip, deflate\r\nAccept: */*\r\n\
                   Connection: keep-alive\r\n\r\n";
    let cases: [(&[u8], &str); 8] = [
        (browser.as_bytes(), "a plain HTTP request (`GET /index.html HTTP/1.1`)"),
        (
            polling.as_bytes(),
            "a Socket.IO client that begins without WebSocket (`GET /socket.io/?transport=polling&EIO=4",
        ),
        (b"POST /steer HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", "a plain HTTP request (`POST /steer HTTP/1.1`)"),
        (&[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3], "a client that wants TLS (https:// or wss://)"),
        (&[0, 255, 17, 200, 3], r"bytes that are no HTTP request (`\x00\xff\x11\xc8\x03`)"),
        (b"{\"msg_type\":\"get_protocol_version\"}\n", r#"bytes that are no HTTP request (`{\"msg_type\":\"#),
        (
            b"GET /socket.io/?EIO=4 HTTP/1.1\r\nHost",
            "a plain HTTP request (`GET /socket.io/?EIO=4 HTTP/1.1`) and nothing",
        ),
        (b"", "a client that sent nothing"),
    ];
    for (bytes, expected) in cases {
        let (line, refused, answer) = told_of(bytes, true);
        assert!(line.starts_with(&format!("not Udacity's simulator, but {expected}")), "{line}");
        assert!(refused.starts_with("Udacity's simulator has not connected to 127.0.0.1:"), "{refused}");
        assert!(refused.contains(expected) && !refused.contains('\n'), "{refused}");
        let is_whole_request = bytes.ends_with(b"\r\n\r\n") || bytes.ends_with(b"{}");
        assert_eq!(answer.starts_with(b"HTTP/1.1 400 "), is_whole_request, "{line}");
    }
    assert!(told_of(b"", false).0.contains("but a client that sent nothing and went away"));
}

#[test]
fn a_websocket_client_that_is_no_simulator_is_named_and_the_next_one_drives() {
    let listener = listener(LONG);
    let stranger = simulator(&listener, vec!["hello".to_owned()], |connection| {
        let _ = connection.receive(Until::after(LONG));
    });
    let mut lines = Vec::new();
    let address = listener.address();
    let mut there = None;
    let car = listener.accept(LONG, &GO_ON, &mut |line| {
        lines.push(line.to_owned());
        there = Some(spawn(move || connect(address).send(telemetry("1.0000")).map(|()| sleep(SHORT))));
    });
    assert!(car.is_ok());
    let expected = "a WebSocket client: it sent `hello`, which is no packet of Socket.IO; waiting on at";
    assert!(lines.len() == 1 && lines[0].contains(expected), "{lines:?}");
    drop(car);
    stranger.join().unwrap();
    there.unwrap().join().unwrap().unwrap();
}

#[test]
fn when_nothing_connects_or_it_is_stopped_that_is_said() {
    let listener = listener(LONG);
    let told = |stop: bool| listener.accept(SHORT, &AtomicBool::new(stop), &mut |_| {}).err().unwrap().to_string();
    assert!(told(false).starts_with("nothing has connected to 127.0.0.1:"), "{}", told(false));
    assert!(told(true).starts_with("stopped before"), "{}", told(true));
    let taken = listener.address().to_string();
    let refused = Listener::bind(&taken, Settings::default()).err().unwrap().to_string();
    assert!(refused.starts_with(&format!("cannot listen at {taken}: ")), "{refused}");
    let refused = Listener::bind("127.0.0.1:0", Settings { speed_mps: 0.0, ..Settings::default() }).err().unwrap();
    assert_eq!(refused.to_string(), "a speed of 0 m/s cannot be held");
}

/// The trouble that this text makes once the simulator has sent a picture.
fn trouble_after(text: String) -> String {
    // A ping is no picture, and the wait for one must end.
    let listener = listener(if text == "2" { SHORT } else { LONG });
    let there = simulator(&listener, vec![telemetry("1.0000")], |connection| {
        greeting(connection);
        next(connection);
        connection.send(text).unwrap();
        // What is sent before it goes away: the car is stopped.
        let mut last = String::new();
        while let Ok(Some(text)) = connection.receive(Until::after(LONG)) {
            last = text.to_string();
        }
        last
    });
    let mut car = accept(&listener);
    car.look().unwrap();
    car.steer(Steering(0.02)).unwrap();
    let trouble = car.look().unwrap_err().to_string();
    drop(car);
    let last = there.join().unwrap();
    assert_eq!(last, r#"42["steer",{"steering_angle":"0.000000","throttle":"0.000000"}]"#, "{trouble}");
    assert!(!trouble.contains('\n'), "{trouble}");
    trouble
}

#[test]
fn telemetry_that_cannot_be_driven_by_is_a_line_and_the_car_is_stopped() {
    let whole = telemetry("1.0000");
    let cases = [
        (telemetry("NaN"), r#"the simulator sent `speed`: expected a number, got "NaN""#),
        (telemetry_with("1.0000", &image(8, 4)), "the simulator's picture changed from 4x2 to 8x4"),
        (whole.replace("image", "frame"), "the simulator sent telemetry without `image` (it has frame, speed, "),
        (whole.replace("iVBOR", "iVBO?"), "the simulator sent a picture that cannot be read: "),
        (whole[..whole.len() / 2].to_owned(), "the simulator sent a message that is no JSON ("),
        (
            r#"42["telemetry",{"speed":{},"image":""}]"#.to_owned(),
            "the simulator sent `speed`: expected a number, got {}",
        ),
        ("hello".to_owned(), "the simulator sent `hello`, which is no packet of Socket.IO"),
        ("2".to_owned(), "the simulator has sent no picture for 0.15 s; is it in its menu?"),
        ("41".to_owned(), "the simulator went away"),
    ];
    for (text, expected) in cases {
        let trouble = trouble_after(text);
        assert!(trouble.starts_with(expected), "{trouble}");
    }
}

/// A client by hand: after the handshake and a first picture it sends the first bytes and a hundred times the others, and
/// gives how many the other side took.
fn raw(listener: &Listener, first: Vec<u8>, others: Vec<u8>) -> JoinHandle<usize> {
    let address = listener.address();
    spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let wire = Wire::new(stream.try_clone().unwrap(), Until::after(LONG)).unwrap();
        let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
        let mut connection = Connection::new(client_with_config(url, wire, None).unwrap().0, "the program");
        connection.send(telemetry("1.0000")).unwrap();
        greeting(&mut connection);
        next(&mut connection);
        stream.write_all(&first).unwrap();
        let taken = (0..100).take_while(|_| stream.write_all(&others).is_ok()).count();
        let _ = stream.read_to_end(&mut Vec::new());
        taken * others.len()
    })
}

/// A frame of a client, with a mask of zeros: the payload as it is.
fn frame(first: u8, length: u64, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first, 0xFF];
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

#[test]
fn a_message_of_a_hundred_megabytes_is_refused_before_it_is_kept() {
    // In one frame, whose head betrays it, and in a hundred fragments.
    let chunk = vec![b'x'; 1 << 20];
    let whole = (frame(0x81, 100 << 20, b""), chunk.clone());
    let fragments = (frame(0x01, 3, b"42["), frame(0x00, 1 << 20, &chunk));
    for (first, others) in [whole, fragments] {
        let listener = listener(LONG);
        let there = raw(&listener, first, others);
        let mut car = accept(&listener);
        car.look().unwrap();
        car.steer(Steering(0.0)).unwrap();
        assert_eq!(car.look().unwrap_err().to_string(), "the simulator sent a message of more than 4 MB");
        drop(car);
        // What fits into the buffers of sockets and into the 4 MB, by no means all of it.
        let taken = there.join().unwrap();
        assert!(taken < 40 << 20, "{taken}");
    }
}

#[test]
fn half_a_frame_is_waited_for_and_then_named() {
    let listener = listener(5 * SHORT);
    let there = raw(&listener, frame(0x81, 1000, b"42["), Vec::new());
    let mut car = accept(&listener);
    car.look().unwrap();
    car.steer(Steering(0.0)).unwrap();
    let trouble = car.look().unwrap_err().to_string();
    assert_eq!(trouble, "the simulator sent half a message and then nothing for 0.75 s");
    drop(car);
    there.join().unwrap();
}

#[test]
fn a_simulator_that_floods_is_looked_at_through_its_newest_pictures() {
    let listener = listener(LONG);
    let there = simulator(&listener, vec![telemetry("1.0000")], |connection| {
        let mut count = 0_u32;
        // Until the other side has had enough.
        while connection
            .send("2")
            .and_then(|()| connection.send(telemetry(&format!("{:.4}", 1e-3 * f64::from(count)))))
            .is_ok()
        {
            count += 1;
        }
    });
    let mut car = accept(&listener);
    let mut speeds = Vec::new();
    for _ in 0..20 {
        speeds.push(car.look().unwrap().speed_mps.unwrap() / 0.447_04 * 1e3);
        car.steer(Steering(0.0)).unwrap();
    }
    assert!(speeds.windows(2).skip(1).all(|pair| pair[1] > pair[0]), "{speeds:?}");
    assert!(speeds[19] > 20.0, "pictures are left out: {speeds:?}");
    drop(car);
    there.join().unwrap();
}

#[test]
fn a_second_client_is_turned_away_and_the_first_drives_on() {
    let listener = listener(LONG);
    let there = simulator(&listener, vec![telemetry("1.0000")], |connection| {
        greeting(connection);
        for _ in 0..3 {
            next(connection);
            connection.send(telemetry("2.0000")).unwrap();
        }
    });
    let mut car = accept(&listener);
    let mut second = TcpStream::connect(listener.address()).unwrap();
    second.set_read_timeout(Some(LONG)).unwrap();
    for _ in 0..3 {
        sleep(SHORT / 10);
        car.look().unwrap();
        car.steer(Steering(0.0)).unwrap();
    }
    assert!(matches!(second.read(&mut [0; 10]), Ok(0) | Err(_)));
    assert!(car.look().is_ok());
    drop(car);
    there.join().unwrap();
}

#[test]
fn a_killed_simulator_is_a_line() {
    let listener = listener(LONG);
    let there = simulator(&listener, vec![telemetry("1.0000")], |connection| {
        greeting(connection);
        next(connection);
    });
    let mut car = accept(&listener);
    car.look().unwrap();
    car.steer(Steering(0.0)).unwrap();
    there.join().unwrap();
    assert_eq!(car.look().unwrap_err().to_string(), "the simulator went away");
    assert!(car.steer(Steering(0.0)).is_err() || car.look().is_err());
}
