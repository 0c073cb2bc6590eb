//! Members: states, ports and events of populations, items of parts, sides of synapses.
//!
//! In: `base.name` where the base has a type. Out: what the member is; a report of what is not there.

use super::Checker;
use super::dendrite::{Part, is_view_or_segment};
use super::infer::view_of;
use crate::diagnose::{names, suggest, typing};
use crate::hir::*;
use crate::resolve::graph;
use crate::types::{Dimension, Type};
use circ_grammar::ast::Span;

/// What every cell has in the clauses of a projection.
const INDICES: [&str; 4] = ["i", "row", "col", "layer"];

impl<'a> Checker<'a> {
    pub fn field(&mut self, base: ExprId, name: &str, at: Span) -> Type {
        match self.hir.expr(base).kind {
            ExprKind::Ref(Ref::Pre) => return self.side(self.sides.0.clone(), name, at),
            ExprKind::Ref(Ref::Post) => return self.side(self.sides.1.clone(), name, at),
            // Columns of a table are numbers without unit.
            ExprKind::Ref(Ref::Edge) => return Type::Real(Dimension::REAL),
            _ => {}
        }
        let ty = self.ty(base);
        if is_view_or_segment(&ty) {
            return self.member(base, name, at);
        }
        match innermost(&ty) {
            Type::Part(circuit) => self.item(*circuit, name, at),
            Type::Projection => self.of_projection(base, name, at),
            Type::Drive => self.nothing(at, name, "a drive", &[]),
            Type::Error => Type::Error,
            Type::Real(_) | Type::AnyReal | Type::Int | Type::Bool => self.nothing(at, name, "a number", &[]),
            _ => self.nothing(at, name, "this", &[]),
        }
    }

    fn nothing(&mut self, at: Span, name: &str, of: &str, known: &[&str]) -> Type {
        self.sink.push(names::unknown_member(at, name, of, suggest::nearest(name, known.iter().copied())));
        Type::Error
    }

    /// The clauses of a projection have longer names than what they are in a synapse.
    fn nothing_of_synapses(&mut self, at: Span, name: &str, of: &str, known: &[&str]) -> Type {
        let meant = match name {
            "weight" | "weights" => Some("w".to_owned()),
            "delay" | "delays" => Some("d".to_owned()),
            _ => suggest::nearest(name, known.iter().copied()),
        };
        self.sink.push(names::unknown_member(at, name, of, meant));
        Type::Error
    }

    /// `pre.i`, `post.x`: one value for each synapse.
    fn side(&mut self, cells: Vec<Part>, name: &str, at: Span) -> Type {
        let in_rule = matches!(self.owner, Owner::Rule(_));
        if in_rule && cells.is_empty() && !INDICES.contains(&name) {
            // What the cells have is known where the rule is attached.
            return Type::Error;
        }
        let in_segment = |part: &Part| part.home.is_some();
        if INDICES.contains(&name) || (name == "k" && cells.iter().any(in_segment)) {
            return Type::Int;
        }
        if ["x", "y", "z"].contains(&name) && !self.declares(&cells, name) {
            return Type::Real(Dimension::LENGTH);
        }
        if cells.is_empty() {
            return Type::Error;
        }
        // What is around a segment is seen from it.
        let cells: Vec<Part> = cells.into_iter().map(|part| self.declaring(part, name)).collect();
        if in_rule && let Some(found) = self.segment(&cells, name, at) {
            return found;
        }
        match self.member_of(&cells, name, at) {
            Some(Member::Value(ty) | Member::Port(ty)) => ty,
            Some(Member::Mode) => Type::Bool,
            Some(Member::Event) => Type::Events,
            None => Type::Error,
        }
    }

    fn declares(&self, cells: &[Part], name: &str) -> bool {
        cells.iter().any(|part| self.one_member(self.declaring(*part, name), name).is_some())
    }

    /// The part that declares a name: this one, or one around it.
    fn declaring(&self, part: Part, name: &str) -> Part {
        let around = self.hir.cell(part.cell).parts_around(part.home).map(Some).chain([None]);
        let parts = around.map(|home| Part { home, ..part });
        parts.into_iter().find(|part| self.one_member(*part, name).is_some()).unwrap_or(part)
    }

    /// `E.v`: the values of all cells, of one cell a number.
    fn member(&mut self, base: ExprId, name: &str, at: Span) -> Type {
        let cells = self.parts_of(base);
        if cells.is_empty() {
            return Type::Error;
        }
        if let Some(found) = self.segment(&cells, name, at) {
            return found;
        }
        let each = |ty: Type, one: bool| match (ty, one) {
            (Type::Error, _) => Type::Error,
            (ty, true) => ty,
            (ty, false) => Type::Array(Box::new(ty), vec![None]),
        };
        let one = match self.ty(base) {
            Type::Segment => self.is_one_segment(base),
            _ => self.is_one(base),
        };
        if let Some(state) = name.strip_suffix('\'') {
            return each(self.slope(&cells, state, at), one);
        }
        match self.member_of(&cells, name, at) {
            Some(Member::Value(ty)) => each(ty, one),
            Some(Member::Mode) => each(Type::Bool, one),
            Some(Member::Port(Type::Real(dimension))) => Type::Port(dimension),
            Some(Member::Port(_)) | None => Type::Error,
            Some(Member::Event) => Type::Events,
        }
    }

