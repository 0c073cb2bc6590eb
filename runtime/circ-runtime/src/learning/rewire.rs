//! Structural plasticity: which synapses go and come, and how a thread's synapses are put in their new order.
//!
//! In: a projection whose synapses have come as far as all cells, between two ticks. Out: its new synapses, thread by thread;
//! and learners that hold them. The meaning is in [`circ_plan::learning`]. Candidates are gone through source by source,
//! the sources divided among threads: at no time are all pairs of cells written down.

use std::collections::BTreeSet;

use circ_numerics::random::{Counter, Stream};
use circ_plan::engine::{RewireFault, Stop};
use circ_plan::ir::Program;
use circ_plan::learning::{Budget, Candidates, Group, Grow, Learning, NewDelay, Prune, Rewire};
use circ_plan::plan::Quantity;
use circ_plan::snapshot::{Numbers, Structure};

use super::batch::{Batch, Seen, all};
use super::candidates::{Failures, Found, Pairs, key};
use super::design::Design;
use super::groups;
use super::learner::Learner;
use super::leaves::Scene;
use super::own::Surroundings;
use super::routine::{Failure, Routine};
use super::shared::Common;
use super::table::{ByTarget, Stretch, Table, Ticks};
use crate::parallel::for_each;
use crate::worker::Worker;

/// A synapse, in canonical order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Positions in the views.
    pub source: u32,
    pub target: u32,
    /// Which of equal pairs it was; [`NEW`] of those that are new, which come last.
    occurrence: u32,
    /// Its number in its thread until now, or [`NEW`].
    number: u32,
}

pub const NEW: u32 = u32::MAX;

/// The synapses of a projection as they are to be.
pub struct Rewired {
    design: usize,
    /// By thread.
    parts: Vec<Part>,
}

/// Those of a thread.
struct Part {
    table: Table,
    /// Their numbers until now.
    places: Vec<Option<u32>>,
    /// Those that are new, in canonical order.
    made: Vec<u32>,
    /// Their weights, and how long their axonal and dendritic ways and their ways back are, where these differ.
    weights: Vec<f64>,
    /// Where weights are shared: what they have in common with others, and what the weights of their groups began as.
    keys: Vec<f64>,
    initial: Vec<f64>,
    ways: [Vec<u32>; 3],
}

/// What is to be of the synapses of a design at a tick.
///
/// # Errors
/// The first thing that can not be.
pub fn decide(
    around: Surroundings,
    design: usize,
    rewire: &Rewire,
    tick: i64,
    workers: &mut [Worker],
) -> Result<Rewired, Stop> {
    let of = &around.network.designs[design];
    let mut places = present(of);
    let all = places.len();
    for prune in &rewire.prune {
        let (Prune::Where(program) | Prune::Extreme { by: program, .. }) = prune;
        let values = values(around, design, program, tick, workers)?;
        let owner = owners(of);
        let value = |place: &Place| values[owner[place.target as usize].0 as usize][place.number as usize];
        match prune {
            Prune::Where(_) => places.retain(|place| value(place) == 0.0),
            Prune::Extreme { highest, share, .. } => {
                let count = share.of(places.len() as u64) as usize;
                let keyed = |(k, place): (usize, &Place)| (key(value(place), *highest), k);
                let keyed: Vec<(u64, usize)> = places.iter().enumerate().map(keyed).collect();
                leave_out(&mut places, keyed, count);
            }
        }
    }
    let pruned = (all - places.len()) as u64;
    for (clause, grow) in rewire.grow.iter().enumerate() {
        let new = grown(around, design, (rewire, clause, grow), pruned, tick, &places)?;
        let new = new.into_iter();
        places.extend(new.map(|(source, target)| Place { source, target, occurrence: NEW, number: NEW }));
        places.sort();
    }
    let parts = parts(around, of, rewire, &places);
    let mut rewired = Rewired { design, parts };
    rewired.measure(around, rewire, tick)?;
    if let Some(group) = &rewire.group {
        rewired.join(around, group, &places, workers, tick)?;
    }
    let learning = around.scene(design, 0).learning;
    for (part, old) in rewired.parts.iter_mut().zip(&of.tables) {
        part.lay(old, rewire, learning.longest.is_none());
    }
    Ok(rewired)
}

