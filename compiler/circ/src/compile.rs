//! Compile: from sources to a plan that can be run.
//!
//! In: a [`Program`] as read and [`Options`]. Out: [`Compiled`], or [`Rejection`] with every diagnostic.
//! The stages are functions of the compiler; this page only puts them in order.

use crate::results::Timing;
use crate::sources::{Beneath, Kept, Program};
use crate::{lost, rules, unrun};
use circ_compiler::check::{Tainted, Types, check};
use circ_compiler::diagnose::build::{NOT_LOOKED_AT, TOO_MANY_ITEMS, not_looked_at};
use circ_compiler::diagnose::{Diagnostic, Level, Sink, Source, Sources};
use circ_compiler::elaborate::{Settings, elaborate, has_all_defaults, is_complete};
use circ_compiler::expand::{Expanded, expand};
use circ_compiler::hir::{Cell, CellId, Hir, SlotKind, Var, VarId, VarKind};
use circ_compiler::lint::allow::{Allows, Idle};
use circ_compiler::lint::{self, Built};
use circ_compiler::lower::{self, DriveSlots, Lowered, PopulationMethods, RuleMethods};
use circ_compiler::net::Net;
use circ_compiler::prove::prove;
use circ_compiler::resolve::resolve;
use circ_grammar::ast::{FileId, ItemKind, Span};
use circ_plan::ir::Precision;
use circ_plan::plan::Plan;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

pub use crate::emit::{Form, emit};

/// What to compile.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Without a name: `Main`, or the only one.
    pub experiment: Option<String>,
    /// Parameters of the experiment or its circuit, with the text of their values.
    pub set: Vec<(String, String)>,
    pub seed: Option<u64>,
    pub precision: Option<Precision>,
    /// What a host program is going to do.
    pub hosted: Hosted,
    /// A point of a sweep.
    pub point: crate::sweep::Point,
}

/// What a host program is going to do, beside what the experiment says.
#[derive(Clone, Debug, Default)]
pub struct Hosted {
    /// Populations of which it fires cells.
    pub fires: Vec<String>,
    /// Parameters that it gives each cell its own of: `E.gain`.
    pub sets: Vec<String>,
}

/// A program that can be run, with every form on the way.
#[derive(Clone, Debug)]
pub struct Compiled {
    pub program: Program,
    pub options: Options,
    pub hir: Hir,
    pub types: Types,
    pub net: Net,
    /// Shared with the engine.
    pub plan: Arc<Plan>,
    /// By population.
    pub methods: Vec<PopulationMethods>,
    /// Of each projection that learns.
    pub rules: Vec<RuleMethods>,
    /// Where drives keep what may be set.
    pub drives: DriveSlots,
    /// Into `hir.experiments`.
    pub experiment: usize,
    pub warnings: Vec<Diagnostic>,
    pub timing: Timing,
}

/// Why a program is not run.
#[derive(Debug)]
pub enum Rejection {
    /// It has mistakes.
    Program { diagnostics: Vec<Diagnostic>, sources: Sources },
    /// It was asked for something that it does not have.
    Request(String),
}

/// A program that was looked at, not run.
#[derive(Debug)]
pub struct Checked {
    pub diagnostics: Vec<Diagnostic>,
    pub sources: Sources,
}

impl Compiled {
    /// For rendering diagnostics.
    pub fn sources(&self) -> &Sources {
        &self.program.sources
    }
}

/// Compiles one experiment of a program, down to its plan.
///
/// # Errors
/// With all mistakes, or what was asked for and is not there.
pub fn compile(mut program: Program, options: &Options) -> Result<Compiled, Rejection> {
    let started = Instant::now();
    let mut sink = Sink::default();
    program.problems.iter().cloned().for_each(|problem| sink.push(problem));
    let set = read_settings(&mut program, options, &mut sink);
    if program.unreadable {
        return Err(rejected(sink, program));
    }
    let (mut hir, mut types) = understand(&program, &mut sink);
    let experiment = match choose(&program, &hir, options) {
        Ok(experiment) => experiment,
        Err(_) if sink.has_errors() => return Err(rejected(sink, program)),
        Err(request) => return Err(request),
    };
    let check_ms = program.read_ms + milliseconds(started);

    let started = Instant::now();
    let (seed, precision) = (options.seed, options.precision);
    let values = options.point.overrides();
    let settings =
        Settings { experiment: Some(experiment), values, set, seed, precision, ..Settings::default() };
    let mut net = elaborate(&hir, &types, &settings, &Beneath::of(&program), &mut sink);
    if !sink.has_errors() {
        host(&options.hosted, &hir, &mut net)?;
    }
    unrun::look(&program, (&hir, &types), experiment, &mut sink);
    expand(&mut hir, &mut types, &mut net, &mut Expanded::default(), &mut sink);
    let Some(Lowered { plan, methods, drives, rules }) =
        prove_and_lower(&hir, &types, &net, &program.sources, lower::lower, &mut sink)
    else {
        return Err(rejected(sink, program));
    };
    if sink.has_errors() {
        return Err(rejected(sink, program));
    }
    let built = [Built { net: &net, plan: &plan, methods: &methods }];
    let whole = all_settings(&program, &hir).len() == 1;
    let (modules, built) = (&program.modules, &built);
    lint::lint(&lint::Program { modules, hir: &hir, types: &types, built, whole }, &mut sink);
    let timing = Timing { check_ms, compile_ms: milliseconds(started), ..Timing::default() };
    let warnings = sorted(sink, &program, Idle::Keep);
    let (plan, options) = (Arc::new(plan), options.clone());
    Ok(Compiled {
        program,
        options,
        hir,
        types,
        net,
        plan,
        methods,
        rules,
        drives,
        experiment,
        warnings,
        timing,
    })
}

