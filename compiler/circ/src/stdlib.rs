//! The standard library: its files, embedded when the compiler is built.
//!
//! In: a module path such as `std.cells`. Out: the text and the name under which messages show it.

/// Module path below `std` and text.
const FILES: &[(&str, &str)] = &[
    ("cells", include_str!("../../../stdlib/cells.circ")),
    ("dendrites", include_str!("../../../stdlib/dendrites.circ")),
    ("plasticity", include_str!("../../../stdlib/plasticity.circ")),
    ("rates", include_str!("../../../stdlib/rates.circ")),
];

/// The text of `std.NAME`.
pub fn text(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(file, _)| *file == name).map(|(_, text)| *text)
}
