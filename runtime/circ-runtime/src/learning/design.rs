//! What is known of a learning projection before it runs: when its synapses can be stepped, and what they wait for.
//!
//! In: the plan and the synapses of all threads. Out: by how many ticks synapses lag behind the cells, how often threads
//! have to meet for that, which events are listened to, and where columns have their values.
//!
//! A synapse is stepped as late as can be: tick `q` of it just before the cells make tick `q + b`, which is when what it
//! transmits at `q` arrives; with the smallest `b` of its projection. A spike that it sees at `q` was stamped `q - a`, at
//! least a window ago, so all threads know of it.

use circ_plan::ir::{ArrayId, EventId, Op, Program, Side};
use circ_plan::learning::{Hook, Learning, Signal, When};
use circ_plan::plan::{Column, Pairing, Plan, ProjectionPlan};

use super::history::{Kept, fixed};
use super::late::Late;
use super::leaves::Scene;
use super::sides::{Cells, Origins, Reach, Sides};
use super::store::width;
use super::table::{Table, Ticks, follow};
use super::waits::Waits;
use crate::network::SourceMap;

/// A learning projection, built.
#[derive(Debug)]
pub struct Design {
    pub projection: u32,
    /// The projection that it shares weights with: itself, or the first of two directions.
    pub family: u32,
    /// By thread.
    pub tables: Vec<Table>,
    /// Tick `q` of its synapses is made just before tick `q + lag` of the cells.
    pub lag: i64,
    /// The longest axonal delay there can be.
    pub longest: i64,
    /// Whether synapses of different dendritic delay send to the same tick.
    pub mixed: bool,
    /// Whether what is transmitted depends on the target as it is in this very tick, for some synapses, while others
    /// send to this very tick: the former wait for the second half.
    pub defers: bool,
    pub sides: Sides,
    /// The lists of events of targets that hooks wait for, by segment.
    pub kinds: Vec<Vec<EventId>>,
    /// For every hook.
    pub triggers: Vec<Trigger>,
    /// The kind that `both` waits for.
    pub both: Option<usize>,
    pub modulators: Vec<Modulator>,
    /// Cells that say by a column when they jump: one is for all synapses, or each for a target.
    pub jumps: Vec<(Cells, Origins)>,
    /// Of hooks of the target that wait until a source spikes: what for.
    pub waits: Option<Waits>,
}

/// What a hook waits for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trigger {
    Tick,
    Pre,
    /// A kind of event of the target.
    Post(usize),
    /// One of the modulators.
    Modulator(usize),
    /// One of [`Design::jumps`].
    Jump(usize),
    Every(i64),
}

/// Cells whose events synapses wait for.
#[derive(Debug)]
pub struct Modulator {
    pub cells: SourceMap,
    /// One cell is for all synapses.
    pub one: bool,
}

/// The extremes of the delays of a projection.
#[derive(Clone, Copy, Debug)]
struct Delays {
    axonal: (i64, i64),
    dendritic: (i64, i64),
    back: (i64, i64),
}

impl Delays {
    /// Of all synapses that there are, and of those that may come.
    fn of(projection: &ProjectionPlan, tables: &[Table]) -> Delays {
        let learning = projection.learning.as_deref();
        let rewire = learning.and_then(|it| it.rewire.as_ref()).filter(|rewire| rewire.grows());
        let range = |of: fn(&Table) -> &Ticks, way: usize| {
            let ranges = tables.iter().filter(|t| 0 < t.len()).filter_map(|t| of(t).range());
            let new = rewire.map(|rewire| rewire.delays.ways()[way].range);
            let all = ranges.chain(new).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or((1, 1));
            (i64::from(all.0), i64::from(all.1))
        };
        Delays {
            axonal: range(|t| &t.axonal, 0),
            dendritic: range(|t| &t.dendritic, 1),
            back: range(|t| &t.back, 2),
        }
    }
}

