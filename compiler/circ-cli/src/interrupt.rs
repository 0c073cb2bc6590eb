//! Ctrl-C: sets a flag that engines look at between windows; asked twice, the process ends at once.

use crate::exit::Exit;
use std::sync::atomic::{AtomicBool, Ordering};

static FLAG: AtomicBool = AtomicBool::new(false);

/// The flag, set by Ctrl-C from now on.
pub fn flag() -> &'static AtomicBool {
    static INSTALL: std::sync::Once = std::sync::Once::new();
    INSTALL.call_once(|| {
        let handler = || {
            if FLAG.swap(true, Ordering::SeqCst) {
                std::process::exit(i32::from(Exit::Interrupted.code()));
            }
        };
        // Where no handler can be installed Ctrl-C ends the process, as it would without us.
        let _ = ctrlc::set_handler(handler);
    });
    &FLAG
}

/// Whether Ctrl-C was pressed.
pub fn asked() -> bool {
    FLAG.load(Ordering::SeqCst)
}
