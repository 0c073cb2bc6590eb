//! How machine code meets data: what a compiled kernel is called with.
//!
//! A kernel makes one step of all cells of one shard of one population. A shard is a contiguous
//! range of the population's cells, owned by one thread; its arrays begin at its first cell, are
//! 64-byte aligned and padded to a multiple of [`BLOCK`] elements. Padding cells are computed like
//! cells (with the index of the last real cell), may appear at the end of event lists, where the
//! caller cuts them off, and never fail a check.

use crate::ir::Precision;

/// Arrays are padded to a multiple of this many elements.
pub const BLOCK: usize = 16;

/// How the elements of an array that a kernel works on lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// As all arrays of cells: one after the other, aligned and padded.
    Block,
    /// `Float`s held in this precision, one after the other, at any address and without padding: where an array lies so,
    /// the number of cells is a multiple of [`BLOCK`].
    Straight(Precision),
    /// `Float`s held in this precision: element `k` is that of index `list[k]` from the pointer.
    Listed(Precision, List),
    /// One `Float` of this precision for all. It is only read.
    One(Precision),
}

/// A list of indices. It is padded to a multiple of [`BLOCK`], with indices of elements that are there. In each block of
/// [`BLOCK`] from its beginning, a written array has none of the elements that are meant twice, nor among the padding; blocks
/// are gone through in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct List {
    /// Its place in [`KernelArgs::arrays`], after the arrays of the program.
    pub pointer: u32,
    /// Whether indices have 16 bits instead of 32.
    pub near: bool,
}

impl List {
    /// Bytes of an index.
    pub fn bytes(self) -> u32 {
        if self.near { 2 } else { 4 }
    }
}

/// A table of numbers, row-major `f64`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TableRef {
    pub data: *const f64,
    pub rows: i64,
    pub columns: i64,
}

/// The argument of a kernel. All pointers are valid for the call and do not overlap.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct KernelArgs {
    /// One pointer per `ArrayId`, to the shard's first element. Float: f32/f64; Tick: i32/i64;
    /// Bool: i32/i64 of 0 or -1 (widths as the precision); Int: i64.
    pub arrays: *const *mut u8,
    /// One 8-byte slot per `UniformId`: an f64, an f32 in the low 4 bytes (precision f32), an i64, or a
    /// bool as i64 0 or -1; Tick as i64.
    pub uniforms: *const u64,
    /// One pointer per `PortId`, to this tick's accumulators (Float) of the shard. The kernel sets them to 0.
    pub arrivals: *const *mut u8,
    /// One pointer per `EventId`, to a list of local cell indices with room for all cells and padding.
    pub events: *const *mut u32,
    /// One count per `EventId`; the kernel appends to the lists, in ascending order of the index.
    pub event_counts: *mut u32,
    /// One key of the random generator per `KeyId`.
    pub keys: *const [u32; 2],
    /// One table per `TableId`.
    pub tables: *const TableRef,
    /// Index in the population of the shard's first cell.
    pub first_cell: i64,
    /// Number of real cells in the shard.
    pub cells: i64,
    /// The tick being made.
    pub now: i64,
    /// `t_n` in ms.
    pub time_start: f64,
    /// `t_n+1` in ms.
    pub time_end: f64,
}

/// A compiled kernel: returns -1, or the local index of a real cell that failed a check, whose group
/// of lanes has not been stored (its arrays still hold the values that went in).
pub type KernelFn = unsafe extern "C" fn(*const KernelArgs) -> i64;
