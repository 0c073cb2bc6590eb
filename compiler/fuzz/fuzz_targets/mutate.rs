//! A program that somebody wrote with a few things broken: it is checked, and compiled where that accepts it.
#![no_main]

use circ_strangers::{Choices, mutate};
use circ_suite::strangers;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static TEXTS: LazyLock<Vec<String>> =
    LazyLock::new(|| [strangers::examples(), strangers::language_tests()].concat());

fuzz_target!(|bytes: &[u8]| {
    strangers::compiles(&mutate(&TEXTS, &mut Choices::Bytes(bytes)));
});
