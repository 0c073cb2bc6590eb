//! Measures of the last `run` where nothing was run yet.
//!
//! In: the statements of an experiment. Out: a message for each such measure before the first `run`, as the run would
//! say it.

use crate::sources::Program;
use crate::{measures, rules};
use circ_compiler::diagnose::Sink;
use circ_compiler::hir::{ExprId, ExprKind, Hir, Over, SlotKind, Statement, StatementKind, all};
use circ_compiler::resolve::walk;
use circ_grammar::ast::Span;

/// Looks at one experiment, unless a `run` may stand in what of it can not be read.
pub fn look(program: &Program, hir: &Hir, experiment: usize, sink: &mut Sink) {
    let text = hir.experiments[experiment].text;
    let within = |at: Span| at.file == text.file && text.start <= at.start && at.start <= text.end;
    if program.problems.iter().any(|problem| within(problem.span)) {
        return;
    }
    let mut look = Look { hir, experiment, sink };
    look.statements(&hir.experiments[experiment].statements);
}

struct Look<'a> {
    hir: &'a Hir,
    experiment: usize,
    sink: &'a mut Sink,
}

/// Whether something may have been run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ran {
    Nothing,
    Perhaps,
}

impl Look<'_> {
    fn statements(&mut self, statements: &[Statement]) -> Ran {
        let ran = statements.iter().any(|statement| self.statement(&statement.kind) == Ran::Perhaps);
        if ran { Ran::Perhaps } else { Ran::Nothing }
    }

    fn statement(&mut self, statement: &StatementKind) -> Ran {
        match statement {
            // A checkpoint knows what ran.
            StatementKind::Run { .. } | StatementKind::Load(_) => return Ran::Perhaps,
            StatementKind::If { condition, then, otherwise } => {
                self.value(*condition);
                if [then, otherwise].map(|branch| self.statements(branch)).contains(&Ran::Perhaps) {
                    return Ran::Perhaps;
                }
            }
            StatementKind::For { over, body, .. } => {
                match over {
                    Over::Range(lo, hi) => [lo, hi].into_iter().for_each(|end| self.value(*end)),
                    Over::Values(values) => self.value(*values),
                }
                return self.repeated(body);
            }
            StatementKind::Repeat { body, until } => {
                let ran = self.repeated(body);
                if ran == Ran::Nothing {
                    self.value(*until);
                }
                return ran;
            }
            StatementKind::Binding(slot) => {
                if let SlotKind::Let { value, .. } =
                    self.hir.experiments[self.experiment].slots[slot.index()].kind
                {
                    self.value(value);
                }
            }
            StatementKind::Assign { element, value, .. } => {
                element.iter().for_each(|element| self.value(*element));
                self.value(*value);
            }
            StatementKind::Set { value, .. } | StatementKind::Expect(value) => self.value(*value),
            StatementKind::Print(values) | StatementKind::Report(values) => {
                values.iter().for_each(|value| self.value(*value));
            }
            StatementKind::Record { .. }
            | StatementKind::Drive(_)
            | StatementKind::Clamp { .. }
            | StatementKind::Release(_)
            | StatementKind::Reset { .. }
            | StatementKind::Fire(_)
            | StatementKind::Silence(_)
            | StatementKind::Freeze(_)
            | StatementKind::FreezePlasticity { .. }
            | StatementKind::Save(_)
            | StatementKind::Enforce(_) => {}
        }
        Ran::Nothing
    }

    /// What stands before a `run` in a loop may come after it in the next pass.
    fn repeated(&mut self, body: &[Statement]) -> Ran {
        match all(body).any(|statement| matches!(statement.kind, StatementKind::Run { .. })) {
            true => Ran::Perhaps,
            false => self.statements(body),
        }
    }

    fn value(&mut self, root: ExprId) {
        let (hir, sink) = (self.hir, &mut *self.sink);
        walk(hir, root, &mut |_, expr| {
            if let ExprKind::Measure { name, name_span, .. } = &expr.kind
                && (measures::is_of_a_run(name) || &**name == "balance")
            {
                sink.push(rules::nothing_ran(*name_span, name));
            }
        });
    }
}
