//! Networks of generated cells, and their experiments.

use crate::generate::Gen;
use crate::generate_cell::{CellText, PortText, block};

/// A population that projections may use.
struct Population<'a> {
    name: String,
    cell: &'a CellText,
    polarity: &'static str,
    /// Written sizes; their product is the number of cells.
    shape: Vec<usize>,
    positions: bool,
}

impl Population<'_> {
    fn cells(&self) -> usize {
        self.shape.iter().product()
    }
}

/// The circuits and the experiment of a program.
pub(crate) fn network(g: &mut Gen, cells: &[CellText]) -> String {
    let mut lines = Vec::new();
    let populations = populations(g, cells, &mut lines);
    let times = spike_times(g, &mut lines);
    let mut drives = Vec::new();
    for (k, population) in populations.iter().enumerate() {
        drives.extend(drive(g, population, k, &mut lines));
    }
    for k in 0..g.range(2, 5) {
        projection(g, &populations, k, &mut lines);
    }
    if times {
        let target = &populations[0];
        lines.push(format!(
            "projection relay: clock -> {}.exc {{ connect all_to_all; weight 3 mV; delay {} ms }}",
            target.name,
            g.range(1, 2)
        ));
    }
    let parts = parts(g, &mut lines, &populations);
    g.has("circuit parameter");
    let mut text = parts;
    text += &block(
        &format!("circuit Net(strength = {}, more = {})", g.tenths(5, 20), g.pick(&["true", "false"])),
        &lines,
    );
    text + "\n" + &experiment(g, &populations, &drives)
}

fn populations<'a>(g: &mut Gen, cells: &'a [CellText], lines: &mut Vec<String>) -> Vec<Population<'a>> {
    let mut populations = Vec::new();
    for (k, polarity) in
        ["excitatory", "inhibitory", "excitatory"].into_iter().enumerate().take(g.range(1, 3))
    {
        let cell = &cells[g.range(0, cells.len() - 1)];
        let shape = if g.one_in(4) {
            g.has("population shape");
            vec![g.range(1, 4), g.range(2, 5)]
        } else {
            vec![g.range(1, 21)]
        };
        let positions = g.one_in(2);
        let mut body = Vec::new();
        if positions {
            g.has("population positions");
            body.push(if shape.len() == 2 || g.one_in(2) {
                "at grid(20 um)".to_string()
            } else {
                "at (10 um * i, uniform(0 um, 50 um))".to_string()
            });
        }
        if g.one_in(2) {
            g.has("population override");
            let (name, unit, lo, hi) = g.pick(&cell.params);
            body.push(format!("{name} = {} {unit}", g.tenths(lo, hi)));
        }
        if g.one_in(2) {
            g.has("population override random");
            body.push(
                g.pick(&["v = uniform(-4 mV, 4 mV)", "v = 0.2 mV * mod(i, 9)", "u = normal(0 mV, 1 mV)"])
                    .to_string(),
            );
        }
        let name = ["A", "B", "C"][k].to_string();
        let size = shape.iter().map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
        lines.push(block(&format!("population {name}: {polarity} {}[{size}]", cell.name), &body));
        populations.push(Population { name, cell, polarity, shape, positions });
    }
    populations
}

fn spike_times(g: &mut Gen, lines: &mut Vec<String>) -> bool {
    let make = g.one_in(2);
    if make {
        g.has("spike times");
        lines.push(
            "population clock: SpikeTimes[3] { events = [(0 ms, 0), (1 ms, 2), (2 ms, 1), (2 ms, 0)] }"
                .into(),
        );
    }
    make
}

/// A slice, list, selection or all of a population.
fn view(g: &mut Gen, population: &Population) -> String {
    let (name, n) = (&population.name, population.cells());
    match g.range(1, 8) {
        1 if n > 2 => {
            g.has("view slice");
            format!("{name}[{} .. {}]", g.range(0, 1), g.range(2, n))
        }
        2 if n > 2 => {
            g.has("view list");
            format!("{name}[[{}, 0]]", g.range(1, n - 1))
        }
        3 if n > 2 => {
            g.has("view where");
            format!("{name}[where mod(i, 2) == 0]")
        }
        _ => name.clone(),
    }
}

