//! Verifies kernel programs: what every engine relies on.
//!
//! In: a program, and the world that it speaks of ([`Context`]). Out: nothing, or the first thing that
//! is wrong, for developers: no text of a user makes the compiler build such a program. Tests run it
//! after every pass.

use std::collections::BTreeSet;

use circ_plan::ir::*;
use circ_plan::learning::{Group, Learning, Rewire, Signal, When};
use circ_plan::plan::*;

use self::operations::same;
use super::ops::output_value;
use super::print::operation;

mod context;
mod operations;
mod regions;
#[cfg(test)]
mod tests;

pub use self::context::{Context, Purpose};

/// Whether a program is well formed, well typed, and at home in its context.
pub fn verify(program: &Program, context: &Context) -> Result<(), String> {
    let wrong = |what: String| format!("{}: {what}", program.name);
    if program.types.len() != program.ops.len() {
        return Err(wrong(format!("{} operations, but {} types", program.ops.len(), program.types.len())));
    }
    for (at, op) in program.ops.iter().enumerate() {
        let here = |what: String| wrong(format!("v{at} = {}: {what}", operation(op)));
        operations::earlier(op, at).map_err(here)?;
        operations::permitted(op, context).map_err(here)?;
        operations::ids(op, context).map_err(here)?;
        operations::typed(program, at, context).map_err(here)?;
    }
    outputs(program, context).map_err(wrong)?;
    checks(program, context).map_err(wrong)?;
    regions::regions(program).map_err(wrong)
}

/// Verifies every program of a plan.
pub fn verify_plan(plan: &Plan) -> Result<(), String> {
    for population in &plan.populations {
        verify_population(plan, population).map_err(|e| format!("{}: {e}", population.path))?;
    }
    for drive in &plan.drives {
        let context = Context::drive(drive).within(plan);
        let mean = match &drive.kind {
            DriveKind::Poisson(mean) => Some(mean),
            DriveKind::Choose { .. } | DriveKind::Times(_) => None,
        };
        for quantity in mean.into_iter().chain([&drive.weight]) {
            verify_quantity(quantity, &context).map_err(|e| format!("{}: {e}", drive.path))?;
        }
    }
    for projection in &plan.projections {
        verify_projection(plan, projection).map_err(|e| format!("{}: {e}", projection.path))?;
    }
    Ok(())
}

fn verify_population(plan: &Plan, population: &PopulationPlan) -> Result<(), String> {
    let check =
        |program: &Program, purpose| verify(program, &Context::population(population, purpose).within(plan));
    let programs = match &population.dynamics {
        Dynamics::Cells(programs) => Some(programs),
        Dynamics::SpikeTimes { traces, .. } => traces.as_ref(),
    };
    if let Some(programs) = programs {
        check(&programs.derive_uniforms, Purpose::DeriveUniforms)?;
        check(&programs.init_params, Purpose::InitParams)?;
        check(&programs.derive_cells, Purpose::DeriveCells)?;
        check(&programs.init_states, Purpose::InitStates)?;
        for kernel in [&programs.start, &programs.step] {
            check(kernel, Purpose::Kernel)?;
        }
        for reference in [&programs.reference_start, &programs.reference_step] {
            check(reference, Purpose::Reference)?;
        }
    }
    population.observables.iter().try_for_each(|observable| check(&observable.program, Purpose::Observable))
}

fn verify_projection(plan: &Plan, projection: &ProjectionPlan) -> Result<(), String> {
    let context = Context::synapse(plan, projection)?.within(plan);
    verify_quantity(&projection.weight, &context)?;
    verify_quantity(&projection.delay, &context)?;
    projection.share.iter().try_for_each(|key| verify(key, &context))?;
    verify_flow(plan, projection)?;
    if let Some(learning) = &projection.learning {
        verify_learning(plan, projection, learning)?;
    }
    if let Pairing::Mirror(other) = projection.pairing {
        verify_mirror(plan, projection, other)?;
    }
    if let Some(onto) = &projection.onto {
        verify(&onto.part, &context)?;
        if projection.target.segments.len().checked_rem(onto.parts as usize) != Some(0) {
            return Err(format!("the target does not hold its cells {} times", onto.parts));
        }
    }
    match &projection.connect {
        Connect::Probability(quantity) => verify_quantity(quantity, &context),
        Connect::Where(program) => verify(program, &context),
        _ => Ok(()),
    }
}

