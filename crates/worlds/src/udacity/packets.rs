//! Text packets: a digit of Engine.IO 3, for messages a digit of Socket.IO after it, then JSON.

use super::{FULL_LOCK_DEG, MPS_PER_MPH};
use crate::json;
use crate::{Trouble, picture};
use lane_frame::RgbImage;
use serde_json::Value;

/// The first packet of a server. The sid names a session that could be taken up again; this one cannot.
pub const OPEN: &str = r#"0{"sid":"liquid-lane","upgrades":[],"pingTimeout":60000,"pingInterval":25000}"#;
/// The packet of a server after [`OPEN`]: the client may send events.
pub const CONNECTED: &str = "40";
/// Asks whether the other side is still there.
pub const PING: &str = "2";
/// Answers [`PING`].
pub const PONG: &str = "3";
/// Asks for the next picture without a command: a person drives.
pub const MANUAL: &str = r#"42["manual",{}]"#;

/// One packet.
#[derive(Clone, Debug, PartialEq)]
pub enum Packet {
    /// The server's side is open.
    Open,
    /// The other side ends the conversation.
    Close,
    /// Answered by a pong with the same text.
    Ping(String),
    /// Answer to a ping.
    Pong,
    /// The Socket.IO part is open.
    Connected,
    /// A named message; its first argument, or null.
    Event(String, Value),
    /// A packet without a meaning here, such as an acknowledgement.
    Other,
}

impl Packet {
    /// Reads a packet.
    ///
    /// # Errors
    /// When it is none of Engine.IO, or its JSON cannot be read.
    pub fn parse(text: &str) -> Result<Self, Trouble> {
        let kind = text.as_bytes().first().copied().unwrap_or_default();
        Ok(match kind {
            b'0' => Self::Open,
            b'1' => Self::Close,
            b'2' => Self::Ping(text[1..].to_owned()),
            b'3' => Self::Pong,
            b'4' => return parse_message(&text[1..]),
            b'5' | b'6' => Self::Other,
            _ => return Err(Trouble::new(format!("`{}`, which is no packet of Socket.IO", shortened(text)))),
        })
    }
}

/// The Socket.IO packet within a message.
fn parse_message(message: &str) -> Result<Packet, Trouble> {
    Ok(match message.as_bytes().first() {
        Some(b'0') => Packet::Connected,
        Some(b'1') => Packet::Close,
        Some(b'2') => {
            // A namespace and the number of an acknowledgement may stand before the list.
            let list = message.find('[').unwrap_or(message.len());
            let bad = || Trouble::new(format!("`4{}`, which is no event of Socket.IO", shortened(message)));
            let Value::Array(mut list) = json::parse(&message.as_bytes()[list..])? else { return Err(bad()) };
            let Some(Value::String(name)) = list.first_mut().map(Value::take) else { return Err(bad()) };
            Packet::Event(name, list.get_mut(1).map(Value::take).unwrap_or_default())
        }
        Some(b'3'..=b'6') => Packet::Other,
        _ => return Err(Trouble::new(format!("`4{}`, which is no packet of Socket.IO", shortened(message)))),
    })
}

/// The start of a text, fit for a line.
pub fn shortened(text: &str) -> String {
    let start: String = text.chars().take(40).flat_map(char::escape_default).collect();
    if text.chars().nth(40).is_some() { start + "…" } else { start }
}

/// One picture of the simulator, still encoded, and what it tells of its car.
#[derive(Clone, Debug, PartialEq)]
pub struct Telemetry {
    /// Speed in m/s.
    pub speed_mps: f32,
    /// The decimal sign of the simulator's language: it reads commands by the same.
    pub decimal_sign: char,
    image: Value,
}

