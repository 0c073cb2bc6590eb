//! Messages about functions of arrays.
//!
//! In: shapes. Out: diagnostics.

use super::Diagnostic;
use super::structure::WRONG_ARGUMENTS;
use super::value::{ARRAY_SHAPE, EMPTY_ARRAY, shape};
use circ_grammar::ast::Span;

/// Predictions and labels that are not as many.
pub fn accuracy_shapes(at: Span, predicted: &[u64], labels: &[u64]) -> Diagnostic {
    ARRAY_SHAPE
        .at(at, format!("there are {} predictions, but {} labels", shape(predicted), shape(labels)))
        .primary("one label is due for each prediction")
}

/// No prediction at all.
pub fn nothing_to_compare(at: Span) -> Diagnostic {
    EMPTY_ARRAY.at(at, "`accuracy` of no prediction has no value").primary("empty")
}

/// `dot` of arrays that do not meet.
pub fn dot_shapes(at: Span, left: &[u64], right: &[u64]) -> Diagnostic {
    ARRAY_SHAPE
        .at(at, format!("`dot` of {} and {} elements has no value", shape(left), shape(right)))
        .primary("the last dimension of the left side is summed with the first of the right, so both must be equal")
}

/// `outer` of something other than two lists.
pub fn outer_shapes(at: Span, left: &[u64], right: &[u64]) -> Diagnostic {
    ARRAY_SHAPE
        .at(
            at,
            format!("`outer` takes two lists, but these have {} and {} elements", shape(left), shape(right)),
        )
        .primary("both sides need one dimension")
}

/// `transpose` of something with more than two dimensions.
pub fn transpose_shape(at: Span, found: &[u64]) -> Diagnostic {
    ARRAY_SHAPE
        .at(at, "`transpose` takes an array of two dimensions".to_string())
        .primary(format!("has {} elements", shape(found)))
}

/// Inputs and targets that do not go together.
pub fn ridge_shapes(at: Span, inputs: &[u64], targets: &[u64]) -> Diagnostic {
    ARRAY_SHAPE
        .at(at, format!("`ridge` of {} inputs and {} targets has no value", shape(inputs), shape(targets)))
        .primary("one row is due for each row of the inputs")
        .note("inputs are samples × features, targets are one number or one row for each sample")
}

/// A penalty below 0.
pub fn ridge_penalty(at: Span) -> Diagnostic {
    WRONG_ARGUMENTS.at(at, "the penalty of `ridge` must be 0 or more").primary("below 0")
}

/// Inputs that determine no weights.
pub fn ridge_singular(at: Span) -> Diagnostic {
    WRONG_ARGUMENTS
        .at(at, "these inputs determine no weights: some of them follow from others")
        .primary("this penalty leaves it so")
        .help("give a penalty above 0, such as `1e-6`")
}
