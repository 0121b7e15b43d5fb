//! Frames of a video by their number, without decoding any twice when read in order.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::Path;

use super::decode::{Decoder, Sink};
use super::decoder;
use super::packets::Transport;
use super::track::{CodedFrame, Track};
use crate::media::contained::contained;
use lane_frame::RgbImage;

/// A decoder holds back 16 frames at most, by both standards, and may give one only when the next comes in.
const LONGEST_DELAY: usize = 17;

/// The coded frames of a video, by their position in the order of decoding.
pub(crate) trait CodedFrames: Send {
    /// The bytes of a frame.
    ///
    /// # Errors
    /// Says in words why they cannot be had.
    fn load(&mut self, position: usize) -> Result<Vec<u8>, String>;
}

/// Frames that lie in a file.
struct FileFrames {
    file: File,
    frames: Vec<CodedFrame>,
}

impl CodedFrames for FileFrames {
    fn load(&mut self, position: usize) -> Result<Vec<u8>, String> {
        let coded = self.frames.get(position).ok_or("beyond the end")?;
        // Asked before memory is taken for it.
        let file_bytes = self.file.metadata().map_or(0, |metadata| metadata.len());
        if coded.end() > file_bytes {
            return Err("the file is cut short".to_owned());
        }
        let mut bytes = vec![0; coded.len as usize];
        let read = self.file.seek(SeekFrom::Start(coded.offset)).and_then(|_| self.file.read_exact(&mut bytes));
        read.map_err(|error| error.to_string())?;
        Ok(bytes)
    }
}

/// Frames that lie in packets of a file.
struct PacketFrames {
    file: File,
    /// Of each the place of its first packet, and the bytes from there to the next frame's.
    frames: Vec<CodedFrame>,
    transport: Transport,
}

impl CodedFrames for PacketFrames {
    fn load(&mut self, position: usize) -> Result<Vec<u8>, String> {
        let coded = self.frames.get(position).ok_or("beyond the end")?;
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(coded.offset)).map_err(|error| error.to_string())?;
        let read = (&mut self.file).take(coded.len.into()).read_to_end(&mut bytes);
        read.map_err(|error| error.to_string())?;
        Ok(self.transport.frame(&bytes))
    }
}

/// Reads the frames of one track.
pub(super) struct FrameReader {
    frames: Box<dyn CodedFrames>,
    decoder: Box<dyn Decoder>,
    /// Decoded frames by number: the last one asked for, and those shown later that were decoded before it.
    ready: VecDeque<(usize, RgbImage)>,
    /// Position of the next frame to decode.
    next: usize,
    /// Positions that went into the decoder and have not come out.
    held: Vec<usize>,
    /// Positions that cannot be decoded, and why.
    lost: Vec<(Range<usize>, String)>,
}