/// Makes room for what a host is going to do.
fn host(hosted: &Hosted, hir: &Hir, net: &mut Net) -> Result<(), Rejection> {
    let place = |net: &Net, path: &str| {
        let found = net.populations.iter().position(|population| population.path == path);
        found.ok_or_else(|| Rejection::Request(format!("there is no population `{path}`")))
    };
    for path in &hosted.fires {
        let at = place(net, path)?;
        net.populations[at].fired = true;
    }
    for path in &hosted.sets {
        let (population, name) = path.rsplit_once('.').unwrap_or((path, ""));
        let at = place(net, population)?;
        let cell = hir.cell(net.populations[at].cell);
        let is_meant = |var: &Var| *var.name == *name && matches!(var.kind, VarKind::Param { .. });
        let var = cell.vars.iter().position(is_meant);
        let var =
            var.ok_or_else(|| Rejection::Request(format!("`{population}` has no parameter `{name}`")))?;
        net.populations[at].per_cell.push(VarId(var as u32));
    }
    Ok(())
}

/// Resolves and checks, and marks what the mistakes so far spoil for those who go on.
fn understand(program: &Program, sink: &mut Sink) -> (Hir, Types) {
    let mut found = Sink::default();
    let hir = resolve(&program.modules, &mut found);
    let mut types = check(&hir, &mut found);
    types.tainted = Tainted::by(&hir, program.problems.iter().chain(found.so_far()));
    lost::say(found, program, sink);
    (hir, types)
}

/// Looks for mistakes in all experiments of a program; in its circuits where it has none.
pub fn check_all(program: Program) -> Checked {
    let mut sink = Sink::default();
    program.problems.iter().cloned().for_each(|problem| sink.push(problem));
    if program.unreadable {
        return Checked { diagnostics: sink.into_sorted(), sources: program.sources };
    }
    let (mut hir, mut types) = understand(&program, &mut sink);
    build_and_lint(&program, &mut hir, &mut types, &mut sink);
    let whole = !sink.has_errors() && !sink.holds(&NOT_LOOKED_AT);
    let idle = if whole { Idle::Report } else { Idle::Keep };
    Checked { diagnostics: sorted(sink, &program, idle), sources: program.sources }
}

/// What must hold of every value is proved beside lowering, which finds mistakes of other kinds.
fn prove_and_lower(
    hir: &Hir,
    types: &Types,
    net: &Net,
    sources: &Sources,
    lower: impl FnOnce(&Hir, &Types, &Net, &mut Sink) -> Option<Lowered>,
    sink: &mut Sink,
) -> Option<Lowered> {
    let mut proofs = Sink::default();
    prove(hir, types, net, sources, &mut proofs);
    let lowered = match sink.has_errors() || !types.tainted.is_empty() {
        true => {
            lower::look(hir, types, net, sink);
            None
        }
        false => lower(hir, types, net, sink),
    };
    proofs.into_all().into_iter().for_each(|diagnostic| sink.push_unless_said(diagnostic));
    if !sink.has_errors() && types.tainted.is_empty() {
        lower::refuse(hir, net, sink);
    }
    lowered
}

/// More populations, projections and drives are not looked at in one go: many experiments on a large circuit would
/// take minutes and all memory.
const MOST_BUILT: usize = 30_000;

