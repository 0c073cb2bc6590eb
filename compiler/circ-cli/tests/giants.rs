//! Texts of 64 KB that are built to hurt: `circ check` answers within 256 MB and a bounded time.

mod common;

use circ_strangers::giant::giants;
use common::Bench;
use std::process::Command;

/// 256 MB of address space; and a time that only a hang takes, for the speed of a test is no measure.
const LIMITS: &str = "ulimit -v 262144 && ulimit -t 30 && exec \"$0\" check \"$1\"";

#[test]
fn giants_are_checked_within_their_limits() {
    let bench = Bench::new();
    for (name, text) in giants() {
        assert!(text.len() <= 64 << 10, "`{name}` is no giant but a titan");
        let file = bench.file("giant.circ", text);
        let shell = Command::new("sh").args(["-c", LIMITS, env!("CARGO_BIN_EXE_circ")]).arg(file).output();
        let output = shell.expect("a shell");
        let said = String::from_utf8_lossy(&output.stderr);
        // 4: a text with a NUL is no text.
        assert!(matches!(output.status.code(), Some(0 | 1 | 4)), "`{name}`: {:?}, {said}", output.status);
    }
}
