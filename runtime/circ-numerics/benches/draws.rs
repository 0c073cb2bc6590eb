//! Nanoseconds for a draw, one thread: `cargo bench -p circ-numerics`.
//!
//! Bound by arithmetic: ten rounds of the generator serve two uniform numbers or two normal ones (the places of synapses
//! one), and four counts.

use circ_numerics::Distribution;
use circ_numerics::math::exp_row;
use circ_numerics::random::{Counter, Trains, draw, draw_each, normal_row, uniform_row};
use divan::Bencher;
use divan::counter::ItemsCount;

const ROW: usize = 4096;
const KEY: [u32; 2] = [1, 2];

fn main() {
    divan::main();
}

fn row(bencher: Bencher, mut fill: impl FnMut(&mut [f64])) {
    let mut out = vec![0.0; ROW];
    bencher.counter(ItemsCount::new(ROW)).bench_local(|| fill(divan::black_box(&mut out)));
}

/// Places as synapses have them.
fn places() -> Vec<Counter> {
    (0..ROW as u32).map(|k| Counter { entity: 7, partner: 13 * k, tick: 0, salt: 1 }).collect()
}

#[divan::bench]
fn uniform(bencher: Bencher) {
    row(bencher, |out| uniform_row(KEY, 0, 0, 1, 0, out));
}

#[divan::bench]
fn normal(bencher: Bencher) {
    row(bencher, |out| normal_row(KEY, 0, 0, 1, 0, out));
}

#[divan::bench(args = [0.02, 2.0, 20.0])]
fn trains(bencher: Bencher, mean: f64) {
    let (trains, mut counts) = (Trains::new(mean), vec![0; ROW]);
    bencher
        .counter(ItemsCount::new(ROW))
        .bench_local(|| trains.counts(KEY, 0, 1, divan::black_box(&mut counts)));
}

#[divan::bench(args = [Distribution::Uniform, Distribution::Normal, Distribution::Lognormal, Distribution::Exponential])]
fn of_places(bencher: Bencher, distribution: Distribution) {
    let places = places();
    let args = [&[2.0; ROW][..], &[3.0; ROW][..]];
    row(bencher, |out| draw_each(distribution, args, KEY, &places, out));
}

#[divan::bench]
fn normal_one_by_one(bencher: Bencher) {
    let places = places();
    row(bencher, |out| {
        for (out, at) in out.iter_mut().zip(&places) {
            *out = draw(Distribution::Normal, [2.0, 3.0], KEY, *at);
        }
    });
}

#[divan::bench]
fn exponential_function(bencher: Bencher) {
    let x: Vec<f64> = (0..ROW).map(|k| k as f64 * -0.01).collect();
    row(bencher, |out| exp_row(&x, out));
}