/// A flow has its columns and arrays, one for each segment; what has none has events and ports.
fn verify_flow(plan: &Plan, projection: &ProjectionPlan) -> Result<(), String> {
    let (sources, targets) = (projection.source.segments.len(), projection.target.segments.len());
    let Some(flow) = &projection.flow else {
        let fits = projection.source_events.len() == sources && projection.ports.len() == targets;
        return if fits { Ok(()) } else { Err("an event and a port are due for each segment".into()) };
    };
    let context = Context::flow(plan, flow)?.within(plan);
    for program in [Some(&flow.value), flow.factor.as_ref()].into_iter().flatten() {
        verify(program, &context)?;
    }
    let segments = |columns: &[Vec<FlowColumn>], count| columns.iter().all(|column| column.len() == count);
    if !segments(&flow.pre, sources) || !segments(&flow.post, targets) || flow.into.len() != targets {
        return Err("a column or an array is due for each segment".into());
    }
    let role = |(segment, array): (&Segment, &ArrayId)| {
        plan.populations
            .get(segment.population as usize)?
            .arrays
            .get(array.0 as usize)
            .map(|array| array.role)
    };
    let mut into = projection.target.segments.iter().zip(&flow.into);
    if into.any(|target| role(target) != Some(Role::Flow)) {
        return Err("what flows goes to arrays of that role".into());
    }
    Ok(())
}

/// A rule has its programs, each column one entry for each segment, and array 0 is the weight.
fn verify_learning(plan: &Plan, projection: &ProjectionPlan, learning: &Learning) -> Result<(), String> {
    let check = |program: &Program, purpose| {
        verify(program, &Context::learning(plan, projection, learning, purpose)?.within(plan))
    };
    let synapse = Context::synapse(plan, projection)?.within(plan);
    verify_quantity(&learning.dendritic, &synapse)?;
    learning.back.iter().try_for_each(|back| verify_quantity(back, &synapse))?;
    check(&learning.init, Purpose::LearnInit)?;
    check(&learning.settle, Purpose::Learn)?;
    learning.shared.iter().try_for_each(|shared| check(shared, Purpose::Learn))?;
    for hook in &learning.hooks {
        check(&hook.program, Purpose::Learn)?;
        let due = match &hook.when {
            When::Post(events) => Some((events.len(), projection.target.segments.len())),
            When::Modulator(view, events) => Some((events.len(), view.segments.len())),
            When::Jump(cells) => Some((cells.columns.len(), cells.view.segments.len())),
            When::Tick | When::Pre | When::Every(_) => None,
        };
        if due.is_some_and(|(events, segments)| events != segments) {
            return Err("an event or a column is due for each segment of those who are heard".into());
        }
    }
    let both = learning.both.iter();
    both.clone().try_for_each(|both| check(&both.program, Purpose::Learn))?;
    let transmit = learning.transmit.iter().chain(both.filter_map(|both| both.transmit.as_ref()));
    transmit.into_iter().try_for_each(|program| check(program, Purpose::Transmit))?;
    learning.observables.iter().try_for_each(|it| check(&it.program, Purpose::LearnObservable))?;
    learning.rewire.iter().try_for_each(|rewire| verify_rewire(projection, learning, rewire, &check))?;
    let before = |op: &Op| match op {
        Op::Load(Side::Post, at) => matches!(learning.post.get(at.0 as usize), Some(Signal::Before(_))),
        _ => true,
    };
    if !learning.observables.iter().all(|it| it.program.ops.iter().all(before)) {
        return Err(
            "what is observed of synapses reads modulators as they were before, and no other cells".into()
        );
    }
    let (sources, targets) = (projection.source.segments.len(), projection.target.segments.len());
    let fits = |signal: &Signal| match signal {
        Signal::Target(columns) => columns.len() == targets,
        Signal::Modulator(cells) | Signal::Before(cells) => cells.columns.len() == cells.view.segments.len(),
    };
    if !learning.pre.iter().all(|columns| columns.len() == sources) || !learning.post.iter().all(fits) {
        return Err("a column is due for each segment".into());
    }
    match learning.arrays.first() {
        Some(weight) if weight.store == projection.store && weight.ty == Ty::Float => Ok(()),
        _ => Err("the first array of what learns is the weight".into()),
    }
}

