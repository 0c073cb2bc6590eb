//! Steps 2 and 3 of a tick: arrivals, reactions to them, conditions, events and their blocks.
//!
//! In: a lowerer in phase `End`, after step 1. Out: the state after the tick and the masks of events.
//! Blocks are computed for all cells and selected by their masks; the order is that of `language.md`,
//! section 11: arrivals, `on PORT`, `on tick`; all conditions; event blocks, `on EVENT`, `on end`.

use std::collections::BTreeMap;

use circ_grammar::ast::{AssignOp, BinaryOp, Span};
use circ_plan::ir::*;

use super::cell::Slot;
use super::context::{Draws, Lowerer};
use super::layout::Layout;
use super::time::whole_ticks;
use crate::diagnose::structure::not_yet;
use crate::diagnose::time::{negative_duration, off_grid};
use crate::hir::*;

/// Which blocks run now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// `on PORT`.
    Arrival,
    /// `on tick`: what is assigned to held variables is lost.
    Tick,
    /// The block of the event at this place in the order of writing.
    Event(u32),
    /// After the blocks of all events.
    After,
}

/// What a tick did, besides the state.
pub struct Outcome {
    /// By `EventIx`.
    pub events: Vec<ValueId>,
    /// Values of states after step 2, to be checked.
    pub reached: BTreeMap<Slot, ValueId>,
    /// Where step 2 last assigned them.
    pub assigned_before: BTreeMap<Slot, Span>,
    /// Where states were last assigned something that is not a parameter.
    pub assigned: BTreeMap<Slot, Span>,
}

struct Ticker<'a, 'x, 'l, 'r, 's> {
    lowerer: &'x mut Lowerer<'l, 'r, 's>,
    layout: &'a Layout<'a>,
    stage: Stage,
    assigned: BTreeMap<Slot, Span>,
    /// How often each declaration has drawn: blocks with one trigger share a key.
    salts: BTreeMap<String, u32>,
}

impl<'a> Lowerer<'a, '_, '_> {
    /// Steps 2 and 3.
    pub fn tick(&mut self, layout: &'a Layout<'a>) -> Outcome {
        let mut ticker = Ticker {
            lowerer: self,
            layout,
            stage: Stage::Arrival,
            assigned: BTreeMap::new(),
            salts: BTreeMap::new(),
        };
        ticker.deliver();
        let reached = ticker.lowerer.cell().map(|site| site.state.clone()).unwrap_or_default();
        let assigned_before = ticker.assigned.clone();
        let events = ticker.react();
        Outcome { events, reached, assigned_before, assigned: ticker.assigned }
    }

    /// The ticks of a duration: a constant must be whole, others are rounded.
    fn duration(&mut self, expr: ExprId) -> ValueId {
        let source = self.source;
        let span = source.hir.expr(expr).span;
        let value = self.float(expr);
        let (dt, zero) = (self.b.float(source.net.dt), self.b.float(0.0));
        match self.built_number(value) {
            Some(ms) if ms < 0.0 => self.report.push(negative_duration(span, "the duration", ms)),
            Some(ms) if whole_ticks(ms, source.net.dt).is_none() => {
                self.report.push(off_grid(span, "the duration", ms, source.step()));
            }
            Some(_) => {}
            None => {
                let fits = self.b.ge(value, zero);
                let fails = self.b.not(fits);
                self.check_not(CheckKind::Range, fails, span, "the duration");
            }
        }
        let steps = self.b.div(value, dt);
        let nearest = self.b.round(steps);
        self.b.to_tick(nearest)
    }
}

impl<'l> Ticker<'_, '_, 'l, '_, '_> {
    // Step 2.

    fn deliver(&mut self) {
        let cell = self.layout.cell;
        let mut arrived: BTreeMap<VarId, ValueId> = BTreeMap::new();
        for (var, port) in &self.layout.accumulators {
            let arrival = self.lowerer.b.arrival(*port);
            let modes = cell.modes.iter().enumerate();
            let dropping: Vec<ModeId> =
                modes.filter(|(_, m)| m.drop.contains(var)).map(|(at, _)| ModeId(at as u32)).collect();
            let lost = self.lowerer.any_on(&dropping);
            let zero = self.lowerer.b.float(0.0);
            arrived.insert(*var, self.lowerer.b.select(lost, zero, arrival));
        }
        for (var, arrival) in &arrived {
            if let VarKind::Port { shape, .. } = &cell.vars[var.index()].kind {
                self.add_arrival(*var, shape, *arrival);
            }
        }
        for reaction in &cell.reactions {
            if let Trigger::Port(var) = reaction.trigger
                && let Some(arrival) = arrived.get(&var)
            {
                // Arrivals that sum to 0 count as none.
                let zero = self.lowerer.b.float(0.0);
                let mask = self.lowerer.b.ne(*arrival, zero);
                self.block(&format!("on {}", cell.vars[var.index()].name), mask, &reaction.body);
            }
        }
        self.stage = Stage::Tick;
        self.on_tick();
    }

