//! What an experiment's statements ask of the network before it is built.
//!
//! In: `set` statements. Out: the parameters that need an array, since they are set for some cells only or
//! by `i`. What can not be decided now (a view whose bounds the run computes) gets an array too. A drive that
//! can not be set is refused here: a run of hours should not end at the statement.

use super::Elaborator;
use crate::diagnose::structure;
use crate::eval::{self, NotBuilt, Thing, depends};
use crate::hir::{ExprId, ExprKind, Statement, StatementKind, VarId, VarKind};
use crate::net::{DriveKind, EnvironmentId, Members, Population, Setting};
use crate::types::Type;
use circ_plan::plan::{Indices, View};

impl Elaborator<'_> {
    pub(super) fn per_cell_settings(&mut self, statements: &[Statement], environment: EnvironmentId) {
        for statement in statements {
            match &statement.kind {
                StatementKind::Set { target, value, .. } => {
                    self.per_cell_setting(*target, *value, environment)
                }
                StatementKind::Fire(views) => {
                    views.iter().for_each(|view| self.forced(*view, environment, |it| it.fired = true))
                }
                StatementKind::Silence(views) => {
                    views.iter().for_each(|view| self.forced(*view, environment, |it| it.silenced = true))
                }
                other => {
                    other.blocks().into_iter().for_each(|block| self.per_cell_settings(block, environment))
                }
            }
        }
    }

    fn per_cell_setting(&mut self, target: ExprId, value: ExprId, environment: EnvironmentId) {
        let scope = self.scope(environment);
        let array = matches!(self.types.exprs.get(value.index()), Some(Type::Array(_, _)));
        if let Some(drive) = self.set_drive(target, environment) {
            let differs = array || depends::uses_cell(value, &scope);
            return self.check_set_drive(drive, target, differs);
        }
        let differs = array || depends::varies(value, &scope);
        let (view, names, known) = match self.set_target(target, environment) {
            Some((view, names)) => (view, names, true),
            None => match self.whole_target(target, environment) {
                Some((view, names)) => (view, names, false),
                None => return,
            },
        };
        for (segment, name) in names.of(&view) {
            let Some(population) = self.net.populations.get(segment.population as usize) else {
                continue;
            };
            let all = segment.cells == Indices::Range(0, population.cells());
            let Some(cell) = self.hir.cells.get(population.cell.index()) else {
                continue;
            };
            let is_parameter = |var: &VarId| matches!(cell.vars[var.index()].kind, VarKind::Param { .. });
            let Some(var) = cell.var_at(name).filter(is_parameter) else {
                continue;
            };
            if (differs || !all || !known)
                && let Some(population) = self.net.populations.get_mut(segment.population as usize)
                && !population.per_cell.contains(&var)
            {
                population.per_cell.push(var);
            }
        }
    }

    /// Notes that cells are made to spike, or kept from it. Where the run decides which, it may be any of what is named.
    fn forced(&mut self, view: ExprId, environment: EnvironmentId, note: fn(&mut Population)) {
        let mut base = view;
        let found = loop {
            if let Ok(found) = eval::view(base, &mut self.scope(environment), &mut NotBuilt) {
                break found;
            }
            match &self.hir.expr(base).kind {
                ExprKind::Index { base: inner, .. } => base = *inner,
                // What is wrong with it is said by those who look at statements.
                _ => return,
            }
        };
        for segment in &found.segments {
            let Some(population) = self.net.populations.get_mut(segment.population as usize) else {
                continue;
            };
            let cell = self.hir.cell(population.cell);
            let spikes = cell.events.iter().any(|event| &*event.name == "spike");
            if cell.spike_times || !spikes {
                let (at, path) = (self.hir.expr(view).span, population.path.clone());
                return self.sink.push(structure::never_spikes(at, &path, cell.spike_times));
            }
            note(population);
        }
    }

    /// The drive that a `set` names.
    fn set_drive(&self, target: ExprId, environment: EnvironmentId) -> Option<u32> {
        let mut scope = self.scope(environment);
        match eval::thing(target, &mut scope, &mut NotBuilt) {
            Ok(Thing::Drive(drive)) => Some(drive),
            Ok(Thing::MemberOf { of, .. }) => match *of {
                Thing::Drive(drive) => Some(drive),
                _ => None,
            },
            _ => None,
        }
    }

    /// A drive holds numbers that can be set, if it was written with one.
    fn check_set_drive(&mut self, drive: u32, target: ExprId, differs: bool) {
        let Some(DriveKind::Value(setting) | DriveKind::Poisson { rate: setting, .. }) =
            self.net.drives.get(drive as usize).map(|drive| &drive.kind)
        else {
            return;
        };
        let message = match setting {
            Setting::Each(_) => {
                structure::not_yet(self.span(target), "setting a drive that was written as an expression")
            }
            Setting::Value(_) => {
                if let Some(drive) = self.net.drives.get_mut(drive as usize) {
                    drive.per_cell |= differs;
                }
                return;
            }
        };
        self.sink.push(message);
    }

    /// The view and member that a `set` names, where that is known now.
    fn set_target(&self, target: ExprId, environment: EnvironmentId) -> Option<(View, Members)> {
        let mut scope = self.scope(environment);
        match eval::thing(target, &mut scope, &mut NotBuilt) {
            Ok(Thing::Member { view, names, .. }) => Some((view, names)),
            _ => None,
        }
    }

    /// The same without the selection.
    fn whole_target(&self, target: ExprId, environment: EnvironmentId) -> Option<(View, Members)> {
        let ExprKind::Field { base, name, .. } = &self.hir.expr(target).kind else {
            return None;
        };
        let mut base = *base;
        while let ExprKind::Index { base: inner, .. } = &self.hir.expr(base).kind {
            base = *inner;
        }
        let mut scope = self.scope(environment);
        let view = eval::view(base, &mut scope, &mut NotBuilt).ok()?;
        Some((view.clone(), Members::same(name, &view)))
    }
}
