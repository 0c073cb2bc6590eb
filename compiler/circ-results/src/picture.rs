//! Pictures of a run and of a sweep, by their names as files.
//!
//! In: what a run found. Out: SVG documents. What there is nothing to draw of is not there.

use crate::raster::{self, Band};
use crate::{colour, diagram, histogram, sweep, trace};
use circ::run::Finished;
use circ::show::{Diagram, Trace};

/// A picture.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Without an ending: `raster`.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    pub svg: String,
}

/// Names of all pictures that a folder of results may hold.
pub const NAMES: [&str; 4] = ["raster", "traces", "weights", "sweep"];

/// Spikes, traces and weights of a run.
pub fn of_run(finished: &Finished, circuit: &Diagram, traces: &[Trace]) -> Vec<Picture> {
    let title = &finished.results.experiment;
    let colours = colour::of(&circuit.populations);
    let band = |it: &circ::run::PopulationSpikes| {
        let at = circuit.populations.iter().position(|population| population.path == it.population);
        let colour = at.map_or("#51606f", |at| colours[at]);
        (it.population.clone(), it.cells, colour)
    };
    let named: Vec<_> = finished.spikes.iter().map(band).collect();
    let bands: Vec<Band> = named
        .iter()
        .zip(&finished.spikes)
        .map(|((name, cells, colour), it)| Band { name, cells: *cells, colour, spikes: &it.spikes })
        .collect();
    let raster = raster::draw(&format!("{title}: spikes"), &bands, finished.ticks, finished.results.dt_ms);
    let traces = trace::draw(&format!("{title}: traces"), traces);
    let weights = histogram::draw(&format!("{title}: weights"), &circuit.projections);
    let all = [
        ("raster", "Spikes and rates", raster),
        ("traces", "Traces", traces),
        ("weights", "Weights", weights),
    ];
    let picture = |(name, title, svg): (_, _, Option<crate::svg::Svg>)| {
        svg.map(|svg| Picture { name, title, svg: svg.finish() })
    };
    all.into_iter().filter_map(picture).collect()
}

/// The circuit.
pub fn of_circuit(title: &str, circuit: &Diagram) -> String {
    diagram::draw(title, circuit).finish()
}

/// The table of a sweep, of which the first columns were swept.
pub fn of_sweep(title: &str, header: &[String], rows: &[Vec<String>], swept: usize) -> Option<Picture> {
    let svg = sweep::draw(title, header, rows, swept)?;
    Some(Picture { name: "sweep", title: "Sweep", svg: svg.finish() })
}