/// The names of the drives whose value can be set.
fn drive(g: &mut Gen, population: &Population, k: usize, lines: &mut Vec<String>) -> Vec<String> {
    let target = view(g, population);
    let port = population.cell.ports[g.range(0, population.cell.ports.len() - 1)].clone();
    let mut names = Vec::new();
    let mut clauses = vec![format!(
        "weight {}",
        if g.one_in(3) { "0.4 mV + 0.1 mV * mod(i, 3)".into() } else { format!("{} mV", g.tenths(1, 30)) }
    )];
    if g.one_in(2) {
        g.has("drive delay");
        clauses.push(format!("delay {} ms", g.range(0, 2)));
    }
    if g.one_in(3) {
        g.has("drive window");
        clauses.push("from 1 ms to 8 ms".into());
    }
    let name = format!("drive{k}");
    let (source, feature) = match g.range(1, 4) {
        1 => (
            format!(
                "choose({}, every = {})",
                g.range(1, 1.max(population.cells() / 3)),
                g.pick(&["1 tick", "1 ms", "2 ms"])
            ),
            "drive choose",
        ),
        2 => ("times([0 ms, 1 ms, 1 ms, 4 ms])".to_string(), "drive times"),
        _ => (
            g.pick(&[
                "poisson(0.8 kHz)",
                "poisson(2 kHz * (1 + mod(i, 3)))",
                "poisson(1 kHz * (1 + sin(t / 2 ms)))",
                "poisson(20 kHz)",
            ])
            .to_string(),
            "drive poisson",
        ),
    };
    g.has(feature);
    // `choose` takes cells of the view, so the view is the whole population there.
    let target = if feature == "drive choose" { population.name.clone() } else { target };
    lines.push(block(&format!("drive {name}: {source} -> {target}.{}", port.name), &clauses));
    if let Some(sum) = population.cell.ports.iter().find(|p| p.sum) {
        names.extend(value_drive(g, population, sum, k, lines));
    }
    names
}

/// The drive's name, if it has one value that can be set.
fn value_drive(
    g: &mut Gen,
    population: &Population,
    port: &PortText,
    k: usize,
    lines: &mut Vec<String>,
) -> Option<String> {
    let target = view(g, population);
    let constant = g.one_in(2);
    let source = if constant {
        g.has("drive value");
        "5 mV".to_string()
    } else if g.one_in(2) {
        g.has("drive table");
        lines.push(format!("let levels{k} = [1 mV, 4 mV, 2 mV, 8 mV]"));
        format!("table(levels{k}, every = 1 ms)")
    } else {
        g.pick(&["3 mV * sin(t / 1 ms) + 0.2 mV * i", "(if t < 2 ms then 4 mV else 1 mV)"]).to_string()
    };
    let window = if g.one_in(2) {
        g.has("drive window");
        " { from 1 ms to 6 ms }"
    } else {
        ""
    };
    lines.push(format!("drive value{k}: {source} -> {target}.{}{window}", port.name));
    constant.then(|| format!("value{k}"))
}

fn projection(g: &mut Gen, populations: &[Population], k: usize, lines: &mut Vec<String>) {
    let source = &populations[g.range(0, populations.len() - 1)];
    let target = &populations[g.range(0, populations.len() - 1)];
    let fits = |port: &PortText| {
        port.polarity.is_empty() || port.polarity == "modulatory" || port.polarity == source.polarity
    };
    let Some(port) = target
        .cell
        .ports
        .iter()
        .filter(|p| fits(p))
        .nth(g.range(0, 2))
        .or_else(|| target.cell.ports.iter().find(|p| fits(p)))
    else {
        return;
    };
    let mut from = view(g, source);
    let mut to = view(g, target);
    if from == source.name && g.one_in(5) {
        g.has("source event");
        from = format!("{}.{}", source.name, g.pick(&source.cell.events));
    } else if from == source.name && populations.len() > 2 && source.polarity == "excitatory" && g.one_in(2) {
        g.has("view union");
        from = "(C, A)".into();
    }
    if to == target.name && populations.len() > 1 && port.name == "exc" && g.one_in(3) {
        g.has("view union");
        to = "(B, A)".into();
    }
    let distance = source.positions && target.positions && from == source.name && to == target.name;
    let clauses = clauses(g, &from, &to, source, target, port, distance);
    lines.push(block(&format!("projection p{k}: {from} -> {to}.{}", port.name), &clauses));
}

fn clauses(
    g: &mut Gen,
    from: &str,
    to: &str,
    source: &Population,
    target: &Population,
    port: &PortText,
    distance: bool,
) -> Vec<String> {
    let whole = from == source.name && to == target.name;
    let other = source.name != target.name;
    // Degrees must be possible: 1 is, between different populations.
    let degree = whole && other;
    let (connect, feature) = match g.range(1, 10) {
        1 => (format!("probability {}", g.pick(&["0.3", "0.05", "1", "50 %"])), "connect probability"),
        2 => ("probability 1 / (1 + abs(pre.i - post.i))".to_string(), "connect probability expression"),
        3 if degree => (format!("in_degree {}", g.range(1, source.cells())), "connect in_degree"),
        4 if degree => (format!("out_degree {}", g.range(1, target.cells())), "connect out_degree"),
        5 if degree => (format!("total {}", g.range(1, source.cells() * target.cells())), "connect total"),
        6 if whole && source.cells() == target.cells() => ("one_to_one".to_string(), "connect one_to_one"),
        7 => ("where mod(pre.i + 2 * post.i, 3) == 0".to_string(), "connect where"),
        8 if whole => ("from [[0, 0], [0, 0]]".to_string(), "connect from"),
        9 if distance => ("probability exp(-distance / 40 um)".to_string(), "connect probability expression"),
        _ => ("all_to_all".to_string(), "connect all_to_all"),
    };
    let (connect, feature) =
        if feature == "connect from" { ("from edges".to_string(), feature) } else { (connect, feature) };
    g.has(feature);
    let mut clauses = vec![format!("connect {connect}")];
    let mut allows = Vec::new();
    if g.one_in(2) || feature == "connect from" || feature == "connect one_to_one" {
        g.has("allow self");
        allows.push("self");
    }
    if feature == "connect from"
        || (g.one_in(3) && matches!(feature, "connect in_degree" | "connect out_degree" | "connect total"))
    {
        g.has("allow multiple");
        allows.push("multiple");
    }
    if !allows.is_empty() {
        clauses.push(format!("allow {}", allows.join(", ")));
    }
    clauses.push(format!("weight {}", weight(g, source, port, distance)));
    clauses.extend(delay(g, distance));
    clauses
}

