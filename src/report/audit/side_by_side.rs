//! Two servers' hardening, side by side: what is the same, and what differs, down to the findings.

use super::finding;
use crate::compliance::Lang;
use crate::compliance::audit::{Audit, ControlResult, Outcome};
use crate::report::{Paint, safe_line};
use console::{Alignment, measure_text_width, pad_str};
use std::fmt::Write;

/// One control on both; what only one of them lacks.
pub struct Row {
    pub control: String,
    pub outcomes: (Option<Outcome>, Option<Outcome>),
    pub only_a: Vec<String>,
    pub only_b: Vec<String>,
}

impl Row {
    fn differs(&self) -> bool {
        self.outcomes.0 != self.outcomes.1 || !self.only_a.is_empty() || !self.only_b.is_empty()
    }
}

/// All controls; `None` where the audit doesn't hold both hosts.
pub fn rows(audit: &Audit, a: &str, b: &str, lang: Lang) -> Option<Vec<Row>> {
    let (a, b) = (audit.host(a)?, audit.host(b)?);
    let row = |control: &String| {
        let (left, right) = (a.result(control), b.result(control));
        let found = |result: Option<&ControlResult>| -> Vec<Vec<String>> {
            result.iter().flat_map(|r| &r.findings).map(|f| finding::lines(f, lang)).collect()
        };
        let (of_a, of_b) = (found(left), found(right));
        // A finding's lines belong together: a diff's say nothing alone.
        let only = |mine: &[Vec<String>], other: &[Vec<String>]| -> Vec<String> {
            mine.iter().filter(|lines| !other.contains(lines)).flatten().cloned().collect()
        };
        Row {
            control: control.clone(),
            outcomes: (left.map(|r| r.outcome), right.map(|r| r.outcome)),
            only_a: only(&of_a, &of_b),
            only_b: only(&of_b, &of_a),
        }
    };
    Some(audit.controls.iter().map(|control| row(&control.id)).collect())
}

pub fn page(audit: &Audit, hosts: (&str, &str), rows: &[Row], lang: Lang, color: bool) -> String {
    let paint = Paint::new(color);
    let word = |o: Option<Outcome>| o.map_or("-", |o| super::outcome(o, lang));
    let wide = |texts: &mut dyn Iterator<Item = &str>| texts.map(measure_text_width).max().unwrap_or(0);
    let (a, b) = (safe_line(hosts.0), safe_line(hosts.1));
    let first = wide(&mut rows.iter().map(|r| r.control.as_str()));
    let second = wide(&mut rows.iter().map(|r| word(r.outcomes.0)).chain([a.as_str()]));
    let cell = |text: &str, width: usize| pad_str(text, width, Alignment::Left, None).into_owned();
    let mut page = format!("  {}  {}  {}\n", cell("", first), cell(&a, second), b);
    for row in rows {
        let mark = if row.differs() { paint.change("~") } else { " ".into() };
        let _ = writeln!(
            page,
            "{mark} {}  {}  {}",
            cell(&row.control, first),
            cell(word(row.outcomes.0), second),
            word(row.outcomes.1)
        );
        for (host, lines) in [(&a, &row.only_a), (&b, &row.only_b)] {
            for line in lines {
                let _ = writeln!(page, "      {} {host}: {}", lang.pick("bara", "only"), safe_line(line));
            }
        }
    }
    let differ = rows.iter().filter(|row| row.differs()).count();
    let summary = lang.pick(
        format!("{differ} av {} kontroller skiljer sig; körning {}, {}", rows.len(), audit.run, audit.made),
        format!("{differ} of {} controls differ; run {}, {}", rows.len(), audit.run, audit.made),
    );
    let _ = writeln!(page, "{summary}");
    page
}

/// One JSON document.
pub fn json(a: &str, b: &str, rows: &[Row]) -> String {
    let row = |row: &Row| {
        serde_json::json!({
            "control": row.control,
            "outcomes": {a: row.outcomes.0, b: row.outcomes.1},
            "only": {a: row.only_a, b: row.only_b},
        })
    };
    let rows: Vec<serde_json::Value> = rows.iter().map(row).collect();
    format!("{}\n", serde_json::json!({ "controls": rows }))
}
