//! A checklist as a workbook: the form, and a sheet for each kind of appendix. Every cell is text;
//! no formula is ever written.

use super::{Cell, Column, Document, Table, Tone};
use crate::report::audit::csv::harmless;
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

/// Characters across the page, on A4 in landscape.
const WIDTH: f64 = 125.0;
/// Most that a cell holds, in UTF-16 units.
const CELL: usize = 32_767;
/// Points of a line of text, and of the tallest row that there can be.
const LINE: f64 = 13.0;
const TALLEST: f64 = 409.0;
/// A4, in Excel's list of papers.
const A4: u8 = 9;

pub fn bytes(document: &Document) -> Result<Vec<u8>, XlsxError> {
    let styles = Styles::new();
    let mut book = Workbook::new();
    // The same checklist gives the same bytes: the clock is left out.
    let made = ExcelDateTime::parse_from_str("2000-01-01")?;
    let title = format!("{}: {}", document.title, document.subtitle);
    book.set_properties(&DocProperties::new().set_title(&title).set_creation_datetime(&made));
    front(book.add_worksheet(), document, &title, &styles)?;
    for tables in document.appendix.chunk_by(|one, next| one.sheet == next.sheet) {
        let sheet = book.add_worksheet();
        prepare(sheet, &tables[0])?;
        let mut line = 0;
        for table in tables {
            put(sheet, line, 0, &table.title, &styles.title)?;
            let last = u16::try_from(table.columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
            sheet.merge_range(line + 1, 0, line + 1, last, &cut(&harmless(&table.note)), &styles.note)?;
            sheet.set_row_height(line + 1, 2.0 * LINE)?;
            line = grid(sheet, line + 2, table, &styles)? + 1;
        }
    }
    book.save_to_buffer()
}

fn front(sheet: &mut Worksheet, document: &Document, title: &str, styles: &Styles) -> Result<(), XlsxError> {
    prepare(sheet, &document.form)?;
    put(sheet, 0, 0, title, &styles.title)?;
    let mut line = 1;
    for (name, value) in &document.facts {
        put(sheet, line, 0, name, &styles.plain)?;
        put(sheet, line, 2, value, &styles.plain)?;
        line += 1;
    }
    let head = line + 1;
    let end = grid(sheet, head, &document.form, styles)?;
    let last = u16::try_from(document.form.columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
    sheet.autofilter(head, 0, end.saturating_sub(1), last)?;
    sheet.set_repeat_rows(head, head)?;
    Ok(())
}

fn prepare(sheet: &mut Worksheet, table: &Table) -> Result<(), XlsxError> {
    sheet.set_name(&table.sheet)?;
    sheet.set_landscape().set_paper_size(A4).set_print_fit_to_pages(1, 0).set_footer("&C&P / &N");
    for (column, at) in table.columns.iter().zip(0..) {
        sheet.set_column_width(at, WIDTH * column.width as f64 / 100.0)?;
    }
    Ok(())
}

/// Writes a table, and gives the line after it.
fn grid(sheet: &mut Worksheet, top: u32, table: &Table, styles: &Styles) -> Result<u32, XlsxError> {
    for (column, at) in table.columns.iter().zip(0..) {
        put(sheet, top, at, &column.head, &styles.head)?;
    }
    sheet.set_row_height(top, 2.0 * LINE + 3.0)?;
    let mut line = top + 1;
    for row in &table.rows {
        for (cell, at) in row.iter().zip(0..) {
            put(sheet, line, at, &cell.to_text(), styles.of(cell))?;
        }
        sheet.set_row_height(line, height(row, table))?;
        line += 1;
    }
    Ok(line)
}

/// What a row needs, in points: LibreOffice shows one line of a cell unless it is told.
fn height(row: &[Cell], table: &Table) -> f64 {
    let lines = |(cell, column): (&Cell, &Column)| {
        // Letters of a text are narrower than the digits that a column's width counts.
        let room = (WIDTH * column.width as f64 / 90.0).max(1.0) as usize;
        let text = cell.to_text();
        text.lines().map(|line| line.chars().count().div_ceil(room).max(1)).sum::<usize>()
    };
    let most = row.iter().zip(&table.columns).map(lines).max().unwrap_or(1).max(1);
    (LINE * most as f64 + 3.0).min(TALLEST)
}

fn put(sheet: &mut Worksheet, row: u32, column: u16, text: &str, format: &Format) -> Result<(), XlsxError> {
    sheet.write_string_with_format(row, column, cut(&harmless(text)), format)?;
    Ok(())
}

fn cut(text: &str) -> String {
    let mut room = CELL;
    let fits = |c: &char| {
        let fits = room > c.len_utf16();
        room = room.saturating_sub(c.len_utf16());
        fits
    };
    text.chars().take_while(fits).collect()
}

struct Styles {
    title: Format,
    plain: Format,
    note: Format,
    head: Format,
    cell: Format,
    strong: Format,
    tick: Format,
}

impl Styles {
    fn new() -> Styles {
        let plain = Format::new().set_font_name("Arial").set_font_size(10);
        let line = plain.clone().set_border(FormatBorder::Thin).set_border_color(Color::RGB(0x00B0_B7BF));
        let cell = line.clone().set_text_wrap().set_align(FormatAlign::Top);
        Styles {
            title: plain.clone().set_bold().set_font_size(14),
            head: cell.clone().set_bold().set_background_color(Color::RGB(0x00F3_F5F7)),
            strong: cell.clone().set_bold(),
            tick: cell.clone().set_bold().set_align(FormatAlign::Center),
            cell,
            note: plain.clone().set_text_wrap().set_align(FormatAlign::Top),
            plain,
        }
    }

    fn of(&self, cell: &Cell) -> &Format {
        match cell {
            Cell::Tick(_) => &self.tick,
            Cell::Lines(lines) if lines.iter().all(|line| line.tone == Tone::Strong) => &self.strong,
            Cell::Lines(_) => &self.cell,
        }
    }
}
