//! The content of messages in the encodings that recorders have: the bytes of a picture, its stamp, and numbers by their
//! names.

use base64::Engine as _;
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MessageDescriptor, Value as ProtoValue};
use serde::Deserialize;
use serde_json::Value as JsonValue;

use super::raw_picture::RawPicture;
use super::ros::{Layout, Message as RosMessage};
use crate::media::contained::contained;

/// The field of a picture that holds its bytes, in every schema.
const PICTURE_FIELD: &str = "data";

/// The names that a stamp's seconds and nanoseconds have: those of ROS 2, Foxglove's JSON, ROS 1 and protobuf.
const SECONDS: [&str; 3] = ["sec", "secs", "seconds"];
const NANOSECONDS: [&str; 4] = ["nanosec", "nsec", "nsecs", "nanos"];

/// Fields inside fields that are looked for numbers.
const MAX_DEPTH: usize = 4;

/// So many fields of a message are looked at: a short schema can stand for billions.
const MAX_FIELDS: usize = 10_000;

/// Names of the fields on the way to a number.
pub(in crate::formats) type FieldPath = Vec<String>;

/// The coding of a channel's messages.
#[derive(Debug)]
pub(in crate::formats) enum Codec {
    Json,
    Protobuf(MessageDescriptor),
    Ros(RosMessage, Layout),
}

impl Codec {
    /// The codec of a channel; `None` where it is another one or its schema is not understood.
    pub fn new(message_encoding: &str, schema: &str, schema_encoding: &str, definition: &[u8]) -> Option<Self> {
        match (message_encoding, schema_encoding) {
            ("json", _) => Some(Self::Json),
            ("protobuf", "protobuf") => {
                contained(|| Ok(protobuf(schema, definition))).ok().flatten().map(Self::Protobuf)
            }
            ("ros1", "ros1msg") => Some(Self::Ros(RosMessage::parse(schema, definition)?, Layout::Ros1)),
            ("cdr", "ros2msg") => Some(Self::Ros(RosMessage::parse(schema, definition)?, Layout::Cdr)),
            _ => None,
        }
    }

    /// The bytes of a picture: its file, its pixels, or a coded frame.
    ///
    /// # Errors
    /// Says that there are none.
    pub fn picture(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        let none = || "message without a picture".to_owned();
        match self {
            Self::Json => {
                let message: JsonValue = serde_json::from_slice(message).map_err(|error| error.to_string())?;
                let text = message.get(PICTURE_FIELD).and_then(JsonValue::as_str).ok_or_else(none)?;
                base64::engine::general_purpose::STANDARD.decode(text).map_err(|error| error.to_string())
            }
            Self::Protobuf(descriptor) => contained(|| {
                let message = DynamicMessage::decode(descriptor.clone(), message).map_err(|error| error.to_string())?;
                let data = message.get_field_by_name(PICTURE_FIELD).ok_or_else(none)?;
                data.as_bytes().map(|bytes| bytes.to_vec()).ok_or_else(none)
            }),
            Self::Ros(definition, layout) => {
                definition.bytes(message, PICTURE_FIELD, *layout).map(<[u8]>::to_vec).ok_or_else(none)
            }
        }
    }

    /// The picture of bare pixels in a message, given its bytes.
    ///
    /// # Errors
    /// Names what it does not tell of its pixels.
    pub fn raw_picture<'a>(&self, message: &[u8], data: &'a [u8]) -> Result<RawPicture<'a>, String> {
        let number = |name: &str| {
            let number = self.number(message, &[name.to_owned()]).filter(|number| (0.0..4e9).contains(number));
            number.map(|number| number as u32).ok_or_else(|| format!("message without a {name}"))
        };
        Ok(RawPicture {
            width: number("width")?,
            height: number("height")?,
            step: number("step")?,
            encoding: self.text(message, "encoding").ok_or("message without an encoding")?,
            is_big_endian: number("is_bigendian").is_ok_and(|flag| flag != 0),
            data,
        })
    }

    /// A text of a message.
    pub fn text(&self, message: &[u8], name: &str) -> Option<String> {
        match self {
            Self::Json => {
                let message: JsonValue = serde_json::from_slice(message).ok()?;
                message.get(name)?.as_str().map(str::to_owned)
            }
            Self::Protobuf(descriptor) => contained(|| {
                let message = DynamicMessage::decode(descriptor.clone(), message).map_err(|error| error.to_string())?;
                Ok(message.get_field_by_name(name).and_then(|text| text.as_str().map(str::to_owned)))
            })
            .ok()?,
            Self::Ros(definition, layout) => definition.text(message, name, *layout),
        }
    }

    /// The stamp of a message, in seconds: of its header, or its own. `None` where it has none, or nobody has set it.
    pub fn stamp_secs(&self, message: &[u8]) -> Option<f64> {
        let stamp_secs = match self {
            Self::Json => stamp_of_json(message),
            Self::Protobuf(descriptor) => contained(|| {
                let message = DynamicMessage::decode(descriptor.clone(), message).map_err(|error| error.to_string())?;
                Ok(stamp_of_protobuf(&message))
            })
            .ok()?,
            Self::Ros(definition, layout) => definition.stamp_secs(message, *layout),
        };
        stamp_secs.filter(|&secs| secs > 0.0)
    }

    /// A number of a message.
    pub fn number(&self, message: &[u8], path: &[String]) -> Option<f64> {
        match self {
            Self::Json => {
                let message: JsonValue = serde_json::from_slice(message).ok()?;
                path.iter().try_fold(&message, |value, name| value.get(name))?.as_f64()
            }
            Self::Protobuf(descriptor) => contained(|| {
                let message = DynamicMessage::decode(descriptor.clone(), message).map_err(|error| error.to_string())?;
                Ok(number_of_protobuf(&message, path))
            })
            .ok()?,
            Self::Ros(definition, layout) => definition.number(message, path, *layout),
        }
    }

    /// The numbers that each message has, by the schema; none for JSON, which shows them only in its messages.
    pub fn number_fields(&self) -> Vec<FieldPath> {
        let (mut fields, mut left) = (Vec::new(), MAX_FIELDS);
        match self {
            Self::Json => {}
            Self::Protobuf(descriptor) => {
                protobuf_fields(descriptor, &mut Vec::new(), &mut fields, &mut left);
            }
            Self::Ros(definition, _) => fields = definition.number_fields(MAX_DEPTH),
        }
        fields
    }

    /// The numbers of a JSON message.
    pub fn number_fields_of_json(message: &[u8]) -> Vec<FieldPath> {
        let mut fields = Vec::new();
        if let Ok(message) = serde_json::from_slice(message) {
            json_fields(&message, &mut Vec::new(), &mut fields);
        }
        fields
    }
}

