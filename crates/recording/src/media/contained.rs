//! Foreign decoders kept from taking the program down: a panic inside them becomes an error and prints nothing.
//!
//! Demuxers and decoders index by what a file claims. Where a broken file makes one panic, that is one unreadable
//! file and no reason to stop. Whatever the decoder was working on must be dropped afterwards.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static CONTAINING: Cell<bool> = const { Cell::new(false) };
}

/// Runs a foreign decoder on a file's data; says in words what went wrong, panics included.
pub(crate) fn contained<T>(decode: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    silence_contained_panics();
    let outer = CONTAINING.replace(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(decode));
    CONTAINING.set(outer);
    outcome
        .unwrap_or_else(|payload| Err(format!("damaged beyond what its decoder can handle ({})", message(&*payload))))
}

/// The usual hook would print each panic; those of contained decoders are reported as errors instead.
fn silence_contained_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !CONTAINING.get() {
                usual(info);
            }
        }));
    });
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_inside_becomes_an_error_with_its_message() {
        let empty: &[u8] = &[];
        let error = contained(|| Ok(empty[std::hint::black_box(3)])).unwrap_err();
        assert!(error.contains("index out of bounds"), "{error}");
    }

    #[test]
    fn results_pass_through_and_nesting_keeps_the_outer_state() {
        assert_eq!(contained(|| contained(|| Ok(1))), Ok(1));
        assert_eq!(contained::<()>(|| Err("cut".to_owned())), Err("cut".to_owned()));
        assert!(!CONTAINING.get());
    }
}
