//! Tensors by name, as PyTorch's `state_dict` holds them, from the files in which they are commonly kept.
//!
//! | format | read | written | source |
//! | --- | --- | --- | --- |
//! | safetensors | yes | yes | Hugging Face; crate `safetensors` |
//! | `torch.save`, zip archive | yes | | PyTorch 1.6 on; crate `pytorch-reader` |
//! | `torch.save`, pickles in a row | yes | | PyTorch 0.1.10 to 1.5; crate `pytorch-reader` |
//!
//! A file is recognised by its content. Nothing in it is run, and no length in it is believed before it was held
//! against the length of the file.

mod error;
mod intake;
#[cfg(feature = "pytorch")]
mod pickle;
#[cfg(feature = "pytorch")]
mod pytorch;
mod safetensors;

pub use error::{Fault, StateDictError, one_line};

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// Larger files are refused unread: the largest policy has 5.1 million parameters, 20 MB.
const MOST_BYTES: u64 = 256 << 20;

/// More tensors are refused: the largest policy has below 100.
const MOST_TENSORS: usize = 10_000;

/// More numbers in all are refused: as many 32-bit ones as the largest file holds. A view in a checkpoint may claim
/// more than are stored.
const MOST_NUMBERS: usize = (MOST_BYTES / 4) as usize;

/// A tensor: shape and numbers, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Extents, the outermost first; empty for a single number.
    pub shape: Vec<usize>,
    /// As many as the product of the extents.
    pub values: Vec<f32>,
}

/// Tensors by name, as PyTorch's `state_dict` holds them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateDict {
    tensors: BTreeMap<String, Array>,
}

impl StateDict {
    /// Reads a file: safetensors or what `torch.save` writes, recognised by its content.
    ///
    /// Every real type becomes `f32`, as do bytes (pictures) and booleans (masks). The counters `num_batches_tracked`
    /// of batch normalisation enter no computation and are left out; other integers are refused. Of a checkpoint that
    /// keeps its weights under `state_dict`, `model_state_dict` or `model`, those are read.
    ///
    /// # Errors
    /// Refuses what [`Fault`] lists, naming the file and the tensor.
    pub fn read(path: &Path) -> Result<Self, StateDictError> {
        let bytes = whole(path).map_err(|fault| fault.in_file(path))?;
        match Container::recognise(&bytes) {
            Container::Safetensors => Self::from_safetensors(&bytes, path),
            #[cfg(feature = "pytorch")]
            Container::Torch(layout) => pytorch::read(&bytes, path, layout).map_err(|fault| fault.in_file(path)),
            #[cfg(not(feature = "pytorch"))]
            Container::Torch(_) => {
                let why = "a checkpoint of torch.save, which only the feature `pytorch` of liquid-cells reads";
                Err(Fault::Foreign(why.into()).in_file(path))
            }
        }
    }

    /// Reads safetensors from memory; `name` stands for the file in messages.
    ///
    /// # Errors
    /// As [`StateDict::read`].
    pub fn from_safetensors(bytes: &[u8], name: &Path) -> Result<Self, StateDictError> {
        safetensors::read(bytes).map_err(|fault| fault.in_file(name))
    }

    /// The bytes of a safetensors file, names sorted: the same tensors give the same bytes.
    pub fn to_safetensors(&self) -> Vec<u8> {
        self.to_safetensors_with(None)
    }

    /// The same with a text by its name in the header. One alone: several would be written in an order that differs from
    /// run to run.
    pub(crate) fn to_safetensors_with(&self, metadata: Option<(&str, String)>) -> Vec<u8> {
        safetensors::write(self, metadata)
    }

    /// A text by its name in the header of a safetensors file.
    pub(crate) fn metadata(bytes: &[u8], name: &str) -> Option<String> {
        safetensors::metadata(bytes, name)
    }

    /// Puts a tensor in the place of the one that had its name.
    ///
    /// # Panics
    /// If shape and numbers do not agree.
    pub fn insert(&mut self, name: impl Into<String>, array: Array) {
        let name = name.into();
        let expected = array.shape.iter().product::<usize>();
        assert_eq!(array.values.len(), expected, "numbers of tensor `{name}` of shape {:?}", array.shape);
        self.tensors.insert(name, array);
    }

    /// The tensor of this name.
    pub fn get(&self, name: &str) -> Option<&Array> {
        self.tensors.get(name)
    }

