//! Entries of circuits, experiments, functions and constants.

use super::table::{cell, code, table};
use super::{Writer, type_words};
use circ_compiler::hir::{Slot, SlotId, SlotKind};
use circ_compiler::types::Type;
use circ_grammar::ast::{self, CircuitItem, CircuitItemKind, Path, Span};

impl Writer<'_> {
    pub(super) fn circuit(&self, written: &ast::Circuit) -> String {
        let Some(at) = self.hir.circuits.iter().position(|it| it.span == written.name.span) else {
            return String::new();
        };
        let circuit = &self.hir.circuits[at];
        let types = self.types.circuit_slots.get(at).map_or(&[][..], Vec::as_slice);
        let rows: Vec<_> = written.items.iter().filter_map(|item| self.part(item)).collect();
        self.formals(&circuit.slots, &circuit.formals, types)
            + &table("Holds:", &["name", "what", "of", "meaning"], &rows)
    }

    pub(super) fn experiment(&self, written: &ast::Experiment) -> String {
        let Some(at) = self.hir.experiments.iter().position(|it| it.span == written.name.span) else {
            return String::new();
        };
        let experiment = &self.hir.experiments[at];
        let types = self.types.experiment_slots.get(at).map_or(&[][..], Vec::as_slice);
        let of = written.of.as_ref().map(|(circuit, _)| format!("Of the circuit `{}`.\n\n", path(circuit)));
        of.unwrap_or_default() + &self.formals(&experiment.slots, &experiment.formals, types)
    }

    fn formals(&self, slots: &[Slot], formals: &[SlotId], types: &[Type]) -> String {
        let row = |id: &SlotId| {
            let slot = slots.get(id.index())?;
            let SlotKind::Formal { range, default, .. } = &slot.kind else { return None };
            let default = default.map_or("must be given".to_string(), |value| self.value(value));
            let ty = types.get(id.index()).map_or(String::new(), type_words);
            Some(vec![code(&slot.name), cell(&default), cell(&ty), cell(&self.range(*range)), String::new()])
        };
        let rows: Vec<_> = formals.iter().filter_map(row).collect();
        table("Parameters:", &["name", "default", "type", "range", "meaning"], &rows)
    }

    /// A population, drive, projection or part.
    fn part(&self, item: &CircuitItem) -> Option<Vec<String>> {
        let value = |id: ast::ExprId| self.text(self.program.main().expr(id).span);
        let (name, what, of) = match &item.kind {
            CircuitItemKind::Population { population, .. } => {
                let sizes: Vec<String> = population.size.iter().map(|size| value(*size)).collect();
                let size = if sizes.is_empty() { String::new() } else { format!("[{}]", sizes.join(", ")) };
                (&population.name, "population", format!("{}{size}", path(&population.cell)))
            }
            CircuitItemKind::Drive { drive, .. } => {
                (&drive.name, "drive", format!("{} -> {}", value(drive.source), value(drive.target)))
            }
            CircuitItemKind::Projection { projection, .. } => {
                let arrow = if projection.symmetric { "<->" } else { "->" };
                let (source, target) = (value(projection.source), value(projection.target));
                (&projection.name, "projection", format!("{source} {arrow} {target}"))
            }
            CircuitItemKind::Part { name, circuit, .. } => (name, "part", path(circuit)),
            CircuitItemKind::Data { .. } | CircuitItemKind::Let { .. } | CircuitItemKind::Fn(_) => {
                return None;
            }
            CircuitItemKind::For { .. } | CircuitItemKind::If { .. } => return None,
            CircuitItemKind::Constraints(_) | CircuitItemKind::Error => return None,
        };
        let doc = item.attributes.doc.as_deref().unwrap_or("");
        Some(vec![code(&name.text), what.to_string(), code(&of), cell(doc)])
    }

    pub(super) fn function(&self, written: &ast::Function, text: Span) -> String {
        let at = self.hir.functions.iter().position(|it| it.span == written.name.span);
        let result = at.and_then(|at| self.types.functions.get(at)).map_or(String::new(), type_words);
        let gives = if result.is_empty() { String::new() } else { format!("\nGives: {result}\n") };
        self.statements(&[text]) + &gives
    }

    /// A constant or data; what documents it stands above.
    pub(super) fn constant(&self, name: Span, text: Span) -> String {
        let at = self.hir.globals.iter().position(|it| it.span == name);
        let ty = at.and_then(|at| self.types.globals.get(at)).map_or(String::new(), type_words);
        let is = if ty.is_empty() { String::new() } else { format!("\nType: {ty}\n") };
        self.statements(&[text]) + &is
    }
}

fn path(path: &Path) -> String {
    path.names.iter().map(|name| &*name.text).collect::<Vec<_>>().join(".")
}
