//! What names mean in a cell, at each moment of a tick.
//!
//! In: the layout of a population and a [`Phase`]. Out: values. The state of the cell is a map from
//! [`Slot`]s to values; what is not in it is as it was loaded. `let`s are evaluated where they are read,
//! once for as long as the state stays as it is.

use std::collections::{BTreeMap, BTreeSet};

use circ_grammar::ast::Span;
use circ_plan::ir::*;

use super::context::{Lowerer, Site};
use super::integrate::holding;
use super::layout::{Layout, Storage};
use super::learning::SideScope;
use super::value::Lowered;
use crate::diagnose::structure::not_yet;
use crate::hir::*;

/// Sources of noise stand in equations as loads of this array and above, until the solver has
/// replaced them.
pub const NOISE: u32 = 1 << 31;

/// When expressions are evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before the run: parameters.
    Parameters,
    /// Before the run: initial values of states.
    Initial,
    /// Step 1: as of the start of the step.
    Start,
    /// Steps 2 and 3.
    End,
    /// After a tick.
    Observe,
}

impl Phase {
    /// Which time `t` is; before the run it is 0.
    pub fn moment(self) -> Option<Moment> {
        match self {
            Phase::Parameters | Phase::Initial => None,
            Phase::Start => Some(Moment::Start),
            Phase::End | Phase::Observe => Some(Moment::End),
        }
    }
}

/// A part of a cell's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    State(VarId),
    Port(VarId),
    /// What makes an alpha or biexponential port rise.
    Rise(VarId),
    /// What arrived at a `sum` port.
    Stored(VarId),
    Until(ModeId),
    /// Whether a mode was left in this tick.
    Left(ModeId),
    /// Whether an event without a condition of its own is due in this tick.
    Emitted(EventIx),
    /// Whether one is due in the next.
    Later(EventIx),
    Rising(ExprId),
    /// Whether the experiment clamps a state; no tick changes it.
    Clamped(VarId),
    /// Whether the experiment makes the cell spike in this tick.
    Fired,
    /// Whether it lets the cell spike no more; no tick changes it.
    Silenced,
}

/// A cell of a population.
pub struct CellSite<'a> {
    pub layout: &'a Layout<'a>,
    pub phase: Phase,
    pub state: BTreeMap<Slot, ValueId>,
    /// Values of `let`s and, before the run, of parameters and initial states.
    pub memo: BTreeMap<VarId, Lowered>,
    /// Declarations being evaluated.
    pub open: BTreeSet<VarId>,
    /// Derivatives being evaluated.
    pub open_derivatives: Vec<VarId>,
    /// Ports that are taken to be 0.
    pub silenced: Vec<VarId>,
    /// The rule whose text is read for the cell.
    pub side: Option<SideScope<'a>>,
}

impl<'a> CellSite<'a> {
    /// A cell whose state is as loaded.
    pub fn new(layout: &'a Layout<'a>, phase: Phase) -> CellSite<'a> {
        CellSite {
            layout,
            phase,
            state: BTreeMap::new(),
            memo: BTreeMap::new(),
            open: BTreeSet::new(),
            open_derivatives: vec![],
            silenced: vec![],
            side: None,
        }
    }
}

