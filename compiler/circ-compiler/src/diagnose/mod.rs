//! Diagnostics: what the compiler says of a program, as data.
//!
//! In: facts, from every pass. Out: [`Diagnostic`]s in a [`Sink`], rendered by [`render()`] alone. The
//! wording of each family of messages is in a file of its own.

pub mod allow;
pub mod array;
pub mod bound;
pub mod build;
pub mod condition;
pub mod constraint;
pub mod couple;
pub mod data;
pub mod flow;
mod foreign;
pub mod library;
pub mod lint;
pub mod names;
pub mod onto;
pub mod render;
pub mod rule;
pub mod segment;
pub mod solve;
pub mod structure;
pub mod suggest;
pub mod time;
pub mod typing;
pub mod unused;
pub mod value;

use circ_grammar::ast::{FileId, Span};

pub use render::render;

/// Declares the rules of a family and `RULES`, the list of them: `NAME = "kebab-case", Level;` The page
/// is `compiler/docs/rules/kebab-case.md`.
#[macro_export]
macro_rules! rules {
    ($($(#[$meta:meta])* $name:ident = $kebab:literal, $level:ident;)*) => {
        $($(#[$meta])* pub static $name: $crate::diagnose::Rule = $crate::diagnose::Rule {
            name: $kebab,
            level: $crate::diagnose::Level::$level,
            page: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/rules/", $kebab, ".md")),
        };)*
        /// The rules of this family.
        pub static RULES: &[&$crate::diagnose::Rule] = &[$(&$name),*];
    };
}

/// Every family of rules; a new family adds its line here.
static FAMILIES: &[&[&Rule]] = &[
    allow::RULES,
    build::RULES,
    condition::RULES,
    constraint::RULES,
    couple::RULES,
    data::RULES,
    flow::RULES,
    lint::RULES,
    names::RULES,
    onto::RULES,
    rule::RULES,
    segment::RULES,
    structure::RULES,
    time::RULES,
    typing::RULES,
    unused::RULES,
    value::RULES,
    solve::RULES,
];

/// All rules, for `circ explain RULE`.
pub fn rules() -> &'static [&'static Rule] {
    static ALL: std::sync::OnceLock<Vec<&'static Rule>> = std::sync::OnceLock::new();
    ALL.get_or_init(|| FAMILIES.concat())
}

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The program has no meaning.
    Error,
    /// It has one that is probably not meant.
    Warning,
    /// Good to know.
    Note,
}

/// A rule: its kebab-case name, its level and its page for `circ explain`.
#[derive(Debug)]
pub struct Rule {
    pub name: &'static str,
    pub level: Level,
    /// Markdown: a program that it rejects, the nearest that it accepts.
    pub page: &'static str,
}

/// One message. Built by a named function of its family, see the handbook.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    pub rule: &'static Rule,
    /// The smallest place that shows it.
    pub span: Span,
    /// The first line: readable alone, lower case, no full stop, names in backticks.
    pub message: String,
    /// What is there, at each place; the first is at `span`.
    pub labels: Vec<(Span, String)>,
    pub notes: Vec<String>,
    pub help: Option<String>,
    /// Edits that do what `help` says; empty where nobody can be sure of them.
    pub fix: Vec<Edit>,
}

/// A text to put in the place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

/// Said by nobody: what has no value because of a mistake that was told before. No sink keeps it.
static FOLLOWS: Rule = Rule { name: "follows", level: Level::Error, page: "" };

/// Stands for a value that there is not because of a mistake that was told before.
pub fn follows(at: Span) -> Diagnostic {
    FOLLOWS.at(at, "follows from another mistake")
}

/// More messages than anyone reads at once.
const MOST: usize = 50;

/// Collects diagnostics.
#[derive(Clone, Debug, Default)]
pub struct Sink {
    diagnostics: Vec<Diagnostic>,
}

