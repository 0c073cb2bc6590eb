//! Swims with and without what makes it swim.

use circ_swimmer::{circuit, swim};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let whole = swim(&circuit("Lawful", &[])?)?;
    println!("speed {:.4} body lengths/s", whole.speed);
    println!("lags {:.1?} degrees", whole.lags);
    println!("amplitudes {:.2?} of the limit", whole.amplitudes);
    for (name, weight) in [("prop", 0.0), ("beat", 0.0), ("contra", -1.0), ("ipsi", -1.0), ("prop", -1.0)] {
        println!("{name} = {weight}: speed {:.4}", swim(&circuit("Free", &[(name, weight)])?)?.speed);
    }
    if let Err(refusal) = circuit("Lawful", &[("contra", -1.0)]) {
        println!("under Dale's law:\n{refusal}");
    }
    Ok(())
}
