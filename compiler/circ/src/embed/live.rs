//! A network between two ticks, in the hands of a host.

use super::Error;
use super::output::{self, Output};
use crate::balance::Balances;
use crate::checkpoint::Checkpoint;
use crate::compile::Compiled;
use crate::instance::Instance;
use crate::protocol::Protocol;
use crate::quantity;
use crate::recording::Recordings;
use crate::run::{RunOptions, Silent};
use crate::synaptic::Known;
use crate::watch::Watches;
use crate::world::Present;
use circ_compiler::data::NoFiles;
use circ_compiler::diagnose::{Diagnostic, render};
use circ_compiler::eval::{self, Scope};
use circ_compiler::hir::VarKind;
use circ_compiler::lower::FIRE;
use circ_compiler::types::Type;
use circ_grammar::ast::Span;
use circ_plan::engine::{Engine, Memory, Slice};
use circ_plan::ir::{ArrayId, EventId, UniformId};
use circ_plan::plan::Role;
use std::ops::RangeInclusive;
use std::sync::atomic::AtomicBool;

/// See above.
pub struct Live {
    compiled: Compiled,
    instance: Instance,
    options: RunOptions,
    running: AtomicBool,
}

/// Something of a population that has a value in every cell: a state, a port, a `let`, a parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    path: String,
    population: u32,
    cells: usize,
    name: String,
    unit: String,
    place: Place,
}

/// Where the values are.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Array(ArrayId),
    Slot(UniformId),
    Observable(u32),
}

impl Variable {
    /// How many cells have it.
    pub fn len(&self) -> usize {
        self.cells
    }

    /// Whether none has.
    pub fn is_empty(&self) -> bool {
        self.cells == 0
    }

    /// The unit of its numbers: `mV`; empty of pure numbers.
    pub fn unit(&self) -> &str {
        &self.unit
    }
}

/// A parameter or state that is written at every tick, within an interval for which all was proved once.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    variable: Variable,
    within: RangeInclusive<f64>,
}

/// A kind of event of a population.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Events {
    population: u32,
    event: EventId,
}

impl Live {
    pub(super) fn new(
        compiled: Compiled,
        instance: Instance,
        options: RunOptions,
    ) -> Result<Live, Box<Diagnostic>> {
        let mut live = Live { compiled, instance, options, running: AtomicBool::new(false) };
        live.protocol(|protocol| protocol.check_parameters())?;
        Ok(live)
    }

    /// The tick of the present state; -1 before tick 0 was made.
    pub fn tick(&self) -> i64 {
        self.instance.engine.tick()
    }

    /// The time of the present state, in ms.
    pub fn time_ms(&self) -> f64 {
        self.tick().max(0) as f64 * self.compiled.plan.dt
    }

    /// What the network holds, in bytes.
    pub fn memory(&self) -> &Memory {
        &self.instance.memory
    }

    /// How many synapses a projection has.
    ///
    /// # Errors
    /// When there is no such projection.
    pub fn synapses(&self, projection: &str) -> Result<u64, Error> {
        let at = self.compiled.plan.projections.iter().position(|it| it.path == projection);
        at.map(|at| self.instance.synapses[at])
            .ok_or_else(|| Error(format!("there is no projection `{projection}`")))
    }

    /// Makes so many ticks; the first makes tick 0 too.
    ///
    /// # Errors
    /// When a state becomes infinite or no number, or another check of the circuit fails: the state is that of the tick before.
    pub fn step(&mut self, ticks: u32) -> Result<(), Error> {
        let until = self.tick().max(0) + i64::from(ticks);
        self.advance(until)
    }

    /// Runs for a duration, a whole number of steps.
    ///
    /// # Errors
    /// As [`Live::step`], and when it is no whole number of steps.
    pub fn run_ms(&mut self, duration: f64) -> Result<(), Error> {
        let steps = duration / self.compiled.plan.dt;
        let whole = steps.round();
        if !(0.0..=1e9).contains(&whole) || 1e-9 * whole.max(1.0) < (steps - whole).abs() {
            let step = self.compiled.plan.dt;
            return Err(Error(format!("{duration} ms is no whole number of steps of {step} ms")));
        }
        self.advance(self.tick().max(0) + whole as i64)
    }

