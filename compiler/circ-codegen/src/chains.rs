//! Steps of which quiet groups are chains of multiply-adds over rows: a function of `circ_numerics::chains` makes them in
//! registers as wide as there are, and tells which tiles are left for the loop.
//!
//! In: a program and what its quiet groups are. Out: [`Chains`], if all that they store are chains.
//!
//! ```text
//! membrane:  v' = start + factor * row + factor * row + ...    kept while refractory, compared with a threshold
//! decays:    x' = factor * x + what arrives, if anything can    any number of them
//! ```
//!
//! So are leaky integrators with currents that decay exponentially, and with jumps. Sums, differences and products are
//! multiply-adds whose factors or starts are 1, -1 or -0, with the same bits.

use crate::quiet::{Known, Quiet};
use circ_numerics::chains::{DECAYS, PORTS, TERMS};
use circ_plan::abi::Access;
use circ_plan::ir::{ArrayId, CheckKind, Compare, Op, Output, PortId, Program, Side, Ty, ValueId};

/// What a part of a chain is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    Array(ArrayId),
    Arrival(PortId),
}

/// What a part of a chain is multiplied by, or what a chain begins with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Constant(f64),
    Shared(ValueId),
}

/// `start + factor * row + ...`
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    pub(crate) start: Number,
    pub(crate) terms: Vec<(Row, Number)>,
}

/// `array = factor * array + port`; without a port where nothing reaches it
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decay {
    pub(crate) array: ArrayId,
    pub(crate) factor: ValueId,
    pub(crate) port: Option<PortId>,
}

/// While the tick is not behind one array, the membrane keeps what is in the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) until: ArrayId,
    pub(crate) held: ArrayId,
}

/// All that quiet groups store.
#[derive(Clone, Debug)]
pub(crate) struct Chains {
    pub(crate) membrane: Chain,
    pub(crate) to: ArrayId,
    pub(crate) hold: Option<Hold>,
    pub(crate) threshold: ValueId,
    pub(crate) decays: Vec<Decay>,
    /// Ports that are emptied besides those of decays.
    pub(crate) cleared: Vec<PortId>,
}

/// The chains of a program, if it is made of them.
pub(crate) fn chains(program: &Program, access: &[Access], shared: &[bool], quiet: &Quiet) -> Option<Chains> {
    let reader = Reader { program, access, shared, quiet };
    let (membrane, threshold) = reader.event()?;
    let hold = reader.hold_of(membrane);
    let line = reader.chain(membrane, hold)?;
    let (mut to, mut decays, mut values) = (None, vec![], vec![membrane]);
    for output in &program.outputs {
        let (array, value) = match output {
            _ if quiet.keeps(program, output) => continue,
            Output::Event(..) => continue,
            Output::Uniform(..) | Output::Result(_) => return None,
            Output::Array(array, value) => (*array, reader.same(*value)?),
        };
        if value == membrane {
            // Only one row is written by it.
            if to.replace(array).is_some() {
                return None;
            }
            continue;
        }
        decays.push(reader.decay(array, value)?);
        values.push(value);
    }
    let checked = |value: ValueId| reader.same(value).is_some_and(|value| values.contains(&value));
    if !program.checks.iter().all(|check| check.kind == CheckKind::Finite && checked(check.value)) {
        return None;
    }
    let emptied = |port: &PortId| decays.iter().any(|decay| decay.port == Some(*port));
    let mut cleared: Vec<PortId> =
        program.ops.iter().filter_map(arrival).filter(|port| !emptied(port)).collect();
    cleared.dedup();
    let there_is_room = (1..=TERMS).contains(&line.terms.len())
        && decays.len() <= DECAYS
        && cleared.len() <= if decays.is_empty() { PORTS } else { 0 };
    there_is_room.then_some(Chains { membrane: line, to: to?, hold, threshold, decays, cleared })
}

fn arrival(op: &Op) -> Option<PortId> {
    match op {
        Op::Arrival(port) => Some(*port),
        _ => None,
    }
}

struct Reader<'a> {
    program: &'a Program,
    access: &'a [Access],
    shared: &'a [bool],
    quiet: &'a Quiet,
}

