//! Colours: one for each population, by its polarity.
//!
//! In: populations in order. Out: a colour each, the same in every picture of a run. Blue excites, red inhibits, others
//! differ from both; shades follow each other within a kind. All can be told apart by people who see no red or no green.

use circ::show::{Population, Sign};

const EXCITATORY: [&str; 4] = ["#1f66b1", "#4f9be0", "#16406f", "#85bdf0"];
const INHIBITORY: [&str; 4] = ["#c5402e", "#e8806f", "#84251a", "#f2ada2"];
const OTHERS: [&str; 6] = ["#2a8c74", "#8457a8", "#b98a1e", "#51606f", "#2b9cb0", "#b0537f"];

/// Of lines that belong together, such as traces of cells.
pub const LINES: [&str; 8] =
    ["#1f66b1", "#d9822b", "#2a8c74", "#c5402e", "#8457a8", "#51606f", "#b0537f", "#2b9cb0"];

/// The colours of populations, in their order.
pub fn of(populations: &[Population]) -> Vec<&'static str> {
    let mut seen = [0usize; 3];
    let one = |population: &Population| {
        let (kind, palette): (usize, &[&str]) = match population.sign {
            Some(Sign::Excitatory) => (0, &EXCITATORY),
            Some(Sign::Inhibitory) => (1, &INHIBITORY),
            None => (2, &OTHERS),
        };
        seen[kind] += 1;
        palette[(seen[kind] - 1) % palette.len()]
    };
    populations.iter().map(one).collect()
}

/// From white to dark blue, by a share from 0 to 1.
pub fn heat(share: f64) -> String {
    const STOPS: [[f64; 3]; 5] = [
        [247.0, 251.0, 255.0],
        [198.0, 219.0, 239.0],
        [107.0, 174.0, 214.0],
        [33.0, 113.0, 181.0],
        [8.0, 48.0, 107.0],
    ];
    let at = share.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let low = (at.floor() as usize).min(STOPS.len() - 2);
    let part = at - low as f64;
    let [r, g, b] =
        [0, 1, 2].map(|k| (STOPS[low][k] * (1.0 - part) + STOPS[low + 1][k] * part).round() as u8);
    format!("#{r:02x}{g:02x}{b:02x}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn heat_goes_from_light_to_dark() {
        assert_eq!(super::heat(0.0), "#f7fbff");
        assert_eq!(super::heat(1.0), "#08306b");
        assert_eq!(super::heat(f64::NAN).len(), 7);
    }
}
