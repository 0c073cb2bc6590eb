//! The words of the language in any order, read and formatted.
#![no_main]

use circ_strangers::{Choices, parse, soup};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = soup::tokens(&mut Choices::Bytes(bytes), 4000);
    parse::reads(&text);
    parse::formats(&text);
});
