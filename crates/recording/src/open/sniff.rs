//! The format of a file by its name and, where names do not tell, by its first lines.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::formats::{READERS, Reader};
use crate::media::folder::{numbered_lines, plain_text};
use crate::media::table::is_preamble;

/// As much of a table as tells its kind.
const SNIFFED_BYTES: u64 = 4096;

/// Lines that tell it: a header, and the first row.
const SNIFFED_LINES: usize = 2;

/// Reader of a file.
pub(super) fn reader_of_file(path: &Path) -> Option<&'static Reader> {
    let name = path.file_name()?.to_str()?;
    READERS.into_iter().find(|reader| reader.mark.has_name(name)).or_else(|| reader_of_table(path))
}

/// Reader of a table by its first lines.
fn reader_of_table(path: &Path) -> Option<&'static Reader> {
    let (name, head) = (path.file_name()?.to_str()?, table_head(path));
    let lines: Vec<&[u8]> = head.iter().map(Vec::as_slice).collect();
    let is_one = |reader: &&Reader| !lines.is_empty() && reader.table.is_some_and(|table| table.fits(name, &lines));
    READERS.into_iter().find(is_one)
}

/// The lines that tell a table's kind; none of what is no plain file.
pub(super) fn table_head(path: &Path) -> Vec<Vec<u8>> {
    let text = plain_text(head(path).unwrap_or_default());
    let lines = numbered_lines(&text).map(|(_, line)| line).filter(|line| !is_preamble(line));
    lines.map(<[u8]>::to_vec).take(SNIFFED_LINES).collect()
}

/// The first bytes of a plain file.
fn head(path: &Path) -> Option<Vec<u8>> {
    // Asked before opening: a named pipe would block for ever.
    path.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let mut head = Vec::new();
    File::open(path).ok()?.take(SNIFFED_BYTES).read_to_end(&mut head).ok()?;
    Some(head)
}
