//! Steps of cells whose outputs are chains of multiply-adds over rows: leaky integrators with currents that decay.
//!
//! In: rows of cells, and the chains. Out: the rows a step later, wherever nothing happens; and where something may.
//!
//! A chain is `start + factor * row + factor * row + ...`, every sum rounded once, from the left. So are products, sums and
//! differences too, with the same bits: `a * x` is a chain from -0, and `y + x` and `y - x` have the factors 1 and -1. That of
//! the membrane may be held for a while, and cells that reach a threshold may have an event.
//!
//! Cells are looked at in tiles. A tile in which a cell reaches the threshold, held or not, or in which a sum of numbers that
//! must be finite is not finite, is left as it is and reported: whoever calls makes it in another way. All others are
//! made here, every row read and written once. So the bits depend neither on tiles nor on registers.

mod registers;
#[cfg(test)]
mod tests;

use registers::Registers;

/// Bytes of a tile in a row, on every processor: two registers of 256 bits leave some of the 16 that there are for all else.
pub const TILE: usize = 64;
/// Tiles that are made in one call, at most: a bit for each is reported.
pub const TILES: usize = 64;

/// How long a chain may be, and how many decays and other ports there may be.
pub const TERMS: usize = 5;
pub const DECAYS: usize = 4;
pub const PORTS: usize = 4;

/// A number of the precisions that there are.
pub trait Number: Copy {
    /// A point in time, as wide as the number.
    type Tick: Copy;
}

impl Number for f32 {
    type Tick = i32;
}

impl Number for f64 {
    type Tick = i64;
}

/// A part of a chain.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Term<F> {
    pub row: *const F,
    pub factor: F,
}

/// `row = factor * row + arrived`, rounded twice, which must be finite. What has arrived is set to 0. Where nothing
/// ever arrives, `arrived` is null and nothing is added.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Decay<F> {
    pub row: *mut F,
    pub arrived: *mut F,
    pub factor: F,
}

/// A step. Machine code writes it, so it has a fixed extent.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Chains<F: Number> {
    /// The chain of the membrane: the first as many of these, at least one. It must be finite.
    pub terms: [Term<F>; TERMS],
    pub length: usize,
    pub start: F,
    /// Where the membrane is not below it, something may happen.
    pub threshold: F,
    /// Where the membrane is put.
    pub membrane: *mut F,
    /// While `now` is not behind this row, the membrane keeps what it has in the other; null where it is never held.
    pub until: *const F::Tick,
    pub held: *const F,
    pub now: F::Tick,
    /// The first as many of these.
    pub decays: [Decay<F>; DECAYS],
    pub decaying: usize,
    /// Set to 0 besides: the first as many of these.
    pub cleared: [*mut F; PORTS],
    pub ports: usize,
}

/// Makes a tile of `N` registers, or says that it is not quiet and leaves it as it is; with a chain of `T` parts and `D` decays,
/// to `ALL` of which something arrives.
///
/// # Safety
/// The rows have as many cells, from the one at which the tile begins, as the tile, and the processor has the registers.
#[inline(always)]
unsafe fn tile<
    R: Registers,
    const N: usize,
    const T: usize,
    const D: usize,
    const HELD: bool,
    const ALL: bool,
>(
    step: &Chains<R::Number>,
    at: usize,
) -> bool {
    // Registers go through no closures: they would not stay registers there.
    // SAFETY: the caller's.
    unsafe {
        let (mut membrane, mut decayed) = ([R::all(step.start); N], [[R::zero(); N]; D]);
        let (mut reached, mut sum) = (R::nowhere(), membrane[0]);
        for (k, value) in membrane.iter_mut().enumerate() {
            let at = at + k * R::LANES;
            for term in &step.terms[..T] {
                *value = R::load(term.row.add(at)).times_plus(R::all(term.factor), *value);
            }
            if HELD {
                *value = value.unless_held(R::load(step.held.add(at)), step.until.add(at), step.now);
            }
            reached = value.or_reaches(R::all(step.threshold), reached);
            sum = if k == 0 { *value } else { sum.plus(*value) };
            for (values, decay) in decayed.iter_mut().zip(&step.decays) {
                let decays = R::load(decay.row.add(at)).times(R::all(decay.factor));
                values[k] = match ALL || !decay.arrived.is_null() {
                    true => decays.plus(R::load(decay.arrived.add(at))),
                    false => decays,
                };
                sum = sum.plus(values[k]);
            }
        }
        if sum.is_wild_or(reached) {
            return false;
        }
        for (k, value) in membrane.iter().enumerate() {
            let at = at + k * R::LANES;
            value.store(step.membrane.add(at));
            for (values, decay) in decayed.iter().zip(&step.decays) {
                values[k].store(decay.row.add(at));
                if ALL || !decay.arrived.is_null() {
                    R::load(decay.arrived.add(at)).clear(decay.arrived.add(at));
                }
            }
            if D == 0 {
                for row in step.cleared.iter().take(step.ports) {
                    R::load(row.add(at)).clear(row.add(at));
                }
            }
        }
        true
    }
}

