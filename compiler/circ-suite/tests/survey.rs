//! A survey: one mistake of each kind that people make, in every program that they wrote, at several places. Every one
//! is rejected, and the first message stands on its line. `cargo test -p circ-suite --test survey -- --nocapture`
//! shows the table.

use circ::compile::check_all;
use circ::diagnose::{Diagnostic, Level, Sources};
use circ::sources;
use circ_suite::slips::{Kind, Slip, kinds};
use circ_suite::strangers;
use std::path::Path;

/// Of each kind in each program.
const MOST: usize = 20;
/// How many in a hundred of the first messages stand on the right line, at least.
const RIGHT: usize = 95;

/// What became of the slips of a kind.
#[derive(Clone, Copy, Default)]
struct Tally {
    made: usize,
    caught: usize,
    /// The first message shows the line, with one of its labels.
    shown: usize,
    /// The first message stands on the line.
    right: usize,
}

#[test]
fn the_first_message_stands_on_the_line_of_the_mistake() {
    let programs = strangers::programs();
    let mut whole = Tally::default();
    println!("{:42} {:>6} {:>7} {:>7} {:>7}", "kind", "made", "caught", "shown", "on it");
    for kind in kinds() {
        let tally = tally(kind, &programs);
        println!("{}", row(kind.name, tally));
        whole = sum(whole, tally);
    }
    println!("{}", row("all", whole));
    assert!(20 <= kinds().count() && 1000 <= whole.made);
    assert!(RIGHT * whole.made <= 100 * whole.right, "{}", row("all", whole));
}

fn tally(kind: &Kind, programs: &[String]) -> Tally {
    let mut tally = Tally::default();
    for program in programs {
        for slip in kind.slips(program, MOST) {
            tally = sum(tally, looked_at(kind, &slip));
        }
    }
    tally
}

fn looked_at(kind: &Kind, slip: &Slip) -> Tally {
    // What the examples load lies beside them.
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples"));
    let checked = check_all(sources::parse("slip.circ", slip.text.clone(), folder));
    let caught = checked.diagnostics.iter().any(|it| it.rule.level == Level::Error);
    // Warnings are for a program that can be run.
    let first = checked.diagnostics.iter().find(|it| it.rule.level == Level::Error);
    let on = |first: &Diagnostic| slip.lines.contains(&line(first, first.span.start, &checked.sources));
    let shows = |first: &Diagnostic| {
        let mut places = first.labels.iter().filter(|(span, _)| span.file.0 == 0);
        places.any(|(span, _)| slip.lines.contains(&line(first, span.start, &checked.sources)))
    };
    let (right, shown) = (first.is_some_and(on), first.is_some_and(|first| on(first) || shows(first)));
    assert!(
        caught,
        "not noticed, though {}: {}, line {:?} of\n{}",
        kind.why, kind.name, slip.lines, slip.text
    );
    if !shown {
        let code = slip.text.lines().nth(slip.lines[0] - 1).unwrap_or("").trim();
        let said = first.map_or("nothing", |first| &first.message);
        println!(
            "  elsewhere: {}, line {} of {:?}, `{code}`: {said}",
            kind.name,
            slip.lines[0],
            first.map(|it| line(it, it.span.start, &checked.sources))
        );
    }
    Tally { made: 1, caught: caught.into(), shown: shown.into(), right: right.into() }
}

/// Counted from 1.
fn line(diagnostic: &Diagnostic, byte: u32, sources: &Sources) -> usize {
    let text = &sources.get(diagnostic.span.file).text;
    text[..byte as usize].matches('\n').count() + 1
}

fn sum(a: Tally, b: Tally) -> Tally {
    Tally {
        made: a.made + b.made,
        caught: a.caught + b.caught,
        shown: a.shown + b.shown,
        right: a.right + b.right,
    }
}

fn row(name: &str, it: Tally) -> String {
    format!("{name:42} {:6} {:7} {:7} {:7}", it.made, it.caught, it.shown, it.right)
}