fn protobuf(schema: &str, definition: &[u8]) -> Option<MessageDescriptor> {
    DescriptorPool::decode(definition).ok()?.get_message_by_name(schema)
}

/// The part of a message that tells its time; the rest, a picture among it, is passed over.
#[derive(Deserialize)]
struct Stamped {
    timestamp: Option<JsonValue>,
    stamp: Option<JsonValue>,
    header: Option<Header>,
}

#[derive(Deserialize)]
struct Header {
    stamp: Option<JsonValue>,
}

fn stamp_of_json(message: &[u8]) -> Option<f64> {
    let Stamped { timestamp, stamp, header } = serde_json::from_slice(message).ok()?;
    let stamp = header.and_then(|header| header.stamp).or(stamp).or(timestamp)?;
    let part = |names: &[&str]| names.iter().find_map(|name| stamp.get(*name)?.as_f64());
    Some(part(&SECONDS)? + part(&NANOSECONDS).unwrap_or(0.0) / 1e9)
}

fn stamp_of_protobuf(message: &DynamicMessage) -> Option<f64> {
    let inner = |message: &DynamicMessage, name: &str| {
        let field = message.get_field_by_name(name)?;
        field.as_message().cloned()
    };
    let stamp = inner(message, "header").and_then(|header| inner(&header, "stamp"));
    let stamp = stamp.or_else(|| inner(message, "timestamp")).or_else(|| inner(message, "stamp"))?;
    let part = |names: &[&str]| names.iter().find_map(|name| number_of_protobuf(&stamp, &[(*name).to_owned()]));
    Some(part(&SECONDS)? + part(&NANOSECONDS).unwrap_or(0.0) / 1e9)
}

fn number_of_protobuf(message: &DynamicMessage, path: &[String]) -> Option<f64> {
    let (name, rest) = path.split_first()?;
    let value = message.get_field_by_name(name)?;
    match &*value {
        ProtoValue::Message(inner) if !rest.is_empty() => number_of_protobuf(inner, rest),
        _ if !rest.is_empty() => None,
        ProtoValue::F64(number) => Some(*number),
        ProtoValue::F32(number) => Some(f64::from(*number)),
        ProtoValue::I32(number) => Some(f64::from(*number)),
        ProtoValue::U32(number) => Some(f64::from(*number)),
        ProtoValue::I64(number) => Some(*number as f64),
        ProtoValue::U64(number) => Some(*number as f64),
        _ => None,
    }
}

fn protobuf_fields(message: &MessageDescriptor, path: &mut FieldPath, fields: &mut Vec<FieldPath>, left: &mut usize) {
    for field in message.fields().filter(|field| !field.is_list() && !field.is_map()) {
        let Some(fewer) = left.checked_sub(1) else { return };
        *left = fewer;
        path.push(field.name().to_owned());
        match field.kind() {
            Kind::Message(inner) if path.len() < MAX_DEPTH => protobuf_fields(&inner, path, fields, left),
            Kind::Message(_) | Kind::Bool | Kind::String | Kind::Bytes | Kind::Enum(_) => {}
            _ => fields.push(path.clone()),
        }
        path.pop();
    }
}

fn json_fields(value: &JsonValue, path: &mut FieldPath, fields: &mut Vec<FieldPath>) {
    match value {
        JsonValue::Number(_) if !path.is_empty() => fields.push(path.clone()),
        JsonValue::Object(object) if path.len() < MAX_DEPTH => {
            for (name, inner) in object {
                path.push(name.clone());
                json_fields(inner, path, fields);
                path.pop();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_gives_pictures_and_numbers_by_their_names() {
        let message = br#"{"data": "/9j/", "drive": {"steering_angle": -0.25, "on": true}, "speed": 3}"#;
        assert_eq!(Codec::Json.picture(message).unwrap(), [0xFF, 0xD8, 0xFF]);
        let fields = Codec::number_fields_of_json(message);
        assert_eq!(fields, [vec!["drive".to_owned(), "steering_angle".to_owned()], vec!["speed".to_owned()]]);
        assert_eq!(Codec::Json.number(message, &fields[0]), Some(-0.25));
        assert_eq!(Codec::Json.number(message, &["drive".to_owned()]), None);
    }

    #[test]
    fn messages_that_are_none_are_refused() {
        assert!(Codec::Json.picture(b"{").is_err() && Codec::Json.picture(br#"{"data": "%"}"#).is_err());
        assert!(Codec::new("protobuf", "a.B", "protobuf", b"\xFF\xFF").is_none());
        assert!(Codec::new("cbor", "", "", b"").is_none());
    }
}
