//! Builds kernel programs: common subexpressions once, constants folded, dead operations gone.
//!
//! In: calls that read like the expression. Out: a [`Program`]. Every simplification is exact: the
//! value has the same bits as without it (the bits of a NaN aside). So `x * 1` is `x`, but `x + 0` is
//! not, since `-0 + 0` is `0`.
//!
//! ```
//! use circ_compiler::kernel::build::Builder;
//! use circ_plan::ir::*;
//!
//! let mut b = Builder::new("E.step", Precision::F64);
//! let v = b.load(Side::Own, ArrayId(0), Ty::Float);
//! let decay = b.float(0.9);
//! let next = b.mul(v, decay);
//! let program = b.finish(vec![Output::Array(ArrayId(0), next)], vec![]);
//! assert_eq!(program.ops.len(), 3);
//! ```

use circ_plan::ir::*;

use super::known::Known;
use super::ops::{map_operands, map_output, operands, output_value};
use super::regions::with_regions;
use super::simplify::Simple;
use crate::interpret::apply::{Value, apply, clamp_tick, round_to};

/// A program under construction. A value that was made once is made once, however often it is asked
/// for; a draw with the same distribution, arguments, key and salt *is* the same draw.
///
/// Its methods assert that operand types fit: a program of other types comes from a slip in the
/// compiler, not in the user's text.
#[derive(Clone, Debug)]
pub struct Builder {
    program: Program,
    made: Known,
}

/// Operations that most programs have at least, before those that nothing needs are gone.
const USUAL: usize = 32;

impl Builder {
    /// An empty program with this name (for people: `E.step`).
    pub fn new(name: impl Into<String>, precision: Precision) -> Builder {
        let mut program = Program::new(name, precision);
        program.ops.reserve(USUAL);
        program.types.reserve(USUAL);
        Builder { program, made: Known::default() }
    }

    /// The precision of `Float`.
    pub fn precision(&self) -> Precision {
        self.program.precision
    }

    /// The type of a value.
    pub fn ty(&self, value: ValueId) -> Ty {
        self.program.ty(value)
    }

    /// The operation that makes a value.
    pub fn op(&self, value: ValueId) -> &Op {
        self.program.op(value)
    }

    /// The value, if it is a constant.
    pub fn constant(&self, value: ValueId) -> Option<Value> {
        match *self.op(value) {
            Op::Float(x) => Some(Value::Float(x)),
            Op::Int(x) => Some(Value::Int(x)),
            Op::Bool(x) => Some(Value::Bool(x)),
            Op::Tick(x) => Some(Value::Tick(x)),
            _ => None,
        }
    }

    /// The number, if it is a `Float` constant.
    pub fn float_constant(&self, value: ValueId) -> Option<f64> {
        match self.constant(value) {
            Some(Value::Float(x)) => Some(x),
            _ => None,
        }
    }

    /// The one door for operations: folds, simplifies, finds the same operation again, or appends.
    /// `ty` is the type of the value.
    pub fn emit(&mut self, op: Op, ty: Ty) -> ValueId {
        let constant = match op {
            Op::Float(x) => return self.float(x),
            Op::Tick(x) => return self.tick(x),
            _ => self.fold(&op),
        };
        if let Some(value) = constant {
            return self.value(value);
        }
        match self.simplify(&op) {
            Some(Simple::Is(value)) => value,
            Some(Simple::Op(op)) => self.emit(op, ty),
            Some(Simple::Scaled(a, factor)) => {
                let factor = self.float(factor);
                self.emit(Op::Mul(a, factor), ty)
            }
            None => self.unique(op, ty),
        }
    }

    /// A constant.
    pub fn value(&mut self, value: Value) -> ValueId {
        match value {
            Value::Float(x) => self.float(x),
            Value::Int(x) => self.int(x),
            Value::Bool(x) => self.bool(x),
            Value::Tick(x) => self.tick(x),
        }
    }

    /// A `Float` constant, rounded to the precision.
    pub fn float(&mut self, x: f64) -> ValueId {
        let x = round_to(self.precision(), x);
        self.unique(Op::Float(x), Ty::Float)
    }

    /// An `Int` constant.
    pub fn int(&mut self, x: i64) -> ValueId {
        self.unique(Op::Int(x), Ty::Int)
    }

    /// A `Bool` constant.
    pub fn bool(&mut self, x: bool) -> ValueId {
        self.unique(Op::Bool(x), Ty::Bool)
    }

    /// A `Tick` constant, at most what the width of `Tick` holds.
    pub fn tick(&mut self, x: i64) -> ValueId {
        let x = clamp_tick(self.precision(), x);
        self.unique(Op::Tick(x), Ty::Tick)
    }

    /// Appends all values of another program (of the same precision) and returns their ids here.
    /// For each of them, given its id there, `instead` may give a value of this program to take its place.
    pub fn append(
        &mut self,
        other: &Program,
        mut instead: impl FnMut(&mut Builder, ValueId) -> Option<ValueId>,
    ) -> Vec<ValueId> {
        let mut ids: Vec<ValueId> = Vec::with_capacity(other.ops.len());
        for (at, op) in other.ops.iter().enumerate() {
            let value = ValueId(at as u32);
            let id = match instead(self, value) {
                Some(id) => id,
                None => self.emit(map_operands(op, |v| ids[v.0 as usize]), other.ty(value)),
            };
            ids.push(id);
        }
        ids
    }

    /// The program with these outputs and checks: operations that nothing needs are gone, the rest
    /// renumbered in order, regions marked. Checks that always hold, and all but the first of equal
    /// checks, are gone too.
    pub fn finish(self, outputs: Vec<Output>, checks: Vec<Check>) -> Program {
        with_regions(self.finish_in_order(outputs, checks))
    }

