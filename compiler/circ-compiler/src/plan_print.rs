//! Prints a plan, for `--emit=plan` and snapshots: everything but bulk data, in a form that stays the
//! same as long as the plan does.
//!
//! In: a [`Plan`]. Out: text. Kernels are printed by `kernel::print`; long lists by their length.

use std::fmt::Write;

use circ_plan::ir::*;
use circ_plan::learning::{Candidates, Grow, Learning, Prune, Signal, When};
use circ_plan::plan::*;

use crate::kernel::print::{print, print_with_names};

/// The text of a plan.
pub fn print_plan(plan: &Plan) -> String {
    let mut out = format!("plan: dt {} ms, seed {}\n", plan.dt, plan.seed);
    for population in &plan.populations {
        out += &population_text(population);
    }
    for drive in &plan.drives {
        out += &drive_text(plan, drive);
    }
    for projection in &plan.projections {
        out += &projection_text(plan, projection);
    }
    let order: Vec<String> = plan.order.iter().map(|sender| sender_text(plan, *sender)).collect();
    line(&mut out, 0, &format!("order: {}", order.join(", ")));
    for table in &plan.tables {
        line(&mut out, 0, &format!("{}: {} x {} numbers", table.name, table.rows, table.columns));
    }
    out
}

fn line(out: &mut String, depth: usize, text: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "{}{text}", "  ".repeat(depth));
}

/// A program, indented.
fn program_text(out: &mut String, depth: usize, text: &str) {
    for text in text.lines() {
        line(out, depth, text);
    }
}

fn population_text(population: &PopulationPlan) -> String {
    let mut out = String::new();
    let PopulationPlan { path, cells, precision, .. } = population;
    line(&mut out, 0, &format!("population {path}: {cells} cells, {precision}"));
    for (at, array) in population.arrays.iter().enumerate() {
        line(&mut out, 1, &format!("array {at} {}: {:?}, {:?}", array.name, array.ty, array.role));
    }
    for (at, uniform) in population.uniforms.iter().enumerate() {
        let UniformPlan { name, ty, role, value } = uniform;
        let value = if *role == Role::Derived { String::new() } else { format!(" = {value}") };
        line(&mut out, 1, &format!("uniform {at} {name}: {ty:?}, {role:?}{value}"));
    }
    for (at, key) in population.keys.iter().enumerate() {
        line(&mut out, 1, &format!("key {at}: {:08x} {:08x}", key[0], key[1]));
    }
    for (at, port) in population.ports.iter().enumerate() {
        line(&mut out, 1, &format!("port {at} {}", port.name));
    }
    for (at, event) in population.events.iter().enumerate() {
        line(&mut out, 1, &format!("event {at} {}", event.name));
    }
    match &population.dynamics {
        Dynamics::SpikeTimes { times, traces } => {
            line(&mut out, 1, &format!("spike times: {} events", times.len()));
            for program in traces.iter().flat_map(|programs| kernels(programs)) {
                program_text(&mut out, 1, &print_with_names(program, population));
            }
        }
        Dynamics::Cells(programs) => {
            for program in kernels(programs) {
                program_text(&mut out, 1, &print_with_names(program, population));
            }
        }
    }
    for observable in &population.observables {
        line(&mut out, 1, &format!("observable {}", observable.name));
        program_text(&mut out, 2, &print_with_names(&observable.program, population));
    }
    out
}

/// The programs that run; the references are theirs, before what is constant was moved out.
fn kernels(programs: &CellPrograms) -> [&Program; 6] {
    let CellPrograms { derive_uniforms, init_params, derive_cells, init_states, start, step, .. } = programs;
    [derive_uniforms, init_params, derive_cells, init_states, start, step]
}

