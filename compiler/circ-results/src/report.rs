//! The report: one page that says all of a run, and needs nothing else to be read.
//!
//! In: the manifest of a run, its circuit and its pictures. Out: an HTML document with its pictures and its style within it;
//! it asks for nothing from a network and runs no script.

use crate::diagram::range;
use crate::picture::Picture;
use crate::svg::escaped;
use circ::manifest::Manifest;
use circ::quantity::significant;
use circ::results::{Ended, Number, Results};
use circ::show::{Diagram, Sign};
use std::fmt::Write;

const STYLE: &str = "
:root { color-scheme: light }
body { font: 15px/1.5 'Helvetica Neue', Helvetica, Arial, 'DejaVu Sans', sans-serif; color: #1d2733; margin: 0; background: #f5f7f9 }
main { max-width: 1040px; margin: 0 auto; padding: 32px 24px 64px }
h1 { font-size: 26px; margin: 0 0 4px } h2 { font-size: 18px; margin: 36px 0 10px }
.sub { color: #66727f; margin: 0 }
section, .card { background: #fff; border: 1px solid #e1e6ea; border-radius: 10px; padding: 18px 22px; margin: 14px 0; overflow-x: auto }
section h2 { margin-top: 0 }
table { border-collapse: collapse; width: 100% } th { text-align: left; font-weight: 600; color: #66727f }
th, td { padding: 5px 14px 5px 0; border-bottom: 1px solid #eef1f4; vertical-align: top } tr:last-child td { border-bottom: 0 }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
.yes { color: #1c7c54; font-weight: 600 } .no { color: #c5402e; font-weight: 600 }
.e { color: #1f66b1 } .i { color: #c5402e }
.facts { display: flex; flex-wrap: wrap; gap: 10px 34px; margin: 16px 0 0; padding: 0 } .facts div { min-width: 90px }
.facts dt { color: #66727f; font-size: 12px } .facts dd { margin: 0; font-size: 18px }
svg { max-width: 100%; height: auto; display: block } pre { white-space: pre-wrap; font-size: 12px; overflow-wrap: anywhere }
summary { cursor: pointer; color: #1f66b1 } code { font-size: 13px }
";

/// The whole page.
pub fn page(manifest: &Manifest, circuit: &Diagram, pictures: &[Picture]) -> String {
    let results = &manifest.results;
    let mut html = String::new();
    let title = format!("{} of {}", results.experiment, program(manifest));
    let _ = write!(
        html,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"icon\" href=\"data:,\">\n\
         <style>{STYLE}</style></head>\n<body><main>\n",
        escaped(&title)
    );
    head(&mut html, manifest);
    expectations(&mut html, results);
    reports(&mut html, results);
    section(&mut html, "Circuit", &crate::picture::of_circuit("", circuit));
    for picture in pictures {
        section(&mut html, &picture.title, &picture.svg);
    }
    populations(&mut html, results, circuit);
    projections(&mut html, circuit);
    parameters(&mut html, manifest);
    methods(&mut html, manifest);
    messages(&mut html, results);
    timing(&mut html, results);
    let json = format!(
        "<details><summary>run.json: what repeats this run</summary><pre>{}</pre></details>",
        pre(&manifest.to_json())
    );
    section(&mut html, "Manifest", &json);
    html.push_str("</main></body></html>\n");
    html
}

/// Lines stay lines.
fn pre(text: &str) -> String {
    text.lines().map(escaped).collect::<Vec<_>>().join("\n")
}

fn section(html: &mut String, title: &str, content: &str) {
    let _ = write!(html, "<section><h2>{}</h2>\n{content}</section>\n", escaped(title));
}

fn head(html: &mut String, manifest: &Manifest) {
    let results = &manifest.results;
    let ended = match results.ended {
        Ended::Complete => "ran to its end",
        Ended::Interrupted => "was interrupted",
        Ended::Stopped => "was stopped by a monitor",
        Ended::Failed | Ended::Rejected => "did not reach its end",
        Ended::Unwritten => "ended because its results could not be written",
    };
    let _ = write!(
        html,
        "<h1>{}</h1><p class=\"sub\"><code>{}</code> {ended}, with Circ {}.</p>\n<dl class=\"facts\">",
        escaped(&results.experiment),
        escaped(&program(manifest)),
        escaped(&results.circ),
    );
    let cells: u64 = results.populations.iter().map(|it| u64::from(it.cells)).sum();
    let spikes: u64 = results.populations.iter().map(|it| it.spikes).sum();
    let facts = [
        ("simulated", format!("{} ms", significant(results.simulated_ms, 6))),
        ("step", format!("{} ms", results.dt_ms)),
        ("seed", results.seed.to_string()),
        ("cells", cells.to_string()),
        ("synapses", results.synapses.to_string()),
        ("spikes", spikes.to_string()),
        ("memory", format!("{} MB", significant(results.memory_bytes as f64 / 1_048_576.0, 3))),
    ];
    for (name, value) in facts {
        let _ = write!(html, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    }
    html.push_str("</dl>\n");
}

/// Its name. Where it lies from here is in the manifest.
fn program(manifest: &Manifest) -> String {
    manifest.program.file_name().unwrap_or(manifest.program.as_os_str()).to_string_lossy().into_owned()
}

/// A table; the columns named in `numbers` stand at the right.
fn table(head: &[&str], numbers: &[usize], rows: &[Vec<String>]) -> String {
    let class = |column: usize| if numbers.contains(&column) { " class=\"n\"" } else { "" };
    let mut html = String::from("<table><tr>");
    for (column, name) in head.iter().enumerate() {
        let _ = write!(html, "<th{}>{name}</th>", class(column));
    }
    html.push_str("</tr>\n");
    for row in rows {
        html.push_str("<tr>");
        for (column, field) in row.iter().enumerate() {
            let _ = write!(html, "<td{}>{field}</td>", class(column));
        }
        html.push_str("</tr>\n");
    }
    html + "</table>\n"
}

fn with_unit(value: &Number, unit: &str) -> String {
    escaped(format!("{} {unit}", value.show()).trim())
}

fn expectations(html: &mut String, results: &Results) {
    let mark = |holds: bool| match holds {
        true => "<span class=\"yes\">holds</span>".to_string(),
        false => "<span class=\"no\">does not hold</span>".to_string(),
    };
    let mut rows: Vec<Vec<String>> = results
        .expectations
        .iter()
        .map(|it| {
            vec![
                mark(it.holds),
                format!("<code>{}</code>", escaped(&it.text)),
                with_unit(&it.value, &it.unit),
            ]
        })
        .collect();
    rows.extend(results.constraints.iter().map(|it| {
        vec![mark(true), format!("<code>{}</code>", escaped(&it.text)), "when it was built".to_string()]
    }));
    rows.extend(results.monitors.iter().map(|it| {
        let found = format!("left {} of {} times", it.breached, it.judged);
        vec![mark(it.breached == 0), format!("<code>monitor {}</code>", escaped(&it.text)), found]
    }));
    if !rows.is_empty() {
        section(html, "Expectations and constraints", &table(&["", "as written", "measured"], &[], &rows));
    }
}

fn reports(html: &mut String, results: &Results) {
    if !results.reports.is_empty() {
        let row = |it: &circ::results::Report| {
            vec![format!("<code>{}</code>", escaped(&it.text)), with_unit(&it.value, &it.unit)]
        };
        let rows: Vec<_> = results.reports.iter().map(row).collect();
        section(html, "Reports", &table(&["reported", "value"], &[], &rows));
    }
}

fn sign(sign: Option<Sign>) -> &'static str {
    match sign {
        Some(Sign::Excitatory) => "<span class=\"e\">excitatory</span>",
        Some(Sign::Inhibitory) => "<span class=\"i\">inhibitory</span>",
        None => "",
    }
}

fn populations(html: &mut String, results: &Results, circuit: &Diagram) {
    let row = |it: &circ::results::PopulationResult| {
        let shown = circuit.populations.iter().find(|shown| shown.path == it.path);
        vec![
            escaped(&it.path),
            shown.map_or(String::new(), |shown| escaped(&shown.cell)),
            sign(shown.and_then(|shown| shown.sign)).to_string(),
            it.cells.to_string(),
            it.spikes.to_string(),
            format!("{} Hz", significant(it.rate_hz, 4)),
            it.cv_isi.map_or("–".to_string(), |cv| significant(cv, 3)),
        ]
    };
    let rows: Vec<_> = results.populations.iter().map(row).collect();
    let head = ["population", "cell", "", "cells", "spikes", "rate", "CV of ISI"];
    section(html, "Populations", &table(&head, &[3, 4, 5, 6], &rows));
}

fn projections(html: &mut String, circuit: &Diagram) {
    let names = |which: &[u32]| {
        let all: Vec<String> =
            which.iter().map(|it| escaped(&circuit.populations[*it as usize].path)).collect();
        all.join(", ")
    };
    let learns = circuit.projections.iter().any(|it| it.rule.is_some());
    let row = |it: &circ::show::Projection| {
        let mut row = vec![
            escaped(&it.path),
            format!("{} → {}.{}", names(&it.sources), names(&it.targets), escaped(&it.port)),
            it.synapses.to_string(),
            escaped(&range(&it.weights, &it.weight_unit)),
            range(&it.delays_ms, "ms"),
        ];
        row.extend(learns.then(|| escaped(it.rule.as_deref().unwrap_or(""))));
        row
    };
    if !circuit.projections.is_empty() {
        let rows: Vec<_> = circuit.projections.iter().map(row).collect();
        let head = ["projection", "from → to", "synapses", "weight at the end", "delay", "learns"];
        section(html, "Projections", &table(&head[..5 + usize::from(learns)], &[2], &rows));
    }
}

fn parameters(html: &mut String, manifest: &Manifest) {
    if !manifest.parameters.is_empty() {
        let rows: Vec<_> = manifest
            .parameters
            .iter()
            .map(|it| vec![format!("<code>{}</code>", escaped(&it.name)), with_unit(&it.value, &it.unit)])
            .collect();
        section(html, "Parameters", &table(&["parameter", "value"], &[], &rows));
    }
}

fn methods(html: &mut String, manifest: &Manifest) {
    if !manifest.methods.is_empty() {
        let row = |it: &circ::manifest::EquationMethod| {
            vec![
                escaped(&it.population),
                format!("<code>{}</code>", escaped(&it.equation)),
                escaped(&it.method),
                escaped(&it.reason),
            ]
        };
        let rows: Vec<_> = manifest.methods.iter().map(row).collect();
        section(html, "Equations", &table(&["population", "equation", "method", "because"], &[], &rows));
    }
}

fn messages(html: &mut String, results: &Results) {
    if !results.diagnostics.is_empty() {
        let rows: Vec<_> = results
            .diagnostics
            .iter()
            .map(|it| {
                vec![escaped(&it.level), format!("<code>{}</code>", escaped(&it.rule)), escaped(&it.message)]
            })
            .collect();
        section(html, "Messages", &table(&["", "rule", "message"], &[], &rows));
    }
}

fn timing(html: &mut String, results: &Results) {
    let timing = &results.timing;
    let of = |name: &str, ms: f64| vec![name.to_string(), format!("{} ms", significant(ms, 3))];
    let mut rows = vec![
        of("check", timing.check_ms),
        of("compile", timing.compile_ms),
        of("build", timing.build_ms),
        of("run", timing.run_ms),
    ];
    let factor = results.simulated_ms / timing.run_ms;
    if factor.is_finite() {
        rows.push(vec!["speed".to_string(), format!("{} × real time", significant(factor, 3))]);
    }
    rows.push(vec!["threads".to_string(), results.threads.to_string()]);
    rows.push(vec![
        "engine".to_string(),
        format!("{}, {}", escaped(&results.engine), escaped(&results.precision)),
    ]);
    section(html, "Timings", &table(&["stage", ""], &[], &rows));
}
