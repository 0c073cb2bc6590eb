//! The text of Circ and its tree: lexer, layout, grammar, parser and formatter.

pub mod ast;
