//! Verifies kernel programs: what every engine relies on.
//!
//! In: a program, and the world that it speaks of ([`Context`]). Out: nothing, or the first thing that
//! is wrong, for developers: no text of a user makes the compiler build such a program. Tests run it
//! after every pass.

use std::collections::BTreeSet;

use circ_plan::ir::*;
use circ_plan::plan::*;

use super::MAX_SALT;
use super::build::output_value;
use super::ops::operands;
use super::print::{operation, type_name};
use crate::interpret::apply::{clamp_tick, round_to};

/// What a program is for, which says what it may read and write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    DeriveUniforms,
    InitParams,
    DeriveCells,
    InitStates,
    /// `start` and `step`.
    Kernel,
    /// `reference_start` and `reference_step`.
    Reference,
    Observable,
    /// The mean or weight of a drive.
    Drive,
    /// The weight, delay, probability or condition of a synapse.
    Synapse,
}

/// The world that a program speaks of.
#[derive(Clone, Debug)]
pub struct Context {
    pub purpose: Purpose,
    pub arrays: Vec<(Ty, Role)>,
    /// Types of `Load(Pre, ..)` and `Load(Post, ..)`.
    pub pre: Vec<Ty>,
    pub post: Vec<Ty>,
    pub uniforms: Vec<(Ty, Role)>,
    pub ports: usize,
    pub events: usize,
    pub keys: usize,
    pub edges: usize,
    /// Nothing: not known yet, any id is accepted.
    pub tables: Option<usize>,
    pub places: Option<usize>,
}

impl Context {
    /// Of a program of a population.
    pub fn population(population: &PopulationPlan, purpose: Purpose) -> Context {
        Context {
            arrays: population.arrays.iter().map(|a| (a.ty, a.role)).collect(),
            uniforms: population.uniforms.iter().map(|u| (u.ty, u.role)).collect(),
            ports: population.ports.len(),
            events: population.events.len(),
            keys: population.keys.len(),
            ..Context::empty(purpose)
        }
    }

    /// Of a program of a drive.
    pub fn drive(drive: &DrivePlan) -> Context {
        Context {
            uniforms: drive.uniforms.iter().map(|u| (u.ty, u.role)).collect(),
            keys: drive.keys.len(),
            ..Context::empty(Purpose::Drive)
        }
    }

    /// Of a program of a projection between populations of this plan. An error if a column has
    /// different types in different segments.
    pub fn synapse(plan: &Plan, projection: &ProjectionPlan) -> Result<Context, String> {
        Ok(Context {
            pre: column_types(plan, &projection.pre_columns)?,
            post: column_types(plan, &projection.post_columns)?,
            keys: projection.keys.len(),
            edges: projection.edges.len(),
            ..Context::empty(Purpose::Synapse)
        })
    }

    /// The same, with the tables and places of a whole plan.
    pub fn within(self, plan: &Plan) -> Context {
        Context {
            tables: Some(plan.tables.len()),
            places: Some(plan.places.len()),
            ..self
        }
    }

    fn empty(purpose: Purpose) -> Context {
        Context {
            purpose,
            arrays: vec![],
            pre: vec![],
            post: vec![],
            uniforms: vec![],
            ports: 0,
            events: 0,
            keys: 0,
            edges: 0,
            tables: None,
            places: None,
        }
    }
}

