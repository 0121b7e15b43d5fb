//! A place with nothing to show yet: what it is for, and the first step.

use super::{Wish, card};
use crate::view::keys::{Action, PlaceName};
use crate::view::places::form;
use crate::view::recent::Recent;
use crate::view::theme::{BODY, Palette, SMALL, TITLE, font};
use egui::{Align2, Rect, RichText, Ui, vec2};

/// Formats that open, in one line.
const FORMATS: &str = "Donkeycar, Udacity, comma2k19, LeRobot, MCAP, videos, pictures with a table of steering";

/// Draws the place.
pub fn draw(ui: &mut Ui, rect: Rect, place: PlaceName, recent: &Recent, palette: &Palette) -> Vec<Wish> {
    let room = card(ui.painter(), rect, palette);
    let middle = Rect::from_center_size(room.center(), vec2(room.width().min(560.0), room.height().min(420.0)));
    let top = middle.center_top();
    ui.painter().text(top, Align2::CENTER_TOP, place.name(), font(TITLE + 6.0), palette.text);
    let purpose = top + vec2(0.0, 32.0);
    ui.painter().text(purpose, Align2::CENTER_TOP, place.purpose(), font(BODY), palette.weak);
    let mut wishes = Vec::new();
    super::room(ui, middle.with_min_y(middle.top() + 70.0), |ui| {
        ui.vertical_centered(|ui| match place {
            PlaceName::Drive => {
                wishes.extend(form::primary(ui, "Drive now", palette).clicked().then_some(Wish::StartDrive));
            }
            PlaceName::Replay => draw_replay(ui, recent, palette, &mut wishes),
            // These have a form of their own.
            PlaceName::Train | PlaceName::Audit => {}
        });
    });
    wishes
}

fn draw_replay(ui: &mut Ui, recent: &Recent, palette: &Palette, wishes: &mut Vec<Wish>) {
    ui.label(RichText::new("Drop a recording here").font(font(TITLE)));
    ui.add_space(10.0);
    wishes.extend(form::primary(ui, "Open a recording …", palette).clicked().then_some(Wish::Act(Action::Open)));
    ui.add_space(4.0);
    wishes.extend(form::secondary(ui, "Watch the sample drive", palette).clicked().then_some(Wish::OpenSample));
    ui.add_space(12.0);
    ui.label(RichText::new(FORMATS).font(font(SMALL)).color(palette.weak));
    if recent.paths().is_empty() {
        return;
    }
    ui.add_space(16.0);
    ui.label(RichText::new("Opened of late").font(font(BODY)).color(palette.weak));
    for path in recent.paths() {
        let clicked = ui.link(path.display().to_string()).clicked();
        wishes.extend(clicked.then(|| Wish::Open(path.clone())));
    }
}
