//! What is known of a program before code is emitted: which values all cells share, which constants the
//! loop needs and how often, which regions are worth a branch, how many groups one turn of the loop takes.

use crate::blocks::{Blocks, Planner};
use crate::chains::{Chains, chains};
use crate::cost::{blocks_cost, cost, loop_cost, tiles_cost};
use crate::machine::How;
use crate::quiet::{Known, Quiet, known, quiet};
use crate::validate::operands;
use crate::{Planned, PlannedBlocks, PlannedTiles, Schedule};
use circ_numerics::chains::TILE;
use circ_numerics::math::exp::{F32, F64};
use circ_numerics::{Distribution, Function};
use circ_plan::abi::Access;
use circ_plan::ir::{MAX_TICK, Op, Output, Precision, Program, Region, Ty, ValueId};
use std::collections::{BTreeMap, BTreeSet};

/// A vector of equal lanes that does not change in the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Invariant {
    /// A float by its bits (as wide as the precision).
    Float(u64),
    /// An integer as wide as the float.
    Whole(i64),
    /// A shared value.
    Value(ValueId),
}

/// A region that is branched over where no lane needs it.
#[derive(Clone, Debug)]
pub(crate) struct Branch {
    pub(crate) region: Region,
    /// Its values that are read after it.
    pub(crate) live: Vec<ValueId>,
}

pub(crate) struct Facts {
    /// For every value, whether all cells share it: it is computed once, before the loop.
    pub(crate) shared: Vec<bool>,
    /// Ordered by their first operation; nested or disjoint.
    pub(crate) branches: Vec<Branch>,
    /// What the loop keeps in registers.
    pub(crate) registers: BTreeSet<Invariant>,
    /// What it reads from memory at every use, in order of their slots.
    pub(crate) pool: Vec<Invariant>,
    /// Groups of 128 bits in one turn of the loop.
    pub(crate) groups: u32,
    /// Whether the groups of a turn are computed instruction beside instruction. A long body is a long chain
    /// of dependences: the processor does not see far enough ahead to find the next group by itself.
    pub(crate) interleaved: bool,
    /// Draws that are made for a row of cells at once, in order.
    pub(crate) rows: Vec<ValueId>,
    /// What groups without events are spared.
    pub(crate) quiet: Quiet,
    /// The passes over blocks of cells, where they are cheaper than one loop.
    pub(crate) blocks: Option<Blocks>,
    /// What quiet tiles are made of by a function, where that is cheaper than either.
    pub(crate) chains: Option<Chains>,
    precision: Precision,
    row_bits: u32,
    costs: Costs,
}

/// What a cell takes in one loop, and in blocks and tiles, if that can be.
struct Costs {
    of_loop: f64,
    of_blocks: Option<f64>,
    of_tiles: Option<f64>,
}

impl Facts {
    /// For people.
    pub(crate) fn planned(&self) -> Planned {
        let blocks = self.blocks.as_ref().map(|blocks| PlannedBlocks {
            cells: blocks.cells,
            passes: blocks.passes.len() as u32 + 1,
            calls: blocks.passes.iter().map(|pass| pass.calls.len() as u32).sum(),
            bits: self.row_bits,
        });
        let cells = TILE as u32 / if self.precision == Precision::F32 { 4 } else { 8 };
        let tiles = self.chains.is_some().then_some(PlannedTiles { cells, bits: self.row_bits });
        let Costs { of_loop, of_blocks, of_tiles } = self.costs;
        Planned { blocks, loop_cost: of_loop, blocks_cost: of_blocks, tiles, tiles_cost: of_tiles }
    }

    /// Cells whose draws and calls are made together.
    pub(crate) fn row(&self) -> u32 {
        self.blocks.as_ref().map_or(ROW, |blocks| blocks.cells)
    }
}

/// Cells whose draws are made together, where there are no blocks.
const ROW: u32 = 128;

