//! One JSON record a line for every event, for programs.
//!
//! Each record has `event`; the first is `started` with the run's id, the last `ended` with its
//! exit code. The other fields are those of `record::Event`, whose names are an interface: they
//! may be added to, and are neither renamed nor removed. `busy`, which only moves the progress
//! lines, is left out.

use super::mask::Masker;
use super::{Sink, text};
use crate::record::Event;
use std::fmt::Write as _;
use std::io::Write;

pub struct JsonLines {
    out: Box<dyn Write + Send>,
    masker: Masker,
}

impl JsonLines {
    pub fn new(out: Box<dyn Write + Send>, masker: Masker) -> Self {
        JsonLines { out, masker }
    }
}

impl Sink for JsonLines {
    fn event(&mut self, event: &Event) {
        if matches!(event, Event::Busy { .. }) {
            return;
        }
        let record = match serde_json::to_string(&self.masker.event(event)) {
            Ok(record) => record,
            Err(error) => serde_json::json!({ "event": "error", "message": error.to_string() }).to_string(),
        };
        // Whoever reads has gone: an apply goes on all the same.
        let _ = writeln!(self.out, "{}", escaped(&record));
        let _ = self.out.flush();
    }
}

/// The same JSON with what could hurt a terminal written as `\u....`; JSON itself does so only for
/// C0. Such characters stand in strings only.
fn escaped(record: &str) -> String {
    if !record.chars().any(text::is_hostile) {
        return record.to_string();
    }
    let mut safe = String::with_capacity(record.len() + 16);
    for c in record.chars() {
        match text::is_hostile(c) {
            false => safe.push(c),
            true => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    // Writing to a String can't fail.
                    let _ = write!(safe, "\\u{unit:04x}");
                }
            }
        }
    }
    safe
}
