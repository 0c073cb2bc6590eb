//! What the library offers: files and items after `use`, and items that a file does not use yet.

use crate::analysis::Analysis;
use circ::stdlib;
use circ_compiler::diagnose::library::LIBRARY;
use circ_grammar::ast::{FileId, ItemKind, Span};
use lsp_types::{CompletionItem, CompletionItemKind, Documentation, Position, Range, TextEdit};

/// After the names of a path.
pub fn items(analysis: &Analysis, path: &[&str]) -> Vec<CompletionItem> {
    match path {
        [] => vec![item("std", CompletionItemKind::MODULE, "the library", None)],
        ["std"] => stdlib::modules().filter_map(|name| file(name.strip_prefix("std.")?)).collect(),
        ["std", name, ..] => stdlib::text(name).map(of_file).unwrap_or_default(),
        // A file beside the document: what it declares is known where some `use` already reads it.
        [name, ..] => {
            let module = analysis.program.modules.iter().position(|it| it.path == [name.to_string()]);
            let names = module.map(|at| analysis.index.own_names(&analysis.program.modules, at));
            let names = names.unwrap_or_default().into_iter();
            names.map(|(name, _)| item(name, CompletionItemKind::CLASS, "", None)).collect()
        }
    }
}

fn file(name: &str) -> Option<CompletionItem> {
    let parsed = circ_grammar::parse(FileId(0), stdlib::text(name)?);
    Some(item(name, CompletionItemKind::MODULE, "a file of the library", parsed.file.doc.as_deref()))
}

fn of_file(text: &str) -> Vec<CompletionItem> {
    let parsed = circ_grammar::parse(FileId(0), text);
    let items = parsed.file.items.iter().filter_map(|it| {
        let (name, what) = match &it.kind {
            ItemKind::Cell(it) => (&it.name, "a cell"),
            ItemKind::Rule(it) => (&it.name, "a plasticity rule"),
            ItemKind::Circuit(it) => (&it.name, "a circuit"),
            ItemKind::Fn(it) => (&it.name, "a function"),
            ItemKind::Let(it) => (&it.name, "a constant"),
            ItemKind::Data(it) => (&it.name, "data"),
            ItemKind::Use { .. } | ItemKind::Experiment(_) | ItemKind::Error => return None,
        };
        Some(item(&name.text, CompletionItemKind::CLASS, what, it.attributes.doc.as_deref()))
    });
    items.collect()
}

fn item(name: &str, kind: CompletionItemKind, detail: &str, doc: Option<&str>) -> CompletionItem {
    CompletionItem {
        label: name.to_string(),
        kind: Some(kind),
        detail: Some(detail.to_string()),
        documentation: doc.map(|doc| Documentation::String(doc.trim().to_string())),
        ..CompletionItem::default()
    }
}

/// Cells and rules that the file does not know yet, each with the `use` line that brings it in.
pub fn not_used_yet(analysis: &Analysis) -> Vec<CompletionItem> {
    let new = LIBRARY.iter().filter(|(_, _, name)| analysis.index.top_level(0, name).is_none());
    let at = Position { line: line_of_next_use(analysis), character: 0 };
    let item = |(file, kind, name): &(&str, &str, &str)| CompletionItem {
        label: name.to_string(),
        kind: Some(CompletionItemKind::CLASS),
        detail: Some(format!("a {kind} of `std.{file}`")),
        // Behind all that is here already.
        sort_text: Some(format!("~{name}")),
        additional_text_edits: Some(vec![TextEdit {
            range: Range { start: at, end: at },
            new_text: format!("use std.{file}.{name}\n"),
        }]),
        ..CompletionItem::default()
    };
    new.map(item).collect()
}

/// Behind the last `use`, else before the first item.
fn line_of_next_use(analysis: &Analysis) -> u32 {
    let items = &analysis.program.main().items;
    let mut uses = items.iter().filter(|it| matches!(it.kind, ItemKind::Use { .. })).map(|it| it.span);
    let line = |at: u32| {
        let before = analysis.text().get(..at as usize).unwrap_or("");
        before.matches('\n').count() as u32
    };
    match (uses.next_back(), items.first()) {
        (Some(Span { end, .. }), _) => line(end) + 1,
        (None, Some(_)) => first_item_line(analysis),
        (None, None) => 0,
    }
}

/// Comments and documentation before the first item belong to it, those of the file do not.
fn first_item_line(analysis: &Analysis) -> u32 {
    let head = analysis.text().lines().take_while(|line| line.trim().is_empty() || line.starts_with("//!"));
    head.count() as u32
}
