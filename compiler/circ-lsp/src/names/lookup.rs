//! Lookup: what a name means from where it stands, and what the members of an expression are.

use super::*;
use circ_grammar::ast::{self, ExprKind};

/// Where a name stands.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub module: usize,
    pub scope: Option<ScopeId>,
    /// Of functions, loops and blocks, the innermost last.
    pub locals: Vec<(Arc<str>, DeclarationId)>,
    /// The cells of `pre` and `post`.
    pub sides: [Vec<ScopeId>; 2],
    /// In the block of a trace: the side whose cell's names are seen, too.
    pub side: Option<usize>,
}

/// `let`s may name each other in a circle.
const FUEL: u32 = 32;

impl Context {
    pub fn new(module: usize, scope: Option<ScopeId>) -> Context {
        Context { module, scope, locals: vec![], sides: Default::default(), side: None }
    }

    fn side_named(&self, name: &str) -> Option<&[ScopeId]> {
        let sides = ["pre", "post"].iter().zip(&self.sides);
        sides.filter(|(side, cells)| **side == name && !cells.is_empty()).map(|(_, cells)| &cells[..]).next()
    }
}

impl Index {
    /// What a block declares or takes over.
    pub(super) fn member(&self, scope: ScopeId, name: &str) -> Option<DeclarationId> {
        let mut next = Some(scope);
        for _ in 0..MOST_SCOPES {
            let scope = &self.scopes[next?.0];
            if let Some(found) = scope.names.get(name) {
                return Some(*found);
            }
            next = scope.base;
        }
        None
    }

    /// What a block sees.
    pub(super) fn seen(&self, scope: ScopeId, name: &str) -> Option<DeclarationId> {
        let mut next = Some(scope);
        for _ in 0..MOST_SCOPES {
            let scope = next?;
            if let Some(found) = self.member(scope, name) {
                return Some(found);
            }
            next = self.scopes[scope.0].around;
        }
        None
    }

    /// The block that a segment is in at last: the cell's.
    fn outermost(&self, scope: ScopeId) -> ScopeId {
        let mut at = scope;
        for _ in 0..MOST_SCOPES {
            match self.scopes[at.0].around {
                Some(around) => at = around,
                None => break,
            }
        }
        at
    }

    /// The members of what is declared: for completion after a point.
    pub fn members_of(&self, modules: &[Module], id: DeclarationId) -> Vec<(&str, DeclarationId)> {
        match self.target_of(modules, id, FUEL) {
            Target::Cells(scopes) => scopes.iter().flat_map(|scope| self.members(*scope)).collect(),
            Target::Circuit(scope) | Target::Synapses(Some(scope)) => self.members(scope),
            Target::File(module) => self.own_names(modules, module),
            Target::None | Target::Synapses(None) | Target::Expr(..) => vec![],
        }
    }

    /// What a file declares itself.
    pub fn own_names(&self, modules: &[Module], module: usize) -> Vec<(&str, DeclarationId)> {
        let file = modules.get(module).map(|it| it.file.id);
        self.file_names(module).filter(|(_, id)| Some(self.get(*id).name.span.file) == file).collect()
    }

    /// A member of what is declared.
    pub fn member_named(&self, modules: &[Module], id: DeclarationId, name: &str) -> Option<DeclarationId> {
        self.members_of(modules, id).into_iter().find(|(member, _)| *member == name).map(|(_, id)| id)
    }

    /// A name as a block sees it, then as its file does.
    pub fn named(&self, scope: Option<ScopeId>, module: usize, name: &str) -> Option<DeclarationId> {
        scope.and_then(|scope| self.seen(scope, name)).or_else(|| self.top_level(module, name))
    }

    fn target_of(&self, modules: &[Module], id: DeclarationId, fuel: u32) -> Target {
        match &self.get(id).target {
            Target::Expr(module, scope, value) if 0 < fuel => {
                self.target(modules, &Context::new(*module, *scope), *value, fuel - 1)
            }
            Target::Expr(..) => Target::None,
            known => known.clone(),
        }
    }

    /// What a name means where it stands; nothing for what only the language declares.
    pub(super) fn resolve(&self, cx: &Context, name: &str) -> Vec<DeclarationId> {
        let local = cx.locals.iter().rev().find(|(local, _)| &**local == name).map(|(_, id)| *id);
        if let Some(found) = local.or_else(|| self.named(cx.scope, cx.module, name)) {
            return vec![found];
        }
        let side = cx.side.map_or(&[][..], |side| &cx.sides[side][..]);
        side.iter().filter_map(|cell| self.member(*cell, name)).collect()
    }

