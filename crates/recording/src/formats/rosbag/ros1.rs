//! Bags of ROS 1 (<https://wiki.ros.org/Bags/Format/2.0>): records with headers of named fields; messages lie in chunks,
//! which may be packed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::formats::messages::{self, ChannelFacts, Container, Full, MessagePlace, Scan};
use crate::formats::parts;
use crate::media::contained::contained;
use crate::media::source::Source;
use crate::model::entry::Log;
use crate::model::error::RecordingError;
use crate::model::options::RecordingOptions;

const MAGIC: &[u8] = b"#ROSBAG V2.0\n";

/// The beginning of every bag, before its version.
const ANY_MAGIC: &[u8] = b"#ROSBAG V";

/// Larger headers and chunks are refused before memory is taken for them: 64 megapixels of bare colours fit.
const MAX_HEADER_BYTES: u32 = 1 << 20;
const MAX_CHUNK_BYTES: u32 = 256 << 20;

/// Kinds of records.
const MESSAGE: u8 = 2;
const CHUNK: u8 = 5;
const CONNECTION: u8 = 7;

pub(super) fn read(source: &Source, options: &RecordingOptions) -> Result<Log, RecordingError> {
    let names = parts(source, &["bag"])?;
    let paths = names.iter().map(|name| source.folder.resolve(name)).collect::<Result<Vec<PathBuf>, _>>()?;
    let bags = Bags { paths, last: Mutex::new(None) };
    let mut scan = Scan::new(options.columns.steering.as_deref(), options.columns.speed.as_deref());
    for (file, name) in (0..).zip(&names) {
        let path = source.folder.path().join(name);
        bags.scan(file, &mut scan).map_err(|refusal| match refusal {
            Refusal::Damaged(got) => {
                let (place, expected) = ("whole file".to_owned(), "a ROS 1 bag".to_owned());
                RecordingError::Unreadable { path, place, expected, got }
            }
            Refusal::Version(version) => RecordingError::Unsupported {
                path,
                expected: "a ROS 1 bag of version 2.0".to_owned(),
                got: format!("a ROS bag of version {version}"),
                way_out: "bring it to version 2.0 with rosbag fix".to_owned(),
            },
        })?;
    }
    let name = names.first().map_or("", String::as_str).to_owned();
    messages::log(source, options, scan.into_index(), Arc::new(bags), &name)
}

/// The files of one recording.
#[derive(Debug)]
struct Bags {
    paths: Vec<PathBuf>,
    /// The chunk read last, by its file and offset: pictures follow one another in it.
    last: Mutex<Option<LoadedChunk>>,
}

/// File and offset of a chunk, and its records.
type LoadedChunk = ((u16, u64), Vec<u8>);

/// Why a file is not read.
#[derive(Debug)]
enum Refusal {
    Damaged(String),
    Version(String),
}

impl From<String> for Refusal {
    fn from(reason: String) -> Self {
        Self::Damaged(reason)
    }
}

impl Bags {
    fn open(&self, file: u16) -> Result<BufReader<File>, String> {
        let path = self.paths.get(usize::from(file)).ok_or("no such file")?;
        File::open(path).map(BufReader::new).map_err(|error| error.to_string())
    }

    /// Goes through a file once. What comes before a cut or damaged record is kept.
    fn scan(&self, file: u16, scan: &mut Scan) -> Result<(), Refusal> {
        let mut reader = self.open(file)?;
        check_magic(&mut reader)?;
        let mut way = Way { file, scan };
        loop {
            let offset = reader.stream_position().map_err(|error| error.to_string())?;
            match next_record(&mut reader) {
                Ok(None) => return Ok(()),
                Ok(Some(record)) if record.kind() == Some(CHUNK) => match unpack(&record) {
                    Ok(chunk) => way.chunk(offset, &chunk)?,
                    Err(_) => way.scan.index.damaged_chunks += 1,
                },
                Ok(Some(record)) => way.plain(&record, None)?,
                Err(_) if way.scan.has_pictures() => {
                    way.scan.index.damaged_records += 1;
                    return Ok(());
                }
                Err(reason) => return Err(Refusal::Damaged(reason)),
            }
        }
    }

    fn chunk(&self, place: MessagePlace) -> Result<Vec<u8>, String> {
        let mut reader = self.open(place.file)?;
        reader.seek(SeekFrom::Start(place.record)).map_err(|error| error.to_string())?;
        unpack(&next_record(&mut reader)?.ok_or("the file is cut short")?)
    }
}

