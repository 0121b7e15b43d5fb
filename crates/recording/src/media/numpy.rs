//! Arrays of numbers as NumPy saves them (format 1 to 3, NEP 1). The header is a Python literal of three known keys,
//! which are looked up: a parser of Python literals would be 15 crates, and assembly among them.

use std::path::Path;

use crate::media::folder::read_plain_file;

/// Larger files are refused unread: a minute of the widest sensor log takes 10 MB.
const MAX_FILE_BYTES: u64 = 256 << 20;

/// A plain array's header takes 128 bytes.
const MAX_HEADER_BYTES: usize = 4096;

const MAGIC: &[u8] = b"\x93NUMPY";

/// Numbers with their shape, the last side's first.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Its sides.
    pub shape: Vec<usize>,
    /// Its numbers.
    pub numbers: Vec<f64>,
}

impl Array {
    /// Reads an array of floating-point numbers or integers in C's order.
    ///
    /// # Errors
    /// Says in words what there is instead.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let Header { element, is_fortran, shape, data_at } = Header::parse(bytes)?;
        let length = shape.iter().try_fold(1_usize, |length, side| length.checked_mul(*side));
        let length = length.ok_or_else(|| format!("shape {shape:?}, which cannot be"))?;
        let numbers = element.numbers(&bytes[data_at..], length);
        if numbers.len() != length {
            return Err(format!("array cut short: {} of {length} numbers of the shape {shape:?}", numbers.len()));
        }
        if is_fortran && shape.iter().filter(|side| **side > 1).count() > 1 {
            return Err(format!("shape {shape:?} in Fortran's order, expected C's"));
        }
        Ok(Self { shape, numbers })
    }

    /// Numbers in one of the parts along the first side.
    pub fn part_len(&self) -> usize {
        self.shape.iter().skip(1).product()
    }
}

/// A column, or a table of rows of equal length.
#[derive(Debug, PartialEq)]
pub(crate) struct Table {
    columns: usize,
    /// Row by row, in whatever order the file has them.
    values: Vec<f64>,
}

impl Table {
    /// Reads an array of shape (n), (n, 1) or (n, k) of floating-point numbers or integers.
    ///
    /// # Errors
    /// Says in words what the file has instead.
    pub fn read(path: &Path) -> Result<Self, String> {
        Self::parse(&read_plain_file(path, MAX_FILE_BYTES)?)
    }

    /// The same from memory.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let Header { element, is_fortran, shape, data_at } = Header::parse(bytes)?;
        let (rows, columns) = match shape[..] {
            [rows] => (rows, 1),
            [rows, columns] if columns > 0 && rows.checked_mul(columns).is_some() => (rows, columns),
            _ => return Err(format!("shape {shape:?}, expected rows, or rows and columns")),
        };
        let values = element.numbers(&bytes[data_at..], rows * columns);
        if values.len() != rows * columns {
            return Err(format!("array cut short: {} of {rows} x {columns} numbers", values.len()));
        }
        let values = if is_fortran { row_by_row(&values, rows, columns) } else { values };
        Ok(Self { columns, values })
    }

    /// The numbers of the first column.
    pub fn first_column(&self) -> Vec<f64> {
        self.values.iter().step_by(self.columns).copied().collect()
    }
}

/// The description of an array of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub element: Element,
    /// True if the first index runs fastest, and not the last.
    pub is_fortran: bool,
    pub shape: Vec<usize>,
    /// Bytes before the first number.
    pub data_at: usize,
}

impl Header {
    /// Bytes that hold the longest header that is read.
    pub const MAX_BYTES: usize = MAX_HEADER_BYTES + 12;

    /// Reads the header at the beginning of an array.
    ///
    /// # Errors
    /// Says in words what is there instead, and that the elements are no numbers.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let (header, data) = split_header(bytes)?;
        let element = Element::named(descr(header)?)?;
        Ok(Self { element, is_fortran: is_fortran(header)?, shape: shape(header)?, data_at: bytes.len() - data.len() })
    }
}

/// The type of an array's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    kind: u8,
    pub bytes: usize,
    is_big_endian: bool,
}

impl Element {
    /// By NumPy's name, such as `<f8`.
    fn named(descr: &str) -> Result<Self, String> {
        let is_big_endian = descr.starts_with('>');
        let (kind, bytes) = match descr.trim_start_matches(['<', '>', '|', '=']) {
            name @ ("f8" | "i8" | "u8") => (name.as_bytes()[0], 8),
            name @ ("f4" | "i4" | "u4") => (name.as_bytes()[0], 4),
            name @ ("i2" | "u2") => (name.as_bytes()[0], 2),
            name @ ("i1" | "u1") => (name.as_bytes()[0], 1),
            "b1" => (b'u', 1),
            _ => return Err(format!("elements of type '{descr}', expected numbers")),
        };
        Ok(Self { kind, bytes, is_big_endian })
    }

