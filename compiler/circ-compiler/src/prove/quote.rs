//! Words for proofs: numbers in units, shares of draws, the user's own text, and what to type instead.
//!
//! In: expressions and findings. Out: texts.

use super::judge::{self, Need};
use super::{Finding, Prover, Subject};
use crate::bound::{DemandKind, Place, Site};
use crate::diagnose::time::time;
use crate::eval::depends;
use crate::hir::{ExprId, ExprKind, Ref, VarId, VarKind};
use crate::resolve::graph;
use crate::types::{Dimension, Type};
use circ_grammar::ast::Span;
use circ_plan::ir::Distribution;
use std::collections::BTreeSet;

/// Names that lead to names are followed so far.
const DEEPEST: u32 = 32;
/// Longer texts are not repeated.
const LONGEST: usize = 72;

/// A number with its unit.
pub fn show(x: f64, dimension: Dimension) -> String {
    // The largest number there is stands for no bound at all.
    let x = if x.abs() == f64::MAX { x * 2.0 } else { x };
    match dimension {
        Dimension::TIME if x.is_finite() => time(x),
        Dimension::FREQUENCY if x == 0.0 => "0 Hz".to_string(),
        _ => crate::units::show(x, dimension),
    }
}

/// "0.62 % of draws", "one draw in 3000".
pub fn share(p: f64) -> String {
    if 1e-3 <= p {
        return format!("{} % of draws", two_digits(100.0 * p));
    }
    match 1.0 / p {
        n if n < 1e6 => format!("one draw in {}", two_digits(n)),
        n if n < 1e15 => format!("one draw in {:.0e}", n),
        _ => "less than one draw in 1e15".to_string(),
    }
}

/// With two significant digits.
fn two_digits(x: f64) -> String {
    let rounded: f64 = format!("{x:.1e}").parse().unwrap_or(x);
    crate::units::show(rounded, Dimension::REAL)
}

