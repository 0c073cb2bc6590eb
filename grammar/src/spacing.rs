//! Blanks between two tokens of one line.
//!
//! In: two neighbours. Out: whether a blank stands between them. Signs with two meanings are told
//! apart by the marks that the parser left: a call from a parenthesis, a minus from a sign.

use crate::parse::Whole;
use crate::words::Kind;
use std::collections::BTreeSet;

/// What has to be known of all tokens.
pub struct Spacing<'a> {
    text: &'a str,
    whole: &'a Whole,
    glued: BTreeSet<usize>,
    prefixes: BTreeSet<usize>,
    tight: BTreeSet<usize>,
    /// `..` between two plain numbers in an index, as in `E[0..5]`.
    narrow: BTreeSet<usize>,
}

impl<'a> Spacing<'a> {
    /// Looks at the whole file once.
    pub fn new(text: &'a str, whole: &'a Whole) -> Self {
        let marks = &whole.marks;
        let set = |indices: &[u32]| indices.iter().map(|index| *index as usize).collect();
        let mut spacing = Spacing {
            text,
            whole,
            glued: set(&marks.glued),
            prefixes: set(&marks.prefixes),
            tight: set(&marks.tight),
            narrow: BTreeSet::new(),
        };
        spacing.find_narrow();
        spacing
    }

    fn find_narrow(&mut self) {
        let mut open = Vec::new();
        for at in 0..self.whole.layout.tokens.len() {
            match self.kind(at) {
                kind @ (Kind::OpenParen | Kind::OpenBracket | Kind::OpenBrace) => open.push(kind),
                Kind::CloseParen | Kind::CloseBracket | Kind::CloseBrace => {
                    open.pop();
                }
                Kind::DotDot
                    if open.last() == Some(&Kind::OpenBracket)
                        && self.is_plain(at - 1)
                        && self.is_plain(at + 1) =>
                {
                    self.narrow.insert(at);
                }
                _ => {}
            }
        }
    }

    /// A number without a unit, alone on its side of the range.
    fn is_plain(&self, at: usize) -> bool {
        let alone = |neighbour: Option<usize>| {
            neighbour.and_then(|at| self.whole.layout.tokens.get(at)).is_some_and(|token| {
                matches!(token.kind, Kind::OpenBracket | Kind::CloseBracket | Kind::Comma | Kind::DotDot)
            })
        };
        at < self.whole.layout.tokens.len()
            && self.kind(at) == Kind::Number
            && !self.has_unit(at)
            && alone(at.checked_sub(1))
            && alone(Some(at + 1))
    }

    fn has_unit(&self, at: usize) -> bool {
        self.kind(at) == Kind::Number
            && !self
                .text(at)
                .bytes()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'))
    }

    /// The kind of a token.
    pub fn kind(&self, at: usize) -> Kind {
        self.whole.layout.tokens[at].kind
    }

    /// The text of a token, as written.
    pub fn text(&self, at: usize) -> &'a str {
        let span = self.whole.layout.spans[at];
        &self.text[span.start as usize..span.end as usize]
    }

    /// Whether a blank stands between `left` and `right`.
    pub fn apart(&self, left: usize, right: usize) -> bool {
        use Kind::*;
        match (self.kind(left), self.kind(right)) {
            (OpenParen | OpenBracket | Dot | At_ | OpenBrace, _) => false,
            // `10 .x` lexes only with the blank.
            (Number, Dot) => true,
            (_, CloseParen | CloseBracket | CloseBrace | Comma | Colon | Prime | Dot) => false,
            // `(5 ms)^2` written without parentheses; joined, it would be a unit.
            (_, Caret) => self.has_unit(left),
            (Caret, _) => left > 0 && self.has_unit(left - 1),
            (_, OpenBrace) => self.kind(left) != Dot,
            (_, OpenParen | OpenBracket) if self.glued.contains(&right) => false,
            (Minus, _) if self.prefixes.contains(&left) || self.tight.contains(&left) => false,
            (_, Minus) if self.tight.contains(&right) => false,
            (DotDot, _) if self.narrow.contains(&left) => false,
            (_, DotDot) if self.narrow.contains(&right) => false,
            _ => true,
        }
    }
}
