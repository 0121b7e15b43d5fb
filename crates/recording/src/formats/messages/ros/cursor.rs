//! The two ways in which the fields of a message follow each other.

/// The layout of a message's fields, one behind the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::formats) enum Layout {
    /// Without gaps, little-endian.
    Ros1,
    /// Each number at a multiple of its size, after four bytes that tell the byte order.
    Cdr,
}

/// A number's kind, and its bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Unsigned(usize),
    Signed(usize),
    Float(usize),
}

impl Number {
    /// The count of bytes that it takes.
    pub fn bytes(self) -> usize {
        match self {
            Self::Unsigned(bytes) | Self::Signed(bytes) | Self::Float(bytes) => bytes,
        }
    }
}

/// A place in a message's bytes.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    pub position: usize,
    layout: Layout,
    is_big_endian: bool,
    /// Numbers lie at multiples of no more than this.
    largest_alignment: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(message: &'a [u8], layout: Layout) -> Option<Self> {
        let mut cursor = Self { bytes: message, position: 0, layout, is_big_endian: false, largest_alignment: 8 };
        if layout == Layout::Cdr {
            let (&[_, representation, _, _], bytes) = message.split_first_chunk()?;
            cursor.bytes = bytes;
            cursor.is_big_endian = representation & 1 == 0;
            // The second version of the encoding aligns to 4 bytes at most.
            cursor.largest_alignment = if representation >= 6 { 4 } else { 8 };
        }
        Some(cursor)
    }

    pub fn align(&mut self, bytes: usize) {
        if self.layout == Layout::Cdr {
            self.position = self.position.next_multiple_of(bytes.clamp(1, self.largest_alignment));
        }
    }

    pub fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let end = self.position.checked_add(len)?;
        let taken = self.bytes.get(self.position..end)?;
        self.position = end;
        Some(taken)
    }

    /// The number before a text or a run of elements that tells how long it is.
    pub fn length(&mut self) -> Option<usize> {
        self.number(Number::Unsigned(4)).map(|length| length as usize)
    }

    pub fn number(&mut self, number: Number) -> Option<f64> {
        self.align(number.bytes());
        let taken = self.take(number.bytes())?;
        let mut little = [0; 8];
        little[..taken.len()].copy_from_slice(taken);
        if self.is_big_endian {
            little[..taken.len()].reverse();
        }
        let bits = u64::from_le_bytes(little);
        // Shifted to the top and back, so that the sign fills what is above a short number.
        let above = 64 - 8 * taken.len() as u32;
        Some(match number {
            Number::Unsigned(_) => bits as f64,
            Number::Signed(_) => ((bits << above).cast_signed() >> above) as f64,
            Number::Float(4) => f64::from(f32::from_bits(bits as u32)),
            Number::Float(_) => f64::from_bits(bits),
        })
    }
}