/// Whether a program is well formed, well typed, and at home in its context.
pub fn verify(program: &Program, context: &Context) -> Result<(), String> {
    let wrong = |what: String| format!("{}: {what}", program.name);
    if program.types.len() != program.ops.len() {
        return Err(wrong(format!(
            "{} operations, but {} types",
            program.ops.len(),
            program.types.len()
        )));
    }
    for (at, op) in program.ops.iter().enumerate() {
        let here = |what: String| wrong(format!("v{at} = {}: {what}", operation(op)));
        earlier(op, at).map_err(here)?;
        permitted(op, context).map_err(here)?;
        ids(op, context).map_err(here)?;
        typed(program, at, context).map_err(here)?;
    }
    outputs(program, context).map_err(wrong)?;
    checks(program, context).map_err(wrong)?;
    regions(program).map_err(wrong)
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
    let check = |program: &Program, purpose| {
        verify(
            program,
            &Context::population(population, purpose).within(plan),
        )
    };
    if let Dynamics::Cells(programs) = &population.dynamics {
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
    population
        .observables
        .iter()
        .try_for_each(|observable| check(&observable.program, Purpose::Observable))
}

fn verify_projection(plan: &Plan, projection: &ProjectionPlan) -> Result<(), String> {
    let context = Context::synapse(plan, projection)?.within(plan);
    verify_quantity(&projection.weight, &context)?;
    verify_quantity(&projection.delay, &context)?;
    match &projection.connect {
        Connect::Probability(quantity) => verify_quantity(quantity, &context),
        Connect::Where(program) => verify(program, &context),
        _ => Ok(()),
    }
}

fn verify_quantity(quantity: &Quantity, context: &Context) -> Result<(), String> {
    match quantity {
        Quantity::Constant(_) => Ok(()),
        Quantity::Program(program) if program.precision == Precision::F64 => {
            verify(program, context)
        }
        Quantity::Program(program) => {
            Err(format!("{}: a quantity is computed in f64", program.name))
        }
    }
}

fn column_types(plan: &Plan, columns: &[Vec<Column>]) -> Result<Vec<Ty>, String> {
    let of = |column: &Column| match *column {
        Column::Array(population, array) => plan
            .populations
            .get(population as usize)?
            .arrays
            .get(array.0 as usize)
            .map(|a| a.ty),
        Column::Uniform(population, uniform) => plan
            .populations
            .get(population as usize)?
            .uniforms
            .get(uniform.0 as usize)
            .map(|u| u.ty),
        Column::Constant(_) => Some(Ty::Float),
    };
    let same = |(at, segments): (usize, &Vec<Column>)| {
        let types: Option<Vec<Ty>> = segments.iter().map(of).collect();
        match types.as_deref() {
            Some([first, rest @ ..]) if rest.iter().all(|ty| ty == first) => Ok(*first),
            Some([]) => Err(format!("column {at} has no segment")),
            Some(_) => Err(format!(
                "column {at} has different types in different segments"
            )),
            None => Err(format!("column {at} reads what does not exist")),
        }
    };
    columns.iter().enumerate().map(same).collect()
}

fn earlier(op: &Op, at: usize) -> Result<(), String> {
    match operands(op)
        .into_iter()
        .find(|operand| at <= operand.0 as usize)
    {
        Some(operand) => Err(format!("v{} is not made before it is used", operand.0)),
        None => Ok(()),
    }
}

/// Whether a program for this purpose may contain this operation.
fn permitted(op: &Op, context: &Context) -> Result<(), String> {
    use Purpose::*;
    let purpose = context.purpose;
    let fits = match op {
        Op::Arrival(_) => matches!(purpose, Kernel | Reference),
        Op::Load(Side::Own, _) => !matches!(purpose, DeriveUniforms | Drive | Synapse),
        Op::Index(Side::Own) => !matches!(purpose, DeriveUniforms | Synapse),
        Op::Load(..) | Op::Index(_) | Op::Edge(_) => purpose == Synapse,
        Op::Now | Op::Time(_) => !matches!(purpose, DeriveUniforms | DeriveCells | Synapse),
        Op::Draw { .. } => !matches!(purpose, DeriveUniforms | DeriveCells),
        Op::Expm { .. } => purpose != Kernel,
        Op::Uniform(_) => purpose != Synapse,
        _ => true,
    };
    if fits {
        Ok(())
    } else {
        Err(format!("not in a program of purpose {purpose:?}"))
    }
}

fn ids(op: &Op, context: &Context) -> Result<(), String> {
    let within = |id: u32, count: usize, what: &str| {
        if (id as usize) < count {
            Ok(())
        } else {
            Err(format!("there are {count} {what}"))
        }
    };
    let derived = |role: Role| {
        let reads = context.purpose == Purpose::Reference && role == Role::Derived;
        if reads {
            Err("a reference program reads nothing derived".to_string())
        } else {
            Ok(())
        }
    };
    match op {
        Op::Load(Side::Own, array) => {
            within(array.0, context.arrays.len(), "arrays")?;
            derived(context.arrays[array.0 as usize].1)
        }
        Op::Load(Side::Pre, array) => within(array.0, context.pre.len(), "columns of the source"),
        Op::Load(Side::Post, array) => within(array.0, context.post.len(), "columns of the target"),
        Op::Uniform(uniform) => {
            within(uniform.0, context.uniforms.len(), "slots")?;
            derived(context.uniforms[uniform.0 as usize].1)
        }
        Op::Arrival(port) => within(port.0, context.ports, "ports"),
        Op::Edge(column) => within(*column, context.edges, "columns of the connection table"),
        Op::Table(table, ..) => within(table.0, context.tables.unwrap_or(usize::MAX), "tables"),
        Op::Draw {
            distribution,
            args,
            key,
            salt,
        } => {
            within(key.0, context.keys, "keys")?;
            within(*salt, MAX_SALT as usize, "salts")?;
            let due = distribution.arity();
            if args.len() == due {
                Ok(())
            } else {
                Err(format!("{due} arguments are due, not {}", args.len()))
            }
        }
        Op::Expm {
            n,
            entries,
            row,
            column,
        } => {
            within(u32::from(*row), usize::from(*n), "rows")?;
            within(u32::from(*column), usize::from(*n), "columns")?;
            let due = usize::from(*n) * usize::from(*n);
            if entries.len() == due {
                Ok(())
            } else {
                Err(format!("{due} entries are due, not {}", entries.len()))
            }
        }
        Op::Call1(function, _) if function.arity() != 1 => {
            Err("this function takes two arguments".into())
        }
        Op::Call2(function, ..) if function.arity() != 2 => {
            Err("this function takes one argument".into())
        }
        _ => Ok(()),
    }
}

/// Whether operands and value have the types that the operation demands.
fn typed(program: &Program, at: usize, context: &Context) -> Result<(), String> {
    use Ty::*;
    let op = &program.ops[at];
    let ty = |v: &ValueId| program.ty(*v);
    let (takes, gives) = match op {
        Op::Float(x) => {
            let rounded = round_to(program.precision, *x);
            let exact = rounded.to_bits() == x.to_bits() || x.is_nan();
            return if exact {
                same(Float, program.types[at])
            } else {
                Err("not rounded to the precision".into())
            };
        }
        Op::Tick(x) if clamp_tick(program.precision, *x) != *x => {
            return Err("wider than a tick".into());
        }
        Op::Tick(_) | Op::Now => (None, Tick),
        Op::Int(_) | Op::Index(_) => (None, Int),
        Op::Bool(_) => (None, Bool),
        Op::Load(Side::Own, array) => (None, context.arrays[array.0 as usize].0),
        Op::Load(Side::Pre, array) => (None, context.pre[array.0 as usize]),
        Op::Load(Side::Post, array) => (None, context.post[array.0 as usize]),
        Op::Uniform(uniform) => (None, context.uniforms[uniform.0 as usize].0),
        Op::Arrival(_) | Op::Time(_) | Op::Edge(_) => (None, Float),
        Op::Table(..) => (Some(Int), Float),
        Op::Neg(_) | Op::Abs(_) | Op::Sqrt(_) | Op::Floor(_) | Op::Ceil(_) | Op::Round(_) => {
            (Some(Float), Float)
        }
        Op::Div(..) | Op::Fma(..) | Op::Call1(..) | Op::Call2(..) => (Some(Float), Float),
        Op::Expm { .. } | Op::Draw { .. } => (Some(Float), Float),
        Op::Add(a, _) | Op::Sub(a, _) | Op::Mul(a, _) | Op::Min(a, _) | Op::Max(a, _) => {
            let either = if ty(a) == Int { Int } else { Float };
            (Some(either), either)
        }
        Op::IntDiv(..) | Op::IntMod(..) => (Some(Int), Int),
        Op::AddOverflows(..) | Op::SubOverflows(..) | Op::MulOverflows(..) => (Some(Int), Bool),
        Op::ToFloat(a) => (Some(if ty(a) == Tick { Tick } else { Int }), Float),
        Op::ToInt(_) => (Some(Float), Int),
        Op::ToTick(_) => (Some(Float), Tick),
        Op::TickAdd(..) => (Some(Tick), Tick),
        Op::Compare(_, a, _) => (Some(if ty(a) == Bool { Float } else { ty(a) }), Bool),
        Op::Not(_) | Op::And(..) | Op::Or(..) => (Some(Bool), Bool),
        Op::Select(mask, a, b) => {
            same(Bool, ty(mask))?;
            same(ty(a), ty(b))?;
            return same(ty(a), program.types[at]);
        }
    };
    if let Some(takes) = takes {
        operands(op)
            .iter()
            .try_for_each(|operand| same(takes, ty(operand)))?;
    }
    same(gives, program.types[at])
}

fn same(due: Ty, found: Ty) -> Result<(), String> {
    if due == found {
        return Ok(());
    }
    Err(format!(
        "{} is due, not {}",
        type_name(due),
        type_name(found)
    ))
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
                may_write(context.purpose, *role)
                    .map_err(|e| format!("array a{}: {e}", array.0))?;
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
                same(Ty::Bool, program.ty(value))
                    .map_err(|e| format!("event e{}: {e}", event.0))?;
                (2, event.0)
            }
            Output::Result(_) => (3, 0),
        };
        if !written.insert(target) {
            return Err("two outputs have the same target".into());
        }
    }
    let expression = matches!(
        context.purpose,
        Purpose::Observable | Purpose::Drive | Purpose::Synapse
    );
    if expression != written.contains(&(3, 0)) {
        return Err("expressions, and only they, have one result".into());
    }
    Ok(())
}

