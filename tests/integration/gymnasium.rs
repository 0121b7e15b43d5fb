//! `liquid-lane serve gymnasium` as its client meets it: the Rust one here, and the Python package where there is a Python
//! that has what it needs.

use crate::binary::{command, text};
use lane_worlds::batch::{Kind, VERSION, read, write};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The program's answer to these bytes.
fn served(input: &[u8]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(folder.path(), &["serve", "gymnasium"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut program = command.spawn().unwrap();
    program.stdin.take().unwrap().write_all(input).unwrap();
    program.wait_with_output().unwrap()
}

fn message(kind: Kind, parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes, kind, parts).unwrap();
    bytes
}

#[test]
fn a_conversation_through_the_pipes_of_the_program_has_its_replies_and_the_same_bytes_again() {
    let hello = message(Kind::Hello, &[&VERSION.to_le_bytes(), br#"{"worlds": 2, "width": 20, "height": 8}"#]);
    let reset = message(Kind::Reset, &[&[1, 1], &[7, 0, 0, 0, 10, 0, 0, 0]]);
    let step = message(Kind::Step, &[&[0; 8 + 2 + 8]]);
    let input = [hello, reset, step.clone(), step].concat();
    let output = served(&input);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", text(&output.stderr));
    let (mut stream, mut body, mut kinds) = (&*output.stdout, Vec::new(), Vec::new());
    while let Some(kind) = read(&mut stream, usize::MAX, &mut body).unwrap() {
        kinds.push(kind);
    }
    // The two pictures of the last reply, 10 being a line's end on the way.
    assert_eq!(kinds, [Kind::Welcome, Kind::Obs, Kind::Obs, Kind::Obs]);
    assert!(body.len() > 2 * 20 * 8 * 3);
    assert_eq!(served(&input).stdout, output.stdout);
}

#[test]
fn a_refusal_is_a_message_and_a_line_and_the_exit_code_is_2() {
    let output = served(&message(Kind::Hello, &[&VERSION.to_le_bytes(), br#"{"weather": ["hail"]}"#]));
    let (mut stream, mut body) = (&*output.stdout, Vec::new());
    assert_eq!(read(&mut stream, usize::MAX, &mut body).unwrap(), Some(Kind::Error));
    let (sentence, line) = (text(&body), text(&output.stderr));
    assert!(sentence.contains("hail"), "{sentence}");
    assert_eq!(line, format!("error: {sentence}\n"));
    assert_eq!(output.status.code(), Some(2));
}

/// The tests of the package itself are `make python`'s; here is the one road that shows that both fit together.
#[test]
fn gymnasiums_checker_accepts_the_python_package_with_this_program() {
    const CHECK: &str = "import warnings; warnings.simplefilter('error'); import gymnasium; \
                         from gymnasium.utils.env_checker import check_env; \
                         check_env(gymnasium.make('liquid_lane:LiquidLane/Road-v0').unwrapped)";
    let missing = Command::new("python3").args(["-c", "import gymnasium, numpy"]).output();
    if !missing.as_ref().is_ok_and(|output| output.status.success()) {
        eprintln!(
            "skipped: there is no python3 with gymnasium; `make python` tests the package in an environment of its own"
        );
        return;
    }
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/src");
    let mut python = Command::new("python3");
    python.args(["-c", CHECK]).env("PYTHONPATH", package).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = python.env("LIQUID_LANE", env!("CARGO_BIN_EXE_liquid-lane")).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}
