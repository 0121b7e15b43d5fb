//! The place where policies learn: what from, for how long, and how they come on meanwhile.

mod run;

use super::form;
use super::{Place, Request};
use crate::jobs::command_line;
use crate::jobs::training::Row;
use crate::view::panels::thousands;
use crate::view::theme::{self, Palette, SMALL, font};
use crate::view::workshop::Workshop;
use egui::{ComboBox, RichText, ScrollArea, Ui, Vec2, vec2};
use egui_file_dialog::FileDialog;
use egui_plot::{Line, MarkerShape, Plot, PlotPoints, PlotUi, Points};
use lane_policy::PolicyKind;
use run::{Ended, Run, Saved, View, cells, headings};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Width of the form, in points, at most and as a share of the place.
const FORM: f32 = 430.0;
const FORM_SHARE: f32 = 0.42;
const GAP: f32 = 8.0;

/// Height of a chart, in points.
const CHART: f32 = 190.0;

/// Policies that have a chip of their own; the others are in a list.
const USUAL: [&str; 6] = ["ncp", "cnn", "lstm", "gru", "ctrnn", "cfc"];

/// Looks with the words that say what they are enough for.
const BUDGETS: [(usize, &str); 3] = [(2_400, "a first idea"), (10_000, "a usable driver"), (60_000, "as shipped")];

/// What a policy learns from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Material {
    Roads,
    Recordings,
    Both,
}

/// The Train place.
pub struct TrainPlace {
    workshop: Option<Arc<dyn Workshop>>,
    policy: String,
    material: Material,
    looks: String,
    recordings: Vec<String>,
    adding: String,
    /// The folders of the machine, while a recording is chosen among them.
    folders: FileDialog,
    passes: String,
    share: String,
    clean: bool,
    cue: bool,
    /// Roads that are driven at each stage.
    stage_roads: String,
    seed: String,
    /// Where the weights go; a place named after the policy while it is empty.
    out: String,
    /// Options as on the command line.
    more: String,
    run: Option<Run>,
    /// The policy of the last training that was started.
    learning: String,
    view: View,
    saved: Option<Saved>,
    problem: Option<String>,
    request: Option<Request>,
}

impl Default for TrainPlace {
    fn default() -> Self {
        Self {
            workshop: None,
            policy: "ncp".to_owned(),
            material: Material::Roads,
            looks: "10000".to_owned(),
            recordings: Vec::new(),
            adding: String::new(),
            folders: FileDialog::new().title("A recording to learn from"),
            passes: String::new(),
            share: String::new(),
            clean: false,
            cue: false,
            stage_roads: "3".to_owned(),
            seed: "1".to_owned(),
            out: String::new(),
            more: String::new(),
            run: None,
            learning: String::new(),
            view: View::default(),
            saved: None,
            problem: None,
            request: None,
        }
    }
}

impl Place for TrainPlace {
    fn ui(&mut self, ui: &mut Ui, palette: &'static Palette) {
        self.folders.update(ui.ctx());
        if let Some(path) = self.folders.take_picked() {
            self.add_recording(&path);
        }
        let room = ui.max_rect();
        let width = FORM.min(FORM_SHARE * room.width());
        let left = room.with_max_x(room.left() + width);
        let right = room.with_min_x(left.right() + GAP);
        form::card(ui, left, palette, |ui| {
            ScrollArea::vertical().id_salt("form").auto_shrink(false).show(ui, |ui| self.form(ui, palette));
        });
        form::card(ui, right, palette, |ui| {
            ScrollArea::vertical().id_salt("results").auto_shrink(false).show(ui, |ui| self.results(ui, palette));
        });
    }

    fn tick(&mut self) -> bool {
        let Some(run) = &mut self.run else { return false };
        let (changed, ended) = run.update(&mut self.view);
        if let Some(ended) = ended {
            self.run = None;
            match ended {
                Ended::Saved(saved) => self.saved = Some(saved),
                Ended::Failed(why) => self.problem = Some(why),
            }
        }
        changed
    }