    /// The blocks of a cell and of its segments read each other as they were before any of them ran; each changes only
    /// what is its own.
    fn on_tick(&mut self) {
        let always = self.lowerer.b.bool(true);
        let start = self.state();
        let mut changed: BTreeMap<&str, BTreeMap<Slot, ValueId>> = BTreeMap::new();
        for reaction in self.layout.cell.reactions.iter().filter(|r| r.trigger == Trigger::Tick) {
            let part = &*reaction.part;
            let own = changed.remove(part).unwrap_or_default();
            self.restore(start.iter().chain(&own).map(|(slot, value)| (*slot, *value)).collect());
            let declaration = if part.is_empty() { "on tick".to_owned() } else { format!("{part} on tick") };
            self.block(&declaration, always, &reaction.body);
            let mut after = self.state();
            after.retain(|slot, value| start.get(slot) != Some(value));
            changed.insert(part, after);
        }
        let changed = changed.into_values().flatten();
        self.restore(start.into_iter().chain(changed).collect());
    }

    /// Adds what arrives to a port, or to the state that a delta port is of.
    fn add_arrival(&mut self, var: VarId, shape: &PortShape, arrival: ValueId) {
        let lowerer = &mut *self.lowerer;
        match shape {
            PortShape::Exponential { .. } => {
                let value = lowerer.slot(Slot::Port(var));
                let sum = lowerer.b.add(value, arrival);
                lowerer.store(Slot::Port(var), sum);
            }
            PortShape::Alpha { tau } => {
                let tau = lowerer.float(*tau);
                let e = lowerer.b.float(std::f64::consts::E);
                let gain = lowerer.b.div(e, tau);
                self.add_rise(var, gain, arrival);
            }
            PortShape::Biexponential { rise, decay } => {
                let (rise, decay) = (lowerer.float(*rise), lowerer.float(*decay));
                let ratio = lowerer.b.div(decay, rise);
                let log = lowerer.b.call1(circ_plan::ir::Function::Log, ratio);
                let relative = lowerer.b.call1(circ_plan::ir::Function::Exprel, log);
                let peak = lowerer.b.div(decay, relative);
                let peak = lowerer.b.div(peak, rise);
                let growth = lowerer.b.call1(circ_plan::ir::Function::Exp, peak);
                let gain = lowerer.b.div(growth, decay);
                self.add_rise(var, gain, arrival);
            }
            PortShape::Delta { state, subtract } => {
                let before = lowerer.slot(Slot::State(*state));
                let sum = match subtract {
                    true => lowerer.b.sub(before, arrival),
                    false => lowerer.b.add(before, arrival),
                };
                let sum = lowerer.within_range(*state, sum);
                let held = lowerer.is_held(self.layout, *state);
                let after = lowerer.b.select(held, before, sum);
                lowerer.store(Slot::State(*state), after);
            }
            PortShape::Sum => lowerer.store(Slot::Stored(var), arrival),
            PortShape::Error => {}
        }
    }

    fn add_rise(&mut self, var: VarId, gain: ValueId, arrival: ValueId) {
        let value = self.lowerer.slot(Slot::Rise(var));
        let sum = self.lowerer.b.fma(gain, arrival, value);
        self.lowerer.store(Slot::Rise(var), sum);
    }

    // Step 3.

    /// Returns the mask of every event.
    fn react(&mut self) -> Vec<ValueId> {
        let cell = self.layout.cell;
        let mut order: Vec<usize> = (0..cell.events.len()).collect();
        order.sort_by_key(|at| cell.events[*at].order);
        let mut conditions = BTreeMap::new();
        for at in &order {
            conditions.insert(*at, self.condition(*at));
        }
        let never = self.lowerer.b.bool(false);
        let mut fired = vec![never; cell.events.len()];
        for at in order {
            let event = &cell.events[at];
            self.stage = Stage::Event(event.order);
            let emitted = self.lowerer.slot(Slot::Emitted(EventIx(at as u32)));
            let allowed = self.allowed(at);
            let emitted = self.lowerer.b.and(emitted, allowed);
            let happens = self.lowerer.b.or(conditions[&at], emitted);
            fired[at] = self.forced(at, happens);
            self.block(&event.name, fired[at], &event.body);
        }
        self.stage = Stage::After;
        for reaction in &cell.reactions {
            if let Trigger::Event(event) = reaction.trigger
                && let Some(mask) = fired.get(event.index())
            {
                self.block(&format!("on {}", cell.events[event.index()].name), *mask, &reaction.body);
            }
        }
        for reaction in &cell.reactions {
            if let Trigger::End(mode) = reaction.trigger {
                let mask = self.ended(mode);
                self.block(&format!("on end {}", cell.modes[mode.index()].name), mask, &reaction.body);
            }
        }
        fired
    }

