//! Synapses that learn: what they hold, what they see of their cells, and what happens at which tick.
//!
//! In: nothing; this is data, and its comments are the meaning. All times are ticks.
//!
//! A synapse has an axonal delay `a`, a dendritic delay `b` and a way back `c`, all at least 0, and `a + b` is at least 1
//! ([`crate::plan::ProjectionPlan::delay`] is the sum of the first two). A spike of its source stamped `s` is seen by
//! the synapse at tick `s + a`, and what it transmits arrives at the target at `s + a + b`. An event of the target
//! stamped `s` is seen at `s + c`. Modulators are seen at their own tick. Of what flows `a + b` may be 0.
//!
//! # One tick of a synapse
//!
//! Tick `q` of every synapse, in this order; each program reads what the ones before it wrote, and loads synapse arrays
//! as they were before that program:
//!
//! 1. [`When::Tick`], if `q` is at least 1: what is stepped at every tick.
//! 2. `transmit`, where a spike is seen at `q`: its result arrives `b` later. Nothing is written.
//! 3. [`When::Pre`] where a spike of the source is seen at `q` (with a delay that is learned several may be: once for
//!    each), then [`When::Post`] where an event of the target is seen, then [`When::Modulator`] where an event of a
//!    modulator has this tick, and [`When::Jump`] where a modulator jumped at it; each kind in the order of the list (of several spikes: all of the first, then all of the
//!    next, in order of the stamp). Where a spike of the source and [`Learning::both`]'s event of the target are seen at
//!    the same tick, only `both` runs (once for each spike), in place of every `Pre` and of every `Post` of that same event.
//! 4. [`When::Every`], where `q` is a multiple of its interval (not at 0): after all that happens at `q` in any cell.
//! 5. Where weights are shared, the changes of all synapses are added up.
//! 6. [`Learning::rewire`], where `q` is a multiple of its interval (not at 0), after the steps before of all synapses, and after
//!    the flow phase. Never of one of two directions.
//!
//! # Shared weights
//!
//! Where the projection has a [`crate::plan::ProjectionPlan::share`], all synapses of a group hold one weight. Where it is one of two
//! directions ([`crate::plan::Pairing::Mirror`]) that learn, both synapses of a pair do, or all of a group, which are of two projections: then "all
//! synapses" below are those of both, in order of declaration. All else is of each synapse alone. Between ticks
//! array 0 of each of them is that weight. In steps 1 to 4 each has it for itself: it reads and writes its own array 0 as ever,
//! and nothing of what the others do at that tick; what it transmits is its own too. Step 5 makes them one again, if no check of
//! these projections failed at `q`: for every group of which some array 0 is not equal to the weight before the tick, the sum
//! is, from that weight, in `f64`, in canonical order over those synapses, `sum = sum + (array 0 - weight before)`; it is rounded
//! as array 0 is held, and becomes array 0 of all synapses of the group. Then [`Learning::shared`] runs for each of them,
//! which puts it within the bounds of the rule; other programs hold it to none. Its checks are of the tick `q`.
//!
//! # What flows
//!
//! The flow phase ([`crate::plan::Flow`]) of tick `q` comes after step 5, and reads array 0 as the weight.
//! Such synapses see no spikes: there is no `transmit`, no [`When::Pre`] and no [`Learning::both`].
//!
//! # What a column is worth
//!
//! A column of the source is read `a` ticks back, a column of the target `c` ticks back, a modulator 0 ticks back, or 1
//! where it is [`Signal::Before`], from the tick that the program is for: `q` for steps 2 to 6, `q - 1` for step 1. "An array at tick `k`" is what the population's
//! `start` or `step` of tick `k` wrote (before tick 0: what tick 0 wrote), whatever is set later; parameters, shared slots
//! and what follows from them are as they are. Programs of steps 2 and 3 load arrays of [`crate::plan::Role::Seen`] and
//! parameters, those of 1, 4 and 6 arrays of the state after the tick. Where `b` and `c` are 0 (so `a` is not), `transmit`
//! loads no column of the target that changes with time; where `b` is 0, none of a modulator but as it was before.
//!
//! # Rewiring
//!
//! First [`Rewire::prune`], clause by clause: each looks at the synapses that the ones before it left. Then
//! [`Rewire::grow`], clause by clause: each looks at the *candidates*, which are the pairs of positions that the projection may
//! connect: not a cell with itself, unless `allow_self`; not a pair that has a synapse now, unless `allow_multiple`; each
//! pair once. A pair that was just pruned has none now, so it is a candidate as any other. Where scores are equal, and
//! where nothing is scored, the order is that of the source, then the target, then the occurrence.
//!
//! Then the synapses are numbered anew, in canonical order: source, target, those that there were before those that are
//! new. What is left of the old ones keeps what it holds. A new one holds what [`Rewire::weight`] gives it and what `init`
//! gives it at tick `q`; its delays are what [`Rewire::delays`] gives it. It sees spikes and events that are stamped after `q`. What a
//! pruned synapse has transmitted arrives; what it would have seen later it does not see. The order of sums is that of the
//! occurrences which synapses had when they transmitted; where these are equal, what was transmitted earlier comes first.
//!
//! Where synapses are put `onto` parts of their cells ([`crate::plan::Onto`]) the candidates are pairs of a position of the source
//! and a cell of the target, and a pair has a synapse if one ends on any part of the cell. [`Grow::part`] puts each candidate on
//! a part: before anything is asked of them those of the whole clause, which are then in order of the source, then the position of the part; where
//! nothing is asked, those that are chosen.
//!
//! Where weights are shared ([`Rewire::group`]) a new synapse is of the group of its key. If that has synapses which there were before
//! and are not pruned, it has their weight and what this began as, in place of what [`Rewire::weight`] gives it; of a group
//! without any the first new one in canonical order says with which weight all of them begin.
//!
//! Where something flows through synapses of which the interval ends at `q`, the flow phase of `q` is made once more after all of this, with
//! the synapses that there are then; what is sampled of cells at `q` is sampled after it.
//!
//! A candidate has no delay where a new synapse draws one: a way of which the length is a program is then no tick long for
//! the programs of candidates and for [`Rewire::weight`].
//!
//! # Order of sums
//!
//! What arrives at a port in a tick is added up from 0: first all that does not come from learning projections, as ever;
//! then what comes from those that learn, in order of declaration, stamp, source, synapse.
//!
//! # Faults
//!
//! A check that fails does not keep the other synapses from the rest of the tick: of all that fail at the first tick at
//! which any does, the first by projection and synapse counts, with the first of its checks. A cell that fails at the same
//! tick comes before. Nothing of that tick remains. What goes wrong in step 6
//! comes after all of that: the first projection by its number, its first clause; of a clause the first synapse or pair in
//! canonical order.
//!
//! # Leaves
//!
//! `Load(Own, k)` is synapse array `k`; `Load(Pre, k)`, `Load(Post, k)` columns; `Uniform(k)` of [`Learning::uniforms`];
//! `Now` is `q` and `Time(End)` its time (of step 1 too); `Index(Pre)`, `Index(Post)` positions in the views; `Edge(k)`; tables.
//! A draw's counter is (entity: position of the source, partner: position of the target + positions of the target view *
//! (occurrence / 64), tick: `q`, salt: the salt, below 64, + 64 * (occurrence mod 64)): a salt in all is below 2^12, and no
//! two draws meet. In `init` the tick is 0, of a new synapse `q`. In programs of candidates the occurrence is 0.

