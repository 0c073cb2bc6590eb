//! Expressions over the cells of a view: weights and rates of drives.
//!
//! In: a view. Out: what `i`, `row`, `col`, `layer` and `size` are for the cell at a position of it: those
//! of the cell in its population.

use circ_plan::ir::*;
use circ_plan::plan::{Indices, Table, View};

use super::context::{Lowerer, Site, Source};

/// A cell of a view.
pub struct ViewSite<'a> {
    pub view: &'a View,
}

impl ViewSite<'_> {
    /// The shape of the population, or the number of cells of a view of several.
    pub fn shape(&self, source: Source) -> Vec<u32> {
        let first = self.view.segments.first().map(|s| s.population);
        match first {
            Some(population) if self.view.segments.iter().all(|s| s.population == population) => {
                source.net.populations.get(population as usize).map_or(vec![], |p| p.shape.clone())
            }
            _ => vec![u32::try_from(self.view.len()).unwrap_or(u32::MAX)],
        }
    }

    /// Whether positions are indices of one population.
    fn is_identity(&self) -> bool {
        matches!(self.view.segments[..], [ref segment] if matches!(segment.cells, Indices::Range(0, _)))
    }
}

impl Lowerer<'_, '_, '_> {
    /// The index in its population of the cell at hand.
    pub fn view_cell_index(&mut self) -> ValueId {
        let position = self.b.index(Side::Own);
        let Site::View(site) = &self.site else { return position };
        if site.is_identity() {
            return position;
        }
        if let [segment] = &site.view.segments[..]
            && let Indices::Range(lo, _) = segment.cells
        {
            let lo = self.b.int(i64::from(lo));
            return self.b.add(position, lo);
        }
        let mut data = vec![];
        for segment in &site.view.segments {
            data.extend((0..segment.cells.len()).map(|at| f64::from(segment.cells.get(at))));
        }
        let table = self.report.add_table(Table { name: String::new(), rows: data.len(), columns: 1, data });
        let zero = self.b.int(0);
        let index = self.b.table(table, position, zero);
        self.b.to_int(index)
    }
}
