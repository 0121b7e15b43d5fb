//! The same recording in another format. What is read is never touched; what is written lies under another name until
//! it is whole, and goes on from where it was when it is begun again.
//!
//! Labels are written as the curvature that they stand for, in the unit of the new format. Times keep their steps; a
//! pause stands for each gap between drives, so that they stay apart. JPEGs are copied as they are.

mod csv;
mod journal;
#[cfg(feature = "mcap")]
mod mcap;
#[cfg(feature = "video")]
mod mp4;
mod picture_folder;
mod sink;
#[cfg(any(feature = "video", feature = "mcap"))]
mod spool;
mod target;
mod tub;
mod udacity;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use crate::Recording;
use crate::formats::tub_v2::encode_jpeg;
use crate::model::error::{RecordingError, Spoiled};
use crate::open::exclude::with_suffix;
use journal::Journal;
use sink::{Appended, Encoded, Passing, Sink};

pub use target::Target;

/// Pause between drives, which every reader takes for a gap.
const PAUSE_SECS: f64 = 10.0;

/// Name of what is being made, in the folder of the unfinished conversion.
const RESULT: &str = "result";

/// The outcome of a conversion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Converted {
    /// Frames in the new recording.
    pub frames: usize,
    /// Frames that were there already when this run began.
    pub resumed: usize,
    /// Entries left out of this run because their picture cannot be used, or not in the new format.
    pub spoiled: usize,
    /// Labels that the new format cannot hold: they are cut to its range.
    pub clipped: usize,
}

impl Recording {
    /// Writes this recording in another format to `out`. `done` is called with the entries passed so far.
    ///
    /// # Errors
    /// Refuses a name without the extension of the target, a recording without a frame that it can hold, to overwrite
    /// anything, to go on with the conversion of another recording, or beside another run of the same; reports a disk
    /// that is full or gone.
    pub fn convert(
        self: &Arc<Self>,
        target: Target,
        out: &Path,
        done: &mut dyn FnMut(usize),
    ) -> Result<Converted, RecordingError> {
        target.check_built(out)?;
        target.check_name(out)?;
        refuse_existing(target, out)?;
        let work = unfinished(out);
        fs::create_dir_all(&work).map_err(RecordingError::io(&work, "cannot create the folder"))?;
        let mut journal = Journal::open(&work, &self.conversion_key(target))?;
        let mut sink = target.open(self, &work.join(RESULT), journal.frames())?;
        let mut converted = Converted { resumed: journal.frames(), ..Converted::default() };
        let wants_pixels = target.wants_pixels();
        for passing in self.stream_read(journal.next_entry()..self.len(), move |it, i| it.passing(i, wants_pixels)) {
            match passing {
                Ok(passing) => pass_on(passing, &mut *sink, &mut journal, &mut converted, done)?,
                Err(_) => converted.spoiled += 1,
            }
        }
        converted.frames = journal.frames();
        let finished = if converted.frames > 0 { sink.finish(out) } else { Err(self.no_frames(target, out)) };
        drop(journal);
        if finished.is_ok() || converted.frames == 0 {
            fs::remove_dir_all(&work).map_err(RecordingError::io(&work, "cannot remove"))?;
        }
        finished.map(|()| converted)
    }

    fn no_frames(&self, target: Target, out: &Path) -> RecordingError {
        RecordingError::Unwritable {
            path: out.to_owned(),
            place: "whole recording".to_owned(),
            expected: format!("frames whose picture and label can be written as {}", target.name()),
            got: format!("none among {} entries", self.len()),
        }
    }

    /// An unfinished conversion is resumed only by one with an equal key.
    fn conversion_key(&self, target: Target) -> serde_json::Value {
        let path = self.path().canonicalize().unwrap_or_else(|_| self.path().to_owned());
        json!({
            "from": path,
            "format": self.format().id(),
            "to": target.name(),
            "entries": self.len(),
            "label": self.label().map(|label| label.to_string()),
            "step_ms": self.timing().step_ms(),
            "crop": self.view().crop,
        })
    }

    fn passing(&self, i: usize, wants_pixels: bool) -> Result<Passing, Spoiled> {
        let entry = &self.entries[i];
        let drive = self.drives().partition_point(|drive| drive.end <= i);
        let spoiled = |reason| self.spoiled(i, reason);
        let picture = match self.pictures.jpeg(&entry.picture).map_err(spoiled)? {
            Some(jpeg) if !wants_pixels => Encoded::Jpeg(jpeg),
            _ => self.encoded(i, wants_pixels)?,
        };
        Ok(Passing {
            entry: i,
            time_secs: entry.time_secs + PAUSE_SECS * drive as f64,
            steering: entry.steering,
            speed_mps: entry.speed_mps,
            picture,
        })
    }

    fn encoded(&self, i: usize, wants_pixels: bool) -> Result<Encoded, Spoiled> {
        let image = self.sample(i)?.frame.image;
        if wants_pixels {
            return Ok(Encoded::Pixels(image));
        }
        let jpeg = encode_jpeg(&image).map_err(|error| self.spoiled(i, error.to_string()))?;
        Ok(Encoded::Jpeg(jpeg))
    }
}

/// Writes one frame, and then that it is written.
fn pass_on(
    passing: Passing,
    sink: &mut dyn Sink,
    journal: &mut Journal,
    converted: &mut Converted,
    done: &mut dyn FnMut(usize),
) -> Result<(), RecordingError> {
    let entry = passing.entry;
    let appended = sink.append(passing)?;
    match appended {
        Appended::Whole => journal.note(entry)?,
        Appended::LabelClipped => {
            converted.clipped += 1;
            journal.note(entry)?;
        }
        Appended::Refused => converted.spoiled += 1,
    }
    done(entry + 1);
    Ok(())
}

fn refuse_existing(target: Target, out: &Path) -> Result<(), RecordingError> {
    for path in target.results(out) {
        if path.exists() {
            return Err(RecordingError::WouldOverwrite { path });
        }
    }
    Ok(())
}

/// The folder of a conversion until it is whole.
fn unfinished(out: &Path) -> PathBuf {
    with_suffix(out, ".unfinished")
}

#[cfg(test)]
mod tests;
