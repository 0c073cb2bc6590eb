//! Structural plasticity, pair by pair.
//!
//! In: a tick that is made, but for this. Out: the synapses that there are from now on, in canonical order, with what each
//! holds and what it has still to see. The meaning is that of [`circ_plan::learning`]: here every pair of cells is written
//! down, and everything is sorted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use circ_numerics::random::{Counter, Stream, trial_key};
use circ_plan::engine::{RewireFault, Stop, SynapseFault, Synapses, Values};
use circ_plan::ir::*;
use circ_plan::learning::{Budget, Candidates, Group, Grow, Learning, NewDelay, Prune, Rewire};
use circ_plan::plan::{Plan, ProjectionPlan, Quantity};

use super::Interpreter;
use super::learning::result_of;
use super::plastic::{Moments, Plastic, Scene, grouped, held, learning, occurrences};

/// A synapse as it is to be: positions in the views, and its number until now.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    source: u32,
    target: u32,
    old: Option<u32>,
}

/// The synapses of a projection as they are to be, by its place among those that learn.
pub struct Rewired {
    place: usize,
    synapses: Vec<Place>,
    /// Of those that are new, in order.
    made: Vec<Made>,
}

/// What the projection gives a new synapse: its weight, and its ways in ticks.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Made {
    weight: f64,
    /// What `reset` puts the weight back to.
    initial: f64,
    /// What it has in common with those that it shares the weight with.
    key: f64,
    axonal: i64,
    dendritic: i64,
    back: i64,
}

impl Interpreter {
    /// What is to be of the synapses of projections that are rewired at a tick; or why it can not be.
    pub(super) fn decide(&self, tick: i64) -> Result<Vec<Rewired>, Stop> {
        let scene = Scene { plan: &self.plan, states: &self.states, past: &self.past };
        let mut all = vec![];
        for (place, plastic) in self.plastic.iter().enumerate() {
            let Some(rewire) = &learning(&self.plan, plastic.projection).rewire else { continue };
            let key = trial_key(rewire.key, self.trial);
            if rewire.is_due(tick) && plastic.uniforms[rewire.learns.0 as usize].truth() {
                let synapses = Decision { scene, plastic, rewire, key, tick }.synapses()?;
                let mut made = Decision { scene, plastic, rewire, key, tick }.made(&synapses)?;
                if let Some(group) = &rewire.group {
                    share(plastic, group, &synapses, &mut made);
                }
                all.push(Rewired { place, synapses, made });
            }
        }
        Ok(all)
    }

    /// Makes it so.
    pub(super) fn rewire(&mut self, tick: i64, all: Vec<Rewired>) {
        let plan = Arc::clone(&self.plan);
        for Rewired { place, synapses, made } in all {
            let scene = Scene { plan: &plan, states: &self.states, past: &self.past };
            let plastic = &mut self.plastic[place];
            replace(&plan, plastic, &synapses, &made);
            let init = &learning(&plan, plastic.projection).init;
            let new = synapses.iter().enumerate().filter(|(_, place)| place.old.is_none());
            for ((k, _), made) in new.zip(&made) {
                plastic.settle_one(scene, init, k, tick);
                for (initial, now) in plastic.initial.iter_mut().zip(&plastic.arrays) {
                    initial[k] = now[k];
                }
                plastic.initial[0][k] = held(&learning(&plan, plastic.projection).arrays[0], made.initial);
            }
            show_structure(&mut self.synapses[plastic.projection as usize], plastic);
        }
    }
}

/// A rewiring to be decided.
struct Decision<'a> {
    scene: Scene<'a>,
    plastic: &'a Plastic,
    rewire: &'a Rewire,
    key: [u32; 2],
    tick: i64,
}

