//! Hooks in machine code that works on synapses where they are: nothing is copied into a block and back.
//!
//! In: for a hook of the source a row of synapses, for events of targets that wait a list of them. Out: what the hook
//! makes of them, in their arrays. Where a synapse fails a check, its group is left to the [`Routine`] of the same program,
//! as is what does not fill a block at the end of the last rows.

use std::ops::Range;

use circ_plan::abi::{Access, BLOCK, KernelFn, List};
use circ_plan::ir::{ArrayId, Precision, Program, Side, Ty};
use circ_plan::learning::{Hook, Learning, Signal, When};
use circ_plan::plan::{Column as Place, Indices, Plan, ProjectionPlan};

use super::flat::{Field, Flat, What, flatten};
use super::leaves::{Picked, Scene};
use super::routine::{Failure, Routine};
use super::sides::Post;
use super::store::{Column, Which};
use super::table::Ticks;
use super::targets::Targets;
use super::waits::Waits;
use crate::kernel::{BlockCall, run_at};

/// Lists of a hook that waits: synapses, ticks, events.
const LISTS: usize = 3;

/// Arrays and lists of a hook; those with more have no such form.
const MOST: usize = 16;

/// The form of a hook that works on synapses where they are, if it has one.
pub fn form(
    plan: &Plan,
    projection: &ProjectionPlan,
    learning: &Learning,
    hook: &Hook,
) -> Option<(Flat, Vec<Access>)> {
    let flat = flatten(&hook.program).filter(|flat| flat.fields.len() + LISTS <= MOST)?;
    let waits = match hook.when {
        When::Pre if learning.longest.is_none() && learning.both.is_none() => None,
        When::Post(_) => Some(Waits::new(plan, projection, learning)?),
        _ => return None,
    };
    let form = Form { projection, learning, waits, lists: flat.fields.len() as u32 };
    let access = flat.fields.iter().map(|field| form.access(field)).collect::<Option<_>>()?;
    Some((flat, access))
}

struct Form<'a> {
    projection: &'a ProjectionPlan,
    learning: &'a Learning,
    waits: Option<Waits>,
    /// The place of the first list.
    lists: u32,
}

impl Form<'_> {
    fn access(&self, field: &Field) -> Option<Access> {
        let (What::Array(side, ArrayId(array)), Ty::Float) = (field.what, field.ty) else { return None };
        let at = array as usize;
        let list = |k: u32, near: bool| List { pointer: self.lists + k, near };
        Some(match (side, &self.waits) {
            (Side::Own, None) => Access::Straight(self.learning.arrays[at].store),
            (Side::Own, Some(_)) => Access::Listed(self.learning.arrays[at].store, list(0, false)),
            (Side::Pre, Some(waits)) if waits.decays.iter().any(|decay| decay.0 == at) => {
                Access::Listed(Precision::F64, list(1, false))
            }
            (Side::Pre, _) => Access::One(Precision::F64),
            (Side::Post, Some(waits)) if waits.found.contains(&at) => {
                Access::Listed(Precision::F64, list(2, false))
            }
            (Side::Post, waits) => match &self.learning.post[at] {
                Signal::Target(columns) => match columns[..] {
                    [Place::Uniform(..) | Place::Constant(_)] => Access::One(Precision::F64),
                    [Place::Array(..)] if waits.is_none() && self.follow() => {
                        let near = Targets::are_near(self.projection.target.len());
                        Access::Listed(Precision::F64, list(0, near))
                    }
                    _ => return None,
                },
                Signal::Modulator(_) | Signal::Before(_) => return None,
            },
        })
    }

    /// Whether targets are cells that follow each other.
    fn follow(&self) -> bool {
        matches!(&self.projection.target.segments[..], [segment] if matches!(segment.cells, Indices::Range(..)))
    }
}

/// Events of some synapses of a source; lists have room for padding behind them.
#[derive(Clone, Copy)]
pub struct Events<'a> {
    pub source: u32,
    /// What synapses are counted from.
    pub first: u32,
    pub synapses: &'a [u32],
    pub ticks: &'a [i32],
    pub events: &'a [u32],
    /// Decaying columns of the source, and beside them what they were, by tick from `since` on.
    pub decays: &'a [usize],
    pub ladders: &'a [Vec<f64>],
    pub since: i32,
    /// Remembered columns of the target, and beside them what they were, by event.
    pub finds: &'a [usize],
    pub found: &'a [Vec<f64>],
}

