//! Marks where a branch may pay: operations that matter only where a mask holds.
//!
//! In: a program. Out: the same operations, perhaps in another order, with [`Region`]s. An operation
//! belongs to a mask if everything that uses it belongs to the mask too or selects it by the mask.
//! A cell's reaction to a spike is mostly such. Regions do not overlap; small ones are not worth a
//! branch and are left out. Values do not change: a program has no order but that of its operands.

use std::collections::{BTreeMap, BTreeSet};

use circ_plan::ir::*;

use super::ops::{map_operands, map_output, operands, output_value};

/// A region must save this much, in units of an addition: below, a mispredicted branch costs more.
const WORTH_A_BRANCH: u32 = 12;

/// The program with its regions; whatever regions it had are replaced.
pub fn with_regions(mut program: Program) -> Program {
    program.regions.clear();
    let graph = Graph::new(&program);
    let mut groups: Vec<Group> = vec![];
    let mut order: Vec<usize> = vec![];
    for group in graph.candidates(&program) {
        if groups.iter().any(|other| other.members.intersection(&group.members).next().is_some()) {
            continue;
        }
        groups.push(group);
        match graph.order(&groups) {
            Some(found) => order = found,
            None => drop(groups.pop()),
        }
    }
    if groups.is_empty() { program } else { reordered(&program, &order, &groups) }
}

/// Operations that matter only under one mask.
struct Group {
    mask: usize,
    members: BTreeSet<usize>,
}

/// Who uses what.
struct Graph {
    operands: Vec<Vec<usize>>,
    users: Vec<Vec<usize>>,
    /// Outputs and checks use this.
    root: Vec<bool>,
}

impl Graph {
    fn new(program: &Program) -> Graph {
        let count = program.ops.len();
        let uses = |op| operands(op).iter().map(|v| v.0 as usize).collect();
        let mut graph = Graph {
            operands: program.ops.iter().map(uses).collect(),
            users: vec![vec![]; count],
            root: vec![false; count],
        };
        for (at, operands) in graph.operands.iter().enumerate() {
            for operand in operands {
                graph.users[*operand].push(at);
            }
        }
        for root in program.outputs.iter().map(output_value).chain(program.checks.iter().map(|c| c.value)) {
            graph.root[root.0 as usize] = true;
        }
        graph
    }

    /// The groups that are worth a branch, the largest saving first.
    fn candidates(&self, program: &Program) -> Vec<Group> {
        let masks: BTreeSet<usize> = program.ops.iter().filter_map(mask_of).collect();
        let mut groups: Vec<(u32, Group)> = masks
            .into_iter()
            .map(|mask| Group { mask, members: self.members(program, mask) })
            .map(|group| (group.members.iter().map(|at| cost(&program.ops[*at])).sum(), group))
            .filter(|(saving, _)| WORTH_A_BRANCH <= *saving)
            .collect();
        groups.sort_by_key(|(saving, group)| (std::cmp::Reverse(*saving), group.mask));
        groups.into_iter().map(|(_, group)| group).collect()
    }

    /// What matters only where this mask holds. Users come later, so one pass backwards finds all.
    fn members(&self, program: &Program, mask: usize) -> BTreeSet<usize> {
        let mut members = BTreeSet::new();
        for at in (0..self.users.len()).rev() {
            let selected = |user: usize| match program.ops[user] {
                Op::Select(m, a, b) => m.0 as usize == mask && a.0 as usize == at && b.0 as usize != at,
                _ => false,
            };
            let inside = |user: &usize| members.contains(user) || selected(*user);
            let possible =
                at != mask && !self.root[at] && !self.users[at].is_empty() && !is_invariant(&program.ops[at]);
            if possible && self.users[at].iter().all(inside) {
                members.insert(at);
            }
        }
        members
    }

