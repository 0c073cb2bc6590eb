//! `circ fmt FILE...`: programs in the one layout.

use super::show;
use crate::args::FmtArgs;
use crate::exit::Exit;
use crate::terminal::{self, Stream};
use circ::sources;
use std::path::Path;

/// Formats all files, or says which would change.
pub fn fmt(args: &FmtArgs) -> Exit {
    args.files.iter().map(|file| format_file(file, args)).fold(Exit::Well, Exit::and)
}

fn format_file(file: &Path, args: &FmtArgs) -> Exit {
    let text = match sources::read_text(file) {
        Ok(text) => text,
        Err(error) => {
            terminal::complain(&error.to_string());
            return Exit::Files;
        }
    };
    let formatted = match circ::compile::format(&file.display().to_string(), &text) {
        Ok(formatted) => formatted,
        Err((problems, sources)) => {
            show(&problems, &sources);
            return Exit::Rejected;
        }
    };
    if formatted == text {
        return Exit::Well;
    }
    if args.check {
        terminal::line(Stream::Out, &format!("{} would change", file.display()));
        return Exit::Rejected;
    }
    match replace(file, &formatted) {
        Ok(()) => Exit::Well,
        Err(error) => {
            terminal::complain(&format!("`{}` could not be written: {error}", file.display()));
            Exit::Files
        }
    }
}

/// Writes beside the file and renames: a full disk must not cost anybody their program.
pub fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    // A link stays a link, and permissions stay.
    let file = file.canonicalize()?;
    let mut name = std::ffi::OsString::from(".");
    name.push(file.file_name().unwrap_or_default());
    name.push(format!(".{}.partial", std::process::id()));
    let temporary = file.with_file_name(name);
    let written = std::fs::write(&temporary, text)
        .and_then(|()| std::fs::set_permissions(&temporary, std::fs::metadata(&file)?.permissions()))
        .and_then(|()| std::fs::rename(&temporary, &file));
    if written.is_err() {
        // It may not even have been made.
        let _ = std::fs::remove_file(&temporary);
    }
    written
}
