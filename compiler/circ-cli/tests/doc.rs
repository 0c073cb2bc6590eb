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

/// A page is written aside and takes its place: who reads or shares the file of before has all of that one.
#[test]
fn pages_are_whole_or_absent() {
    let bench = Bench::new();
    bench.file("a.circ", "/// One.\nlet one = 1 mV\n");
    std::fs::create_dir(bench.path("pages")).expect("a folder");
    bench.file("pages/run.json", "of a run");
    bench.file("before.md", "of before");
    std::fs::hard_link(bench.path("before.md"), bench.path("pages/a.md")).expect("one file, two names");
    let read = |name: &str| std::fs::read_to_string(bench.path(name)).expect("a file");
    bench.circ(&["doc", "a.circ", "--out", "pages"]).exits(0);
    assert!(read("pages/a.md").contains("One."));
    assert_eq!((read("before.md").as_str(), read("pages/run.json").as_str()), ("of before", "of a run"));
    // Where a page can not have its name, nothing that was written aside is left.
    std::fs::remove_file(bench.path("pages/a.md")).expect("it is there");
    std::fs::create_dir(bench.path("pages/a.md")).expect("a folder");
    bench.circ(&["doc", "a.circ", "--out", "pages"]).exits(4).complains("could not be written");
    let left: Vec<_> = std::fs::read_dir(bench.path("pages")).expect("a folder").flatten().collect();
    assert_eq!(left.len(), 2, "{left:?}");
}
