//! Asks for memory before it is needed.
//!
//! In: part of a list. Out: nothing that can be seen; its cache lines are on their way.

use std::ops::Range;

/// Asks for the cache lines of some elements of a list.
#[inline(always)]
pub fn fetch<T>(list: &[T], range: Range<usize>) {
    #[cfg(target_arch = "x86_64")]
    for k in range.step_by(64 / size_of::<T>()) {
        let Some(element) = list.get(k) else {
            return;
        };
        // SAFETY: a prefetch reads nothing and changes nothing but the cache, at an address that is ours.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(element).cast::<i8>());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (list, range);
}
