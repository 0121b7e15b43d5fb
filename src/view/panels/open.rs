//! The question which recording to open: a path to type, those of late, and the folders of the machine.

use super::Wish;
use crate::view::places::form;
use crate::view::recent::Recent;
use crate::view::theme::{Palette, SMALL, font};
use egui::{Label, RichText, Sense, Ui};
use egui_file_dialog::{DialogState, FileDialog};
use std::path::PathBuf;

/// The question which recording to open.
pub struct OpenDialog {
    /// A path that is typed.
    typed: String,
    /// The folders of the machine, while they are shown.
    folders: FileDialog,
}

impl Default for OpenDialog {
    fn default() -> Self {
        Self { typed: String::new(), folders: FileDialog::new().title("A recording") }
    }
}

impl OpenDialog {
    /// Draws the question; asks for a recording once it is answered.
    pub fn draw(&mut self, ui: &mut Ui, recent: &Recent, palette: &Palette) -> Option<Wish> {
        self.folders.update(ui.ctx());
        if let Some(path) = self.folders.take_picked() {
            return Some(Wish::Open(path));
        }
        if *self.folders.state() == DialogState::Open {
            return None;
        }
        let mut wish = None;
        form::dialog(ui, "Open", palette, |ui| wish = self.draw_question(ui, recent, palette));
        wish
    }

    fn draw_question(&mut self, ui: &mut Ui, recent: &Recent, palette: &Palette) -> Option<Wish> {
        form::heading(ui, "Open a recording", "Its folder or file; it can also be dropped on the window.", palette);
        ui.add_space(6.0);
        let edit = form::row(ui, "Path", "Folder or file of the recording", palette, |ui| {
            form::line(ui, &mut self.typed, "path, then Enter", palette)
        });
        let entered = edit.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        let mut wish = None;
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            if (form::primary(ui, "Open", palette).clicked() || entered) && !self.typed.trim().is_empty() {
                wish = Some(Wish::Open(PathBuf::from(self.typed.trim())));
            }
            if form::secondary(ui, "Choose a folder …", palette).clicked() {
                self.folders.pick_directory();
            }
            if form::secondary(ui, "Choose a file …", palette).clicked() {
                self.folders.pick_file();
            }
            if form::secondary(ui, "Close", palette).clicked() {
                wish = Some(Wish::Close);
            }
        });
        if !recent.paths().is_empty() {
            ui.add_space(6.0);
            form::weak(ui, "Opened of late", palette);
        }
        for path in recent.paths() {
            let words = RichText::new(path.display().to_string()).font(font(SMALL)).color(palette.text);
            if ui.add(Label::new(words).truncate().sense(Sense::click())).clicked() {
                wish = Some(Wish::Open(path.clone()));
            }
        }
        wish
    }
}