    /// Likewise, without regions: for programs that are not made into machine code.
    pub fn finish_in_order(self, outputs: Vec<Output>, checks: Vec<Check>) -> Program {
        let checks = self.needed_checks(checks);
        let live = live(&self.program, &outputs, &checks);
        let mut program = Program::new(self.program.name, self.program.precision);
        let count = live.iter().filter(|it| **it).count();
        program.ops.reserve_exact(count);
        program.types.reserve_exact(count);
        let mut ids = vec![ValueId(0); self.program.ops.len()];
        for (at, op) in self.program.ops.iter().enumerate() {
            if live[at] {
                ids[at] = program.push(map_operands(op, |v| ids[v.0 as usize]), self.program.types[at]);
            }
        }
        let to = |v: ValueId| ids[v.0 as usize];
        program.outputs = outputs.iter().map(|output| map_output(output, to)).collect();
        program.checks = checks.into_iter().map(|check| Check { value: to(check.value), ..check }).collect();
        program
    }

    fn needed_checks(&self, checks: Vec<Check>) -> Vec<Check> {
        let mut needed: Vec<Check> = vec![];
        for check in checks {
            let holds = match self.constant(check.value) {
                Some(Value::Float(x)) => x.is_finite(),
                Some(Value::Bool(fails)) => !fails,
                _ => false,
            };
            if !holds && !needed.iter().any(|c| c.kind == check.kind && c.value == check.value) {
                needed.push(check);
            }
        }
        needed
    }

    /// Finds the same operation or appends it.
    fn unique(&mut self, op: Op, ty: Ty) -> ValueId {
        self.made.find_or_push(&mut self.program, op, ty)
    }

    /// The value of an operation on constants. A NaN is left to run time: its bits are the processor's.
    fn fold(&self, op: &Op) -> Option<Value> {
        let operands = operands(op);
        if operands.is_empty() || operands.iter().any(|v| self.constant(*v).is_none()) {
            return None;
        }
        let constant = |v: ValueId| self.constant(v).expect("all operands are constants");
        apply(self.precision(), op, &constant).filter(|value| !matches!(value, Value::Float(x) if x.is_nan()))
    }
}

/// Which operations outputs and checks need.
fn live(program: &Program, outputs: &[Output], checks: &[Check]) -> Vec<bool> {
    let mut live = vec![false; program.ops.len()];
    for root in outputs.iter().map(output_value).chain(checks.iter().map(|check| check.value)) {
        live[root.0 as usize] = true;
    }
    for at in (0..program.ops.len()).rev() {
        if live[at] {
            for operand in operands(&program.ops[at]) {
                live[operand.0 as usize] = true;
            }
        }
    }
    live
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builder() -> Builder {
        Builder::new("test", Precision::F64)
    }

    fn cell_value(b: &mut Builder) -> ValueId {
        b.load(Side::Own, ArrayId(0), Ty::Float)
    }

    #[test]
    fn the_same_expression_is_one_value() {
        let mut b = builder();
        let x = cell_value(&mut b);
        let y = b.load(Side::Own, ArrayId(1), Ty::Float);
        assert_eq!(b.add(x, y), b.add(y, x));
        assert_ne!(b.sub(x, y), b.sub(y, x));
        let (one, two) = (b.float(1.0), b.float(2.0));
        let draw = |b: &mut Builder, salt| b.draw(Distribution::Normal, vec![one, two], KeyId(0), salt);
        assert_eq!(draw(&mut b, 1), draw(&mut b, 1));
        assert_ne!(draw(&mut b, 1), draw(&mut b, 2));
    }

    #[test]
    fn constants_fold_in_the_precision() {
        for (precision, sum) in [(Precision::F64, 0.1 + 0.2), (Precision::F32, f64::from(0.1f32 + 0.2f32))] {
            let mut b = Builder::new("test", precision);
            let (x, y) = (b.float(0.1), b.float(0.2));
            let z = b.add(x, y);
            assert_eq!(b.constant(z), Some(Value::Float(sum)));
        }
    }

    #[test]
    fn a_nan_is_left_to_run_time() {
        let mut b = builder();
        let zero = b.float(0.0);
        let quotient = b.div(zero, zero);
        assert!(b.constant(quotient).is_none());
    }

    #[test]
    fn what_nothing_needs_is_gone() {
        let mut b = builder();
        let x = cell_value(&mut b);
        let unused = b.sqrt(x);
        let _ = b.abs(unused);
        let one = b.float(1.0);
        let next = b.add(x, one);
        let finite = |value| Check { kind: CheckKind::Finite, value, place: 0 };
        let program =
            b.finish(vec![Output::Array(ArrayId(0), next)], vec![finite(next), finite(next), finite(one)]);
        assert_eq!(program.ops.len(), 3);
        assert_eq!(program.checks.len(), 1);
    }

    #[test]
    fn a_costly_reaction_is_a_region_behind_its_mask() {
        let mut b = builder();
        let x = cell_value(&mut b);
        let costly = b.call1(Function::Exp, x);
        let top = b.float(-50.0);
        let mask = b.ge(x, top);
        let next = b.select(mask, costly, x);
        let program = b.finish(vec![Output::Array(ArrayId(0), next)], vec![]);
        let [region] = program.regions[..] else { panic!("one region, not {:?}", program.regions) };
        assert!(matches!(program.ops[region.first as usize], Op::Call1(..)));
        assert_eq!(region.end, region.first + 1);
        assert!(region.mask.0 < region.first);
    }
}
