//! The text of `.msg` files.

use std::collections::BTreeMap;

use super::cursor::Number;

/// Messages inside messages are followed so deep.
pub(super) const MAX_DEPTH: usize = 16;

/// A definition of more fields, those of messages inside it counted each time they occur, is refused: a few lines can
/// stand for billions.
const MAX_FIELDS: usize = 10_000;

/// A message's definition with those of the messages in it.
#[derive(Debug)]
pub(in crate::formats) struct Message {
    pub(super) fields: Vec<Field>,
    /// By package and name, as `std_msgs/Header`.
    pub(super) others: BTreeMap<String, Vec<Field>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    pub name: String,
    pub kind: Kind,
    pub count: Count,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Number(Number),
    Text,
    /// Seconds and nanoseconds, 4 bytes each: built in for ROS 1.
    Time,
    Other(String),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Count {
    One,
    Fixed(usize),
    /// As many as the message says.
    Many,
}

impl Message {
    /// Reads a definition: the message's own fields, then others behind lines of `=` and `MSG: package/Name`. `None` where
    /// it is no text or too large.
    pub fn parse(name: &str, definition: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(definition).ok()?;
        let package = name.split('/').next().unwrap_or_default();
        let mut sections: Vec<(String, Vec<Field>)> = vec![(name.to_owned(), Vec::new())];
        for line in text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
            if let Some(name) = line.strip_prefix("MSG:") {
                sections.push((short_name(name.trim()), Vec::new()));
            } else if let Some((section, fields)) = sections.last_mut() {
                let package = section.split('/').next().filter(|_| section.contains('/')).unwrap_or(package).to_owned();
                fields.extend(field(line, &package));
            }
        }
        let mut sections = sections.into_iter();
        let (_, fields) = sections.next()?;
        let message = Self { fields, others: sections.collect() };
        let mut left = MAX_FIELDS;
        message.count_down(&message.fields, 0, &mut left)?;
        Some(message)
    }

    /// Takes the fields from what is left; `None` where they are more.
    fn count_down(&self, fields: &[Field], depth: usize, left: &mut usize) -> Option<()> {
        for field in fields {
            *left = left.checked_sub(1)?;
            if let (Kind::Other(name), true) = (&field.kind, depth < MAX_DEPTH)
                && let Some(inner) = self.others.get(name)
            {
                self.count_down(inner, depth + 1, left)?;
            }
        }
        Some(())
    }
}

/// `package/Name`, without the `msg` in between that ROS 2 writes.
fn short_name(name: &str) -> String {
    name.replace("/msg/", "/")
}

/// The field of a line; `None` for constants and blank lines.
fn field(line: &str, package: &str) -> Option<Field> {
    let (kind, rest) = line.split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    // "TYPE NAME=VALUE" is a constant; what follows a name after a blank is its default.
    let name = rest.split(char::is_whitespace).next()?;
    if name.contains('=') || rest[name.len()..].trim_start().starts_with('=') {
        return None;
    }
    let (kind, count) = match kind.split_once('[') {
        None => (kind, Count::One),
        Some((kind, count)) => match count.trim_end_matches(']').parse() {
            Ok(count) => (kind, Count::Fixed(count)),
            Err(_) => (kind, Count::Many),
        },
    };
    Some(Field { name: name.to_owned(), kind: kind_of(kind, package), count })
}

fn kind_of(kind: &str, package: &str) -> Kind {
    match kind.split("<=").next().unwrap_or(kind) {
        "bool" | "uint8" | "byte" | "char" | "octet" => Kind::Number(Number::Unsigned(1)),
        "int8" => Kind::Number(Number::Signed(1)),
        "uint16" => Kind::Number(Number::Unsigned(2)),
        "int16" => Kind::Number(Number::Signed(2)),
        "uint32" => Kind::Number(Number::Unsigned(4)),
        "int32" => Kind::Number(Number::Signed(4)),
        "uint64" => Kind::Number(Number::Unsigned(8)),
        "int64" => Kind::Number(Number::Signed(8)),
        "float32" | "float" => Kind::Number(Number::Float(4)),
        "float64" | "double" => Kind::Number(Number::Float(8)),
        "string" => Kind::Text,
        "time" | "duration" => Kind::Time,
        "Header" => Kind::Other("std_msgs/Header".to_owned()),
        name if name.contains('/') => Kind::Other(short_name(name)),
        name => Kind::Other(format!("{package}/{name}")),
    }
}
