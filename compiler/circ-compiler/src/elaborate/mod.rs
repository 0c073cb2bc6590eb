//! Elaboration: one experiment of a program becomes the network that it asks for.
//!
//! In: HIR, types, which experiment with which `--set`s, and the files that the program loads. Out: a
//! [`Net`]: parts placed, loops unrolled, sizes and constants known. What differs from cell to cell or from
//! synapse to synapse stays an expression with the environment that its names are read in. First all
//! populations are made, then drives and projections in order of declaration, so that a bare family is
//! complete wherever it is used.

mod balance;
mod clamp;
mod connect;
mod constant;
mod constraint;
mod drive;
mod enforce;
pub(crate) mod flow;
mod instance;
mod names;
mod onto;
mod planned;
mod plasticity;
mod population;
mod projection;
mod protocol;
mod ranges;
mod require;
mod rows;
mod segment;
mod set;
mod spike_times;
mod statements;
mod time;
mod whole;

use crate::check::Types;
use crate::diagnose::{Diagnostic, Sink, build as say, time as say_time, value as say_value};
use crate::eval::{self, Evaluated, NotBuilt, Scope, depends};
use crate::hir::{self, CircuitId, ExprId, Hir, SlotId};
use crate::net::{Closure, Environment, EnvironmentId, Net, Owner, Setting};
use crate::types::{Dimension, Type, Value};
use circ_grammar::ast;
use circ_grammar::ast::Span;
use circ_plan::ir::Precision;
use circ_plan::plan::View;
use set::Overrides;
use std::collections::BTreeMap;

pub use crate::data::Files;
pub use time::ticks;
pub use whole::Whole;

/// What is to be built.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Into `hir.experiments`.
    pub experiment: Option<usize>,
    /// Into `hir.circuits`, without an experiment: a circuit with its defaults, for `circ check`.
    pub circuit: Option<usize>,
    /// Into `hir.cells`, without either: one cell with its defaults, for `circ check`.
    pub cell: Option<usize>,
    /// `--set PATH=VALUE`: the path, and the value as parsed.
    pub set: Vec<(String, ast::File, ast::ExprId)>,
    /// What a sweep gives: paths and values of the right types. `set` comes before them.
    pub values: Vec<(String, Span, Value)>,
    /// Overrides the experiment's.
    pub seed: Option<u64>,
    pub precision: Option<Precision>,
}

/// The step without `dt`, in ms.
const DEFAULT_DT_MS: f64 = 0.1;
/// Items, loops' passes included, that a circuit may make.
pub const MAX_ITEMS: usize = 250_000;

/// The network of an experiment. Where there are mistakes it lacks what they touch, so that the rest can still be
/// looked at; only what was made without errors can be lowered.
pub fn elaborate(hir: &Hir, types: &Types, settings: &Settings, files: &dyn Files, sink: &mut Sink) -> Net {
    let mut elaborator = Elaborator {
        hir,
        types,
        files,
        sink,
        net: empty_net(settings),
        overrides: Overrides::read(&settings.values, &settings.set),
        pending: vec![],
        items: 0,
        dale: vec![],
        enforced: vec![],
        senders: vec![],
    };
    elaborator.globals();
    match (settings.experiment, settings.circuit, settings.cell) {
        (Some(experiment), _, _) => elaborator.experiment(experiment, settings),
        (None, Some(circuit), _) => elaborator.circuit_alone(circuit),
        (None, None, Some(cell)) => elaborator.cell_alone(cell),
        (None, None, None) => Some(()),
    };
    elaborator.report_unused_overrides(settings);
    rows::refuse(&elaborator.net, elaborator.sink);
    elaborator.net
}

/// Whether a circuit can be built without an experiment: every parameter has a default.
pub fn has_all_defaults(circuit: &hir::Circuit) -> bool {
    circuit.formals.iter().all(|formal| {
        let kind = circuit.slots.get(formal.index()).map(|slot| &slot.kind);
        matches!(kind, Some(hir::SlotKind::Formal { default: Some(_), .. }))
    })
}

/// Whether a cell can be built without a population: every parameter has a default.
pub fn is_complete(cell: &hir::Cell) -> bool {
    let given = |var: &hir::Var| !matches!(var.kind, hir::VarKind::Param { default: None, .. });
    cell.template.is_none() && !cell.spike_times && !cell.partial && cell.vars.iter().all(given)
}

