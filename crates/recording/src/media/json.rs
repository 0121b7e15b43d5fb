//! JSON as Python writes it.

use std::borrow::Cow;

/// A record as JSON: null for NaN and Infinity, which Python writes and JSON does not know. They spoil only the value
/// that they are.
pub(crate) fn standard_json(record: &[u8]) -> Cow<'_, [u8]> {
    const WORDS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];
    if !record.iter().any(|byte| matches!(byte, b'N' | b'I')) {
        return Cow::Borrowed(record);
    }
    let mut json = Vec::with_capacity(record.len());
    let (mut rest, mut is_in_text) = (record, false);
    while let Some((&first, after)) = rest.split_first() {
        let word = WORDS.iter().find(|word| !is_in_text && rest.starts_with(word));
        rest = match (word, after.split_first()) {
            (Some(word), _) => {
                json.extend(b"null");
                &rest[word.len()..]
            }
            (None, Some((&escaped, behind))) if is_in_text && first == b'\\' => {
                json.extend([first, escaped]);
                behind
            }
            (None, _) => {
                is_in_text ^= first == b'"';
                json.push(first);
                after
            }
        };
    }
    Cow::Owned(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_python_become_null_outside_of_text_only() {
        let record = br#"{"imu": NaN, "a": -Infinity, "Infinity": [Infinity, 1], "text": "NaN \" NaN"}"#;
        let expected = br#"{"imu": null, "a": null, "Infinity": [null, 1], "text": "NaN \" NaN"}"#;
        assert_eq!(*standard_json(record), expected[..]);
    }
}