impl Reader<'_> {
    fn op(&self, value: ValueId) -> &Op {
        self.program.op(value)
    }

    fn shared(&self, value: ValueId) -> bool {
        self.shared[value.0 as usize]
    }

    /// What a value is in a quiet group.
    fn same(&self, value: ValueId) -> Option<ValueId> {
        match self.quiet.known[value.0 as usize] {
            Known::Same(same) => Some(same),
            Known::Truth(_) => None,
        }
    }

    /// The only event, if it is that a value reaches a shared one, perhaps but while it is held: the value and that.
    fn event(&self) -> Option<(ValueId, ValueId)> {
        let [mask] = self.quiet.masks[..] else { return None };
        let reached = match self.op(mask) {
            Op::And(a, b) => match (self.op(*a), self.op(*b)) {
                (Op::Not(_), _) => *b,
                (_, Op::Not(_)) => *a,
                _ => return None,
            },
            _ => mask,
        };
        let (value, threshold) = match self.op(reached) {
            Op::Compare(Compare::Ge | Compare::Gt, value, threshold) => (*value, *threshold),
            Op::Compare(Compare::Le | Compare::Lt, threshold, value) => (*value, *threshold),
            _ => return None,
        };
        let floats = self.program.ty(value) == Ty::Float && self.shared(threshold) && !self.shared(value);
        floats.then_some((self.same(value)?, threshold))
    }

    /// Whether a mask says that the tick being made is not behind a row: which.
    fn until(&self, mask: ValueId) -> Option<ArrayId> {
        let Op::Compare(Compare::Ge, until, now) = self.op(mask) else { return None };
        match (self.op(*until), self.op(*now)) {
            (Op::Load(Side::Own, array), Op::Now) if self.plain(*array) => Some(*array),
            _ => None,
        }
    }

    /// A choice between what an array has, while it is held, and something else.
    fn held(&self, value: ValueId) -> Option<(Hold, ValueId)> {
        let Op::Select(mask, held, free) = self.op(value) else { return None };
        let Some(Row::Array(held)) = self.row(*held) else { return None };
        Some((Hold { until: self.until(*mask)?, held }, *free))
    }

    fn hold_of(&self, value: ValueId) -> Option<Hold> {
        self.held(value).map(|(hold, _)| hold)
    }

    /// A value as a chain, where it is not held.
    fn chain(&self, value: ValueId, hold: Option<Hold>) -> Option<Chain> {
        let value = self.same(value)?;
        if self.shared(value) {
            return Some(Chain { start: Number::Shared(value), terms: vec![] });
        }
        if let Some((other, free)) = self.held(value) {
            return if Some(other) == hold { self.chain(free, hold) } else { None };
        }
        let (before, row, factor) = match self.op(value) {
            Op::Mul(a, b) => {
                let (row, factor) = self.product(*a, *b)?;
                (None, row, Number::Shared(factor))
            }
            Op::Fma(a, b, before) => {
                let (row, factor) = self.product(*a, *b)?;
                (Some(*before), row, Number::Shared(factor))
            }
            Op::Add(a, b) => match (self.row(*a), self.row(*b)) {
                (_, Some(row)) => (Some(*a), row, Number::Constant(1.0)),
                (Some(row), None) => (Some(*b), row, Number::Constant(1.0)),
                (None, None) => return None,
            },
            Op::Sub(a, b) => (Some(*a), self.row(*b)?, Number::Constant(-1.0)),
            _ => (None, self.row(value)?, Number::Constant(1.0)),
        };
        // Products and rows themselves: -0 is what changes no sum.
        let mut chain = match before {
            Some(before) => self.chain(before, hold)?,
            None => Chain { start: Number::Constant(-0.0), terms: vec![] },
        };
        chain.terms.push((row, factor));
        Some(chain)
    }

    /// A row and a shared value, of two factors.
    fn product(&self, a: ValueId, b: ValueId) -> Option<(Row, ValueId)> {
        match (self.row(a), self.row(b)) {
            (Some(row), None) if self.shared(b) => Some((row, b)),
            (None, Some(row)) if self.shared(a) => Some((row, a)),
            _ => None,
        }
    }

    /// An array or port that a value is read from.
    fn row(&self, value: ValueId) -> Option<Row> {
        match self.op(self.same(value)?) {
            Op::Load(Side::Own, array) if self.program.ty(value) == Ty::Float && self.plain(*array) => {
                Some(Row::Array(*array))
            }
            Op::Arrival(port) => Some(Row::Arrival(*port)),
            _ => None,
        }
    }

    /// Whether an array lies as those of cells.
    fn plain(&self, array: ArrayId) -> bool {
        self.access.get(array.0 as usize).is_none_or(|access| *access == Access::Block)
    }

    /// What an array becomes, if it decays.
    fn decay(&self, array: ArrayId, value: ValueId) -> Option<Decay> {
        let chain = self.chain(value, None)?;
        let (row, factor, port) = match chain.terms[..] {
            [(row, Number::Shared(factor))] => (row, factor, None),
            [(row, Number::Shared(factor)), (Row::Arrival(port), Number::Constant(1.0))] => {
                (row, factor, Some(port))
            }
            _ => return None,
        };
        let from_nothing = matches!(chain.start, Number::Constant(_)) && self.plain(array);
        (row == Row::Array(array) && from_nothing).then_some(Decay { array, factor, port })
    }
}
