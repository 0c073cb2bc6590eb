//! Any bytes: the parser comes back, with places inside of the text and a message for what it rejects.
#![no_main]

use circ_strangers::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| parse::reads(&String::from_utf8_lossy(bytes)));