impl FrameReader {
    pub fn open(path: &Path, track: &Track) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let frames = track.frames.clone();
        match track.transport {
            Some(transport) => Self::new(Box::new(PacketFrames { file, frames, transport }), track),
            None => Self::new(Box::new(FileFrames { file, frames }), track),
        }
    }

    /// A reader of frames that lie anywhere.
    pub fn new(frames: Box<dyn CodedFrames>, track: &Track) -> Result<Self, String> {
        let decoder = contained(|| decoder::for_track(track))?;
        Ok(Self { frames, decoder, ready: VecDeque::new(), next: 0, held: Vec::new(), lost: Vec::new() })
    }

    /// Frame `number`, hidden ones included.
    ///
    /// # Errors
    /// Says why it cannot be decoded.
    ///
    /// # Panics
    /// If the track has no such frame.
    pub fn frame(&mut self, track: &Track, number: usize) -> Result<RgbImage, String> {
        let position = track.order.position(number);
        self.ready.retain(|&(ready, _)| ready >= number);
        if self.find(number).is_none() {
            self.check_lost(position)?;
            self.go_to(track, position);
            self.decode_up_to(track, number);
        }
        match self.find(number) {
            Some(image) => Ok(image.clone()),
            None => self.check_lost(position).and(Err("the decoder left it out".to_owned())),
        }
    }

    fn find(&self, number: usize) -> Option<&RgbImage> {
        self.ready.iter().find(|&&(ready, _)| ready == number).map(|(_, image)| image)
    }

    fn check_lost(&self, position: usize) -> Result<(), String> {
        match self.lost.iter().find(|(positions, _)| positions.contains(&position)) {
            Some((_, reason)) => Err(reason.clone()),
            None => Ok(()),
        }
    }

    /// Prepares for decoding up to a position: from an entry point before it, unless decoding on gets there sooner.
    fn go_to(&mut self, track: &Track, position: usize) {
        if self.held.contains(&position) {
            return;
        }
        for entry in track.order.entries_before(position) {
            if entry <= self.next && self.next <= position {
                return;
            }
            if entry == 0 || self.can_start_at(track, entry) {
                return self.start_at(track, entry);
            }
        }
    }

    /// True if the decoder, too, takes an entry point of the container for one.
    fn can_start_at(&mut self, track: &Track, entry: usize) -> bool {
        let Ok(bytes) = self.frames.load(entry) else { return false };
        track.framing.units(&bytes).is_ok_and(|units| self.decoder.can_start_at(&units))
    }

    fn start_at(&mut self, track: &Track, entry: usize) {
        self.ready.clear();
        self.held.clear();
        self.next = entry;
        // What the decoder holds back is not wanted.
        let flushed = contained(|| {
            self.decoder.flush(&mut |_, _| ());
            Ok(())
        });
        if flushed.is_err() {
            self.renew_decoder(track);
        }
    }

    fn renew_decoder(&mut self, track: &Track) {
        if let Ok(decoder) = contained(|| decoder::for_track(track)) {
            self.decoder = decoder;
        }
    }

    /// Decodes until a frame is ready, lost or overdue.
    fn decode_up_to(&mut self, track: &Track, number: usize) {
        let position = track.order.position(number);
        let end = track.frames.len().min(position + 1 + LONGEST_DELAY);
        while self.find(number).is_none() && self.next < end && self.check_lost(position).is_ok() {
            self.step(track, number);
        }
        if self.next == track.frames.len() && self.find(number).is_none() {
            self.drain(track, number);
        }
    }

    /// Decodes the next frame. After one that cannot be decoded, all up to the next entry point are given up: they
    /// refer to it.
    fn step(&mut self, track: &Track, wanted: usize) {
        let position = self.next;
        if let Err(reason) = self.decode_next(track, wanted) {
            self.drain(track, wanted);
            self.renew_decoder(track);
            self.held.clear();
            self.next = self.entry_after(track, position);
            let lost = position..self.next;
            if !self.lost.iter().any(|(known, _)| *known == lost) {
                self.lost.push((lost, format!("frame at position {position} cannot be decoded: {reason}")));
            }
        }
    }

    /// The first position behind this one at which the container and the decoder say that decoding can start, or the end.
    fn entry_after(&mut self, track: &Track, position: usize) -> usize {
        let mut entry = track.order.entry_after(position);
        while entry < track.frames.len() && !self.can_start_at(track, entry) {
            entry = track.order.entry_after(entry);
        }
        entry
    }

    /// Gets out what the decoder holds back.
    fn drain(&mut self, track: &Track, wanted: usize) {
        let drained = self.run(track, wanted, |decoder, sink| {
            decoder.flush(sink);
            Ok(())
        });
        if drained.is_err() {
            self.renew_decoder(track);
        }
    }

    fn decode_next(&mut self, track: &Track, wanted: usize) -> Result<(), String> {
        let position = self.next;
        let bytes = self.frames.load(position)?;
        let units = track.framing.units(&bytes)?;
        self.next += 1;
        self.held.push(position);
        self.run(track, wanted, |decoder, sink| decoder.decode(position, &units, sink))
    }

    /// Lets the decoder work; keeps what it gives from the wanted number on.
    fn run(
        &mut self,
        track: &Track,
        wanted: usize,
        work: impl FnOnce(&mut dyn Decoder, Sink) -> Result<(), String>,
    ) -> Result<(), String> {
        let Self { decoder, ready, held, .. } = self;
        contained(|| {
            let mut spoiled = Ok(());
            let worked = work(&mut **decoder, &mut |position, image| {
                held.retain(|&held| held != position);
                let number = track.order.number(position);
                if number >= wanted {
                    match image() {
                        Ok(image) => ready.push_back((number, image)),
                        Err(reason) => spoiled = Err(reason),
                    }
                }
            });
            worked.and(spoiled)
        })
    }
}
