//! State dicts: those that PyTorch wrote, and every way in which a file can be unusable.

mod forge;
mod fuzz;
mod spoil;

use liquid_cells::interchange::StateDict;
use std::path::{Path, PathBuf};

/// A file that torch wrote; `files/make.py` says how.
fn torch_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/state_dict/files").join(name)
}

/// What is said about a file of these bytes, after its path.
fn refusal(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.pt");
    std::fs::write(&path, bytes).unwrap();
    refusal_of(&path)
}

fn refusal_of(path: &Path) -> String {
    let message = StateDict::read(path).expect_err("the file is refused").to_string();
    assert!(!message.contains('\n') && message.len() < 1000, "one line: {message}");
    let rest = message.strip_prefix(&format!("{}: ", path.display()));
    rest.unwrap_or_else(|| panic!("names the file: {message}")).to_owned()
}

/// Holds what is said about a file against the part of it that matters.
fn refused(bytes: &[u8], part: &str) {
    let message = refusal(bytes);
    assert!(message.contains(part), "expected `{part}` in: {message}");
}

fn values(dict: &StateDict, name: &str, shape: &[usize]) -> Vec<f32> {
    let array = dict.get(name).unwrap_or_else(|| panic!("{name} is there"));
    assert_eq!(array.shape, shape, "{name}");
    array.values.clone()
}

#[test]
fn every_layout_of_torch_save_is_read() {
    for name in ["zip.pt", "zip_protocol_4.pt", "pickles.pt"] {
        let dict = StateDict::read(&torch_file(name)).unwrap();
        assert_eq!(values(&dict, "fc.weight", &[2, 3]), [1.5, -2.0, 0.25, 4.0, 5.0, -6.5], "{name}");
        assert_eq!(values(&dict, "transposed", &[3, 2]), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0], "{name}");
        assert_eq!(values(&dict, "half", &[2]), [1.0, -0.5], "{name}");
        assert_eq!(values(&dict, "brain", &[2]), [3.0, 0.125], "{name}");
        assert_eq!(values(&dict, "double", &[1]), [0.5], "{name}");
        assert_eq!(values(&dict, "mask", &[2]), [1.0, 0.0], "{name}");
        assert_eq!(values(&dict, "scalar", &[]), [7.0], "{name}");
        assert_eq!(dict.len(), 7, "{name}: the counter of a batch normalisation is left out");
    }
}

#[test]
fn weights_are_found_in_a_training_programs_checkpoint_and_keep_their_names() {
    let dict = StateDict::read(&torch_file("lightning.pt")).unwrap();
    assert_eq!(dict.names().collect::<Vec<_>>(), ["model.bias", "model.weight"]);
    assert_eq!(dict.under("model."), StateDict::read(&torch_file("linear.pt")).unwrap());
    assert_eq!(dict.under("model."), StateDict::read(&torch_file("parameters.pt")).unwrap());
    assert_eq!(values(&dict, "model.weight", &[1, 2]), [0.5, -0.25]);
}

#[test]
fn the_same_tensors_out_of_safetensors_are_the_same() {
    let torch = StateDict::read(&torch_file("zip.pt")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no.suffix");
    std::fs::write(&path, torch.to_safetensors()).unwrap();
    assert_eq!(StateDict::read(&path).unwrap(), torch);
}

#[test]
fn what_is_no_file_of_bearable_size_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refusal_of(&folder.path().join("nowhere.pt")).contains("cannot be read: No such file"));
    assert!(refusal_of(folder.path()).contains("got a folder"));
    refused(b"", "damaged: the file is empty");
    let large = folder.path().join("large.safetensors");
    std::fs::File::create(&large).unwrap().set_len((256 << 20) + 1).unwrap();
    assert!(refusal_of(&large).contains("268435457 bytes; at most 268435456"), "{}", refusal_of(&large));
}

#[test]
fn a_header_that_is_not_what_it_says_is_refused() {
    refused(b"{\"a\"", "4 bytes are not enough for a header");
    refused(&[&100_u64.to_le_bytes()[..], b"{\"w\":"].concat(), "should have 100 bytes, but only 5 follow");
    refused(&[&(4_u64 << 30).to_le_bytes()[..], b"{}"].concat(), "should have 4294967296 bytes, but only 2 follow");
    refused(&[&u64::MAX.to_le_bytes()[..], b"{}"].concat(), "should have 18446744073709551615 bytes");
    refused(b"This is a text about neurons.", "got another format");
    refused(&spoil::safetensors("{\"w\": }", &[]), "the header: expected value at line 1 column 7");
    refused(&spoil::safetensors("{\"w\":\n[1,", &[]), "the header: ");
    refused(&spoil::safetensors("[]", &[]), "expected tensors by name");
    refused(&spoil::safetensors(&"[".repeat(100_000), &[]), "the header: ");
    refused(&spoil::safetensors("{}", &[]), "got a file without a tensor");
}