    /// What the members of an expression are.
    pub(super) fn target(&self, modules: &[Module], cx: &Context, id: ast::ExprId, fuel: u32) -> Target {
        if fuel == 0 {
            return Target::None;
        }
        match &modules[cx.module].file.expr(id).kind {
            ExprKind::Name(name) => match (&self.resolve(cx, name)[..], cx.side_named(name)) {
                ([only], _) => self.target_of(modules, *only, fuel),
                (_, Some(cells)) => Target::Cells(cells.to_vec()),
                _ => Target::None,
            },
            ExprKind::Cell => match cx.scope {
                Some(scope) => Target::Cells(vec![self.outermost(scope)]),
                None => Target::None,
            },
            ExprKind::Index { base, .. } => self.target(modules, cx, *base, fuel - 1),
            ExprKind::Field { base, name } => {
                let found = self.fields(modules, cx, *base, &name.text, fuel - 1);
                self.joined(found.into_iter().map(|id| self.target_of(modules, id, fuel - 1)))
            }
            ExprKind::Tuple(parts) => {
                self.joined(parts.iter().map(|part| self.target(modules, cx, *part, fuel - 1)))
            }
            ExprKind::Number(_) | ExprKind::String(_) | ExprKind::Bool(_) | ExprKind::Unary { .. } => {
                Target::None
            }
            ExprKind::Binary { .. } | ExprKind::InRange { .. } | ExprKind::In { .. } => Target::None,
            ExprKind::If { .. } | ExprKind::Call { .. } | ExprKind::Prime(_) => Target::None,
            ExprKind::Array(_) | ExprKind::Error => Target::None,
        }
    }

    /// Cells of several kinds in one view.
    fn joined(&self, parts: impl Iterator<Item = Target>) -> Target {
        parts.fold(Target::None, |before, next| match (before, next) {
            (Target::Cells(mut all), Target::Cells(more)) => {
                all.extend(more.into_iter().filter(|it| !all.contains(it)).collect::<Vec<_>>());
                Target::Cells(all)
            }
            (Target::None, next) => next,
            (before, _) => before,
        })
    }

    /// What `base.name` names: one thing in each kind of cell.
    pub(super) fn fields(
        &self,
        modules: &[Module],
        cx: &Context,
        base: ast::ExprId,
        name: &str,
        fuel: u32,
    ) -> Vec<DeclarationId> {
        match self.target(modules, cx, base, fuel) {
            // What is around a segment is seen from it, at the sides of a synapse.
            Target::Cells(scopes) => scopes
                .iter()
                .filter_map(|scope| self.member(*scope, name).or_else(|| self.seen(*scope, name)))
                .collect(),
            Target::Circuit(scope) | Target::Synapses(Some(scope)) => {
                self.member(scope, name).into_iter().collect()
            }
            Target::File(module) => self.top_level(module, name).into_iter().collect(),
            Target::None | Target::Synapses(None) | Target::Expr(..) => vec![],
        }
    }
}

impl Indexer<'_> {
    pub(super) fn fields(&self, cx: &Context, base: ast::ExprId, name: &str) -> Vec<DeclarationId> {
        self.index.fields(self.modules, cx, base, name, FUEL)
    }

    /// The rule in `plasticity Rule(...)`.
    pub(super) fn rule_named(&self, cx: &Context, value: ast::ExprId) -> Option<ScopeId> {
        let file = &self.modules[cx.module].file;
        let callee = match &file.expr(value).kind {
            ExprKind::Call { callee, .. } => *callee,
            _ => value,
        };
        let found = match &file.expr(callee).kind {
            ExprKind::Name(name) => self.index.top_level(cx.module, name),
            ExprKind::Field { base, name } => self.fields(cx, *base, &name.text).first().copied(),
            _ => None,
        };
        let rule = self.index.get(found?);
        rule.scope.filter(|_| rule.kind == Kind::Rule)
    }

    /// The cells or segments at an end of a projection: of `E.exc` and of `(E, I).exc` those that have the port.
    pub(super) fn cells_of_end(&self, cx: &Context, end: ast::ExprId) -> Vec<ScopeId> {
        let mut end = end;
        for _ in 0..FUEL {
            if let Target::Cells(cells) = self.index.target(self.modules, cx, end, FUEL) {
                return cells;
            }
            match &self.modules[cx.module].file.expr(end).kind {
                ExprKind::Field { base, .. } | ExprKind::Index { base, .. } => end = *base,
                _ => break,
            }
        }
        vec![]
    }
}
