//! `circ doc`, as people use it.

mod common;

use common::Bench;

#[test]
fn the_library_prints_by_file_and_by_item() {
    let bench = Bench::new();
    bench.circ(&["doc"]).exits(0).says("## [std.cells](std.cells.md)").says("[`AdEx`]");
    let page = bench.circ(&["doc", "std.cells"]).exits(0);
    page.says("# std.cells\n").says("## cell `AdEx`\n").says("| `exc` | excitatory |");
    bench.circ(&["doc", "std.plasticity.TripletStdp"]).exits(0).says("## plasticity rule `TripletStdp`\n");
}

#[test]
fn a_file_has_a_page() {
    let bench = Bench::new();
    bench.file("a.circ", "//! Of one.\n\n/// One.\nlet one = 1 mV\n");
    bench
        .circ(&["doc", "a.circ"])
        .exits(0)
        .says("# a\n\nOf one.\n")
        .says("One.\n\n```circ\nlet one = 1 mV\n```");
}

#[test]
fn what_is_not_there_is_said() {
    let bench = Bench::new();
    bench.circ(&["doc", "std.cell"]).exits(2).complains("did you mean `cells`?");
    bench.circ(&["doc", "std.cells.Adex"]).exits(2).complains("did you mean `AdEx`?");
    bench.circ(&["doc", "b.circ"]).exits(4).complains("there is no file `b.circ`");
}

#[test]
fn pages_are_written() {
    let bench = Bench::new();
    bench.circ(&["doc", "--out", "pages"]).exits(0);
    let read = |name: &str| std::fs::read_to_string(bench.path("pages").join(name)).expect("a page");
    assert!(read("index.md").contains("[`AdEx`](std.cells.md#cell-adex)"));
    assert!(read("std.cells.md").contains("## cell `AdEx`"));
    bench.file("taken", "");
    bench.circ(&["doc", "--out", "taken"]).exits(4).complains("`taken` could not be written");
}
