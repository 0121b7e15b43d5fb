//! Threads for long work: all but one of the machine's, so that driving and drawing go on beside it.

use rayon::ThreadPool;

/// A pool for one piece of work, and the thread that waits for it. Ends with the work.
pub fn spawn(work: impl FnOnce() + Send + 'static) {
    std::thread::spawn(move || match pool() {
        Some(pool) => pool.install(work),
        None => work(),
    });
}

/// Nothing where the system gives no threads: the work is done on the common ones then.
fn pool() -> Option<ThreadPool> {
    rayon::ThreadPoolBuilder::new().num_threads(threads()).build().ok()
}

/// Threads of the pool.
fn threads() -> usize {
    let all = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    (all - 1).max(1)
}
