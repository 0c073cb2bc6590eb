//! What learning synapses do to weights that they share.
//!
//! In: what happened in a tick. Out: what it did to shared weights, for all threads; and from all threads the weights that
//! follow.

use super::{Learner, Whom};
use crate::learning::design::{Design, Trigger};
use crate::learning::leaves::Scene;
use crate::learning::shared::{Changes, changes_weight, wide};
use crate::learning::table::Stretch;

impl Learner {
    /// Notes which synapses may have changed a weight that they share.
    pub(super) fn touch(&mut self, scene: Scene, design: &Design, tick: i64) {
        let Learner { common: Some(common), seen, posts, modulators, by_target, .. } = self else { return };
        let (all, spikes) = wide(scene.learning, design, tick);
        let everywhere = |events: &[Whom]| events.contains(&Whom::All);
        for (hook, trigger) in scene.learning.hooks.iter().zip(&design.triggers) {
            match *trigger {
                _ if !changes_weight(&hook.program) => {}
                Trigger::Post(kind) => {
                    for &Stretch { first, end, .. } in posts[kind].of(tick) {
                        common.touch(by_target.synapses[first as usize..end as usize].iter().copied());
                    }
                }
                Trigger::Modulator(modulator) => {
                    let events = modulators[modulator].of(tick);
                    if everywhere(events) {
                        common.touch(0..scene.table.len() as u32);
                    }
                    for whom in events {
                        let Whom::Target(target) = *whom else { continue };
                        let at = target as usize;
                        let range = by_target.starts[at] as usize..by_target.starts[at + 1] as usize;
                        common.touch(by_target.synapses[range].iter().copied());
                    }
                }
                Trigger::Jump(_) | Trigger::Tick | Trigger::Pre | Trigger::Every(_) => {}
            }
        }
        if spikes {
            seen.of(tick).iter().for_each(|seen| common.touch(seen.first..seen.end));
        }
        if all {
            common.touch(0..scene.table.len() as u32);
        }
    }

    /// Between ticks, where weights are shared: what they are.
    pub fn look_at_weights(&mut self) {
        if let Some(common) = &mut self.common {
            common.look(&self.arrays[0]);
        }
    }

    /// What the last tick did to weights that are shared.
    pub fn changes(&mut self, scene: Scene) -> Changes {
        let mut changes = Changes { failed: self.failure.is_some(), list: vec![] };
        if let Some(common) = &mut self.common {
            common.changes(scene.table, &self.arrays[0], &mut changes);
        }
        changes
    }

    /// Makes shared weights one again, from the changes of all threads.
    pub fn share(&mut self, scene: Scene, tick: i64, all: &[Vec<&Changes>]) {
        let Learner { common, arrays, failure, .. } = self;
        if let Some(common) = common {
            common.apply(scene, arrays, tick, all, failure);
        }
    }

    /// Gives a group of synapses that share a weight another one.
    pub fn set_shared(&mut self, group: u32, weight: f64) {
        if let Some(common) = &self.common {
            common.set(group, &mut self.arrays[0], weight);
        }
    }
}