/// Registers that the loop's invariants may take of the 16 that there are, in short bodies and in others.
const REGISTERS: [usize; 2] = [9, 4];
/// A region that costs less is computed for all cells.
const BRANCH_PAYS: u32 = 24;
/// Bodies up to this cost are repeated four times, up to the next twice, one group after another.
const SHORT: u32 = 48;
const MIDDLE: u32 = 120;
/// Longer bodies without calls and branches make four groups beside each other up to this cost, and two up to the
/// next: what is longer still takes long to compile.
const LONG: u32 = 600;
const LONGER: u32 = 2000;

/// All facts.
pub(crate) fn facts(program: &Program, access: &[Access], how: How) -> Facts {
    let How { fma, schedule, row_bits } = how;
    let shared = shared(program);
    let known = known(program);
    let branches = branches(program, &shared, &known.0);
    let rows = if fma { rows(program, &branches) } else { vec![] };
    let events = known.1.clone();
    let mut quiet_groups = quiet(program, &shared, &branches, known.clone());
    let cost_of_loop = loop_cost(program, &numbered(&quiet_groups.usual()));
    let usual = quiet_groups.usual();
    let plan = |divide: bool| {
        let (shared, branches, usual, events) = (&shared, &branches, &usual, &events);
        let blocks = Planner { program, access, shared, branches, usual, events, divide }.blocks()?;
        let there: Vec<bool> =
            (0..shared.len()).map(|at| shared[at] || blocks.held(ValueId(at as u32))).collect();
        let quiet = quiet(program, &there, branches, known.clone());
        let cost = blocks_cost(program, &blocks, &numbered(&quiet.usual()), row_bits);
        Some((blocks, quiet, cost))
    };
    // What is meant by indices may be meant again in the next few elements, which have to see what these wrote.
    let in_order = access.iter().any(|it| matches!(it, Access::Listed(..)));
    let planned = match schedule {
        _ if in_order => None,
        Schedule::Loop | Schedule::Tiles => None,
        // All that there is, for tests.
        Schedule::Blocks => plan(true),
        Schedule::Cheapest => {
            [plan(false), plan(true)].into_iter().flatten().min_by(|a, b| a.2.total_cmp(&b.2))
        }
    };
    // Registers that are no wider than the loop's are not worth it.
    let wide = !cfg!(target_arch = "x86_64") || 128 < row_bits;
    let linear =
        if fma && wide && rows.is_empty() { chains(program, access, &shared, &quiet_groups) } else { None };
    let costs = Costs {
        of_loop: cost_of_loop,
        of_blocks: planned.as_ref().map(|(_, _, cost)| *cost),
        of_tiles: linear.as_ref().map(|_| tiles_cost(cost_of_loop, row_bits)),
    };
    let mut blocks = None;
    if let Some((passes, quiet, cost)) = planned
        && (cost < cost_of_loop || schedule == Schedule::Blocks)
    {
        blocks = Some(passes);
        quiet_groups = quiet;
    }
    let chains = linear.filter(|_| match schedule {
        Schedule::Cheapest => blocks.is_none() && costs.of_tiles < Some(cost_of_loop),
        Schedule::Tiles => true,
        Schedule::Loop | Schedule::Blocks => false,
    });
    let last = numbered(&quiet_groups.usual());
    let passes = blocks.iter().flat_map(|blocks| &blocks.passes).map(|pass| numbered(&pass.wanted));
    let passes: Vec<Vec<usize>> = std::iter::once(last).chain(passes).collect();
    let every = passes.concat();
    let uses = invariants(program, &shared, &every, fma);
    let mut by_use: Vec<Invariant> = uses.keys().copied().collect();
    by_use.sort_by_key(|invariant| std::cmp::Reverse(uses[invariant]));
    let cost_of = |pass: &Vec<usize>| pass.iter().map(|at| cost(program, &program.ops[*at])).sum();
    let cost: u32 = passes.iter().map(cost_of).max().unwrap_or(0);
    let pool = by_use.split_off(by_use.len().min(REGISTERS[usize::from(cost > SHORT)]));
    let straight = fma && branches.is_empty() && every.iter().all(|at| in_line(&program.ops[*at]));
    let (groups, interleaved) = match cost {
        cost if cost <= SHORT => (4, false),
        cost if cost <= MIDDLE => (2, false),
        cost if cost <= LONG && straight => (4, true),
        cost if cost <= LONGER && straight => (2, true),
        _ => (1, false),
    };
    let registers = by_use.into_iter().collect();
    Facts {
        shared,
        branches,
        registers,
        pool,
        groups,
        interleaved,
        rows,
        quiet: quiet_groups,
        blocks,
        chains,
        precision: program.precision,
        row_bits,
        costs,
    }
}