/// The synapses of a design as they were at another moment, with these keys. What they hold is put elsewhere.
pub fn as_they_were(
    around: Surroundings,
    design: usize,
    (rewire, learning): (&Rewire, &Learning),
    structure: &Structure,
    keys: Option<&Numbers>,
) -> Rewired {
    let of = &around.network.designs[design];
    let ends = structure.source.iter().zip(&structure.target);
    let places: Vec<Place> = ends
        .map(|(source, target)| Place { source: *source, target: *target, occurrence: NEW, number: NEW })
        .collect();
    let mut parts = parts(around, of, rewire, &places);
    let (owners, mut groups) = (owners(of), groups::Numbers::default());
    for (k, place) in places.iter().enumerate() {
        let part = &mut parts[owners[place.target as usize].0 as usize];
        part.table.group.extend(keys.map(|keys| groups.of(keys.get(k) as i64)));
        part.table.table_rows.extend(structure.rows.get(k));
        part.ways.iter_mut().zip(&structure.ways).for_each(|(part, all)| part.push(all[k]));
    }
    for (part, old) in parts.iter_mut().zip(&of.tables) {
        part.lay(old, rewire, learning.longest.is_none());
    }
    Rewired { design, parts }
}

/// All synapses, in canonical order.
fn present(design: &Design) -> Vec<Place> {
    let mut places = vec![];
    for table in &design.tables {
        table.each(|synapse, source| {
            let target = table.positions[table.target.of(synapse) as usize];
            let occurrence = table.occurrence.get(synapse as usize).copied().unwrap_or(0);
            places.push(Place { source, target, occurrence, number: synapse });
        });
    }
    if 1 < design.tables.len() || design.tables.iter().any(|table| !table.rank.is_empty()) {
        places.sort();
    }
    places
}

/// For each position of the target view: the thread that has it, and which of its targets it is.
pub fn owners(design: &Design) -> Vec<(u32, u32)> {
    let mut owners = vec![(0, 0); design.sides.target.len()];
    for (thread, table) in design.tables.iter().enumerate() {
        for (own, position) in table.positions.iter().enumerate() {
            owners[*position as usize] = (thread as u32, own as u32);
        }
    }
    owners
}

/// What a program makes of all synapses, by thread.
fn values(
    around: Surroundings,
    design: usize,
    program: &Program,
    tick: i64,
    workers: &mut [Worker],
) -> Result<Vec<Vec<f64>>, Stop> {
    let each =
        for_each(workers.len(), workers, |_, worker| worker.learning.values(around, design, program, tick));
    let (values, failures): (Vec<_>, Vec<_>) = each.into_iter().unzip();
    first(around, design, failures)?;
    Ok(values)
}

/// The first of all failures.
fn first(
    around: Surroundings,
    design: usize,
    failures: impl IntoIterator<Item = Option<Failure>>,
) -> Result<(), Stop> {
    match failures.into_iter().flatten().min_by_key(|failure| failure.key) {
        Some(failure) => {
            Err(Stop::Synapse(Box::new(failure.fault(around.network.designs[design].projection))))
        }
        None => Ok(()),
    }
}

/// The first of all pairs that failed: all are put on parts before anything is asked of them.
fn first_of_pairs(around: Surroundings, design: usize, failures: Vec<Failures>) -> Result<(), Stop> {
    let (put, looked): (Vec<_>, Vec<_>) = failures.into_iter().map(|it| (it.put, it.looked)).unzip();
    first(around, design, put)?;
    first(around, design, looked)
}

