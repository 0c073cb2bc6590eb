//! Tables in Markdown.

/// A table under a title; empty without rows.
pub fn table(title: &str, columns: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let line = |cells: &[String]| {
        let one = |it: &String| if it.is_empty() { "| ".to_string() } else { format!("| {it} ") };
        format!("{}|\n", cells.iter().map(one).collect::<String>())
    };
    let names: Vec<String> = columns.iter().map(|it| it.to_string()).collect();
    let mut out = format!("{title}\n\n{}|{}\n", line(&names), "---|".repeat(columns.len()));
    rows.iter().for_each(|row| out += &line(row));
    out + "\n"
}

/// A text as one cell of a table.
pub fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// A name or a piece of a program.
pub fn code(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{}`", cell(text)) }
}
