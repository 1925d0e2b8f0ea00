//! An audit as a table, one row a host and control.

use super::finding;
use crate::compliance::Lang;
use crate::compliance::audit::{Audit, Outcome};

const HEAD: &[&str] = &[
    "host",
    "system",
    "control",
    "severity",
    "outcome",
    "statements",
    "title",
    "why",
    "findings",
    "run",
    "made",
];

pub fn bytes(audit: &Audit, lang: Lang) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(HEAD)?;
    for host in &audit.hosts {
        if let (Some(error), true) = (&host.error, host.results.is_empty()) {
            let outcome = super::outcome(Outcome::Error, lang);
            let row = [&host.host, &host.system, "", "", outcome, "", "", error, "", &audit.run, &audit.made];
            table.write_record(row.map(harmless))?;
        }
        for result in &host.results {
            let head = audit.control(&result.control);
            let findings: Vec<String> =
                result.findings.iter().flat_map(|f| finding::lines(f, lang)).collect();
            let row = [
                host.host.as_str(),
                &host.system,
                &result.control,
                head.map(|c| c.severity.word()).unwrap_or_default(),
                super::outcome(result.outcome, lang),
                &head.map(|c| c.statements.join(" ")).unwrap_or_default(),
                head.map(|c| c.title.say(lang)).unwrap_or_default(),
                result.why.say(lang),
                &findings.join("\n"),
                &audit.run,
                &audit.made,
            ];
            table.write_record(row.map(harmless))?;
        }
    }
    table.into_inner().map_err(|error| error.into_error().into())
}

/// A spreadsheet takes a cell that begins so for a formula.
pub fn harmless(cell: &str) -> String {
    let safe: String = cell.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
    match safe.starts_with(['=', '+', '-', '@', '\t', '\r', '|', '%']) {
        true => format!("'{safe}"),
        false => safe,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_host_of_which_nothing_is_known_has_a_row() {
        let text = include_str!("../../../tests/cases/records/20260101T000000Z-0001.audit.json");
        let mut audit: super::Audit = serde_json::from_str(text).expect("an audit");
        audit.hosts.truncate(1);
        audit.hosts[0].results.clear();
        audit.hosts[0].error = Some("no route to host".into());
        let table = super::bytes(&audit, super::Lang::En).expect("written");
        let table = String::from_utf8(table).expect("text");
        let row = table.lines().nth(1).expect("a row");
        assert!(row.starts_with(&audit.hosts[0].host) && row.contains(",error,"), "{row}");
        assert!(row.contains("no route to host"), "{row}");
    }

    #[test]
    fn no_cell_begins_a_formula() {
        for (cell, safe) in [
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("@SUM(1)", "'@SUM(1)"),
            ("\u{1b}[31mred", "[31mred"),
            ("\t=1+1", "'=1+1"),
            ("plain = text", "plain = text"),
        ] {
            assert_eq!(super::harmless(cell), safe);
        }
    }
}
