//! The track of a video: the places of its coded frames in the file, and the order in which they are shown.
//!
//! A frame has a position, its place in the order of decoding and in the file, and a number, its place in the order of
//! showing. They differ where a frame is predicted from later ones.

use image::metadata::Orientation;

use super::colours::Colours;
use super::packets::Transport;
use lane_frame::Size;

/// More frames than that are refused before memory is taken for them: 38 hours at 30 frames a second.
pub(super) const MAX_FRAMES: u64 = 1 << 22;

/// A larger coded frame is refused: 64 megapixels of raw video fit.
pub(super) const MAX_FRAME_BYTES: u32 = 96 << 20;

/// The video stream of a file, as its container describes it.
#[derive(Debug)]
pub(super) struct Track {
    pub codec: Codec,
    pub size: Size,
    pub framing: Framing,
    /// Units that the decoder needs first and that the container holds apart from the frames.
    pub parameter_sets: Vec<Vec<u8>>,
    /// By position; empty where another program reads the file.
    pub frames: Vec<CodedFrame>,
    pub order: Order,
    /// When each frame is shown, by number; empty where the stream has no times.
    pub times_ms: Vec<f64>,
    /// The lowest numbers, decoded but not shown: an editor has cut them off.
    pub hidden: usize,
    /// The turn or mirror image in which the picture is shown.
    pub turn: Orientation,
    /// How the frames lie in packets, where those are of a transport stream.
    pub transport: Option<Transport>,
    /// What the container says of the colours, for a stream that says nothing.
    pub colours: Option<Colours>,
}

impl Track {
    /// The place of frame `number`, if it lies in a file that is read here.
    pub fn coded(&self, number: usize) -> Option<&CodedFrame> {
        self.frames.get(*self.order.positions.get(number)? as usize)
    }
}

/// The picture order count that ends in the `low` bits and is nearest to the last one (8.2.1.1 of ITU-T H.264, 8.3.1 of
/// H.265); `range` is the number of ends that these bits have.
pub(super) fn nearest_place(last: i32, low: i32, range: i32) -> i32 {
    let step = (low - last).rem_euclid(range);
    last + if step >= range / 2 { step - range } else { step }
}

/// One coded frame in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct CodedFrame {
    pub offset: u64,
    pub len: u32,
}

impl CodedFrame {
    /// Adds the frame between two places of a stream of start codes behind those before it.
    ///
    /// # Errors
    /// When it is too large, or one too many.
    pub fn push_between(frames: &mut Vec<Self>, offset: u64, end: u64) -> Result<(), String> {
        let len = u32::try_from(end - offset).ok().filter(|&len| len <= MAX_FRAME_BYTES);
        let len = len.ok_or_else(|| format!("frame {} of {} bytes", frames.len(), end - offset))?;
        if frames.len() as u64 >= MAX_FRAMES {
            return Err("more than 4 million frames".to_owned());
        }
        frames.push(Self { offset, len });
        Ok(())
    }

    /// Offset of the first byte after it.
    pub fn end(self) -> u64 {
        self.offset.saturating_add(self.len.into())
    }
}

/// The coding of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    H264,
    Hevc,
    Av1,
    Mjpeg,
    /// By the container's name for it.
    Other(String),
}

impl Codec {
    /// The coding that messages and containers name so.
    pub fn named(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "h264" | "avc" | "avc1" => Self::H264,
            "h265" | "hevc" | "hvc1" | "hev1" => Self::Hevc,
            "av1" | "av01" => Self::Av1,
            "mjpeg" | "jpeg" => Self::Mjpeg,
            _ => Self::Other(name.to_owned()),
        }
    }
}

/// The way in which the units of a coded frame are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// Each begins with its length in this many bytes, as in MP4.
    Lengths { bytes: usize },
    /// Each begins with 00 00 01, as in raw streams (annex B of both standards).
    StartCodes,
    /// A frame is handed over as it is.
    Whole,
}

impl Framing {
    /// The units of a coded frame.
    ///
    /// # Errors
    /// Says that a unit is longer than the frame.
    pub fn units(self, frame: &[u8]) -> Result<Vec<&[u8]>, String> {
        match self {
            Self::Whole => Ok(vec![frame]),
            Self::StartCodes => Ok(rusty_h265::nal::split_annex_b(frame)),
            Self::Lengths { bytes } => units_by_length(frame, bytes),
        }
    }
}

