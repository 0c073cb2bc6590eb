//! Whole numbers held as narrow as they may be: targets, and delays in ticks.

/// A number that loops of either width see as an index.
pub trait Narrow: Copy {
    fn index(self) -> usize;
}

impl Narrow for u8 {
    #[inline(always)]
    fn index(self) -> usize {
        usize::from(self)
    }
}

impl Narrow for u16 {
    #[inline(always)]
    fn index(self) -> usize {
        usize::from(self)
    }
}

impl Narrow for u32 {
    #[inline(always)]
    fn index(self) -> usize {
        self as usize
    }
}
