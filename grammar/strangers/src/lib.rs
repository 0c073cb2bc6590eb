//! Texts from strangers, for the ordinary tests and for the fuzzers alike.
//!
//! In: choices, from a seed or from the bytes of a fuzzer ([`Choices`]). Out: texts that nobody would
//! write ([`soup`]), that somebody nearly wrote ([`mutate()`]), or that are built to hurt ([`giant`]); and
//! what the parser and the formatter owe to any text ([`parse`]). One place, so that what the fuzzers found
//! worth trying is tried by every run of the tests.

pub mod choices;
pub mod giant;
pub mod mutate;
pub mod parse;
pub mod soup;

pub use choices::Choices;
pub use mutate::mutate;
