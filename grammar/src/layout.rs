//! Lines: which ends of lines end a statement.
//!
//! In: raw tokens and what is known of their brackets. Out: the tokens that the grammar sees, where
//! a [`Kind::Newline`] stands exactly between two statements, beside documentation and comments.
//! A line goes on inside `( )` and `[ ]`, and after an operator, a comma, a colon, `and or not then
//! else in`. One that *begins* with an operator is a mistake with an obvious fix, so it is reported
//! and read as meant.

use crate::ast::{Comment, FileId, Span};
use crate::brackets::Brackets;
use crate::message;
use crate::parse::SyntaxError;
use crate::token::{RawKind, RawToken};
use crate::words::Kind;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A token of the grammar; `index` names its place in [`Layout`].
#[derive(Clone, Copy, Debug)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where its place and text are found.
    pub index: u32,
}

/// A file in statements.
#[derive(Debug, Default)]
pub struct Layout {
    /// Every token, `index` counting from 0.
    pub tokens: Vec<Token>,
    /// Place of each token.
    pub spans: Vec<Span>,
    /// For each token, which raw token it is; none for ends of lines and for brackets that were added.
    pub raw: Vec<Option<usize>>,
    /// For each token, whether a line ends before it without ending a statement, because of an operator.
    pub continued: Vec<bool>,
    /// `///` before a token.
    pub docs: BTreeMap<u32, Arc<str>>,
    /// All `//!` lines.
    pub file_doc: Option<Arc<str>>,
    /// All comments, documentation too.
    pub comments: Vec<Comment>,
    /// Mistakes in lines.
    pub errors: Vec<SyntaxError>,
}

/// Puts the tokens in statements.
pub fn layout(file: FileId, text: &str, raw: &[RawToken], brackets: &Brackets) -> Layout {
    let mut pass = Pass {
        file,
        text,
        out: Layout::default(),
        inside: Vec::new(),
        pending: None,
        doc: Vec::new(),
        attribute: Attribute::None,
    };
    let mut file_doc = Vec::new();
    let mut own_line = true;
    let mut missing = brackets.missing.iter().peekable();
    for (at, token) in raw.iter().enumerate() {
        while let Some((_, count)) = missing.next_if(|(before, _)| *before == at) {
            pass.close(*count, token.start);
        }
        if brackets.dead.contains(&at) {
            continue;
        }
        match token.kind {
            RawKind::Newline => {
                pass.pending.get_or_insert(*token);
                own_line = true;
                continue;
            }
            RawKind::LineComment | RawKind::BlockComment => {
                let comment = &text[token.start as usize..token.end as usize];
                let span = Span { file, start: token.start, end: token.end };
                pass.out.comments.push(Comment { text: Arc::from(comment), span, own_line });
                if let Some(line) = comment.strip_prefix("//!") {
                    file_doc.push(line.strip_prefix(' ').unwrap_or(line).trim_end());
                } else if comment.starts_with("///") && !comment.starts_with("////") {
                    let line = &comment[3..];
                    pass.doc.push(line.strip_prefix(' ').unwrap_or(line).trim_end());
                }
                continue;
            }
            RawKind::Semicolon => pass.semicolon(token),
            RawKind::Token(kind) => pass.token(at, kind, token, brackets.loose.contains(&at)),
        }
        own_line = false;
    }
    for (_, count) in missing {
        pass.close(*count, text.len() as u32);
    }
    if !file_doc.is_empty() {
        pass.out.file_doc = Some(Arc::from(file_doc.join("\n")));
    }
    pass.out
}

/// Whether the tokens at hand are an attribute, after whose `)` the line goes on.
#[derive(Clone, Copy, PartialEq)]
enum Attribute {
    None,
    At,
    Named,
    Open(usize),
    Closed,
}

struct Pass<'a> {
    file: FileId,
    text: &'a str,
    out: Layout,
    /// Open brackets; true where a line goes on inside.
    inside: Vec<bool>,
    pending: Option<RawToken>,
    doc: Vec<&'a str>,
    attribute: Attribute,
}

