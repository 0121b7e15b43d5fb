//! Arrays of NumPy: `.npz` archives of `.npy` files.

use anyhow::{Context as _, bail, ensure};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use zip::{CompressionMethod, ZipArchive};

/// Archives that unfold to more are refused.
const MOST_BYTES: u64 = 1 << 30;

/// Numbers with their shape, the last side's first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Array {
    pub shape: Vec<usize>,
    pub numbers: Vec<f32>,
}

impl Array {
    /// Numbers in one of the parts along the first side.
    pub fn part_len(&self) -> usize {
        self.shape.iter().skip(1).product()
    }
}

/// Every array of an archive by its name that `wanted` asks for.
pub(crate) fn read(path: &Path, wanted: impl Fn(&str) -> bool) -> anyhow::Result<BTreeMap<String, Array>> {
    let file = std::fs::File::open(path).context("cannot be read")?;
    let mut archive = ZipArchive::new(std::io::BufReader::new(file)).context("expected an archive of NumPy")?;
    let (mut arrays, mut left) = (BTreeMap::new(), MOST_BYTES);
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).context("a damaged archive")?;
        let name = entry.name().context("a damaged archive")?.into_owned();
        let Some(name) = name.strip_suffix(".npy").map(str::to_owned) else { continue };
        if !wanted(&name) {
            continue;
        }
        let mut bytes = Vec::new();
        let method = entry.compression();
        let mut plain: Box<dyn Read> = match method {
            CompressionMethod::Stored => Box::new(entry),
            CompressionMethod::DEFLATE => Box::new(flate2::read::DeflateDecoder::new(entry)),
            other => bail!("`{name}` is packed by {other}, which is not read"),
        };
        let read =
            plain.by_ref().take(left + 1).read_to_end(&mut bytes).with_context(|| format!("`{name}` is damaged"))?;
        left = left.checked_sub(read as u64).with_context(|| format!("more than {} MiB", MOST_BYTES >> 20))?;
        arrays.insert(name.clone(), array(&bytes).with_context(|| format!("`{name}`"))?);
    }
    Ok(arrays)
}

/// The array of a `.npy` file.
fn array(bytes: &[u8]) -> anyhow::Result<Array> {
    let damaged = "expected an array of NumPy";
    let rest = bytes.strip_prefix(b"\x93NUMPY").context(damaged)?;
    let (head, rest) = match rest {
        [1, _, low, high, rest @ ..] => rest.split_at_checked(u16::from_le_bytes([*low, *high]).into()),
        [2 | 3, _, a, b, c, d, rest @ ..] => rest.split_at_checked(u32::from_le_bytes([*a, *b, *c, *d]) as usize),
        _ => None,
    }
    .context(damaged)?;
    let head = std::str::from_utf8(head).context(damaged)?;
    ensure!(!head.contains("'fortran_order': True"), "expected an array in C's order, got one in Fortran's");
    let kind = between(head, "'descr': '", "'").context(damaged)?;
    let sides = between(head, "'shape': (", ")").context(damaged)?;
    let sides = sides.split(',').map(str::trim).filter(|side| !side.is_empty());
    let shape = sides.map(|side| side.parse().context(damaged)).collect::<anyhow::Result<Vec<usize>>>()?;
    let numbers = numbers(kind, rest)?;
    let length = shape.iter().try_fold(1_usize, |length, side| length.checked_mul(*side)).context(damaged)?;
    ensure!(numbers.len() == length, "expected {length} numbers for the shape {shape:?}, got {}", numbers.len());
    Ok(Array { shape, numbers })
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    Some(text.split_once(before)?.1.split_once(after)?.0)
}

fn numbers(kind: &str, bytes: &[u8]) -> anyhow::Result<Vec<f32>> {
    fn each<const N: usize>(bytes: &[u8], number: fn([u8; N]) -> f32) -> Vec<f32> {
        bytes.as_chunks::<N>().0.iter().map(|bytes| number(*bytes)).collect()
    }
    Ok(match kind {
        "<f4" => each(bytes, f32::from_le_bytes),
        "<f8" => each(bytes, |bytes| f64::from_le_bytes(bytes) as f32),
        "|u1" | "|b1" => each(bytes, |[byte]| f32::from(byte)),
        "|i1" => each(bytes, |bytes| f32::from(i8::from_le_bytes(bytes))),
        "<i2" => each(bytes, |bytes| f32::from(i16::from_le_bytes(bytes))),
        "<i4" => each(bytes, |bytes| i32::from_le_bytes(bytes) as f32),
        "<i8" => each(bytes, |bytes| i64::from_le_bytes(bytes) as f32),
        _ => bail!("numbers of kind `{kind}` are not read"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(head: &str, numbers: &[u8]) -> Vec<u8> {
        let length = (head.len() as u16).to_le_bytes();
        [b"\x93NUMPY\x01\x00".as_slice(), &length, head.as_bytes(), numbers].concat()
    }

    #[test]
    fn an_array_has_the_numbers_and_the_shape_of_its_file() {
        let head = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1), }\n";
        let numbers = [1.5_f64, -2.0].map(f64::to_le_bytes).concat();
        let expected = Array { shape: vec![2, 1], numbers: vec![1.5, -2.0] };
        assert_eq!(array(&file(head, &numbers)).unwrap(), expected);
        let scalar = "{'descr': '|u1', 'fortran_order': False, 'shape': (), }\n";
        assert_eq!(array(&file(scalar, &[7])).unwrap(), Array { shape: vec![], numbers: vec![7.0] });
    }

    #[test]
    fn an_array_with_fewer_numbers_than_its_shape_says_is_refused() {
        let head = "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 99999999999), }\n";
        assert!(array(&file(head, &[0; 4])).is_err());
        let head = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }\n";
        assert!(array(&file(head, &[0; 8])).unwrap_err().to_string().contains("expected 3 numbers"));
    }
}