fn drive_text(plan: &Plan, drive: &DrivePlan) -> String {
    let mut out = String::new();
    line(&mut out, 0, &format!("drive {} -> {}", drive.path, view_text(plan, &drive.target)));
    line(&mut out, 1, &format!("ports {}", ids(drive.ports.iter().map(|p| p.0))));
    for (at, uniform) in drive.uniforms.iter().enumerate() {
        line(&mut out, 1, &format!("uniform {at} {} = {}", uniform.name, uniform.value));
    }
    for (at, slot) in drive.of_cells.iter().enumerate() {
        line(&mut out, 1, &format!("of cells {at} {} = {}", slot.name, slot.value));
    }
    match &drive.kind {
        DriveKind::Poisson(mean) => quantity_text(&mut out, "poisson", mean),
        DriveKind::Choose { count, interval_ticks } => {
            line(&mut out, 1, &format!("choose {count} every {interval_ticks} ticks"));
        }
        DriveKind::Times(times) => line(&mut out, 1, &format!("times: {} events", times.len())),
    }
    quantity_text(&mut out, "weight", &drive.weight);
    let DrivePlan { delay_ticks, from_tick, to_tick, sign, .. } = drive;
    line(&mut out, 1, &format!("delay {delay_ticks} ticks, from {from_tick} to {to_tick}, weights {sign:?}"));
    out
}

fn projection_text(plan: &Plan, projection: &ProjectionPlan) -> String {
    let mut out = String::new();
    let (source, target) = (view_text(plan, &projection.source), view_text(plan, &projection.target));
    line(&mut out, 0, &format!("projection {}: {source} -> {target}", projection.path));
    let events = ids(projection.source_events.iter().map(|e| e.0));
    let ports = ids(projection.ports.iter().map(|p| p.0));
    line(&mut out, 1, &format!("events {events}, ports {ports}"));
    match &projection.connect {
        Connect::Probability(p) => quantity_text(&mut out, "probability", p),
        Connect::InDegree(n) => line(&mut out, 1, &format!("in_degree {n}")),
        Connect::OutDegree(n) => line(&mut out, 1, &format!("out_degree {n}")),
        Connect::Total(n) => line(&mut out, 1, &format!("total {n}")),
        Connect::OneToOne => line(&mut out, 1, "one_to_one"),
        Connect::AllToAll => line(&mut out, 1, "all_to_all"),
        Connect::Where(program) => {
            line(&mut out, 1, "where");
            program_text(&mut out, 2, &print(program));
        }
        Connect::Pairs(pairs) => line(&mut out, 1, &format!("{} pairs", pairs.len())),
    }
    if let Some(onto) = &projection.onto {
        line(&mut out, 1, &format!("onto one of {} parts", onto.parts));
        program_text(&mut out, 2, &print(&onto.part));
    }
    let ProjectionPlan { allow_self, allow_multiple, sign, .. } = projection;
    line(&mut out, 1, &format!("self {allow_self}, multiple {allow_multiple}, weights {sign:?}"));
    quantity_text(&mut out, "weight", &projection.weight);
    quantity_text(&mut out, "delay", &projection.delay);
    if let Some(key) = &projection.share {
        line(&mut out, 1, "shares a weight by");
        program_text(&mut out, 2, &print(key));
    }
    for (side, columns) in [("pre", &projection.pre_columns), ("post", &projection.post_columns)] {
        for (at, column) in columns.iter().enumerate() {
            let parts: Vec<String> = column.iter().map(column_text).collect();
            line(&mut out, 1, &format!("{side} column {at}: {}", parts.join(", ")));
        }
    }
    match projection.pairing {
        Pairing::Ordered => {}
        Pairing::Unordered => line(&mut out, 1, "unordered pairs"),
        Pairing::Mirror(other) => line(&mut out, 1, &format!("mirror of projection {other}")),
    }
    match projection.rows {
        RowStorage::Auto => {}
        RowStorage::Stored => line(&mut out, 1, "rows held"),
        RowStorage::Procedural => line(&mut out, 1, "rows made again for each spike"),
    }
    if projection.store == Precision::F64 {
        line(&mut out, 1, "weights stored as f64");
    }
    if let Some(flow) = &projection.flow {
        flow_text(&mut out, flow);
    }
    if let Some(learning) = &projection.learning {
        learning_text(plan, &mut out, learning);
    }
    for (at, edge) in projection.edges.iter().enumerate() {
        line(&mut out, 1, &format!("edge column {at}: {} numbers", edge.len()));
    }
    for (at, key) in projection.keys.iter().enumerate() {
        line(&mut out, 1, &format!("key {at}: {:08x} {:08x}", key[0], key[1]));
    }
    out
}

