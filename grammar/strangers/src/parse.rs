//! What the parser and the formatter owe to any text.

use circ_grammar::ast::FileId;
use circ_grammar::{SyntaxError, dump, format, parse, parse_expr};

/// Another file than the first, so that a span that forgot its file is noticed.
const ID: FileId = FileId(7);

/// # Panics
/// Where a place lies outside of the text or inside of a character, or something is rejected without a
/// message.
pub fn reads(text: &str) {
    let parsed = parse(ID, text);
    parsed.errors.iter().for_each(|error| has_places(text, error));
    for expr in &parsed.file.exprs {
        assert!(text.get(expr.span.start as usize..expr.span.end as usize).is_some(), "{text:?} {expr:?}");
    }
    let broken = dump(&parsed.file).lines().any(|line| line.trim() == "error");
    assert!(!broken || !parsed.errors.is_empty(), "rejected without a message: {text:?}");
    let (_, value, errors) = parse_expr(ID, text);
    assert!(value.is_some() || !errors.is_empty(), "no expression and no message: {text:?}");
}

fn has_places(text: &str, error: &SyntaxError) {
    let others = error.labels.iter().map(|(span, _)| *span);
    for span in std::iter::once(error.span).chain(others) {
        assert_eq!(span.file, ID, "{text:?} {error:?}");
        assert!(text.get(span.start as usize..span.end as usize).is_some(), "{text:?} {error:?}");
    }
    assert!(!error.message.is_empty() && !error.rule.is_empty());
}

/// # Panics
/// Where what is accepted is not formatted to a text of the same meaning and with the same comments that is
/// formatted to itself.
pub fn formats(text: &str) {
    let parsed = parse(ID, text);
    match format(text) {
        Ok(formatted) => {
            assert!(parsed.errors.is_empty());
            let tree = dump(&parsed.file);
            assert_eq!(dump(&parse(ID, &formatted).file), tree, "{text:?}\n{formatted}");
            assert_eq!(format(&formatted).as_deref(), Ok(&*formatted), "not stable: {text:?}\n{formatted}");
            assert_eq!(comments(text), comments(&formatted), "comments of {text:?}\n{formatted}");
        }
        Err(errors) => assert_eq!(errors.len(), parsed.errors.len()),
    }
}

fn comments(text: &str) -> Vec<String> {
    let file = parse(ID, text).file;
    file.comments.iter().map(|comment| comment.text.trim_end().replace("\r\n", "\n")).collect()
}
