//! The flat cell: what the template declares, once for each instance of the part that declares it.
//!
//! In: a template and its instances. Out: a cell without segments. The cell's own variables and events keep their
//! ids; those of segments follow, declaration by declaration, segments by `k`. So do events and blocks in order of
//! writing.

use super::{At, Expander, Flat, MOST_COPIES};
use crate::diagnose::segment as say;
use crate::hir::*;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Expander<'_> {
    pub(super) fn unroll(mut self) -> Flat {
        let template = self.template.clone();
        self.name_all(&template);
        let vars = self.declare_vars(&template);
        let (events, modes) = (self.events_of(&template), self.modes_of(&template));
        let (equations, own) = self.equations_of(&template);
        let reactions = self.reactions_of(&template);
        let couples = self.couples_of(&template);
        self.hir.cells.push(Cell {
            vars,
            equations,
            couples,
            events,
            reactions,
            modes,
            segments: vec![],
            template: Some(self.of),
            ..template.clone()
        });
        self.check_couples();
        if self.is_cut_short() {
            self.sink.push(say::too_much_of_segments(template.span, &template.name, MOST_COPIES));
        }
        let each = |var: usize| {
            let var = VarId(var as u32);
            self.instances.homes(template.vars[var.index()].home).into_iter().map(move |at| (var, at))
        };
        let vars = (0..template.vars.len())
            .map(|var| each(var).filter_map(|key| self.vars.get(&key).copied()).collect())
            .collect();
        Flat { cell: self.cell, vars, equations: own, cut_short: self.is_cut_short() }
    }

    fn path(&self, name: &str, instance: Option<usize>) -> Arc<str> {
        match instance {
            Some(instance) => format!("{}.{name}", self.instances.all[instance].path).into(),
            None => name.into(),
        }
    }

    /// Gives ids to all variables, events and modes of the instances.
    fn name_all(&mut self, template: &Cell) {
        let mut next = 0;
        for (at, var) in template.vars.iter().enumerate() {
            for instance in self.instances.homes(var.home) {
                self.vars.insert((VarId(at as u32), instance), VarId(next));
                next += 1;
            }
        }
        let mut next = 0;
        for (at, event) in template.events.iter().enumerate() {
            for instance in self.instances.homes(event.home) {
                self.events.insert((EventIx(at as u32), instance), EventIx(next));
                next += 1;
            }
        }
        let mut next = 0;
        for (at, mode) in template.modes.iter().enumerate() {
            for instance in self.instances.homes(mode.home) {
                self.modes.insert((ModeId(at as u32), instance), ModeId(next));
                next += 1;
            }
        }
    }

    fn declare_vars(&mut self, template: &Cell) -> Vec<Var> {
        let mut vars = vec![];
        let mut types = vec![];
        for (id, var) in template.vars.iter().enumerate() {
            for instance in self.instances.homes(var.home) {
                let at = At { instance, reacts_to: None };
                let kind = self.var_kind(&var.kind, at);
                vars.push(Var { name: self.path(&var.name, instance), kind, home: None, ..var.clone() });
                types.push(self.types.vars[self.of.index()][id].clone());
            }
        }
        self.types.vars.resize(self.cell.index(), vec![]);
        self.types.vars.push(types);
        vars
    }

    fn var_kind(&mut self, kind: &VarKind, at: At) -> VarKind {
        let ranged = |this: &mut Self, range: &Option<(ExprId, ExprId)>| {
            range.map(|(lo, hi)| (this.copy(lo, at), this.copy(hi, at)))
        };
        match kind {
            VarKind::Param { range, default } => {
                VarKind::Param { range: ranged(self, range), default: self.copy_option(*default, at) }
            }
            VarKind::State { range, initial } => {
                VarKind::State { range: ranged(self, range), initial: self.copy_option(*initial, at) }
            }
            VarKind::Let { value } => VarKind::Let { value: self.copy(*value, at) },
            VarKind::Port { polarity, shape } => {
                let shape = match shape {
                    PortShape::Exponential { tau } => PortShape::Exponential { tau: self.copy(*tau, at) },
                    PortShape::Alpha { tau } => PortShape::Alpha { tau: self.copy(*tau, at) },
                    PortShape::Biexponential { rise, decay } => {
                        PortShape::Biexponential { rise: self.copy(*rise, at), decay: self.copy(*decay, at) }
                    }
                    PortShape::Delta { state, subtract } => {
                        PortShape::Delta { state: self.var(*state, at), subtract: *subtract }
                    }
                    PortShape::Sum => PortShape::Sum,
                    PortShape::Error => PortShape::Error,
                };
                VarKind::Port { polarity: *polarity, shape }
            }
        }
    }

    fn equation(&mut self, equation: &Equation, at: At) -> Equation {
        Equation {
            var: self.var(equation.var, at),
            factor: self.copy_option(equation.factor, at),
            value: self.copy(equation.value, at),
            span: equation.span,
        }
    }

    fn equations_of(&mut self, template: &Cell) -> (Vec<Equation>, BTreeMap<usize, usize>) {
        let (mut equations, mut own) = (vec![], BTreeMap::new());
        for (place, equation) in template.equations.iter().enumerate() {
            let home = template.vars[equation.var.index()].home;
            if home.is_none() {
                own.insert(place, equations.len());
            }
            for instance in self.instances.homes(home) {
                let copy = self.equation(equation, At { instance, reacts_to: None });
                equations.push(copy);
            }
        }
        (equations, own)
    }

    fn events_of(&mut self, template: &Cell) -> Vec<Event> {
        let mut events = vec![];
        for event in &template.events {
            for instance in self.instances.homes(event.home) {
                let at = At { instance, reacts_to: None };
                let condition = self.copy_option(event.condition, at);
                let body = self.actions(&event.body, at);
                let name = self.path(&event.name, instance);
                events.push(Event { name, home: None, condition, body, ..event.clone() });
            }
        }
        // In order of writing, segments by `k`: a stable sort keeps the order of instances.
        let mut places: Vec<usize> = (0..events.len()).collect();
        places.sort_by_key(|at| events[*at].order);
        for (order, at) in places.into_iter().enumerate() {
            events[at].order = order as u32;
        }
        events
    }

    fn modes_of(&mut self, template: &Cell) -> Vec<Mode> {
        let mut modes = vec![];
        for mode in &template.modes {
            for instance in self.instances.homes(mode.home) {
                let at = At { instance, reacts_to: None };
                let equations = mode.equations.iter().map(|equation| self.equation(equation, at)).collect();
                modes.push(Mode {
                    name: self.path(&mode.name, instance),
                    home: None,
                    equations,
                    hold: mode.hold.iter().map(|var| self.var(*var, at)).collect(),
                    drop: mode.drop.iter().map(|var| self.var(*var, at)).collect(),
                    no: mode.no.iter().map(|event| self.event(*event, at)).collect(),
                    ..mode.clone()
                });
            }
        }
        modes
    }

    fn reactions_of(&mut self, template: &Cell) -> Vec<Reaction> {
        let mut reactions = vec![];
        for reaction in &template.reactions {
            let of = match reaction.trigger {
                Trigger::Event(event) => template.events[event.index()].home,
                Trigger::Port(port) => template.vars[port.index()].home,
                Trigger::End(mode) => template.modes[mode.index()].home,
                Trigger::Tick => None,
            };
            for instance in self.instances.homes(reaction.home) {
                for (from, k) in self.triggers(instance, of) {
                    let at = At { instance, reacts_to: k };
                    let source = At { instance: from, reacts_to: None };
                    let trigger = match reaction.trigger {
                        Trigger::Event(event) => Trigger::Event(self.event(event, source)),
                        Trigger::Port(port) => Trigger::Port(self.var(port, source)),
                        Trigger::End(mode) => Trigger::End(self.mode(mode, source)),
                        Trigger::Tick => Trigger::Tick,
                    };
                    let body = self.actions(&reaction.body, at);
                    let part = instance.map_or("".into(), |at| self.instances.all[at].path.clone());
                    reactions.push(Reaction { trigger, body, span: reaction.span, home: None, part });
                }
            }
        }
        reactions
    }

    /// The parts whose event a block of an instance reacts to: the one around it, or all within; and those's index.
    fn triggers(&self, instance: Option<usize>, of: Option<SegmentId>) -> Vec<(Option<usize>, Option<i64>)> {
        if let Some(around) = self.instances.around(instance, of) {
            return vec![(around, None)];
        }
        let Some(segment) = of else { return vec![(None, None)] };
        let around: Vec<Option<SegmentId>> =
            self.template.parts_around(of).skip(1).map(Some).chain([None]).collect();
        let all = self.instances.reached(instance, segment, &around);
        all.into_iter().map(|at| (Some(at), self.instances.all[at].k)).collect()
    }

    fn actions(&mut self, actions: &[Action], at: At) -> Vec<Action> {
        actions
            .iter()
            .map(|action| Action { kind: self.action(&action.kind, at), span: action.span })
            .collect()
    }

    fn action(&mut self, kind: &ActionKind, at: At) -> ActionKind {
        match kind {
            ActionKind::Assign { target, op, value } => {
                ActionKind::Assign { target: self.var(*target, at), op: *op, value: self.copy(*value, at) }
            }
            ActionKind::Let { local, value } => {
                ActionKind::Let { local: *local, value: self.copy(*value, at) }
            }
            ActionKind::If { condition, then, otherwise } => ActionKind::If {
                condition: self.copy(*condition, at),
                then: self.actions(then, at),
                otherwise: self.actions(otherwise, at),
            },
            ActionKind::Enter { mode, duration } => {
                ActionKind::Enter { mode: self.mode(*mode, at), duration: self.copy_option(*duration, at) }
            }
            ActionKind::Leave(mode) => ActionKind::Leave(self.mode(*mode, at)),
            ActionKind::Emit(event) => ActionKind::Emit(self.event(*event, at)),
        }
    }
}
