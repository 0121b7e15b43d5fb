//! Messages on a byte stream: `len: u32` and `kind: u8`, then `len` bytes. Every number is little-endian.

use anyhow::{Context as _, bail, ensure};
use std::io::{ErrorKind, Read, Write};

/// Version of the protocol: the first four bytes of HELLO and of WELCOME.
pub const VERSION: u32 = 1;

/// Kind of a message, with the byte for it. Those of the client are below 128.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// `version: u32`, then settings as a JSON object.
    Hello = 1,
    /// `reset: u8[n]`, 1 where an episode begins; `seed: u32[n]`, of its road.
    Reset = 2,
    /// `action: f32[n]`, from -1 to 1, left positive; then `reset` and `seed`: a world that begins an episode takes no step.
    Step = 3,
    /// `world: u32`, `width: u32`, `height: u32`.
    Render = 4,
    /// `version: u32`, then a JSON object.
    Welcome = 129,
    /// `reward: f32[n]`, `state: f32[n][columns]`, `terminated: u8[n]`, `truncated: u8[n]`, `pictures: u8[n][height][width][3]`.
    Obs = 130,
    /// `width: u32`, `height: u32`, `picture: u8[height][width][3]`.
    Picture = 131,
    /// One sentence in UTF-8.
    Error = 255,
}

impl Kind {
    const ALL: [Self; 8] =
        [Self::Hello, Self::Reset, Self::Step, Self::Render, Self::Welcome, Self::Obs, Self::Picture, Self::Error];

    /// Its name in the documentation.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hello => "HELLO",
            Self::Reset => "RESET",
            Self::Step => "STEP",
            Self::Render => "RENDER",
            Self::Welcome => "WELCOME",
            Self::Obs => "OBS",
            Self::Picture => "PICTURE",
            Self::Error => "ERROR",
        }
    }
}

/// Reads a message of at most `most` bytes into `body`; gives its kind, and `None` where the stream ends before it.
///
/// # Errors
/// When the stream ends inside the message or cannot be read, its kind is none of [`Kind`], or it is longer than `most`:
/// then nothing of it was read or allocated but the header.
pub fn read(stream: &mut impl Read, most: usize, body: &mut Vec<u8>) -> anyhow::Result<Option<Kind>> {
    let mut first = [0; 1];
    loop {
        match stream.read(&mut first) {
            Ok(0) => return Ok(None),
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    let mut rest = [0; 4];
    stream.read_exact(&mut rest).context("the stream ends inside the header of a message")?;
    let ([a], [b, c, d, kind]) = (first, rest);
    let len = u32::from_le_bytes([a, b, c, d]) as usize;
    let known = Kind::ALL.into_iter().find(|known| *known as u8 == kind);
    let kind = known.with_context(|| format!("{kind} is no kind of message"))?;
    ensure!(len <= most, "{} of {len} bytes: expected at most {most}", kind.name());
    body.clear();
    let got = stream.take(len as u64).read_to_end(body)?;
    ensure!(got == len, "the stream ends inside {}: {got} of {len} bytes", kind.name());
    Ok(Some(kind))
}

/// Writes a message whose body is these parts in a row.
///
/// # Errors
/// When it is longer than 4 GiB, or the stream cannot be written.
pub fn write(stream: &mut impl Write, kind: Kind, parts: &[&[u8]]) -> anyhow::Result<()> {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    let Ok(len) = u32::try_from(len) else { bail!("{} of {len} bytes is too long", kind.name()) };
    let [a, b, c, d] = len.to_le_bytes();
    stream.write_all(&[a, b, c, d, kind as u8])?;
    for part in parts {
        stream.write_all(part)?;
    }
    stream.flush()?;
    Ok(())
}

/// Little-endian numbers of a body, from its front on.
pub(super) struct Body<'a>(pub(super) &'a [u8]);

impl<'a> Body<'a> {
    /// The next bytes.
    ///
    /// # Errors
    /// When there are fewer.
    pub(super) fn bytes(&mut self, count: usize) -> anyhow::Result<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(count).context("the message is too short")?;
        self.0 = rest;
        Ok(front)
    }

    /// The next numbers of four bytes.
    ///
    /// # Errors
    /// When there are fewer.
    pub(super) fn words(&mut self, count: usize) -> anyhow::Result<impl Iterator<Item = [u8; 4]> + use<'a>> {
        Ok(self.bytes(4 * count)?.as_chunks().0.iter().copied())
    }

    /// The next number.
    ///
    /// # Errors
    /// When the message ends before it.
    pub(super) fn u32(&mut self) -> anyhow::Result<u32> {
        self.words(1)?.next().map(u32::from_le_bytes).context("the message is too short")
    }

    /// Refuses bytes that are left.
    ///
    /// # Errors
    /// When there are some.
    pub(super) fn end(self) -> anyhow::Result<()> {
        ensure!(self.0.is_empty(), "the message has {} bytes too many", self.0.len());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_length_kind_and_body() {
        let mut stream = Vec::new();
        write(&mut stream, Kind::Step, &[&[7, 8], &[9]]).unwrap();
        assert_eq!(stream, [3, 0, 0, 0, 3, 7, 8, 9]);
        let mut body = vec![1; 10];
        assert_eq!(read(&mut &*stream, 3, &mut body).unwrap(), Some(Kind::Step));
        assert_eq!(body, [7, 8, 9]);
        assert_eq!(read(&mut &[][..], 3, &mut body).unwrap(), None);
    }

    #[test]
    fn a_message_that_is_too_long_is_refused_before_anything_is_allocated_for_it() {
        let header = [0xFF, 0xFF, 0xFF, 0xFF, 1];
        let mut body = Vec::new();
        let error = read(&mut &header[..], 1000, &mut body).unwrap_err();
        assert_eq!(error.to_string(), "HELLO of 4294967295 bytes: expected at most 1000");
        assert_eq!(body.capacity(), 0);
    }

    #[test]
    fn a_message_that_promises_more_than_it_has_takes_no_more_memory_than_it_has() {
        let mut stream = vec![0, 0, 0, 0x40, 1];
        stream.extend([5; 100]);
        let mut body = Vec::new();
        let error = read(&mut &*stream, usize::MAX, &mut body).unwrap_err();
        assert_eq!(error.to_string(), "the stream ends inside HELLO: 100 of 1073741824 bytes");
        assert!(body.capacity() < 4096, "{}", body.capacity());
    }

    #[test]
    fn numbers_are_read_from_the_front_and_none_may_be_left_or_missing() {
        let mut body = Body(&[1, 0, 0, 0, 2, 0, 0, 0, 9]);
        assert_eq!(body.u32().unwrap(), 1);
        assert!(body.words(2).is_err());
        assert_eq!(body.words(1).unwrap().collect::<Vec<_>>(), [[2, 0, 0, 0]]);
        assert_eq!(body.end().unwrap_err().to_string(), "the message has 1 bytes too many");
    }
}
