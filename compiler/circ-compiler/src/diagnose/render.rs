//! Rendering: diagnostics as people read them in a terminal.
//!
//! In: diagnostics and sources. Out: text. This is the only place that talks to ariadne, and it keeps
//! what ariadne asks for: byte positions on the borders of characters, inside their file, labels in
//! order of position.

use super::{Diagnostic, Level, Sources};
use ariadne::{Cache, Color, Config, IndexType, Label, Report, ReportKind, Source};
use circ_grammar::ast::{FileId, Span};
use std::fmt::{Debug, Display};
use std::ops::Range;

type Place = (FileId, Range<usize>);

/// All diagnostics one after the other, with the lines that they speak of; colour codes only if `color`.
pub fn render(diagnostics: &[Diagnostic], sources: &Sources, color: bool) -> String {
    let mut shown = Shown { sources, lines: sources.files.iter().map(|_| None).collect() };
    diagnostics.iter().map(|diagnostic| render_one(diagnostic, &mut shown, color)).collect()
}

fn render_one(diagnostic: &Diagnostic, shown: &mut Shown<'_>, color: bool) -> String {
    let Some(at) = shown.place(diagnostic.span) else {
        return without_lines(diagnostic, None);
    };
    if shown.has_long_line(diagnostic) {
        return without_lines(diagnostic, shown.line_and_column(diagnostic.span));
    }
    let kind = match diagnostic.rule.level {
        Level::Error => ReportKind::Error,
        Level::Warning => ReportKind::Warning,
        Level::Note => ReportKind::Advice,
    };
    let config = Config::default().with_color(color).with_index_type(IndexType::Byte);
    let mut report = Report::build(kind, at.clone()).with_config(config).with_code(diagnostic.rule.name);
    report.set_message(&diagnostic.message);
    report.add_labels(labels(diagnostic, at, shown));
    diagnostic.notes.iter().for_each(|note| report.add_note(note));
    diagnostic.help.iter().for_each(|help| report.add_help(help));
    let mut out = Vec::new();
    match report.finish().write(&mut *shown, &mut out) {
        Ok(()) => finish(String::from_utf8_lossy(&out).into_owned(), diagnostic.rule.level),
        Err(_) => without_lines(diagnostic, None),
    }
}

/// In order of position; without any, the place alone.
fn labels(diagnostic: &Diagnostic, at: Place, shown: &Shown<'_>) -> Vec<Label<Place>> {
    let color = match diagnostic.rule.level {
        Level::Error => Color::Red,
        Level::Warning => Color::Yellow,
        Level::Note => Color::Cyan,
    };
    let mut spans = diagnostic.labels.clone();
    spans.sort_by_key(|(span, _)| *span);
    let labels: Vec<_> = spans
        .iter()
        .filter_map(|(span, text)| {
            let main = *span == diagnostic.span;
            let label = Label::new(shown.place(*span)?).with_color(if main { color } else { Color::Blue });
            Some(if text.is_empty() { label } else { label.with_message(text) })
        })
        .collect();
    if labels.is_empty() { vec![Label::new(at).with_color(color)] } else { labels }
}

/// Ariadne's word for a note is "Advice"; lines keep no blanks at their ends.
fn finish(text: String, level: Level) -> String {
    let text = if level == Level::Note { text.replacen("Advice:", "Note:", 1) } else { text };
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// For what lies in no source, such as an argument of the command line, and for lines that no screen holds.
fn without_lines(diagnostic: &Diagnostic, place: Option<String>) -> String {
    let level = match diagnostic.rule.level {
        Level::Error => "Error",
        Level::Warning => "Warning",
        Level::Note => "Note",
    };
    let mut text = format!("[{}] {level}: {}\n", diagnostic.rule.name, diagnostic.message);
    place.iter().for_each(|place| text += &format!("  At: {place}\n"));
    diagnostic.notes.iter().for_each(|note| text += &format!("  Note: {note}\n"));
    diagnostic.help.iter().for_each(|help| text += &format!("  Help: {help}\n"));
    text
}

/// Bytes of a line from which on it is not shown.
const LONG_LINE: usize = 1000;

/// The sources as ariadne reads them: lines are found once a file.
struct Shown<'a> {
    sources: &'a Sources,
    lines: Vec<Option<Source<&'a str>>>,
}

