//! The command `circ`. The only place with stdout, signals and exit codes.
//!
//! In: arguments. Out: text, files, and one of the exit codes of [`exit::Exit`].

mod args;
mod commands;
mod exit;
mod interrupt;
mod progress;
mod raster;
mod summary;
mod terminal;

use args::{Cli, Command};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    interrupt::listen();
    let exit = match Cli::parse().command {
        Command::Run(args) => commands::run::run(&args),
        Command::Check(args) => commands::check::check(&args),
        Command::Verify(args) => commands::verify::verify(&args),
        Command::Test(args) => commands::test::test(&args),
        Command::Fmt(args) => commands::fmt::fmt(&args),
        Command::Explain(args) => commands::explain::explain(&args),
        Command::Doc(args) => commands::doc::doc(&args),
        Command::Lsp(_) => commands::lsp::serve(),
        Command::Graph(args) => commands::graph::graph(&args),
        Command::Repl(args) => commands::repl::repl(&args),
    };
    ExitCode::from(exit.code())
}
