//! Files that no honest program writes.

use std::io::{Cursor, Read as _, Write as _};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// A zip archive whose entries lie in it as they are.
pub fn archive(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        writer.start_file(name.as_str(), stored).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The entries of an archive.
pub fn entries(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(Cursor::new(archive)).unwrap();
    let indices = 0..archive.len();
    let read = |index| {
        let mut entry = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (entry.name().unwrap().into_owned(), bytes)
    };
    indices.map(read).collect()
}

/// A checkpoint of this pickle, with `numbers` as storage `0`.
pub fn checkpoint(pickle: &[u8], numbers: &[u8]) -> Vec<u8> {
    archive(&[("archive/data.pkl".into(), pickle.to_vec()), ("archive/data/0".into(), numbers.to_vec())])
}

/// The pickle of one tensor `w`, a view of storage `0` that claims to hold `stored` numbers of `kind`.
pub fn tensor(kind: &str, stored: u64, shape: &[u64], strides: &[u64]) -> Vec<u8> {
    let mut pickle = b"\x80\x02}".to_vec();
    pickle.extend(entry("w", kind, stored, shape, strides));
    pickle.push(b'.');
    pickle
}

/// The opcodes that put such a tensor into the dict on top of the stack.
pub fn entry(name: &str, kind: &str, stored: u64, shape: &[u64], strides: &[u64]) -> Vec<u8> {
    let mut pickle = text(name);
    pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
    pickle.extend(text("storage"));
    pickle.extend(format!("ctorch\n{kind}\n").bytes());
    pickle
        .extend([text("0"), text("cpu"), number(stored), b"tQK\0".to_vec(), extents(shape), extents(strides)].concat());
    pickle.extend(b"\x89NtRs");
    pickle
}

fn extents(extents: &[u64]) -> Vec<u8> {
    let items: Vec<u8> = extents.iter().flat_map(|extent| number(*extent)).collect();
    [b"(", items.as_slice(), b"t"].concat()
}

/// BINUNICODE.
pub fn text(text: &str) -> Vec<u8> {
    [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
}

/// LONG1 of nine bytes, so that every number is positive.
fn number(number: u64) -> Vec<u8> {
    [b"\x8a\x09", &number.to_le_bytes()[..], b"\0"].concat()
}
