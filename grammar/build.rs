//! Turns `src/circ.lalrpop` into the tables of the parser.

fn main() {
    println!("cargo::rerun-if-changed=src/circ.lalrpop");
    if let Err(error) = lalrpop::Configuration::new().use_cargo_dir_conventions().process() {
        eprintln!("src/circ.lalrpop: {error}");
        std::process::exit(1);
    }
}
