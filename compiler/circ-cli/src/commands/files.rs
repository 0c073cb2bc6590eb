//! What `circ run` leaves: tables, pictures, the manifest, the report.
//!
//! In: a run that is over, and what was asked for. Out: files, whole or absent; what was recorded before a disk was full stays
//! as it was written.

use crate::args::{RunArgs, TableFormat};
use crate::exit::Exit;
use crate::terminal;
use circ::manifest::Manifest;
use circ::output::{Folder, Part, WriteError};
use circ::run::{Finished, Simulation};
use circ::show::Diagram;
use circ_results::convert::{About, Format, convert};
use circ_results::picture::Picture;
use circ_results::{picture, png, report};
use std::path::Path;

/// Writes what was asked for, with the pictures that `plot` drew.
pub fn write(
    finished: &Finished,
    simulation: &mut Simulation,
    plots: Vec<Picture>,
    args: &RunArgs,
) -> Result<(), Exit> {
    let recorded = simulation.recorded();
    if let Some(why) = &finished.unwritten {
        return Err(unwritten(why, recorded.as_ref()));
    }
    if recorded.is_none() && args.report.is_none() {
        return Ok(());
    }
    let circuit = simulation.diagram();
    let mut pictures = picture::of_run(finished, &circuit, &simulation.traces());
    pictures.extend(plots);
    if let Some((folder, parts)) = recorded {
        folder.make().map_err(|error| complain(&error))?;
        // The manifest names the program by the way from the folder, which must be there.
        let manifest = simulation.manifest(finished, &args.file, folder.path());
        let mut files = bitmaps(&pictures);
        files.extend(simulation.synapse_table().map(|(name, content)| (name.to_string(), content)));
        let about = about(&manifest, simulation);
        commit(&folder, parts, files, &manifest, (format(args.format), &about))?;
    }
    match &args.report {
        Some(path) => write_report(path, finished, simulation, (&circuit, &pictures), args),
        None => Ok(()),
    }
}

/// As this crate's arguments name it.
pub fn format(format: TableFormat) -> Format {
    match format {
        TableFormat::Csv => Format::Csv,
        TableFormat::Npz => Format::Npz,
        TableFormat::Parquet => Format::Parquet,
        TableFormat::Sonata => Format::Sonata,
        TableFormat::Nwb => Format::Nwb,
    }
}

/// Each picture as SVG and as PNG.
pub fn bitmaps(pictures: &[Picture]) -> Vec<(String, Vec<u8>)> {
    let both = |picture: &Picture| {
        let svg = (format!("{}.svg", picture.name), picture.svg.clone().into_bytes());
        let png = png::render(&picture.svg).map(|png| (format!("{}.png", picture.name), png));
        std::iter::once(svg).chain(png)
    };
    pictures.iter().flat_map(both).collect()
}

/// Says that a file could not be written.
pub fn complain(error: &WriteError) -> Exit {
    terminal::complain(&error.to_string());
    Exit::Files
}

fn unwritten(why: &str, recorded: Option<&(Folder, Vec<Part>)>) -> Exit {
    let parts: Vec<String> = recorded
        .iter()
        .flat_map(|(_, parts)| parts)
        .map(|part| format!("`{}`", part.path().display()))
        .collect();
    let kept = match parts.is_empty() {
        true => String::new(),
        false => format!("; what was recorded before is in {}", parts.join(", ")),
    };
    terminal::complain(&format!("{why}{kept}"));
    Exit::Files
}

fn commit(
    folder: &Folder,
    parts: Vec<Part>,
    files: Vec<(String, Vec<u8>)>,
    manifest: &Manifest,
    (format, about): (Format, &About),
) -> Result<(), Exit> {
    let mut aside = Vec::new();
    if format != Format::Csv {
        let tables: Vec<(&str, &Path)> = parts.iter().map(|part| (part.name(), part.path())).collect();
        if let Err(error) = convert(&tables, format, about, &|name| folder.aside(name), &mut aside) {
            let name = aside.last().map_or("run.nwb", String::as_str);
            let why = format!("`{}` could not be written: {error}", folder.path().join(name).display());
            aside.iter().for_each(|name| drop(std::fs::remove_file(folder.aside(name))));
            let all: Vec<String> = parts.iter().map(|it| format!("`{}`", it.path().display())).collect();
            terminal::complain(&format!("{why}; what was recorded is in {}", all.join(", ")));
            return Err(Exit::Files);
        }
    }
    let mut files: Vec<(&str, Vec<u8>)> =
        files.iter().map(|(name, content)| (name.as_str(), content.clone())).collect();
    files.push((circ::output::MANIFEST, manifest.to_json().into_bytes()));
    folder.commit(parts, &aside, &files).map_err(|error| complain(&error))
}

/// What files say of the run they are of.
fn about(manifest: &Manifest, simulation: &Simulation) -> About {
    let results = &manifest.results;
    let program = manifest.program.file_name().map(|name| name.to_string_lossy().into_owned());
    // A run that did not reach its end has no digest.
    let identifier = match results.digest.as_str() {
        "" => format!("{}-seed-{}", results.experiment, results.seed),
        digest => digest.to_string(),
    };
    let description = format!(
        "a simulation of `{}` with Circ {}: {} ms in steps of {} ms",
        results.experiment, results.circ, results.simulated_ms, results.dt_ms
    );
    let (experiment, recorded) = (results.experiment.clone(), simulation.recorded_cells());
    let (program, come_and_go) = (program.unwrap_or_default(), simulation.rewired());
    About { identifier, experiment, program, description, recorded, come_and_go }
}

fn write_report(
    path: &Path,
    finished: &Finished,
    simulation: &Simulation,
    (circuit, pictures): (&Diagram, &[Picture]),
    args: &RunArgs,
) -> Result<(), Exit> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let manifest = simulation.manifest(finished, &args.file, folder);
    whole(path, report::page(&manifest, circuit, pictures).as_bytes())
}

/// Writes a file beside its place and renames it.
pub fn whole(path: &Path, content: &[u8]) -> Result<(), Exit> {
    let fail = |error| complain(&WriteError { path: path.to_path_buf(), error });
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let aside = path.with_file_name(format!(".{}.{name}", std::process::id()));
    let written = std::fs::write(&aside, content).and_then(|()| std::fs::rename(&aside, path));
    written.map_err(|error| {
        // What was never made can not be removed, and that is well.
        let _ = std::fs::remove_file(&aside);
        fail(error)
    })
}