impl Telemetry {
    /// Reads the fields of a telemetry event; nothing while a person drives, when it has none.
    ///
    /// # Errors
    /// When a field is missing or is no number.
    pub fn read(mut data: Value) -> Result<Option<Self>, Trouble> {
        if data.is_null() || data.as_object().is_some_and(serde_json::Map::is_empty) {
            return Ok(None);
        }
        let field = |name| json::number(&data, name);
        field("steering_angle")?;
        let Some(speed) = field("speed")? else { return Err(without(&data, "speed")) };
        let is_sign = |c: &char| matches!(c, '.' | ',');
        let sign = data["speed"].as_str().and_then(|speed| speed.chars().rfind(is_sign));
        let Some(image) = data.get_mut("image").map(Value::take) else { return Err(without(&data, "image")) };
        let speed_mps = (speed.abs() * MPS_PER_MPH) as f32;
        Ok(Some(Self { speed_mps, decimal_sign: sign.unwrap_or('.'), image }))
    }

    /// The picture of the front camera.
    ///
    /// # Errors
    /// When it is none.
    pub fn picture(&self) -> Result<RgbImage, Trouble> {
        let text = self.image.as_str();
        let text = text.ok_or_else(|| Trouble::new("the simulator sent a picture that is no text"))?;
        picture::decode(text)
    }
}

/// Telemetry of another project of the same simulator, such as the one on PID control.
fn without(data: &Value, name: &str) -> Trouble {
    let names = data.as_object().map(|fields| fields.keys().map(String::as_str).collect::<Vec<_>>().join(", "));
    let names = names.map_or_else(|| shortened(&data.to_string()), |names| shortened(&names));
    Trouble::new(format!("telemetry without `{name}` (it has {names})"))
}

/// The packet that steers and asks for the next picture; command and throttle from -1 to 1, the command right positive.
/// Both are strings, since the simulator stops at numbers.
pub fn steer(command: f32, throttle: f32, decimal_sign: char) -> String {
    let text = |value: f32| format!("{value:.6}").replace('.', &decimal_sign.to_string());
    format!(r#"42["steer",{{"steering_angle":"{}","throttle":"{}"}}]"#, text(command), text(throttle))
}

/// What a policy program asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steer {
    /// Share of full lock, right positive, not limited yet.
    pub command: f32,
    /// Throttle, less than 0 brakes, not limited yet.
    pub throttle: f32,
    /// True if a field was a number where the simulator wants a string.
    pub has_bare_numbers: bool,
}

impl Steer {
    /// Reads the fields of a steer event.
    ///
    /// # Errors
    /// When a field is missing or is no number.
    pub fn read(data: &Value) -> Result<Self, Trouble> {
        let field = |name: &str| -> Result<f32, Trouble> {
            let value = json::number(data, name)?;
            Ok(value.ok_or_else(|| Trouble::new(format!("`{name}` is missing")))? as f32)
        };
        Ok(Self {
            command: field("steering_angle")?,
            throttle: field("throttle")?,
            has_bare_numbers: data["steering_angle"].is_number() || data["throttle"].is_number(),
        })
    }
}

/// The packet with a picture, as the simulator writes it: all fields are strings, numbers with four decimals.
///
/// # Errors
/// When the picture cannot be encoded.
pub fn telemetry(command: f32, throttle: f32, speed_mps: f64, image: &RgbImage) -> Result<String, Trouble> {
    let (degrees, speed_mph) = (f64::from(command * FULL_LOCK_DEG), speed_mps / MPS_PER_MPH);
    let [degrees, throttle, speed] = [degrees, f64::from(throttle), speed_mph].map(four_decimals);
    let image = picture::encode(image, picture::Encoding::Jpeg)?;
    Ok(format!(
        r#"42["telemetry",{{"steering_angle":"{degrees}","throttle":"{throttle}","speed":"{speed}","image":"{image}"}}]"#
    ))
}

