//! Run: a compiled program, built and carried through its experiment.
//!
//! In: [`Compiled`] and how to run it. Out: [`Finished`]: results, and what was recorded until the end,
//! however the run ended. Results do not depend on the engine or the number of threads.

use crate::compile::{Compiled, Rejection, milliseconds};
use crate::manifest::{self, EquationMethod, Manifest, Parameter, Setting};
use crate::measures::{self, Trains, Window};
use crate::output::{Folder, Part};
use crate::protocol::{Outcome, Protocol};
use crate::recording::Recordings;
use crate::results::{Ended, PopulationResult, Results, Timing, messages};
use crate::spill::{Afterwards, Spill};
use crate::{constraints, digest, instance, judge, relay, show, tables, unconnected};
pub use circ_codegen::Schedule;
use circ_compiler::diagnose::{Diagnostic, Sources};
use circ_compiler::hir::{ExprKind, Statement, StatementKind};
use circ_compiler::lower::{Evaluated, PopulationMethods, RuleMethods};
use circ_plan::engine::{Engine, Memory, Values};
use circ_plan::ir::EventId;
use circ_plan::plan::{Plan, ProjectionPlan};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Which engine runs the plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineKind {
    /// Machine code.
    #[default]
    Jit,
    /// The reference: naive, slow, the meaning.
    Interpreter,
}

impl EngineKind {
    /// As the command line and the results name it.
    pub fn name(self) -> &'static str {
        match self {
            EngineKind::Jit => "jit",
            EngineKind::Interpreter => "interpreter",
        }
    }
}

/// How to run.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunOptions {
    pub engine: EngineKind,
    /// Without a number: as many as pay.
    pub threads: Option<usize>,
    pub digest: Digest,
    pub post_hooks: PostHooks,
    /// In which order machine code makes the operations of cells. Results do not depend on it.
    pub schedule: Schedule,
}

/// When synapses learn from events of their targets. Results do not depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PostHooks {
    /// When their source spikes or somebody looks, where nobody can tell; else at once. Needs no index of synapses by
    /// target.
    #[default]
    Late,
    /// At every event, found by an index of all synapses by target: 8 bytes a synapse, where `Late` takes one.
    AtOnce,
}

/// Whether the digest of a run is computed: of large networks it takes about as long as building them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Digest {
    #[default]
    Compute,
    /// It is empty.
    Leave,
}

/// What was built.
#[derive(Clone, Debug)]
pub struct Built {
    pub experiment: String,
    pub populations: usize,
    pub cells: u64,
    pub projections: usize,
    pub synapses: u64,
    /// Projections of which no synapse is held: rows are made again for each spike.
    pub procedural: Vec<String>,
    pub memory: Memory,
}

/// How far a run is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    pub simulated_ms: f64,
    /// As far as it is known.
    pub total_ms: f64,
}

/// Sees a run while it goes on.
pub trait Observer {
    /// The protocol begins.
    fn began(&mut self) {}
    /// Now and then.
    fn progress(&mut self, _: Progress) {}
    /// A line of `print`.
    fn print(&mut self, _: &str) {}
    /// A picture of `plot`.
    fn plot(&mut self, _: &show::Plot) {}
}

/// Sees nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}

/// A run that ended.
#[derive(Clone, Debug)]
pub struct Finished {
    pub results: Results,
    /// All spikes of every population that spikes.
    pub spikes: Vec<PopulationSpikes>,
    /// The last tick that was made.
    pub ticks: i64,
    /// Why it ended before its end.
    pub diagnostics: Vec<Diagnostic>,
    /// What could not be written, in words.
    pub unwritten: Option<String>,
}

/// A synapse of a built network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Synapse {
    /// Index of the population (in order of [`Results::populations`]) and of the cell in it.
    pub source: (u32, u32),
    pub target: (u32, u32),
    /// In the coherent system: ms, mV, pA, nS.
    pub weight: f64,
    pub delay_ticks: i64,
}

/// The spikes of a population.
#[derive(Clone, Debug)]
pub struct PopulationSpikes {
    pub population: String,
    pub cells: u32,
    /// (tick, cell), ascending.
    pub spikes: Vec<(i64, u32)>,
}