impl Shown<'_> {
    /// The span moved onto borders of characters within its file; `None` for a file that is not there.
    fn place(&self, span: Span) -> Option<Place> {
        let text = &self.sources.files.get(span.file.0 as usize)?.text;
        let start = text.floor_char_boundary(span.start as usize);
        let end = text.ceil_char_boundary((span.end as usize).min(text.len()));
        Some((span.file, start..end.max(start)))
    }

    /// Whether a line that a message speaks of is too long to be shown.
    fn has_long_line(&self, diagnostic: &Diagnostic) -> bool {
        let spans = diagnostic.labels.iter().map(|label| label.0).chain([diagnostic.span]);
        spans.filter_map(|span| self.place(span)).any(|(file, place)| {
            let text = &self.sources.files[file.0 as usize].text;
            let near = |byte: &u8| *byte != b'\n';
            let before = text.as_bytes()[..place.start].iter().rev().take(LONG_LINE).take_while(|b| near(b));
            let after = text.as_bytes()[place.start..].iter().take(LONG_LINE).take_while(|b| near(b));
            LONG_LINE < before.count() + after.count()
        })
    }

    /// `a.circ:2:14`, in characters from 1.
    fn line_and_column(&self, span: Span) -> Option<String> {
        let (file, place) = self.place(span)?;
        let source = &self.sources.files[file.0 as usize];
        let before = &source.text[..place.start];
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Some(format!("{}:{line}:{column}", source.name))
    }
}

impl<'a> Cache<FileId> for &mut Shown<'a> {
    type Storage = &'a str;

    fn fetch(&mut self, id: &FileId) -> Result<&Source<&'a str>, impl Debug> {
        let at = id.0 as usize;
        let (Some(source), Some(lines)) = (self.sources.files.get(at), self.lines.get_mut(at)) else {
            return Err("no such source");
        };
        Ok(&*lines.get_or_insert_with(|| Source::from(source.text.as_str())))
    }

    fn display<'b>(&self, id: &'b FileId) -> Option<impl Display + 'b> {
        self.sources.files.get(id.0 as usize).map(|source| source.name.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::{Source as Text, typing::UNIT_MISMATCH};

    fn sources(text: &str) -> Sources {
        Sources { files: vec![Text { name: "a.circ".into(), text: text.into() }] }
    }

    fn span(start: u32, end: u32) -> Span {
        Span { file: FileId(0), start, end }
    }

    #[test]
    fn a_span_inside_a_character_or_past_the_end_is_moved() {
        let text = sources("µ");
        for (start, end) in [(0, 1), (1, 1), (1, 2), (0, 9), (7, 9), (2, 2)] {
            assert!(
                render(&[UNIT_MISMATCH.at(span(start, end), "x")], &text, true).contains("unit-mismatch")
            );
        }
        let nowhere = Span { file: FileId(7), start: 0, end: 1 };
        insta::assert_snapshot!(render(&[UNIT_MISMATCH.at(nowhere, "x").help("y")], &text, false), @"
        [unit-mismatch] Error: x
          Help: y
        ");
    }

    #[test]
    fn a_line_that_no_screen_holds_is_not_shown() {
        let text = sources(&format!("\nlet x = 1{}", " + 1".repeat(5000)));
        let place = span(9, 10);
        insta::assert_snapshot!(render(&[UNIT_MISMATCH.at(place, "x").primary("here")], &text, false), @"
        [unit-mismatch] Error: x
          At: a.circ:2:9
        ");
    }
}