fn numbered(wanted: &[bool]) -> Vec<usize> {
    (0..wanted.len()).filter(|at| wanted[*at]).collect()
}

fn shared(program: &Program) -> Vec<bool> {
    let mut shared: Vec<bool> = Vec::with_capacity(program.ops.len());
    for op in &program.ops {
        let own = matches!(op, Op::Load(..) | Op::Arrival(_) | Op::Index(_) | Op::Draw { .. })
            || matches!(op, Op::Redraw { .. });
        shared.push(!own && operands(op).iter().all(|v| shared[v.0 as usize]));
    }
    shared
}

/// Operations of a range that every cell makes for itself.
fn own<'a>(
    program: &'a Program,
    shared: &'a [bool],
    range: std::ops::Range<usize>,
) -> impl Iterator<Item = usize> + use<'a> {
    debug_assert!(range.end <= program.ops.len());
    range.filter(|at| !shared[*at])
}

/// Whether an operation makes neither a call nor a branch.
fn in_line(op: &Op) -> bool {
    match op {
        Op::Call1(function, _) => exp_like(*function),
        Op::Call2(..) | Op::Draw { .. } | Op::Redraw { .. } | Op::IntDiv(..) | Op::IntMod(..) => false,
        _ => true,
    }
}

/// Lanes of a group.
pub(crate) fn lanes(precision: Precision) -> u32 {
    match precision {
        Precision::F32 => 4,
        Precision::F64 => 2,
    }
}

/// Functions that are emitted in line.
pub(crate) fn exp_like(function: Function) -> bool {
    use Function::{Exp, Expm1, Exprel, Sigmoid, Tanh};
    matches!(function, Exp | Expm1 | Exprel | Tanh | Sigmoid)
}

fn branches(program: &Program, shared: &[bool], known: &[Known]) -> Vec<Branch> {
    let pays = |region: &Region| {
        let range = region.first as usize..region.end as usize;
        own(program, shared, range).map(|at| cost(program, &program.ops[at])).sum::<u32>() >= BRANCH_PAYS
    };
    let readers = last_readers(program, known);
    let mut branches: Vec<Branch> = vec![];
    for region in program.regions.iter().filter(|region| pays(region)) {
        let same = |other: &Branch| (other.region.first, other.region.end) == (region.first, region.end);
        if branches.last().is_some_and(same) {
            continue;
        }
        let range = region.first as usize..region.end as usize;
        let live = own(program, shared, range).filter(|at| readers[*at] >= region.end as usize);
        branches.push(Branch { region: *region, live: live.map(|at| ValueId(at as u32)).collect() });
    }
    branches
}

/// For every value the last operation that reads it, or what stands for it in a quiet group; outputs and checks read
/// after all.
fn last_readers(program: &Program, known: &[Known]) -> Vec<usize> {
    let mut readers = vec![0; program.ops.len()];
    let mut read = |value: ValueId, at: usize| {
        let stand_in = match known[value.0 as usize] {
            Known::Same(same) => same,
            Known::Truth(_) => value,
        };
        for value in [value, stand_in] {
            let reader = &mut readers[value.0 as usize];
            *reader = (*reader).max(at);
        }
    };
    for (at, op) in program.ops.iter().enumerate() {
        operands(op).into_iter().for_each(|operand| read(operand, at));
    }
    program.regions.iter().for_each(|region| read(region.mask, region.first as usize));
    let checked = program.checks.iter().map(|check| check.value);
    checked.chain(outputs(program)).for_each(|value| read(value, usize::MAX));
    readers
}

/// The values that go out.
pub(crate) fn outputs(program: &Program) -> impl Iterator<Item = ValueId> + '_ {
    program.outputs.iter().map(|output| match output {
        Output::Array(_, value)
        | Output::Uniform(_, value)
        | Output::Event(_, value)
        | Output::Result(value) => *value,
    })
}

