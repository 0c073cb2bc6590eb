//! The pieces of a text as the eye sees them, while it is being written.
//!
//! In: any text, whole or not. Out: its pieces in order, which together are the text; and whether it goes on.

use crate::ast::FileId;
use crate::token::{self, RawKind};
use crate::words::Kind;
use std::ops::Range;

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A word that can not be a name, or a keyword where it stands at the beginning of a line.
    Keyword,
    /// A number, with its unit.
    Number,
    /// `"..."`
    Text,
    Comment,
    /// Names, signs and blanks.
    Other,
}

/// The pieces of a text.
pub fn pieces(text: &str) -> Vec<(Range<usize>, Piece)> {
    let (tokens, _) = token::tokens(FileId(0), text);
    let mut pieces: Vec<(Range<usize>, Piece)> = Vec::new();
    let mut at = 0;
    let mut first = true;
    for token in tokens {
        let (start, end) = (token.start as usize, token.end as usize);
        if at < start {
            pieces.push((at..start, Piece::Other));
        }
        let piece = match token.kind {
            RawKind::LineComment | RawKind::BlockComment => Piece::Comment,
            RawKind::Semicolon | RawKind::Newline => Piece::Other,
            RawKind::Token(Kind::Number) => Piece::Number,
            RawKind::Token(Kind::Text) => Piece::Text,
            RawKind::Token(kind) if kind.is_reserved() || first && kind.is_contextual() => Piece::Keyword,
            RawKind::Token(_) => Piece::Other,
        };
        first = match token.kind {
            RawKind::Semicolon | RawKind::Newline => true,
            RawKind::Token(kind) => matches!(kind, Kind::OpenBrace | Kind::CloseBrace),
            RawKind::LineComment | RawKind::BlockComment => first,
        };
        if start < end {
            pieces.push((start..end, piece));
        }
        at = at.max(end);
    }
    if at < text.len() {
        pieces.push((at..text.len(), Piece::Other));
    }
    pieces
}

/// Whether a text goes on in the next line: a bracket or a comment is open.
pub fn is_open(text: &str) -> bool {
    let (tokens, _) = token::tokens(FileId(0), text);
    let mut open = 0i64;
    for token in &tokens {
        match token.kind {
            RawKind::Token(Kind::OpenParen | Kind::OpenBracket | Kind::OpenBrace) => open += 1,
            RawKind::Token(Kind::CloseParen | Kind::CloseBracket | Kind::CloseBrace) => open -= 1,
            _ => {}
        }
    }
    0 < open
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_together_are_the_text() {
        for text in
            ["set E.tau = 15 ms // slower", "load \"a.npy\" ; run 1 s", "", "§ \u{0} x", "/* open", "\"open"]
        {
            let whole: String = pieces(text).into_iter().map(|(range, _)| &text[range]).collect();
            assert_eq!(whole, text);
        }
    }

    #[test]
    fn keywords_numbers_and_comments_are_told_apart() {
        let text = "run 15 ms // slower";
        let found: Vec<(&str, Piece)> = pieces(text)
            .into_iter()
            .map(|(range, piece)| (&text[range], piece))
            .filter(|(piece, _)| !piece.trim().is_empty())
            .collect();
        assert_eq!(found[0], ("run", Piece::Keyword));
        assert!(found[1..found.len() - 1].iter().all(|(_, piece)| *piece == Piece::Number), "{found:?}");
        assert_eq!(found[found.len() - 1], ("// slower", Piece::Comment));
        assert_eq!(pieces("x = run")[4], (4..7, Piece::Other));
    }

    #[test]
    fn a_text_goes_on_while_a_bracket_is_open() {
        assert!(is_open("cell A {\n"));
        assert!(!is_open("cell A {\n}\n"));
        assert!(!is_open("run 1 s // {"));
        assert!(!is_open(")"));
    }
}
