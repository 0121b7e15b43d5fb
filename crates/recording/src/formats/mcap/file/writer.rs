//! Our own MCAP files: pictures that Foxglove and Rerun show, and the steering beside them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use mcap::records::MessageHeader;
use prost_reflect::prost::Message as _;
use prost_reflect::prost::bytes::Bytes;
use prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
use prost_reflect::prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, Value};
use serde_json::json;

use crate::formats::messages::{CURVATURE, OWN_SCHEMA, SPEED};
use crate::model::error::RecordingError;
use crate::model::stated_camera::{CAMERA_KEY, StatedCamera};

const PICTURE_SCHEMA: &str = "foxglove.CompressedImage";
const PICTURE_TOPIC: &str = "/camera";
const STEERING_TOPIC: &str = "/steering";

/// The well-known file of `google.protobuf.Timestamp`.
const TIMESTAMP_FILE: &str = "google/protobuf/timestamp.proto";

/// JSON schema of the steering messages.
const STEERING_SCHEMA: &str = r#"{
  "title": "liquid_lane.Steering",
  "type": "object",
  "properties": {
    "curvature": { "type": ["number", "null"], "description": "path curvature in 1/m, left positive" },
    "speed_mps": { "type": ["number", "null"], "description": "speed over ground in m/s" }
  }
}"#;

/// The label of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct McapLabel {
    /// Path curvature in 1/m, left positive.
    pub curvature: Option<f32>,
    /// Speed over ground in m/s.
    pub speed_mps: Option<f32>,
}

/// A file being written, one picture after the other.
pub struct McapWriter {
    path: PathBuf,
    writer: mcap::Writer<BufWriter<File>>,
    picture: MessageDescriptor,
    picture_channel: u16,
    steering_channel: u16,
    count: u32,
}

impl McapWriter {
    /// Starts a file; what was there is gone. Without a camera it is the training camera's.
    ///
    /// # Errors
    /// Reports a path that cannot be written.
    pub(crate) fn create(path: &Path, camera: Option<&StatedCamera>) -> Result<Self, RecordingError> {
        let file = File::create(path).map_err(RecordingError::io(path, "cannot write"))?;
        let unwritable = |error: mcap::McapError| unwritable(path, "file", error.to_string());
        let options = mcap::WriteOptions::new().library(concat!("liquid-lane ", env!("CARGO_PKG_VERSION")));
        let mut writer = options.create(BufWriter::new(file)).map_err(unwritable)?;
        let schema = picture_schema();
        let picture = picture_descriptor(&schema).ok_or_else(|| unwritable_schema(path))?;
        let none = BTreeMap::new();
        let stated = camera.map(|camera| (CAMERA_KEY.to_owned(), json!(camera).to_string())).into_iter().collect();
        let id = writer.add_schema(PICTURE_SCHEMA, "protobuf", &schema.encode_to_vec()).map_err(unwritable)?;
        let picture_channel = writer.add_channel(id, PICTURE_TOPIC, "protobuf", &stated).map_err(unwritable)?;
        let id = writer.add_schema(OWN_SCHEMA, "jsonschema", STEERING_SCHEMA.as_bytes()).map_err(unwritable)?;
        let steering_channel = writer.add_channel(id, STEERING_TOPIC, "json", &none).map_err(unwritable)?;
        Ok(Self { path: path.to_owned(), writer, picture, picture_channel, steering_channel, count: 0 })
    }

    /// Appends a JPEG and what it was taken with, at a time from 0.
    ///
    /// # Errors
    /// Refuses values that are not finite, and reports a disk that is full or gone.
    pub fn append(&mut self, time_secs: f64, jpeg: &[u8], label: &McapLabel) -> Result<(), RecordingError> {
        let place = format!("picture {}", self.count);
        let values = [Some(time_secs), label.curvature.map(f64::from), label.speed_mps.map(f64::from)];
        if let Some(value) = values.into_iter().flatten().find(|value| !value.is_finite()) {
            return Err(unwritable(&self.path, &place, value.to_string()));
        }
        let nanos = (time_secs.max(0.0) * 1e9).round() as u64;
        let picture = self.encode_picture(nanos, jpeg);
        self.write(self.picture_channel, nanos, &picture)
            .map_err(|error| unwritable(&self.path, &place, error.to_string()))?;
        // Null where nothing is known: without a message readers would draw a line from the label before to the next.
        let message = json!({ CURVATURE: label.curvature, SPEED: label.speed_mps }).to_string();
        self.write(self.steering_channel, nanos, message.as_bytes())
            .map_err(|error| unwritable(&self.path, &place, error.to_string()))?;
        self.count += 1;
        Ok(())
    }

