//! Graphs of numbered nodes: which belong together, in which order they come, and the circles among them.
//!
//! In: what each node leads to. Out: strongly connected components and shortest circles. Nothing recurses: a chain of
//! nodes may be as long as a file.

use smallvec::SmallVec;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What each node leads to, one after the other.
#[derive(Default)]
pub struct Edges {
    pub to: Vec<u32>,
    /// By node: where its own end.
    ends: Vec<u32>,
}

impl Edges {
    pub fn of(&self, node: usize) -> &[u32] {
        let start = node.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.to[start as usize..self.ends[node] as usize]
    }

    /// What was added to `to` is of one more node.
    pub fn end_node(&mut self) {
        self.ends.push(self.to.len() as u32);
    }
}

/// Strongly connected components (Tarjan 1972), each after those that its members lead to.
pub fn components(edges: &Edges) -> Vec<SmallVec<[usize; 2]>> {
    const NEW: usize = usize::MAX;
    let count = edges.ends.len();
    let (mut number, mut low) = (vec![NEW; count], vec![0; count]);
    let mut open = vec![false; count];
    let (mut path, mut found, mut next) = (vec![], Vec::with_capacity(count), 0);
    // The call stack of the recursive formulation: a node and how many of its edges were followed.
    let mut calls = vec![];
    for root in 0..count {
        if number[root] != NEW {
            continue;
        }
        calls.push((root, 0));
        while let Some((node, edge)) = calls.pop() {
            if edge == 0 {
                (number[node], low[node]) = (next, next);
                next += 1;
                path.push(node);
                open[node] = true;
            } else {
                // Coming back from the edge before this one.
                let child = edges.of(node)[edge - 1] as usize;
                if open[child] {
                    low[node] = low[node].min(low[child]);
                }
            }
            if let Some(&child) = edges.of(node).get(edge) {
                let child = child as usize;
                calls.push((node, edge + 1));
                if number[child] == NEW {
                    calls.push((child, 0));
                } else if open[child] {
                    low[node] = low[node].min(number[child]);
                }
                continue;
            }
            if low[node] == number[node] {
                let at = path.iter().rposition(|member| *member == node).unwrap_or(0);
                let component: SmallVec<[usize; 2]> = path.drain(at..).collect();
                component.iter().for_each(|member| open[*member] = false);
                found.push(component);
            }
        }
    }
    found
}

/// A shortest circle within a component, from its first member on; `None` where there is none.
pub fn circle(edges: &Edges, component: &[usize], first: usize) -> Option<Vec<usize>> {
    if component.len() == 1 && !edges.of(first).contains(&(first as u32)) {
        return None;
    }
    let members: BTreeSet<usize> = component.iter().copied().collect();
    let mut from: BTreeMap<usize, usize> = BTreeMap::new();
    let mut queue = VecDeque::from([first]);
    while let Some(node) = queue.pop_front() {
        for child in edges.of(node).iter().map(|child| *child as usize) {
            if !members.contains(&child) {
                continue;
            }
            if child == first {
                let mut circle = vec![node];
                while circle[circle.len() - 1] != first {
                    circle.push(from[&circle[circle.len() - 1]]);
                }
                circle.reverse();
                return Some(circle);
            }
            if let Entry::Vacant(entry) = from.entry(child) {
                entry.insert(node);
                queue.push_back(child);
            }
        }
    }
    None
}
