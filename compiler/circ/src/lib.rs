//! Compile, instantiate, run and observe neural circuits: the library to embed.
