//! Text to tree: the only door to the parser.
//!
//! In: the text of a file, any text. Out: its tree and every mistake in its form, each once and at
//! its place. What could not be read is an `Error` item in the tree. Time is linear in the text: the
//! passes look at each token once, and an item is read again only for each of a limited number of
//! mistakes.

use crate::ast::{ExprId, File, FileId, Span};
use crate::brackets::{self, Brackets};
use crate::layout::{self, Layout};
use crate::message;
use crate::recover::{self, Reader};
use crate::token::{self, RawToken};
use crate::tree::Marks;

/// The largest text that is read, in bytes.
const MAX_BYTES: usize = 1 << 30;
/// More mistakes than this are not shown.
const MAX_ERRORS: usize = 100;

/// A tree and the mistakes in its text.
#[derive(Debug)]
pub struct Parsed {
    /// The tree; what could not be read is an `Error` in it.
    pub file: File,
    /// Mistakes, in the order of their places. Empty: the text has the form of the language.
    pub errors: Vec<SyntaxError>,
}

/// A mistake in the form of the text.
#[derive(Clone, Debug, PartialEq)]
pub struct SyntaxError {
    /// Kebab-case name, such as `unclosed`.
    pub rule: &'static str,
    /// Where.
    pub span: Span,
    /// First line.
    pub message: String,
    /// What stands at `span`.
    pub label: String,
    /// Other places that matter.
    pub labels: Vec<(Span, String)>,
    /// A fact that the user may not know.
    pub note: Option<String>,
    /// What to type.
    pub help: Option<String>,
    /// Texts to put in the places of others, which do what `help` says; empty where nobody can be sure.
    pub fix: Vec<(Span, String)>,
}

/// Reads a file.
pub fn parse(id: FileId, text: &str) -> Parsed {
    let whole = read(id, text);
    Parsed { file: whole.file, errors: whole.errors }
}

/// Reads one expression, such as the value of `--set g=4`. Without errors there is an expression.
pub fn parse_expr(id: FileId, text: &str) -> (File, Option<ExprId>, Vec<SyntaxError>) {
    let mut file = File { id, ..File::default() };
    let Prepared { layout, mut errors, .. } = match prepare(id, text) {
        Ok(prepared) => prepared,
        Err(error) => return (file, None, vec![*error]),
    };
    let mut reader = Reader::new(text, &layout);
    let value = if errors.is_empty() { recover::expression(&mut reader, id, &mut errors) } else { None };
    file.exprs = std::mem::take(&mut reader.exprs);
    (file, value.filter(|_| errors.is_empty()), errors)
}

/// Everything that is known of a text; the formatter needs more than the tree.
pub(crate) struct Whole {
    pub file: File,
    pub errors: Vec<SyntaxError>,
    pub raw: Vec<RawToken>,
    pub layout: Layout,
    pub marks: Marks,
}

pub(crate) fn read(id: FileId, text: &str) -> Whole {
    let Prepared { raw, brackets, layout, mut errors } = match prepare(id, text) {
        Ok(prepared) => prepared,
        Err(error) => {
            let file = File { id, ..File::default() };
            return Whole {
                file,
                errors: vec![*error],
                raw: Vec::new(),
                layout: Layout::default(),
                marks: Marks::default(),
            };
        }
    };
    errors.sort_by_key(|error| error.span);
    let refused: Vec<u32> = brackets.too_deep.iter().map(|at| raw[*at].start).collect();
    let mut reader = Reader::new(text, &layout);
    let items = recover::items(&mut reader, &refused, &mut errors, MAX_ERRORS);
    errors.sort_by_key(|error| error.span);
    if errors.len() > MAX_ERRORS {
        let span = errors[MAX_ERRORS].span;
        errors.truncate(MAX_ERRORS);
        errors.push(message::too_many(span, MAX_ERRORS));
    }
    let Reader { exprs, marks, .. } = reader;
    let file = File { id, doc: layout.file_doc.clone(), items, exprs, comments: layout.comments.clone() };
    Whole { file, errors, raw, layout, marks }
}

struct Prepared {
    raw: Vec<RawToken>,
    brackets: Brackets,
    layout: Layout,
    errors: Vec<SyntaxError>,
}

/// Characters, brackets, lines.
fn prepare(id: FileId, text: &str) -> Result<Prepared, Box<SyntaxError>> {
    if text.len() > MAX_BYTES {
        return Err(Box::new(message::file_too_large(Span { file: id, start: 0, end: 0 })));
    }
    let (raw, mut errors) = token::tokens(id, text);
    let mut brackets = brackets::brackets(id, text, &raw);
    let mut layout = layout::layout(id, text, &raw, &brackets);
    errors.append(&mut brackets.errors);
    errors.append(&mut layout.errors);
    Ok(Prepared { raw, brackets, layout, errors })
}
