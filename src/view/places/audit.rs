//! The place where policies are judged: suites chosen, run and answered.

mod run;

use super::form::{self, duration};
use super::{Place, Request};
use crate::jobs::audit::AuditRequest;
use crate::jobs::{command_line, models};
use crate::view::theme::{self, BODY, Palette, SMALL, TITLE, font};
use egui::{Align2, Color32, RichText, ScrollArea, Sense, Stroke, StrokeKind, Ui, vec2};
use lane_audit::suites::{BUNDLES, Recordings, SUITES, Size};
use lane_recording::RecordingOptions;
use lane_report::answers::{Answer, Difference};
use lane_report::section::{Cell, Section};
use run::{Finished, Run};
use std::path::{Path, PathBuf};

/// Width of the form, in points, at most and as a share of the place.
const FORM: f32 = 430.0;
const FORM_SHARE: f32 = 0.42;
const GAP: f32 = 8.0;

/// The suite that is chosen at first: it answers the most in little time.
const FIRST: &str = "unseen";

/// A suite or a word for several, with what it answers.
#[derive(Clone, Copy)]
struct Entry {
    word: &'static str,
    about: &'static str,
    recordings: Recordings,
}

fn entries() -> impl Iterator<Item = Entry> {
    let suites =
        SUITES.iter().map(|suite| Entry { word: suite.word, about: suite.about, recordings: suite.recordings });
    let several = |word, about| Entry { word, about, recordings: Recordings::Any };
    suites.chain(BUNDLES.into_iter().map(move |bundle| several(bundle.word, bundle.about)))
}

/// A policy that can be audited.
struct Choice {
    /// Its name, or the path of its weights.
    name: String,
    chosen: bool,
}

/// The Audit place.
pub struct AuditPlace {
    word: &'static str,
    choices: Vec<Choice>,
    adding: String,
    recording: String,
    roads: String,
    /// Where the report goes; a place named after the audit while it is empty.
    out: String,
    run: Option<Run>,
    finished: Option<Finished>,
    problem: Option<String>,
    request: Option<Request>,
}

impl Default for AuditPlace {
    fn default() -> Self {
        let choice = |name: String| Choice { chosen: matches!(name.as_str(), "ncp" | "cnn"), name };
        Self {
            word: FIRST,
            choices: models::shipped_names().into_iter().map(choice).collect(),
            adding: String::new(),
            recording: String::new(),
            roads: String::new(),
            out: String::new(),
            run: None,
            finished: None,
            problem: None,
            request: None,
        }
    }
}

impl Place for AuditPlace {
    fn ui(&mut self, ui: &mut Ui, palette: &'static Palette) {
        let room = ui.max_rect();
        let width = FORM.min(FORM_SHARE * room.width());
        let left = room.with_max_x(room.left() + width);
        let right = room.with_min_x(left.right() + GAP);
        form::card(ui, left, palette, |ui| self.form(ui, palette));
        form::card(ui, right, palette, |ui| {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| self.results(ui, palette));
        });
    }

    fn tick(&mut self) -> bool {
        let Some(run) = &mut self.run else { return false };
        let mut changed = false;
        while let Some(news) = run.next_news() {
            changed = true;
            match news {
                run::Ended::Finished(finished) => self.finished = Some(finished),
                run::Ended::Stopped(words) | run::Ended::Failed(words) => self.problem = Some(words),
            }
        }
        changed |= run.take_change();
        if run.has_ended() {
            self.run = None;
        }
        changed
    }

    fn running(&self) -> Option<String> {
        self.run.as_ref().map(Run::words)
    }

    fn take_request(&mut self) -> Option<Request> {
        self.request.take()
    }

    fn stop(&mut self) {
        if let Some(run) = &mut self.run {
            run.stop();
        }
    }
}

impl AuditPlace {
    /// Adds the weights in this file to the policies and chooses them.
    pub fn add(&mut self, weights: &Path) {
        let name = weights.display().to_string();
        self.choices.retain(|choice| choice.name != name);
        self.choices.push(Choice { name, chosen: true });
    }

    fn entry(&self) -> Option<Entry> {
        entries().find(|entry| entry.word == self.word)
    }

