//! Experiments of generated networks.

use crate::generate::Gen;
use crate::generate_cell::block;
use crate::generate_segments::Dendrites;

/// What an experiment may set: one population, the value drives, and the event drives, by name.
pub(crate) struct Handles<'a> {
    pub(crate) population: &'a str,
    pub(crate) value_drives: &'a [String],
    pub(crate) event_drive: Option<&'a str>,
    pub(crate) enforced: Enforced,
    pub(crate) dendrites: Option<&'a Dendrites>,
}

/// Whether there is a projection `feed` whose weights can be scaled.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Enforced {
    Feed,
    Nothing,
}

pub(crate) fn experiment(g: &mut Gen, handles: &Handles) -> String {
    let name = handles.population;
    let mut lines = settings(g);
    lines.push(format!("record {name}.spike"));
    lines.push(format!("record {name}.v{}", g.pick(&["", " every 1 ms", " every 2 ms"])));
    if g.one_in(3) {
        lines.push(format!("record rate({name}) every 1 ms"));
    }
    if g.one_in(3) {
        lines.push("drive late: times([1 ms, 5 ms]) -> A.exc { weight 2 mV }".into());
    }
    let more = |part: fn(&Dendrites) -> &Vec<String>| handles.dendrites.map_or(vec![], |it| part(it).clone());
    lines.extend(more(|it| &it.records));
    if g.one_in(4) {
        lines.extend(scaled(g, handles));
    }
    lines.push("run length".into());
    lines.extend(between(g, handles));
    lines.extend(scaled(g, handles));
    lines.extend(more(|it| &it.between));
    let clamped = g.one_in(3);
    if clamped {
        let clamp =
            g.pick(&[".v = 1.5 mV", "[0].v = 2 mV", "[0 .. 1].u = 0.3 mV", ".v = 0.2 mV * i", ".hits = 3"]);
        lines.push(format!("clamp {name}{clamp}"));
    }
    lines.push(format!("run {} ms", g.range(2, 8)));
    if g.one_in(4) {
        let until = g.pick(&["count(@) >= 2", "max(abs(@.v')) < 0.1 mV/ms", "t > 15 ms and @[0].v > 1 mV"]);
        lines.push(format!("run 3 ms until {}", until.replace('@', name)));
    }
    if clamped {
        lines.push(g.pick(&["release", "release @.v, @.u, @.hits", "release @[0]"]).replace('@', name));
        lines.push("run 2 ms".into());
    }
    lines.extend(afterwards(g, name));
    lines.extend(more(|it| &it.afterwards));
    let arguments = g.pick(&["", "(strength = 1.5)", "(strength = boost, more = true)"]);
    block(&format!("experiment Main(length = {} ms, boost = 0.8) of Net{arguments}", g.range(4, 12)), &lines)
}

fn settings(g: &mut Gen) -> Vec<String> {
    let mut lines =
        vec![format!("dt {} ms", g.pick(&["0.1", "0.5", "1", "0.25"])), format!("seed {}", g.range(0, 999))];
    if g.one_in(2) {
        lines.push(g.pick(&["precision f32", "precision f64"]).into());
    }
    if g.one_in(8) {
        lines.push("method euler".into());
    }
    lines
}

/// What is done between two runs.
fn between(g: &mut Gen, handles: &Handles) -> Vec<String> {
    let name = handles.population;
    let mut lines = Vec::new();
    if g.one_in(2) {
        lines.push(format!("set {name}.V_th = {} mV", g.tenths(50, 90)));
    }
    if g.one_in(2) {
        lines.push(format!("set {name}.gain = {}", g.pick(&["0.1 * mod(i, 4)", "0.5"])));
    }
    if g.one_in(3) {
        let set = g.pick(&["v = 1 mV", "u = 0.5 mV", "v = 0.3 mV * i", "tau_b = 9 ms", "hits = 2"]);
        lines.push(format!("set {name}.{set}"));
    }
    if g.one_in(4) {
        lines.push(format!("set {name}[0].{}", g.pick(&["v = 2 mV", "u = 0.3 mV"])));
    }
    if let Some(drive) = handles.value_drives.first() {
        lines.push(format!("set {drive} = {}", g.pick(&["2 mV", "1 mV * sin(t / 1 ms)"])));
    }
    if let Some(drive) = handles.event_drive.filter(|_| g.one_in(2)) {
        lines.push(format!("set {drive} = 1.5 kHz"));
    }
    if g.one_in(3) {
        lines.push("fn twice(x: real) = 2 * x".into());
        lines.push(format!("let total = count({name})"));
        lines.push("total += 3; total -= 1; total *= 2; total = total + 2".into());
        lines.push("report twice(total)".into());
        lines.push("data due: real[2] = [1, 2]".into());
        lines.push("report sum(due) + total".into());
    }
    lines
}

/// Weights that are scaled by the experiment, of whole projections and of single cells.
fn scaled(g: &mut Gen, handles: &Handles) -> Vec<String> {
    let choices = [
        "enforce weight_sum(feed) == 7 mV",
        "enforce weight_sum(kept[0].exc) == 2.5 mV",
        "enforce weight_sum(feeding -> kept.exc) == 1.5 * weight_sum(A -> kept.exc)",
        "if mean(weight_sum(each kept.exc)) > 5 mV { enforce weight_sum(feed) == 3 mV } else { enforce weight_sum(feed) == 9 mV }",
    ];
    match handles.enforced {
        Enforced::Feed => vec![g.pick(&choices).into(), "report mean(weight_sum(each kept.exc))".into()],
        Enforced::Nothing => vec![],
    }
}

/// Measures of what happened: both engines must say the same numbers.
fn afterwards(g: &mut Gen, name: &str) -> Vec<String> {
    let measures = [
        "rate(@)",
        "count(@ over 2 ms)",
        "cv_isi(@)",
        "isi(@)",
        "first_spike(@)",
        "mean(@.v)",
        "std(@.u)",
        "max(@.v)",
        "argmax(@.u)",
        "max(count(each @))",
        "rate(@ over 1 ms .. 3 ms)",
        "sum(@.hits)",
        "at(@[0].v, 2 ms)",
        "count(@.bang)",
        "spikes(@)",
        "any(@.flag)",
        "size(@)",
        "fano(@, bin = 1 ms)",
        "synchrony(@, bin = 1 ms)",
        "correlation(@, bin = 1 ms)",
        "branching(@, bin = 1 ms)",
        "dot(@.u, @.u)",
        "max(outer(@.u, count(each @)))",
        "sum(transpose(outer(@.u, @.u)))",
        "accuracy(count(each @), @.hits)",
        "sum(ridge([[1, 2], [3, 4], [5, 7]], [1, 2, 4], 0.5))",
    ];
    let mut lines = Vec::new();
    for _ in 0..g.range(0, 3) {
        lines.push(format!("report {}", g.pick(&measures).replace('@', name)));
    }
    if g.one_in(3) {
        lines.push(format!("print rate({name}), {name}[0].v"));
    }
    if g.one_in(3) {
        lines.push(format!("expect rate({name}) >= 0 Hz"));
    }
    lines
}
