//! The bytes of a checkpoint.
//!
//! A line `circ checkpoint N` with the version of the form; a line of JSON that describes what follows; the state, whose length and
//! hash the description knows. So `head -n 2` shows what a file is, and what is broken is noticed before it is used.

use super::{Checkpoint, Description, State};

/// How every file begins.
pub const MAGIC: &str = "circ checkpoint ";

/// The version of the form that is written and read.
const VERSION: u32 = 2;

/// More is no description.
const LONGEST_LINE: usize = 1 << 28;

pub fn write(checkpoint: &Checkpoint) -> Vec<u8> {
    let state = postcard::to_stdvec(&checkpoint.state).expect("plain data can be written down");
    let mut description = checkpoint.description.clone();
    description.bytes = state.len() as u64;
    description.blake3 = blake3::hash(&state).to_hex().to_string();
    let mut bytes = format!("{MAGIC}{VERSION}\n").into_bytes();
    serde_json::to_writer(&mut bytes, &description).expect("a description is JSON");
    bytes.push(b'\n');
    bytes.extend_from_slice(&state);
    bytes
}

pub fn read(bytes: &[u8]) -> Result<Checkpoint, String> {
    if bytes.is_empty() {
        return Err("it is empty".into());
    }
    let Some(rest) = bytes.strip_prefix(MAGIC.as_bytes()) else {
        return Err("it is no checkpoint".into());
    };
    let (version, rest) = line(rest).ok_or("it ends within its first line")?;
    match std::str::from_utf8(version).ok().and_then(|it| it.parse::<u32>().ok()) {
        Some(VERSION) => {}
        Some(other) => {
            return Err(format!(
                "it is of version {other} of the form; this is Circ {}, which reads version {VERSION}",
                crate::VERSION
            ));
        }
        None => return Err("it is no checkpoint".into()),
    }
    let (description, state) = line(rest).ok_or("it ends within its description")?;
    let description: Description = serde_json::from_slice(description)
        .map_err(|error| format!("its description can not be read: {error}"))?;
    let (due, found) = (description.bytes, state.len() as u64);
    if found < due {
        return Err(format!("it ends too early: {found} of {due} bytes of the state are there"));
    }
    if due < found {
        return Err(format!("it goes on behind its end: {} bytes are too many", found - due));
    }
    if blake3::hash(state).to_hex().as_str() != description.blake3 {
        return Err("it is damaged: the hash of its state is not the one it says".into());
    }
    let state: State =
        postcard::from_bytes(state).map_err(|error| format!("its state can not be read: {error}"))?;
    if state.engine.tick != description.tick {
        return Err("its description is of another state".into());
    }
    Ok(Checkpoint { description, state })
}

/// What stands before the end of a line, and what follows it.
fn line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().take(LONGEST_LINE).position(|byte| *byte == b'\n')?;
    Some((&bytes[..end], &bytes[end + 1..]))
}
