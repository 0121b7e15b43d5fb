use super::*;
use crate::family::Family;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A suite of counted work; its section says what it was given.
struct Counting {
    units: usize,
    runs: &'static AtomicUsize,
    fails_at: Option<usize>,
    family: Option<Family>,
}

impl Suite for Counting {
    fn id(&self) -> &'static str {
        "counting"
    }

    fn units(&self) -> Vec<String> {
        (0..self.units).map(|unit| format!("unit {unit}")).collect()
    }

    fn run(&self, unit: usize) -> anyhow::Result<Value> {
        ensure!(Some(unit) != self.fails_at, "the policy gave no steering");
        self.runs.fetch_add(1, Ordering::Relaxed);
        // A number that no short decimal has.
        Ok(json!({ "value": (unit as f64).sqrt() / 3.0 }))
    }

    fn family(&self) -> Option<&Family> {
        self.family.as_ref()
    }

    fn section(&self, outcomes: &[Value]) -> anyhow::Result<Section> {
        Ok(Section::new("counting", "Counting").say(serde_json::to_string(outcomes)?))
    }
}

fn plan(units: usize, fails_at: Option<usize>) -> (Plan, &'static AtomicUsize) {
    let runs: &AtomicUsize = Box::leak(Box::default());
    (Plan::new(vec![Box::new(Counting { units, runs, fails_at, family: None })], &[]).unwrap(), runs)
}

fn header(plan: &Plan, shard: Shard) -> Header {
    Header::new(plan.fingerprint(), shard, vec!["counting".into()])
}

fn run(plan: &Plan, shard: Shard, path: &Path) -> anyhow::Result<bool> {
    plan.run(shard, &Journal::open(path, &header(plan, shard))?, &|_| true)
}

fn text(plan: &Plan, paths: &[&Path]) -> String {
    let mut outcomes = Outcomes::default();
    paths.iter().for_each(|path| outcomes.extend(Journal::read(path).unwrap().1));
    plan.sections(&outcomes).unwrap()[0].text[0].clone()
}

#[test]
fn parts_joined_give_what_the_whole_gives() {
    let folder = tempfile::tempdir().unwrap();
    let (plan, _) = plan(10, None);
    let whole = folder.path().join("whole");
    run(&plan, Shard::WHOLE, &whole).unwrap();
    let parts: Vec<_> = (1..=3).map(|part| folder.path().join(part.to_string())).collect();
    for (part, path) in parts.iter().enumerate() {
        run(&plan, format!("{}/3", part + 1).parse().unwrap(), path).unwrap();
    }
    let parts: Vec<&Path> = parts.iter().map(|path| path.as_path()).collect();
    assert_eq!(text(&plan, &parts), text(&plan, &[&whole]));
    assert_eq!((1..=3).map(|part| plan.len(format!("{part}/3").parse().unwrap())).sum::<usize>(), 10);
}

#[test]
fn a_run_that_was_cut_off_in_a_line_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let (plan, runs) = plan(10, None);
    run(&plan, Shard::WHOLE, &path).unwrap();
    let (whole, expected) = (std::fs::read_to_string(&path).unwrap(), text(&plan, &[&path]));
    let kept: Vec<&str> = whole.lines().take(5).collect();
    std::fs::write(&path, kept.join("\n") + "\n{\"unit\":\"counting: un").unwrap();
    runs.store(0, Ordering::Relaxed);
    run(&plan, Shard::WHOLE, &path).unwrap();
    assert_eq!(runs.load(Ordering::Relaxed), 6, "four of ten were there");
    assert_eq!(text(&plan, &[&path]), expected);
    std::fs::write(&path, "{\"form").unwrap();
    run(&plan, Shard::WHOLE, &path).unwrap();
    assert_eq!(text(&plan, &[&path]), expected, "not even its first line was whole");
}

