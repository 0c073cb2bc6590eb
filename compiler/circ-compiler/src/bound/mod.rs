//! Bounds: what an expression of an instantiated circuit can be, without running it.
//!
//! In: HIR, types, the net, and where the expression stands: in a cell of a population, between the cells of a
//! projection, in a drive, in the experiment. Out: an [`Estimate`]. A parameter lies in its `in` range; without
//! one, it is what the program gives it: as built, and by every `set` whose value is known before the run. A
//! state lies in its range; without one nothing is known of it, and what depends on it is `open`: not a reason for
//! an error. Every declaration is looked at once. Depth and work are bounded; beyond them nothing is known.

mod expression;
mod narrow;
mod pair;
mod rule;
mod sets;

use crate::check::Types;
use crate::hir::{CellId, ExprId, Hir, LocalId, Over, SlotId, VarId, VarKind};
use crate::interval::{Interval, Truth};
use crate::net::{EnvironmentId, Net, Setting};
use crate::types::{ArrayValue, Type, Value};
use circ_plan::ir::Distribution;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use narrow::Narrowed;
pub use sets::{SetDrive, SetParameter};

/// Levels of nesting that are followed, as in `eval`.
const MAX_DEPTH: u32 = 200;
/// Operations that one expression may take, functions written out.
const MOST_STEPS: u64 = 20_000;
/// Operations that all of them may take.
const MOST_STEPS_IN_ALL: u64 = 5_000_000;

/// What is known of a value; of an array, of each of its elements.
#[derive(Clone, Debug)]
pub struct Estimate {
    pub interval: Interval,
    /// Whether it depends on what nothing is known of, such as a state without a range. Then a bound that it may
    /// pass is no mistake; one that it passes for sure is.
    pub open: bool,
    /// Known not to be 0, although the interval holds it.
    pub not_zero: bool,
    /// The number of elements, of an array.
    pub count: Option<Interval>,
    /// The elements, where each is known.
    pub known: Option<Arc<ArrayValue>>,
}

impl Estimate {
    /// Of a value with these bounds, and no others.
    pub fn of(interval: Interval) -> Estimate {
        Estimate { interval, open: false, not_zero: false, count: None, known: None }
    }

    /// Of which nothing is known.
    pub fn unknown() -> Estimate {
        Estimate { open: true, ..Estimate::of(Interval::UNKNOWN) }
    }

    /// Of a state: any finite number.
    pub fn finite() -> Estimate {
        Estimate { open: true, ..Estimate::of(Interval::FINITE) }
    }

    pub fn truth(truth: Truth) -> Estimate {
        Estimate::of(truth.interval())
    }

    /// As a condition.
    pub fn as_truth(&self) -> Truth {
        match (self.interval.contains(0.0) || self.interval.nan, self.interval.single() == Some(0.0)) {
            (_, true) => Truth::Never,
            (true, false) if !self.not_zero => Truth::Maybe,
            _ => Truth::Always,
        }
    }

    /// Whether it may be 0.
    pub fn may_be_zero(&self) -> bool {
        self.interval.contains(0.0) && !self.not_zero
    }

    fn opened(self, open: bool) -> Estimate {
        Estimate { open: self.open || open, ..self }
    }

    fn hull(self, other: Estimate) -> Estimate {
        let known = match (&self.known, &other.known) {
            (Some(a), Some(b)) if a == b => Some(a.clone()),
            _ => None,
        };
        let count = match (self.count, other.count) {
            (Some(a), Some(b)) => Some(a.hull(b)),
            (one, other) => one.or(other),
        };
        Estimate {
            interval: self.interval.hull(other.interval),
            open: self.open || other.open,
            not_zero: self.not_zero && other.not_zero,
            count,
            known,
        }
    }
}

/// Where an expression stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a cell of this population.
    Cell(u32),
    /// Between the cells of this projection.
    Pair(u32),
    /// In this drive.
    Drive(u32),
    /// In the experiment, or at the top level.
    Outside,
}

