//! Drives: events and values that come from outside.
//!
//! In: a drive of a circuit or experiment. Out: a [`net::Drive`] with its target view, constants checked
//! (rates, counts, times on the grid, shapes of tables), and closures for what differs from cell to cell.

use super::{Elaborator, projection::End};
use crate::diagnose::{build as say, value as say_value};
use crate::eval::number;
use crate::hir::{self, DriveSource, ExprId, Statement, StatementKind};
use crate::net::{self, DriveKind, EnvironmentId, Members, Setting};
use crate::types::{Dimension, Type, Value};
use circ_plan::plan::{Sender, Sign, View};

impl<'a> Elaborator<'a> {
    pub(super) fn drive(
        &mut self,
        drive: &hir::Drive,
        environment: EnvironmentId,
        indices: &[i64],
    ) -> Option<()> {
        let path = self.path(drive.slot, indices, environment);
        // Every clause is looked at, whatever is wrong with the others.
        let target = self.drive_target(drive, environment);
        let kind = self.drive_kind(drive, target.as_ref().map(|(view, _)| view), environment);
        let weight = match drive.weight {
            Some(weight) => self.setting(weight, environment).map(Some),
            None => Some(None),
        };
        if let (Some((view, ports)), Some(weight)) = (&target, &weight) {
            self.check_drive_sign(drive, view, ports, weight.as_ref());
        }
        let delay = match drive.delay {
            Some(delay) => self.duration(delay, "delay", environment),
            None => Some(0.0),
        };
        let window = self.window(drive.window, environment);
        let ((view, ports), (kind, events), weight) = (target?, kind?, weight?);
        let (delay_ms, (from_ms, to_ms)) = (delay?, window?);
        let id = self.net.drives.len() as u32;
        self.net.drives.push(net::Drive {
            path,
            target: view,
            ports,
            kind,
            per_cell: false,
            weight,
            delay_ms,
            from_ms,
            to_ms,
            span: drive.span,
        });
        if events {
            self.net.order.push(Sender::Drive(id));
        }
        self.add_item(drive.slot, indices, environment, net::Item::Drive(id));
        Some(())
    }

    /// The cells, and the port that all of them have.
    fn drive_target(&mut self, drive: &hir::Drive, environment: EnvironmentId) -> Option<(View, Members)> {
        let End { view, member } = self.end(drive.target, environment)?;
        let (ports, at) = self.port_member(member, drive.target)?;
        self.check_ports(&view, &ports, at)?;
        Some((view, ports))
    }

    /// Drives among the statements of an experiment, also within an `if` that can be decided now.
    pub(super) fn experiment_drives(&mut self, statements: &'a [Statement], environment: EnvironmentId) {
        for statement in statements {
            match &statement.kind {
                StatementKind::Drive(drive) => self.pending.push(super::Pending {
                    kind: super::PendingKind::Drive(drive),
                    environment,
                    indices: vec![],
                }),
                StatementKind::If { condition, then, otherwise }
                    if has_drive(then) || has_drive(otherwise) =>
                {
                    match self.truth(*condition, environment) {
                        Some(true) => self.experiment_drives(then, environment),
                        Some(false) => self.experiment_drives(otherwise, environment),
                        None => then.iter().chain(otherwise).for_each(|it| self.fail_drives(it, environment)),
                    }
                }
                _ => {}
            }
        }
    }

    /// Drives of which nobody can say whether they are there.
    fn fail_drives(&mut self, statement: &Statement, environment: EnvironmentId) {
        match &statement.kind {
            StatementKind::Drive(drive) => self.fail(drive.slot, environment),
            StatementKind::If { then, otherwise, .. } => {
                then.iter().chain(otherwise).for_each(|inner| self.fail_drives(inner, environment))
            }
            _ => {}
        }
    }

    /// What it is, and whether it sends events.
    fn drive_kind(
        &mut self,
        drive: &hir::Drive,
        view: Option<&View>,
        environment: EnvironmentId,
    ) -> Option<(DriveKind, bool)> {
        let cells = view.map(|view| view.len() as u64);
        Some(match &drive.source {
            DriveSource::Poisson(rate) => {
                let setting = self.setting(*rate, environment)?;
                if let Setting::Value(value) = &setting {
                    self.check_rate(*rate, value)?;
                }
                // A rate without a dimension is a mean per tick. `0` and `inf` may be either, and 0 is the same.
                let per_tick = self.types.exprs.get(rate.index()) == Some(&Type::Real(Dimension::REAL))
                    || self.types.exprs.get(rate.index()) == Some(&Type::Int);
                (DriveKind::Poisson { rate: setting, per_tick, at: self.span(*rate) }, true)
            }
            DriveSource::Choose { count, every } => {
                let (count, every_ms) =
                    (self.count_to_choose(*count, cells, environment), self.interval(*every, environment));
                (DriveKind::Choose { count: count?, every_ms: every_ms? }, true)
            }
            DriveSource::Times(times) => (DriveKind::Times(self.times(*times, environment)?), true),
            DriveSource::Table { data, every } => {
                let (data, every_ms) =
                    (self.drive_table(*data, cells, environment), self.interval(*every, environment));
                (DriveKind::Table { data: data?, every_ms: every_ms? }, false)
            }
            DriveSource::Value(value) => (DriveKind::Value(self.setting(*value, environment)?), false),
        })
    }

