//! JSON objects in a stream of bytes: one on each line, back to back, or in pieces; numbers as strings, and with decimal
//! commas, as programs write them that follow the language of their system.

use super::Trouble;
use serde_json::Value;

/// Cuts a stream of bytes into JSON objects, whatever stands between them.
pub struct Splitter {
    bytes: Vec<u8>,
    /// Bytes that were looked at already.
    seen: usize,
    depth: usize,
    in_string: bool,
    escaped: bool,
    most_bytes: usize,
}

impl Splitter {
    /// Objects of at most this many bytes.
    pub fn new(most_bytes: usize) -> Self {
        Self { bytes: Vec::new(), seen: 0, depth: 0, in_string: false, escaped: false, most_bytes }
    }

    /// Takes up what has arrived.
    ///
    /// # Errors
    /// When an object is longer than is accepted; no more than that is ever kept.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        if self.bytes.len() + bytes.len() > self.most_bytes {
            return Err(Trouble::new(format!("a message of more than {} bytes", self.most_bytes)));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// The next whole object; nothing while it has not arrived.
    ///
    /// # Errors
    /// When it is no JSON.
    pub fn next_object(&mut self) -> Result<Option<Value>, Trouble> {
        while let Some(&byte) = self.bytes.get(self.seen) {
            self.seen += 1;
            if self.in_string {
                (self.in_string, self.escaped) = match byte {
                    _ if self.escaped => (true, false),
                    b'\\' => (true, true),
                    other => (other != b'"', false),
                };
                continue;
            }
            match byte {
                b'{' | b'[' => self.depth += 1,
                b'"' => self.in_string = self.depth > 0,
                b'}' | b']' if self.depth == 1 => {
                    let rest = self.bytes.split_off(self.seen);
                    let object = std::mem::replace(&mut self.bytes, rest);
                    (self.seen, self.depth) = (0, 0);
                    return parse(&object).map(Some);
                }
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
            if self.depth == 0 {
                // Blanks, line ends and whatever else stands between two objects.
                self.bytes.drain(..self.seen);
                self.seen = 0;
            }
        }
        Ok(None)
    }
}

/// One JSON value, with decimal commas where it has them.
///
/// # Errors
/// When it is none.
pub fn parse(bytes: &[u8]) -> Result<Value, Trouble> {
    let text = String::from_utf8_lossy(bytes);
    let parsed = serde_json::from_str(&text).or_else(|error| {
        let repaired = with_decimal_points(&text);
        serde_json::from_str(&repaired).map_err(|_| error)
    });
    parsed.map_err(|error| {
        let start: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
        Trouble::new(format!("a message that is no JSON ({error}): {start}"))
    })
}

/// Points in the place of commas between two digits outside of strings and lists: where another name would have to follow
/// the comma, it belongs to a number.
fn with_decimal_points(text: &str) -> String {
    let mut repaired = text.as_bytes().to_vec();
    let (mut in_string, mut escaped, mut lists) = (false, false, Vec::new());
    for i in 0..repaired.len() {
        let byte = repaired[i];
        if in_string {
            (in_string, escaped) = match byte {
                _ if escaped => (true, false),
                b'\\' => (true, true),
                other => (other != b'"', false),
            };
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => lists.push(byte == b'['),
            b'}' | b']' => drop(lists.pop()),
            b',' if lists.last() == Some(&false) => {
                let digit = |at: usize| repaired.get(at).is_some_and(u8::is_ascii_digit);
                if i > 0 && digit(i - 1) && digit(i + 1) {
                    repaired[i] = b'.';
                }
            }
            _ => {}
        }
    }
    String::from_utf8(repaired).unwrap_or_default()
}

/// A number that may be written as a string, there also with a decimal comma and with separators of thousands; nothing
/// where there is none.
///
/// # Errors
/// When the field holds something else, or what is not finite.
pub fn number(object: &Value, name: &str) -> Result<Option<f64>, Trouble> {
    let value = match object.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => number_in(text),
        Some(_) => None,
    };
    match value.filter(|value| value.is_finite()) {
        Some(value) => Ok(Some(value)),
        None => Err(Trouble::new(format!("`{name}`: expected a number, got {}", object[name]))),
    }
}

