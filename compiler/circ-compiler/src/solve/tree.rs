//! Trees of coupled equations: linearly implicit Euler, by elimination from the leaves to the root and back.
//!
//! In: equations that are Scheme::Tree, and their couplings, a forest. Out: their values after the step. The unknowns
//! are the moves d of the variables over the step h (Hines 1984, Int. J. Biomed. Comput. 15:69, written for moves): with
//! f the right side of a node without its couplings, J its slope in the node's own variable, and c the rate at which a
//! neighbour pulls,
//!
//! ```text
//! (1 - h J_q + h sum c_qp) d_q - h sum c_qp d_p = h (f_q + sum c_qp (x_p - x_q)),
//! ```
//!
//! all on the right as it is at the start of the step. So a steady state is exact whatever the step is. `J` counts as 0
//! where it is positive: then the matrix has a positive diagonal and negative neighbours, and no step amplifies.
//!
//! What stands in the diagonal beside the couplings is carried separately as `excess`, and only positive numbers are
//! added to it (as in the elimination of Grassmann, Taksar and Heyman 1985, Oper. Res. 33:1107), so that a strong
//! coupling does not swallow a weak leak.

use std::collections::{BTreeMap, BTreeSet};

use circ_plan::ir::*;

use super::classify::Part;
use super::facts::Facts;
use super::jacobian::derivative;
use super::{Coupling, System};
use crate::kernel::build::Builder;

/// One step of all trees. `pushes` are `h f` with the noise of the step, without couplings.
pub fn step_trees(
    b: &mut Builder,
    facts: &mut Facts,
    system: &System,
    parts: &[Part],
    pushes: BTreeMap<usize, ValueId>,
) -> BTreeMap<usize, ValueId> {
    let links = links(b, system);
    let nodes: BTreeSet<usize> = links.keys().copied().collect();
    let excess = nodes.iter().map(|node| (*node, excess(b, facts, system, parts, *node))).collect();
    let mut trees = Trees { b, facts, system, links, excess, right: pushes };
    let mut moves = BTreeMap::new();
    let mut left = nodes;
    while let Some(first) = left.first().copied() {
        let order = trees.parents_first(first);
        for (node, _) in &order {
            left.remove(node);
        }
        trees.solve(&order, &mut moves);
    }
    moves.into_iter().map(|(node, by)| (node, b.add(system.equations[node].variable, by))).collect()
}

/// A neighbour of a node, and `h` times the rate at which it pulls.
#[derive(Clone, Copy)]
struct Link {
    other: usize,
    pull: ValueId,
}

struct Trees<'a, 'b, 'f, 'p> {
    b: &'b mut Builder,
    facts: &'f mut Facts<'p>,
    system: &'a System<'a>,
    links: BTreeMap<usize, Vec<Link>>,
    /// The diagonal without the links that are still there.
    excess: BTreeMap<usize, ValueId>,
    right: BTreeMap<usize, ValueId>,
}

/// A node that is eliminated: `d = share * d_parent + own`.
struct Eliminated {
    node: usize,
    parent: usize,
    share: ValueId,
    own: ValueId,
}

fn links(b: &mut Builder, system: &System) -> BTreeMap<usize, Vec<Link>> {
    let mut links: BTreeMap<usize, Vec<Link>> = BTreeMap::new();
    let h = b.float(system.step_ms);
    for Coupling { a, b: other, to_a, to_b } in system.couplings {
        let (to_a, to_b) = (b.mul(*to_a, h), b.mul(*to_b, h));
        links.entry(*a).or_default().push(Link { other: *other, pull: to_a });
        links.entry(*other).or_default().push(Link { other: *a, pull: to_b });
    }
    links
}

/// `1 - h J`, at least 1.
fn excess(b: &mut Builder, facts: &mut Facts, system: &System, parts: &[Part], node: usize) -> ValueId {
    let slope = match &parts[node].own {
        Ok(form) => form.coefficients.get(&node).copied(),
        Err(_) => derivative(b, facts, parts[node].drift, node),
    };
    let one = b.float(1.0);
    let Some(slope) = slope else { return one };
    let (zero, h) = (b.float(0.0), b.float(system.step_ms));
    let minus = b.neg(slope);
    let loss = b.max(minus, zero);
    b.fma(loss, h, one)
}

