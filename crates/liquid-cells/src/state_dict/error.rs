//! What can be wrong with a state dict's file. Each message is one line: which file, what is wrong, and why.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Longest explanation that is shown: names and types in it come from the file and may be of any length.
const LONGEST_MESSAGE: usize = 400;

/// Why a state dict cannot be read.
#[derive(Debug)]
pub struct StateDictError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a state dict's file.
#[derive(Debug)]
pub enum Fault {
    /// It cannot be opened or read.
    Io(io::Error),
    /// It is a folder, of another format, or too large to be a model.
    Foreign(String),
    /// It contradicts itself, or ends too early.
    Damaged(String),
    /// Its pickle asks for a function that no state dict needs. None was called.
    Code(String),
    /// It is whole, but one of its tensors cannot be used.
    Tensor {
        /// Name of the tensor.
        tensor: String,
        /// What was expected and what was found.
        why: String,
    },
}

impl Fault {
    pub(super) fn tensor(tensor: &str, why: impl Into<String>) -> Self {
        Self::Tensor { tensor: tensor.into(), why: why.into() }
    }

    pub(super) fn in_file(self, path: &Path) -> StateDictError {
        StateDictError { path: path.into(), fault: self }
    }
}

impl fmt::Display for StateDictError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", one_line(&self.path.display().to_string()), one_line(&self.fault.to_string()))
    }
}

impl std::error::Error for StateDictError {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot be read: {error}"),
            Self::Foreign(why) => write!(f, "expected a .safetensors file or a checkpoint of torch.save, got {why}"),
            Self::Damaged(why) => write!(f, "damaged: {why}"),
            Self::Code(what) => write!(
                f,
                "{what}, which no state dict needs; nothing of it was run. Save `model.state_dict()` with torch.save, \
                 or with safetensors"
            ),
            Self::Tensor { tensor, why } => write!(f, "tensor `{tensor}`: {why}"),
        }
    }
}

/// Text from a file made fit for a line of a terminal: control characters escaped, overlong text cut.
pub fn one_line(text: &str) -> String {
    let mut line = String::new();
    for character in text.chars() {
        if line.len() > LONGEST_MESSAGE {
            line.push('…');
            break;
        }
        match character.is_control() {
            true => line.extend(character.escape_default()),
            false => line.push(character),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_the_file_cannot_break_the_line_or_flood_it() {
        let name = format!("a\nb\u{1b}[2J{}", "x".repeat(10_000));
        let message = Fault::tensor(&name, "is missing").in_file(Path::new("some/file")).to_string();
        assert!(message.starts_with("some/file: tensor `a\\nb\\u{1b}[2Jxxx"), "{message}");
        assert!(message.ends_with('…') && message.len() < 500, "{} bytes", message.len());
    }
}