    fn advance(&mut self, until: i64) -> Result<(), Error> {
        if circ_plan::ir::MAX_TICK < until {
            return Err(Error("no run is as long as that".to_string()));
        }
        let Live { compiled, instance, running, .. } = self;
        let done = instance.engine.advance(until, running).and_then(|()| instance.engine.conclude());
        done.map_err(|stop| Error(crate::fault::explain_stop(&stop, compiled, instance.engine.as_ref())))
    }

    /// Finds something that has values: `E.v`, `col[2].E.exc`, `Pyr.distal.plateau`.
    ///
    /// # Errors
    /// When there is no such thing.
    pub fn variable(&self, path: &str) -> Result<Variable, Error> {
        let (population, name) = self.population_of(path)?;
        let plan = &self.compiled.plan.populations[population as usize];
        let array = plan.arrays.iter().position(|it| it.name == name);
        let slot = plan.uniforms.iter().position(|it| it.name == name);
        let observable = plan.observables.iter().position(|it| it.name == name);
        let place = match (array, slot, observable) {
            (Some(at), ..) if is_plain(plan.arrays[at].role) => Place::Array(ArrayId(at as u32)),
            (_, Some(at), _) if plan.uniforms[at].role == Role::Parameter => {
                Place::Slot(UniformId(at as u32))
            }
            (_, _, Some(at)) => Place::Observable(at as u32),
            _ => return Err(Error(format!("population `{}` has no `{name}`", plan.path))),
        };
        Ok(Variable {
            path: path.to_string(),
            population,
            cells: plan.cells as usize,
            name: name.to_string(),
            unit: quantity::coherent(self.type_of(population, name).dimension()),
            place,
        })
    }

    /// The values of all cells.
    ///
    /// # Errors
    /// When what flows from values that were set goes wrong.
    pub fn get(&mut self, variable: &Variable) -> Result<Vec<f64>, Error> {
        let engine = self.instance.engine.as_mut();
        engine.settle();
        Ok(match variable.place {
            Place::Array(array) => engine.array(variable.population, array),
            Place::Slot(slot) => vec![engine.uniform(variable.population, slot); variable.cells],
            Place::Observable(observable) => engine.observe(variable.population, observable),
        })
    }

    /// Finds a `let` of the circuit, `torque`, or of one of its parts, `col[2].torque`.
    ///
    /// # Errors
    /// When there is none that depends on how the network is.
    pub fn output(&self, path: &str) -> Result<Output, Error> {
        output::find(&self.compiled, path)
    }

    /// The present value of an output: one number, or those of an array, row by row.
    ///
    /// # Errors
    /// When it has none, such as the mean of no values.
    pub fn read(&mut self, output: &Output) -> Result<Vec<f64>, Error> {
        self.instance.engine.settle();
        let Compiled { hir, types, net, .. } = &self.compiled;
        let (recordings, known) = (Recordings::default(), Known::default());
        let (balances, watches) = (Balances::default(), Watches::default());
        let engine = self.instance.engine.as_ref();
        let mut present = Present::built(&self.compiled, engine, &recordings, &known, (&balances, &watches));
        let mut scope = Scope::new(hir, types, net, &NoFiles, output.environment);
        let value = eval::slot(output.slot, output.environment, Span::default(), &mut scope, &mut present);
        output::numbers(value.map_err(|diagnostic| self.told(&diagnostic))?, &output.path)
    }

