//! The command `circ`.
fn main() {}
