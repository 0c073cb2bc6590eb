//! The formatter: a text in its canonical layout.
//!
//! In: a text without mistakes. Out: the same statements, numbers, units and comments, in lines as
//! everybody expects them: two blanks for each block, one statement a line, at most one empty line.
//! It works on the tokens and not on the tree, so that nothing that was written can get lost. A
//! block or a list that stood on one line stays on one line if it fits.

use crate::ast::FileId;
use crate::dump::dump;
use crate::parens;
use crate::parse::{self, SyntaxError, Whole};
use crate::spacing::Spacing;
use crate::token::RawKind;
use crate::words::Kind;
use std::collections::BTreeSet;

/// Longer lines do not keep their blocks.
const MAX_COLUMNS: usize = 100;

/// `text` in canonical layout; formatting that again changes nothing.
///
/// # Errors
///
/// The mistakes in the form of `text`, if there are any: what is not understood is not touched.
pub fn format(text: &str) -> Result<String, Vec<SyntaxError>> {
    let whole = parse::read(FileId::default(), text);
    if !whole.errors.is_empty() {
        return Err(whole.errors);
    }
    let unneeded = parens::unneeded(&whole.file, &whole.marks.parens, &whole.layout, &whole.raw);
    let formatted = print(text, &whole, unneeded);
    // Parentheses are left out only if the parser itself agrees that they meant nothing.
    let again = parse::parse(FileId::default(), &formatted);
    if again.errors.is_empty() && dump(&again.file) == dump(&whole.file) {
        return Ok(formatted);
    }
    Ok(print(text, &whole, BTreeSet::new()))
}

fn print(text: &str, whole: &Whole, left_out: BTreeSet<u32>) -> String {
    let mut reader = Reader::new(text, whole, left_out);
    let block = reader.block();
    let mut printer = Printer { text: String::with_capacity(text.len()), spacing: Spacing::new(text, whole) };
    printer.entries(&block.entries, 0);
    printer.text
}

// ---- Statements and comments, in order ----

/// What stands between two braces.
struct Block {
    /// A comment behind the opening brace.
    opening: Vec<String>,
    entries: Vec<Entry>,
    /// Whether it was written on one line, without comments.
    on_one_line: bool,
}

enum Entry {
    Statement { parts: Vec<Part>, trailing: Vec<String> },
    Comment(String),
    Blank,
}

enum Part {
    /// Index in the layout.
    Token(usize),
    Comment(String),
    /// The line ends, the statement does not.
    Break,
    Block(Block),
}

