//! Kernels to machine code: the only crate that sees Cranelift.
