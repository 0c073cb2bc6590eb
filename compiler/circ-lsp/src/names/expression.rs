//! Uses in expressions and paths.

use super::lookup::Context;
use super::*;
use circ_grammar::ast::{Arg, ArgTail, ExprId, ExprKind, File, Index as Selected, Iter, Path, TypeExpr};

/// The compiler refuses what is nested deeper.
const DEEPEST: u32 = 400;

impl<'a> Indexer<'a> {
    fn file(&self, cx: &Context) -> &'a File {
        &self.modules[cx.module].file
    }

    /// All names in an expression.
    pub(super) fn expr(&mut self, cx: &mut Context, id: ExprId) {
        self.expr_within(cx, id, DEEPEST);
    }

    pub(super) fn exprs(&mut self, cx: &mut Context, all: &[ExprId]) {
        all.iter().for_each(|id| self.expr(cx, *id));
    }

    pub(super) fn range(&mut self, cx: &mut Context, range: Option<(ExprId, ExprId)>) {
        range.into_iter().for_each(|(lo, hi)| self.exprs(cx, &[lo, hi]));
    }

    pub(super) fn over(&mut self, cx: &mut Context, over: &Iter) {
        match *over {
            Iter::Expr(value) => self.expr(cx, value),
            Iter::Range(lo, hi) => self.exprs(cx, &[lo, hi]),
        }
    }

    /// Sizes in a type.
    pub(super) fn ty(&mut self, cx: &mut Context, ty: Option<&TypeExpr>) {
        for factor in ty.into_iter().flat_map(|ty| &ty.factors) {
            self.exprs(cx, &factor.shape);
        }
    }

    fn expr_within(&mut self, cx: &mut Context, id: ExprId, left: u32) {
        let Some(left) = left.checked_sub(1) else { return };
        let expr = self.file(cx).expr(id);
        match &expr.kind {
            ExprKind::Name(name) => self.name(cx, &Name { text: name.clone(), span: expr.span }),
            ExprKind::Number(_) | ExprKind::String(_) | ExprKind::Bool(_) => {}
            ExprKind::Cell | ExprKind::Error => {}
            ExprKind::Unary { value, .. } | ExprKind::Prime(value) => self.expr_within(cx, *value, left),
            ExprKind::Binary { left: a, right: b, .. } => self.all_within(cx, &[*a, *b], left),
            ExprKind::InRange { value, lo, hi } => self.all_within(cx, &[*value, *lo, *hi], left),
            ExprKind::In { value, set } => self.all_within(cx, &[*value, *set], left),
            ExprKind::If { condition, then, otherwise } => {
                self.all_within(cx, &[*condition, *then, *otherwise], left);
            }
            ExprKind::Array(parts) | ExprKind::Tuple(parts) => self.all_within(cx, parts, left),
            ExprKind::Field { base, name } => {
                self.expr_within(cx, *base, left);
                let of = self.fields(cx, *base, &name.text);
                match of.is_empty() {
                    true => self.index.open.push(name.clone()),
                    false => self.used(Some(name.span), of),
                }
            }
            ExprKind::Index { base, indices } => {
                self.expr_within(cx, *base, left);
                for index in indices {
                    match *index {
                        Selected::At(value) | Selected::Where(value) => self.expr_within(cx, value, left),
                        Selected::Range(lo, hi) => self.all_within(cx, &[lo, hi], left),
                    }
                }
            }
            ExprKind::Call { callee, args } => {
                self.callee(cx, *callee, left);
                let rule = self.rule_named(cx, *callee);
                args.iter().for_each(|arg| self.arg(cx, arg, rule, left));
            }
        }
    }

    fn all_within(&mut self, cx: &mut Context, all: &[ExprId], left: u32) {
        all.iter().for_each(|id| self.expr_within(cx, *id, left));
    }

    fn name(&mut self, cx: &Context, name: &Name) {
        let of = self.index.resolve(cx, &name.text);
        match of.is_empty() {
            true => self.index.open.push(name.clone()),
            false => self.used(Some(name.span), of),
        }
    }

    /// A value does not hide a function of the language.
    fn callee(&mut self, cx: &mut Context, callee: ExprId, left: u32) {
        let expr = self.file(cx).expr(callee);
        let ExprKind::Name(text) = &expr.kind else {
            return self.expr_within(cx, callee, left);
        };
        let is_called = |id: &DeclarationId| {
            matches!(self.index.get(*id).kind, Kind::Function | Kind::Rule | Kind::Circuit)
        };
        let named = cx.scope.and_then(|scope| self.index.seen(scope, text)).filter(is_called);
        let found = named.or_else(|| self.index.top_level(cx.module, text).filter(is_called));
        match found {
            Some(id) => self.used(Some(expr.span), vec![id]),
            None => self.index.open.push(Name { text: text.clone(), span: expr.span }),
        }
    }

    /// `scope`: of what the arguments are given to.
    pub(super) fn args(&mut self, cx: &mut Context, args: &[Arg], scope: Option<ScopeId>) {
        args.iter().for_each(|arg| self.arg(cx, arg, scope, DEEPEST));
    }

    fn arg(&mut self, cx: &mut Context, arg: &Arg, scope: Option<ScopeId>, left: u32) {
        if let (Some(scope), Some(name)) = (scope, &arg.name) {
            match self.index.member(scope, &name.text) {
                Some(id) => self.used(Some(name.span), vec![id]),
                None => self.index.open.push(name.clone()),
            }
        }
        match &arg.tail {
            ArgTail::None => self.expr_within(cx, arg.value, left),
            ArgTail::To(to) => self.all_within(cx, &[arg.value, *to], left),
            ArgTail::Over(over) => {
                self.expr_within(cx, arg.value, left);
                self.over_within(cx, over, left);
            }
            ArgTail::For { index, over } => {
                self.over_within(cx, over, left);
                let id = self.local(index, Kind::Index, arg.span);
                cx.locals.push((index.text.clone(), id));
                self.expr_within(cx, arg.value, left);
                cx.locals.pop();
            }
        }
    }

    fn over_within(&mut self, cx: &mut Context, over: &Iter, left: u32) {
        match *over {
            Iter::Expr(value) => self.expr_within(cx, value, left),
            Iter::Range(lo, hi) => self.all_within(cx, &[lo, hi], left),
        }
    }

    /// A name that only a part of a statement sees.
    pub(super) fn local(&mut self, name: &Name, kind: Kind, text: Span) -> DeclarationId {
        self.index.declarations.push(Declaration {
            name: name.clone(),
            kind,
            text,
            doc: None,
            owner: None,
            scope: None,
            target: Target::None,
        });
        DeclarationId(self.index.declarations.len() - 1)
    }

    /// `tuft.ca`, `pre`, `post.spike`, `spike`.
    pub(super) fn path(&mut self, cx: &Context, path: &Path) {
        let Some((first, rest)) = path.names.split_first() else { return };
        let sides = ["pre", "post"].iter().position(|side| **side == *first.text);
        let found = self.index.resolve(cx, &first.text);
        let mut scopes: Vec<ScopeId> = match (found.is_empty(), sides) {
            (true, Some(side)) => cx.sides[side].clone(),
            (true, None) => {
                self.index.open.push(first.clone());
                return;
            }
            (false, _) => {
                self.used(Some(first.span), found.clone());
                self.scopes_of(&found)
            }
        };
        for name in rest {
            let of: Vec<_> =
                scopes.iter().filter_map(|scope| self.index.member(*scope, &name.text)).collect();
            scopes = self.scopes_of(&of);
            match of.is_empty() {
                true => self.index.open.push(name.clone()),
                false => self.used(Some(name.span), of),
            }
        }
    }

    /// The segments among these.
    fn scopes_of(&self, found: &[DeclarationId]) -> Vec<ScopeId> {
        found.iter().filter_map(|id| self.index.get(*id).scope).collect()
    }

    /// `tuft.theta` in the block of a population.
    pub(super) fn member_path(&mut self, of: &[DeclarationId], path: &Path) {
        let mut scopes: Vec<ScopeId> = of.iter().filter_map(|id| self.index.get(*id).scope).collect();
        for name in &path.names {
            let of: Vec<_> =
                scopes.iter().filter_map(|scope| self.index.member(*scope, &name.text)).collect();
            scopes = self.scopes_of(&of);
            match of.is_empty() {
                true => self.index.open.push(name.clone()),
                false => self.used(Some(name.span), of),
            }
        }
    }
}
