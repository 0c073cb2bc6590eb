//! Copies of a template's expressions, for one instance: `k` a number, names those of the instance.
//!
//! In: an expression and where its copy stands. Out: the copy; what is the same in every instance is not copied. A
//! branch that the instance does not take (`if k == 0`) is left out.

use super::{At, Expander, fold};
use crate::diagnose::segment as say;
use crate::hir::*;
use crate::resolve::graph;
use crate::types::{Dimension, Type};
use circ_grammar::ast::Span;
use std::collections::BTreeMap;

type Copies = BTreeMap<ExprId, ExprId>;

impl Expander<'_> {
    pub(super) fn k(&self, at: At) -> Option<i64> {
        at.reacts_to.or_else(|| at.instance.and_then(|instance| self.instances.all[instance].k))
    }

    pub(super) fn copy(&mut self, root: ExprId, at: At) -> ExprId {
        if self.is_cut_short() {
            return root;
        }
        // Children come before parents in the arena, so that the walk needs no recursion.
        let mut copies = Copies::new();
        for id in self.taken(root, at) {
            let copy = self.copy_one(id, at, &copies);
            copies.insert(id, copy);
        }
        copies.get(&root).copied().unwrap_or(root)
    }

    pub(super) fn copy_option(&mut self, root: Option<ExprId>, at: At) -> Option<ExprId> {
        root.map(|root| self.copy(root, at))
    }

    /// An expression and all in it that the instance can come to, in order of ids.
    fn taken(&self, root: ExprId, at: At) -> Vec<ExprId> {
        let (mut found, mut open) = (vec![], vec![root]);
        while let Some(id) = open.pop() {
            found.push(id);
            match &self.hir.expr(id).kind {
                ExprKind::If { condition, then, otherwise } => match self.decided(*condition, at) {
                    Some(true) => open.push(*then),
                    Some(false) => open.push(*otherwise),
                    None => open.extend([*condition, *then, *otherwise]),
                },
                kind => graph::children(kind, &mut |child| open.push(child)),
            }
        }
        found.sort();
        found.dedup();
        found
    }

    /// Whether an instance's `k` decides a condition.
    fn decided(&self, condition: ExprId, at: At) -> Option<bool> {
        let k = self.k(at)?;
        fold::truth(self.hir, condition, Some(k))
    }

    fn copy_one(&mut self, id: ExprId, at: At, copies: &Copies) -> ExprId {
        let Expr { kind, span } = self.hir.expr(id).clone();
        match &kind {
            ExprKind::If { condition, then, otherwise } => match self.decided(*condition, at) {
                Some(true) => return copies.get(then).copied().unwrap_or(*then),
                Some(false) => return copies.get(otherwise).copied().unwrap_or(*otherwise),
                None => {}
            },
            ExprKind::Ref(Ref::SegmentIndex) => return self.number(self.k(at).unwrap_or(0), span),
            ExprKind::Ref(Ref::Local(index)) if self.loops.contains_key(index) => {
                return self.number(self.loops[index], span);
            }
            ExprKind::OfSegment { steps, member } => {
                return self.of_segment(id, steps, *member, at, copies, span);
            }
            _ => {}
        }
        let mut new = kind.clone();
        let mut changed = replace(&mut new, copies);
        changed |= self.rename(&mut new, at);
        if !changed {
            return id;
        }
        let ty = self.types.exprs[id.index()].clone();
        let copy = self.push(new, span, ty);
        if self.types.draws_poisson_rate.contains(&id) {
            self.types.draws_poisson_rate.insert(copy);
        }
        copy
    }

    fn number(&mut self, value: i64, span: Span) -> ExprId {
        let kind = ExprKind::Number { value: value as f64, dimension: Dimension::REAL, plain: true };
        self.push(kind, span, Type::Int)
    }

    /// Puts the instance's names in the place of the template's.
    fn rename(&mut self, kind: &mut ExprKind, at: At) -> bool {
        match kind {
            ExprKind::Ref(Ref::Var(var)) => set(var, self.var(*var, at)),
            ExprKind::Derivative(var) => set(var, self.var(*var, at)),
            ExprKind::Ref(Ref::Mode(mode)) => set(mode, self.mode(*mode, at)),
            ExprKind::CallFn { function, .. } => set(function, self.function(*function, at)),
            // A segment has noise of its own, as it has states of its own.
            ExprKind::Noise(source) if *source < NOISE_SOURCES => {
                let part = at.instance.map_or(0, |instance| instance as u32 + 1);
                set(source, part.saturating_mul(NOISE_SOURCES).saturating_add(*source))
            }
            _ => false,
        }
    }

    pub(super) fn var(&self, var: VarId, at: At) -> VarId {
        let home = self.template.vars[var.index()].home;
        let around = self.instances.around(at.instance, home).unwrap_or(None);
        self.vars.get(&(var, around)).copied().unwrap_or(var)
    }

    pub(super) fn mode(&self, mode: ModeId, at: At) -> ModeId {
        let home = self.template.modes[mode.index()].home;
        let around = self.instances.around(at.instance, home).unwrap_or(None);
        self.modes.get(&(mode, around)).copied().unwrap_or(mode)
    }

    pub(super) fn event(&self, event: EventIx, at: At) -> EventIx {
        let home = self.template.events[event.index()].home;
        let around = self.instances.around(at.instance, home).unwrap_or(None);
        self.events.get(&(event, around)).copied().unwrap_or(event)
    }

    /// A function of the cell reads names of the part that it is called in.
    fn function(&mut self, id: FunctionId, at: At) -> FunctionId {
        let function = self.hir.functions[id.index()].clone();
        if function.owner != Owner::Cell(self.of) {
            return id;
        }
        let instance = self.instances.around(at.instance, function.home).unwrap_or(None);
        let at = At { instance, reacts_to: None };
        if let Some(copy) = self.functions.get(&(id, at)) {
            return *copy;
        }
        let body = self.copy(function.body, at);
        let copy = FunctionId(self.hir.functions.len() as u32);
        self.hir.functions.push(Function { body, owner: Owner::Cell(self.cell), ..function });
        let ty = self.types.functions[id.index()].clone();
        self.types.functions.push(ty);
        self.functions.insert((id, at), copy);
        copy
    }

    /// `distal.v` is the array of its instances' `v`; `distal[3].v` is that of one.
    fn of_segment(
        &mut self,
        id: ExprId,
        steps: &[(SegmentId, Option<Index>)],
        member: SegmentMember,
        at: At,
        copies: &Copies,
        span: Span,
    ) -> ExprId {
        let Some((first, _)) = steps.first() else { return id };
        let parent = self.template.segments[first.index()].parent;
        let Some(root) = self.instances.around(at.instance, parent) else { return id };
        let mut indices = vec![];
        let mut selected = false;
        let steps: Vec<Step> = steps
            .iter()
            .map(|(segment, index)| {
                let step = self.step(*segment, index.as_ref(), at, span);
                if let Step::All(segment) = step
                    && self.template.segments[segment.index()].count.is_some()
                {
                    let mut index = index.unwrap_or(Index::Range(id, id));
                    selected |= match &mut index {
                        Index::Range(lo, hi) if *lo == id && *hi == id => false,
                        index => {
                            replace_index(index, copies);
                            true
                        }
                    };
                    indices.push((segment, index));
                }
                step
            })
            .collect();
        let value = self.gather(root, &steps, member, span);
        if !selected {
            return value;
        }
        let indices = indices
            .into_iter()
            .map(|(segment, index)| match index {
                Index::Range(lo, _) if lo == id => {
                    let (lo, hi) = (0, i64::from(self.counts[segment.index()]));
                    Index::Range(self.number(lo, span), self.number(hi, span))
                }
                index => index,
            })
            .collect();
        let ty = self.types.exprs[id.index()].clone();
        self.push(ExprKind::Index { base: value, indices }, span, ty)
    }

    /// One segment where its index is known, else all, to be indexed; reports an index that is out of range.
    fn step(&mut self, segment: SegmentId, index: Option<&Index>, at: At, span: Span) -> Step {
        let Some(Index::At(index)) = index else { return Step::All(segment) };
        let Some(known) = fold::whole_of(self.hir, *index, &|name| self.known(name, at)) else {
            return Step::All(segment);
        };
        let count = self.counts[segment.index()];
        match usize::try_from(known) {
            Ok(known) if known < count as usize => Step::One(segment, known),
            _ => {
                let place = self.hir.expr(*index).span;
                if self.told.insert(span) {
                    let path = self.template.segment_path(segment);
                    self.sink.push(say::segment_index(place, &path, known, count));
                }
                Step::One(segment, 0)
            }
        }
    }

    fn gather(&mut self, parent: Option<usize>, steps: &[Step], member: SegmentMember, span: Span) -> ExprId {
        let Some((step, inner)) = steps.split_first() else { return self.member(member, parent, span) };
        let (segment, chosen) = match *step {
            Step::One(segment, at) => (segment, Some(at)),
            Step::All(segment) if self.template.segments[segment.index()].count.is_none() => {
                (segment, Some(0))
            }
            Step::All(segment) => (segment, None),
        };
        let all = self.instances.within(parent, segment);
        if let Some(at) = chosen {
            return self.gather(all.get(at).copied(), inner, member, span);
        }
        let all = all.to_vec();
        let mut parts = vec![];
        for instance in all {
            parts.push(self.gather(Some(instance), inner, member, span));
            if self.is_cut_short() {
                break;
            }
        }
        let size = Some(parts.len() as u64);
        let ty = match parts.first().map(|part| self.types.expr(*part).clone()) {
            Some(Type::Array(element, inner)) => {
                Type::Array(element, [size].into_iter().chain(inner).collect())
            }
            Some(element) => Type::Array(Box::new(element), vec![size]),
            None => Type::Error,
        };
        self.push(ExprKind::Array(parts), span, ty)
    }

    fn member(&mut self, member: SegmentMember, instance: Option<usize>, span: Span) -> ExprId {
        let at = At { instance, reacts_to: None };
        let ty = |this: &Self, var: VarId| this.types.vars[this.of.index()][var.index()].clone();
        match member {
            SegmentMember::Var(var) => {
                let (new, ty) = (self.var(var, at), ty(self, var));
                self.push(ExprKind::Ref(Ref::Var(new)), span, ty)
            }
            SegmentMember::Derivative(var) => {
                let ty = match ty(self, var) {
                    Type::Real(dimension) => dimension.per(Dimension::TIME).map_or(Type::Error, Type::Real),
                    other => other,
                };
                let new = self.var(var, at);
                self.push(ExprKind::Derivative(new), span, ty)
            }
            SegmentMember::Mode(mode) => {
                let new = self.mode(mode, at);
                self.push(ExprKind::Ref(Ref::Mode(new)), span, Type::Bool)
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Step {
    One(SegmentId, usize),
    All(SegmentId),
}

fn set<T: PartialEq>(old: &mut T, new: T) -> bool {
    let changed = *old != new;
    *old = new;
    changed
}

/// Puts copies in the place of children; whether any is another.
fn replace(kind: &mut ExprKind, copies: &Copies) -> bool {
    let mut changed = false;
    graph::children_mut(kind, &mut |child| {
        changed |= set(child, copies.get(child).copied().unwrap_or(*child))
    });
    changed
}

fn replace_index(index: &mut Index, copies: &Copies) {
    let put = |child: &mut ExprId| *child = copies.get(child).copied().unwrap_or(*child);
    match index {
        Index::At(e) | Index::Where(e) => put(e),
        Index::Range(lo, hi) => [lo, hi].into_iter().for_each(put),
    }
}
