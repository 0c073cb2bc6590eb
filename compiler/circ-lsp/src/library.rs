//! The library on disk: editors show files, and the library's are inside of the program.
//!
//! Each is written where temporary files go, into a folder with the version and a digest of the texts in its name, when
//! somebody goes there first. A file there that holds anything else is written anew; what can not be written has no
//! place to go to.

use std::path::{Path, PathBuf};

/// The file of a module such as `["std", "cells"]`, written if it is not there.
pub fn file(path: &[String]) -> Option<PathBuf> {
    let [first, rest @ ..] = path else { return None };
    let name = rest.join(".");
    let text = circ::stdlib::text(&name).filter(|_| first == "std")?;
    let file = folder().join(format!("{name}.circ"));
    let is_there = std::fs::read_to_string(&file).is_ok_and(|there| there == text);
    (is_there || write(&file, text).is_ok()).then_some(file)
}

/// Whether a file is one of those.
pub fn holds(path: &Path) -> bool {
    path.starts_with(folder())
}

fn folder() -> PathBuf {
    let texts = circ::stdlib::modules().filter_map(|name| circ::stdlib::text(name.strip_prefix("std.")?));
    let digest = texts
        .flat_map(str::bytes)
        .fold(FNV_OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME));
    std::env::temp_dir().join(format!("circ-library-{}-{digest:016x}", circ::VERSION)).join("std")
}

/// FNV-1a in 64 bits (Fowler, Noll & Vo): enough to tell versions of the library apart.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

fn write(file: &Path, text: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))?;
    // Another server may write the same file now: each writes its own, and the last rename stays.
    let partial = file.with_extension(format!("{}.partial", std::process::id()));
    std::fs::write(&partial, text).and_then(|()| std::fs::rename(&partial, file)).inspect_err(|_| {
        let _ = std::fs::remove_file(&partial);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_lies_where_an_editor_finds_it() {
        let path = file(&["std".into(), "cells".into()]).expect("written");
        assert!(holds(&path));
        let text = std::fs::read_to_string(&path).expect("there");
        assert_eq!(Some(text.as_str()), circ::stdlib::text("cells"));
        assert_eq!(file(&["std".into(), "nothing".into()]), None);
        assert_eq!(file(&["cells".into()]), None);
        assert_eq!(file(&[]), None);
    }
}
