//! Bags of ROS 2 (rosbag2): an SQLite data base of topics and messages; also where zstd has packed each message, or the file
//! as a whole.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};
use tempfile::NamedTempFile;

use super::definitions::definition;
use crate::formats::mcap::McapFiles;
use crate::formats::messages::{self, ChannelFacts, Container, Full, MessagePlace, Scan};
use crate::formats::parts;
use crate::media::source::Source;
use crate::model::entry::Log;
use crate::model::error::RecordingError;
use crate::model::options::RecordingOptions;

/// Nanoseconds in a second.
const NANOS: f64 = 1e9;

/// The first bytes of what zstd has packed (RFC 8878); a message in CDR begins with 0.
const ZSTD: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// A larger message is refused: 64 megapixels of bare colours fit.
const MAX_MESSAGE_BYTES: u64 = 256 << 20;

/// A larger file is not unpacked: it would fill the disk.
const MAX_FILE_BYTES: u64 = 256 << 30;

pub(super) fn read(source: &Source, options: &RecordingOptions) -> Result<Log, RecordingError> {
    let names = parts(source, &["db3", "zstd"])?;
    let mut scan = Scan::new(options.columns.steering.as_deref(), options.columns.speed.as_deref());
    let mut files = Vec::new();
    for (number, name) in (0..).zip(&names) {
        let path = source.folder.resolve(name)?;
        let unreadable = |got: String| RecordingError::Unreadable {
            path: source.folder.path().join(name),
            place: "whole file".to_owned(),
            expected: "a ROS 2 bag in SQLite or MCAP".to_owned(),
            got,
        };
        let file = BagFile::open(path).map_err(unreadable)?;
        file.scan(number, &mut scan).map_err(unreadable)?;
        files.push(file);
    }
    let name = names.first().map_or("", String::as_str);
    messages::log(source, options, scan.into_index(), Arc::new(BagFiles { files }), name)
}

/// The files of one recording.
#[derive(Debug)]
struct BagFiles {
    files: Vec<BagFile>,
}

impl Container for BagFiles {
    fn message(&self, place: MessagePlace) -> Result<Vec<u8>, String> {
        let file = self.files.get(usize::from(place.file)).ok_or("no such file")?;
        match &file.store {
            Store::Mcap(mcap) => mcap.message(MessagePlace { file: 0, ..place }),
            Store::Sqlite(connection) => {
                let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                let message =
                    connection.query_row("SELECT data FROM messages WHERE id = ?1", [place.record as i64], |row| {
                        row.get_ref(0)?.as_blob().map(<[u8]>::to_vec).map_err(rusqlite::Error::from)
                    });
                unpacked(message.map_err(|error| error.to_string())?)
            }
        }
    }
}

/// One file.
struct BagFile {
    store: Store,
    /// The file as a whole, where zstd had packed it; it goes with this.
    _unpacked: Option<NamedTempFile>,
}

enum Store {
    Sqlite(Mutex<Connection>),
    Mcap(McapFiles),
}

impl fmt::Debug for BagFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BagFile").finish_non_exhaustive()
    }
}

impl BagFile {
    fn open(path: PathBuf) -> Result<Self, String> {
        let unpacked = if begins_with(&path, &ZSTD)? { Some(unpack_file(&path)?) } else { None };
        let path = unpacked.as_ref().map_or(path, |file| file.path().to_owned());
        let store = if begins_with(&path, mcap::MAGIC)? {
            Store::Mcap(McapFiles::new(vec![path]))
        } else {
            Store::Sqlite(Mutex::new(open_data_base(&path)?))
        };
        Ok(Self { store, _unpacked: unpacked })
    }

    fn scan(&self, number: u16, scan: &mut Scan) -> Result<(), String> {
        match &self.store {
            Store::Mcap(mcap) => mcap.scan_as(0, number, scan),
            Store::Sqlite(connection) => {
                let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                scan_data_base(&connection, number, scan).map_err(|error| error.to_string())?
            }
        }
    }
}

fn begins_with(path: &Path, magic: &[u8]) -> Result<bool, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut head = Vec::new();
    file.take(magic.len() as u64).read_to_end(&mut head).map_err(|error| error.to_string())?;
    Ok(head == magic)
}

/// The file that zstd has packed, in the system's folder for such.
fn unpack_file(path: &Path) -> Result<NamedTempFile, String> {
    let unpack = || -> io::Result<NamedTempFile> {
        let mut file = NamedTempFile::new()?;
        let mut decoder = zstd::Decoder::new(File::open(path)?)?.take(MAX_FILE_BYTES);
        io::copy(&mut decoder, &mut file)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    };
    unpack().map_err(|error| format!("cannot be unpacked: {error}"))
}

/// A data base is only read. Where its recorder was killed, what it had written ahead needs a folder that can be written:
/// elsewhere the data base is read as it is.
fn open_data_base(path: &Path) -> Result<Connection, String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let plain = Connection::open_with_flags(path, flags).map_err(|error| error.to_string())?;
    let is_read = plain.query_row("SELECT count(*) FROM topics", [], |row| row.get::<_, i64>(0));
    is_read.map(|_| plain).map_err(|error| error.to_string())
}