fn weight(g: &mut Gen, source: &Population, port: &PortText, distance: bool) -> String {
    // Signed ports take the sign of where the weight comes from.
    let sign = if port.polarity.is_empty() && source.polarity == "inhibitory" { "-" } else { "" };
    let unit = port.unit;
    match g.range(1, 5) {
        1 => {
            g.has("weight random");
            format!("{sign}uniform(0.1 {unit}, 2 {unit})")
        }
        2 => {
            g.has("weight random");
            format!("{sign}lognormal(1 {unit}, 0.5 {unit})")
        }
        3 => {
            g.has("weight expression");
            format!("{sign}0.5 {unit} * (1 + mod(pre.i, 3)) / (1 + mod(post.i, 2))")
        }
        4 if distance => {
            g.has("weight expression");
            format!("{sign}2 {unit} * exp(-distance / 50 um)")
        }
        _ => {
            g.has("weight constant");
            format!("{sign}strength * {} {unit}", g.tenths(2, 25))
        }
    }
}

fn delay(g: &mut Gen, distance: bool) -> Vec<String> {
    match g.range(1, 6) {
        1 => {
            g.has("delay none");
            vec![]
        }
        2 => {
            g.has("delay random");
            vec![format!(
                "delay {}",
                g.pick(&[
                    "uniform(1 ms, 6 ms)",
                    "redraw(normal(3 ms, 1 ms), 1 ms, 7 ms)",
                    "1 ms + 1 ms * mod(pre.i + post.i, 4)"
                ])
            )]
        }
        3 if distance => {
            g.has("delay distance");
            vec!["delay 1 ms + distance / 0.02 m/s".into()]
        }
        4 => {
            g.has("delay dendritic");
            vec!["delay 0 ms".into(), format!("dendritic {} ms", g.range(1, 3))]
        }
        _ => {
            g.has("delay constant");
            vec![format!("delay {} ms", g.range(1, 4))]
        }
    }
}

/// A part, a family and an `if`, with a circuit for the part.
fn parts(g: &mut Gen, lines: &mut Vec<String>, populations: &[Population]) -> String {
    lines.push("let edges = [[0, 0], [0, 0]]".into());
    let cell = &populations[0].cell.name;
    if g.one_in(3) {
        g.has("part");
        g.has("family");
        lines.push(block("for q in 0 .. 2", &["part unit: Unit(n = 2 + q)".into()]));
        lines.push(
            "projection chain: unit[0].P -> unit[1].P.exc { connect all_to_all; weight 1 mV; delay 2 ms }"
                .into(),
        );
    }
    if g.one_in(3) {
        g.has("circuit if");
        let inner =
            "projection extra: A -> A.exc { connect all_to_all; weight 0.3 mV; delay 1 ms }".to_string();
        lines.push(block("if more", &[inner]));
    }
    let body = vec![
        format!("pub population P: excitatory {cell}[n]"),
        "drive go: poisson(1 kHz) -> P.exc { weight 3 mV }".into(),
    ];
    block("circuit Unit(n: int = 2)", &body) + "\n"
}

fn experiment(g: &mut Gen, populations: &[Population], drives: &[String]) -> String {
    let mut lines =
        vec![format!("dt {} ms", g.pick(&["0.1", "0.5", "1", "0.25"])), format!("seed {}", g.range(0, 999))];
    if g.one_in(4) {
        g.has("precision f32");
        lines.push("precision f32".into());
    } else if g.one_in(4) {
        g.has("precision f64");
        lines.push("precision f64".into());
    }
    let population = &populations[g.range(0, populations.len() - 1)];
    lines.push(format!("record {}.spike, {}.v every 1 ms", population.name, population.name));
    lines.push(format!("run {} ms", g.range(4, 12)));
    if g.one_in(2) {
        g.has("set parameter");
        lines.push(format!("set {}.V_th = {} mV", population.name, g.tenths(50, 90)));
    }
    if g.one_in(2) {
        g.has("set per cell");
        lines.push(format!("set {}.gain = 0.1 * mod(i, 4)", population.name));
    }
    if let Some(name) = drives.iter().find(|name| name.starts_with("value")) {
        g.has("set drive");
        lines.push(format!("set {name} = 2 mV"));
    }
    lines.push(format!("run {} ms", g.range(2, 8)));
    block("experiment Main of Net", &lines)
}
