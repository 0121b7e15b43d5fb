use lane_policy::device;
use lane_reference::{FileReport, check};
use std::path::{Path, PathBuf};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden")
}

fn assert_all_pass(folder: &Path) {
    let files = check(folder, &device::cpu()).unwrap();
    let failed: Vec<&FileReport> = files.iter().filter(|file| !file.passes()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let compared: usize = files.iter().map(|file| file.deviations.len() + file.exact).sum();
    assert!(compared > files.len(), "something was compared in {} files", files.len());
}

#[test]
fn every_fixture_of_this_repository_is_within_its_tolerance() {
    assert_all_pass(&golden());
}

#[test]
fn the_larger_set_beside_the_repository_is_too_where_it_is_there() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/golden");
    if shared.join("manifest.json").exists() {
        assert_all_pass(&shared);
    }
}

/// A folder with one of the fixtures, its bytes and its case changed.
fn changed(file: &str, bytes: impl Fn(Vec<u8>) -> Vec<u8>, case: impl Fn(&mut serde_json::Value)) -> FileReport {
    let folder = tempfile::tempdir().unwrap();
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(golden().join("manifest.json")).unwrap()).unwrap();
    let entries = manifest["files"].as_array().unwrap();
    let mut entry = entries.iter().find(|entry| entry["file"] == file).unwrap().clone();
    case(&mut entry);
    std::fs::write(folder.path().join(file), bytes(std::fs::read(golden().join(file)).unwrap())).unwrap();
    let manifest = serde_json::json!({ "files": [entry] });
    std::fs::write(folder.path().join("manifest.json"), manifest.to_string()).unwrap();
    check(folder.path(), &device::cpu()).unwrap().remove(0)
}

const FILE: &str = "ltc_random12.safetensors";

fn damage(bytes: impl Fn(Vec<u8>) -> Vec<u8>) -> String {
    let report = changed(FILE, bytes, |_| ());
    assert!(!report.passes());
    let why = report.damaged.unwrap();
    assert!(!why.contains('\n'), "{why}");
    why
}

/// The same file with the tensor's name changed in its header, to one as long.
fn renamed(bytes: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat()
}

/// The same file with the first number of a 64-bit tensor changed.
fn with_number(mut bytes: Vec<u8>, tensor: &str, number: f64) -> Vec<u8> {
    let (header, metadata) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    let at = 8 + header + metadata.info(tensor).unwrap().data_offsets.0;
    bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
    bytes
}

#[test]
fn a_damaged_fixture_says_what_is_wrong_in_one_line() {
    assert!(damage(|bytes| bytes[..bytes.len() / 2].to_vec()).contains("whole safetensors file"));
    assert!(damage(|bytes| [&u64::MAX.to_le_bytes(), &bytes[8..]].concat()).contains("whole safetensors file"));
    assert!(damage(|bytes| renamed(bytes, "param/gleak", "param/gleek")).contains("gle"));
    assert!(damage(|bytes| renamed(bytes, "loss_f32", "lost_f32")).contains("loss_f32"));
    assert!(damage(|bytes| with_number(bytes, "outputs_f64", f64::NAN)).contains("finite"));
}

#[test]
fn a_number_that_is_off_is_over_its_tolerance() {
    let report = changed(FILE, |bytes| with_number(bytes, "outputs_f64", 1000.0), |_| ());
    assert!(report.damaged.is_none() && !report.passes(), "{report:?}");
    assert!(report.worst().unwrap().of_largest > 0.5);
}

#[test]
fn a_wiring_that_is_not_the_fixtures_is_refused_and_an_unknown_kind_was_not_run() {
    let other_seed = changed(FILE, |bytes| bytes, |entry| entry["case"]["wiring"]["args"]["random_seed"] = 5.into());
    assert!(other_seed.damaged.unwrap().contains("is not of this wiring"));
    let unknown = changed(FILE, |bytes| bytes, |entry| entry["case"] = serde_json::json!({ "novel": 1 }));
    assert!(unknown.not_run.as_ref().unwrap().contains("novel") && !unknown.passes());
    let huge = changed(FILE, |bytes| bytes, |entry| entry["case"]["unfolds"] = 1_000_000_000.into());
    assert!(huge.damaged.unwrap().contains("expected 1 to 4096"));
}

#[test]
fn an_optimisers_fixture_that_contradicts_itself_is_damaged_before_any_work() {
    let file = "adam_ltc_ncp19_weighted_clip.safetensors";
    let endless = changed(file, |bytes| bytes, |entry| entry["case"]["iters"] = 1_000_000_000_000_u64.into());
    assert!(endless.damaged.unwrap().contains("`losses_f64` has 20"));
    // Four sequences of 16 steps of 32 inputs, or 1 target: as many numbers, otherwise laid out.
    let swapped = |from: &str, to: &str| {
        let report = changed(
            file,
            |bytes| renamed(bytes, from, to),
            |entry| drop(entry.as_object_mut().unwrap().remove("tensors")),
        );
        report.damaged.unwrap()
    };
    assert!(swapped("[4,16,32]", "[4,32,16]").contains("`inputs`: expected [batch, steps, 32]"));
    assert!(swapped("[4,16,1]", "[16,4,1]").contains("`targets`: expected [4, 16, 1]"));
}
