//! Declarations that hide a name which the language gives a meaning everywhere: `t`, `dt`, `pi`, `inf`.
//!
//! In: every declaration of the main file. Out: warnings. The language allows it; whoever reads `t` in an equation
//! takes it for time. Indices (`i`, `k`) are hidden by habit, and rarely by mistake.

use super::Program;
use crate::diagnose::{Sink, unused as say};
use circ_grammar::ast::Span;
use std::collections::BTreeMap;

static NAMES: [(&str, &str); 4] =
    [("t", "time"), ("dt", "the step"), ("pi", "3.14159…"), ("inf", "infinity")];

pub fn shadowed(program: &Program<'_>, sink: &mut Sink) {
    let hir = program.hir;
    let vars = hir
        .cells
        .iter()
        .filter(|cell| cell.template.is_none())
        .flat_map(|cell| &cell.vars)
        .map(|it| (&*it.name, it.span));
    let slots = hir.circuits.iter().map(|it| &it.slots).chain(hir.experiments.iter().map(|it| &it.slots));
    let slots = slots.flatten().map(|it| (&*it.name, it.span));
    let globals = hir.globals.iter().map(|it| (&*it.name, it.span));
    let functions = hir.functions.iter().map(|it| (&*it.name, it.span));
    let locals = hir.locals.iter().map(|it| (&*it.name, it.span));
    let all = vars.chain(slots).chain(globals).chain(functions).chain(locals);
    // A cell that extends another declares its names again, at the same place.
    let own: BTreeMap<Span, &str> =
        all.filter(|(name, span)| program.speaks_of(name, *span)).map(|(name, span)| (span, name)).collect();
    for (span, name) in own {
        if let Some((_, meaning)) = NAMES.iter().find(|it| it.0 == name) {
            sink.push(say::shadowed(span, name, meaning));
        }
    }
}
