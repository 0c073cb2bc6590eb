//! The block schedule: a step in passes over blocks of cells, between which functions of whole rows are called.
//!
//! In: a program and what is known of it. Out: [`Blocks`]: what every pass before the last computes, what it leaves in
//! scratch memory for later ones, and the calls after it.
//!
//! ```text
//! for every block of cells:
//!   pass 0:  the arguments of calls that need no other call, and what later passes want to read of it
//!   calls:   over all cells of the block, in place; one may have the result of another as its argument
//!   pass 1:  the arguments of calls that need what is made of those
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

/// What is called for all cells of a block at once. It replaces a row by its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Function(Function),
    Root,
    /// Divided by the row in this slot.
    Divide(u32),
    /// Divided by a shared value.
    DivideBy(ValueId),
    /// A shared value is divided by it.
    DivideInto(ValueId),
}

/// A call of a row function: the row in the slot is its argument, and then its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) value: ValueId,
    pub(crate) what: What,
    pub(crate) slot: u32,
}

/// A pass before the last, and the calls after it.
#[derive(Clone, Debug)]
pub(crate) struct Pass {
    /// By value: whether it is computed.
    pub(crate) wanted: Vec<bool>,
    /// What is written into which slot: arguments of calls, and what is kept.
    pub(crate) written: Vec<(ValueId, u32)>,
    /// What later passes read, with its slot.
    pub(crate) kept: Vec<(ValueId, u32)>,
    /// In their order: one may have the result of another as its argument.
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

/// What the passes are made from. `usual` are the operations that are made for nearly all groups, `events` the masks that
/// tell whether one happens.
#[derive(Clone, Copy)]
pub(crate) struct Planner<'a> {
    pub(crate) program: &'a Program,
    pub(crate) access: &'a [Access],
    pub(crate) shared: &'a [bool],
    pub(crate) branches: &'a [Branch],
    pub(crate) usual: &'a [bool],
    pub(crate) events: &'a [ValueId],
    /// Whether rows are made of quotients and roots too.
    pub(crate) divide: bool,
}

/// What is known of the values of a program.
struct Levels {
    /// The first pass that can make it, or read it of a call.
    levels: Vec<u32>,
    /// Whether it is called for rows.
    called: Vec<bool>,
    /// Whether its only reader may replace its row.
    single: Vec<bool>,
}

/// What the passes need of a value.
#[derive(Clone, Copy, Debug, Default)]
struct Need {
    /// A bit for every pass that computes it.
    makes: u64,
    /// A bit for every pass that reads it from scratch memory.
    reads: u64,
    /// The pass from which on its row may be written again.
    end: u32,
    /// Whether it is a call for rows.
    called: bool,
}

