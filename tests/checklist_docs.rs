//! Checklists as LibreOffice reads them. `make test-docs` installs it and asks for these tests.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Writes the checklist of the tests' audit in these formats, and gives it as Markdown.
fn checklist(folder: &Path, formats: &[&str]) -> String {
    let mut harda = Command::new(env!("CARGO_BIN_EXE_harda"));
    harda.args(["checklist", "tests/checklist/pack", "--from", "tests/checklist/audit.json", "--lang", "sv"]);
    harda.args(["--attestations", "tests/checklist/attestations.yml"]);
    for format in formats.iter().chain(&["md"]) {
        harda.arg("--report").arg(format!("{format}={}", folder.join(format!("out.{format}")).display()));
    }
    assert!(harda.stdout(Stdio::null()).status().expect("harda starts").success());
    fs::read_to_string(folder.join("out.md")).expect("written")
}

/// What LibreOffice makes of a file.
fn converted(folder: &Path, file: &str, to: &str) -> String {
    // A profile of its own: two LibreOffices can't share one.
    let profile = format!("-env:UserInstallation=file://{}", folder.join("profile").display());
    let output = Command::new("timeout")
        .args(["120", "soffice", &profile, "--headless", "--convert-to", to, "--outdir"])
        .args([folder, &folder.join(file)])
        .output()
        .expect("LibreOffice starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let ending = to.split(':').next().unwrap_or(to);
    fs::read_to_string(folder.join(Path::new(file).with_extension(ending))).expect("converted")
}

#[test]
#[ignore = "make test-docs"]
fn a_document_opens_in_writer() {
    let folder = tempfile::tempdir().expect("a folder");
    let markdown = checklist(folder.path(), &["docx"]);
    let text = converted(folder.path(), "out.docx", "txt:Text (encoded):UTF8");
    for said in ["Checklista", "Exempel AB", "Använd kontroll", "Åtkomst", "Underlag: sign1", "Undantag"] {
        assert!(text.contains(said), "no `{said}` in\n{text}");
    }
    for tick in ['☒', '☐'] {
        assert_eq!(text.matches(tick).count(), markdown.matches(tick).count(), "{text}");
    }
    assert!(text.contains("<script>alert(1)</script>") && !text.contains('\x1b'), "{text}");
}

#[test]
#[ignore = "make test-docs"]
fn a_workbook_opens_in_calc() {
    let folder = tempfile::tempdir().expect("a folder");
    let markdown = checklist(folder.path(), &["xlsx"]);
    // The first sheet: commas, double quotes, UTF-8.
    let table = converted(folder.path(), "out.xlsx", "csv:Text - txt - csv (StarCalc):44,34,76");
    let mut table = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(table.as_bytes());
    let rows: Vec<csv::StringRecord> = table.records().map(|row| row.expect("a row")).collect();
    let head = rows.iter().position(|row| row.get(0) == Some("ID")).expect("the form's head");
    let heads: Vec<&str> = rows[head].iter().collect();
    assert_eq!(heads[..4], ["ID", "Krav", "Använd kontroll", "Beskrivning"]);
    let ticks = rows[head + 1..].iter().filter(|row| row.get(2) == Some("X")).count();
    assert_eq!(ticks, markdown.matches('☒').count());
    assert_eq!(rows.len() - head - 1, 4);
    for cell in rows.iter().flatten() {
        assert!(!cell.starts_with(['=', '+', '-', '@', '#']), "{cell}");
    }
}
