//! Hovers: what a name is, where somebody points at it.
//!
//! In: an analysis and a place. Out: Markdown: the line that declares it, its type and unit, its documentation, and for
//! a state its equations; of the language's own words what they mean.

use crate::analysis::Analysis;
use crate::names::{DeclarationId, Kind};
use crate::words;
use circ_compiler::types::Type;
use circ_grammar::ast::{CellItem, CellItemKind, FileId, ItemKind, Span};

/// What stands at a byte of the main file, and its place.
pub fn hover(analysis: &Analysis, offset: usize) -> Option<(Span, String)> {
    let place = Span { file: FileId(0), start: offset as u32, end: offset as u32 };
    if let Some((span, of)) = analysis.index.at(place) {
        let parts: Vec<String> = of.iter().map(|id| describe(analysis, *id)).collect();
        return Some((span, parts.join("\n\n---\n\n")));
    }
    let (span, word) = word_at(analysis.text(), offset)?;
    let meanings: Vec<String> = words::named(word)
        .map(|it| match it.form {
            "" => format!("`{word}`: {}", it.meaning),
            form => format!("```circ\n{form}\n```\n{}", it.meaning),
        })
        .collect();
    (!meanings.is_empty()).then(|| (span, meanings.join("\n\n")))
}

/// The word that a byte is in or at the end of, unless it stands in a comment or string.
pub fn word_at(text: &str, offset: usize) -> Option<(Span, &str)> {
    let belongs = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let (before, after) = text.split_at_checked(offset)?;
    let start = before.trim_end_matches(belongs).len();
    let end = text.len() - after.trim_start_matches(belongs).len();
    let line = &text[text[..start].rfind('\n').map_or(0, |at| at + 1)..start];
    let is_code = !line.contains("//") && line.matches('"').count().is_multiple_of(2);
    let word = &text[start..end];
    let is_word = word.starts_with(|letter: char| !letter.is_ascii_digit());
    (is_code && is_word).then_some((Span { file: FileId(0), start: start as u32, end: end as u32 }, word))
}

/// What is declared, as Markdown.
pub fn describe(analysis: &Analysis, id: DeclarationId) -> String {
    let declared = analysis.index.get(id);
    let mut text = match declared.kind {
        Kind::File => format!("```circ\nuse {}\n```", file_path(analysis, declared.text)),
        _ => format!("```circ\n{}\n```", head(analysis.slice(declared.text))),
    };
    let owner = declared.owner.map(|owner| analysis.index.get(owner));
    let of = owner.map_or(String::new(), |owner| format!(" of `{}`", owner.name.text));
    let ty = analysis.type_of(id).and_then(type_words).map_or(String::new(), |ty| format!(": {ty}"));
    text += &format!("\n{}{of}{ty}", declared.kind.words());
    for equation in equations(analysis, id) {
        text += &format!("\n```circ\n{}\n```", analysis.slice(equation));
    }
    if let Some(doc) = &declared.doc {
        text += &format!("\n\n{}", doc.trim());
    }
    text
}

/// The first line of a statement, without the block that it opens.
pub fn head(text: &str) -> String {
    let lines = text.lines().skip_while(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with("//") || line.starts_with('@')
    });
    let mut head = String::new();
    for line in lines {
        let (before, opens) = match line.split_once('{') {
            Some((before, _)) if !before.contains('"') => (before, true),
            _ => (line, false),
        };
        head += before.split("//").next().unwrap_or_default().trim();
        if opens || !goes_on(&head) {
            break;
        }
        head.push(' ');
    }
    head.trim_end().to_string()
}

/// Whether a statement that begins so has more lines.
fn goes_on(head: &str) -> bool {
    let depth = |open: char, close: char| head.matches(open).count() > head.matches(close).count();
    depth('(', ')') || depth('[', ']') || head.ends_with(['=', ',', '+', '-', '*', '/', '(', '[', '>'])
}

/// A type with the unit in which its values are shown, as people say it.
pub fn type_words(ty: &Type) -> Option<String> {
    Some(match ty {
        Type::Real(dimension) | Type::Port(dimension) => match (dimension.is_real(), dimension.0[6]) {
            (true, _) => "a number without unit".to_string(),
            (_, 0) => {
                let unit = circ::quantity::unit(*dimension);
                format!("`{ty}`, in {}", unit.name)
            }
            _ => format!("`{ty}`"),
        },
        Type::AnyReal => "a number of any unit".to_string(),
        Type::Int => "a whole number".to_string(),
        Type::Bool => "`true` or `false`".to_string(),
        Type::Text => "text".to_string(),
        Type::Array(..) => format!("`{ty}`"),
        Type::Tuple(_) | Type::View(_) | Type::Segment | Type::Events | Type::Part(_) => return None,
        Type::Drive | Type::Projection | Type::Family(_) | Type::Error => return None,
    })
}

/// `std.cells`
fn file_path(analysis: &Analysis, span: Span) -> String {
    let module = analysis.program.modules.get(span.file.0 as usize);
    module.map_or(String::new(), |module| module.path.join("."))
}

/// The equations of a state, those in modes too.
fn equations(analysis: &Analysis, id: DeclarationId) -> Vec<Span> {
    let declared = analysis.index.get(id);
    let at = declared.name.span;
    let Some(module) = analysis.program.modules.get(at.file.0 as usize) else { return vec![] };
    let owner = module.file.items.iter().find(|item| item.span.start <= at.start && at.end <= item.span.end);
    match owner.map(|item| &item.kind) {
        Some(ItemKind::Cell(cell)) if declared.kind == Kind::State => {
            // A segment's states have their equations beside them.
            let mut open: Vec<&[CellItem]> = vec![&cell.items];
            while let Some(items) = open.pop() {
                let declares =
                    |item: &CellItem| matches!(&item.kind, CellItemKind::State(it) if it.name.span == at);
                if items.iter().any(declares) {
                    let is_own = |item: &&CellItem| matches!(&item.kind, CellItemKind::Equation(it) if it.name.text == declared.name.text);
                    return items.iter().filter(is_own).map(|item| item.span).collect();
                }
                open.extend(items.iter().filter_map(|item| match &item.kind {
                    CellItemKind::Segment { items, .. } => Some(&items[..]),
                    _ => None,
                }));
            }
            vec![]
        }
        _ => vec![],
    }
}
