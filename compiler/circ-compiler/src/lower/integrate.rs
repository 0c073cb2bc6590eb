//! Step 1 of a tick: the equations of a cell, in every regime, integrated over the step.
//!
//! In: a lowerer in phase `Start`. Out: the state after the step. Modes that replace equations or hold
//! variables make regimes; each is solved on its own and the modes' masks choose. What regimes share is
//! computed once. Of many modes there are too many regimes: then one system holds what each equation is in each.

use std::collections::{BTreeMap, BTreeSet};

use circ_grammar::ast::Span;
use circ_plan::ir::*;

use super::cell::{NOISE, Phase, Slot};
use super::context::Lowerer;
use super::explain::EquationMethod;
use super::layout::Layout;
use super::regimes::{Effect, MOST_REGIMES, equation_of, has_equation};
use crate::diagnose::build::outside_domain;
use crate::diagnose::solve as say;
use crate::hir::*;
use crate::solve::{self, Choice, Coupling, Kind, Problem, Source, System};
use crate::types::Dimension;
use crate::units::show;

/// One regime's system, with the slot of each equation.
#[derive(Default)]
pub struct Regime {
    pub slots: Vec<Slot>,
    spans: Vec<Span>,
    pub equations: Vec<solve::Equation>,
    /// The masks of what changes these equations within the regime.
    pub effects: Vec<ValueId>,
    couplings: Vec<Coupling>,
}

impl<'a> Lowerer<'a, '_, '_> {
    /// Integrates all equations. Returns the methods of the base regime and of what modes replace; none after a message.
    pub fn integrate(&mut self, layout: &'a Layout<'a>) -> Vec<EquationMethod> {
        let trees = self.trees(layout);
        let effects = self.effects(layout, &trees);
        let masks: Vec<ValueId> = effects.iter().map(|effect| self.acts(effect)).collect();
        let methods = match effects.len() <= MOST_REGIMES {
            true => self.by_regimes(layout, &effects, &masks, &trees),
            false => self.at_once(layout, &effects, masks, &trees),
        };
        if let Some(methods) = methods {
            self.clip_states(layout);
            return methods;
        }
        vec![]
    }

    /// Solves each regime and takes what is on.
    fn by_regimes(
        &mut self,
        layout: &'a Layout<'a>,
        effects: &[Effect],
        masks: &[ValueId],
        trees: &BTreeSet<VarId>,
    ) -> Option<Vec<EquationMethod>> {
        let mut methods = vec![];
        let mut results: Vec<BTreeMap<Slot, ValueId>> = vec![];
        for combination in 0..1usize << effects.len() {
            let active: Vec<&Effect> =
                (0..effects.len()).filter(|k| combination >> k & 1 == 1).map(|k| &effects[k]).collect();
            let regime = self.regime(layout, &active, trees);
            let solution = self.solved(layout, &regime)?;
            explain(layout, &active, trees, &regime, &solution.choices, &mut methods);
            results.push(regime.slots.iter().copied().zip(solution.next).collect());
        }
        self.choose_regime(layout, masks, &results);
        Some(methods)
    }

    /// Solves one system in which each equation says what it is in each mode.
    fn at_once(
        &mut self,
        layout: &'a Layout<'a>,
        effects: &[Effect],
        masks: Vec<ValueId>,
        trees: &BTreeSet<VarId>,
    ) -> Option<Vec<EquationMethod>> {
        let mut regime = self.regime(layout, &[], trees);
        self.with_changes(layout, &mut regime, effects, masks, trees);
        let solution = self.solved(layout, &regime)?;
        let every = (0..layout.cell.vars.len()).map(|at| VarId(at as u32)).collect();
        let mut methods = vec![];
        explain(layout, &[], &every, &regime, &solution.choices, &mut methods);
        for (slot, next) in regime.slots.into_iter().zip(solution.next) {
            self.store(slot, next);
        }
        Some(methods)
    }

