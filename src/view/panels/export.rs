//! The question what to take out of the window, and how far that is.

use crate::jobs::command_line;
use crate::view::export::{Export, Layout, Progress, Source, USUAL_SIZE, next_free, size};
use crate::view::places::form;
use crate::view::settings::Settings;
use crate::view::theme::Palette;
use egui::Ui;
use lane_frame::Size;
use lane_policy::saliency::Method;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Names of policies with a chip of their own are cut behind so many letters.
const LONGEST_NAME: usize = 12;

/// Folder of what is exported where no other is named.
const FOLDER: &str = "out";

/// What is taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Picture,
    Film,
    Gif,
    Signals,
}

impl What {
    const ALL: [Self; 4] = [Self::Picture, Self::Film, Self::Gif, Self::Signals];

    const fn name(self) -> &'static str {
        match self {
            Self::Picture => "picture",
            Self::Film => "film",
            Self::Gif => "GIF",
            Self::Signals => "signals as CSV",
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Picture => "png",
            Self::Film => "mp4",
            Self::Gif => "gif",
            Self::Signals => "csv",
        }
    }
}

/// What can be exported now.
pub struct Subject {
    /// Names of the policies on screen.
    pub policies: Vec<String>,
    /// The same as the command line takes them.
    pub policies_to_open: Vec<String>,
    /// The moment on screen, in s.
    pub now_secs: f64,
    /// The marked range, in s.
    pub range_secs: Option<(f64, f64)>,
    /// The last time that can be gone to, in s.
    pub last_secs: f64,
    /// Size of the cameras' pictures together.
    pub cameras: Option<Size>,
    /// Size of one of them.
    pub camera: Option<Size>,
    /// The method of the maps.
    pub method: Method,
    /// What a command line names; nothing where none can show the same.
    pub source: Option<Source>,
    /// How it is shown.
    pub settings: Settings,
}

/// Something that the user asks for in the dialog.
pub enum Asked {
    /// This export.
    Start(Box<Export>),
    /// The dialog goes away; an export under way goes on.
    Close,
}

/// The dialog, and how far the export is that it asked for.
pub struct ExportDialog {
    what: What,
    /// The marked range, where there is one; else all.
    only_range: bool,
    layout: Layout,
    maps: bool,
    size: String,
    path: String,
    /// The export under way, its file, and the share that was seen last.
    work: Option<(Arc<Progress>, PathBuf, f32)>,
    outcome: Option<Result<String, String>>,
}

impl Default for ExportDialog {
    fn default() -> Self {
        Self {
            what: What::Picture,
            only_range: true,
            layout: Layout::Window,
            maps: true,
            size: String::new(),
            path: String::new(),
            work: None,
            outcome: None,
        }
    }
}

impl ExportDialog {
    /// Follows an export that begins.
    pub fn follow(&mut self, export: &Export) -> Arc<Progress> {
        let path = export.out.clone().or_else(|| export.csv.clone()).unwrap_or_default();
        let progress = Arc::new(Progress::default());
        (self.work, self.outcome) = (Some((Arc::clone(&progress), path, 0.0)), None);
        progress
    }

    /// Tells why an export cannot begin.
    pub fn refuse(&mut self, why: String) {
        self.outcome = Some(Err(why));
    }

    /// Sees how far it is. Says whether anything changed.
    pub fn tick(&mut self) -> bool {
        let Some((progress, _, seen)) = &mut self.work else { return false };
        let share = progress.share();
        let changed = std::mem::replace(seen, share) != share;
        let Some(outcome) = progress.outcome() else { return changed };
        (self.work, self.outcome) = (None, Some(outcome));
        // The next one has a name of its own.
        self.path.clear();
        true
    }

    /// What became of the last export, if it has ended.
    pub fn outcome(&self) -> Option<&Result<String, String>> {
        self.outcome.as_ref()
    }

    /// The export under way in one line.
    pub fn running(&self) -> Option<String> {
        let (_, path, share) = self.work.as_ref()?;
        Some(format!("exporting {}: {:.0} %", path.display(), 100.0 * share))
    }

    /// The size of what a layout shows, where nothing else is asked for.
    fn usual_size(&self, subject: &Subject) -> Size {
        let own = match self.layout {
            Layout::Window => None,
            Layout::Pictures | Layout::Cameras => subject.cameras,
            Layout::Policy(_) => subject.camera,
        };
        // Films need even sides.
        own.map_or(USUAL_SIZE, |own| Size::new(own.width.next_multiple_of(2), own.height.next_multiple_of(2)))
    }

    fn path(&self) -> PathBuf {
        if self.path.trim().is_empty() {
            return next_free(Path::new(FOLDER), "liquid-lane", self.what.ending());
        }
        let path = PathBuf::from(self.path.trim());
        if path.extension().is_some() { path } else { path.with_extension(self.what.ending()) }
    }

    fn span_secs(&self, subject: &Subject) -> (f64, f64) {
        match subject.range_secs {
            Some(range) if self.only_range => range,
            _ => (0.0, subject.last_secs),
        }
    }

