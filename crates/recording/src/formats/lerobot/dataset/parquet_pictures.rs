//! Pictures that lie in a dataset's tables, as files in a column of bytes.

use std::fs::File;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;

use super::parquet_table::projection;
use crate::media::contained::contained;
use crate::media::folder::{Folder, read_plain_file};
use crate::media::picture::{self, MAX_FILE_BYTES};
use crate::model::pictures::{PictureRef, Pictures};
use lane_frame::{RgbImage, Size};

/// The pictures of one camera.
#[derive(Debug)]
pub(super) struct ParquetPictures {
    folder: Folder,
    /// The path of each table, or the reason why it cannot be read.
    tables: Vec<Result<PathBuf, String>>,
    camera: String,
    /// The group of rows read last: pictures follow one another in it.
    last: Mutex<Option<Group>>,
}

/// Some rows of a table that are stored together.
#[derive(Debug)]
struct Group {
    table: u32,
    first_row: usize,
    files: Vec<Stored>,
}

/// The file of a picture.
#[derive(Clone, Debug)]
enum Stored {
    Bytes(Vec<u8>),
    /// Beside the tables, by its name in the dataset's folder.
    Path(String),
    Nothing,
}

impl ParquetPictures {
    pub fn new(folder: &Folder, tables: Vec<Result<PathBuf, String>>, camera: &str) -> Self {
        Self { folder: folder.clone(), tables, camera: camera.to_owned(), last: Mutex::new(None) }
    }

    fn file(&self, picture: &PictureRef) -> Result<Vec<u8>, String> {
        let PictureRef::Frame { stream, index } = *picture else { return Err("no picture of a table".to_owned()) };
        match self.stored(stream, index as usize)? {
            Stored::Bytes(bytes) => Ok(bytes),
            Stored::Path(name) => {
                let path = self.folder.resolve(&name).map_err(|error| error.to_string())?;
                read_plain_file(&path, MAX_FILE_BYTES)
            }
            Stored::Nothing => Err("row without a picture".to_owned()),
        }
    }

    fn stored(&self, table: u32, row: usize) -> Result<Stored, String> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let holds = |group: &Group| {
            group.table == table && (group.first_row..group.first_row + group.files.len()).contains(&row)
        };
        if !last.as_ref().is_some_and(holds) {
            // Let go first, so that two groups are never held.
            *last = None;
            *last = Some(self.load(table, row)?);
        }
        let file = last.as_ref().and_then(|group| group.files.get(row - group.first_row).cloned());
        file.ok_or_else(|| "no such row".to_owned())
    }

    /// The group that holds a row.
    fn load(&self, table: u32, row: usize) -> Result<Group, String> {
        let path = self.tables.get(table as usize).ok_or("no such table")?.as_ref().map_err(String::clone)?;
        contained(|| {
            let file = File::open(path).map_err(|error| error.to_string())?;
            let reader = SerializedFileReader::new(file).map_err(|error| error.to_string())?;
            let schema = projection(reader.metadata().file_metadata().schema(), &[&self.camera])?;
            let (mut first_row, mut number) = (0, 0);
            for group in reader.metadata().row_groups() {
                let rows = usize::try_from(group.num_rows()).unwrap_or(0);
                if row < first_row + rows {
                    break;
                }
                (first_row, number) = (first_row + rows, number + 1);
            }
            if number >= reader.num_row_groups() {
                return Err("no such row".to_owned());
            }
            let group = reader.get_row_group(number).map_err(|error| error.to_string())?;
            let rows = group.get_row_iter(Some(schema)).map_err(|error| error.to_string())?;
            let files = rows.map(|row| {
                let row = row.map_err(|error| error.to_string())?;
                Ok(row.get_column_iter().next().map_or(Stored::Nothing, |(_, field)| stored(field)))
            });
            let files = files.collect::<Result<Vec<Stored>, String>>()?;
            Ok(Group { table, first_row, files })
        })
    }
}

/// The file in a field: bytes alone, or a structure of bytes and path, of which either may be absent.
fn stored(field: &Field) -> Stored {
    match field {
        Field::Bytes(bytes) => Stored::Bytes(bytes.data().to_vec()),
        Field::Str(path) => Stored::Path(path.clone()),
        Field::Group(row) => {
            let parts: Vec<Stored> = row.get_column_iter().map(|(_, field)| stored(field)).collect();
            let is_bytes = |part: &&Stored| matches!(part, Stored::Bytes(bytes) if !bytes.is_empty());
            let is_path = |part: &&Stored| matches!(part, Stored::Path(_));
            parts.iter().find(is_bytes).or_else(|| parts.iter().find(is_path)).cloned().unwrap_or(Stored::Nothing)
        }
        _ => Stored::Nothing,
    }
}

impl Pictures for ParquetPictures {
    fn read(&self, picture: &PictureRef) -> Result<RgbImage, String> {
        picture::decode(&self.file(picture)?)
    }

    fn size(&self, picture: &PictureRef) -> Result<Size, String> {
        picture::header_size(&self.file(picture)?)
    }

    fn check(&self, picture: &PictureRef) -> Result<Size, String> {
        let file = self.file(picture)?;
        picture::check_whole(&file)?;
        picture::header_size(&file)
    }

    fn jpeg(&self, picture: &PictureRef) -> Result<Option<Vec<u8>>, String> {
        let file = self.file(picture)?;
        picture::check_whole(&file)?;
        Ok((image::guess_format(&file).ok() == Some(image::ImageFormat::Jpeg)).then_some(file))
    }
}