    /// The coupled variables, where couplings are solved as trees. What modes do to these needs no regimes: each node
    /// takes what is on, and a held one moves by nothing.
    fn trees(&self, layout: &Layout) -> BTreeSet<VarId> {
        match solve::takes_trees(self.method(layout).0) {
            true => layout.cell.couples.iter().filter_map(|it| it.ends(self.source.hir)).flatten().collect(),
            false => BTreeSet::new(),
        }
    }

    /// The method that was asked for.
    fn method(&self, layout: &Layout) -> (Method, Option<Span>) {
        match layout.cell.method.or(self.source.net.method) {
            Some((method, at)) => (method, Some(at)),
            None => (Method::Auto, None),
        }
    }

    /// The equations while these effects act.
    fn regime(&mut self, layout: &'a Layout<'a>, active: &[&Effect], trees: &BTreeSet<VarId>) -> Regime {
        let mut regime = Regime::default();
        for at in 0..layout.cell.vars.len() {
            let var = VarId(at as u32);
            match &layout.cell.vars[at].kind {
                VarKind::State { .. } => {
                    if active.iter().any(|e| e.hold.contains(&var)) {
                        continue;
                    }
                    let Some((mode, equation)) = equation_of(layout, active, var) else { continue };
                    let derivative = match trees.contains(&var) {
                        true => self.in_any_mode(layout, var, &mut |this, mode, equation| {
                            this.right_side(layout, mode, equation)
                        }),
                        false => self.rate(layout, mode, equation),
                    };
                    self.push_equation(&mut regime, Slot::State(var), derivative, Kind::State, equation.span);
                }
                VarKind::Port { shape, .. } => {
                    self.port_equations(&mut regime, var, shape, layout.cell.vars[at].span)
                }
                VarKind::Param { .. } | VarKind::Let { .. } => {}
            }
        }
        if !trees.is_empty() {
            regime.couplings = self.couplings(layout, &regime.slots);
        }
        regime
    }

    /// Between the equations of these slots, in whichever modes are on.
    fn couplings(&mut self, layout: &'a Layout<'a>, slots: &[Slot]) -> Vec<Coupling> {
        let hir = self.source.hir;
        let mut found = vec![];
        for couple in &layout.cell.couples {
            let place = |var: VarId| slots.iter().position(|slot| *slot == Slot::State(var));
            let Some([from, to]) = couple.ends(hir) else { continue };
            let (Some(a), Some(b)) = (place(from), place(to)) else { continue };
            let [to_a, to_b] = [from, to].map(|var| {
                self.in_any_mode(layout, var, &mut |this, _, equation| this.pull(equation, couple))
            });
            found.push(Coupling { a, b, to_a, to_b });
        }
        found
    }

    /// What couples two variables, over the factor of one's equation.
    fn pull(&mut self, equation: &Equation, couple: &Couple) -> ValueId {
        let by = self.float(couple.by);
        match equation.factor {
            Some(factor) => {
                let factor = self.float(factor);
                self.over(by, factor)
            }
            None => by,
        }
    }

    /// `x'` by an equation: its right side with what couplings add, over its factor.
    pub fn rate(&mut self, layout: &Layout, mode: Option<ModeId>, equation: &Equation) -> ValueId {
        let mut rate = self.right_side(layout, mode, equation);
        let own = self.slot(Slot::State(equation.var));
        let hir = self.source.hir;
        for couple in &layout.cell.couples {
            let Some(other) = couple.neighbour(hir, equation.var) else { continue };
            let other = self.slot(Slot::State(other));
            let difference = self.b.sub(other, own);
            let pull = self.pull(equation, couple);
            let term = self.b.mul(pull, difference);
            rate = self.b.add(rate, term);
        }
        rate
    }

    pub fn push_equation(
        &mut self,
        regime: &mut Regime,
        slot: Slot,
        derivative: ValueId,
        kind: Kind,
        span: Span,
    ) {
        let variable = self.slot(slot);
        regime.slots.push(slot);
        regime.spans.push(span);
        regime.equations.push(solve::Equation::plain(variable, derivative, kind));
    }