fn may_write(purpose: Purpose, role: Role) -> Result<(), String> {
    let fits = match purpose {
        Purpose::InitParams => role == Role::Parameter,
        Purpose::DeriveCells => role == Role::Derived,
        Purpose::InitStates | Purpose::Kernel | Purpose::Reference => {
            !matches!(role, Role::Parameter | Role::Derived)
        }
        Purpose::DeriveUniforms | Purpose::Observable | Purpose::Drive | Purpose::Synapse => false,
    };
    if fits {
        Ok(())
    } else {
        Err(format!(
            "a program of purpose {purpose:?} does not write a {role:?}"
        ))
    }
}

fn checks(program: &Program, context: &Context) -> Result<(), String> {
    for check in &program.checks {
        if program.ops.len() <= check.value.0 as usize {
            return Err(format!(
                "a check looks at v{}, which is not made",
                check.value.0
            ));
        }
        let due = match check.kind {
            CheckKind::Finite => Ty::Float,
            CheckKind::Overflow | CheckKind::Range => Ty::Bool,
        };
        same(due, program.ty(check.value))
            .map_err(|e| format!("check of v{}: {e}", check.value.0))?;
        if context
            .places
            .is_some_and(|places| places <= check.place as usize)
        {
            return Err(format!("there is no place {}", check.place));
        }
    }
    Ok(())
}

