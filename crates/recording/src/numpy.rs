//! Arrays of numbers as NumPy saves them (format 1 to 3), read by `npyz`.

use std::path::Path;

use npyz::{NpyFile, Order};

use super::contained::contained;
use super::folder::read_plain_file;

/// Larger files are refused unread: a minute of the widest sensor log takes 10 MB.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// A plain array's description takes 128 bytes; the parser takes memory for whatever length a file claims.
const MAX_HEADER_BYTES: usize = 4096;

/// A plain array's description nests twice; the parser calls itself for each level.
const MAX_BRACKETS: usize = 16;

/// A column, or a table of rows of equal length.
#[derive(Debug, PartialEq)]
pub(super) struct Array {
    columns: usize,
    /// Row by row, in whatever order the file has them.
    values: Vec<f64>,
}

impl Array {
    /// Reads an array of shape (n), (n, 1) or (n, k) of floating-point numbers or integers.
    ///
    /// # Errors
    /// Says in words what the file has instead.
    pub fn read(path: &Path) -> Result<Self, String> {
        Self::parse(&read_plain_file(path, MAX_FILE_BYTES)?)
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        check_header(bytes)?;
        contained(|| {
            let file = NpyFile::new(bytes).map_err(|error| error.to_string())?;
            let (rows, columns) = shape(file.shape())?;
            let order = file.order();
            let values = numbers(file)?;
            if values.len() != rows * columns {
                return Err(format!("array cut short: {} of {rows} x {columns} numbers", values.len()));
            }
            Ok(Self { columns, values: row_by_row(values, order, rows, columns) })
        })
    }

    /// The numbers of the first column.
    pub fn first_column(&self) -> Vec<f64> {
        self.values.iter().step_by(self.columns).copied().collect()
    }
}

/// Refuses a description that the parser must not see: longer or deeper than that of any plain array.
fn check_header(bytes: &[u8]) -> Result<(), String> {
    let preamble = bytes.first_chunk::<12>().filter(|preamble| preamble.starts_with(b"\x93NUMPY"));
    let &[.., version, _, a, b, c, d] = preamble.ok_or("no NumPy array")?;
    let len =
        if version == 1 { u32::from(u16::from_le_bytes([a, b])) } else { u32::from_le_bytes([a, b, c, d]) } as usize;
    if len > MAX_HEADER_BYTES {
        return Err(format!("a description of {len} bytes, {MAX_HEADER_BYTES} at most are taken"));
    }
    let header = &bytes[10..bytes.len().min(12 + len)];
    if header.iter().filter(|byte| b"([{".contains(byte)).count() > MAX_BRACKETS {
        return Err("an array of structures, expected one of numbers".to_owned());
    }
    Ok(())
}

fn shape(shape: &[u64]) -> Result<(usize, usize), String> {
    let too_large = |_| format!("shape {shape:?}");
    let size = |length: u64| usize::try_from(length).map_err(too_large);
    match *shape {
        [rows] => Ok((size(rows)?, 1)),
        [rows, columns] if columns > 0 && rows.checked_mul(columns).is_some() => Ok((size(rows)?, size(columns)?)),
        _ => Err(format!("shape {shape:?}, expected rows, or rows and columns")),
    }
}

/// All numbers up to the end of the data, in the order of the file.
fn numbers(file: NpyFile<&[u8]>) -> Result<Vec<f64>, String> {
    let file = match file.try_data::<f64>() {
        Ok(numbers) => return collect(numbers, |number| number),
        Err(file) => file,
    };
    let file = match file.try_data::<f32>() {
        Ok(numbers) => return collect(numbers, f64::from),
        Err(file) => file,
    };
    match file.try_data::<i64>() {
        Ok(numbers) => collect(numbers, |number| number as f64),
        Err(file) => Err(format!("elements of type {}, expected numbers", file.dtype().descr())),
    }
}

fn collect<T>(
    numbers: impl Iterator<Item = std::io::Result<T>>,
    convert: impl Fn(T) -> f64,
) -> Result<Vec<f64>, String> {
    let numbers: Result<Vec<f64>, _> = numbers.map(|number| number.map(&convert)).collect();
    numbers.map_err(|error| format!("array cut short: {error}"))
}

