//! Work on several threads, with results in order.

/// `f(k, item)` for every item, on up to `threads` threads. What comes out does not depend on how many.
pub fn for_each<T: Send, R: Send>(
    threads: usize,
    items: &mut [T],
    f: impl Fn(usize, &mut T) -> R + Sync,
) -> Vec<R> {
    if threads <= 1 || items.len() <= 1 {
        return items.iter_mut().enumerate().map(|(k, item)| f(k, item)).collect();
    }
    let share = items.len().div_ceil(threads);
    let make = |chunk: usize, items: &mut [T]| -> Vec<R> {
        items.iter_mut().enumerate().map(|(k, item)| f(chunk * share + k, item)).collect()
    };
    let make = &make;
    std::thread::scope(|scope| {
        let mut chunks = items.chunks_mut(share).enumerate();
        let own = chunks.next();
        let handles: Vec<_> = chunks.map(|(k, items)| scope.spawn(move || make(k, items))).collect();
        // The calling thread has a core already. Were it to wait, two others might find themselves on one.
        let mut results = own.map_or(vec![], |(k, items)| make(k, items));
        for handle in handles {
            results.extend(handle.join().unwrap_or_else(|e| std::panic::resume_unwind(e)));
        }
        results
    })
}