impl<'a> Lowerer<'a, '_, '_> {
    /// The cell at hand. Asked for only where a cell's own names can be.
    pub fn cell(&mut self) -> Option<&mut CellSite<'a>> {
        match &mut self.site {
            Site::Cell(site) => Some(site),
            Site::View(_) | Site::Pair(_) => None,
        }
    }

    fn layout(&self) -> Option<&'a Layout<'a>> {
        match &self.site {
            Site::Cell(site) => Some(site.layout),
            Site::View(_) | Site::Pair(_) => None,
        }
    }

    fn phase(&self) -> Phase {
        match &self.site {
            Site::Cell(site) => site.phase,
            Site::View(_) | Site::Pair(_) => Phase::End,
        }
    }

    /// The array that keeps a slot.
    pub fn array_of(layout: &Layout, slot: Slot) -> Option<(ArrayId, Ty)> {
        let storage = |var: VarId| layout.storage.get(var.index());
        match slot {
            Slot::State(var) => match storage(var)? {
                Storage::Array(array, ty) => Some((*array, *ty)),
                _ => None,
            },
            Slot::Port(var) => match storage(var)? {
                Storage::Port { value, .. } => Some((*value, Ty::Float)),
                _ => None,
            },
            Slot::Rise(var) => match storage(var)? {
                Storage::Port { rise, .. } => rise.map(|rise| (rise, Ty::Float)),
                _ => None,
            },
            Slot::Stored(var) => match storage(var)? {
                Storage::Sum { stored, .. } => stored.map(|stored| (stored, Ty::Float)),
                _ => None,
            },
            Slot::Until(mode) => layout.modes.get(mode.index()).map(|array| (*array, Ty::Tick)),
            Slot::Rising(expr) => layout.rising.get(&expr).map(|array| (*array, Ty::Bool)),
            Slot::Emitted(event) | Slot::Later(event) => {
                layout.pending.get(&event).map(|array| (*array, Ty::Bool))
            }
            Slot::Clamped(var) => layout.clamps.get(&var).map(|array| (*array, Ty::Bool)),
            Slot::Fired => layout.fired.map(|array| (array, Ty::Bool)),
            Slot::Silenced => layout.silenced.map(|array| (array, Ty::Bool)),
            Slot::Left(_) => None,
        }
    }

    /// The value of a slot now.
    pub fn slot(&mut self, slot: Slot) -> ValueId {
        if let Some(value) = self.cell().and_then(|site| site.state.get(&slot).copied()) {
            return value;
        }
        self.loaded(slot)
    }

    /// The value of a slot as it was before the program. What is kept nowhere begins as false, or 0.
    pub fn loaded(&mut self, slot: Slot) -> ValueId {
        let array = self.layout().and_then(|layout| Lowerer::array_of(layout, slot));
        match (slot, array) {
            (Slot::Later(_) | Slot::Left(_), _)
            | (Slot::Emitted(_) | Slot::Rising(_) | Slot::Clamped(_) | Slot::Fired | Slot::Silenced, None) => {
                self.b.bool(false)
            }
            (_, Some((array, ty))) => self.b.load(Side::Own, array, ty),
            (_, None) => self.b.float(0.0),
        }
    }

    /// Changes a slot; what follows from the state is evaluated anew.
    pub fn store(&mut self, slot: Slot, value: ValueId) {
        if let Some(site) = self.cell() {
            site.state.insert(slot, value);
            site.memo.clear();
        }
    }

    /// A parameter, state, port or `let`.
    pub fn variable(&mut self, var: VarId, span: Span) -> Lowered {
        if self.reads_rule() {
            return self.rule_variable(var, span);
        }
        let Some(layout) = self.layout() else { return self.refuse(not_yet(span, "a cell's name here")) };
        let Some(declared) = layout.cell.vars.get(var.index()) else {
            return self.refuse(not_yet(span, "this name here"));
        };
        match &declared.kind {
            VarKind::Param { .. } => match self.phase() {
                Phase::Parameters => self.memoised(var, span, |this| this.parameter_value(var)),
                _ => self.kept(layout, var),
            },
            VarKind::State { .. } => match self.phase() {
                Phase::Parameters | Phase::Initial => {
                    self.memoised(var, span, |this| this.initial_value(var))
                }
                _ => Lowered::One(self.slot(Slot::State(var))),
            },
            VarKind::Let { value } => self.memoised(var, span, |this| {
                let environment = this.environment.take();
                let result = this.declared(&declared.name, |this| this.expr(*value));
                this.environment = environment;
                result
            }),
            VarKind::Port { shape, .. } => Lowered::One(self.port_value(var, shape)),
        }
    }

    /// Evaluates once; a declaration that needs itself is reported.
    fn memoised(&mut self, var: VarId, span: Span, evaluate: impl FnOnce(&mut Self) -> Lowered) -> Lowered {
        let Some(site) = self.cell() else { return self.refuse(not_yet(span, "a cell's name here")) };
        if let Some(value) = site.memo.get(&var) {
            return value.clone();
        }
        if !site.open.insert(var) {
            let name = site.layout.cell.vars[var.index()].name.to_string();
            return self.refuse(crate::diagnose::names::cyclic_let(&[(name, span)]));
        }
        // Others may read it where the statement at hand does not run.
        let mask = self.mask.take();
        let value = evaluate(self);
        self.mask = mask;
        if let Some(site) = self.cell() {
            site.open.remove(&var);
            site.memo.insert(var, value.clone());
        }
        value
    }

    /// A parameter from where it is kept.
    fn kept(&mut self, layout: &'a Layout<'a>, var: VarId) -> Lowered {
        match &layout.storage[var.index()] {
            Storage::Constant(value) => self.known(value, layout.cell.vars[var.index()].span),
            Storage::Uniform(uniform, ty) => Lowered::One(self.b.uniform(*uniform, *ty)),
            Storage::Array(array, ty) => Lowered::One(self.b.load(Side::Own, *array, *ty)),
            Storage::Elements { shape, arrays, ty } => {
                let elements = arrays.iter().map(|array| self.b.load(Side::Own, *array, *ty)).collect();
                Lowered::Many { shape: shape.clone(), elements }
            }
            Storage::Port { .. } | Storage::Sum { .. } | Storage::Nothing => Lowered::One(self.b.float(0.0)),
        }
    }

    /// The value of a port.
    pub fn port_value(&mut self, var: VarId, shape: &PortShape) -> ValueId {
        let silenced = self.cell().is_some_and(|site| site.silenced.contains(&var));
        if silenced || matches!(self.phase(), Phase::Parameters | Phase::Initial) {
            return self.b.float(0.0);
        }
        match shape {
            PortShape::Sum => self.sum_port(var),
            PortShape::Exponential { .. } | PortShape::Alpha { .. } | PortShape::Biexponential { .. } => {
                self.slot(Slot::Port(var))
            }
            PortShape::Delta { .. } | PortShape::Error => self.b.float(0.0),
        }
    }

    /// What each value drive sends to this cell: held over a step (section 11 of the language).
    pub fn value_inputs(&mut self) -> Vec<ValueId> {
        let Some(layout) = self.layout() else { return vec![] };
        layout.inputs.values().flatten().map(|input| self.input(input)).collect()
    }

    /// What arrived in the last delivery, what flows, and what value drives send.
    fn sum_port(&mut self, var: VarId) -> ValueId {
        let Some(layout) = self.layout() else { return self.b.float(0.0) };
        let mut terms = vec![];
        if let Storage::Sum { stored, flow } = layout.storage[var.index()] {
            terms.extend(stored.map(|_| self.slot(Slot::Stored(var))));
            terms.extend(flow.map(|flow| self.b.load(Side::Own, flow, Ty::Float)));
        }
        for input in layout.inputs.get(&var).map_or(&[][..], |inputs| inputs) {
            terms.push(self.input(input));
        }
        let mut terms = terms.into_iter();
        match terms.next() {
            Some(first) => terms.fold(first, |sum, term| self.b.add(sum, term)),
            None if self.phase() == Phase::Observe => self.b.float(0.0),
            // Nothing flows: `x + -0` is `x`, and costs nothing.
            None => self.b.float(-0.0),
        }
    }

    /// Whether a mode is on.
    pub fn mode_is_on(&mut self, mode: ModeId) -> ValueId {
        match self.phase() {
            Phase::Parameters | Phase::Initial => self.b.bool(false),
            // After step 3 of its last tick it is over.
            Phase::Observe => {
                let (until, now) = (self.slot(Slot::Until(mode)), self.b.now());
                self.b.gt(until, now)
            }
            Phase::Start | Phase::End => {
                let (until, now) = (self.slot(Slot::Until(mode)), self.b.now());
                self.b.ge(until, now)
            }
        }
    }

    /// Whether any of some modes is on.
    pub fn any_on(&mut self, modes: &[ModeId]) -> ValueId {
        let off = self.b.bool(false);
        modes.iter().fold(off, |any, mode| {
            let on = self.mode_is_on(*mode);
            self.b.or(any, on)
        })
    }

    /// Whether a clamp or a mode that is on holds a state.
    pub fn is_held(&mut self, layout: &Layout, var: VarId) -> ValueId {
        let by_mode = self.any_on(&holding(layout, var));
        let clamped = self.slot(Slot::Clamped(var));
        self.b.or(by_mode, clamped)
    }

    /// `i`
    pub fn cell_index(&mut self) -> ValueId {
        match &self.site {
            Site::Cell(_) | Site::Pair(_) => self.b.index(Side::Own),
            Site::View(_) => self.view_cell_index(),
        }
    }

    /// `row`, `col`, `layer`: 0, 1, 2.
    pub fn coordinate(&mut self, which: usize) -> ValueId {
        let shape = match &self.site {
            Site::Cell(site) => site.layout.net.shape.clone(),
            Site::View(site) => site.shape(self.source),
            Site::Pair(_) => vec![],
        };
        let index = self.cell_index();
        self.coordinate_of(index, &shape, which)
    }

    /// A coordinate of a cell of a population of this shape: `col` is the last index, `row` the one
    /// before, `layer` the one before that; 0 where there is none.
    pub fn coordinate_of(&mut self, index: ValueId, shape: &[u32], which: usize) -> ValueId {
        let from_last = [1, 0, 2][which];
        let Some(at) = shape.len().checked_sub(from_last + 1) else { return self.b.int(0) };
        let inner: i64 = shape[at + 1..].iter().map(|n| i64::from(*n)).product();
        let (inner, own) = (self.b.int(inner), self.b.int(i64::from(shape[at])));
        let outer = self.b.int_div(index, inner);
        self.b.int_mod(outer, own)
    }

    /// `size`
    pub fn size(&mut self) -> i64 {
        match &self.site {
            Site::Cell(site) => i64::from(site.layout.net.cells()),
            Site::View(site) => site.shape(self.source).iter().map(|n| i64::from(*n)).product(),
            Site::Pair(_) => 0,
        }
    }

    /// What stands for a source of noise until the solver has replaced it.
    pub fn noise(&mut self, source: u32) -> ValueId {
        match self.phase() {
            Phase::Start => self.b.load(Side::Own, ArrayId(NOISE.saturating_add(source)), Ty::Float),
            _ => self.b.float(0.0),
        }
    }

    /// `rising(c)`: true where `c` is and was not at the last tick; before tick 0 it was not.
    pub fn rising(&mut self, id: ExprId, condition: ExprId) -> ValueId {
        let now = self.truth(condition);
        let before = self.loaded(Slot::Rising(id));
        if let Some(site) = self.cell() {
            site.state.insert(Slot::Rising(id), now);
        }
        let not_before = self.b.not(before);
        self.b.and(now, not_before)
    }
}
