//! Spoiled weights files: whatever is in them, a policy comes out that can be saved, or one line that says why not.
//! `LIQUID_LANE_FUZZ_SECS=600 cargo test --release -- --nocapture spoiled` goes on for that long.

use crate::spoil::{self, EDGES, change, hold_of_all, noise, spoiled};
use lane_policy::device;
use lane_policy::weights::{self, ModelCard};
use lane_policy::{Policy, PolicyKind};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value};
use std::path::Path;

const SNIPPETS: &[&[u8]] = &[
    b"\"",
    b"\\\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"-1",
    b"1e999",
    b"null",
    b"4096",
    b"18446744073709551615",
    b"\xff",
    b"\"F64\"",
    b"\"shape\":[",
    b"\"data_offsets\":[0,0],",
    b"\\\"readout\\\":",
    b"\\\"units\\\":",
    b"\\\"mixed_memory\\\":true,",
    b"\\\"policy\\\":\\\"cnn\\\",",
    b"\xff\xff\xc0\x7f",
];

/// An untrained policy's file.
fn whole(kind: PolicyKind) -> Vec<u8> {
    let card = ModelCard {
        policy: kind,
        parameters: 0,
        cell: kind.cell(),
        input: String::new(),
        output: String::new(),
        training: Default::default(),
        scores: Default::default(),
        views: Vec::new(),
    };
    weights::to_bytes(&Policy::init(kind, 3, &device::cpu()), &card).unwrap()
}

/// Header and numbers of a whole file.
fn parts(file: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (length, rest) = file.split_at(8);
    let (header, numbers) = rest.split_at(u64::from_le_bytes(length.try_into().unwrap()) as usize);
    (header.to_vec(), numbers.to_vec())
}

/// What must hold of any file.
fn hold(bytes: &[u8]) -> Result<(), TestCaseError> {
    match weights::from_bytes(bytes, Path::new("some/file"), None, &device::cpu()) {
        Ok((policy, card)) => {
            let again = weights::to_bytes(&policy, &card).map(|bytes| !bytes.is_empty());
            prop_assert!(again.is_ok_and(|saved| saved));
        }
        Err(error) => {
            let message = error.to_string();
            prop_assert!(message.starts_with("some/file: "), "names the file: {message}");
            prop_assert!(!message.contains('\n') && message.len() < 2000, "one line: {message}");
        }
    }
    Ok(())
}

/// Puts a number into the place of the `at`th one of a card, counted around.
fn put_number(card: &mut Value, at: Index, number: u64) {
    fn numbers<'a>(value: &'a mut Value, found: &mut Vec<&'a mut Value>) {
        match value {
            Value::Number(_) | Value::Null => found.push(value),
            Value::Object(entries) => entries.values_mut().for_each(|value| numbers(value, found)),
            Value::Array(items) => items.iter_mut().for_each(|value| numbers(value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    numbers(card, &mut found);
    let at = at.index(found.len());
    *found[at] = number.into();
}

#[test]
fn a_spoiled_weights_file_is_read_or_refused() {
    let others = ["lstm", "cfc", "wired-cfc", "node"].map(|name| name.parse().unwrap());
    let kinds = [PolicyKind::NCP, PolicyKind::CNN].into_iter().chain(others);
    let files: Vec<Vec<u8>> = kinds.map(whole).collect();
    let in_header = (select(files.clone()), vec(change(SNIPPETS), 0..4)).prop_map(|(file, changes)| {
        let (mut header, numbers) = parts(&file);
        changes.iter().for_each(|change| change.make(&mut header));
        [&(header.len() as u64).to_le_bytes()[..], &header, &numbers].concat()
    });
    // Sizes that a cell claims get further when all else is sound.
    let number =
        prop_oneof![2 => select(&EDGES[..]), 1 => 0..300_u64, 1 => Just(4097), 1 => Just(4096), 1 => Just(1900)];
    let in_card = (select(files.clone()), vec((any::<Index>(), number), 1..3)).prop_map(|(file, changes)| {
        let (header, numbers) = parts(&file);
        let mut header: Map<String, Value> = serde_json::from_slice(&header).unwrap();
        let card = &mut header["__metadata__"]["liquid_lane_model_card"];
        let mut told: Value = serde_json::from_str(card.as_str().unwrap()).unwrap();
        changes.into_iter().for_each(|(at, number)| put_number(&mut told, at, number));
        *card = told.to_string().into();
        spoil::safetensors(&Value::from(header).to_string(), &numbers)
    });
    let starts: &[&[u8]] = &[b"", b"\x10\0\0\0\0\0\0\0{"];
    let strategy = prop_oneof![3 => spoiled(files, SNIPPETS), 3 => in_header, 3 => in_card, 1 => noise(starts)];
    hold_of_all("weights", strategy, hold);
}