/// A hook in this form.
#[derive(Clone)]
pub struct Direct {
    kernel: KernelFn,
    fields: Vec<Field>,
    access: Vec<Access>,
    lanes: u32,
    /// What is one for all, by field.
    ones: Vec<f64>,
    /// What synapses hold that a row is not about, by field.
    kept: Vec<[f64; BLOCK]>,
}

/// Arrays, then lists.
type Pointers = [*mut u8; MOST];

impl Direct {
    /// `kernel` is the machine code of the hook's form.
    pub fn new(
        plan: &Plan,
        projection: &ProjectionPlan,
        learning: &Learning,
        hook: &Hook,
        kernel: KernelFn,
    ) -> Option<Direct> {
        let (Flat { fields, .. }, access) = form(plan, projection, learning, hook)?;
        let lanes = match hook.program.precision {
            Precision::F32 => 4,
            Precision::F64 => 2,
        };
        let (ones, kept) = (vec![0.0; fields.len()], vec![[0.0; BLOCK]; fields.len()]);
        Some(Direct { kernel, fields, access, lanes, ones, kept })
    }

    /// Runs a hook of the source for a row.
    pub fn row(
        &mut self,
        routine: &mut Routine,
        program: &Program,
        scene: Scene,
        arrays: &mut [Column],
        picked: Picked,
        failure: &mut Option<Failure>,
    ) {
        let (Which::Run(first, end), Ticks::One(back)) = (picked.synapses, &scene.table.back) else {
            return routine.apply(program, scene, arrays, picked, failure);
        };
        let mut at = first;
        loop {
            // What fills no block is made together with synapses behind the row, if there are as many, which are put back.
            let block = BLOCK as u32;
            let over = (end - at).next_multiple_of(block);
            let there = at + over <= scene.table.len() as u32;
            let count = if there { over } else { (end - at) / block * block };
            if count == 0 {
                break;
            }
            let behind = Which::Run(end, end.max(at + count));
            self.keep(arrays, behind);
            let pointers = self.point_at_row(scene, arrays, picked, i64::from(*back), at..at + count);
            // SAFETY: the kernel was compiled for this form. Own arrays and the list of targets have `count` elements from
            // `at` on, as was just seen, a multiple of `BLOCK`; targets are indices of own cells, of which as many are
            // kept; what is one for all is in `ones`. Nobody else has the arrays, and what is kept of own cells at
            // this tick only this thread has written.
            let failed = unsafe { self.call(scene, picked.now, count as usize, &pointers) };
            self.put_back(arrays, behind);
            // What comes before the group is done.
            let group = failed.map_or(end, |failed| at + failed / self.lanes * self.lanes);
            if end <= group {
                at = end.min(at + count);
                continue;
            }
            let next = end.min(group + self.lanes);
            let part = (group - first) as usize..(next - first) as usize;
            routine.apply(program, scene, arrays, picked.part(part), failure);
            at = next;
        }
        let rest = (at - first) as usize..(end - first) as usize;
        routine.apply(program, scene, arrays, picked.part(rest), failure);
    }

    /// Keeps what these synapses, less than [`BLOCK`], hold of what the hook writes.
    fn keep(&mut self, arrays: &[Column], synapses: Which) {
        for (kept, field) in self.kept.iter_mut().zip(&self.fields) {
            if let (What::Array(Side::Own, ArrayId(array)), true) = (field.what, field.written) {
                arrays[array as usize].floats(synapses, &mut kept[..synapses.len()]);
            }
        }
    }

    /// Lets them hold it again.
    fn put_back(&self, arrays: &mut [Column], synapses: Which) {
        for (kept, field) in self.kept.iter().zip(&self.fields) {
            if let (What::Array(Side::Own, ArrayId(array)), true) = (field.what, field.written) {
                arrays[array as usize].put_floats(synapses, &kept[..synapses.len()]);
            }
        }
    }

