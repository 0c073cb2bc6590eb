//! Writes every giant to a file of its own: `cargo run -p circ-strangers --example giants -- FOLDER`.

use circ_strangers::giant::giants;
use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).expect("a folder"));
    std::fs::create_dir_all(&folder)?;
    giants().iter().try_for_each(|(name, text)| std::fs::write(folder.join(format!("{name}.circ")), text))
}
