//! "Did you mean": the one name in scope that a misspelt name most likely stands for.
//!
//! In: a name and candidates of the right kind. Out: one candidate or none. The same letters in
//! another case come first, else the nearest within a third of the name's length.

/// Names longer than this are not compared: the distance takes quadratic time.
const LONGEST: usize = 64;

/// The candidate to offer for `written`; none where several are equally near.
pub fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let letters: Vec<char> = written.chars().collect();
    if LONGEST < letters.len() {
        return None;
    }
    let lower = written.to_lowercase();
    let mut best: Option<((usize, usize), &str)> = None;
    let mut tie = false;
    for candidate in candidates {
        if candidate == written || LONGEST < candidate.len() {
            continue;
        }
        let theirs: Vec<char> = candidate.chars().collect();
        if letters.len() < 3 * theirs.len().abs_diff(letters.len()) {
            continue;
        }
        let distance = match candidate.to_lowercase() == lower {
            true => (0, letters.iter().zip(&theirs).filter(|(a, b)| a != b).count()),
            false => (distance(&letters, &theirs), 0),
        };
        let near = distance.0 * 3 <= letters.len();
        match best {
            _ if !near => {}
            Some((least, _)) if least < distance => {}
            Some((least, name)) if least == distance => tie |= name != candidate,
            Some(_) | None => (best, tie) = (Some((distance, candidate)), false),
        }
    }
    best.filter(|_| !tie).map(|(_, name)| name.to_owned())
}

/// Insertions, deletions, replacements and swaps of neighbours between two names of at most [`LONGEST`] letters.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows = [[0; LONGEST + 1]; 3];
    let [before, last, row] = &mut rows;
    (0..=b.len()).for_each(|j| last[j] = j);
    for i in 1..=a.len() {
        row[0] = i;
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut cost = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if 1 < i && 1 < j && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                cost = cost.min(before[j - 2] + 1);
            }
            row[j] = cost;
        }
        std::mem::swap(before, last);
        std::mem::swap(last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_same_letters_in_another_case_come_first() {
        assert_eq!(nearest("v_th", ["v_tg", "V_th"]).as_deref(), Some("V_th"));
        assert_eq!(nearest("mv", ["MV", "mV"]).as_deref(), Some("mV"));
    }

    #[test]
    fn a_swap_is_one_slip() {
        assert_eq!(nearest("tua", ["tau"]).as_deref(), Some("tau"));
    }

    #[test]
    fn what_may_be_either_is_not_offered() {
        assert_eq!(nearest("g_x", ["g_e", "g_i"]), None);
        assert_eq!(nearest("g_x", ["g_e", "g_e"]).as_deref(), Some("g_e"));
        assert_eq!(nearest("Tau", ["taus", "tau"]).as_deref(), Some("tau"));
    }

    #[test]
    fn what_is_far_is_not_offered() {
        assert_eq!(nearest("ge", ["gi", "tau"]), None);
        assert_eq!(nearest("", ["a"]), None);
    }
}