    /// From one to all cells.
    fn count_to_choose(
        &mut self,
        count: ExprId,
        cells: Option<u64>,
        environment: EnvironmentId,
    ) -> Option<u32> {
        let wanted = self.whole(count, "the number of cells to choose", environment)?;
        let cells = cells?;
        match u32::try_from(wanted) {
            Ok(count) if (1..=cells).contains(&u64::from(count)) => Some(count),
            Ok(_) | Err(_) => self.report(say::choose_range(self.span(count), wanted, cells)),
        }
    }

    fn check_rate(&mut self, rate: ExprId, value: &Value) -> Option<()> {
        let span = self.span(rate);
        let Some(x) = number::number(value).map(number::Number::real) else {
            return self.report(say_value::wrong_kind(span, "a rate", &number::kind(value)));
        };
        if 0.0 <= x && x.is_finite() {
            return Some(());
        }
        let shown = self.show(x, rate);
        self.report(say::negative_rate(span, &shown))
    }

    /// A constant interval of at least one step.
    pub(super) fn interval(&mut self, every: ExprId, environment: EnvironmentId) -> Option<f64> {
        let ms = self.real(every, environment)?;
        let span = self.span(every);
        if self.on_grid(ms, span, "interval")? < 1 {
            let step = self.step()?;
            return self.report(crate::diagnose::time::duration_too_short(span, "an interval", step));
        }
        Some(ms)
    }

    /// Times on the grid, ascending.
    fn times(&mut self, times: ExprId, environment: EnvironmentId) -> Option<Vec<f64>> {
        let span = self.span(times);
        let mut found = match self.value(times, environment)? {
            Value::Array(array) => array.data.clone(),
            value => match number::number(&value) {
                Some(one) => vec![one.real()],
                None => {
                    let kind = number::kind(&value);
                    return self.report(say_value::wrong_kind(span, "a list of times", &kind));
                }
            },
        };
        for ms in &found {
            self.on_grid(*ms, span, "the time")?;
        }
        found.sort_by(f64::total_cmp);
        Some(found)
    }

    fn drive_table(&mut self, data: ExprId, cells: Option<u64>, environment: EnvironmentId) -> Option<Value> {
        let span = self.span(data);
        let value = self.value(data, environment)?;
        let Value::Array(array) = &value else {
            return self.report(say::drive_table_kind(span));
        };
        match array.shape.as_slice() {
            [_] => Some(value),
            [_, 1] => Some(value),
            [_, columns] => match cells? {
                cells if cells == *columns => Some(value),
                cells => self.report(say::drive_table(span, *columns, cells)),
            },
            _ => self.report(say::drive_table_kind(span)),
        }
    }

    /// Drives have no polarity: only the port demands a sign.
    fn check_drive_sign(
        &mut self,
        drive: &hir::Drive,
        view: &View,
        ports: &Members,
        weight: Option<&Setting>,
    ) {
        let (Some(Setting::Value(value)), Some(expr)) = (weight, drive.weight) else {
            return;
        };
        let Some(x) = number::number(value).map(number::Number::real) else {
            return;
        };
        if self.finite_weight(expr, x).is_none() {
            return;
        }
        for (segment, port) in ports.of(view) {
            let (sign, reason) = self.required_sign(None, segment.population, port);
            if sign == Sign::NotNegative && x < 0.0 {
                let (shown, opposite) = (self.show(x, expr), self.show(-x, expr));
                let span = self.span(expr);
                if let Some(reason) = reason {
                    self.sink.push(say::weight_sign(span, &shown, &opposite, &reason));
                }
                return;
            }
        }
    }

    fn window(&mut self, window: Option<(ExprId, ExprId)>, environment: EnvironmentId) -> Option<(f64, f64)> {
        let Some((from, to)) = window else {
            return Some((0.0, f64::INFINITY));
        };
        let from_ms = self.duration(from, "the beginning", environment);
        let to_ms = self.real(to, environment)?;
        if to_ms != f64::INFINITY {
            let span = self.span(to);
            self.on_grid(to_ms, span, "the end")?;
        }
        Some((from_ms?, to_ms))
    }
}

fn has_drive(statements: &[Statement]) -> bool {
    statements.iter().any(|statement| match &statement.kind {
        StatementKind::Drive(_) => true,
        StatementKind::If { then, otherwise, .. } => has_drive(then) || has_drive(otherwise),
        _ => false,
    })
}