    fn point_at_row(
        &mut self,
        scene: Scene,
        arrays: &mut [Column],
        picked: Picked,
        back: i64,
        row: Range<u32>,
    ) -> Pointers {
        let mut pointers = [std::ptr::null_mut(); MOST];
        let table = scene.table;
        for (at, pointer) in pointers.iter_mut().enumerate().take(self.fields.len()) {
            let What::Array(side, ArrayId(array)) = self.fields[at].what else { continue };
            let array = array as usize;
            *pointer = match (side, self.access[at], &scene.sides.post.get(array)) {
                (Side::Own, ..) => arrays[array].pointer(row.clone()),
                (Side::Pre, ..) => {
                    let origin = scene.sides.pre[array].at(&scene.sides.source, picked.sources.at(0));
                    self.one(at, scene.world.float(origin, picked.source_ticks.at(0)))
                }
                (Side::Post, Access::Listed(..), Some(Post::Target(origins))) => {
                    let kept = origins.kept().zip(table.first_cell);
                    let (record, first) = kept.expect("the form says that the targets follow each other");
                    let values = scene.world.history.row(record, picked.tick - back);
                    values[first as usize..][..table.cells.len()].as_ptr().cast_mut().cast()
                }
                (Side::Post, ..) => self.one_of_targets(at, scene, array),
            };
        }
        pointers[self.fields.len()] = table.target.pointer(row).cast_mut();
        pointers
    }

    /// Runs a hook of the target for events that waited. Says which of them is the first of a group that fails, if one
    /// does: those before it are done, the group is not.
    pub fn events(
        &mut self,
        scene: Scene,
        arrays: &mut [Column],
        events: Events,
        range: Range<usize>,
    ) -> Option<usize> {
        let mut pointers = [std::ptr::null_mut(); MOST];
        let first = range.start;
        for (at, pointer) in pointers.iter_mut().enumerate().take(self.fields.len()) {
            let What::Array(side, ArrayId(array)) = self.fields[at].what else { continue };
            let array = array as usize;
            let nth = |columns: &[usize]| columns.iter().position(|column| *column == array);
            *pointer = match (side, self.access[at]) {
                (Side::Own, _) => arrays[array].pointer(events.first..scene.table.len() as u32 + 1),
                (Side::Pre, Access::Listed(..)) => {
                    let ladder = &events.ladders[nth(events.decays).expect("the form says that it decays")];
                    // Ticks count from the run's beginning, the ladder from `since`.
                    ladder.as_ptr().wrapping_sub(events.since as usize).cast_mut().cast()
                }
                (Side::Pre, _) => {
                    let origin = scene.sides.pre[array].at(&scene.sides.source, events.source);
                    self.one(at, scene.world.float(origin, 0))
                }
                (Side::Post, Access::Listed(..)) => {
                    let found =
                        &events.found[nth(events.finds).expect("the form says that it is remembered")];
                    found.as_ptr().cast_mut().cast()
                }
                (Side::Post, _) => self.one_of_targets(at, scene, array),
            };
        }
        let lists = [
            events.synapses[first..].as_ptr().cast_mut().cast(),
            events.ticks[first..].as_ptr().cast_mut().cast(),
            events.events[first..].as_ptr().cast_mut().cast(),
        ];
        pointers[self.fields.len()..][..LISTS].copy_from_slice(&lists);
        let padded = first + range.len().next_multiple_of(BLOCK);
        let lists = [events.synapses.len(), events.ticks.len(), events.events.len()];
        assert!(lists.iter().all(|length| padded <= *length), "lists have room for padding");
        // SAFETY: the kernel was compiled for this form. Lists are as long as they are read, padding included, as just
        // seen. They hold synapses of the table, each once in a block, or the one element behind them, which every column has;
        // ticks between `since` and the end of the ladders; events that are remembered. What is one for all is in `ones`.
        // Nobody else has the arrays.
        let failed = unsafe { self.call(scene, 0, range.len(), &pointers) }?;
        Some(first + (failed / self.lanes * self.lanes) as usize)
    }

    fn one(&mut self, at: usize, value: f64) -> *mut u8 {
        self.ones[at] = value;
        (&raw mut self.ones[at]).cast()
    }

    /// What all targets have.
    fn one_of_targets(&mut self, at: usize, scene: Scene, array: usize) -> *mut u8 {
        let value = match &scene.sides.post[array] {
            Post::Target(origins) => scene.world.float(origins.at(&scene.sides.target, 0), 0),
            Post::Modulator(..) => f64::NAN,
        };
        self.one(at, value)
    }

    /// The first element that fails a check, if one does.
    ///
    /// # Safety
    /// `pointers` are as the kernel's form says, for so many elements.
    unsafe fn call(&self, scene: Scene, tick: i64, cells: usize, pointers: &Pointers) -> Option<u32> {
        let call = BlockCall {
            kernel: self.kernel,
            tables: &scene.world.plan.tables,
            slots: scene.rule,
            keys: scene.keys,
            cells,
            tick,
            dt: scene.world.plan.dt,
        };
        // SAFETY: the caller's.
        unsafe { run_at(&call, pointers) }
    }
}
