//! Networks of generated cells, and their experiments.

use crate::generate::Gen;
use crate::generate_cell::{CellText, PortText, block};
use crate::generate_extras::extras;
use crate::generate_protocol::{Handles, experiment};
use crate::generate_segments::dendrites;

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
    let enforced = extras(g, &populations[0].cell.name, &mut lines);
    let dendrites = g.one_in(2).then(|| dendrites(g, &mut lines));
    let mut text = parts;
    text += &block(
        &format!(
            "circuit Net(strength in 0 .. 3 = {}, more = {})",
            g.tenths(5, 20),
            g.pick(&["true", "false"])
        ),
        &lines,
    );
    let handles = Handles {
        population: &populations[g.range(0, populations.len() - 1)].name,
        value_drives: &drives,
        event_drive: lines
            .iter()
            .any(|line| {
                line.contains("drive drive0: poisson(0.8") || line.contains("drive drive0: poisson(20")
            })
            .then_some("drive0"),
        enforced,
        dendrites: dendrites.as_ref(),
    };
    if let Some(dendrites) = &dendrites {
        text += &dendrites.cell;
    }
    text + "\n" + &experiment(g, &handles)
}

fn populations<'a>(g: &mut Gen, cells: &'a [CellText], lines: &mut Vec<String>) -> Vec<Population<'a>> {
    let mut populations = Vec::new();
    for (k, polarity) in
        ["excitatory", "inhibitory", "excitatory"].into_iter().enumerate().take(g.range(1, 3))
    {
        let cell = &cells[g.range(0, cells.len() - 1)];
        let shape = if g.one_in(4) { vec![g.range(1, 4), g.range(2, 5)] } else { vec![g.range(1, 21)] };
        let positions = g.one_in(2);
        let mut body = Vec::new();
        if positions {
            body.push(if shape.len() == 2 || g.one_in(2) {
                "at grid(20 um)".to_string()
            } else {
                "at (10 um * i, uniform(0 um, 50 um))".to_string()
            });
        }
        if g.one_in(2) {
            let (name, unit, lo, hi) = g.pick(&cell.params);
            body.push(format!("{name} = {} {unit}", g.tenths(lo, hi)));
        }
        if g.one_in(2) {
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
            format!("{name}[{} .. {}]", g.range(0, 1), g.range(2, n))
        }
        2 if n > 2 => {
            format!("{name}[[{}, 0]]", g.range(1, n - 1))
        }
        3 if n > 2 => {
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
        clauses.push(format!("delay {} ms", g.range(0, 2)));
    }
    if g.one_in(3) {
        clauses.push("from 1 ms to 8 ms".into());
    }
    let name = format!("drive{k}");
    let source = match g.range(1, 4) {
        1 => format!(
            "choose({}, every = {})",
            g.range(1, 1.max(population.cells() / 3)),
            g.pick(&["1 tick", "1 ms", "2 ms"])
        ),
        2 => "times([0 ms, 1 ms, 1 ms, 4 ms])".to_string(),
        _ => g
            .pick(&[
                "poisson(0.8 kHz)",
                "poisson(2 kHz * (1 + mod(i, 3)))",
                "poisson(1 kHz * (1 + sin(t / 2 ms)))",
                "poisson(20 kHz)",
                "poisson(uniform(1 kHz, 3 kHz))",
            ])
            .to_string(),
    };
    // `choose` takes cells of the view, so the view is the whole population there.
    let target = if source.starts_with("choose") { population.name.clone() } else { target };
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
        "5 mV".to_string()
    } else if g.one_in(2) {
        // A row for all cells, or one number for each.
        lines.push(if target == population.name && g.one_in(2) {
            let row = |base: usize| {
                (0..population.cells()).map(|q| format!("{} mV", base + q % 4)).collect::<Vec<_>>()
            };
            format!("let levels{k} = [[{}], [{}]]", row(1).join(", "), row(4).join(", "))
        } else {
            format!("let levels{k} = [1 mV, 4 mV, 2 mV, 8 mV]")
        });
        format!("table(levels{k}, every = 1 ms)")
    } else {
        g.pick(&["3 mV * sin(t / 1 ms) + 0.2 mV * i", "(if t < 2 ms then 4 mV else 1 mV)"]).to_string()
    };
    let window = if g.one_in(2) { " { from 1 ms to 6 ms }" } else { "" };
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
        from = format!("{}.{}", source.name, g.pick(&source.cell.events));
    } else if from == source.name && populations.len() > 2 && source.polarity == "excitatory" && g.one_in(2) {
        from = "(C, A)".into();
    }
    if to == target.name && populations.len() > 1 && port.name == "exc" && g.one_in(3) {
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
    let connect = match g.range(1, 10) {
        1 => format!("probability {}", g.pick(&["0.3", "0.05", "1", "50 %"])),
        2 => "probability 1 / (1 + abs(pre.i - post.i))".to_string(),
        3 if degree => format!("in_degree {}", g.range(1, source.cells())),
        4 if degree => format!("out_degree {}", g.range(1, target.cells())),
        5 if degree => format!("total {}", g.range(1, source.cells() * target.cells())),
        6 if whole && source.cells() == target.cells() => "one_to_one".to_string(),
        7 => g
            .pick(&[
                "where mod(pre.i + 2 * post.i, 3) == 0",
                "where pre.V_th <= post.V_th",
                "where pre.i != post.i",
            ])
            .to_string(),
        8 if whole => "from edges".to_string(),
        9 if distance => "probability exp(-distance / 40 um)".to_string(),
        _ => "all_to_all".to_string(),
    };
    let counted = ["in_degree", "out_degree", "total"].iter().any(|kind| connect.starts_with(kind));
    let written = connect == "from edges";
    let mut clauses = vec![format!("connect {connect}")];
    let mut allows = Vec::new();
    if g.one_in(2) || written || connect == "one_to_one" {
        allows.push("self");
    }
    if written || (g.one_in(3) && counted) {
        allows.push("multiple");
    }
    if !allows.is_empty() {
        clauses.push(format!("allow {}", allows.join(", ")));
    }
    clauses.push(format!("weight {}", weight(g, source, port, distance)));
    clauses.extend(delay(g, distance));
    let held = ["in_degree", "total", "from"].iter().any(|kind| connect.starts_with(kind));
    if g.one_in(4) {
        let ways: &[&str] = if held { &["auto", "stored"] } else { &["procedural", "stored"] };
        clauses.push(format!("store {}", g.pick(ways)));
    }
    clauses
}

