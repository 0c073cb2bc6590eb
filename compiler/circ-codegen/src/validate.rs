//! What a program must be before code is emitted for it: well typed, and only of operations that
//! belong in a kernel. The emitter relies on it and does not ask again.

use crate::CodegenError;
use circ_plan::abi::Access;
use circ_plan::ir::{ArrayId, CheckKind, Op, Output, Program, Side, Ty, ValueId};

/// An error that names the first operation, output, check or region that is wrong.
pub(crate) fn validate(program: &Program) -> Result<(), CodegenError> {
    let name = || program.name.clone();
    if program.ops.len() != program.types.len() {
        return Err(CodegenError::Malformed(name(), "every operation needs a type".into()));
    }
    for (at, op) in program.ops.iter().enumerate() {
        if let Some(what) = unsupported(op) {
            return Err(CodegenError::Unsupported(name(), what.into()));
        }
        if !operands(op).iter().all(|v| (v.0 as usize) < at) || !well_typed(program, at) {
            return Err(CodegenError::Malformed(name(), format!("operation {at}: {op:?}")));
        }
    }
    let exists = |v: ValueId| (v.0 as usize) < program.ops.len();
    let is = |v: ValueId, ty: Ty| exists(v) && program.ty(v) == ty;
    for output in &program.outputs {
        let fine = match output {
            Output::Array(_, value) => exists(*value),
            Output::Event(_, mask) => is(*mask, Ty::Bool),
            Output::Uniform(..) | Output::Result(_) => {
                return Err(CodegenError::Unsupported(name(), "an output that is not of a cell".into()));
            }
        };
        if !fine {
            return Err(CodegenError::Malformed(name(), format!("output {output:?}")));
        }
    }
    for check in &program.checks {
        let ty = if check.kind == CheckKind::Finite { Ty::Float } else { Ty::Bool };
        if !is(check.value, ty) {
            return Err(CodegenError::Malformed(name(), format!("check {check:?}")));
        }
    }
    let mut open: Vec<u32> = vec![];
    let mut last = 0;
    for region in &program.regions {
        open.retain(|end| region.first < *end);
        let nested = open.iter().all(|end| region.end <= *end);
        let inside =
            region.first <= region.end && region.end as usize <= program.ops.len() && last <= region.first;
        if !(nested && inside && is(region.mask, Ty::Bool) && region.mask.0 < region.first.max(1)) {
            return Err(CodegenError::Malformed(name(), format!("region {region:?}")));
        }
        last = region.first;
        open.push(region.end);
    }
    Ok(())
}

/// An error where an array that does not lie as those of cells holds no `Float`s, or is one value and written.
pub(crate) fn validate_access(program: &Program, access: &[Access]) -> Result<(), CodegenError> {
    let of = |array: ArrayId| access.get(array.0 as usize).copied().unwrap_or(Access::Block);
    let float = |ty: Ty, array: ArrayId| of(array) == Access::Block || ty == Ty::Float;
    let reads = program.ops.iter().zip(&program.types).all(|(op, ty)| match op {
        Op::Load(_, array) => float(*ty, *array),
        _ => true,
    });
    let writes = program.outputs.iter().all(|output| match output {
        Output::Array(array, value) => {
            float(program.ty(*value), *array) && !matches!(of(*array), Access::One(_))
        }
        Output::Uniform(..) | Output::Event(..) | Output::Result(_) => true,
    });
    if reads && writes {
        return Ok(());
    }
    Err(CodegenError::Malformed(program.name.clone(), format!("its arrays can not lie so: {access:?}")))
}

/// Operations that only derivations, references and synapses have.
fn unsupported(op: &Op) -> Option<&'static str> {
    match op {
        Op::Load(Side::Pre | Side::Post, _) | Op::Index(Side::Pre | Side::Post) => {
            Some("a side of a synapse")
        }
        Op::Edge(_) => Some("a column of a connection table"),
        Op::Weight => Some("the weight of a synapse"),
        Op::Expm { .. } => Some("a matrix exponential"),
        _ => None,
    }
}

