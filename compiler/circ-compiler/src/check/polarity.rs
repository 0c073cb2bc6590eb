//! Polarity: a population with a polarity sends to ports of that polarity, to plain and to modulatory ones.
//!
//! In: a projection whose source and target have types. Out: reports.

use super::Checker;
use super::infer::view_of;
use crate::diagnose::structure::{self, PolarityClash};
use crate::hir::*;
use crate::types::Type;
use circ_grammar::ast::{Polarity, Span};

impl<'a> Checker<'a> {
    pub fn polarity(&mut self, projection: &Projection) {
        let Owner::Circuit(circuit) = self.owner else {
            return;
        };
        let ports = self.ports_of(projection.target);
        for (source, declared, polarity) in self.senders(projection) {
            for (port_at, cell, var) in &ports {
                let port = &self.hir.cell(*cell).vars[var.index()];
                let VarKind::Port { polarity: Some(due), .. } = &port.kind else {
                    continue;
                };
                if *due == polarity || *due == Polarity::Modulatory {
                    continue;
                }
                let other = self.hir.cell(*cell).vars.iter().find(
                    |var| matches!(&var.kind, VarKind::Port { polarity: Some(p), .. } if *p == polarity),
                );
                let target = match &self.hir.expr(projection.target).kind {
                    ExprKind::Field { base, .. } => self.name_of(*base),
                    _ => None,
                };
                self.sink.push(structure::polarity(PolarityClash {
                    source: &source,
                    declared,
                    sign: word(polarity),
                    projection: &self.hir.circuit(circuit).slots[projection.slot.index()].name,
                    port_at: *port_at,
                    port_sign: word(*due),
                    target: target.as_deref(),
                    other_port: other.map(|var| &*var.name),
                }));
                return;
            }
        }
    }

    /// Populations that a projection comes from and that have a polarity; its own clause comes first.
    fn senders(&self, projection: &Projection) -> Vec<(String, Span, Polarity)> {
        let view = match self.hir.expr(projection.source).kind {
            ExprKind::Field { base, .. }
                if matches!(self.types.expr(projection.source), Type::Events | Type::Port(_)) =>
            {
                base
            }
            _ => projection.source,
        };
        let mut found = vec![];
        let mut stack = vec![self.cells_behind(view)];
        while let Some(id) = stack.pop() {
            match &self.hir.expr(id).kind {
                ExprKind::Tuple(parts) => stack.extend(parts.iter().rev()),
                _ if view_of(self.types.expr(id)).is_none() => {}
                _ => {
                    let Some((circuit, slot)) = self.place_of(id) else {
                        continue;
                    };
                    let declared = &self.hir.circuit(circuit).slots[slot.index()];
                    let own = population(&self.hir.circuit(circuit).items, slot)
                        .and_then(|population| population.polarity);
                    if let Some(polarity) = projection.polarity.or(own) {
                        found.push((declared.name.to_string(), declared.span, polarity));
                    }
                }
            }
        }
        found
    }

    /// `E` of `E.distal[3]`.
    fn cells_behind(&self, id: ExprId) -> ExprId {
        let mut at = id;
        while *self.types.expr(at) == Type::Segment
            && let ExprKind::Field { base, .. } | ExprKind::Index { base, .. } = &self.hir.expr(at).kind
        {
            at = *base;
        }
        at
    }

    /// `E`, `col[2].E`: the name at its end.
    fn name_of(&self, id: ExprId) -> Option<String> {
        match &self.hir.expr(id).kind {
            ExprKind::Ref(_) => {
                let (circuit, slot) = self.place_of(id)?;
                Some(self.hir.circuit(circuit).slots[slot.index()].name.to_string())
            }
            _ => None,
        }
    }
}

/// The population of a slot.
fn population(items: &[Item], slot: SlotId) -> Option<&Population> {
    let mut stack: Vec<&Item> = items.iter().collect();
    while let Some(item) = stack.pop() {
        match &item.kind {
            ItemKind::Population(population) if population.slot == slot => return Some(population),
            ItemKind::For { items, .. } => stack.extend(items),
            ItemKind::If { then, otherwise, .. } => stack.extend(then.iter().chain(otherwise)),
            ItemKind::Population(_) | ItemKind::Drive(_) | ItemKind::Projection(_) => {}
            ItemKind::Part { .. } | ItemKind::Binding(_) | ItemKind::Constraint(_) => {}
        }
    }
    None
}

fn word(polarity: Polarity) -> &'static str {
    match polarity {
        Polarity::Excitatory => "excitatory",
        Polarity::Inhibitory => "inhibitory",
        Polarity::Modulatory => "modulatory",
    }
}
