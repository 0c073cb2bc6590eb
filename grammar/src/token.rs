//! Text to raw tokens.
//!
//! In: the text of a file. Out: every token with its place, newlines and comments included, and
//! what could not be read as a token. Nothing is decided here that needs more than the characters
//! around: brackets and lines are [`crate::brackets`] and [`crate::layout`].

use crate::ast::{FileId, Span};
use crate::message;
use crate::parse::SyntaxError;
use crate::unit_names;
use crate::words::Kind;
use logos::{Lexer, Logos};

/// A token with its place in bytes.
#[derive(Clone, Copy, Debug)]
pub struct RawToken {
    /// What it is.
    pub kind: RawKind,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// What the characters make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawKind {
    /// A token that the grammar sees.
    Token(Kind),
    /// `;`
    Semicolon,
    /// The end of a line.
    Newline,
    /// `// ...`, `///` and `//!` too.
    LineComment,
    /// `/* ... */`
    BlockComment,
}

/// The tokens of `text`, in order, and the mistakes among its characters. The text is shorter than 4 GiB.
pub fn tokens(file: FileId, text: &str) -> (Vec<RawToken>, Vec<SyntaxError>) {
    let mut tokens: Vec<RawToken> = Vec::new();
    let mut errors = Vec::new();
    let skip = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let span = |start: usize, end: usize| Span { file, start: start as u32, end: end as u32 };
    let mut unknown: Option<(usize, usize)> = None;
    for (result, range) in Characters::lexer(&text[skip..]).spanned() {
        let (start, end) = (range.start + skip, range.end + skip);
        let kind = match result {
            Ok(characters) => characters.kind(&text[start..end]),
            Err(()) => None,
        };
        let Some(kind) = kind else {
            // A run of such characters is one mistake.
            match &mut unknown {
                Some((_, last)) if *last == start => *last = end,
                _ => {
                    report_unknown(&mut unknown, text, &span, &mut errors);
                    unknown = Some((start, end));
                }
            }
            continue;
        };
        match result {
            Ok(Characters::Text(Shape::Broken)) => {
                message::push(&mut errors, message::unterminated_string(span(start, end)))
            }
            Ok(Characters::BlockComment(Shape::Broken)) => {
                message::push(&mut errors, message::unterminated_comment(span(start, start + 2)))
            }
            Ok(Characters::Number(Shape::Broken)) => {
                message::push(&mut errors, message::number_point(span(start, end), &text[start..end]))
            }
            Ok(Characters::Number(Shape::Whole)) => {
                for (at, sign) in text[start..end].match_indices(unit_names::OHM_SIGNS) {
                    let place = span(start + at, start + at + sign.len());
                    message::push(&mut errors, message::unknown_character(place, sign));
                }
            }
            _ => {}
        }
        tokens.push(RawToken { kind, start: start as u32, end: end as u32 });
    }
    report_unknown(&mut unknown, text, &span, &mut errors);
    (tokens, errors)
}

fn report_unknown(
    unknown: &mut Option<(usize, usize)>,
    text: &str,
    span: &dyn Fn(usize, usize) -> Span,
    errors: &mut Vec<SyntaxError>,
) {
    if let Some((start, end)) = unknown.take() {
        message::push(errors, message::unknown_character(span(start, end), &text[start..end]));
    }
}

/// Whether a token has what it needs: its closing sign, a digit on both sides of its point.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Whole,
    Broken,
}

#[derive(Logos, Clone, Copy, Debug, PartialEq)]
#[logos(skip "[ \t]+")]
enum Characters {
    #[regex("\r\n|\n|\r")]
    Newline,
    #[regex("//[^\r\n]*", allow_greedy = true)]
    LineComment,
    #[token("/*", block_comment)]
    BlockComment(Shape),
    #[token(";")]
    Semicolon,
    #[regex("[A-Za-z_][A-Za-z0-9_]*")]
    Word,
    #[regex(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", number)]
    #[regex(r"\.[0-9]+([eE][+-]?[0-9]+)?", number)]
    Number(Shape),
    #[token("\"", string)]
    Text(Shape),
    #[regex(r"[{}()\[\],:.@'=<>+\-*/^]")]
    #[token("..")]
    #[token("->")]
    #[token("<->")]
    #[token("+=")]
    #[token("-=")]
    #[token("*=")]
    #[token("==")]
    #[token("!=")]
    #[token("<=")]
    #[token(">=")]
    Sign,
}

impl Characters {
    fn kind(self, text: &str) -> Option<RawKind> {
        Some(match self {
            Characters::Newline => RawKind::Newline,
            Characters::LineComment => RawKind::LineComment,
            Characters::BlockComment(_) => RawKind::BlockComment,
            Characters::Semicolon => RawKind::Semicolon,
            Characters::Word => RawKind::Token(Kind::of_word(text)),
            Characters::Number(_) => RawKind::Token(Kind::Number),
            Characters::Text(_) => RawKind::Token(Kind::Text),
            Characters::Sign => RawKind::Token(Kind::of_sign(text)?),
        })
    }
}

/// Takes the unit with the number, as `10 mV/ms` is one quantity and `10 mV/tau` a division.
fn number(lexer: &mut Lexer<Characters>) -> Shape {
    let rest = lexer.remainder();
    let point_last = rest.starts_with('.') && !rest.starts_with("..");
    if point_last {
        lexer.bump(1);
    }
    let shape = if point_last || lexer.slice().starts_with('.') { Shape::Broken } else { Shape::Whole };
    lexer.bump(unit_names::scan(lexer.remainder()));
    shape
}

fn block_comment(lexer: &mut Lexer<Characters>) -> Shape {
    let rest = lexer.remainder();
    let (length, shape) = match rest.find("*/") {
        Some(at) => (at + 2, Shape::Whole),
        None => (rest.len(), Shape::Broken),
    };
    lexer.bump(length);
    shape
}

/// A string ends on its line; a backslash takes the next character with it.
fn string(lexer: &mut Lexer<Characters>) -> Shape {
    let rest = lexer.remainder();
    let mut letters = rest.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => {
                lexer.bump(at + 1);
                return Shape::Whole;
            }
            '\n' | '\r' => {
                lexer.bump(at);
                return Shape::Broken;
            }
            '\\' if !rest[at + 1..].starts_with(['\n', '\r']) => {
                letters.next();
            }
            _ => {}
        }
    }
    lexer.bump(rest.len());
    Shape::Broken
}
