//! A small program with a few things broken: where it still runs, both engines give the same bits.
#![no_main]

use circ_strangers::{Choices, mutate};
use circ_suite::strangers;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static TEXTS: LazyLock<Vec<String>> = LazyLock::new(strangers::language_tests);

fuzz_target!(|bytes: &[u8]| strangers::agrees(&mutate(&TEXTS, &mut Choices::Bytes(bytes))));
