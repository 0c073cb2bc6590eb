//! The wording of every mistake in the text.
//!
//! In: what happened and where. Out: a [`SyntaxError`]. Nothing is decided here; the passes say what
//! they found and this file says it to the user, so that all messages can be read side by side.

use crate::ast::Span;
use crate::parse::SyntaxError;
use crate::words::Kind;

fn error(rule: &'static str, span: Span, message: String, label: impl Into<String>) -> SyntaxError {
    SyntaxError {
        rule,
        span,
        message,
        label: label.into(),
        labels: Vec::new(),
        note: None,
        help: None,
        fix: Vec::new(),
    }
}

/// A text that is no program at all has more mistakes than anybody reads, or memory holds.
const ENOUGH: usize = 1000;

/// Adds a mistake, unless there are more than enough.
pub fn push(errors: &mut Vec<SyntaxError>, error: SyntaxError) {
    if errors.len() < ENOUGH {
        errors.push(error);
    }
}

impl SyntaxError {
    pub(crate) fn with_label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push((span, text.into()));
        self
    }

    pub(crate) fn with_note(mut self, text: impl Into<String>) -> Self {
        self.note = Some(text.into());
        self
    }

    pub(crate) fn with_edit(mut self, span: Span, text: impl Into<String>) -> Self {
        self.fix.push((span, text.into()));
        self
    }

    pub(crate) fn with_help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }
}

// ---- Characters ----

/// A character that begins no token.
pub fn unknown_character(span: Span, text: &str) -> SyntaxError {
    let Some(first) = text.chars().next() else {
        return error("unknown-character", span, "a character has no meaning here".into(), "");
    };
    let shown = if first.is_control() || first.is_whitespace() || first == '\u{feff}' {
        format!("the character U+{:04X}", first as u32)
    } else {
        let shown: String = text.chars().take(16).collect();
        format!("`{shown}`")
    };
    let help = match first {
        '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{2003}' => Some("write an ordinary blank".to_string()),
        '\u{2212}' | '\u{2013}' | '\u{2014}' => Some("write the minus of the keyboard, `-`".to_string()),
        '\u{d7}' | '\u{b7}' => Some("write `*`".to_string()),
        '\u{f7}' => Some("write `/`".to_string()),
        '\u{2264}' => Some("write `<=`".to_string()),
        '\u{2265}' => Some("write `>=`".to_string()),
        '\u{2260}' => Some("write `!=`".to_string()),
        '\u{2192}' => Some("write `->`".to_string()),
        '\u{2194}' => Some("write `<->`".to_string()),
        '\u{2032}' | '\u{2019}' | '\u{b4}' | '`' => Some("write `'` for a derivative".to_string()),
        '\u{201c}' | '\u{201d}' | '\u{201e}' => Some("write straight quotes, `\"`".to_string()),
        '\u{3a9}' | '\u{2126}' => Some("write `Ohm`".to_string()),
        '\u{b0}' => Some("write `degC`".to_string()),
        '\u{b2}' => Some("write `^2`".to_string()),
        '\u{b3}' => Some("write `^3`".to_string()),
        '&' => Some("write `and`".to_string()),
        '|' => Some("write `or`".to_string()),
        '!' => Some("write `not`".to_string()),
        '%' => Some("`%` stands only right after a number; the remainder is `mod(a, b)`".to_string()),
        '#' => Some("a comment begins with `//`".to_string()),
        _ => None,
    };
    let mut found = error("unknown-character", span, format!("{shown} has no meaning in Circ"), "here");
    found.help = help;
    if let (Some(better), 1) = (spelling(first), text.chars().count()) {
        found = found.with_edit(span, better);
    }
    if first.is_alphabetic() {
        found.note = Some("names are made of the letters A to Z, digits and `_`".to_string());
    }
    found
}

/// What a keyboard has for a character that a text processor put there.
fn spelling(letter: char) -> Option<&'static str> {
    Some(match letter {
        '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{2003}' => " ",
        '\u{2212}' | '\u{2013}' | '\u{2014}' => "-",
        '\u{d7}' | '\u{b7}' => "*",
        '\u{f7}' => "/",
        '\u{2264}' => "<=",
        '\u{2265}' => ">=",
        '\u{2260}' => "!=",
        '\u{2192}' => "->",
        '\u{2194}' => "<->",
        '\u{2032}' | '\u{2019}' => "'",
        '\u{201c}' | '\u{201d}' | '\u{201e}' => "\"",
        '\u{3a9}' | '\u{2126}' => "Ohm",
        '\u{b2}' => "^2",
        '\u{b3}' => "^3",
        _ => return None,
    })
}

