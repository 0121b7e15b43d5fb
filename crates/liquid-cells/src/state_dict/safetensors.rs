//! safetensors: the length of a JSON header in eight bytes, the header, the numbers (format of Hugging Face's crate).

use super::intake::{Intake, Precision};
use super::{Array, Fault, MOST_BYTES, StateDict};
use safetensors::tensor::{Dtype, TensorInfo, View};
use safetensors::{SafeTensorError, SafeTensors};
use serde::Deserializer as _;
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

/// Bytes of the length in front of the header.
const LENGTH_BYTES: usize = 8;

/// The entry of the header that is no tensor.
const METADATA: &str = "__metadata__";

pub(super) fn read(bytes: &[u8]) -> Result<StateDict, Fault> {
    check_header(header(bytes)?)?;
    let file = SafeTensors::deserialize(bytes).map_err(|error| Fault::Damaged(explain(&error)))?;
    Intake::check_count(file.len())?;
    let mut intake = Intake::default();
    let mut tensors = file.tensors();
    tensors.sort_by(|(left, _), (right, _)| left.cmp(right)); // the first fault is the same in every run
    for (name, tensor) in &tensors {
        match precision(tensor.dtype()) {
            Some(precision) => intake.take(name, tensor.shape(), precision, || Ok(tensor.data().into()))?,
            None if is_counter(name) => {}
            None => return Err(Fault::tensor(name, format!("expected real numbers, got {}", tensor.dtype()))),
        }
    }
    Ok(intake.finish())
}

/// Whether this counts the steps of a batch normalisation's training.
pub(super) fn is_counter(name: &str) -> bool {
    name.rsplit('.').next() == Some("num_batches_tracked")
}

fn precision(dtype: Dtype) -> Option<Precision> {
    match dtype {
        Dtype::BOOL => Some(Precision::Bool),
        Dtype::U8 => Some(Precision::U8),
        Dtype::F16 => Some(Precision::F16),
        Dtype::BF16 => Some(Precision::Bf16),
        Dtype::F32 => Some(Precision::F32),
        Dtype::F64 => Some(Precision::F64),
        _ => None,
    }
}

/// The JSON header, if the file has as much of it as it says.
fn header(bytes: &[u8]) -> Result<&[u8], Fault> {
    let Some((length, rest)) = bytes.split_first_chunk::<LENGTH_BYTES>() else {
        return Err(Fault::Damaged(format!("{} bytes are not enough for a header", bytes.len())));
    };
    let length = u64::from_le_bytes(*length);
    if length > MOST_BYTES && rest.first() != Some(&b'{') {
        return Err(Fault::Foreign("another format".into()));
    }
    usize::try_from(length).ok().and_then(|length| rest.get(..length)).ok_or_else(|| {
        Fault::Damaged(format!("the header should have {length} bytes, but only {} follow its length", rest.len()))
    })
}

/// Names the tensor where the crate would not: its reader takes the last of two entries of one name, and does not say
/// which shape disagrees with its offsets.
fn check_header(header: &[u8]) -> Result<(), Fault> {
    let mut json = serde_json::Deserializer::from_slice(header);
    let entries = json.deserialize_map(Entries).map_err(|error| Fault::Damaged(format!("the header: {error}")))?;
    entries.iter().try_for_each(|(name, info)| check_size(info).map_err(|why| Fault::tensor(name, why)))
}

fn check_size(info: &TensorInfo) -> Result<(), String> {
    let (start, end) = info.data_offsets;
    let numbers = info.shape.iter().try_fold(1_usize, |product, extent| product.checked_mul(*extent));
    let bits = numbers.and_then(|numbers| numbers.checked_mul(info.dtype.bitsize()));
    match bits {
        None => Err(format!("shape {:?} makes more numbers than can be counted", info.shape)),
        Some(bits) if end.checked_sub(start) != Some(bits / 8) => {
            Err(format!("shape {:?} of {} takes {} bytes, got {start} to {end}", info.shape, info.dtype, bits / 8))
        }
        Some(_) => Ok(()),
    }
}

/// Reads every entry of the header, and refuses two of one name.
struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Vec<(String, TensorInfo)>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("tensors by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut names, mut entries) = (BTreeSet::new(), Vec::new());
        while let Some(name) = map.next_key::<String>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom(format!("there are two tensors `{name}`")));
            }
            if name == METADATA {
                map.next_value::<IgnoredAny>()?;
            } else {
                entries.push((name, map.next_value()?));
            }
        }
        Ok(entries)
    }
}

fn explain(error: &SafeTensorError) -> String {
    match error {
        SafeTensorError::InvalidOffset(name) => format!("tensor `{name}` does not start where the one before it ends"),
        SafeTensorError::MetadataIncompleteBuffer => "the tensors do not end where the file ends".into(),
        other => other.to_string(),
    }
}

pub(super) fn metadata(bytes: &[u8], name: &str) -> Option<String> {
    let (_, header) = SafeTensors::read_metadata(bytes).ok()?;
    header.metadata().as_ref()?.get(name).cloned()
}

pub(super) fn write(dict: &StateDict, metadata: Option<(&str, String)>) -> Vec<u8> {
    let metadata = metadata.map(|(name, text)| HashMap::from([(name.to_owned(), text)]));
    match safetensors::serialize(dict.iter(), metadata) {
        Ok(bytes) => bytes,
        Err(error) => unreachable!("the tensors of a state dict agree with their shapes: {error}"),
    }
}

impl View for &Array {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>().into()
    }

    fn data_len(&self) -> usize {
        self.values.len() * size_of::<f32>()
    }
}
