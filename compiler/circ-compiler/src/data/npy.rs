//! Arrays in NumPy's `.npy` format, versions 1 to 3.
//!
//! In: bytes. Out: a shape and row-major `f64`. Numbers of all plain kinds (`f4 f8 i1..i8 u1..u8 b1`, both
//! byte orders, both memory orders) are taken; objects, texts and records are not. The format is that of
//! NumPy Enhancement Proposal 1.

use super::Fault;

/// How a number is stored.
#[derive(Clone, Copy, Debug)]
struct Kind {
    letter: u8,
    size: usize,
    big_endian: bool,
}

/// Shape and row-major values.
pub fn read(bytes: &[u8]) -> Result<(Vec<u64>, Vec<f64>), Fault> {
    let (header, body) = split(bytes).ok_or_else(|| fault("it is not an array in the npy format"))?;
    let kind = kind(header)?;
    let shape = shape(header).ok_or_else(|| fault("its header gives no shape"))?;
    let count = shape
        .iter()
        .try_fold(1u64, |n, s| n.checked_mul(*s))
        .ok_or_else(|| fault("its shape is too large"))?;
    let needed = usize::try_from(count).ok().and_then(|n| n.checked_mul(kind.size));
    if needed.is_none_or(|n| body.len() < n) {
        return Err(fault("it ends before its last element"));
    }
    let data: Vec<f64> =
        body.chunks_exact(kind.size).take(count as usize).map(|chunk| number(chunk, kind)).collect();
    let data = if fortran(header) { row_major(&data, &shape) } else { data };
    Ok((shape, data))
}

fn fault(why: &str) -> Fault {
    Fault::Unreadable(why.to_string())
}

/// Header text and elements.
fn split(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let rest = bytes.strip_prefix(b"\x93NUMPY")?;
    let (major, rest) = (*rest.first()?, rest.get(2..)?);
    let (length, rest) = match major {
        1 => (usize::from(u16::from_le_bytes(rest.get(..2)?.try_into().ok()?)), rest.get(2..)?),
        2 | 3 => (u32::from_le_bytes(rest.get(..4)?.try_into().ok()?) as usize, rest.get(4..)?),
        _ => return None,
    };
    Some((std::str::from_utf8(rest.get(..length)?).ok()?, rest.get(length..)?))
}

/// The text after `'key':` in the header, a Python dictionary of three entries.
fn entry<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let at = header.find(&format!("'{key}'"))?;
    Some(header[at + key.len() + 2..].trim_start().strip_prefix(':')?.trim_start())
}

fn kind(header: &str) -> Result<Kind, Fault> {
    let text = entry(header, "descr").ok_or_else(|| fault("its header gives no kind of numbers"))?;
    let quoted = text.strip_prefix('\'').and_then(|t| t.split_once('\'')).map(|t| t.0);
    let descr = quoted.ok_or_else(|| fault("it holds records, not plain numbers"))?;
    let plain = descr.trim_start_matches(['<', '>', '=', '|']);
    let (letter, size) =
        (plain.bytes().next().unwrap_or(0), plain.get(1..).and_then(|s| s.parse().ok()).unwrap_or(0));
    let known = matches!((letter, size), (b'f', 4 | 8) | (b'i' | b'u', 1 | 2 | 4 | 8) | (b'b', 1));
    match known {
        true => Ok(Kind { letter, size, big_endian: descr.starts_with('>') }),
        false => Err(fault(&format!("its elements are of kind `{descr}`, not plain numbers"))),
    }
}

fn shape(header: &str) -> Option<Vec<u64>> {
    let inside = entry(header, "shape")?.strip_prefix('(')?.split_once(')')?.0;
    inside.split(',').map(str::trim).filter(|s| !s.is_empty()).map(|s| s.parse().ok()).collect()
}

fn fortran(header: &str) -> bool {
    entry(header, "fortran_order").is_some_and(|text| text.starts_with("True"))
}

fn number(chunk: &[u8], kind: Kind) -> f64 {
    let mut raw = [0u8; 8];
    for (k, byte) in chunk.iter().enumerate().take(8) {
        raw[if kind.big_endian { chunk.len() - 1 - k } else { k }] = *byte;
    }
    let bits = u64::from_le_bytes(raw);
    // Shifting up and down again spreads the sign bit of the shorter kinds.
    let shift = 64 - 8 * chunk.len().clamp(1, 8) as u32;
    match (kind.letter, kind.size) {
        (b'f', 4) => f64::from(f32::from_bits(bits as u32)),
        (b'f', _) => f64::from_bits(bits),
        (b'i', _) => (((bits << shift) as i64) >> shift) as f64,
        (b'b', _) => f64::from(u8::from(bits != 0)),
        (_, _) => bits as f64,
    }
}

/// First index fastest to last index fastest.
fn row_major(data: &[f64], shape: &[u64]) -> Vec<f64> {
    let mut index = vec![0u64; shape.len()];
    let mut out = Vec::with_capacity(data.len());
    for _ in 0..data.len() {
        let at = index.iter().zip(shape).rev().fold(0, |at, (i, n)| at * n + i);
        out.push(data.get(at as usize).copied().unwrap_or(f64::NAN));
        for (i, n) in index.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < *n {
                break;
            }
            *i = 0;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, body: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(body);
        bytes
    }

    #[test]
    fn columns_first_becomes_rows_first() {
        let body: Vec<u8> = [1i16, 4, 2, 5, 3, 6].iter().flat_map(|x| x.to_be_bytes()).collect();
        let bytes = file("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }", &body);
        assert_eq!(read(&bytes), Ok((vec![2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])));
    }

    #[test]
    fn negative_bytes_keep_their_sign() {
        let bytes = file("{'descr': '|i1', 'fortran_order': False, 'shape': (2,), }", &[255, 127]);
        assert_eq!(read(&bytes), Ok((vec![2], vec![-1.0, 127.0])));
    }

    #[test]
    fn what_is_cut_short_or_no_array_is_said_in_words() {
        let bytes = file("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", &[0; 15]);
        assert_eq!(read(&bytes), Err(fault("it ends before its last element")));
        assert_eq!(read(b"pre,post\n"), Err(fault("it is not an array in the npy format")));
        let bytes = file("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", &[0; 16]);
        assert_eq!(read(&bytes), Err(fault("its elements are of kind `|O`, not plain numbers")));
        let huge = file("{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999, 9999999999), }", &[]);
        assert!(read(&huge).is_err());
    }
}