    /// True for bytes, as most pictures are of.
    pub fn is_byte(self) -> bool {
        (self.kind, self.bytes) == (b'u', 1)
    }

    pub fn is_float(self) -> bool {
        self.kind == b'f'
    }

    /// So many numbers, or fewer where the data end before, in the order of the file.
    pub fn numbers(self, data: &[u8], count: usize) -> Vec<f64> {
        data.chunks_exact(self.bytes).take(count).map(|bytes| self.number(bytes)).collect()
    }

    fn number(self, bytes: &[u8]) -> f64 {
        let mut eight = [0; 8];
        // Little-endian from here on.
        for (at, &byte) in bytes.iter().enumerate() {
            eight[if self.is_big_endian { self.bytes - 1 - at } else { at }] = byte;
        }
        let unsigned = u64::from_le_bytes(eight);
        let unused_bits = 64 - 8 * self.bytes as u32;
        match (self.kind, self.bytes) {
            (b'f', 4) => f32::from_bits(unsigned as u32).into(),
            (b'f', _) => f64::from_bits(unsigned),
            (b'i', _) => ((unsigned << unused_bits) as i64 >> unused_bits) as f64,
            _ => unsigned as f64,
        }
    }
}

/// The header's text, and the data behind it.
fn split_header(bytes: &[u8]) -> Result<(&str, &[u8]), String> {
    let none = || "no NumPy array".to_owned();
    let (&[version, _], rest) = bytes.strip_prefix(MAGIC).and_then(<[u8]>::split_first_chunk::<2>).ok_or_else(none)?;
    let (len, rest) = match version {
        1 => rest.split_first_chunk().map(|(&len, rest)| (usize::from(u16::from_le_bytes(len)), rest)),
        2 | 3 => rest.split_first_chunk().map(|(&len, rest)| (u32::from_le_bytes(len) as usize, rest)),
        _ => return Err(format!("NumPy's format {version}, expected 1 to 3")),
    }
    .ok_or_else(none)?;
    if len > MAX_HEADER_BYTES {
        return Err(format!("a header of {len} bytes, {MAX_HEADER_BYTES} at most are taken"));
    }
    let (header, data) = rest.split_at_checked(len).ok_or("array cut short in its header")?;
    let header = str::from_utf8(header).map_err(|_| "a header that is no text")?;
    Ok((header, data))
}

/// The header's text from the value of a key on.
fn value<'a>(header: &'a str, key: &str) -> Result<&'a str, String> {
    let behind = header.split_once(&format!("'{key}':")).map(|(_, behind)| behind.trim_start());
    behind.ok_or_else(|| format!("a header without {key}"))
}

/// The type of the elements, such as `<f8`.
fn descr(header: &str) -> Result<&str, String> {
    let quoted = value(header, "descr")?.strip_prefix('\'');
    let descr = quoted.and_then(|text| text.split_once('\'')).map(|(descr, _)| descr);
    descr.ok_or_else(|| "an array of structures, expected one of numbers".to_owned())
}

/// True if the columns lie one behind the other, and not the rows.
fn is_fortran(header: &str) -> Result<bool, String> {
    let text = value(header, "fortran_order")?;
    match (text.starts_with("True"), text.starts_with("False")) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err("a header whose fortran_order is neither True nor False".to_owned()),
    }
}

/// Extents, the outermost first.
fn shape(header: &str) -> Result<Vec<usize>, String> {
    let inside = value(header, "shape")?.strip_prefix('(').and_then(|text| text.split_once(')'));
    let (lengths, _) = inside.ok_or("a header whose shape is no tuple")?;
    let lengths = lengths.split(',').map(str::trim).filter(|length| !length.is_empty());
    lengths.map(str::parse).collect::<Result<_, _>>().map_err(|error| format!("shape: {error}"))
}

