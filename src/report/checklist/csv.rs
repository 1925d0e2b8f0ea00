//! A checklist as a table: the form's columns, and beside each row what the document is about.

use super::Document;
use crate::report::audit::csv::harmless;

pub fn bytes(document: &Document) -> Result<Vec<u8>, csv::Error> {
    let form = &document.form;
    let mut table = csv::Writer::from_writer(Vec::new());
    let heads = form.columns.iter().map(|column| column.head.as_str());
    table.write_record(heads.chain(document.facts.iter().map(|(name, _)| name.as_str())).map(harmless))?;
    for row in &form.rows {
        let cells = row.iter().map(super::Cell::to_text);
        let facts = document.facts.iter().map(|(_, value)| value.clone());
        table.write_record(cells.chain(facts).map(|cell| harmless(&cell)))?;
    }
    table.into_inner().map_err(|error| error.into_error().into())
}
