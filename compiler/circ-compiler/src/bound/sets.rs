//! What an experiment sets: parameters and drives, with the bounds of their new values.
//!
//! In: the statements. Out: one entry for each population or drive that a `set` names. A value that only the run
//! knows is left out: it is looked at when it is set.

use super::{Bounds, Estimate, Place, Site};
use crate::data::NoFiles;
use crate::eval::{self, NotBuilt, Scope, Thing};
use crate::hir::{ExprId, Over, SlotId, SlotKind, Statement, StatementKind, VarId, VarKind};
use crate::interval::{Interval, Truth};
use crate::net::{Members, Owner};
use circ_plan::plan::View;

/// A `set` of a parameter of one population.
#[derive(Clone, Debug)]
pub struct SetParameter {
    pub population: u32,
    pub var: VarId,
    pub value: Estimate,
    /// Of the statement.
    pub target: ExprId,
    pub expr: ExprId,
}

/// A `set` of a drive.
#[derive(Clone, Debug)]
pub struct SetDrive {
    pub drive: u32,
    pub value: Estimate,
    pub expr: ExprId,
}

impl<'a> Bounds<'a> {
    pub(super) fn find_sets(&mut self) {
        let Some(Owner::Experiment(at)) =
            self.net.environments.get(self.net.experiment.0 as usize).map(|environment| environment.owner)
        else {
            return;
        };
        if let Some(experiment) = self.hir.experiments.get(at as usize) {
            self.changing = experiment.assigned();
            self.loops = experiment.loops().collect();
            self.statements(&experiment.statements);
        }
    }

    fn statements(&mut self, statements: &'a [Statement]) {
        for statement in statements {
            match &statement.kind {
                StatementKind::Set { target, value, .. } => self.set(*target, *value),
                StatementKind::If { condition, then, otherwise } => {
                    let mut site = Site::new(Place::Outside, Some(self.net.experiment));
                    let decided = self.estimate(*condition, &mut site).as_truth();
                    if decided != Truth::Never {
                        self.statements(then);
                    }
                    if decided != Truth::Always {
                        self.statements(otherwise);
                    }
                }
                StatementKind::For { over, .. } if self.is_passed(*over) == Truth::Never => {}
                other => other.blocks().into_iter().for_each(|block| self.statements(block)),
            }
        }
    }

    fn set(&mut self, target: ExprId, expr: ExprId) {
        let (hir, types, net) = (self.hir, self.types, self.net);
        let mut scope = Scope::new(hir, types, net, &NoFiles, net.experiment);
        match eval::thing(target, &mut scope, &mut NotBuilt) {
            Ok(Thing::Member { view, names, .. }) => self.set_member(&view, &names, target, expr),
            Ok(Thing::Drive(drive)) => self.set_drive(drive, expr),
            Ok(Thing::MemberOf { of, .. }) => {
                if let Thing::Drive(drive) = *of {
                    self.set_drive(drive, expr);
                }
            }
            _ => {}
        }
    }

    fn set_member(&mut self, view: &View, names: &Members, target: ExprId, expr: ExprId) {
        for (segment, name) in names.of(view) {
            let Some(cell) = self.cell_of(segment.population) else { continue };
            let cell = self.hir.cell(cell);
            let is_parameter = |var: &VarId| matches!(cell.vars[var.index()].kind, VarKind::Param { .. });
            let Some(var) = cell.var_at(name).filter(is_parameter) else { continue };
            // `i` is the cell, and slots are the experiment's.
            let mut site = Site::new(Place::Cell(segment.population), Some(self.net.experiment));
            let value = self.estimate(expr, &mut site);
            if !value.open {
                let population = segment.population;
                self.sets.push(SetParameter { population, var, value, target, expr });
            }
        }
    }

    fn set_drive(&mut self, drive: u32, expr: ExprId) {
        let mut site = Site::new(Place::Outside, Some(self.net.experiment));
        let value = self.estimate(expr, &mut site);
        if !value.open {
            self.set_drives.push(SetDrive { drive, value, expr });
        }
    }

    /// Whether a loop has a first pass.
    fn is_passed(&mut self, over: Over) -> Truth {
        let mut site = Site::new(Place::Outside, Some(self.net.experiment));
        match over {
            Over::Range(lo, hi) => {
                let (lo, hi) = (self.estimate(lo, &mut site), self.estimate(hi, &mut site));
                lo.interval.is_less(hi.interval)
            }
            Over::Values(_) => Truth::Maybe,
        }
    }

    /// Any value of the index of a loop.
    fn any_index(&mut self, over: Over, site: &mut Site) -> Estimate {
        match over {
            Over::Range(lo, hi) => {
                let (lo, hi) = (self.expression(lo, site), self.expression(hi, site));
                let last = hi.interval - Interval::point(1.0);
                let open = lo.open || hi.open;
                let interval = Interval { lo: lo.interval.lo, hi: last.hi, nan: false };
                Estimate { open, ..Estimate::of(interval) }
            }
            Over::Values(values) => {
                let found = self.expression(values, site);
                Estimate { count: None, known: None, ..found }
            }
        }
    }

    /// A `let` of the experiment that no statement changes, or the index of a loop.
    pub(super) fn protocol_slot(&mut self, slot: SlotId, site: &mut Site) -> Estimate {
        let owner = site.environment.and_then(|at| self.net.environments.get(at.0 as usize)).map(|e| e.owner);
        let Some(Owner::Experiment(at)) = owner else { return Estimate::unknown() };
        if let Some(over) = self.loops.get(&slot).copied() {
            return self.any_index(over, site);
        }
        let slots = self.hir.experiments.get(at as usize).map_or(&[][..], |experiment| &experiment.slots);
        match slots.get(slot.index()).map(|slot| &slot.kind) {
            Some(SlotKind::Let { value, .. }) if !self.changing.contains(&slot) => {
                self.expression(*value, site)
            }
            _ => Estimate::unknown(),
        }
    }
}
