//! The standard library: its files, embedded when the compiler is built.
//!
//! In: a module path such as `std.cells`. Out: the text and the name under which messages show it.

/// Module path below `std` and text.
const FILES: &[(&str, &str)] = &[
    ("cells", include_str!("../../../stdlib/cells.circ")),
    ("dendrites", include_str!("../../../stdlib/dendrites.circ")),
    ("hebbian", include_str!("../../../stdlib/hebbian.circ")),
    ("homeostasis", include_str!("../../../stdlib/homeostasis.circ")),
    ("plasticity", include_str!("../../../stdlib/plasticity.circ")),
    ("rates", include_str!("../../../stdlib/rates.circ")),
    ("short_term", include_str!("../../../stdlib/short_term.circ")),
];

/// The text of `std.NAME`.
pub fn text(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(file, _)| *file == name).map(|(_, text)| *text)
}

/// The module paths of all files, `std.cells` and so on.
pub fn modules() -> impl Iterator<Item = String> {
    FILES.iter().map(|(file, _)| format!("std.{file}"))
}

#[cfg(test)]
mod tests {
    use super::FILES;
    use circ_compiler::diagnose::library::LIBRARY;
    use std::collections::BTreeSet;

    /// Messages offer what is there, and all of it.
    #[test]
    fn messages_know_what_the_library_holds() {
        let mut here = BTreeSet::new();
        for (file, text) in FILES {
            for line in text.lines() {
                for (word, kind) in [("cell ", "cell"), ("plasticity ", "plasticity rule")] {
                    let name = line.strip_prefix(word).and_then(|it| it.split([' ', ':', '{']).next());
                    here.extend(name.map(|name| (*file, kind, name)));
                }
            }
        }
        assert_eq!(here, LIBRARY.iter().copied().collect());
    }
}