/// Takes the `count` places with the lowest keys out.
fn leave_out(places: &mut Vec<Place>, mut keyed: Vec<(u64, usize)>, count: usize) {
    if count < keyed.len() {
        keyed.select_nth_unstable(count);
    }
    let mut gone = vec![false; places.len()];
    keyed[..count].iter().for_each(|(_, k)| gone[*k] = true);
    let mut gone = gone.iter();
    places.retain(|_| gone.next() == Some(&false));
}

/// The pairs that a clause connects.
fn grown(
    around: Surroundings,
    design: usize,
    (rewire, clause, grow): (&Rewire, usize, &Grow),
    pruned: u64,
    tick: i64,
    places: &[Place],
) -> Result<Vec<(u32, u32)>, Stop> {
    let pairs = Pairs::new(around, design, places, tick, grow);
    let most = match grow.budget {
        Budget::Pruned => pruned,
        Budget::Number(number) => number,
    };
    let mut extreme = vec![];
    let by_source: Vec<u64> = match &grow.pick {
        Candidates::Random => pairs.counts(),
        Candidates::Extreme { highest, by } => {
            let Found { best, failures } = pairs.best(by, *highest, most);
            first_of_pairs(around, design, failures)?;
            extreme = best;
            pairs.counts()
        }
        Candidates::Where(program) => {
            let (counts, failures) = pairs.holding(program);
            first_of_pairs(around, design, failures)?;
            counts
        }
    };
    let found: u64 = by_source.iter().sum();
    if grow.budget == Budget::Pruned && found < pruned {
        return Err(Stop::Rewire(Box::new(RewireFault {
            projection: around.network.designs[design].projection,
            tick,
            wanted: pruned,
            found,
            place: rewire.place,
        })));
    }
    let program = match &grow.pick {
        Candidates::Extreme { .. } => return Ok(extreme),
        Candidates::Where(program) => Some(program),
        Candidates::Random => None,
    };
    let any = any(around.keys.of(rewire.key), clause, tick, found, most.min(found));
    let chosen = pairs.numbered(program, &by_source, &any);
    if program.is_some() {
        return Ok(chosen);
    }
    let (put, failures) = pairs.put(chosen);
    first_of_pairs(around, design, vec![failures])?;
    Ok(put)
}

/// `count` different numbers below `all`, ascending: Floyd's sampling without replacement (Bentley & Floyd 1987).
fn any(key: [u32; 2], clause: usize, tick: i64, all: u64, count: u64) -> Vec<u64> {
    let at = Counter { entity: clause as u32, partner: 0, tick: tick as u32, salt: 0 };
    let mut words = Stream::new(key, at);
    let mut chosen = BTreeSet::new();
    for last in all - count..all {
        let number = words.below(last + 1);
        if !chosen.insert(number) {
            chosen.insert(last);
        }
    }
    chosen.into_iter().collect()
}

/// The synapses of each thread, in canonical order, before it is known how far new ones are from their cells.
fn parts(around: Surroundings, design: &Design, rewire: &Rewire, places: &[Place]) -> Vec<Part> {
    let projection = &around.network.plan().projections[design.projection as usize];
    let owners = owners(design);
    let mut ends: Vec<Vec<(u32, u32)>> = vec![vec![]; design.tables.len()];
    let mut numbers: Vec<Vec<Option<u32>>> = vec![vec![]; design.tables.len()];
    for &Place { source, target, number, .. } in places {
        let (thread, own) = owners[target as usize];
        ends[thread as usize].push((source, own));
        numbers[thread as usize].push((number != NEW).then_some(number));
    }
    let part = |(thread, places): (usize, Vec<Option<u32>>)| {
        let (old, delays) = (&design.tables[thread], rewire.delays.of_candidates().map(Ticks::One));
        let mut table = old.with(&ends[thread], projection.allow_multiple, delays);
        table.keep_rows(old, &places);
        let new = places.iter().enumerate().filter(|(_, place)| place.is_none());
        let made = new.map(|(k, _)| k as u32).collect();
        let (weights, keys, initial) = (vec![], vec![], vec![]);
        Part { table, places, made, weights, keys, initial, ways: [vec![], vec![], vec![]] }
    };
    numbers.into_iter().enumerate().map(part).collect()
}

