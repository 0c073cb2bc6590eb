//! What is around a place in text that is half written: the block, and what stands before it in its statement.

use crate::analysis::Analysis;
use crate::names::{DeclarationId, Kind, ScopeId};
use crate::words::Block;

/// Where the cursor is.
#[derive(Debug)]
pub struct Around<'a> {
    pub block: Block,
    pub before: Before<'a>,
    /// The names of the blocks around, the outermost first: an item, then segments.
    owners: Vec<&'a str>,
}

/// What stands before the word that is being written.
#[derive(Debug, PartialEq, Eq)]
pub enum Before<'a> {
    /// In a comment or a string nothing is offered.
    Nothing,
    /// The beginning of a statement.
    Start,
    /// A number.
    Number,
    /// A colon: a type or a kind.
    Type,
    /// `use std.` or `use std.cells.{`: the names before.
    Use(Vec<&'a str>),
    /// `E[0].distal.`: the names before.
    Member(Vec<&'a str>),
    /// The word that a clause begins with, where this is its first place; else nothing.
    Word(&'a str),
}

impl<'a> Around<'a> {
    pub fn of(text: &'a str, offset: usize) -> Around<'a> {
        let text = text.get(..offset).unwrap_or(text);
        let (opened, is_code) = opened(text);
        let headers: Vec<&str> = opened.iter().map(|at| header(&text[..*at])).collect();
        let block = block(&headers);
        let owners = headers.iter().filter_map(|header| owner(header)).collect();
        let before =
            if is_code { before(text, opened.last().map_or(0, |at| at + 1)) } else { Before::Nothing };
        Around { block, before, owners }
    }

    /// The names of the innermost block that has any.
    pub fn scope(&self, analysis: &Analysis) -> Option<ScopeId> {
        let index = &analysis.index;
        let (first, rest) = self.owners.split_first()?;
        let mut scope = index.get(index.top_level(0, first)?).scope?;
        for name in rest {
            let inner = index.members(scope).into_iter().find(|(member, _)| member == name);
            match inner.map(|(_, id)| index.get(id)) {
                Some(it) if it.kind == Kind::Segment => scope = it.scope.unwrap_or(scope),
                _ => break,
            }
        }
        Some(scope)
    }

    /// The cell around.
    pub fn cell(&self, analysis: &Analysis) -> Option<DeclarationId> {
        analysis.index.top_level(0, self.owners.first()?)
    }
}

/// The braces that are open at the end of a text, and whether that is neither in a comment nor in a string.
fn opened(text: &str) -> (Vec<usize>, bool) {
    let bytes = text.as_bytes();
    let (mut open, mut at) = (vec![], 0);
    while at < bytes.len() {
        let rest = &text.as_bytes()[at..];
        let skip = |end: Option<usize>| end.map(|length| at + length);
        let next = match rest {
            [b'/', b'/', ..] => skip(rest.iter().position(|byte| *byte == b'\n')),
            [b'/', b'*', ..] => skip(rest.windows(2).skip(2).position(|it| it == b"*/").map(|it| it + 4)),
            [b'"', ..] => {
                let is_end = |it: &[u8]| it[1] == b'\n' || (it[1] == b'"' && it[0] != b'\\');
                skip(rest.windows(2).position(is_end).map(|it| it + 2))
            }
            _ => {
                match rest[0] {
                    b'{' => open.push(at),
                    b'}' => drop(open.pop()),
                    _ => {}
                }
                Some(at + 1)
            }
        };
        match next {
            Some(next) => at = next,
            None => return (open, false),
        }
    }
    (open, true)
}

/// The statement that opens a block.
fn header(text: &str) -> &str {
    let start = text.rfind(['\n', ';', '{', '}']).map_or(0, |at| at + 1);
    text[start..].trim()
}

/// The kind of the innermost block.
fn block(headers: &[&str]) -> Block {
    let word = |header: &str| {
        let words = header.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        words.filter(|word| !word.is_empty()).find(|word| *word != "pub").unwrap_or("").to_string()
    };
    headers.iter().fold(Block::File, |around, header| match (word(header).as_str(), around) {
        ("cell" | "segment", _) => Block::Cell,
        ("plasticity", Block::File) => Block::Rule,
        ("circuit", _) => Block::Circuit,
        ("experiment", _) => Block::Experiment,
        ("mode", _) => Block::Mode,
        ("spike" | "event" | "on", _) => Block::Actions,
        ("every", Block::Rule) => Block::Actions,
        ("pre" | "post", Block::Rule) => Block::Trace,
        ("rewire", _) => Block::Rewire,
        ("population", _) => Block::Population,
        ("drive", _) => Block::Drive,
        ("projection", _) => Block::Projection,
        ("constraints", _) => Block::Constraints,
        (_, around) => around,
    })
}

/// The name of what a block belongs to, if its names are seen within.
fn owner(header: &str) -> Option<&str> {
    let mut words = header.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let first = words.next()?;
    let is_owner = ["cell", "plasticity", "circuit", "experiment", "segment"].contains(&first);
    words.find(|word| !word.is_empty()).filter(|_| is_owner)
}

/// `start`: of the block.
fn before(text: &str, start: usize) -> Before<'_> {
    let belongs = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let statement = start.max(text.rfind(['\n', ';']).map_or(0, |at| at + 1));
    // `use std.cells.{LifCurrent, ` has a brace of its own.
    let line = &text[text.rfind('\n').map_or(0, |at| at + 1)..];
    if let Some(path) = line.trim_start().strip_prefix("use ") {
        let path = path.split('{').next().unwrap_or_default();
        let mut names: Vec<&str> = path.trim().split('.').collect();
        // The last is being written.
        names.pop();
        return Before::Use(names);
    }
    let statement = &text[statement.min(text.len())..];
    let done = statement.trim_end_matches(belongs);
    let word = &statement[done.len()..];
    if is_number(statement) {
        return if word.starts_with(|letter: char| letter.is_ascii_digit())
            && !statement.ends_with(char::is_alphabetic)
        {
            Before::Nothing
        } else {
            Before::Number
        };
    }
    let blank = done.trim_end();
    if blank.is_empty() {
        return Before::Start;
    }
    if blank.ends_with(':') {
        return Before::Type;
    }
    if let Some(base) = done.strip_suffix('.') {
        return match path_before(base) {
            names if names.is_empty() => Before::Nothing,
            names => Before::Member(names),
        };
    }
    // A polarity stands before a kind.
    let last = blank.rsplit(|letter: char| !belongs(letter)).next().unwrap_or_default();
    if ["excitatory", "inhibitory", "modulatory"].contains(&last) {
        return Before::Type;
    }
    let is_first = blank.trim_start() == last || last == "via" || last == "of";
    Before::Word(if is_first && done.len() != blank.len() { last } else { "" })
}

/// Whether a text ends with a number, blanks, and what may be the beginning of a unit.
fn is_number(text: &str) -> bool {
    let unit = |letter: char| letter.is_alphabetic() || "/^%*-\u{b5}".contains(letter);
    let rest = text.trim_end_matches(|letter: char| unit(letter) || letter.is_ascii_digit());
    let tail = &text[rest.len()..];
    let rest = if tail.starts_with(|letter: char| letter.is_ascii_digit()) {
        // The unit stands right behind the digits.
        text.trim_end_matches(|letter: char| letter.is_alphabetic() || letter == '\u{b5}')
    } else {
        rest
    };
    let rest = rest.trim_end_matches([' ', '\t']);
    let digits = rest.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    // `a1` is a name, `x[1].` no number.
    let ends =
        digits.ends_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == ']');
    digits.len() < rest.len() && rest.ends_with(|letter: char| letter.is_ascii_digit()) && !ends
}

/// The names before a point, what stands in brackets left out.
fn path_before(text: &str) -> Vec<&str> {
    let mut names = vec![];
    let mut rest = text;
    loop {
        while rest.ends_with(']') {
            let mut depth = 0;
            let open = rest.char_indices().rev().find(|(_, letter)| {
                depth += match letter {
                    ']' => 1,
                    '[' => -1,
                    _ => 0,
                };
                depth == 0
            });
            let Some((at, _)) = open else { return vec![] };
            rest = &rest[..at];
        }
        let start =
            rest.trim_end_matches(|letter: char| letter.is_ascii_alphanumeric() || letter == '_').len();
        if start == rest.len() {
            return vec![];
        }
        names.push(&rest[start..]);
        match rest[..start].strip_suffix('.') {
            Some(before) => rest = before,
            None => break,
        }
    }
    names.reverse();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Around<'_> {
        Around::of(text, text.len())
    }

    #[test]
    fn the_block_is_the_innermost_that_is_open() {
        assert_eq!(at("cell A {\n  spike when v > 1 { }\n  ").block, Block::Cell);
        assert_eq!(at("cell A {\n  spike when v > 1 { ").block, Block::Actions);
        assert_eq!(
            at("circuit C {\n  projection p: A -> B { plasticity R(a = 1); ").block,
            Block::Projection
        );
        assert_eq!(at("circuit C { pub population A: B { ").block, Block::Population);
        assert_eq!(at("// cell {\nlet a = \"{\"\n/* { */ ").block, Block::File);
        assert_eq!(at("plasticity P {\n  post y = 0 {").block, Block::Trace);
        assert_eq!(at("experiment E { for q in 0 .. 3 { if true { ").block, Block::Experiment);
        assert_eq!(at("cell A {\n  segment s[3] {\n  ").owners, ["A", "s"]);
    }

    #[test]
    fn what_stands_before_decides() {
        assert_eq!(at("cell A {\n  par").before, Before::Start);
        assert_eq!(at("cell A {\n  param tau = 20 ").before, Before::Number);
        assert_eq!(at("cell A {\n  param tau = 20 m").before, Before::Number);
        assert_eq!(at("cell A {\n  param tau = 20m").before, Before::Number);
        assert_eq!(at("cell A {\n  param tau = 2").before, Before::Nothing);
        assert_eq!(at("cell A {\n  param tau = 1 nS/c").before, Before::Number);
        assert_eq!(at("cell A { v' = a1").before, Before::Word(""));
        assert_eq!(at("cell A { port exc: ").before, Before::Type);
        assert_eq!(at("cell A { port exc: excitatory vol").before, Before::Type);
        assert_eq!(at("cell A { port exc: voltage via ").before, Before::Word("via"));
        assert_eq!(at("circuit C { projection p: A -> B.").before, Before::Member(vec!["B"]));
        assert_eq!(at("record A[0 .. b[2]].s[where k < 3].v").before, Before::Member(vec!["A", "s"]));
        assert_eq!(at("use std.cells.{A, B").before, Before::Use(vec!["std", "cells"]));
        assert_eq!(at("use std.ce").before, Before::Use(vec!["std"]));
        assert_eq!(at("let a = 1 // E.").before, Before::Nothing);
        assert_eq!(at("let a = \"E.").before, Before::Nothing);
        assert_eq!(at("let \u{1d11e}\u{b5} = ").before, Before::Word(""));
        assert_eq!(at("circuit C { projection p: A -> B.e { connect ").before, Before::Word("connect"));
    }
}