/// A string that the line ends.
pub fn unterminated_string(span: Span) -> SyntaxError {
    error("unterminated-string", span, "this string has no closing quote".into(), "begins here")
        .with_note("a string ends on the line where it begins")
}

/// `/*` without `*/`.
pub fn unterminated_comment(span: Span) -> SyntaxError {
    error("unterminated-comment", span, "this comment has no closing `*/`".into(), "begins here")
}

/// `5.` and `.5`.
pub fn number_point(span: Span, text: &str) -> SyntaxError {
    let text = text.trim_end();
    let fixed = match text.strip_prefix('.') {
        Some(_) => format!("0{text}"),
        None => text.replacen('.', ".0", 1),
    };
    let written = Span { end: span.start + text.len() as u32, ..span };
    error("number-point", span, format!("`{text}` lacks a digit beside its point"), "a digit is missing")
        .with_help(format!("write `{fixed}`"))
        .with_edit(written, fixed)
}

/// A power of a unit or type that nobody means.
pub fn power(span: Span, text: &str) -> SyntaxError {
    error("power", span, format!("the power of `{text}` is not a whole number up to 99"), "this power")
        .with_note("powers of units and types are small whole numbers, such as `cm^2` or `time^-1`")
}

/// A file that spans can not number.
pub fn file_too_large(span: Span) -> SyntaxError {
    error("file-too-large", span, "the file is larger than 1 GiB".into(), "begins here")
        .with_help("keep data in files of their own and read them with `load(...)`")
}

// ---- Brackets ----

fn pair(opener: Kind) -> (&'static str, &'static str) {
    match opener {
        Kind::OpenParen => ("(", ")"),
        Kind::OpenBracket => ("[", "]"),
        _ => ("{", "}"),
    }
}

/// An opening bracket without its partner; `outer` are more that are still open.
pub fn unclosed(span: Span, opener: Kind, outer: Vec<Span>) -> SyntaxError {
    let (open, close) = pair(opener);
    let mut found =
        error("unclosed", span, format!("this `{open}` is never closed"), format!("`{close}` is missing"));
    found.labels = outer.into_iter().map(|span| (span, "open as well".to_string())).collect();
    found
}

/// A closing bracket without an opening one.
pub fn closes_nothing(span: Span, text: &str) -> SyntaxError {
    error("unopened", span, format!("this `{text}` closes nothing"), "no bracket is open here")
}

/// `( ]`
pub fn closed_by_another(span: Span, open: Span, opener: Kind) -> SyntaxError {
    let (open_text, close) = pair(opener);
    error(
        "unclosed",
        span,
        format!("`{open_text}` is closed by `{close}`, not by this"),
        format!("`{close}` is due here"),
    )
    .with_label(open, "opened here")
}

/// Brackets in brackets in brackets.
pub fn brackets_too_deep(span: Span, opener: Kind, limit: usize) -> SyntaxError {
    let (text, what) = match opener {
        Kind::OpenBrace => ("{", "blocks"),
        _ => (pair(opener).0, "brackets"),
    };
    error(
        "nested-too-deep",
        span,
        format!("this `{text}` stands in more than {limit} {what}"),
        format!("{what} nest at most {limit} deep"),
    )
}

/// A tree that passes would have to climb too far.
pub fn expression_too_deep(span: Span, limit: usize) -> SyntaxError {
    error(
        "nested-too-deep",
        span,
        format!("this expression has more than {limit} operations within each other"),
        "too long or too deep",
    )
    .with_help("name parts of it with `let`; sum a table with `sum(...)`")
}

// ---- Lines ----