    /// Writes the index and closes the file.
    ///
    /// # Errors
    /// Reports a disk that is full or gone.
    pub fn finish(mut self) -> Result<(), RecordingError> {
        self.writer.finish().map(drop).map_err(|error| unwritable(&self.path, "index", error.to_string()))
    }

    fn write(&mut self, channel_id: u16, nanos: u64, message: &[u8]) -> Result<(), mcap::McapError> {
        let header = MessageHeader { channel_id, sequence: self.count, log_time: nanos, publish_time: nanos };
        self.writer.write_to_known_channel(&header, message)
    }

    fn encode_picture(&self, nanos: u64, jpeg: &[u8]) -> Vec<u8> {
        let mut message = DynamicMessage::new(self.picture.clone());
        if let Some(field) = self.picture.get_field_by_name("timestamp")
            && let prost_reflect::Kind::Message(descriptor) = field.kind()
        {
            let mut timestamp = DynamicMessage::new(descriptor);
            timestamp.set_field_by_name("seconds", Value::I64((nanos / 1_000_000_000) as i64));
            timestamp.set_field_by_name("nanos", Value::I32((nanos % 1_000_000_000) as i32));
            message.set_field(&field, Value::Message(timestamp));
        }
        message.set_field_by_name("frame_id", Value::String("camera".to_owned()));
        message.set_field_by_name("data", Value::Bytes(Bytes::copy_from_slice(jpeg)));
        message.set_field_by_name("format", Value::String("jpeg".to_owned()));
        message.encode_to_vec()
    }
}

impl std::fmt::Debug for McapWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("McapWriter").field("path", &self.path).field("count", &self.count).finish_non_exhaustive()
    }
}

fn unwritable(path: &Path, place: &str, got: String) -> RecordingError {
    let (place, expected) = (place.to_owned(), "finite numbers and room on the disk".to_owned());
    RecordingError::Unwritable { path: path.to_owned(), place, expected, got }
}

fn unwritable_schema(path: &Path) -> RecordingError {
    unwritable(path, "schema", "a schema that protobuf refuses".to_owned())
}

/// `foxglove.CompressedImage` and what it needs, as Foxglove publishes it.
fn picture_schema() -> FileDescriptorSet {
    let field = |name: &str, number: i32, kind: Type| FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(Label::Optional.into()),
        r#type: Some(kind.into()),
        ..FieldDescriptorProto::default()
    };
    let timestamp = FieldDescriptorProto {
        type_name: Some(".google.protobuf.Timestamp".to_owned()),
        ..field("timestamp", 1, Type::Message)
    };
    let message = DescriptorProto {
        name: Some("CompressedImage".to_owned()),
        field: vec![
            timestamp,
            field("frame_id", 4, Type::String),
            field("data", 2, Type::Bytes),
            field("format", 3, Type::String),
        ],
        ..DescriptorProto::default()
    };
    let file = FileDescriptorProto {
        name: Some("foxglove/CompressedImage.proto".to_owned()),
        package: Some("foxglove".to_owned()),
        dependency: vec![TIMESTAMP_FILE.to_owned()],
        message_type: vec![message],
        syntax: Some("proto3".to_owned()),
        ..FileDescriptorProto::default()
    };
    let known = DescriptorPool::global().get_file_by_name(TIMESTAMP_FILE);
    let timestamp_file = known.map(|file| file.file_descriptor_proto().clone());
    FileDescriptorSet { file: timestamp_file.into_iter().chain([file]).collect() }
}

fn picture_descriptor(schema: &FileDescriptorSet) -> Option<MessageDescriptor> {
    DescriptorPool::from_file_descriptor_set(schema.clone()).ok()?.get_message_by_name(PICTURE_SCHEMA)
}