impl Part {
    /// A list of those that are new, at a tick.
    fn batch(&self, tick: i64) -> Batch {
        let mut batch = Batch::default();
        for &synapse in &self.made {
            let axonal = i64::from(self.table.axonal.of(synapse as usize));
            batch.push(synapse, self.table.source(synapse), tick - axonal);
        }
        batch
    }

    /// What a program makes of those that are new, and the first that failed.
    fn values(&self, program: &Program, scene: Scene, tick: i64) -> (Vec<f64>, Option<Failure>) {
        let (mut failure, mut values, batch) = (None, vec![], self.batch(tick));
        let mut routine = Routine::new(program, None);
        routine.values(program, scene, &[], batch.picked(tick, tick), &mut failure, &mut values);
        (values, failure)
    }

    /// Gives the next of those that are new the weight of its group, which is said.
    fn join(&mut self, weights: &mut groups::Weights) -> i64 {
        let next = self.initial.len();
        let key = self.keys[next] as i64;
        let held = weights.of_new(key, self.weights[next]);
        self.weights[next] = held.now;
        self.initial.push(held.initial);
        key
    }

    /// Puts the synapses as they are to lie, now that their ways are known; `old` is how they lay.
    fn lay(&mut self, old: &Table, rewire: &Rewire, sorts: bool) {
        let before = [&old.axonal, &old.dendritic, &old.back];
        for (k, way) in rewire.delays.ways().into_iter().enumerate() {
            let mut new = self.ways[k].iter();
            let each = |place: &Option<u32>| match place {
                Some(place) => before[k].of(*place as usize),
                None => *new.next().expect("each way of a new synapse was computed"),
            };
            let ticks = match (before[k], way.constant()) {
                (_, Some(ticks)) if rewire.grows() => Ticks::One(ticks),
                (Ticks::One(ticks), _) if !rewire.grows() => Ticks::One(*ticks),
                _ => Ticks::Each(self.places.iter().map(each).collect()),
            };
            match k {
                0 => self.table.axonal = ticks,
                1 => self.table.dendritic = ticks,
                _ => self.table.back = ticks,
            }
        }
        if let Some(order) = if sorts { self.table.by_axonal() } else { None } {
            self.places = order.iter().map(|&k| self.places[k as usize]).collect();
            let mut moved = vec![0; order.len()];
            order.iter().enumerate().for_each(|(new, &k)| moved[k as usize] = new as u32);
            self.made.iter_mut().for_each(|synapse| *synapse = moved[*synapse as usize]);
        }
    }
}

impl Rewired {
    /// Gives those that are new their weights, and their ways.
    fn measure(&mut self, around: Surroundings, rewire: &Rewire, tick: i64) -> Result<(), Stop> {
        let weights = self.values(around, &rewire.weight, tick)?;
        self.parts.iter_mut().zip(weights).for_each(|(part, weights)| part.weights = weights);
        let dt = around.network.plan().dt;
        let delays = &rewire.delays;
        let ways = [Some(&delays.axonal), Some(&delays.dendritic), delays.back.as_ref()];
        for (k, way) in ways.into_iter().enumerate() {
            let Some(NewDelay { ms, .. }) = way else { continue };
            let Quantity::Program(program) = ms else { continue };
            let values = self.values(around, program, tick)?;
            for (part, ms) in self.parts.iter_mut().zip(values) {
                part.ways[k] = ms.into_iter().map(|ms| (ms / dt).round() as u32).collect();
            }
        }
        if delays.back.is_none() {
            self.parts.iter_mut().for_each(|part| part.ways[2] = part.ways[1].clone());
        }
        Ok(())
    }

