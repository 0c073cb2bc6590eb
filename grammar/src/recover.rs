//! Reading items, and going on after a mistake.
//!
//! In: the statements of a file. Out: its items, and one message for each mistake. The grammar stops
//! at the first token that does not fit. Then the statement around that token, and no more, is
//! replaced by [`Kind::Broken`], which every block accepts, and the item is read again. So a mistake
//! costs one statement, causes no other message, and needs no guess about where to go on.

use crate::ast::{Attributes, Expr, ExprId, FileId, Item, ItemKind, Span};
use crate::explain::explain;
use crate::grammar::StartParser;
use crate::layout::{Layout, Token};
use crate::near::nearest;
use crate::parse::SyntaxError;
use crate::tree::{Marks, Tree, Whole};
use crate::words::Kind;
use lalrpop_util::ParseError;

/// An item with more mistakes than this is not read further.
const MAX_TRIES: usize = 20;

/// What the items of one file are read from and into.
pub struct Reader<'s> {
    text: &'s str,
    layout: &'s Layout,
    /// The arena.
    pub exprs: Vec<Expr>,
    /// How signs are meant.
    pub marks: Marks,
}

impl<'s> Reader<'s> {
    /// An empty arena.
    pub fn new(text: &'s str, layout: &'s Layout) -> Self {
        Reader { text, layout, exprs: Vec::new(), marks: Marks::default() }
    }
}

/// The tokens of an item, with their places, as changed by recovery.
pub(crate) type Work = Vec<(Token, Span)>;

/// A token that did not fit: its position (the length stands for the end) and what would have fitted.
pub(crate) struct Stop {
    pub at: usize,
    pub expected: Vec<String>,
}

/// Reads every item. `known` are the mistakes found before, in order; those found here are added.
/// An item that holds one of the places in `refused` is not read.
pub fn items(reader: &mut Reader, refused: &[u32], known: &mut Vec<SyntaxError>, limit: usize) -> Vec<Item> {
    let mut items = Vec::new();
    let mut errors = Vec::new();
    let layout = reader.layout;
    let mut first = 0;
    let mut depth = 0usize;
    let mut lost: Option<usize> = None;
    for position in 0..=layout.tokens.len() {
        match layout.tokens.get(position).map(|token| token.kind) {
            Some(Kind::OpenBrace) => depth += 1,
            Some(Kind::CloseBrace) => depth = depth.saturating_sub(1),
            Some(Kind::Newline) | None if depth == 0 || position == layout.tokens.len() => {
                if first < position {
                    let tokens = &layout.tokens[first..position];
                    let work: Work =
                        tokens.iter().map(|token| (*token, layout.spans[token.index as usize])).collect();
                    let (begin, indent) = (work[0].1.start, indent(reader.text, work[0].1.start));
                    if lost.is_some_and(|outer| outer < indent) {
                        items.push(unread(&work));
                    } else {
                        lost = begins_block(&work).then_some(indent);
                        let before = errors.len();
                        items.push(item(reader, work, refused, known, &mut errors, limit));
                        lost = lost.filter(|_| before < errors.len());
                    }
                    if lost == Some(indent) {
                        forget_closing(reader.text, known, begin, indent);
                    }
                }
                first = position + 1;
            }
            _ => {}
        }
    }
    known.append(&mut errors);
    items
}

/// Whether an item should have a block and has none: what was to be its block then stands outside of it.
fn begins_block(work: &Work) -> bool {
    let word = work.get(skip_attributes(work, 0)).map(|(token, _)| token.kind);
    matches!(word, Some(Kind::Cell | Kind::Circuit | Kind::Experiment | Kind::Plasticity))
        && work.iter().all(|(token, _)| token.kind != Kind::OpenBrace)
}

/// The brace at the end of a block without a beginning is no mistake of its own.
fn forget_closing(text: &str, known: &mut Vec<SyntaxError>, begin: u32, least: usize) {
    let closes = |error: &SyntaxError| {
        error.rule == "unopened" && begin < error.span.start && indent(text, error.span.start) == least
    };
    if let Some(at) = known.iter().position(closes) {
        known.remove(at);
    }
}

/// Letters before a place on its line.
fn indent(text: &str, at: u32) -> usize {
    text[..at as usize].bytes().rev().take_while(|byte| *byte != b'\n').count()
}

fn unread(work: &Work) -> Item {
    let span = work[0].1.to(work[work.len() - 1].1);
    Item { attributes: Attributes::default(), span, kind: ItemKind::Error }
}