/// A network with its state, ready to run.
pub struct Simulation {
    compiled: Compiled,
    instance: instance::Instance,
    options: RunOptions,
    recordings: Recordings,
    /// Where what is recorded is written while it runs.
    spill: Option<Spill>,
    build_ms: f64,
    /// What only the built network shows.
    found: Vec<Diagnostic>,
}

impl Simulation {
    /// Builds the network: synapses and initial states.
    ///
    /// # Errors
    /// When the machine has too little memory, a weight or delay that was drawn is not allowed, or a constraint of
    /// the circuit does not hold.
    pub fn build(compiled: Compiled, options: &RunOptions) -> Result<Simulation, Rejection> {
        let started = Instant::now();
        match instance::build(&compiled, options) {
            Ok(mut instance) => {
                if let Err(diagnostic) = constraints::establish(&compiled, instance.engine.as_mut()) {
                    return Err(refused(compiled, *diagnostic));
                }
                let build_ms = milliseconds(started) - instance.compile_ms;
                let mut compiled = compiled;
                compiled.timing.compile_ms += instance.compile_ms;
                let recordings = Recordings::default();
                let found = unconnected::warnings(&compiled, &instance);
                Ok(Simulation {
                    compiled,
                    instance,
                    options: *options,
                    recordings,
                    spill: None,
                    build_ms,
                    found,
                })
            }
            Err(diagnostic) => Err(refused(compiled, *diagnostic)),
        }
    }

    /// Lets several engines take turns of so many ticks: each hands its state, written down, over to the next. The results are the
    /// same; that they are is what this is for.
    ///
    /// # Errors
    /// Where one of them can not be built.
    #[doc(hidden)]
    pub fn in_turns(mut self, others: &[RunOptions], turn: i64) -> Result<Simulation, Rejection> {
        let mut engines = vec![self.instance.engine];
        for options in others {
            let built = instance::build(&self.compiled, options).and_then(|mut instance| {
                constraints::establish(&self.compiled, instance.engine.as_mut())?;
                Ok(instance.engine)
            });
            match built {
                Ok(engine) => engines.push(engine),
                Err(diagnostic) => return Err(refused(self.compiled, *diagnostic)),
            }
        }
        self.instance.engine = Box::new(relay::Relay::new(engines, turn));
        Ok(self)
    }

    /// What was built.
    pub fn built(&self) -> Built {
        built(&self.compiled, &self.instance)
    }

