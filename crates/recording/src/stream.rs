//! Entries of a recording one after the other, read and prepared ahead on other threads.
//!
//! What is ahead is bounded, so that memory does not grow with a recording's length.

use std::collections::VecDeque;
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, available_parallelism, spawn};

use crate::{Recording, Spoiled};
use lane_frame::Sample;

/// Entries that each thread may be ahead: enough to bridge one slow picture, and at most a few megabytes.
const AHEAD_PER_THREAD: usize = 8;

/// More threads than this decode faster than anything here consumes.
const MAX_THREADS: usize = 8;

/// One entry to be read, and where its result goes.
struct Job<T> {
    entry: usize,
    result: SyncSender<Result<T, Spoiled>>,
}

/// Prepared entries in their order, each as `prepare` made it, or why its picture cannot be used.
#[derive(Debug)]
pub struct Stream<T> {
    jobs: Sender<Job<T>>,
    /// Entries that have not been given out yet.
    rest: Range<usize>,
    /// Results on their way, in order.
    ahead: VecDeque<Receiver<Result<T, Spoiled>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Recording {
    /// The samples of some entries, in order, read ahead.
    pub fn stream(self: &Arc<Self>, entries: Range<usize>) -> Stream<Sample> {
        self.stream_prepared(entries, |sample| sample)
    }

    /// The same with something made of each sample while it is ahead, such as a policy's input: its cost is shared by
    /// the threads that read.
    ///
    /// # Panics
    /// If `entries` reaches beyond the recording.
    pub fn stream_prepared<T: Send + 'static>(
        self: &Arc<Self>,
        entries: Range<usize>,
        prepare: impl Fn(Sample) -> T + Send + Sync + 'static,
    ) -> Stream<T> {
        self.stream_read(entries, move |recording, entry| recording.sample(entry).map(&prepare))
    }

    /// Whatever `read` makes of each entry, in order, read ahead.
    pub(super) fn stream_read<T: Send + 'static>(
        self: &Arc<Self>,
        entries: Range<usize>,
        read: impl Fn(&Self, usize) -> Result<T, Spoiled> + Send + Sync + 'static,
    ) -> Stream<T> {
        assert!(entries.end <= self.len(), "entries {entries:?} of a recording of {}", self.len());
        let (jobs, waiting) = channel::<Job<T>>();
        let (waiting, read) = (Arc::new(Mutex::new(waiting)), Arc::new(read));
        let work = || {
            let (recording, waiting, read) = (Arc::clone(self), Arc::clone(&waiting), Arc::clone(&read));
            spawn(move || work(&waiting, |entry| read(&recording, entry)))
        };
        let threads = (0..self.reading_threads()).map(|_| work()).collect();
        Stream { jobs, rest: entries, ahead: VecDeque::new(), threads }
    }

    fn reading_threads(&self) -> usize {
        if self.is_sequential() {
            return 1;
        }
        available_parallelism().map_or(1, usize::from).min(MAX_THREADS)
    }
}

/// Does one job after the other until the stream is gone.
fn work<T>(waiting: &Mutex<Receiver<Job<T>>>, read: impl Fn(usize) -> Result<T, Spoiled>) {
    loop {
        // Its own statement, so that the lock is not held while the picture is read.
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { entry, result }) = job else { return };
        // Nobody waits for it if the stream was dropped meanwhile.
        let _ = result.send(read(entry));
    }
}

impl<T> Stream<T> {
    fn send_ahead(&mut self) {
        while self.ahead.len() < AHEAD_PER_THREAD * self.threads.len()
            && let Some(entry) = self.rest.next()
        {
            let (result, receiver) = sync_channel(1);
            // Where all threads have died the receiver says so.
            let _ = self.jobs.send(Job { entry, result });
            self.ahead.push_back(receiver);
        }
    }
}

impl<T> Iterator for Stream<T> {
    type Item = Result<T, Spoiled>;

    fn next(&mut self) -> Option<Self::Item> {
        self.send_ahead();
        match self.ahead.pop_front()?.recv() {
            Ok(result) => Some(result),
            // A thread lets go of a job undone only where reading panicked.
            Err(_) => {
                // It does so before it has ended: without a sender all of them end, and can be waited for.
                self.jobs = channel().0;
                let died = self.threads.drain(..).find_map(|thread| thread.join().err());
                resume_unwind(died.unwrap_or_else(|| Box::new("a reading thread died")))
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.ahead.len() + self.rest.len();
        (left, Some(left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lane_frame::RgbImage;
    use std::fs;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Pictures 0 to 99, one grey value each; number 50 is empty.
    fn recording() -> (tempfile::TempDir, Arc<Recording>) {
        let dir = tempfile::tempdir().unwrap();
        for number in 0..100 {
            let path = dir.path().join(format!("{number}.png"));
            RgbImage::from_pixel(8, 4, image::Rgb([number; 3])).save(path).unwrap();
        }
        fs::write(dir.path().join("50.png"), "").unwrap();
        let recording = Recording::open(dir.path()).unwrap();
        (dir, Arc::new(recording))
    }

    #[test]
    fn entries_come_in_order_and_a_spoiled_one_in_its_place() {
        let (_dir, recording) = recording();
        let greys = recording.stream_prepared(3..100, |sample| sample.frame.image.get_pixel(0, 0)[0]);
        assert_eq!(greys.size_hint(), (97, Some(97)));
        let greys: Vec<_> = greys.collect();
        assert_eq!(greys.len(), 97);
        for (number, grey) in (3..100).zip(greys) {
            match grey {
                Ok(grey) => assert_eq!(usize::from(grey), number),
                Err(spoiled) => assert_eq!((spoiled.index, number), (50, 50)),
            }
        }
    }

    #[test]
    fn no_more_is_prepared_than_the_bound() {
        let (_dir, recording) = recording();
        let prepared = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&prepared);
        let mut stream = recording.stream_prepared(0..50, move |_| counter.fetch_add(1, Ordering::SeqCst));
        for taken in 1..=50 {
            assert!(stream.next().unwrap().is_ok());
            let ahead = prepared.load(Ordering::SeqCst) - taken;
            assert!(ahead <= AHEAD_PER_THREAD * MAX_THREADS, "{ahead} ahead of {taken}");
        }
        assert!(stream.next().is_none());
    }

    #[test]
    fn a_dropped_stream_ends_its_threads() {
        let (_dir, recording) = recording();
        let mut stream = recording.stream(0..100);
        assert!(stream.next().is_some());
        let threads = std::mem::take(&mut stream.threads);
        drop(stream);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(Arc::strong_count(&recording), 1);
    }

    #[test]
    fn a_panic_while_preparing_is_passed_on() {
        let (_dir, recording) = recording();
        // Often, because the thread that panics and the one that waits race each other.
        for _ in 0..50 {
            let mut stream = recording.stream_prepared(0..100, |_| panic!("no policy takes this"));
            let passed_on = catch_unwind(AssertUnwindSafe(|| stream.next().is_some())).unwrap_err();
            assert_eq!(passed_on.downcast_ref(), Some(&"no policy takes this"));
        }
    }
}
