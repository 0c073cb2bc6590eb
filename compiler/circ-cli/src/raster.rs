//! A raster of spikes in the terminal: time to the right, a row of dots for each of some cells.
//!
//! In: spikes of populations. Out: lines of braille, two dots wide and four high a character. A dot is a
//! cell, not a sum over cells: of a large population evenly spaced cells are shown, so that what looks
//! like a pattern is one.

/// The spikes of one population.
#[derive(Clone, Debug)]
pub struct Band<'a> {
    pub name: &'a str,
    pub cells: u32,
    /// (tick, cell)
    pub spikes: &'a [(i64, u32)],
}

/// Rows of characters in all, and the fewest of a band.
const HEIGHT: usize = 12;
const LEAST: usize = 2;
/// More populations than this are not all shown.
const MOST_BANDS: usize = 6;
/// Rows of dots in a character.
pub const DOTS: usize = 4;

/// Draws spikes with stamps in `(after, until]`, and tick 0 if `after` is 0, within so many columns. The caller
/// says below it which time that is.
pub fn draw(bands: &[Band], after: i64, until: i64, columns: usize) -> Vec<String> {
    let shown = &bands[..bands.len().min(MOST_BANDS)];
    let label = shown.iter().map(|band| band.name.chars().count()).max().unwrap_or(0).min(16);
    let Some(width) = columns.checked_sub(label + 3).filter(|width| 10 <= *width) else { return Vec::new() };
    if until <= after {
        return Vec::new();
    }
    let mut lines = Vec::new();
    for (band, rows) in shown.iter().zip(heights(shown)) {
        let name: String = band.name.chars().take(label).collect();
        for (index, line) in band_lines(band, after, until, width, rows).into_iter().enumerate() {
            let head = if index == 0 { name.as_str() } else { "" };
            lines.push(format!("{head:>label$} │{line}"));
        }
    }
    lines
}

/// Rows of characters by the share of the cells.
fn heights(bands: &[Band]) -> Vec<usize> {
    let all: u64 = bands.iter().map(|band| u64::from(band.cells)).sum();
    let share = |band: &Band| (HEIGHT as u64 * u64::from(band.cells) / all.max(1)) as usize;
    let needed = |band: &Band| (band.cells as usize).div_ceil(DOTS).max(1);
    bands.iter().map(|band| share(band).max(LEAST).min(needed(band))).collect()
}

fn band_lines(band: &Band, after: i64, until: i64, width: usize, rows: usize) -> Vec<String> {
    let dot_rows = (rows * DOTS).min(band.cells.max(1) as usize) as u64;
    let mut dots = vec![0u8; width * rows];
    for (tick, cell) in band.spikes {
        let Some(row) = row_of(*cell, band.cells, dot_rows) else { continue };
        let at_the_start = *tick == 0 && after == 0;
        if (*tick <= after && !at_the_start) || until < *tick {
            continue;
        }
        let column =
            ((tick - after - 1).max(0) as u64 * (width as u64 * 2) / (until - after) as u64) as usize;
        dots[row / DOTS * width + column / 2] |= bit(column % 2, row % DOTS);
    }
    dots.chunks(width).map(|row| row.iter().map(|bits| braille(*bits)).collect()).collect()
}

/// The row of dots of a cell, for the evenly spaced cells that have one.
fn row_of(cell: u32, cells: u32, dot_rows: u64) -> Option<usize> {
    let (cell, cells) = (u64::from(cell), u64::from(cells));
    let row = (cell * dot_rows).div_ceil(cells);
    (row < dot_rows && row * cells / dot_rows == cell).then_some(row as usize)
}

/// Unicode numbers the dots of braille down the columns, the fourth row last.
pub fn bit(column: usize, row: usize) -> u8 {
    const BITS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
    BITS[column][row]
}

/// The character with these dots.
pub fn braille(bits: u8) -> char {
    char::from_u32(0x2800 + u32::from(bits)).unwrap_or(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_cells_fill_a_row_of_characters() {
        let spikes = [(1, 0), (2, 1), (39, 2), (40, 3)];
        let lines = draw(&[Band { name: "E", cells: 4, spikes: &spikes }], 0, 40, 24);
        assert_eq!(lines, ["E │⠑⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⢄"]);
    }

    #[test]
    fn a_spike_of_tick_zero_is_drawn_where_time_begins() {
        let spikes = [(0, 0)];
        let drawn = |after| draw(&[Band { name: "E", cells: 1, spikes: &spikes }], after, 40, 14);
        assert_eq!(drawn(0), ["E │⠁⠀⠀⠀⠀⠀⠀⠀⠀⠀"]);
        assert_eq!(drawn(1), ["E │⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀"]);
    }

    #[test]
    fn every_row_of_dots_is_one_cell() {
        for (cells, rows) in [(4000u32, 40u64), (7, 4), (5, 5), (1, 1)] {
            let found: Vec<usize> = (0..cells).filter_map(|cell| row_of(cell, cells, rows)).collect();
            assert_eq!(found, (0..rows as usize).collect::<Vec<_>>(), "{cells} cells in {rows} rows");
        }
    }

    #[test]
    fn nothing_is_drawn_where_there_is_no_room_or_time() {
        assert!(draw(&[Band { name: "E", cells: 4, spikes: &[] }], 0, 0, 80).is_empty());
        assert!(draw(&[Band { name: "E", cells: 4, spikes: &[] }], 0, 10, 5).is_empty());
    }
}
