//! The place where policies learn: what from, for how long, and how they drive meanwhile.

mod car;
mod run;

use super::form;
use super::{Place, Request};
use crate::jobs::command_line;
use crate::jobs::training::{LARGEST_SEED, LOOKS, TrainingRequest};
use crate::view::panels::thousands;
use crate::view::theme::{self, Palette, SMALL, font};
use egui::{Color32, ColorImage, ComboBox, RichText, ScrollArea, Sense, TextureHandle, TextureOptions, Ui, vec2};
use egui_plot::{Line, MarkerShape, Plot, PlotPoints, PlotUi, Points};
use lane_policy::PolicyKind;
use run::{Ended, Run, Stage, View};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// Width of the form, in points, at most and as a share of the place.
const FORM: f32 = 430.0;
const FORM_SHARE: f32 = 0.42;
const GAP: f32 = 8.0;

/// Policies that have a chip of their own; the others are in a list.
const USUAL: [&str; 6] = ["ncp", "cnn", "lstm", "gru", "ctrnn", "cfc"];

/// Looks with the words that say what they are enough for.
const BUDGETS: [(usize, &str); 3] = [(2_400, "a first idea"), (10_000, "a usable driver"), (60_000, "as shipped")];

/// What a policy learns from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Material {
    Simulator,
    Recordings,
    Both,
}

/// The Train place.
pub struct TrainPlace {
    policy: String,
    material: Material,
    looks: String,
    recordings: Vec<String>,
    adding: String,
    clean: bool,
    cue: bool,
    seed: String,
    out: String,
    /// The policy of the last training that was started.
    learning: String,
    run: Option<Run>,
    /// What the last training left, or why it left nothing.
    ended: Option<Ended>,
    view: View,
    picture: Option<(u64, TextureHandle)>,
    request: Option<Request>,
    problem: Option<String>,
}

impl Default for TrainPlace {
    fn default() -> Self {
        Self {
            policy: "ncp".to_owned(),
            material: Material::Simulator,
            looks: "10000".to_owned(),
            recordings: Vec::new(),
            adding: String::new(),
            clean: false,
            cue: false,
            seed: "1".to_owned(),
            out: "out".to_owned(),
            learning: String::new(),
            run: None,
            ended: None,
            view: View::default(),
            picture: None,
            request: None,
            problem: None,
        }
    }
}

