//! What every single operation must fulfil: operands that exist, a purpose that permits it, ids of
//! things that exist, types that fit.

use circ_plan::ir::*;
use circ_plan::plan::Role;

use super::{Context, Purpose};
use crate::interpret::apply::{clamp_tick, round_to};
use crate::kernel::MAX_SALT;
use crate::kernel::ops::operands;
use crate::kernel::print::type_name;

/// Whether the operands of operation `at` are made before it.
pub(super) fn earlier(op: &Op, at: usize) -> Result<(), String> {
    match operands(op).into_iter().find(|operand| at <= operand.0 as usize) {
        Some(operand) => Err(format!("v{} is not made before it is used", operand.0)),
        None => Ok(()),
    }
}

/// Whether a program for this purpose may contain this operation.
pub(super) fn permitted(op: &Op, context: &Context) -> Result<(), String> {
    use Purpose::*;
    let purpose = context.purpose;
    let learns = matches!(purpose, LearnInit | Learn | Transmit | LearnObservable);
    let sees = learns && purpose != LearnObservable;
    let fits = match op {
        Op::Arrival(_) => matches!(purpose, Kernel | Reference),
        Op::Load(Side::Own, _) => !matches!(purpose, DeriveUniforms | Synapse | Flow),
        Op::Index(Side::Own) => !matches!(purpose, DeriveUniforms | Synapse | Flow) && !learns,
        // Which columns, see `verify_learning`.
        Op::Load(Side::Post, _) if purpose == LearnObservable => true,
        Op::Load(..) | Op::Index(_) => matches!(purpose, Synapse | Flow) || sees,
        Op::Edge(_) => purpose == Synapse || sees,
        Op::Weight => purpose == Flow,
        // When it begins, of a synapse that is new.
        Op::Now => !matches!(purpose, DeriveUniforms | DeriveCells | Synapse),
        Op::Time(_) => !matches!(purpose, DeriveUniforms | DeriveCells | Synapse | LearnInit),
        Op::Draw { .. } | Op::Redraw { .. } => {
            !matches!(purpose, DeriveUniforms | DeriveCells | Flow | LearnObservable)
        }
        Op::Expm { .. } => purpose != Kernel,
        Op::Uniform(_) => !matches!(purpose, Synapse | Flow),
        _ => true,
    };
    if fits { Ok(()) } else { Err(format!("not in a program of purpose {purpose:?}")) }
}

/// Whether all that an operation names exists.
pub(super) fn ids(op: &Op, context: &Context) -> Result<(), String> {
    let within = |id: u32, count: usize, what: &str| {
        if (id as usize) < count { Ok(()) } else { Err(format!("there are {count} {what}")) }
    };
    let derived = |role: Role| {
        let reads = context.purpose == Purpose::Reference && role == Role::Derived;
        if reads { Err("a reference program reads nothing derived".to_string()) } else { Ok(()) }
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
        Op::Draw { distribution, args, key, salt } | Op::Redraw { distribution, args, key, salt, .. } => {
            within(key.0, context.keys, "keys")?;
            within(*salt, MAX_SALT as usize, "salts")?;
            let due = distribution.arity();
            if args.len() == due {
                Ok(())
            } else {
                Err(format!("{due} arguments are due, not {}", args.len()))
            }
        }
        Op::Expm { n, entries, row, column } => {
            within(u32::from(*row), usize::from(*n), "rows")?;
            within(u32::from(*column), usize::from(*n), "columns")?;
            let due = usize::from(*n) * usize::from(*n);
            if entries.len() == due {
                Ok(())
            } else {
                Err(format!("{due} entries are due, not {}", entries.len()))
            }
        }
        Op::Call1(function, _) if function.arity() != 1 => Err("this function takes two arguments".into()),
        Op::Call2(function, ..) if function.arity() != 2 => Err("this function takes one argument".into()),
        _ => Ok(()),
    }
}

/// Whether operands and value have the types that the operation demands.
pub(super) fn typed(program: &Program, at: usize, context: &Context) -> Result<(), String> {
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
        Op::Arrival(_) | Op::Time(_) | Op::Edge(_) | Op::Weight => (None, Float),
        Op::Table(..) => (Some(Int), Float),
        Op::Neg(_) | Op::Abs(_) | Op::Sqrt(_) | Op::Floor(_) | Op::Ceil(_) | Op::Round(_) => {
            (Some(Float), Float)
        }
        Op::Div(..) | Op::Fma(..) | Op::Call1(..) | Op::Call2(..) => (Some(Float), Float),
        Op::Expm { .. } | Op::Draw { .. } | Op::Redraw { .. } => (Some(Float), Float),
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
        operands(op).iter().try_for_each(|operand| same(takes, ty(operand)))?;
    }
    same(gives, program.types[at])
}

/// Whether these types are the same.
pub(super) fn same(due: Ty, found: Ty) -> Result<(), String> {
    if due == found {
        return Ok(());
    }
    Err(format!("{} is due, not {}", type_name(due), type_name(found)))
}
