//! Random numbers without state: a draw is a function of a key (of the thing that draws) and a counter
//! (who, when, which draw), so order, threads and shards cannot change it.
//!
//! Uniform and normal draws of cells `2k` and `2k + 1` share a block of the generator. Rejection
//! samplers use a stream of their own that begins at attempt `2^19`.

mod distributions;
mod philox;
mod rows;
mod scattered;
mod trains;

pub use distributions::{MOST_REDRAWS, draw, poisson_cumulative, poisson_from_uniform, redraw};
pub use philox::{Counter, Stream, key, philox, trial_key, uniform53};
pub use rows::{normal_row, uniform_row};
pub use scattered::{draw_each, redraw_each};
pub use trains::{Means, Trains, add_counts, add_counts_f32, train_count};
