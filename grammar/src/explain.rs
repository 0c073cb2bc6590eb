//! From a token that did not fit to a message that helps.
//!
//! In: the token, what would have fitted, and the statement around it. Out: one message. The grammar
//! knows only that `x` can not follow `parm`; that `param` was meant is found out here.

use crate::ast::Span;
use crate::foreign;
use crate::layout::Layout;
use crate::message;
use crate::near::nearest;
use crate::parse::SyntaxError;
use crate::place::{Place, place_of};
use crate::recover::{Stop, Work, line_without_value, skip_attributes};
use crate::unit_names;
use crate::words::Kind;

/// The message for `stop` in the statement from `start` to `end`.
pub fn explain(
    text: &str,
    layout: &Layout,
    work: &Work,
    stop: &Stop,
    (start, end): (usize, usize),
) -> SyntaxError {
    let scene = Scene { text, layout, work, stop, start, end };
    let special = scene
        .unit()
        .or_else(|| scene.swallowed_line())
        .or_else(|| scene.nameless())
        .or_else(|| scene.leibniz())
        .or_else(|| scene.comparison())
        .or_else(|| scene.statement_word())
        .or_else(|| scene.reserved());
    special.unwrap_or_else(|| scene.expected())
}

struct Scene<'a> {
    text: &'a str,
    layout: &'a Layout,
    work: &'a Work,
    stop: &'a Stop,
    start: usize,
    end: usize,
}

