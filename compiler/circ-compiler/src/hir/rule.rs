//! Plasticity rules, flattened: variables, equations, hooks, bounds, structure; and where they are attached.

use super::*;
use circ_grammar::ast::AssignOp;
use circ_plan::ir::Precision;

/// A plasticity rule.
#[derive(Clone, Debug)]
pub struct Rule {
    pub name: Arc<str>,
    /// Of the name.
    pub span: Span,
    /// All of what is written of it.
    pub text: Span,
    pub doc: Option<Arc<str>>,
    /// The rule that it extends.
    pub base: Option<RuleId>,
    /// `w` and `d`, then what is declared, in order (the base's first).
    pub vars: Vec<RuleVar>,
    /// Of `w`, `d` and states of synapses.
    pub equations: Vec<Equation>,
    pub hooks: Vec<Hook>,
    pub bounds: Vec<RuleBounds>,
    pub rewire: Option<Rewire>,
    /// How values of synapses are held.
    pub store: Vec<(VarId, Precision)>,
    /// Some of its statements could not be read.
    pub partial: bool,
    /// Its expressions in the arena lie in a row: from the first to before the second.
    pub exprs: (ExprId, ExprId),
}

impl Rule {
    /// `w`, the first of its variables.
    pub const WEIGHT: VarId = VarId(0);
    /// `d`, the second.
    pub const DELAY: VarId = VarId(1);

    /// Whether an equation or a hook changes a variable.
    pub fn changes(&self, var: VarId) -> bool {
        let mut open: Vec<&RuleAction> = self.hooks.iter().flat_map(|hook| &hook.body).collect();
        let mut found = self.equations.iter().any(|equation| equation.var == var);
        while let Some(action) = open.pop() {
            match &action.kind {
                RuleActionKind::Assign { target, .. } => found |= *target == var,
                RuleActionKind::If { then, otherwise, .. } => open.extend(then.iter().chain(otherwise)),
                RuleActionKind::Let { .. } | RuleActionKind::Transmit(_) => {}
            }
        }
        found
    }

    /// Whether it makes synapses.
    pub fn grows(&self) -> bool {
        self.rewire.as_ref().is_some_and(|rewire| !rewire.grow.is_empty())
    }

    /// What is declared, without `w` and `d`.
    pub fn declared(&self) -> impl Iterator<Item = (VarId, &RuleVar)> {
        self.vars.iter().enumerate().skip(2).map(|(at, var)| (VarId(at as u32), var))
    }
}

#[derive(Clone, Debug)]
pub struct RuleVar {
    pub name: Arc<str>,
    /// Of the name; empty for `w` and `d`.
    pub span: Span,
    pub doc: Option<Arc<str>>,
    /// As annotated.
    pub declared: Option<Type>,
    pub kind: RuleVarKind,
}

#[derive(Clone, Debug)]
pub enum RuleVarKind {
    /// `w`
    Weight,
    /// `d`, the axonal delay.
    Delay,
    /// Constant; one for each synapse where it is drawn.
    Param {
        range: Option<(ExprId, ExprId)>,
        default: Option<ExprId>,
    },
    /// A value or the events of cells that the attachment names.
    Modulator,
    Let {
        value: ExprId,
    },
    /// Once for each cell of a side.
    Trace {
        side: SynapseSide,
        dynamics: TraceKind,
    },
    /// Once for each synapse.
    Synapse {
        initial: ExprId,
    },
}

/// A side of a synapse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SynapseSide {
    Pre,
    Post,
}

impl SynapseSide {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            SynapseSide::Pre => "pre",
            SynapseSide::Post => "post",
        }
    }
}

/// How the state of a side changes.
#[derive(Clone, Debug)]
pub enum TraceKind {
    /// `trace(tau)` adds 1 at each spike, `trace(tau, nearest)` is 1 after each; both decay.
    Spikes { tau: ExprId, nearest: bool },
    /// A block. What the rule does not declare there is of the side's cell: `Field(Pre | Post, name)`.
    Block { initial: ExprId, equation: Option<Equation>, reactions: Vec<TraceReaction> },
}

