//! Names: what a program declares, and where each name is used.
//!
//! In: the trees of a program, whatever is wrong with it. Out: an [`Index`] of declarations and uses. The compiler
//! resolves names to ids and forgets the places between; an editor needs every place, also in text that is half
//! written, so that names are looked up here once more, by the same scopes: what is around, then the file, then the
//! language. `rename` lets the compiler judge what it made of the result.

mod declare;
mod expression;
mod lookup;
#[cfg(test)]
mod tests;
mod walk;

use circ_compiler::resolve::Module;
use circ_grammar::ast::{ExprId, Name, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Into [`Index::declarations`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeclarationId(pub usize);

/// Into [`Index::scopes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScopeId(usize);

/// What is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    Cell,
    Rule,
    Circuit,
    Experiment,
    Constant,
    Data,
    Function,
    /// Of a function, circuit or experiment.
    Argument,
    Param,
    State,
    Let,
    Port,
    Segment,
    Event,
    Mode,
    Modulator,
    Trace,
    Synapse,
    Population,
    Drive,
    Projection,
    Part,
    Index,
}

impl Kind {
    /// With its article.
    pub fn words(self) -> &'static str {
        match self {
            Kind::File => "a file",
            Kind::Cell => "a cell",
            Kind::Rule => "a plasticity rule",
            Kind::Circuit => "a circuit",
            Kind::Experiment => "an experiment",
            Kind::Constant => "a constant",
            Kind::Data => "data",
            Kind::Function => "a function",
            Kind::Argument => "an argument",
            Kind::Param => "a parameter",
            Kind::State => "a state",
            Kind::Let => "a `let`",
            Kind::Port => "a port",
            Kind::Segment => "a segment",
            Kind::Event => "an event",
            Kind::Mode => "a mode",
            Kind::Modulator => "a modulator",
            Kind::Trace => "a trace",
            Kind::Synapse => "a state of synapses",
            Kind::Population => "a population",
            Kind::Drive => "a drive",
            Kind::Projection => "a projection",
            Kind::Part => "a part",
            Kind::Index => "an index",
        }
    }
}

/// A name and what it stands for.
#[derive(Clone, Debug)]
pub struct Declaration {
    pub name: Name,
    pub kind: Kind,
    /// The whole statement.
    pub text: Span,
    pub doc: Option<Arc<str>>,
    /// What it is declared in: a cell, a segment, a circuit.
    pub owner: Option<DeclarationId>,
    /// The names within.
    pub scope: Option<ScopeId>,
    target: Target,
}

/// What has members.
#[derive(Clone, Debug, Default)]
enum Target {
    /// Nothing that has.
    #[default]
    None,
    /// Cells or segments, of one kind or more.
    Cells(Vec<ScopeId>),
    /// A part.
    Circuit(ScopeId),
    /// Synapses, with the rule that they learn by.
    Synapses(Option<ScopeId>),
    File(usize),
    /// What this expression is, seen from a scope of a file.
    Expr(usize, Option<ScopeId>, ExprId),
}

/// The names of one block.
#[derive(Clone, Debug)]
struct Scope {
    module: usize,
    of: DeclarationId,
    names: BTreeMap<Arc<str>, DeclarationId>,
    around: Option<ScopeId>,
    /// What a cell or rule takes over.
    base: Option<ScopeId>,
}

/// A place where a name stands that was declared elsewhere. Of a view of several cells it stands for one thing in each.
#[derive(Clone, Debug)]
pub struct Use {
    pub span: Span,
    pub of: Vec<DeclarationId>,
}

/// All names of a program.
#[derive(Clone, Debug, Default)]
pub struct Index {
    pub declarations: Vec<Declaration>,
    /// In order of their places.
    pub uses: Vec<Use>,
    /// Names that nothing here declares, the language's among them.
    pub open: Vec<Name>,
    scopes: Vec<Scope>,
    /// By module: its own names, and those that it uses.
    files: Vec<BTreeMap<Arc<str>, DeclarationId>>,
    /// What declares a name again that its base has, with the base's.
    again: Vec<(DeclarationId, DeclarationId)>,
}