/// Reads the whole text as one expression.
pub fn expression(reader: &mut Reader, file: FileId, errors: &mut Vec<SyntaxError>) -> Option<ExprId> {
    let layout = reader.layout;
    let begin = Span { file, start: 0, end: 0 };
    let announced = (Token { kind: Kind::Assign, index: 0 }, begin);
    let mut work: Work = vec![announced];
    work.extend(placed(layout, &layout.tokens));
    let mut tree = Tree::new(reader.text, layout, &work, Vec::new());
    let result = StartParser::new().parse(&mut tree, stream(&work));
    errors.append(&mut tree.errors);
    reader.exprs = tree.exprs;
    match result {
        Ok(Whole::Expr(value)) => Some(value),
        // Can not happen: an item does not begin with `=`.
        Ok(Whole::Item(_)) => None,
        Err(error) => {
            let stop = stop_of(error, &work);
            let statement = (1, work.len());
            errors.push(explain(reader.text, layout, &work, &stop, statement));
            None
        }
    }
}

fn placed<'a>(layout: &'a Layout, tokens: &'a [Token]) -> impl Iterator<Item = (Token, Span)> + 'a {
    tokens.iter().map(|token| (*token, layout.spans[token.index as usize]))
}

fn stream(work: &Work) -> impl Iterator<Item = Result<(usize, Token, usize), ()>> + '_ {
    work.iter().enumerate().map(|(position, (token, _))| Ok((position, *token, position)))
}

fn stop_of(error: ParseError<usize, Token, ()>, work: &Work) -> Stop {
    match error {
        ParseError::UnrecognizedToken { token, expected } => Stop { at: token.0, expected },
        ParseError::UnrecognizedEof { expected, .. } => Stop { at: work.len(), expected },
        ParseError::ExtraToken { token } => Stop { at: token.0, expected: Vec::new() },
        ParseError::InvalidToken { .. } | ParseError::User { .. } => {
            Stop { at: work.len(), expected: Vec::new() }
        }
    }
}

fn item(
    reader: &mut Reader,
    mut work: Work,
    refused: &[u32],
    known: &[SyntaxError],
    errors: &mut Vec<SyntaxError>,
    limit: usize,
) -> Item {
    let unread = unread(&work);
    let span = unread.span;
    if refused.iter().any(|start| span.start <= *start && *start < span.end) {
        return unread;
    }
    let mut header = Header::AsWritten;
    for _ in 0..MAX_TRIES {
        if known.len() + errors.len() > limit {
            break;
        }
        let base = reader.exprs.len();
        let mut tree = Tree::new(reader.text, reader.layout, &work, std::mem::take(&mut reader.exprs));
        let result = StartParser::new().parse(&mut tree, stream(&work));
        let Tree { mut exprs, marks, errors: mut found, .. } = tree;
        let stop = match result {
            Ok(Whole::Item(item)) => {
                reader.exprs = exprs;
                reader.marks.append(marks);
                errors.append(&mut found);
                return if header == Header::AsWritten { item } else { unread };
            }
            Ok(Whole::Expr(_)) => Stop { at: 0, expected: Vec::new() },
            Err(error) => stop_of(error, &work),
        };
        exprs.truncate(base);
        reader.exprs = exprs;
        let statement = statement_around(&work, stop.at);
        let is_reported = work.get(stop.at).is_some_and(|(token, _)| token.kind == Kind::Broken);
        if !is_reported && !is_known(reader, &work, stop.at, known) {
            errors.push(explain(reader.text, reader.layout, &work, &stop, statement));
        }
        if !resume(&mut work, &stop, statement, &mut header, reader.text, reader.layout) {
            break;
        }
    }
    unread
}

#[derive(PartialEq)]
enum Header {
    AsWritten,
    Replaced,
}

/// Changes the tokens so that the next attempt gets past the mistake; false if there is no way.
fn resume(
    work: &mut Work,
    stop: &Stop,
    statement: (usize, usize),
    header: &mut Header,
    text: &str,
    layout: &Layout,
) -> bool {
    let (start, end) = statement;
    if is_whole(work, statement) {
        return resume_item(work, stop, header, text);
    }
    if work[start..end].iter().all(|(token, _)| token.kind == Kind::Broken) {
        return false;
    }
    let end_of_line = line_without_value(layout, work, stop, start).map(|next| (next, Kind::Newline));
    let (end, added) = end_of_line.map_or((end, None), |(next, newline)| (next, Some(newline)));
    let span = work[start].1.to(work[end - 1].1);
    let index = work[start].0.index;
    let broken = (Token { kind: Kind::Broken, index }, span);
    let newline = added.map(|kind| (Token { kind, index }, Span { start: span.end, ..span }));
    work.splice(start..end, std::iter::once(broken).chain(newline));
    true
}

