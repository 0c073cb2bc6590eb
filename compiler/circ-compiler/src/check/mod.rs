//! Checking: the dimension and type of every expression, and that everything fits what it stands in.
//!
//! In: a resolved program. Out: [`Types`]. What does not fit is reported once, at its place and at the place that
//! it does not fit, and has [`Type::Error`], which fits everything.

mod attach;
mod cell;
mod circuit;
mod constraint;
pub(crate) mod couple;
mod demand;
mod dendrite;
mod experiment;
mod field;
mod function;
mod infer;
mod measure;
mod operator;
mod origin;
mod polarity;
mod rule;
mod segment;
mod taint;

use crate::diagnose::{Sink, structure};
use crate::hir::*;
use crate::resolve::graph::{self, Node};
use crate::types::{Dimension, Type};
use circ_grammar::ast::Span;
use std::collections::{BTreeMap, BTreeSet};

pub use taint::Tainted;

/// The types of a program.
#[derive(Clone, Debug, Default)]
pub struct Types {
    /// By [`ExprId`]. A literal that stands where a whole number is due is an `Int`; `0` and `inf` keep `AnyReal`.
    pub exprs: Vec<Type>,
    /// By [`CellId`] and [`VarId`]; of a port, the type of its weights and of its value.
    pub vars: Vec<Vec<Type>>,
    /// By [`RuleId`] and [`VarId`], with the weight as a dimension of its own.
    pub rule_vars: Vec<Vec<Type>>,
    /// By [`CircuitId`] and [`SlotId`]; of an item in loops, a family of families.
    pub circuit_slots: Vec<Vec<Type>>,
    /// By experiment and [`SlotId`].
    pub experiment_slots: Vec<Vec<Type>>,
    /// By [`GlobalId`].
    pub globals: Vec<Type>,
    /// By [`LocalId`].
    pub locals: Vec<Type>,
    /// What functions give, by [`FunctionId`].
    pub functions: Vec<Type>,
    /// `poisson(m)` whose argument is a frequency: its mean is `m * dt`.
    pub draws_poisson_rate: BTreeSet<ExprId>,
    /// Of what not to speak again. Empty until all that is wrong is known: whoever calls `check` fills it in.
    pub tainted: Tainted,
}

impl Types {
    /// The type of an expression.
    pub fn expr(&self, id: ExprId) -> &Type {
        &self.exprs[id.index()]
    }
}

/// Types a program, and reports what does not fit.
pub fn check(hir: &Hir, sink: &mut Sink) -> Types {
    let mut checker = Checker::new(hir, sink);
    checker.attached_rules();
    // What experiments declare reads what synapses hold, which has types when all projections have.
    let (later, first): (Vec<Node>, Vec<Node>) =
        hir.order.iter().copied().partition(|node| checker.is_of_experiment(*node));
    for node in first {
        if let Some(rule) = checker.rule_of(node) {
            checker.rule_nodes.entry(rule).or_default().push(node);
        }
        checker.define(node);
    }
    checker.cells();
    checker.rules();
    checker.circuits();
    later.into_iter().for_each(|node| checker.define(node));
    checker.experiments();
    checker.types
}

struct Checker<'a> {
    hir: &'a Hir,
    sink: &'a mut Sink,
    types: Types,
    /// By expression: whether its type was found.
    done: Vec<bool>,
    /// Whose names the expression at hand reads.
    owner: Owner,
    overs: BTreeMap<(Owner, SlotId), Over>,
    /// The cells of `pre` and `post`, in the clauses of a projection.
    sides: Ends,
    /// The type of `w`, in what flows.
    weight: Type,
    /// In a rule that is attached: the dimension of the port.
    attached: Option<Dimension>,
    /// The definitions of each rule, each after what it reads.
    rule_nodes: BTreeMap<RuleId, Vec<Node>>,
    /// Rules that are wrong by themselves.
    broken_rules: BTreeSet<RuleId>,
    /// What was looked at.
    meetings: Vec<attach::Meeting>,
    told_of_rules: BTreeSet<(Span, String)>,
    /// The type of a projection's weights.
    weights: BTreeMap<(CircuitId, SlotId), Type>,
    /// The rule by which a projection learns.
    learns: BTreeMap<(CircuitId, SlotId), RuleId>,
    /// The cells of its two sides.
    ends: BTreeMap<(CircuitId, SlotId), Ends>,
}

/// The parts that synapses come from, and those that they go to.
type Ends = (Vec<dendrite::Part>, Vec<dendrite::Part>);