/// Everything that can be built, with the lints of all of it. Where a name or a dimension is wrong there are none:
/// what seems unused may be what was meant.
fn build_and_lint(program: &Program, hir: &mut Hir, types: &mut Types, sink: &mut Sink) {
    let files = Kept::of(program);
    let mut built: Vec<(Net, Lowered)> = Vec::new();
    let all = all_settings(program, hir);
    let mut instantiated = BTreeSet::new();
    let (mut expanded, mut kinds) = (Expanded::default(), lower::Kinds::default());
    // Each is built whatever the others say.
    let mut build = |hir: &mut Hir, types: &mut Types, settings: &Settings, sink: &mut Sink| {
        let mut own = Sink::default();
        let mut net = elaborate(hir, types, settings, &files, &mut own);
        settings
            .experiment
            .into_iter()
            .for_each(|experiment| unrun::look(program, (hir, types), experiment, &mut own));
        expand(hir, types, &mut net, &mut expanded, &mut own);
        let mut survey =
            |hir: &_, types: &_, net: &_, sink: &mut _| lower::survey(hir, types, net, &mut kinds, sink);
        let lowered = prove_and_lower(hir, types, &net, &program.sources, &mut survey, &mut own);
        sink.append(own);
        (net, lowered)
    };
    // The others are made of the same circuits: they would take as long, to say the same again.
    let is_enough = |sink: &Sink| sink.is_full() || sink.holds(&TOO_MANY_ITEMS);
    let mut items = 0;
    for (at, settings) in all.iter().enumerate() {
        if MOST_BUILT < items {
            sink.push(not_looked_at(place_of(hir, settings), all.len() - at));
            break;
        }
        let (net, lowered) = build(hir, types, settings, sink);
        items += net.populations.len() + net.projections.len() + net.drives.len();
        let written = |cell| hir.cell(cell).template.unwrap_or(cell);
        instantiated.extend(net.populations.iter().map(|population| written(population.cell)));
        built.extend(lowered.map(|lowered| (net, lowered)));
        if is_enough(sink) {
            break;
        }
    }
    if sink.has_errors() || sink.holds(&NOT_LOOKED_AT) {
        // What was not built would have had these.
        instantiated.extend(named_by_circuits(hir));
    }
    let mut alone = alone(program, hir, &instantiated);
    if all.is_empty() && alone.is_empty() {
        // The constants and tables of a file for others.
        alone.push(Settings::default());
    }
    for settings in alone {
        if is_enough(sink) {
            break;
        }
        build(hir, types, &settings, sink);
    }
    if !types.tainted.is_empty() {
        return;
    }
    let whole = built.len() == all.len();
    let built = built.iter().map(|(net, it)| Built { net, plan: &it.plan, methods: &it.methods });
    let built: Vec<Built> = built.collect();
    lint::lint(&lint::Program { modules: &program.modules, hir, types, built: &built, whole }, sink);
}

/// Of an experiment or circuit that is to be built.
fn place_of(hir: &Hir, settings: &Settings) -> Span {
    let experiment = settings.experiment.map(|at| hir.experiments[at].span);
    let circuit = settings.circuit.map(|at| hir.circuits[at].span);
    experiment.or(circuit).unwrap_or_default()
}

/// Without what the program allows.
fn sorted(sink: Sink, program: &Program, idle: Idle) -> Vec<Diagnostic> {
    let mut allows = Allows::of(&program.modules);
    let mut left = Sink::default();
    allows.silence(sink.into_all()).into_iter().for_each(|diagnostic| left.push(diagnostic));
    allows.complaints(&rules::all(), idle).into_iter().for_each(|complaint| left.push(complaint));
    left.into_sorted()
}

/// The text in the one layout.
///
/// # Errors
/// With what is wrong in the syntax: what can not be read is not rewritten.
pub fn format(name: &str, text: &str) -> Result<String, (Vec<Diagnostic>, Sources)> {
    circ_grammar::format(text).map_err(|mistakes| {
        let sources = Sources { files: vec![Source { name: name.to_string(), text: text.to_string() }] };
        (mistakes.iter().map(rules::syntax).collect(), sources)
    })
}

/// The names of the main file's experiments, in order of writing.
pub fn experiments(program: &Program) -> Vec<String> {
    let items = program.main().items.iter();
    let name = |kind: &ItemKind| match kind {
        ItemKind::Experiment(experiment) => Some(experiment.name.text.to_string()),
        ItemKind::Use { .. }
        | ItemKind::Let(_)
        | ItemKind::Data(_)
        | ItemKind::Fn(_)
        | ItemKind::Cell(_)
        | ItemKind::Rule(_)
        | ItemKind::Circuit(_)
        | ItemKind::Error => None,
    };
    items.filter_map(|item| name(&item.kind)).collect()
}