impl Container for Bags {
    fn message(&self, place: MessagePlace) -> Result<Vec<u8>, String> {
        let key = (place.file, place.record);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref().is_none_or(|(known, _)| *known != key) {
            // Let go first, so that two chunks are never held.
            *last = None;
            *last = Some((key, self.chunk(place)?));
        }
        let chunk = last.as_ref().map_or(&[][..], |(_, chunk)| chunk);
        let from = place.within.map_or(0, |within| within as usize);
        let mut rest = chunk.get(from..).ok_or("message is gone from its chunk")?;
        Ok(next_record(&mut rest)?.ok_or("message is gone from its chunk")?.data)
    }
}

fn check_magic(reader: &mut impl Read) -> Result<(), Refusal> {
    let mut magic = [0; MAGIC.len()];
    let read = reader.read_exact(&mut magic);
    if read.is_ok() && magic == MAGIC {
        return Ok(());
    }
    match magic.strip_prefix(ANY_MAGIC) {
        Some(version) => Err(Refusal::Version(String::from_utf8_lossy(version).trim().to_owned())),
        None => Err(Refusal::Damaged("another kind of file".to_owned())),
    }
}

/// One record: the fields of its header, and what is behind.
#[derive(Debug)]
struct BagRecord {
    fields: BTreeMap<String, Vec<u8>>,
    data: Vec<u8>,
}

impl BagRecord {
    fn kind(&self) -> Option<u8> {
        self.fields.get("op")?.first().copied()
    }

    fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.fields.get(name)?).ok()
    }

    fn connection(&self) -> Option<u32> {
        Some(u32::from_le_bytes(*self.fields.get("conn")?.first_chunk()?))
    }

    /// Seconds and nanoseconds of a message's record.
    fn time_secs(&self) -> Option<f64> {
        let time = self.fields.get("time")?;
        let (secs, nanos) = (time.first_chunk()?, time.get(4..)?.first_chunk()?);
        Some(f64::from(u32::from_le_bytes(*secs)) + f64::from(u32::from_le_bytes(*nanos)) / 1e9)
    }
}

/// The next record; `None` at the end.
fn next_record(reader: &mut impl Read) -> Result<Option<BagRecord>, String> {
    let Some(header) = block(reader, MAX_HEADER_BYTES)? else { return Ok(None) };
    let fields = fields(&header).ok_or("a header that is none")?;
    let data = block(reader, MAX_CHUNK_BYTES)?.ok_or("a record cut short")?;
    Ok(Some(BagRecord { fields, data }))
}

/// Bytes behind their length; `None` at the end of the file.
fn block(reader: &mut impl Read, max_bytes: u32) -> Result<Option<Vec<u8>>, String> {
    let mut length = [0; 4];
    match reader.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read.map_err(|error| error.to_string())?,
    }
    let length = u32::from_le_bytes(length);
    if length > max_bytes {
        return Err(format!("a part of {length} bytes, {max_bytes} at most are taken"));
    }
    let mut bytes = Vec::new();
    // Memory grows as far as the file bears the length out.
    reader.take(length.into()).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() < length as usize { Err("a record cut short".to_owned()) } else { Ok(Some(bytes)) }
}