/// Whether operation `at` has operands and a value of its types.
fn well_typed(program: &Program, at: usize) -> bool {
    use Ty::{Bool, Float, Int, Tick};
    let ty = |v: ValueId| program.ty(v);
    let value = program.types[at];
    let takes = |operand: Ty, result: Ty| {
        operands(&program.ops[at]).iter().all(|v| ty(*v) == operand) && value == result
    };
    match &program.ops[at] {
        Op::Float(_) | Op::Arrival(_) | Op::Time(_) | Op::Edge(_) | Op::Weight => value == Float,
        Op::Int(_) | Op::Index(_) => value == Int,
        Op::Bool(_) => value == Bool,
        Op::Tick(_) | Op::Now => value == Tick,
        Op::Load(..) | Op::Uniform(_) => true,
        Op::Table(..) => takes(Int, Float),
        Op::Neg(_) | Op::Abs(_) | Op::Sqrt(_) | Op::Floor(_) | Op::Ceil(_) | Op::Round(_) => {
            takes(Float, Float)
        }
        Op::Div(..) | Op::Fma(..) | Op::Expm { .. } => takes(Float, Float),
        Op::Call1(function, _) => function.arity() == 1 && takes(Float, Float),
        Op::Call2(function, ..) => function.arity() == 2 && takes(Float, Float),
        Op::Add(..) | Op::Sub(..) | Op::Mul(..) | Op::Min(..) | Op::Max(..) => {
            takes(Float, Float) || takes(Int, Int)
        }
        Op::IntDiv(..) | Op::IntMod(..) => takes(Int, Int),
        Op::AddOverflows(..) | Op::SubOverflows(..) | Op::MulOverflows(..) => takes(Int, Bool),
        Op::ToFloat(_) => takes(Int, Float) || takes(Tick, Float),
        Op::ToInt(_) => takes(Float, Int),
        Op::ToTick(_) => takes(Float, Tick),
        Op::TickAdd(..) => takes(Tick, Tick),
        Op::Compare(..) => [Float, Int, Tick].iter().any(|operand| takes(*operand, Bool)),
        Op::Not(_) | Op::And(..) | Op::Or(..) => takes(Bool, Bool),
        Op::Select(mask, a, b) => ty(*mask) == Bool && ty(*a) == value && ty(*b) == value,
        Op::Draw { distribution, args, .. } | Op::Redraw { distribution, args, .. } => {
            args.len() == distribution.arity() && takes(Float, Float)
        }
    }
}

/// The values that an operation reads.
pub(crate) fn operands(op: &Op) -> Vec<ValueId> {
    match op {
        Op::Float(_) | Op::Int(_) | Op::Bool(_) | Op::Tick(_) | Op::Load(..) | Op::Uniform(_) => {
            vec![]
        }
        Op::Arrival(_) | Op::Index(_) | Op::Now | Op::Time(_) | Op::Edge(_) | Op::Weight => vec![],
        Op::Neg(a) | Op::Abs(a) | Op::Sqrt(a) | Op::Floor(a) | Op::Ceil(a) | Op::Round(a) => {
            vec![*a]
        }
        Op::Call1(_, a) | Op::ToFloat(a) | Op::ToInt(a) | Op::ToTick(a) | Op::Not(a) => vec![*a],
        Op::Add(a, b) | Op::Sub(a, b) | Op::Mul(a, b) | Op::Div(a, b) => vec![*a, *b],
        Op::Min(a, b) | Op::Max(a, b) | Op::Call2(_, a, b) | Op::Table(_, a, b) => vec![*a, *b],
        Op::IntDiv(a, b) | Op::IntMod(a, b) | Op::TickAdd(a, b) => vec![*a, *b],
        Op::AddOverflows(a, b) | Op::SubOverflows(a, b) | Op::MulOverflows(a, b) => vec![*a, *b],
        Op::Compare(_, a, b) | Op::And(a, b) | Op::Or(a, b) => vec![*a, *b],
        Op::Fma(a, b, c) | Op::Select(a, b, c) => vec![*a, *b, *c],
        Op::Expm { entries, .. } => entries.clone(),
        Op::Draw { args, .. } => args.clone(),
        Op::Redraw { args, within, .. } => args.iter().chain(within).copied().collect(),
    }
}
