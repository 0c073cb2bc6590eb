//! `circ graph FILE`.

use super::files::whole;
use super::{compile_options, read, reject, run_options, show};
use crate::args::GraphArgs;
use crate::exit::Exit;
use crate::terminal::{self, Stream};
use circ::compile::compile;
use circ::diagnose::Level;
use circ::run::{Digest, Simulation};
use circ_results::{picture, png};

/// Builds the network and draws it.
pub fn graph(args: &GraphArgs) -> Exit {
    attempt(args).unwrap_or_else(|exit| exit)
}

fn attempt(args: &GraphArgs) -> Result<Exit, Exit> {
    let program = read(&args.file, &args.settings.reading)?;
    let options = compile_options(args.experiment.as_deref(), &args.settings);
    let compiled = compile(program, &options).map_err(|rejection| reject(&rejection))?;
    let warnings: Vec<_> =
        compiled.warnings.iter().filter(|it| it.rule.level == Level::Warning).cloned().collect();
    show(&warnings, compiled.sources());
    let simulation = Simulation::build(compiled, &run_options(&args.settings, Digest::Leave))
        .map_err(|rejection| reject(&rejection))?;
    let name = args.file.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let title = format!("{name}: {}", simulation.built().experiment);
    let svg = picture::of_circuit(&title, &simulation.diagram());
    match &args.out {
        None => terminal::write(Stream::Out, &svg),
        Some(path) if path.extension().is_some_and(|it| it == "png") => {
            let Some(bitmap) = png::render(&svg) else {
                terminal::complain("the picture is too large for a bitmap; write it as `.svg`");
                return Err(Exit::Files);
            };
            whole(path, &bitmap)?;
        }
        Some(path) => whole(path, svg.as_bytes())?,
    }
    Ok(Exit::Well)
}
