//! The terminal: text out, colour only where a person sees it, and no complaint when nobody reads on.

use std::io::{IsTerminal, Write};

/// Where text goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Out,
    Err,
}

/// Writes text. A reader that went away (`circ run | head`) ends the process quietly, as it does other
/// commands in a pipe.
pub fn write(stream: Stream, text: &str) {
    let result = match stream {
        Stream::Out => {
            std::io::stdout().lock().write_all(text.as_bytes()).and_then(|()| std::io::stdout().flush())
        }
        Stream::Err => std::io::stderr().lock().write_all(text.as_bytes()),
    };
    match (stream, result) {
        (Stream::Out, Err(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        (Stream::Out, Err(error)) => {
            write(Stream::Err, &format!("circ: standard output could not be written: {error}\n"));
            std::process::exit(i32::from(crate::exit::Exit::Files.code()));
        }
        // There is nowhere left to say so.
        (Stream::Err, Err(_)) | (Stream::Out | Stream::Err, Ok(())) => {}
    }
}

/// Writes text and ends the line.
pub fn line(stream: Stream, text: &str) {
    write(stream, &format!("{text}\n"));
}

/// `circ: text` on standard error.
pub fn complain(text: &str) {
    line(Stream::Err, &format!("circ: {text}"));
}

/// Whether a person sees this stream.
pub fn is_terminal(stream: Stream) -> bool {
    match stream {
        Stream::Out => std::io::stdout().is_terminal(),
        Stream::Err => std::io::stderr().is_terminal(),
    }
}

/// Whether colour may be used: a terminal, and no `NO_COLOR`.
pub fn colored(stream: Stream) -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    is_terminal(stream) && !refused && !dumb
}

/// How many columns there are; 80 where it can not be known.
pub fn columns() -> usize {
    let size = console::Term::stdout().size_checked();
    size.map_or(80, |(_, columns)| usize::from(columns))
}

/// Text in colour, or as it is.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// For text that goes to this stream.
    pub fn of(stream: Stream) -> Paint {
        Paint { on: colored(stream) }
    }
    /// Whether there is colour.
    pub fn is_on(self) -> bool {
        self.on
    }
    pub fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }
    pub fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }
    pub fn red(self, text: &str) -> String {
        self.wrap("31", text)
    }
    pub fn green(self, text: &str) -> String {
        self.wrap("32", text)
    }
    pub fn yellow(self, text: &str) -> String {
        self.wrap("33", text)
    }
    fn wrap(self, code: &str, text: &str) -> String {
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }
}