impl Decision<'_> {
    fn synapses(&self) -> Result<Vec<Place>, Stop> {
        let Plastic { source, target, .. } = self.plastic;
        let of = |k: usize| Place { source: source[k], target: target[k], old: Some(k as u32) };
        let mut all: Vec<Place> = (0..self.plastic.len()).map(of).collect();
        for clause in &self.rewire.prune {
            all = self.pruned(all, clause)?;
        }
        let pruned = (self.plastic.len() - all.len()) as u64;
        for (clause, grow) in self.rewire.grow.iter().enumerate() {
            let pairs = self.candidates(&all);
            let pairs = match &grow.pick {
                Candidates::Where(program) => {
                    let pairs = self.put(grow, pairs)?;
                    let holds = self.of_pairs(program, &pairs)?;
                    pairs.into_iter().zip(holds).filter(|(_, holds)| *holds != 0.0).map(|it| it.0).collect()
                }
                Candidates::Extreme { highest, by } => {
                    let pairs = self.put(grow, pairs)?;
                    let scores = self.of_pairs(by, &pairs)?;
                    order(&scores, *highest).into_iter().map(|k| pairs[k]).collect()
                }
                Candidates::Random => pairs,
            };
            let found = pairs.len();
            let count = match grow.budget {
                Budget::Pruned if (found as u64) < pruned => {
                    return Err(Stop::Rewire(Box::new(RewireFault {
                        projection: self.plastic.projection,
                        tick: self.tick,
                        wanted: pruned,
                        found: found as u64,
                        place: self.rewire.place,
                    })));
                }
                Budget::Pruned => pruned,
                Budget::Number(number) => number,
            };
            let count = count.min(found as u64) as usize;
            let chosen: Vec<(u32, u32)> = match grow.pick {
                Candidates::Extreme { .. } => pairs[..count].to_vec(),
                Candidates::Where(_) => {
                    self.any(clause, found, count).into_iter().map(|k| pairs[k]).collect()
                }
                Candidates::Random => {
                    let any = self.any(clause, found, count).into_iter().map(|k| pairs[k]).collect();
                    self.put(grow, any)?
                }
            };
            all.extend(chosen.into_iter().map(|(source, target)| Place { source, target, old: None }));
            // Stable: of equal pairs the old synapse comes first.
            all.sort_by_key(|place| (place.source, place.target));
        }
        Ok(all)
    }

    /// Those that a clause leaves.
    fn pruned(&self, all: Vec<Place>, clause: &Prune) -> Result<Vec<Place>, Stop> {
        let (Prune::Where(program) | Prune::Extreme { by: program, .. }) = clause;
        let mut values = vec![];
        for place in &all {
            let synapse = place.old.expect("nothing has grown yet") as usize;
            let axonal = self.plastic.axonal(self.scene.plan, synapse);
            values.push(self.value(self.plastic, program, synapse, axonal)?);
        }
        let gone: BTreeSet<usize> = match clause {
            Prune::Where(_) => (0..all.len()).filter(|k| values[*k] != 0.0).collect(),
            Prune::Extreme { highest, share, .. } => {
                let count = share.of(all.len() as u64) as usize;
                order(&values, *highest).into_iter().take(count).collect()
            }
        };
        let left = all.into_iter().enumerate().filter(|(k, _)| !gone.contains(k));
        Ok(left.map(|(_, place)| place).collect())
    }

    /// The pairs that may be connected: of a source and a cell, where synapses are put onto parts of cells.
    fn candidates(&self, all: &[Place]) -> Vec<(u32, u32)> {
        let projection = self.projection();
        let cells = projection.paired_targets();
        let ends = |place: &Place| (place.source, place.target % cells as u32);
        let connected: BTreeSet<(u32, u32)> = all.iter().map(ends).collect();
        let mut pairs = vec![];
        for (source, from) in self.plastic.sources.iter().enumerate() {
            for (target, to) in self.plastic.targets[..cells].iter().enumerate() {
                let pair = (source as u32, target as u32);
                let itself = (from.population, from.cell) == (to.population, to.cell);
                let free = projection.allow_multiple || !connected.contains(&pair);
                if free && (projection.allow_self || !itself) {
                    pairs.push(pair);
                }
            }
        }
        pairs
    }

    /// Puts pairs on parts of their cells, if that is due.
    fn put(&self, grow: &Grow, pairs: Vec<(u32, u32)>) -> Result<Vec<(u32, u32)>, Stop> {
        let Some(program) = &grow.part else { return Ok(pairs) };
        let parts = self.of_pairs(program, &pairs)?;
        let cells = self.projection().paired_targets() as u32;
        let on_part = |((source, cell), part): ((u32, u32), f64)| (source, part as u32 * cells + cell);
        let mut put: Vec<(u32, u32)> = pairs.into_iter().zip(parts).map(on_part).collect();
        put.sort_unstable();
        Ok(put)
    }

    /// What a program makes of each pair.
    fn of_pairs(&self, program: &Program, pairs: &[(u32, u32)]) -> Result<Vec<f64>, Stop> {
        let pairs = without_synapses(self.rewire, self.plastic, pairs, vec![0; pairs.len()]);
        (0..pairs.len()).map(|k| self.value(&pairs, program, k, pairs.axonal[k])).collect()
    }

    /// The weights and the ways of those that are new.
    fn made(&self, all: &[Place]) -> Result<Vec<Made>, Stop> {
        let (sources, targets): (Vec<u32>, Vec<u32>) = all.iter().map(|it| (it.source, it.target)).unzip();
        let each = all.iter().zip(occurrences(&sources, &targets));
        let new = each.filter(|(place, _)| place.old.is_none());
        let (pairs, occurrence): (Vec<(u32, u32)>, Vec<u32>) =
            new.map(|(place, occurrence)| ((place.source, place.target), occurrence)).unzip();
        let pairs = without_synapses(self.rewire, self.plastic, &pairs, occurrence);
        let value = |program: &Program, k: usize| self.value(&pairs, program, k, pairs.axonal[k]);
        let delays = &self.rewire.delays;
        let weights: Vec<f64> =
            (0..pairs.len()).map(|k| value(&self.rewire.weight, k)).collect::<Result<_, _>>()?;
        let way = |way: &NewDelay| -> Result<Vec<i64>, Stop> {
            let of = |k: usize| match &way.ms {
                Quantity::Constant(ms) => Ok(*ms),
                Quantity::Program(program) => value(program, k),
            };
            let ticks = |ms: f64| (ms / self.scene.plan.dt).round() as i64;
            (0..pairs.len()).map(|k| of(k).map(ticks)).collect()
        };
        let (axonal, dendritic) = (way(&delays.axonal)?, way(&delays.dendritic)?);
        let group = self.rewire.group.as_ref();
        let key = |k: usize| group.map_or(Ok(0.0), |group| value(&group.key, k));
        let keys: Vec<f64> = (0..pairs.len()).map(key).collect::<Result<_, _>>()?;
        let back = delays.back.as_ref().map(way).transpose()?.unwrap_or_else(|| dendritic.clone());
        let made = |(k, weight): (usize, f64)| {
            let (axonal, dendritic, back) = (axonal[k], dendritic[k], back[k]);
            Made { weight, initial: weight, key: keys[k], axonal, dendritic, back }
        };
        Ok(weights.into_iter().enumerate().map(made).collect())
    }

    fn value(&self, of: &Plastic, program: &Program, synapse: usize, axonal: i64) -> Result<f64, Stop> {
        let moments = Moments { now: self.tick, from: self.tick, axonal };
        let (values, fault): (_, Option<SynapseFault>) = of.run(self.scene, program, synapse, moments);
        match fault {
            Some(fault) => Err(Stop::Synapse(Box::new(fault))),
            None => Ok(result_of(program, &values).number()),
        }
    }

    /// `count` different numbers below `all`, ascending.
    fn any(&self, clause: usize, all: usize, count: usize) -> Vec<usize> {
        let at = Counter { entity: clause as u32, partner: 0, tick: self.tick as u32, salt: 0 };
        let mut words = Stream::new(self.key, at);
        let mut chosen = BTreeSet::new();
        for last in all - count..all {
            let number = words.below(last as u64 + 1) as usize;
            if !chosen.insert(number) {
                chosen.insert(last);
            }
        }
        chosen.into_iter().collect()
    }

    fn projection(&self) -> &ProjectionPlan {
        &self.scene.plan.projections[self.plastic.projection as usize]
    }
}

