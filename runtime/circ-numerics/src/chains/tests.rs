use super::*;
use crate::random::{Counter, Stream};

/// Cells: whole tiles of every width.
const CELLS: usize = 160;

#[derive(Clone)]
#[repr(align(64))]
struct Row<F>([F; CELLS]);

/// What a step works on, and by how much what is in it is multiplied.
#[derive(Clone)]
struct Rows<F: Number> {
    /// Those of decays, and at last the membrane.
    states: Vec<Row<F>>,
    /// By decay; and, without decays, what jumps the membrane makes.
    arrived: Vec<Row<F>>,
    until: Row<F::Tick>,
    factors: Vec<F>,
    held: bool,
    decays: usize,
    /// To how many of the decays something arrives.
    arriving: usize,
}

/// Which cells begin tiles that are not quiet, of some width: the function under test.
type Under<F> = unsafe fn(&Chains<F>, usize, u64) -> u64;

macro_rules! precision {
    ($float:ident, $module:ident, $quiet:ident, $wide:ident, $plain:literal) => {
        mod $module {
            use super::*;

            const NOW: <$float as Number>::Tick = 30;
            const THRESHOLD: $float = 4.0;
            const START: $float = -0.125;

            /// Mostly small numbers; rarely one that reaches the threshold, or none.
            fn number(stream: &mut Stream) -> $float {
                let rare = [7.5, $float::NAN, $float::INFINITY, $float::NEG_INFINITY, -0.0, 5e-40];
                match stream.below(300) {
                    k if (k as usize) < rare.len() => rare[k as usize],
                    _ => (2.0 * stream.next_f64() - 1.0) as $float,
                }
            }

            fn row(stream: &mut Stream) -> Row<$float> {
                Row(std::array::from_fn(|_| number(stream)))
            }

            fn rows(
                stream: &mut Stream,
                length: usize,
                decays: usize,
                arriving: usize,
                held: bool,
            ) -> Rows<$float> {
                Rows {
                    states: (0..=decays).map(|_| row(stream)).collect(),
                    arrived: (0..decays.max(length - 1)).map(|_| row(stream)).collect(),
                    until: Row(std::array::from_fn(|_| stream.below(60) as _)),
                    factors: (0..length + decays).map(|_| (stream.next_f64() - 0.5) as $float).collect(),
                    held,
                    decays,
                    arriving,
                }
            }

            /// The membrane is the first part of its chain; the others are what decays, and what arrives if nothing does.
            fn step(rows: &mut Rows<$float>, length: usize) -> Chains<$float> {
                let membrane = rows.states[rows.decays].0.as_mut_ptr();
                let states: Vec<*mut $float> = rows.states.iter_mut().map(|row| row.0.as_mut_ptr()).collect();
                let arrived: Vec<*mut $float> =
                    rows.arrived.iter_mut().map(|row| row.0.as_mut_ptr()).collect();
                let others = if rows.decays == 0 { &arrived } else { &states };
                let nothing = Term { row: std::ptr::null(), factor: 0.0 };
                let none = Decay { row: std::ptr::null_mut(), arrived: std::ptr::null_mut(), factor: 0.0 };
                let mut step = Chains {
                    terms: [nothing; TERMS],
                    length,
                    start: START,
                    threshold: THRESHOLD,
                    membrane,
                    until: if rows.held { rows.until.0.as_ptr() } else { std::ptr::null() },
                    held: membrane,
                    now: NOW,
                    decays: [none; DECAYS],
                    decaying: rows.decays,
                    cleared: [std::ptr::null_mut(); PORTS],
                    ports: 0,
                };
                for (k, term) in step.terms.iter_mut().enumerate().take(length) {
                    let row = if k == 0 { membrane } else { others[(k - 1) % others.len()] };
                    *term = Term { row, factor: rows.factors[k] };
                }
                for (k, decay) in step.decays.iter_mut().enumerate().take(rows.decays) {
                    let arrived = if k < rows.arriving { arrived[k] } else { std::ptr::null_mut() };
                    *decay = Decay { row: states[k], arrived, factor: rows.factors[length + k] };
                }
                if rows.decays == 0 {
                    step.ports = arrived.len().min(PORTS);
                    step.cleared.iter_mut().zip(&arrived).for_each(|(port, row)| *port = *row);
                }
                step
            }

            /// What becomes of a cell: the membrane, and what decays.
            fn cell(rows: &Rows<$float>, length: usize, at: usize) -> ($float, Vec<$float>) {
                let old = rows.states[rows.decays].0[at];
                let others = if rows.decays == 0 { &rows.arrived } else { &rows.states };
                let mut new = START;
                for k in 0..length {
                    let x = if k == 0 { old } else { others[(k - 1) % others.len()].0[at] };
                    new = x.mul_add(rows.factors[k], new);
                }
                let kept = rows.held && NOW <= rows.until.0[at];
                let decay = |k: usize| {
                    let decayed = rows.states[k].0[at] * rows.factors[length + k];
                    if k < rows.arriving { decayed + rows.arrived[k].0[at] } else { decayed }
                };
                (if kept { old } else { new }, (0..rows.decays).map(decay).collect())
            }

            /// The step of single cells, tile by tile: the rows after it, and the tiles that are not quiet.
            fn single(rows: &Rows<$float>, length: usize, tile: usize, which: u64) -> (Rows<$float>, u64) {
                let (mut after, mut loud) = (rows.clone(), 0);
                for k in (0..CELLS / tile).filter(|k| which >> k & 1 == 1) {
                    let cells = k * tile..(k + 1) * tile;
                    let values: Vec<_> = cells.clone().map(|at| cell(rows, length, at)).collect();
                    let quiet = |(v, decayed): &($float, Vec<$float>)| {
                        *v < THRESHOLD && v.is_finite() && decayed.iter().all(|x| x.is_finite())
                    };
                    if !values.iter().all(quiet) {
                        loud |= 1 << k;
                        continue;
                    }
                    for (at, (v, decayed)) in cells.zip(values) {
                        after.states[rows.decays].0[at] = v;
                        decayed.iter().enumerate().for_each(|(k, x)| after.states[k].0[at] = *x);
                        let emptied = if rows.decays == 0 { PORTS } else { rows.arriving };
                        after.arrived.iter_mut().take(emptied).for_each(|row| row.0[at] = 0.0);
                    }
                }
                (after, loud)
            }

            fn bits(rows: &Rows<$float>) -> Vec<u64> {
                let all = rows.states.iter().chain(&rows.arrived).flat_map(|row| row.0);
                all.map(|x| if x.is_nan() { 1 } else { x.to_bits().into() }).collect()
            }

            fn check(function: Under<$float>) {
                let tile = TILE / size_of::<$float>();
                let mut stream = Stream::new([7, 8], Counter::default());
                let (mut louds, mut quiets) = (0, 0);
                for (length, decays, turn) in (1..=TERMS)
                    .flat_map(|length| (0..=DECAYS).map(move |decays| (length, decays)))
                    .flat_map(|(length, decays)| (0..6).map(move |turn| (length, decays, turn)))
                {
                    let arriving = if turn % 3 == 0 { decays / 2 } else { decays };
                    let mut before = rows(&mut stream, length, decays, arriving, turn % 2 == 0);
                    let all = !0 >> (64 - CELLS / tile);
                    let which = if turn < 4 { all } else { all & stream.next_u64() };
                    let (after, loud) = single(&before, length, tile, which);
                    // SAFETY: the rows are as the step says.
                    let found = unsafe { function(&step(&mut before, length), 0, which) };
                    assert_eq!(found, loud, "{length} parts, {decays} decays");
                    assert_eq!(bits(&before), bits(&after), "{length} parts, {decays} decays");
                    louds += loud.count_ones();
                    quiets += (which & !loud).count_ones();
                }
                assert!(100 < louds && 100 < quiets, "{louds} and {quiets}");
            }

            #[test]
            fn tiles_have_the_bits_of_single_cells() {
                check($quiet);
            }

            #[test]
            fn on_other_processors_too() {
                check(any_tiles::<registers::Plain<$float>, $plain>);
                #[cfg(target_arch = "x86_64")]
                {
                    use std::arch::x86_64::$wide;
                    #[target_feature(enable = "avx2,fma")]
                    unsafe fn between(step: &Chains<$float>, first: usize, which: u64) -> u64 {
                        // SAFETY: the caller's.
                        unsafe { any_tiles::<$wide, 2>(step, first, which) }
                    }
                    if crate::has_fma() {
                        check(between);
                    }
                }
            }
        }
    };
}

precision!(f64, double, quiet, __m256d, 2);
precision!(f32, single, quiet_f32, __m256, 4);