fn row_by_row(values: Vec<f64>, order: Order, rows: usize, columns: usize) -> Vec<f64> {
    match order {
        Order::C => values,
        Order::Fortran => (0..rows * columns).map(|i| values[i % columns * rows + i / columns]).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz::survives_broken_copies;

    /// A file of format 1.0 with this description and data.
    fn file(dtype: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
        let fortran = if fortran { "True" } else { "False" };
        let header = format!("{{'descr': '{dtype}', 'fortran_order': {fortran}, 'shape': {shape}, }}");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend(118_u16.to_le_bytes());
        bytes.extend(format!("{header:117}\n").bytes());
        bytes.extend(data);
        bytes
    }

    fn floats(values: &[f64]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    fn read(dtype: &str, fortran: bool, shape: &str, data: &[u8]) -> Result<Array, String> {
        Array::parse(&file(dtype, fortran, shape, data))
    }

    #[test]
    fn columns_and_tables_are_read_in_either_order() {
        let six = floats(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        for (shape, fortran, columns, expected) in [
            ("(6,)", false, 1, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
            ("(6, 1)", true, 1, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
            ("(3, 2)", false, 2, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
            ("(3, 2)", true, 2, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]),
        ] {
            let array = read("<f8", fortran, shape, &six).unwrap();
            assert_eq!(array, Array { columns, values: expected.to_vec() }, "{shape}, Fortran order {fortran}");
            assert_eq!(array.first_column().len() * columns, 6);
        }
        assert_eq!(read("<f8", true, "(3, 2)", &six).unwrap().first_column(), [1.0, 2.0, 3.0]);
    }

    #[test]
    fn integers_and_single_precision_become_numbers() {
        let integers: Vec<u8> = [7_i64, -8].iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!(read("<i8", false, "(2,)", &integers).unwrap().first_column(), [7.0, -8.0]);
        let singles: Vec<u8> = [0.5_f32, -2.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!(read("<f4", false, "(2,)", &singles).unwrap().first_column(), [0.5, -2.0]);
    }

    #[test]
    fn what_is_no_array_of_numbers_is_refused_in_words() {
        let refusal = |dtype: &str, shape: &str, data: &[u8]| read(dtype, false, shape, data).unwrap_err();
        assert!(refusal("|S8", "(2,)", &[0; 16]).contains("elements of type '|S8'"));
        assert!(refusal("<f8", "(3,)", &floats(&[1.0])).contains("cut short"));
        assert!(refusal("<f8", "(1, 2, 3)", &floats(&[1.0; 6])).contains("shape [1, 2, 3]"));
        assert!(refusal("<f8", "(4294967296, 4294967296)", &[]).contains("shape"));
        assert!(refusal("|O", "(2,)", &[0; 16]).contains("expected numbers"));
        assert_eq!(Array::parse(b"").unwrap_err(), "no NumPy array");
    }

    #[test]
    fn a_description_that_claims_a_huge_length_or_nests_deeply_is_refused_before_it_is_read() {
        let mut bytes = file("<f8", false, "(1,)", &floats(&[1.0]));
        bytes[6] = 2;
        bytes[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(Array::parse(&bytes).unwrap_err().contains("4294967295 bytes"));
        let nested = file("<f8", false, &"(".repeat(40), &[]);
        assert!(Array::parse(&nested).unwrap_err().contains("structures"));
    }

    #[test]
    fn broken_arrays_are_survived() {
        let whole = file("<f8", true, "(3, 2)", &floats(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
        survives_broken_copies(&whole, |bytes| drop(Array::parse(bytes)));
    }

    #[test]
    fn the_arrays_of_a_real_segment_are_read_where_it_is_at_hand() {
        let folder = Path::new("../shared/recordings/comma2k19/b0c9d2329ad1606b_2018-08-02--08-34-47/40/processed_log");
        if !folder.exists() {
            return;
        }
        let array = |name: &str| Array::read(&folder.join(name)).unwrap();
        assert_eq!(
            (array("CAN/steering_angle/value").first_column().len(), array("CAN/speed/value").first_column().len()),
            (4974, 4974)
        );
        assert_eq!(array("CAN/wheel_speed/value").columns, 4);
        let gyro = array("IMU/gyro/value");
        assert_eq!((gyro.first_column().len(), gyro.columns), (array("IMU/gyro/t").first_column().len(), 3));
    }
}