    /// What ports add to the right side of an equation (over its factor): its value less its value with them at 0.
    pub fn added_by(&mut self, layout: &Layout, ports: &[VarId], equation: &Equation) -> ValueId {
        let with = self.right_side(layout, None, equation);
        if let Some(site) = self.cell() {
            site.silenced = ports.to_vec();
            site.memo.clear();
        }
        let without = self.right_side(layout, None, equation);
        self.b.sub(with, without)
    }

    /// `x'` by an equation: the right side over its factor.
    fn right_side(&mut self, layout: &Layout, mode: Option<ModeId>, equation: &Equation) -> ValueId {
        let name = &layout.cell.vars[equation.var.index()].name;
        let declaration = match mode {
            None => format!("{name}'"),
            Some(mode) => format!("{}.{name}'", layout.cell.modes[mode.index()].name),
        };
        self.declared(&declaration, |this| {
            let value = this.float(equation.value);
            let Some(factor_at) = equation.factor else { return value };
            let factor = this.float(factor_at);
            if this.b.float_constant(factor) == Some(0.0) {
                let span = this.source.hir.expr(factor_at).span;
                this.report.push(say::factor_is_zero(span, name));
                return value;
            }
            this.over(value, factor)
        })
    }

    /// A quotient, by the reciprocal where that follows from parameters.
    pub fn over(&mut self, value: ValueId, factor: ValueId) -> ValueId {
        match self.is_parameter(factor) {
            true => {
                let one = self.b.float(1.0);
                let reciprocal = self.b.div(one, factor);
                self.b.mul(value, reciprocal)
            }
            false => self.b.div(value, factor),
        }
    }

    /// Whether a value is a parameter or a constant.
    pub fn is_parameter(&mut self, value: ValueId) -> bool {
        match self.b.op(value) {
            Op::Float(_) | Op::Int(_) | Op::Bool(_) => true,
            op @ (Op::Uniform(_) | Op::Load(..)) => {
                let op = op.clone();
                self.cell().is_some_and(|site| is_parameter(site.layout, &op))
            }
            _ => false,
        }
    }

    /// The equations of a port's shape: see the note on shapes.
    fn port_equations(&mut self, regime: &mut Regime, var: VarId, shape: &PortShape, span: Span) {
        let (rising, falling) = match shape {
            PortShape::Exponential { tau } => (None, *tau),
            PortShape::Alpha { tau } => (Some(*tau), *tau),
            PortShape::Biexponential { rise, decay } => (Some(*rise), *decay),
            PortShape::Delta { .. } | PortShape::Sum | PortShape::Error => return,
        };
        let falling = self.time_constant(var, falling);
        let value = self.slot(Slot::Port(var));
        let loss = self.over(value, falling);
        let mut slope = self.b.neg(loss);
        if let Some(rising) = rising {
            let rising = self.time_constant(var, rising);
            let rise = self.slot(Slot::Rise(var));
            slope = self.b.sub(rise, loss);
            let loss = self.over(rise, rising);
            let slope = self.b.neg(loss);
            self.push_equation(regime, Slot::Rise(var), slope, Kind::Port, span);
        }
        self.push_equation(regime, Slot::Port(var), slope, Kind::Port, span);
    }

    /// Of a port; above 0 where it is known.
    fn time_constant(&mut self, port: VarId, tau: ExprId) -> ValueId {
        let value = self.float(tau);
        if let Some(built) = self.built_number(value).filter(|tau| *tau <= 0.0)
            && let Some(name) = self.cell().map(|site| site.layout.cell.vars[port.index()].name.clone())
        {
            let (span, shown) = (self.source.hir.expr(tau).span, show(built, Dimension::TIME));
            self.report.push(outside_domain(
                span,
                &format!("a time constant of `{name}`"),
                "above 0",
                &shown,
            ));
        }
        value
    }

