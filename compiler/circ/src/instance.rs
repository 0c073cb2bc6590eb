//! An instance: a plan with its synapses and states in an engine.
//!
//! In: a compiled program and how to run it. Out: [`Instance`], or why it can not be. Both engines get the
//! same synapses; the interpreter as flat lists, the machine as they were built.

use crate::compile::{Compiled, milliseconds};
use crate::run::{EngineKind, PostHooks, RunOptions};
use crate::share::sensible_threads;
use crate::{memory, refusal, rules};
use circ_codegen::Source;
use circ_compiler::diagnose::Diagnostic;
use circ_compiler::hir::StatementKind;
use circ_compiler::interpret::Interpreter;
use circ_plan::abi::KernelFn;
use circ_plan::engine::{Engine, Memory};
use circ_plan::plan::Plan;
use circ_runtime::{Kernels, Machine, Network, RuleKernel, rule_programs};
use std::sync::Arc;
use std::time::Instant;

/// An engine with its network.
pub struct Instance {
    pub engine: Box<dyn Engine>,
    /// How many synapses there are, by projection.
    pub synapses: Vec<u64>,
    /// Projections of which no synapse is held.
    pub procedural: Vec<u32>,
    /// On how many threads the network is divided.
    pub threads: usize,
    pub memory: Memory,
    /// How long machine code took, in ms.
    pub compile_ms: f64,
}

/// Machine code, by population; none for one that only plays spike times.
struct Code {
    kernels: Vec<Option<Kernels>>,
    /// Of rules, in the order of `circ_runtime::rule_programs`.
    rules: Vec<Option<KernelFn>>,
    owner: Arc<circ_codegen::Compiled>,
}

/// Builds the network and puts it into an engine.
///
/// # Errors
/// When the processor or the memory does not suffice, or the network can not be made as it is written.
pub fn build(compiled: &Compiled, options: &RunOptions) -> Result<Instance, Box<Diagnostic>> {
    let plan = Arc::clone(&compiled.plan);
    let started = Instant::now();
    // Before the network: a program that can not be compiled should not take minutes to say so.
    let code = match options.engine {
        EngineKind::Jit => Some(
            code(&plan, options.schedule)
                .map_err(|text| Box::new(rules::not_built(whole(compiled), text)))?,
        ),
        EngineKind::Interpreter => None,
    };
    let compile_ms = milliseconds(started);
    let threads = options.threads.unwrap_or_else(|| sensible_threads(&plan)).max(1);
    let network = Network::build(Arc::clone(&plan), threads, memory::available());
    let network = network.map_err(|error| Box::new(refusal::explain(&error, compiled)))?;
    let network = Arc::new(match options.post_hooks {
        PostHooks::Late if !resets(compiled) => network,
        // Events that wait would be computed from traces as they were before.
        PostHooks::Late | PostHooks::AtOnce => network.learn_at_once(),
    });
    let memory = network.memory();
    let projections = 0..plan.projections.len() as u32;
    let procedural = projections.clone().filter(|index| network.is_procedural(*index)).collect();
    let synapses = projections.clone().map(|index| network.synapse_count(index)).collect();
    // The machine has the network for itself: its weights may change.
    let engine: Box<dyn Engine> = match code {
        // SAFETY: the kernels were compiled from the programs of this plan's populations, in their order, by
        // `circ_codegen`, whose functions keep the contract of `circ_plan::abi` and live as long as their owner.
        Some(code) => Box::new(unsafe { Machine::new(network, code.kernels, code.rules, code.owner) }),
        None => Box::new(Interpreter::new(plan, projections.map(|index| network.synapses(index)).collect())),
    };
    Ok(Instance { engine, synapses, procedural, threads, memory, compile_ms })
}

/// `start` and `step` of every population, and what the synapses of rules do.
fn code(plan: &Plan, schedule: circ_codegen::Schedule) -> Result<Code, String> {
    let mut programs: Vec<Source> = Vec::new();
    let mut places = Vec::with_capacity(plan.populations.len());
    for population in &plan.populations {
        places.push(population.dynamics.programs().map(|cells| {
            programs.extend([&cells.start, &cells.step].map(|program| Source { program, access: &[] }));
            programs.len() - 2
        }));
    }
    let rules = rule_programs(plan);
    let first = programs.len();
    programs
        .extend(rules.iter().flatten().map(|rule| Source { program: &rule.program, access: &rule.access }));
    let options = circ_codegen::Options { schedule, ..Default::default() };
    let owner = circ_codegen::compile_sources(&programs, &options).map_err(|it| it.to_string())?;
    let kernels = |first: usize| Kernels { start: owner.kernel(first), step: owner.kernel(first + 1) };
    let kernels = places.into_iter().map(|place| place.map(kernels)).collect();
    let mut next = first..;
    let of_rule =
        |rule: &Option<RuleKernel>| rule.as_ref().and_then(|_| next.next()).map(|at| owner.kernel(at));
    let rules = rules.iter().map(of_rule).collect();
    Ok(Code { kernels, rules, owner: Arc::new(owner) })
}

/// Whether its experiment puts anything back to how it began.
pub fn resets(compiled: &Compiled) -> bool {
    let mut statements = compiled.hir.experiments[compiled.experiment].all_statements();
    statements.any(|statement| matches!(statement.kind, StatementKind::Reset { .. }))
}

fn whole(compiled: &Compiled) -> circ_grammar::ast::Span {
    compiled.hir.experiments[compiled.experiment].span
}
