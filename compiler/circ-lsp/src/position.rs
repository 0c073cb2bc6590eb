//! Places in a text: between bytes, as the compiler counts, and lines with columns, as editors do.
//!
//! In: a text. Out: [`Lines`]. A place behind the end of a line is its end, one behind the last line the end of the
//! text, and one inside of a letter its beginning: an editor may ask for what was there a moment ago.

use circ_grammar::ast::Span;
use lsp_types::{Position, Range};

/// What columns count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    Utf16,
}

/// Where the lines of a text begin.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
    encoding: Encoding,
}

impl<'a> Lines<'a> {
    /// Lines end with `\n`, `\r\n` or `\r`.
    pub fn of(text: &'a str, encoding: Encoding) -> Lines<'a> {
        let bytes = text.as_bytes();
        let ends = (0..bytes.len()).filter(|at| match bytes[*at] {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        });
        let starts = std::iter::once(0).chain(ends.map(|at| at + 1)).collect();
        Lines { text, starts, encoding }
    }

    /// The text of a line without its end.
    fn line(&self, line: usize) -> Option<(usize, &'a str)> {
        let start = *self.starts.get(line)?;
        let end = self.starts.get(line + 1).copied().unwrap_or(self.text.len());
        Some((start, self.text[start..end].trim_end_matches(['\n', '\r'])))
    }

    /// The byte at a place.
    pub fn offset(&self, position: Position) -> usize {
        let Some((start, line)) = self.line(position.line as usize) else { return self.text.len() };
        let (mut units, due) = (0, position.character as usize);
        for (at, letter) in line.char_indices() {
            let next = units + self.width(letter);
            if due < next {
                return start + at;
            }
            units = next;
        }
        start + line.len()
    }

    /// The place of a byte.
    pub fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        let start = self.starts[line];
        let character = match self.text.get(start..offset) {
            // Nearly always, and a line may be long.
            Some(before) if before.is_ascii() => before.len(),
            _ => {
                let before = self.text[start..].char_indices().take_while(|(at, _)| start + at < offset);
                before.map(|(_, letter)| self.width(letter)).sum()
            }
        };
        Position { line: line as u32, character: character as u32 }
    }

    /// The place of a span.
    pub fn range(&self, span: Span) -> Range {
        Range { start: self.position(span.start as usize), end: self.position(span.end as usize) }
    }

    /// From the first to the last byte.
    pub fn whole(&self) -> Range {
        Range { start: Position::default(), end: self.position(self.text.len()) }
    }

    fn width(&self, letter: char) -> usize {
        match self.encoding {
            Encoding::Utf8 => letter.len_utf8(),
            Encoding::Utf16 => letter.len_utf16(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a\u{b5}\u{1d11e}b\r\n\nc\rd";

    fn at(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    #[test]
    fn every_byte_comes_back_from_its_place() {
        for encoding in [Encoding::Utf8, Encoding::Utf16] {
            let lines = Lines::of(TEXT, encoding);
            for (offset, letter) in TEXT.char_indices().filter(|(_, letter)| !"\r\n".contains(*letter)) {
                assert_eq!(lines.offset(lines.position(offset)), offset, "{letter:?}");
            }
            assert_eq!(lines.offset(lines.position(TEXT.len())), TEXT.len());
        }
    }

    #[test]
    fn columns_count_what_was_agreed() {
        let b = TEXT.find('b').expect("there");
        assert_eq!(Lines::of(TEXT, Encoding::Utf16).position(b), at(0, 4));
        assert_eq!(Lines::of(TEXT, Encoding::Utf8).position(b), at(0, 7));
        assert_eq!(Lines::of(TEXT, Encoding::Utf16).position(TEXT.len()), at(3, 1));
    }

    #[test]
    fn places_outside_are_the_nearest_inside() {
        let lines = Lines::of(TEXT, Encoding::Utf16);
        assert_eq!(lines.offset(at(0, 99)), TEXT.find('\r').expect("there"));
        assert_eq!(lines.offset(at(99, 0)), TEXT.len());
        assert_eq!(lines.offset(at(1, 7)), TEXT.find("\nc").expect("there"));
        // Inside of the letter of two units.
        assert_eq!(lines.offset(at(0, 3)), TEXT.find('\u{1d11e}').expect("there"));
        assert_eq!(Lines::of("", Encoding::Utf8).offset(at(0, 5)), 0);
    }
}