    fn running(&self) -> Option<String> {
        self.run.as_ref().map(|run| format!("training {}: {}", run.policy(), self.view.words()))
    }

    fn take_request(&mut self) -> Option<Request> {
        self.request.take()
    }

    fn stop(&mut self) {
        if let Some(run) = &self.run {
            run.stop();
            self.view.stopping = true;
        }
    }
}

impl TrainPlace {
    /// Trainings are made there from now on.
    pub fn set_workshop(&mut self, workshop: Arc<dyn Workshop>) {
        self.workshop = Some(workshop);
    }

    /// Adds a recording to learn from.
    pub fn add_recording(&mut self, path: &Path) {
        let path = path.display().to_string();
        if !self.recordings.contains(&path) {
            self.recordings.push(path);
        }
        if self.material == Material::Roads {
            self.material = Material::Recordings;
        }
    }

    /// The words behind `liquid-lane train` that ask for what the form holds. That command says what is wrong with them.
    fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut say = |option: &str, value: &str| {
            if !value.trim().is_empty() {
                words.extend([option.to_owned(), value.trim().to_owned()]);
            }
        };
        say("--policy", &self.policy);
        if self.seed.trim() != "1" {
            say("--seed", &self.seed);
        }
        if self.material != Material::Recordings {
            say("--looks", &self.looks);
        }
        if self.material != Material::Roads {
            self.recordings.iter().for_each(|recording| say("--recording", recording));
            say("--passes", &self.passes);
        }
        if self.material == Material::Both {
            say("--recording-share", if self.share.trim().is_empty() { "0.5" } else { &self.share });
        }
        if self.material != Material::Recordings && self.stage_roads.trim() != "0" {
            say("--stage-roads", &self.stage_roads);
        }
        say("--out", &self.out());
        let worlds = [("--clean", self.clean), ("--cue", self.cue)];
        let worlds = worlds.into_iter().filter(|(_, chosen)| *chosen && self.material != Material::Recordings);
        words.extend(worlds.map(|(option, _)| option.to_owned()));
        words.extend(self.more.split_whitespace().map(str::to_owned));
        words
    }

    fn out(&self) -> String {
        if self.out.trim().is_empty() { format!("out/train-{}", self.policy) } else { self.out.trim().to_owned() }
    }

    /// Starts what the form asks for, or goes on with it from its checkpoint.
    fn start(&mut self, resume: bool) {
        (self.problem, self.saved, self.view) = (None, None, View::default());
        if self.material != Material::Roads && self.recordings.is_empty() {
            self.problem = Some("name a recording to learn from, or drop one on the window".to_owned());
            return;
        }
        let Some(workshop) = self.workshop.clone() else {
            self.problem = Some("nothing can be trained in this window".to_owned());
            return;
        };
        let mut words = self.words();
        words.extend(resume.then(|| "--resume".to_owned()));
        self.learning.clone_from(&self.policy);
        // Behind the path may stand options of the training.
        let path = |recording: &String| PathBuf::from(recording.split("::").next().unwrap_or_default());
        let recording = self.recordings.first().filter(|_| self.material != Material::Roads).map(path);
        self.run = Some(Run::start(workshop, &self.policy, &words, recording));
    }

    fn form(&mut self, ui: &mut Ui, palette: &'static Palette) {
        let explanation = "A policy learns to steer from the simulator's expert, from your drives, or from both.";
        form::heading(ui, "Train", explanation, palette);
        ui.add_space(6.0);
        form::row(ui, "Policy", "What turns pictures into steering", palette, |ui| {
            ui.horizontal_wrapped(|ui| self.policy_chips(ui, palette));
        });
        form::row(ui, "Learns from", "The simulator's roads, recorded drives, or half and half", palette, |ui| {
            let all = [(Material::Roads, "our roads"), (Material::Recordings, "recordings"), (Material::Both, "both")];
            for (material, words) in all {
                if form::chip(ui, self.material == material, words, palette.policies[0], palette).clicked() {
                    self.material = material;
                }
            }
        });
        if self.material != Material::Roads {
            self.recordings_form(ui, palette);
        }
        if self.material != Material::Recordings {
            self.roads_form(ui, palette);
        }
        form::row(ui, "Seed", "Decides first weights, demonstrations and their order", palette, |ui| {
            form::line(ui, &mut self.seed, "1", palette)
        });
        let out = self.out();
        form::row(
            ui,
            "Weights in",
            "The folder for the weights, their card and the course of the training",
            palette,
            |ui| form::line(ui, &mut self.out, &out, palette),
        );
        form::row(ui, "More", "Any other options of `liquid-lane train`", palette, |ui| {
            form::line(ui, &mut self.more, "options, such as --dropout 0.1", palette)
        });
        ui.add_space(6.0);
        ui.horizontal(|ui| {
            if self.run.is_some() {
                let words = if self.view.stopping { "Stopping" } else { "Stop" };
                if form::secondary(ui, words, palette).clicked() {
                    self.stop();
                }
                form::weak(ui, "what it has learned is kept, and can go on", palette);
            } else if form::primary(ui, "Start the training", palette).clicked() {
                self.start(false);
            }
        });
        ui.add_space(8.0);
        form::weak(ui, "The same on the command line:", palette);
        let words = [vec!["train".to_owned()], self.words()].concat();
        form::command(ui, &command_line::line(&words), palette);
    }

    fn policy_chips(&mut self, ui: &mut Ui, palette: &'static Palette) {
        let identities = theme::identities(USUAL.into_iter(), palette);
        for (name, identity) in USUAL.into_iter().zip(identities) {
            if form::chip(ui, self.policy == name, name, identity.colour, palette).clicked() {
                self.policy = name.to_owned();
            }
        }
        let is_usual = USUAL.contains(&self.policy.as_str());
        let shown = if is_usual { "other policies" } else { self.policy.as_str() };
        // A box is not put on the next line by itself where there is no room for it.
        ui.end_row();
        let list = ComboBox::from_id_salt("policy").width(180.0).height(360.0);
        list.selected_text(RichText::new(shown).font(font(SMALL))).show_ui(ui, |ui| {
            for name in PolicyKind::all().map(|kind| kind.to_string()) {
                if ui.selectable_label(self.policy == name, &name).clicked() {
                    self.policy = name;
                }
            }
        });
    }

    fn roads_form(&mut self, ui: &mut Ui, palette: &'static Palette) {
        form::row(ui, "Looks", "Demonstrations, each with a road and a look of its own", palette, |ui| {
            form::line(ui, &mut self.looks, "60000", palette)
        });
        form::row(ui, "", "", palette, |ui| {
            ui.horizontal_wrapped(|ui| {
                for (looks, words) in BUDGETS {
                    let on = self.looks.trim().parse() == Ok(looks);
                    let words = format!("{}: {words}", thousands(looks));
                    if form::chip(ui, on, &words, palette.policies[0], palette).clicked() {
                        self.looks = looks.to_string();
                    }
                }
            });
        });
        form::row(ui, "World", "What the demonstrations show", palette, |ui| {
            let clean = form::chip(ui, self.clean, "no image noise", palette.policies[0], palette)
                .on_hover_text("Without noise and blur, as the 2020 paper trained");
            self.clean ^= clean.clicked();
            let cue = form::chip(ui, self.cue, "misleading bushes", palette.policies[0], palette)
                .on_hover_text("Bushes whose colour tells how the road bends: a shortcut for the audit to find");
            self.cue ^= cue.clicked();
        });
        form::row(ui, "Stage roads", "Roads that it drives for a score at each of its twenty stages", palette, |ui| {
            form::line(ui, &mut self.stage_roads, "0", palette)
        });
    }

    fn recordings_form(&mut self, ui: &mut Ui, palette: &'static Palette) {
        let mut gone = None;
        for (place, recording) in self.recordings.iter().enumerate() {
            form::row(ui, if place == 0 { "Recordings" } else { "" }, "Drives to learn from", palette, |ui| {
                if form::chip(ui, true, "✖", palette.outline, palette).on_hover_text("Leave it out").clicked() {
                    gone = Some(place);
                }
                let words = RichText::new(recording).font(font(SMALL)).color(palette.text);
                ui.add(egui::Label::new(words).truncate()).on_hover_text(recording);
            });
        }
        if let Some(place) = gone {
            self.recordings.remove(place);
        }
        let adding = form::row(ui, "Add", "Type a path, or drop the recording on the window", palette, |ui| {
            form::line(ui, &mut self.adding, "folder or file of a drive, then Enter", palette)
        });
        if adding.lost_focus() && !self.adding.trim().is_empty() {
            let path = std::mem::take(&mut self.adding);
            self.add_recording(Path::new(path.trim()));
        }
        form::row(ui, "", "", palette, |ui| {
            if form::secondary(ui, "Choose a folder …", palette).clicked() {
                self.folders.pick_directory();
            }
            if form::secondary(ui, "Choose a file …", palette).clicked() {
                self.folders.pick_file();
            }
        });
        let hint = "40, or as many as the simulator's part leaves";
        let hint = if self.material == Material::Both { hint } else { "40" };
        form::row(ui, "Passes", "How often the recordings are gone through", palette, |ui| {
            form::line(ui, &mut self.passes, hint, palette)
        });
        if self.material == Material::Both {
            form::row(ui, "Share", "Share of the sequences that are of recordings", palette, |ui| {
                form::line(ui, &mut self.share, "0.5", palette)
            });
        }
    }

    fn results(&mut self, ui: &mut Ui, palette: &'static Palette) {
        if let Some(problem) = &self.problem {
            form::problem(ui, problem, palette);
            ui.add_space(6.0);
        }
        if let Some(run) = &self.run {
            form::heading(ui, &format!("{} is learning", run.policy()), &self.view.words(), palette);
            form::progress(ui, self.view.share(), palette);
            ui.add_space(8.0);
        }
        self.draw_saved(ui, palette);
        for note in &self.view.notes {
            form::weak(ui, note, palette);
        }
        if !self.view.losses.is_empty() {
            self.draw_course(ui, palette);
        } else if self.run.is_none() && self.saved.is_none() {
            draw_empty(ui, palette);
        }
    }

    /// What the last training left, and what can be done with it.
    fn draw_saved(&mut self, ui: &mut Ui, palette: &'static Palette) {
        let Some(saved) = &self.saved else { return };
        let (weights, recording) = (saved.weights.clone(), saved.recording.clone());
        form::heading(ui, &format!("{} is saved", weights.display()), &saved.words, palette);
        ui.add_space(4.0);
        let (mut request, mut goes_on) = (None, false);
        ui.horizontal_wrapped(|ui| {
            if saved.drives && form::primary(ui, "Drive it", palette).clicked() {
                request = Some(Request::DriveWith(weights.clone()));
            }
            if let Some(recording) = recording
                && form::primary(ui, "Replay it", palette).on_hover_text("On the recording it learned from").clicked()
            {
                request = Some(Request::ReplayWith(weights.clone(), recording));
            }
            if form::secondary(ui, "Audit it", palette).clicked() {
                request = Some(Request::AuditWith(weights));
            }
            goes_on = saved.stopped
                && form::secondary(ui, "Go on with it", palette)
                    .on_hover_text("From where it was stopped, with the same result as without the stop")
                    .clicked();
        });
        ui.add_space(8.0);
        self.request = request.or(self.request.take());
        if goes_on {
            self.start(true);
        }
    }

    /// The loss and what the stages came to.
    fn draw_course(&self, ui: &mut Ui, palette: &'static Palette) {
        let colour = theme::identities(std::iter::once(self.learning.as_str()), palette)[0].colour;
        let end = self.view.steps as f64;
        let stages = &self.view.stages;
        let points = |value: &dyn Fn(&Row) -> Option<f64>| {
            let points = stages.iter().filter_map(|row| Some([row.step as f64, value(row)?]));
            points.collect::<Vec<_>>()
        };
        let driven = points(&|row| row.without_crash);
        let (title, points, top) = if driven.is_empty() {
            ("Held back: R2 over zero, by step", points(&|row| Some(row.held_back?.r2_over_zero)), 0.1)
        } else {
            ("Share of roads without a crash, by step", driven, 1.0)
        };
        let charts = if points.is_empty() { 1.0 } else { 2.0 };
        let width = ((ui.available_width() - 12.0 * (charts - 1.0)) / charts).max(120.0);
        ui.horizontal(|ui| {
            let losses = PlotPoints::from(self.view.losses.clone());
            chart(ui, "Loss, smoothed, by step", vec2(width, CHART), [end, 0.0], palette, move |plot| {
                plot.line(Line::new("loss", losses).color(colour).width(1.8).allow_hover(false));
            });
            if !points.is_empty() {
                chart(ui, title, vec2(width, CHART), [end, top], palette, move |plot| {
                    let line = Line::new("stages", PlotPoints::from(points.clone())).color(colour);
                    plot.line(line.width(1.2).allow_hover(false));
                    let marks = Points::new("marks", PlotPoints::from(points)).shape(MarkerShape::Circle).radius(3.5);
                    plot.points(marks.color(colour).allow_hover(false));
                });
            }
        });
        ui.add_space(10.0);
        draw_stages(ui, stages, palette);
    }
}

