//! Coefficients of a linear form.
//!
//! In: terms, in any order. Out: one coefficient for each variable, ascending. Nearly every form has one term or two, so
//! they lie side by side and need no memory of their own.

use circ_plan::ir::ValueId;
use smallvec::{SmallVec, smallvec};

/// By index of the variable; what is not there is 0.
#[derive(Clone, Debug, Default)]
pub struct Terms(SmallVec<[(usize, ValueId); 2]>);

impl Terms {
    /// A variable by itself.
    pub fn one(variable: usize, coefficient: ValueId) -> Terms {
        Terms(smallvec![(variable, coefficient)])
    }

    fn place(&self, variable: usize) -> Result<usize, usize> {
        self.0.binary_search_by_key(&variable, |term| term.0)
    }

    /// The coefficient of a variable.
    pub fn get(&self, variable: &usize) -> Option<&ValueId> {
        self.place(*variable).ok().map(|at| &self.0[at].1)
    }

    /// Whether a variable has a coefficient.
    pub fn contains_key(&self, variable: &usize) -> bool {
        self.place(*variable).is_ok()
    }

    /// Gives a variable this coefficient.
    pub fn insert(&mut self, variable: usize, coefficient: ValueId) {
        match self.place(variable) {
            Ok(at) => self.0[at].1 = coefficient,
            Err(at) => self.0.insert(at, (variable, coefficient)),
        }
    }

    /// The variables, ascending.
    pub fn keys(&self) -> impl Iterator<Item = &usize> {
        self.0.iter().map(|term| &term.0)
    }

    /// The coefficients, by variable.
    pub fn values(&self) -> impl Iterator<Item = &ValueId> {
        self.0.iter().map(|term| &term.1)
    }

    /// Every coefficient made into another, in order.
    pub fn map(mut self, mut to: impl FnMut(ValueId) -> ValueId) -> Terms {
        self.0.iter_mut().for_each(|term| term.1 = to(term.1));
        self
    }
}

impl IntoIterator for Terms {
    type Item = (usize, ValueId);
    type IntoIter = smallvec::IntoIter<[(usize, ValueId); 2]>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
