//! How long an experiment is going to run, as far as its text tells: for the progress that people see.

use super::Protocol;
use circ_compiler::eval::{self, Evaluated, NotBuilt, Scope};
use circ_compiler::hir::{ExprId, Over, Statement, StatementKind};
use circ_compiler::types::Value;

impl Protocol<'_> {
    /// What the `run`s come to whose duration does not depend on what happens.
    pub(super) fn planned_ms(&self) -> f64 {
        self.planned(&self.compiled.hir.experiments[self.compiled.experiment].statements)
    }

    fn planned(&self, statements: &[Statement]) -> f64 {
        let of = |statement: &Statement| match &statement.kind {
            StatementKind::Run { duration, .. } => {
                self.told(*duration, |expr, scope| eval::eval_real(expr, scope, &mut NotBuilt)).unwrap_or(0.0)
            }
            StatementKind::For { over, body, .. } => self.passes_told(*over) * self.planned(body),
            other => other.blocks().into_iter().map(|block| self.planned(block)).fold(0.0, f64::max),
        };
        statements.iter().map(of).sum()
    }

    /// How many passes a loop has; one where nobody knows.
    fn passes_told(&self, over: Over) -> f64 {
        let whole = |expr| self.told(expr, |expr, scope| eval::eval_real(expr, scope, &mut NotBuilt));
        match over {
            Over::Range(lo, hi) => whole(lo).zip(whole(hi)).map_or(1.0, |(lo, hi)| (hi - lo).max(0.0)),
            Over::Values(values) => {
                match self.told(values, |expr, scope| eval::eval(expr, scope, &mut NotBuilt)) {
                    Some(Value::Array(array)) => array.shape.first().map_or(0.0, |rows| *rows as f64),
                    _ => 1.0,
                }
            }
        }
    }

    fn told<T>(&self, expr: ExprId, ask: impl Fn(ExprId, &mut Scope) -> Evaluated<T>) -> Option<T> {
        let compiled = &self.compiled;
        let environment = compiled.net.experiment;
        let mut scope = Scope::new(&compiled.hir, &compiled.types, &compiled.net, &self.files, environment);
        ask(expr, &mut scope).ok()
    }
}