use crate::ir::*;
use crate::plan::{Column, Observable, Quantity, UniformPlan, View};

/// How the synapses of a projection learn.
#[derive(Clone, Debug)]
pub struct Learning {
    /// The name of the rule, for people; empty where weights change from outside alone.
    pub rule: String,
    /// Of all programs here: that of the target's populations; `f64` if they differ, or if programs count the ticks since an
    /// earlier one. Leaves of another precision are converted.
    pub precision: Precision,
    /// What each synapse holds. Array 0 is the weight `w`.
    pub arrays: Vec<SynapseArray>,
    /// The array that holds the axonal delay in ms, if the rule reads or changes it. It begins as `a` ticks. If the rule
    /// changes it ([`Learning::longest`]), the delay of a spike is this, rounded to the nearest tick, as it is before step 3
    /// of the tick of the stamp; `a` in "`a` ticks back" is that of the spike in steps 2 and 3 for spikes, and the present
    /// one else. It is never taken to be less than 0 or `1 - b` ticks, nor more than the longest.
    pub delay: Option<ArrayId>,
    /// Where the rule changes the axonal delay: the longest that it may become, in ms. At least what it is at first.
    pub longest: Option<f64>,
    /// `b`, in ms, rounded to the nearest tick.
    pub dendritic: Quantity,
    /// `c`, in ms, rounded to the nearest tick; nothing: `b` of the same synapse.
    pub back: Option<Quantity>,
    pub uniforms: Vec<UniformPlan>,
    /// Keys that its programs name.
    pub keys: Vec<[u32; 2]>,
    /// `pre[k][segment of the source]`
    pub pre: Vec<Vec<Column>>,
    pub post: Vec<Signal>,
    /// Of array 0 nothing: it begins as the projection's weight, and `delay` as the axonal delay. All others are written here
    /// (`Output::Array`), from parameters, `Load(Own, 0)` and `Load(Own, delay)`.
    pub init: Program,
    /// One `Result`, a `Float`; nothing: array 0 as it is. Where it is NaN nothing is sent (and no check fails).
    pub transmit: Option<Program>,
    pub hooks: Vec<Hook>,
    /// `on pre and post`
    pub both: Option<Both>,
    /// Which synapses go and come. Where some come, no program has an `Edge`.
    pub rewire: Option<Rewire>,
    /// Brings synapse arrays to the present tick, where they follow from an earlier one in closed form: run for all synapses
    /// before anything is changed from outside ([`crate::engine::Engine::set_synapses`] and its like), with `Now` the
    /// present tick. Often without outputs.
    pub settle: Program,
    /// Where weights are shared: array 0 within its bounds, from itself, uniforms and `Now` alone.
    pub shared: Option<Program>,
    /// `w`, `d` (if there is an array), then what the rule declares, by name: over synapse arrays, uniforms, columns of
    /// [`Signal::Before`], `Now` and `Time(End)`, after all steps of a tick. The first is the weight.
    pub observables: Vec<Observable>,
}

