//! What a run leaves: tables that grow while it goes on, formats, pictures, the report.

mod common;

use common::{Bench, example, said};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The lines of a table, after checking that every one is whole.
fn whole_lines(path: &Path, columns: usize) -> usize {
    let text = std::fs::read_to_string(path).expect("a table");
    assert!(text.ends_with('\n'), "the last line is cut: {:?}", text.lines().last());
    for line in text.lines() {
        assert_eq!(line.split(',').count(), columns, "{line}");
    }
    text.lines().count()
}

fn names(folder: PathBuf) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|it| it.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_table_is_the_same_in_whatever_chunks_it_was_written() {
    let bench = Bench::new();
    // Five megabytes of samples are more than one chunk; `at` keeps them in memory as well.
    let body = "record E.spike\nrecord rate(E) every 5 ms\nrecord E.v\nrun 3 s\nrun 3 s";
    bench.small(body);
    bench.circ(&["run", "small.circ", "--out", "out"]).exits(0);
    let chunks = std::fs::read_to_string(bench.path("out/traces.csv")).expect("a table");
    bench.small(&format!("{body}\nreport at(E[3].v, 10 ms)"));
    bench.circ(&["run", "small.circ", "--out", "kept", "--threads", "3"]).exits(0);
    let kept = std::fs::read_to_string(bench.path("kept/traces.csv")).expect("a table");
    assert!(chunks == kept, "kept or not, threads or not, the table is the same");
    assert_eq!(chunks.lines().count(), 1 + 10 * 60_001 + 1200);
    let times = chunks
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(4).and_then(|time| time.parse::<f64>().ok()).expect("a time"));
    assert!(times.is_sorted(), "rows are in order of time");
    assert_eq!(
        std::fs::read(bench.path("out/spikes.csv")).ok(),
        std::fs::read(bench.path("kept/spikes.csv")).ok()
    );
    assert!(names(bench.path("out")).iter().all(|name| !name.ends_with(".part") && !name.starts_with('.')));
}