    /// `v'` of a state that has an equation in all of these cells.
    fn slope(&mut self, cells: &[Part], state: &str, at: Span) -> Type {
        let Some(found) = self.member_of(cells, state, at) else { return Type::Error };
        for part in cells {
            let cell = self.hir.cell(part.cell);
            let var = cell.vars.iter().position(|var| var.home == part.home && &*var.name == state);
            let Some(var) = var.map(|var| VarId(var as u32)) else {
                self.sink.push(typing::no_slope(at, state));
                return Type::Error;
            };
            if !cell.equations.iter().any(|equation| equation.var == var) {
                let declared = &cell.vars[var.index()];
                let words = crate::resolve::kind_words(&declared.kind);
                self.sink.push(typing::no_derivative(at, state, words, declared.span));
                return Type::Error;
            }
        }
        match found {
            Member::Value(Type::Real(dimension)) => {
                dimension.per(Dimension::TIME).map_or(Type::Error, Type::Real)
            }
            Member::Value(_) | Member::Port(_) | Member::Mode | Member::Event => Type::Error,
        }
    }

    /// What a name is in all of these cells; reports one that lacks it, or has it with another dimension.
    fn member_of(&mut self, cells: &[Part], name: &str, at: Span) -> Option<Member> {
        let mut all: Option<Member> = None;
        for id in cells {
            let found = match self.one_member(*id, name) {
                Some(found) => found,
                None => {
                    let cell = self.hir.cell(id.cell);
                    // The line that could not be read may be the one that says when it spikes, in whatever words.
                    if cell.partial && name == "spike" {
                        return None;
                    }
                    let vars = cell.vars.iter().filter(|var| var.home == id.home).map(|var| &*var.name);
                    let events = cell.events.iter().filter(|it| it.home == id.home).map(|it| &*it.name);
                    let segments = cell.segments.iter().filter(|it| it.parent == id.home).map(|it| &*it.name);
                    let known: Vec<&str> = vars.chain(events).chain(segments).collect();
                    let of = match id.home {
                        Some(home) => format!("the segment `{}`", cell.segment_path(home)),
                        None => format!("the cell `{}`", cell.name),
                    };
                    self.nothing(at, name, &of, &known);
                    return None;
                }
            };
            match &all {
                Some(before) if !before.goes_with(&found) => {
                    let text = format!(
                        "`{name}` of `{}` is not of the same type as that of `{}`",
                        self.hir.cell(cells[0].cell).name,
                        self.hir.cell(id.cell).name
                    );
                    self.sink.push(typing::UNIT_MISMATCH.at(at, text).primary("of both in one view"));
                    return None;
                }
                Some(_) => {}
                None => all = Some(found),
            }
        }
        all
    }

    fn one_member(&self, part: Part, name: &str) -> Option<Member> {
        let cell = self.hir.cell(part.cell);
        if let Some(at) = cell.vars.iter().position(|var| var.home == part.home && &*var.name == name) {
            let ty = self.types.vars[part.cell.index()][at].clone();
            return Some(if matches!(cell.vars[at].kind, VarKind::Port { .. }) {
                Member::Port(ty)
            } else {
                Member::Value(ty)
            });
        }
        if cell.events.iter().any(|event| event.home == part.home && &*event.name == name) {
            return Some(Member::Event);
        }
        let mut modes = cell.modes.iter().filter(|mode| mode.home == part.home && mode.named);
        modes.any(|mode| &*mode.name == name).then_some(Member::Mode)
    }

    /// An item of a part: only what is `pub`, except from an experiment.
    fn item(&mut self, circuit: CircuitId, name: &str, at: Span) -> Type {
        let slots = &self.hir.circuit(circuit).slots;
        let Some(slot) =
            slots.iter().position(|slot| &*slot.name == name && !matches!(slot.kind, SlotKind::Index))
        else {
            let known: Vec<&str> = slots.iter().map(|slot| &*slot.name).collect();
            return self.nothing(
                at,
                name,
                &format!("the circuit `{}`", self.hir.circuit(circuit).name),
                &known,
            );
        };
        if !slots[slot].public && !matches!(self.owner, Owner::Experiment(_)) {
            self.sink.push(names::not_public(at, name, slots[slot].span));
        }
        self.types.circuit_slots[circuit.index()][slot].clone()
    }