    /// What the experiment makes of a spike: one that is fired happens whatever the cell is like, a silenced one does not.
    fn forced(&mut self, at: usize, happens: ValueId) -> ValueId {
        let event = &self.layout.cell.events[at];
        if &*event.name != "spike" || event.home.is_some() {
            return happens;
        }
        let mut happens = happens;
        if self.layout.fired.is_some() {
            let fired = self.lowerer.slot(Slot::Fired);
            happens = self.lowerer.b.or(happens, fired);
            let over = self.lowerer.b.bool(false);
            self.lowerer.store(Slot::Fired, over);
        }
        if self.layout.silenced.is_some() {
            let silenced = self.lowerer.slot(Slot::Silenced);
            let free = self.lowerer.b.not(silenced);
            happens = self.lowerer.b.and(happens, free);
        }
        happens
    }

    /// Whether an event's condition holds and no mode forbids it.
    fn condition(&mut self, at: usize) -> ValueId {
        let event = &self.layout.cell.events[at];
        let Some(condition) = event.condition else { return self.lowerer.b.bool(false) };
        let holds = self.lowerer.declared(&format!("when {}", event.name), |this| this.truth(condition));
        let allowed = self.allowed(at);
        self.lowerer.b.and(allowed, holds)
    }

    /// Whether no mode that is on forbids an event.
    fn allowed(&mut self, at: usize) -> ValueId {
        let modes = self.layout.cell.modes.iter().enumerate();
        let forbidding: Vec<ModeId> = modes
            .filter(|(_, m)| m.no.contains(&EventIx(at as u32)))
            .map(|(at, _)| ModeId(at as u32))
            .collect();
        let forbidden = self.lowerer.any_on(&forbidding);
        self.lowerer.b.not(forbidden)
    }

    /// Whether a mode ends with this tick: its time is over, or it was left and not entered again.
    fn ended(&mut self, mode: ModeId) -> ValueId {
        let (until, now) = (self.lowerer.slot(Slot::Until(mode)), self.lowerer.b.now());
        let left = self.lowerer.slot(Slot::Left(mode));
        let over = self.lowerer.b.eq(until, now);
        let off = self.lowerer.b.lt(until, now);
        let left = self.lowerer.b.and(left, off);
        self.lowerer.b.or(over, left)
    }

    // Blocks.

    /// A block, with the draws of its trigger.
    fn block(&mut self, declaration: &str, mask: ValueId, body: &[Action]) {
        let salt = self.salts.get(declaration).copied().unwrap_or(0);
        self.lowerer.draws = Draws { declaration: declaration.to_owned(), salt };
        self.masked(mask, |this| this.actions(body));
        self.salts.insert(declaration.to_owned(), self.lowerer.draws.salt);
    }

    /// Runs statements, and keeps what they did where the mask holds.
    fn masked(&mut self, mask: ValueId, run: impl FnOnce(&mut Self)) {
        let outer_mask = self.lowerer.mask;
        let whole = match outer_mask {
            Some(outer) => self.lowerer.b.and(outer, mask),
            None => mask,
        };
        self.lowerer.mask = Some(whole);
        let before = self.state();
        run(self);
        let after = self.state();
        self.lowerer.mask = outer_mask;
        self.restore(before.clone());
        for (slot, value) in after {
            let old = match before.get(&slot) {
                Some(old) => *old,
                None => self.lowerer.loaded(slot),
            };
            let merged = self.lowerer.choose(mask, value, old);
            self.lowerer.store(slot, merged);
        }
    }

    fn state(&mut self) -> BTreeMap<Slot, ValueId> {
        self.lowerer.cell().map(|site| site.state.clone()).unwrap_or_default()
    }

    fn restore(&mut self, state: BTreeMap<Slot, ValueId>) {
        if let Some(site) = self.lowerer.cell() {
            site.state = state;
            site.memo.clear();
        }
    }

    fn actions(&mut self, body: &[Action]) {
        for action in body {
            match &action.kind {
                ActionKind::Assign { target, op, value } => self.assign(*target, *op, *value, action.span),
                ActionKind::Let { local, value } => {
                    let value = self.lowerer.expr(*value);
                    self.lowerer.locals.insert(*local, value);
                }
                ActionKind::If { condition, then, otherwise } => self.branch(*condition, then, otherwise),
                ActionKind::Enter { mode, duration } => self.enter(*mode, *duration),
                ActionKind::Leave(mode) => self.leave(*mode),
                ActionKind::Emit(event) => self.emit(*event),
            }
        }
    }