    /// Puts all in the groups of their keys; those that are new have the weights of these.
    fn join(
        &mut self,
        around: Surroundings,
        group: &Group,
        places: &[Place],
        workers: &[Worker],
        tick: i64,
    ) -> Result<(), Stop> {
        let keys = self.values(around, &group.key, tick)?;
        self.parts.iter_mut().zip(keys).for_each(|(part, keys)| part.keys = keys);
        let owners = owners(&around.network.designs[self.design]);
        let thread_of = |place: &Place| owners[place.target as usize].0 as usize;
        let learner = |place: &Place| workers[thread_of(place)].learning.learner(self.design);
        let (mut weights, mut groups) = (groups::Weights::default(), groups::Numbers::default());
        for place in places.iter().filter(|place| place.number != NEW) {
            let learner = learner(place);
            weights.note(learner.key_of(group, place.number), || learner.held_by_group(place.number));
        }
        for place in places {
            let (learner, part) = (learner(place), &mut self.parts[thread_of(place)]);
            let key = match place.number {
                NEW => part.join(&mut weights),
                number => learner.key_of(group, number),
            };
            part.table.group.push(groups.of(key));
        }
        Ok(())
    }

    /// What a program makes of those that are new, by thread.
    fn values(&mut self, around: Surroundings, program: &Program, tick: i64) -> Result<Vec<Vec<f64>>, Stop> {
        let design = self.design;
        let each = for_each(self.parts.len(), &mut self.parts, |thread, part| {
            let scene = Scene { table: &part.table, ..around.scene(design, thread) };
            part.values(program, scene, tick)
        });
        let (values, failures): (Vec<_>, Vec<_>) = each.into_iter().unzip();
        first(around, design, failures)?;
        Ok(values)
    }

    /// The place among the designs.
    pub fn design(&self) -> usize {
        self.design
    }

    /// Puts the new synapses into the design: those of all threads lie in what comes back as they lay before.
    pub fn install(&mut self, design: &mut Design) -> Vec<Table> {
        let tables = self.parts.iter_mut().map(|part| std::mem::replace(&mut part.table, Table::empty(0)));
        design.tables.iter_mut().zip(tables).map(|(old, new)| std::mem::replace(old, new)).collect()
    }

    /// Gives a learner the synapses of its thread, which lay as in `old`. The tables are installed.
    pub fn pass_on(
        &self,
        around: Surroundings,
        thread: usize,
        old: &Table,
        learner: &mut Learner,
        tick: i64,
    ) {
        let (scene, part) = (around.scene(self.design, thread), &self.parts[thread]);
        learner.move_on(scene, &around.network.designs[self.design], old, &part.places);
        let mut batch = Batch::default();
        for (&synapse, &weight) in part.made.iter().zip(&part.weights) {
            learner.arrays[0].set(synapse as usize, weight);
            let axonal = i64::from(scene.table.axonal.of(synapse as usize));
            if let Some(delay) = scene.learning.delay {
                let ms = axonal as f64 * scene.world.plan.dt;
                learner.arrays[delay.0 as usize].set(synapse as usize, ms);
            }
            batch.push(synapse, scene.table.source(synapse), tick - axonal);
        }
        if let Some(group) = scene.learning.rewire.as_ref().and_then(|rewire| rewire.group.as_ref()) {
            let held = &mut learner.arrays[group.array.0 as usize];
            part.made.iter().zip(&part.keys).for_each(|(&synapse, key)| held.set(synapse as usize, *key));
        }
        let init = &scene.learning.init;
        let mut routine = Routine::new(init, None);
        routine.apply(init, scene, &mut learner.arrays, batch.picked(tick, tick), &mut None);
        for (initial, now) in learner.initial.iter_mut().zip(&learner.arrays) {
            part.made.iter().for_each(|&synapse| initial.copy(now, synapse as usize));
        }
        for (&synapse, &weight) in part.made.iter().zip(&part.initial) {
            learner.initial[0].set(synapse as usize, weight);
        }
    }
}

impl Learner {
    /// The value of a program for every synapse, and the first that failed.
    pub fn values_of_all(
        &mut self,
        scene: Scene,
        design: &Design,
        program: &Program,
        now: i64,
    ) -> (Vec<f64>, Option<Failure>) {
        let (mut values, mut failure) = (vec![], None);
        let (mut batch, mut routine) = (Batch::default(), Routine::new(program, None));
        all(&mut batch, scene, design, program, &mut self.arrays, [now, now], |arrays, picked| {
            routine.values(program, scene, arrays, picked, &mut failure, &mut values);
        });
        (values, failure)
    }

