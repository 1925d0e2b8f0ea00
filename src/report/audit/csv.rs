//! An audit as a table, one row a host and control.

use super::finding;
use crate::compliance::Lang;
use crate::compliance::audit::Audit;

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