    fn policies(&self) -> Vec<String> {
        self.choices.iter().filter(|choice| choice.chosen).map(|choice| choice.name.clone()).collect()
    }

    /// The words behind `liquid-lane audit` that ask for what the form holds, without where the report goes.
    fn words(&self) -> Vec<String> {
        let mut words = vec![self.word.to_owned()];
        if self.takes_recording() && !self.recording.trim().is_empty() {
            words.push(self.recording.trim().to_owned());
        }
        words.extend(["--policies".to_owned(), self.policies().join(",")]);
        if !self.roads.trim().is_empty() {
            words.extend(["--roads".to_owned(), self.roads.trim().to_owned()]);
        }
        words
    }

    fn takes_recording(&self) -> bool {
        self.entry().is_some_and(|entry| entry.recordings != Recordings::None)
    }

    fn out(&self) -> PathBuf {
        if !self.out.trim().is_empty() {
            return self.out.trim().into();
        }
        PathBuf::from("out").join(format!("audit-{}", self.word))
    }

    /// What the form asks for; a sentence where it cannot be done.
    fn request(&self) -> Result<AuditRequest, String> {
        let roads = self.roads.trim();
        let number = || roads.parse().map_err(|_| format!("roads: expected a whole number, got {roads}"));
        let roads = if roads.is_empty() { None } else { Some(number()?) };
        let policies = self.policies();
        if policies.is_empty() {
            return Err("choose a policy to audit".to_owned());
        }
        let recording = self.recording.trim();
        let recordings = if self.takes_recording() && !recording.is_empty() { vec![recording.into()] } else { vec![] };
        if recordings.is_empty() && self.entry().is_some_and(|entry| entry.recordings == Recordings::One) {
            return Err(format!("{}: name a recording to watch", self.word));
        }
        Ok(AuditRequest {
            word: self.word.to_owned(),
            policies,
            models: Vec::new(),
            size: Size { roads, seconds: None },
            family: None,
            recordings,
            recording_options: RecordingOptions::default(),
            command: self.words(),
        })
    }

    fn start(&mut self) {
        (self.problem, self.finished) = (None, None);
        match self.request() {
            Ok(request) => self.run = Some(Run::start(request, self.out())),
            Err(problem) => self.problem = Some(problem),
        }
    }

