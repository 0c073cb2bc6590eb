//! Completion: what can be written where the cursor is.
//!
//! In: an analysis and a place in text that is half written. Out: items. What is before the cursor decides, as letters:
//! the tree has nothing where a statement is not whole yet. The names in scope come from the analysis.

mod around;
mod library;

use crate::analysis::Analysis;
use crate::hover::{describe, head, type_words};
use crate::names::{DeclarationId, Kind};
use crate::words::{self, Block, Sort, Word};
use around::{Around, Before};
use circ_compiler::units;
use lsp_types::{CompletionItem, CompletionItemKind, Documentation, MarkupContent, MarkupKind};

/// What can stand at a byte of the main file.
pub fn completions(analysis: &Analysis, offset: usize) -> Vec<CompletionItem> {
    let around = Around::of(analysis.text(), offset);
    match &around.before {
        Before::Nothing => vec![],
        Before::Number => units(),
        Before::Use(path) => library::items(analysis, path),
        Before::Member(path) => members(analysis, &around, path),
        Before::Start => {
            let mut items: Vec<_> = words::beginning(around.block).map(word).collect();
            if !matches!(around.block, Block::File | Block::Constraints | Block::Rewire) {
                items.extend(in_scope(analysis, &around, |_| true));
            }
            items
        }
        Before::Type => {
            let polarities = ["excitatory", "inhibitory", "modulatory"];
            let polarities = polarities.iter().flat_map(|name| words::named(name));
            let mut items: Vec<_> = polarities.chain(words::of_sort(Sort::Type)).map(word).collect();
            let is_kind = |kind: Kind| matches!(kind, Kind::Cell | Kind::Circuit | Kind::Rule | Kind::File);
            match around.block {
                Block::Circuit | Block::File => {
                    items.extend(in_scope(analysis, &around, is_kind));
                    items.extend(library::not_used_yet(analysis));
                }
                _ => {}
            }
            items
        }
        Before::Word("via") => words::of_sort(Sort::Shape).map(word).collect(),
        Before::Word("connect") => words::of_sort(Sort::Connect).map(word).collect(),
        Before::Word("method") => words::of_sort(Sort::Method).map(word).collect(),
        Before::Word("plasticity") => {
            let mut items: Vec<_> = in_scope(analysis, &around, |kind| kind == Kind::Rule).collect();
            items.extend(library::not_used_yet(analysis));
            items
        }
        Before::Word("of") => in_scope(analysis, &around, |_| true).collect(),
        Before::Word(_) => {
            let language = [Sort::Function, Sort::Value, Sort::Within].into_iter().flat_map(words::of_sort);
            let mut items: Vec<_> = in_scope(analysis, &around, |_| true).collect();
            items.extend(language.map(word));
            items.extend(
                words::named("sum").chain(words::named("exponential")).chain(words::named("if")).map(word),
            );
            items
        }
    }
}

/// Names that the place sees: of its block and those around it, then of the file. Each once, the nearest first.
fn in_scope<'a>(
    analysis: &'a Analysis,
    around: &'a Around,
    is_wanted: impl Fn(Kind) -> bool + 'a,
) -> impl Iterator<Item = CompletionItem> + 'a {
    let index = &analysis.index;
    let scope = around.scope(analysis);
    let inner = scope.map(|scope| index.names_within(scope)).unwrap_or_default();
    let mut seen = std::collections::BTreeSet::new();
    let all = inner.into_iter().chain(index.file_names(0).collect::<Vec<_>>());
    all.filter(move |(name, _)| seen.insert(*name))
        .filter(move |(_, id)| is_wanted(index.get(*id).kind))
        .map(|(name, id)| declared(analysis, name, id))
}

/// After `E.` or `E[0].distal.`.
fn members(analysis: &Analysis, around: &Around, path: &[&str]) -> Vec<CompletionItem> {
    let Some((first, rest)) = path.split_first() else { return vec![] };
    let index = &analysis.index;
    let modules = &analysis.program.modules;
    let scope = around.scope(analysis);
    let mut at = match *first {
        "cell" => around.cell(analysis),
        first => index.named(scope, 0, first),
    };
    for name in rest {
        at = at.and_then(|id| index.member_named(modules, id, name));
    }
    let Some(of) = at else { return vec![] };
    let kind = index.get(of).kind;
    let found = match kind {
        Kind::Cell => index.get(of).scope.map(|scope| index.members(scope)).unwrap_or_default(),
        _ => index.members_of(modules, of),
    };
    let mut items: Vec<_> = found.into_iter().map(|(name, id)| declared(analysis, name, id)).collect();
    match kind {
        Kind::Population => items.extend(words::named("spike").map(word)),
        Kind::Projection => items.extend(words::named("w").chain(words::named("d")).map(word)),
        _ => {}
    }
    items
}

fn units() -> Vec<CompletionItem> {
    let common =
        ["ms", "mV", "pA", "nS", "Hz", "pF", "MOhm", "um", "mM", "%", "s", "nA", "kHz", "uS", "tick"];
    let others = units::names().filter(|name| !common.contains(&name.as_str()));
    let all = common.iter().map(|name| name.to_string()).chain(others).enumerate();
    let item = |(at, name)| CompletionItem {
        sort_text: Some(format!("{at:03}")),
        label: name,
        kind: Some(CompletionItemKind::UNIT),
        ..CompletionItem::default()
    };
    all.map(item).collect()
}

fn word(word: &Word) -> CompletionItem {
    CompletionItem {
        label: word.name.to_string(),
        kind: Some(match word.sort {
            Sort::Statement(_) | Sort::Within | Sort::Connect | Sort::Method => CompletionItemKind::KEYWORD,
            Sort::Function | Sort::Shape => CompletionItemKind::FUNCTION,
            Sort::Value => CompletionItemKind::CONSTANT,
            Sort::Type => CompletionItemKind::TYPE_PARAMETER,
        }),
        detail: (!word.form.is_empty()).then(|| word.form.to_string()),
        documentation: Some(Documentation::String(word.meaning.to_string())),
        ..CompletionItem::default()
    }
}

fn declared(analysis: &Analysis, name: &str, id: DeclarationId) -> CompletionItem {
    let it = analysis.index.get(id);
    let ty = analysis.type_of(id).and_then(type_words);
    let value = MarkupContent { kind: MarkupKind::Markdown, value: describe(analysis, id) };
    CompletionItem {
        label: name.to_string(),
        kind: Some(kind(it.kind)),
        detail: Some(ty.unwrap_or_else(|| head(analysis.slice(it.text)))),
        documentation: Some(Documentation::MarkupContent(value)),
        ..CompletionItem::default()
    }
}

fn kind(kind: Kind) -> CompletionItemKind {
    match kind {
        Kind::File => CompletionItemKind::MODULE,
        Kind::Cell | Kind::Circuit | Kind::Segment | Kind::Part => CompletionItemKind::CLASS,
        Kind::Rule => CompletionItemKind::INTERFACE,
        Kind::Experiment | Kind::Function => CompletionItemKind::FUNCTION,
        Kind::Constant | Kind::Data | Kind::Argument | Kind::Param => CompletionItemKind::CONSTANT,
        Kind::State | Kind::Let | Kind::Trace | Kind::Synapse | Kind::Index => CompletionItemKind::VARIABLE,
        Kind::Port | Kind::Modulator => CompletionItemKind::PROPERTY,
        Kind::Event | Kind::Drive => CompletionItemKind::EVENT,
        Kind::Mode => CompletionItemKind::ENUM_MEMBER,
        Kind::Population | Kind::Projection => CompletionItemKind::VALUE,
    }
}
