//! A checklist as Markdown, as repositories and wikis show it.

use super::{Cell, Document, Line, Table, Tone};
use std::fmt::Write;

pub fn page(document: &Document) -> String {
    let mut page = format!("# {}: {}\n\n", quoted(&document.title), quoted(&document.subtitle));
    for (name, value) in &document.facts {
        let _ = writeln!(page, "- **{}:** {}", quoted(name), quoted(value));
    }
    page.push('\n');
    page.push_str(&table(&document.form));
    for more in &document.appendix {
        let _ = write!(page, "\n## {}\n\n{}\n\n{}", quoted(&more.title), quoted(&more.note), table(more));
    }
    page
}

fn table(table: &Table) -> String {
    let mut text = String::new();
    let heads: Vec<String> = table.columns.iter().map(|column| quoted(&column.head)).collect();
    let _ = writeln!(text, "| {} |", heads.join(" | "));
    let _ = writeln!(text, "|{}", " --- |".repeat(heads.len()));
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(cell).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Tick(true) => "☒".into(),
        Cell::Tick(false) => "☐".into(),
        Cell::Lines(lines) => lines.iter().map(line).collect::<Vec<_>>().join("<br>"),
    }
}

fn line(line: &Line) -> String {
    let text = quoted(&line.text);
    match line.tone {
        _ if text.is_empty() => text,
        Tone::Strong => format!("**{text}**"),
        Tone::Dim => format!("*{text}*"),
        _ => text,
    }
}

/// Plain text: no sign of it is Markdown's or HTML's, and none ends a cell.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => quoted.push_str("&amp;"),
            '<' => quoted.push_str("&lt;"),
            '>' => quoted.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' => quoted.extend(['\\', c]),
            c => quoted.push(c),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_text_is_markup() {
        assert_eq!(
            super::quoted("<script>|a|`b` *c* [d](e) &amp; __f__"),
            r"&lt;script&gt;\|a\|\`b\` \*c\* \[d\](e) &amp;amp; \_\_f\_\_"
        );
    }
}
