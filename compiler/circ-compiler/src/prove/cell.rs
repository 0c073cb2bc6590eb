//! Proofs about the cells of a population.
//!
//! In: a population with its parameters. Out: findings. Populations whose cells are alike are looked at once.

use super::judge::{self, Need};
use super::{Finding, Prover, Subject};
use crate::bound::{Estimate, Place, Site};
use crate::hir::{Action, ActionKind, Cell, CellId, Equation, ExprId, PortShape, Var, VarId, VarKind};
use crate::interval::Truth;
use crate::types::{Dimension, Type};

/// What makes cells of two populations alike: their type, the sizes, and the bounds of their parameters.
pub type Likeness = (CellId, Vec<u32>, Vec<(u64, u64, bool)>);

impl Prover<'_> {
    pub(super) fn population(&mut self, population: u32) {
        let Some(cell) = self.cell_of(population) else { return };
        if cell.spike_times || cell.partial {
            return;
        }
        let Some(alike) = self.likeness(population) else { return };
        if self.proved.contains(&alike) {
            return;
        }
        let before = self.said.len();
        for finding in self.cell_findings(population) {
            self.judge(finding);
        }
        // A mistake in a population's block has its own place in the next population.
        if self.said.len() == before {
            self.proved.insert(alike);
        }
    }

    fn cell_of(&self, population: u32) -> Option<&'_ Cell> {
        let population = self.bounds.net.populations.get(population as usize)?;
        self.bounds.hir.cells.get(population.cell.index())
    }

    pub(super) fn variable(&self, population: u32, var: VarId) -> Option<&'_ Var> {
        self.cell_of(population)?.vars.get(var.index())
    }

    fn likeness(&mut self, population: u32) -> Option<Likeness> {
        let of = self.bounds.net.populations.get(population as usize)?;
        let count = self.bounds.hir.cells.get(of.cell.index())?.vars.len();
        // Listened to, for what is looked at here is not looked at again.
        let mut given = vec![];
        for at in 0..count {
            let var = VarId(at as u32);
            if of.settings.iter().any(|(set, _, _)| *set == var) {
                let found = self.quietly(|this| this.bounds.built(population, var));
                given.push((found.interval.lo.to_bits(), found.interval.hi.to_bits(), found.open));
            } else {
                given.push((0, 1, true));
            }
        }
        for set in self.bounds.sets().iter().filter(|set| set.population == population) {
            let interval = set.value.interval;
            given.push((interval.lo.to_bits(), interval.hi.to_bits(), true));
            given.push((u64::from(set.var.0), 0, false));
        }
        Some((of.cell, of.shape.clone(), given))
    }

    fn quietly<R>(&mut self, look: impl FnOnce(&mut Self) -> R) -> R {
        let outer = self.bounds.listen();
        let result = look(self);
        self.bounds.heard(outer);
        result
    }

    /// All that must hold of the cells of a population.
    pub(super) fn cell_findings(&mut self, population: u32) -> Vec<Finding> {
        let hir = self.bounds.hir;
        let Some(id) = self.bounds.net.populations.get(population as usize).map(|of| of.cell) else {
            return vec![];
        };
        let cell = hir.cell(id);
        let mut found = vec![];
        let parts = self.hear(|this| {
            for (at, var) in cell.vars.iter().enumerate() {
                this.declaration(population, VarId(at as u32), var, &mut found);
            }
            let modes = cell.modes.iter().flat_map(|mode| &mode.equations);
            for equation in cell.equations.iter().chain(modes) {
                this.equation(population, cell, equation, &mut found);
            }
            for couple in &cell.couples {
                this.bounds.estimate(couple.by, &mut cell_site(population));
            }
            for event in &cell.events {
                let mut site = cell_site(population);
                event.condition.map(|condition| this.bounds.estimate(condition, &mut site));
                this.block(&event.body, &mut block_site(population), &mut found);
            }
            for reaction in &cell.reactions {
                this.block(&reaction.body, &mut block_site(population), &mut found);
            }
        });
        found.extend(parts);
        found
    }

    fn declaration(&mut self, population: u32, id: VarId, var: &Var, found: &mut Vec<Finding>) {
        match &var.kind {
            VarKind::Param { range, .. } => {
                let built = self.bounds.built(population, id);
                // One number is held to its range when it is given; a `set` may move the range.
                let looked_at = self.is_one_value(population, id) && !self.bounds.is_after_build();
                if let Some(range) = range
                    && !looked_at
                {
                    found.extend(self.parameter(population, id, *range, built));
                }
            }
            // A `set` comes after the initial value.
            VarKind::State { .. } if self.bounds.is_after_build() => {}
            VarKind::State { initial, .. } => {
                self.bounds.built(population, id);
                initial.map(|initial| self.bounds.estimate(initial, &mut cell_site(population)));
            }
            VarKind::Let { value } => {
                self.bounds.estimate(*value, &mut cell_site(population));
            }
            VarKind::Port { shape, .. } => {
                for tau in time_constants(shape) {
                    let subject = Subject::TimeConstant { port: var.name.to_string() };
                    found.push(self.of_cell(population, tau, Need::Above(0.0), subject));
                }
            }
        }
    }

    /// A parameter that is one number is held to its range when it is given.
    fn is_one_value(&self, population: u32, var: VarId) -> bool {
        let of = &self.bounds.net.populations[population as usize];
        let setting = of.settings.iter().rev().find(|(id, _, _)| *id == var);
        matches!(setting, Some((_, crate::net::Setting::Value(_), _)))
    }

    /// A parameter lies within its range.
    pub(super) fn parameter(
        &mut self,
        population: u32,
        var: VarId,
        (lo, hi): (ExprId, ExprId),
        found: Estimate,
    ) -> Option<Finding> {
        let range = self.bounds.range(population, (lo, hi))?;
        let declared = self.span(lo).to(self.span(hi));
        let expr = self.given_by(population, var);
        let at = expr.map_or(self.variable(population, var)?.span, |expr| self.span(expr));
        let subject = Subject::Parameter { population, var, declared };
        let need = Need::Within(range);
        let site = cell_site(population);
        // A default that is one number is looked at where populations are made.
        let constant = !self.bounds.is_after_build()
            && found.interval.single().is_some()
            && expr.is_some_and(|expr| self.is_default(population, var, expr));
        (!constant).then_some(Finding { at, expr, need, found, subject, site })
    }

    fn is_default(&self, population: u32, var: VarId, expr: ExprId) -> bool {
        match self.variable(population, var).map(|var| &var.kind) {
            Some(VarKind::Param { default, .. }) => *default == Some(expr),
            _ => false,
        }
    }

    /// The expression that gives a parameter its value.
    pub(super) fn given_by(&self, population: u32, var: VarId) -> Option<ExprId> {
        let of = self.bounds.net.populations.get(population as usize)?;
        match of.settings.iter().rev().find(|(id, _, _)| *id == var) {
            Some((_, setting, _)) => super::closure(setting),
            None => match &self.variable(population, var)?.kind {
                VarKind::Param { default, .. } => *default,
                _ => None,
            },
        }
    }

    fn of_cell(&mut self, population: u32, expr: ExprId, need: Need, subject: Subject) -> Finding {
        let site = cell_site(population);
        let found = self.bounds.estimate(expr, &mut site.clone());
        Finding { at: self.span(expr), expr: Some(expr), need, found, subject, site }
    }

    fn equation(&mut self, population: u32, cell: &Cell, equation: &Equation, found: &mut Vec<Finding>) {
        if let Some(factor) = equation.factor {
            let time = self.bounds.types.exprs.get(factor.index()) == Some(&Type::Real(Dimension::TIME));
            let need = if time { Need::Above(0.0) } else { Need::NotZero };
            let var = cell.vars[equation.var.index()].name.to_string();
            found.push(self.of_cell(population, factor, need, Subject::Factor { var, time }));
        }
        self.bounds.estimate(equation.value, &mut cell_site(population));
    }

    fn block(&mut self, actions: &[Action], site: &mut Site, found: &mut Vec<Finding>) {
        for action in actions {
            match &action.kind {
                ActionKind::Assign { value, .. } => {
                    self.bounds.estimate(*value, site);
                }
                ActionKind::Let { local, value } => {
                    let value = self.bounds.estimate(*value, site);
                    site.bind(*local, value);
                }
                ActionKind::If { condition, then, otherwise } => {
                    let decided = self.bounds.estimate(*condition, site).as_truth();
                    for (branch, holds) in [(then, true), (otherwise, false)] {
                        if decided != Truth::of(!holds) {
                            self.branch(*condition, holds, branch, site, found);
                        }
                    }
                }
                ActionKind::Enter { duration: Some(duration), .. } => {
                    let need = Need::Within(judge::NOT_NEGATIVE);
                    let estimate = self.bounds.estimate(*duration, site);
                    found.push(Finding {
                        at: self.span(*duration),
                        expr: Some(*duration),
                        need,
                        found: estimate,
                        subject: Subject::Duration,
                        site: site.clone(),
                    });
                }
                ActionKind::Enter { duration: None, .. } | ActionKind::Leave(_) | ActionKind::Emit(_) => {}
            }
        }
    }

    fn branch(
        &mut self,
        condition: ExprId,
        holds: bool,
        actions: &[Action],
        site: &mut Site,
        found: &mut Vec<Finding>,
    ) {
        let mut inner = self.bounds.narrowed_site(condition, holds, site);
        self.block(actions, &mut inner, found);
    }
}

pub fn cell_site(population: u32) -> Site {
    Site::new(Place::Cell(population), None)
}

fn block_site(population: u32) -> Site {
    Site { in_block: true, ..cell_site(population) }
}

fn time_constants(shape: &PortShape) -> Vec<ExprId> {
    match shape {
        PortShape::Exponential { tau } | PortShape::Alpha { tau } => vec![*tau],
        PortShape::Biexponential { rise, decay } => vec![*rise, *decay],
        PortShape::Delta { .. } | PortShape::Sum | PortShape::Error => vec![],
    }
}
