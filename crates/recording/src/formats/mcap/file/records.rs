//! The records of an MCAP file one after the other, by `mcap`, at no more memory than they really take.

use std::io::Read;

use mcap::records::op;
use mcap::sans_io::{LinearReadEvent, LinearReader, LinearReaderOptions};

/// A longer chunk or message is refused: 64 megapixels of JPEG fit.
const MAX_RECORD_BYTES: usize = 128 << 20;

/// Read in pieces, so that a claimed length takes memory only as far as the file bears it out.
const READ_BYTES: usize = 1 << 18;

/// Opcode and length.
pub(super) const HEADER_BYTES: u64 = 9;

/// Why going through the records ended early.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The file ends in the middle of a record, as where a recorder lost power.
    Cut,
    /// There is more of use in the file than is taken.
    Full,
    /// In words.
    Because(String),
}

impl From<String> for Stop {
    fn from(reason: String) -> Self {
        Self::Because(reason)
    }
}

/// Calls back with offset, opcode and content of each record of a file, chunks whole.
pub(super) fn of_file(file: impl Read, mut handle: impl FnMut(u64, u8, &[u8]) -> Result<(), Stop>) -> Result<(), Stop> {
    let mut offset = mcap::MAGIC.len() as u64;
    // Recorders that stop at once write no end; everything of use comes before it.
    let options = options().with_emit_chunks(true).with_skip_end_magic(true);
    go_through(file, options, |opcode, record| {
        handle(offset, opcode, record)?;
        offset += HEADER_BYTES + record.len() as u64;
        Ok(())
    })
}

/// Calls back with opcode and content of each record in a chunk. Where its writer left a checksum nothing is called
/// back of a chunk that does not agree with it: its numbers may be any.
pub(super) fn of_chunk(chunk: &[u8], handle: impl FnMut(u8, &[u8]) -> Result<(), Stop>) -> Result<(), Stop> {
    let options = options().with_skip_start_magic(true).with_skip_end_magic(true).with_prevalidate_chunk_crcs(true);
    let header: Vec<u8> = [op::CHUNK].into_iter().chain((chunk.len() as u64).to_le_bytes()).collect();
    go_through(header.as_slice().chain(chunk), options, handle)
}

fn options() -> LinearReaderOptions {
    LinearReaderOptions::default().with_record_length_limit(MAX_RECORD_BYTES)
}

fn go_through(
    mut source: impl Read,
    options: LinearReaderOptions,
    mut handle: impl FnMut(u8, &[u8]) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut reader = LinearReader::new_with_options(options);
    while let Some(event) = reader.next_event() {
        match event {
            Ok(LinearReadEvent::ReadRequest(wanted)) => {
                let into = reader.insert(wanted.clamp(1, READ_BYTES));
                let read = source.read(into).map_err(|error| error.to_string())?;
                reader.notify_read(read);
            }
            Ok(LinearReadEvent::Record { opcode: op::FOOTER, .. }) => return Ok(()),
            Ok(LinearReadEvent::Record { opcode, data }) => handle(opcode, data)?,
            Err(mcap::McapError::UnexpectedEof) => return Err(Stop::Cut),
            Err(error) => return Err(Stop::Because(error.to_string())),
        }
    }
    Ok(())
}
