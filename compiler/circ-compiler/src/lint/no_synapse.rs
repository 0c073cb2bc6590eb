//! Projections that will surely make no synapse.
//!
//! In: every circuit that was built. Out: warnings. A projection in a loop, or in a circuit that several
//! experiments build, is told only if none of its instances can make one: it is written once, and there it would
//! have to be changed.

use super::{Built, Program};
use crate::data::NoFiles;
use crate::diagnose::{Sink, lint as say};
use crate::eval::{self, NotBuilt, Scope, depends};
use crate::net::{Closure, Connect, Projection, Setting};
use crate::types::Value;
use circ_grammar::ast::Span;
use circ_plan::plan::View;
use std::collections::BTreeMap;

pub fn certain(program: &Program<'_>, sink: &mut Sink) {
    let mut found: BTreeMap<Span, Option<(&str, &'static str)>> = BTreeMap::new();
    for built in program.built {
        for projection in &built.net.projections {
            let why = why_none(program, built, projection).map(|why| (&*projection.path, why));
            found.entry(projection.connect_span).and_modify(|all| *all = all.and(why)).or_insert(why);
        }
    }
    for (at, why) in found {
        if let Some((path, why)) = why.filter(|_| at.file == program.main()) {
            sink.push(say::no_synapse(at, path, why));
        }
    }
}

/// Why there can be no synapse, where that is sure.
fn why_none(program: &Program<'_>, built: &Built<'_>, projection: &Projection) -> Option<&'static str> {
    let selves = || {
        (!projection.allow_self && only_selves(projection))
            .then_some("a cell is not connected to itself without `allow self`")
    };
    let grows = projection.plasticity.as_ref().is_some_and(|it| program.hir.rule(it.rule).grows());
    if grows || projection.mirrored().is_some() {
        return None;
    }
    match &projection.connect {
        Connect::Probability(Setting::Value(Value::Real(0.0))) => Some("a probability of 0 connects no pair"),
        Connect::InDegree(0) => Some("0 sources for each target"),
        Connect::OutDegree(0) => Some("0 targets for each source"),
        Connect::Total(0) => Some("0 pairs in all"),
        Connect::Pairs(pairs) if pairs.is_empty() => Some("the table has no row"),
        Connect::Where(condition) if never(program, built, *condition) => Some("this condition never holds"),
        Connect::Probability(_) | Connect::Where(_) | Connect::OneToOne | Connect::AllToAll => selves(),
        Connect::InDegree(_) | Connect::OutDegree(_) | Connect::Total(_) | Connect::Pairs(_) => None,
    }
}

/// Whether a condition does not depend on the pair, and does not hold.
fn never(program: &Program<'_>, built: &Built<'_>, condition: Closure) -> bool {
    let mut scope = Scope::new(program.hir, program.types, built.net, &NoFiles, condition.environment);
    !depends::varies(condition.expr, &scope)
        && matches!(eval::eval(condition.expr, &mut scope, &mut NotBuilt), Ok(Value::Bool(false)))
}

/// Whether every pair that the clause speaks of is a cell and itself.
fn only_selves(projection: &Projection) -> bool {
    let (source, target) = (&projection.source, &projection.target);
    match projection.connect {
        Connect::OneToOne => same_cells(source, target),
        _ => source.len() == 1 && target.len() == 1 && same_cells(source, target),
    }
}

/// Position by position.
fn same_cells(a: &View, b: &View) -> bool {
    a == b || (a.len() == b.len() && a.cells().eq(b.cells()))
}