impl Trees<'_, '_, '_, '_> {
    /// The nodes of the tree of a node with their parents, every parent before its children.
    fn parents_first(&mut self, first: usize) -> Vec<(usize, Option<usize>)> {
        let root = self.root(first);
        self.walk(root)
    }

    fn walk(&self, root: usize) -> Vec<(usize, Option<usize>)> {
        let mut order = vec![(root, None)];
        let mut at = 0;
        while let Some((node, parent)) = order.get(at).copied() {
            let children = self.links[&node].iter().filter(|link| Some(link.other) != parent);
            order.extend(children.map(|link| (link.other, Some(node))));
            at += 1;
        }
        order
    }

    /// A node whose coefficients vary, where there is one: those of all others then follow from parameters alone, and
    /// are moved out of the step.
    fn root(&mut self, first: usize) -> usize {
        let nodes = self.walk(first);
        let varies = |node: &usize| {
            let steady = self.facts.steady(self.b, self.excess[node])
                && self.links[node].iter().all(|link| self.facts.steady(self.b, link.pull));
            !steady
        };
        nodes.into_iter().map(|(node, _)| node).find(varies).unwrap_or(first)
    }

    fn solve(&mut self, order: &[(usize, Option<usize>)], moves: &mut BTreeMap<usize, ValueId>) {
        self.pull_all(order);
        let mut eliminated = vec![];
        for (node, parent) in order.iter().rev() {
            match parent {
                Some(parent) => eliminated.push(self.eliminate(*node, *parent)),
                None => {
                    let inverse = self.inverse(self.excess[node]);
                    moves.insert(*node, self.b.mul(self.right[node], inverse));
                }
            }
        }
        for Eliminated { node, parent, share, own } in eliminated.into_iter().rev() {
            let by = self.b.fma(share, moves[&parent], own);
            moves.insert(node, by);
        }
    }

    /// Adds the couplings to the right sides.
    fn pull_all(&mut self, order: &[(usize, Option<usize>)]) {
        for (node, parent) in order {
            let Some(parent) = parent else { continue };
            let (own, other) = (self.variable(*node), self.variable(*parent));
            let difference = self.b.sub(other, own);
            let (up, down) = (self.pull(*parent, *node), self.pull(*node, *parent));
            let up = self.b.neg(up);
            self.right.insert(*node, self.b.fma(down, difference, self.right[node]));
            self.right.insert(*parent, self.b.fma(up, difference, self.right[parent]));
        }
    }

    /// Takes a leaf away: its neighbour gets what it has, in the share that reaches it.
    fn eliminate(&mut self, node: usize, parent: usize) -> Eliminated {
        let (up, down) = (self.pull(parent, node), self.pull(node, parent));
        let (excess, right) = (self.excess[&node], self.right[&node]);
        let diagonal = self.b.add(excess, down);
        let inverse = self.inverse(diagonal);
        let reaching = self.b.mul(up, inverse);
        self.excess.insert(parent, self.b.fma(reaching, excess, self.excess[&parent]));
        self.right.insert(parent, self.b.fma(reaching, right, self.right[&parent]));
        let share = self.b.mul(down, inverse);
        let own = self.b.mul(right, inverse);
        Eliminated { node, parent, share, own }
    }

    fn inverse(&mut self, x: ValueId) -> ValueId {
        let one = self.b.float(1.0);
        self.b.div(one, x)
    }

    fn variable(&self, node: usize) -> ValueId {
        self.system.equations[node].variable
    }

    /// How `other` pulls at `node`.
    fn pull(&mut self, node: usize, other: usize) -> ValueId {
        let link = self.links[&node].iter().find(|link| link.other == other).copied();
        link.map_or_else(|| self.b.float(0.0), |link| link.pull)
    }
}