fn flow_text(out: &mut String, flow: &Flow) {
    line(
        out,
        1,
        &format!("flows in stage {} into arrays {}", flow.stage, ids(flow.into.iter().map(|a| a.0))),
    );
    program_text(out, 2, &print(&flow.value));
    if let Some(factor) = &flow.factor {
        program_text(out, 2, &print(factor));
    }
    for (side, columns) in [("pre", &flow.pre), ("post", &flow.post)] {
        for (at, column) in columns.iter().enumerate() {
            let parts: Vec<String> = column.iter().map(flow_column_text).collect();
            line(out, 2, &format!("{side} column {at}: {}", parts.join(", ")));
        }
    }
}

fn learning_text(plan: &Plan, out: &mut String, learning: &Learning) {
    let Learning { rule, precision, longest, .. } = learning;
    line(out, 1, &format!("learns by {rule}, {precision}"));
    for (at, array) in learning.arrays.iter().enumerate() {
        let role = if array.parameter { "parameter" } else { "state" };
        line(
            out,
            2,
            &format!("array {at} {}: {:?}, stored as {}, {role}", array.name, array.ty, array.store),
        );
    }
    if let Some(ArrayId(delay)) = learning.delay {
        let changes = longest.map_or(String::new(), |longest| format!(", which becomes {longest} at most"));
        line(out, 2, &format!("array {delay} is the delay{changes}"));
    }
    quantity_text(out, "dendritic", &learning.dendritic);
    if let Some(back) = &learning.back {
        quantity_text(out, "back", back);
    }
    for (at, uniform) in learning.uniforms.iter().enumerate() {
        line(out, 2, &format!("uniform {at} {}: {:?} = {}", uniform.name, uniform.ty, uniform.value));
    }
    for (at, key) in learning.keys.iter().enumerate() {
        line(out, 2, &format!("key {at}: {:08x} {:08x}", key[0], key[1]));
    }
    for (at, column) in learning.pre.iter().enumerate() {
        let parts: Vec<String> = column.iter().map(column_text).collect();
        line(out, 2, &format!("pre column {at}: {}", parts.join(", ")));
    }
    for (at, signal) in learning.post.iter().enumerate() {
        let (of, columns) = match signal {
            Signal::Target(columns) => (String::new(), columns),
            Signal::Modulator(cells) => (format!(" of {}", view_text(plan, &cells.view)), &cells.columns),
            Signal::Before(cells) => {
                (format!(" of {} a tick before", view_text(plan, &cells.view)), &cells.columns)
            }
        };
        let parts: Vec<String> = columns.iter().map(column_text).collect();
        line(out, 2, &format!("post column {at}{of}: {}", parts.join(", ")));
    }
    let mut program = |when: &str, program: &Program| {
        if !program.outputs.is_empty() || !program.checks.is_empty() {
            line(out, 2, when);
            program_text(out, 3, &print(program));
        }
    };
    program("before the run", &learning.init);
    learning.transmit.iter().for_each(|it| program("transmits", it));
    for hook in &learning.hooks {
        let when = match &hook.when {
            When::Tick => "at every tick".to_owned(),
            When::Pre => "at a spike of the source".to_owned(),
            When::Post(events) => format!("at events {} of the target", ids(events.iter().map(|e| e.0))),
            When::Modulator(view, events) => {
                format!("at events {} of {}", ids(events.iter().map(|e| e.0)), view_text(plan, view))
            }
            When::Jump(cells) => {
                let parts: Vec<String> = cells.columns.iter().map(column_text).collect();
                format!("where {} of {} is true", parts.join(", "), view_text(plan, &cells.view))
            }
            When::Every(ticks) => format!("every {ticks} ticks"),
        };
        program(&when, &hook.program);
    }
    if let Some(both) = &learning.both {
        let events = ids(both.events.iter().map(|e| e.0));
        program(&format!("where a spike meets events {events} of the target"), &both.program);
        both.transmit.iter().for_each(|it| program("transmits then", it));
    }
    if let Some(rewire) = &learning.rewire {
        program(&format!("every {} ticks, the weight of a new synapse", rewire.interval), &rewire.weight);
        rewire
            .group
            .iter()
            .for_each(|it| program("what synapses that share a weight have in common", &it.key));
        rewire.delays.programs().for_each(|it| program("a way of a new synapse", it));
        for prune in &rewire.prune {
            match prune {
                Prune::Where(holds) => program("prunes where", holds),
                Prune::Extreme { highest, share, by } => {
                    program(&format!("prunes {} {share:?} by", extreme(*highest)), by);
                }
            }
        }
        for Grow { budget, pick, part } in &rewire.grow {
            part.iter().for_each(|it| program("the part of a pair that may be connected", it));
            match pick {
                Candidates::Where(holds) => program(&format!("grows {budget:?} where"), holds),
                Candidates::Extreme { highest, by } => {
                    program(&format!("grows {budget:?} {} by", extreme(*highest)), by);
                }
                // Nothing is evaluated.
                Candidates::Random => {}
            }
        }
    }
    program("before a change from outside", &learning.settle);
    learning.shared.iter().for_each(|it| program("after shared weights are added up", it));
    for observable in &learning.observables {
        program(&format!("observable {}", observable.name), &observable.program);
    }
}