    /// Goes on with other synapses, of which those with a place were here: what they hold and what they have still to see
    /// goes with them. What the others have sent arrives.
    fn move_on(&mut self, scene: Scene, design: &Design, old: &Table, places: &[Option<u32>]) {
        let mut moved = vec![NEW; old.len()];
        for (new, place) in places.iter().enumerate() {
            if let Some(place) = place {
                moved[*place as usize] = new as u32;
            }
        }
        for array in self.arrays.iter_mut().chain(&mut self.initial) {
            *array = array.rearranged(places);
        }
        self.seen = self.seen.map(|seen, out| {
            let new = (seen.first..seen.end).map(|synapse| moved[synapse as usize]);
            out.extend(runs(new).map(|(first, end)| Seen { first, end, ..*seen }));
        });
        let by_target = if design.by_target() { ByTarget::new(scene.table) } else { ByTarget::default() };
        let before = std::mem::replace(&mut self.by_target, by_target);
        let mut place_of = vec![NEW; self.by_target.synapses.len()];
        for (place, synapse) in self.by_target.synapses.iter().enumerate() {
            place_of[*synapse as usize] = place as u32;
        }
        for posts in &mut self.posts {
            *posts = posts.map(|stretch, out| {
                let here = &before.synapses[stretch.first as usize..stretch.end as usize];
                let new = here.iter().map(|synapse| match moved[*synapse as usize] {
                    NEW => NEW,
                    synapse => place_of[synapse as usize],
                });
                out.extend(runs(new).map(|(first, end)| Stretch { first, end, ..*stretch }));
            });
        }
        let sent = self.arrivals.map(|it, out| out.push(it.sent(old)));
        for (tick, sent) in sent.iter() {
            sent.iter().for_each(|sent| self.earlier.push(tick, *sent));
        }
        self.arrivals.forget();
        if !self.marks.is_empty() || scene.learning.both.is_some() {
            self.marks = vec![0; scene.table.len()];
        }
        self.common = Common::new(scene.learning, scene.table);
    }
}

/// Numbers that follow each other, as the first and the one after the last; those that are [`NEW`] are left out.
fn runs(numbers: impl Iterator<Item = u32>) -> impl Iterator<Item = (u32, u32)> {
    let mut runs: Vec<(u32, u32)> = vec![];
    for number in numbers.filter(|number| *number != NEW) {
        match runs.last_mut() {
            Some((_, end)) if *end == number => *end += 1,
            _ => runs.push((number, number + 1)),
        }
    }
    runs.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_told_as_runs() {
        let found: Vec<_> = runs([4, 5, NEW, 6, 9, NEW, 10, 2].into_iter()).collect();
        assert_eq!(found, [(4, 7), (9, 11), (2, 3)]);
    }

    #[test]
    fn the_lowest_keys_go_and_of_equal_ones_the_first() {
        let place = |k| Place { source: k, target: 0, occurrence: 0, number: k };
        let mut places: Vec<Place> = (0..5).map(place).collect();
        let scores = [0.5, 0.0, 0.5, -0.0, 7.0];
        let keyed = |highest| scores.iter().enumerate().map(|(k, &x)| (key(x, highest), k)).collect();
        leave_out(&mut places, keyed(false), 3);
        assert_eq!(places.iter().map(|it| it.source).collect::<Vec<_>>(), [2, 4]);
        let mut places: Vec<Place> = (0..5).map(place).collect();
        leave_out(&mut places, keyed(true), 2);
        assert_eq!(places.iter().map(|it| it.source).collect::<Vec<_>>(), [1, 2, 3]);
        leave_out(&mut places, vec![(1, 0), (0, 1), (2, 2)], 3);
        assert_eq!(places, []);
    }
}
