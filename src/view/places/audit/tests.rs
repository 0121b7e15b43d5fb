use super::*;
use crate::view::pictures;
use crate::view::raster::Raster;
use egui::{RawInput, Theme};
use lane_frame::Size as Pixels;
use lane_report::answers::{Better, Question};

fn drawn(place: &mut AuditPlace, theme: Theme) -> Raster {
    let mut raster = Raster::new(Pixels::new(1280, 740), 1.0);
    // The second pass knows the sizes that the first found.
    for _ in 0..2 {
        raster.draw_ui(theme, 1.0, RawInput::default(), |ui| place.ui(ui, theme::palette(theme)));
    }
    raster
}

fn section() -> Section {
    let rate = |value| Cell::Interval { value, low: value - 0.2, high: value + 0.3 };
    let answer = Answer::new(Question::CleanDriving, "crashes", "1/km", Better::Lower, 2)
        .on("10 trainings of each on 100 roads of 60 s")
        .policy("ncp", rate(0.41))
        .policy("cnn", rate(1.87))
        .policy("expert", Cell::Number(0.0))
        .difference("ncp", "cnn");
    Section::new("unseen", "Roads that no training saw").answer(answer)
}

fn finished() -> Finished {
    let mut blind = Section::new("blind", "Do the policies look?");
    blind.wanting.push("cnn drives as well with frozen frames as with its own".to_owned());
    Finished {
        word: "unseen".into(),
        page: "out/audit-unseen/report.html".into(),
        sections: vec![section(), blind],
        secs: 754.0,
    }
}

#[test]
fn what_is_suggested_is_said_beside_what_is_shown() {
    let answer = Answer::new(Question::CleanDriving, "crashes", "1/km", Better::Lower, 2).suggestion("ncp", "lstm");
    assert_eq!(verdict(&answer), "no difference between them is shown; ncp is suggested to be better than lstm");
    let answer = answer.difference("ncp", "cnn").on("10 roads");
    let expected = "ncp is shown to be better than cnn; ncp is suggested to be better than lstm, on 10 roads";
    assert_eq!(verdict(&answer), expected);
}

#[test]
fn pictures_of_the_audit_place_look_as_they_did() {
    for (theme, name) in [(Theme::Dark, "dark"), (Theme::Light, "light")] {
        let mut place = AuditPlace::default();
        pictures::check(&drawn(&mut place, theme), &format!("audit-empty-{name}"));
        place.finished = Some(finished());
        pictures::check(&drawn(&mut place, theme), &format!("audit-finished-{name}"));
    }
    let run = Run::mock(&[("unseen", 600, 251), ("noise", 480, 96), ("blind", 60, 60)], vec![section()]);
    let mut place = AuditPlace { run: Some(run), ..AuditPlace::default() };
    pictures::check(&drawn(&mut place, Theme::Dark), "audit-running-dark");
}

#[test]
fn the_form_asks_for_what_its_command_line_asks_for() {
    let mut place = AuditPlace { word: "saliency", ..AuditPlace::default() };
    place.recording = " my drive ".into();
    place.roads = "3".into();
    place.add(Path::new("made/mine.safetensors"));
    assert_eq!(place.words().join(" "), "saliency my drive --policies ncp,cnn,made/mine.safetensors --roads 3");
    let request = place.request().unwrap();
    assert_eq!((request.size.roads, request.recordings), (Some(3), vec![PathBuf::from("my drive")]));
    place.word = "unseen";
    assert!(place.request().unwrap().recordings.is_empty(), "this suite takes none");
}

#[test]
fn what_cannot_be_asked_for_is_told_in_a_line() {
    let refusal = |change: fn(&mut AuditPlace)| {
        let mut place = AuditPlace::default();
        change(&mut place);
        place.request().unwrap_err()
    };
    assert_eq!(refusal(|place| place.roads = "many".into()), "roads: expected a whole number, got many");
    assert_eq!(refusal(|place| place.choices.clear()), "choose a policy to audit");
    assert_eq!(refusal(|place| place.word = "replay"), "replay: name a recording to watch");
}

/// Lets an audit go on until its place is at rest.
fn wait(place: &mut AuditPlace) {
    for _ in 0..30_000 {
        place.tick();
        if place.running().is_none() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the audit does not end");
}

#[test]
fn an_audit_runs_to_its_report_and_tells_its_verdicts() {
    let folder = tempfile::tempdir().unwrap();
    let mut place = AuditPlace { word: "smoke", roads: "1".into(), ..AuditPlace::default() };
    place.choices.retain(|choice| choice.name == "ncp");
    place.out = folder.path().join("report").display().to_string();
    place.start();
    assert!(place.running().unwrap().starts_with("audit smoke"));
    wait(&mut place);
    assert_eq!(place.problem, None);
    let finished = place.finished.as_ref().unwrap();
    assert!(finished.page.exists() && finished.sections[0].id == "smoke");
    assert!(!folder.path().join("report.partial").exists());
}

#[test]
fn an_audit_that_cannot_run_says_why_in_the_place() {
    let mut place = AuditPlace { word: "smoke", ..AuditPlace::default() };
    place.choices.clear();
    place.add(Path::new("no/such.safetensors"));
    place.start();
    wait(&mut place);
    assert!(place.problem.as_ref().unwrap().contains("no/such.safetensors"), "{:?}", place.problem);
}

#[test]
fn a_stopped_audit_says_how_to_go_on_and_goes_on_from_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut place = AuditPlace { word: "smoke", roads: "2".into(), ..AuditPlace::default() };
    place.choices.retain(|choice| choice.name == "ncp");
    place.out = folder.path().join("report").display().to_string();
    place.start();
    place.stop();
    wait(&mut place);
    assert!(place.problem.as_ref().unwrap().contains("start it again"), "{:?}", place.problem);
    assert!(folder.path().join("report.partial").exists() && place.finished.is_none());
    place.start();
    wait(&mut place);
    assert!(place.finished.is_some(), "{:?}", place.problem);
}
