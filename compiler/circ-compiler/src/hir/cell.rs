//! Cells, flattened: variables, equations, events, modes, blocks.

use super::*;
use circ_grammar::ast::{AssignOp, Polarity};
use circ_plan::ir::Precision;

/// A cell, flattened.
#[derive(Clone, Debug)]
pub struct Cell {
    pub name: Arc<str>,
    /// Of the name.
    pub span: Span,
    /// All of what is written of it.
    pub text: Span,
    pub doc: Option<Arc<str>>,
    /// The cell that it extends.
    pub base: Option<CellId>,
    /// Parameters, states, ports, `let`s, in order of declaration (the base's first).
    pub vars: Vec<Var>,
    pub equations: Vec<Equation>,
    pub couples: Vec<Couple>,
    /// `spike` is event 0 where there is one. Events are conditions in order of writing (`order`).
    pub events: Vec<Event>,
    pub reactions: Vec<Reaction>,
    pub modes: Vec<Mode>,
    /// Its segments and theirs, each after the one that it is in. What a segment holds stands once in the lists
    /// above, after all that is the cell's own: a template, which `expand` unrolls.
    pub segments: Vec<Segment>,
    /// The cell with segments that this one is, unrolled.
    pub template: Option<CellId>,
    pub method: Option<(Method, Span)>,
    pub precision: Option<Precision>,
    /// Some of its statements could not be read.
    pub partial: bool,
    /// The cell type `SpikeTimes`, which the language provides.
    pub spike_times: bool,
}

/// `segment name[count] { }`
#[derive(Clone, Debug)]
pub struct Segment {
    pub name: Arc<str>,
    /// Of the name.
    pub span: Span,
    pub doc: Option<Arc<str>>,
    /// `None`: one, whose name takes no index.
    pub count: Option<ExprId>,
    /// The segment that it is in.
    pub parent: Option<SegmentId>,
}

#[derive(Clone, Debug)]
pub struct Var {
    pub name: Arc<str>,
    /// Of the name.
    pub span: Span,
    /// The segment that declares it; `None`: the cell.
    pub home: Option<SegmentId>,
    pub doc: Option<Arc<str>>,
    /// As annotated (ports: always).
    pub declared: Option<Type>,
    pub kind: VarKind,
}

#[derive(Clone, Debug)]
pub enum VarKind {
    Param { range: Option<(ExprId, ExprId)>, default: Option<ExprId> },
    State { range: Option<(ExprId, ExprId)>, initial: Option<ExprId> },
    Let { value: ExprId },
    Port { polarity: Option<Polarity>, shape: PortShape },
}

#[derive(Clone, Debug)]
pub enum PortShape {
    Exponential {
        tau: ExprId,
    },
    Alpha {
        tau: ExprId,
    },
    Biexponential {
        rise: ExprId,
        decay: ExprId,
    },
    /// Adds to (or subtracts from) a state at arrival; has no value.
    Delta {
        state: VarId,
        subtract: bool,
    },
    Sum,
    Error,
}

/// `factor * var' = value`
#[derive(Clone, Debug)]
pub struct Equation {
    pub var: VarId,
    pub factor: Option<ExprId>,
    pub value: ExprId,
    pub span: Span,
}

/// `couple a <-> b by g`: adds `g * (b - a)` to the right side of the equation of `a`, `g * (a - b)` to that of `b`.
#[derive(Clone, Debug)]
pub struct Couple {
    /// Names of states, of segments too.
    pub a: ExprId,
    pub b: ExprId,
    pub by: ExprId,
    /// The loops around it, outermost first: index, from, to.
    pub loops: Vec<(LocalId, ExprId, ExprId)>,
    pub span: Span,
    pub home: Option<SegmentId>,
}

impl Couple {
    /// The states of a cell without segments that it joins.
    pub fn ends(&self, hir: &Hir) -> Option<[VarId; 2]> {
        let state = |end: ExprId| match hir.expr(end).kind {
            ExprKind::Ref(Ref::Var(var)) => Some(var),
            _ => None,
        };
        Some([state(self.a)?, state(self.b)?])
    }

    /// The declarations of the states that it joins, in a template too.
    pub fn declared(&self, hir: &Hir) -> Option<[VarId; 2]> {
        let state = |end: ExprId| match hir.expr(end).kind {
            ExprKind::Ref(Ref::Var(var)) | ExprKind::OfSegment { member: SegmentMember::Var(var), .. } => {
                Some(var)
            }
            _ => None,
        };
        Some([state(self.a)?, state(self.b)?])
    }

    /// The other end, where this variable is one.
    pub fn neighbour(&self, hir: &Hir, var: VarId) -> Option<VarId> {
        match self.ends(hir)? {
            [a, b] if a == var => Some(b),
            [a, b] if b == var => Some(a),
            _ => None,
        }
    }
}

impl Cell {
    /// The equations of a variable, those of modes too.
    pub fn equations_of(&self, var: VarId) -> impl Iterator<Item = &Equation> {
        let modes = self.modes.iter().flat_map(|mode| &mode.equations);
        self.equations.iter().chain(modes).filter(move |equation| equation.var == var)
    }
}

#[derive(Clone, Debug)]
pub struct Event {
    pub name: Arc<str>,
    pub span: Span,
    pub home: Option<SegmentId>,
    /// Its place among the events in order of writing: blocks of one tick run in this order.
    pub order: u32,
    /// `None`: happens only by `emit`.
    pub condition: Option<ExprId>,
    pub body: Vec<Action>,
}

/// `on ... { }`
#[derive(Clone, Debug)]
pub struct Reaction {
    pub trigger: Trigger,
    pub body: Vec<Action>,
    pub span: Span,
    pub home: Option<SegmentId>,
    /// The part of an unrolled cell that it belongs to, as in `distal[3]`; empty: the cell.
    pub part: Arc<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    Event(EventIx),
    /// Once per tick with arrivals.
    Port(VarId),
    Tick,
    End(ModeId),
}

/// A mode; `refractory T hold x drop p` in the block of event e is a mode without a name with `no e`.
#[derive(Clone, Debug)]
pub struct Mode {
    /// `refractory` for the sugar.
    pub name: Arc<str>,
    pub span: Span,
    pub home: Option<SegmentId>,
    /// Whether its name can be read.
    pub named: bool,
    pub equations: Vec<Equation>,
    pub hold: Vec<VarId>,
    pub drop: Vec<VarId>,
    pub no: Vec<EventIx>,
}

#[derive(Clone, Debug)]
pub struct Action {
    pub kind: ActionKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum ActionKind {
    /// Of a state or port.
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
        then: Vec<Action>,
        otherwise: Vec<Action>,
    },
    /// `None`: until it is left.
    Enter {
        mode: ModeId,
        duration: Option<ExprId>,
    },
    Leave(ModeId),
    Emit(EventIx),
}

impl Cell {
    /// The name of a segment with those that it is in: `tuft.branch`.
    pub fn segment_path(&self, id: SegmentId) -> String {
        let segment = &self.segments[id.index()];
        match segment.parent {
            Some(parent) => format!("{}.{}", self.segment_path(parent), segment.name),
            None => segment.name.to_string(),
        }
    }

    /// A segment and those that it is in, the innermost first.
    pub fn parts_around(&self, home: Option<SegmentId>) -> impl Iterator<Item = SegmentId> + '_ {
        std::iter::successors(home, |id| self.segments[id.index()].parent)
    }
}
