//! Any bytes as a program: it is checked, and every message is shown in every form.
#![no_main]

use circ_suite::strangers;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| strangers::checks(&String::from_utf8_lossy(bytes)));
