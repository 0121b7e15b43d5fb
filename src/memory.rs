//! The allocator of the program and its benchmarks.
//!
//! A training step makes feature maps of up to hundreds of megabytes and frees them again. From the C library's allocator
//! each comes as fresh pages from the system: a sixth of the processor time of a training with the paper's encoder was the
//! kernel's, and most of that goes where pages are kept (benches/README.md has the figures).

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay` of mimalloc's `mi_option_e`, in milliseconds, which its bindings do not name: looked up in
/// the header of libmimalloc-sys 0.1.49.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

/// While one lives, what is freed stays with the process to be used again, and no page is given back to the system.
#[must_use = "pages are kept only as long as this lives"]
pub struct KeptPages {
    delay_before: std::ffi::c_long,
}

/// Keeps freed pages from now on. One at a time: the last one to end sets the delay back to what it was before it.
#[expect(unsafe_code, reason = "mimalloc's options have no safe binding; they are atomics that any thread may set")]
pub fn keep_pages() -> KeptPages {
    // SAFETY: PURGE_DELAY is an option of the library, and both functions only read and write that option.
    unsafe {
        let delay_before = libmimalloc_sys::mi_option_get(PURGE_DELAY);
        libmimalloc_sys::mi_option_set(PURGE_DELAY, -1);
        KeptPages { delay_before }
    }
}

impl Drop for KeptPages {
    #[expect(unsafe_code, reason = "as in keep_pages")]
    fn drop(&mut self) {
        // SAFETY: as in keep_pages; mi_collect gives back what is free and touches nothing that is in use.
        unsafe {
            libmimalloc_sys::mi_option_set(PURGE_DELAY, self.delay_before);
            libmimalloc_sys::mi_collect(true);
        }
    }
}
