//! `circ lsp`: the language server, which an editor starts.

use crate::exit::Exit;
use crate::terminal;

/// Serves until the editor says goodbye or goes away.
pub fn serve() -> Exit {
    match circ_lsp::serve_stdio() {
        Ok(()) => Exit::Well,
        Err(error) => {
            terminal::complain(&error);
            Exit::Failed
        }
    }
}
