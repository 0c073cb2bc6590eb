//! Programs of rules as kernels: what a synapse and its sides have lies in arrays of a block.
//!
//! In: a program over a synapse and its sides. Out: the same operations over one cell of a block, and what each array of the
//! block holds; or nothing, where machine code has no such operation: draws are keyed by pairs, and matrix exponentials
//! are not for kernels. Such programs are evaluated in rows.

use circ_plan::abi::Access;
use circ_plan::ir::{ArrayId, Op, Output, Program, Side, Ty};
use circ_plan::learning::Learning;
use circ_plan::plan::Plan;

use super::direct::form;

/// A program as a kernel.
#[derive(Clone, Debug)]
pub struct Flat {
    pub program: Program,
    /// By array of the block.
    pub fields: Vec<Field>,
}

/// An array of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    pub what: What,
    pub ty: Ty,
    /// Whether the program reads it, and whether it writes it.
    pub read: bool,
    pub written: bool,
}

/// What an array of a block holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    /// A synapse array, or a column of a side.
    Array(Side, ArrayId),
    Index(Side),
    Edge(u32),
    Result,
}

/// The programs of a rule that run at ticks, in the order in which machine code is given for them: hooks, `transmit`, `on
/// pre and post`, what that transmits.
pub fn programs(learning: &Learning) -> impl Iterator<Item = &Program> {
    let both = learning.both.as_ref();
    let hooks = learning.hooks.iter().map(|hook| &hook.program);
    let together = both.map(|both| &both.program).into_iter();
    hooks
        .chain(learning.transmit.as_ref())
        .chain(together)
        .chain(both.and_then(|both| both.transmit.as_ref()))
}

/// A program as it is compiled.
#[derive(Clone, Debug)]
pub struct RuleKernel {
    pub program: Program,
    /// How its arrays lie, where not in a block.
    pub access: Vec<Access>,
}

/// The programs of all rules of a plan as kernels: by projection, in the order that [`crate::Machine::new`] takes their
/// machine code in: first each program over a block, then each hook where synapses are. Nothing where there can be no
/// machine code.
pub fn rule_programs(plan: &Plan) -> Vec<Option<RuleKernel>> {
    let mut kernels = vec![];
    for projection in &plan.projections {
        let Some(learning) = projection.learning.as_deref() else { continue };
        let block = |flat: Flat| RuleKernel { program: flat.program, access: vec![] };
        kernels.extend(programs(learning).map(|program| flatten(program).map(block)));
        let direct = |(flat, access): (Flat, Vec<Access>)| RuleKernel { program: flat.program, access };
        kernels.extend(learning.hooks.iter().map(|hook| form(plan, projection, learning, hook).map(direct)));
    }
    kernels
}

/// How many kernels a rule has.
pub fn count(learning: &Learning) -> usize {
    programs(learning).count() + learning.hooks.len()
}

/// A program as a kernel, if there can be one.
pub fn flatten(program: &Program) -> Option<Flat> {
    let mut flat = Flat { program: program.clone(), fields: vec![] };
    for at in 0..program.ops.len() {
        let what = match program.ops[at] {
            Op::Load(side, array) => What::Array(side, array),
            Op::Index(side) => What::Index(side),
            Op::Edge(column) => What::Edge(column),
            Op::Draw { .. } | Op::Redraw { .. } | Op::Expm { .. } | Op::Arrival(_) | Op::Weight => {
                return None;
            }
            _ => continue,
        };
        let field = flat.field(what, program.types[at]);
        flat.fields[field].read = true;
        flat.program.ops[at] = Op::Load(Side::Own, ArrayId(field as u32));
    }
    for at in 0..program.outputs.len() {
        let (what, value) = match program.outputs[at] {
            Output::Array(array, value) => (What::Array(Side::Own, array), value),
            Output::Result(value) => (What::Result, value),
            Output::Uniform(..) | Output::Event(..) => return None,
        };
        let field = flat.field(what, program.ty(value));
        flat.fields[field].written = true;
        flat.program.outputs[at] = Output::Array(ArrayId(field as u32), value);
    }
    Some(flat)
}

impl Flat {
    fn field(&mut self, what: What, ty: Ty) -> usize {
        let at = self.fields.iter().position(|field| field.what == what).unwrap_or(self.fields.len());
        if at == self.fields.len() {
            self.fields.push(Field { what, ty, read: false, written: false });
        }
        at
    }
}
