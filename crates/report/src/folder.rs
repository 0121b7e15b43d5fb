//! A folder that is whole or not there: written beside its place under another name and moved when complete.

use super::stored;
use anyhow::{Context as _, bail, ensure};
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What a report's folder may hold; a folder with anything else in it is somebody's work.
const OWN: [&str; 5] = ["report.json", "report.html", "tables", "charts", "pictures"];

/// A file of the report.
pub(super) struct Entry {
    /// Where, below the report's folder.
    pub name: String,
    pub bytes: Vec<u8>,
}

impl Entry {
    pub(super) fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), bytes: bytes.into() }
    }
}

/// Refuses a place where a report could not be written: better asked before an audit than after it.
///
/// # Errors
/// When something else is there, or above it is no folder.
pub fn check_place(folder: &Path) -> anyhow::Result<()> {
    let (above, _) = split(folder)?;
    let refusal = || format!("cannot write a report to {}", folder.display());
    let nearest = above.ancestors().find(|above| above.exists());
    if let Some(nearest) = nearest {
        ensure!(nearest.is_dir(), "{}: {} is a file", refusal(), nearest.display());
    }
    if !folder.exists() {
        return Ok(());
    }
    ensure!(folder.is_dir(), "{}: it is a file", refusal());
    let mut names: Vec<_> = Vec::new();
    for entry in fs::read_dir(folder).with_context(refusal)? {
        names.push(entry.with_context(refusal)?.file_name());
    }
    names.sort();
    if let Some(other) = names.iter().find(|name| !OWN.iter().any(|own| name == own)) {
        bail!("{}: the folder holds {}, which is no part of a report", refusal(), other.display());
    }
    // Nothing is lost with an empty folder.
    let stamp = fs::read_to_string(folder.join("report.json")).ok().and_then(|text| stored::stamp(&text));
    ensure!(names.is_empty() || stamp.is_some(), "{}: the folder there is not an earlier report", refusal());
    Ok(())
}

/// Writes the files as this folder, in place of an earlier report.
pub(super) fn write(folder: &Path, entries: &[Entry]) -> anyhow::Result<()> {
    check_place(folder)?;
    let (above, name) = split(folder)?;
    let partial = partial(&above, &name).with_context(|| refusal(folder))?;
    let new = partial.path().join("new");
    for entry in entries {
        put(&new.join(&entry.name), &entry.bytes).with_context(|| refusal(folder))?;
    }
    swap(partial, &above.join(name)).with_context(|| refusal(folder))
}

fn refusal(folder: &Path) -> String {
    format!("cannot write the report {}", folder.display())
}

/// The folder above, and the name in it.
fn split(folder: &Path) -> anyhow::Result<(PathBuf, String)> {
    let name = folder.file_name().with_context(|| format!("{}: a report needs a name", folder.display()))?;
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((above.to_owned(), name.to_string_lossy().into_owned()))
}

/// The folder in the making, gone again when dropped. One that a killed run left behind is removed first.
fn partial(above: &Path, name: &str) -> std::io::Result<TempDir> {
    let name = format!("{name}.partial-report");
    fs::create_dir_all(above)?;
    match fs::remove_dir_all(above.join(&name)) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(&name).rand_bytes(0);
    // The default would keep the report from other users; the umask still applies.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    builder.tempdir_in(above)
}

fn put(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(above) = path.parent() {
        fs::create_dir_all(above)?;
    }
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    // Before the folder is moved, or a power cut could leave empty files in place of an earlier report's.
    file.sync_all()
}

/// Moves the new folder to its place and drops the earlier one; puts that back where the move fails.
fn swap(partial: TempDir, place: &Path) -> std::io::Result<()> {
    let (new, earlier) = (partial.path().join("new"), partial.path().join("earlier"));
    let replaces = place.exists();
    if replaces {
        fs::rename(place, &earlier)?;
    }
    fs::rename(new, place).inspect_err(|_| {
        if replaces && fs::rename(&earlier, place).is_err() {
            // Better a folder too many than an earlier report less.
            let _kept = partial.keep();
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(text: &str) -> Vec<Entry> {
        let json = format!("{{\"kind\": \"{}\", \"format\": 7}}", stored::KIND);
        vec![Entry::new("report.json", json), Entry::new("tables/a-b.csv", text)]
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn an_earlier_report_of_any_format_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("deeper/out");
        let mut earlier = report("earlier");
        earlier.push(Entry::new("pictures/only-earlier.png", "x"));
        write(&place, &earlier).unwrap();
        fs::create_dir_all(folder.path().join("deeper/out.partial-report/new")).unwrap();
        write(&place, &report("later")).unwrap();
        assert_eq!(fs::read_to_string(place.join("tables/a-b.csv")).unwrap(), "later");
        assert_eq!(names(&place), ["report.json", "tables"]);
        assert_eq!(names(&folder.path().join("deeper")), ["out"]);
    }

    #[test]
    fn an_empty_folder_is_filled() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &report("")).unwrap();
        assert_eq!(names(folder.path()), ["report.json", "tables"]);
    }

    #[test]
    fn a_folder_that_is_no_report_or_holds_more_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |expected: &str| {
            let message = format!("{:#}", write(folder.path(), &report("")).unwrap_err());
            assert!(message.ends_with(expected) && !message.contains('\n'), "{message}");
        };
        fs::write(folder.path().join("report.json"), "{}").unwrap();
        refused("the folder there is not an earlier report");
        write(&folder.path().join("out"), &report("")).unwrap();
        fs::copy(folder.path().join("out/report.json"), folder.path().join("report.json")).unwrap();
        refused("the folder holds out, which is no part of a report");
        assert_eq!(names(folder.path()), ["out", "report.json"]);
    }

    #[test]
    fn a_place_that_cannot_be_is_refused_by_name_in_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "kept").unwrap();
        for place in [file.clone(), file.join("out"), folder.path().join("x".repeat(250)), folder.path().join("..")] {
            let message = format!("{:#}", write(&place, &report("")).unwrap_err());
            assert!(message.contains(&place.display().to_string()) && !message.contains('\n'), "{message}");
        }
        assert_eq!((names(folder.path()), fs::read(&file).unwrap()), (vec!["file".to_owned()], b"kept".to_vec()));
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_the_earlier_report_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("out");
        write(&place, &report("earlier")).unwrap();
        let mut later = report("later");
        // A file below a file: fails after others were written, as on a full disk.
        later.push(Entry::new("report.json/late.png", "x"));
        assert!(write(&place, &later).is_err());
        assert_eq!(fs::read_to_string(place.join("tables/a-b.csv")).unwrap(), "earlier");
        assert_eq!(names(folder.path()), ["out"]);
    }
}