impl Prover<'_> {
    pub(super) fn dimension(&self, expr: ExprId) -> Dimension {
        self.bounds.types.expr(expr).dimension()
    }

    /// Of what is judged; a delay, a parameter.
    pub(super) fn dimension_of(&self, finding: &Finding) -> Dimension {
        match &finding.subject {
            Subject::Parameter { population, var, .. } => self.of_variable(*population, *var),
            Subject::Delay { .. } | Subject::Duration | Subject::TimeConstant { .. } => Dimension::TIME,
            Subject::Factor { time: true, .. } => Dimension::TIME,
            Subject::Rate => Dimension::FREQUENCY,
            Subject::Part(_)
            | Subject::RuleParameter { .. }
            | Subject::Factor { .. }
            | Subject::Probability => Dimension::REAL,
            Subject::Weight { .. } | Subject::Flow { .. } => Dimension::REAL,
        }
    }

    fn of_variable(&self, population: u32, var: crate::hir::VarId) -> Dimension {
        let cell = self.bounds.net.populations.get(population as usize).map(|of| of.cell);
        let ty = cell.and_then(|cell| self.bounds.types.vars.get(cell.index())?.get(var.index()));
        ty.map_or(Dimension::REAL, Type::dimension)
    }

    /// An expression as it is written, on one line.
    pub(super) fn text(&self, expr: ExprId) -> String {
        let span = self.span(expr);
        let source = self.sources.files.get(span.file.0 as usize);
        let text = source.and_then(|source| source.text.get(span.start as usize..span.end as usize));
        text.unwrap_or("").split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Where a name has its value from, if what is judged is one.
    pub(super) fn origin(&self, expr: ExprId, site: &Site) -> Option<(Span, String)> {
        let (ExprKind::Ref(Ref::Var(var)), Place::Cell(population)) =
            (&self.bounds.hir.expr(expr).kind, site.place)
        else {
            return None;
        };
        let declared = self.variable(population, *var)?;
        let range = match &declared.kind {
            VarKind::Param { range, .. } | VarKind::State { range, .. } => *range,
            VarKind::Let { .. } | VarKind::Port { .. } => None,
        };
        if let Some((lo, hi)) = range {
            return Some((self.span(lo).to(self.span(hi)), format!("the range of `{}`", declared.name)));
        }
        if let Some((source, _)) = self.source_of(population, *var) {
            let how = if self.is_random(source) { "drawn" } else { "given" };
            return Some((self.span(source), format!("`{}` is {how} here", declared.name)));
        }
        let of = self.bounds.net.populations.get(population as usize)?;
        let (_, _, span) = of.settings.iter().rev().find(|(id, _, _)| id == var)?;
        Some((*span, format!("`{}` is given here", declared.name)))
    }

    /// Where a population gives a cell of another file the parameter that makes something wrong in it, with its name.
    pub(super) fn given_elsewhere(&self, finding: &Finding) -> Option<(Span, String)> {
        let Place::Cell(population) = finding.site.place else { return None };
        let of = self.bounds.net.populations.get(population as usize)?;
        let mut read = BTreeSet::new();
        self.variables(finding.expr?, population, &mut read, 0);
        let given =
            of.settings.iter().rev().find(|(var, _, at)| read.contains(var) && at.file != finding.at.file);
        let (var, _, at) = given?;
        Some((*at, self.variable(population, *var)?.name.to_string()))
    }

    /// The variables that an expression of a cell depends on, through other parameters and `let`s.
    fn variables(&self, expr: ExprId, population: u32, read: &mut BTreeSet<VarId>, depth: u32) {
        let mut new = vec![];
        graph::walk(self.bounds.hir, expr, &mut |_, expr| {
            if let ExprKind::Ref(Ref::Var(var)) = expr.kind {
                new.extend(read.insert(var).then_some(var));
            }
        });
        for var in new.into_iter().filter(|_| depth < DEEPEST) {
            let value = match self.variable(population, var).map(|var| &var.kind) {
                Some(VarKind::Param { default, .. }) => *default,
                Some(VarKind::Let { value }) => Some(*value),
                Some(VarKind::State { .. } | VarKind::Port { .. }) | None => None,
            };
            value.into_iter().for_each(|value| self.variables(value, population, read, depth + 1));
        }
    }

    fn is_random(&self, expr: ExprId) -> bool {
        depends::any(expr, self.bounds.hir, &mut |kind| matches!(kind, ExprKind::Draw { .. }))
    }

    /// What to type instead, in the user's own words.
    pub(super) fn help(&self, finding: &Finding, dimension: Dimension) -> Option<String> {
        let expr = finding.expr?;
        if let Subject::Part(DemandKind::Divisor) = finding.subject
            && let ExprKind::Ref(_) = self.bounds.hir.expr(expr).kind
        {
            let name = self.text(expr);
            return Some(format!("say what holds at 0, as in `if {name} == 0 then 0 else 1 / {name}`"));
        }
        let (source, of_name) = match (&self.bounds.hir.expr(expr).kind, finding.site.place) {
            (ExprKind::Ref(Ref::Var(var)), Place::Cell(population)) => {
                if let VarKind::Param { range: Some(_), .. } = self.variable(population, *var)?.kind {
                    return self.narrower_range(finding);
                }
                (self.source_of(population, *var)?.0, true)
            }
            _ => (expr, false),
        };
        let text = self.text(source);
        if text.is_empty() || LONGEST < text.len() {
            return None;
        }
        let step = time(self.bounds.net.dt);
        let [lo, hi] = self.ends(finding, dimension, &step)?;
        let random = self.is_random(source);
        // A name's value is mended where it is given, and only what is drawn can be drawn again.
        if of_name && !random {
            return None;
        }
        Some(match (random, lo.as_str(), hi.as_str()) {
            (true, _, _) if self.is_positive_normal(source, finding) => {
                let lognormal = text.replacen("normal", "lognormal", 1);
                format!("use `{lognormal}` or `redraw({text}, {lo}, {hi})`")
            }
            (true, _, _) => format!("use `redraw({text}, {lo}, {hi})`"),
            (false, lo, "inf") => format!("use `max({text}, {lo})`"),
            (false, "-inf", hi) => format!("use `min({text}, {hi})`"),
            (false, lo, hi) => format!("use `clamp({text}, {lo}, {hi})`"),
        })
    }

    /// The bounds that make it right; of a divisor there are none that one would bet on.
    fn ends(&self, finding: &Finding, dimension: Dimension, step: &str) -> Option<[String; 2]> {
        let inf = || "inf".to_string();
        match (&finding.subject, finding.need) {
            (Subject::Delay { least }, _) if 0.0 < *least => Some([step.to_string(), inf()]),
            (Subject::Delay { .. } | Subject::Duration, _) => Some(["0 ms".to_string(), inf()]),
            (Subject::Factor { time: true, .. } | Subject::TimeConstant { .. }, _) => {
                Some([step.to_string(), inf()])
            }
            (_, Need::Within(range)) => Some([range.lo, range.hi].map(|end| show(end, dimension))),
            (_, Need::NotZero | Need::Above(_)) => None,
        }
    }

    /// A weight that is normal around a positive mean has a positive relative of the same moments.
    fn is_positive_normal(&self, source: ExprId, finding: &Finding) -> bool {
        let ExprKind::Draw { distribution: Distribution::Normal, args } = &self.bounds.hir.expr(source).kind
        else {
            return false;
        };
        let magnitude = finding.need == Need::Within(judge::NOT_NEGATIVE);
        let positive = args.first().is_some_and(|mean| match &self.bounds.hir.expr(*mean).kind {
            ExprKind::Number { value, .. } => 0.0 < *value,
            _ => false,
        });
        magnitude && positive && matches!(finding.subject, Subject::Weight { .. })
    }

    fn narrower_range(&self, finding: &Finding) -> Option<String> {
        let positive = match &finding.subject {
            Subject::Factor { .. } | Subject::TimeConstant { .. } => true,
            Subject::Part(kind) => *kind == DemandKind::Logarithm,
            _ => false,
        };
        let from_zero = finding.found.interval.lo == 0.0;
        (positive && from_zero).then(|| "begin the range above 0".to_string())
    }
}
