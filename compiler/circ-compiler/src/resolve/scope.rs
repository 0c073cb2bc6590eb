//! Scopes: what a name means at the top level of a file, and inside of a cell, circuit or experiment.
//!
//! In: declarations, by the other parts of the pass. Out: meanings, and candidates for "did you mean".

use super::Resolver;
use crate::diagnose::{names, suggest};
use crate::hir::{
    CellId, CircuitId, EventIx, FunctionId, GlobalId, ModeId, RuleId, SegmentId, SlotId, VarId,
};
use circ_grammar::ast::{self, Name, Path, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a top-level name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Def {
    Cell(CellId),
    Circuit(CircuitId),
    Experiment,
    Rule(RuleId),
    Global(GlobalId),
    Function(FunctionId),
    /// A whole file, by `use std.cells`.
    Module(usize),
    /// Already reported.
    Unknown,
}

impl Def {
    /// With its article.
    pub fn kind(self) -> &'static str {
        match self {
            Def::Cell(_) => "a cell",
            Def::Circuit(_) => "a circuit",
            Def::Experiment => "an experiment",
            Def::Rule(_) => "a plasticity rule",
            Def::Global(_) => "a constant",
            Def::Function(_) => "a function",
            Def::Module(_) => "a file",
            Def::Unknown => "something unknown",
        }
    }
}

/// The top level of one file: its own items, and what it uses.
#[derive(Debug, Default)]
pub struct FileScope {
    own: BTreeMap<Arc<str>, (Def, Span)>,
    used: BTreeMap<Arc<str>, (Def, Span)>,
}

impl FileScope {
    /// Gives back where the name was declared before, if it was; the first declaration stays.
    pub fn declare(&mut self, name: &Name, def: Def) -> Option<Span> {
        declare(&mut self.own, name, def)
    }

    fn get(&self, name: &str) -> Option<(Def, Span)> {
        self.own.get(name).or_else(|| self.used.get(name)).copied()
    }

    fn all(&self) -> impl Iterator<Item = (&str, Def)> {
        self.own.iter().chain(&self.used).map(|(name, (def, _))| (&**name, *def))
    }
}

/// What a name means inside of a cell, circuit or experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    Var(VarId),
    Mode(ModeId),
    Event(EventIx),
    Function(FunctionId),
    Slot(SlotId),
    OfCircuit(SlotId),
    Segment(SegmentId),
    /// Refused or not understood, already reported.
    Refused,
}

impl Named {
    /// With its article.
    pub fn kind(self) -> &'static str {
        match self {
            Named::Var(_) => "a variable",
            Named::Mode(_) => "a mode",
            Named::Event(_) => "an event",
            Named::Function(_) => "a function",
            Named::Slot(_) | Named::OfCircuit(_) => "an item of the circuit",
            Named::Segment(_) => "a segment",
            Named::Refused => "something unknown",
        }
    }
}

/// Names with their places.
pub type Names = BTreeMap<Arc<str>, (Named, Span)>;

/// Gives back where the name was declared before, if it was; the first declaration stays.
pub fn declare<T>(names: &mut BTreeMap<Arc<str>, (T, Span)>, name: &Name, meaning: T) -> Option<Span> {
    match names.entry(name.text.clone()) {
        std::collections::btree_map::Entry::Occupied(first) => Some(first.get().1),
        std::collections::btree_map::Entry::Vacant(free) => {
            free.insert((meaning, name.span));
            None
        }
    }
}

/// The modules that a `use` may name, seen from the module that it stands in, see [`super::imports`].
pub fn candidates(user: &[String], path: &Path, braces: Option<&[Name]>) -> Vec<Vec<String>> {
    let names = path.names.iter().map(|name| name.text.to_string());
    let library = path.names.first().is_some_and(|name| &*name.text == "std");
    let beside = if library { &[] } else { &user[..user.len().saturating_sub(1)] };
    let whole: Vec<String> = beside.iter().cloned().chain(names).collect();
    match (braces, path.names.len()) {
        (Some(_), _) | (None, ..=1) => vec![whole],
        (None, _) => vec![whole.clone(), whole[..whole.len() - 1].to_vec()],
    }
}

/// The file that a `use` without one was meant to name: a capital letter begins the name of an item.
fn file_meant(path: &Path, braces: Option<&[Name]>) -> String {
    let texts: Vec<&str> = path.names.iter().map(|name| &*name.text).collect();
    let library = texts.first() == Some(&"std");
    let capital = texts.last().is_some_and(|name| name.starts_with(|c: char| c.is_ascii_uppercase()));
    let has_item = braces.is_none() && 1 < texts.len() && if library { 2 < texts.len() } else { capital };
    texts[..texts.len() - usize::from(has_item)].join(".")
}

/// From the first name to the last.
pub fn path_span(path: &Path) -> Span {
    match (path.names.first(), path.names.last()) {
        (Some(first), Some(last)) => first.span.to(last.span),
        _ => Span::default(),
    }
}