impl Scene<'_> {
    fn kind(&self, at: usize) -> Option<Kind> {
        self.work.get(at).map(|(token, _)| token.kind)
    }

    fn found(&self) -> Option<Kind> {
        self.kind(self.stop.at)
    }

    fn span(&self, at: usize) -> Span {
        match self.work.get(at).or(self.work.last()) {
            Some((_, span)) => *span,
            None => Span {
                file: self.layout.spans.first().map(|span| span.file).unwrap_or_default(),
                start: 0,
                end: self.text.len() as u32,
            },
        }
    }

    fn text(&self, at: usize) -> &str {
        self.work.get(at).map_or("", |(_, span)| &self.text[span.start as usize..span.end as usize])
    }

    fn expects(&self, terminal: &str) -> bool {
        self.stop.expected.iter().any(|expected| expected.trim_matches('"') == terminal)
    }

    fn expects_value(&self) -> bool {
        self.expects("NUMBER") && self.expects("[")
    }

    /// `5 mVolt`
    fn unit(&self) -> Option<SyntaxError> {
        let before = self.stop.at.checked_sub(1)?;
        if self.found() != Some(Kind::Identifier)
            || self.kind(before) != Some(Kind::Number)
            || before < self.start
        {
            return None;
        }
        let number = self.text(before);
        let has_unit = number.ends_with(|letter: char| !letter.is_ascii_digit());
        let name = self.text(self.stop.at);
        let place = place_of(self.work, self.start);
        let is_word = nearest(name, ["every", "until", "hold", "drop", "over", "by", "to"]).is_some()
            || nearest(name, place.words()).is_some();
        if has_unit || (is_word && nearest(name, unit_names::all()).is_none()) {
            return None;
        }
        let meant = foreign::unit(name).or_else(|| nearest(name, unit_names::all()));
        Some(message::unknown_unit(self.span(self.stop.at), name, meant))
    }

    /// `param x =`, and the next line taken for the value.
    fn swallowed_line(&self) -> Option<SyntaxError> {
        let next = line_without_value(self.layout, self.work, self.stop, self.start)?;
        Some(message::value_missing_at_end(self.span(next - 1), self.text(next - 1), self.span(next)))
    }

    /// `projection E -> I.exc`, `population Lif[100]`
    fn nameless(&self) -> Option<SyntaxError> {
        let declares =
            |at: &usize| matches!(self.kind(*at), Some(Kind::Population | Kind::Projection | Kind::Drive));
        let word = (self.start..self.stop.at).find(declares)?;
        let goes_on = matches!(
            self.found(),
            Some(Kind::Arrow | Kind::BothWays | Kind::Dot | Kind::OpenBracket | Kind::OpenParen)
        );
        let read_as_name = goes_on && word + 2 == self.stop.at && self.expects(":");
        read_as_name.then(|| message::nameless(self.span(word + 1), self.text(word)))
    }

    /// `dv/dt`
    fn leibniz(&self) -> Option<SyntaxError> {
        let slash =
            [self.stop.at, self.stop.at + 1].into_iter().find(|at| self.kind(*at) == Some(Kind::Slash))?;
        let above = slash.checked_sub(1).filter(|at| self.start <= *at)?;
        let name = self.text(above).strip_prefix('d').filter(|name| !name.is_empty())?;
        let written = Span { end: self.span(slash + 1).end, ..self.span(above) };
        (self.text(slash + 1) == "dt").then(|| message::leibniz(written, name))
    }

    fn comparison(&self) -> Option<SyntaxError> {
        let is_comparison = |kind| {
            matches!(
                kind,
                Kind::Equal
                    | Kind::NotEqual
                    | Kind::Less
                    | Kind::LessEqual
                    | Kind::Greater
                    | Kind::GreaterEqual
                    | Kind::In
            )
        };
        let chained = self.found().is_some_and(is_comparison) && self.expects("and") && !self.expects("==");
        chained.then(|| message::chained_comparison(self.span(self.stop.at)))
    }

    /// A statement that begins with a word that begins none.
    fn statement_word(&self) -> Option<SyntaxError> {
        let first = skip_attributes(self.work, self.start);
        let place = place_of(self.work, self.start);
        // A lone expression is announced by `=`.
        let is_expression = self.start == 1 && self.kind(0) == Some(Kind::Assign);
        if is_expression || self.work.is_empty() || first >= self.end || self.stop.at < first {
            return None;
        }
        let found = self.found();
        if self.stop.at == first {
            let (shown, near) = match found {
                Some(kind) if kind.is_word() => {
                    (format!("`{}`", self.text(first)), nearest(self.text(first), place.words()))
                }
                Some(_) => (format!("`{}`", short(self.text(first))), None),
                None => return None,
            };
            return Some(self.no_such_statement(first, &shown, place, near));
        }
        if self.stop.at != first + 1 || self.kind(first) != Some(Kind::Identifier) || !place.names_begin() {
            return None;
        }
        let name = self.text(first);
        let assigns = matches!(
            found,
            Some(Kind::Assign | Kind::AddAssign | Kind::SubtractAssign | Kind::MultiplyAssign)
        );
        let near = nearest(name, place.words());
        if assigns && matches!(place, Place::Cell | Place::Mode | Place::Rule | Place::Trace) {
            return Some(message::assignment_in_cell(self.span(first), name));
        }
        let follows = found.is_none_or(|kind| {
            kind.is_word()
                || matches!(
                    kind,
                    Kind::Number | Kind::Text | Kind::Newline | Kind::CloseBrace | Kind::OpenBrace
                )
        });
        (near.is_some() || follows).then(|| self.no_such_statement(first, &format!("`{name}`"), place, near))
    }

    fn no_such_statement(&self, at: usize, shown: &str, place: Place, near: Option<String>) -> SyntaxError {
        let foreign = foreign::statement(self.text(at), place);
        let near = near.filter(|_| foreign.is_none());
        let error = message::no_such_statement(self.span(at), shown, place.name(), near);
        match foreign {
            Some(help) => error.with_help(help),
            None => error,
        }
    }

    /// What is written here instead of what other tools have.
    fn foreign(&self) -> Option<String> {
        let begins = skip_attributes(self.work, self.start);
        let before = self.stop.at.checked_sub(1).filter(|before| self.start <= *before);
        foreign::token(foreign::Around {
            place: place_of(self.work, self.start),
            begins: self.kind(begins),
            before: before.and_then(|before| self.kind(before)),
            before_text: before.map_or("", |before| self.text(before)),
            found: self.found()?,
            block_due: self.expects("{"),
            range_due: self.expects(".."),
        })
    }

    /// A word of the language where a name is due.
    fn reserved(&self) -> Option<SyntaxError> {
        let is_reserved = self.found().is_some_and(Kind::is_reserved);
        let name_due = self.expects("IDENT") && !self.expects_value();
        (is_reserved && name_due)
            .then(|| message::reserved_word(self.span(self.stop.at), self.text(self.stop.at)))
    }

    fn expected(&self) -> SyntaxError {
        let due = self.due();
        let before =
            self.stop.at.checked_sub(1).filter(|before| *before >= self.start && *before < self.work.len());
        let after = before.map(|before| short(self.text(before))).filter(|after| !after.is_empty());
        let (span, found, label) = match (self.found(), before) {
            (None, Some(before)) => (self.span(before), self.end_name(), "ends here"),
            (Some(Kind::Newline), Some(before)) => {
                (self.span(before), "the end of the line".to_string(), "the line ends here")
            }
            (Some(Kind::CloseBrace), Some(before)) => {
                (self.span(before), "`}`".to_string(), "nothing follows in this block")
            }
            (None, None) => (self.span(self.stop.at), self.end_name(), "ends here"),
            (Some(kind), _) => {
                (self.span(self.stop.at), describe(kind, self.text(self.stop.at)), "stands here")
            }
        };
        let label = if label == "stands here" { self.found().map_or("here", what) } else { label };
        let error = message::expected(span, &due, after.as_deref(), &found, label);
        if before.is_some_and(|before| self.text(before).ends_with('%'))
            && self.found() != Some(Kind::Newline)
        {
            return error.with_note("`%` is a unit, a hundredth; the remainder of a division is `mod(a, b)`");
        }
        match self.found() {
            Some(Kind::Assign) if self.expects("->") => error.with_help("write `->`"),
            Some(Kind::Assign) if self.compares() => error.with_help("write `==` to compare"),
            _ => match self.foreign() {
                Some(help) => error.with_help(help),
                None => error,
            },
        }
    }

    /// Whether the statement holds a condition.
    fn compares(&self) -> bool {
        use Kind::{Enforce, Event, Expect, If, Monitor, Report, Require, Spike};
        let begins = self.kind(self.start);
        matches!(begins, Some(Enforce | Event | Expect | If | Monitor | Report | Require | Spike))
    }

    fn end_name(&self) -> String {
        "the end of the line".to_string()
    }

    /// What would fit, in the user's words.
    fn due(&self) -> String {
        if self.expects_value() {
            return if self.expects(")") { "a value or `)`".to_string() } else { "a value".to_string() };
        }
        let after_value = self.expects("(") && self.expects(".") && self.expects("[");
        if self.expects("via") && !self.expects("IDENT") && !after_value {
            return "`via`".to_string();
        }
        if self.expects("IDENT") && !after_value {
            return "a name".to_string();
        }
        // An argument is over: what else may follow is rarely meant.
        if after_value && self.expects(")") && self.expects(",") {
            return "`,` or `)`".to_string();
        }
        let mut due: Vec<String> = Vec::new();
        for terminal in &self.stop.expected {
            let sign = terminal.trim_matches('"');
            let shown = match sign {
                "NL" | "}" => "the end of the line".to_string(),
                "NUMBER" => "a number".to_string(),
                "STRING" => "a string".to_string(),
                "BROKEN" | "IDENT" => continue,
                _ if after_value && is_continuation(sign) => continue,
                _ => format!("`{sign}`"),
            };
            if !due.contains(&shown) {
                due.push(shown);
            }
        }
        // The end of a statement last: the signs before it say more.
        due.sort_by_key(|shown| shown.starts_with("the end"));
        if due.len() > MAX_DUE {
            let ends = due.iter().any(|shown| shown.starts_with("the end"));
            return if ends { "the end of the line".to_string() } else { "something else".to_string() };
        }
        match due.split_last() {
            None => "the end of the line".to_string(),
            Some((only, [])) => only.clone(),
            Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        }
    }
}

/// More things than this are no help.
const MAX_DUE: usize = 5;

/// Signs with which any value may go on.
fn is_continuation(sign: &str) -> bool {
    matches!(
        sign,
        "+" | "-"
            | "*"
            | "/"
            | "^"
            | "=="
            | "!="
            | "<"
            | "<="
            | ">"
            | ">="
            | "and"
            | "or"
            | "in"
            | "("
            | "["
            | "."
            | "'"
    )
}

fn describe(kind: Kind, text: &str) -> String {
    match kind {
        Kind::Newline => "the end of the line".to_string(),
        Kind::Text => "a string".to_string(),
        _ => format!("`{}`", short(text)),
    }
}

fn what(kind: Kind) -> &'static str {
    match kind {
        Kind::Identifier => "a name",
        Kind::Number => "a number",
        Kind::Text => "a string",
        Kind::Newline => "the end of the line",
        kind if kind.is_word() => "a word of the language",
        _ => "not possible here",
    }
}

/// A text that fits in a message.
fn short(text: &str) -> String {
    let mut letters = text.chars();
    let shown: String = letters.by_ref().take(24).collect();
    if letters.next().is_some() { format!("{shown}...") } else { shown }
}
