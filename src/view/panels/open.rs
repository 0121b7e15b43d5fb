//! The question which recording to open: a path to type, those of late, and the folders of the machine.

use super::Wish;
use crate::view::recent::Recent;
use egui::{Ui, vec2};
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
    pub fn draw(&mut self, ui: &mut Ui, recent: &Recent) -> Option<Wish> {
        self.folders.update(ui.ctx());
        if let Some(path) = self.folders.take_picked() {
            return Some(Wish::Open(path));
        }
        if *self.folders.state() == DialogState::Open {
            return None;
        }
        let mut wish = None;
        let shown = egui::Window::new("Open a recording")
            .collapsible(false)
            .resizable(false)
            .anchor(egui::Align2::CENTER_CENTER, vec2(0.0, 0.0))
            .show(ui.ctx(), |ui| wish = self.draw_question(ui, recent));
        if shown.is_none() {
            return Some(Wish::Close);
        }
        wish
    }

    fn draw_question(&mut self, ui: &mut Ui, recent: &Recent) -> Option<Wish> {
        ui.label("Folder or file of the recording; it can also be dropped on the window.");
        let edit = ui.add(egui::TextEdit::singleline(&mut self.typed).desired_width(440.0).hint_text("path"));
        let entered = edit.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        let mut wish = None;
        ui.horizontal(|ui| {
            if (ui.button("Open").clicked() || entered) && !self.typed.trim().is_empty() {
                wish = Some(Wish::Open(PathBuf::from(self.typed.trim())));
            }
            if ui.button("Choose a folder …").clicked() {
                self.folders.pick_directory();
            }
            if ui.button("Choose a file …").clicked() {
                self.folders.pick_file();
            }
            if ui.button("Close").clicked() {
                wish = Some(Wish::Close);
            }
        });
        for path in recent.paths() {
            if ui.link(path.display().to_string()).clicked() {
                wish = Some(Wish::Open(path.clone()));
            }
        }
        wish
    }
}