    fn solved(&mut self, layout: &Layout<'a>, regime: &Regime) -> Option<solve::Solution> {
        let mut noises: Vec<u32> = vec![];
        for equation in &regime.equations {
            self.collect_noise(equation.derivative, &mut noises);
        }
        noises.sort_unstable();
        noises.dedup();
        let sources: Vec<Source> = noises.into_iter().map(|source| self.source_of_noise(source)).collect();
        let method = self.method(layout).0;
        let parameter = |op: &Op| is_parameter(layout, op);
        let step_ms = self.source.net.dt;
        let inputs = self.value_inputs();
        let system = System {
            equations: &regime.equations,
            effects: &regime.effects,
            couplings: &regime.couplings,
            sources: &sources,
            inputs: &inputs,
            step_ms,
            method,
            parameter: &parameter,
        };
        match solve::solve(&mut self.b, &system) {
            Ok(solution) => Some(solution),
            Err(problem) => {
                self.report_problem(layout, regime, problem);
                None
            }
        }
    }

    fn collect_noise(&self, value: ValueId, found: &mut Vec<u32>) {
        for made_of in solve::affine::reachable(&self.b, value, |_, _| true) {
            if let Op::Load(Side::Own, ArrayId(array)) = self.b.op(made_of)
                && *array >= NOISE
            {
                found.push(array - NOISE);
            }
        }
    }

    fn source_of_noise(&mut self, source: u32) -> Source {
        let noise = self.b.load(Side::Own, ArrayId(NOISE + source), Ty::Float);
        let (zero, one) = (self.b.float(0.0), self.b.float(1.0));
        let key = self.keys.of(&format!("xi{source}"));
        Source { noise, draw: self.b.draw(Distribution::Normal, vec![zero, one], key, 0) }
    }

    fn report_problem(&mut self, layout: &Layout, regime: &Regime, problem: Problem) {
        let name = |equation: usize| match regime.slots.get(equation) {
            Some(Slot::State(var) | Slot::Port(var) | Slot::Rise(var)) => {
                layout.cell.vars[var.index()].name.to_string()
            }
            _ => String::new(),
        };
        let asked = self.method(layout).1;
        let at = |this: &Self, equation: usize, term| {
            let span = regime.spans.get(equation).copied().unwrap_or_default();
            this.span_of(term).unwrap_or(span)
        };
        let message = match problem {
            Problem::NotExact { equation, term } => {
                say::no_exact_solution(at(self, equation, term), &name(equation), asked)
            }
            Problem::NotConditionallyLinear { equation, term } => {
                say::not_linear_in_itself(at(self, equation, term), &name(equation), asked)
            }
            Problem::NoiseNotLinear { equation, term } => {
                say::noise_not_linear(at(self, equation, term), &name(equation))
            }
            Problem::TooManyCoupled { equation } => {
                let span = regime.spans.get(equation).copied().unwrap_or_default();
                say::too_many_for_exact(span, &name(equation), solve::MOST_COUPLED, asked)
            }
        };
        self.report.push(message);
    }

    fn clip_states(&mut self, layout: &'a Layout<'a>) {
        for (at, var) in layout.cell.vars.iter().enumerate() {
            let id = VarId(at as u32);
            if matches!(var.kind, VarKind::State { range: Some(_), .. }) && has_equation(layout, id) {
                let value = self.slot(Slot::State(id));
                let clipped = self.within_range(id, value);
                self.store(Slot::State(id), clipped);
            }
        }
    }

    /// `x'`, at the state as it is.
    pub fn derivative(&mut self, var: VarId, span: Span) -> ValueId {
        let Some(site) = self.cell() else { return self.b.float(0.0) };
        let layout = site.layout;
        if matches!(site.phase, Phase::Parameters | Phase::Initial) || site.open_derivatives.contains(&var) {
            let name = layout.cell.vars[var.index()].name.to_string();
            self.report.push(crate::diagnose::names::cyclic_let(&[(format!("{name}'"), span)]));
            return self.b.float(0.0);
        }
        site.open_derivatives.push(var);
        let value =
            self.in_any_mode(layout, var, &mut |this, mode, equation| this.rate(layout, mode, equation));
        if let Some(site) = self.cell() {
            site.open_derivatives.pop();
        }
        value
    }