fn extreme(highest: bool) -> &'static str {
    if highest { "the highest" } else { "the lowest" }
}

fn flow_column_text(column: &FlowColumn) -> String {
    match column {
        FlowColumn::Array(population, array) => column_text(&Column::Array(*population, *array)),
        FlowColumn::Uniform(population, uniform) => column_text(&Column::Uniform(*population, *uniform)),
        FlowColumn::Constant(x) => format!("{x}"),
        FlowColumn::Observable(population, at) => format!("observable {at} of population {population}"),
    }
}

fn quantity_text(out: &mut String, name: &str, quantity: &Quantity) {
    match quantity {
        Quantity::Constant(x) => line(out, 1, &format!("{name} {x}")),
        Quantity::Program(program) => {
            line(out, 1, name);
            program_text(out, 2, &print(program));
        }
    }
}

fn column_text(column: &Column) -> String {
    match column {
        Column::Array(population, array) => format!("array {} of population {population}", array.0),
        Column::Uniform(population, uniform) => format!("uniform {} of population {population}", uniform.0),
        Column::Constant(x) => format!("{x}"),
    }
}

fn view_text(plan: &Plan, view: &View) -> String {
    let segments: Vec<String> = view
        .segments
        .iter()
        .map(|segment| {
            let path = plan.populations.get(segment.population as usize).map_or("?", |p| &p.path);
            match &segment.cells {
                Indices::Range(lo, hi) => format!("{path}[{lo} .. {hi}]"),
                Indices::List(list) => format!("{path}[{} cells]", list.len()),
            }
        })
        .collect();
    format!("({})", segments.join(", "))
}

fn sender_text(plan: &Plan, sender: Sender) -> String {
    let path = match sender {
        Sender::Drive(at) => plan.drives.get(at as usize).map(|d| &d.path),
        Sender::Projection(at) => plan.projections.get(at as usize).map(|p| &p.path),
    };
    path.cloned().unwrap_or_default()
}

fn ids(ids: impl Iterator<Item = u32>) -> String {
    ids.map(|id| id.to_string()).collect::<Vec<_>>().join(" ")
}