fn units_by_length(mut frame: &[u8], length_bytes: usize) -> Result<Vec<&[u8]>, String> {
    let mut units = Vec::new();
    while !frame.is_empty() {
        let cut = || "frame cut short".to_owned();
        let (length, rest) = frame.split_at_checked(length_bytes).ok_or_else(cut)?;
        let len = length.iter().fold(0, |len, &byte| len << 8 | usize::from(byte));
        let (unit, rest) = rest.split_at_checked(len).ok_or_else(cut)?;
        if !unit.is_empty() {
            units.push(unit);
        }
        frame = rest;
    }
    Ok(units)
}

/// The order of showing and where decoding can start.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// Number of the frame at each position.
    numbers: Vec<u32>,
    /// Position of each frame, by number.
    positions: Vec<u32>,
    /// Rising positions at which decoding can start: nothing there or later refers, or is shown, further back. The
    /// first is 0.
    entry_points: Vec<u32>,
}

impl Order {
    /// The order of frames that are shown by their keys, lowest first; `is_sync` tells where the container says that
    /// decoding can start.
    pub fn new<Key: Ord>(keys: &[Key], is_sync: impl Iterator<Item = bool>) -> Self {
        let mut positions: Vec<u32> = (0..keys.len() as u32).collect();
        positions.sort_by_key(|&position| &keys[position as usize]);
        let mut numbers = vec![0; keys.len()];
        for (number, &position) in positions.iter().enumerate() {
            numbers[position as usize] = number as u32;
        }
        let entry_points = entry_points(&numbers, is_sync);
        Self { numbers, positions, entry_points }
    }

    /// Number of the frame at a position.
    pub fn number(&self, position: usize) -> usize {
        self.numbers[position] as usize
    }

    /// Position of a frame.
    pub fn position(&self, number: usize) -> usize {
        self.positions[number] as usize
    }

    /// The entry points up to a position, the nearest first.
    pub fn entries_before(&self, position: usize) -> impl Iterator<Item = usize> {
        let count = self.entry_points.partition_point(|&entry| entry as usize <= position);
        self.entry_points[..count].iter().rev().map(|&entry| entry as usize)
    }

    /// The first entry point behind a position, or the end.
    pub fn entry_after(&self, position: usize) -> usize {
        let next = self.entry_points.partition_point(|&entry| entry as usize <= position);
        self.entry_points.get(next).map_or(self.numbers.len(), |&entry| entry as usize)
    }
}

fn entry_points(numbers: &[u32], is_sync: impl Iterator<Item = bool>) -> Vec<u32> {
    let mut entry_points = vec![0];
    let mut shown_before = 0;
    for (position, (&number, is_sync)) in (0..).zip(numbers.iter().zip(is_sync)) {
        // Numbers are distinct: if all at the first n positions are below n, they are exactly those, and none comes
        // later.
        if position > 0 && is_sync && number == position && shown_before == position {
            entry_points.push(position);
        }
        shown_before = shown_before.max(number + 1);
    }
    entry_points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_starts_only_where_no_frame_is_shown_across() {
        // The key frame at position 3 is shown after the frames at 4 and 5, which therefore refer further back.
        let shown_at = [0, 20, 10, 50, 30, 40, 60, 70];
        let is_sync = [true, false, false, true, false, false, true, false];
        let order = Order::new(&shown_at, is_sync.into_iter());
        assert_eq!(order.numbers, [0, 2, 1, 5, 3, 4, 6, 7]);
        assert_eq!(order.entry_points, [0, 6]);
        assert_eq!((0..8).map(|number| order.position(number)).collect::<Vec<_>>(), [0, 2, 1, 4, 5, 3, 6, 7]);
        assert_eq!(order.entries_before(7).collect::<Vec<_>>(), [6, 0]);
        assert_eq!((order.entry_after(5), order.entry_after(6)), (6, 8));
    }

    #[test]
    fn units_are_cut_by_their_lengths_and_a_length_beyond_the_frame_is_refused() {
        let by_length = Framing::Lengths { bytes: 2 };
        assert_eq!(by_length.units(&[0, 1, 7, 0, 0, 0, 2, 8, 9]).unwrap(), [&[7][..], &[8, 9]]);
        assert!(by_length.units(&[0, 3, 7]).is_err());
        assert!(by_length.units(&[0]).is_err());
        assert_eq!(Framing::StartCodes.units(&[0, 0, 1, 7, 0, 0, 0, 1, 8]).unwrap(), [&[7][..], &[8]]);
    }
}
