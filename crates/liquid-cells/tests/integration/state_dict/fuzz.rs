//! Spoiled files: whatever is in them, a state dict of finite numbers comes out, or one line that says why not.
//!
//! `LIQUID_LANE_FUZZ_SECS=600 cargo test --release -- --nocapture spoiled` goes on for that long per reader, with
//! another seed each time, and prints the number of cases.

use super::spoil::{self, EDGES, change, hold_of_all, noise, spoiled};
use super::{forge, torch_file};
use liquid_cells::interchange::StateDict;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::io::Write as _;
use tempfile::NamedTempFile;

/// What must hold of any file.
fn hold(bytes: &[u8]) -> Result<(), TestCaseError> {
    // A new file for each: to overwrite one waits for the disk on some file systems.
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let path = file.path();
    match StateDict::read(path) {
        Ok(dict) => {
            prop_assert!(dict.iter().all(|(_, array)| array.values.iter().all(|value| value.is_finite())));
            let again = StateDict::from_safetensors(&dict.to_safetensors(), path);
            prop_assert_eq!(again.map_err(|error| error.to_string()), Ok(dict));
        }
        Err(error) => {
            let message = error.to_string();
            prop_assert!(message.starts_with(&format!("{}: ", path.display())), "names the file: {message}");
            prop_assert!(!message.contains('\n') && message.len() < 1000, "one line: {message}");
        }
    }
    Ok(())
}

/// A safetensors file whose header is sound JSON: tensors one after the other, but for an offset here and there.
fn described() -> impl Strategy<Value = Vec<u8>> {
    let extent = prop_oneof![4 => 0..4_u64, 1 => select(&EDGES[..])];
    let dtype = select(&[("F32", 4_u64), ("F64", 8), ("F16", 2), ("BF16", 2), ("U8", 1), ("BOOL", 1), ("I64", 8)][..]);
    let offset = prop_oneof![9 => Just(None), 1 => select(&EDGES[..]).prop_map(Some)];
    let tensor = (select(&["a", "b", "c"][..]), dtype, vec(extent, 0..4), offset.clone(), offset);
    (vec(tensor, 0..5), 0..9_u8).prop_map(|(tensors, filling)| {
        let mut end = 0_u64;
        let entries: Vec<String> = tensors
            .iter()
            .map(|(name, (dtype, bytes), shape, first, last)| {
                let start = first.unwrap_or(end);
                end = shape.iter().fold(*bytes, |product, extent| product.wrapping_mul(*extent)).wrapping_add(start);
                end = last.unwrap_or(end);
                format!("\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape:?},\"data_offsets\":[{start},{end}]}}")
            })
            .collect();
        let numbers = vec![filling; end.min(4096) as usize];
        spoil::safetensors(&format!("{{{}}}", entries.join(",")), &numbers)
    })
}

#[test]
fn a_spoiled_safetensors_file_is_read_or_refused() {
    const SNIPPETS: &[&[u8]] = &[
        b"\"",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"-1",
        b"1e999",
        b"null",
        b"18446744073709551615",
        b"\\u0000",
        b"\xff",
        b"\"F64\"",
        b"\"I64\"",
        b"\"F4\"",
        b"\"shape\":[",
        b"\"data_offsets\":[0,0],",
        b"\"__metadata__\":{},",
        b"\"w\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},",
        b"\xff\xff\xc0\x7f",
    ];
    let whole = StateDict::read(&torch_file("zip.pt")).unwrap().to_safetensors();
    let (length, rest) = whole.split_at(8);
    let (header, numbers) = rest.split_at(u64::from_le_bytes(length.try_into().unwrap()) as usize);
    let numbers = numbers.to_vec();
    // Changes to the header that its length follows get further than those it does not.
    let in_header = spoiled(vec![header.to_vec()], SNIPPETS)
        .prop_map(move |header| [&(header.len() as u64).to_le_bytes()[..], &header, &numbers].concat());
    let starts: &[&[u8]] = &[b"", b"\x10\0\0\0\0\0\0\0{", b"\x02\0\0\0\0\0\0\0{}"];
    let strategy = prop_oneof![
        3 => spoiled(vec![whole.clone()], SNIPPETS),
        3 => in_header,
        3 => described(),
        1 => noise(starts),
    ];
    hold_of_all("safetensors", strategy, hold);
}

#[test]
fn a_spoiled_checkpoint_is_read_or_refused() {
    /// Opcodes that may stand in a state dict's pickle.
    const OPCODES: &[&[u8]] = &[
        b"(",
        b")",
        b"}",
        b"]",
        b"t",
        b"\x85",
        b"\x86",
        b"\x87",
        b"a",
        b"e",
        b"s",
        b"u",
        b"b",
        b"R",
        b"Q",
        b"N",
        b"\x88",
        b"q\x01",
        b"h\x01",
        b"h\x02",
        b"\x94",
        b"K\x00",
        b"K\x01",
        b"J\xff\xff\xff\xff",
        b"\x8f",
        b"\x90",
        b"\x91",
        b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"X\x01\0\0\0w",
        b"X\x07\0\0\0storage",
        b"\x8c\x010",
        b"ccollections\nOrderedDict\n",
        b"ctorch._utils\n_rebuild_tensor_v2\n",
        b"ctorch._utils\n_rebuild_tensor_v3\n",
        b"ctorch._utils\n_rebuild_parameter\n",
        b"ctorch\nDoubleStorage\n",
        b"ctorch\nUntypedStorage\n",
        b"ctorch\nfloat64\n",
        b"\x8c\x05torch\x8c\x0cFloatStorage\x93",
    ];
    let foreign: &[&[u8]] = &[
        b".",
        b"0",
        b"2",
        b"\x82",
        b"cposix\nsystem\n",
        b"X\xff\xff\xff\xffw",
        b"\x8b\xff\xff\xff\x7f",
        b"PK\x01\x02",
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"PK\x06\x06",
    ];
    let file = |name: &str| std::fs::read(torch_file(name)).unwrap();
    let zips = vec![file("zip.pt"), file("zip_protocol_4.pt"), file("lightning.pt"), file("parameters.pt")];
    let parts: Vec<_> = zips.iter().map(|zip| forge::entries(zip)).collect();
    // A changed pickle whose archive has the right checksum gets further than one whose archive has not.
    let in_pickle = (select(parts), vec(change(OPCODES), 1..4)).prop_map(|(mut parts, changes)| {
        let (_, pickle) = parts.iter_mut().find(|(name, _)| name.ends_with("data.pkl")).unwrap();
        changes.iter().for_each(|change| change.make(pickle));
        forge::archive(&parts)
    });
    let tensor = forge::tensor("FloatStorage", 16, &[2, 3], &[4, 1]);
    let tensor = tensor[2..tensor.len() - 1].to_vec();
    let program = vec(prop_oneof![9 => select(OPCODES).prop_map(<[u8]>::to_vec), 1 => Just(tensor)], 0..60)
        .prop_map(|opcodes| forge::checkpoint(&[b"\x80\x02", opcodes.concat().as_slice(), b"."].concat(), &[0; 64]));
    let starts: &[&[u8]] =
        &[b"PK\x03\x04", b"\x80\x02", b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."];
    let strategy = prop_oneof![
        2 => spoiled(zips, foreign),
        4 => in_pickle,
        2 => spoiled(vec![file("pickles.pt")], OPCODES),
        1 => spoiled(vec![file("pickles.pt")], foreign),
        2 => program,
        1 => noise(starts),
    ];
    hold_of_all("torch.save", strategy, hold);
}
