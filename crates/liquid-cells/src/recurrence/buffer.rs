//! Working memory in chunks of sixteen numbers, and a pool of it: a tape of megabytes that is fresh at each step of a
//! training would cost as much in page faults as the arithmetic on it.

use crate::lanes::LANES;
use std::sync::{Arc, Mutex, PoisonError};

/// Sixteen numbers.
pub(super) type Chunk = [f32; LANES];

/// Bytes of a cache line. A chunk that begins on one is read at once.
const LINE: usize = 64;

/// Chunks that begin on a cache line.
#[derive(Debug, Default)]
struct Buffer {
    numbers: Vec<f32>,
    start: usize,
}

impl Buffer {
    fn new(chunks: usize) -> Self {
        let numbers = vec![0.0; (chunks + 1) * LANES];
        let start = numbers.as_ptr().align_offset(LINE).min(LANES);
        Self { numbers, start }
    }
}

/// Buffers that wait for their next use.
#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<Vec<Buffer>>);

impl Pool {
    /// A buffer of this many chunks, which hold whatever the last user left in them. The smallest that is large enough;
    /// where none is, a new one takes the place of the largest, so that there are never more than were in use at once.
    pub(super) fn lease(self: &Arc<Self>, chunks: usize) -> Lease {
        let numbers = (chunks + 1) * LANES;
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sizes = || waiting.iter().map(|buffer| buffer.numbers.len()).enumerate();
        let fitting = sizes().filter(|(_, size)| *size >= numbers).min_by_key(|(_, size)| *size);
        let taken = fitting.or_else(|| sizes().max_by_key(|(_, size)| *size));
        let taken = taken.map(|(at, _)| waiting.swap_remove(at));
        drop(waiting);
        let buffer = taken.filter(|buffer| buffer.numbers.len() >= numbers).unwrap_or_else(|| Buffer::new(chunks));
        Lease { buffer, chunks, pool: Arc::clone(self) }
    }
}

/// A buffer on loan; it goes back when it is dropped.
#[derive(Debug)]
pub(super) struct Lease {
    buffer: Buffer,
    chunks: usize,
    pool: Arc<Pool>,
}

impl Lease {
    /// To be read.
    pub(super) fn chunks(&self) -> &[Chunk] {
        &self.buffer.numbers[self.buffer.start..].as_chunks().0[..self.chunks]
    }

    /// To be written.
    pub(super) fn chunks_mut(&mut self) -> &mut [Chunk] {
        &mut self.buffer.numbers[self.buffer.start..].as_chunks_mut().0[..self.chunks]
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        self.pool.0.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_to_who_needs_its_size_and_none_is_kept_beyond_what_was_in_use() {
        let pool = Arc::new(Pool::default());
        let first = |lease: &Lease| lease.chunks().as_ptr();
        let (small, large) = (pool.lease(3), pool.lease(90));
        assert_eq!((small.chunks().len(), first(&small).align_offset(LINE)), (3, 0));
        let places = (first(&small), first(&large));
        drop((large, small));
        let (large, small) = (pool.lease(80), pool.lease(2));
        assert_eq!((first(&small), first(&large)), places);
        drop((large, small));
        let _larger = pool.lease(1000);
        assert_eq!(pool.0.lock().unwrap().len(), 1);
    }
}