/// `on EVENT { }` in the block of a trace.
#[derive(Clone, Debug)]
pub struct TraceReaction {
    pub event: EventPath,
    pub body: Vec<RuleAction>,
}

/// An event of a cell, or of one of its segments, by its name: `spike`, `tuft.ca`.
#[derive(Clone, Debug)]
pub struct EventPath {
    pub names: Vec<(Arc<str>, Span)>,
    pub span: Span,
}

/// A block and when it runs.
#[derive(Clone, Debug)]
pub struct Hook {
    pub when: HookKind,
    pub body: Vec<RuleAction>,
    /// Of all of it.
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum HookKind {
    Pre,
    /// `on post`, `on post.EVENT`: without a name, the spike.
    Post(Option<EventPath>),
    /// `on pre and post`: instead of both where they meet.
    Both,
    /// At the spikes of a modulator.
    Modulator(VarId),
    Every(ExprId),
}

#[derive(Clone, Debug)]
pub struct RuleAction {
    pub kind: RuleActionKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum RuleActionKind {
    /// Of `w`, `d` or a state of synapses; in the block of a trace, of the trace.
    Assign {
        target: VarId,
        op: AssignOp,
        value: ExprId,
    },
    Let {
        local: LocalId,
        value: ExprId,
    },
    If {
        condition: ExprId,
        then: Vec<RuleAction>,
        otherwise: Vec<RuleAction>,
    },
    /// What the spike delivers.
    Transmit(ExprId),
}

/// `bounds x in lo .. hi`
#[derive(Clone, Copy, Debug)]
pub struct RuleBounds {
    pub var: VarId,
    pub lo: ExprId,
    pub hi: ExprId,
    pub span: Span,
}

/// `rewire every T { }`
#[derive(Clone, Debug)]
pub struct Rewire {
    pub interval: ExprId,
    pub prune: Vec<Pick>,
    pub grow: Vec<(Budget, Pick)>,
    pub span: Span,
}

impl Rewire {
    /// What is known before the run.
    pub fn constants(&self) -> Vec<ExprId> {
        let shares = self.prune.iter().filter_map(Pick::share);
        let budgets = self.grow.iter().filter_map(|(budget, _)| match budget {
            Budget::Number(number) => Some(*number),
            Budget::Pruned => None,
        });
        std::iter::once(self.interval).chain(shares).chain(budgets).collect()
    }

    /// What is evaluated for synapses and for pairs.
    pub fn looks(&self) -> Vec<ExprId> {
        let picks = self.prune.iter().chain(self.grow.iter().map(|(_, pick)| pick));
        let look = |pick: &Pick| match pick {
            Pick::Where(look) | Pick::Extreme { by: look, .. } => Some(*look),
            Pick::Random => None,
        };
        picks.filter_map(look).collect()
    }
}

impl Pick {
    /// How many there are to be, if it says so.
    pub fn share(&self) -> Option<ExprId> {
        match self {
            Pick::Extreme { share, .. } => *share,
            Pick::Where(_) | Pick::Random => None,
        }
    }
}

/// How many synapses are made.
#[derive(Clone, Copy, Debug)]
pub enum Budget {
    /// As many as were pruned.
    Pruned,
    Number(ExprId),
}

/// Which synapses, or pairs of cells that have none.
#[derive(Clone, Copy, Debug)]
pub enum Pick {
    Where(ExprId),
    /// A share of them, or as many as there are to be.
    Extreme {
        highest: bool,
        share: Option<ExprId>,
        by: ExprId,
    },
    Random,
}

/// `plasticity RULE(a = e)` of a projection.
#[derive(Clone, Debug)]
pub struct Attachment {
    pub rule: RuleId,
    /// Parameters and modulators, each at most once.
    pub args: Vec<RuleArg>,
    /// Of the rule's name where it is attached.
    pub span: Span,
}

#[derive(Clone, Copy, Debug)]
pub struct RuleArg {
    pub var: VarId,
    pub value: ExprId,
}