fn empty_net(settings: &Settings) -> Net {
    Net {
        dt: DEFAULT_DT_MS,
        dt_span: None,
        seed: settings.seed.unwrap_or(0),
        precision: settings.precision.unwrap_or(Precision::F64),
        method: None,
        populations: vec![],
        drives: vec![],
        projections: vec![],
        order: vec![],
        constraints: vec![],
        kept_sums: vec![],
        balances: BTreeMap::new(),
        globals: BTreeMap::new(),
        // The experiment (or nobody, for a circuit alone) is 0; its circuit follows.
        environments: vec![Environment::default()],
        root: EnvironmentId(0),
        experiment: EnvironmentId(0),
        cut_short: false,
    }
}

/// A drive, projection or constraint that waits until all populations are there.
#[derive(Clone, Debug)]
struct Pending<'a> {
    kind: PendingKind<'a>,
    environment: EnvironmentId,
    /// The indices of the loops around it.
    indices: Vec<i64>,
}

#[derive(Clone, Copy, Debug)]
enum PendingKind<'a> {
    Drive(&'a hir::Drive),
    Projection(&'a hir::Projection),
    Constraint(&'a hir::Constraint),
}

/// Whether all projections could be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wired {
    All,
    /// Something was said of a projection: nothing is said of the synapses that it lacks.
    Some,
}

struct Elaborator<'a> {
    hir: &'a Hir,
    types: &'a Types,
    files: &'a dyn Files,
    sink: &'a mut Sink,
    net: Net,
    overrides: Overrides,
    pending: Vec<Pending<'a>>,
    items: usize,
    /// `dale` clauses, until all projections are there.
    dale: Vec<constraint::Dale>,
    enforced: Vec<enforce::Enforced>,
    senders: Vec<constraint::SenderNote>,
}

impl<'a> Elaborator<'a> {
    fn globals(&mut self) {
        let hir = self.hir;
        for (k, global) in hir.globals.iter().enumerate() {
            let declared = global.declared.as_ref().or(self.types.globals.get(k));
            let declared = declared.filter(|ty| **ty != Type::Error);
            let mut scope = self.scope(EnvironmentId(0));
            let value = eval::eval_binding(&global.name, global.value, declared, &mut scope, &mut NotBuilt);
            if let Some(value) = self.keep(value) {
                self.net.globals.insert(hir::GlobalId(k as u32), value);
            }
        }
    }

    fn experiment(&mut self, index: usize, settings: &Settings) -> Option<()> {
        let hir = self.hir;
        let experiment = hir.experiments.get(index)?;
        let environment = EnvironmentId(0);
        self.net.environments[0].owner = Owner::Experiment(index as u32);
        let types = self.types.experiment_slots.get(index).map_or(&[][..], Vec::as_slice);
        let who = instance::Formals {
            slots: &experiment.slots,
            formals: &experiment.formals,
            types,
            name: &experiment.name,
            what: format!("experiment `{}`", experiment.name),
            span: experiment.span,
        };
        self.bind_formals(&who, environment, BTreeMap::new(), instance::Overridable::Yes);
        self.settings(experiment, environment, settings);
        if self.net.dt != DEFAULT_DT_MS {
            // What is written in ticks, or with `dt`, follows the step.
            self.globals();
            self.bind_formals(&who, environment, BTreeMap::new(), instance::Overridable::Yes);
        }
        if let Some(circuit) = experiment.circuit {
            let given = self.arguments(&experiment.args, environment);
            let root = self.new_environment(Owner::Circuit(circuit), String::new());
            self.net.root = root;
            self.net.environments[0].of_circuit = Some(root);
            let used =
                instance::Use { overridable: instance::Overridable::Yes, span: experiment.span, depth: 0 };
            self.circuit(circuit, root, given, used)?;
        }
        self.experiment_drives(&experiment.statements, environment);
        self.finish(&experiment.statements);
        self.per_cell_settings(&experiment.statements, environment);
        self.clamps(experiment, environment);
        self.look_at_statements(experiment, environment);
        Some(())
    }

