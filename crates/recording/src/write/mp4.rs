//! H.264 in MP4, with a table of labels beside it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::csv::label_fields;
use super::sink::{Appended, Encoded, Passing, Sink, label_table, move_to_place};
use super::spool::{Spool, Spooled};
use crate::Recording;
use crate::media::video::{EncodedFrame, VideoEncoder, write_mp4};
use crate::model::error::RecordingError;
use lane_frame::Size;

/// H.264, and the table of labels that lies beside the video in the end.
pub(super) struct Mp4Sink {
    encoder: VideoEncoder,
    spool: Spool,
    /// The video until it is moved to its place; its table has the same name but for the extension.
    path: PathBuf,
    has_labels: bool,
    size: Size,
    frames_per_sec: f64,
}

impl Mp4Sink {
    pub fn open(from: &Recording, path: &Path, frames: usize) -> Result<Self, RecordingError> {
        let (size, frames_per_sec) = (from.picture_size(), 1e3 / from.timing().step_ms());
        let refused = |got| RecordingError::Unwritable {
            path: path.to_owned(),
            place: "video".to_owned(),
            expected: "pictures that can be encoded".to_owned(),
            got,
        };
        let encoder = VideoEncoder::new(size, frames_per_sec).map_err(refused)?;
        let spool = Spool::open(path.with_extension("spool"), frames)?;
        let (path, has_labels) = (path.with_extension("mp4"), from.label().is_some());
        Ok(Self { encoder, spool, path, has_labels, size, frames_per_sec })
    }
}

impl Sink for Mp4Sink {
    fn append(&mut self, passing: Passing) -> Result<Appended, RecordingError> {
        let Encoded::Pixels(image) = &passing.picture else { return Ok(Appended::Refused) };
        // A picture of another size, which a video cannot hold.
        let Ok(EncodedFrame { bytes, is_key }) = self.encoder.encode(image) else { return Ok(Appended::Refused) };
        self.spool.append(&Spooled::new(bytes, is_key, &passing))?;
        Ok(Appended::Whole)
    }

    fn finish(self: Box<Self>, out: &Path) -> Result<(), RecordingError> {
        let Self { spool, path, size, frames_per_sec, has_labels, .. } = *self;
        let table_path = path.with_extension("csv");
        let unwritable = || RecordingError::io(&table_path, "cannot write");
        let mut table = LabelTable::create(&table_path, has_labels).map_err(unwritable())?;
        let frames = spool.frames()?.map(|frame| {
            let frame = frame?;
            table.append(&frame).map_err(unwritable())?;
            Ok((frame.time_secs, EncodedFrame { bytes: frame.bytes, is_key: frame.is_key }))
        });
        write_mp4(&path, size, frames_per_sec, frames)?;
        table.writer.flush().map_err(unwritable())?;
        // The table first: where the video is, the conversion was whole.
        fs::rename(&table_path, label_table(out)).map_err(RecordingError::io(out, "cannot move the labels beside"))?;
        move_to_place(&path, out)
    }
}

/// Frame by frame what a video cannot hold: its labels, and times with gaps.
struct LabelTable {
    writer: BufWriter<File>,
    has_labels: bool,
    frames: usize,
}

impl LabelTable {
    fn create(path: &Path, has_labels: bool) -> io::Result<Self> {
        let mut writer = BufWriter::new(File::create(path)?);
        writeln!(writer, "frame,time,{}speed_mps", if has_labels { "curvature," } else { "" })?;
        Ok(Self { writer, has_labels, frames: 0 })
    }

    fn append(&mut self, frame: &Spooled) -> io::Result<()> {
        let curvature = self.has_labels.then_some(frame.curvature);
        writeln!(self.writer, "{},{}", self.frames, label_fields(frame.time_secs, curvature, frame.speed_mps))?;
        self.frames += 1;
        Ok(())
    }
}
