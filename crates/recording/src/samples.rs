//! Real recordings for tests. They lie beside the repository on some machines and are no part of it.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The path of a real recording; `None`, and a line on the terminal that says so, where it is not here.
pub(crate) fn real_recording(name: &str) -> Option<PathBuf> {
    sample(&format!("recordings/{name}"))
}

/// The same of any sample: real recordings, those that other people's libraries have written, and those that were once read
/// wrongly.
pub(crate) fn sample(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(name);
    if path.exists() {
        return Some(path);
    }
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    // Not by `eprintln!`: the test harness hides what that prints in a test that passes.
    let mut terminal = std::io::stderr();
    let _ = writeln!(terminal, "skipped: {test} needs {}", path.display());
    None
}
