//! Which synapses see the event of `on pre and post` at a tick.

use super::calendar::Calendar;
use super::design::Design;
use super::table::{ByTarget, Stretch};

/// Marks the synapses that see the event of `both` at a tick.
pub fn mark(
    marks: &mut [u8],
    posts: &[Calendar<Stretch>],
    by_target: &ByTarget,
    design: &Design,
    tick: i64,
    value: u8,
) {
    let Some(kind) = design.both else { return };
    for &Stretch { first, end, .. } in posts[kind].of(tick) {
        for &synapse in &by_target.synapses[first as usize..end as usize] {
            marks[synapse as usize] = value;
        }
    }
}