#[test]
fn tensors_that_do_not_lie_in_the_file_as_the_header_says_are_refused() {
    let header = |offsets: [&str; 2], shape: &str| {
        let [a, b] = offsets;
        format!(
            "{{\"a\":{{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":{a}}},\
             \"b\":{{\"dtype\":\"F32\",\"shape\":{shape},\"data_offsets\":{b}}}}}"
        )
    };
    let of = |offsets, shape| spoil::safetensors(&header(offsets, shape), &[0; 8]);
    assert!(StateDict::from_safetensors(&of(["[0,4]", "[4,8]"], "[1]"), Path::new("sound")).is_ok());
    refused(&of(["[0,4]", "[4,12]"], "[2]"), "the tensors do not end where the file ends");
    refused(&of(["[0,4]", "[0,4]"], "[1]"), "does not start where the one before it ends");
    refused(&of(["[0,4]", "[2,6]"], "[1]"), "does not start where the one before it ends");
    refused(&of(["[0,4]", "[8,4]"], "[1]"), "tensor `b`: shape [1] of F32 takes 4 bytes, got 8 to 4");
    refused(&of(["[0,4]", "[4,8]"], "[2]"), "tensor `b`: shape [2] of F32 takes 8 bytes, got 4 to 8");
    refused(&of(["[0,4]", "[4,18446744073709551615]"], "[1]"), "tensor `b`");
    refused(&of(["[0,4]", "[4,8]"], "[4294967296,4294967296]"), "makes more numbers than can be counted");
    refused(&of(["[0,4]", "[4,8]"], "[-1]"), "the header: ");
}

#[test]
fn tensors_that_cannot_be_used_are_refused_by_name() {
    let of = |dtype: &str, numbers: &[u8]| {
        let length = numbers.len();
        let header = format!("{{\"w\":{{\"dtype\":\"{dtype}\",\"shape\":[1],\"data_offsets\":[0,{length}]}}}}");
        spoil::safetensors(&header, numbers)
    };
    refused(&of("F32", &f32::NAN.to_le_bytes()), "tensor `w`: expected numbers that are finite in 32 bits, got NaN");
    refused(
        &of("F32", &f32::NEG_INFINITY.to_le_bytes()),
        "tensor `w`: expected numbers that are finite in 32 bits, got -inf",
    );
    refused(&of("F64", &1e39_f64.to_le_bytes()), "tensor `w`: expected numbers that are finite in 32 bits, got 1e39");
    refused(&of("I64", &[0; 8]), "tensor `w`: expected real numbers, got I64");
    refused(&of("C64", &[0; 8]), "tensor `w`: expected real numbers, got C64");
    refused(&of("F7", &[0; 4]), "unknown variant `F7`");
    let entry = "\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}";
    refused(&spoil::safetensors(&format!("{{{entry},{entry}}}"), &[0; 4]), "there are two tensors `w`");
    let many: Vec<String> = (0..10_001)
        .map(|index| format!("\"{index}\":{{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}"))
        .collect();
    refused(&spoil::safetensors(&format!("{{{}}}", many.join(",")), &[]), "10001 tensors; at most 10000");
}

#[test]
fn a_pickle_with_code_in_it_is_refused_and_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let proof = folder.path().join("was_run");
    let command = [&b"cposix\nsystem\n"[..], &forge::text(&format!("touch {}", proof.display())), b"\x85R"].concat();
    let sound = forge::tensor("FloatStorage", 1, &[1], &[1]);
    let head = b"\x80\x02".as_slice();
    let alone = [head, &command, b"."].concat();
    let thrown_away = [head, &command, b"0", &sound[2..]].concat();
    let beside = [&sound[..sound.len() - 1], &forge::text("x"), &command, b"s."].concat();
    let message = "its pickle asks for `posix.system`, which no state dict needs; nothing of it was run";
    for pickle in [&alone, &thrown_away, &beside] {
        refused(&forge::checkpoint(pickle, &[0; 4]), message);
        refused(pickle, message);
    }
    let in_a_row = std::fs::read(torch_file("pickles.pt")).unwrap();
    let ordered_dict = b"ccollections\nOrderedDict\n";
    let at = in_a_row.windows(ordered_dict.len()).position(|window| window == ordered_dict).unwrap();
    refused(&[&in_a_row[..at], &command, &in_a_row[at..]].concat(), message);
    refused(&std::fs::read(torch_file("module.pt")).unwrap(), "asks for `torch.nn.modules.linear.Linear`");
    assert!(!proof.exists(), "nothing ran");
}