    /// `P.w`, `P.d`, and what its rule keeps for each synapse.
    fn of_projection(&mut self, base: ExprId, name: &str, at: Span) -> Type {
        let place = self.place_of(base);
        let weight = place.and_then(|place| self.weights.get(&place)).cloned().unwrap_or(Type::Error);
        let learns = place.and_then(|place| self.learns.get(&place)).copied();
        let element = match (name, learns) {
            ("w", _) => weight,
            ("d", _) => Type::Real(Dimension::TIME),
            (_, Some(rule)) => {
                let kept = |var: &RuleVar| {
                    matches!(var.kind, RuleVarKind::Synapse { .. } | RuleVarKind::Param { .. })
                };
                let vars = self.hir.rule(rule).declared().filter(|(_, var)| kept(var));
                let vars: Vec<(VarId, &str)> = vars.map(|(id, var)| (id, &*var.name)).collect();
                let Some((id, _)) = vars.iter().find(|(_, known)| *known == name) else {
                    let known: Vec<&str> =
                        ["w", "d"].into_iter().chain(vars.iter().map(|(_, name)| *name)).collect();
                    return self.nothing_of_synapses(at, name, "a synapse of this projection", &known);
                };
                match (&self.types.rule_vars[rule.index()][id.index()], weight) {
                    (Type::AnyReal, _) => Type::Real(Dimension::REAL),
                    (declared, Type::Real(weight)) => declared.with_weight(weight),
                    _ => Type::Error,
                }
            }
            (_, None) => return self.nothing_of_synapses(at, name, "a projection", &["w", "d"]),
        };
        if element == Type::Error { Type::Error } else { Type::Array(Box::new(element), vec![None]) }
    }

    /// The circuit and slot that an expression names, through indices and parts.
    pub fn place_of(&self, id: ExprId) -> Option<(CircuitId, SlotId)> {
        match &self.hir.expr(id).kind {
            ExprKind::Ref(Ref::Slot(slot)) => match self.owner {
                Owner::Circuit(circuit) => Some((circuit, *slot)),
                _ => None,
            },
            ExprKind::Ref(Ref::OfCircuit(slot)) => match self.owner {
                Owner::Experiment(at) => Some((self.hir.experiments[at as usize].circuit?, *slot)),
                _ => None,
            },
            ExprKind::Index { base, .. } => self.place_of(*base),
            ExprKind::Field { base, name, .. } => match innermost(self.types.expr(*base)) {
                Type::Part(circuit) => {
                    let slot = self.hir.circuit(*circuit).slots.iter().position(|slot| slot.name == *name)?;
                    Some((*circuit, SlotId(slot as u32)))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The kinds of cells of a view, each once, in order.
    pub fn cells_of(&self, id: ExprId) -> Vec<CellId> {
        let mut cells = vec![];
        let mut add = |found: Vec<CellId>| {
            found.into_iter().for_each(|cell| {
                if !cells.contains(&cell) {
                    cells.push(cell)
                }
            })
        };
        match &self.hir.expr(id).kind {
            ExprKind::Tuple(parts) => parts.iter().for_each(|part| add(self.cells_of(*part))),
            ExprKind::Index { base, .. } => add(self.cells_of(*base)),
            ExprKind::Ref(Ref::Slot(slot)) if view_of(self.types.expr(id)) == Some(None) => {
                // A `let` that names a union.
                if let Some(SlotKind::Let { value, .. }) =
                    graph::slots(self.hir, self.owner).get(slot.index()).map(|slot| &slot.kind)
                {
                    add(self.cells_of(*value));
                }
            }
            _ => add(view_of(self.types.expr(id)).flatten().into_iter().collect()),
        }
        cells
    }

    /// Whether a view is one cell that is named by its index.
    pub fn is_one(&self, id: ExprId) -> bool {
        match &self.hir.expr(id).kind {
            // A side of a synapse is one cell.
            ExprKind::Ref(Ref::Pre | Ref::Post) => matches!(self.owner, Owner::Rule(_)),
            ExprKind::Index { base, indices } => {
                let single = |index: &Index| matches!(index, Index::At(e) if !matches!(self.types.expr(*e), Type::Array(..)));
                matches!(self.types.expr(*base), Type::View(_)) && indices.iter().all(single)
            }
            _ => false,
        }
    }

    /// As [`Self::is_one`], of a member's base.
    pub fn is_one_cell(&self, id: ExprId) -> bool {
        matches!(&self.hir.expr(id).kind, ExprKind::Field { base, .. } if self.is_one(*base) || self.is_one_segment(*base))
    }
}

enum Member {
    Value(Type),
    Port(Type),
    Mode,
    Event,
}

impl Member {
    fn goes_with(&self, other: &Member) -> bool {
        match (self, other) {
            (Member::Value(a), Member::Value(b)) | (Member::Port(a), Member::Port(b)) => {
                *a == Type::Error || *b == Type::Error || a == b
            }
            (Member::Mode, Member::Mode) | (Member::Event, Member::Event) => true,
            _ => false,
        }
    }
}

/// What a family is of.
pub fn innermost(ty: &Type) -> &Type {
    match ty {
        Type::Family(member) => innermost(member),
        other => other,
    }
}