/// A number as the simulator writes it, which knows no negative zero.
fn four_decimals(value: f64) -> String {
    let text = format!("{value:.4}");
    if text == "-0.0000" { text[1..].to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_fuzz::survives_broken_copies;
    use serde_json::json;

    fn event(text: &str) -> (String, Value) {
        match Packet::parse(text) {
            Ok(Packet::Event(name, data)) => (name, data),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn packets_are_told_apart_by_their_digits() {
        let cases = [
            (OPEN, Packet::Open),
            ("1", Packet::Close),
            (PING, Packet::Ping(String::new())),
            ("2probe", Packet::Ping("probe".to_owned())),
            (PONG, Packet::Pong),
            (CONNECTED, Packet::Connected),
            ("40/steering", Packet::Connected),
            ("41", Packet::Close),
            ("430[]", Packet::Other),
            ("6", Packet::Other),
        ];
        for (text, packet) in cases {
            assert_eq!(Packet::parse(text), Ok(packet), "{text}");
        }
        for bad in ["", "7", "4", "49", "42", "42{}", "42[]", "42[1]", "ä"] {
            let line = Packet::parse(bad).unwrap_err().to_string();
            assert!(line.contains("Socket.IO") || line.contains("no JSON"), "{bad}: {line}");
        }
    }

    #[test]
    fn an_event_is_its_name_and_its_first_argument_whatever_stands_before() {
        let data = json!({ "throttle": "0.2" });
        for text in [
            r#"42["steer",{"throttle":"0.2"}]"#,
            r#"42/car,["steer",{"throttle":"0.2"}]"#,
            r#"4217["steer", {"throttle": "0.2"}, 5]"#,
        ] {
            assert_eq!(event(text), ("steer".to_owned(), data.clone()), "{text}");
        }
        assert_eq!(event(r#"42["manual"]"#), ("manual".to_owned(), Value::Null));
    }

    #[test]
    fn telemetry_is_read_as_it_is_written() {
        let image = RgbImage::from_pixel(320, 160, image::Rgb([90, 120, 60]));
        let text = telemetry(-0.5, 0.25, 9.0 * MPS_PER_MPH, &image).unwrap();
        let start = r#"42["telemetry",{"steering_angle":"-12.5000","throttle":"0.2500","speed":"9.0000","image":"/9j/"#;
        assert!(text.starts_with(start), "{}", &text[..start.len()]);
        let read = Telemetry::read(event(&text).1).unwrap().unwrap();
        assert!((read.speed_mps - 4.02336).abs() < 1e-5 && read.decimal_sign == '.');
        assert_eq!(read.picture().unwrap().dimensions(), (320, 160));
    }

    #[test]
    fn the_language_of_a_system_is_known_by_its_last_sign() {
        for (speed, sign) in [("9.0312", '.'), ("9,0312", ','), ("1,009.0312", '.'), ("1.009,0312", ','), ("9", '.')] {
            let read = Telemetry::read(json!({ "speed": speed, "image": "" })).unwrap().unwrap();
            assert_eq!(read.decimal_sign, sign, "{speed}");
        }
    }

    #[test]
    fn a_command_is_read_as_it_is_written() {
        let steer_back = |sign| Steer::read(&event(&steer(-0.25, 0.5, sign)).1).unwrap();
        for sign in ['.', ','] {
            assert_eq!(steer_back(sign), Steer { command: -0.25, throttle: 0.5, has_bare_numbers: false });
        }
    }

    #[test]
    fn broken_packets_do_no_harm() {
        let image = RgbImage::from_fn(32, 16, |x, y| image::Rgb([(7 * x) as u8, (15 * y) as u8, 60]));
        let whole = telemetry(-0.5, 0.25, 4.0, &image).unwrap();
        let texts = [whole.as_str(), &steer(0.25, 0.5, ','), OPEN, r#"42/car,17["steer",{"throttle":1,5,"a":[1,2]}]"#];
        let whole = texts.join("\n");
        survives_broken_copies(whole.as_bytes(), |bytes| {
            for text in String::from_utf8_lossy(bytes).lines() {
                let Ok(Packet::Event(_, data)) = Packet::parse(text) else { continue };
                let _ = Steer::read(&data);
                if let Ok(Some(telemetry)) = Telemetry::read(data) {
                    let _ = telemetry.picture();
                }
            }
        });
    }
}