fn weight(g: &mut Gen, source: &Population, port: &PortText, distance: bool) -> String {
    // Signed ports take the sign of where the weight comes from.
    let sign = if port.polarity.is_empty() && source.polarity == "inhibitory" { "-" } else { "" };
    let unit = port.unit;
    match g.range(1, 5) {
        1 => {
            format!("{sign}uniform(0.1 {unit}, 2 {unit})")
        }
        2 => {
            format!("{sign}lognormal(1 {unit}, 0.5 {unit})")
        }
        3 => {
            format!("{sign}0.5 {unit} * (1 + mod(pre.i, 3)) / (1 + mod(post.i, 2))")
        }
        4 if distance => {
            format!("{sign}2 {unit} * exp(-distance / 50 um)")
        }
        _ => {
            format!("{sign}strength * {} {unit}", g.tenths(2, 25))
        }
    }
}

fn delay(g: &mut Gen, distance: bool) -> Vec<String> {
    match g.range(1, 6) {
        1 => {
            vec![]
        }
        2 => {
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
            vec!["delay 1 ms + distance / 0.02 m/s".into()]
        }
        4 => {
            vec!["delay 0 ms".into(), format!("dendritic {} ms", g.range(1, 3))]
        }
        _ => {
            vec![format!("delay {} ms", g.range(1, 4))]
        }
    }
}

/// A part, a family and an `if`, with a circuit for the part.
fn parts(g: &mut Gen, lines: &mut Vec<String>, populations: &[Population]) -> String {
    lines.push("let edges = [[0, 0], [0, 0]]".into());
    let cell = &populations[0].cell.name;
    if g.one_in(3) {
        lines.push(block("for q in 0 .. 2", &["part unit: Unit(n = 2 + q)".into()]));
        lines.push(
            "projection chain: unit[0].P -> unit[1].P.exc { connect all_to_all; weight 1 mV; delay 2 ms }"
                .into(),
        );
    }
    if g.one_in(3) {
        let inner =
            "projection extra: A -> A.exc { connect all_to_all; weight 0.3 mV; delay 1 ms }".to_string();
        lines.push(block("if more", &[inner]));
    }
    let body = vec![
        format!("pub population P: excitatory {cell}[n]"),
        "constraints { dale }".into(),
        "drive go: poisson(1 kHz) -> P.exc { weight 3 mV }".into(),
    ];
    block("circuit Unit(n: int = 2)", &body) + "\n"
}