/// How many ticks threads may go without meeting, for the sake of a learning projection.
pub fn window(plan: &Plan, projection: &ProjectionPlan, learning: &Learning, tables: &[Table]) -> i64 {
    // What one synapse does to a shared weight all others have at the next tick.
    if learning.shared.is_some() {
        return 1;
    }
    let Delays { axonal, dendritic, .. } = Delays::of(projection, tables);
    let lag = dendritic.0;
    let spikes = match learning.longest {
        // What a spike's delay is has to be found at its stamp.
        Some(_) => lag,
        None => axonal.0 + lag,
    };
    let transmits =
        learning.transmit.iter().chain(learning.both.iter().filter_map(|both| both.transmit.as_ref()));
    let at_once = transmits.filter_map(|program| modulated(plan, learning, program)).map(|ago| lag + ago);
    let both = learning.both.iter().map(|both| &both.program);
    let programs = learning.hooks.iter().map(|hook| &hook.program).chain(both);
    let later = programs.filter_map(|program| modulated(plan, learning, program)).map(|ago| lag + 1 + ago);
    let hears = |hook: &Hook| matches!(hook.when, When::Modulator(..) | When::Jump(_));
    let heard = learning.hooks.iter().any(hears).then_some(lag + 1);
    let modulators = at_once.chain(later).chain(heard).min();
    spikes.min(modulators.unwrap_or(i64::MAX)).max(1)
}

/// How many ticks before a program reads what changes with time of a modulator, at the least; nothing where it does not.
fn modulated(plan: &Plan, learning: &Learning, program: &Program) -> Option<i64> {
    let changes = |column: &Column| matches!(*column, Column::Array(p, array) if !fixed(plan, p, array));
    let ago = |op: &Op| match op {
        Op::Load(Side::Post, ArrayId(k)) => match &learning.post[*k as usize] {
            Signal::Target(_) => None,
            Signal::Modulator(cells) => cells.columns.iter().any(changes).then_some(0),
            Signal::Before(cells) => cells.columns.iter().any(changes).then_some(1),
        },
        _ => None,
    };
    program.ops.iter().filter_map(ago).min()
}

/// How long what is seen of cells is kept, if threads meet after `window` ticks.
fn reach([window, lag, longest, back]: [i64; 4]) -> Reach {
    // A thread may write the last tick of a window while another still reads what its first needs.
    let span = window + lag + 3;
    Reach { source: span + longest, target: span + back, modulator: span }
}

/// Adds what a projection will need of cells to `kept`: for a window and delays (the shortest dendritic, the longest axonal,
/// the longest way back) in ticks.
pub fn kept_of(
    plan: &Plan,
    projection: &ProjectionPlan,
    learning: &Learning,
    ticks: [i64; 4],
    kept: &mut Kept,
) {
    Sides::new(plan, projection, learning, reach(ticks), kept);
}

