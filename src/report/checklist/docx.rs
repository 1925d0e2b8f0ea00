//! A checklist as a document for Word and LibreOffice: A4 in landscape, heads repeated on each page,
//! pages numbered.

use super::{Cell, Document, Line, Table, Tone};
use docx_rs::{
    AlignmentType, Docx, Footer, LineSpacing, NumPages, PageMargin, PageNum, PageOrientationType, Paragraph,
    Run, RunFonts, Shading, ShdType, Style, StyleType, TableCell, TableCellMargins, TableLayoutType,
    TableRow, WidthType,
};
use std::io::{self, Cursor};

/// A4 in landscape and its margins, in twentieths of a point.
const PAGE: (u32, u32) = (16838, 11906);
const MARGIN: u32 = 850;
/// What tables may take.
const WIDTH: usize = (PAGE.0 - 2 * MARGIN) as usize;
/// Part of the width that the names of the facts take.
const NAMES: usize = 18;
/// Sizes of letters, in half points.
const SIZE: usize = 19;
const SMALL: usize = 17;

pub fn bytes(document: &Document) -> io::Result<Vec<u8>> {
    let margin = MARGIN as i32;
    let margins = PageMargin::new().top(margin).bottom(margin).left(margin).right(margin).footer(400);
    let mut docx = Docx::new()
        .page_size(PAGE.0, PAGE.1)
        .page_orient(PageOrientationType::Landscape)
        .page_margin(margins)
        .default_fonts(fonts("Arial"))
        .default_size(SIZE)
        .add_style(heading("Heading1", 1, 34))
        .add_style(heading("Heading2", 2, 24))
        .footer(Footer::new().add_paragraph(page_number()))
        .add_paragraph(Paragraph::new().style("Heading1").add_run(Run::new().add_text(&document.title)))
        .add_paragraph(plain(&document.subtitle).line_spacing(LineSpacing::new().after(160)))
        .add_table(facts(&document.facts))
        .add_paragraph(Paragraph::new())
        .add_table(grid(&document.form));
    for table in &document.appendix {
        let title = Run::new().add_text(&table.title);
        docx = docx
            .add_paragraph(Paragraph::new().style("Heading2").keep_next(true).add_run(title))
            .add_paragraph(plain(&table.note).keep_next(true).line_spacing(LineSpacing::new().after(80)))
            .add_table(grid(table));
    }
    let mut parts = docx.build();
    parts.document = with_repeated_heads(parts.document);
    let mut bytes = Cursor::new(Vec::new());
    parts.pack(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes.into_inner())
}

/// docx-rs has no word for a table's head that is repeated on each page. Of our rows only heads may
/// not be split, so that is where it belongs.
fn with_repeated_heads(document: Vec<u8>) -> Vec<u8> {
    match String::from_utf8(document) {
        Ok(text) => text.replace("<w:cantSplit />", "<w:cantSplit /><w:tblHeader />").into_bytes(),
        Err(error) => error.into_bytes(),
    }
}

fn fonts(name: &str) -> RunFonts {
    RunFonts::new().ascii(name).hi_ansi(name).cs(name)
}

fn heading(id: &str, level: usize, size: usize) -> Style {
    Style::new(id, StyleType::Paragraph)
        .name(format!("heading {level}"))
        .outline_lvl(level - 1)
        .size(size)
        .bold()
        .line_spacing(LineSpacing::new().before(if level == 1 { 0 } else { 320 }).after(60))
}

fn page_number() -> Paragraph {
    let slash = Run::new().add_text(" / ").size(SMALL);
    Paragraph::new()
        .align(AlignmentType::Center)
        .add_page_num(PageNum::new())
        .add_run(slash)
        .add_num_pages(NumPages::new())
}

fn plain(text: &str) -> Paragraph {
    Paragraph::new().add_run(Run::new().add_text(text))
}

fn facts(facts: &[(String, String)]) -> docx_rs::Table {
    let row = |(name, value): &(String, String)| {
        let name = Line { tone: Tone::Dim, text: name.clone() };
        let value = Line { tone: Tone::Plain, text: value.clone() };
        TableRow::new(vec![cell(&[name], NAMES), cell(&[value], 100 - NAMES)])
    };
    docx_rs::Table::without_borders(facts.iter().map(row).collect())
        .set_grid(vec![twips(NAMES), twips(100 - NAMES)])
        .layout(TableLayoutType::Fixed)
        .width(WIDTH, WidthType::Dxa)
}

fn grid(table: &Table) -> docx_rs::Table {
    let head = table.columns.iter().map(|column| {
        let line = Line { tone: Tone::Strong, text: column.head.clone() };
        cell(&[line], column.width).shading(Shading::new().shd_type(ShdType::Clear).fill("E9EDF1"))
    });
    let row = |cells: &Vec<Cell>| {
        let cells = cells.iter().zip(&table.columns).map(|(cell, column)| one(cell, column.width));
        TableRow::new(cells.collect())
    };
    let mut rows = vec![TableRow::new(head.collect()).cant_split()];
    rows.extend(table.rows.iter().map(row));
    docx_rs::Table::new(rows)
        .set_grid(table.columns.iter().map(|column| twips(column.width)).collect())
        .layout(TableLayoutType::Fixed)
        .width(WIDTH, WidthType::Dxa)
        .margins(TableCellMargins::new().margin(50, 90, 50, 90))
}

/// Hundredths of the width.
fn twips(width: usize) -> usize {
    WIDTH * width / 100
}

fn one(content: &Cell, width: usize) -> TableCell {
    match content {
        Cell::Lines(lines) => cell(lines, width),
        Cell::Tick(ticked) => {
            let sign = Run::new().add_text(if *ticked { "☒" } else { "☐" }).size(28);
            let sign = sign.fonts(fonts("Segoe UI Symbol"));
            TableCell::new()
                .width(twips(width), WidthType::Dxa)
                .add_paragraph(Paragraph::new().align(AlignmentType::Center).add_run(sign))
        }
    }
}

fn cell(lines: &[Line], width: usize) -> TableCell {
    let cell = TableCell::new().width(twips(width), WidthType::Dxa);
    match lines {
        // A cell without a paragraph is none that Word opens.
        [] => cell.add_paragraph(Paragraph::new()),
        lines => lines.iter().fold(cell, |cell, line| cell.add_paragraph(paragraph(line))),
    }
}

fn paragraph(line: &Line) -> Paragraph {
    let run = Run::new().add_text(&line.text);
    let run = match line.tone {
        Tone::Plain => run,
        Tone::Strong => run.bold(),
        Tone::Dim => run.size(SMALL).color("57606A"),
        Tone::Code => run.size(SMALL).fonts(fonts("Courier New")),
        Tone::Good => run.color("1F5631"),
        Tone::Open => run.color("8A5A00"),
        Tone::Bad => run.color("B42318"),
    };
    Paragraph::new().line_spacing(LineSpacing::new().after(50)).add_run(run)
}
