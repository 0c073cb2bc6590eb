//! Arguments of the command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Compiles and runs neural circuits written in Circ.
#[derive(Debug, Parser)]
#[command(name = "circ", version, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 well; 1 the program was rejected; 2 usage; 3 the simulation failed; \
4 a file could not be read or written; 5 interrupted; 6 an expectation did not hold; \
7 a `monitor ... else stop` ended the run";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run an experiment
    Run(RunArgs),
    /// Look for mistakes without running anything
    Check(CheckArgs),
    /// Repeat a run from its manifest and compare
    Verify(VerifyArgs),
    /// Run every experiment and hold it to its `expect` lines
    Test(TestArgs),
    /// Write programs in the one layout
    Fmt(FmtArgs),
    /// Explain a rule, or how a program will be simulated
    Explain(ExplainArgs),
    /// Print the reference of a file or of the library
    Doc(DocArgs),
    /// Serve an editor, by the Language Server Protocol through standard input and output
    Lsp(LspArgs),
    /// Draw the circuit: populations, projections, synapses, weights, delays and signs, as SVG
    Graph(GraphArgs),
    /// Ask and change a circuit while it runs
    Repl(ReplArgs),
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// The program
    pub file: PathBuf,
    /// The experiment; without it `Main`, or the only one
    pub experiment: Option<String>,
    #[command(flatten)]
    pub settings: Settings,
    /// Write run.json, spikes.csv, traces.csv, pictures (SVG and PNG) and what else there is into this folder; of a
    /// sweep sweep.csv and its picture. While the run goes on, tables grow as spikes.csv.part
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The format of tables
    #[arg(long, value_enum, default_value_t = TableFormat::Csv, requires = "out")]
    pub format: TableFormat,
    /// Write one page that says all of the run, with its circuit and its pictures
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,
    /// Print one JSON object and nothing else
    #[arg(long)]
    pub json: bool,
    /// Print only what the program prints and reports, and expectations that do not hold
    #[arg(long, short)]
    pub quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// Text, for everything
    Csv,
    /// An array for each column, for NumPy
    Npz,
    /// Columns, for pandas, Polars, DuckDB and their like
    Parquet,
    /// HDF5 as SONATA has it: spikes.h5, and a report for everything that was recorded through time
    Sonata,
    /// HDF5 as Neurodata Without Borders has it: one file, run.nwb
    Nwb,
}

#[derive(Debug, Args)]
pub struct Settings {
    /// Override a parameter of the experiment or its circuit, such as `g=4` or `tau=10ms`
    #[arg(long, value_name = "PATH=VALUE", value_parser = assignment)]
    pub set: Vec<(String, String)>,
    /// The seed of all random numbers
    #[arg(long)]
    pub seed: Option<u64>,
    /// How many threads, instead of as many as have enough to do; results do not depend on it
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Machine code, or the reference that it is held to
    #[arg(long, value_enum, default_value_t = EngineArg::Jit)]
    pub engine: EngineArg,
    /// When synapses learn from events of their targets; results do not depend on it
    #[arg(long, value_enum, default_value_t = PostHooksArg::Late)]
    pub post_hooks: PostHooksArg,
    /// Precision of states, for cells that do not say their own
    #[arg(long, value_enum)]
    pub precision: Option<PrecisionArg>,
    #[command(flatten)]
    pub reading: Reading,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PostHooksArg {
    /// When their source spikes, where nobody can tell: faster, and 7 bytes a synapse less
    Late,
    /// At every event
    AtOnce,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineArg {
    Jit,
    Interpreter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PrecisionArg {
    F64,
    F32,
}

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The program
    pub file: PathBuf,
    /// How messages are printed. `plain` is for editors, a line each: `file:line:col-line:col: error[rule]: message`.
    /// `json` is one array of objects: level, rule, message, file, start and end (line and column from 1, in
    /// characters; byte from 0), labels, notes, help, and the edits of a fix
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Short for `--format=json`
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Mend the file where it is certain what was meant, and say what is left
    #[arg(long)]
    pub fix: bool,
    /// Print a form of the program on its way to machine code; `clif` is planned for registers of 512 bits on every processor
    #[arg(long, value_enum, conflicts_with_all = ["json", "format", "fix"])]
    pub emit: Option<Emit>,
    #[command(flatten)]
    pub reading: Reading,
}

/// How messages are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Human,
    Plain,
    Json,
}

#[derive(Clone, Debug, Default, Args)]
pub struct Reading {
    /// Let `load` read this file, or what is beneath this folder, besides the program's own folder
    #[arg(long, value_name = "PATH")]
    pub allow_read: Vec<PathBuf>,
}

/// The forms of a program, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Emit {
    Ast,
    Hir,
    Types,
    Net,
    Kernel,
    Plan,
    Clif,
    Asm,
}

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The manifest, written by `circ run --out DIR`
    pub manifest: PathBuf,
    /// The program, where it is no longer at the place that the manifest names
    #[arg(long)]
    pub file: Option<PathBuf>,
    /// How many threads; results do not depend on it
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Verify with this engine
    #[arg(long, value_enum)]
    pub engine: Option<EngineArg>,
    #[command(flatten)]
    pub reading: Reading,
}

#[derive(Debug, Args)]
pub struct TestArgs {
    /// The programs
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub settings: Settings,
}

#[derive(Debug, Args)]
pub struct FmtArgs {
    /// The programs
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Write nothing; exit with 1 if a file would change
    #[arg(long)]
    pub check: bool,
}

#[derive(Debug, Args)]
pub struct DocArgs {
    /// A program, a file of the library such as `std.cells`, or an item of it such as `std.cells.AdEx`; without it the
    /// library
    #[arg(value_name = "FILE|std.NAME")]
    pub subject: Option<String>,
    /// Write pages of Markdown into this folder instead
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct LspArgs {
    /// What editors add to say how they speak; there is no other way
    #[arg(long, hide = true)]
    pub stdio: bool,
}

#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A rule such as `unit-mismatch`, or a program
    #[arg(value_name = "RULE|FILE")]
    pub subject: String,
    /// The experiment of the program
    pub experiment: Option<String>,
    #[command(flatten)]
    pub reading: Reading,
}

#[derive(Debug, Args)]
pub struct GraphArgs {
    /// The program
    pub file: PathBuf,
    /// The experiment of the program
    pub experiment: Option<String>,
    /// Where to write: `.svg`, or `.png`; without it, SVG on standard output
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub settings: Settings,
}

#[derive(Debug, Args)]
pub struct ReplArgs {
    /// A program: its circuit is built, and none of its experiments is run
    pub file: Option<PathBuf>,
    /// The experiment whose parameters and settings hold; without it `Main`, or the first
    pub experiment: Option<String>,
    #[command(flatten)]
    pub settings: Settings,
}

/// `PATH=VALUE`
fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((path, value)) if !path.trim().is_empty() && !value.trim().is_empty() => {
            Ok((path.trim().to_string(), value.trim().to_string()))
        }
        _ => Err("write it as PATH=VALUE, such as `g=4` or `tau=10ms`".to_string()),
    }
}
