//! What all passes over operations need: their operands, their names, and a hash that is equal where
//! two are the same.
//!
//! In: an [`Op`]. Out: facts about its form, none about its meaning. Adding an operation to the IR
//! means adding it here, in `interpret::apply` and in the printer's and reader's tables.

use circ_plan::ir::*;
use smallvec::{SmallVec, smallvec};

/// The operands of an operation, by reference of the same kind as the operation's.
macro_rules! operand_list {
    ($op:expr) => {
        match $op {
            Op::Float(_) | Op::Int(_) | Op::Bool(_) | Op::Tick(_) => smallvec![],
            Op::Load(..) | Op::Uniform(_) | Op::Arrival(_) | Op::Index(_) => smallvec![],
            Op::Now | Op::Time(_) | Op::Edge(_) | Op::Weight => smallvec![],
            Op::Neg(a) | Op::Abs(a) | Op::Sqrt(a) | Op::Floor(a) | Op::Ceil(a) | Op::Round(a) => {
                smallvec![a]
            }
            Op::Call1(_, a) | Op::ToFloat(a) | Op::ToInt(a) | Op::ToTick(a) | Op::Not(a) => smallvec![a],
            Op::Add(a, b) | Op::Sub(a, b) | Op::Mul(a, b) | Op::Div(a, b) => smallvec![a, b],
            Op::Min(a, b) | Op::Max(a, b) | Op::Call2(_, a, b) | Op::Table(_, a, b) => smallvec![a, b],
            Op::IntDiv(a, b) | Op::IntMod(a, b) | Op::TickAdd(a, b) => smallvec![a, b],
            Op::AddOverflows(a, b) | Op::SubOverflows(a, b) | Op::MulOverflows(a, b) => smallvec![a, b],
            Op::Compare(_, a, b) | Op::And(a, b) | Op::Or(a, b) => smallvec![a, b],
            Op::Fma(a, b, c) | Op::Select(a, b, c) => smallvec![a, b, c],
            Op::Expm { entries, .. } => entries.into_iter().collect(),
            Op::Draw { args, .. } => args.into_iter().collect(),
            Op::Redraw { args, within, .. } => args.into_iter().chain(within).collect(),
        }
    };
}

/// Few, nearly always: they need no memory of their own.
pub type Operands = SmallVec<[ValueId; 4]>;

/// The operands of an operation, in order.
pub fn operands(op: &Op) -> Operands {
    match *op {
        // Of most operations without a detour over places.
        Op::Neg(a) | Op::Abs(a) | Op::Call1(_, a) | Op::Not(a) => smallvec![a],
        Op::Add(a, b) | Op::Sub(a, b) | Op::Mul(a, b) | Op::Div(a, b) => smallvec![a, b],
        Op::Compare(_, a, b) | Op::And(a, b) | Op::Or(a, b) => smallvec![a, b],
        Op::Fma(a, b, c) | Op::Select(a, b, c) => smallvec![a, b, c],
        Op::Float(_) | Op::Load(..) | Op::Uniform(_) => smallvec![],
        ref op => {
            let operands: SmallVec<[&ValueId; 4]> = operand_list!(op);
            operands.into_iter().copied().collect()
        }
    }
}

/// The same operation of other operands.
pub fn map_operands(op: &Op, mut to: impl FnMut(ValueId) -> ValueId) -> Op {
    let mut op = op.clone();
    let operands: SmallVec<[&mut ValueId; 4]> = operand_list!(&mut op);
    for operand in operands {
        *operand = to(*operand);
    }
    op
}

