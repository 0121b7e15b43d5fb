//! What `torch.save` writes: a pickle that describes the tensors, and their numbers beside it.
//!
//! The crate `pytorch-reader` reads it. It calls nothing that a pickle asks for, checks its lengths, depth and copies,
//! and has no panic that a file reaches (its source, 0.22.1; fuzzed), so none is caught here. What it leaves open is
//! settled before it sees the file: compressed entries that unfold to any size, pickles and archives of so many parts
//! that their description fills the memory, and calls that it would pass over in silence. Archives of tar, which
//! PyTorch wrote before 0.1.10 and in which sparse entries unfold to any size, are not read.

use super::intake::{Intake, Precision};
use super::safetensors::is_counter;
use super::{Fault, MOST_TENSORS, StateDict, TorchLayout, pickle};
use pytorch_reader::{DType, PickleValue, PytorchError, PytorchReader, Tensor};
use std::io::{Cursor, Read as _};
use std::path::Path;
use zip::{CompressionMethod, ZipArchive};

/// Keys under which training programs keep the weights beside other things.
const WEIGHTS_KEYS: [&str; 3] = ["state_dict", "model_state_dict", "model"];

/// Name of the archive's entry that describes the tensors, in whichever folder.
const DESCRIPTION: &str = "data.pkl";

/// What every entry of an archive has in its directory.
const DIRECTORY_MARK: &[u8; 4] = b"PK\x01\x02";

/// An archive has an entry for each tensor and a few more.
const MOST_ENTRIES: usize = MOST_TENSORS + 100;

/// What the first pickle of an unzipped checkpoint holds, lowest byte first: PyTorch's `MAGIC_NUMBER`.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// The pickles of an unzipped checkpoint: magic number, version, system, tensors, order of the numbers that follow.
const PICKLES: usize = 5;

/// Reads a checkpoint, whose bytes are also at hand.
pub(super) fn read(bytes: &[u8], path: &Path, layout: TorchLayout) -> Result<StateDict, Fault> {
    match layout {
        TorchLayout::Zip => check_archive(bytes)?,
        TorchLayout::Pickles => check_pickles(bytes)?,
    }
    let outline = PytorchReader::read_pickle_data(path, None).map_err(fault)?;
    let (key, weights) = weights(&outline);
    let tensors = match key {
        Some(key) => PytorchReader::with_top_level_key(path, key),
        None => PytorchReader::new(path),
    };
    let mut tensors: Vec<Tensor> = tensors.map_err(fault)?.into_tensors().into_values().collect();
    Intake::check_count(tensors.len())?;
    if tensors.len() != count(weights) {
        // One in `a` in a dict called `b`, and one called `b.a`: which is left is up to chance.
        return Err(Fault::Damaged("two of its tensors have the same name".into()));
    }
    tensors.sort_by(|left, right| left.name.cmp(&right.name)); // the first fault is the same in every run
    let mut intake = Intake::default();
    tensors.into_iter().try_for_each(|tensor| take(tensor, &mut intake))?;
    Ok(intake.finish())
}

fn take(mut tensor: Tensor, intake: &mut Intake) -> Result<(), Fault> {
    let name = std::mem::take(&mut tensor.name); // otherwise its own messages name it too
    let bytes = || tensor.read().map(Into::into).map_err(|error| error.to_string());
    match precision(tensor.dtype()) {
        Some(precision) => intake.take(&name, tensor.shape(), precision, bytes),
        None if is_counter(&name) => Ok(()),
        None => Err(Fault::tensor(&name, format!("expected real numbers, got {:?}", tensor.dtype()))),
    }
}

fn precision(dtype: DType) -> Option<Precision> {
    match dtype {
        DType::Bool => Some(Precision::Bool),
        DType::U8 => Some(Precision::U8),
        DType::F16 => Some(Precision::F16),
        DType::BF16 => Some(Precision::Bf16),
        DType::F32 => Some(Precision::F32),
        DType::F64 => Some(Precision::F64),
        DType::I8 | DType::I16 | DType::I32 | DType::I64 | DType::U16 | DType::U32 | DType::U64 => None,
    }
}

/// Holds an archive against what `torch.save` writes, and looks through its pickle.
fn check_archive(bytes: &[u8]) -> Result<(), Fault> {
    let damaged = |error: &dyn std::fmt::Display| Fault::Damaged(format!("zip archive: {error}"));
    let entries = bytes.windows(DIRECTORY_MARK.len()).filter(|window| window == DIRECTORY_MARK).count();
    if entries > MOST_ENTRIES {
        return Err(Fault::Foreign(format!("an archive of {entries} entries; at most {MOST_ENTRIES} are read")));
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    let mut descriptions = 0;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| damaged(&error))?;
        let name = entry.name().map_err(|error| damaged(&error))?.into_owned();
        if entry.compression() != CompressionMethod::Stored || entry.compressed_size() != entry.size() {
            let why = format!("entry `{name}` is compressed to {} bytes", entry.compressed_size());
            return Err(Fault::Foreign(format!("a zip archive whose {why}; torch.save stores entries as they are")));
        }
        if name.ends_with(DESCRIPTION) {
            descriptions += 1;
            let mut description = Vec::new();
            entry.read_to_end(&mut description).map_err(|error| damaged(&error))?;
            pickle::check(&description)?;
        }
    }
    match descriptions {
        1 => Ok(()),
        other => Err(Fault::Foreign(format!("a zip archive with {other} entries `{DESCRIPTION}` instead of 1"))),
    }
}

/// Looks through the pickles of an unzipped checkpoint.
fn check_pickles(bytes: &[u8]) -> Result<(), Fault> {
    let mut end = pickle::check(bytes)?;
    if !bytes[..end].windows(MAGIC.len()).any(|window| window == MAGIC) {
        return Err(Fault::Foreign("a pickle that torch.save has not written".into()));
    }
    for _ in 1..PICKLES {
        end += pickle::check(&bytes[end..])?;
    }
    Ok(())
}

/// The part of a checkpoint that holds the weights, and its key if that is not all of it.
fn weights(outline: &PickleValue) -> (Option<&'static str>, &PickleValue) {
    let PickleValue::Dict(entries) = outline else { return (None, outline) };
    let dict = |key: &'static str| match entries.get(key) {
        Some(value @ PickleValue::Dict(_)) => Some((Some(key), value)),
        _ => None,
    };
    WEIGHTS_KEYS.into_iter().find_map(dict).unwrap_or((None, outline))
}

/// How many tensors there are in all.
fn count(value: &PickleValue) -> usize {
    match value {
        PickleValue::Dict(entries) => entries.values().map(count).sum(),
        PickleValue::List(items) => items.iter().map(count).sum(),
        PickleValue::Unsupported(kind) => usize::from(kind == "torch.Tensor"),
        _ => 0,
    }
}

fn fault(error: PytorchError) -> Fault {
    match error {
        PytorchError::Io(error) if error.raw_os_error().is_some() => Fault::Io(error),
        other => Fault::Damaged(other.to_string()),
    }
}