    /// An order of all operations in which every group stands together, behind its mask; nothing if
    /// what is outside a group stands between two of its members.
    fn order(&self, groups: &[Group]) -> Option<Vec<usize>> {
        // A node is an operation or a whole group, named by the last member.
        let mut node: Vec<usize> = (0..self.users.len()).collect();
        let mut contents: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for group in groups {
            let name = *group.members.last()?;
            for member in &group.members {
                node[*member] = name;
            }
            contents.insert(name, group.members.iter().copied().collect());
        }
        let mut edges: BTreeSet<(usize, usize)> = BTreeSet::new();
        for (at, operands) in self.operands.iter().enumerate() {
            edges.extend(operands.iter().map(|operand| (node[*operand], node[at])));
        }
        edges.extend(groups.iter().filter_map(|group| Some((node[group.mask], *group.members.last()?))));
        edges.retain(|(from, to)| from != to);
        sorted(&node, &edges).map(|nodes| {
            nodes
                .into_iter()
                .flat_map(|name| contents.get(&name).cloned().unwrap_or_else(|| vec![name]))
                .collect()
        })
    }
}

/// The nodes in an order that respects the edges, else as they are named; nothing for a cycle.
fn sorted(node: &[usize], edges: &BTreeSet<(usize, usize)>) -> Option<Vec<usize>> {
    let names: BTreeSet<usize> = node.iter().copied().collect();
    let mut waits: BTreeMap<usize, usize> = names.iter().map(|name| (*name, 0)).collect();
    for (_, to) in edges {
        *waits.entry(*to).or_default() += 1;
    }
    let mut ready: BTreeSet<usize> = names.iter().copied().filter(|name| waits[name] == 0).collect();
    let mut order = vec![];
    while let Some(name) = ready.pop_first() {
        order.push(name);
        for (_, to) in edges.range((name, 0)..=(name, usize::MAX)) {
            let left = waits.entry(*to).or_default();
            *left -= 1;
            if *left == 0 {
                ready.insert(*to);
            }
        }
    }
    (order.len() == names.len()).then_some(order)
}

fn mask_of(op: &Op) -> Option<usize> {
    match op {
        Op::Select(mask, ..) => Some(mask.0 as usize),
        _ => None,
    }
}

/// What a loop over cells loads once: no branch saves it.
fn is_invariant(op: &Op) -> bool {
    matches!(
        op,
        Op::Float(_) | Op::Int(_) | Op::Bool(_) | Op::Tick(_) | Op::Uniform(_) | Op::Now | Op::Time(_)
    )
}

/// Rough cost, in additions.
fn cost(op: &Op) -> u32 {
    match op {
        Op::Call1(..) | Op::Call2(..) => 20,
        Op::Draw { .. } | Op::Redraw { .. } => 30,
        Op::Div(..) | Op::Sqrt(_) | Op::IntDiv(..) | Op::IntMod(..) => 5,
        Op::Table(..) => 4,
        _ => 1,
    }
}

fn reordered(program: &Program, order: &[usize], groups: &[Group]) -> Program {
    let mut result = Program::new(program.name.clone(), program.precision);
    let mut ids = vec![ValueId(0); program.ops.len()];
    for at in order {
        ids[*at] = result.push(map_operands(&program.ops[*at], |v| ids[v.0 as usize]), program.types[*at]);
    }
    let to = |v: ValueId| ids[v.0 as usize];
    result.outputs = program.outputs.iter().map(|output| map_output(output, to)).collect();
    result.checks =
        program.checks.iter().map(|check| Check { value: to(check.value), ..check.clone() }).collect();
    result.regions = groups.iter().map(|group| region(group, &ids)).collect();
    result.regions.sort_by_key(|region| region.first);
    result
}

fn region(group: &Group, ids: &[ValueId]) -> Region {
    let places = || group.members.iter().map(|member| ids[*member].0);
    let (first, last) = (places().min().unwrap_or(0), places().max().unwrap_or(0));
    Region { mask: ids[group.mask], first, end: last + 1 }
}
