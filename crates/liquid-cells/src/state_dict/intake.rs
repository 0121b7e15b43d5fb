//! What every tensor goes through on its way from a file into a state dict: sizes are checked before anything is
//! allocated, numbers become `f32`, and only finite ones pass.

use super::{Array, Fault, MOST_NUMBERS, MOST_TENSORS, StateDict};
use half::{bf16, f16};
use std::borrow::Cow;

/// Types whose numbers are taken. Bytes are those of pictures, booleans those of masks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precision {
    Bool,
    U8,
    F16,
    Bf16,
    F32,
    F64,
}

impl Precision {
    fn bytes(self) -> usize {
        match self {
            Self::Bool | Self::U8 => 1,
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    fn numbers(self, bytes: &[u8]) -> Result<Vec<f32>, String> {
        match self {
            Self::Bool | Self::U8 => finite(bytes.as_chunks().0, |[byte]| f64::from(byte)),
            Self::F16 => finite(bytes.as_chunks().0, |word| f16::from_le_bytes(word).to_f64()),
            Self::Bf16 => finite(bytes.as_chunks().0, |word| bf16::from_le_bytes(word).to_f64()),
            Self::F32 => finite(bytes.as_chunks().0, |word| f64::from(f32::from_le_bytes(word))),
            Self::F64 => finite(bytes.as_chunks().0, f64::from_le_bytes),
        }
    }
}

/// Numbers as `f32`, if all of them are finite as such.
fn finite<const N: usize>(words: &[[u8; N]], number: impl Fn([u8; N]) -> f64) -> Result<Vec<f32>, String> {
    let narrow = |(index, word): (usize, &[u8; N])| {
        let wide = number(*word);
        let narrow = wide as f32;
        let refusal = || format!("expected numbers that are finite in 32 bits, got {wide:?} as number {index}");
        narrow.is_finite().then_some(narrow).ok_or_else(refusal)
    };
    words.iter().enumerate().map(narrow).collect()
}

/// A state dict in the making.
#[derive(Debug, Default)]
pub(super) struct Intake {
    dict: StateDict,
    numbers: usize,
}

impl Intake {
    /// Refuses a file of this many tensors, if it is too many.
    pub(super) fn check_count(tensors: usize) -> Result<(), Fault> {
        match tensors {
            0 => Err(Fault::Foreign("a file without a tensor".into())),
            1..=MOST_TENSORS => Ok(()),
            _ => Err(Fault::Foreign(format!("a file of {tensors} tensors; at most {MOST_TENSORS} are read"))),
        }
    }

    /// Takes one tensor. Its bytes, little-endian and row-major, are asked for when its size is known to be bearable.
    pub(super) fn take<'a>(
        &mut self,
        name: &str,
        shape: &[usize],
        precision: Precision,
        bytes: impl FnOnce() -> Result<Cow<'a, [u8]>, String>,
    ) -> Result<(), Fault> {
        let refusal = |why: String| Fault::tensor(name, why);
        let numbers = shape.iter().try_fold(1_usize, |product, extent| product.checked_mul(*extent));
        let total = numbers.and_then(|numbers| numbers.checked_add(self.numbers));
        let (Some(numbers), Some(total)) = (numbers, total.filter(|total| *total <= MOST_NUMBERS)) else {
            return Err(refusal(format!("shape {shape:?} makes more than the {MOST_NUMBERS} numbers that are read")));
        };
        let bytes = bytes().map_err(refusal)?;
        if bytes.len() != numbers * precision.bytes() {
            let expected = numbers * precision.bytes();
            return Err(refusal(format!("shape {shape:?} takes {expected} bytes, got {}", bytes.len())));
        }
        if self.dict.get(name).is_some() {
            return Err(refusal("there are two of this name".into()));
        }
        let values = precision.numbers(&bytes).map_err(refusal)?;
        self.dict.insert(name, Array { shape: shape.to_vec(), values });
        self.numbers = total;
        Ok(())
    }

    /// The finished state dict.
    pub(super) fn finish(self) -> StateDict {
        self.dict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(shape: &[usize], precision: Precision, bytes: &[u8]) -> Result<Vec<f32>, String> {
        let mut intake = Intake::default();
        intake.take("w", shape, precision, || Ok(bytes.into())).map_err(|fault| fault.to_string())?;
        Ok(intake.finish().remove("w").unwrap().values)
    }

    #[test]
    fn every_precision_becomes_32_bits() {
        // 1.5 = 0 01111 1000000000 in 16 bits, 0 01111111 1000000 as bfloat16 (IEEE 754, and its upper half).
        assert_eq!(taken(&[1], Precision::F16, &[0x00, 0x3e]), Ok(vec![1.5]));
        assert_eq!(taken(&[1], Precision::Bf16, &[0xc0, 0x3f]), Ok(vec![1.5]));
        assert_eq!(taken(&[1], Precision::F32, &1.5_f32.to_le_bytes()), Ok(vec![1.5]));
        assert_eq!(taken(&[1], Precision::F64, &0.1_f64.to_le_bytes()), Ok(vec![0.1]));
        assert_eq!(taken(&[2], Precision::U8, &[0, 255]), Ok(vec![0.0, 255.0]));
        assert_eq!(taken(&[2], Precision::Bool, &[0, 1]), Ok(vec![0.0, 1.0]));
    }

    #[test]
    fn a_number_that_is_not_finite_in_32_bits_is_named() {
        let bytes: Vec<u8> = [1.0, 1e300_f64].iter().flat_map(|value| value.to_le_bytes()).collect();
        let message = taken(&[2], Precision::F64, &bytes).unwrap_err();
        assert_eq!(message, "tensor `w`: expected numbers that are finite in 32 bits, got 1e300 as number 1");
        let message = taken(&[], Precision::F32, &f32::NAN.to_le_bytes()).unwrap_err();
        assert!(message.ends_with("got NaN as number 0"), "{message}");
        let message = taken(&[1], Precision::F16, &[0x00, 0xfc]).unwrap_err();
        assert!(message.ends_with("got -inf as number 0"), "{message}");
    }

    #[test]
    fn bytes_of_a_shape_that_cannot_be_are_not_asked_for() {
        for shape in [&[usize::MAX, 2][..], &[1 << 33, 1 << 33], &[MOST_NUMBERS + 1]] {
            let taken = Intake::default().take("w", shape, Precision::F32, || panic!("asked for {shape:?}"));
            assert!(taken.unwrap_err().to_string().contains("numbers that are read"), "{shape:?}");
        }
    }

    #[test]
    fn the_limit_of_numbers_is_that_of_the_whole_file() {
        let mut intake = Intake { numbers: MOST_NUMBERS - 1, ..Intake::default() };
        assert!(intake.take("a", &[1], Precision::U8, || Ok([0].as_slice().into())).is_ok());
        assert!(intake.take("b", &[1], Precision::U8, || Ok([0].as_slice().into())).is_err());
    }
}