#[test]
fn what_was_recorded_outlives_a_process_that_is_killed() {
    let bench = Bench::new();
    bench.small("record E.spike\nrecord E.v\nrun 100000 s");
    let mut child = bench
        .command(&["run", "small.circ", "--out", "out", "--quiet"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("circ starts");
    let traces = bench.path("out/traces.csv.part");
    let started = Instant::now();
    while std::fs::metadata(&traces).map_or(0, |it| it.len()) < 1_000_000 {
        assert!(started.elapsed() < Duration::from_secs(120), "nothing is written");
        std::thread::yield_now();
    }
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    let text = std::fs::read_to_string(&traces).expect("a table");
    assert!(text.starts_with("population,cell,variable,unit,time_ms,value\nE,0,v,mV,0,0\n"));
    let whole = text.lines().take(text.matches('\n').count());
    assert!(whole.clone().all(|line| line.split(',').count() == 6));
    assert!(1000 < whole.count());
    assert!(bench.path("out/spikes.csv.part").exists());
    assert!(!bench.path("out/run.json").exists(), "there is no manifest of what did not end");

    // The next run begins anew.
    bench.small("record E.spike\nrun 50 ms");
    bench.circ(&["run", "small.circ", "--out", "out"]).exits(0);
    assert!(whole_lines(&bench.path("out/spikes.csv"), 3) < 1000);
}

/// A file may not grow above some kilobytes: what a full disk does, on any machine.
#[cfg(unix)]
#[test]
fn a_full_disk_loses_nothing_that_was_recorded_before() {
    let bench = Bench::new();
    bench.small("record E.spike\nrecord E.v\nrun 20 s");
    let circ = bench.command(&[]).get_program().to_owned();
    let limited = format!("ulimit -f 4000; exec {} run small.circ --out out", circ.to_string_lossy());
    let mut command = Command::new("sh");
    command.args(["-c", &limited]).current_dir(bench.path("."));
    let said = said(command.output().expect("a shell")).exits(4);
    assert!(said.err.contains("traces.csv.part` could not be written"), "{}", said.err);
    assert!(said.err.contains("what was recorded before is in"), "{}", said.err);
    assert!(1000 < whole_lines(&bench.path("out/traces.csv.part"), 6));
    assert!(10 < whole_lines(&bench.path("out/spikes.csv.part"), 3));
    assert!(!bench.path("out/run.json").exists());
}

#[test]
fn two_runs_do_not_write_the_same_table() {
    let bench = Bench::new();
    bench.small("record E.spike\nrecord E.v\nrun 100000 s");
    let mut child = bench
        .command(&["run", "small.circ", "--out", "out", "--quiet"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("circ starts");
    let started = Instant::now();
    while std::fs::metadata(bench.path("out/spikes.csv.part")).map_or(0, |it| it.len()) < 100 {
        assert!(started.elapsed() < Duration::from_secs(120), "nothing is written");
        std::thread::yield_now();
    }
    bench.file(
        "b.circ",
        std::fs::read_to_string(bench.path("small.circ")).expect("text").replace("100000 s", "1 s"),
    );
    bench.circ(&["run", "b.circ", "--out", "out"]).exits(4).complains("another run is writing it");
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}

const RECORDED: &str =
    "record E.spike\nrecord E[0..2].v every 1 ms\nrecord rate(E) every 10 ms\nrun 50 ms\nreport rate(E)";

#[test]
fn tables_have_the_format_that_is_asked_for() {
    let bench = Bench::new();
    bench.small(RECORDED);
    bench.circ(&["run", "small.circ", "--out", "csv"]).exits(0);
    for format in ["npz", "parquet"] {
        bench.circ(&["run", "small.circ", "--out", format, "--format", format]).exits(0);
        bench.circ(&["run", "small.circ", "--out", "again", "--format", format]).exits(0);
        let file =
            |folder: &str| std::fs::read(bench.path(&format!("{folder}/traces.{format}"))).expect("a table");
        assert!(file(format) == file("again"), "the same run gives the same bytes");
        let found = names(bench.path("again"));
        assert!(found.iter().all(|name| !name.ends_with("csv") && !name.ends_with(".part")), "{found:?}");
        bench.circ(&["verify", &format!("{format}/run.json")]).exits(0);
    }
    bench.circ(&["run", "small.circ", "--format", "npz"]).exits(2);
}

#[test]
fn files_in_hdf5_take_the_place_of_tables() {
    let bench = Bench::new();
    bench.small(RECORDED);
    let of = |format: &str| {
        bench.circ(&["run", "small.circ", "--out", "out", "--format", format]).exits(0);
        let files =
            names(bench.path("out")).into_iter().filter(|it| !it.ends_with("svg") && !it.ends_with("png"));
        files.collect::<Vec<_>>()
    };
    assert_eq!(of("sonata"), ["run.json", "spikes.h5", "traces.E.v.h5", "traces.rate(E).h5"]);
    let first = std::fs::read(bench.path("out/traces.E.v.h5")).expect("a report");
    assert!(first.starts_with(b"\x89HDF"));
    bench.circ(&["verify", "out/run.json"]).exits(0);
    assert_eq!(of("nwb"), ["run.json", "run.nwb"], "what was there in another format is gone");
    let nwb = std::fs::read(bench.path("out/run.nwb")).expect("a file");
    assert!(nwb.starts_with(b"\x89HDF"));
    of("sonata");
    assert!(first == std::fs::read(bench.path("out/traces.E.v.h5")).expect("a report"), "the same bytes");
    of("nwb");
    assert!(nwb == std::fs::read(bench.path("out/run.nwb")).expect("a file"), "the same bytes");
    // Nothing recorded, nothing spiked.
    bench.small("run 1 ms");
    assert_eq!(of("sonata"), ["run.json", "spikes.h5"]);
    assert_eq!(of("nwb"), ["run.json", "run.nwb"]);
}

#[test]
fn what_a_report_can_not_hold_is_said_and_kept() {
    let bench = Bench::new();
    bench.small("run 3 ms\nsave \"a.ckpt\"\nrun 10 ms\nsave \"b.ckpt\"");
    bench.circ(&["run", "small.circ"]).exits(0);
    bench.small("record E[0].v every 1 ms\nload \"a.ckpt\"\nrun 2 ms\nload \"b.ckpt\"\nrun 4 ms");
    let said = bench.circ(&["run", "small.circ", "--out", "out", "--format", "sonata"]).exits(4);
    assert!(said.err.contains("`E.v` was not recorded at even intervals"), "{}", said.err);
    assert!(said.err.contains("what was recorded is in"), "{}", said.err);
    assert!(3 < whole_lines(&bench.path("out/traces.csv.part"), 6));
    assert!(names(bench.path("out")).iter().all(|name| name.ends_with(".part")));
    bench.circ(&["run", "small.circ", "--out", "out", "--format", "nwb"]).exits(0);
}

/// A Python with packages that read what a run writes.
struct Python {
    command: String,
}

impl Python {
    fn new() -> Python {
        Python { command: std::env::var("CIRC_PYTHON").unwrap_or_else(|_| "python3".to_string()) }
    }

    fn has(&self, module: &str) -> bool {
        let mut command = Command::new(&self.command);
        let status = command.args(["-c", &format!("import {module}")]).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }

    /// Runs a script in a folder, where the modules are there, and says so where they are not.
    fn check(&self, modules: &[&str], script: &str, bench: &Bench) {
        if let Some(missing) = modules.iter().find(|module| !self.has(module)) {
            println!("skipped: {} has no {missing}", self.command);
            return;
        }
        let mut command = Command::new(&self.command);
        let output =
            command.args(["-c", script]).current_dir(bench.path(".")).output().expect("python starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{modules:?}: {said}{}", String::from_utf8_lossy(&output.stdout));
    }
}

/// The files, opened by the programs that they are for.
#[test]
fn tables_open_in_python() {
    let (python, bench) = (Python::new(), Bench::new());
    bench.small(RECORDED);
    for format in ["csv", "npz", "parquet"] {
        bench.circ(&["run", "small.circ", "--out", format, "--format", format]).exits(0);
    }
    python.check(&["numpy"], NUMPY, &bench);
    python.check(&["polars"], &TABLES.replace("MODULE", "polars"), &bench);
    python.check(&["pandas", "pyarrow"], &TABLES.replace("MODULE", "pandas"), &bench);
}

#[test]
fn files_in_hdf5_open_in_python() {
    let (python, bench) = (Python::new(), Bench::new());
    bench.small(&format!("record E[3..5].v every 3 ms\n{RECORDED}"));
    for format in ["csv", "sonata", "nwb"] {
        bench.circ(&["run", "small.circ", "--out", format, "--format", format]).exits(0);
    }
    python.check(&["libsonata", "numpy"], SONATA, &bench);
    python.check(&["pynwb", "numpy"], NWB, &bench);
    python.check(
        &["h5py"],
        "import h5py; h5py.File('nwb/run.nwb').visititems(lambda name, it: it.attrs.items())",
        &bench,
    );
}

const SONATA: &str = r#"
import csv, libsonata, numpy as np
def rows(name): return list(csv.DictReader(open(f'csv/{name}.csv')))
spikes = libsonata.SpikeReader('sonata/spikes.h5')
assert spikes.get_population_names() == ['E']
due = [(int(row['cell']), float(row['time_ms'])) for row in rows('spikes')]
assert 10 < len(due) and spikes['E'].get() == due and spikes['E'].sorting == 'by_time'
for name, step, cells in [('E.v', 1.0, [0, 1]), ('E.v-2', 3.0, [3, 4]), ('rate(E)', 10.0, [0])]:
    report = libsonata.SomaReportReader(f'sonata/traces.{name}.h5')
    [population] = report.get_population_names()
    report = report[population]
    rate = name == 'rate(E)'
    assert (report.time_units, report.data_units) == ('ms', 'Hz' if rate else 'mV'), report.data_units
    start = 10.0 if rate else 0.0
    assert report.times == (start, 60.0 if rate else {1.0: 51.0, 3.0: 51.0}[step], step), report.times
    data = report.get()
    assert list(report.get_node_ids()) == cells
    for column, cell in enumerate(cells):
        wanted = [row for row in rows('traces') if (row['variable'] == 'rate(E)' if rate else row['cell'] == str(cell))]
        assert np.allclose(data.times, [float(row['time_ms']) for row in wanted])
        assert np.array_equal(data.data[:, column], np.float32([float(row['value']) for row in wanted]))
"#;

const NWB: &str = r#"
import csv, numpy as np, pynwb
def rows(name): return list(csv.DictReader(open(f'csv/{name}.csv')))
with pynwb.NWBHDF5IO('nwb/run.nwb', 'r') as io:
    errors = pynwb.validate(io=io)
    assert not errors, errors
    file = io.read()
    units = file.units.to_dataframe()
    assert list(units['cell']) == list(range(10)) and set(units['population']) == {'E'}
    for cell, times in zip(units['cell'], units['spike_times']):
        due = [float(row['time_ms']) / 1000 for row in rows('spikes') if int(row['cell']) == cell]
        assert list(times) == due, cell
    assert set(file.acquisition) == {'E.v', 'E.v-2', 'rate(E)'}
    v = file.acquisition['E.v']
    assert (v.unit, v.conversion) == ('volts', np.float32(1e-3)) and v.data.shape == (51, 2)
    due = [float(row['value']) for row in rows('traces') if row['cell'] == '1']
    assert list(v.data[:, 1]) == due
    assert list(v.timestamps) == [float(row['time_ms']) / 1000 for row in rows('traces') if row['cell'] == '1']
    assert 'columns are 3 to 4' in file.acquisition['E.v-2'].description
"#;

const NUMPY: &str = r#"
import csv, numpy as np
def rows(name): return list(csv.DictReader(open(f'csv/{name}.csv')))
for name in ['spikes', 'traces']:
    table, due = np.load(f'npz/{name}.npz'), rows(name)
    assert set(due[0]) <= set(table.files), table.files
    for column in due[0]:
        found, text = table[column], [row[column] for row in due]
        if column + '_names' in table.files:
            assert list(table[column + '_names'][found]) == text, column
        elif column == 'cell':
            assert found.dtype == np.int32 and list(found) == [int(x or -1) for x in text]
        else:
            assert found.dtype == np.float64 and list(found) == [float(x) for x in text], column
"#;

const TABLES: &str = r#"
import csv, MODULE as m
def rows(name): return list(csv.DictReader(open(f'csv/{name}.csv')))
for name in ['spikes', 'traces']:
    table, due = m.read_parquet(f'parquet/{name}.parquet'), rows(name)
    assert list(table.columns) == list(due[0]), table.columns
    assert len(table) == len(due)
    assert list(table['population']) == [row['population'] for row in due]
    assert list(table['time_ms']) == [float(row['time_ms']) for row in due]
    cells = [None if x is None or x != x else int(x) for x in list(table['cell'])]
    assert cells == [int(row['cell']) if row['cell'] else None for row in due]
"#;

#[test]
fn a_run_draws_what_it_recorded() {
    let bench = Bench::new();
    let file = example("brunel.circ");
    let file = file.to_str().expect("a path");
    bench.small(RECORDED);
    bench.circ(&["run", "small.circ", "--out", "out"]).exits(0);
    for name in ["raster", "traces"] {
        let svg = std::fs::read_to_string(bench.path(&format!("out/{name}.svg"))).expect("a picture");
        assert!(svg.starts_with("<svg xmlns") && svg.contains("time (ms)"), "{name}");
        assert!(
            !svg.contains("NaN") && !svg.contains("inf\""),
            "{name} has no coordinates that are no numbers"
        );
        let png = std::fs::read(bench.path(&format!("out/{name}.png"))).expect("a bitmap");
        assert!(png.starts_with(b"\x89PNG") && 2000 < png.len(), "{name}");
    }
    let graph = bench.circ(&["graph", file]).exits(0).out;
    assert!(graph.starts_with("<svg xmlns"), "{graph}");
    bench.circ(&["graph", "small.circ", "--out", "small.svg"]).exits(0);
    bench.circ(&["graph", "small.circ", "--out", "small.png"]).exits(0);
    let svg = std::fs::read_to_string(bench.path("small.svg")).expect("a picture");
    assert!(svg.contains("10 cells · Clock"), "{svg}");
    assert!(std::fs::read(bench.path("small.png")).expect("a bitmap").starts_with(b"\x89PNG"));
}

const PLOTTED: &str = "record E[0..3].v every 1 ms\nrecord rate(E) every 10 ms\nfor k in 0 .. 2 { run 50 ms; plot E[k..9].spike }\n\
     plot E[1..3].v, rate(E), count(each E)";

/// A mark can not be nearer to the next than what can be seen, so a picture of a long run is not a larger one.
#[test]
fn a_raster_does_not_grow_with_the_run() {
    let bench = Bench::new();
    let size = |duration: &str| {
        bench.small(&format!("set E.tau = 1 ms\nrecord E.spike\nrun {duration}"));
        bench.circ(&["run", "small.circ", "--out", "out", "--quiet"]).exits(0);
        std::fs::metadata(bench.path("out/raster.svg")).expect("a picture").len()
    };
    let (short, long) = (size("2 s"), size("20 s"));
    assert!(long < 2 * short, "{short} bytes for 2 s, {long} for 20 s");
}

#[test]
fn plots_are_pictures_of_what_is_named_up_to_their_line() {
    let bench = Bench::new();
    bench.small(PLOTTED);
    bench.circ(&["run", "small.circ", "--out", "out", "--report", "report.html"]).exits(0);
    let found = names(bench.path("out"));
    let plots: Vec<&String> = found.iter().filter(|name| name.starts_with("plot-")).collect();
    assert_eq!(plots.len(), 8, "four pictures, two files each: {found:?}");
    let svg =
        |name: &str| std::fs::read_to_string(bench.path(&format!("out/{name}.svg"))).expect("a picture");
    let marks = |name: &str| svg(name).matches("v6").count().max(svg(name).matches('M').count());
    assert!(svg("plot-1").contains("E[0..9]") && svg("plot-2").contains("E[1..9]"));
    assert!(marks("plot-1") < marks("plot-2"), "the second is of twice the time");
    let traces = svg("plot-3");
    assert!(traces.contains("E[1]") && traces.contains("E[2]") && traces.contains("rate(E)"), "{traces}");
    assert!(!traces.contains("E[0]"), "only what is named");
    assert!(svg("plot-4").contains("10 values, mean "));
    assert!(std::fs::read(bench.path("out/plot-4.png")).expect("a bitmap").starts_with(b"\x89PNG"));
    let page = std::fs::read_to_string(bench.path("report.html")).expect("a page");
    assert!(page.contains("<h2>E[1..3].v, rate(E)</h2>"));
    let json = std::fs::read_to_string(bench.path("out/run.json")).expect("a manifest");
    assert!(json.contains("\"name\": \"plot-4\"") && json.contains("count(each E)"), "{json}");
    bench.circ(&["verify", "out/run.json"]).exits(0);

    // Of another run in the same folder there are none.
    bench.small("run 10 ms\nplot E");
    bench.circ(&["run", "small.circ", "--out", "out"]).exits(0);
    let left = names(bench.path("out")).into_iter().filter(|name| name.starts_with("plot-"));
    assert_eq!(left.collect::<Vec<_>>(), ["plot-1.png", "plot-1.svg"], "silent cells are drawn as such");
    let said = bench.circ(&["run", "small.circ"]).exits(0).out;
    assert!(said.contains("`plot` drew 1 picture: `--out DIR`"), "{said}");
}

#[test]
fn a_sweep_is_drawn() {
    let bench = Bench::new();
    bench.small("sweep n in [2, 4, 8], seed in 0 .. 2\nrun 50 ms\nreport rate(E), count(E)");
    bench.circ(&["run", "small.circ", "--out", "out", "--quiet"]).exits(0);
    let svg = std::fs::read_to_string(bench.path("out/sweep.svg")).expect("a picture");
    assert!(svg.contains("count(E)") && svg.contains("rate(E) (Hz)"), "{svg}");
    assert!(bench.path("out/sweep.png").exists());
}

#[test]
fn a_report_is_one_page_that_asks_nobody() {
    let bench = Bench::new();
    bench.small(&format!("{RECORDED}\nexpect rate(E) < 1 Hz"));
    bench.circ(&["run", "small.circ", "--report", "report.html"]).exits(6);
    let page = std::fs::read_to_string(bench.path("report.html")).expect("a page");
    for part in [
        "<h2>Circuit</h2>",
        "does not hold",
        "Clock",
        "rate(E)",
        "&quot;digest&quot;",
        "CV of ISI",
        "</html>",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(page.contains("<title>Main of small.circ</title>"));
    assert!(!page.contains("learns"), "nothing does");
    assert!(!page.contains("<script") && !page.contains("src=") && !page.contains("@import"));
    let links = page.matches("http").count();
    assert_eq!(links, page.matches("http://www.w3.org/2000/svg").count(), "nothing is fetched");
    bench.circ(&["run", "small.circ", "--report", "missing/report.html"]).exits(4);
}