    fn circuit_alone(&mut self, index: usize) -> Option<()> {
        let id = CircuitId(index as u32);
        let span = self.hir.circuits.get(index)?.span;
        let root = self.new_environment(Owner::Circuit(id), String::new());
        self.net.root = root;
        self.net.environments[0].of_circuit = Some(root);
        let used = instance::Use { overridable: instance::Overridable::Yes, span, depth: 0 };
        self.circuit(id, root, BTreeMap::new(), used)?;
        self.finish(&[]);
        Some(())
    }

    /// `dt`, `seed`, `precision`, `method`; the command line comes first.
    fn settings(&mut self, experiment: &hir::Experiment, environment: EnvironmentId, settings: &Settings) {
        self.net.method = experiment.method;
        self.net.precision = settings.precision.or(experiment.precision).unwrap_or(Precision::F64);
        self.time_step(experiment, environment);
        let seed = match self.override_setting("seed", &experiment.name, &Type::Real(Dimension::REAL)) {
            Some(given) => given,
            None => experiment
                .seed
                .and_then(|seed| Some((self.real(seed, environment)?, self.hir.expr(seed).span))),
        };
        if let (Some((seed, span)), None) = (seed, settings.seed) {
            match eval::number::whole(seed) {
                Some(whole @ 0..) => self.net.seed = whole as u64,
                _ => {
                    let shown = crate::units::show(seed, Dimension::REAL);
                    self.sink.push(say_time::seed_value(span, &shown));
                }
            }
        }
    }

    /// `dt`: not a number where what is written is wrong, so that nobody compares durations with another step.
    fn time_step(&mut self, experiment: &hir::Experiment, environment: EnvironmentId) {
        let given = self.override_setting("dt", &experiment.name, &Type::Real(Dimension::TIME));
        let dt = match (given, experiment.dt) {
            (Some(given), _) => given,
            (None, Some(dt)) => self.real(dt, environment).map(|ms| (ms, self.span(dt))),
            (None, None) => return,
        };
        match dt {
            Some((dt, span)) if 0.0 < dt && dt.is_finite() => {
                (self.net.dt, self.net.dt_span) = (dt, Some(span));
            }
            Some((dt, span)) => {
                self.net.dt = f64::NAN;
                self.sink.push(say_time::time_step(span, dt));
            }
            None => self.net.dt = f64::NAN,
        }
    }

    /// All that waited for the populations; then what waited for the projections.
    fn finish(&mut self, statements: &[hir::Statement]) {
        let (mut constraints, mut wired) = (vec![], Wired::All);
        for waiting in std::mem::take(&mut self.pending) {
            let Pending { kind, environment, indices } = waiting;
            match kind {
                PendingKind::Drive(drive) => {
                    if self.drive(drive, environment, &indices).is_none() {
                        self.fail(drive.slot, environment);
                    }
                }
                PendingKind::Projection(projection) => {
                    if self.projection(projection, environment, &indices).is_none() {
                        wired = Wired::Some;
                        self.fail(projection.slot, environment);
                    }
                }
                PendingKind::Constraint(constraint) => constraints.push((constraint, environment)),
            }
        }
        self.order_flows();
        self.constraints(&constraints, wired, statements);
    }

