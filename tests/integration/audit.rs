use crate::binary::{command, done, refused, refused_in_one_line, run, text};
use lane_policy::device;
use lane_policy::{Policy, PolicyKind, weights};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/sample-drive");

/// A small audit of two policies with two trainings each.
const NOISE: [&str; 7] = ["audit", "noise", "--policies", "ncp,lstm", "--roads=2", "--seconds", "2"];

/// Every file below a folder by its path in it.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), bytes);
            }
        }
    }
    found
}

/// The audit with more options.
fn noise<'a>(more: &[&'a str]) -> Vec<&'a str> {
    NOISE.iter().chain(more).copied().collect()
}

fn assert_same(first: &Path, second: &Path) {
    let (first, second) = (files(first), files(second));
    assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
    for (path, bytes) in &first {
        assert!(second[path] == *bytes, "{} differs", path.display());
    }
}

#[test]
fn an_audit_gives_the_same_bytes_on_any_number_of_threads_and_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    done(folder.path(), &noise(&["--out", "whole"]));
    let whole = files(&at("whole"));
    for expected in ["report.html", "report.json", "tables/noise-scores.csv", "charts/noise-levels.svg"] {
        assert!(whole.contains_key(Path::new(expected)), "{expected} among {:?}", whole.keys());
    }
    let one_thread = noise(&["--out", "one-thread"]);
    let threads = command(folder.path(), &one_thread).env("RAYON_NUM_THREADS", "1").output().unwrap();
    assert!(threads.status.success());
    assert_same(&at("whole"), &at("one-thread"));
    for part in ["1/3", "2/3", "3/3"] {
        done(folder.path(), &noise(&["--shard", part, "--out", "parts"]));
    }
    done(folder.path(), &["audit", "merge", "parts", "--out", "merged"]);
    assert_same(&at("whole"), &at("merged"));
    assert!(done(folder.path(), &["audit", "diff", "whole", "merged"]).contains("No difference"));
}

#[test]
fn a_killed_audit_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let start = || {
        let mut program = command(folder.path(), &noise(&["--out", "killed"]));
        program.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap()
    };
    let journal = at("killed.partial/shard-1-of-1.jsonl");
    let lines = || std::fs::read_to_string(&journal).map_or(0, |text| text.lines().count());
    let mut running = start();
    while lines() < 4 {
        assert!(running.try_wait().unwrap().is_none(), "it was done before it could be killed");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    running.kill().unwrap();
    running.wait().unwrap();
    assert!(!at("killed").exists(), "nothing half-written");
    let before = lines();
    assert!(start().wait().unwrap().success());
    assert!(before >= 4 && !at("killed.partial").exists());
    done(folder.path(), &noise(&["--out", "whole"]));
    assert_same(&at("whole"), &at("killed"));
}

#[test]
fn parts_that_do_not_make_a_whole_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let smoke = ["audit", "smoke", "--policies", "ncp", "--roads", "1", "--seconds", "1", "--shard"];
    let part =
        |part: &'static str, out: &'static str| smoke.iter().copied().chain([part, "--out", out]).collect::<Vec<_>>();
    done(folder.path(), &part("1/2", "half"));
    let merge = |from: &[&str]| {
        let line = ["audit", "merge"].iter().chain(from).chain(&["--out", "report"]).copied().collect::<Vec<_>>();
        refused_in_one_line(folder.path(), &line)
    };
    assert!(merge(&["half"]).contains("1 of 2 parts are missing, the first of them 2/2"));
    assert!(merge(&["half", "half"]).contains("twice"));
    done(folder.path(), &part("2/3", "third"));
    assert!(merge(&["half", "third"]).contains("another audit"));
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    assert!(merge(&["empty"]).contains("no part of an audit"));
    assert!(merge(&["nowhere"]).contains("cannot read nowhere"));
    let journal = folder.path().join("half/shard-1-of-2.jsonl");
    let older = std::fs::read_to_string(&journal).unwrap().replace("\"version\":\"0.1.0\"", "\"version\":\"0.0.9\"");
    std::fs::write(&journal, older).unwrap();
    assert!(merge(&["half"]).contains("written by version 0.0.9"));
    assert!(!folder.path().join("report").exists());
}