impl<'a> Checker<'a> {
    fn new(hir: &'a Hir, sink: &'a mut Sink) -> Self {
        let errors = |count: usize| vec![Type::Error; count];
        let types = Types {
            exprs: errors(hir.exprs.len()),
            vars: hir.cells.iter().map(|cell| errors(cell.vars.len())).collect(),
            rule_vars: hir.rules.iter().map(|rule| errors(rule.vars.len())).collect(),
            circuit_slots: hir.circuits.iter().map(|circuit| errors(circuit.slots.len())).collect(),
            experiment_slots: hir
                .experiments
                .iter()
                .map(|experiment| errors(experiment.slots.len()))
                .collect(),
            globals: errors(hir.globals.len()),
            locals: hir.locals.iter().map(|local| local.declared.clone().unwrap_or(Type::Error)).collect(),
            functions: errors(hir.functions.len()),
            draws_poisson_rate: BTreeSet::new(),
            tainted: Tainted::default(),
        };
        let done = vec![false; hir.exprs.len()];
        Checker {
            hir,
            sink,
            types,
            done,
            owner: Owner::File,
            overs: graph::overs(hir),
            sides: Default::default(),
            weight: Type::Error,
            attached: None,
            rule_nodes: BTreeMap::new(),
            broken_rules: BTreeSet::new(),
            meetings: vec![],
            told_of_rules: BTreeSet::new(),
            weights: BTreeMap::new(),
            learns: BTreeMap::new(),
            ends: BTreeMap::new(),
        }
    }

    /// Finds the type of a definition; what it reads has one.
    fn define(&mut self, node: Node) {
        match node {
            Node::Global(id) => {
                self.owner = Owner::File;
                let global = &self.hir.globals[id.index()];
                self.types.globals[id.index()] =
                    self.value_type(&global.name, global.span, global.declared.as_ref(), Some(global.value));
            }
            Node::Var(cell, var) => {
                self.owner = Owner::Cell(cell);
                self.types.vars[cell.index()][var.index()] =
                    self.var_type(&self.hir.cell(cell).vars[var.index()]);
            }
            Node::RuleVar(id, var) => {
                self.owner = Owner::Rule(id);
                let before = self.sink.so_far().len();
                let ty = self.rule_var(&self.hir.rule(id).vars[var.index()]);
                self.types.rule_vars[id.index()][var.index()] = ty;
                if before < self.sink.so_far().len() {
                    self.broken_rules.insert(id);
                }
            }
            Node::Rate(..) => {}
            Node::Slot(owner, slot) => {
                self.owner = owner;
                let ty = self.slot_type(owner, slot);
                match owner {
                    Owner::Circuit(at) => self.types.circuit_slots[at.index()][slot.index()] = ty,
                    Owner::Experiment(at) => self.types.experiment_slots[at as usize][slot.index()] = ty,
                    Owner::File | Owner::Cell(_) | Owner::Rule(_) => {}
                }
            }
            Node::Function(id) => {
                let function = &self.hir.functions[id.index()];
                self.owner = function.owner;
                for formal in &function.formals {
                    let declared = self.hir.locals[formal.index()].declared.as_ref();
                    let declared = declared.map_or(Type::Error, |declared| self.of_rule(declared));
                    self.types.locals[formal.index()] = declared;
                }
                let found = self.infer(function.body);
                self.types.functions[id.index()] = match &function.result {
                    Some(declared) => {
                        let declared = self.of_rule(declared);
                        let what = format!("what `{}` gives", function.name);
                        self.demand(function.body, &declared, &what, None);
                        declared
                    }
                    None => settled(found),
                };
            }
        }
    }

    /// Nothing but its own experiment reads it.
    fn is_of_experiment(&self, node: Node) -> bool {
        let owner = match node {
            Node::Slot(owner, _) => owner,
            Node::Function(id) => self.hir.functions[id.index()].owner,
            Node::Global(_) | Node::Var(..) | Node::Rate(..) | Node::RuleVar(..) => return false,
        };
        matches!(owner, Owner::Experiment(_))
    }

    /// The rule that a definition belongs to.
    fn rule_of(&self, node: Node) -> Option<RuleId> {
        let owner = match node {
            Node::RuleVar(id, _) => return Some(id),
            Node::Function(id) => self.hir.functions[id.index()].owner,
            Node::Global(_) | Node::Var(..) | Node::Rate(..) | Node::Slot(..) => return None,
        };
        match owner {
            Owner::Rule(id) => Some(id),
            Owner::File | Owner::Cell(_) | Owner::Circuit(_) | Owner::Experiment(_) => None,
        }
    }