/// Pairs without a synapse are asked for nothing that synapses hold.
fn verify_rewire(
    projection: &ProjectionPlan,
    learning: &Learning,
    rewire: &Rewire,
    check: &impl Fn(&Program, Purpose) -> Result<(), String>,
) -> Result<(), String> {
    rewire.of_synapses().try_for_each(|program| check(program, Purpose::Transmit))?;
    let of_new = [&rewire.weight].into_iter().chain(rewire.delays.programs()).chain(rewire.of_parts());
    for program in rewire.of_candidates().chain(of_new) {
        check(program, Purpose::Transmit)?;
        if program.ops.iter().any(|op| matches!(op, Op::Load(Side::Own, _) | Op::Edge(_))) {
            return Err("a pair without a synapse holds nothing".into());
        }
    }
    if let Some(Group { key, array }) = &rewire.group {
        check(key, Purpose::Transmit)?;
        let held = key.ops.iter().any(|op| matches!(op, Op::Load(Side::Own, _)));
        let kept = learning.arrays.get(array.0 as usize);
        if held || key.precision != Precision::F64 || kept.is_none_or(|it| it.ty != Ty::Int) {
            return Err("a key is computed in f64 from what pairs have, and kept as a whole number".into());
        }
    }
    if rewire.group.is_some() != projection.share.is_some() {
        return Err("synapses that share weights have keys where they come and go".into());
    }
    let ways = rewire.delays.ways();
    if ways.iter().any(|way| way.range.1 < way.range.0) {
        return Err("what is rewired has delays within bounds".into());
    }
    if rewire.grow.iter().any(|grow| grow.part.is_some() != projection.onto.is_some()) {
        return Err("a new synapse is put onto a part where the others are".into());
    }
    if learning.back.is_some() != rewire.delays.back.is_some() {
        return Err("a new synapse has a way back of its own where the others have".into());
    }
    let single = |program: &Program| program.precision != Precision::F64;
    if rewire.delays.programs().chain(rewire.of_parts()).any(single) {
        return Err("delays and parts are computed in f64".into());
    }
    match learning.uniforms.get(rewire.learns.0 as usize) {
        Some(slot) if slot.ty == Ty::Bool && rewire.weight.precision == Precision::F64 => Ok(()),
        _ => Err("whether anything is rewired is a truth value, and weights are computed in f64".into()),
    }
}

/// The other direction is an earlier projection between the same views.
fn verify_mirror(plan: &Plan, projection: &ProjectionPlan, other: u32) -> Result<(), String> {
    let earlier = plan.projections.get(other as usize).filter(|it| !std::ptr::eq(*it, projection));
    let fits = |it: &&ProjectionPlan| it.source == projection.target && it.target == projection.source;
    match earlier.filter(fits) {
        Some(it) if !matches!(it.pairing, Pairing::Mirror(_)) => Ok(()),
        _ => Err(format!("projection {other} is not its other direction")),
    }
}

fn verify_quantity(quantity: &Quantity, context: &Context) -> Result<(), String> {
    match quantity {
        Quantity::Constant(_) => Ok(()),
        Quantity::Program(program) if program.precision == Precision::F64 => verify(program, context),
        Quantity::Program(program) => Err(format!("{}: a quantity is computed in f64", program.name)),
    }
}