struct Reader<'a> {
    text: &'a str,
    whole: &'a Whole,
    /// For each raw token, its index in the layout.
    token_of: Vec<Option<usize>>,
    /// For each raw token, the first one after it, or itself, that the grammar sees.
    next: Vec<Option<usize>>,
    left_out: BTreeSet<u32>,
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, whole: &'a Whole, left_out: BTreeSet<u32>) -> Self {
        let mut token_of = vec![None; whole.raw.len()];
        for (index, raw) in whole.layout.raw.iter().enumerate() {
            if let Some(raw) = raw {
                token_of[*raw] = Some(index);
            }
        }
        let mut next = vec![None; whole.raw.len()];
        let mut following = None;
        for at in (0..whole.raw.len()).rev() {
            following = token_of[at].or(following);
            next[at] = following;
        }
        Reader { text, whole, token_of, next, left_out, at: 0 }
    }

    fn kind(&self, index: usize) -> Kind {
        self.whole.layout.tokens[index].kind
    }

    fn is_block_brace(&self, index: usize) -> bool {
        let before = index.checked_sub(1).map(|before| self.kind(before));
        self.kind(index) == Kind::OpenBrace && before != Some(Kind::Dot)
    }

    /// Whether a statement ends before the next token.
    fn statement_ends(&self) -> bool {
        let Some(index) = self.next.get(self.at).copied().flatten() else {
            return true;
        };
        let Some(before) = index.checked_sub(1) else {
            return true;
        };
        self.kind(before) == Kind::Newline || self.is_block_brace(before)
    }

    fn comment(&mut self) -> String {
        let token = self.whole.raw[self.at];
        self.at += 1;
        let text = &self.text[token.start as usize..token.end as usize];
        text.replace("\r\n", "\n").trim_end().to_string()
    }

    /// Reads to the closing brace, or to the end of the file.
    fn block(&mut self) -> Block {
        let mut block = Block { opening: Vec::new(), entries: Vec::new(), on_one_line: true };
        let mut newlines = 0;
        while let Some(token) = self.whole.raw.get(self.at).copied() {
            match token.kind {
                RawKind::Newline => {
                    block.on_one_line = false;
                    newlines += 1;
                    self.at += 1;
                }
                RawKind::Semicolon => self.at += 1,
                RawKind::LineComment | RawKind::BlockComment if newlines == 0 && self.trails(&block) => {
                    block.on_one_line = false;
                    let comment = self.comment();
                    match block.entries.last_mut() {
                        Some(Entry::Statement { trailing, .. }) => trailing.push(comment),
                        _ => block.opening.push(comment),
                    }
                }
                RawKind::LineComment | RawKind::BlockComment if self.stands_alone() => {
                    block.on_one_line = false;
                    block.blank(newlines);
                    newlines = 0;
                    let comment = self.comment();
                    block.entries.push(Entry::Comment(comment));
                }
                RawKind::Token(Kind::CloseBrace) => break,
                RawKind::Token(_) | RawKind::LineComment | RawKind::BlockComment => {
                    block.blank(newlines);
                    newlines = 0;
                    let before = self.at;
                    let parts = self.statement();
                    block.on_one_line &= parts.iter().all(Part::fits_on_one_line);
                    block.entries.push(Entry::Statement { parts, trailing: Vec::new() });
                    // A token that begins no statement can not occur in a text without mistakes.
                    self.at = self.at.max(before + 1);
                }
            }
        }
        block
    }

    /// Whether a comment belongs to the line before it, which is a statement or an opening brace.
    fn trails(&self, block: &Block) -> bool {
        let has_line = match block.entries.last() {
            Some(Entry::Statement { .. }) => true,
            Some(Entry::Comment(_) | Entry::Blank) => false,
            // What has been read so far ends with the brace of this block, unless this is the whole file.
            None => {
                self.whole.raw[..self.at].iter().rev().any(|token| matches!(token.kind, RawKind::Token(_)))
            }
        };
        has_line && (self.whole.raw[self.at].kind == RawKind::LineComment || self.stands_alone())
    }

    /// Whether the line ends after this comment.
    fn stands_alone(&self) -> bool {
        self.whole.raw[self.at].kind == RawKind::LineComment
            || self.whole.raw[self.at..]
                .iter()
                .find(|token| !matches!(token.kind, RawKind::LineComment | RawKind::BlockComment))
                .is_none_or(|token| matches!(token.kind, RawKind::Newline | RawKind::Token(Kind::CloseBrace)))
    }

    fn statement(&mut self) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        while let Some(token) = self.whole.raw.get(self.at).copied() {
            let begun = parts.iter().any(|part| matches!(part, Part::Token(_)));
            match token.kind {
                RawKind::Semicolon => break,
                RawKind::Newline if begun && self.ends_here() => break,
                RawKind::Newline => {
                    if !matches!(parts.last(), Some(Part::Break)) {
                        parts.push(Part::Break);
                    }
                    self.at += 1;
                }
                RawKind::LineComment | RawKind::BlockComment if begun && self.ends_here() => break,
                RawKind::LineComment | RawKind::BlockComment => {
                    let comment = self.comment();
                    parts.push(Part::Comment(comment));
                }
                RawKind::Token(kind) => {
                    let Some(index) = self.token_of[self.at] else {
                        break;
                    };
                    if begun && self.starts(index)
                        || kind == Kind::CloseBrace && self.closes_block(index, &parts)
                    {
                        break;
                    }
                    self.at += 1;
                    if self.is_block_brace(index) {
                        parts.push(Part::Block(self.block()));
                        // Past the closing brace.
                        self.at += 1;
                    } else if !self.left_out.contains(&(index as u32)) {
                        parts.push(Part::Token(index));
                    }
                }
            }
        }
        parts
    }

    fn starts(&self, index: usize) -> bool {
        index.checked_sub(1).is_some_and(|before| self.kind(before) == Kind::Newline)
    }

    /// A closing brace that is not that of `use a.{b}`, which stands in this very statement.
    fn closes_block(&self, index: usize, parts: &[Part]) -> bool {
        let is_open =
            |part: &Part| matches!(part, Part::Token(token) if self.kind(*token) == Kind::OpenBrace);
        self.kind(index) == Kind::CloseBrace && !parts.iter().any(is_open)
    }

    fn ends_here(&self) -> bool {
        match self.next[self.at] {
            None => true,
            // `}` after `{`: nothing is open in this statement but a block, or a list of names.
            Some(index) if self.kind(index) == Kind::CloseBrace => {
                self.statement_ends() || !self.in_names(index)
            }
            Some(_) => self.statement_ends(),
        }
    }

    /// Whether the brace at `index` closes the names of a `use`.
    fn in_names(&self, index: usize) -> bool {
        let open = (0..index).rev().find(|at| self.kind(*at) == Kind::OpenBrace);
        open.is_some_and(|open| {
            !self.is_block_brace(open) && (open..index).all(|at| self.kind(at) != Kind::Newline)
        })
    }
}