/// What a part of an expression must be, found on the way through it.
#[derive(Clone, Debug)]
pub struct Demand {
    /// The part.
    pub expr: ExprId,
    pub found: Estimate,
    pub kind: DemandKind,
    /// Where the expression stands that it is part of.
    pub site: Site,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DemandKind {
    /// Not 0.
    Divisor,
    /// Argument 0 or 1 of a distribution.
    Argument(Distribution, usize),
    /// The end of `uniform`, less its start.
    Span,
    /// Of `chance`.
    Chance,
    /// Of `sqrt`.
    Root,
    /// Of `log` and `log10`.
    Logarithm,
}

/// Where an expression stands, and what is bound there.
#[derive(Clone, Debug)]
pub struct Site {
    pub place: Place,
    /// Where its slots have their values; in a cell none.
    pub environment: Option<EnvironmentId>,
    /// What `t` can be.
    pub time: Estimate,
    /// In a block, whose statements change states one after the other.
    pub in_block: bool,
    pub(crate) locals: Vec<(LocalId, Estimate)>,
    pub(crate) narrowed: Vec<Narrowed>,
}

impl Site {
    /// A place without locals.
    pub fn new(place: Place, environment: Option<EnvironmentId>) -> Site {
        let time = Estimate { open: true, ..Estimate::of(Interval { lo: 0.0, hi: f64::MAX, nan: false }) };
        Site { place, environment, time, in_block: false, locals: vec![], narrowed: vec![] }
    }

    /// Gives a local a value.
    pub fn bind(&mut self, local: LocalId, value: Estimate) {
        self.locals.push((local, value));
    }
}

/// Whether a parameter is what it is built as, or also what it is set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consider {
    Built,
    Sets,
}

/// What was known before a parameter was replaced.
#[derive(Debug)]
pub struct Kept(BTreeMap<(u32, VarId), Estimate>);

/// What was listened to before.
#[derive(Debug)]
pub struct Listening(Option<Vec<Demand>>);

/// The bounds of everything in a net.
pub struct Bounds<'a> {
    pub hir: &'a Hir,
    pub types: &'a Types,
    pub net: &'a Net,
    /// By population.
    vars: BTreeMap<(u32, VarId), Estimate>,
    /// Being looked at, so that a cycle ends.
    open: BTreeSet<(u32, VarId)>,
    consider: Consider,
    sets: Vec<SetParameter>,
    set_drives: Vec<SetDrive>,
    /// Parameters with other values, to see what a `set` does.
    replaced: BTreeMap<(u32, VarId), Estimate>,
    /// Parameters as they were built, once that is over.
    as_built: BTreeMap<(u32, VarId), Estimate>,
    /// `let`s of the experiment that statements change.
    changing: BTreeSet<SlotId>,
    /// What loops of the experiment run over, by their index.
    loops: BTreeMap<SlotId, Over>,
    demands: Option<Vec<Demand>>,
    depth: u32,
    steps: u64,
    steps_in_all: u64,
}