/// The number in a string: of several separators the last one is the decimal sign, where it stands but once.
fn number_in(text: &str) -> Option<f64> {
    let text: String = text.trim().chars().filter(|c| !c.is_whitespace() && !matches!(c, '\'' | '\u{2019}')).collect();
    let decimal = text.rfind([',', '.']).filter(|&at| {
        let sign = &text[at..=at];
        text.matches(sign).count() == 1
    });
    let plain: String = text
        .char_indices()
        .filter_map(|(at, c)| match c {
            ',' | '.' if Some(at) == decimal => Some('.'),
            ',' | '.' => None,
            other => Some(other),
        })
        .collect();
    plain.replace('\u{2212}', "-").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str =
        "{\"a\": \"}{\\\"\"}{\"b\":[{\"c\":1},{\"c\":2}]}\n\n  {\"msg_type\":\"control\",\"steering\":\"-0.5\"}";

    fn objects(pieces: &[&[u8]]) -> Vec<Value> {
        let mut splitter = Splitter::new(1000);
        let mut found = Vec::new();
        for piece in pieces {
            splitter.push(piece).unwrap();
            while let Some(object) = splitter.next_object().unwrap() {
                found.push(object);
            }
        }
        found
    }

    #[test]
    fn a_stream_split_at_any_byte_gives_the_same_objects() {
        let whole = objects(&[STREAM.as_bytes()]);
        assert_eq!(whole.len(), 3);
        for at in 0..STREAM.len() {
            let (left, right) = STREAM.as_bytes().split_at(at);
            assert_eq!(objects(&[left, right]), whole, "split at {at}");
        }
        let single: Vec<&[u8]> = STREAM.as_bytes().chunks(1).collect();
        assert_eq!(objects(&single), whole);
    }

    #[test]
    fn a_message_without_an_end_is_refused_before_it_fills_the_memory() {
        let mut splitter = Splitter::new(1000);
        splitter.push(b"{\"a\":\"").unwrap();
        let refused = (0..100).find_map(|_| {
            let refused = splitter.push(&[b'x'; 100]).err();
            splitter.next_object().unwrap();
            refused
        });
        assert_eq!(refused.unwrap().to_string(), "a message of more than 1000 bytes");
        assert!(splitter.bytes.capacity() <= 2000);
    }

    #[test]
    fn decimal_commas_are_read_as_points_and_other_commas_are_not() {
        let object = parse(b"{\"cte\":-1,25,\"hit\":\"a 1,5\",\"list\":[1,2],\"time\":3}").unwrap();
        assert_eq!(object["cte"], -1.25);
        assert_eq!((object["hit"].as_str(), object["list"][1].as_i64()), (Some("a 1,5"), Some(2)));
        assert!(parse(b"{\"a\":}").unwrap_err().to_string().starts_with("a message that is no JSON"));
    }

    #[test]
    fn numbers_are_read_as_numbers_as_strings_and_in_several_languages() {
        let cases = [
            ("1.5", 1.5),
            ("-0,25", -0.25),
            ("1,234.5", 1234.5),
            ("1.234,5", 1234.5),
            ("1 234,5", 1234.5),
            ("1'234.5", 1234.5),
            ("12", 12.0),
            ("1,234,567", 1_234_567.0),
            ("1e-3", 1e-3),
        ];
        for (text, value) in cases {
            assert_eq!(number(&serde_json::json!({ "x": text }), "x"), Ok(Some(value)), "{text}");
        }
        assert_eq!(number(&serde_json::json!({ "x": 2.5 }), "x"), Ok(Some(2.5)));
        assert_eq!(number(&serde_json::json!({}), "x"), Ok(None));
        for bad in ["NaN", "inf", "", "north"] {
            let line = number(&serde_json::json!({ "x": bad }), "x").unwrap_err().to_string();
            assert!(line.starts_with("`x`: expected a number"), "{line}");
        }
    }
}