fn draw_empty(ui: &mut Ui, palette: &Palette) {
    form::heading(ui, "Nothing has been trained yet", "Choose a policy and what it learns from, and start.", palette);
    ui.add_space(8.0);
    form::weak(
        ui,
        "While it learns, this place shows the loss and, at twenty stages, how it does where it does not learn: on roads \
         kept for that, or on the part of each recording that is held back. 10,000 looks take about five minutes on two \
         cores, a recording of a minute takes one. Stop when you like: what it has learned is written down, and it can \
         go on from there. Then drive it, replay it or audit it.",
        palette,
    );
}

/// A small chart that the pointer does not move, from 0 to at least these ends of its axes.
fn chart<'a>(
    ui: &mut Ui,
    title: &str,
    size: Vec2,
    [right, top]: [f64; 2],
    palette: &'static Palette,
    content: impl FnOnce(&mut PlotUi<'a>) + 'a,
) {
    ui.vertical(|ui| {
        form::weak(ui, title, palette);
        let plot = Plot::new(title).width(size.x).height(size.y);
        let plot = plot.include_x(0.0).include_x(right).include_y(0.0).include_y(top);
        let plot = plot.allow_drag(false).allow_zoom(false).allow_scroll(false).allow_boxed_zoom(false);
        let plot = plot.allow_double_click_reset(false).show_background(false).grid_color(palette.outline);
        plot.show_x(false).show_y(false).show(ui, content);
    });
}

/// The stages as a table, the last one first.
fn draw_stages(ui: &mut Ui, stages: &[Row], palette: &Palette) {
    if stages.is_empty() {
        return;
    }
    let headings = headings(stages);
    egui::Grid::new("stages").striped(false).spacing(vec2(24.0, 4.0)).show(ui, |ui| {
        headings.iter().for_each(|heading| drop(form::weak(ui, heading, palette)));
        ui.end_row();
        for row in stages.iter().rev() {
            for cell in cells(row, &headings) {
                ui.label(RichText::new(cell).font(font(SMALL)).color(palette.text));
            }
            ui.end_row();
        }
    });
}

#[cfg(test)]
impl TrainPlace {
    /// Starts a training whose weights go into this folder.
    pub fn start_in(&mut self, folder: &Path) {
        self.out = folder.display().to_string();
        self.start(false);
    }
}

#[cfg(test)]
mod tests;
