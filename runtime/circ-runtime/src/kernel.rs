//! Calls machine code: one step of one shard.
//!
//! In: the shard, its accumulators and lists. Out: what the kernel left in them, and the cell that
//! failed, if any. The only place where compiled code is entered.

use circ_plan::abi::{BLOCK, KernelArgs, KernelFn, TableRef};
use circ_plan::ir::Precision;
use circ_plan::plan::{PopulationPlan, Table};

use crate::aligned::Aligned;
use crate::cells::{Shard, padded};
use crate::ring::Rings;

/// The compiled programs of a population.
#[derive(Clone, Copy, Debug)]
pub struct Kernels {
    /// Makes tick 0.
    pub start: KernelFn,
    /// Makes every later tick.
    pub step: KernelFn,
}

/// The lists that kernels append to: by event.
#[derive(Debug)]
pub struct Lists {
    lists: Vec<Vec<u32>>,
    counts: Vec<u32>,
}

impl Lists {
    /// With room for all cells and padding.
    pub fn new(population: &PopulationPlan, cells: u32) -> Lists {
        let events = population.events.len();
        Lists { lists: vec![vec![0; padded(cells)]; events], counts: vec![0; events] }
    }

    /// Replaces the cells of event 0.
    pub fn put(&mut self, cells: impl Iterator<Item = u32>) {
        let Some(list) = self.lists.first_mut() else {
            return;
        };
        let mut count = 0;
        for (place, cell) in list.iter_mut().zip(cells) {
            *place = cell;
            count += 1;
        }
        self.counts[0] = count;
    }

    /// The local indices of the cells that had an event in the last step, ascending.
    pub fn cells(&self, event: usize) -> &[u32] {
        &self.lists[event][..self.counts[event] as usize]
    }
}

/// What a step is called with besides its shard.
pub struct Step<'a> {
    pub kernel: KernelFn,
    pub population: &'a PopulationPlan,
    pub tables: &'a [Table],
    pub slots: &'a [u64],
    /// Of draws, by `KeyId`.
    pub keys: &'a [[u32; 2]],
    /// By port: where in the arena the shard's accumulators begin.
    pub offsets: &'a [usize],
    pub tick: i64,
    pub dt: f64,
}

/// A list for the time of one call: in `few` where there is room, else in `many`. The former is where it stays: small networks
/// would notice at every tick that memory is asked for, and that a list is copied.
#[inline(always)]
fn brief<T: Copy>(few: &mut [T], many: &mut Vec<T>, items: impl ExactSizeIterator<Item = T>) -> *const T {
    if few.len() < items.len() {
        many.extend(items);
        return many.as_ptr();
    }
    few.iter_mut().zip(items).for_each(|(place, item)| *place = item);
    few.as_ptr()
}

/// Makes one step; returns the local index of a cell that failed a check.
pub fn step(call: &Step, shard: &mut Shard, rings: &mut Rings, lists: &mut Lists) -> Option<u32> {
    let (mut few_arrays, mut many_arrays) = ([std::ptr::null_mut(); 32], vec![]);
    let (mut few_ports, mut many_ports) = ([std::ptr::null_mut(); 8], vec![]);
    let (mut few_events, mut many_events) = ([std::ptr::null_mut(); 4], vec![]);
    let no_table = TableRef { data: std::ptr::null(), rows: 0, columns: 0 };
    let (mut few_tables, mut many_tables) = ([no_table; 8], vec![]);
    lists.counts.fill(0);
    let cells = shard.cells;
    let (ports, offsets) = ((&mut few_ports[..], &mut many_ports), call.offsets);
    let args = KernelArgs {
        arrays: brief(&mut few_arrays, &mut many_arrays, shard.arrays.iter_mut().map(|a| a.pointer())),
        uniforms: call.slots.as_ptr(),
        arrivals: match call.population.precision {
            Precision::F32 => arrivals(rings.single.slot_mut(call.tick), offsets, cells, ports),
            Precision::F64 => arrivals(rings.double.slot_mut(call.tick), offsets, cells, ports),
        },
        events: brief(&mut few_events, &mut many_events, lists.lists.iter_mut().map(|l| l.as_mut_ptr())),
        event_counts: lists.counts.as_mut_ptr(),
        keys: call.keys.as_ptr(),
        tables: brief(&mut few_tables, &mut many_tables, call.tables.iter().map(table_ref)),
        first_cell: i64::from(shard.first),
        cells: i64::from(shard.cells),
        now: call.tick,
        time_start: (call.tick - 1).max(0) as f64 * call.dt,
        time_end: call.tick as f64 * call.dt,
    };
    // SAFETY: the kernel was compiled for this population of this plan. Every pointer is to memory of the
    // extent that `KernelArgs` promises: arrays and accumulators are padded to whole blocks (`Shard::new`,
    // `Shards::arenas`), lists have room for all cells and padding, slots, keys and tables are those of
    // the plan. All are borrowed here, the written ones exclusively and without overlap, for the call.
    let failed = unsafe { (call.kernel)(&raw const args) };
    for (list, count) in lists.lists.iter().zip(&mut lists.counts) {
        let written = &list[..(*count as usize).min(list.len())];
        // Padding cells come last.
        *count = written.partition_point(|&cell| cell < shard.cells) as u32;
    }
    u32::try_from(failed).ok()
}

