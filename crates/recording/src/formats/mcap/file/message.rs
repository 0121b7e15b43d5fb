//! The content of messages in the encodings that MCAP files have: the bytes of a picture, and numbers by their names.

use base64::Engine as _;
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MessageDescriptor, Value as ProtoValue};
use serde_json::Value as JsonValue;

use super::ros::{Layout, Message as RosMessage};
use crate::media::contained::contained;

/// The field of a compressed picture that holds its bytes, in every schema.
const PICTURE_FIELD: &str = "data";

/// Fields inside fields that are looked for numbers.
const MAX_DEPTH: usize = 4;

/// So many fields of a message are looked at: a short schema can stand for billions.
const MAX_FIELDS: usize = 10_000;

/// Names of the fields on the way to a number.
pub(super) type FieldPath = Vec<String>;

/// The coding of a channel's messages.
#[derive(Debug)]
pub(super) enum Codec {
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

    /// The file in a compressed picture.
    ///
    /// # Errors
    /// Says that there is none.
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
