//! Finds an operation that a program under construction has already.
//!
//! In: operations. Out: the value that the same one made. Why not a map of the library: the operations are in the
//! program already, so a table of their places is enough, and nothing is ever listed in the order of a hash.

use circ_plan::ir::*;

use super::ops::{commutes, hash, operands};

/// Places of operations, by their hashes: open addressing with linear probing, at most half full.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// A power of two of them, or none.
    slots: Vec<Option<Slot>>,
    count: usize,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u32,
    value: ValueId,
}

impl Known {
    /// The value of this operation in a program, to which it is added if it is not there.
    pub fn find_or_push(&mut self, program: &mut Program, op: Op, ty: Ty) -> ValueId {
        let hash = hash(&op);
        if let Some(value) = self.find(program, &op, hash) {
            return value;
        }
        let value = program.push(op, ty);
        self.add(Slot { hash, value });
        value
    }

    fn find(&self, program: &Program, op: &Op, hash: u32) -> Option<ValueId> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = hash as usize & mask;
        while let Some(slot) = self.slots[at] {
            if slot.hash == hash && is_same(program.op(slot.value), op) {
                return Some(slot.value);
            }
            at = (at + 1) & mask;
        }
        None
    }

    fn add(&mut self, slot: Slot) {
        if self.slots.len() <= 2 * self.count {
            let larger = vec![None; (2 * self.slots.len()).max(64)];
            let known = std::mem::replace(&mut self.slots, larger);
            known.into_iter().flatten().for_each(|slot| self.place(slot));
        }
        self.place(slot);
        self.count += 1;
    }

    fn place(&mut self, slot: Slot) {
        let mask = self.slots.len() - 1;
        let mut at = slot.hash as usize & mask;
        while self.slots[at].is_some() {
            at = (at + 1) & mask;
        }
        self.slots[at] = Some(slot);
    }
}

/// Whether operations make the same bits: the same operation, immediates (floats by their bits: 0 is not -0) and
/// operands, in either order where the order does not matter.
fn is_same(a: &Op, b: &Op) -> bool {
    match (a, b) {
        (Op::Float(x), Op::Float(y)) => x.to_bits() == y.to_bits(),
        _ if a == b => true,
        _ if commutes(a) && std::mem::discriminant(a) == std::mem::discriminant(b) => {
            let (x, y) = (operands(a), operands(b));
            let same_kind = match (a, b) {
                (Op::Compare(one, ..), Op::Compare(other, ..)) => one == other,
                _ => true,
            };
            same_kind && (x[0], x[1]) == (y[1], y[0]) && x[2..] == y[2..]
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(ops: &[Op]) -> (Program, Known) {
        let (mut program, mut known) = (Program::new("test", Precision::F64), Known::default());
        for op in ops {
            known.find_or_push(&mut program, op.clone(), Ty::Float);
        }
        (program, known)
    }

    #[test]
    fn operations_are_found_by_their_bits() {
        let ops: Vec<Op> = (0..1000)
            .map(|k| Op::Float(f64::from(k)))
            .chain([Op::Float(-0.0), Op::Float(f64::NAN)])
            .collect();
        let (program, known) = known(&ops);
        for (at, op) in ops.iter().enumerate() {
            assert_eq!(known.find(&program, op, hash(op)), Some(ValueId(at as u32)), "{op:?}");
        }
        for op in [Op::Float(0.5), Op::Int(1)] {
            assert_eq!(known.find(&program, &op, hash(&op)), None);
        }
    }

    #[test]
    fn the_order_of_operands_counts_where_it_matters() {
        let [a, b, c] = [0, 1, 2].map(ValueId);
        let ops = [Op::Add(a, b), Op::Sub(a, b), Op::Fma(a, b, c), Op::Compare(Compare::Eq, a, b)];
        let (program, known) = known(&ops);
        let found = |op| known.find(&program, &op, hash(&op));
        assert_eq!(found(Op::Add(b, a)), Some(ValueId(0)));
        assert_eq!(found(Op::Sub(b, a)), None);
        assert_eq!(found(Op::Mul(b, a)), None);
        assert_eq!(found(Op::Fma(b, a, c)), Some(ValueId(2)));
        assert_eq!(found(Op::Fma(c, b, a)), None);
        assert_eq!(found(Op::Compare(Compare::Eq, b, a)), Some(ValueId(3)));
        assert_eq!(found(Op::Compare(Compare::Ne, b, a)), None);
    }
}
