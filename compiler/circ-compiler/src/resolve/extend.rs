//! What extends another of its kind: cells and plasticity rules.
//!
//! In: the items of a chain, the base's first. Out: one list, where what is written again stands in the place of its
//! original.

use circ_grammar::ast::Span;
use std::collections::BTreeMap;

/// The base's items first, each with its module; what is written again by the same key stands where its original stood.
/// What one level writes twice is `repeated`: key, place and first place.
pub(super) fn merged<'a, T, K: Ord>(
    chain: &[(usize, &'a [T])],
    key: impl Fn(&T) -> Option<(K, Span)>,
    mut repeated: impl FnMut(&K, Span, Span),
) -> Vec<(usize, &'a T)> {
    let mut entries: Vec<(usize, &'a T)> = vec![];
    let mut places: BTreeMap<K, (usize, usize, Span)> = BTreeMap::new();
    for (level, (module, items)) in chain.iter().enumerate() {
        for item in *items {
            let Some((key, span)) = key(item) else {
                entries.push((*module, item));
                continue;
            };
            match places.get_mut(&key) {
                Some((seen, _, first)) if *seen == level => repeated(&key, span, *first),
                Some(place) => {
                    entries[place.1] = (*module, item);
                    *place = (level, place.1, span);
                }
                None => {
                    places.insert(key, (level, entries.len(), span));
                    entries.push((*module, item));
                }
            }
        }
    }
    entries
}

/// The members of a circle, from the one that is written first.
pub(super) fn from_the_first(members: impl Iterator<Item = (String, Span)>) -> Vec<(String, Span)> {
    let mut members: Vec<_> = members.collect();
    let first = members.iter().enumerate().min_by_key(|(_, member)| member.1).map_or(0, |(at, _)| at);
    members.rotate_left(first);
    members
}
