//! Times of single calls, as the other side takes them.

use std::time::{Duration, Instant};

/// Calls are repeated for this long, but at least [`LEAST_CALLS`] times.
const BUDGET: Duration = Duration::from_millis(1500);
const LEAST_CALLS: usize = 4;
/// Calls before the first one that counts: memory is there, weights are in the cache.
const WARM_UP_CALLS: usize = 2;

/// Milliseconds of each call.
pub fn time(work: &mut dyn FnMut()) -> Vec<f64> {
    (0..WARM_UP_CALLS).for_each(|_| work());
    let (start, mut calls_ms) = (Instant::now(), Vec::new());
    while calls_ms.len() < LEAST_CALLS || start.elapsed() < BUDGET {
        let call = Instant::now();
        work();
        calls_ms.push(call.elapsed().as_secs_f64() * 1e3);
    }
    calls_ms
}

/// The least, or nothing of none.
pub fn least(times_ms: &[f64]) -> Option<f64> {
    times_ms.iter().copied().reduce(f64::min)
}

/// The one in the middle, or nothing of none.
pub fn median(times_ms: &[f64]) -> Option<f64> {
    let mut sorted = times_ms.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}
