//! Holds the import order and the fences that the crate's documentation promises, by reading `src/`.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

/// Top-level modules from the bottom up; a module names only modules of rows above its own row.
const ORDER: &[&[&str]] = &[
    &["frame", "whole_file", "plot"],
    &["recording", "sim", "dynamics"],
    &["policy", "device"],
    &["saliency"],
    &["driver", "train"],
    &["audit", "view", "check"],
    &["cli"],
];

/// A word, and the only modules that may use it.
const FENCES: &[(&str, &[&str])] = &[
    ("burn::", &["policy", "saliency", "train", "driver", "device", "check"]),
    ("use tch::", &["driver", "device"]),
    ("plotters", &["plot"]),
    ("resvg", &["plot"]),
    ("winit", &["view"]),
    ("pixels::", &["view"]),
    ("softbuffer", &["view"]),
    ("egui", &["view"]),
    ("clap", &["cli"]),
    ("print!(", &["cli"]),
    ("println!(", &["cli"]),
    ("process::exit", &[]),
    ("SystemTime", &[]),
    ("Instant::now", &["cli", "view"]),
];

/// Source text without comments and tests, by top-level module.
fn modules() -> BTreeMap<String, String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = files(&source);
    let test_files: HashSet<PathBuf> = files.iter().flat_map(|(path, text)| test_files(path, text)).collect();
    let mut modules: BTreeMap<String, String> = BTreeMap::new();
    for (path, text) in files.iter().filter(|(path, _)| !test_files.contains(path)) {
        let relative = path.strip_prefix(&source).unwrap();
        let first = relative.components().next().unwrap().as_os_str().to_string_lossy();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let module = modules.entry(first.trim_end_matches(".rs").to_owned()).or_default();
        lines.for_each(|line| *module += &format!("{line}\n"));
    }
    modules
}

/// Every file below a folder, with its text.
fn files(folder: &Path) -> Vec<(PathBuf, String)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, plain): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let mut all: Vec<_> =
        plain.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect();
    all.extend(folders.iter().flat_map(|folder| files(folder)));
    all
}

/// The files of modules that a file declares for tests only.
fn test_files(path: &Path, text: &str) -> Vec<PathBuf> {
    let folder = match path.file_stem().unwrap().to_str().unwrap() {
        "mod" | "lib" | "main" => path.parent().unwrap().to_owned(),
        _ => path.with_extension(""),
    };
    let lines: Vec<&str> = text.lines().collect();
    let declared = lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]").filter_map(|pair| {
        let name = pair[1].trim_start_matches("pub(crate) ").strip_prefix("mod ")?.strip_suffix(';')?;
        Some(folder.join(name).with_extension("rs"))
    });
    declared.collect()
}

fn row(module: &str) -> Option<usize> {
    ORDER.iter().position(|row| row.contains(&module))
}

#[test]
fn every_module_names_only_modules_above_its_own_row() {
    let modules = modules();
    assert!(ORDER.iter().flat_map(|row| row.iter()).all(|module| modules.contains_key(*module)), "ORDER is current");
    for (module, code) in &modules {
        let Some(own) = row(module) else {
            assert!(matches!(module.as_str(), "lib" | "main"), "{module} has a row in ORDER");
            continue;
        };
        assert!(!code.contains("crate::{"), "src/{module} names each module of the crate on a line of its own");
        for used in code.split("crate::").skip(1) {
            let name: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let Some(theirs) = row(&name) else { continue };
            assert!(name == *module || theirs < own, "src/{module} names crate::{name}");
        }
    }
}

#[test]
fn frameworks_windows_printing_and_clocks_stay_behind_their_fences() {
    for (module, code) in modules() {
        for (word, allowed) in FENCES {
            let inside = allowed.contains(&module.as_str());
            assert!(inside || !code.contains(word), "src/{module} uses {word}");
        }
    }
}