impl<'a> Resolver<'a> {
    /// Brings in what each file uses.
    pub fn imports(&mut self) {
        for module in 0..self.modules.len() {
            for item in &self.modules[module].file.items {
                if let ast::ItemKind::Use { path, names } = &item.kind {
                    self.import(module, path, names.as_deref());
                }
            }
        }
    }

    fn import(&mut self, into: usize, path: &Path, braces: Option<&[Name]>) {
        let candidates = candidates(&self.modules[into].path, path, braces);
        let module_at = |path: &Vec<String>| self.modules.iter().skip(1).position(|it| it.path == *path);
        let found = candidates.iter().enumerate().find_map(|(k, path)| Some((k, module_at(path)? + 1)));
        if found.is_none() {
            self.sink.push(names::unknown_file(path_span(path), &file_meant(path, braces)));
        }
        let (from, item) = (found.map(|(_, module)| module), found.is_some_and(|(k, _)| 0 < k));
        for name in braces.into_iter().flatten() {
            let def = from.map_or(Def::Unknown, |from| self.item_of(from, name));
            self.bring_in(into, name, def);
        }
        if let (None, Some(last)) = (braces, path.names.last()) {
            let def = match from {
                Some(from) if item => self.item_of(from, last),
                from => from.map_or(Def::Unknown, Def::Module),
            };
            self.bring_in(into, last, def);
        }
    }

    /// An item of another file by its name; reports one that is not there.
    fn item_of(&mut self, module: usize, name: &Name) -> Def {
        if let Some((def, _)) = self.scopes[module].own.get(&name.text) {
            return *def;
        }
        let file = self.modules[module].path.join(".");
        let suggestion = suggest::nearest(&name.text, self.scopes[module].own.keys().map(|name| &**name));
        self.sink.push(names::unknown_item(name.span, &name.text, &file, suggestion));
        Def::Unknown
    }

    fn bring_in(&mut self, into: usize, name: &Name, def: Def) {
        let own = self.scopes[into].own.get(&name.text).map(|(_, span)| *span);
        if let Some(first) = own.or_else(|| declare(&mut self.scopes[into].used, name, def)) {
            self.sink.push(names::duplicate_name(name.span, &name.text, first));
        }
    }

    /// A top-level name as seen from a file, without a report.
    pub fn top_level(&self, module: usize, name: &str) -> Option<(Def, Span)> {
        self.scopes.get(module)?.get(name)
    }

    /// `Lif` or `cells.Lif` where a cell, circuit or the like is due; reports what is not there.
    /// `wanted` is the kind without its article; `is_wanted` tells which definitions are of it.
    pub fn lookup_path(
        &mut self,
        module: usize,
        path: &Path,
        wanted: &str,
        is_wanted: fn(Def) -> bool,
    ) -> Option<(Def, Span)> {
        let (first, rest) = path.names.split_first()?;
        let mut found = match self.top_level(module, &first.text) {
            Some(found) => found,
            None if wanted == "cell" && &*first.text == "SpikeTimes" => {
                (Def::Cell(self.spike_times()), first.span)
            }
            None => {
                let candidates =
                    self.scopes[module].all().filter(|(_, def)| is_wanted(*def)).map(|(name, _)| name);
                let candidates = candidates.chain((wanted == "cell").then_some("SpikeTimes"));
                let suggestion = suggest::nearest(&first.text, candidates);
                self.sink.push(names::unknown_name(first.span, &first.text, wanted, suggestion));
                return None;
            }
        };
        for name in rest {
            match found.0 {
                Def::Module(inner) => found = (self.item_of(inner, name), name.span),
                Def::Unknown => return None,
                other => {
                    self.sink.push(names::wrong_kind(
                        first.span,
                        &first.text,
                        other.kind(),
                        "a file",
                        Some(found.1),
                    ));
                    return None;
                }
            }
        }
        match found.0 {
            Def::Unknown => None,
            def if is_wanted(def) => Some(found),
            def => {
                let last = path.names.last().unwrap_or(first);
                let declared = (found.1 != last.span).then_some(found.1);
                self.sink.push(names::wrong_kind(
                    last.span,
                    &last.text,
                    def.kind(),
                    &format!("a {wanted}"),
                    declared,
                ));
                None
            }
        }
    }

    /// Names at the top level that a value or function may have, for "did you mean".
    pub fn top_level_names(&self, module: usize, is_wanted: fn(Def) -> bool) -> Vec<String> {
        self.scopes[module]
            .all()
            .filter(|(_, def)| is_wanted(*def))
            .map(|(name, _)| name.to_owned())
            .collect()
    }

    /// An own item of a file, for `cells.K`; reports one that is not there.
    pub fn member_of_file(&mut self, module: usize, name: &Name) -> Def {
        self.item_of(module, name)
    }
}