/// Something that each synapse holds.
#[derive(Clone, Debug, PartialEq)]
pub struct SynapseArray {
    pub name: String,
    pub ty: Ty,
    /// How a `Float` is held: programs compute in their own precision, storing rounds. A `Tick` is held in 32 bits,
    /// saturating.
    pub store: Precision,
    /// Whether `reset` puts it back: all but parameters.
    pub parameter: bool,
}

/// A column of the target's side.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    /// Of the target: one for every segment of the view.
    Target(Vec<Column>),
    /// Of other cells: one cell for all synapses, or as many as the target view has, one for each.
    Modulator(Cells),
    /// Likewise, as of the tick before.
    Before(Cells),
}

/// Cells that something is read of.
#[derive(Clone, Debug, PartialEq)]
pub struct Cells {
    pub view: View,
    /// For every segment of the view.
    pub columns: Vec<Column>,
}

/// A program and when it runs. Its outputs are synapse arrays.
#[derive(Clone, Debug)]
pub struct Hook {
    pub when: When,
    pub program: Program,
}

#[derive(Clone, Debug, PartialEq)]
pub enum When {
    Tick,
    Pre,
    /// The event, for every segment of the target.
    Post(Vec<EventId>),
    /// One cell for all synapses, or as many as the target view has; the event for every segment of the view.
    Modulator(View, Vec<EventId>),
    /// One cell for all synapses, or as many as the target view has: where its column, a `Bool`, is true at `q`. Beside
    /// `Modulator`, in the order of the list.
    Jump(Cells),
    /// The interval in ticks, at least 1.
    Every(i64),
}

/// Where a spike and an event of the target meet.
#[derive(Clone, Debug)]
pub struct Both {
    /// For every segment of the target.
    pub events: Vec<EventId>,
    pub program: Program,
    /// What the spike transmits then, in place of [`Learning::transmit`], if that is said. Never where `b` and `c` are both 0.
    pub transmit: Option<Program>,
}

/// Structural plasticity.
#[derive(Clone, Debug)]
pub struct Rewire {
    /// In ticks, at least 1.
    pub interval: i64,
    /// A slot of [`Learning::uniforms`], a `Bool`: where it does not hold, nothing is rewired.
    pub learns: UniformId,
    pub prune: Vec<Prune>,
    pub grow: Vec<Grow>,
    /// One `Result`, a `Float`, in `f64`: the weight of a new synapse, over what programs of candidates see and `Now`. Its
    /// draws are those of the new synapse, its own occurrence among equal pairs included.
    pub weight: Program,
    /// Where weights are shared by what is written, not by pair.
    pub group: Option<Group>,
    pub delays: NewDelays,
    /// Of what is drawn without a pair.
    pub key: [u32; 2],
    /// What is said where there are too few candidates.
    pub place: u32,
}

/// The largest key of synapses that share a weight: beyond, two whole numbers may be one in `f64`.
pub const MAX_KEY: f64 = 9_007_199_254_740_992.0;

/// With which others a synapse shares its weight: those with the same key.
#[derive(Clone, Debug)]
pub struct Group {
    /// One `Result`, a `Float` that is a whole number, in `f64`: run for each synapse when it begins, at tick 0 or at `q`, over what
    /// programs of candidates see, and where none come `Edge`. A check that fails is one of a synapse that comes, as of
    /// [`Rewire::weight`]; of those that were built it was asked then.
    pub key: Program,
    /// The array, an `Int`, that holds it from then on: no other program writes or reads it.
    pub array: ArrayId,
}

/// How far a new synapse is from its cells: as the projection and its rule say.
#[derive(Clone, Debug)]
pub struct NewDelays {
    pub axonal: NewDelay,
    pub dendritic: NewDelay,
    /// Nothing: the dendritic one of the same synapse.
    pub back: Option<NewDelay>,
}