    fn form(&mut self, ui: &mut Ui, palette: &'static Palette) {
        let explanation = "Drive, disturb and look inside policies; a report says what is shown and what is not.";
        form::heading(ui, "Audit", explanation, palette);
        ui.add_space(4.0);
        let below = if self.takes_recording() { 252.0 } else { 220.0 };
        let height = (ui.available_height() - below).max(80.0);
        ScrollArea::vertical().max_height(height).auto_shrink([false, false]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            for entry in entries() {
                self.suite_row(ui, entry, palette);
            }
        });
        ui.add_space(4.0);
        form::row(ui, "Policies", "Each has three trainings in the program", palette, |ui| {
            ui.horizontal_wrapped(|ui| self.policy_chips(ui, palette));
        });
        let adding = form::row(ui, "Add weights", "A weights file of your own", palette, |ui| {
            form::line(ui, &mut self.adding, "path of a .safetensors file, then Enter", palette)
        });
        if adding.lost_focus() && !self.adding.trim().is_empty() {
            let path = std::mem::take(&mut self.adding);
            self.add(Path::new(path.trim()));
        }
        if self.takes_recording() {
            form::row(ui, "Recording", "A recorded drive that the policies watch", palette, |ui| {
                form::line(ui, &mut self.recording, "folder or file of a recorded drive", palette)
            });
        }
        let counted = SUITES.iter().find(|suite| suite.word == self.word).map_or("roads", |suite| suite.counted);
        let own = SUITES.iter().find(|suite| suite.word == self.word).filter(|suite| suite.roads > 0);
        let hint = own.map_or("as each suite says".to_owned(), |suite| format!("{} {counted}", suite.roads));
        form::row(ui, "How many", "Fewer are quicker and say less", palette, |ui| {
            form::line(ui, &mut self.roads, &hint, palette)
        });
        let out = self.out().display().to_string();
        form::row(ui, "Report in", "The folder for the report", palette, |ui| {
            form::line(ui, &mut self.out, &out, palette)
        });
        ui.add_space(2.0);
        ui.horizontal(|ui| {
            if self.run.is_some() {
                if form::secondary(ui, "Stop", palette).clicked() {
                    self.stop();
                }
                form::weak(ui, "what is done is kept", palette);
            } else if form::primary(ui, "Start the audit", palette).clicked() {
                self.start();
            }
        });
    }

    /// One suite: its word, and what it answers.
    fn suite_row(&mut self, ui: &mut Ui, entry: Entry, palette: &Palette) {
        let (width, chosen) = (ui.available_width(), entry.word == self.word);
        let words = ui.painter().layout(entry.about.to_owned(), font(SMALL), palette.weak, width - 92.0 - 16.0);
        let (rect, response) = ui.allocate_exact_size(vec2(width, words.size().y + 8.0), Sense::click());
        let fill = match (chosen, response.hovered()) {
            (true, _) => palette.rest,
            (false, true) => palette.well,
            (false, false) => Color32::TRANSPARENT,
        };
        ui.painter().rect_filled(rect, 4.0, fill);
        if chosen {
            ui.painter().rect_filled(rect.with_max_x(rect.left() + 3.0), 1.0, palette.policies[0]);
        }
        let at = rect.left_top() + vec2(10.0, 3.0);
        ui.painter().text(at, Align2::LEFT_TOP, entry.word, font(BODY), palette.text);
        ui.painter().galley(rect.left_top() + vec2(92.0, 4.0), words, palette.weak);
        if response.clicked() {
            self.word = entry.word;
        }
    }

    fn policy_chips(&mut self, ui: &mut Ui, palette: &Palette) {
        let names: Vec<String> = self.choices.iter().map(|choice| short_name(&choice.name)).collect();
        let identities = theme::identities(names.iter().map(String::as_str), palette);
        for ((choice, name), identity) in self.choices.iter_mut().zip(&names).zip(identities) {
            let chip = form::chip(ui, choice.chosen, name, identity.colour, palette).on_hover_text(&choice.name);
            choice.chosen ^= chip.clicked();
        }
    }

    fn results(&mut self, ui: &mut Ui, palette: &'static Palette) {
        if let Some(problem) = &self.problem {
            form::problem(ui, problem, palette);
            ui.add_space(6.0);
        }
        if let Some(run) = &self.run {
            draw_run(ui, run, palette);
            draw_verdicts(ui, run.sections(), palette);
        } else if let Some(finished) = &self.finished {
            self.request = draw_finished(ui, finished, palette).or(self.request.take());
        } else {
            self.draw_empty(ui, palette);
        }
    }

    /// What the chosen suite is about, before anything was run.
    fn draw_empty(&self, ui: &mut Ui, palette: &Palette) {
        let Some(entry) = self.entry() else { return };
        form::heading(ui, entry.word, entry.about, palette);
        ui.add_space(8.0);
        form::weak(
            ui,
            "The verdicts of each suite stand here as soon as it is done. The whole report, with tables, intervals and \
             charts, opens in the browser. Every two policies are compared, training by training of the same seed; a \
             difference can be shown from four trainings of each policy on; one training each is compared over its roads.",
            palette,
        );
        ui.add_space(8.0);
        form::weak(ui, "The same on the command line:", palette);
        let out = ["--out".to_owned(), self.out().display().to_string()];
        let words = [vec!["audit".to_owned()], self.words(), out.to_vec()].concat();
        form::command(ui, &command_line::line(&words), palette);
    }
}

/// The name of a policy without the folders and the ending of its file.
fn short_name(name: &str) -> String {
    let path = Path::new(name);
    let is_file = path.extension().is_some_and(|extension| extension == "safetensors");
    if is_file { path.file_stem().unwrap_or_default().to_string_lossy().into_owned() } else { name.to_owned() }
}