/// Makes some tiles; returns the bits of those that are not quiet.
///
/// # Safety
/// As of [`tile`].
#[inline(always)]
unsafe fn tiles<R: Registers, const N: usize, const T: usize, const D: usize>(
    step: &Chains<R::Number>,
    first: usize,
    tiles: u64,
) -> u64 {
    const { assert!(N * R::LANES * size_of::<R::Number>() == TILE, "registers fill a tile") };
    // A copy of its own: nothing that is written to rows can change it.
    let (step, mut left, mut loud) = (*step, tiles, 0);
    let held = !step.until.is_null();
    let all = step.decays[..D].iter().all(|decay| !decay.arrived.is_null());
    while left != 0 {
        // By their bits, so that there is one index for all rows, and not a pointer to move for each.
        let at = first + left.trailing_zeros() as usize * N * R::LANES;
        let rest = left & (left - 1);
        // SAFETY: the caller's.
        let quiet = unsafe {
            match (held, all) {
                (true, true) => tile::<R, N, T, D, true, true>(&step, at),
                (true, false) => tile::<R, N, T, D, true, false>(&step, at),
                (false, true) => tile::<R, N, T, D, false, true>(&step, at),
                (false, false) => tile::<R, N, T, D, false, false>(&step, at),
            }
        };
        if !quiet {
            loud |= left ^ rest;
        }
        left = rest;
    }
    loud
}

/// As [`tiles`], for as many parts and decays as the step has.
///
/// # Safety
/// As of [`tile`].
#[inline(always)]
unsafe fn any_tiles<R: Registers, const N: usize>(step: &Chains<R::Number>, first: usize, which: u64) -> u64 {
    macro_rules! length {
        ($decays:literal) => {
            match step.length {
                0 | 1 => tiles::<R, N, 1, $decays>(step, first, which),
                2 => tiles::<R, N, 2, $decays>(step, first, which),
                3 => tiles::<R, N, 3, $decays>(step, first, which),
                4 => tiles::<R, N, 4, $decays>(step, first, which),
                _ => tiles::<R, N, 5, $decays>(step, first, which),
            }
        };
    }
    // SAFETY: the caller's.
    unsafe {
        match step.decaying {
            0 => length!(0),
            1 => length!(1),
            2 => length!(2),
            3 => length!(3),
            _ => length!(4),
        }
    }
}

macro_rules! quiet {
    ($($(#[$doc:meta])* $name:ident: $float:ty, $widest:ident by $most:literal, $wide:ident by $many:literal, plain by $all:literal;)*) => {$(
        $(#[$doc])*
        ///
        /// # Safety
        /// All pointers of the step that are said to be there, and are not null, are to rows of numbers, aligned to 64 bytes where their first
        /// cell is, with room for all cells of as many tiles as `which` has bits; those that are written overlap no others.
        pub unsafe fn $name(step: &Chains<$float>, first: usize, which: u64) -> u64 {
            #[cfg(target_arch = "x86_64")]
            {
                use std::arch::x86_64::{$wide, $widest};
                #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
                unsafe fn widest(step: &Chains<$float>, first: usize, which: u64) -> u64 {
                    // SAFETY: the caller's; the processor has the registers.
                    unsafe { any_tiles::<$widest, $most>(step, first, which) }
                }
                #[target_feature(enable = "avx2,fma")]
                unsafe fn wide(step: &Chains<$float>, first: usize, which: u64) -> u64 {
                    // SAFETY: as above.
                    unsafe { any_tiles::<$wide, $many>(step, first, which) }
                }
                if crate::has_widest() {
                    // SAFETY: the caller's, and all features were just found.
                    return unsafe { widest(step, first, which) };
                }
                if crate::has_fma() {
                    // SAFETY: the caller's, and both features were just found.
                    return unsafe { wide(step, first, which) };
                }
            }
            // SAFETY: the caller's; these registers are everywhere.
            unsafe { any_tiles::<registers::Plain<$float>, $all>(step, first, which) }
        }
    )*};
}

quiet! {
    /// Makes those of the tiles from a cell on whose bits are given; returns the bits of those that are not quiet, which it leaves.
    quiet: f64, __m512d by 1, __m256d by 2, plain by 2;
    /// Likewise in `f32`.
    quiet_f32: f32, __m512 by 1, __m256 by 2, plain by 4;
}
