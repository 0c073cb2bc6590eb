//! Projections that made no synapse: that one was drawn is known only when the network is built.
//!
//! In: a built network. Out: warnings that no `@allow` silences. The instances of a projection in a loop count
//! together, and what was said of a projection before is not said again.

use crate::compile::Compiled;
use crate::instance::Instance;
use circ_compiler::diagnose::{Diagnostic, lint::no_synapse_built};
use circ_compiler::lint::allow::Allows;
use circ_grammar::ast::Span;
use std::collections::BTreeMap;

/// One for each projection as written.
pub fn warnings(compiled: &Compiled, instance: &Instance) -> Vec<Diagnostic> {
    let mut written: BTreeMap<Span, (&str, u64, u64)> = BTreeMap::new();
    for (projection, made) in compiled.net.projections.iter().zip(&instance.synapses) {
        // Some may still come.
        if projection.plasticity.as_ref().is_some_and(|it| compiled.hir.rule(it.rule).grows()) {
            continue;
        }
        let pairs = projection.source.len() as u64 * projection.target.len() as u64;
        let all = written.entry(projection.connect_span).or_insert((&projection.path, 0, 0));
        (all.1, all.2) = (all.1 + made, all.2.saturating_add(pairs));
    }
    let about = |at: Span, it: &Diagnostic| {
        let inside = it.span.file == at.file && at.start <= it.span.start && it.span.end <= at.end;
        inside && ["no-synapse", "never-true"].contains(&it.rule.name)
    };
    let told = |at: Span| compiled.warnings.iter().any(|it| about(at, it));
    let found = written.into_iter().filter(|(at, (_, made, _))| *made == 0 && !told(*at));
    let found = found.map(|(at, (path, _, pairs))| no_synapse_built(at, path, pairs)).collect();
    Allows::of(&compiled.program.modules).silence(found)
}
