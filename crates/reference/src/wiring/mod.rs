//! Recomputes stored reference numbers: the draws of numpy's generators (`rng.json`) and the wirings of ncps
//! (`wirings.json`). Everything in such a file is compared, or the answer is an error.

mod draws;
mod wirings;

use serde_json::{Map, Value};

pub use draws::check_rng;
pub use wirings::{check_wirings, spec_of};

/// Why stored numbers are not confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The first value that is not the computed one.
    Differs(String),
    /// Something under a name that is not known.
    NotRun(String),
    /// The file does not say what was stored, or how it was made.
    Damaged(String),
}

impl Problem {
    /// The same, and where it is.
    fn at(self, place: &str) -> Self {
        match self {
            Self::Differs(why) => Self::Differs(format!("{place}: {why}")),
            Self::NotRun(why) => Self::NotRun(format!("{place}: {why}")),
            Self::Damaged(why) => Self::Damaged(format!("{place}: {why}")),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Differs(why) | Self::NotRun(why) | Self::Damaged(why)) = self;
        f.write_str(why)
    }
}

/// The values of an array.
fn list<'a>(json: &'a Value, name: &str) -> Result<&'a Vec<Value>, Problem> {
    json.as_array().ok_or_else(|| Problem::Damaged(format!("{name} is {}, expected a list", short(json))))
}

/// The fields of an object.
fn fields<'a>(json: &'a Value, name: &str) -> Result<&'a Map<String, Value>, Problem> {
    json.as_object().ok_or_else(|| Problem::Damaged(format!("{name} is {}, expected an object", short(json))))
}

/// A whole number that is not negative; a large one may be written as a string.
fn whole(json: &Value, name: &str) -> Result<u64, Problem> {
    let number = json.as_u64().or_else(|| json.as_str().and_then(|digits| digits.parse().ok()));
    number.ok_or_else(|| Problem::Damaged(format!("{name} is {}, expected a whole number", short(json))))
}

/// Compares a computed list with a stored one and returns how many values were compared.
fn compare_lists(stored: &Value, computed: &[Value], name: &str) -> Result<usize, Problem> {
    let stored = list(stored, name)?;
    for (place, (stored, computed)) in stored.iter().zip(computed).enumerate() {
        if stored != computed {
            return Err(Problem::Differs(format!("{name}[{place}] is {}, computed {computed}", short(stored))));
        }
    }
    if stored.len() != computed.len() {
        return Err(Problem::Differs(format!("{name} has {} values, computed {}", stored.len(), computed.len())));
    }
    Ok(stored.iter().map(|value| value.as_array().map_or(1, Vec::len)).sum())
}

/// The text of a value that may be long.
fn short(json: &Value) -> String {
    const MOST_CHARACTERS: usize = 60;
    let text = json.to_string();
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
