//! From an [`Export`] and a session to the files.

mod lead;

use super::export::{Export, ExportJob, Kind, Layout, method_name};
use crate::jobs::signals::{SignalTable, Tabled};
use crate::view::App;
use crate::view::headless::{Cancelled, Reel, film};
use crate::view::settings::Settings;
use anyhow::{Context as _, ensure};
use lane_driver::session::{AttentionSetup, Order, Session};
use lead::{Lead, go_to};
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::PoisonError;

/// Seconds before the start that plots and traces show.
const LEAD_SECS: f64 = 10.0;

/// What was written.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Written {
    /// The picture file.
    pub out: Option<PathBuf>,
    /// Its pictures.
    pub frames: u64,
    /// The table of signals.
    pub csv: Option<PathBuf>,
    /// Its rows.
    pub rows: u64,
}

impl Written {
    /// What was written, a line for each file.
    pub fn lines(&self) -> Vec<String> {
        let pictures = if self.frames == 1 { "picture" } else { "pictures" };
        let out = self.out.as_ref().map(|out| format!("{} {pictures}: {}", self.frames, out.display()));
        let csv = self.csv.as_ref().map(|csv| format!("{} rows: {}", self.rows, csv.display()));
        out.into_iter().chain(csv).collect()
    }
}

/// The application on a session, with maps as the export says and all else as the settings say.
pub fn app(session: Box<dyn Session>, export: &Export, settings: Settings) -> App {
    let mut app = App::new(session);
    let Export { overlay, scale, .. } = *export;
    app.set_settings(Settings { overlay: overlay > 0.0, strength: overlay, scale, ..settings });
    app
}

/// Makes an export of a session; a time that it does not say is the end of the session. Tells `progress` the share done;
/// `false` from it ends the work.
///
/// # Errors
/// Refuses what cannot be made, and paths that cannot be written, before the long run; passes on the session's own error,
/// and [`Cancelled`]. Nothing half-written is left behind.
pub fn make(
    mut session: Box<dyn Session>,
    export: &Export,
    settings: Settings,
    progress: &mut dyn FnMut(f32) -> bool,
) -> anyhow::Result<Written> {
    export.check()?;
    attend(session.as_mut(), export)?;
    let info = session.info();
    let (from_secs, to_secs) = (export.from_secs, export.to_secs.unwrap_or(info.duration_secs));
    if let Layout::Policy(policy) = export.layout {
        let count = info.policies.len();
        ensure!(policy < count, "--layout: expected a policy from 1 to {count}, got policy:{}", policy + 1);
    }
    let table = |path| SignalTable::create(path, &info.policies, from_secs..=to_secs);
    let table = export.csv.as_deref().map(table).transpose()?;
    let kind = export.out.as_deref().map(Kind::of).transpose()?;
    let mut written = Written { out: export.out.clone(), frames: 0, csv: export.csv.clone(), rows: 0 };
    let is_film = matches!(kind, Some(Kind::Gif | Kind::Mp4));
    let table = match table {
        // A picture needs one moment, a table all of them.
        Some(table) if !is_film => {
            let rest = if kind.is_some() { Some(session.copy(from_secs..=to_secs)?) } else { None };
            go_to(session.as_mut(), from_secs)?;
            let (session_of_table, open) = Tabled::new(session, table);
            run_through(Box::new(session_of_table), from_secs..=to_secs, progress)?;
            written.rows = open.lock().unwrap_or_else(PoisonError::into_inner).take().context(LOST)?.finish()?;
            let Some(rest) = rest else { return Ok(written) };
            session = rest;
            None
        }
        table => table,
    };
    let Some(kind) = kind else { return Ok(written) };
    let lead: Box<dyn Session> = Box::new(Lead::new(session, from_secs, LEAD_SECS)?);
    let (session, open) = match table {
        Some(table) => {
            let (tabled, open) = Tabled::new(lead, table);
            (Box::new(tabled) as Box<dyn Session>, Some(open))
        }
        None => (lead, None),
    };
    let drawn = pictures(session, export, settings, kind, to_secs, progress);
    // Taken away from the session, whose thread may still be ahead of what was drawn.
    let table = open.map(|open| open.lock().unwrap_or_else(PoisonError::into_inner).take().context(LOST));
    written.frames = drawn?;
    if let Some(table) = table {
        written.rows = table?.finish()?;
    }
    Ok(written)
}

const LOST: &str = "the table of signals was lost";

/// Makes an export on a thread of its own, which tells how far it is.
pub fn start(job: ExportJob) {
    let ExportJob { session, export, settings, progress } = job;
    std::thread::spawn(move || {
        let making = AssertUnwindSafe(|| make(session, &export, settings, &mut |share| progress.reach(share)));
        let made = std::panic::catch_unwind(making);
        progress.end(match made {
            Ok(Ok(written)) => Ok(written.lines().join("; ")),
            Ok(Err(error)) if error.is::<Cancelled>() => Ok(Cancelled.to_string()),
            Ok(Err(error)) => Err(format!("{error:#}")),
            Err(_) => Err("the export ended unexpectedly: nothing was written".to_owned()),
        });
    });
}

