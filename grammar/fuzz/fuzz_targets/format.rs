//! Any bytes: what is formatted keeps its meaning and its comments, and is formatted to itself.
#![no_main]

use circ_strangers::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| parse::formats(&String::from_utf8_lossy(bytes)));