/// Gives new synapses the weights of their groups: that of a synapse which stays, or else of the first new one.
fn share(plastic: &Plastic, group: &Group, synapses: &[Place], made: &mut [Made]) {
    let keys = plastic.keys_kept(group);
    let stays = |key: i64| {
        let of_group = |old: &u32| keys[*old as usize] == key;
        synapses.iter().filter_map(|place| place.old).find(of_group)
    };
    let mut begun: BTreeMap<i64, f64> = BTreeMap::new();
    for one in made {
        let key = one.key as i64;
        match stays(key) {
            Some(old) => {
                one.weight = plastic.arrays[0][old as usize].number();
                one.initial = plastic.initial[0][old as usize].number();
            }
            None => {
                one.weight = *begun.entry(key).or_insert(one.weight);
                one.initial = one.weight;
            }
        }
    }
}

/// Shows which synapses there are now.
pub fn show_structure(shown: &mut Synapses, plastic: &Plastic) {
    (shown.source, shown.target) = (plastic.source.clone(), plastic.target.clone());
    shown.rows.clone_from(&plastic.rows);
    shown.group.clone_from(&plastic.group);
    show(&mut shown.dendritic, &plastic.dendritic);
    show(&mut shown.back, &plastic.back);
}

/// Ticks of all synapses, one number or one for each as before.
fn show(values: &mut Values, ticks: &[i64]) {
    if let Values::Each(each) = values {
        *each = ticks.iter().map(|ticks| *ticks as f64).collect();
    }
}

