//! The packets of MPEG transport streams (ITU-T H.222.0): 188 bytes each, of which those of one number hold the video.
//! Camcorders put four bytes before each, some broadcasters sixteen behind.

const PACKET: usize = 188;
const SYNC: u8 = 0x47;

/// Bytes from one packet to the next, and before each.
const STRIDES: [(usize, usize); 3] = [(188, 0), (192, 4), (204, 0)];

/// Packets at a file's beginning that show it to be such a stream.
const PACKETS_LOOKED_AT: usize = 3;

/// How a file is made of packets, and which of them hold the video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Transport {
    pub stride: usize,
    before: usize,
    /// The packets' number; 0, which no video has, until it is known.
    pub number: u16,
}

impl Transport {
    /// By the first bytes of a file.
    pub fn of(head: &[u8]) -> Option<Self> {
        let is_one = |&&(stride, before): &&(usize, usize)| {
            (0..PACKETS_LOOKED_AT).all(|packet| head.get(packet * stride + before) == Some(&SYNC))
        };
        STRIDES.iter().find(is_one).map(|&(stride, before)| Self { stride, before, number: 0 })
    }

    /// The packet in a stretch of [`Self::stride`] bytes.
    pub fn packet(self, bytes: &[u8]) -> Option<Packet<'_>> {
        Packet::parse(bytes.get(self.before..self.before + PACKET)?)
    }

    /// The bytes of one frame out of its packets and those between them.
    pub fn frame(self, bytes: &[u8]) -> Vec<u8> {
        let mut frame = Vec::with_capacity(bytes.len());
        for (count, packet) in bytes.chunks(self.stride).filter_map(|bytes| self.packet(bytes)).enumerate() {
            if packet.number != self.number {
                continue;
            }
            let payload = match packet.begins {
                true if count > 0 && !frame.is_empty() => break,
                true => Pes::parse(packet.payload).map_or(packet.payload, |pes| pes.payload),
                false => packet.payload,
            };
            frame.extend_from_slice(payload);
        }
        frame
    }
}

/// A packet with something in it.
pub(super) struct Packet<'a> {
    pub number: u16,
    /// True where a frame begins, behind a header of its own.
    pub begins: bool,
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Takes a packet apart (2.4.3.2); `None` for what is damaged, encrypted or without payload.
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let &[SYNC, high, low, flags, ..] = bytes else { return None };
        let (has_error, is_encrypted) = (high & 0x80 != 0, flags & 0xC0 != 0);
        let (has_adaptation, has_payload) = (flags & 0x20 != 0, flags & 0x10 != 0);
        if has_error || is_encrypted || !has_payload {
            return None;
        }
        let start = if has_adaptation { 5 + usize::from(*bytes.get(4)?) } else { 4 };
        let number = u16::from(high & 0x1F) << 8 | u16::from(low);
        Some(Self { number, begins: high & 0x40 != 0, payload: bytes.get(start..)? })
    }
}

/// The header of a frame (2.4.3.6), and what is behind it in its first packet.
pub(super) struct Pes<'a> {
    pub is_video: bool,
    /// When it is shown, in ticks.
    pub shown_at: Option<i64>,
    pub payload: &'a [u8],
}

impl<'a> Pes<'a> {
    /// Takes the header of a frame apart; `None` where there is none.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let &[0, 0, 1, kind, _, _, _, flags, len, ..] = bytes else { return None };
        let shown_at = || {
            let &[a, b, c, d, e] = bytes.get(9..14)?.first_chunk()?;
            let [a, b, c, d, e] = [a, b, c, d, e].map(i64::from);
            Some((a >> 1 & 7) << 30 | b << 22 | (c >> 1) << 15 | d << 7 | e >> 1)
        };
        let shown_at = (flags & 0x80 != 0).then(shown_at).flatten();
        let payload = bytes.get(9 + usize::from(len)..)?;
        Some(Self { is_video: kind & 0xF0 == 0xE0, shown_at, payload })
    }
}