    /// What the dialog asks for.
    ///
    /// # Errors
    /// A sentence where it cannot be done.
    pub fn export(&self, subject: &Subject) -> Result<Export, String> {
        let path = self.path();
        let (from_secs, to_secs) = match self.what {
            What::Picture => (subject.now_secs, None),
            What::Film | What::Gif | What::Signals => {
                let (from_secs, to_secs) = self.span_secs(subject);
                (from_secs, Some(to_secs))
            }
        };
        let typed = self.size.trim();
        let is_table = self.what == What::Signals;
        let Settings { strength, scale, .. } = subject.settings;
        let source = subject.source.clone().unwrap_or(Source::Drive(Vec::new()));
        let usual = Export::of(source, subject.policies_to_open.clone());
        let export = Export {
            from_secs,
            to_secs,
            method: (subject.method != Method::DEFAULT).then_some(subject.method),
            scale: if is_table { usual.scale } else { scale },
            overlay: if is_table || (self.maps && strength == usual.overlay) {
                usual.overlay
            } else if self.maps {
                strength
            } else {
                0.0
            },
            layout: if is_table { usual.layout } else { self.layout },
            size: match typed {
                _ if is_table => usual.size,
                "" => self.usual_size(subject),
                typed => size(typed)?,
            },
            out: (!is_table).then(|| path.clone()),
            csv: is_table.then_some(path),
            ..usual
        };
        export.check().map_err(|error| format!("{error:#}"))?;
        Ok(export)
    }

    /// Draws the dialog.
    pub fn draw(&mut self, ui: &mut Ui, subject: &Subject, palette: &Palette) -> Option<Asked> {
        let mut asked = None;
        form::dialog(ui, "Export", palette, |ui| asked = self.draw_form(ui, subject, palette));
        asked
    }

    fn draw_form(&mut self, ui: &mut Ui, subject: &Subject, palette: &Palette) -> Option<Asked> {
        let colour = palette.policies[0];
        form::heading(ui, "Export", "What was shown is made again, moment by moment, while you go on.", palette);
        ui.add_space(6.0);
        form::row(ui, "What", "A picture is of this moment; all else of a stretch", palette, |ui| {
            for what in What::ALL {
                if form::chip(ui, self.what == what, what.name(), colour, palette).clicked() {
                    self.what = what;
                    // A name with another ending would be another kind.
                    self.path.clear();
                }
            }
        });
        self.draw_range(ui, subject, palette);
        if self.what != What::Signals {
            self.draw_layout(ui, subject, palette);
            let usual = self.usual_size(subject).to_string();
            form::row(ui, "Size", "Width and height in pixels", palette, |ui| {
                form::line(ui, &mut self.size, &usual, palette)
            });
        }
        let path = self.path().display().to_string();
        form::row(ui, "File", "Where it goes", palette, |ui| form::line(ui, &mut self.path, &path, palette));
        ui.add_space(6.0);
        let export = self.export(subject);
        let mut asked = None;
        ui.horizontal(|ui| match &self.work {
            Some((progress, ..)) => {
                if form::secondary(ui, "Cancel", palette).clicked() {
                    progress.cancel();
                }
                if form::secondary(ui, "Close", palette).on_hover_text("The export goes on").clicked() {
                    asked = Some(Asked::Close);
                }
            }
            None => {
                if form::primary(ui, "Export", palette).clicked() {
                    match &export {
                        Ok(export) => asked = Some(Asked::Start(Box::new(export.clone()))),
                        Err(why) => self.outcome = Some(Err(why.clone())),
                    }
                }
                if form::secondary(ui, "Close", palette).clicked() {
                    asked = Some(Asked::Close);
                }
            }
        });
        self.draw_outcome(ui, palette);
        match (&export, &subject.source) {
            (Ok(export), Some(_)) => {
                form::weak(ui, "The same on the command line:", palette);
                form::command(ui, &command_line::line(&export.words()), palette);
            }
            (Ok(_), None) => {
                form::weak(ui, "This was changed by hand on the way: no command line shows the same.", palette);
            }
            (Err(why), _) => drop(form::weak(ui, why, palette)),
        }
        asked
    }

    fn draw_range(&mut self, ui: &mut Ui, subject: &Subject, palette: &Palette) {
        let colour = palette.policies[0];
        form::row(ui, "When", "L marks a range on the time line: its start, then its end", palette, |ui| {
            if self.what == What::Picture {
                form::weak(ui, &format!("now, at {:.2} s", subject.now_secs), palette);
                return;
            }
            let is_range = self.only_range && subject.range_secs.is_some();
            let all = format!("all, 0 to {:.1} s", subject.last_secs);
            if form::chip(ui, !is_range, &all, colour, palette).clicked() {
                self.only_range = false;
            }
            match subject.range_secs {
                Some((from, to)) => {
                    let words = format!("the marked range, {from:.1} to {to:.1} s");
                    if form::chip(ui, is_range, &words, colour, palette).clicked() {
                        self.only_range = true;
                    }
                }
                None => drop(form::weak(ui, "L marks a range", palette)),
            }
        });
    }