/// `+ b` on a line of its own.
pub fn operator_starts_line(span: Span, above: Span, sign: &str) -> SyntaxError {
    error(
        "operator-starts-line",
        span,
        format!("a line can not begin with `{sign}`"),
        "belongs to the line above",
    )
    .with_label(Span { start: above.end, end: above.end, ..above }, "this statement ends here")
    .with_note("a statement ends at the end of its line, unless the line ends with an operator or a comma")
    .with_help(format!("put `{sign}` at the end of the line above"))
    .with_edit(Span { start: above.end, end: above.end, ..above }, format!(" {sign}"))
    .with_edit(span, "")
}

/// `else` away from its `}`.
pub fn else_starts_line(span: Span, brace: Span, between: &str) -> SyntaxError {
    let found = error(
        "else-starts-line",
        span,
        "`else` stands on the line of the `}` before it".into(),
        "on a line of its own",
    )
    .with_help("write `} else {`");
    // A comment between the lines is not to be lost.
    match between.trim().is_empty() {
        true => found.with_edit(Span { start: brace.end, end: span.start, ..span }, " "),
        false => found,
    }
}

/// `x =` and then another statement.
pub fn value_missing_at_end(span: Span, sign: &str, next: Span) -> SyntaxError {
    error(
        "syntax",
        span,
        format!("expected a value after `{sign}`, found the end of the line"),
        "the line ends here",
    )
    .with_label(next, "read as going on here")
    .with_note(format!("a line that ends with `{sign}` goes on in the next"))
}

// ---- The grammar ----

/// `@foo(...)`
pub fn unknown_attribute(span: Span, name: &str) -> SyntaxError {
    error("syntax", span, format!("there is no attribute `@{name}`"), "not known")
        .with_help("the only attribute is `@allow(rule-name)`")
}

/// Something else was due.
pub fn expected(span: Span, due: &str, after: Option<&str>, found: &str, label: &str) -> SyntaxError {
    let after = after.map(|after| format!(" after `{after}`")).unwrap_or_default();
    error("syntax", span, format!("expected {due}{after}, found {found}"), label)
}

/// A number followed by a word that is no unit.
pub fn unknown_unit(span: Span, name: &str, near: Option<String>) -> SyntaxError {
    let found = error(
        "unknown-unit",
        span,
        format!("`{name}` is not a unit"),
        "follows a number, so it must be a unit",
    );
    did_you_mean(found, near)
}

fn did_you_mean(error: SyntaxError, near: Option<String>) -> SyntaxError {
    let span = error.span;
    match near {
        Some(near) => error.with_help(format!("did you mean `{near}`?")).with_edit(span, near),
        None => error,
    }
}

/// `dv/dt` for `v'`.
pub fn leibniz(span: Span, name: &str) -> SyntaxError {
    error("syntax", span, format!("the derivative of `{name}` is written `{name}'`"), "read as a division")
        .with_help(format!("write `{name}'`"))
        .with_edit(span, format!("{name}'"))
}

/// `a < b < c`
pub fn chained_comparison(span: Span) -> SyntaxError {
    error("syntax", span, "comparisons can not be chained".into(), "a second comparison")
        .with_help("write `a < b and b < c`, or `b in a .. c`")
}

/// A word where a statement was to begin.
pub fn no_such_statement(span: Span, found: &str, place: &str, near: Option<String>) -> SyntaxError {
    did_you_mean(error("syntax", span, format!("{found} begins no {place}"), "not known here"), near)
}

/// `v = 3` in a cell.
pub fn assignment_in_cell(span: Span, name: &str) -> SyntaxError {
    error("syntax", span, format!("`{name}` can not be assigned here"), "outside of any event")
        .with_help(format!("write `let {name} = ...` for a value, `{name}' = ...` for a derivative, or assign in a block such as `spike when ... {{ }}`"))
}

/// `projection E -> I.exc`
pub fn nameless(span: Span, word: &str) -> SyntaxError {
    error("syntax", span, format!("a {word} has a name and a `:` before what it is"), "read as its name")
        .with_help(format!("write `{word} NAME: ...`"))
}

/// A reserved word as a name.
pub fn reserved_word(span: Span, word: &str) -> SyntaxError {
    error("syntax", span, format!("`{word}` is a word of the language and can not be a name"), "reserved")
}

/// What was not read after many mistakes.
pub fn too_many(span: Span, limit: usize) -> SyntaxError {
    error(
        "too-many-mistakes",
        span,
        format!("the file has more than {limit} mistakes; the rest is not shown"),
        "from here on",
    )
}
