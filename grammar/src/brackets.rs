//! Which bracket closes which.
//!
//! In: raw tokens. Out: mistakes among brackets, each at the bracket that is to blame, and what the
//! next pass has to add or leave out so that everything after it sees balanced brackets. It stands
//! before the grammar because a missing `}` shows itself only at the end of the file, hundreds of
//! lines from its place.
//!
//! Braces are matched by counting. Only if that does not come out even, they are matched again
//! with the indentation as a witness: text that is right never depends on its blanks.

use crate::ast::{FileId, Span};
use crate::message;
use crate::parse::SyntaxError;
use crate::token::{RawKind, RawToken};
use crate::words::Kind;
use std::collections::BTreeSet;

/// How deep blocks may stand in each other.
pub const MAX_BLOCKS: usize = 64;
/// How deep `(` and `[` may stand in each other, and how deep an expression's tree may be.
pub const MAX_DEPTH: usize = 200;

/// How many more open brackets a message shows.
const MAX_LABELS: usize = 3;

/// What was found out about the brackets; numbers are indices into the raw tokens.
#[derive(Debug, Default)]
pub struct Brackets {
    /// Closing brackets that close nothing: to be left out.
    pub dead: BTreeSet<usize>,
    /// `(` and `[` that nothing closes: they do not keep a line open.
    pub loose: BTreeSet<usize>,
    /// How many `}` are missing before a token; the number of tokens stands for the end.
    pub missing: Vec<(usize, usize)>,
    /// Openers that stand too deep.
    pub too_deep: Vec<usize>,
    /// The mistakes.
    pub errors: Vec<SyntaxError>,
}

/// Matches the brackets of `tokens`.
pub fn brackets(file: FileId, text: &str, tokens: &[RawToken]) -> Brackets {
    let plain = Matcher::new(file, text, tokens, Witness::Count).run();
    if plain.even {
        return plain.found;
    }
    Matcher::new(file, text, tokens, Witness::Indentation).run().found
}

#[derive(Clone, Copy, PartialEq)]
enum Witness {
    Count,
    Indentation,
}

#[derive(Clone, Copy)]
struct Open {
    at: usize,
    kind: Kind,
    /// Blanks at the begin of its line.
    indent: usize,
    /// The least indentation of all that it stands in.
    outer_indent: usize,
    /// How many blocks it stands in, itself included; each `else if` of a chain counts as one.
    nested: usize,
    /// Blanks at the begin of the first line in it, if that is another line.
    inner_indent: Option<usize>,
    /// Length of the `else` chain that the next block in it continues.
    chain: usize,
}

struct Matcher<'a> {
    file: FileId,
    text: &'a str,
    tokens: &'a [RawToken],
    witness: Witness,
    open: Vec<Open>,
    /// How many of `open` are `(` or `[`, counted from the innermost brace.
    parens: usize,
    found: Brackets,
    even: bool,
}

impl<'a> Matcher<'a> {
    fn new(file: FileId, text: &'a str, tokens: &'a [RawToken], witness: Witness) -> Self {
        Matcher {
            file,
            text,
            tokens,
            witness,
            open: Vec::new(),
            parens: 0,
            found: Brackets::default(),
            even: true,
        }
    }

    fn run(mut self) -> Self {
        let mut line_start = true;
        let mut line_indent = 0;
        let mut previous = None;
        let mut line_begin = 0;
        for at in 0..self.tokens.len() {
            let token = self.tokens[at];
            match token.kind {
                RawKind::Newline => {
                    line_start = true;
                    line_begin = token.end;
                    continue;
                }
                RawKind::LineComment | RawKind::BlockComment => continue,
                RawKind::Semicolon => {
                    line_start = false;
                    continue;
                }
                RawKind::Token(kind) => {
                    if line_start {
                        line_indent = (token.start - line_begin) as usize;
                    }
                    self.token(at, kind, line_start, line_indent, previous);
                    line_start = false;
                    previous = Some(kind);
                }
            }
        }
        self.close_parens();
        self.close_all(self.tokens.len());
        self
    }

    fn token(&mut self, at: usize, kind: Kind, line_start: bool, indent: usize, previous: Option<Kind>) {
        if previous == Some(Kind::CloseBrace)
            && kind != Kind::Else
            && let Some(open) = self.open.last_mut()
        {
            open.chain = 0;
        }
        if line_start && self.parens == 0 {
            self.dedented(at, kind, indent);
        }
        match kind {
            Kind::OpenBrace => {
                self.close_parens();
                self.push(at, kind, indent);
            }
            Kind::OpenParen | Kind::OpenBracket => {
                self.parens += 1;
                self.push(at, kind, indent);
            }
            Kind::CloseParen => self.close_paren(at, Kind::OpenParen),
            Kind::CloseBracket => self.close_paren(at, Kind::OpenBracket),
            Kind::CloseBrace => {
                self.close_parens();
                self.close_brace(at, line_start, indent);
            }
            Kind::Cell | Kind::Circuit | Kind::Experiment | Kind::Plasticity | Kind::Use
                if line_start && self.witness == Witness::Indentation =>
            {
                self.declaration(at, indent)
            }
            _ => {}
        }
    }

