//! The instances of a cell's segments, each after the one that it is in.

use crate::hir::{Cell, SegmentId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One segment of one cell.
#[derive(Clone, Debug)]
pub struct Instance {
    pub segment: SegmentId,
    /// The one that it is in.
    pub parent: Option<usize>,
    /// The index of the innermost that has a number.
    pub k: Option<i64>,
    /// `tuft.branch[2]`
    pub path: Arc<str>,
}

#[derive(Clone, Debug)]
pub struct Instances {
    pub all: Vec<Instance>,
    /// By the instance around and the segment: in order of `k`.
    within: BTreeMap<(Option<usize>, SegmentId), Vec<usize>>,
    /// By segment: in order, outer ones first.
    of: BTreeMap<SegmentId, Vec<usize>>,
}

impl Instances {
    pub fn of(cell: &Cell, counts: &[u32]) -> Instances {
        let mut found = Instances { all: vec![], within: BTreeMap::new(), of: BTreeMap::new() };
        for (at, segment) in cell.segments.iter().enumerate() {
            let id = SegmentId(at as u32);
            let parents: Vec<Option<usize>> = match segment.parent {
                None => vec![None],
                Some(parent) => found.homes(Some(parent)),
            };
            for parent in parents {
                for k in 0..counts.get(at).copied().unwrap_or(1) {
                    let outer = parent.map(|parent| found.all[parent].clone());
                    let number = segment.count.map_or(String::new(), |_| format!("[{k}]"));
                    let before = outer.as_ref().map_or(String::new(), |outer| format!("{}.", outer.path));
                    let k = segment.count.map(|_| i64::from(k)).or(outer.and_then(|outer| outer.k));
                    let instance = Instance {
                        segment: id,
                        parent,
                        k,
                        path: format!("{before}{}{number}", segment.name).into(),
                    };
                    let place = found.all.len();
                    found.all.push(instance);
                    found.within.entry((parent, id)).or_default().push(place);
                    found.of.entry(id).or_default().push(place);
                }
            }
        }
        found
    }

    /// The instances of a segment; of the cell itself, that it is.
    pub fn homes(&self, home: Option<SegmentId>) -> Vec<Option<usize>> {
        match home {
            None => vec![None],
            Some(segment) => self.of.get(&segment).into_iter().flatten().map(|at| Some(*at)).collect(),
        }
    }

    /// Those of a segment that are directly in an instance of the one around it.
    pub fn within(&self, parent: Option<usize>, segment: SegmentId) -> &[usize] {
        self.within.get(&(parent, segment)).map_or(&[], Vec::as_slice)
    }

    /// The part around an instance, itself included, that is of this home; `None` where there is none.
    pub fn around(&self, instance: Option<usize>, home: Option<SegmentId>) -> Option<Option<usize>> {
        let mut at = instance;
        loop {
            if at.map(|at| self.all[at].segment) == home {
                return Some(at);
            }
            at = self.all[at?].parent;
        }
    }

    /// All of a segment that are somewhere in the same outermost part that both are in, in order.
    pub fn reached(
        &self,
        from: Option<usize>,
        segment: SegmentId,
        parents: &[Option<SegmentId>],
    ) -> Vec<usize> {
        // `parents`: those around the segment, the innermost first, the cell last.
        let root = parents.iter().find_map(|home| Some((self.around(from, *home)?, *home)));
        let all = self.of.get(&segment).into_iter().flatten().copied();
        match root {
            Some((root, home)) => all.filter(|at| self.around(Some(*at), home) == Some(root)).collect(),
            None => all.collect(),
        }
    }
}
