//! `balance`: which populations it is measured in, and what their ports add to which equation.
//!
//! In: monitors and statements that ask for it. Out: [`net::Balance`] of those populations, so that lowering makes
//! what is summed up while they run; and messages about cells that it is not defined for. A population that nobody
//! asks about costs nothing.

use super::Elaborator;
use crate::diagnose::constraint as say;
use crate::eval::{self, NotBuilt};
use crate::hir::{self, *};
use crate::net::{self, EnvironmentId};
use crate::resolve::graph;
use circ_grammar::ast::Polarity;
use std::collections::BTreeSet;

impl Elaborator<'_> {
    /// All that the monitors of the circuit and the statements of the experiment ask for.
    pub(super) fn balances(
        &mut self,
        constraints: &[(&hir::Constraint, EnvironmentId)],
        statements: &[Statement],
    ) {
        for (constraint, environment) in constraints {
            if let hir::ConstraintKind::Monitor { condition, .. } = constraint.kind {
                self.balances_in(condition, *environment);
            }
        }
        let mut roots = vec![];
        self.roots(statements, &mut roots);
        roots.into_iter().for_each(|root| self.balances_in(root, EnvironmentId(0)));
    }

    fn roots(&self, statements: &[Statement], out: &mut Vec<ExprId>) {
        for statement in statements {
            match &statement.kind {
                StatementKind::Binding(slot) => out.extend(self.bound(*slot)),
                StatementKind::Assign { element, value, .. } => out.extend(element.iter().chain([value])),
                StatementKind::Set { value, .. } | StatementKind::Clamp { value, .. } => out.push(*value),
                StatementKind::Print(values)
                | StatementKind::Report(values)
                | StatementKind::Plot(values) => out.extend(values),
                StatementKind::Expect(value) => out.push(*value),
                StatementKind::If { condition, then, otherwise } => {
                    out.push(*condition);
                    self.roots(then, out);
                    self.roots(otherwise, out);
                }
                StatementKind::For { over, body, .. } => {
                    match over {
                        Over::Range(lo, hi) => out.extend([*lo, *hi]),
                        Over::Values(values) => out.push(*values),
                    }
                    self.roots(body, out);
                }
                StatementKind::Repeat { body, until } => {
                    self.roots(body, out);
                    out.push(*until);
                }
                StatementKind::Run { until, .. } => out.extend(until),
                StatementKind::Drive(_)
                | StatementKind::Record { .. }
                | StatementKind::Release(_)
                | StatementKind::Reset { .. }
                | StatementKind::Fire(_)
                | StatementKind::Silence(_)
                | StatementKind::Freeze(_)
                | StatementKind::FreezePlasticity { .. }
                | StatementKind::Save(_)
                | StatementKind::Load(_)
                | StatementKind::Enforce(_) => {}
            }
        }
    }

    /// The value of a `let` of the experiment.
    fn bound(&self, slot: SlotId) -> Option<ExprId> {
        match self.slot(slot, EnvironmentId(0))?.kind {
            SlotKind::Let { value, .. } => Some(value),
            _ => None,
        }
    }

    fn balances_in(&mut self, root: ExprId, environment: EnvironmentId) {
        let mut found = vec![];
        graph::walk(self.hir, root, &mut |_, expr| {
            if let ExprKind::Measure { name, args, .. } = &expr.kind
                && &**name == "balance"
            {
                found.extend(args.iter().map(|arg| arg.value));
            }
        });
        for view in found {
            self.balance_of(view, environment);
        }
    }

    fn balance_of(&mut self, asked: ExprId, environment: EnvironmentId) -> Option<()> {
        let mut scope = self.scope(environment);
        let view = eval::view(asked, &mut scope, &mut NotBuilt);
        let populations: BTreeSet<u32> =
            self.keep(view)?.segments.iter().map(|segment| segment.population).collect();
        for population in populations {
            let cell = self.net.populations.get(population as usize)?.cell;
            match balance(self.hir, self.hir.cell(cell)) {
                Ok(balance) => {
                    self.net.balances.insert(population, balance);
                }
                Err(why) => {
                    let (at, name) = (self.span(asked), self.hir.cell(cell).name.clone());
                    return self.report(say::balance_ports(at, &name, &why));
                }
            }
        }
        Some(())
    }
}

/// The one equation that reads excitatory and inhibitory ports, or why there is none.
fn balance(hir: &Hir, cell: &Cell) -> Result<net::Balance, String> {
    let (exc, inh) = (ports(cell, Polarity::Excitatory)?, ports(cell, Polarity::Inhibitory)?);
    let both: BTreeSet<VarId> = exc.iter().chain(&inh).copied().collect();
    let reading = |equation: &Equation| !read_ports(hir, cell, equation.value).is_disjoint(&both);
    let equations: Vec<usize> = (0..cell.equations.len()).filter(|k| reading(&cell.equations[*k])).collect();
    match equations.as_slice() {
        [equation] => Ok(net::Balance { equation: *equation, excitatory: exc, inhibitory: inh }),
        [] => Err("no equation reads its ports".to_owned()),
        several => {
            let name = |k: &usize| format!("`{}'`", cell.vars[cell.equations[*k].var.index()].name);
            let names = several.iter().map(name).collect::<Vec<_>>().join(" and ");
            Err(format!("{names} read its ports, and it compares what is added to one"))
        }
    }
}

/// The ports of a polarity that have a value.
fn ports(cell: &Cell, wanted: Polarity) -> Result<Vec<VarId>, String> {
    let (mut found, mut without) = (vec![], None);
    for (at, var) in cell.vars.iter().enumerate() {
        let VarKind::Port { polarity: Some(polarity), shape } = &var.kind else { continue };
        match shape {
            _ if *polarity != wanted => {}
            PortShape::Delta { .. } => without = Some(&var.name),
            _ => found.push(VarId(at as u32)),
        }
    }
    let word = crate::diagnose::build::polarity_name(wanted);
    match (found.is_empty(), without) {
        (false, _) => Ok(found),
        (true, Some(name)) => Err(format!("`{name}` is a `delta` port, which no equation reads")),
        (true, None) => Err(format!("it has no {word} port")),
    }
}

/// The ports that an expression reads, also through `let`s and functions.
fn read_ports(hir: &Hir, cell: &Cell, root: ExprId) -> BTreeSet<VarId> {
    let (mut ports, mut seen, mut waiting) = (BTreeSet::new(), BTreeSet::new(), vec![root]);
    while let Some(root) = waiting.pop() {
        if !seen.insert(root) {
            continue;
        }
        graph::walk(hir, root, &mut |_, expr| match &expr.kind {
            ExprKind::Ref(Ref::Var(var)) => match &cell.vars[var.index()].kind {
                VarKind::Port { .. } => {
                    ports.insert(*var);
                }
                VarKind::Let { value } => waiting.push(*value),
                VarKind::Param { .. } | VarKind::State { .. } => {}
            },
            ExprKind::CallFn { function, .. } => waiting.push(hir.functions[function.index()].body),
            _ => {}
        });
    }
    ports
}