/// The word that a printed operation begins with.
pub fn mnemonic(op: &Op) -> &'static str {
    match op {
        Op::Float(_) => "float",
        Op::Int(_) => "int",
        Op::Bool(_) => "bool",
        Op::Tick(_) => "tick",
        Op::Load(..) => "load",
        Op::Uniform(_) => "uniform",
        Op::Arrival(_) => "arrival",
        Op::Index(_) => "index",
        Op::Now => "now",
        Op::Time(_) => "time",
        Op::Table(..) => "table",
        Op::Edge(_) => "edge",
        Op::Weight => "weight",
        Op::Neg(_) => "neg",
        Op::Abs(_) => "abs",
        Op::Sqrt(_) => "sqrt",
        Op::Floor(_) => "floor",
        Op::Ceil(_) => "ceil",
        Op::Round(_) => "round",
        Op::Add(..) => "add",
        Op::Sub(..) => "sub",
        Op::Mul(..) => "mul",
        Op::Div(..) => "div",
        Op::Fma(..) => "fma",
        Op::Min(..) => "min",
        Op::Max(..) => "max",
        Op::Call1(function, _) | Op::Call2(function, ..) => function.name(),
        Op::Expm { .. } => "expm",
        Op::IntDiv(..) => "int_div",
        Op::IntMod(..) => "int_mod",
        Op::AddOverflows(..) => "add_overflows",
        Op::SubOverflows(..) => "sub_overflows",
        Op::MulOverflows(..) => "mul_overflows",
        Op::ToFloat(_) => "to_float",
        Op::ToInt(_) => "to_int",
        Op::ToTick(_) => "to_tick",
        Op::TickAdd(..) => "tick_add",
        Op::Compare(compare, ..) => compare_name(*compare),
        Op::Not(_) => "not",
        Op::And(..) => "and",
        Op::Or(..) => "or",
        Op::Select(..) => "select",
        Op::Draw { .. } => "draw",
        Op::Redraw { .. } => "redraw",
    }
}

/// The name of a comparison in printed programs.
pub fn compare_name(compare: Compare) -> &'static str {
    match compare {
        Compare::Eq => "eq",
        Compare::Ne => "ne",
        Compare::Lt => "lt",
        Compare::Le => "le",
        Compare::Gt => "gt",
        Compare::Ge => "ge",
    }
}

/// Whether the order of the first two operands does not matter.
pub fn commutes(op: &Op) -> bool {
    match op {
        Op::Add(..) | Op::Mul(..) | Op::And(..) | Op::Or(..) | Op::Fma(..) | Op::TickAdd(..) => true,
        Op::AddOverflows(..) | Op::MulOverflows(..) => true,
        Op::Compare(compare, ..) => matches!(compare, Compare::Eq | Compare::Ne),
        _ => false,
    }
}

/// Equal for operations that make the same bits, whatever the order of operands where it does not matter.
pub fn hash(op: &Op) -> u32 {
    let mut operands = operands(op);
    if commutes(op) {
        operands[..2].sort_unstable();
    }
    let kind = mnemonic(op).bytes().fold(0, |word, byte| word << 8 | u64::from(byte));
    // The multiplier is 2^64 over the golden ratio (Knuth 1998, The Art of Computer Programming 3, section 6.4).
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = immediates(op).iter().fold(kind, |hash, word| mix(hash, *word));
    let mixed = operands.iter().fold(mixed, |hash, operand| mix(hash, u64::from(operand.0)));
    (mixed >> 32) as u32
}

/// What an operation holds besides its operands.
fn immediates(op: &Op) -> SmallVec<[u64; 3]> {
    match op {
        Op::Float(x) => smallvec![x.to_bits()],
        Op::Int(x) | Op::Tick(x) => smallvec![*x as u64],
        Op::Bool(x) => smallvec![u64::from(*x)],
        Op::Load(side, array) => smallvec![*side as u64, u64::from(array.0)],
        Op::Uniform(uniform) => smallvec![u64::from(uniform.0)],
        Op::Arrival(port) => smallvec![u64::from(port.0)],
        Op::Index(side) => smallvec![*side as u64],
        Op::Time(moment) => smallvec![*moment as u64],
        Op::Table(table, ..) => smallvec![u64::from(table.0)],
        Op::Edge(column) => smallvec![u64::from(*column)],
        Op::Expm { n, row, column, .. } => smallvec![u64::from(*n), u64::from(*row), u64::from(*column)],
        Op::Draw { distribution, key, salt, .. } | Op::Redraw { distribution, key, salt, .. } => {
            smallvec![*distribution as u64, u64::from(key.0), u64::from(*salt)]
        }
        _ => smallvec![],
    }
}

/// The value that an output takes.
pub fn output_value(output: &Output) -> ValueId {
    match output {
        Output::Array(_, value)
        | Output::Uniform(_, value)
        | Output::Event(_, value)
        | Output::Result(value) => *value,
    }
}

/// The same output of another value.
pub fn map_output(output: &Output, to: impl Fn(ValueId) -> ValueId) -> Output {
    match output {
        Output::Array(array, value) => Output::Array(*array, to(*value)),
        Output::Uniform(uniform, value) => Output::Uniform(*uniform, to(*value)),
        Output::Event(event, value) => Output::Event(*event, to(*value)),
        Output::Result(value) => Output::Result(to(*value)),
    }
}
