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
    let f = &f;
    std::thread::scope(|scope| {
        let chunks = items.chunks_mut(share).enumerate();
        let handles: Vec<_> = chunks
            .map(|(chunk, items)| {
                let first = chunk * share;
                scope.spawn(move || -> Vec<R> {
                    items.iter_mut().enumerate().map(|(k, item)| f(first + k, item)).collect()
                })
            })
            .collect();
        handles
            .into_iter()
            .flat_map(|handle| handle.join().unwrap_or_else(|e| std::panic::resume_unwind(e)))
            .collect()
    })
}
