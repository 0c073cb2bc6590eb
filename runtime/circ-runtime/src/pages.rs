//! Large pages for large memory.
//!
//! In: memory that will be filled. Out: nothing but a wish to the operating system. Synapses and accumulators are
//! read at random: with pages of 2 MB a thousandth of the entries of the page table is needed, and building asks for
//! memory that much more rarely.

/// Less than this gains nothing.
const LEAST_BYTES: usize = 4 << 20;

/// A list with this much room, on large pages where there are any.
pub fn with_capacity<T>(capacity: usize) -> Vec<T> {
    let list = Vec::with_capacity(capacity);
    prefer_large(&list);
    list
}

/// Asks for large pages for the memory that a list has room for.
fn prefer_large<T>(list: &Vec<T>) {
    let bytes = list.capacity() * size_of::<T>();
    if bytes < LEAST_BYTES {
        return;
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::mm::{Advice, madvise};
        let page = rustix::param::page_size();
        let begin = (list.as_ptr() as usize).next_multiple_of(page);
        let end = (list.as_ptr() as usize + bytes) / page * page;
        // SAFETY: whole pages that belong to the list alone; the advice changes no content.
        let _ = unsafe { madvise(begin as *mut std::ffi::c_void, end - begin, Advice::LinuxHugepage) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = list;
}
