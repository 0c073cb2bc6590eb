//! Pictures of a run and of a sweep, by their names as files.
//!
//! In: what a run found. Out: SVG documents. What there is nothing to draw of is not there.

use crate::histogram::{self, Bars};
use crate::raster::{self, Band, Silent};
use crate::svg::Svg;
use crate::{colour, diagram, sweep, trace};
use circ::run::Finished;
use circ::show::{Diagram, Drawing, Plot, Population, Trace};
use std::borrow::Cow;

/// The colour of what belongs to no population.
const UNKNOWN: &str = "#51606f";

/// A picture.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Without an ending: `raster`.
    pub name: Cow<'static, str>,
    /// For people.
    pub title: Cow<'static, str>,
    pub svg: String,
}

/// Spikes, traces and weights of a run.
pub fn of_run(finished: &Finished, circuit: &Diagram, traces: &[Trace]) -> Vec<Picture> {
    let title = &finished.results.experiment;
    let colours = colour::of(&circuit.populations);
    let band = |it: &circ::run::PopulationSpikes| {
        let at = circuit.populations.iter().position(|population| population.path == it.population);
        let colour = at.map_or(UNKNOWN, |at| colours[at]);
        (it.population.clone(), it.cells, colour)
    };
    let named: Vec<_> = finished.spikes.iter().map(band).collect();
    let bands: Vec<Band> = named
        .iter()
        .zip(&finished.spikes)
        .map(|((name, cells, colour), it)| Band { name, cells: *cells, colour, spikes: &it.spikes })
        .collect();
    let (ticks, dt_ms) = (finished.ticks, finished.results.dt_ms);
    let raster = raster::draw(&format!("{title}: spikes"), &bands, ticks, dt_ms, Silent::LeftOut);
    let traces = trace::draw(&format!("{title}: traces"), traces);
    let differ = circuit.projections.iter().filter(|it| !it.weight_counts.is_empty());
    let weights = differ.map(Bars::of_projection).collect::<Vec<_>>();
    let weights = histogram::draw(&format!("{title}: weights"), &weights);
    let all = [
        ("raster", "Spikes and rates", raster),
        ("traces", "Traces", traces),
        ("weights", "Weights", weights),
    ];
    let picture = |(name, title, svg): (&'static str, &'static str, Option<Svg>)| {
        svg.map(|svg| Picture { name: name.into(), title: title.into(), svg: svg.finish() })
    };
    all.into_iter().filter_map(picture).collect()
}

/// What a `plot` asked for, in a circuit with these populations.
pub fn of_plot(plot: &Plot, populations: &[Population]) -> Option<Picture> {
    let title = &plot.text;
    let svg = match &plot.drawing {
        Drawing::Events(bands) => {
            let colours = colour::of(populations);
            let band = |it| band(it, populations, &colours);
            let bands: Vec<Band> = bands.iter().map(band).collect();
            raster::draw(title, &bands, plot.ticks, plot.dt_ms, Silent::Shown)
        }
        Drawing::Traces(traces) => trace::draw(title, traces),
        Drawing::Spreads(spreads) => {
            histogram::draw(title, &spreads.iter().map(Bars::of_spread).collect::<Vec<_>>())
        }
    };
    let (name, title) = (plot.name.clone().into(), title.clone().into());
    svg.map(|svg| Picture { name, title, svg: svg.finish() })
}

fn band<'a>(it: &'a circ::show::Band, populations: &[Population], colours: &[&'static str]) -> Band<'a> {
    let at = populations.iter().position(|population| population.path == it.population);
    let colour = at.map_or(UNKNOWN, |at| colours[at]);
    Band { name: &it.name, cells: it.cells, colour, spikes: &it.spikes }
}

/// The circuit.
pub fn of_circuit(title: &str, circuit: &Diagram) -> String {
    diagram::draw(title, circuit).finish()
}

/// The table of a sweep, of which the first columns were swept.
pub fn of_sweep(title: &str, header: &[String], rows: &[Vec<String>], swept: usize) -> Option<Picture> {
    let svg = sweep::draw(title, header, rows, swept)?;
    Some(Picture { name: "sweep".into(), title: "Sweep".into(), svg: svg.finish() })
}