fn row_by_row(column_by_column: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    (0..rows * columns).map(|i| column_by_column[i % columns * rows + i / columns]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::real_recording;
    use lane_fuzz::survives_broken_copies;

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

    fn read(dtype: &str, fortran: bool, shape: &str, data: &[u8]) -> Result<Table, String> {
        Table::parse(&file(dtype, fortran, shape, data))
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
            assert_eq!(array, Table { columns, values: expected.to_vec() }, "{shape}, Fortran order {fortran}");
            assert_eq!(array.first_column().len() * columns, 6);
        }
        assert_eq!(read("<f8", true, "(3, 2)", &six).unwrap().first_column(), [1.0, 2.0, 3.0]);
    }

    #[test]
    fn an_array_of_any_shape_keeps_it_and_one_that_is_not_all_there_is_refused() {
        let array = |fortran, shape, count| Array::parse(&file("<f8", fortran, shape, &floats(&vec![2.5; count])));
        assert_eq!(array(false, "(2, 1, 3)", 6), Ok(Array { shape: vec![2, 1, 3], numbers: vec![2.5; 6] }));
        assert_eq!(array(false, "()", 1), Ok(Array { shape: vec![], numbers: vec![2.5] }));
        assert!(array(false, "(3,)", 2).unwrap_err().contains("2 of 3 numbers"));
        assert!(array(false, "(99999999999, 99999999999)", 1).unwrap_err().contains("cannot be"));
        assert!(array(true, "(2, 3)", 6).unwrap_err().contains("Fortran"));
    }

    #[test]
    fn integers_and_single_precision_become_numbers() {
        let integers: Vec<u8> = [7_i64, -8].iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!(read("<i8", false, "(2,)", &integers).unwrap().first_column(), [7.0, -8.0]);
        let singles: Vec<u8> = [0.5_f32, -2.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!(read("<f4", false, "(2,)", &singles).unwrap().first_column(), [0.5, -2.0]);
        let large_ends_first: Vec<u8> = [0.5_f64, -2.0].iter().flat_map(|value| value.to_be_bytes()).collect();
        assert_eq!(read(">f8", false, "(2,)", &large_ends_first).unwrap().first_column(), [0.5, -2.0]);
        assert_eq!(read("|u1", false, "(2,)", &[7, 200]).unwrap().first_column(), [7.0, 200.0]);
        assert_eq!(read("<i2", false, "(2,)", &[0xFE, 0xFF, 1, 1]).unwrap().first_column(), [-2.0, 257.0]);
        assert_eq!(read(">i4", false, "(1,)", &[0xFF, 0xFF, 0xFF, 0xFD]).unwrap().first_column(), [-3.0]);
    }

    #[test]
    fn what_is_no_array_of_numbers_is_refused_in_words() {
        let refusal = |dtype: &str, shape: &str, data: &[u8]| read(dtype, false, shape, data).unwrap_err();
        assert!(refusal("|S8", "(2,)", &[0; 16]).contains("elements of type '|S8'"));
        assert!(refusal("<f8", "(3,)", &floats(&[1.0])).contains("cut short"));
        assert!(refusal("<f8", "(1, 2, 3)", &floats(&[1.0; 6])).contains("shape [1, 2, 3]"));
        assert!(refusal("<f8", "(4294967296, 4294967296)", &[]).contains("shape"));
        assert!(refusal("|O", "(2,)", &[0; 16]).contains("expected numbers"));
        let structures =
            String::from_utf8_lossy(&file("<f8", false, "(0,)", &[])[10..]).replace("'<f8'", "[('x', '<f8')]");
        let bytes =
            [b"\x93NUMPY\x01\x00", &(structures.len() as u16).to_le_bytes()[..], structures.as_bytes()].concat();
        assert!(Table::parse(&bytes).unwrap_err().contains("structures"));
        assert_eq!(Table::parse(b"").unwrap_err(), "no NumPy array");
    }

    #[test]
    fn a_header_that_claims_a_huge_length_or_nests_deeply_is_refused() {
        let mut bytes = file("<f8", false, "(1,)", &floats(&[1.0]));
        bytes[6] = 2;
        bytes[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(Table::parse(&bytes).unwrap_err().contains("4294967295 bytes"));
        let nested = file("<f8", false, &"(".repeat(40), &[]);
        assert_eq!(Table::parse(&nested).unwrap_err(), "a header whose shape is no tuple");
    }

    #[test]
    fn broken_arrays_are_survived() {
        let whole = file("<f8", true, "(3, 2)", &floats(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
        survives_broken_copies(&whole, |bytes| {
            let _ = (Table::parse(bytes), Array::parse(bytes));
        });
    }

    #[test]
    fn the_arrays_of_a_real_segment_are_read_where_it_is_at_hand() {
        let name = "comma2k19/b0c9d2329ad1606b_2018-08-02--08-34-47/40/processed_log";
        let Some(folder) = real_recording(name) else { return };
        let array = |name: &str| Table::read(&folder.join(name)).unwrap();
        assert_eq!(
            (array("CAN/steering_angle/value").first_column().len(), array("CAN/speed/value").first_column().len()),
            (4974, 4974)
        );
        assert_eq!(array("CAN/wheel_speed/value").columns, 4);
        let gyro = array("IMU/gyro/value");
        assert_eq!((gyro.first_column().len(), gyro.columns), (array("IMU/gyro/t").first_column().len(), 3));
    }
}
