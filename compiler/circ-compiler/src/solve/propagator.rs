//! Propagators: how the exact solution of an equation is put together.
//!
//! In: equations that are linear with constant coefficients, in whichever modes are on. Out: for each its
//! [`Propagator`], which says whose exponential is needed, or that there is none. What an equation takes from a
//! variable runs only through variables that depend on that one and on which the equation depends, so the exponential
//! of their matrix is enough: a soma over forty segments needs forty small matrices, not one large one.

use std::collections::{BTreeMap, BTreeSet};

use super::System;
use super::affine::Affine;
use super::classify::Part;

/// Equations, with their inputs, whose matrix has an exponential taken: with n of them a matrix holds n^2 numbers.
pub const MOST_COUPLED: usize = 32;
/// Modes on which what comes from one variable may depend: with n of them it has 2^n weights.
const MOST_EFFECTS: usize = 4;
/// Numbers in all the matrices of ways to the equations of a cell: as in 32 of 32 rows.
const MOST_ENTRIES: usize = 32 * 32 * 32;

/// Where the exact solution of an equation comes from.
#[derive(Clone, Debug)]
pub enum Propagator {
    /// Its own exponential: it depends on no other.
    Alone,
    /// The matrix of all that it depends on, itself too, ascending.
    Whole(Vec<usize>),
    /// One matrix for each variable that it depends on.
    Ways(Vec<Way>),
}

/// What leads from a variable to an equation that depends on it.
#[derive(Clone, Debug)]
pub struct Way {
    pub from: usize,
    /// All that lies on the way, both ends too, ascending.
    pub members: Vec<usize>,
    /// What changes equations on the way, that of its end left out, ascending.
    pub effects: Vec<usize>,
}

/// Propagators of equations, and the equations that are out because too many act on each other.
#[derive(Clone, Debug, Default)]
pub struct Propagators {
    pub of: BTreeMap<usize, Propagator>,
    pub large: BTreeSet<usize>,
}

/// Finds the propagators of equations that depend on nothing outside of `closed`.
pub fn propagators(system: &System, parts: &[Part], closed: &BTreeSet<usize>) -> Propagators {
    let mut found = Propagators::default();
    let mut left = MOST_ENTRIES;
    for equation in closed {
        match propagator(system, parts, *equation, &found.large, &mut left) {
            Some(propagator) => {
                found.of.insert(*equation, propagator);
            }
            None => {
                found.large.insert(*equation);
            }
        }
    }
    found
}

/// `None` where a matrix were too large.
fn propagator(
    system: &System,
    parts: &[Part],
    equation: usize,
    large: &BTreeSet<usize>,
    left: &mut usize,
) -> Option<Propagator> {
    let ancestors = ancestors(parts, equation, large)?;
    let changes = |other: &usize| !system.equations[*other].changes.is_empty();
    if !ancestors.iter().any(changes) {
        if ancestors.len() == 1 {
            return Some(Propagator::Alone);
        }
        let has_input = |other: &&usize| parts[**other].joint.as_ref().is_ok_and(|form| form.rest.is_some());
        if ancestors.len() + ancestors.iter().filter(has_input).count() <= MOST_COUPLED {
            return Some(Propagator::Whole(ancestors.into_iter().collect()));
        }
    }
    let readers = readers(parts, &ancestors);
    let mut ways = vec![];
    for from in &ancestors {
        let way = way(system, &readers, *from, equation)?;
        let forms = parts[equation].forms.len() << way.effects.len();
        *left = left.checked_sub(forms * (way.members.len() + 1).pow(2))?;
        ways.push(way);
    }
    Some(Propagator::Ways(ways))
}

/// What an equation depends on in any mode, itself too; `None` where that is one that is out, or far too many.
fn ancestors(parts: &[Part], equation: usize, large: &BTreeSet<usize>) -> Option<BTreeSet<usize>> {
    let mut found = BTreeSet::from([equation]);
    let mut open = vec![equation];
    while let Some(at) = open.pop() {
        for other in parts[at].reads() {
            if large.contains(&other) || MOST_ENTRIES < found.len() {
                return None;
            }
            if found.insert(other) {
                open.push(other);
            }
        }
    }
    Some(found)
}

/// For each of some equations, those of them that read it.
fn readers(parts: &[Part], among: &BTreeSet<usize>) -> BTreeMap<usize, Vec<usize>> {
    let mut readers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for reader in among {
        for read in parts[*reader].reads() {
            readers.entry(read).or_default().push(*reader);
        }
    }
    readers
}

/// The way from a variable to an equation, of which all readers are ancestors; `None` where it is too wide.
fn way(system: &System, readers: &BTreeMap<usize, Vec<usize>>, from: usize, to: usize) -> Option<Way> {
    let mut members = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        for reader in readers.get(&at).into_iter().flatten() {
            if members.insert(*reader) {
                open.push(*reader);
            }
        }
        if MOST_COUPLED <= members.len() {
            return None;
        }
    }
    let changing = members.iter().filter(|member| **member != to);
    let changes = changing.flat_map(|member| &system.equations[*member].changes);
    let effects: BTreeSet<usize> = changes.map(|change| change.effect).collect();
    (effects.len() <= MOST_EFFECTS).then(|| Way {
        from,
        members: members.into_iter().collect(),
        effects: effects.into_iter().collect(),
    })
}

/// Those of a way's members through which its end reads its start while these forms hold; none where it does not.
pub fn through<'f>(way: &Way, to: usize, form: &impl Fn(usize) -> &'f Affine) -> Vec<usize> {
    let reads = |reader: usize, read: usize| form(reader).coefficients.contains_key(&read);
    let forward = spread(&way.members, way.from, |at, next| reads(next, at));
    let backward = spread(&way.members, to, reads);
    if !forward.contains(&to) {
        return vec![];
    }
    way.members.iter().copied().filter(|m| forward.contains(m) && backward.contains(m)).collect()
}

fn spread(among: &[usize], start: usize, leads: impl Fn(usize, usize) -> bool) -> BTreeSet<usize> {
    let mut found = BTreeSet::from([start]);
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        for next in among {
            if leads(at, *next) && found.insert(*next) {
                open.push(*next);
            }
        }
    }
    found
}
