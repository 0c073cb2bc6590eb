//! Memory that machine code can work on.
//!
//! In: a number of elements. Out: zeroed memory that begins at a 64-byte boundary and can be seen as
//! a slice of any of the four element types that kernels know. Why not `Vec<f64>`: a vector of
//! `f64` begins at 16 bytes, and the element type of an array is known only when the plan is.

use std::ops::AddAssign;

use circ_numerics::{Real, random};

use crate::pages;

/// A cache line: what memory is counted in.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug)]
struct Line([u64; 8]);

/// Zeroed memory at a 64-byte boundary, a whole number of cache lines long.
#[derive(Clone, Debug, Default)]
pub struct Aligned {
    lines: Vec<Line>,
}

/// Types of which every bit pattern is a value, and which a cache line holds a whole number of.
pub trait Element: Copy + Send + Sync + 'static + private::Sealed {}

mod private {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
    impl Sealed for i32 {}
    impl Sealed for i64 {}
}

impl Element for f32 {}
impl Element for f64 {}
impl Element for i32 {}
impl Element for i64 {}

impl Aligned {
    /// Room for `bytes` bytes, all 0.
    pub fn zeroed(bytes: usize) -> Aligned {
        let mut lines = pages::with_capacity(bytes.div_ceil(64));
        lines.resize(bytes.div_ceil(64), Line([0; 8]));
        Aligned { lines }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.lines.len() * 64
    }

    /// All elements, padding included.
    pub fn view<T: Element>(&self) -> &[T] {
        let elements = self.bytes() / size_of::<T>();
        // SAFETY: the lines are initialised memory of `bytes()` bytes, aligned to 64; `Element` is sealed
        // to numbers of 4 or 8 bytes without invalid bit patterns; the borrow of `self` lives as long.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast::<T>(), elements) }
    }

    /// All elements, padding included.
    pub fn view_mut<T: Element>(&mut self) -> &mut [T] {
        let elements = self.bytes() / size_of::<T>();
        // SAFETY: as in `view`, and the borrow of `self` is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast::<T>(), elements) }
    }

    /// The first byte, for a kernel's argument.
    pub fn pointer(&mut self) -> *mut u8 {
        self.lines.as_mut_ptr().cast::<u8>()
    }
}

/// `Float` of a kernel, with what the runtime does to it.
pub trait Scalar: Real + Element + AddAssign {
    /// `Tick` as wide as this type.
    type Tick: Element;
    /// Truncated; saturating at the width of `Tick`; NaN gives 0.
    fn to_tick(self) -> i64;
    /// Saturating.
    fn narrow(tick: i64) -> Self::Tick;
    fn widen(tick: Self::Tick) -> i64;
    /// Adds `count * weight` to every sum, both numbers and the product rounded; counts are below `2^31`.
    fn add_counts(sums: &mut [Self], counts: &[u32], weight: Self);
}

impl Scalar for f64 {
    type Tick = i64;
    fn to_tick(self) -> i64 {
        self.to_i64()
    }
    fn narrow(tick: i64) -> i64 {
        tick
    }
    fn widen(tick: i64) -> i64 {
        tick
    }
    fn add_counts(sums: &mut [f64], counts: &[u32], weight: f64) {
        random::add_counts(sums, counts, weight);
    }
}

impl Scalar for f32 {
    type Tick = i32;
    fn to_tick(self) -> i64 {
        i64::from(self.to_i32())
    }
    fn narrow(tick: i64) -> i32 {
        tick.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
    }
    fn widen(tick: i32) -> i64 {
        i64::from(tick)
    }
    fn add_counts(sums: &mut [f32], counts: &[u32], weight: f32) {
        random::add_counts_f32(sums, counts, weight);
    }
}
