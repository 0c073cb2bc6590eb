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
//!
//! # Shared weights
//!
//! Where the projection has a [`crate::plan::ProjectionPlan::share`], all synapses of a group hold one weight. Where it is one of two
//! directions ([`crate::plan::Pairing::Mirror`]) that learn, both synapses of a pair do, which are of two projections: then "all
//! synapses" below are those of both, in order of declaration. Between ticks
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
//! where it is [`Signal::Before`], from the tick that the program is for: `q` for steps 2 to 4, `q - 1` for step 1. "An array at tick `k`" is what the population's
//! `start` or `step` of tick `k` wrote (before tick 0: what tick 0 wrote), whatever is set later; parameters, shared slots
//! and what follows from them are as they are. Programs of steps 2 and 3 load arrays of [`crate::plan::Role::Seen`] and
//! parameters, those of 1 and 4 arrays of the state after the tick. Where `b` and `c` are 0 (so `a` is not), `transmit`
//! loads no column of the target that changes with time; where `b` is 0, none of a modulator but as it was before.
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
//! tick comes before. Nothing of that tick remains.
//!
//! # Leaves
//!
//! `Load(Own, k)` is synapse array `k`; `Load(Pre, k)`, `Load(Post, k)` columns; `Uniform(k)` of [`Learning::uniforms`];
//! `Now` is `q` and `Time(End)` its time (of step 1 too); `Index(Pre)`, `Index(Post)` positions in the views; `Edge(k)`; tables.
//! A draw's counter is (entity: position of the source, partner: position of the target + positions of the target view *
//! (occurrence / 64), tick: `q`, salt: the salt, below 64, + 64 * (occurrence mod 64)): a salt in all is below 2^12, and no
//! two draws meet. In `init` the tick is 0.

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
