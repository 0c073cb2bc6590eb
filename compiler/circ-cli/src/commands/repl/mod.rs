//! `circ repl [FILE]`: a session in the terminal.
//!
//! In: entries as they are typed, or lines of a pipe. Out: answers. What an entry is worth is the business of
//! [`circ::session`]; here are the words that only a session has, and how everything looks.

mod input;
mod show;
mod word;

use super::{compile_options, read, run_options};
use crate::args::ReplArgs;
use crate::exit::Exit;
use crate::interrupt;
use crate::progress::{Prints, Shown};
use crate::terminal::{self, Paint, Stream};
use circ::run::Digest;
use circ::session::{Refusal, Session};
use input::{Input, Typed};
use std::path::Path;
use word::Word;

/// Talks until there is nothing more to read.
pub fn repl(args: &ReplArgs) -> Exit {
    match begin(args) {
        Ok(session) => talk(session),
        Err(exit) => exit,
    }
}

fn begin(args: &ReplArgs) -> Result<Session, Exit> {
    let options = compile_options(args.experiment.as_deref(), &args.settings);
    let run = run_options(&args.settings, Digest::Leave);
    let Some(file) = &args.file else {
        if args.experiment.is_some() {
            terminal::complain("an experiment is of a file");
            return Err(Exit::Usage);
        }
        return Ok(Session::empty(Path::new("."), options, &run));
    };
    let program = read(file, &args.settings.reading)?;
    match Session::open(&program, options, &run) {
        Ok((session, answer)) => {
            terminal::write(Stream::Out, &show::answer(&answer, &session, Paint::of(Stream::Out)));
            if let Some(built) = session.built() {
                terminal::write(Stream::Out, &crate::summary::built(&built, Paint::of(Stream::Out)));
            }
            Ok(session)
        }
        Err(refusal) => {
            complain(&refusal);
            Err(if matches!(refusal, Refusal::Request(_)) { Exit::Usage } else { Exit::Rejected })
        }
    }
}

fn talk(mut session: Session) -> Exit {
    let mut input = match Input::open() {
        Ok(input) => input,
        Err(error) => {
            terminal::complain(&format!("the terminal can not be used: {error}"));
            return Exit::Files;
        }
    };
    if input.is_interactive() {
        terminal::line(
            Stream::Out,
            &format!("Circ {}; `help` tells what can be typed, Ctrl-D ends", circ::VERSION),
        );
    }
    // A script that goes wrong somewhere should not end as if nothing was.
    let mut exit = Exit::Well;
    loop {
        match input.next(&session) {
            Ok(Typed::Text(text)) => match enter(&text, &mut session) {
                Some(ended) => exit = exit.and(ended),
                None => return if input.is_interactive() { Exit::Well } else { exit },
            },
            Ok(Typed::Nothing) => {}
            Ok(Typed::End) => return if input.is_interactive() { Exit::Well } else { exit },
            Err(error) => {
                terminal::complain(&format!("the terminal can not be read: {error}"));
                return Exit::Files;
            }
        }
    }
}

/// Carries out an entry; nothing where the session is to end.
fn enter(text: &str, session: &mut Session) -> Option<Exit> {
    let paint = Paint::of(Stream::Out);
    let said = match word::word(text) {
        Some(Word::Quit) => return None,
        Some(word) => word::say(&word, session, paint),
        None => {
            let stop = interrupt::keep_again();
            let mut shown = Shown::new(Prints::AtOnce);
            let answer = session.enter(text, stop, &mut shown);
            shown.finish();
            interrupt::keep_again();
            answer.map(|answer| {
                let failed = answer.expectations.iter().any(|it| !it.holds);
                let exit = if failed { Exit::Expectation } else { Exit::Well };
                (show::answer(&answer, session, paint), exit)
            })
        }
    };
    Some(match said {
        Ok((text, exit)) => {
            terminal::write(Stream::Out, &text);
            exit
        }
        Err(refusal) => {
            complain(&refusal);
            Exit::Rejected
        }
    })
}

/// In the stream of the answers: what belongs together stays together.
fn complain(refusal: &Refusal) {
    let text = match refusal {
        Refusal::Mistakes { diagnostics, sources } => {
            circ::diagnose::render(diagnostics, sources, terminal::colored(Stream::Err))
        }
        Refusal::Request(text) => format!("{text}\n"),
    };
    terminal::write(Stream::Err, &text);
}