impl Sink {
    /// Takes one in.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if !std::ptr::eq(diagnostic.rule, &FOLLOWS) {
            self.diagnostics.push(diagnostic);
        }
    }
    /// Takes in all of another's.
    pub fn append(&mut self, other: Sink) {
        self.diagnostics.extend(other.diagnostics);
    }
    /// What was taken in so far, in the order in which it came.
    pub fn so_far(&self) -> &[Diagnostic] {
        &self.diagnostics
    }
    /// Takes one in, unless the same rule was said of the same place, or the same words at another. One that leads from
    /// elsewhere to the place of another takes the other's place.
    pub fn push_unless_said(&mut self, diagnostic: Diagnostic) {
        let leads_to = |d: &Diagnostic| {
            d.span != diagnostic.span && diagnostic.labels.iter().any(|(label, _)| *label == d.span)
        };
        let said =
            |d: &Diagnostic| d.span == diagnostic.span || d.message == diagnostic.message || leads_to(d);
        let same = |d: &&mut Diagnostic| d.rule.name == diagnostic.rule.name && said(d);
        match self.diagnostics.iter_mut().find(same) {
            Some(other) if leads_to(other) => *other = diagnostic,
            Some(_) => {}
            None => self.push(diagnostic),
        }
    }
    /// Whether the program was rejected.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|d| d.rule.level == Level::Error)
    }
    /// Whether a message of this rule was taken.
    pub fn holds(&self, rule: &'static Rule) -> bool {
        self.diagnostics.iter().any(|d| d.rule.name == rule.name)
    }
    /// Whether so many were taken that what is still to come will not be read.
    pub fn is_full(&self) -> bool {
        2 * MOST < self.diagnostics.len()
    }
    /// All, in the order in which they came.
    pub fn into_all(self) -> Vec<Diagnostic> {
        self.diagnostics
    }
    /// Sorted by place, each once, at most fifty and one that says that there are more: the worst are kept.
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.diagnostics
            .sort_by(|a, b| (a.span, a.rule.name, &a.message).cmp(&(b.span, b.rule.name, &b.message)));
        self.diagnostics
            .dedup_by(|a, b| a.span == b.span && a.rule.name == b.rule.name && a.message == b.message);
        let more = self.diagnostics.len().saturating_sub(MOST);
        if 1 < more {
            self.diagnostics.sort_by_key(|diagnostic| diagnostic.rule.level);
            let left_out = self.diagnostics.split_off(MOST);
            self.diagnostics.sort_by_key(|diagnostic| diagnostic.span);
            let first = left_out.first().map(|next| structure::too_many_mistakes(next.span, more));
            self.diagnostics.extend(first);
        }
        self.diagnostics
    }
}

impl Rule {
    /// Begins a message.
    pub fn at(&'static self, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            rule: self,
            span,
            message: message.into(),
            labels: vec![],
            notes: vec![],
            help: None,
            fix: vec![],
        }
    }
}

impl Diagnostic {
    /// What stands at the main place.
    pub fn primary(mut self, text: impl Into<String>) -> Diagnostic {
        self.labels.insert(0, (self.span, text.into()));
        self
    }
    /// What stands at another place.
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push((span, text.into()));
        self
    }
    /// A fact that the user may not know.
    pub fn note(mut self, text: impl Into<String>) -> Diagnostic {
        self.notes.push(text.into());
        self
    }
    /// What to do instead, where it is certain: another text at the main place.
    pub fn replace_by(mut self, text: impl Into<String>) -> Diagnostic {
        self.fix.push(Edit { span: self.span, text: text.into() });
        self
    }
    /// What to type.
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help = Some(text.into());
        self
    }
}

/// A source text with the name under which it is shown.
#[derive(Clone, Debug)]
pub struct Source {
    pub name: String,
    pub text: String,
}

/// All source texts of a program, by [`FileId`].
#[derive(Clone, Debug, Default)]
pub struct Sources {
    pub files: Vec<Source>,
}

impl Sources {
    /// The source that a span lies in.
    pub fn get(&self, file: FileId) -> &Source {
        &self.files[file.0 as usize]
    }
}
