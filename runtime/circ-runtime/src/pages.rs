//! Large pages for large memory.
//!
//! In: memory that will be filled. Out: nothing but a wish to the operating system. Synapses and accumulators are
//! read at random: with pages of 2 MB a thousandth of the entries of the page table is needed, and building asks for
//! memory that much more rarely. The wish is granted only to memory that is mapped for itself and never moved: a list that
//! grows beyond its room, or reuses what was freed in small pages, is left with those.

/// Bytes of a large page.
const LARGE: usize = 2 << 20;

/// What the allocator notes before a list, and more.
const NOTES: usize = 256;

/// A list with room for so many, on large pages where there are any.
pub fn with_capacity<T>(capacity: usize) -> Vec<T> {
    let wanted = capacity * size_of::<T>();
    if wanted < LARGE {
        return Vec::with_capacity(capacity);
    }
    map_apart();
    // A mapping of whole large pages begins with one. What is not used is never touched.
    let mapped = (wanted + NOTES).next_multiple_of(LARGE) - NOTES;
    let list = Vec::with_capacity((mapped / size_of::<T>()).max(capacity));
    prefer_large(list.as_ptr() as usize, wanted);
    list
}

/// Whether a list may be on large pages.
pub fn is_large<T>(list: &Vec<T>) -> bool {
    LARGE <= list.capacity() * size_of::<T>()
}

/// Room for about `mean` items of a number that is drawn, so that it hardly ever does not suffice: six standard deviations more,
/// and at most all there are.
pub fn room(mean: f64, all: usize) -> usize {
    ((mean + 6.0 * mean.sqrt() + 16.0) as usize).min(all)
}

/// Lets the allocator map large lists for themselves. It does at first, but takes those up to 32 MB from the heap once one of
/// that size has been freed.
fn map_apart() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        static ONCE: std::sync::Once = std::sync::Once::new();
        // SAFETY: changes where later allocations come from, and no memory.
        ONCE.call_once(|| unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE as i32);
        });
    }
}

/// Asks for large pages for the first `wanted` bytes of a list that begins here, as far as they fill them.
fn prefer_large(list: usize, wanted: usize) {
    #[cfg(target_os = "linux")]
    {
        use rustix::mm::{Advice, madvise};
        let page = rustix::param::page_size();
        // The first page begins with what the allocator notes.
        let begin = list / page * page;
        let end = (list + wanted) / LARGE * LARGE;
        if begin < end {
            // SAFETY: pages of the list, and what is noted of it; the advice changes no content.
            let _ = unsafe { madvise(begin as *mut std::ffi::c_void, end - begin, Advice::LinuxHugepage) };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (list, wanted);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_the_room_that_was_asked_for() {
        for capacity in [0, 1, 1000, LARGE / 2, LARGE, LARGE + 1, 5 * LARGE - 7] {
            let list: Vec<u16> = with_capacity(capacity);
            assert!(capacity <= list.capacity() && list.capacity() <= capacity + LARGE, "{capacity}");
        }
    }

    #[test]
    fn room_suffices_and_is_not_more_than_all() {
        assert_eq!(room(1e6, 2_000_000), 1_006_016);
        assert_eq!(room(1e6, 1_000_000), 1_000_000);
        assert_eq!(room(0.0, 100), 16);
    }
}
