//! Measures of the last `run`, and pictures of it, where nothing was run yet.
//!
//! In: the statements of an experiment. Out: a message for each before the first `run`, as the run would
//! say it.

use crate::sources::Program;
use crate::{measures, rules};
use circ_compiler::check::Types;
use circ_compiler::diagnose::Sink;
use circ_compiler::hir::{ExprId, ExprKind, Hir, Over, SlotKind, Statement, StatementKind, all};
use circ_compiler::resolve::walk;
use circ_compiler::types::Type;
use circ_grammar::ast::Span;

/// Looks at one experiment, unless a `run` may stand in what of it can not be read.
pub fn look(program: &Program, (hir, types): (&Hir, &Types), experiment: usize, sink: &mut Sink) {
    let text = hir.experiments[experiment].text;
    let within = |at: Span| at.file == text.file && text.start <= at.start && at.start <= text.end;
    if program.problems.iter().any(|problem| within(problem.span)) {
        return;
    }
    let mut look = Look { hir, types, experiment, sink };
    look.statements(&hir.experiments[experiment].statements);
}

struct Look<'a> {
    hir: &'a Hir,
    types: &'a Types,
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
            StatementKind::Plot(values) => values.iter().for_each(|value| self.drawn(*value)),
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

    /// Cells have nothing to draw before they ran; synapses have weights.
    fn drawn(&mut self, path: ExprId) {
        let mut root = path;
        loop {
            if is_view(self.types.expr(root)) {
                return self.sink.push(rules::nothing_to_draw(self.hir.expr(path).span));
            }
            match self.hir.expr(root).kind {
                ExprKind::Index { base, .. } | ExprKind::Field { base, .. } => root = base,
                _ => return self.value(path),
            }
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

fn is_view(ty: &Type) -> bool {
    match ty {
        Type::Family(member) => is_view(member),
        other => matches!(other, Type::View(_)),
    }
}
