//! Symbols: the outline of a document.

use crate::analysis::Analysis;
use crate::hover::head;
use crate::names::{Declaration, DeclarationId, Kind};
use crate::position::Lines;
use circ_grammar::ast::FileId;
use lsp_types::{DocumentSymbol, SymbolKind};
use std::collections::BTreeMap;

/// What is declared within what.
type Children<'a> = BTreeMap<Option<DeclarationId>, Vec<(DeclarationId, &'a Declaration)>>;

/// Every item of the main file with what it declares.
pub fn symbols(analysis: &Analysis, lines: &Lines) -> Vec<DocumentSymbol> {
    let mut children = Children::new();
    for (at, it) in analysis.index.declarations.iter().enumerate() {
        let is_nameless = matches!(it.kind, Kind::File | Kind::Index);
        let is_local = it.owner.is_none() && matches!(it.kind, Kind::Argument | Kind::Let);
        if it.name.span.file == FileId(0) && !is_nameless && !is_local {
            children.entry(it.owner).or_default().push((DeclarationId(at), it));
        }
    }
    within(analysis, None, &children, lines)
}

#[allow(deprecated)] // The field must be given where the type is built.
fn within(
    analysis: &Analysis,
    owner: Option<DeclarationId>,
    children: &Children,
    lines: &Lines,
) -> Vec<DocumentSymbol> {
    let symbol = |(id, it): &(DeclarationId, &Declaration)| {
        let within = within(analysis, Some(*id), children, lines);
        DocumentSymbol {
            name: it.name.text.to_string(),
            detail: Some(head(analysis.slice(it.text))),
            kind: kind(it.kind),
            tags: None,
            deprecated: None,
            range: lines.range(it.text.to(it.name.span)),
            selection_range: lines.range(it.name.span),
            children: (!within.is_empty()).then_some(within),
        }
    };
    children.get(&owner).into_iter().flatten().map(symbol).collect()
}

fn kind(kind: Kind) -> SymbolKind {
    match kind {
        Kind::File => SymbolKind::FILE,
        Kind::Cell | Kind::Segment => SymbolKind::CLASS,
        Kind::Rule | Kind::Part => SymbolKind::INTERFACE,
        Kind::Circuit => SymbolKind::MODULE,
        Kind::Experiment | Kind::Function => SymbolKind::FUNCTION,
        Kind::Constant | Kind::Data | Kind::Argument | Kind::Param => SymbolKind::CONSTANT,
        Kind::State | Kind::Let | Kind::Trace | Kind::Synapse | Kind::Index => SymbolKind::VARIABLE,
        Kind::Port | Kind::Modulator => SymbolKind::PROPERTY,
        Kind::Event | Kind::Drive => SymbolKind::EVENT,
        Kind::Mode => SymbolKind::ENUM_MEMBER,
        Kind::Population => SymbolKind::ARRAY,
        Kind::Projection => SymbolKind::OPERATOR,
    }
}
