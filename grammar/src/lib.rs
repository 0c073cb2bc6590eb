//! The text of Circ and its tree: lexer, layout, grammar, parser and formatter.
//!
//! In: the text of one file. Out: its [`ast`], with every mistake in its form ([`parse()`]); the same
//! text in its canonical layout ([`format()`]); the tree as text ([`dump()`]). This crate knows no files, no
//! units beyond their names and no names beyond their letters.
//!
//! `token` makes tokens, `brackets` pairs them, `layout` finds the statements, `circ.lalrpop` reads
//! each top-level item, and `recover` reads it again around every mistake.

pub mod ast;
mod brackets;
mod dump;
mod explain;
pub mod foreign;
mod layout;
mod message;
mod near;
mod parens;
pub mod parse;
pub mod pieces;
mod place;
mod print;
mod recover;
mod spacing;
mod token;
mod tree;
pub mod unit_names;
mod words;

#[allow(clippy::all, unused, missing_docs)]
mod grammar {
    #![allow(rustdoc::all)]
    include!(concat!(env!("OUT_DIR"), "/circ.rs"));
}

pub use dump::{dump, dump_expr};
pub use parse::{Parsed, SyntaxError, parse, parse_expr};
pub use print::format;
pub use words::{CONTEXTUAL, RESERVED};