/// Whether every output exists, has its type, is permitted, and is written once.
fn outputs(program: &Program, context: &Context) -> Result<(), String> {
    let mut written: BTreeSet<(u8, u32)> = BTreeSet::new();
    for output in &program.outputs {
        let value = output_value(output);
        if program.ops.len() <= value.0 as usize {
            return Err(format!("an output takes v{}, which is not made", value.0));
        }
        let target = match output {
            Output::Array(array, _) => {
                let Some((ty, role)) = context.arrays.get(array.0 as usize) else {
                    return Err(format!("there is no array a{} to write", array.0));
                };
                same(*ty, program.ty(value)).map_err(|e| format!("array a{}: {e}", array.0))?;
                may_write(context.purpose, *role).map_err(|e| format!("array a{}: {e}", array.0))?;
                (0, array.0)
            }
            Output::Uniform(uniform, _) => {
                let Some((ty, role)) = context.uniforms.get(uniform.0 as usize) else {
                    return Err(format!("there is no slot u{} to write", uniform.0));
                };
                same(*ty, program.ty(value)).map_err(|e| format!("slot u{}: {e}", uniform.0))?;
                if context.purpose != Purpose::DeriveUniforms || *role != Role::Derived {
                    return Err(format!("slot u{} is not derived here", uniform.0));
                }
                (1, uniform.0)
            }
            Output::Event(event, _) => {
                if context.events <= event.0 as usize {
                    return Err(format!("there is no event e{}", event.0));
                }
                if !matches!(context.purpose, Purpose::Kernel | Purpose::Reference) {
                    return Err("only kernels make events".into());
                }
                same(Ty::Bool, program.ty(value)).map_err(|e| format!("event e{}: {e}", event.0))?;
                (2, event.0)
            }
            Output::Result(_) => (3, 0),
        };
        if !written.insert(target) {
            return Err("two outputs have the same target".into());
        }
    }
    let expression = match context.purpose {
        Purpose::Observable | Purpose::Drive | Purpose::Synapse | Purpose::Flow => true,
        Purpose::Transmit | Purpose::LearnObservable => true,
        Purpose::DeriveUniforms | Purpose::InitParams | Purpose::DeriveCells | Purpose::InitStates => false,
        Purpose::Kernel | Purpose::Reference | Purpose::LearnInit | Purpose::Learn => false,
    };
    if expression != written.contains(&(3, 0)) {
        return Err("expressions, and only they, have one result".into());
    }
    Ok(())
}

fn may_write(purpose: Purpose, role: Role) -> Result<(), String> {
    let fits = match purpose {
        Purpose::InitParams => role == Role::Parameter,
        Purpose::DeriveCells => role == Role::Derived,
        Purpose::LearnInit | Purpose::Learn => matches!(role, Role::State),
        Purpose::InitStates | Purpose::Kernel | Purpose::Reference => {
            !matches!(role, Role::Parameter | Role::Derived | Role::Flow)
        }
        Purpose::DeriveUniforms | Purpose::Observable | Purpose::Drive | Purpose::Synapse | Purpose::Flow => {
            false
        }
        Purpose::Transmit | Purpose::LearnObservable => false,
    };
    if fits { Ok(()) } else { Err(format!("a program of purpose {purpose:?} does not write a {role:?}")) }
}

fn checks(program: &Program, context: &Context) -> Result<(), String> {
    for check in &program.checks {
        if program.ops.len() <= check.value.0 as usize {
            return Err(format!("a check looks at v{}, which is not made", check.value.0));
        }
        let due = match check.kind {
            CheckKind::Finite => Ty::Float,
            CheckKind::Overflow | CheckKind::Range | CheckKind::Redraw => Ty::Bool,
        };
        same(due, program.ty(check.value)).map_err(|e| format!("check of v{}: {e}", check.value.0))?;
        if context.places.is_some_and(|places| places <= check.place as usize) {
            return Err(format!("there is no place {}", check.place));
        }
    }
    Ok(())
}
