//! Lost declarations: what a mistake in the form of a text takes along.
//!
//! In: the texts, and the names of which it is said that nothing declares them. Out: what is left to say. Where the
//! form of a text is wrong a declaration may have been lost with it: that its name is missed is then not said, for
//! the mistake behind it is.

use crate::sources::Program;
use circ_compiler::diagnose::{Diagnostic, Sink, Source};
use circ_grammar::ast::{FileId, Span};
use std::collections::{BTreeMap, BTreeSet};

/// Words behind which a name is declared.
const BEFORE: [&str; 15] = [
    "param",
    "state",
    "port",
    "let",
    "fn",
    "event",
    "mode",
    "population",
    "projection",
    "drive",
    "part",
    "data",
    "cell",
    "circuit",
    "for",
];

/// Says what was found, but for names whose declaration may be lost.
pub fn say(found: Sink, program: &Program, sink: &mut Sink) {
    let mut texts = Texts::of(program, &found);
    for diagnostic in found.into_all() {
        // To look a name up takes the whole text: not for what nobody will read.
        let may_be_lost = is_name(&diagnostic) && !program.problems.is_empty() && !sink.is_full();
        if !may_be_lost || !texts.seem_to_declare(program.text_at(diagnostic.span)) {
            sink.push(diagnostic);
        }
    }
}

fn is_name(diagnostic: &Diagnostic) -> bool {
    diagnostic.rule.name == "unknown-name"
}

struct Texts<'a> {
    texts: &'a [Source],
    /// A place where a name is missed declares nothing, even where it looks so: `{ gane = 3 }`.
    missed: BTreeSet<Span>,
    known: BTreeMap<String, bool>,
}

impl<'a> Texts<'a> {
    fn of(program: &'a Program, found: &Sink) -> Texts<'a> {
        let missed = found.so_far().iter().filter(|it| is_name(it)).map(|it| it.span).collect();
        Texts { texts: &program.sources.files, missed, known: BTreeMap::new() }
    }

    fn seem_to_declare(&mut self, name: String) -> bool {
        if let Some(known) = self.known.get(&name) {
            return *known;
        }
        let found = self.texts.iter().enumerate().any(|(file, source)| {
            let file = FileId(file as u32);
            places_of(&source.text, &name).any(|start| {
                let span = Span { file, start: start as u32, end: (start + name.len()) as u32 };
                !self.missed.contains(&span) && declares(&source.text, span)
            })
        });
        self.known.insert(name, found);
        found
    }
}

/// Where a text holds the name as a whole word.
fn places_of<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = usize> + 't {
    let starts = text.match_indices(name).map(|(at, _)| at).filter(|_| !name.is_empty());
    starts.filter(move |at| {
        !text[..*at].ends_with(is_letter) && !text[at + name.len()..].starts_with(is_letter)
    })
}

/// Whether a name stands where declarations have theirs, whatever else is wrong there.
fn declares(text: &str, at: Span) -> bool {
    let (before, after) = (&text[..at.start as usize], text[at.end as usize..].trim_start());
    let keyword = before.trim_end().rsplit(|letter| !is_letter(letter)).next().unwrap_or("");
    let given = after.starts_with(':')
        || (after.starts_with('=') && !after.starts_with("=="))
        // `spike when` declares the event `spike`.
        || after.starts_with("when");
    given || BEFORE.contains(&keyword)
}

fn is_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}