    /// Something of the equation of a variable that is in force in the modes that are on; 0 while it is held or clamped.
    fn in_any_mode(
        &mut self,
        layout: &Layout,
        var: VarId,
        of: &mut dyn FnMut(&mut Self, Option<ModeId>, &Equation) -> ValueId,
    ) -> ValueId {
        let mut value = match layout.cell.equations.iter().rev().find(|e| e.var == var) {
            Some(equation) => of(self, None, equation),
            None => self.b.float(0.0),
        };
        for (at, mode) in layout.cell.modes.iter().enumerate() {
            let id = ModeId(at as u32);
            if let Some(equation) = mode.equations.iter().rev().find(|e| e.var == var) {
                let replaced = of(self, Some(id), equation);
                let on = self.mode_is_on(id);
                value = self.b.select(on, replaced, value);
            }
        }
        let held = self.is_held(layout, var);
        let zero = self.b.float(0.0);
        self.b.select(held, zero, value)
    }
}

/// The modes that hold a variable.
pub fn holding(layout: &Layout, var: VarId) -> Vec<ModeId> {
    let modes = layout.cell.modes.iter().enumerate();
    modes.filter(|(_, mode)| mode.hold.contains(&var)).map(|(at, _)| ModeId(at as u32)).collect()
}

/// Whether a load or slot is of a parameter of the population.
pub fn is_parameter(layout: &Layout, op: &Op) -> bool {
    use circ_plan::plan::Role;
    match op {
        Op::Uniform(uniform) => {
            layout.uniforms.get(uniform.0 as usize).is_some_and(|u| u.role == Role::Parameter)
        }
        Op::Load(_, array) => layout.arrays.get(array.0 as usize).is_some_and(|a| a.role == Role::Parameter),
        _ => false,
    }
}

/// Adds the methods of the base regime, or of what a single mode replaces.
fn explain(
    layout: &Layout,
    active: &[&Effect],
    trees: &BTreeSet<VarId>,
    regime: &Regime,
    choices: &[Choice],
    methods: &mut Vec<EquationMethod>,
) {
    let mode = match active {
        [] => None,
        [Effect { equations: Some(mode), .. }] => Some(*mode),
        _ => return,
    };
    for ((slot, span), choice) in regime.slots.iter().zip(&regime.spans).zip(choices) {
        let (Slot::State(var) | Slot::Port(var)) = slot else { continue };
        let replaced = |mode: ModeId| layout.cell.modes[mode.index()].equations.iter().any(|e| e.var == *var);
        if mode.is_some_and(|mode| !replaced(mode) || trees.contains(var)) {
            continue;
        }
        let method = |mode: Option<&Mode>, span| EquationMethod {
            variable: layout.cell.vars[var.index()].name.to_string(),
            mode: mode.map(|mode| mode.name.to_string()),
            method: choice.scheme,
            reason: choice.reason,
            span,
        };
        methods.push(method(mode.map(|mode| &layout.cell.modes[mode.index()]), *span));
        // Modes make no regimes of a tree: each node takes what is on.
        for mode in layout.cell.modes.iter().filter(|_| trees.contains(var)) {
            let replaced = mode.equations.iter().filter(|equation| equation.var == *var);
            methods.extend(replaced.map(|equation| method(Some(mode), equation.span)));
        }
    }
}

// Note [Shapes]
//
// exponential(tau):      g' = -g / tau, an arrival adds w to g: it peaks at once, at w.
// alpha(tau):            g' = y - g / tau, y' = -y / tau, an arrival adds w e / tau to y; g is then
//                        w e t / tau exp(-t / tau), with its peak w at tau.
// biexponential(r, d):   g' = y - g / d, y' = -y / r, an arrival adds w n to y. The peak is where g' = 0,
//                        so g = y d there. With q = log(d / r) it is at t = d / exprel(q), and
//                        n = exp(t / r) / d, which for r = d is e / d: no special case.