/// How far each suite is.
fn draw_run(ui: &mut Ui, run: &Run, palette: &Palette) {
    form::heading(ui, &run.title(), &run.explanation(), palette);
    ui.add_space(6.0);
    for suite in run.suites() {
        ui.horizontal(|ui| {
            let (rect, _) = ui.allocate_exact_size(vec2(92.0, 18.0), Sense::hover());
            ui.painter().text(rect.left_center(), Align2::LEFT_CENTER, suite.id, font(BODY), palette.text);
            let counts = format!("{} of {}", suite.done, suite.units);
            let place = ui.available_rect_before_wrap();
            let (bar, _) = ui.allocate_exact_size(vec2((place.width() - 110.0).max(40.0), 6.0), Sense::hover());
            let share = suite.done as f32 / suite.units.max(1) as f32;
            ui.painter().rect_filled(bar, 3.0, palette.rest);
            ui.painter().rect_filled(bar.with_max_x(bar.left() + share * bar.width()), 3.0, palette.policies[0]);
            form::weak(ui, &counts, palette);
        });
    }
    ui.add_space(10.0);
}

/// The report that is there: its verdicts and the way to it.
fn draw_finished(ui: &mut Ui, finished: &Finished, palette: &'static Palette) -> Option<Request> {
    let secs = duration(finished.secs);
    form::heading(
        ui,
        &format!("{} is done", finished.word),
        &format!("{} after {secs}", finished.page.display()),
        palette,
    );
    ui.add_space(6.0);
    let open = form::primary(ui, "Open the report", palette).clicked();
    ui.add_space(8.0);
    draw_verdicts(ui, &finished.sections, palette);
    open.then(|| Request::OpenInBrowser(finished.page.clone()))
}

/// What each suite answered, and what it found wanting.
fn draw_verdicts(ui: &mut Ui, sections: &[Section], palette: &'static Palette) {
    for section in sections {
        ui.label(RichText::new(&section.title).font(font(TITLE)).color(palette.text));
        for line in &section.wanting {
            form::problem(ui, line, palette);
        }
        if section.wanting.is_empty() && section.answers.is_empty() {
            form::weak(ui, "measured; its tables and charts are in the report", palette);
        }
        for answer in &section.answers {
            draw_answer(ui, answer, palette);
        }
        ui.add_space(8.0);
    }
}

/// A question, the value of each policy with its interval, and which differences are shown or suggested.
fn draw_answer(ui: &mut Ui, answer: &Answer, palette: &'static Palette) {
    form::text(ui, answer.question.words(), palette);
    form::weak(ui, &answer.measure_words(), palette);
    let names = answer.policies.iter().map(|value| value.policy.as_str());
    let identities = theme::identities(names, palette);
    ui.horizontal_wrapped(|ui| {
        for (value, identity) in answer.policies.iter().zip(identities) {
            let words = format!("{} {}", value.policy, cell_words(&value.value, answer.decimals));
            let galley = ui.painter().layout_no_wrap(words, font(BODY), palette.text);
            let (rect, _) = ui.allocate_exact_size(galley.size() + vec2(24.0, 8.0), Sense::hover());
            ui.painter().rect(rect, 4.0, palette.well, Stroke::new(1.0, palette.outline), StrokeKind::Inside);
            ui.painter().rect_filled(rect.with_max_x(rect.left() + 4.0), 2.0, identity.colour);
            ui.painter().galley(rect.min + vec2(12.0, 4.0), galley, palette.text);
        }
    });
    form::weak(ui, &verdict(answer), palette);
    ui.add_space(4.0);
}

/// Which differences are shown or only suggested, in a sentence.
fn verdict(answer: &Answer) -> String {
    let words = |differences: &[Difference], word: &str| {
        let words = |Difference { better, worse }: &Difference| format!("{better} is {word} to be better than {worse}");
        differences.iter().map(words).collect::<Vec<_>>()
    };
    let basis = if answer.basis.is_empty() { String::new() } else { format!(", on {}", answer.basis) };
    let mut found = words(&answer.differences, "shown");
    if found.is_empty() {
        found.push("no difference between them is shown".to_owned());
    }
    found.extend(words(&answer.suggested, "suggested"));
    format!("{}{basis}", found.join("; "))
}

fn cell_words(cell: &Cell, decimals: usize) -> String {
    match cell {
        Cell::Interval { value, low, high } => format!("{value:.decimals$} [{low:.decimals$}, {high:.decimals$}]"),
        Cell::Count(count) => count.to_string(),
        Cell::Number(value) => format!("{value:.decimals$}"),
        Cell::Text(text) => text.clone(),
        Cell::Missing => "–".to_owned(),
    }
}

#[cfg(test)]
mod tests;
