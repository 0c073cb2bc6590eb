//! What lowering works with: the program's facts, what it reports into, and one kernel program under
//! construction.
//!
//! In: HIR, types, net. [`Lowerer`] turns expressions into values of one program; what names mean is
//! the matter of its [`Site`]: a cell, a cell of a view, a pair of cells.

use std::collections::BTreeMap;

use circ_grammar::ast::Span;
use circ_plan::ir::*;
use circ_plan::plan::{Place, Table};

use super::cell::CellSite;
use super::explain::RuleMethods;
use super::pair::PairSite;
use super::value::Lowered;
use super::view::ViewSite;
use crate::check::Types;
use crate::diagnose::time::Step;
use crate::diagnose::{Diagnostic, Sink};
use crate::hir::{ExprId, GlobalId, Hir, LocalId, SlotId};
use crate::interpret::apply::{Value as Constant, apply};
use crate::kernel::build::Builder;
use crate::kernel::ops::operands;
use crate::net::{EnvironmentId, Net};
use crate::solve::affine::reachable;
use crate::types::{ArrayValue, Type, Value};

/// The checked program.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub hir: &'a Hir,
    pub types: &'a Types,
    pub net: &'a Net,
    pub purpose: Purpose,
}

/// What a plan is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To be run.
    Run,
    /// To be looked at: all that can be wrong is found, and of every population the plan holds the reference step and
    /// the slopes of explicit equations. It makes no tick 0, has no steps in which constants were moved out, and
    /// observes nothing else.
    Look,
}

impl Purpose {
    /// Regions are for programs that run.
    pub fn finish(self, builder: Builder, outputs: Vec<Output>, checks: Vec<Check>) -> Program {
        match self {
            Purpose::Run => builder.finish(outputs, checks),
            Purpose::Look => builder.finish_in_order(outputs, checks),
        }
    }
}

impl<'a> Source<'a> {
    /// The step, for messages.
    pub fn step(&self) -> Step {
        Step { ms: self.net.dt, span: self.net.dt_span }
    }

    /// The type of an expression.
    pub fn ty(&self, expr: ExprId) -> &'a Type {
        self.types.exprs.get(expr.index()).unwrap_or(&Type::Error)
    }

    /// The value of a slot: here, in the instance around, or in the circuit of an experiment.
    pub fn slot(&self, environment: EnvironmentId, slot: SlotId) -> Option<&'a Value> {
        self.net.slot(environment, slot)
    }

    /// The value of a slot of the circuit that an experiment is of.
    pub fn circuit_slot(&self, environment: EnvironmentId, slot: SlotId) -> Option<&'a Value> {
        self.net.circuit_slot(environment, slot)
    }

    /// The value of a top-level name.
    pub fn global(&self, global: GlobalId) -> Option<&'a Value> {
        self.net.globals.get(&global)
    }
}

/// What lowering adds to, besides programs.
pub struct Report<'s> {
    pub sink: &'s mut Sink,
    pub places: Vec<Place>,
    /// Where in `places` a span with a text is.
    known_places: BTreeMap<(Span, String), u32>,
    pub tables: Vec<Table>,
    /// Of each projection that learns.
    pub rules: Vec<RuleMethods>,
}

impl<'s> Report<'s> {
    /// Reports into a sink.
    pub fn new(sink: &'s mut Sink) -> Report<'s> {
        Report { sink, places: vec![], known_places: BTreeMap::new(), tables: vec![], rules: vec![] }
    }

    /// The place with this text.
    pub fn place(&mut self, span: Span, what: impl Into<String>) -> u32 {
        let what = what.into();
        let place = Place { file: span.file.0, start: span.start, end: span.end, what: what.clone() };
        *self.known_places.entry((span, what)).or_insert_with(|| {
            self.places.push(place);
            (self.places.len() - 1) as u32
        })
    }

    /// The table that holds an array: rows are its first index.
    pub fn table(&mut self, array: &ArrayValue) -> TableId {
        let rows = array.shape.first().map_or(1, |n| *n as usize);
        let columns = array.data.len().checked_div(rows).unwrap_or(0);
        self.add_table(Table { name: String::new(), rows, columns, data: array.data.clone() })
    }

    /// A table with these numbers; the same numbers are one table.
    pub fn add_table(&mut self, mut table: Table) -> TableId {
        let same = |other: &Table| {
            other.rows == table.rows && other.columns == table.columns && other.data == table.data
        };
        if let Some(at) = self.tables.iter().position(same) {
            return TableId(at as u32);
        }
        table.name = format!("table{}", self.tables.len());
        self.tables.push(table);
        TableId((self.tables.len() - 1) as u32)
    }

    /// Reports a message.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.sink.push(diagnostic);
    }
}

