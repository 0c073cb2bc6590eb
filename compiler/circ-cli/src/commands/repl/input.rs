//! Where entries come from: the keyboard, with editing, history, completion and colour, or the lines of a pipe.
//!
//! An entry goes on over several lines while a bracket is open.

use circ::session::Session;
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper};
use std::borrow::Cow;
use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

const PROMPT: &str = "circ> ";

/// See above.
pub enum Input {
    Keyboard { editor: Box<Editor<Assistant, FileHistory>>, history: Option<PathBuf> },
    Pipe,
}

/// What was read.
pub enum Typed {
    Text(String),
    /// An empty line, or Ctrl-C.
    Nothing,
    End,
}

impl Input {
    pub fn open() -> rustyline::Result<Input> {
        if !std::io::stdin().is_terminal() {
            return Ok(Input::Pipe);
        }
        let config = Config::builder().completion_type(CompletionType::List).auto_add_history(true).build();
        let mut editor = Editor::with_config(config)?;
        editor.set_helper(Some(Assistant {
            words: vec![],
            colored: crate::terminal::colored(crate::terminal::Stream::Out),
        }));
        let history = history();
        if let Some(path) = &history {
            // There is none the first time.
            let _ = editor.load_history(path);
        }
        Ok(Input::Keyboard { editor: Box::new(editor), history })
    }

    pub fn is_interactive(&self) -> bool {
        matches!(self, Input::Keyboard { .. })
    }

    /// The next entry.
    pub fn next(&mut self, session: &Session) -> rustyline::Result<Typed> {
        match self {
            Input::Pipe => from_pipe(),
            Input::Keyboard { editor, history } => {
                if let Some(assistant) = editor.helper_mut() {
                    assistant.words = session.names();
                }
                match editor.readline(PROMPT) {
                    Ok(text) if text.trim().is_empty() => Ok(Typed::Nothing),
                    Ok(text) => {
                        if let Some(path) = history {
                            // A session without a history file is still one.
                            let _ = editor.append_history(path);
                        }
                        Ok(Typed::Text(text))
                    }
                    Err(ReadlineError::Interrupted) => Ok(Typed::Nothing),
                    Err(ReadlineError::Eof) => Ok(Typed::End),
                    Err(error) => Err(error),
                }
            }
        }
    }
}

fn from_pipe() -> rustyline::Result<Typed> {
    let mut text = String::new();
    loop {
        if std::io::stdin().lock().read_line(&mut text)? == 0 {
            return Ok(if text.trim().is_empty() { Typed::End } else { Typed::Text(text) });
        }
        if !circ::session::is_open(&text) {
            return Ok(if text.trim().is_empty() { Typed::Nothing } else { Typed::Text(text) });
        }
    }
}

/// In the user's folder for state; `CIRC_HISTORY` names another, and empty none.
fn history() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("CIRC_HISTORY") {
        return (!path.is_empty()).then(|| PathBuf::from(path));
    }
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let folder =
        state.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state")))?.join("circ");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history"))
}

/// Completes, colours, and knows when an entry is whole.
pub struct Assistant {
    words: Vec<String>,
    colored: bool,
}

impl Helper for Assistant {}

impl Hinter for Assistant {
    type Hint = String;
}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext) -> rustyline::Result<ValidationResult> {
        Ok(match circ::session::is_open(context.input()) {
            true => ValidationResult::Incomplete,
            false => ValidationResult::Valid(None),
        })
    }
}

impl Completer for Assistant {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let is_part = |it: char| it.is_alphanumeric() || it == '_' || it == '.';
        let start = line[..at]
            .rfind(|it: char| !is_part(it))
            .map_or(0, |found| found + line[found..].chars().next().map_or(1, char::len_utf8));
        let typed = &line[start..at];
        let matching = self.words.iter().filter(|word| word.starts_with(typed));
        // `E.` is completed by members, `E` not by all of them.
        let depth = typed.matches('.').count();
        let near = matching.filter(|word| word.matches('.').count() <= depth);
        Ok((start, near.map(|word| Pair { display: word.clone(), replacement: word.clone() }).collect()))
    }
}

impl Highlighter for Assistant {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        if self.colored { Cow::Owned(colored(line)) } else { Cow::Borrowed(line) }
    }
    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        self.colored
    }
}

/// Keywords bold, numbers with their units, strings and comments in colour.
fn colored(line: &str) -> String {
    let mut text = String::new();
    for (piece, kind) in circ::session::pieces(line) {
        use circ::session::Piece;
        let code = match kind {
            Piece::Keyword => "1",
            Piece::Number => "36",
            Piece::Text => "32",
            Piece::Comment => "2",
            Piece::Other => "",
        };
        match code {
            "" => text += piece,
            code => text += &format!("\x1b[{code}m{piece}\x1b[0m"),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(typed: &str) -> Vec<String> {
        let words = ["E", "E.v", "E.V_th", "record", "report"].map(str::to_string).to_vec();
        let assistant = Assistant { words, colored: false };
        let history = rustyline::history::DefaultHistory::new();
        let found = assistant.complete(typed, typed.len(), &Context::new(&history)).expect("completes");
        found.1.into_iter().map(|pair| pair.replacement).collect()
    }

    #[test]
    fn names_and_members_are_completed() {
        assert_eq!(candidates("rec"), ["record"]);
        assert_eq!(candidates("record E."), ["E", "E.v", "E.V_th"].map(str::to_string)[1..].to_vec());
        assert_eq!(candidates("mean(E.V"), ["E.V_th"]);
        assert!(candidates("x").is_empty());
    }

    #[test]
    fn colour_changes_no_letter() {
        let line = "set E.tau_m = 15 ms // \"slower\"";
        let plain = colored(line)
            .split('\x1b')
            .map(|piece| {
                piece.split_once('m').map_or(
                    piece,
                    |(code, rest)| {
                        if code.starts_with('[') { rest } else { piece }
                    },
                )
            })
            .collect::<String>();
        assert_eq!(plain, line);
    }
}
