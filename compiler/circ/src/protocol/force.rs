//! `fire`, `silence`, `freeze E.theta`: what cells do whatever they are like.
//!
//! In: the statements. Out: flags of cells in the engine. A cell that is fired spikes at the next tick, once; one that is
//! silenced does not spike until it is released; a state that is frozen is clamped at what it is.

use super::Protocol;
use super::clamp::all;
use circ_compiler::diagnose::structure::not_yet;
use circ_compiler::eval::{self, Evaluated, Thing};
use circ_compiler::hir::ExprId;
use circ_compiler::lower::{FIRE, SILENCE, clamp_of};

impl Protocol<'_> {
    pub(super) fn fire(&mut self, views: &[ExprId]) -> Evaluated<()> {
        self.flag(views, FIRE)
    }

    pub(super) fn silence(&mut self, views: &[ExprId]) -> Evaluated<()> {
        self.flag(views, SILENCE)
    }

    fn flag(&mut self, views: &[ExprId], name: &str) -> Evaluated<()> {
        for expr in views {
            let view = self.with_scope(|scope, world| eval::view(*expr, scope, world))?;
            for segment in &view.segments {
                let array = self.array_named(segment.population, name);
                let array =
                    array.ok_or_else(|| Box::new(not_yet(self.span(*expr), "this for these cells")))?;
                self.engine.set_array(segment.population, array, &all(&segment.cells, 1.0));
            }
        }
        Ok(())
    }

    pub(super) fn freeze(&mut self, target: ExprId) -> Evaluated<()> {
        let span = self.span(target);
        let refused = || Box::new(not_yet(span, "`freeze` of this"));
        let Thing::Member { view, names, .. } = self.thing(target)? else { return Err(refused()) };
        for (segment, name) in names.of(&view) {
            let held = self.array_named(segment.population, &clamp_of(name)).ok_or_else(refused)?;
            self.engine.set_array(segment.population, held, &all(&segment.cells, 1.0));
        }
        Ok(())
    }
}
