//! The words that only a session has: `back`, `fork`, `session`, `explain`, `plot`, `?name`, `text`, `help`, `quit`.
//!
//! In: an entry. Out: its word, and what it says.

use super::show;
use crate::exit::Exit;
use crate::terminal::Paint;
use circ::session::{Refusal, Session};
use std::path::Path;

/// See above.
#[derive(Clone, Debug, PartialEq)]
pub enum Word {
    Quit,
    Help,
    Text,
    Forks,
    Undo,
    /// By a duration, as written, or to a name.
    Back(String),
    Fork(String),
    /// A file, in quotes.
    Session(String),
    Explain(Option<String>),
    Plot(String),
    About(String),
}

const HELP: &str = "\
statements of an experiment    run 100 ms   set E.tau_m = 15 ms   record E[0].v   for k in 0 .. 3 { ... }
declarations                   cell, circuit, plasticity, fn, use; population, projection, drive of the circuit:
                               one that is there already is changed at once, and states that still fit stay
an expression                  mean(E.v)   rate(E)   E[3].V_th   P.w: its value with its unit
?NAME                          what a name is, with its documentation
plot WHAT                      spikes of a population, a recorded value (plot E[0].v), or a histogram (plot P.w)
back 100 ms, back              to an earlier moment; to before the last entry
fork NAME, back NAME, forks    keep a moment, return to it, list them
explain, explain RULE          how the circuit is simulated; the page of a rule
text, session \"f.circ\"         the session as a file that runs; write it
help, quit (Ctrl-D)            Ctrl-C stops a run, not the session
";

/// The word of an entry; nothing where it is of the language.
pub fn word(text: &str) -> Option<Word> {
    let text = text.trim();
    if let Some(name) = text.strip_prefix('?') {
        return Some(Word::About(name.trim().to_string()));
    }
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim();
    // What is assigned to is a variable of this name.
    if rest.starts_with('=') || text.contains('\n') {
        return None;
    }
    match (first, rest) {
        ("quit" | "exit", "") => Some(Word::Quit),
        ("help", "") => Some(Word::Help),
        ("text", "") => Some(Word::Text),
        ("forks", "") => Some(Word::Forks),
        ("back", "") => Some(Word::Undo),
        ("back", what) => Some(Word::Back(what.to_string())),
        ("fork", name) => Some(Word::Fork(name.to_string())),
        ("session", file) => Some(Word::Session(file.to_string())),
        ("explain", "") => Some(Word::Explain(None)),
        ("explain", rule) => Some(Word::Explain(Some(rule.to_string()))),
        ("plot", what) if !what.is_empty() => Some(Word::Plot(what.to_string())),
        _ => None,
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|it| it.is_alphanumeric() || it == '_')
}

/// What a word comes to.
pub fn say(word: &Word, session: &mut Session, paint: Paint) -> Result<(String, Exit), Refusal> {
    let text = match word {
        Word::Quit => String::new(),
        Word::Help => HELP.to_string(),
        Word::Text => session.text(),
        Word::Forks => {
            session.forks().map(|(name, time)| format!("{name}: {} ms\n", show::number(time))).collect()
        }
        Word::Undo => {
            session.undo()?;
            show::at(session)
        }
        Word::Back(what) if is_name(what) && !what.starts_with(|it: char| it.is_ascii_digit()) => {
            session.back_to(what)?;
            show::at(session)
        }
        Word::Back(what) => {
            let duration = session.duration_ms(what)?;
            session.back(duration)?;
            show::at(session)
        }
        Word::Fork(name) if !is_name(name) => {
            return Err(Refusal::Request("a moment is kept under a name: `fork NAME`".to_string()));
        }
        Word::Fork(name) => {
            session.fork(name);
            format!("`{name}` is {} ms\n", show::number(session.time_ms()))
        }
        Word::Session(file) => {
            let name = file.strip_prefix('"').and_then(|it| it.strip_suffix('"')).filter(|it| !it.is_empty());
            let name =
                name.ok_or_else(|| Refusal::Request("write it as `session \"file.circ\"`".to_string()))?;
            written(session, Path::new(name))?
        }
        Word::Explain(None) => {
            session.explain().ok_or_else(|| Refusal::Request("there is no circuit yet".to_string()))?
        }
        Word::Explain(Some(name)) => explained(name, session)?,
        Word::Plot(what) => show::plot(what, session, paint)?,
        Word::About(name) => session.about(name)?,
    };
    Ok((text, Exit::Well))
}

fn written(session: &Session, path: &Path) -> Result<String, Refusal> {
    let failed = |error: std::io::Error| {
        Refusal::Request(format!("`{}` could not be written: {error}", path.display()))
    };
    // Whole or absent.
    let aside = path.with_extension("circ.part");
    std::fs::write(&aside, session.text()).and_then(|()| std::fs::rename(&aside, path)).map_err(failed)?;
    let mut text = format!("`circ run {} {}` repeats the session", path.display(), session.experiment());
    match session.digest() {
        Some(digest) if session.is_repeatable() => {
            text += &format!("; its digest is {}\n", &digest[..16.min(digest.len())])
        }
        Some(_) => {
            text = format!(
                "`{}` holds the session as it is now; declarations changed while it ran, so it does not repeat it\n",
                path.display()
            );
        }
        None => text += "\n",
    }
    Ok(text)
}

/// The page of a rule, or the parts of the explanation of the circuit that name something.
fn explained(name: &str, session: &Session) -> Result<String, Refusal> {
    let rules = circ::rules::all();
    if let Some(rule) = rules.iter().find(|rule| rule.name == name) {
        return Ok(format!("{}\n", rule.page.trim_end()));
    }
    let whole = session.explain().unwrap_or_default();
    let is_of = |line: &str| {
        line.split(|it: char| !it.is_alphanumeric() && it != '_' && it != '-').any(|word| word == name)
    };
    let lines: String =
        whole.lines().filter(|line| is_of(line)).map(|line| format!("{}\n", line.trim_end())).collect();
    if !lines.is_empty() {
        return Ok(lines);
    }
    let near = circ::diagnose::nearest(name, rules.iter().map(|rule| rule.name));
    let help = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    Err(Refusal::Request(format!("there is neither a rule nor a part of the circuit `{name}`{help}")))
}

#[cfg(test)]
mod tests {
    use super::{Word, word};

    #[test]
    fn words_of_a_session_are_told_from_the_language() {
        assert_eq!(word("back 100 ms"), Some(Word::Back("100 ms".to_string())));
        assert_eq!(word("fork a"), Some(Word::Fork("a".to_string())));
        assert_eq!(word("session \"x.circ\""), Some(Word::Session("\"x.circ\"".to_string())));
        assert_eq!(word("?E.v"), Some(Word::About("E.v".to_string())));
        assert_eq!(word("text = 3"), None);
        assert_eq!(word("run 100 ms"), None);
        assert_eq!(word("plot E"), Some(Word::Plot("E".to_string())));
    }
}
