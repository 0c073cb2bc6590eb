//! The block schedule: a step in passes over blocks of cells, between which functions of whole rows are called.
//!
//! In: a program and what is known of it. Out: [`Blocks`]: what every pass before the last computes, what it leaves in
//! scratch memory for later ones, and the calls after it.
//!
//! ```text
//! for every block of cells:
//!   pass 0:  the arguments of calls that need no other call, and what later passes want to read of it
//!   calls:   one a function, over all cells of the block, in place
//!   pass 1:  the arguments of calls that need those
//!   ...
//!   last:    everything else, events, checks and stores, as if there were no blocks
//! ```
//!
//! Values are the same as in one loop: operations are pure, and arrays are written in the last pass only. A value
//! that several passes need is kept by the first of them, if that is cheaper than to compute it again.

use crate::cost::{cost, has_rows};
use crate::facts::{Branch, outputs};
use crate::validate::operands;
use circ_numerics::Function;
use circ_plan::abi::Access;
use circ_plan::ir::{Op, Precision, Program, Ty, ValueId};

/// A call of a row function: its argument is put into a slot, which then holds its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) value: ValueId,
    pub(crate) function: Function,
    pub(crate) argument: ValueId,
    pub(crate) slot: u32,
}

/// A pass before the last, and the calls after it.
#[derive(Clone, Debug)]
pub(crate) struct Pass {
    /// By value: whether it is computed.
    pub(crate) wanted: Vec<bool>,
    /// What later passes read, with its slot.
    pub(crate) kept: Vec<(ValueId, u32)>,
    pub(crate) calls: Vec<Call>,
}

/// The passes of a step.
#[derive(Clone, Debug)]
pub(crate) struct Blocks {
    pub(crate) passes: Vec<Pass>,
    /// How many rows of scratch memory there are.
    pub(crate) slots: u32,
    /// Cells of a block: a power of two.
    pub(crate) cells: u32,
}

impl Blocks {
    /// Whether a value is in scratch memory when the last pass begins.
    pub(crate) fn held(&self, value: ValueId) -> bool {
        self.passes.iter().any(|pass| {
            pass.kept.iter().any(|(kept, _)| *kept == value)
                || pass.calls.iter().any(|call| call.value == value)
        })
    }
}

/// More passes are not made: what lies deeper is computed in the last.
const PASSES: u32 = 24;
/// Scratch memory of a block: it shares the first cache with the arrays of the cells.
const SCRATCH: u32 = 16 << 10;
const LARGEST: u32 = 256;
const SMALLEST: u32 = 64;
/// Scratch memory lies on the stack: a program that needs more of it even for the smallest block has no blocks.
const STACK: u32 = 96 << 10;

/// The passes of a program; none if no function is called of which rows can be made. `usual` are the operations
/// that are made for nearly all groups, `events` the masks that tell whether one happens.
pub(crate) fn blocks(
    program: &Program,
    access: &[Access],
    shared: &[bool],
    branches: &[Branch],
    usual: &[bool],
    events: &[ValueId],
) -> Option<Blocks> {
    let plan = Planner { program, access, shared, branches };
    let (levels, called) = plan.levels(usual);
    let last = (0..program.ops.len()).filter(|at| called[*at]).map(|at| levels[at]).max()?;
    let needs = plan.needs(&levels, &called, last, events);
    let passes = plan.passes(&levels, &needs, last);
    if passes.iter().all(|pass| pass.calls.is_empty()) {
        return None;
    }
    let slots = passes.iter().flat_map(Pass::slots).max().map_or(0, |slot| slot + 1);
    let row = slots * if program.precision == Precision::F32 { 4 } else { 8 };
    let mut cells = LARGEST;
    while SMALLEST < cells && SCRATCH < row * cells {
        cells /= 2;
    }
    if STACK < row * cells {
        return None;
    }
    Some(Blocks { passes, slots, cells })
}

impl Pass {
    fn slots(&self) -> impl Iterator<Item = u32> {
        self.kept.iter().map(|(_, slot)| *slot).chain(self.calls.iter().map(|call| call.slot))
    }
}

struct Planner<'a> {
    program: &'a Program,
    access: &'a [Access],
    shared: &'a [bool],
    branches: &'a [Branch],
}

/// What the passes need of a value.
#[derive(Clone, Copy, Debug, Default)]
struct Need {
    /// A bit for every pass that computes it.
    makes: u64,
    /// A bit for every pass that reads it from scratch memory.
    reads: u64,
    /// Whether it is a call for rows.
    called: bool,
}

