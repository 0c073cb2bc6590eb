//! "Did you mean": the one word that was probably meant.

/// The candidate nearest to `word`: the same letters in another case first (`mV` for `mv` rather than `MV`), else
/// within a third of its length; none where several are equally near.
pub fn nearest<T: AsRef<str>>(word: &str, candidates: impl IntoIterator<Item = T>) -> Option<String> {
    let length = word.chars().count();
    if length > MAX_LETTERS {
        return None;
    }
    let mut best: Option<((usize, usize), String)> = None;
    let mut tie = false;
    for candidate in candidates {
        let candidate = candidate.as_ref();
        let distance = match candidate.eq_ignore_ascii_case(word) {
            true => (0, word.chars().zip(candidate.chars()).filter(|(a, b)| a != b).count()),
            false => (edits(word, candidate), 0),
        };
        if length < distance.0 * 3 {
            continue;
        }
        match &best {
            Some((least, _)) if *least < distance => {}
            Some((least, name)) if *least == distance => tie |= name != candidate,
            Some(_) | None => (best, tie) = (Some((distance, candidate.to_string())), false),
        }
    }
    best.filter(|_| !tie).map(|(_, candidate)| candidate)
}

/// Longer words are no slips of the pen, and would take long to compare.
const MAX_LETTERS: usize = 40;

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
fn edits(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for (i, letter) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, other) in b.iter().enumerate() {
            let replaced = rows[i][j] + usize::from(letter != other);
            let mut least = replaced.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *letter == b[j - 1] && a[i - 1] == *other {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_swap_of_letters_is_one_edit() {
        assert_eq!(nearest("popluation", ["part", "population"]).as_deref(), Some("population"));
        assert_eq!(nearest("parm", ["port", "param"]).as_deref(), Some("param"));
        assert_eq!(nearest("MS", ["s", "ms"]).as_deref(), Some("ms"));
        assert_eq!(nearest("mv", ["MV", "mV"]).as_deref(), Some("mV"));
        assert_eq!(nearest("xyz", ["param"]), None);
        assert_eq!(nearest(&"a".repeat(100_000), ["a"]), None);
    }
}