impl<'a> Bounds<'a> {
    /// Of a net that is built, with what its experiment sets.
    pub fn new(hir: &'a Hir, types: &'a Types, net: &'a Net) -> Bounds<'a> {
        let mut bounds = Bounds {
            hir,
            types,
            net,
            vars: BTreeMap::new(),
            open: BTreeSet::new(),
            consider: Consider::Sets,
            sets: vec![],
            set_drives: vec![],
            replaced: BTreeMap::new(),
            as_built: BTreeMap::new(),
            changing: BTreeSet::new(),
            loops: BTreeMap::new(),
            demands: None,
            depth: 0,
            steps: 0,
            steps_in_all: 0,
        };
        bounds.find_sets();
        bounds
    }

    /// What is known of an expression at a place.
    pub fn estimate(&mut self, expr: ExprId, site: &mut Site) -> Estimate {
        self.steps = 0;
        self.expression(expr, site)
    }

    /// Whether a condition in a cell of a population always or never holds.
    pub fn condition(&mut self, expr: ExprId, population: u32) -> Truth {
        self.estimate(expr, &mut Site::new(Place::Cell(population), None)).as_truth()
    }

    /// What is known of a setting of a projection or drive.
    pub fn setting(&mut self, setting: &Setting, site: &Site) -> Estimate {
        match setting {
            Setting::Value(value) => of_value(value),
            Setting::Each(closure) => {
                let mut site = Site { environment: Some(closure.environment), ..site.clone() };
                self.estimate(closure.expr, &mut site)
            }
        }
    }

    /// A variable of the cells of a population.
    pub fn variable(&mut self, population: u32, var: VarId) -> Estimate {
        if let Some(value) = self.replaced.get(&(population, var)) {
            return value.clone();
        }
        if let Some(found) = self.vars.get(&(population, var)) {
            return found.clone();
        }
        if !self.open.insert((population, var)) {
            return Estimate::unknown();
        }
        let found = self.found(population, var);
        self.open.remove(&(population, var));
        // Beyond the bounds on work nothing was found out, and a shorter way may still.
        if self.depth < MAX_DEPTH {
            self.vars.insert((population, var), found.clone());
        }
        found
    }

    fn found(&mut self, population: u32, var: VarId) -> Estimate {
        let Some(cell) = self.cell_of(population) else { return Estimate::unknown() };
        let Some(declared) = self.hir.cell(cell).vars.get(var.index()) else { return Estimate::unknown() };
        let ty = self.types.vars.get(cell.index()).and_then(|vars| vars.get(var.index()));
        let whole = ty == Some(&Type::Int);
        let found = match &declared.kind {
            VarKind::Param { range, .. } => match range.and_then(|range| self.range(population, range)) {
                Some(range) => self.built(population, var).hull(Estimate::of(range)).within(range),
                None => self.given(population, var),
            },
            VarKind::State { range, .. } if ty != Some(&Type::Bool) => {
                match range.and_then(|range| self.range(population, range)) {
                    Some(range) => Estimate::of(range),
                    None => Estimate::finite(),
                }
            }
            VarKind::State { .. } => Estimate { open: true, ..Estimate::truth(Truth::Maybe) },
            VarKind::Let { value } => self.declaration(*value, population),
            VarKind::Port { .. } => Estimate::finite(),
        };
        if whole { Estimate { interval: found.interval.as_int(), ..found } } else { found }
    }

    /// The initial value of a parameter, and every `set` that is known before the run.
    fn given(&mut self, population: u32, var: VarId) -> Estimate {
        let built = self.built(population, var);
        if self.consider == Consider::Built {
            return built;
        }
        let set = self.sets.iter().filter(|set| set.population == population && set.var == var);
        set.fold(built, |all, set| all.hull(set.value.clone()))
    }

    /// A parameter as it is built.
    pub fn built(&mut self, population: u32, var: VarId) -> Estimate {
        if let Some(built) = self.as_built.get(&(population, var)) {
            return built.clone();
        }
        let net = self.net;
        let Some(of) = net.populations.get(population as usize) else { return Estimate::unknown() };
        let site = Site::new(Place::Cell(population), None);
        if let Some((_, setting, _)) = of.settings.iter().rev().find(|(id, _, _)| *id == var) {
            return match setting {
                Setting::Value(value) => of_value(value),
                Setting::Each(closure) => {
                    let mut site = Site { environment: Some(closure.environment), ..site };
                    self.expression(closure.expr, &mut site)
                }
            };
        }
        match self.hir.cell(of.cell).vars.get(var.index()).map(|var| &var.kind) {
            Some(VarKind::Param { default: Some(default), .. }) => self.declaration(*default, population),
            _ => Estimate::unknown(),
        }
    }

    /// The value of a declaration of a cell, whose draws and divisors are its own.
    fn declaration(&mut self, value: ExprId, population: u32) -> Estimate {
        self.expression(value, &mut Site::new(Place::Cell(population), None))
    }

    /// The interval of `lo .. hi`; `None` where an end is not known.
    pub fn range(&mut self, population: u32, (lo, hi): (ExprId, ExprId)) -> Option<Interval> {
        let (lo, hi) = (self.declaration(lo, population), self.declaration(hi, population));
        let range = Interval { lo: lo.interval.lo, hi: hi.interval.hi, nan: false };
        (!lo.open && !hi.open && !range.is_empty()).then_some(range)
    }

    fn cell_of(&self, population: u32) -> Option<CellId> {
        self.net.populations.get(population as usize).map(|population| population.cell)
    }

    /// What the experiment sets of parameters, in order of writing.
    pub fn sets(&self) -> &[SetParameter] {
        &self.sets
    }

    /// What it sets of drives.
    pub fn set_drives(&self) -> &[SetDrive] {
        &self.set_drives
    }

    /// Whether what the experiment sets counts, or only what is built.
    pub fn consider_sets(&mut self, consider: Consider) {
        if consider == self.consider {
            return;
        }
        if consider == Consider::Sets {
            (0..self.net.populations.len() as u32).for_each(|population| self.keep_as_built(population));
        }
        self.vars.clear();
        self.consider = consider;
    }

    /// From here on the parameters of a population were built: initial values do not follow what is set.
    fn keep_as_built(&mut self, population: u32) {
        let heard = self.demands.take();
        let count = self.cell_of(population).map_or(0, |cell| self.hir.cell(cell).vars.len());
        for at in 0..count {
            let var = VarId(at as u32);
            let built = self.built(population, var);
            self.as_built.insert((population, var), built);
        }
        self.demands = heard;
    }

    /// Gives parameters of a population other values, to see what a `set` does. All others stay as they were
    /// built. What is given back is for [`Bounds::restore`].
    pub fn replace(&mut self, population: u32, values: impl IntoIterator<Item = (VarId, Estimate)>) -> Kept {
        self.keep_as_built(population);
        self.replaced = values.into_iter().map(|(var, value)| ((population, var), value)).collect();
        Kept(std::mem::take(&mut self.vars))
    }

    /// Undoes [`Bounds::replace`].
    pub fn restore(&mut self, kept: Kept) {
        self.replaced.clear();
        self.vars = kept.0;
    }

    /// Whether what is looked at comes after the network was built.
    pub fn is_after_build(&self) -> bool {
        !self.as_built.is_empty()
    }

    /// From here on demands are kept. What is given back is for [`Bounds::heard`].
    pub fn listen(&mut self) -> Listening {
        Listening(self.demands.replace(vec![]))
    }

    /// The demands since [`Bounds::listen`].
    pub fn heard(&mut self, outer: Listening) -> Vec<Demand> {
        std::mem::replace(&mut self.demands, outer.0).unwrap_or_default()
    }

    fn demand(&mut self, expr: ExprId, found: &Estimate, kind: DemandKind, site: &Site) {
        if let Some(demands) = &mut self.demands {
            demands.push(Demand { expr, found: found.clone(), kind, site: site.clone() });
        }
    }
}

impl Estimate {
    fn within(self, range: Interval) -> Estimate {
        Estimate { interval: range, open: false, not_zero: false, ..self }
    }
}

/// Of a value that is known.
pub fn of_value(value: &Value) -> Estimate {
    match value {
        Value::Real(x) => Estimate::of(Interval::point(*x)),
        Value::Int(n) => Estimate::of(Interval::whole(*n)),
        Value::Bool(b) => Estimate::truth(Truth::of(*b)),
        Value::Array(array) => Estimate {
            count: Some(Interval::point(array.data.len() as f64)),
            known: Some(array.clone()),
            ..Estimate::of(Interval::of(array.data.iter().copied()))
        },
        Value::Text(_) | Value::Tuple(_) | Value::View(_) => Estimate::unknown(),
    }
}

#[cfg(test)]
mod tests;