    /// Warnings of what was built, beside those of the program.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.found
    }

    /// Writes what is recorded into a folder while the experiment goes on, as `spikes.csv.part` and its like, and forgets
    /// values that were written unless the experiment asks for them by `at` or `plot`.
    pub fn record_into(&mut self, folder: Folder) {
        let afterwards = if asks_for_records(&self.compiled) { Afterwards::Keep } else { Afterwards::Forget };
        self.spill = Some(Spill::new(folder, afterwards));
    }

    /// What [`Simulation::record_into`] wrote, for [`Folder::commit`].
    pub fn recorded(&mut self) -> Option<(Folder, Vec<Part>)> {
        self.spill.take().map(Spill::into_parts)
    }

    /// Which synapses were recorded, as a file, if any were.
    pub fn synapse_table(&self) -> Option<(&'static str, Vec<u8>)> {
        tables::synapse_table(&self.recordings, self.plan(), self.engine())
    }

    /// The populations whose spikes are recorded, and which of their cells, ascending.
    pub fn recorded_cells(&self) -> Vec<(String, Vec<u32>)> {
        let mut found: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for record in self.recordings.events.iter().filter(|record| record.name == "spike") {
            found.entry(record.population).or_default().extend(&record.cells);
        }
        let path = |population: u32| self.plan().populations[population as usize].path.clone();
        found.into_iter().map(|(population, cells)| (path(population), cells.into_iter().collect())).collect()
    }

    /// Projections whose synapses come and go.
    pub fn rewired(&self) -> Vec<String> {
        let rewired = |it: &&ProjectionPlan| it.learning.as_ref().is_some_and(|it| it.rewire.is_some());
        self.plan().projections.iter().filter(rewired).map(|it| it.path.clone()).collect()
    }

    /// The circuit with its synapses as they are now.
    pub fn diagram(&self) -> show::Diagram {
        show::diagram(&self.compiled, self.engine())
    }

    /// All populations, in order of declaration.
    pub fn populations(&self) -> Vec<show::Population> {
        show::populations(&self.compiled)
    }

    /// What was recorded through time, thinned for pictures.
    pub fn traces(&self) -> Vec<show::Trace> {
        show::traces(&self.recordings, self.plan(), self.engine())
    }

    /// Carries out the experiment, until its end or until `interrupt` is set.
    pub fn run(&mut self, interrupt: &AtomicBool, observer: &mut dyn Observer) -> Finished {
        let started = Instant::now();
        observer.began();
        let engine: &mut dyn Engine = self.instance.engine.as_mut();
        let (engine, with) = ((engine, self.instance.threads), (&self.instance.synapses[..], self.options));
        let recordings = &mut self.recordings;
        let spill = self.spill.as_mut();
        let mut outcome =
            Protocol::new(&mut self.compiled, engine, with, recordings, interrupt, observer, spill)
                .carry_out();
        self.write_last(&mut outcome);
        self.finish(outcome, milliseconds(started), interrupt)
    }

    /// What was recorded since the last chunk.
    fn write_last(&mut self, outcome: &mut Outcome) {
        let Some(spill) = &mut self.spill else { return };
        let engine = self.instance.engine.as_mut();
        if outcome.unwritten.is_none()
            && let Err(error) = spill.write(&mut self.recordings, &self.compiled.plan, engine)
        {
            outcome.unwritten = Some(error.to_string());
            outcome.ended = Ended::Unwritten;
        }
    }

    /// The synapses of a projection as they are now, in canonical order; none where there is no such projection, or it
    /// is a sum over all sources that has no synapses to list.
    pub fn synapses(&self, projection: &str) -> Option<Vec<Synapse>> {
        let index = self.plan().projections.iter().position(|it| it.path == projection)?;
        let plan = &self.plan().projections[index];
        let sources: Vec<(u32, u32)> = plan.source.cells().collect();
        let targets: Vec<(u32, u32)> = plan.target.cells().collect();
        let (mut found, mut listed) = (Vec::new(), true);
        self.engine().visit_synapses(index as u32, &mut |piece| {
            listed &= !piece.broadcast;
            for (k, (source, target)) in piece.source.iter().zip(&piece.target).enumerate() {
                let value = |values: &Values| match values {
                    Values::One(value) => *value,
                    Values::Each(values) => values[k],
                };
                let (source, target) = (sources[*source as usize], targets[*target as usize]);
                let (weight, delay_ticks) = (value(&piece.weight), value(&piece.delay) as i64);
                found.push(Synapse { source, target, weight, delay_ticks });
            }
        });
        listed.then_some(found)
    }

    /// For rendering diagnostics.
    pub fn sources(&self) -> &Sources {
        self.compiled.sources()
    }

    /// What was recorded, as files.
    pub fn tables(&self) -> Vec<(&'static str, Vec<u8>)> {
        tables::tables(&self.recordings, self.plan(), self.engine())
    }

    /// What repeats the run. `file` is the program, `folder` where the manifest will lie.
    pub fn manifest(&self, finished: &Finished, file: &Path, folder: &Path) -> Manifest {
        let options = &self.compiled.options;
        Manifest {
            format: manifest::FORMAT,
            program: manifest::relative(file, folder),
            sources: manifest::hashes(&self.compiled.program),
            set: options.set.iter().cloned().map(|(path, value)| Setting { path, value }).collect(),
            seed: options.seed,
            precision: options.precision.map(|it| it.to_string()),
            parameters: parameters(&self.compiled),
            methods: methods(&self.compiled),
            results: finished.results.clone(),
        }
    }

    /// None where the run was interrupted: nothing can be held against it.
    fn digest(&self, interrupt: &AtomicBool) -> Option<String> {
        match self.options.digest {
            Digest::Compute => digest::digest(self.plan(), self.engine(), interrupt),
            Digest::Leave => Some(String::new()),
        }
    }
    fn plan(&self) -> &Plan {
        &self.compiled.plan
    }
    fn engine(&self) -> &dyn Engine {
        self.instance.engine.as_ref()
    }

    fn finish(&self, outcome: Outcome, run_ms: f64, interrupt: &AtomicBool) -> Finished {
        // How far the other cells had come when one failed is not the same on every engine.
        let digest = match outcome.ended {
            Ended::Complete | Ended::Stopped => self.digest(interrupt),
            _ => Some(String::new()),
        };
        let outcome = match digest {
            None => Outcome { ended: Ended::Interrupted, ..outcome },
            Some(_) => outcome,
        };
        let spikes = all_spikes(self.plan(), self.engine());
        let ticks = self.engine().tick().max(0);
        let results =
            Results { digest: digest.unwrap_or_default(), ..self.results(&outcome, &spikes, ticks, run_ms) };
        let (diagnostics, unwritten) = (outcome.diagnostics, outcome.unwritten);
        Finished { results, spikes, ticks, diagnostics, unwritten }
    }

    fn results(&self, outcome: &Outcome, spikes: &[PopulationSpikes], ticks: i64, run_ms: f64) -> Results {
        let (compiled, plan) = (&self.compiled, self.plan());
        let diagnostics: Vec<Diagnostic> =
            compiled.warnings.iter().chain(&self.found).chain(&outcome.diagnostics).cloned().collect();
        Results {
            circ: crate::VERSION.to_string(),
            file: compiled.sources().files[0].name.clone(),
            experiment: compiled.hir.experiments[compiled.experiment].name.to_string(),
            ended: outcome.ended,
            simulated_ms: ticks as f64 * plan.dt,
            dt_ms: plan.dt,
            seed: plan.seed,
            threads: self.instance.threads,
            engine: self.options.engine.name().to_string(),
            precision: compiled.net.precision.to_string(),
            populations: populations(plan, spikes, ticks),
            synapses: self.instance.synapses.iter().sum(),
            memory_bytes: self.instance.memory.total(),
            expectations: outcome.expectations.clone(),
            constraints: constraints::established(compiled),
            monitors: outcome.monitors.clone(),
            awaited: outcome.awaited.clone(),
            reports: outcome.reports.clone(),
            prints: outcome.prints.clone(),
            plots: outcome.plots.clone(),
            timing: Timing { build_ms: self.build_ms, run_ms, ..compiled.timing },
            digest: String::new(),
            diagnostics: messages(&diagnostics, compiled.sources()),
        }
    }
}