#[test]
fn a_failing_unit_is_named_and_what_was_done_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let (failing, _) = plan(4, Some(3));
    let error = format!("{:#}", run(&failing, Shard::WHOLE, &path).unwrap_err());
    assert_eq!(error, "counting: unit 3: the policy gave no steering");
    let outcomes = Journal::read(&path).unwrap().1;
    let error = failing.sections(&outcomes).unwrap_err().to_string();
    assert!(error.contains("units were not done"), "{error}");
}

#[test]
fn a_journal_of_another_audit_or_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let (ten, four) = (plan(10, None).0, plan(4, None).0);
    run(&ten, Shard::WHOLE, &path).unwrap();
    let error = run(&four, Shard::WHOLE, &path).unwrap_err().to_string();
    assert!(error.contains("another audit"), "{error}");
    let family = "ncp/cnn@night".parse().ok();
    let named_later = Counting { units: 10, runs: Box::leak(Box::default()), fails_at: None, family };
    let named_later = Plan::new(vec![Box::new(named_later)], &[]).unwrap();
    let error = run(&named_later, Shard::WHOLE, &path).unwrap_err().to_string();
    assert!(error.contains("another audit"), "a family is named before the run: {error}");
    let older = std::fs::read_to_string(&path).unwrap().replace(env!("CARGO_PKG_VERSION"), "0.0.1");
    std::fs::write(&path, older).unwrap();
    let error = run(&ten, Shard::WHOLE, &path).unwrap_err().to_string();
    assert!(error.contains("written by version 0.0.1"), "{error}");
    std::fs::write(&path, "1,2,3\n").unwrap();
    let error = format!("{:#}", Journal::read(&path).unwrap_err());
    assert!(error.contains("expected the journal of an audit"), "{error}");
}

#[test]
fn two_runs_do_not_write_one_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let (plan, _) = plan(2, None);
    let first = Journal::open(&path, &header(&plan, Shard::WHOLE)).unwrap();
    let error = Journal::open(&path, &header(&plan, Shard::WHOLE)).unwrap_err().to_string();
    assert!(error.contains("another run is writing it"), "{error}");
    drop(first);
}

#[test]
fn a_plan_without_work_is_refused() {
    let error = Plan::new(Vec::new(), &[]).err().unwrap().to_string();
    assert_eq!(error, "there is no suite to run");
    let nothing = Counting { units: 0, runs: Box::leak(Box::default()), fails_at: None, family: None };
    let error = Plan::new(vec![Box::new(nothing)], &[]).err().unwrap().to_string();
    assert!(error.starts_with("suite `counting` has nothing to do"), "{error}");
}

#[test]
fn a_part_is_one_of_its_whole() {
    let shard: Shard = "2/4".parse().unwrap();
    assert_eq!((shard.index(), shard.of(), shard.to_string().as_str()), (2, 4, "2/4"));
    for wrong in ["0/4", "5/4", "1", "a/b", "1/0", "", "1/2/3"] {
        assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
    }
}

#[test]
fn a_run_that_is_told_to_stop_keeps_what_it_did_and_the_next_one_does_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let (plan, runs) = plan(200, None);
    let journal = Journal::open(&path, &header(&plan, Shard::WHOLE)).unwrap();
    assert_eq!(plan.progress(Shard::WHOLE, Some(&journal)), [SuiteProgress { id: "counting", units: 200, done: 0 }]);
    let whole = plan.run(Shard::WHOLE, &journal, &|_| false).unwrap();
    let done = runs.load(Ordering::Relaxed);
    assert!(!whole && (1..200).contains(&done), "{done} units");
    drop(journal);
    let journal = Journal::open(&path, &header(&plan, Shard::WHOLE)).unwrap();
    assert_eq!(plan.progress(Shard::WHOLE, Some(&journal))[0].done, done);
    assert!(plan.run(Shard::WHOLE, &journal, &|_| true).unwrap());
    assert_eq!(runs.load(Ordering::Relaxed), 200);
    let outcomes = Journal::read(&path).unwrap().1;
    assert_eq!(plan.section(0, &outcomes).unwrap().text, plan.sections(&outcomes).unwrap()[0].text);
}
