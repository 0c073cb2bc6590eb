//! Expressions as one writes them, with names as what they mean.

use super::Printer;
use super::words::*;
use crate::hir::*;
use crate::resolve::graph;
use circ_grammar::ast::UnaryOp;

impl Printer<'_> {
    pub(super) fn list(&self, exprs: &[ExprId]) -> String {
        exprs.iter().map(|expr| self.expr(*expr)).collect::<Vec<_>>().join(", ")
    }

    /// Every operation in parentheses: what binds to what is to be seen.
    pub(super) fn expr(&self, id: ExprId) -> String {
        let e = |id: ExprId| self.expr(id);
        match &self.hir.expr(id).kind {
            ExprKind::Number { value, dimension, .. } => crate::units::show(*value, *dimension),
            ExprKind::Bool(value) => value.to_string(),
            ExprKind::Text(text) => format!("{text:?}"),
            ExprKind::Ref(reference) => self.reference(*reference),
            ExprKind::Unary { op: UnaryOp::Negate, value } => format!("-{}", e(*value)),
            ExprKind::Unary { op: UnaryOp::Not, value } => format!("not {}", e(*value)),
            ExprKind::Binary { op, left, right } => {
                format!("({} {} {})", e(*left), operator(*op), e(*right))
            }
            ExprKind::InRange { value, lo, hi } => {
                format!("({} in {} .. {})", e(*value), e(*lo), e(*hi))
            }
            ExprKind::InView { value, view } => format!("({} in {})", e(*value), e(*view)),
            ExprKind::If { condition, then, otherwise } => {
                format!("(if {} then {} else {})", e(*condition), e(*then), e(*otherwise))
            }
            ExprKind::Call { builtin, args } => {
                format!("{}({})", builtin_name(*builtin), self.list(args))
            }
            ExprKind::CallFn { function, args } => {
                format!("{}({})", self.hir.functions[function.index()].name, self.list(args))
            }
            ExprKind::Draw { distribution, args } => {
                format!("~{}({})", distribution_name(*distribution), self.list(args))
            }
            ExprKind::Redraw { value, lo, hi } => {
                format!("redraw({}, {}, {})", e(*value), e(*lo), e(*hi))
            }
            ExprKind::Noise(source) => format!("xi({source})"),
            ExprKind::Chance(p) => format!("chance({})", e(*p)),
            ExprKind::Rising(condition) => format!("rising({})", e(*condition)),
            ExprKind::Derivative(var) => format!("{}'", self.reference(Ref::Var(*var))),
            ExprKind::OfSegment { steps, member } => self.of_segment(steps, *member),
            ExprKind::Reduce { reduce, value, over: None } => {
                format!("{}({})", reduce_name(*reduce), e(*value))
            }
            ExprKind::Reduce { reduce, value, over: Some((index, lo, hi)) } => {
                format!(
                    "{}({} for {} in {} .. {})",
                    reduce_name(*reduce),
                    e(*value),
                    self.hir.locals[index.index()].name,
                    e(*lo),
                    e(*hi)
                )
            }
            ExprKind::Array(parts) => format!("[{}]", self.list(parts)),
            ExprKind::Tuple(parts) => format!("({})", self.list(parts)),
            ExprKind::Index { base, indices } => {
                let indices = indices.iter().map(|index| self.one_index(index));
                format!("{}[{}]", e(*base), indices.collect::<Vec<_>>().join(", "))
            }
            ExprKind::Field { base, name, .. } => format!("{}.{name}", e(*base)),
            ExprKind::Measure { name, args, .. } => {
                let args = args.iter().map(|arg| self.measure_arg(arg)).collect::<Vec<_>>();
                format!("@{name}({})", args.join(", "))
            }
            ExprKind::Error => "error".into(),
        }
    }

    fn one_index(&self, index: &Index) -> String {
        match index {
            Index::At(at) => self.expr(*at),
            Index::Range(lo, hi) => format!("{} .. {}", self.expr(*lo), self.expr(*hi)),
            Index::Where(condition) => format!("where {}", self.expr(*condition)),
        }
    }

    fn of_segment(&self, steps: &[(SegmentId, Option<Index>)], member: SegmentMember) -> String {
        let Owner::Cell(cell) = self.owner else { return "?".into() };
        let segments = &self.hir.cell(cell).segments;
        let step = |(segment, index): &(SegmentId, Option<Index>)| {
            let index = index.as_ref().map_or(String::new(), |index| format!("[{}]", self.one_index(index)));
            format!("{}{index}.", segments[segment.index()].name)
        };
        let path: String = steps.iter().map(step).collect();
        match member {
            SegmentMember::Var(var) => format!("{path}{}", self.reference(Ref::Var(var))),
            SegmentMember::Mode(mode) => format!("{path}{}", self.reference(Ref::Mode(mode))),
            SegmentMember::Derivative(var) => format!("{path}{}'", self.reference(Ref::Var(var))),
        }
    }

    pub(super) fn measure_arg(&self, arg: &MeasureArg) -> String {
        let each = if arg.each { "each " } else { "" };
        let name = arg.name.as_ref().map_or(String::new(), |name| format!("{name} = "));
        let to = arg.to.map_or(String::new(), |to| format!(" -> {}", self.expr(to)));
        let over = match arg.over {
            None => String::new(),
            Some(Window::Last(length)) => format!(" over {}", self.expr(length)),
            Some(Window::Between(lo, hi)) => {
                format!(" over {} .. {}", self.expr(lo), self.expr(hi))
            }
        };
        format!("{each}{name}{}{to}{over}", self.expr(arg.value))
    }

    pub(super) fn reference(&self, reference: Ref) -> String {
        let word = match reference {
            Ref::Weight => "w",
            Ref::Time => "t",
            Ref::Step => "dt",
            Ref::CellIndex => "i",
            Ref::SegmentIndex => "k",
            Ref::Row => "row",
            Ref::Col => "col",
            Ref::Layer => "layer",
            Ref::Size => "size",
            Ref::Pi => "pi",
            Ref::Infinity => "inf",
            Ref::Distance => "distance",
            Ref::Pre => "pre",
            Ref::Post => "post",
            Ref::Edge => "edge",
            Ref::Local(local) => &self.hir.locals[local.index()].name,
            Ref::Global(global) => &self.hir.globals[global.index()].name,
            Ref::Var(var) => match self.owner {
                Owner::Cell(cell) => &self.hir.cell(cell).vars[var.index()].name,
                Owner::Rule(rule) => &self.hir.rule(rule).vars[var.index()].name,
                Owner::File | Owner::Circuit(_) | Owner::Experiment(_) => "?",
            },
            Ref::Mode(mode) => match self.owner {
                Owner::Cell(cell) => &self.hir.cell(cell).modes[mode.index()].name,
                Owner::File | Owner::Rule(_) | Owner::Circuit(_) | Owner::Experiment(_) => "?",
            },
            Ref::Slot(slot) => {
                graph::slots(self.hir, self.owner).get(slot.index()).map_or("?", |slot| &slot.name)
            }
            Ref::OfCircuit(slot) => {
                let name = match self.owner {
                    Owner::Experiment(at) => {
                        let circuit = self.hir.experiments[at as usize].circuit;
                        circuit
                            .and_then(|circuit| self.hir.circuit(circuit).slots.get(slot.index()))
                            .map_or("?", |slot| &*slot.name)
                    }
                    Owner::File | Owner::Cell(_) | Owner::Rule(_) | Owner::Circuit(_) => "?",
                };
                return format!("circuit.{name}");
            }
        };
        word.to_owned()
    }
}
