//! Messages about segments of cells: how many there are, which one is meant, whose a variable is.

use super::Diagnostic;
use circ_grammar::ast::Span;

crate::rules! {
    /// A block, equation or mode that would change what belongs to another part of the cell.
    OTHER_PART = "other-part", Error;
    /// A segment where a value is due.
    SEGMENT_ALONE = "segment-alone", Error;
    /// A number of segments that is not a whole number from 1.
    SEGMENT_COUNT = "segment-count", Error;
    /// An index of a segment that there is not.
    SEGMENT_INDEX = "segment-index", Error;
}

/// `of` is whose it is, `here` whose text this is; `None` for the cell.
pub fn other_part(at: Span, name: &str, of: Option<&str>, here: Option<&str>, declared: Span) -> Diagnostic {
    let part = |part: Option<&str>| part.map_or("the cell".to_owned(), |part| format!("`{part}`"));
    let (of, here) = (part(of), part(here));
    OTHER_PART
        .at(at, format!("`{name}` belongs to {of}, and only {of} changes it"))
        .primary(format!("stands in {here}"))
        .label(declared, "declared here")
        .note("a cell and its segments read each other, but each changes only what it declares itself")
        .help(format!("declare an event here, and let {of} react to it with `on`"))
}

/// An assignment to `distal[3].v` or `tuft.v` from outside.
pub fn assigns_inwards(at: Span) -> Diagnostic {
    OTHER_PART
        .at(at, "a block changes only what it belongs to")
        .primary("belongs to a segment")
        .note("a cell and its segments read each other, but each changes only what it declares itself")
        .help("let the segment change it: write `on EVENT { ... }` inside the segment")
}

/// `distal` or `distal[3]` by itself.
pub fn segment_alone(at: Span, name: &str) -> Diagnostic {
    SEGMENT_ALONE
        .at(at, format!("`{name}` is a segment, not a value"))
        .primary("which of its variables?")
        .help(format!("name one of them, as in `{name}.v`"))
}

/// What to write where one number is due and a family of segments stands: `path` for all, `one` for the first.
pub fn one_of_family(message: Diagnostic, path: &str, one: &str, reduce: &str) -> Diagnostic {
    message.help(format!(
        "`{path}` is one for each segment: write `{reduce}({path})`, or choose one, as in `{one}`"
    ))
}

/// An index of a segment that is one.
pub fn index_of_one(at: Span, name: &str, declared: Span) -> Diagnostic {
    SEGMENT_INDEX
        .at(at, format!("`{name}` is one segment, so it takes no index"))
        .primary("an index of one")
        .label(declared, "declared without a number")
}

/// A synapse that grows onto a segment that there is not; segments count to `last`.
pub fn new_synapse_off(at: Span, projection: &str, time_ms: &str, last: usize) -> Diagnostic {
    SEGMENT_INDEX
        .at(
            at,
            format!(
                "a new synapse of `{projection}` would end at a segment that is not there, at {time_ms} ms"
            ),
        )
        .primary("chooses the segment of each new synapse")
        .note(format!("the segments of its targets are 0 to {last}"))
}

/// A count that is no whole number from 1.
pub fn segment_count(at: Span, name: &str, found: &str) -> Diagnostic {
    SEGMENT_COUNT
        .at(at, format!("the number of segments `{name}` must be a whole number from 1, but it is {found}"))
        .primary("so many segments in each cell")
}

/// More segments than a cell may have.
pub fn too_many_segments(at: Span, name: &str, found: u64, most: u64) -> Diagnostic {
    SEGMENT_COUNT
        .at(at, format!("each cell would have {found} segments `{name}`, more than {most}"))
        .primary("so many are not built")
        .note("every segment is computed with variables of its own: this many are cells of a population")
}

/// A cell whose segments hold more, all in all, than is unrolled.
pub fn too_much_of_segments(at: Span, cell: &str, most: usize) -> Diagnostic {
    SEGMENT_COUNT
        .at(at, format!("the segments of `{cell}` hold more than {most} expressions in all"))
        .primary("so much is not built")
        .note("every segment is computed with variables of its own, and an array of segments names each of them")
        .help("read an array of segments once, in a `let` of the cell, or take fewer segments")
}

/// A count that differs from cell to cell.
pub fn varying_count(at: Span, name: &str) -> Diagnostic {
    SEGMENT_COUNT
        .at(at, format!("the number of segments `{name}` differs from cell to cell"))
        .primary("must be one number for the population")
        .note("all cells of a population have the same segments")
}

/// An index of which the value is known.
pub fn segment_index(at: Span, name: &str, index: i64, count: u32) -> Diagnostic {
    let there = match count {
        1 => format!("there is only `{name}[0]`"),
        _ => format!("there are `{name}[0]` to `{name}[{}]`", count - 1),
    };
    SEGMENT_INDEX.at(at, format!("there is no `{name}[{index}]`")).primary(there)
}
