//! Analysis: what is known of an open document.
//!
//! In: its text and those around it. Out: [`Analysis`]: the trees, all names, and the type of each declaration by the
//! place of its name. The compiler's messages take longer and are made elsewhere, see `checks`.

use crate::documents::{Document, Documents};
use crate::library;
use crate::names::{self, DeclarationId, Index};
use circ::sources::{self, Program};
use circ_compiler::check::{Types, check};
use circ_compiler::diagnose::Sink;
use circ_compiler::hir::Hir;
use circ_compiler::resolve::resolve;
use circ_compiler::types::Type;
use circ_grammar::ast::Span;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A program with all its names.
#[derive(Debug)]
pub struct Analysis {
    pub program: Program,
    pub index: Index,
    /// By the place of the name.
    pub types: BTreeMap<Span, Type>,
    path: Option<PathBuf>,
}

/// Reads a document with all files that it uses, as they are in the editor.
pub fn program(document: &Document, documents: &Documents) -> Program {
    let open = |path: &std::path::Path| documents.text_at(path);
    sources::parse_among(&document.name(), document.text.clone(), &document.folder(), &open)
}

impl Analysis {
    pub fn of(document: &Document, documents: &Documents) -> Analysis {
        Analysis::of_program(program(document, documents), document.path.clone())
    }

    /// `path`: of the main file.
    pub fn of_program(program: Program, path: Option<PathBuf>) -> Analysis {
        let index = names::index(&program.modules);
        let mut sink = Sink::default();
        let hir = resolve(&program.modules, &mut sink);
        let types = types_by_place(&hir, &check(&hir, &mut sink));
        Analysis { program, index, types, path }
    }

    /// The text of the main file.
    pub fn text(&self) -> &str {
        &self.program.sources.files[0].text
    }

    /// The text of the file of a span.
    pub fn text_of(&self, span: Span) -> &str {
        self.program.sources.files.get(span.file.0 as usize).map_or("", |source| &source.text)
    }

    /// The text at a span.
    pub fn slice(&self, span: Span) -> &str {
        self.text_of(span).get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// Where the file of a span lies; one of the library is written if it has to.
    pub fn file(&self, span: Span) -> Option<PathBuf> {
        let module = self.program.modules.get(span.file.0 as usize)?;
        match module.path.first() {
            None => self.path.clone(),
            Some(first) if first == "std" => library::file(&module.path),
            Some(_) => Some(sources::module_file(&module.path, &self.program.folder)),
        }
    }

    /// Whether a span is in the library.
    pub fn is_library(&self, span: Span) -> bool {
        let module = self.program.modules.get(span.file.0 as usize);
        let is_open = self.path.as_deref().is_some_and(library::holds);
        is_open || module.is_some_and(|it| it.path.first().is_some_and(|first| first == "std"))
    }

    /// The type of what is declared.
    pub fn type_of(&self, id: DeclarationId) -> Option<&Type> {
        self.types.get(&self.index.get(id).name.span).filter(|ty| **ty != Type::Error)
    }
}

fn types_by_place(hir: &Hir, types: &Types) -> BTreeMap<Span, Type> {
    let mut found = BTreeMap::new();
    let mut put = |span: Span, ty: Option<&Type>| {
        if let (Some(ty), true) = (ty, span.start < span.end) {
            found.entry(span).or_insert_with(|| ty.clone());
        }
    };
    hir.globals.iter().zip(&types.globals).for_each(|(it, ty)| put(it.span, Some(ty)));
    hir.functions.iter().zip(&types.functions).for_each(|(it, ty)| put(it.span, Some(ty)));
    hir.locals.iter().zip(&types.locals).for_each(|(it, ty)| put(it.span, Some(ty)));
    for (cell, types) in hir.cells.iter().zip(&types.vars) {
        cell.vars.iter().zip(types).for_each(|(it, ty)| put(it.span, Some(ty)));
    }
    for (rule, types) in hir.rules.iter().zip(&types.rule_vars) {
        rule.vars.iter().zip(types).for_each(|(it, ty)| put(it.span, Some(ty)));
    }
    for (circuit, types) in hir.circuits.iter().zip(&types.circuit_slots) {
        circuit.slots.iter().zip(types).for_each(|(it, ty)| put(it.span, Some(ty)));
    }
    for (experiment, types) in hir.experiments.iter().zip(&types.experiment_slots) {
        experiment.slots.iter().zip(types).for_each(|(it, ty)| put(it.span, Some(ty)));
    }
    found
}