/// Goes on inside the block of an item whose first line is wrong, or leaves out what follows its block.
fn resume_item(work: &mut Work, stop: &Stop, header: &mut Header, text: &str) -> bool {
    let Some(open) =
        (1..work.len()).find(|at| work[*at].0.kind == Kind::OpenBrace && work[at - 1].0.kind != Kind::Dot)
    else {
        return false;
    };
    if open < stop.at {
        let close = matching_brace(work, open);
        let after = close + 1 < work.len() && close < stop.at;
        if after {
            work.truncate(close + 1);
        }
        return after;
    }
    let first = skip_attributes(work, 0);
    let Some((token, span)) = work.get(first).copied() else {
        return false;
    };
    let kind = match token.kind {
        Kind::Cell | Kind::Circuit | Kind::Experiment | Kind::Plasticity => token.kind,
        Kind::Identifier => match nearest(
            &text[span.start as usize..span.end as usize],
            ["cell", "circuit", "experiment", "plasticity"],
        ) {
            Some(word) => Kind::of_word(&word),
            None => return false,
        },
        _ => return false,
    };
    if *header == Header::Replaced {
        return false;
    }
    *header = Header::Replaced;
    let name = Token { kind: Kind::Identifier, index: token.index };
    work.splice(..open, [(Token { kind, ..token }, span), (name, span)]);
    true
}

fn matching_brace(work: &Work, open: usize) -> usize {
    let mut depth = 0usize;
    for (at, (token, _)) in work.iter().enumerate().skip(open) {
        match token.kind {
            Kind::OpenBrace => depth += 1,
            Kind::CloseBrace => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    work.len()
}

/// The first and the end position of the statement that holds `at`, or that ends there.
fn statement_around(work: &Work, at: usize) -> (usize, usize) {
    let mut depth = 0usize;
    let mut start = at.min(work.len());
    while start > 0 {
        match work[start - 1].0.kind {
            Kind::CloseBrace => depth += 1,
            Kind::OpenBrace if depth == 0 => break,
            Kind::OpenBrace => depth -= 1,
            Kind::Newline if depth == 0 => break,
            _ => {}
        }
        start -= 1;
    }
    let mut end = at;
    depth = 0;
    while let Some((token, _)) = work.get(end) {
        match token.kind {
            Kind::OpenBrace => depth += 1,
            Kind::CloseBrace if depth == 0 => break,
            Kind::CloseBrace => depth -= 1,
            Kind::Newline if depth == 0 => break,
            _ => {}
        }
        end += 1;
    }
    (start, end.max(start))
}

/// Whether a statement is the item itself, or nothing at all.
fn is_whole(work: &Work, (start, end): (usize, usize)) -> bool {
    (start == 0 && end >= work.len()) || start == end
}

/// Whether a mistake on the same line has been reported, of which this one is likely a consequence.
fn is_known(reader: &Reader, work: &Work, at: usize, known: &[SyntaxError]) -> bool {
    let ends =
        |position: usize| matches!(work[position].0.kind, Kind::Newline | Kind::OpenBrace | Kind::CloseBrace);
    let mut start = at.min(work.len());
    while start > 0 && !ends(start - 1) {
        start -= 1;
    }
    let mut end = at;
    while end < work.len() && !ends(end) {
        end += 1;
    }
    let from = match start.checked_sub(1).or(Some(0)).and_then(|before| work.get(before)) {
        Some((_, span)) if start > 0 => span.end,
        Some((_, span)) => span.start,
        None => 0,
    };
    let to = work.get(end).map_or_else(|| end_of_line(reader.text, work), |(_, span)| span.start);
    let first = known.partition_point(|error| error.span.start < from);
    known.get(first).is_some_and(|error| error.span.start < to)
}

/// Behind the line on which an item ends.
fn end_of_line(text: &str, work: &Work) -> u32 {
    let last = work.last().map_or(0, |(_, span)| span.end as usize);
    text[last..].find('\n').map_or(text.len(), |length| last + length) as u32 + 1
}

/// The first token after `@allow(...)` and `pub`.
pub(crate) fn skip_attributes(work: &Work, start: usize) -> usize {
    let mut at = start;
    while work.get(at).is_some_and(|(token, _)| token.kind == Kind::At_) {
        match work[at..].iter().position(|(token, _)| token.kind == Kind::CloseParen) {
            Some(length) => at += length + 1,
            None => return start,
        }
    }
    if work.get(at).is_some_and(|(token, _)| token.kind == Kind::Pub) { at + 1 } else { at }
}

/// Where the next statement begins, if an operator at the end of a line has swallowed it.
pub(crate) fn line_without_value(layout: &Layout, work: &Work, stop: &Stop, start: usize) -> Option<usize> {
    let continued = |at: usize| layout.continued[work[at].0.index as usize];
    let next = (start + 1..=stop.at.min(work.len().saturating_sub(1))).rev().find(|at| continued(*at))?;
    let found = work.get(stop.at)?.0.kind;
    let begins = work[next].0.kind;
    let is_statement = (begins.is_contextual() || begins.is_reserved()) && stop.at <= next + 1;
    let assigns =
        matches!(found, Kind::Assign | Kind::AddAssign | Kind::SubtractAssign | Kind::MultiplyAssign);
    let is_assignment = assigns
        && stop.at <= next + 2
        && work[next..stop.at].iter().all(|(token, _)| token.kind.is_word() || token.kind == Kind::Prime);
    let value_due = work[next - 1].0.kind.is_operator();
    (value_due && (is_statement || is_assignment)).then_some(next)
}
