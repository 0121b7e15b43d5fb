//! The places of the window where work is started that takes longer than a moment: trainings and audits. Both do what the
//! command line does (`crate::jobs`), on threads of their own; leaving a place does not stop its work.

pub mod audit;
pub mod form;
mod pool;
pub mod train;

use super::theme::Palette;
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A place of the window with work of its own.
pub trait Place {
    /// Lays out and paints the place into all the room there is.
    fn ui(&mut self, ui: &mut egui::Ui, palette: &'static Palette);

    /// Takes in what the work has reported since the last call. Says whether anything changed.
    fn tick(&mut self) -> bool;

    /// The work under way in one line, for the header and for the question at closing.
    fn running(&self) -> Option<String>;

    /// What the user asked of other places since the last call.
    fn take_request(&mut self) -> Option<Request>;

    /// Asks the work to end. What is done is kept: a training's best weights, an audit's journal.
    fn stop(&mut self);
}

/// A wish that a place cannot fulfil itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Drive with the weights in this file.
    DriveWith(PathBuf),
    /// Watch this recording with the weights in this file.
    ReplayWith(PathBuf, PathBuf),
    /// Audit the weights in this file.
    AuditWith(PathBuf),
    /// Show this page.
    OpenInBrowser(PathBuf),
}

/// Shows a page in the user's browser.
///
/// # Errors
/// When the system has no way to open it, with the path to open by hand.
pub fn open_in_browser(page: &Path) -> anyhow::Result<()> {
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    let mut command = Command::new(opener);
    command.arg(page).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(drop).with_context(|| format!("cannot open a browser: open {} yourself", page.display()))
}
