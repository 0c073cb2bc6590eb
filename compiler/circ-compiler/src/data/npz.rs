//! Arrays in NumPy's `.npz` archives: `load("digits.npz/images")`.
//!
//! In: the bytes of a zip archive of `.npy` files, stored or deflated, and the name of an array. Out: its shape and
//! row-major values. Without a name the archive's only array is meant. What `numpy.savez` and
//! `numpy.savez_compressed` write is read; other ways of compressing are said in words.

use super::{Fault, npy};
use std::io::{Cursor, Read};
use zip::ZipArchive;
use zip::result::ZipError;

/// No array of an archive may be larger: a small archive can say that it holds very much.
const MAX_ARRAY_BYTES: u64 = 1 << 30;

/// The file and the name of the array in it, if a path leads into an archive.
pub fn split(path: &str) -> Option<(&str, Option<&str>)> {
    if path.ends_with(".npz") {
        return Some((path, None));
    }
    let at = path.rfind(".npz/")? + ".npz".len();
    Some((&path[..at], Some(&path[at + 1..])))
}

/// Shape and row-major values of an array.
pub fn read(bytes: &[u8], archive: &str, array: Option<&str>) -> Result<(Vec<u64>, Vec<f64>), Fault> {
    let mut files = ZipArchive::new(Cursor::new(bytes))
        .map_err(|_| fault("it is not an archive in the npz format".to_string()))?;
    let mut names: Vec<String> =
        files.file_names().filter_map(|name| Some(name.ok()?.strip_suffix(".npy")?.to_string())).collect();
    names.sort_unstable();
    let wanted = match (array, names.as_slice()) {
        (Some(name), _) if names.iter().any(|known| known == name) => name,
        (None, [only]) => only,
        (Some(name), _) => return Err(fault(format!("it has no array `{name}`; {}", known(&names)))),
        (None, []) => return Err(fault("there is no array in it".to_string())),
        (None, [first, ..]) => {
            let say_which = format!("say which array is meant, as in `load(\"{archive}/{first}\")`");
            return Err(fault(format!("{}; {say_which}", known(&names))));
        }
    };
    let file = files.by_name(&format!("{wanted}.npy")).map_err(|error| compressed(wanted, &error))?;
    let mut content = Vec::new();
    file.take(MAX_ARRAY_BYTES + 1)
        .read_to_end(&mut content)
        .map_err(|_| fault(format!("its array `{wanted}` is damaged")))?;
    if MAX_ARRAY_BYTES < content.len() as u64 {
        return Err(fault(format!("its array `{wanted}` is larger than {} GB", MAX_ARRAY_BYTES >> 30)));
    }
    npy::read(&content)
}

fn fault(why: String) -> Fault {
    Fault::Unreadable(why)
}

/// At most ten names.
fn known(names: &[String]) -> String {
    let shown = names.iter().take(10).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => "it holds none".to_string(),
        1..=10 => format!("it holds {shown}"),
        more => format!("it holds {shown} and {} more", more - 10),
    }
}

fn compressed(array: &str, error: &ZipError) -> Fault {
    fault(match error {
        ZipError::UnsupportedArchive(_) => {
            format!("its array `{array}` is compressed in a way that is not read here")
        }
        _ => format!("its array `{array}` is damaged"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    fn vector(values: &[f64]) -> Vec<u8> {
        let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({},), }}", values.len());
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(values.iter().flat_map(|x| x.to_le_bytes()));
        bytes
    }

    fn archive(arrays: &[(&str, &[f64])], method: CompressionMethod) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(method);
        for (name, values) in arrays {
            zip.start_file(format!("{name}.npy"), options).expect("a new file");
            zip.write_all(&vector(values)).expect("room in memory");
        }
        zip.finish().expect("room in memory").into_inner()
    }

    #[test]
    fn an_array_is_found_by_its_name_or_as_the_only_one() {
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            let two = archive(&[("x", &[1.0, 2.0]), ("y", &[3.0])], method);
            assert_eq!(read(&two, "a.npz", Some("y")), Ok((vec![1], vec![3.0])));
            let one = archive(&[("x", &[1.0, 2.0])], method);
            assert_eq!(read(&one, "a.npz", None), Ok((vec![2], vec![1.0, 2.0])));
        }
    }

    #[test]
    fn what_is_not_there_is_said_with_what_is() {
        let two = archive(&[("y", &[3.0]), ("x", &[1.0])], CompressionMethod::Stored);
        let said = |array| read(&two, "a.npz", array).expect_err("no such array");
        assert_eq!(said(Some("z")), fault("it has no array `z`; it holds `x`, `y`".to_string()));
        let which = "it holds `x`, `y`; say which array is meant, as in `load(\"a.npz/x\")`";
        assert_eq!(said(None), fault(which.to_string()));
        assert!(read(b"PK", "a.npz", None).is_err());
    }

    #[test]
    fn a_broken_archive_is_never_a_panic() {
        let whole = archive(&[("x", &[1.0, 2.0, 3.0])], CompressionMethod::Deflated);
        for end in 0..whole.len() {
            assert!(read(&whole[..end], "a.npz", Some("x")).is_err());
        }
        for at in 0..whole.len() {
            let mut broken = whole.clone();
            broken[at] ^= 0x55;
            // Some bytes, such as a time stamp, say nothing of the array.
            if let Ok((shape, values)) = read(&broken, "a.npz", Some("x")) {
                assert_eq!(shape.iter().product::<u64>(), values.len() as u64);
            }
        }
    }

    #[test]
    fn a_path_leads_into_an_archive() {
        assert_eq!(split("d/a.npz/x"), Some(("d/a.npz", Some("x"))));
        assert_eq!(split("a.npz"), Some(("a.npz", None)));
        assert_eq!(split("a.npy"), None);
    }
}