/// Gives a session the method of the export, where it says one.
///
/// # Errors
/// Where its policies have no such maps.
pub fn attend(session: &mut dyn Session, export: &Export) -> anyhow::Result<()> {
    let Some(method) = export.method else { return Ok(()) };
    let info = session.info();
    ensure!(info.methods.contains(&method), "--method: these policies have no map by {}", method_name(method));
    let attention = AttentionSetup { method, ..info.attention };
    session.obey(Order::Attention(attention))
}

fn pictures(
    session: Box<dyn Session>,
    export: &Export,
    settings: Settings,
    kind: Kind,
    to_secs: f64,
    progress: &mut dyn FnMut(f32) -> bool,
) -> anyhow::Result<u64> {
    let mut app = app(session, export, settings);
    let Export { from_secs, layout, size, .. } = *export;
    let frames_per_sec = kind.frames_per_sec();
    let ends = app.info().is_some_and(|info| to_secs >= info.duration_secs);
    let seconds = match kind {
        Kind::Png => 0.0,
        // One frame more than the time line is long, so that the last entry of a recording is in it.
        Kind::Gif | Kind::Mp4 if ends => to_secs - from_secs + 1.0 / frames_per_sec,
        Kind::Gif | Kind::Mp4 => to_secs - from_secs,
    };
    let reel = Reel { from_secs, seconds, frames_per_sec, layout, size };
    let files: Vec<_> = export.out.as_deref().into_iter().collect();
    let report = film(&mut app, &reel, &files, progress)?;
    // A table on the way has every moment up to the end, whatever the rate of the pictures.
    if kind != Kind::Png {
        app.show_until(to_secs);
    }
    app.error().map_or(Ok(report.frames), |error| Err(anyhow::anyhow!("{error}")))
}

/// Works out every moment up to the end, for nobody to see.
fn run_through(
    mut session: Box<dyn Session>,
    span_secs: std::ops::RangeInclusive<f64>,
    progress: &mut dyn FnMut(f32) -> bool,
) -> anyhow::Result<()> {
    let (from_secs, to_secs) = span_secs.into_inner();
    while let Some(moment) = session.advance()? {
        let share = (moment.time_secs - from_secs) / (to_secs - from_secs).max(1e-3);
        ensure!(progress(share as f32), Cancelled);
        if moment.time_secs >= to_secs {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::export::Source;
    use crate::view::mock::MockSession;
    use std::path::Path;

    fn export(out: Option<&Path>, csv: Option<&Path>) -> Export {
        Export {
            from_secs: 2.0,
            to_secs: Some(3.0),
            size: lane_frame::Size::new(320, 200),
            out: out.map(Path::to_owned),
            csv: csv.map(Path::to_owned),
            ..Export::of(Source::Drive(Vec::new()), Vec::new())
        }
    }

    fn made(export: &Export, progress: &mut dyn FnMut(f32) -> bool) -> anyhow::Result<Written> {
        make(Box::new(MockSession::drive(10.0)), export, Settings::default(), progress)
    }

    fn files(folder: &Path) -> usize {
        std::fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn a_picture_and_a_clip_may_each_have_the_table_of_the_whole_stretch_beside_them() {
        let folder = tempfile::tempdir().unwrap();
        let csv = folder.path().join("signals.csv");
        for (name, frames) in [("a.png", 1), ("a.gif", 10)] {
            let out = folder.path().join(name);
            let written = made(&export(Some(&out), Some(&csv)), &mut |_| true).unwrap();
            assert_eq!((written.frames, written.rows), (frames, 21), "{name}");
            let table = std::fs::read_to_string(&csv).unwrap();
            let times: Vec<&str> = table.lines().skip(1).map(|line| line.split(',').nth(1).unwrap()).collect();
            assert_eq!((times[0], times[20], times.len()), ("2", "3", 21), "{name}: each moment once");
        }
        let written = made(&export(None, Some(&csv)), &mut |_| true).unwrap();
        assert_eq!((written.frames, written.rows), (0, 21));
    }

    #[test]
    fn what_is_cancelled_ends_soon_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for (out, csv) in [(Some("a.mp4"), None), (Some("a.gif"), Some("a.csv")), (None, Some("a.csv"))] {
            let path = |name: Option<&str>| name.map(|name| folder.path().join(name));
            let (out, csv) = (path(out), path(csv));
            let mut told = 0;
            let cancelled = made(&export(out.as_deref(), csv.as_deref()), &mut |_| {
                told += 1;
                told < 3
            });
            assert!(cancelled.unwrap_err().is::<Cancelled>());
            assert_eq!((told, files(folder.path())), (3, 0), "{out:?} {csv:?}");
        }
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        let (bad, good) = (folder.path().join("file/a.gif"), folder.path().join("a.csv"));
        for export in [export(Some(&bad), Some(&good)), export(Some(&good.with_extension("png")), Some(&bad))] {
            let refused = format!("{:#}", made(&export, &mut |_| true).unwrap_err());
            assert!(refused.contains("file/a.gif"), "{refused}");
            assert_eq!(files(folder.path()), 1);
        }
    }
}
