//! Holds what the workspace's documentation promises and the compiler does not see: which crate may depend on which
//! framework, where one may print or read a clock, and that no files of a crate know each other in a circle.

use crate::module_graph::ModuleGraph;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A package, and the only manifests that may name it: the root's is called `liquid-lane`.
const DEPENDENCIES: &[(&str, &[&str])] = &[
    ("burn", &["liquid-cells", "policy", "driver", "reference"]),
    ("tch", &["policy", "driver"]),
    ("rten", &["onnx"]),
    ("prost", &["onnx", "policy"]),
    ("resvg", &["report"]),
    ("maud", &["report"]),
    ("openh264", &["recording"]),
    ("parquet", &["recording"]),
    ("mcap", &["recording"]),
    ("winit", &["liquid-lane"]),
    ("pixels", &["liquid-lane"]),
    ("softbuffer", &["liquid-lane"]),
    ("egui", &["canvas", "liquid-lane"]),
    ("clap", &["liquid-lane"]),
];

/// A word, and the only folders whose sources may use it.
const WORDS: &[(&str, &[&str])] = &[
    ("clap::", &["src/cli"]),
    ("egui", &["crates/canvas", "src/view"]),
    ("winit", &["src/view"]),
    ("print!(", &["src/cli"]),
    ("println!(", &["src/cli"]),
    ("process::exit", &[]),
    ("SystemTime", &[]),
    // Other simulators have a clock of their own, and tests of parsers go on for as long as they are asked to.
    ("Instant::now", &["src/cli", "src/view", "crates/fuzz", "crates/worlds"]),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Folders of the packages, the application's first.
fn packages() -> Vec<PathBuf> {
    let crates = std::fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path());
    let mut crates: Vec<PathBuf> = crates.filter(|path| path.join("Cargo.toml").exists()).collect();
    crates.sort();
    crates.insert(0, root());
    crates
}

fn package_name(folder: &Path) -> String {
    match folder == root() {
        true => "liquid-lane".to_owned(),
        false => folder.file_name().unwrap().to_string_lossy().into_owned(),
    }
}

/// Names in the table `[dependencies]` of a manifest.
fn dependencies(folder: &Path) -> BTreeSet<String> {
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    let table = manifest.split("\n[dependencies]\n").nth(1).unwrap_or_default();
    let lines = table.lines().take_while(|line| !line.starts_with('['));
    let names = lines.filter_map(|line| line.split(['.', ' ', '=']).next()).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

#[test]
fn frameworks_stay_in_the_crates_that_own_them() {
    for folder in packages() {
        let (name, named) = (package_name(&folder), dependencies(&folder));
        for (dependency, allowed) in DEPENDENCIES {
            let inside = allowed.contains(&name.as_str());
            assert!(inside || !named.contains(*dependency), "{name} depends on {dependency}");
        }
    }
}

#[test]
fn printing_clocks_and_windows_stay_in_their_folders() {
    for folder in packages() {
        for file in ModuleGraph::read(&folder.join("src")).files() {
            let path = file.path.strip_prefix(root()).unwrap();
            for (word, allowed) in WORDS {
                let inside = allowed.iter().any(|folder| path.starts_with(folder));
                assert!(inside || !file.code.contains(word), "{} uses {word}", path.display());
            }
        }
    }
}

#[test]
fn the_window_does_not_know_the_command_line() {
    let graph = ModuleGraph::read(&root().join("src"));
    for (user, used) in graph.uses() {
        let upwards = user.starts_with("view") && used.starts_with("cli");
        assert!(!upwards, "{} uses {}", user.display(), used.display());
    }
}

#[test]
fn no_files_of_a_crate_know_each_other_in_a_circle() {
    let mut circles = Vec::new();
    for folder in packages() {
        for circle in ModuleGraph::read(&folder.join("src")).circles() {
            circles.push(format!("{}: {}", package_name(&folder), circle.join(", ")));
        }
    }
    assert!(circles.is_empty(), "{} circles:\n{}", circles.len(), circles.join("\n"));
}

/// A crate of these files.
fn a_crate(files: &[(&str, &str)]) -> tempfile::TempDir {
    let source = tempfile::tempdir().unwrap();
    for (path, code) in files {
        let path = source.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, code).unwrap();
    }
    source
}

#[test]
fn a_circle_is_found_through_a_re_export_and_through_a_path_without_a_use() {
    let files = [
        ("lib.rs", "mod road; mod scene;"),
        ("road/mod.rs", "mod bend; pub use bend::Bend;"),
        ("road/bend.rs", "pub struct Bend; fn look() -> crate::scene::Scene { crate::scene::Scene }"),
        ("scene.rs", "use crate::road::Bend; pub struct Scene; fn bend(_: Bend) {}"),
    ];
    let source = a_crate(&files);
    assert_eq!(ModuleGraph::read(source.path()).circles(), [["road::bend", "scene"]]);
}

#[test]
fn the_ground_in_a_parents_file_and_what_tests_use_make_no_circle() {
    let files = [
        ("lib.rs", "mod road; mod scene;"),
        ("road/mod.rs", "mod bend; use bend::length; pub const LANE_M: f64 = 3.2; fn whole() { length() }"),
        ("road/bend.rs", "use super::LANE_M; pub fn length() { LANE_M; }"),
        ("scene.rs", "use crate::road::LANE_M;\n#[cfg(test)]\nmod tests { use super::*; }"),
    ];
    let source = a_crate(&files);
    assert_eq!(ModuleGraph::read(source.path()).circles(), Vec::<Vec<String>>::new());
}