/// Pairs as if they were synapses that hold nothing.
fn without_synapses(rewire: &Rewire, of: &Plastic, pairs: &[(u32, u32)], occurrence: Vec<u32>) -> Plastic {
    let [axonal, dendritic, back] = rewire.delays.of_candidates().map(i64::from);
    let (source, target) = pairs.iter().copied().unzip();
    Plastic {
        projection: of.projection,
        arrays: vec![],
        initial: vec![],
        uniforms: of.uniforms.clone(),
        keys: of.keys.clone(),
        source,
        target,
        axonal: vec![axonal; pairs.len()],
        dendritic: vec![dendritic; pairs.len()],
        back: vec![back; pairs.len()],
        occurrence,
        rows: vec![],
        group: vec![],
        sources: of.sources.clone(),
        targets: of.targets.clone(),
        modulators: of.modulators.clone(),
        of_source: vec![],
        of_target: vec![],
        due: BTreeMap::new(),
    }
}

/// Places by score, then in order.
fn order(scores: &[f64], highest: bool) -> Vec<usize> {
    let mut places: Vec<usize> = (0..scores.len()).collect();
    let compare = |a: &usize, b: &usize| {
        let (a, b) = if highest { (scores[*b], scores[*a]) } else { (scores[*a], scores[*b]) };
        a.partial_cmp(&b).expect("a score that is no number fails its check")
    };
    places.sort_by(compare);
    places
}

/// Puts synapses in the place of those that there were. What new ones hold besides the weight and the delay is 0.
fn replace(plan: &Plan, plastic: &mut Plastic, synapses: &[Place], made: &[Made]) {
    let rule = learning(plan, plastic.projection);
    let old = |values: &[i64], new: fn(&Made) -> i64| -> Vec<i64> {
        let mut made = made.iter();
        let mut new = || made.next().map_or(0, new);
        synapses.iter().map(|place| place.old.map_or_else(&mut new, |k| values[k as usize])).collect()
    };
    plastic.axonal = old(&plastic.axonal, |made| made.axonal);
    plastic.dendritic = old(&plastic.dendritic, |made| made.dendritic);
    plastic.back = old(&plastic.back, |made| made.back);
    if !plastic.rows.is_empty() {
        // Where synapses grow nothing reads their rows.
        let row = |place: &Place| plastic.rows.get(place.old? as usize).copied();
        let rows: Option<Vec<u32>> = synapses.iter().map(row).collect();
        plastic.rows = rows.unwrap_or_default();
    }
    for all in [&mut plastic.arrays, &mut plastic.initial] {
        for (array, values) in rule.arrays.iter().zip(all) {
            let kept = |place: &Place| place.old.map_or(held(array, 0.0), |k| values[k as usize]);
            *values = synapses.iter().map(kept).collect();
        }
    }
    let mut made = made.iter();
    for (k, _) in synapses.iter().enumerate().filter(|(_, place)| place.old.is_none()) {
        let Made { weight, axonal, key, .. } = made.next().expect("each was given a weight");
        plastic.arrays[0][k] = held(&rule.arrays[0], *weight);
        if let Some(group) = rule.rewire.as_ref().and_then(|rewire| rewire.group.as_ref()) {
            plastic.arrays[group.array.0 as usize][k] = held(&rule.arrays[group.array.0 as usize], *key);
        }
        if let Some(delay) = rule.delay {
            let ms = *axonal as f64 * plan.dt;
            plastic.arrays[delay.0 as usize][k] = held(&rule.arrays[delay.0 as usize], ms);
        }
    }
    let mut new_of = vec![None; plastic.source.len()];
    for (k, place) in synapses.iter().enumerate() {
        if let Some(old) = place.old {
            new_of[old as usize] = Some(k as u32);
        }
    }
    for due in plastic.due.values_mut() {
        let before = std::mem::take(due);
        due.extend(before.into_iter().filter_map(|(synapse, due)| Some((new_of[synapse as usize]?, due))));
    }
    plastic.source = synapses.iter().map(|place| place.source).collect();
    plastic.target = synapses.iter().map(|place| place.target).collect();
    plastic.number(rule);
}

impl Plastic {
    /// Finds anew what follows from which synapses there are.
    pub fn number(&mut self, rule: &Learning) {
        if let Some(group) = rule.rewire.as_ref().and_then(|rewire| rewire.group.as_ref()) {
            let mut numbers = BTreeMap::new();
            self.group.clear();
            for key in self.keys_kept(group) {
                let next = numbers.len() as u32;
                self.group.push(*numbers.entry(key).or_insert(next));
            }
        }
        self.occurrence = occurrences(&self.source, &self.target);
        self.of_source = grouped(&self.source, self.sources.len());
        self.of_target = grouped(&self.target, self.targets.len());
    }

    /// What each has in common with those that it shares its weight with.
    fn keys_kept(&self, group: &Group) -> Vec<i64> {
        self.arrays[group.array.0 as usize].iter().map(|key| key.number() as i64).collect()
    }
}