impl Planner<'_> {
    fn branched(&self, at: usize) -> bool {
        self.branches.iter().any(|it| (it.region.first as usize..it.region.end as usize).contains(&at))
    }

    /// By value: the first pass that can make it (or read it, of a call), and whether it is called for rows.
    fn levels(&self, usual: &[bool]) -> (Vec<u32>, Vec<bool>) {
        let count = self.program.ops.len();
        let (mut levels, mut called, mut straight) = (vec![0; count], vec![false; count], vec![true; count]);
        for (at, op) in self.program.ops.iter().enumerate() {
            let inputs = operands(op);
            let level = inputs.iter().map(|v| levels[v.0 as usize]).max().unwrap_or(0);
            straight[at] = !self.branched(at) && inputs.iter().all(|v| straight[v.0 as usize]);
            called[at] = straight[at]
                && usual[at]
                && !self.shared[at]
                && level < PASSES
                && matches!(op, Op::Call1(function, _) if has_rows(*function));
            levels[at] = level + u32::from(called[at]);
        }
        (levels, called)
    }

    /// What is needed where, from the last operation to the first: all readers of a value come before it.
    fn needs(&self, levels: &[u32], called: &[bool], last: u32, events: &[ValueId]) -> Vec<Need> {
        let program = self.program;
        let mut needs = vec![Need::default(); program.ops.len()];
        let at_last = 1_u64 << last;
        let masks = self.branches.iter().map(|it| it.region.mask);
        let inside = self.branches.iter().flat_map(|it| (it.region.first..it.region.end).map(ValueId));
        let checks = program.checks.iter().map(|check| check.value);
        for root in outputs(program).chain(checks).chain(masks).chain(inside).chain(events.iter().copied()) {
            needs[root.0 as usize].makes |= at_last;
        }
        for at in (0..program.ops.len()).rev() {
            let needed = needs[at].makes;
            if self.shared[at] || needed == 0 {
                needs[at].makes = 0;
                continue;
            }
            if called[at] {
                needs[at] = Need { makes: 0, reads: needed, called: true };
                let before = 1 << (levels[at] - 1);
                operands(&program.ops[at]).iter().for_each(|v| needs[v.0 as usize].makes |= before);
                continue;
            }
            let first = needed & needed.wrapping_neg();
            if needed != first && self.worth_keeping(at) {
                needs[at] = Need { makes: first, reads: needed & !first, called: false };
            }
            let makes = needs[at].makes;
            operands(&program.ops[at]).iter().for_each(|v| needs[v.0 as usize].makes |= makes);
        }
        needs
    }

    /// Whether to write a value and read it again costs less than to make it twice.
    fn worth_keeping(&self, at: usize) -> bool {
        let program = self.program;
        program.types[at] != Ty::Int
            && !self.branched(at)
            && !self.leaf(at)
            && (1 < cost(program, &program.ops[at])
                || operands(&program.ops[at]).iter().any(|v| !self.leaf(v.0 as usize)))
    }

    /// Whether a value is as quickly loaded where it is as from scratch memory.
    fn leaf(&self, at: usize) -> bool {
        let lies = |array: usize| self.access.get(array).copied().unwrap_or(Access::Block);
        match &self.program.ops[at] {
            Op::Load(_, array) => lies(array.0 as usize) == Access::Block,
            Op::Arrival(_) => true,
            _ => self.shared[at],
        }
    }

    /// The passes, with a slot for every row that is kept for as long as somebody reads it. A slot may be written in
    /// the very pass that reads it last: a group of cells is read before it is written.
    fn passes(&self, levels: &[u32], needs: &[Need], last: u32) -> Vec<Pass> {
        let end = |need: &Need| 63 - need.reads.leading_zeros();
        let mut taken: Vec<u32> = vec![];
        let mut passes = vec![];
        for pass in 0..last {
            let mut slot = |end: u32| {
                let free = taken.iter().position(|until| *until <= pass);
                let slot = free.unwrap_or(taken.len());
                if free.is_none() {
                    taken.push(0);
                }
                taken[slot] = end;
                slot as u32
            };
            let (mut kept, mut calls) = (vec![], vec![]);
            for (at, need) in needs.iter().enumerate() {
                let value = ValueId(at as u32);
                if let (true, Op::Call1(function, argument)) = (need.called, &self.program.ops[at]) {
                    if levels[at] == pass + 1 {
                        let slot = slot(end(need));
                        calls.push(Call { value, function: *function, argument: *argument, slot });
                    }
                } else if need.reads != 0 && need.makes == 1 << pass {
                    kept.push((value, slot(end(need))));
                }
            }
            let wanted = needs.iter().map(|need| need.makes >> pass & 1 == 1).collect();
            passes.push(Pass { wanted, kept, calls });
        }
        passes
    }
}
