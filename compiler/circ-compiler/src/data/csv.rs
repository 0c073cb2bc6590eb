//! Tables of comma-separated values with a header.
//!
//! In: bytes. Out: a table of texts with the line of every row, whose fields are read as numbers when
//! asked for, so that a column of names harms nobody who does not read it.

use super::Fault;

/// A table; all rows have as many fields as there are names.
#[derive(Clone, Debug)]
pub struct Table {
    pub names: Vec<String>,
    /// The line of each row, from 1, the header counted.
    pub lines: Vec<u64>,
    fields: Vec<Box<str>>,
}

impl Table {
    /// Reads a file whose first line is a header. Blanks around fields and empty lines do not count.
    pub fn read(bytes: &[u8]) -> Result<Table, Fault> {
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .comment(Some(b'#'))
            .flexible(true)
            .from_reader(bytes);
        let header = reader.headers().map_err(|e| Fault::Unreadable(words(&e)))?;
        let names: Vec<String> = header.iter().map(str::to_string).collect();
        if names.is_empty() || names.iter().all(String::is_empty) {
            return Err(Fault::Unreadable("it has no header line".to_string()));
        }
        let mut table = Table { names, lines: vec![], fields: vec![] };
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(|e| Fault::Unreadable(words(&e)))? {
            let line = record.position().map_or(0, csv::Position::line);
            if record.len() != table.names.len() {
                let why = format!("{} fields, but the header has {}", record.len(), table.names.len());
                return Err(Fault::Line(line, why));
            }
            table.lines.push(line);
            table.fields.extend(record.iter().map(Box::from));
        }
        Ok(table)
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    /// A field as it stands there; empty outside the table.
    pub fn text(&self, row: usize, column: usize) -> &str {
        self.fields.get(row * self.names.len() + column).map_or("", |field| field)
    }

    /// A field as a number.
    pub fn number(&self, row: usize, column: usize) -> Result<f64, Fault> {
        let text = self.text(row, column);
        match text.parse::<f64>() {
            Ok(number) if !number.is_nan() => Ok(number),
            _ => Err(Fault::Line(
                self.lines.get(row).copied().unwrap_or(0),
                format!(
                    "`{text}` in column `{}` is not a number",
                    self.names.get(column).map_or("", String::as_str)
                ),
            )),
        }
    }

    /// A field as a whole number of at least 0.
    pub fn index(&self, row: usize, column: usize) -> Result<u32, Fault> {
        let text = self.text(row, column);
        text.parse::<u32>().map_err(|_| {
            Fault::Line(
                self.lines.get(row).copied().unwrap_or(0),
                format!(
                    "`{text}` in column `{}` is not an index",
                    self.names.get(column).map_or("", String::as_str)
                ),
            )
        })
    }

    /// Whether every field of a column is a number.
    pub fn is_numeric(&self, column: usize) -> bool {
        (0..self.lines.len()).all(|row| self.number(row, column).is_ok())
    }
}

/// What the reader says, in our words.
fn words(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "it is not text in UTF-8".to_string(),
        _ => "it is not a table of comma-separated values".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Table {
        Table::read(text.as_bytes()).unwrap_or_else(|_| panic!("`{text}` is a table"))
    }

    #[test]
    fn blanks_comments_and_quotes_are_no_part_of_fields() {
        let table = read("# of what\n pre , post\n\n1, 2 \r\n# more\n\"a, \"\"b\"\"\",\"\n\"");
        assert_eq!(table.names, ["pre", "post"]);
        assert_eq!(table.fields.iter().map(|it| &**it).collect::<Vec<_>>(), ["1", "2", "a, \"b\"", ""]);
    }

    #[test]
    fn what_is_no_table_is_told() {
        for bytes in [&b""[..], b"\n\n", b"a,b\n\xff,1", b" , \n1,2"] {
            assert!(matches!(Table::read(bytes), Err(Fault::Unreadable(_))), "{bytes:?}");
        }
        assert!(matches!(Table::read(b"a,b\n1,2\n3"), Err(Fault::Line(3, _))));
    }
}
