//! Comparisons of intervals: always, never, or sometimes.
//!
//! In: two intervals. Out: a [`Truth`]. A comparison with NaN does not hold, but for `!=`.

use super::Interval;
use circ_grammar::ast::BinaryOp;

/// What is known of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    Never,
    /// It may hold or not.
    Maybe,
    Always,
}

impl Truth {
    pub fn of(holds: bool) -> Truth {
        if holds { Truth::Always } else { Truth::Never }
    }

    pub fn and(self, other: Truth) -> Truth {
        match (self, other) {
            (Truth::Never, _) | (_, Truth::Never) => Truth::Never,
            (Truth::Always, Truth::Always) => Truth::Always,
            (Truth::Maybe, _) | (_, Truth::Maybe) => Truth::Maybe,
        }
    }

    pub fn or(self, other: Truth) -> Truth {
        !(!self).and(!other)
    }

    /// What is known where it may be either.
    pub fn hull(self, other: Truth) -> Truth {
        if self == other { self } else { Truth::Maybe }
    }

    /// As a number: 0 or 1.
    pub fn interval(self) -> Interval {
        match self {
            Truth::Never => Interval::point(0.0),
            Truth::Maybe => Interval::new(0.0, 1.0),
            Truth::Always => Interval::point(1.0),
        }
    }
}

impl std::ops::Not for Truth {
    type Output = Truth;
    fn not(self) -> Truth {
        match self {
            Truth::Never => Truth::Always,
            Truth::Maybe => Truth::Maybe,
            Truth::Always => Truth::Never,
        }
    }
}

impl Interval {
    /// What is known of a comparison; of other operators nothing is.
    pub fn compare(self, op: BinaryOp, other: Interval) -> Truth {
        match op {
            BinaryOp::Less => self.is_less(other),
            BinaryOp::LessEqual => self.is_at_most(other),
            BinaryOp::Greater => other.is_less(self),
            BinaryOp::GreaterEqual => other.is_at_most(self),
            BinaryOp::Equal => self.equals(other),
            BinaryOp::NotEqual => !self.equals(other),
            BinaryOp::Add
            | BinaryOp::Subtract
            | BinaryOp::Multiply
            | BinaryOp::Divide
            | BinaryOp::Power
            | BinaryOp::And
            | BinaryOp::Or => Truth::Maybe,
        }
    }

    /// `self < other`
    pub fn is_less(self, other: Interval) -> Truth {
        self.decided(other, self.hi < other.lo, other.hi <= self.lo)
    }

    /// `self <= other`
    pub fn is_at_most(self, other: Interval) -> Truth {
        self.decided(other, self.hi <= other.lo, other.hi < self.lo)
    }

    fn equals(self, other: Interval) -> Truth {
        let same = self.lo == self.hi && self.lo == other.lo && self.lo == other.hi;
        self.decided(other, same, self.disjoint(other))
    }

    /// NaN on either side makes a comparison false.
    fn decided(self, other: Interval, always: bool, never: bool) -> Truth {
        let nan = self.nan || other.nan;
        if self.is_empty() || other.is_empty() {
            return if nan { Truth::Never } else { Truth::Maybe };
        }
        if always && !nan {
            Truth::Always
        } else if never {
            Truth::Never
        } else {
            Truth::Maybe
        }
    }
}
