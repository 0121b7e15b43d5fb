//! Holds the import order and the fences that the crate's documentation promises, by reading `src/`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Top-level modules from the bottom up; a module names only modules of rows above its own row.
const ORDER: &[&[&str]] = &[
    &["frame", "whole_file"],
    &["recording", "sim"],
    &["policy", "device"],
    &["saliency"],
    &["driver", "train"],
    &["audit", "view"],
    &["cli"],
];

/// A word, and the only modules that may use it.
const FENCES: &[(&str, &[&str])] = &[
    ("burn::", &["policy", "saliency", "train", "driver", "device"]),
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
    let mut modules: BTreeMap<String, String> = BTreeMap::new();
    let mut folders = vec![source.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let relative = path.strip_prefix(&source).unwrap();
            let first = relative.components().next().unwrap().as_os_str().to_string_lossy();
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            let module = modules.entry(first.trim_end_matches(".rs").to_owned()).or_default();
            lines.for_each(|line| *module += &format!("{line}\n"));
        }
    }
    modules
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
