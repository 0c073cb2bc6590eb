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

/// A list for the time of one call. As many as `FEW` are held without asking for memory, which small networks would notice at
/// every tick.
struct Brief<T, const FEW: usize> {
    few: [T; FEW],
    /// Empty where they are few.
    many: Vec<T>,
}

impl<T: Copy, const FEW: usize> Brief<T, FEW> {
    /// `filler` is never looked at. In line, so that the list is made where it stays: small networks would notice a copy, too.
    #[inline(always)]
    fn new(items: impl ExactSizeIterator<Item = T>, filler: T) -> Brief<T, FEW> {
        let mut few = [filler; FEW];
        if FEW < items.len() {
            return Brief { few, many: items.collect() };
        }
        few.iter_mut().zip(items).for_each(|(place, item)| *place = item);
        Brief { few, many: vec![] }
    }

    fn as_ptr(&self) -> *const T {
        if self.many.is_empty() { self.few.as_ptr() } else { self.many.as_ptr() }
    }
}

/// Makes one step; returns the local index of a cell that failed a check.
pub fn step(call: &Step, shard: &mut Shard, rings: &mut Rings, lists: &mut Lists) -> Option<u32> {
    let nowhere = std::ptr::null_mut();
    let arrays = Brief::<_, 32>::new(shard.arrays.iter_mut().map(|a| a.pointer()), nowhere);
    let arrivals = match call.population.precision {
        Precision::F32 => ports(rings.single.slot_mut(call.tick), call.offsets, shard.cells),
        Precision::F64 => ports(rings.double.slot_mut(call.tick), call.offsets, shard.cells),
    };
    let events = Brief::<_, 4>::new(lists.lists.iter_mut().map(|l| l.as_mut_ptr()), std::ptr::null_mut());
    lists.counts.fill(0);
    let no_table = TableRef { data: std::ptr::null(), rows: 0, columns: 0 };
    let tables = Brief::<_, 8>::new(call.tables.iter().map(table_ref), no_table);
    let args = KernelArgs {
        arrays: arrays.as_ptr(),
        uniforms: call.slots.as_ptr(),
        arrivals: arrivals.as_ptr(),
        events: events.as_ptr(),
        event_counts: lists.counts.as_mut_ptr(),
        keys: call.keys.as_ptr(),
        tables: tables.as_ptr(),
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
    let tables: Vec<TableRef> = call.tables.iter().map(table_ref).collect();
    let args = KernelArgs {
        arrays: pointers.as_ptr(),
        uniforms: call.slots.as_ptr(),
        arrivals: std::ptr::null(),
        events: std::ptr::null(),
        event_counts: std::ptr::null_mut(),
        keys: call.keys.as_ptr(),
        tables: tables.as_ptr(),
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

/// The address of each port's accumulators in an arena. Disjoint parts of one exclusive borrow.
#[inline(always)]
fn ports<F>(arena: &mut [F], offsets: &[usize], cells: u32) -> Brief<*mut u8, 8> {
    let base = arena.as_mut_ptr();
    let address = |&offset: &usize| {
        assert!(offset + padded(cells) <= arena.len(), "the arena has room for every port");
        // SAFETY: within the slice, as just asserted.
        unsafe { base.add(offset) }.cast::<u8>()
    };
    Brief::new(offsets.iter().map(address), std::ptr::null_mut())
}
