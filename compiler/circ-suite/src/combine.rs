//! Programs of one mistake each, put into one file.
//!
//! In: programs that stand alone. Out: one text in which each has its own names: whatever it declares at the top, and
//! what it brings in with `use`, carries its number. So nothing of one program touches another.

use circ_grammar::ast::{FileId, ItemKind};
use std::collections::BTreeSet;

/// What names carry: `Lif` of program 3 is `Lif__3`.
const MARK: &str = "__";

/// One text of all programs, each with names of its own. A `use` that is written in several stands once.
pub fn combine(programs: &[&str]) -> String {
    let mut used: BTreeSet<String> = BTreeSet::new();
    let parts = programs.iter().enumerate().map(|(number, program)| {
        let text = with_own_names(program, number);
        text.lines()
            .filter(|line| !line.starts_with("use ") || used.insert(line.to_string()))
            .fold(String::new(), |text, line| text + line + "\n")
    });
    parts.collect::<Vec<_>>().concat()
}

/// A message without the marks of names.
pub fn without_marks(message: &str) -> String {
    let mut parts = message.split(MARK);
    let first = parts.next().unwrap_or("").to_string();
    parts.fold(first, |text, part| text + part.trim_start_matches(|letter: char| letter.is_ascii_digit()))
}

fn with_own_names(program: &str, number: usize) -> String {
    let own = declared(program);
    let mut text = String::new();
    let mut rest = program;
    while let Some(letter) = rest.chars().next() {
        let word: &str = &rest[..rest.find(|c: char| !is_word(c)).unwrap_or(rest.len())];
        match word {
            "" => text.push(letter),
            word if own.contains(word) => text += &format!("{word}{MARK}{number}"),
            word => text += word,
        }
        rest = &rest[word.len().max(letter.len_utf8())..];
    }
    text
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

/// The names of the items at the top.
fn declared(program: &str) -> BTreeSet<String> {
    let items = circ_grammar::parse(FileId(0), program).file.items;
    let name = |kind: &ItemKind| {
        Some(match kind {
            ItemKind::Use { .. } | ItemKind::Error => return None,
            ItemKind::Let(it) => it.name.text.to_string(),
            ItemKind::Data(it) => it.name.text.to_string(),
            ItemKind::Fn(it) => it.name.text.to_string(),
            ItemKind::Cell(it) => it.name.text.to_string(),
            ItemKind::Rule(it) => it.name.text.to_string(),
            ItemKind::Circuit(it) => it.name.text.to_string(),
            ItemKind::Experiment(it) => it.name.text.to_string(),
        })
    };
    items.iter().filter_map(|item| name(&item.kind)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_program_has_its_own_names() {
        let text = combine(&["use std.cells.Lif\nlet a = 1\n", "use std.cells.Lif\nlet a = a2 + a\n"]);
        assert_eq!(text, "use std.cells.Lif\nlet a__0 = 1\nlet a__1 = a2 + a__1\n");
        assert_eq!(without_marks("`a__12` and `b`"), "`a` and `b`");
    }
}
