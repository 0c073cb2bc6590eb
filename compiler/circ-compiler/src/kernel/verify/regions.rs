//! What regions must fulfil, so that a branch around one changes nothing.

use circ_plan::ir::*;

use super::operations::same;
use crate::kernel::ops::{Operands, operands, output_value};

/// Whether regions are in order, nested or disjoint, behind their masks, and closed: what is in one is
/// used only in it, or selected by its mask.
pub(super) fn regions(program: &Program) -> Result<(), String> {
    let mut open: Vec<Region> = vec![];
    let mut last_first = 0;
    for region in &program.regions {
        let name = format!("region {} .. {}", region.first, region.end);
        if region.end <= region.first || program.ops.len() < region.end as usize {
            return Err(format!("{name}: there are no such operations"));
        }
        if region.first <= region.mask.0 {
            return Err(format!("{name}: its mask v{} is made too late", region.mask.0));
        }
        same(Ty::Bool, program.ty(region.mask)).map_err(|e| format!("{name}: {e}"))?;
        if region.first < last_first {
            return Err(format!("{name}: regions are not in order"));
        }
        last_first = region.first;
        open.retain(|outer| region.first < outer.end);
        if open.last().is_some_and(|outer| outer.end < region.end) {
            return Err(format!("{name}: overlaps another"));
        }
        open.push(*region);
        closed(program, region).map_err(|value| format!("{name}: v{value} matters outside"))?;
    }
    Ok(())
}

fn closed(program: &Program, region: &Region) -> Result<(), u32> {
    let inside = |v: ValueId| region.first <= v.0 && v.0 < region.end;
    let roots =
        program.outputs.iter().map(output_value).chain(program.checks.iter().map(|check| check.value));
    if let Some(root) = roots.into_iter().find(|root| inside(*root)) {
        return Err(root.0);
    }
    for (at, op) in program.ops.iter().enumerate() {
        let at = ValueId(at as u32);
        if inside(at) {
            continue;
        }
        let used: Operands = match op {
            Op::Select(mask, _, other) if *mask == region.mask => Operands::from_slice(&[*other]),
            _ => operands(op),
        };
        if let Some(escaped) = used.into_iter().find(|v| inside(*v)) {
            return Err(escaped.0);
        }
    }
    Ok(())
}
