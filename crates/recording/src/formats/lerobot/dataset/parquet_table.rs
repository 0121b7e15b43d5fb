//! Parquet tables of numbers and vectors of numbers, read row by row by `parquet`.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row};
use parquet::schema::types::Type;

use crate::media::contained::contained;

/// One row of a table.
#[derive(Debug)]
pub(super) struct Record(Row);

/// A table on the disk.
pub(super) struct ParquetTable;

impl ParquetTable {
    /// The columns that a table has, of these.
    ///
    /// # Errors
    /// Says in words that the file is no such table.
    pub fn known_columns<'a>(path: &Path, columns: &[&'a str]) -> Result<Vec<&'a str>, String> {
        contained(|| {
            let file = File::open(path).map_err(|error| error.to_string())?;
            let reader = SerializedFileReader::new(file).map_err(|error| error.to_string())?;
            let fields = reader.metadata().file_metadata().schema().get_fields();
            let is_known = |column: &&str| fields.iter().any(|field| field.name() == *column);
            Ok(columns.iter().copied().filter(is_known).collect())
        })
    }

    /// Calls back with the number and content of each row, of these columns only.
    ///
    /// # Errors
    /// Says in words that the file is no such table, lacks a column or is damaged.
    pub fn read(path: &Path, columns: &[&str], mut handle: impl FnMut(usize, Record)) -> Result<(), String> {
        contained(|| {
            let file = File::open(path).map_err(|error| error.to_string())?;
            let reader = SerializedFileReader::new(file).map_err(|error| error.to_string())?;
            let schema = projection(reader.metadata().file_metadata().schema(), columns)?;
            let rows =
                RowIter::from_file_into(Box::new(reader)).project(Some(schema)).map_err(|error| error.to_string())?;
            for (number, row) in rows.enumerate() {
                handle(number, Record(row.map_err(|error| error.to_string())?));
            }
            Ok(())
        })
    }
}

/// The part of a table's description that these columns are.
pub(super) fn projection(schema: &Type, columns: &[&str]) -> Result<Type, String> {
    let find = |column: &&str| {
        let field = schema.get_fields().iter().find(|field| field.name() == *column).map(Arc::clone);
        field.ok_or_else(|| format!("no column {column}"))
    };
    let fields = columns.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    Type::group_type_builder(schema.name()).with_fields(fields).build().map_err(|error| error.to_string())
}

impl Record {
    /// A number of the row: that of a column, or the one at this index of its vector.
    pub fn number(&self, column: &str, index: usize) -> Option<f64> {
        let (_, field) = self.0.get_column_iter().find(|(name, _)| *name == column)?;
        element(field, index)
    }

    /// A count or position.
    pub fn whole(&self, column: &str) -> Option<usize> {
        let number = self.number(column, 0).filter(|number| (0.0..1e9).contains(number));
        number.map(|number| number as usize)
    }
}

fn element(field: &Field, mut index: usize) -> Option<f64> {
    match field {
        Field::ListInternal(list) => {
            // A vector of vectors counts on from row to row.
            for inner in list.elements() {
                let count = if let Field::ListInternal(inner) = inner { inner.len() } else { 1 };
                match index.checked_sub(count) {
                    Some(rest) => index = rest,
                    None => return element(inner, index),
                }
            }
            None
        }
        Field::Float(number) => Some(f64::from(*number)),
        Field::Double(number) => Some(*number),
        Field::Long(number) => Some(*number as f64),
        Field::Int(number) => Some(f64::from(*number)),
        Field::Short(number) => Some(f64::from(*number)),
        Field::Byte(number) => Some(f64::from(*number)),
        _ => None,
    }
    .filter(|_| index == 0 || matches!(field, Field::ListInternal(_)))
}