    fn scope(&self, environment: EnvironmentId) -> Scope<'_> {
        Scope::new(self.hir, self.types, &self.net, self.files, environment)
    }

    fn keep<T>(&mut self, result: Evaluated<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(diagnostic) => {
                self.sink.push(*diagnostic);
                None
            }
        }
    }

    fn report<T>(&mut self, diagnostic: Diagnostic) -> Option<T> {
        self.sink.push(diagnostic);
        None
    }

    fn span(&self, expr: ExprId) -> Span {
        self.hir.expr(expr).span
    }

    /// The dimension that an expression was found to have.
    fn dimension(&self, expr: ExprId) -> Dimension {
        self.types.expr(expr).dimension()
    }

    fn show(&self, value: f64, expr: ExprId) -> String {
        match self.dimension(expr) {
            Dimension::TIME => say_time::time(value),
            dimension => crate::units::show(value, dimension),
        }
    }

    fn value(&mut self, expr: ExprId, environment: EnvironmentId) -> Option<Value> {
        let mut scope = self.scope(environment);
        let value = eval::eval(expr, &mut scope, &mut NotBuilt);
        let value = self.keep(value)?;
        match value {
            Value::Real(x) if x.is_nan() => {
                self.sink.push(say_value::not_a_number(self.span(expr)));
                None
            }
            value => Some(value),
        }
    }

    fn real(&mut self, expr: ExprId, environment: EnvironmentId) -> Option<f64> {
        let mut scope = self.scope(environment);
        let value = eval::eval_real(expr, &mut scope, &mut NotBuilt);
        self.keep(value)
    }

    fn whole(&mut self, expr: ExprId, what: &str, environment: EnvironmentId) -> Option<i64> {
        let mut scope = self.scope(environment);
        let value = eval::eval_whole(expr, what, &mut scope, &mut NotBuilt);
        self.keep(value)
    }

    /// A view of at least one cell.
    fn some_cells(&mut self, view: Evaluated<View>, span: Span) -> Option<View> {
        let view = self.keep(view)?;
        if view.is_empty() {
            self.sink.push(say::empty_view(span));
            return None;
        }
        Some(view)
    }

    /// One value, or a closure where it differs.
    fn setting(&mut self, expr: ExprId, environment: EnvironmentId) -> Option<Setting> {
        self.untainted(expr)?;
        if depends::varies(expr, &self.scope(environment)) {
            return Some(Setting::Each(Closure { expr, environment }));
        }
        self.value(expr, environment).map(Setting::Value)
    }

    /// A constant duration in ms that lies on the grid.
    fn duration(&mut self, expr: ExprId, what: &str, environment: EnvironmentId) -> Option<f64> {
        let duration = self.real(expr, environment)?;
        self.on_grid(duration, self.span(expr), what)?;
        Some(duration)
    }

    /// `None` for what holds a mistake that was told before.
    fn untainted(&self, expr: ExprId) -> Option<ExprId> {
        (!self.types.tainted.expr(expr)).then_some(expr)
    }

    /// Quiet where the step is not known.
    fn on_grid(&mut self, duration_ms: f64, span: Span, what: &str) -> Option<i64> {
        let step = self.step()?;
        time::ticks_of(duration_ms, step, span, what, self.sink)
    }

    fn step(&self) -> Option<say_time::Step> {
        let step = say_time::Step { ms: self.net.dt, span: self.net.dt_span };
        (!step.ms.is_nan()).then_some(step)
    }

    fn new_environment(&mut self, owner: Owner, prefix: String) -> EnvironmentId {
        self.net.environments.push(Environment { owner, prefix, ..Environment::default() });
        EnvironmentId((self.net.environments.len() - 1) as u32)
    }

    fn environment(&mut self, id: EnvironmentId) -> &mut Environment {
        &mut self.net.environments[id.0 as usize]
    }

    /// Puts an item where its name will be looked up.
    fn add_item(
        &mut self,
        slot: SlotId,
        indices: &[i64],
        environment: EnvironmentId,
        item: crate::net::Item,
    ) {
        let instance = self.environment(environment).instance.unwrap_or(environment);
        self.environment(instance).items.insert((slot, indices.to_vec()), item);
    }

    /// What reads the slot stays quiet.
    fn fail(&mut self, slot: SlotId, environment: EnvironmentId) {
        let instance = self.environment(environment).instance.unwrap_or(environment);
        self.environment(instance).failed.insert(slot);
    }

    /// `col[2].E[3]`
    fn path(&self, slot: SlotId, indices: &[i64], environment: EnvironmentId) -> String {
        let here = &self.net.environments[environment.0 as usize];
        let name = self.slot(slot, environment).map_or("", |s| &s.name);
        indices.iter().fold(format!("{}{name}", here.prefix), |path, k| format!("{path}[{k}]"))
    }

    /// The declaration behind a slot: its name and where that stands.
    fn slot(&self, slot: SlotId, environment: EnvironmentId) -> Option<&hir::Slot> {
        let slots: &[hir::Slot] = match self.net.environments[environment.0 as usize].owner {
            Owner::Circuit(circuit) => &self.hir.circuit(circuit).slots,
            Owner::Experiment(experiment) => &self.hir.experiments[experiment as usize].slots,
            Owner::Nobody => &[],
        };
        slots.get(slot.index())
    }
}

#[cfg(test)]
mod tests;
