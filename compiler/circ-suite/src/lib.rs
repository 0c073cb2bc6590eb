//! Language tests as files, generators of programs, oracles.
