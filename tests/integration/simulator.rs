//! `--simulator`: recordings and audits in another simulator, for which this program's own stands here.

use crate::binary::{done, refused};
use lane_worlds::donkey::{Server, Setup};
use std::path::Path;

/// The URL of a simulator that serves so many clients, one after the other.
fn simulator(clients: usize) -> String {
    let server = Server::bind("127.0.0.1:0", Setup::default()).unwrap();
    let url = format!("donkey://{}", server.address().unwrap());
    std::thread::spawn(move || (0..clients).for_each(|_| drop(server.serve_next())));
    url
}

/// The labels of a tub, in 1/m.
fn labels(tub: &Path) -> Vec<f64> {
    let catalog = std::fs::read_to_string(tub.join("catalog_0.catalog")).unwrap();
    let label = |line: &str| {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        record["liquid_lane/curvature"].as_f64().unwrap()
    };
    catalog.lines().map(label).collect()
}

#[test]
fn a_policy_drives_and_its_tub_has_its_own_commands_or_the_experts() {
    let (folder, url) = (tempfile::tempdir().unwrap(), simulator(2));
    let record = ["record", "own", "--simulator", &url, "--policy", "ncp", "--seconds", "3", "--road", "2"];
    done(folder.path(), &record);
    let mut corrected = record.to_vec();
    corrected[1] = "corrected";
    corrected.push("--expert-labels");
    done(folder.path(), &corrected);
    let [own, expert] = ["own", "corrected"].map(|tub| labels(&folder.path().join(tub)));
    assert_eq!((own.len(), expert.len()), (60, 60));
    assert!(own.iter().zip(&expert).any(|(own, expert)| (own - expert).abs() > 1e-4), "{own:?}");
    // The same drive: the expert's commands are those for the places where the policy went, so they are close.
    let apart = own.iter().zip(&expert).map(|(own, expert)| (own - expert).abs()).sum::<f64>() / 60.0;
    assert!(apart < 0.02, "{apart} 1/m between what was driven and what the expert would do");
    let line = refused(folder.path(), &["record", "x", "--simulator", &url, "--expert-labels"]);
    assert!(line.contains("--policy"), "{line}");
}

#[test]
fn an_audit_drives_under_several_levels_of_noise_and_the_same_twice() {
    let (folder, url) = (tempfile::tempdir().unwrap(), simulator(2));
    let audit = ["audit", "drive", "--simulator", &url, "--roads", "1", "--seconds", "3", "--noise", "0,0.2", "--json"];
    let [first, second] = ["first", "second"].map(|out| {
        let arguments = [&audit[..], &["--out", out]].concat();
        let report: serde_json::Value = serde_json::from_str(&done(folder.path(), &arguments)).unwrap();
        report["sections"].clone()
    });
    assert_eq!(first, second);
    let table = std::fs::read_to_string(folder.path().join("first/tables/drive-driving.csv")).unwrap();
    let keys: Vec<_> =
        table.lines().skip(1).map(|line| line.splitn(3, ',').take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(keys, ["0 ncp", "0 cnn", "0 expert", "0 straight", "0.2 ncp", "0.2 cnn"]);
}
