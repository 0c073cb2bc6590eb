//! Language tests as files: many small programs, each with what must be said of it.
//!
//! ```text
//! --- name-of-the-case check
//! // error: 2:67-2:74 [delay-below-tick] delay 0.05 ms is shorter than the step 0.1 ms
//! (the program)
//!
//! --- name-of-the-case run threads=1,3 engines=interpreter,jit set=g=3
//! // spikes: A 3
//! (the program)
//! ```
//!
//! The comment lines at the head of a case are what is demanded of it: for `check` exactly these
//! messages (places count lines and columns from 1, of the program below them); for `run` the
//! spikes of populations, besides that all engines and threads agree and every `expect` holds.

use crate::oracle::{self, Configuration};
use circ::compile::{Options, Rejection, check_all, compile};
use circ::diagnose::{Diagnostic, Level, Sources};
use circ::run::EngineKind;
use circ::sources;
use std::path::Path;

/// One case of a file.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    /// The line of its head in its file.
    pub line: usize,
    pub kind: Kind,
    /// What is demanded.
    pub demands: Vec<String>,
    pub program: String,
}

/// What is done with a case.
#[derive(Clone, Debug)]
pub enum Kind {
    Check,
    Run { on: Vec<Configuration>, set: Vec<(String, String)> },
}

/// The cases of a file.
///
/// # Panics
/// On a head that can not be read: the files are part of the tests.
pub fn read(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if let Some(head) = line.strip_prefix("--- ") {
            cases.push(head_of(head, number + 1));
        } else if let Some(case) = cases.last_mut() {
            match line.strip_prefix("// ") {
                Some(demand) if case.program.is_empty() => case.demands.push(demand.to_string()),
                _ => {
                    case.program += line;
                    case.program.push('\n');
                }
            }
        }
    }
    cases
}

fn head_of(head: &str, line: usize) -> Case {
    let mut words = head.split_whitespace();
    let name = words.next().expect("a name after ---").to_string();
    let kind = match words.next() {
        Some("check") => Kind::Check,
        Some("run") => run_kind(words),
        other => panic!("line {line}: a case is `check` or `run`, not {other:?}"),
    };
    Case { name, line, kind, demands: Vec::new(), program: String::new() }
}

fn run_kind<'a>(words: impl Iterator<Item = &'a str>) -> Kind {
    let (mut threads, mut engines, mut set) =
        (vec![1, 2, 3], vec![EngineKind::Interpreter, EngineKind::Jit], vec![]);
    for word in words {
        match word.split_once('=') {
            Some(("threads", list)) => {
                threads = list.split(',').map(|n| n.parse().expect("a number")).collect()
            }
            Some(("engines", list)) => engines = list.split(',').map(engine).collect(),
            Some(("set", pair)) => {
                let (path, value) = pair.split_once('=').expect("set=PATH=VALUE");
                set.push((path.to_string(), value.to_string()));
            }
            _ => panic!("`{word}` is not threads=, engines= or set="),
        }
    }
    let mut on = Vec::new();
    for kind in engines {
        match kind {
            EngineKind::Interpreter => on.push((kind, 1)),
            EngineKind::Jit => on.extend(threads.iter().map(|threads| (kind, *threads))),
        }
    }
    Kind::Run { on, set }
}

fn engine(name: &str) -> EngineKind {
    match name {
        "interpreter" => EngineKind::Interpreter,
        "jit" => EngineKind::Jit,
        other => panic!("`{other}` is no engine"),
    }
}

/// Whether a case holds, else what is wrong.
///
/// # Errors
/// With what was found where something else was demanded.
pub fn hold(case: &Case, folder: &Path) -> Result<(), String> {
    match &case.kind {
        Kind::Check => demand(&case.demands, &check_messages(case, folder)),
        Kind::Run { on, set } => {
            let options = Options { set: set.clone(), ..Options::default() };
            let results = oracle::agree(&case.name, &case.program, folder, &options, on)?;
            let broken: Vec<_> =
                results.expectations.iter().filter(|it| !it.holds).map(|it| it.text.clone()).collect();
            if !broken.is_empty() {
                return Err(format!("does not hold: {broken:?}"));
            }
            let said = results.diagnostics.iter().filter(|it| it.level == "error" || demands_warnings(case));
            let mut found: Vec<String> = said.map(|it| format!("{}: [{}]", it.level, it.rule)).collect();
            if case.demands.iter().any(|demand| demand.starts_with("spikes:")) {
                found.extend(
                    results.populations.iter().map(|it| format!("spikes: {} {}", it.path, it.spikes)),
                );
            }
            demand(&case.demands, &found)
        }
    }
}

/// A case that shows a warning or a note is held to all of them; another that shows an error or runs to none, for
/// small programs leave much unused.
fn demands_warnings(case: &Case) -> bool {
    case.demands.iter().any(|demand| demand.starts_with("warning:") || demand.starts_with("note:"))
}

fn demand(demands: &[String], found: &[String]) -> Result<(), String> {
    if demands == found {
        return Ok(());
    }
    Err(format!("demanded:\n  {}\nfound:\n  {}", demands.join("\n  "), found.join("\n  ")))
}

/// Messages of checking, and of compiling the experiment where there is one.
fn check_messages(case: &Case, folder: &Path) -> Vec<String> {
    let program = sources::parse(&case.name, case.program.clone(), folder);
    let checked = check_all(program);
    let (mut diagnostics, mut sources) = (checked.diagnostics, checked.sources);
    if !case.demands.is_empty() && !demands_warnings(case) {
        diagnostics.retain(|it| it.rule.level == Level::Error);
    }
    if diagnostics.is_empty() {
        let program = sources::parse(&case.name, case.program.clone(), folder);
        if let Err(Rejection::Program { diagnostics: later, sources: theirs }) =
            compile(program, &Options::default())
        {
            (diagnostics, sources) = (later, theirs);
        }
    }
    diagnostics.iter().map(|it| line_of(it, &sources)).collect()
}

/// `error: 2:67-2:74 [delay-below-tick] delay 0.05 ms is shorter than the step 0.1 ms`
fn line_of(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let level = match diagnostic.rule.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    let text = &sources.get(diagnostic.span.file).text;
    let place = |byte: u32| {
        let before = &text[..byte as usize];
        let line = before.matches('\n').count() + 1;
        format!("{line}:{}", before.chars().rev().take_while(|c| *c != '\n').count() + 1)
    };
    let (start, end) = (place(diagnostic.span.start), place(diagnostic.span.end));
    format!("{level}: {start}-{end} [{}] {}", diagnostic.rule.name, diagnostic.message)
}
