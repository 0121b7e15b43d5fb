//! One row of a recording, before and after it got its place on the time line.

use std::fmt;
use std::sync::Arc;

use crate::model::camera_view::CameraGuess;
use crate::model::label::LabelProfile;
use crate::model::pictures::{PictureRef, Pictures};
use crate::model::skip::{SkipReason, Skipped};
use crate::model::timeline::{Clock, Instant};
use lane_frame::Steering;

/// One usable entry of a recording: everything but its picture.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Seconds since the recording's first entry, strictly increasing; gaps between drives are closed to one step.
    pub time_secs: f64,
    /// The recorded steering as path curvature; `None` where the recording has no label.
    pub steering: Option<Steering>,
    /// The steering as it was recorded, in the unit and with the sign of the recording's [`LabelProfile`].
    pub recorded_value: Option<f64>,
    /// Speed over ground in m/s, where known.
    pub speed_mps: Option<f32>,
    /// Who steered, where the recording says so.
    pub steered_by: Option<Steerer>,
    /// Where in the recording's files the entry stands.
    pub place: Place,
    pub(crate) picture: PictureRef,
}

/// Who or what a recorded steering came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steerer {
    /// A person at the wheel or the stick.
    Person,
    /// A policy.
    Machine,
}

/// A part of one of the recording's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// File name, relative to the recording's folder.
    pub file: Arc<str>,
    /// Number of the part: lines count from 1, frames and messages from 0, as their tools count them.
    pub number: usize,
    part: &'static str,
}

impl Place {
    pub(crate) fn line(file: &Arc<str>, number: usize) -> Self {
        Self { file: Arc::clone(file), number, part: "line" }
    }

    pub(crate) fn frame(file: &Arc<str>, number: usize) -> Self {
        Self { file: Arc::clone(file), number, part: "frame" }
    }

    pub(crate) fn record(file: &Arc<str>, number: usize) -> Self {
        Self { file: Arc::clone(file), number, part: "record" }
    }

    pub(crate) fn picture(file: &Arc<str>, number: usize) -> Self {
        Self { file: Arc::clone(file), number, part: "picture" }
    }

    pub(crate) fn message(file: &Arc<str>, number: usize) -> Self {
        Self { file: Arc::clone(file), number, part: "message" }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.file, self.part, self.number)
    }
}

/// A usable row as its reader found it.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Capture time on the recorder's own clock; only differences mean anything.
    pub recorded_ms: f64,
    /// The steering as recorded: a finite number in the unit of the log's label profile.
    pub value: Option<f64>,
    pub speed_mps: Option<f32>,
    pub place: Place,
    pub picture: PictureRef,
    /// True where the recording says that another drive begins; jumps of the time are detected without.
    pub starts_drive: bool,
    pub steered_by: Option<Steerer>,
}

impl Row {
    pub fn instant(&self) -> Instant {
        Instant { recorded_ms: self.recorded_ms, starts_drive: self.starts_drive }
    }
}

/// The result of a format's reader: all rows in recorded order, and how they are to be taken.
#[derive(Debug)]
pub(crate) struct Log {
    pub rows: Vec<Row>,
    pub skipped: Skipped,
    pub pictures: Box<dyn Pictures>,
    /// `None` where the recording has pictures and no steering.
    pub label: Option<LabelProfile>,
    /// Column or field that the steering was read from, where that was chosen.
    pub label_name: Option<String>,
    pub camera: CameraGuess,
    pub clock: Clock,
    /// Remark on the times, for whoever asks how sure they are; mostly empty.
    pub time_note: String,
}

/// Splits judged rows into the usable ones and the counts of the others.
pub(crate) fn sort_out(judged: impl IntoIterator<Item = Result<Row, SkipReason>>) -> (Vec<Row>, Skipped) {
    let (mut rows, mut skipped) = (Vec::new(), Skipped::new());
    for row in judged {
        match row {
            Ok(row) => rows.push(row),
            Err(reason) => *skipped.entry(reason).or_default() += 1,
        }
    }
    (rows, skipped)
}