impl Block {
    fn blank(&mut self, newlines: usize) {
        if newlines > 1 && !self.entries.is_empty() {
            self.entries.push(Entry::Blank);
        }
    }

    fn fits_on_one_line(&self) -> bool {
        self.on_one_line && self.opening.is_empty()
    }
}

impl Part {
    fn fits_on_one_line(&self) -> bool {
        match self {
            Part::Token(_) => true,
            Part::Comment(_) | Part::Break => false,
            Part::Block(block) => block.fits_on_one_line(),
        }
    }
}

// ---- Lines ----

struct Printer<'a> {
    text: String,
    spacing: Spacing<'a>,
}

impl Printer<'_> {
    fn entries(&mut self, entries: &[Entry], indent: usize) {
        for entry in entries {
            match entry {
                Entry::Blank => {}
                Entry::Comment(comment) => {
                    self.indent(indent);
                    self.text.push_str(comment);
                }
                Entry::Statement { parts, trailing } => {
                    self.indent(indent);
                    self.statement(parts, indent);
                    for comment in trailing {
                        self.text.push_str("  ");
                        self.text.push_str(comment);
                    }
                }
            }
            self.text.push('\n');
        }
    }

    fn indent(&mut self, columns: usize) {
        self.text.extend(std::iter::repeat_n(' ', columns));
    }

    /// On one line if all its blocks were and still fit, else with every block spread out.
    fn statement(&mut self, parts: &[Part], indent: usize) {
        let start = self.text.len();
        let can_be_short =
            parts.iter().all(|part| !matches!(part, Part::Block(block) if !block.fits_on_one_line()));
        self.parts(parts, indent, if can_be_short { Blocks::OnOneLine } else { Blocks::Spread });
        let has_blocks = parts.iter().any(|part| matches!(part, Part::Block(_)));
        let line_start = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let is_long = self.text[line_start..].lines().any(|line| line.chars().count() > MAX_COLUMNS);
        if can_be_short && has_blocks && is_long {
            self.text.truncate(start);
            self.parts(parts, indent, Blocks::Spread);
        }
    }

    fn parts(&mut self, parts: &[Part], indent: usize, blocks: Blocks) {
        let mut line = Line::default();
        for part in parts {
            match part {
                Part::Token(index) => self.token(*index, &mut line, indent),
                Part::Comment(comment) => {
                    if comment.starts_with("//") && !line.broken && line.glue != Glue::Nothing {
                        self.text.push(' ');
                    }
                    self.lead(&mut line, indent, Side::Within);
                    self.text.push_str(comment);
                    line.glue = Glue::Blank;
                    // Nothing can follow a line comment on its line.
                    line.broken |= comment.starts_with("//");
                }
                Part::Break => line.broken = true,
                Part::Block(block) => {
                    if line.glue != Glue::Nothing || line.broken {
                        self.text.push(' ');
                    }
                    line.broken = false;
                    self.block(block, indent, blocks);
                    line.glue = Glue::Blank;
                    line.previous = None;
                }
            }
        }
    }

    fn token(&mut self, index: usize, line: &mut Line, indent: usize) {
        let kind = self.spacing.kind(index);
        let closes = matches!(kind, Kind::CloseParen | Kind::CloseBracket | Kind::CloseBrace);
        if closes {
            line.open = line.open.saturating_sub(1);
        }
        if line.glue == Glue::Token && !line.broken {
            let apart = line.previous.is_some_and(|previous| self.spacing.apart(previous, index));
            if apart {
                self.text.push(' ');
            }
        } else {
            self.lead(line, indent, if closes { Side::Closes } else { Side::Within });
        }
        self.text.push_str(self.spacing.text(index));
        line.attribute(kind);
        if matches!(kind, Kind::OpenParen | Kind::OpenBracket | Kind::OpenBrace) {
            line.open += 1;
        }
        line.previous = Some(index);
        line.glue = Glue::Token;
    }

    /// What stands before a part that is not glued to the one before: a blank, or a new line.
    fn lead(&mut self, line: &mut Line, indent: usize, side: Side) {
        if line.broken {
            self.text.push('\n');
            let deeper = match (side, line.open) {
                // Its bracket holds the line open, so it stands below the begin of the statement.
                (Side::Closes, open) => 2 * open,
                (Side::Within, 0) if line.in_attributes() => 0,
                (Side::Within, 0) => 4,
                (Side::Within, open) => 2 * open,
            };
            self.indent(indent + deeper);
            line.broken = false;
        } else if line.glue != Glue::Nothing {
            self.text.push(' ');
        }
    }

    fn block(&mut self, block: &Block, indent: usize, blocks: Blocks) {
        self.text.push('{');
        if block.entries.is_empty() && block.opening.is_empty() {
            return self.text.push_str(" }");
        }
        if blocks == Blocks::OnOneLine {
            let statements = block.entries.iter().filter_map(|entry| match entry {
                Entry::Statement { parts, .. } => Some(parts),
                Entry::Comment(_) | Entry::Blank => None,
            });
            for (at, parts) in statements.enumerate() {
                self.text.push_str(if at == 0 { " " } else { "; " });
                self.parts(parts, indent, Blocks::OnOneLine);
            }
            return self.text.push_str(" }");
        }
        for comment in &block.opening {
            self.text.push_str("  ");
            self.text.push_str(comment);
        }
        self.text.push('\n');
        self.entries(&block.entries, indent + 2);
        self.indent(indent);
        self.text.push('}');
    }
}