/// Whether regions are in order, nested or disjoint, behind their masks, and closed: what is in one is
/// used only in it, or selected by its mask.
fn regions(program: &Program) -> Result<(), String> {
    let mut open: Vec<Region> = vec![];
    let mut last_first = 0;
    for region in &program.regions {
        let name = format!("region {} .. {}", region.first, region.end);
        if region.end <= region.first || program.ops.len() < region.end as usize {
            return Err(format!("{name}: there are no such operations"));
        }
        if region.first <= region.mask.0 {
            return Err(format!(
                "{name}: its mask v{} is made too late",
                region.mask.0
            ));
        }
        same(Ty::Bool, program.ty(region.mask)).map_err(|e| format!("{name}: {e}"))?;
        if region.first < last_first {
            return Err(format!("{name}: regions are not in order"));
        }
        last_first = region.first;
        open.retain(|outer| region.first < outer.end);
        if open.last().is_some_and(|outer| outer.end < region.end) {
            return Err(format!("{name}: overlaps another"));
        }
        open.push(*region);
        closed(program, region).map_err(|value| format!("{name}: v{value} matters outside"))?;
    }
    Ok(())
}

fn closed(program: &Program, region: &Region) -> Result<(), u32> {
    let inside = |v: ValueId| region.first <= v.0 && v.0 < region.end;
    let roots = program
        .outputs
        .iter()
        .map(output_value)
        .chain(program.checks.iter().map(|check| check.value));
    if let Some(root) = roots.into_iter().find(|root| inside(*root)) {
        return Err(root.0);
    }
    for (at, op) in program.ops.iter().enumerate() {
        let at = ValueId(at as u32);
        if inside(at) {
            continue;
        }
        let used: Vec<ValueId> = match op {
            Op::Select(mask, _, other) if *mask == region.mask => vec![*other],
            _ => operands(op),
        };
        if let Some(escaped) = used.into_iter().find(|v| inside(*v)) {
            return Err(escaped.0);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::generate::population;
    use crate::kernel::parse::parse;

    fn context(purpose: Purpose) -> Context {
        let mut population = population(Precision::F32, 2);
        population.arrays.push(ArrayPlan {
            name: "d".into(),
            ty: Ty::Float,
            role: Role::Derived,
        });
        Context {
            tables: Some(1),
            places: Some(1),
            ..Context::population(&population, purpose)
        }
    }

    /// The message for a reference program of these lines (without `v0`, a state, and `v1`, a mask).
    #[track_caller]
    fn rejects(lines: &str, message: &str) {
        rejects_in(Purpose::Reference, lines, message);
    }

    #[track_caller]
    fn rejects_in(purpose: Purpose, lines: &str, message: &str) {
        let text = format!(
            "program \"P\" f32 {{\n v0: float = 1.0\n v1: bool = true\n v2: int = 1\n v3: tick = 1\n {lines}\n}}"
        );
        let program = parse(&text).expect("it reads");
        assert_eq!(
            verify(&program, &context(purpose)),
            Err(format!("P: {message}"))
        );
    }

    #[test]
    fn types_must_fit() {
        rejects(
            "v4: float = add v0, v2",
            "v4 = add v0, v2: float is due, not int",
        );
        rejects(
            "v4: int = add v0, v0",
            "v4 = add v0, v0: float is due, not int",
        );
        rejects(
            "v4: float = select v0, v0, v0",
            "v4 = select v0, v0, v0: bool is due, not float",
        );
        rejects(
            "v4: float = select v1, v0, v2",
            "v4 = select v1, v0, v2: float is due, not int",
        );
        rejects(
            "v4: bool = lt v1, v1",
            "v4 = lt v1, v1: float is due, not bool",
        );
        rejects(
            "v4: tick = tick_add v3, v2",
            "v4 = tick_add v3, v2: tick is due, not int",
        );
        rejects(
            "v4: float = to_float v1",
            "v4 = to_float v1: int is due, not bool",
        );
        rejects(
            "v4: int = load own a0",
            "v4 = load own a0: float is due, not int",
        );
        rejects("v4: float = 0.1", "v4 = 0.1: not rounded to the precision");
        rejects(
            "v4: tick = 3000000000",
            "v4 = 3000000000: wider than a tick",
        );
    }

    #[test]
    fn what_is_named_must_exist() {
        rejects(
            "v4: float = load own a99",
            "v4 = load own a99: there are 10 arrays",
        );
        rejects(
            "v4: float = uniform u9",
            "v4 = uniform u9: there are 4 slots",
        );
        rejects(
            "v4: float = arrival p2",
            "v4 = arrival p2: there are 2 ports",
        );
        rejects(
            "v4: float = table t1 v2, v2",
            "v4 = table t1 v2, v2: there are 1 tables",
        );
        rejects(
            "v4: float = draw normal (v0) key k0 salt 0",
            "v4 = draw normal (v0) key k0 salt 0: 2 arguments are due, not 1",
        );
        rejects(
            "v4: float = draw poisson (v0) key k2 salt 0",
            "v4 = draw poisson (v0) key k2 salt 0: there are 2 keys",
        );
        rejects(
            "v4: float = draw poisson (v0) key k1 salt 64",
            "v4 = draw poisson (v0) key k1 salt 64: there are 64 salts",
        );
        rejects(
            "v4: float = expm 1 (v0) row 1 column 0",
            "v4 = expm 1 (v0) row 1 column 0: there are 1 rows",
        );
        rejects(
            "v4: float = expm 2 (v0) row 0 column 0",
            "v4 = expm 2 (v0) row 0 column 0: 4 entries are due, not 1",
        );
        rejects("event e2 if v1", "there is no event e2");
        rejects("check finite v0 place 1", "there is no place 1");
        rejects("array a99 = v0", "there is no array a99 to write");
    }

    #[test]
    fn operands_come_first() {
        let mut program = Program::new("P", Precision::F64);
        program.push(Op::Neg(ValueId(0)), Ty::Float);
        let found = verify(&program, &context(Purpose::Reference));
        assert_eq!(
            found,
            Err("P: v0 = neg v0: v0 is not made before it is used".into())
        );
    }

    #[test]
    fn a_purpose_limits_what_is_read_and_written() {
        let not_for = |purpose: &str| format!("not in a program of purpose {purpose}");
        let arrival = "v4: float = arrival p0";
        rejects_in(
            Purpose::InitStates,
            arrival,
            &format!("v4 = arrival p0: {}", not_for("InitStates")),
        );
        let load = "v4: float = load own a0";
        rejects_in(
            Purpose::DeriveUniforms,
            load,
            &format!("v4 = load own a0: {}", not_for("DeriveUniforms")),
        );
        rejects_in(
            Purpose::Synapse,
            load,
            &format!("v4 = load own a0: {}", not_for("Synapse")),
        );
        let draw = "draw poisson (v0) key k0 salt 0";
        let line = format!("v4: float = {draw}");
        rejects_in(
            Purpose::DeriveUniforms,
            &line,
            &format!("v4 = {draw}: {}", not_for("DeriveUniforms")),
        );
        rejects_in(
            Purpose::DeriveCells,
            &line,
            &format!("v4 = {draw}: {}", not_for("DeriveCells")),
        );
        let expm = "expm 1 (v0) row 0 column 0";
        rejects_in(
            Purpose::Kernel,
            &format!("v4: float = {expm}"),
            &format!("v4 = {expm}: {}", not_for("Kernel")),
        );
        rejects(
            "v4: float = load own a9",
            "v4 = load own a9: a reference program reads nothing derived",
        );
        let written = |purpose: &str, role: &str| {
            format!("a program of purpose {purpose} does not write a {role}")
        };
        rejects(
            "array a0 = v0",
            &format!("array a0: {}", written("Reference", "Parameter")),
        );
        rejects_in(
            Purpose::InitParams,
            "array a4 = v0",
            &format!("array a4: {}", written("InitParams", "State")),
        );
        rejects("uniform u0 = v0", "slot u0 is not derived here");
        rejects("result v0", "expressions, and only they, have one result");
        rejects_in(
            Purpose::Observable,
            "",
            "expressions, and only they, have one result",
        );
    }

    #[test]
    fn a_target_is_written_once() {
        rejects(
            "array a4 = v0\n array a4 = v0",
            "two outputs have the same target",
        );
        rejects(
            "event e0 if v1\n event e0 if v1",
            "two outputs have the same target",
        );
        rejects("array a4 = v2", "array a4: float is due, not int");
        rejects("event e0 if v0", "event e0: bool is due, not float");
        rejects(
            "check finite v1 place 0",
            "check of v1: float is due, not bool",
        );
        rejects(
            "check range v0 place 0",
            "check of v0: bool is due, not float",
        );
    }

    #[test]
    fn regions_are_closed_and_nested() {
        let ops = "v4: float = exp v0\n v5: float = exp v4\n v6: float = select v1, v5, v0\n array a4 = v6\n";
        let with = |regions: &str| format!("{ops} {regions}");
        rejects(
            &with("region v1 4 .. 5"),
            "region 4 .. 5: v4 matters outside",
        );
        rejects(
            &with("region v1 4 .. 7"),
            "region 4 .. 7: v6 matters outside",
        );
        rejects(
            &with("region v1 4 .. 4"),
            "region 4 .. 4: there are no such operations",
        );
        rejects(
            &with("region v1 4 .. 99"),
            "region 4 .. 99: there are no such operations",
        );
        rejects(
            &with("region v0 4 .. 6"),
            "region 4 .. 6: bool is due, not float",
        );
        rejects(
            &with("region v4 4 .. 6"),
            "region 4 .. 6: its mask v4 is made too late",
        );
        rejects(
            &with("region v1 5 .. 6\n region v1 4 .. 6"),
            "region 4 .. 6: regions are not in order",
        );
    }
}