/// Looks up every name of a program.
pub fn index(modules: &[Module]) -> Index {
    let mut indexer = Indexer {
        modules,
        index: Index::default(),
        open_items: vec![],
        places: BTreeMap::new(),
        sides: BTreeMap::new(),
    };
    indexer.declare();
    indexer.connect();
    indexer.walk();
    let mut index = indexer.index;
    index.uses.sort_by_key(|it| it.span);
    index.open.sort_by_key(|name| name.span);
    index
}

struct Indexer<'a> {
    modules: &'a [Module],
    index: Index,
    /// Declarations whose kind is said by a path, to be looked up when all items are known.
    open_items: Vec<(DeclarationId, declare::Of<'a>)>,
    /// Declarations by the places of their names.
    places: BTreeMap<Span, DeclarationId>,
    /// By the scope of a rule: the cells of both sides of the projections that learn by it.
    sides: BTreeMap<ScopeId, [Vec<ScopeId>; 2]>,
}

impl Index {
    pub fn get(&self, id: DeclarationId) -> &Declaration {
        &self.declarations[id.0]
    }

    /// What the name at a place stands for, with the place of the whole name; the end of a name belongs to it.
    pub fn at(&self, place: Span) -> Option<(Span, Vec<DeclarationId>)> {
        let covers =
            |span: Span| span.file == place.file && span.start <= place.start && place.start <= span.end;
        let is_named = |it: &Declaration| it.kind != Kind::File && covers(it.name.span);
        let declared = self.declarations.iter().position(is_named);
        if let Some(at) = declared {
            return Some((self.declarations[at].name.span, vec![DeclarationId(at)]));
        }
        self.uses.iter().find(|it| covers(it.span)).map(|it| (it.span, it.of.clone()))
    }

    /// All that must keep one name together with these: what is declared again, and what one place stands for.
    pub fn kin(&self, of: &[DeclarationId]) -> Vec<DeclarationId> {
        let mut kin = of.to_vec();
        let links = || {
            let again = self.again.iter().map(|(a, b)| vec![*a, *b]);
            again.chain(self.uses.iter().filter(|it| 1 < it.of.len()).map(|it| it.of.clone()))
        };
        loop {
            let before = kin.len();
            for link in links() {
                if link.iter().any(|id| kin.contains(id)) {
                    kin.extend(link);
                    kin.sort();
                    kin.dedup();
                }
            }
            if kin.len() == before {
                return kin;
            }
        }
    }

    /// Every place where one of these is named, declarations among them, in order.
    pub fn places(&self, of: &[DeclarationId]) -> Vec<Span> {
        let declared = of.iter().map(|id| self.get(*id)).filter(|it| it.kind != Kind::File);
        let uses = self.uses.iter().filter(|it| it.of.iter().any(|id| of.contains(id)));
        let mut places: Vec<Span> = declared.map(|it| it.name.span).chain(uses.map(|it| it.span)).collect();
        places.sort();
        places.dedup();
        places
    }

    /// What a name means at the top level of a file.
    pub fn top_level(&self, module: usize, name: &str) -> Option<DeclarationId> {
        self.files.get(module)?.get(name).copied()
    }

    /// All names at the top level of a file.
    pub fn file_names(&self, module: usize) -> impl Iterator<Item = (&str, DeclarationId)> {
        self.files.get(module).into_iter().flatten().map(|(name, id)| (&**name, *id))
    }

    /// The names that a block sees, what it takes over and what is around it included.
    pub fn names_within(&self, scope: ScopeId) -> Vec<(&str, DeclarationId)> {
        let mut all: Vec<(&str, DeclarationId)> = vec![];
        let mut next = Some(scope);
        for _ in 0..MOST_SCOPES {
            let Some(scope) = next else { break };
            all.extend(self.members(scope));
            next = self.scopes[scope.0].around;
        }
        all
    }

    /// The names that a block declares or takes over.
    pub fn members(&self, scope: ScopeId) -> Vec<(&str, DeclarationId)> {
        let mut all: BTreeMap<&str, DeclarationId> = BTreeMap::new();
        let mut next = Some(scope);
        for _ in 0..MOST_SCOPES {
            let Some(scope) = next else { break };
            let scope = &self.scopes[scope.0];
            scope.names.iter().for_each(|(name, id)| {
                all.entry(&**name).or_insert(*id);
            });
            next = scope.base;
        }
        all.into_iter().collect()
    }
}

/// Cells that extend each other in a circle end here.
const MOST_SCOPES: usize = 64;