impl Design {
    /// `window` is that of the network; what has to be kept of cells is added to `kept`.
    pub fn new(plan: &Plan, projection: u32, mut tables: Vec<Table>, window: i64, kept: &mut Kept) -> Design {
        let this = &plan.projections[projection as usize];
        let learning = this.learning.as_deref().expect("only what learns is designed");
        let Delays { axonal, dendritic, back } = Delays::of(this, &tables);
        let lag = dendritic.0;
        let longest = match learning.longest {
            Some(ms) => ((ms / plan.dt).round() as i64).max(axonal.1),
            None => axonal.1,
        };
        let reach = reach([window, lag, longest, back.1]);
        let sides = Sides::new(plan, this, learning, reach, kept);
        for table in &mut tables {
            let cells = sides.target.cells();
            table.cells = table.positions.iter().map(|&position| cells[position as usize]).collect();
            table.first_cell = follow(table.cells.iter().copied());
        }
        let (mut kinds, mut modulators, mut jumps) = (vec![], vec![], vec![]);
        let mut kind = |events: &Vec<EventId>| {
            let at = kinds.iter().position(|known| known == events).unwrap_or(kinds.len());
            if at == kinds.len() {
                kinds.push(events.clone());
            }
            at
        };
        let triggers = learning.hooks.iter().map(|hook| match &hook.when {
            When::Tick => Trigger::Tick,
            When::Pre => Trigger::Pre,
            When::Post(events) => Trigger::Post(kind(events)),
            When::Modulator(view, events) => {
                modulators.push(Modulator { cells: SourceMap::of(plan, view, events), one: view.len() == 1 });
                Trigger::Modulator(modulators.len() - 1)
            }
            When::Jump(cells) => {
                let origins = Origins::new(plan, &cells.columns, reach.modulator, kept);
                jumps.push((Cells::new(&cells.view), origins));
                Trigger::Jump(jumps.len() - 1)
            }
            When::Every(interval) => Trigger::Every((*interval).max(1)),
        });
        let triggers = triggers.collect();
        let both = learning.both.as_ref().map(|both| kind(&both.events));
        let mixed = dendritic.0 < dendritic.1;
        let of_target =
            |program: &Program| program.ops.iter().any(|op| matches!(op, Op::Load(Side::Post, _)));
        let meeting = learning.both.as_ref().and_then(|both| both.transmit.as_ref());
        let defers = mixed && lag == 0 && (meeting.is_some() || learning.transmit.iter().any(of_target));
        let one = |ticks: &Ticks| matches!(ticks, Ticks::One(_));
        let constant = |table: &Table| one(&table.axonal) && one(&table.dendritic) && one(&table.back);
        let waits = Waits::new(plan, this, learning).filter(|_| tables.iter().all(constant));
        let family = match this.pairing {
            Pairing::Mirror(other) => other,
            Pairing::Ordered | Pairing::Unordered => projection,
        };
        Design {
            projection,
            family,
            tables,
            lag,
            longest,
            mixed,
            defers,
            sides,
            kinds,
            triggers,
            both,
            modulators,
            jumps,
            waits,
        }
    }

    /// Bytes of the synapses and of what they hold.
    pub fn bytes(&self, plan: &Plan) -> u64 {
        let learning = plan.projections[self.projection as usize].learning.as_deref();
        let each: u64 = learning.map_or(0, |learning| {
            let marks = u64::from(learning.both.is_some());
            let by_target = if self.by_target() { 8 } else { 0 };
            let shared = if learning.shared.is_some() { 4 } else { 0 };
            // What each held when it began is kept where they come and go.
            let copies = if learning.rewire.is_some() { 2 } else { 1 };
            copies * learning.arrays.iter().map(width).sum::<u64>() + marks + by_target + shared
        });
        let late = |table: &Table| self.waits.as_ref().map_or(0, |waits| Late::bytes(waits, table));
        // Weights are the first array, once the machine has taken them.
        let linked = |table: &Table| table.bytes() - table.weights.bytes() as u64;
        let of = |table: &Table| linked(table) + late(table) + each * table.len() as u64;
        self.tables.iter().map(of).sum::<u64>() + self.sides.bytes()
    }

    /// Whether a kind of event of a synapse's target is the one that `both` waits for.
    pub fn replaces(&self, kind: usize, scene: Scene, synapse: u32) -> bool {
        self.both.is_some_and(|both| {
            let position = scene.table.positions[scene.table.target.of(synapse) as usize];
            let segment = self.sides.target.segment(position);
            both == kind || self.kinds[both][segment] == self.kinds[kind][segment]
        })
    }

    /// Whether synapses are looked for by target.
    pub fn by_target(&self) -> bool {
        (!self.kinds.is_empty() && self.waits.is_none())
            || self.modulators.iter().any(|modulator| !modulator.one)
            || self.jumps.iter().any(|(cells, _)| cells.len() != 1)
    }
}