/// Whether a token closes a bracket.
#[derive(Clone, Copy)]
enum Side {
    Within,
    Closes,
}

/// How the blocks of a statement are printed.
#[derive(Clone, Copy, PartialEq)]
enum Blocks {
    OnOneLine,
    Spread,
}

/// What stands last on the line.
#[derive(Clone, Copy, PartialEq, Default)]
enum Glue {
    #[default]
    Nothing,
    Token,
    Blank,
}

/// The state of a statement while it is printed.
#[derive(Default)]
struct Line {
    glue: Glue,
    broken: bool,
    previous: Option<usize>,
    /// Open brackets.
    open: usize,
    attributes: Attributes,
}

/// Whether all tokens so far are attributes, after which a line may end.
#[derive(Clone, Copy, PartialEq, Default)]
enum Attributes {
    #[default]
    Outside,
    Inside,
    Over,
}

impl Line {
    fn attribute(&mut self, kind: Kind) {
        self.attributes = match (self.attributes, kind) {
            (Attributes::Over, _) => Attributes::Over,
            (Attributes::Outside, Kind::At_) => Attributes::Inside,
            (Attributes::Outside, _) => Attributes::Over,
            (Attributes::Inside, Kind::CloseParen) => Attributes::Outside,
            (Attributes::Inside, _) => Attributes::Inside,
        };
    }

    fn in_attributes(&self) -> bool {
        self.attributes == Attributes::Outside
    }
}