impl Pass<'_> {
    fn previous(&self) -> Option<Kind> {
        self.out.tokens.last().map(|token| token.kind)
    }

    fn push(&mut self, kind: Kind, start: u32, end: u32, raw: Option<usize>, continued: bool) {
        let index = self.out.tokens.len() as u32;
        self.out.tokens.push(Token { kind, index });
        self.out.spans.push(Span { file: self.file, start, end });
        self.out.raw.push(raw);
        self.out.continued.push(continued);
    }

    fn begins_statement(&self) -> bool {
        match self.previous() {
            None | Some(Kind::Newline) => true,
            Some(Kind::OpenBrace) => self.inside.last() == Some(&false),
            _ => false,
        }
    }

    fn semicolon(&mut self, token: &RawToken) {
        self.pending = None;
        if !self.begins_statement() {
            self.push(Kind::Newline, token.start, token.end, None, false);
        }
    }

    fn token(&mut self, at: usize, kind: Kind, token: &RawToken, loose: bool) {
        let continued = self.end_line(kind, token);
        if !self.doc.is_empty() {
            let index = self.out.tokens.len() as u32;
            self.out.docs.insert(index, Arc::from(self.doc.join("\n")));
            self.doc.clear();
        }
        match kind {
            Kind::OpenParen | Kind::OpenBracket if !loose => self.inside.push(true),
            Kind::OpenBrace => self.inside.push(self.previous() == Some(Kind::Dot)),
            Kind::CloseParen | Kind::CloseBracket | Kind::CloseBrace => {
                self.inside.pop();
            }
            _ => {}
        }
        self.attribute = match (self.attribute, kind) {
            (_, Kind::At_) => Attribute::At,
            (Attribute::At, word) if word.is_word() => Attribute::Named,
            (Attribute::Named, Kind::OpenParen) => Attribute::Open(self.inside.len()),
            (Attribute::Open(depth), Kind::CloseParen) if self.inside.len() < depth => Attribute::Closed,
            (Attribute::Open(depth), _) => Attribute::Open(depth),
            _ => Attribute::None,
        };
        self.push(kind, token.start, token.end, Some(at), continued);
    }

    /// Decides what the end of the line before `token` means; true if an operator makes it go on.
    fn end_line(&mut self, kind: Kind, token: &RawToken) -> bool {
        let Some(newline) = self.pending.take() else {
            return false;
        };
        if self.inside.last() == Some(&true) || self.begins_statement() {
            return false;
        }
        if self.attribute == Attribute::Closed {
            return false;
        }
        if self.previous().is_some_and(Kind::continues_line) {
            return true;
        }
        let span = Span { file: self.file, start: token.start, end: token.end };
        if kind == Kind::Else && self.previous() == Some(Kind::CloseBrace) {
            let brace = self.out.spans.last().copied().unwrap_or(span);
            let between = self.text.get(brace.end as usize..span.start as usize).unwrap_or("");
            message::push(&mut self.out.errors, message::else_starts_line(span, brace, between));
            return false;
        }
        if kind.belongs_above() || kind == Kind::Else {
            let above = self.out.spans.last().copied().unwrap_or(span);
            let sign = &self.text[token.start as usize..token.end as usize];
            message::push(&mut self.out.errors, message::operator_starts_line(span, above, sign));
            return false;
        }
        self.push(Kind::Newline, newline.start, newline.end, None, false);
        false
    }

    /// Adds braces that the text lacks.
    fn close(&mut self, count: usize, at: u32) {
        for _ in 0..count {
            self.inside.pop();
            self.push(Kind::CloseBrace, at, at, None, false);
        }
        if self.inside.is_empty() && (at as usize) < self.text.len() {
            self.pending = None;
            self.push(Kind::Newline, at, at, None, false);
        }
    }
}
