//! Encoded frames behind one another in a file. Videos and containers are whole only with the index at their end: their
//! frames are spooled first, so that a conversion can go on where it was, and put together when all are there.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use super::sink::Passing;
use crate::model::error::RecordingError;

/// Length of the picture, time, curvature, speed, and whether a video can be entered here.
const HEAD_BYTES: usize = 4 + 8 + 4 + 4 + 1;

/// A frame as it is spooled; a label that is not known is NaN in the file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spooled {
    pub bytes: Vec<u8>,
    pub is_key: bool,
    pub time_secs: f64,
    pub curvature: Option<f32>,
    pub speed_mps: Option<f32>,
}

impl Spooled {
    pub fn new(bytes: Vec<u8>, is_key: bool, passing: &Passing) -> Self {
        let curvature = passing.steering.map(|steering| steering.0);
        Self { bytes, is_key, time_secs: passing.time_secs, curvature, speed_mps: passing.speed_mps }
    }
}

/// A spool that grows by one frame at a time.
pub(super) struct Spool {
    path: PathBuf,
    file: File,
}

impl Spool {
    /// Begins a spool, or goes on behind so many frames of it.
    pub fn open(path: PathBuf, frames: usize) -> Result<Self, RecordingError> {
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let file = opened.map_err(RecordingError::io(&path, "cannot open"))?;
        let end = end_of(&file, frames).map_err(RecordingError::io(&path, "cannot go on with"))?;
        let mut spool = Self { path, file };
        let cut = spool.file.set_len(end).and_then(|()| spool.file.seek(SeekFrom::Start(end)));
        cut.map_err(RecordingError::io(&spool.path, "cannot cut"))?;
        Ok(spool)
    }

    pub fn append(&mut self, frame: &Spooled) -> Result<(), RecordingError> {
        let label = |value: Option<f32>| value.unwrap_or(f32::NAN).to_le_bytes();
        let mut bytes = Vec::with_capacity(HEAD_BYTES + frame.bytes.len());
        bytes.extend((frame.bytes.len() as u32).to_le_bytes());
        bytes.extend(frame.time_secs.to_le_bytes());
        bytes.extend(label(frame.curvature));
        bytes.extend(label(frame.speed_mps));
        bytes.push(u8::from(frame.is_key));
        bytes.extend_from_slice(&frame.bytes);
        self.file.write_all(&bytes).map_err(RecordingError::io(&self.path, "cannot write"))
    }

    /// All frames from the first on.
    pub fn frames(mut self) -> Result<impl Iterator<Item = Result<Spooled, RecordingError>>, RecordingError> {
        let path = self.path;
        self.file.seek(SeekFrom::Start(0)).map_err(RecordingError::io(&path, "cannot read"))?;
        let mut reader = BufReader::new(self.file);
        Ok(std::iter::from_fn(move || match read_frame(&mut reader) {
            Ok(frame) => Some(Ok(frame)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
            Err(error) => Some(Err(RecordingError::io(&path, "cannot read")(error))),
        }))
    }
}

/// The offset at which so many frames end.
fn end_of(file: &File, frames: usize) -> io::Result<u64> {
    let mut reader = BufReader::new(file);
    for _ in 0..frames {
        let (len, _) = read_head(&mut reader)?;
        reader.seek_relative(i64::from(len))?;
    }
    reader.stream_position()
}

/// Length of the picture, and the frame without it.
fn read_head(reader: &mut impl Read) -> io::Result<(u32, Spooled)> {
    let len = u32::from_le_bytes(read_array(reader)?);
    let time_secs = f64::from_le_bytes(read_array(reader)?);
    let label = |bytes| Some(f32::from_le_bytes(bytes)).filter(|value| !value.is_nan());
    let (curvature, speed_mps) = (label(read_array(reader)?), label(read_array(reader)?));
    let is_key = read_array::<1>(reader)? != [0];
    Ok((len, Spooled { bytes: Vec::new(), is_key, time_secs, curvature, speed_mps }))
}

fn read_array<const N: usize>(reader: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_frame(reader: &mut impl Read) -> io::Result<Spooled> {
    let (len, frame) = read_head(reader)?;
    let mut bytes = vec![0; len as usize];
    reader.read_exact(&mut bytes)?;
    Ok(Spooled { bytes, ..frame })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(number: u8) -> Spooled {
        let curvature = (number > 0).then_some(f32::from(number) / 100.0);
        Spooled {
            bytes: vec![number; 7],
            is_key: number == 0,
            time_secs: f64::from(number),
            curvature,
            speed_mps: None,
        }
    }

    #[test]
    fn a_spool_goes_on_behind_the_frames_that_are_done() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("spool");
        let mut spool = Spool::open(path.clone(), 0).unwrap();
        (0..3).for_each(|number| spool.append(&frame(number)).unwrap());
        spool.file.write_all(&[1, 2, 3]).unwrap();
        let mut spool = Spool::open(path, 2).unwrap();
        spool.append(&frame(9)).unwrap();
        let frames: Vec<Spooled> = spool.frames().unwrap().map(Result::unwrap).collect();
        assert_eq!(frames, [frame(0), frame(1), frame(9)]);
    }

    #[test]
    fn a_spool_that_is_shorter_than_its_journal_says_so() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Spool::open(dir.path().join("spool"), 1).is_err());
    }
}
