//! How long something that cannot be stopped is waited for, and how much memory it may take meanwhile.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// What loading or one run of a graph may take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Seconds.
    pub secs: f64,
    /// Bytes of memory that the program may grow by; watched on Linux alone.
    pub bytes: u64,
}

impl Default for Limits {
    /// Ten seconds and 2 GiB: a hundred times what the largest of known steering networks takes.
    fn default() -> Self {
        Self { secs: 10.0, bytes: 2 << 30 }
    }
}

/// Why waiting came to an end without an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stopped {
    /// It took longer than it may.
    Slow(f64),
    /// It took more memory than it may, in bytes.
    Large(u64),
    /// Its thread is gone.
    Died,
}

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Slow(secs) => write!(f, "takes longer than {secs} s: stopped"),
            Self::Large(bytes) => write!(f, "takes more than {} MiB of memory: stopped", bytes >> 20),
            Self::Died => f.write_str("the runtime's thread has ended"),
        }
    }
}

/// Time between two looks at the memory.
const LOOK: Duration = Duration::from_millis(50);

/// Waits within limits.
pub(crate) struct Watch {
    limits: Limits,
}

impl Watch {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits }
    }

    /// The answer, if it comes within the limits. What comes within the first look costs no look at all.
    pub(crate) fn wait<T>(&self, answer: &Receiver<T>) -> Result<T, Stopped> {
        let Limits { secs, bytes } = self.limits;
        let mut at_first = None;
        for _ in 0..(secs / LOOK.as_secs_f64()).ceil().max(1.0) as u64 {
            match answer.recv_timeout(LOOK) {
                Ok(answer) => return Ok(answer),
                Err(RecvTimeoutError::Disconnected) => return Err(Stopped::Died),
                Err(RecvTimeoutError::Timeout) => {}
            }
            let Some(now) = resident_bytes() else { continue };
            if now.saturating_sub(*at_first.get_or_insert(now)) > bytes {
                return Err(Stopped::Large(bytes));
            }
        }
        Err(Stopped::Slow(secs))
    }
}

/// Memory of this program, where the system tells it.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::sync_channel;

    #[test]
    fn what_takes_too_long_or_too_much_is_stopped_and_what_answers_is_not() {
        let (give, answer) = sync_channel(1);
        give.send(7).unwrap();
        let watch = Watch::new(Limits { secs: 0.1, bytes: u64::MAX });
        assert_eq!(watch.wait(&answer), Ok(7));
        assert_eq!(watch.wait(&answer), Err(Stopped::Slow(0.1)));
        drop(give);
        assert_eq!(watch.wait(&answer), Err(Stopped::Died));
    }

    #[test]
    fn growing_memory_is_seen() {
        let (give, answer) = sync_channel::<usize>(1);
        let (release, released) = sync_channel::<()>(1);
        let worker = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(200));
            let filled = std::hint::black_box(vec![1_u8; 256 << 20]);
            let _ = released.recv();
            let _ = give.send(filled.len());
        });
        let stopped = Watch::new(Limits { secs: 20.0, bytes: 64 << 20 }).wait(&answer);
        release.send(()).unwrap();
        worker.join().unwrap();
        if cfg!(target_os = "linux") {
            assert_eq!(stopped, Err(Stopped::Large(64 << 20)));
        }
    }
}
