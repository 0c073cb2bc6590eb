//! Plasticity rules.

use super::*;

/// A plasticity rule.
#[derive(Clone, Debug)]
pub struct Rule {
    pub name: Name,
    pub base: Option<Path>,
    pub items: Vec<RuleItem>,
}

/// Which side of a synapse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Pre,
    Post,
}

/// What a rule may hold.
#[derive(Clone, Debug)]
pub enum RuleItemKind {
    Param(Variable),
    Modulator {
        name: Name,
        ty: TypeExpr,
    },
    Let(Let),
    Fn(Function),
    Equation(Equation),
    /// `pre x: type = value { ... }`
    Trace {
        side: Side,
        name: Name,
        ty: Option<TypeExpr>,
        value: ExprId,
        body: Vec<TraceItem>,
    },
    /// `synapse e: type = value`
    Synapse {
        name: Name,
        ty: Option<TypeExpr>,
        value: ExprId,
    },
    Bounds {
        name: Name,
        lo: ExprId,
        hi: ExprId,
    },
    On {
        event: Path,
        and: Option<Path>,
        body: Vec<Action>,
    },
    Every {
        interval: ExprId,
        body: Vec<Action>,
    },
    Store {
        name: Name,
        precision: Option<Name>,
    },
    Rewire {
        interval: ExprId,
        items: Vec<RewireItem>,
    },
    Error,
}

/// A line of a trace's block.
#[derive(Clone, Debug)]
pub enum TraceItem {
    Equation(Equation),
    On { event: Path, body: Vec<Action> },
}

/// A line of `rewire`.
#[derive(Clone, Debug)]
pub enum RewireItem {
    Prune(Pick),
    Grow { what: ExprId, pick: Option<Pick> },
}

/// Which synapses.
#[derive(Clone, Debug)]
pub enum Pick {
    Where(ExprId),
    Extreme { highest: bool, share: Option<ExprId>, by: ExprId },
    Random,
}