    /// The values where they lie, without a copy: a slice for each thread, in order of the cells. Of a state, a port or a
    /// parameter that each cell has its own of, on machine code; else there is none.
    pub fn slices(&self, variable: &Variable) -> Vec<Slice<'_>> {
        match variable.place {
            Place::Array(array) => self.instance.engine.slices(variable.population, array),
            Place::Slot(_) | Place::Observable(_) => Vec::new(),
        }
    }

    /// Gives a parameter or state other values: one for all cells, or one for each. All is checked that a `set` in an experiment
    /// is checked for.
    ///
    /// # Errors
    /// When it can not be set, or not to this; it is then what it was.
    pub fn set(&mut self, variable: &Variable, values: &[f64]) -> Result<(), Error> {
        let values = spread(values, variable)?;
        let (population, name) = (variable.population, variable.name.clone());
        let before = self.get(variable)?;
        let set = self.protocol(|protocol| protocol.set_from_host(population, &name, &values));
        if let Err(diagnostic) = set {
            self.put_back(variable, &before);
            return Err(self.told(&diagnostic));
        }
        self.instance.engine.settle();
        Ok(())
    }

    /// What is wrong with values is found where they stand.
    fn put_back(&mut self, variable: &Variable, values: &[f64]) {
        let engine = self.instance.engine.as_mut();
        match variable.place {
            Place::Array(array) => {
                let each: Vec<(u32, f64)> = (0..).zip(values.iter().copied()).collect();
                engine.set_array(variable.population, array, &each);
            }
            Place::Slot(slot) => {
                values.iter().take(1).for_each(|value| engine.set_uniform(variable.population, slot, *value));
            }
            Place::Observable(_) => {}
        }
    }

    /// Something that is going to be written at every tick, with values in an interval: that all of it is allowed is proved now.
    ///
    /// # Errors
    /// When it can not be set, each cell has not its own of it ([`super::Setup::sets`]), or the circuit has no meaning for part of the
    /// interval.
    pub fn input(&mut self, path: &str, within: RangeInclusive<f64>) -> Result<Input, Error> {
        let variable = self.variable(path)?;
        let Place::Array(_) = variable.place else {
            return Err(Error(format!(
                "cells have no value of their own of `{path}`; say `.sets(\"{path}\")` before compiling"
            )));
        };
        if !(within.start().is_finite() && within.end().is_finite() && within.start() <= within.end()) {
            return Err(Error(format!(
                "the interval of `{path}` must have two finite ends, the lower first"
            )));
        }
        let before = self.get(&variable)?;
        for end in [*within.start(), *within.end()] {
            self.set(&variable, &[end])?;
        }
        // Both ends at once: what is proved of a hull holds between them.
        let mut ends = vec![*within.start(); variable.cells];
        if let Some(last) = ends.last_mut() {
            *last = *within.end();
        }
        self.set(&variable, &ends)?;
        self.set(&variable, &before)?;
        Ok(Input { variable, within })
    }

    /// Writes an input.
    ///
    /// # Errors
    /// When there are not as many values as cells, or one is out of the interval.
    pub fn write(&mut self, input: &Input, values: &[f64]) -> Result<(), Error> {
        let Variable { population, cells, place, path, .. } = &input.variable;
        if values.len() != *cells {
            return Err(Error(format!("`{path}` has {cells} values, not {}", values.len())));
        }
        if let Some(bad) = values.iter().find(|value| !input.within.contains(value)) {
            let (lo, hi) = (input.within.start(), input.within.end());
            return Err(Error(format!("{bad} is not within {lo} .. {hi}, which `{path}` was proved for")));
        }
        if let Place::Array(array) = place {
            self.instance.engine.write_array(*population, *array, values);
        }
        Ok(())
    }

    /// Finds a kind of event: `E.spike`, `E.burst`.
    ///
    /// # Errors
    /// When there is no such event.
    pub fn events(&self, path: &str) -> Result<Events, Error> {
        let (population, name) = self.population_of(path)?;
        let plan = &self.compiled.plan.populations[population as usize];
        let event = plan.events.iter().position(|event| event.name == name);
        let event =
            event.ok_or_else(|| Error(format!("population `{}` has no event `{name}`", plan.path)))?;
        Ok(Events { population, event: EventId(event as u32) })
    }

    /// The events after a tick, up to the present one: (tick, cell), ascending.
    pub fn events_after(&self, events: &Events, tick: i64) -> Vec<(i64, u32)> {
        self.instance.engine.events_between(events.population, events.event, tick, self.tick())
    }

    /// Lets cells of a population spike at the next tick.
    ///
    /// # Errors
    /// When there are no such cells, or the population was not compiled for it ([`super::Setup::fires`]).
    pub fn fire(&mut self, population: &str, cells: &[u32]) -> Result<(), Error> {
        let plan = &self.compiled.plan;
        let at = plan.populations.iter().position(|it| it.path == population);
        let at = at.ok_or_else(|| Error(format!("there is no population `{population}`")))?;
        let plan = &plan.populations[at];
        let flag = plan.arrays.iter().position(|array| array.name == FIRE).ok_or_else(|| {
            Error(format!("`{population}` is not fired; say `.fires(\"{population}\")` before compiling"))
        })?;
        if let Some(cell) = cells.iter().find(|cell| plan.cells <= **cell) {
            return Err(Error(format!("`{population}` has {} cells; there is no cell {cell}", plan.cells)));
        }
        let flags: Vec<(u32, f64)> = cells.iter().map(|cell| (*cell, 1.0)).collect();
        self.instance.engine.set_array(at as u32, ArrayId(flag as u32), &flags);
        Ok(())
    }

    /// The whole state, which this network or another of the same circuit may go on from.
    pub fn save(&mut self) -> Checkpoint {
        let state = self.protocol(|protocol| protocol.present_state());
        Checkpoint::new(&self.compiled, state)
    }

    /// Goes on from a state.
    ///
    /// # Errors
    /// With what is otherwise in this circuit.
    pub fn load(&mut self, checkpoint: &Checkpoint) -> Result<(), Error> {
        let state = checkpoint.for_program(&self.compiled, &self.instance.synapses);
        let state = state.map_err(|differences| {
            Error(format!("the checkpoint does not fit this circuit: {}", differences.join("; ")))
        })?;
        self.protocol(|protocol| protocol.go_on_from(&state));
        Ok(())
    }

    fn protocol<T>(&mut self, ask: impl FnOnce(&mut Protocol) -> T) -> T {
        let Live { compiled, instance, options, running } = self;
        let threads = instance.threads;
        let engine: &mut dyn Engine = instance.engine.as_mut();
        let (mut recordings, mut silent) = (Recordings::default(), Silent);
        let with = (&instance.synapses[..], *options);
        ask(&mut Protocol::new(
            compiled,
            (engine, threads),
            with,
            &mut recordings,
            running,
            &mut silent,
            None,
        ))
    }

    fn told(&self, diagnostic: &Diagnostic) -> Error {
        Error(render(std::slice::from_ref(diagnostic), self.compiled.sources(), false))
    }

    /// The population of a path, and what is named of it.
    fn population_of<'p>(&self, path: &'p str) -> Result<(u32, &'p str), Error> {
        let (population, name) = path
            .rsplit_once('.')
            .ok_or_else(|| Error(format!("`{path}` names no member of a population, as `E.v` does")))?;
        let at = self.compiled.plan.populations.iter().position(|it| it.path == population);
        let at = at.ok_or_else(|| Error(format!("there is no population `{population}`")))?;
        Ok((at as u32, name))
    }

    fn type_of(&self, population: u32, name: &str) -> Type {
        let cell = self.compiled.net.populations[population as usize].cell;
        let vars = &self.compiled.hir.cell(cell).vars;
        let at = vars
            .iter()
            .position(|var| *var.name == *name && !matches!(var.kind, VarKind::Port { .. }))
            .or_else(|| vars.iter().position(|var| *var.name == *name));
        let types = self.compiled.types.vars.get(cell.index());
        at.and_then(|at| types?.get(at).cloned()).unwrap_or(Type::Error)
    }
}

fn is_plain(role: Role) -> bool {
    matches!(role, Role::Parameter | Role::State | Role::Port)
}

/// One value for each cell.
fn spread(values: &[f64], variable: &Variable) -> Result<Vec<f64>, Error> {
    match values {
        [one] => Ok(vec![*one; variable.cells]),
        each if each.len() == variable.cells => Ok(each.to_vec()),
        other => {
            let Variable { path, cells, .. } = variable;
            Err(Error(format!("`{path}` has {cells} values, not {}", other.len())))
        }
    }
}