/// Uniform and normal draws that every cell makes.
fn rows(program: &Program, branches: &[Branch]) -> Vec<ValueId> {
    let branched =
        |at: usize| branches.iter().any(|b| (b.region.first as usize..b.region.end as usize).contains(&at));
    let row = |(at, op): (usize, &Op)| match op {
        Op::Draw { distribution: Distribution::Uniform | Distribution::Normal, .. } if !branched(at) => {
            Some(ValueId(at as u32))
        }
        _ => None,
    };
    program.ops.iter().enumerate().filter_map(row).collect()
}

/// How often the usual way through the loop uses each.
fn invariants(program: &Program, shared: &[bool], usual: &[usize], fma: bool) -> BTreeMap<Invariant, u32> {
    let mut uses = BTreeMap::new();
    let mut count = |invariant: Invariant| *uses.entry(invariant).or_insert(0) += 1;
    let vector = |value: &ValueId| shared[value.0 as usize] && program.ty(*value) != Ty::Int;
    for op in usual.iter().map(|at| &program.ops[*at]) {
        operands(op).into_iter().filter(vector).for_each(|operand| count(invariant(program, operand)));
        match op {
            Op::Call1(function, _) if exp_like(*function) && fma => {
                exp_constants(*function, program.precision).into_iter().for_each(&mut count);
            }
            Op::TickAdd(..) => count(Invariant::Whole(MAX_TICK)),
            // Accumulators are emptied.
            Op::Arrival(_) => count(Invariant::Float(0)),
            _ => {}
        }
    }
    let ends = program.checks.iter().map(|check| check.value).chain(outputs(program));
    ends.filter(vector).for_each(|value| count(invariant(program, value)));
    uses
}

/// A shared value, as a vector.
pub(crate) fn invariant(program: &Program, value: ValueId) -> Invariant {
    match program.op(value) {
        Op::Float(x) => Invariant::Float(float_bits(program.precision, *x)),
        _ => Invariant::Value(value),
    }
}

/// The bits of a number in a precision.
pub(crate) fn float_bits(precision: Precision, x: f64) -> u64 {
    match precision {
        Precision::F32 => u64::from((x as f32).to_bits()),
        Precision::F64 => x.to_bits(),
    }
}

/// What the sequences of [`crate::emit`] for these functions ask for.
fn exp_constants(function: Function, precision: Precision) -> Vec<Invariant> {
    let float = |x: f64| Invariant::Float(float_bits(precision, x));
    let (mut constants, limits, reciprocal) = match precision {
        Precision::F32 => {
            let c = &F32;
            let mut list = vec![c.log2e, c.shift, c.shift, c.minus_ln2_high, c.minus_ln2_low];
            list.extend(c.polynomial);
            let limits = [c.exp_above, c.exp_below, c.exprel_above, c.expm1_below].map(f64::from);
            (list.into_iter().map(|x| float(f64::from(x))).collect::<Vec<_>>(), limits, c.reciprocal)
        }
        Precision::F64 => {
            let c = &F64;
            let mut list = vec![c.log2e, c.shift, c.shift, c.minus_ln2_high, c.minus_ln2_low];
            list.extend(c.polynomial);
            let limits = [c.exp_above, c.exp_below, c.exprel_above, c.expm1_below];
            (list.into_iter().map(float).collect::<Vec<_>>(), limits, c.reciprocal)
        }
    };
    let reciprocal = Invariant::Whole(reciprocal as i64);
    let [exp_above, exp_below, exprel_above, expm1_below] = limits.map(float);
    constants.extend(match function {
        Function::Exp => vec![exp_above, exp_below, float(1.0)],
        Function::Sigmoid => vec![exp_above, exp_below, float(1.0), float(1.0), float(1.0)],
        Function::Expm1 => vec![exp_above, expm1_below, reciprocal],
        Function::Exprel => vec![exprel_above, expm1_below, reciprocal, float(1.0)],
        Function::Tanh => vec![expm1_below, reciprocal, float(-2.0), float(2.0)],
        _ => vec![],
    });
    constants
}