    fn draw_layout(&mut self, ui: &mut Ui, subject: &Subject, palette: &Palette) {
        let colour = palette.policies[0];
        let mut layouts = vec![
            (Layout::Window, "window".to_owned(), "The whole window"),
            (Layout::Pictures, "pictures".to_owned(), "The pictures with maps and paths over them"),
            (Layout::Cameras, "cameras".to_owned(), "The pictures as the cameras gave them"),
        ];
        if subject.policies.len() > 1 {
            let policies = subject.policies.iter().enumerate().map(|(policy, name)| {
                let name: String = name.chars().take(LONGEST_NAME).collect();
                (Layout::Policy(policy), format!("{name} alone"), "The picture of this policy with its map and path")
            });
            layouts.extend(policies);
        }
        form::row(ui, "Shows", "What is on the pictures", palette, |ui| {
            ui.horizontal_wrapped(|ui| {
                for (layout, name, help) in layouts {
                    let chip = form::chip(ui, self.layout == layout, &name, colour, palette).on_hover_text(help);
                    if chip.clicked() {
                        self.layout = layout;
                    }
                }
            });
        });
        if self.layout != Layout::Cameras {
            form::row(ui, "Maps", "Saliency over the pictures", palette, |ui| {
                for (maps, name) in [(true, "over the pictures"), (false, "none")] {
                    if form::chip(ui, self.maps == maps, name, colour, palette).clicked() {
                        self.maps = maps;
                    }
                }
            });
        }
    }

    /// How far the export is, and what became of the last one.
    fn draw_outcome(&self, ui: &mut Ui, palette: &Palette) {
        if let Some(words) = self.running() {
            form::weak(ui, &words, palette);
        }
        if let Some((.., share)) = &self.work {
            form::progress(ui, *share, palette);
        }
        match &self.outcome {
            Some(Ok(words)) => drop(form::text(ui, words, palette)),
            Some(Err(why)) => form::problem(ui, why, palette),
            None => {}
        }
    }
}

#[cfg(test)]
impl ExportDialog {
    /// Types a path.
    pub fn set_path(&mut self, path: &str) {
        self.path = path.to_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject() -> Subject {
        Subject {
            policies: vec!["ncp".into(), "cnn".into()],
            policies_to_open: vec!["ncp".into(), "cnn".into()],
            now_secs: 3.25,
            range_secs: Some((1.0, 2.5)),
            last_secs: 8.0,
            cameras: Some(Size::new(1285, 256)),
            camera: Some(Size::new(640, 256)),
            method: Method::DEFAULT,
            source: Some(Source::Drive(vec!["--road".into(), "3".into()])),
            settings: Settings::default(),
        }
    }

    fn command(dialog: &ExportDialog, subject: &Subject) -> String {
        dialog.export(subject).unwrap().words().join(" ")
    }

    #[test]
    fn the_dialog_asks_for_what_its_command_line_asks_for() {
        let mut dialog = ExportDialog { path: "a".into(), ..ExportDialog::default() };
        let rest = "render --road 3 --policies ncp,cnn";
        assert_eq!(command(&dialog, &subject()), format!("{rest} --from 3.25 --out a.png"));
        (dialog.what, dialog.layout, dialog.maps) = (What::Film, Layout::Pictures, false);
        let expected = format!("{rest} --from 1 --to 2.5 --overlay 0 --layout pictures --size 1286x256 --out a.mp4");
        assert_eq!(command(&dialog, &subject()), expected);
        dialog.only_range = false;
        (dialog.what, dialog.size) = (What::Gif, "320x200".into());
        let expected = format!("{rest} --to 8 --overlay 0 --layout pictures --size 320x200 --out a.gif");
        assert_eq!(command(&dialog, &subject()), expected);
        dialog.what = What::Signals;
        assert_eq!(command(&dialog, &subject()), format!("{rest} --to 8 --csv a.csv"), "a table has no looks");
    }

    #[test]
    fn what_cannot_be_exported_is_told_in_a_line() {
        let refusal = |dialog: ExportDialog| dialog.export(&subject()).unwrap_err();
        let dialog = || ExportDialog { path: "a".into(), ..ExportDialog::default() };
        assert!(refusal(ExportDialog { size: "large".into(), ..dialog() }).contains("1280x800"));
        assert!(refusal(ExportDialog { size: "3x3".into(), ..dialog() }).contains("160x90"));
        assert!(refusal(ExportDialog { path: "a.avi".into(), ..dialog() }).contains(".mp4, .gif or .png"));
        let nothing_driven = Subject { last_secs: 0.0, range_secs: None, ..subject() };
        let film = ExportDialog { what: What::Film, ..dialog() };
        assert!(film.export(&nothing_driven).unwrap_err().contains("expected a time after"));
    }
}