/// Goes through topics and messages.
fn scan_data_base(connection: &Connection, number: u16, scan: &mut Scan) -> rusqlite::Result<Result<(), String>> {
    let definitions = stated_definitions(connection);
    let id = |topic: i64| u32::from(number) << 16 | (topic as u32 & 0xFFFF);
    let mut topics = connection.prepare("SELECT id, name, type, serialization_format FROM topics")?;
    let mut rows = topics.query([])?;
    while let Some(row) = rows.next()? {
        let (topic, name, schema): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let encoding: String = row.get(3)?;
        let built_in = || definition(&schema);
        scan.channel(&ChannelFacts {
            id: id(topic),
            topic: &name,
            schema: &schema,
            message_encoding: &encoding,
            schema_encoding: "ros2msg",
            definition: definitions.get(&schema).cloned().unwrap_or_else(built_in).as_bytes(),
            stated: None,
        });
    }
    let mut messages = connection.prepare("SELECT id, topic_id, timestamp, data FROM messages")?;
    let mut rows = messages.query([])?;
    while let Some(row) = rows.next()? {
        let (record, topic, nanos): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let data = row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?;
        let Ok(data) = unpacked(data.to_vec()) else {
            scan.index.damaged_records += 1;
            continue;
        };
        let place = MessagePlace { file: number, record: record as u64, within: None };
        if scan.message(id(topic), place, nanos as f64 / NANOS, &data) == Err(Full) {
            return Ok(Err("more than 4 million pictures".to_owned()));
        }
    }
    Ok(Ok(()))
}

/// The definitions of types that a bag states itself, as those since 2023 do.
fn stated_definitions(connection: &Connection) -> BTreeMap<String, String> {
    let read = || -> rusqlite::Result<BTreeMap<String, String>> {
        let query = "SELECT topic_type, encoded_message_definition FROM message_definitions WHERE encoding = 'ros2msg'";
        let mut statement = connection.prepare(query)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    };
    // Older bags have no such table.
    read().unwrap_or_default()
}

/// A message, unpacked where zstd had packed it alone.
fn unpacked(message: Vec<u8>) -> Result<Vec<u8>, String> {
    if !message.starts_with(&ZSTD) {
        return Ok(message);
    }
    let decoder = zstd::Decoder::new(&message[..]).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    decoder.take(MAX_MESSAGE_BYTES).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_frame::RgbImage;
    use lane_fuzz::survives_broken_copies;

    fn jpeg(level: u8) -> Vec<u8> {
        let mut bytes = io::Cursor::new(Vec::new());
        RgbImage::from_pixel(16, 8, image::Rgb([level; 3])).write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    }

    /// Three pictures with their steering, each message as `pack` makes it.
    fn bag(path: &Path, pack: impl Fn(Vec<u8>) -> Vec<u8>) {
        let connection = Connection::open(path).unwrap();
        let tables =
            "CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT, type TEXT, serialization_format TEXT, qos TEXT);
             CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER, data BLOB);
             INSERT INTO topics VALUES (1, '/camera', 'sensor_msgs/msg/CompressedImage', 'cdr', '');
             INSERT INTO topics VALUES (2, '/drive', 'ackermann_msgs/msg/AckermannDrive', 'cdr', '');";
        connection.execute_batch(tables).unwrap();
        let counted = |bytes: &[u8]| [&(bytes.len() as u32).to_le_bytes()[..], bytes].concat();
        for i in 0..3_u8 {
            let picture =
                [&[0, 1, 0, 0][..], &[0; 8], &counted(b"\0\0\0\0"), &counted(b"jpg\0"), &counted(&jpeg(40 * i))]
                    .concat();
            let drive =
                [&[0, 1, 0, 0][..], &(f32::from(i) / 8.0).to_le_bytes(), &[0; 4], &2.5_f32.to_le_bytes(), &[0; 8]]
                    .concat();
            for (topic, data) in [(1, picture), (2, drive)] {
                let time = 1_700_000_000_000_000_000 + i64::from(i) * 50_000_000;
                let row = (topic, time, pack(data));
                connection.execute("INSERT INTO messages(topic_id, timestamp, data) VALUES (?1, ?2, ?3)", row).unwrap();
            }
        }
    }

    fn open(path: &Path) -> Result<Log, RecordingError> {
        read(&Source::of_file(path).unwrap(), &RecordingOptions::default())
    }

    #[test]
    fn bags_are_read_plain_and_packed_by_message_and_by_file() {
        let dir = tempfile::tempdir().unwrap();
        let [plain, by_message, by_file] = ["a.db3", "b.db3", "c.db3.zstd"].map(|name| dir.path().join(name));
        bag(&plain, |data| data);
        bag(&by_message, |data| zstd::encode_all(&data[..], 1).unwrap());
        std::fs::write(&by_file, zstd::encode_all(File::open(&plain).unwrap(), 1).unwrap()).unwrap();
        for path in [plain, by_message, by_file] {
            let log = open(&path).unwrap();
            let rows: Vec<_> = log.rows.iter().map(|row| (row.value.unwrap(), row.speed_mps.unwrap())).collect();
            assert_eq!(rows, [(0.0, 2.5), (0.125, 2.5), (0.25, 2.5)], "{path:?}");
            let level = log.pictures.read(&log.rows[2].picture).unwrap().get_pixel(4, 4)[1];
            assert!(level.abs_diff(80) < 3, "{path:?}: {level}");
        }
    }

    #[test]
    fn what_is_no_bag_is_refused_in_one_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db3");
        for content in [&b""[..], b"SQLite format 3\0", b"hello"] {
            std::fs::write(&path, content).unwrap();
            let message = open(&path).unwrap_err().to_string();
            assert!(message.contains("expected a ROS 2 bag") && !message.contains('\n'), "{message}");
        }
    }

    #[test]
    fn broken_bags_are_survived() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db3");
        bag(&path, |data| data);
        let whole = std::fs::read(&path).unwrap();
        survives_broken_copies(&whole, |bytes| {
            std::fs::write(&path, bytes).unwrap();
            if let Ok(log) = open(&path) {
                log.rows.iter().take(10).for_each(|row| drop(log.pictures.read(&row.picture)));
            }
        });
    }
}
