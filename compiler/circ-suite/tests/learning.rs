//! Generated rules teach synapses the same, bit for bit, on both engines and on 1, 2 and 3 threads.

use circ::compile::Options;
use circ::results::Ended;
use circ_suite::generate::folder;
use circ_suite::generate_rules::generate_rules;
use circ_suite::oracle::{ALL, agree};

/// How many programs each run of the tests makes.
const PROGRAMS: u64 = 160;

#[test]
fn generated_rules_agree_on_every_engine() {
    let mut whole = 0;
    for seed in 0..PROGRAMS {
        let text = generate_rules(seed);
        match agree("generated.circ", &text, &folder(), &Options::default(), &ALL) {
            Ok(results) => whole += u64::from(results.ended != Ended::Failed),
            Err(error) => panic!("seed {seed}: {error}\n{text}"),
        }
    }
    assert!(PROGRAMS / 2 < whole, "{whole} of {PROGRAMS} programs run to their end");
}