impl Place for TrainPlace {
    fn ui(&mut self, ui: &mut Ui, palette: &'static Palette) {
        let room = ui.max_rect();
        let width = FORM.min(FORM_SHARE * room.width());
        let left = room.with_max_x(room.left() + width);
        let right = room.with_min_x(left.right() + GAP);
        form::card(ui, left, palette, |ui| {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| self.form(ui, palette));
        });
        form::card(ui, right, palette, |ui| {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| self.results(ui, palette));
        });
        if let Some(run) = &self.run {
            run.look();
        }
    }

    fn tick(&mut self) -> bool {
        let Some(run) = &mut self.run else { return false };
        let changed = run.update(&mut self.view);
        if let Some(ended) = run.take_end() {
            (self.ended, self.run) = (Some(ended), None);
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
    /// Adds a recording to learn from.
    pub fn add_recording(&mut self, path: &Path) {
        self.recordings.push(path.display().to_string());
        if self.material == Material::Simulator {
            self.material = Material::Recordings;
        }
    }

    /// What the form asks for; a sentence where it cannot be done.
    fn request(&self) -> Result<TrainingRequest, String> {
        let policy: PolicyKind = self.policy.parse()?;
        let number = |name: &str, text: &str, range: RangeInclusive<u64>| {
            let text = text.trim();
            let number = text.parse().map_err(|_| format!("{name}: expected a whole number, got {text}"))?;
            let (least, most) = (range.start(), range.end());
            let refused = || format!("{name}: expected {least} to {most}, got {number}");
            range.contains(&number).then_some(number).ok_or_else(refused)
        };
        let seed = number("seed", &self.seed, 0..=LARGEST_SEED)?;
        let alone = self.material == Material::Recordings;
        let looks = if alone { None } else { Some(number("looks", &self.looks, LOOKS)? as usize) };
        let recordings = if self.material == Material::Simulator { &[] } else { self.recordings.as_slice() };
        let recordings: Vec<PathBuf> = recordings.iter().map(PathBuf::from).collect();
        if self.material != Material::Simulator && recordings.is_empty() {
            return Err("name a recording to learn from".to_owned());
        }
        Ok(TrainingRequest {
            policy,
            seed,
            looks,
            recordings,
            clean: self.clean,
            cue: self.cue,
            out: PathBuf::from(self.out.trim()),
        })
    }

    fn start(&mut self) {
        (self.problem, self.ended, self.view, self.picture) = (None, None, View::default(), None);
        match self.request() {
            Ok(request) => {
                self.learning = request.policy.to_string();
                self.run = Some(Run::start(request));
            }
            Err(problem) => self.problem = Some(problem),
        }
    }

    fn form(&mut self, ui: &mut Ui, palette: &'static Palette) {
        let explanation = "A policy learns to steer from the simulator's expert, from your drives, or from both.";
        form::heading(ui, "Train", explanation, palette);
        ui.add_space(6.0);
        form::row(ui, "Policy", "What turns pictures into steering", palette, |ui| {
            ui.horizontal_wrapped(|ui| self.policy_chips(ui, palette));
        });
        form::row(ui, "Learns from", "The simulator, recorded drives, or half and half", palette, |ui| {
            let all =
                [(Material::Simulator, "simulator"), (Material::Recordings, "recordings"), (Material::Both, "both")];
            for (material, words) in all {
                if form::chip(ui, self.material == material, words, palette.policies[0], palette).clicked() {
                    self.material = material;
                }
            }
        });
        if self.material != Material::Simulator {
            self.recordings_form(ui, palette);
        }
        if self.material != Material::Recordings {
            self.simulator_form(ui, palette);
        }
        form::row(ui, "Seed", "Decides first weights, demonstrations and their order", palette, |ui| {
            form::line(ui, &mut self.seed, "1", palette)
        });
        form::row(ui, "Weights in", "The folder for the weights and their card", palette, |ui| {
            form::line(ui, &mut self.out, "out", palette)
        });
        ui.add_space(6.0);
        ui.horizontal(|ui| {
            if self.run.is_some() {
                let stop = if self.view.stopping { "Stopping" } else { "Stop" };
                if form::secondary(ui, stop, palette).on_hover_text("Ends the training and keeps the best").clicked() {
                    self.stop();
                }
                form::weak(ui, "the best weights so far are kept", palette);
            } else if form::primary(ui, "Start the training", palette).clicked() {
                self.start();
            }
        });
        if let Ok(request) = self.request() {
            ui.add_space(10.0);
            form::weak(ui, "The same on the command line:", palette);
            form::command(ui, &command_line::line(&request.words()), palette);
        }
    }

    fn policy_chips(&mut self, ui: &mut Ui, palette: &'static Palette) {
        let identities = theme::identities(USUAL.into_iter(), palette);
        for (name, identity) in USUAL.into_iter().zip(identities) {
            if form::chip(ui, self.policy == name, name, identity.colour, palette).clicked() {
                self.policy = name.to_owned();
            }
        }
        let is_usual = USUAL.contains(&self.policy.as_str());
        let shown = if is_usual { "others" } else { self.policy.as_str() };
        ComboBox::from_id_salt("policy").selected_text(RichText::new(shown).font(font(SMALL))).show_ui(ui, |ui| {
            for kind in PolicyKind::all() {
                let name = kind.to_string();
                if ui.selectable_label(self.policy == name, &name).clicked() {
                    self.policy = name;
                }
            }
        });
    }

    fn simulator_form(&mut self, ui: &mut Ui, palette: &'static Palette) {
        form::row(ui, "Budget", "Demonstrations, each with a road and a look of its own", palette, |ui| {
            ui.vertical(|ui| {
                for (looks, words) in BUDGETS {
                    let on = self.looks.trim().parse() == Ok(looks);
                    let words = format!("{} looks: {words}", thousands(looks));
                    if form::chip(ui, on, &words, palette.policies[0], palette).clicked() {
                        self.looks = looks.to_string();
                    }
                }
            });
        });
        form::row(ui, "Looks", "Any other number of demonstrations", palette, |ui| {
            form::line(ui, &mut self.looks, "10000", palette)
        });
        form::row(ui, "World", "What the demonstrations show", palette, |ui| {
            let clean = form::chip(ui, self.clean, "no image noise", palette.policies[0], palette)
                .on_hover_text("Without noise and blur, as the 2020 paper trained");
            self.clean ^= clean.clicked();
            let cue = form::chip(ui, self.cue, "misleading bushes", palette.policies[0], palette)
                .on_hover_text("Bushes whose colour tells how the road bends: a shortcut for the audit to find");
            self.cue ^= cue.clicked();
        });
    }

    fn recordings_form(&mut self, ui: &mut Ui, palette: &'static Palette) {
        let mut gone = None;
        for (place, recording) in self.recordings.iter().enumerate() {
            form::row(ui, if place == 0 { "Recordings" } else { "" }, "Drives to learn from", palette, |ui| {
                if form::chip(ui, true, "✖", palette.outline, palette).on_hover_text("Leave it out").clicked() {
                    gone = Some(place);
                }
                ui.add(egui::Label::new(RichText::new(recording).font(font(SMALL))).truncate())
                    .on_hover_text(recording);
            });
        }
        if let Some(place) = gone {
            self.recordings.remove(place);
        }
        let adding = form::row(ui, "Add", "Type a path, or drop it on the window", palette, |ui| {
            form::line(ui, &mut self.adding, "folder or file of a recorded drive, then Enter", palette)
        });
        if adding.lost_focus() && !self.adding.trim().is_empty() {
            let path = std::mem::take(&mut self.adding);
            self.recordings.push(path.trim().to_owned());
        }
    }

    fn results(&mut self, ui: &mut Ui, palette: &'static Palette) {
        if let Some(problem) = &self.problem {
            form::problem(ui, problem, palette);
        }
        match &self.ended {
            Some(Ended::Failed(why)) => form::problem(ui, why, palette),
            Some(Ended::Saved { weights, words }) => {
                let weights = weights.clone();
                form::heading(ui, &format!("{} is saved", weights.display()), words, palette);
                ui.add_space(4.0);
                ui.horizontal(|ui| {
                    if form::primary(ui, "Drive it", palette).clicked() {
                        self.request = Some(Request::DriveWith(weights.clone()));
                    }
                    if form::secondary(ui, "Audit it", palette).clicked() {
                        self.request = Some(Request::AuditWith(weights));
                    }
                });
                ui.add_space(8.0);
            }
            None => {}
        }
        if let Some(run) = &self.run {
            form::heading(ui, &format!("{} is learning", run.policy()), &self.view.words(), palette);
            progress(ui, self.view.share(), palette.policies[0], palette);
            ui.add_space(8.0);
        }
        if self.view.losses.is_empty() {
            if self.run.is_none() && self.ended.is_none() {
                draw_empty(ui, palette);
            }
            return;
        }
        let identities = theme::identities(std::iter::once(self.learning.as_str()), palette);
        self.draw_charts(ui, identities[0].colour, palette);
        ui.add_space(8.0);
        self.draw_car(ui, palette);
        draw_stages(ui, &self.view.stages, palette);
    }

    /// The loss, and what the stages drove, over the steps.
    fn draw_charts(&self, ui: &mut Ui, colour: Color32, palette: &'static Palette) {
        let width = (ui.available_width() - 12.0) / 2.0;
        let end = self.view.steps as f64;
        ui.horizontal(|ui| {
            let losses = PlotPoints::from(self.view.losses.clone());
            chart(ui, "loss", "Loss, smoothed, by step", width, end, palette, move |plot| {
                plot.line(Line::new("loss", losses).color(colour).width(1.8).allow_hover(false));
            });
            let (title, points) = self.view.stage_points();
            chart(ui, "stages", title, width, end, palette, move |plot| {
                let line = Line::new("stages", PlotPoints::from(points.clone())).color(colour);
                plot.line(line.width(1.2).allow_hover(false));
                let marks = Points::new("stages", PlotPoints::from(points)).shape(MarkerShape::Circle).radius(3.5);
                plot.points(marks.color(colour).allow_hover(false));
            });
        });
    }

    /// The car that drives with the newest weights.
    fn draw_car(&mut self, ui: &mut Ui, palette: &Palette) {
        let Some(car) = &self.view.car else { return };
        if self.picture.as_ref().is_none_or(|(number, _)| *number != car.number) {
            let (width, height) = car.image.dimensions();
            let image = ColorImage::from_rgb([width as usize, height as usize], car.image.as_raw());
            match &mut self.picture {
                Some((number, texture)) => {
                    *number = car.number;
                    texture.set(image, TextureOptions::LINEAR);
                }
                None => {
                    let texture = ui.ctx().load_texture("training car", image, TextureOptions::LINEAR);
                    self.picture = Some((car.number, texture));
                }
            }
        }
        let Some((_, texture)) = &self.picture else { return };
        let size = vec2(car.image.width() as f32, car.image.height() as f32);
        let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
        let whole = egui::Rect::from_min_max(egui::pos2(0.0, 0.0), egui::pos2(1.0, 1.0));
        ui.painter().image(texture.id(), rect, whole, Color32::WHITE);
        form::weak(ui, &car.words(), palette);
        ui.add_space(8.0);
    }
}

/// How far something is, from 0 to 1, as wide as there is room.
fn progress(ui: &mut Ui, share: f32, colour: Color32, palette: &Palette) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 6.0), Sense::hover());
    ui.painter().rect_filled(rect, 3.0, palette.rest);
    let done = rect.with_max_x(rect.left() + rect.width() * share.clamp(0.0, 1.0));
    ui.painter().rect_filled(done, 3.0, colour);
}