    /// Takes out the tensor of this name.
    pub fn remove(&mut self, name: &str) -> Option<Array> {
        self.tensors.remove(name)
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// All tensors, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Array)> {
        self.tensors.iter().map(|(name, array)| (name.as_str(), array))
    }

    /// How many tensors there are.
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }

    /// With `prefix` cut off the names that have it; the others are left out.
    pub fn under(&self, prefix: &str) -> Self {
        let cut = |(name, array): (&str, &Array)| Some((name.strip_prefix(prefix)?.to_owned(), array.clone()));
        Self { tensors: self.iter().filter_map(cut).collect() }
    }
}

/// All bytes of a file that is not too large.
fn whole(path: &Path) -> Result<Vec<u8>, Fault> {
    let metadata = std::fs::metadata(path).map_err(Fault::Io)?;
    if !metadata.is_file() {
        return Err(Fault::Foreign("a folder or a device".into()));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes)).map_err(Fault::Io)?;
    match bytes.len() as u64 {
        0 => Err(Fault::Damaged("the file is empty".into())),
        length if length > MOST_BYTES => {
            Err(Fault::Foreign(format!("a file of {} bytes; at most {MOST_BYTES} are read", metadata.len())))
        }
        _ => Ok(bytes),
    }
}

/// How tensors are packed into a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Container {
    Safetensors,
    Torch(TorchLayout),
}

/// How a checkpoint of `torch.save` is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TorchLayout {
    /// An archive of a pickle and the numbers of each tensor, PyTorch 1.6 on.
    Zip,
    /// Pickles in a row and then the numbers, up to PyTorch 1.5.
    Pickles,
}

/// The opcode that a pickle starts with, before its protocol.
const PICKLE_PROTOCOL: u8 = 0x80;

impl Container {
    /// What the first bytes speak for; safetensors, whose reader says what it misses, where they speak for nothing.
    fn recognise(bytes: &[u8]) -> Self {
        // A safetensors file starts with a number, of which the low bytes may look like a pickle, and a brace.
        let header = bytes.first_chunk().map_or(u64::MAX, |length| u64::from_le_bytes(*length));
        let is_safetensors = header < bytes.len() as u64 && bytes.get(8) == Some(&b'{');
        match bytes {
            [b'P', b'K', 3, 4, ..] => Self::Torch(TorchLayout::Zip),
            [PICKLE_PROTOCOL, 2..=5, ..] if !is_safetensors => Self::Torch(TorchLayout::Pickles),
            _ => Self::Safetensors,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dict(names: &[&str]) -> StateDict {
        let mut dict = StateDict::default();
        for (index, name) in names.iter().enumerate() {
            dict.insert(*name, Array { shape: vec![2], values: vec![index as f32, -0.5] });
        }
        dict
    }

    #[test]
    fn a_prefix_selects_and_is_cut_off() {
        let under = dict(&["rnn_cell.w", "rnn_cell.mu", "fc.weight"]).under("rnn_cell.");
        assert_eq!(under.names().collect::<Vec<_>>(), ["mu", "w"]);
        assert_eq!(under.get("w").unwrap().values, [0.0, -0.5]);
    }

    #[test]
    fn the_order_of_insertion_does_not_show_in_the_file() {
        let mut other = dict(&["b", "a"]);
        let (a, b) = (other.remove("a").unwrap(), other.remove("b").unwrap());
        assert!(other.is_empty());
        other.insert("a", a);
        other.insert("b", b);
        assert_eq!(other.to_safetensors(), dict(&["b", "a"]).to_safetensors());
    }

    #[test]
    fn what_is_written_reads_back_the_same() {
        let mut written = dict(&["w", "\"quoted\" näme"]);
        written.insert("scalar", Array { shape: vec![], values: vec![f32::MIN_POSITIVE] });
        written.insert("none", Array { shape: vec![0, 3], values: vec![] });
        let read = StateDict::from_safetensors(&written.to_safetensors(), Path::new("memory")).unwrap();
        assert_eq!(read, written);
        assert_eq!(read.len(), 4);
    }

    #[test]
    fn a_header_whose_length_looks_like_a_pickle_is_still_safetensors() {
        // 640 = 0x0280: the first two bytes are those of a pickle of protocol 2.
        let mut bytes = 640_u64.to_le_bytes().to_vec();
        bytes.extend(format!("{:<640}", "{}").bytes());
        assert_eq!(bytes[..2], [PICKLE_PROTOCOL, 2]);
        assert_eq!(Container::recognise(&bytes), Container::Safetensors);
    }
}