pub(crate) fn built(compiled: &Compiled, instance: &instance::Instance) -> Built {
    let plan = &compiled.plan;
    Built {
        experiment: compiled.hir.experiments[compiled.experiment].name.to_string(),
        populations: plan.populations.len(),
        cells: plan.populations.iter().map(|population| u64::from(population.cells)).sum(),
        projections: plan.projections.len(),
        synapses: instance.synapses.iter().sum(),
        procedural: instance
            .procedural
            .iter()
            .map(|index| plan.projections[*index as usize].path.clone())
            .collect(),
        memory: instance.memory.clone(),
    }
}

pub(crate) fn all_spikes(plan: &Plan, engine: &dyn Engine) -> Vec<PopulationSpikes> {
    let spiking = plan.populations.iter().enumerate().filter_map(|(index, population)| {
        let event = population.events.iter().position(|event| event.name == "spike")?;
        let spikes = engine.events(index as u32, EventId(event as u32));
        Some(PopulationSpikes { population: population.path.clone(), cells: population.cells, spikes })
    });
    spiking.collect()
}

/// Over the whole simulated time. A population that can not spike has none.
fn populations(plan: &Plan, spikes: &[PopulationSpikes], ticks: i64) -> Vec<PopulationResult> {
    let window = Window { after: 0, until: ticks };
    let of_path: BTreeMap<&str, &[(i64, u32)]> =
        spikes.iter().map(|it| (it.population.as_str(), it.spikes.as_slice())).collect();
    let result = |path: &str, cells: u32| {
        let events = of_path.get(path).copied().unwrap_or(&[]);
        let trains = Trains::new(cells as usize, events, window, plan.dt);
        let rate = if ticks == 0 { 0.0 } else { measures::rate(&trains) * 1000.0 };
        let cv_isi = Some(measures::cv_isi(&trains)).filter(|cv| cv.is_finite());
        PopulationResult {
            path: path.to_string(),
            cells,
            spikes: trains.total() as u64,
            rate_hz: rate,
            cv_isi,
        }
    };
    plan.populations.iter().map(|population| result(&population.path, population.cells)).collect()
}