#[test]
fn bad_requests_are_refused_in_one_line_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let refusals: [(&[&str], &str); 11] = [
        (&["audit", "unseen", "--policies", "gru"], "no weights of `gru` are in the binary"),
        (&["audit", "unseen", "--policies", "ncp,ncp"], "two trainings are `ncp-1`"),
        (&["audit", "unseen", "--policies", "ncp", "--models", "nowhere"], "nowhere/ncp.safetensors: cannot be read"),
        (&["audit", "replay"], "name one recording"),
        (&["audit", "unseen", "my_drive"], "takes no recording"),
        (&["audit", "saliency", "--crop", "0,0,160,64"], "without a recording"),
        (&["audit", "all", "--policies", "ncp,cnn", "--family", "ncp/cnn"], "--family: name one suite, not `all`"),
        (&["audit", "ood", "--policies", "ncp,cnn", "--family", "ncp/cnn@dusk"], "there is no setting `dusk`"),
        (&["audit", "blind", "--policies", "ncp,cnn", "--family", "ncp/cnn"], "`blind` claims no differences"),
        (&["audit", "replay", SAMPLE, "--policies", "ncp,cnn", "--family", "ncp/cnn"], "`replay` takes no family"),
        (&["audit", "diff", "a", "b"], "cannot read the report"),
    ];
    for (arguments, expected) in refusals {
        let line = refused_in_one_line(folder.path(), arguments);
        assert!(line.contains(expected), "{arguments:?}: {line}");
    }
    assert!(refused(folder.path(), &["audit", "unseen", "--roads", "0"]).contains("a whole number from 1 to 1000000"));
    assert!(refused(folder.path(), &["audit", "unseen", "--seconds", "0"]).contains("a number from 1 to 3600"));
    assert!(refused(folder.path(), &["audit", "ood", "--family", "ncp"]).contains("expected FIRST/SECOND"));
    assert!(refused(folder.path(), &["audit", "smoke", "--shard", "3/2"]).contains("expected a part"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was written");
}

#[test]
fn the_options_of_a_recording_reach_every_suite_that_opens_it() {
    let folder = tempfile::tempdir().unwrap();
    let maps = |out: &str, options: &[&str]| {
        let saliency = ["audit", "saliency", SAMPLE, "--policies", "cnn", "--roads", "1", "--out", out];
        done(folder.path(), &[&saliency[..], options].concat());
        std::fs::read_to_string(folder.path().join(out).join("tables/saliency-recording_0.csv")).unwrap()
    };
    assert_ne!(maps("whole-picture", &[]), maps("cropped", &["--crop", "0,0,160,64"]));
}

#[test]
fn a_policy_that_gives_no_number_stops_the_audit_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let weights = lane_testing::overflowing(PolicyKind::CNN);
    std::fs::write(folder.path().join("broken.safetensors"), weights).unwrap();
    let line = refused(folder.path(), &["audit", "smoke", "--policies", "broken.safetensors"]);
    assert!(line.contains("policy `cnn` gave no steering") && line.contains("unusable weights"), "{line}");
    assert!(!folder.path().join("out/audit").exists());
}

#[test]
fn a_folder_that_is_no_report_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("mine")).unwrap();
    std::fs::write(folder.path().join("mine/diary.txt"), "dear diary").unwrap();
    let smoke = ["audit", "smoke", "--policies", "ncp", "--roads", "1", "--seconds", "1", "--out", "mine"];
    refused_in_one_line(folder.path(), &smoke);
    assert_eq!(std::fs::read_to_string(folder.path().join("mine/diary.txt")).unwrap(), "dear diary");
}

#[test]
fn the_report_of_another_command_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let smoke = |roads: &'static str| ["audit", "smoke", "--policies", "ncp", "--seconds", "1", "--roads", roads];
    done(folder.path(), &smoke("1"));
    let before = files(&folder.path().join("out/audit"));
    let refusal = refused_in_one_line(folder.path(), &smoke("2"));
    let expected = "out/audit holds the report of `liquid-lane audit smoke --policies ncp --seconds 1 --roads 1`";
    assert!(refusal.contains(expected), "{refusal}");
    assert_eq!(files(&folder.path().join("out/audit")), before);
    done(folder.path(), &smoke("1"));
}

#[test]
fn a_smoke_test_fails_when_a_policy_leaves_its_lane() {
    let folder = tempfile::tempdir().unwrap();
    // First weights hardly steer.
    let policy = Policy::init(PolicyKind::CNN, 1, &device::cpu());
    let bytes = weights::to_bytes(&policy, &lane_testing::card(PolicyKind::CNN)).unwrap();
    std::fs::write(folder.path().join("cnn.safetensors"), bytes).unwrap();
    let smoke = ["audit", "smoke", "--policies", "cnn", "--models", ".", "--out", "smoke"];
    let output = run(folder.path(), &smoke);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("smoke: cnn-0 crashed"), "{}", text(&output.stderr));
    assert!(folder.path().join("smoke/report.html").exists());
}

/// An exported policy in a file of its own.
fn graph(folder: &Path) -> String {
    let (kind, path) = (PolicyKind::CNN, folder.join("pilot.onnx"));
    let policy = Policy::init(kind, 3, &device::cpu());
    let bytes = lane_policy::step::onnx_graph(&policy, &lane_testing::card(kind), "no file").unwrap();
    std::fs::write(&path, bytes).unwrap();
    format!("onnx:{}", path.display())
}

#[test]
fn every_suite_judges_an_imported_graph_or_says_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let graph = graph(folder.path());
    done(folder.path(), &["record", "drive", "--seconds", "2"]);
    let audited = |suite: &[&str], policies: &str| {
        let small = ["--policies", policies, "--roads", "1", "--seconds", "1", "--out", suite[0]];
        let output = run(folder.path(), &[&["audit"], suite, &small].concat());
        // 1: a policy without training drives as well blindfolded.
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", text(&output.stderr));
        std::fs::read_to_string(folder.path().join(suite[0]).join("report.html")).unwrap()
    };
    let alone = audited(&["all", "drive"], &graph);
    assert_eq!(alone.matches("all policies are imported").count(), 2, "saliency and neurons");
    let measured =
        ["unseen", "noise", "corrupt", "recover", "latency", "curves", "ood", "shortcut", "blind", "passive", "replay"];
    for id in measured.iter().chain(&["saliency", "neurons"]) {
        assert!(alone.contains(&format!("id=\"section-{id}\"")), "{id}");
    }
    let beside = audited(&["neurons"], &format!("{graph},ncp"));
    assert!(
        beside.contains("as imported, because nothing is known of their neurons: pilot-0"),
        "beside another policy"
    );
}
