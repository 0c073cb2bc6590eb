//! What an expression is while it is lowered: a value of the program, or an array of them.

use std::sync::Arc;

use circ_plan::ir::ValueId;

use crate::types::ArrayValue;

/// The value of an expression.
#[derive(Clone, Debug)]
pub enum Lowered {
    One(ValueId),
    /// Row-major.
    Many {
        shape: Vec<usize>,
        elements: Vec<ValueId>,
    },
    /// An array known when the circuit is built.
    Known(Arc<ArrayValue>),
}

/// The shape of a known array.
pub fn shape_of(array: &ArrayValue) -> Vec<usize> {
    array.shape.iter().map(|n| usize::try_from(*n).unwrap_or(usize::MAX)).collect()
}