    /// A statement as far left as the line whose block it stands in: that block was meant to end.
    fn dedented(&mut self, at: usize, kind: Kind, indent: usize) {
        if self.witness == Witness::Indentation && kind != Kind::CloseBrace {
            let is_over = |open: &Open| {
                indent <= open.indent && open.inner_indent.is_some_and(|inner| open.indent < inner)
            };
            while self.open.last().is_some_and(is_over) {
                self.insert(at, 1, Vec::new());
            }
        }
        if let Some(open) = self.open.last_mut() {
            open.inner_indent.get_or_insert(indent);
        }
    }

    fn push(&mut self, at: usize, kind: Kind, indent: usize) {
        let nested = self.blocks() + usize::from(kind == Kind::OpenBrace);
        if (kind == Kind::OpenBrace && nested > MAX_BLOCKS) || self.parens > MAX_DEPTH {
            if self.found.too_deep.is_empty() {
                let limit = if kind == Kind::OpenBrace { MAX_BLOCKS } else { MAX_DEPTH };
                self.found.errors.push(message::brackets_too_deep(self.span(at), kind, limit));
            }
            self.found.too_deep.push(at);
        }
        let outer_indent = self.open.last().map_or(usize::MAX, |open| open.outer_indent.min(open.indent));
        self.open.push(Open { at, kind, indent, outer_indent, nested, inner_indent: None, chain: 0 });
    }

    /// How many blocks stand around what comes next.
    fn blocks(&self) -> usize {
        self.open.last().map_or(0, |open| open.nested + open.chain)
    }

    fn close_paren(&mut self, at: usize, opener: Kind) {
        let candidates = &self.open[self.open.len() - self.parens..];
        match candidates.iter().rposition(|open| open.kind == opener) {
            Some(place) => {
                let unclosed = self.parens - place - 1;
                for _ in 0..unclosed {
                    self.loosen();
                }
                self.open.pop();
                self.parens -= 1;
            }
            None => {
                let error = match candidates.last().copied() {
                    Some(open) => {
                        // Closed, if by the wrong sign: no further message about it.
                        self.open.pop();
                        self.parens -= 1;
                        self.found.loose.insert(open.at);
                        message::closed_by_another(self.span(at), self.span(open.at), open.kind)
                    }
                    None => message::closes_nothing(self.span(at), &self.text[self.range(at)]),
                };
                message::push(&mut self.found.errors, error);
                self.found.dead.insert(at);
            }
        }
    }

    /// Braces never stand inside `(` or `[`: what is open there is unclosed.
    fn close_parens(&mut self) {
        while self.parens > 0 {
            self.loosen();
        }
    }

    fn loosen(&mut self) {
        let Some(open) = self.open.pop() else { return };
        self.parens -= 1;
        self.found.errors.push(message::unclosed(self.span(open.at), open.kind, Vec::new()));
        self.found.loose.insert(open.at);
    }

    fn close_brace(&mut self, at: usize, line_start: bool, indent: usize) {
        if self.witness == Witness::Indentation && line_start {
            while self.open.last().is_some_and(|open| indent < open.indent)
                && self.open.last().is_some_and(|open| open.outer_indent <= indent)
            {
                self.insert(at, 1, Vec::new());
            }
            if self.open.last().is_some_and(|open| open.indent < indent) {
                return self.stray(at);
            }
        }
        if self.open.pop().is_none() {
            return self.stray(at);
        }
        if let Some(outer) = self.open.last_mut() {
            outer.chain += 1;
        }
    }

    fn stray(&mut self, at: usize) {
        self.even = false;
        self.found.errors.push(message::closes_nothing(self.span(at), "}"));
        self.found.dead.insert(at);
    }

    /// A declaration can not stand in a block: whatever is open was meant to end before it.
    fn declaration(&mut self, at: usize, indent: usize) {
        let named = self.tokens[at + 1..]
            .first()
            .is_some_and(|next| matches!(next.kind, RawKind::Token(kind) if kind.is_word()));
        if named && self.open.first().is_some_and(|open| indent <= open.indent) {
            self.close_parens();
            self.close_all(at);
        }
    }

    fn close_all(&mut self, at: usize) {
        if self.open.is_empty() {
            return;
        }
        self.even = false;
        let outer: Vec<Span> =
            self.open[..self.open.len() - 1].iter().take(MAX_LABELS).map(|open| self.span(open.at)).collect();
        self.insert(at, self.open.len(), outer);
    }

    /// Adds `count` closing braces before `at`, for which the innermost open one is named.
    fn insert(&mut self, at: usize, count: usize, outer: Vec<Span>) {
        self.even = false;
        if let Some(open) = self.open.last() {
            self.found.errors.push(message::unclosed(self.span(open.at), open.kind, outer));
        }
        self.found.missing.push((at, count));
        self.open.truncate(self.open.len() - count);
    }

    fn range(&self, at: usize) -> std::ops::Range<usize> {
        self.tokens[at].start as usize..self.tokens[at].end as usize
    }

    fn span(&self, at: usize) -> Span {
        Span { file: self.file, start: self.tokens[at].start, end: self.tokens[at].end }
    }
}