    /// Of a declaration: as annotated, else as its value tells.
    fn value_type(
        &mut self,
        name: &str,
        at: circ_grammar::ast::Span,
        declared: Option<&Type>,
        value: Option<ExprId>,
    ) -> Type {
        let found = value.map(|value| self.infer(value));
        match (declared, value, found) {
            (Some(declared), Some(value), _) => {
                self.demand(value, declared, &format!("`{name}`"), Some((at, declared_as(declared))));
                // What is left open in the annotation, the value may tell.
                match (declared, self.types.expr(value)) {
                    (Type::Array(_, open), Type::Array(_, known)) if open.len() == known.len() => {
                        let Type::Array(element, _) = declared else {
                            return declared.clone();
                        };
                        let shape = open.iter().zip(known).map(|(open, known)| open.or(*known)).collect();
                        Type::Array(element.clone(), shape)
                    }
                    _ => declared.clone(),
                }
            }
            (Some(declared), None, _) => declared.clone(),
            (None, Some(_), Some(found)) => settled(found),
            (None, ..) => {
                self.sink.push(structure::missing_type(at, name));
                Type::Error
            }
        }
    }

    fn var_type(&mut self, var: &'a Var) -> Type {
        let (range, value) = match &var.kind {
            VarKind::Param { range, default } => (*range, *default),
            VarKind::State { range, initial } => (*range, *initial),
            VarKind::Let { value } => (None, Some(*value)),
            VarKind::Port { .. } => return var.declared.clone().unwrap_or(Type::Error),
        };
        let ty = self.value_type(&var.name, var.span, var.declared.as_ref(), value);
        if let (Type::Text, Some(value)) = (&ty, value) {
            self.sink.push(crate::diagnose::typing::wrong_type(self.span(value), "a number", &ty));
            return Type::Error;
        }
        self.in_range(&ty, range, &var.name, var.span);
        ty
    }

    /// The ends of a range are of the type of what they bound, or of its elements.
    fn in_range(
        &mut self,
        ty: &Type,
        range: Option<(ExprId, ExprId)>,
        name: &str,
        at: circ_grammar::ast::Span,
    ) {
        let ty = match ty {
            Type::Array(element, _) => element,
            ty => ty,
        };
        let Some((lo, hi)) = range else { return };
        [lo, hi].into_iter().for_each(|end| drop(self.infer(end)));
        // Where both ends are of one other type, one was meant as much as the other: one message.
        let alike = self.value_of(lo) == self.value_of(hi);
        for end in if alike { vec![lo] } else { vec![lo, hi] } {
            let what = format!("the range of `{name}`");
            self.demand(end, ty, &what, Some((at, crate::diagnose::typing::words(ty))));
        }
    }

    fn slot_type(&mut self, owner: Owner, slot: SlotId) -> Type {
        let hir = self.hir;
        let declared = &graph::slots(hir, owner)[slot.index()];
        let member = match &declared.kind {
            SlotKind::Formal { declared: ty, range, default } => {
                let ty = self.value_type(&declared.name, declared.span, ty.as_ref(), *default);
                self.in_range(&ty, *range, &declared.name, declared.span);
                return ty;
            }
            SlotKind::Let { declared: ty, value } => {
                return self.value_type(&declared.name, declared.span, ty.as_ref(), Some(*value));
            }
            SlotKind::Data { declared: ty, value } => {
                return self.value_type(&declared.name, declared.span, Some(ty), Some(*value));
            }
            SlotKind::Index => return self.index_type(owner, slot),
            SlotKind::Population { cell } => Type::View(Some(*cell)),
            SlotKind::Drive => Type::Drive,
            SlotKind::Projection => Type::Projection,
            SlotKind::Part { circuit } => Type::Part(*circuit),
        };
        declared.loops.iter().fold(member, |member, _| Type::Family(Box::new(member)))
    }

    fn index_type(&mut self, owner: Owner, slot: SlotId) -> Type {
        match self.overs.get(&(owner, slot)).copied() {
            Some(Over::Range(lo, hi)) => {
                for end in [lo, hi] {
                    self.infer(end);
                    self.demand_whole(end, "the range of a loop");
                }
                Type::Int
            }
            Some(Over::Values(values)) => match self.infer(values) {
                Type::Array(element, shape) if shape.len() == 1 => settled(*element),
                Type::Array(element, shape) if matches!(owner, Owner::Experiment(_)) && !shape.is_empty() => {
                    Type::Array(element, shape[1..].to_vec())
                }
                Type::Error => Type::Error,
                other => {
                    let at = self.hir.expr(values).span;
                    self.sink.push(crate::diagnose::typing::wrong_type(at, "a range or an array", &other));
                    Type::Error
                }
            },
            None => Type::Int,
        }
    }
}

/// What a declaration has whose value alone would fit any dimension.
fn settled(ty: Type) -> Type {
    match ty {
        Type::AnyReal => Type::Real(crate::types::Dimension::REAL),
        Type::Array(element, shape) => Type::Array(Box::new(settled(*element)), shape),
        other => other,
    }
}

fn declared_as(ty: &Type) -> String {
    format!("declared as `{ty}`")
}