/// Whether the experiment reads what it recorded.
fn asks_for_records(compiled: &Compiled) -> bool {
    let experiment = &compiled.hir.experiments[compiled.experiment];
    let plots = |statement: &Statement| matches!(statement.kind, StatementKind::Plot(_));
    experiment.all_statements().any(plots)
        || compiled
            .hir
            .exprs
            .iter()
            .any(|expr| matches!(&expr.kind, ExprKind::Measure { name, .. } if &**name == "at"))
}

fn refused(compiled: Compiled, diagnostic: Diagnostic) -> Rejection {
    let mut diagnostics = compiled.warnings;
    diagnostics.push(diagnostic);
    Rejection::Program { diagnostics, sources: compiled.program.sources }
}

/// The values of the experiment's and its circuit's parameters.
fn parameters(compiled: &Compiled) -> Vec<Parameter> {
    let (hir, types, net) = (&compiled.hir, &compiled.types, &compiled.net);
    let experiment = &hir.experiments[compiled.experiment];
    let of_experiment = experiment.formals.iter().filter_map(|slot| {
        let value = net.environments[net.experiment.0 as usize].values.get(slot)?;
        let ty = types.experiment_slots.get(compiled.experiment)?.get(slot.index())?;
        Some((experiment.slots[slot.index()].name.to_string(), value, ty))
    });
    let circuit = experiment.circuit;
    let of_circuit = circuit.into_iter().flat_map(|id| {
        hir.circuit(id).formals.iter().filter_map(move |slot| {
            let value = net.environments[net.root.0 as usize].values.get(slot)?;
            let ty = types.circuit_slots.get(id.index())?.get(slot.index())?;
            Some((
                format!("{}.{}", hir.circuit(id).name, hir.circuit(id).slots[slot.index()].name),
                value,
                ty,
            ))
        })
    });
    let shown = of_experiment.chain(of_circuit).map(|(name, value, ty)| {
        let (value, unit) = judge::number(value, ty);
        Parameter { name, value, unit }
    });
    shown.collect()
}

pub(crate) fn methods(compiled: &Compiled) -> Vec<EquationMethod> {
    let of = |population: &PopulationMethods| {
        let path = population.path.clone();
        let each = population.equations.iter().map(move |equation| EquationMethod {
            population: path.clone(),
            equation: match &equation.mode {
                Some(mode) => format!("{} in {mode}", equation.variable),
                None => equation.variable.clone(),
            },
            method: equation.method.name().to_string(),
            reason: equation.reason.to_string(),
        });
        each.collect::<Vec<_>>()
    };
    let of_rule = |rule: &RuleMethods| {
        let path = rule.path.clone();
        let each = rule.equations.iter().map(move |equation| EquationMethod {
            population: path.clone(),
            equation: equation.variable.clone(),
            method: match equation.evaluated {
                Evaluated::SinceEvent | Evaluated::SinceEventOrJump => "closed form",
                Evaluated::AtEveryStep => "stepped",
            }
            .to_string(),
            reason: equation.reason.to_string(),
        });
        each.collect::<Vec<_>>()
    };
    compiled.methods.iter().flat_map(of).chain(compiled.rules.iter().flat_map(of_rule)).collect()
}

/// A run that did not begin.
impl Default for Outcome {
    fn default() -> Outcome {
        Outcome {
            ended: Ended::Complete,
            expectations: Vec::new(),
            monitors: Vec::new(),
            awaited: Vec::new(),
            reports: Vec::new(),
            prints: Vec::new(),
            plots: Vec::new(),
            diagnostics: Vec::new(),
            unwritten: None,
        }
    }
}