impl Planner<'_> {
    /// The passes of a program; none if nothing is called of which rows can be made.
    pub(crate) fn blocks(&self) -> Option<Blocks> {
        let levels = self.levels();
        let called = (0..self.program.ops.len()).filter(|at| levels.called[*at]);
        let last = called.map(|at| levels.levels[at]).max()?;
        let needs = self.needs(&levels, last);
        let (passes, slots) = self.passes(&levels, &needs, last);
        if passes.iter().all(|pass| pass.calls.is_empty()) {
            return None;
        }
        let row = slots * if self.program.precision == Precision::F32 { 4 } else { 8 };
        let mut cells = LARGEST;
        while SMALLEST < cells && SCRATCH < row * cells {
            cells /= 2;
        }
        if STACK < row * cells {
            return None;
        }
        Some(Blocks { passes, slots, cells })
    }

    fn branched(&self, at: usize) -> bool {
        self.branches.iter().any(|it| (it.region.first as usize..it.region.end as usize).contains(&at))
    }

    /// The operand whose row is replaced, and that whose row is only read, if rows can be made of an operation.
    fn rows_of(&self, op: &Op) -> Option<(ValueId, Option<ValueId>)> {
        let shared = |v: &ValueId| self.shared[v.0 as usize];
        match op {
            Op::Call1(function, a) if has_rows(*function) => Some((*a, None)),
            Op::Sqrt(a) if self.divide => Some((*a, None)),
            Op::Div(a, b) if self.divide => Some(match (shared(a), shared(b)) {
                (true, _) => (*b, None),
                (false, true) => (*a, None),
                (false, false) => (*a, Some(*b)),
            }),
            _ => None,
        }
    }

    /// How often a value is read.
    fn readers(&self) -> Vec<u32> {
        let mut readers = vec![0; self.program.ops.len()];
        let of_ops = self.program.ops.iter().flat_map(operands);
        of_ops.chain(self.roots()).for_each(|v| readers[v.0 as usize] += 1);
        readers
    }

    /// What the last pass needs in any case.
    fn roots(&self) -> Vec<ValueId> {
        let masks = self.program.regions.iter().map(|it| it.mask);
        let inside = self.branches.iter().flat_map(|it| (it.region.first..it.region.end).map(ValueId));
        let checks = self.program.checks.iter().map(|check| check.value);
        let events = self.events.iter().copied();
        outputs(self.program).chain(checks).chain(masks).chain(inside).chain(events).collect()
    }

    /// A call comes right after that which makes its argument, if it may replace that; else after the pass that can make
    /// its arguments.
    fn levels(&self) -> Levels {
        let count = self.program.ops.len();
        let single: Vec<bool> = self.readers().into_iter().map(|readers| readers == 1).collect();
        let (mut levels, mut called, mut straight) =
            (vec![0_u32; count], vec![false; count], vec![true; count]);
        for (at, op) in self.program.ops.iter().enumerate() {
            let inputs = operands(op);
            straight[at] = !self.branched(at) && inputs.iter().all(|v| straight[v.0 as usize]);
            let level = inputs.iter().map(|v| levels[v.0 as usize]).max().unwrap_or(0);
            levels[at] = level;
            let Some((row, other)) = self.rows_of(op) else { continue };
            let of = |v: ValueId, may_follow: bool| {
                let at = v.0 as usize;
                levels[at] - u32::from(called[at] && may_follow)
            };
            let replaced = of(row, single[row.0 as usize]);
            let home = other.map_or(replaced, |other| replaced.max(of(other, true)));
            if straight[at] && self.usual[at] && !self.shared[at] && home < PASSES {
                called[at] = true;
                levels[at] = home + 1;
            }
        }
        Levels { levels, called, single }
    }

    /// What is needed where, from the last operation to the first: all readers of a value come before it.
    fn needs(&self, levels: &Levels, last: u32) -> Vec<Need> {
        let program = self.program;
        let mut needs = vec![Need::default(); program.ops.len()];
        let at_last = 1_u64 << last;
        self.roots().into_iter().for_each(|root| needs[root.0 as usize].makes |= at_last);
        for at in (0..program.ops.len()).rev() {
            let needed = needs[at].makes;
            if self.shared[at] || needed == 0 {
                needs[at].makes = 0;
                continue;
            }
            if levels.called[at] {
                let end = needs[at].end.max(63 - needed.leading_zeros());
                needs[at] = Need { makes: 0, reads: needed, end, called: true };
                // Calls read after all groups of their pass: what they read must not give way to what that writes.
                let home = levels.levels[at] - 1;
                for v in operands(&program.ops[at]) {
                    let need = &mut needs[v.0 as usize];
                    need.makes |= 1 << home;
                    need.end = need.end.max(home + 1);
                }
                continue;
            }
            let first = needed & needed.wrapping_neg();
            if needed != first && self.worth_keeping(at) {
                let end = needs[at].end.max(63 - needed.leading_zeros());
                needs[at] = Need { makes: first, reads: needed & !first, end, called: false };
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

    /// The passes, with a slot for every row that is kept for as long as somebody reads it, and how many slots there
    /// are. A slot may be written in the very pass whose groups read it last: a group is read before it is written.
    fn passes(&self, levels: &Levels, needs: &[Need], last: u32) -> (Vec<Pass>, u32) {
        let mut slots = Slots { until: vec![], of: vec![None; needs.len()] };
        let mut passes = vec![];
        for pass in 0..last {
            let (mut written, mut kept, mut calls) = (vec![], vec![], vec![]);
            for (at, need) in needs.iter().enumerate() {
                let value = ValueId(at as u32);
                if need.called && levels.levels[at] == pass + 1 {
                    let call = self.call(value, pass, need.end, (levels, needs), &mut slots, &mut written);
                    calls.extend(call);
                } else if !need.called && need.reads != 0 && need.makes == 1 << pass {
                    let slot = slots.take(pass, need.end);
                    slots.of[at] = Some(slot);
                    kept.push((value, slot));
                }
            }
            written.extend(kept.iter().copied());
            let wanted = needs.iter().map(|need| need.makes >> pass & 1 == 1).collect();
            passes.push(Pass { wanted, written, kept, calls });
        }
        (passes, slots.until.len() as u32)
    }

    /// A call, with what the pass before it has to write.
    fn call(
        &self,
        value: ValueId,
        pass: u32,
        end: u32,
        (levels, needs): (&Levels, &[Need]),
        slots: &mut Slots,
        written: &mut Vec<(ValueId, u32)>,
    ) -> Option<Call> {
        let op = self.program.op(value);
        let (row, other) = self.rows_of(op)?;
        let before = row.0 as usize;
        let slot = match slots.of[before] {
            Some(slot) if needs[before].called && levels.single[before] => {
                slots.until[slot as usize] = end;
                slot
            }
            _ => {
                let slot = slots.take(pass, end);
                written.push((row, slot));
                slot
            }
        };
        slots.of[value.0 as usize] = Some(slot);
        let mut divisor = |other: ValueId| match slots.of[other.0 as usize] {
            Some(slot) => slot,
            None => {
                let slot = slots.take(pass, pass + 1);
                written.push((other, slot));
                slot
            }
        };
        let what = match op {
            Op::Call1(function, _) => What::Function(*function),
            Op::Sqrt(_) => What::Root,
            Op::Div(a, b) => match other {
                Some(other) => What::Divide(divisor(other)),
                None if row == *b && self.shared[a.0 as usize] => What::DivideInto(*a),
                None => What::DivideBy(*b),
            },
            _ => return None,
        };
        Some(Call { value, what, slot })
    }
}

/// Rows of scratch memory.
struct Slots {
    /// By slot: the pass from which on it may be written again.
    until: Vec<u32>,
    /// By value.
    of: Vec<Option<u32>>,
}

impl Slots {
    fn take(&mut self, pass: u32, end: u32) -> u32 {
        let free = self.until.iter().position(|until| *until <= pass);
        let slot = free.unwrap_or(self.until.len());
        if free.is_none() {
            self.until.push(0);
        }
        self.until[slot] = end;
        slot as u32
    }
}