/// Those of the main file, not of files that it uses.
fn own_experiments(program: &Program, hir: &Hir) -> Vec<usize> {
    let main = program.main().id;
    (0..hir.experiments.len()).filter(|index| hir.experiments[*index].span.file == main).collect()
}

/// Every experiment of the main file, and every circuit of it that no experiment builds and that has all it
/// needs.
fn all_settings(program: &Program, hir: &Hir) -> Vec<Settings> {
    let main = program.main().id;
    let experiments = own_experiments(program, hir);
    let built = |circuit: usize| {
        experiments
            .iter()
            .any(|index| hir.experiments[*index].circuit.is_some_and(|it| it.index() == circuit))
    };
    let alone = (0..hir.circuits.len())
        .filter(|index| {
            hir.circuits[*index].span.file == main
                && !built(*index)
                && has_all_defaults(&hir.circuits[*index])
        })
        .map(|index| Settings { circuit: Some(index), ..Settings::default() });
    let whole = experiments.iter().map(|index| Settings { experiment: Some(*index), ..Settings::default() });
    whole.chain(alone).collect()
}

/// Every cell of the main file that nothing instantiates and that has all it needs.
fn alone(program: &Program, hir: &Hir, instantiated: &BTreeSet<CellId>) -> Vec<Settings> {
    let main = program.main().id;
    let idle = |(at, cell): &(usize, &Cell)| {
        cell.span.file == main && is_complete(cell) && !instantiated.contains(&CellId(*at as u32))
    };
    let cells = hir.cells.iter().enumerate().filter(idle);
    cells.map(|(at, _)| Settings { cell: Some(at), ..Settings::default() }).collect()
}

/// The cells of all populations that any circuit declares.
fn named_by_circuits(hir: &Hir) -> BTreeSet<CellId> {
    let slots = hir.circuits.iter().flat_map(|circuit| &circuit.slots);
    let cells = slots.filter_map(|slot| match slot.kind {
        SlotKind::Population { cell } => Some(cell),
        SlotKind::Formal { .. }
        | SlotKind::Let { .. }
        | SlotKind::Data { .. }
        | SlotKind::Index
        | SlotKind::Drive
        | SlotKind::Projection
        | SlotKind::Part { .. } => None,
    });
    cells.collect()
}

fn choose(program: &Program, hir: &Hir, options: &Options) -> Result<usize, Rejection> {
    let own = own_experiments(program, hir);
    let name = |index: usize| hir.experiments[index].name.as_ref();
    let wanted = options.experiment.as_deref().unwrap_or("Main");
    if let Some(index) = own.iter().find(|index| name(**index) == wanted) {
        return Ok(*index);
    }
    if let ([only], None) = (own.as_slice(), &options.experiment) {
        return Ok(*only);
    }
    let file = &program.sources.files[0].name;
    let known = own.iter().map(|index| format!("`{}`", name(*index))).collect::<Vec<_>>().join(", ");
    Err(Rejection::Request(match (own.is_empty(), &options.experiment) {
        (true, _) => format!("`{file}` has no experiment to run"),
        (false, Some(wanted)) => format!("`{file}` has no experiment `{wanted}`; it has {known}"),
        (false, None) => format!("`{file}` has several experiments, say which to run: {known}"),
    }))
}

/// The values of `--set`, each as a source text of its own, so that messages can point into it.
fn read_settings(
    program: &mut Program,
    options: &Options,
    sink: &mut Sink,
) -> Vec<(String, circ_grammar::ast::File, circ_grammar::ast::ExprId)> {
    let mut settings = Vec::new();
    for (path, value) in &options.set {
        let id = FileId(program.sources.files.len() as u32);
        let (file, expression, errors) = circ_grammar::parse_expr(id, value);
        program.sources.files.push(Source { name: format!("--set {path}"), text: value.clone() });
        errors.iter().map(rules::syntax).for_each(|problem| sink.push(problem));
        settings.extend(expression.map(|expression| (path.clone(), file, expression)));
    }
    settings
}

fn rejected(sink: Sink, program: Program) -> Rejection {
    let mut diagnostics = sorted(sink, &program, Idle::Keep);
    // What makes the program unusable comes first; a terminal shows the end, so errors stand there.
    diagnostics.sort_by_key(|diagnostic| std::cmp::Reverse(level_rank(diagnostic.rule.level)));
    Rejection::Program { diagnostics, sources: program.sources }
}

fn level_rank(level: Level) -> u8 {
    match level {
        Level::Error => 0,
        Level::Warning => 1,
        Level::Note => 2,
    }
}

pub(crate) fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}
