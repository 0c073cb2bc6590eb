//! Emit: the forms of a program on its way to machine code, as text.
//!
//! In: a program. Out: one form. The early forms print of any program, whatever is wrong with it; the later
//! ones of one that compiles.

use crate::compile::{Compiled, Options, Rejection, compile};
use crate::sources::Program;
use circ_codegen::Registers;
use circ_compiler::check::check;
use circ_compiler::diagnose::Sink;
use circ_compiler::kernel::print::{print, print_with_names};
use circ_compiler::plan_print::print_plan;
use circ_compiler::resolve::resolve;
use circ_compiler::{hir_print, net_print};
use circ_plan::ir::Program as Kernel;
use circ_plan::learning::Learning;
use circ_plan::plan::PopulationPlan;

/// A form of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Ast,
    Hir,
    Types,
    Net,
    Kernel,
    Plan,
    /// As for a processor with registers of 512 bits, on whatever processor: so that it can be compared.
    Clif,
    Asm,
}

/// Prints a form. Forms after the types are those of `Main`, or the first experiment.
///
/// # Errors
/// When the form is one that only a program without mistakes has.
pub fn emit(program: Program, form: Form) -> Result<String, Rejection> {
    match form {
        Form::Ast => {
            Ok(program.modules.iter().take(1).map(|module| circ_grammar::dump(&module.file)).collect())
        }
        Form::Hir => Ok(hir_print::print(&resolve(&program.modules, &mut Sink::default()))),
        Form::Types => Ok(types(&program)),
        Form::Net => whole(program).map(|compiled| net_print::print(&compiled.net, &compiled.hir)),
        Form::Plan => whole(program).map(|compiled| print_plan(&compiled.plan)),
        Form::Kernel => Ok(kernels(&whole(program)?)),
        Form::Clif => machine(&whole(program)?, Registers::Widest, circ_codegen::Compiled::clif),
        Form::Asm => machine(&whole(program)?, Registers::Detect, circ_codegen::Compiled::asm),
    }
}

fn whole(program: Program) -> Result<Compiled, Rejection> {
    let names = crate::compile::experiments(&program);
    let main = names.iter().find(|name| *name == "Main").or(names.first());
    let options = Options { experiment: main.cloned(), ..Options::default() };
    compile(program, &options)
}

fn types(program: &Program) -> String {
    let mut sink = Sink::default();
    let hir = resolve(&program.modules, &mut sink);
    let types = check(&hir, &mut sink);
    hir_print::print_types(&hir, &types)
}

fn kernels(compiled: &Compiled) -> String {
    let mut text = String::new();
    for population in &compiled.plan.populations {
        for (role, program) in programs(population) {
            if !program.ops.is_empty() {
                text +=
                    &format!("// {} {role}\n{}\n", population.path, print_with_names(program, population));
            }
        }
    }
    for projection in &compiled.plan.projections {
        for (role, program) in projection.learning.iter().flat_map(|it| rule_programs(it)) {
            if !program.ops.is_empty() {
                text += &format!("// {} {role}\n{}\n", projection.path, print(program));
            }
        }
    }
    text
}

/// All but what is observed.
fn rule_programs(learning: &Learning) -> Vec<(&'static str, &Kernel)> {
    let both = learning.both.iter();
    let sent = learning.transmit.iter().chain(both.clone().filter_map(|both| both.transmit.as_ref()));
    [("init", &learning.init)]
        .into_iter()
        .chain(sent.map(|program| ("transmit", program)))
        .chain(learning.hooks.iter().map(|hook| ("hook", &hook.program)))
        .chain(both.map(|both| ("both", &both.program)))
        .chain(learning.rewire.iter().flat_map(|it| it.of_synapses()).map(|program| ("prune", program)))
        .chain(learning.rewire.iter().flat_map(|it| it.of_parts()).map(|program| ("onto", program)))
        .chain(learning.rewire.iter().flat_map(|it| it.of_candidates()).map(|program| ("grow", program)))
        .chain(learning.rewire.iter().map(|it| ("grown weight", &it.weight)))
        .chain(
            learning
                .rewire
                .iter()
                .flat_map(|it| it.delays.programs())
                .map(|program| ("grown delay", program)),
        )
        .chain([("settle", &learning.settle)])
        .collect()
}

fn programs(population: &PopulationPlan) -> Vec<(&'static str, &Kernel)> {
    match population.dynamics.programs() {
        None => Vec::new(),
        Some(cells) => vec![
            ("derive_uniforms", &cells.derive_uniforms),
            ("init_params", &cells.init_params),
            ("derive_cells", &cells.derive_cells),
            ("init_states", &cells.init_states),
            ("start", &cells.start),
            ("step", &cells.step),
        ],
    }
}

/// The steps, as the code generator has them.
fn machine(
    compiled: &Compiled,
    registers: Registers,
    show: fn(&circ_codegen::Compiled, usize) -> &str,
) -> Result<String, Rejection> {
    let populations = &compiled.plan.populations;
    let steps: Vec<(&str, &Kernel)> = populations
        .iter()
        .flat_map(|population| programs(population).into_iter().map(move |(role, it)| (population, role, it)))
        .filter(|(_, role, _)| *role == "step")
        .map(|(population, _, program)| (population.path.as_str(), program))
        .collect();
    let kernels: Vec<&Kernel> = steps.iter().map(|(_, program)| *program).collect();
    let options = circ_codegen::Options { keep_text: true, registers, ..Default::default() };
    let code =
        circ_codegen::compile(&kernels, &options).map_err(|error| Rejection::Request(error.to_string()))?;
    let one =
        |(index, (path, _)): (usize, &(&str, &Kernel))| format!("; {path} step\n{}\n", show(&code, index));
    Ok(steps.iter().enumerate().map(one).collect())
}