fn draw_empty(ui: &mut Ui, palette: &Palette) {
    form::heading(ui, "Nothing has been trained yet", "Choose a policy and a budget, and start.", palette);
    ui.add_space(8.0);
    form::weak(
        ui,
        "While it learns, this place shows the loss, how it drives after each stage on roads that it never learns from, and \
         a car that drives with its present weights. Stop when you like: the best weights are kept. Then drive it \
         beside others, or audit it.",
        palette,
    );
}

/// A small chart that the pointer does not move.
fn chart<'a>(
    ui: &mut Ui,
    id: &str,
    title: &str,
    width: f32,
    end: f64,
    palette: &'static Palette,
    content: impl FnOnce(&mut PlotUi<'a>) + 'a,
) {
    ui.vertical(|ui| {
        form::weak(ui, title, palette);
        let plot = Plot::new(id).width(width).height(170.0).include_x(0.0).include_x(end).include_y(0.0);
        let plot = plot.allow_drag(false).allow_zoom(false).allow_scroll(false).allow_boxed_zoom(false);
        let plot = plot.allow_double_click_reset(false).show_background(false).grid_color(palette.outline);
        plot.show_x(false).show_y(false).show(ui, content);
    });
}

/// How each stage drove.
fn draw_stages(ui: &mut Ui, stages: &[Stage], palette: &Palette) {
    if stages.is_empty() {
        return;
    }
    egui::Grid::new("stages").striped(false).spacing(vec2(22.0, 4.0)).show(ui, |ui| {
        for heading in ["after step", "held back", "roads without a crash", "crashes/km", "|e| m"] {
            form::weak(ui, heading, palette);
        }
        ui.end_row();
        for stage in stages.iter().rev() {
            for cell in stage.cells() {
                form::text(ui, &cell, palette);
            }
            ui.end_row();
        }
    });
}

#[cfg(test)]
mod tests;