/// A way of a new synapse, in ms, rounded to the nearest tick.
#[derive(Clone, Debug)]
pub struct NewDelay {
    /// A program is as [`Rewire::weight`]. Its checks see to it that it is within `range`, and that the axonal and the
    /// dendritic way together are at least one tick.
    pub ms: Quantity,
    /// What it may be, in ticks.
    pub range: (u32, u32),
}

impl NewDelays {
    /// The axonal and the dendritic way, and the way back.
    pub fn ways(&self) -> [&NewDelay; 3] {
        [&self.axonal, &self.dendritic, self.back.as_ref().unwrap_or(&self.dendritic)]
    }

    /// How long they are for a pair that has no synapse.
    pub fn of_candidates(&self) -> [u32; 3] {
        self.ways().map(|way| way.constant().unwrap_or(0))
    }

    /// Its programs.
    pub fn programs(&self) -> impl Iterator<Item = &Program> {
        let ways = [Some(&self.axonal), Some(&self.dendritic), self.back.as_ref()];
        ways.into_iter().flatten().filter_map(NewDelay::program)
    }
}

impl NewDelay {
    /// One length for all, in ticks.
    pub fn constant(&self) -> Option<u32> {
        match self.ms {
            Quantity::Constant(_) => Some(self.range.0),
            Quantity::Program(_) => None,
        }
    }

    pub fn program(&self) -> Option<&Program> {
        match &self.ms {
            Quantity::Constant(_) => None,
            Quantity::Program(program) => Some(program),
        }
    }
}

/// Which synapses go.
#[derive(Clone, Debug)]
pub enum Prune {
    /// One `Result`, a `Bool`, over all that a hook sees.
    Where(Program),
    /// As many as `share` says, those with the lowest or the highest scores first. One `Result`, a `Float`.
    Extreme { highest: bool, share: Share, by: Program },
}

/// How many synapses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Share {
    /// A part of those that there are when the clause begins, in 0 to 1: rounded to the nearest number, halves away from 0.
    Part(f64),
    /// So many, or all.
    Number(u64),
}

/// Which synapses come.
#[derive(Clone, Debug)]
pub struct Grow {
    pub budget: Budget,
    pub pick: Candidates,
    /// Where synapses are put `onto` parts: on which of them a candidate is. One `Result`, a whole number, in `f64`; its checks see
    /// to it that there is such a part. `Index(Post)` is the cell.
    pub part: Option<Program>,
}

/// How many synapses come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// As many as this rewiring pruned; fewer candidates are a fault.
    Pruned,
    /// So many, or one at every candidate.
    Number(u64),
}

/// Which candidates. Programs load no array of synapses.
#[derive(Clone, Debug)]
pub enum Candidates {
    /// Any of those for which it holds, each as likely: `n` candidates are numbered in order, of which `count` are chosen by
    /// Floyd's sampling from `Stream::new(key, Counter { entity: clause, partner: 0, tick: q, salt: 0 })` with
    /// [`Rewire::key`] and the number of the clause: for `j` in `n - count .. n` take `r = below(j + 1)`, or `j` where `r` is taken already.
    /// One `Result`, a `Bool`.
    Where(Program),
    /// Those with the lowest or the highest scores. One `Result`, a `Float`.
    Extreme { highest: bool, by: Program },
    /// Any, chosen likewise.
    Random,
}

impl Share {
    /// Of so many.
    pub fn of(self, all: u64) -> u64 {
        match self {
            Share::Part(part) => ((part * all as f64).round() as u64).min(all),
            Share::Number(number) => number.min(all),
        }
    }
}

impl Rewire {
    /// Whether it happens at a tick, where it happens at all.
    pub fn is_due(&self, tick: i64) -> bool {
        0 < tick && tick % self.interval.max(1) == 0
    }

    /// Whether synapses may come.
    pub fn grows(&self) -> bool {
        !self.grow.is_empty()
    }

    /// Its programs of synapses.
    pub fn of_synapses(&self) -> impl Iterator<Item = &Program> {
        self.prune.iter().map(|prune| match prune {
            Prune::Where(program) | Prune::Extreme { by: program, .. } => program,
        })
    }

    /// Its programs of candidates.
    pub fn of_candidates(&self) -> impl Iterator<Item = &Program> {
        self.grow.iter().filter_map(|grow| match &grow.pick {
            Candidates::Where(program) | Candidates::Extreme { by: program, .. } => Some(program),
            Candidates::Random => None,
        })
    }

    /// Its programs of parts.
    pub fn of_parts(&self) -> impl Iterator<Item = &Program> {
        self.grow.iter().filter_map(|grow| grow.part.as_ref())
    }
}
