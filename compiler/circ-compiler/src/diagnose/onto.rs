//! Messages about `onto`: which segment of its target a synapse ends on.

use super::Diagnostic;
use circ_grammar::ast::Span;

crate::rules! {
    /// `onto` where there are no segments to choose from.
    ONTO_SEGMENTS = "onto-segments", Error;
}

/// `onto` where the target has no segments to choose from.
pub fn onto_without_segments(at: Span) -> Diagnostic {
    ONTO_SEGMENTS
        .at(at, "`onto` chooses a segment, but the target is no port of several segments")
        .primary("which segments?")
        .help("name a port of the segments, as in `-> E.distal.syn`")
}

/// `onto` where cells of the target have different numbers of segments.
pub fn onto_of_several(at: Span) -> Diagnostic {
    ONTO_SEGMENTS
        .at(
            at,
            "`onto` counts the segments of one cell, but the target's cells have different numbers of them",
        )
        .primary("in which of them?")
        .help("write a projection for each population")
}
