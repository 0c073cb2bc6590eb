//! Entries of cells.

use super::table::{cell, code, table};
use super::{Writer, type_words};
use circ_compiler::hir::{Cell, CellId, PortShape, Var, VarKind};
use circ_compiler::types::Type;
use circ_grammar::ast::{self, CellItemKind, Polarity, Span};

/// Makes the row of a variable, if it is of the table's kind.
type Row<'a> = &'a dyn Fn(&Cell, &Var, &Type) -> Option<Vec<String>>;

impl Writer<'_> {
    pub(super) fn cell(&self, written: &ast::Cell) -> String {
        let at = self.hir.cells.iter().position(|it| it.span == written.name.span);
        let Some(id) = at.map(|at| CellId(at as u32)) else { return String::new() };
        let cell = self.hir.cell(id);
        let mut out = String::new();
        if let Some(base) = cell.base.map(|base| &self.hir.cell(base).name) {
            out += &format!("Extends `{base}`: what is not written again is as there.\n\n");
        }
        let rows = |row: Row| -> Vec<Vec<String>> {
            let types = self.types.vars.get(id.index()).map_or(&[][..], Vec::as_slice);
            let vars = cell.vars.iter().enumerate();
            vars.filter_map(|(at, var)| row(cell, var, types.get(at).unwrap_or(&Type::Error))).collect()
        };
        let columns = ["name", "default", "type", "range", "meaning"];
        out += &table("Parameters:", &columns, &rows(&|cell, var, ty| self.param(cell, var, ty)));
        out += &table(
            "Ports:",
            &["name", "polarity", "type", "shape", "meaning"],
            &rows(&|cell, var, ty| self.port(cell, var, ty)),
        );
        let columns = ["name", "at the beginning", "type", "range", "meaning"];
        out += &table("States:", &columns, &rows(&|cell, var, ty| self.state(cell, var, ty)));
        out + &self.statements(&dynamics(&written.items))
    }

    fn param(&self, cell: &Cell, var: &Var, ty: &Type) -> Option<Vec<String>> {
        let VarKind::Param { range, default } = &var.kind else { return None };
        let default = default.map_or("must be given".to_string(), |value| self.value(value));
        Some(row(cell, var, [default, type_words(ty), self.range(*range)]))
    }

    fn state(&self, cell: &Cell, var: &Var, ty: &Type) -> Option<Vec<String>> {
        let VarKind::State { range, initial } = &var.kind else { return None };
        let initial = initial.map_or(String::new(), |value| self.value(value));
        Some(row(cell, var, [initial, type_words(ty), self.range(*range)]))
    }

    fn port(&self, of: &Cell, var: &Var, ty: &Type) -> Option<Vec<String>> {
        let VarKind::Port { polarity, shape } = &var.kind else { return None };
        let polarity = match polarity {
            Some(Polarity::Excitatory) => "excitatory",
            Some(Polarity::Inhibitory) => "inhibitory",
            Some(Polarity::Modulatory) => "modulatory",
            None => "",
        };
        let shape = match shape {
            PortShape::Exponential { tau } => format!("exponential({})", self.value(*tau)),
            PortShape::Alpha { tau } => format!("alpha({})", self.value(*tau)),
            PortShape::Biexponential { rise, decay } => {
                format!("biexponential({}, {})", self.value(*rise), self.value(*decay))
            }
            PortShape::Delta { state, subtract } => {
                let sign = if *subtract { "-" } else { "" };
                format!("delta({sign}{})", of.vars[state.index()].name)
            }
            PortShape::Sum => "sum".to_string(),
            PortShape::Error => String::new(),
        };
        Some(row(of, var, [polarity.to_string(), type_words(ty), shape]))
    }
}

/// Those of segments with the segment before their name.
fn row(of: &Cell, var: &Var, middle: [String; 3]) -> Vec<String> {
    let name = match var.home {
        Some(segment) => format!("{}.{}", of.segment_path(segment), var.name),
        None => var.name.to_string(),
    };
    let middle = middle.map(|text| cell(&text));
    let doc = cell(var.doc.as_deref().unwrap_or(""));
    [vec![code(&name)], middle.to_vec(), vec![doc]].concat()
}

/// What is in no table.
fn dynamics(items: &[ast::CellItem]) -> Vec<Span> {
    let is_shown = |item: &&ast::CellItem| match item.kind {
        CellItemKind::Param(_) | CellItemKind::Port { .. } | CellItemKind::State(_) => false,
        CellItemKind::Error => false,
        CellItemKind::Equation(_) | CellItemKind::Let(_) | CellItemKind::Fn(_) => true,
        CellItemKind::Segment { .. } | CellItemKind::Spike { .. } | CellItemKind::Event { .. } => true,
        CellItemKind::On { .. } | CellItemKind::OnEnd { .. } | CellItemKind::Mode { .. } => true,
        CellItemKind::Couple { .. } | CellItemKind::For { .. } => true,
        CellItemKind::Method(_) | CellItemKind::Precision(_) => true,
    };
    items.iter().filter(is_shown).map(|item| item.span).collect()
}