/// What a kernel over a block of synapses is called with besides its arrays.
pub struct BlockCall<'a> {
    pub kernel: KernelFn,
    pub tables: &'a [Table],
    pub slots: &'a [u64],
    pub keys: &'a [[u32; 2]],
    pub cells: usize,
    pub tick: i64,
    pub dt: f64,
}

/// Runs a kernel over a block; says whether no element failed a check.
pub fn run_block(call: &BlockCall, arrays: &mut [Aligned]) -> bool {
    let padded = call.cells.next_multiple_of(BLOCK);
    assert!(arrays.iter().all(|array| 8 * padded <= array.bytes()), "a block has room for its elements");
    // Blocks are short: most programs do with a list on the stack.
    let (mut few, mut many) = ([std::ptr::null_mut(); 16], vec![]);
    let pointers = match few.get_mut(..arrays.len()) {
        Some(few) => few,
        None => {
            many.resize(arrays.len(), std::ptr::null_mut());
            &mut many[..]
        }
    };
    pointers.iter_mut().zip(arrays).for_each(|(pointer, array)| *pointer = array.pointer());
    // SAFETY: the kernel was compiled for the program that `flatten` made, with one array for each of these; each has
    // room for all elements of the widest type, padding included, as just asserted.
    unsafe { run_at(call, pointers) }.is_none()
}

/// Runs a kernel over synapses; says which is the first that failed a check, if one did.
///
/// # Safety
/// The kernel was compiled for a program without ports and events, and `pointers` are to its arrays and lists, as
/// [`circ_plan::abi::Access`] says, for as many cells as `call` says. Slots, keys and tables are those of the rule and plan.
pub unsafe fn run_at(call: &BlockCall, pointers: &[*mut u8]) -> Option<u32> {
    let no_table = TableRef { data: std::ptr::null(), rows: 0, columns: 0 };
    let (mut few_tables, mut many_tables) = ([no_table; 8], vec![]);
    let args = KernelArgs {
        arrays: pointers.as_ptr(),
        uniforms: call.slots.as_ptr(),
        arrivals: std::ptr::null(),
        events: std::ptr::null(),
        event_counts: std::ptr::null_mut(),
        keys: call.keys.as_ptr(),
        tables: brief(&mut few_tables, &mut many_tables, call.tables.iter().map(table_ref)),
        first_cell: 0,
        cells: call.cells as i64,
        now: call.tick,
        time_start: (call.tick - 1).max(0) as f64 * call.dt,
        time_end: call.tick as f64 * call.dt,
    };
    // SAFETY: the caller's; all is borrowed for the call.
    let failed = unsafe { (call.kernel)(&raw const args) };
    u32::try_from(failed).ok()
}

fn table_ref(table: &Table) -> TableRef {
    TableRef { data: table.data.as_ptr(), rows: table.rows as i64, columns: table.columns as i64 }
}

/// The address of each port's accumulators in an arena, listed as [`brief`] does. Disjoint parts of one exclusive borrow.
#[inline(always)]
fn arrivals<F>(
    arena: &mut [F],
    offsets: &[usize],
    cells: u32,
    (few, many): (&mut [*mut u8], &mut Vec<*mut u8>),
) -> *const *mut u8 {
    let base = arena.as_mut_ptr();
    let address = |&offset: &usize| {
        assert!(offset + padded(cells) <= arena.len(), "the arena has room for every port");
        // SAFETY: within the slice, as just asserted.
        unsafe { base.add(offset) }.cast::<u8>()
    };
    brief(few, many, offsets.iter().map(address))
}