/// Keys of the random generator, by `KeyId`: what draws, such as `V_th` of `E.V_th`.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    pub names: Vec<String>,
}

impl Keys {
    /// The key of a declaration.
    pub fn of(&mut self, name: &str) -> KeyId {
        if let Some(at) = self.names.iter().position(|other| other == name) {
            return KeyId(at as u32);
        }
        self.names.push(name.to_owned());
        KeyId((self.names.len() - 1) as u32)
    }

    /// The keys of a population, projection or drive with this path. An empty name is the path itself.
    pub fn resolve(&self, seed: u64, path: &str) -> Vec<[u32; 2]> {
        let full = |name: &String| match name.is_empty() {
            true => path.to_owned(),
            false => format!("{path}.{name}"),
        };
        self.names.iter().map(|name| circ_numerics::random::key(seed, &full(name))).collect()
    }
}

/// Which declaration draws, and how often it has.
#[derive(Clone, Debug, Default)]
pub struct Draws {
    pub declaration: String,
    pub salt: u32,
}

/// Whose names an expression reads.
pub enum Site<'a> {
    Cell(CellSite<'a>),
    View(ViewSite<'a>),
    Pair(PairSite<'a>),
}

/// Of expressions, by the value that they first made.
#[derive(Default)]
struct Spans(Vec<Option<Span>>);

/// Lowers expressions into one program.
pub struct Lowerer<'a, 'r, 's> {
    pub source: Source<'a>,
    pub report: &'r mut Report<'s>,
    pub b: Builder,
    pub keys: &'r mut Keys,
    pub site: Site<'a>,
    /// Of the circuit's names; `None` in a cell.
    pub environment: Option<EnvironmentId>,
    pub locals: BTreeMap<LocalId, Lowered>,
    pub draws: Draws,
    spans: Spans,
    pub checks: Vec<Check>,
    /// Where the statement at hand runs; `None` for everywhere.
    pub mask: Option<ValueId>,
    /// Expressions met so far, those of functions once for each call.
    pub work: usize,
    /// The outermost call of a function at hand.
    pub call: Option<Span>,
}

impl<'a, 'r, 's> Lowerer<'a, 'r, 's> {
    /// Begins a program.
    pub fn new(
        source: Source<'a>,
        report: &'r mut Report<'s>,
        keys: &'r mut Keys,
        b: Builder,
        site: Site<'a>,
    ) -> Self {
        Lowerer {
            source,
            report,
            b,
            keys,
            site,
            environment: None,
            locals: BTreeMap::new(),
            draws: Draws::default(),
            spans: Spans::default(),
            checks: vec![],
            mask: None,
            work: 0,
            call: None,
        }
    }

    /// The expression that first made a value.
    pub fn span_of(&self, value: ValueId) -> Option<Span> {
        self.spans.0.get(value.0 as usize).copied().flatten()
    }

    /// A value was made by an expression, if by no other before.
    pub fn made_by(&mut self, value: ValueId, expr: Span) {
        let at = value.0 as usize;
        if self.spans.0.len() <= at {
            self.spans.0.resize((at + 1).max(64), None);
        }
        self.spans.0[at].get_or_insert(expr);
    }

    /// Runs `inner` as part of a declaration: its draws have the declaration's key, counted from 0.
    pub fn declared<R>(&mut self, declaration: &str, inner: impl FnOnce(&mut Self) -> R) -> R {
        let new = Draws { declaration: declaration.to_owned(), salt: 0 };
        let old = std::mem::replace(&mut self.draws, new);
        let result = inner(self);
        self.draws = old;
        result
    }

    /// Runs `inner` with the names of a circuit.
    pub fn within<R>(&mut self, environment: EnvironmentId, inner: impl FnOnce(&mut Self) -> R) -> R {
        let old = self.environment.replace(environment);
        let result = inner(self);
        self.environment = old;
        result
    }

    /// The value with which the circuit is built, if it follows from constants and parameters that all
    /// cells share.
    pub fn built(&mut self, value: ValueId) -> Option<Constant> {
        let constant = self.b.constant(value);
        let Site::Cell(site) = &self.site else { return constant };
        if constant.is_some() {
            return constant;
        }
        let made_of = reachable(&self.b, value, |_, _| true);
        if made_of.iter().any(|leaf| varies(self.b.op(*leaf))) {
            return None;
        }
        let uniforms = &site.layout.uniforms;
        let uniform = |id: UniformId| {
            let parameter = uniforms.get(id.0 as usize)?;
            Some(Constant::from_number(parameter.ty, self.b.precision(), parameter.value))
        };
        let mut known: Vec<(ValueId, Option<Constant>)> = Vec::with_capacity(made_of.len());
        for at in made_of {
            let of = |operand: ValueId| {
                let place = known.binary_search_by_key(&operand, |(value, _)| *value).ok()?;
                known[place].1
            };
            let found = match *self.b.op(at) {
                Op::Uniform(id) => uniform(id),
                ref op => folded(self.b.precision(), op, &of),
            };
            known.push((at, found));
        }
        known.last().and_then(|(_, found)| *found)
    }

    /// Likewise, of a number.
    pub fn built_number(&mut self, value: ValueId) -> Option<f64> {
        self.built(value).map(|constant| constant.number())
    }

    /// The program with these outputs and checks.
    pub fn finish(self, outputs: Vec<Output>, checks: Vec<Check>) -> Program {
        self.source.purpose.finish(self.b, outputs, checks)
    }

    /// Requires that a truth value is false, where the statement at hand runs.
    pub fn check_not(&mut self, kind: CheckKind, fails: ValueId, span: Span, what: &str) {
        let value = match self.mask {
            Some(mask) => self.b.and(mask, fails),
            None => fails,
        };
        let place = self.report.place(span, what);
        self.checks.push(Check { kind, value, place });
    }

    /// Reports, and goes on with 0.
    pub fn refuse(&mut self, diagnostic: Diagnostic) -> Lowered {
        self.report.push(diagnostic);
        Lowered::One(self.b.float(0.0))
    }
}

/// The value of an operation whose operands may be known. A NaN is known to the run alone.
fn folded(precision: Precision, op: &Op, of: &impl Fn(ValueId) -> Option<Constant>) -> Option<Constant> {
    let truth = |value| of(value).map(Constant::truth);
    match *op {
        Op::Select(mask, on, off) => truth(mask).and_then(|mask| of(if mask { on } else { off })),
        Op::And(a, b) if [truth(a), truth(b)].contains(&Some(false)) => Some(Constant::Bool(false)),
        Op::Or(a, b) if [truth(a), truth(b)].contains(&Some(true)) => Some(Constant::Bool(true)),
        _ if operands(op).iter().any(|operand| of(*operand).is_none()) => None,
        _ => {
            let known = |operand| of(operand).expect("all operands are known");
            apply(precision, op, &known).filter(|it| !matches!(it, Constant::Float(x) if x.is_nan()))
        }
    }
}

/// Whether an operation differs from cell to cell or from tick to tick, whatever its operands.
fn varies(op: &Op) -> bool {
    let of_cell = matches!(op, Op::Load(..) | Op::Arrival(_) | Op::Index(_) | Op::Edge(_) | Op::Weight);
    of_cell || matches!(op, Op::Now | Op::Time(_) | Op::Draw { .. } | Op::Redraw { .. })
}
