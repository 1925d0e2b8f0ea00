//! A checklist on the terminal: the form, without the appendix.

use super::{Cell, Document, Line, Tone};
use crate::report::Paint;
use std::fmt::Write;

/// Where the text of a row begins.
const INDENT: &str = "          ";

pub fn page(document: &Document, color: bool) -> String {
    let paint = Paint::new(color);
    let mut page = format!("{}\n", paint.strong(format!("{}: {}", document.title, document.subtitle)));
    let width = document.facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, value) in &document.facts {
        let _ = writeln!(page, "{}  {value}", paint.dim(format!("{name:width$}")));
    }
    for row in &document.form.rows {
        page.push('\n');
        page.push_str(&one_row(row, &paint));
    }
    page
}

/// `[x] 6.3  The name`, and below it the rest of its cells.
fn one_row(row: &[Cell], paint: &Paint) -> String {
    let [id, name, tick, rest @ ..] = row else { return String::new() };
    let tick = match tick {
        Cell::Tick(true) => paint.good("[x]"),
        _ => "[ ]".into(),
    };
    let mut names = lines(name).iter();
    let name = names.next().map(|line| line.text.as_str()).unwrap_or_default();
    let mut page = format!("{tick} {:<5} {}\n", id.to_text(), paint.strong(name));
    for line in names.chain(rest.iter().flat_map(lines)) {
        let _ = writeln!(page, "{INDENT}{}", painted(line, paint));
    }
    page
}

fn lines(cell: &Cell) -> &[Line] {
    match cell {
        Cell::Lines(lines) => lines,
        Cell::Tick(_) => &[],
    }
}

fn painted(line: &Line, paint: &Paint) -> String {
    match line.tone {
        Tone::Good => paint.good(&line.text),
        Tone::Open => paint.change(&line.text),
        Tone::Bad => paint.bad(&line.text),
        Tone::Dim => paint.dim(&line.text),
        Tone::Strong => paint.strong(&line.text),
        Tone::Plain | Tone::Code => line.text.clone(),
    }
}
