//! The units of raw streams, each behind a start code (annex B of ITU-T H.264 and H.265).

use std::io::BufRead;

/// Bytes of a unit that are looked at: parameter sets and the headers of slices are shorter.
const HEAD_BYTES: usize = 1024;

/// Calls back with the offset of each unit's start code and the first bytes after it, and at last with the offset of
/// the end and nothing.
pub(super) fn scan_units(
    reader: impl BufRead,
    mut handle: impl FnMut(u64, &[u8]) -> Result<(), String>,
) -> Result<(), String> {
    let (mut zeros, mut offset) = (0, 0);
    let mut unit: Option<u64> = None;
    let mut head = Vec::with_capacity(HEAD_BYTES);
    for byte in reader.bytes() {
        let byte = byte.map_err(|error| error.to_string())?;
        if byte == 1 && zeros >= 2 {
            if let Some(start) = unit {
                handle(start, &head)?;
            }
            unit = Some(offset - 2);
            head.clear();
        } else if head.len() < HEAD_BYTES {
            head.push(byte);
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        offset += 1;
    }
    if let Some(start) = unit {
        handle(start, &head)?;
    }
    handle(offset, &[])
}
