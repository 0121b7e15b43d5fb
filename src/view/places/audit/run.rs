//! An audit under way on threads of its own.

use crate::jobs::audit::{Audit, AuditEvent, AuditRequest, partial};
use crate::view::places::form::duration;
use crate::view::places::pool;
use lane_audit::engine::SuiteProgress;
use lane_report::section::Section;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// An audit that is done.
pub struct Finished {
    /// The suite, or the word for several.
    pub word: String,
    /// The report's page.
    pub page: PathBuf,
    /// What each suite found.
    pub sections: Vec<Section>,
    /// How long it took, in s.
    pub secs: f64,
}

/// How an audit ended.
pub enum Ended {
    /// Its report is on disk.
    Finished(Finished),
    /// The user ended it; what to do to go on.
    Stopped(String),
    /// It cannot go on, and why.
    Failed(String),
}

enum News {
    Started(Vec<SuiteProgress>),
    UnitDone(usize),
    SuiteDone(Box<Section>),
    Ended(Ended),
}

/// An audit under way.
pub struct Run {
    word: String,
    news: Receiver<News>,
    stop: Arc<AtomicBool>,
    suites: Vec<SuiteProgress>,
    /// Units that were done when it started.
    before: usize,
    sections: Vec<Section>,
    started: Instant,
    changed: bool,
    ended: bool,
}

impl Run {
    /// Starts an audit whose report is to be at `out`.
    pub fn start(request: AuditRequest, out: PathBuf) -> Self {
        let (sent, news) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let (word, stopped) = (request.word.clone(), Arc::clone(&stop));
        pool::spawn(move || {
            let ended =
                audit(&request, &out, &stopped, &sent).unwrap_or_else(|error| Ended::Failed(format!("{error:#}")));
            // Nobody listens when the window has gone.
            let _ = sent.send(News::Ended(ended));
        });
        let started = Instant::now();
        Self { word, news, stop, suites: vec![], before: 0, sections: vec![], started, changed: true, ended: false }
    }

    /// Takes in what was reported; gives how the audit ended when it has.
    pub fn next_news(&mut self) -> Option<Ended> {
        loop {
            match self.news.try_recv() {
                Ok(News::Started(suites)) => {
                    self.before = suites.iter().map(|suite| suite.done).sum();
                    self.suites = suites;
                }
                Ok(News::UnitDone(suite)) => self.suites[suite].done += 1,
                Ok(News::SuiteDone(section)) => self.sections.push(*section),
                Ok(News::Ended(ended)) => {
                    self.ended = true;
                    return Some(ended);
                }
                Err(TryRecvError::Empty) => return None,
                Err(TryRecvError::Disconnected) if self.ended => return None,
                Err(TryRecvError::Disconnected) => {
                    self.ended = true;
                    return Some(Ended::Failed("the audit ended unexpectedly; start it again to go on".to_owned()));
                }
            }
            self.changed = true;
        }
    }

    /// Whether anything changed since the last call.
    pub fn take_change(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// True once it has ended.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Asks it to end after the units that are under way.
    pub fn stop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.changed = true;
    }

    /// How far each suite is.
    pub fn suites(&self) -> &[SuiteProgress] {
        &self.suites
    }

    /// What the suites that are done found.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// What is done and how long the rest takes, in one line.
    pub fn words(&self) -> String {
        format!("audit {}: {}", self.word, self.explanation())
    }

    /// The heading of its progress.
    pub fn title(&self) -> String {
        format!("{} is under way", self.word)
    }

    /// Units done and time left.
    pub fn explanation(&self) -> String {
        if self.stop.load(Ordering::Relaxed) {
            return "stopping after what is under way".to_owned();
        }
        let sum = |count: fn(&SuiteProgress) -> usize| self.suites.iter().map(count).sum::<usize>();
        let (done, units) = (sum(|suite| suite.done), sum(|suite| suite.units));
        match (units, done - self.before) {
            (0, _) => "loading the policies".to_owned(),
            (_, 0) => format!("{done} of {units} units"),
            (_, _) if done == units => "writing the report".to_owned(),
            (_, here) => {
                let left = self.started.elapsed().as_secs_f64() / here as f64 * (units - done) as f64;
                format!("{done} of {units} units, about {} left", duration(left))
            }
        }
    }
}

/// Runs the audit to its end and reports on the way.
fn audit(request: &AuditRequest, out: &Path, stop: &AtomicBool, sent: &Sender<News>) -> anyhow::Result<Ended> {
    let started = Instant::now();
    let audit = Audit::prepare(request)?;
    let left: Mutex<Vec<usize>> = Mutex::default();
    // Nobody listens when the window has gone: the audit ends then.
    let tell = |news| sent.send(news).is_ok();
    let report = audit.run_to_report(out, &|event| {
        let heard = match event {
            AuditEvent::Started(suites) => {
                *left.lock().unwrap_or_else(PoisonError::into_inner) =
                    suites.iter().map(|suite| suite.units - suite.done).collect();
                tell(News::Started(suites.to_vec()))
            }
            AuditEvent::UnitDone(suite) => {
                let is_last = {
                    let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
                    left[suite] -= 1;
                    left[suite] == 0
                };
                let section = is_last.then(|| audit.section(suite, &partial(out)));
                // A section that cannot be made is told with the whole report.
                let section = section.and_then(Result::ok).map(|section| News::SuiteDone(Box::new(section)));
                tell(News::UnitDone(suite)) && section.is_none_or(&tell)
            }
        };
        heard && !stop.load(Ordering::Relaxed)
    })?;
    let word = request.word.clone();
    let Some(report) = report else {
        return Ok(Ended::Stopped(format!("audit {word} was stopped; start it again to go on from there")));
    };
    let secs = started.elapsed().as_secs_f64();
    Ok(Ended::Finished(Finished { word, page: out.join("report.html"), sections: report.sections, secs }))
}

#[cfg(test)]
impl Run {
    /// A run of suites with so many units and so many of them done, by nobody.
    pub fn mock(suites: &[(&'static str, usize, usize)], sections: Vec<Section>) -> Self {
        let (_, news) = channel();
        let suites: Vec<_> = suites.iter().map(|&(id, units, done)| SuiteProgress { id, units, done }).collect();
        let before = suites.iter().map(|suite| suite.done).sum();
        let (stop, started) = (Arc::new(AtomicBool::new(false)), Instant::now());
        Self { word: "all".into(), news, stop, suites, before, sections, started, changed: true, ended: false }
    }
}
