//! Ctrl-C, and the signal that ends a job: before a run they end the process at once, for nothing is lost
//! then; while one goes on they stop it, so that what was recorded is kept. Asked twice, the process ends at once.
//!
//! A terminal that goes away (`SIGHUP`) is left alone: `nohup` is how one asks to go on without it.

use crate::exit::Exit;
use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

/// Whether the next signal ends the process. A signal sets it.
static AT_ONCE: LazyLock<Arc<AtomicBool>> = LazyLock::new(|| Arc::new(AtomicBool::new(true)));
/// Whether the run that goes on is to stop.
static STOP: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// From now on a signal ends the process with the exit code of an interruption.
pub fn listen() {
    // A file that may not grow any more is an error of writing, with a message, and not the end of the process.
    let _ = flag::register(SIGXFSZ, Arc::default());
    for signal in [SIGINT, SIGTERM] {
        // The order matters: the first signal of a run finds `AT_ONCE` unset, and sets it. Where no handler can
        // be installed the signal ends the process, as it would without us.
        let _ = flag::register_conditional_shutdown(
            signal,
            i32::from(Exit::Interrupted.code()),
            Arc::clone(&AT_ONCE),
        );
        let _ = flag::register(signal, Arc::clone(&AT_ONCE));
        let _ = flag::register(signal, Arc::clone(&STOP));
    }
}

/// From now on there is something to keep: a first signal sets the flag that is returned.
pub fn keep() -> &'static AtomicBool {
    AT_ONCE.store(false, Ordering::SeqCst);
    &STOP
}

/// The same for the next of several runs: what stopped the one before is forgotten.
pub fn keep_again() -> &'static AtomicBool {
    STOP.store(false, Ordering::SeqCst);
    keep()
}