#[test]
fn lengths_in_a_pickle_are_held_against_the_file() {
    for (opcode, length) in
        [(&b"X"[..], &b"\xff\xff\xff\xff"[..]), (b"\x8b", b"\xff\xff\xff\x7f"), (b"\x8d", &[0xff; 8])]
    {
        let pickle = [b"\x80\x04}", opcode, length, b"w."].concat();
        refused(&forge::checkpoint(&pickle, &[]), "damaged: pickle, before byte");
        refused(&pickle, "damaged: pickle, before byte");
    }
    let in_a_row = std::fs::read(torch_file("pickles.pt")).unwrap();
    for end in [2, 20, 100, 400, in_a_row.len() - 1] {
        refused(&in_a_row[..end], "damaged: ");
    }
    refused(b"\x80\x02}.", "got a pickle that torch.save has not written");
}

#[test]
fn tensors_that_a_checkpoint_does_not_hold_are_refused() {
    let of = |kind, stored, shape, strides| forge::checkpoint(&forge::tensor(kind, stored, shape, strides), &[0; 16]);
    let folder = tempfile::tempdir().unwrap();
    let sound = folder.path().join("sound.pt");
    std::fs::write(&sound, of("FloatStorage", 4, &[2, 2], &[2, 1])).unwrap();
    assert_eq!(values(&StateDict::read(&sound).unwrap(), "w", &[2, 2]), [0.0; 4]);

    refused(&of("FloatStorage", 4, &[3, 2], &[2, 1]), "needs 6 elements, but storage '0' declares 4");
    refused(&of("FloatStorage", 1 << 40, &[1 << 40], &[1]), "damaged: ");
    refused(&of("FloatStorage", 1 << 27, &[1 << 27], &[1]), "tensor `w`: shape [134217728] makes more than");
    refused(
        &of("FloatStorage", 1 << 20, &[1 << 20], &[1]),
        "tensor `w`: Tensor with shape [1048576] requires 1048576 elements",
    );
    refused(&of("FloatStorage", u64::MAX / 4, &[u64::MAX / 4], &[1]), "damaged: ");
    refused(&of("FloatStorage", 4, &[1 << 33, 1 << 33], &[0, 0]), "overflows");
    refused(&of("FloatStorage", 4, &[2, 2], &[u64::MAX / 2, 1]), "damaged: ");
    refused(&of("FloatStorage", 4, &[2], &[2, 1]), "stride rank 2 does not match shape rank 1");
    refused(&of("FloatStorage", 4, &[1 << 30], &[0]), "makes more than the 67108864 numbers that are read");
    refused(&of("LongStorage", 2, &[2], &[1]), "tensor `w`: expected real numbers, got I64");
    refused(&of("ComplexFloatStorage", 2, &[2], &[1]), "unsupported Python type 'torch.ComplexFloatStorage'");
    let infinite = forge::tensor("DoubleStorage", 1, &[1], &[1]);
    refused(
        &forge::checkpoint(&infinite, &f64::INFINITY.to_le_bytes()),
        "tensor `w`: expected numbers that are finite",
    );
}

#[test]
fn two_tensors_of_one_name_are_refused() {
    let entry = |name| forge::entry(name, "FloatStorage", 1, &[1], &[1]);
    let pickle = [b"\x80\x02}", &entry("a.b")[..], &forge::text("a"), b"}", &entry("b"), b"s."].concat();
    refused(&forge::checkpoint(&pickle, &[0; 4]), "two of its tensors have the same name");
}

#[test]
fn archives_that_torch_would_not_write_are_refused() {
    let pickle = forge::tensor("FloatStorage", 4, &[4], &[1]);
    let sound = forge::checkpoint(&pickle, &[0; 16]);
    refused(&forge::archive(&[("readme".into(), vec![1, 2])]), "a zip archive with 0 entries `data.pkl`");
    let twice = [("a/data.pkl".into(), pickle.clone()), ("data.pkl".into(), pickle)];
    refused(&forge::archive(&twice), "a zip archive with 2 entries `data.pkl`");
    refused(&sound[..sound.len() - 10], "damaged: zip archive: ");
    let many: Vec<(String, Vec<u8>)> = (0..10_101).map(|index| (index.to_string(), vec![])).collect();
    refused(&forge::archive(&many), "an archive of 10101 entries; at most 10100");

    // Sizes in the archive's directory, 20 and 24 bytes into an entry (PKWARE's APPNOTE 4.3.12): 4 GB, unfolded or not.
    let directory = sound.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    for (first, last, part) in
        [(24, 28, "is compressed"), (20, 24, "is compressed"), (20, 28, "damaged: zip archive: ")]
    {
        let mut bomb = sound.clone();
        bomb[directory + first..directory + last].fill(0xfe);
        refused(&bomb, part);
    }
    // The method, 10 bytes into it, and 8 into the entry itself: deflated.
    let mut deflated = sound;
    deflated[directory + 10] = 8;
    deflated[8] = 8;
    refused(&deflated, "torch.save stores entries as they are");
}