/// Fields `name=value`, each behind its length.
fn fields(mut header: &[u8]) -> Option<BTreeMap<String, Vec<u8>>> {
    let mut fields = BTreeMap::new();
    while let Some((length, rest)) = header.split_first_chunk() {
        let (field, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        let equals = field.iter().position(|&byte| byte == b'=')?;
        fields.insert(String::from_utf8_lossy(&field[..equals]).into_owned(), field[equals + 1..].to_vec());
        header = rest;
    }
    Some(fields)
}

/// The records of a chunk.
fn unpack(record: &BagRecord) -> Result<Vec<u8>, String> {
    let size = record.fields.get("size").and_then(|size| size.first_chunk()).map(|size| u32::from_le_bytes(*size));
    let size = size.filter(|&size| size <= MAX_CHUNK_BYTES).ok_or("a chunk without a size that is taken")?;
    let data = &record.data[..];
    let mut chunk = Vec::new();
    let limit = u64::from(size);
    let unpacked = contained(|| match record.text("compression") {
        Some("none") => data.take(limit).read_to_end(&mut chunk).map_err(|error| error.to_string()),
        Some("bz2") => {
            bzip2::read::BzDecoder::new(data).take(limit).read_to_end(&mut chunk).map_err(|error| error.to_string())
        }
        Some("lz4") => {
            let decoder = lz4::Decoder::new(data).map_err(|error| error.to_string())?;
            decoder.take(limit).read_to_end(&mut chunk).map_err(|error| error.to_string())
        }
        other => Err(format!("a chunk packed by {}", other.unwrap_or("nothing that it names"))),
    })?;
    if unpacked < size as usize { Err("a chunk cut short".to_owned()) } else { Ok(chunk) }
}

/// A way through one file.
struct Way<'a, 'b> {
    file: u16,
    scan: &'a mut Scan<'b>,
}

impl Way<'_, '_> {
    fn chunk(&mut self, offset: u64, chunk: &[u8]) -> Result<(), String> {
        let mut rest = chunk;
        loop {
            let within = (chunk.len() - rest.len()) as u32;
            match next_record(&mut rest) {
                Ok(Some(record)) => self.plain(&record, Some((offset, within)))?,
                Ok(None) => return Ok(()),
                Err(_) => {
                    self.scan.index.damaged_records += 1;
                    return Ok(());
                }
            }
        }
    }

    fn plain(&mut self, record: &BagRecord, place: Option<(u64, u32)>) -> Result<(), String> {
        match (record.kind(), record.connection(), place) {
            (Some(CONNECTION), Some(connection), _) => self.connection(connection, record),
            (Some(MESSAGE), Some(connection), Some((record_at, within))) => {
                let (id, Some(time_secs)) = (self.id(connection), record.time_secs()) else {
                    self.scan.index.damaged_records += 1;
                    return Ok(());
                };
                let place = MessagePlace { file: self.file, record: record_at, within: Some(within) };
                let taken = self.scan.message(id, place, time_secs, &record.data);
                return taken.map_err(|Full| "more than 4 million pictures".to_owned());
            }
            _ => {}
        }
        Ok(())
    }

    /// Connections are numbered anew in each file, and there are no more than a few thousand.
    fn id(&self, connection: u32) -> u32 {
        u32::from(self.file) << 16 | (connection & 0xFFFF)
    }

    fn connection(&mut self, connection: u32, record: &BagRecord) {
        let Some(described) = fields(&record.data) else { return };
        let text = |name: &str| described.get(name).and_then(|text| std::str::from_utf8(text).ok());
        let (Some(topic), Some(schema)) = (record.text("topic"), text("type")) else { return };
        self.scan.channel(&ChannelFacts {
            id: self.id(connection),
            topic,
            schema,
            message_encoding: "ros1",
            schema_encoding: "ros1msg",
            definition: described.get("message_definition").map_or(&[][..], Vec::as_slice),
            stated: None,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::pictures::PictureRef;
    use lane_frame::RgbImage;
    use lane_fuzz::survives_broken_copies;
    use std::path::Path;

    fn field(name: &str, value: &[u8]) -> Vec<u8> {
        let len = (name.len() + 1 + value.len()) as u32;
        [&len.to_le_bytes()[..], name.as_bytes(), b"=", value].concat()
    }

    fn record(fields: &[Vec<u8>], data: &[u8]) -> Vec<u8> {
        let header = fields.concat();
        [&(header.len() as u32).to_le_bytes()[..], &header, &(data.len() as u32).to_le_bytes(), data].concat()
    }

    fn connection(number: u32, topic: &str, schema: &str, definition: &str) -> Vec<u8> {
        let described = [field("type", schema.as_bytes()), field("message_definition", definition.as_bytes())].concat();
        record(
            &[field("op", &[CONNECTION]), field("conn", &number.to_le_bytes()), field("topic", topic.as_bytes())],
            &described,
        )
    }

    fn message(number: u32, millis: u32, data: &[u8]) -> Vec<u8> {
        let time = [(1_700_000_000 + millis / 1000).to_le_bytes(), (millis % 1000 * 1_000_000).to_le_bytes()].concat();
        record(&[field("op", &[MESSAGE]), field("conn", &number.to_le_bytes()), field("time", &time)], data)
    }

    fn jpeg(level: u8) -> Vec<u8> {
        let mut bytes = io::Cursor::new(Vec::new());
        RgbImage::from_pixel(16, 8, image::Rgb([level; 3])).write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    }

    /// Three pictures, each with its steering, from this number on.
    fn bag(compression: &str, first: u32) -> Vec<u8> {
        let picture = "uint8[] data\n";
        let mut chunk = connection(0, "/camera", "sensor_msgs/CompressedImage", picture);
        chunk.extend(connection(1, "/steering", "std_msgs/Float64", "float64 data\n"));
        for i in first..first + 3 {
            let jpeg = jpeg(40 * i as u8);
            chunk.extend(message(0, 50 * i, &[&(jpeg.len() as u32).to_le_bytes()[..], &jpeg].concat()));
            chunk.extend(message(1, 50 * i, &(f64::from(i) / 10.0).to_le_bytes()));
        }
        let packed = match compression {
            "bz2" => {
                let mut packed = Vec::new();
                bzip2::read::BzEncoder::new(&chunk[..], bzip2::Compression::fast()).read_to_end(&mut packed).unwrap();
                packed
            }
            "lz4" => {
                let mut encoder = lz4::EncoderBuilder::new().build(Vec::new()).unwrap();
                io::Write::write_all(&mut encoder, &chunk).unwrap();
                encoder.finish().0
            }
            _ => chunk.clone(),
        };
        let size = (chunk.len() as u32).to_le_bytes();
        let chunk = [field("op", &[CHUNK]), field("compression", compression.as_bytes()), field("size", &size)];
        [MAGIC, &record(&[field("op", &[3])], &[b' '; 64]), &record(&chunk, &packed)].concat()
    }

    fn open(path: &Path) -> Result<Log, RecordingError> {
        let source = if path.is_dir() { Source::of_folder(path) } else { Source::of_file(path) };
        read(&source.unwrap(), &RecordingOptions::default())
    }

    fn level(log: &Log, row: usize) -> u8 {
        log.pictures.read(&log.rows[row].picture).unwrap().get_pixel(4, 4)[1]
    }

    #[test]
    fn chunks_of_every_packing_give_pictures_and_labels() {
        for compression in ["none", "bz2", "lz4"] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("drive.bag");
            std::fs::write(&path, bag(compression, 0)).unwrap();
            let log = open(&path).unwrap();
            let values: Vec<f64> = log.rows.iter().map(|row| row.value.unwrap()).collect();
            assert_eq!(values, [0.0, 0.1, 0.2], "{compression}");
            assert!(level(&log, 2).abs_diff(80) < 3 && level(&log, 1).abs_diff(40) < 3, "{compression}");
            assert!(log.pictures.read(&PictureRef::Frame { stream: 0, index: 3 }).is_err());
        }
    }

    #[test]
    fn the_files_of_a_split_bag_are_one_recording() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("drive_0.bag"), bag("none", 0)).unwrap();
        std::fs::write(dir.path().join("drive_1.bag"), bag("lz4", 3)).unwrap();
        let log = open(dir.path()).unwrap();
        assert_eq!(log.rows.len(), 6);
        assert!(level(&log, 5).abs_diff(200) < 3 && level(&log, 0) < 3);
        let recording = crate::Recording::open(dir.path()).unwrap();
        assert_eq!((recording.len(), recording.drives().len()), (6, 1));
    }

    #[test]
    fn a_bag_of_an_older_version_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("drive.bag");
        std::fs::write(&path, b"#ROSBAG V1.2\n####").unwrap();
        let message = open(&path).unwrap_err().to_string();
        assert!(message.contains("a ROS bag of version 1.2; bring it to version 2.0"), "{message}");
    }

    #[test]
    fn a_bag_cut_short_keeps_what_came_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("drive.bag");
        let whole = bag("none", 0);
        let two = [&whole[..], &bag("none", 3)[MAGIC.len()..]].concat();
        std::fs::write(&path, &two[..two.len() - 40]).unwrap();
        let log = open(&path).unwrap();
        assert_eq!((log.rows.len(), log.skipped.values().sum::<usize>()), (3, 1), "{:?}", log.skipped);
    }

    #[test]
    fn broken_bags_are_survived() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("drive.bag");
        for compression in ["none", "bz2", "lz4"] {
            survives_broken_copies(&bag(compression, 0), |bytes| {
                std::fs::write(&path, bytes).unwrap();
                if let Ok(log) = open(&path) {
                    log.rows.iter().take(10).for_each(|row| drop(log.pictures.read(&row.picture)));
                }
            });
        }
    }
}
