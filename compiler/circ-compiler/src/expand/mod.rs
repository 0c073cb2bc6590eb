//! Segments, unrolled: a cell with segments becomes one without, which has the variables of each as its own.
//!
//! In: a network whose populations know how many segments their cells have. Out: for every cell with its counts a flat
//! cell behind the others of the HIR, of which the population then is. A variable of the flat cell is called
//! `distal[3].v` (`tuft.v` of a segment without a number): under this name it is recorded, and its draws are keyed by
//! it. What is the cell's own keeps its id. Everything that comes later sees point cells.

mod cell;
mod couple;
mod expression;
mod fold;
mod instance;

use crate::check::Types;
use crate::diagnose::Sink;
use crate::hir::*;
use crate::net::{Net, Population};
use crate::types::Type;
use circ_grammar::ast::Span;
use instance::Instances;
use std::collections::{BTreeMap, BTreeSet};

/// A cell whose segments would take more expressions is not unrolled: each in each of a thousand would be a million.
const MOST_COPIES: usize = 200_000;

/// Cells that were unrolled, by what they are made from; one program unrolls each once.
#[derive(Clone, Debug, Default)]
pub struct Expanded {
    flat: BTreeMap<(CellId, Vec<u32>), Flat>,
}

/// A flat cell, and what became of the template's ids.
#[derive(Clone, Debug)]
struct Flat {
    cell: CellId,
    /// By [`VarId`] of the template: the variables of its instances, in order.
    vars: Vec<Vec<VarId>>,
    /// The place of each equation that is the cell's own.
    equations: BTreeMap<usize, usize>,
    /// Whether something was left out, as it would be too much.
    cut_short: bool,
}

/// Gives every population with segments its flat cell.
pub fn expand(hir: &mut Hir, types: &mut Types, net: &mut Net, expanded: &mut Expanded, sink: &mut Sink) {
    for at in 0..net.populations.len() {
        let population = &net.populations[at];
        if population.segments.is_empty() || types.tainted.cell(population.cell) {
            continue;
        }
        let key = (population.cell, population.segments.clone());
        let flat = expanded.flat.entry(key).or_insert_with(|| {
            Expander::new(hir, types, sink, population.cell, &population.segments).unroll()
        });
        flat.move_in(&mut net.populations[at]);
        net.populations[at].partial |= flat.cut_short;
        if let Some(balance) = net.balances.get_mut(&(at as u32)) {
            balance.equation = flat.equations.get(&balance.equation).copied().unwrap_or(balance.equation);
            let ports =
                |ports: &[VarId]| ports.iter().flat_map(|var| flat.vars[var.index()].clone()).collect();
            (balance.excitatory, balance.inhibitory) =
                (ports(&balance.excitatory), ports(&balance.inhibitory));
        }
    }
}

impl Flat {
    /// A setting of a segment's variable is one of each of its instances.
    fn move_in(&self, population: &mut Population) {
        population.cell = self.cell;
        let each = |var: &VarId| self.vars.get(var.index()).cloned().unwrap_or_default();
        population.settings = population
            .settings
            .iter()
            .flat_map(|(var, setting, span)| {
                each(var).into_iter().map(|var| (var, setting.clone(), *span)).collect::<Vec<_>>()
            })
            .collect();
        population.per_cell = population.per_cell.iter().flat_map(each).collect();
    }
}

/// Where a copied text stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct At {
    /// Into [`Instances::all`]; `None`: the cell.
    instance: Option<usize>,
    /// Where a block reacts to a segment: that one's index.
    reacts_to: Option<i64>,
}

struct Expander<'a> {
    hir: &'a mut Hir,
    types: &'a mut Types,
    sink: &'a mut Sink,
    template: Cell,
    of: CellId,
    cell: CellId,
    counts: &'a [u32],
    instances: Instances,
    /// By the id of the template and its instance.
    vars: BTreeMap<(VarId, Option<usize>), VarId>,
    events: BTreeMap<(EventIx, Option<usize>), EventIx>,
    modes: BTreeMap<(ModeId, Option<usize>), ModeId>,
    functions: BTreeMap<(FunctionId, At), FunctionId>,
    /// The indices of loops around the coupling at hand.
    loops: BTreeMap<LocalId, i64>,
    /// Places of which a message was given.
    told: BTreeSet<Span>,
    /// How many expressions may still be copied.
    left: usize,
}

impl<'a> Expander<'a> {
    fn new(
        hir: &'a mut Hir,
        types: &'a mut Types,
        sink: &'a mut Sink,
        of: CellId,
        counts: &'a [u32],
    ) -> Expander<'a> {
        let template = hir.cell(of).clone();
        let cell = CellId(hir.cells.len() as u32);
        let instances = Instances::of(&template, counts);
        Expander {
            hir,
            types,
            sink,
            template,
            of,
            cell,
            counts,
            instances,
            vars: BTreeMap::new(),
            events: BTreeMap::new(),
            modes: BTreeMap::new(),
            functions: BTreeMap::new(),
            loops: BTreeMap::new(),
            told: BTreeSet::new(),
            left: MOST_COPIES,
        }
    }

    /// Whether more was to be copied than is allowed; nobody evaluates what came of it.
    fn is_cut_short(&self) -> bool {
        self.left == 0
    }

    fn push(&mut self, kind: ExprKind, span: Span, ty: Type) -> ExprId {
        self.left = self.left.saturating_sub(1);
        let id = ExprId(self.hir.exprs.len() as u32);
        self.hir.exprs.push(Expr { kind, span });
        self.types.exprs.resize(id.index(), Type::Error);
        self.types.exprs.push(ty);
        id
    }
}
