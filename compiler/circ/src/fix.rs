//! Mending: the edits of messages that are certain, applied to a text.
//!
//! In: a program. Out: the text of its main file after all fixes that left it no worse, and a line for each. Fixes are
//! tried one by one, since one may show what another hid; each is kept only if its message is gone and the text has no
//! more errors than before, and no more in its form.

use crate::compile::check_all;
use crate::results::{Message, messages};
use crate::sources::{self, Program};
use circ_compiler::diagnose::{Diagnostic, Edit, Level};
use circ_grammar::ast::FileId;

/// This many fixes are tried in one go.
const MOST: usize = 200;

/// A text after its fixes.
#[derive(Debug)]
pub struct Mended {
    pub text: String,
    /// Of each fix in order its place at that time and what it does: "a.circ:2:14: did you mean `tau`?"
    pub changes: Vec<String>,
}

/// Applies every fix that is certain to the text of a program's main file.
pub fn mend(program: &Program) -> Mended {
    let mut now = State::of(program, program.sources.files[0].text.clone());
    let (mut changes, mut refused) = (Vec::new(), Vec::new());
    while changes.len() + refused.len() < MOST {
        let next = now.fixable.iter().find(|(_, message)| !refused.contains(message)).cloned();
        let Some((diagnostic, message)) = next else { break };
        let after = edited(&now.text, &diagnostic.fix).map(|text| State::of(program, text));
        match after {
            Some(after) if after.is_better(&now, &message) => {
                let help = diagnostic.help.unwrap_or(diagnostic.message);
                let Message { file, start, .. } = message;
                changes.push(format!("{file}:{}:{}: {help}", start.line, start.column));
                now = after;
            }
            Some(_) | None => refused.push(message),
        }
    }
    Mended { text: now.text, changes }
}

/// What is wrong with a text.
struct State {
    text: String,
    errors: usize,
    /// Of them, those in the form of the text.
    malformed: usize,
    fixable: Vec<(Diagnostic, Message)>,
}

impl State {
    /// The main file of a program with another text.
    fn of(program: &Program, text: String) -> State {
        let mut changed = sources::parse(&program.sources.files[0].name, text.clone(), &program.folder);
        changed.allowed = program.allowed.clone();
        let malformed = changed.problems.len();
        let checked = check_all(changed);
        let errors = checked.diagnostics.iter().filter(|it| it.rule.level == Level::Error).count();
        let shown = messages(&checked.diagnostics, &checked.sources);
        let own =
            |it: &Diagnostic| !it.fix.is_empty() && it.fix.iter().all(|edit| edit.span.file == FileId(0));
        let fixable = checked.diagnostics.into_iter().zip(shown).filter(|(it, _)| own(it)).collect();
        State { text, errors, malformed, fixable }
    }

    fn is_better(&self, before: &State, mended: &Message) -> bool {
        let is_gone = self.fixable.iter().all(|(_, message)| message != mended);
        is_gone && self.errors <= before.errors && self.malformed <= before.malformed
    }
}

/// The text with all edits; none where two of them overlap or one lies outside.
pub fn edited(text: &str, edits: &[Edit]) -> Option<String> {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| edit.span);
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for edit in edits {
        let (start, end) = (edit.span.start as usize, edit.span.end as usize);
        out += text.get(at..start)?;
        out += &edit.text;
        text.get(start..end)?;
        at = end;
        // A line of which nothing is left goes, too.
        let (ends, is_begun) = (text.get(end..)?, out.lines().last().is_some() && !out.ends_with('\n'));
        if edit.text.is_empty() && !is_begun && start < end {
            at += ["\r\n", "\n"].into_iter().find(|it| ends.starts_with(it)).map_or(0, str::len);
        }
    }
    out += text.get(at..)?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn mended(text: &str) -> Mended {
        mend(&sources::parse("a.circ", text.to_string(), Path::new(".")))
    }

    #[test]
    fn what_is_certain_is_mended_and_line_ends_stay() {
        let text =
            "cell A {\r\n  parm tau_m = 5. ms\r\n  state v = .5\r\n  tau_n * v' = 1\r\n    - v\r\n}\r\n";
        let due =
            "cell A {\r\n  param tau_m = 5.0 ms\r\n  state v = 0.5\r\n  tau_m * v' = 1 -\r\n     v\r\n}\r\n";
        assert_eq!(mended(text).text, due);
        assert_eq!(mended("let a = 5 \u{d7} 3 \u{2212} 2\n").text, "let a = 5 * 3 - 2\n");
    }

    #[test]
    fn imports_that_nothing_uses_go() {
        let circuit = "circuit C() { population A: LifDelta[3] }\n";
        let with = |uses: &str| format!("{uses}{circuit}");
        for uses in ["use std.cells.{AdEx, LifDelta}\n", "use std.cells.{LifDelta, AdEx, Izhikevich}\n"] {
            assert_eq!(mended(&with(uses)).text, with("use std.cells.{LifDelta}\n"));
        }
        let one = "use std.cells.LifDelta\nuse std.cells.AdEx\n";
        assert_eq!(mended(&with(one)).text, with("use std.cells.LifDelta\n"));
        assert_eq!(mended("use std.cells.{AdEx}\r\nlet _a = 1\r\n").text, "let _a = 1\r\n");
    }

    #[test]
    fn what_is_not_certain_stays() {
        for text in ["let a = 20 mV + 3 ms\n", "let a = b\n", "", "cell {", "let x = 1\n", "let x = 5 foo\n"]
        {
            assert_eq!(mended(text).text, text);
        }
    }

    #[test]
    fn an_else_comes_to_its_brace_unless_a_comment_stands_between() {
        let circuit = |between: &str| {
            format!("circuit C(a = true) {{\n  if a {{ let x = 1 }}{between}else {{ let x = 2 }}\n}}\n")
        };
        assert_eq!(mended(&circuit("\n  ")).text, circuit(" "));
        assert_eq!(mended(&circuit(" // why\n  ")).text, circuit(" // why\n  "));
    }
}
