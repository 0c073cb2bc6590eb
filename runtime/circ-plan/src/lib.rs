//! The contract between compiler and runtime: kernels, layouts, schedule, engines.
