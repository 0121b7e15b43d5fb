//! The revision of the sources that this program was built from.

use std::process::Command;

/// The revision of the sources this program was built from, if they are still there; marked if they have changed since.
pub fn revision() -> String {
    let git = |arguments: &[&str]| {
        let git = Command::new("git").arg("-C").arg(env!("CARGO_MANIFEST_DIR")).args(arguments).output();
        let output = git.ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let changes = git(&["status", "--porcelain", "--", "src", "crates", "Cargo.toml", "Cargo.lock"]);
    match (git(&["rev-parse", "--short=12", "HEAD"]), changes) {
        (Some(revision), Some(changes)) if changes.is_empty() => revision,
        (Some(revision), _) => revision + "-dirty",
        (None, _) => "unknown".into(),
    }
}
