//! Names of documents: between the editor's URIs and paths.

use lsp_types::Uri;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The path of a `file:` URI; nothing for documents that are not on disk.
pub fn path(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.as_str().strip_prefix("file://")?;
    // A host may stand before the path; only the own is known here.
    let at = rest.find('/')?;
    let decoded = decoded(&rest[at..])?;
    let mut letters = decoded.chars();
    let is_drive = (letters.next(), letters.next(), letters.next());
    let path = match is_drive {
        (Some('/'), Some(drive), Some(':')) if drive.is_ascii_alphabetic() => &decoded[1..],
        _ => &decoded[..],
    };
    Some(PathBuf::from(path))
}

/// The URI of a file.
pub fn of_path(path: &Path) -> Option<Uri> {
    let text = path.to_str()?.replace('\\', "/");
    let text = if text.starts_with('/') { text } else { format!("/{text}") };
    Uri::from_str(&format!("file://{}", encoded(&text))).ok()
}

/// With `%20` and its like as the letters that they stand for.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        bytes.push((16 * high + low) as u8);
    }
    String::from_utf8(bytes).ok()
}

fn encoded(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    let one = |byte: u8| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_comes_back_from_its_uri() {
        for text in ["/home/a/b.circ", "/with blanks/\u{b5} 100%/#.circ", "/"] {
            let uri = of_path(Path::new(text)).expect("a URI");
            assert_eq!(path(&uri), Some(PathBuf::from(text)), "{}", uri.as_str());
        }
    }

    #[test]
    fn what_is_on_no_disk_has_no_path() {
        for text in ["untitled:Untitled-1", "file://", "file:///%", "file:///%zz", "file:///%ff"] {
            let uri = Uri::from_str(text);
            assert_eq!(uri.ok().and_then(|uri| path(&uri)), None, "{text}");
        }
    }

    #[test]
    fn drives_have_no_slash_before_them() {
        let uri = Uri::from_str("file:///c%3A/a.circ").expect("a URI");
        assert_eq!(path(&uri), Some(PathBuf::from("c:/a.circ")));
    }
}
