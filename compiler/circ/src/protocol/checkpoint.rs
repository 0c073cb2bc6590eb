//! `save` and `load`: the whole state as a file, and back.
//!
//! In: the statements. Out: a file beside the program, or the engine, the last run and the sums of balances as one says.

use super::Protocol;
use crate::checkpoint::{Checkpoint, State};
use crate::measures::Window;
use crate::rules;
use circ_compiler::data::Files;
use circ_compiler::diagnose::structure::not_yet;
use circ_compiler::eval::Evaluated;
use circ_compiler::hir::ExprId;
use circ_compiler::types::Value;

impl Protocol<'_> {
    pub(super) fn save(&mut self, file: ExprId) -> Evaluated<()> {
        let (name, span) = (self.file_name(file)?, self.span(file));
        let state = self.present_state();
        let checkpoint = Checkpoint::new(self.compiled, state);
        let written = self.files.write(&name, &checkpoint.to_bytes(), Checkpoint::is_checkpoint);
        written.map_err(|why| Box::new(rules::checkpoint_file(span, &name, "written", &why)))
    }

    pub(super) fn load(&mut self, file: ExprId) -> Evaluated<()> {
        let (name, span) = (self.file_name(file)?, self.span(file));
        let unread = |why: String| Box::new(rules::checkpoint_file(span, &name, "read", &why));
        let bytes = self.files.read(&name).map_err(unread)?;
        let checkpoint = Checkpoint::from_bytes(&bytes).map_err(unread)?;
        drop(bytes);
        let state = checkpoint
            .for_program(self.compiled, self.synapses)
            .map_err(|differences| Box::new(rules::checkpoint_changed(span, &name, &differences)))?;
        if self.spill.is_some() && state.engine.tick < self.engine.tick() && !self.recordings.is_empty() {
            let what = "`load` of an earlier moment while what is recorded is written to files";
            return Err(Box::new(
                not_yet(span, what).note("what was written of later ticks can not be taken back"),
            ));
        }
        self.go_on_from(&state);
        // What was before may have been otherwise where the state is from.
        self.watches.forget(self.engine);
        Ok(())
    }

    pub(crate) fn present_state(&mut self) -> State {
        State {
            engine: self.engine.snapshot(),
            last_run: self.last_run.map(|window| (window.after, window.until)),
            balances: self.balances.state(self.engine),
        }
    }

    /// What was recorded of later ticks is forgotten.
    pub(crate) fn go_on_from(&mut self, state: &State) {
        let before = self.engine.tick();
        self.engine.restore(&state.engine);
        self.last_run = state.last_run.map(|(after, until)| Window { after, until });
        self.balances.go_on_from(&state.balances, self.engine);
        self.known.forget_all();
        self.recordings.leap(before, self.engine.tick());
        self.watches.leap(self.engine.tick());
        let all: Vec<u32> = (0..self.compiled.plan.projections.len() as u32).collect();
        self.note_scaled(&all);
    }

    fn file_name(&self, file: ExprId) -> Evaluated<String> {
        match self.value(file)? {
            Value::Text(name) => Ok(name.to_string()),
            _ => Err(rules::wrong_value(self.span(file), "the name of a file").into()),
        }
    }
}
