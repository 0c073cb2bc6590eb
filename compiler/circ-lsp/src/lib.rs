//! Circ in editors: the language server.
//!
//! In: messages of an editor, by the Language Server Protocol. Out: what the compiler says of its texts, and what they
//! declare: diagnostics, hovers, completion, definitions, uses, renaming, formatting, fixes and outlines. Files that a
//! text uses are taken as the editor has them, saved or not. `circ lsp` speaks through standard input and output.

// URIs of `lsp-types` keep what was found of their parts in a cell; they are compared by their text.
#![allow(clippy::mutable_key_type)]

mod actions;
mod analysis;
mod checks;
mod completion;
mod documents;
mod hover;
mod library;
mod names;
mod places;
mod position;
mod rename;
mod server;
mod symbols;
mod uri;
mod words;

pub use lsp_server::Connection;
pub use server::serve;

/// Serves the editor at the other end of standard input and output until it says goodbye or goes away.
///
/// # Errors
/// When the editor does not keep to the protocol, or its messages can not be read or written.
pub fn serve_stdio() -> Result<(), String> {
    let (connection, threads) = Connection::stdio();
    let served = serve(connection);
    threads.join().map_err(|error| format!("the editor went away: {error}"))?;
    served
}
