//! What learning synapses do at events and jumps of modulators.
//!
//! In: the events of a tick, and the columns that say that a cell jumps. Out: what hooks make of the synapses that see them.

use super::{Learner, Whom};
use crate::learning::design::Design;
use crate::learning::leaves::Scene;
use crate::learning::sides::{Cells, Origins};

impl Learner {
    /// What an event of a modulator does.
    pub(super) fn modulator_hook(
        &mut self,
        scene: Scene,
        design: &Design,
        hook: usize,
        modulator: usize,
        tick: i64,
    ) {
        let events = self.modulators[modulator].of(tick);
        if events.contains(&Whom::All) {
            self.hook_of_all(scene, design, hook, tick, tick);
            return;
        }
        let targets = events.iter().filter_map(|whom| match whom {
            Whom::Target(target) => Some(*target),
            Whom::All => None,
        });
        let targets: Vec<u32> = targets.collect();
        self.hook_of_targets(scene, design, hook, &targets, tick);
    }

    /// What a jump of a modulator does.
    pub(super) fn jump_hook(
        &mut self,
        scene: Scene,
        design: &Design,
        hook: usize,
        (cells, columns): &(Cells, Origins),
        tick: i64,
    ) {
        let jumps = |position: u32| scene.world.bool(columns.at(cells, position), tick);
        if cells.len() == 1 {
            if jumps(0) {
                self.hook_of_all(scene, design, hook, tick, tick);
            }
            return;
        }
        let own = scene.table.positions.iter().enumerate();
        let targets: Vec<u32> =
            own.filter(|(_, position)| jumps(**position)).map(|(target, _)| target as u32).collect();
        self.hook_of_targets(scene, design, hook, &targets, tick);
    }

    /// A hook of all synapses of some of the own targets.
    fn hook_of_targets(&mut self, scene: Scene, design: &Design, hook: usize, targets: &[u32], tick: i64) {
        if targets.is_empty() {
            return;
        }
        let Learner { batch, arrays, routines, failure, by_target, .. } = self;
        batch.clear();
        for target in targets {
            let at = *target as usize;
            let range = by_target.starts[at] as usize..by_target.starts[at + 1] as usize;
            batch.append(&by_target.synapses[range.clone()], &by_target.sources[range]);
        }
        let program = &scene.learning.hooks[hook].program;
        batch.look_back(scene, design, program, arrays, tick);
        routines.hooks[hook].apply(program, scene, arrays, batch.picked(tick, tick), failure);
    }
}