    fn branch(&mut self, condition: ExprId, then: &[Action], otherwise: &[Action]) {
        let condition = self.lowerer.truth(condition);
        let not = self.lowerer.b.not(condition);
        // Both branches are of the state before: what one does must not be seen by the other.
        self.masked(condition, |this| this.actions(then));
        if !otherwise.is_empty() {
            self.masked(not, |this| this.actions(otherwise));
        }
    }

    fn assign(&mut self, target: VarId, op: AssignOp, value: ExprId, span: Span) {
        let kind = &self.layout.cell.vars[target.index()].kind;
        let slot = match kind {
            VarKind::State { .. } => Slot::State(target),
            VarKind::Port { shape: PortShape::Sum, .. } => Slot::Stored(target),
            _ => Slot::Port(target),
        };
        let Some((_, ty)) = Lowerer::array_of(self.layout, slot) else {
            self.lowerer.report.push(not_yet(span, "an assignment to this port"));
            return;
        };
        let before = self.lowerer.slot(slot);
        let given = self.lowerer.one(value);
        let operator = match op {
            AssignOp::Set => None,
            AssignOp::Add => Some(BinaryOp::Add),
            AssignOp::Subtract => Some(BinaryOp::Subtract),
            AssignOp::Multiply => Some(BinaryOp::Multiply),
        };
        let given = if ty == Ty::Int && operator.is_some() { self.lowerer.as_int(given) } else { given };
        let after = operator.map_or(given, |operator| self.lowerer.binary(operator, before, given, span));
        let after = self.lowerer.to(ty, after);
        if !self.lowerer.is_parameter(after) {
            self.assigned.insert(slot, span);
        }
        let after = self.lowerer.within_range(target, after);
        let after = self.unless_held(target, before, after);
        self.lowerer.store(slot, after);
        self.scale_rise(target, op, given);
    }

    /// An assignment to a port's value with `=` ends its rise too, one with `*=` scales it.
    fn scale_rise(&mut self, port: VarId, op: AssignOp, given: ValueId) {
        let slot = Slot::Rise(port);
        if Lowerer::array_of(self.layout, slot).is_none() {
            return;
        }
        let rise = self.lowerer.slot(slot);
        let after = match op {
            AssignOp::Set => self.lowerer.b.float(0.0),
            AssignOp::Multiply => {
                let given = self.lowerer.as_float(given);
                self.lowerer.b.mul(rise, given)
            }
            AssignOp::Add | AssignOp::Subtract => rise,
        };
        self.lowerer.store(slot, after);
    }

    /// What is clamped keeps its value, in `on tick` what a mode holds does too.
    fn unless_held(&mut self, var: VarId, before: ValueId, after: ValueId) -> ValueId {
        let held = match self.stage {
            Stage::Tick => self.lowerer.is_held(self.layout, var),
            Stage::Arrival | Stage::Event(_) | Stage::After => self.lowerer.slot(Slot::Clamped(var)),
        };
        self.lowerer.choose(held, before, after)
    }

    fn enter(&mut self, mode: ModeId, duration: Option<ExprId>) {
        let until = match duration {
            None => self.lowerer.b.tick(MAX_TICK),
            Some(duration) => {
                let ticks = self.lowerer.duration(duration);
                let now = self.lowerer.b.now();
                self.lowerer.b.tick_add(now, ticks)
            }
        };
        self.lowerer.store(Slot::Until(mode), until);
    }

    fn leave(&mut self, mode: ModeId) {
        let on = self.lowerer.mode_is_on(mode);
        let left = self.lowerer.slot(Slot::Left(mode));
        let left = self.lowerer.b.or(left, on);
        self.lowerer.store(Slot::Left(mode), left);
        let (now, minus) = (self.lowerer.b.now(), self.lowerer.b.tick(-1));
        let before = self.lowerer.b.tick_add(now, minus);
        self.lowerer.store(Slot::Until(mode), before);
    }

    /// At this tick where step 3 has not reached the event's block, else at the next.
    fn emit(&mut self, event: EventIx) {
        let target = self.layout.cell.events[event.index()].order;
        let late = match self.stage {
            Stage::Arrival | Stage::Tick => false,
            Stage::Event(order) => target <= order,
            Stage::After => true,
        };
        let slot = if late { Slot::Later(event) } else { Slot::Emitted(event) };
        let yes = self.lowerer.b.bool(true);
        self.lowerer.store(slot, yes);
    }
}
