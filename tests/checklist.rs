//! Checklists from a fixed audit, whose hosts answered with hostile text: what the rows say, every
//! format read back by somebody else's reader, attestations, the bundle.

#[path = "support/terminal.rs"]
mod terminal;

use calamine::{Data, Reader, Xlsx};
use harda::compliance::audit::{Audit, Outcome};
use harda::compliance::checklist::{Each, Source, fill};
use harda::compliance::declared::Declared;
use harda::compliance::feedback::Feedback;
use harda::compliance::pack::Pack;
use harda::compliance::{Lang, Text};
use harda::files::Files;
use harda::report::checklist::{Document, csv, document, docx, html, markdown, text, xlsx};
use jiff::ToSpan;
use jiff::civil::Date;
use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use terminal::{converse, on_terminal};

const FOLDER: &str = "tests/checklist";

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(FOLDER).join(name)).expect("a file of the tests")
}

/// The checklist of the tests' own pack and audit, on a fixed day.
fn filled(lang: Lang, each: Each) -> Document {
    filled_from(lang, each, |_| ())
}

/// The same from an audit that came out otherwise.
fn filled_from(lang: Lang, each: Each, otherwise: impl Fn(&mut Audit)) -> Document {
    let pack = Pack::load(&Files::default(), &Path::new(FOLDER).join("pack")).expect("a pack");
    let mut audit: Audit = serde_json::from_str(&read("audit.json")).expect("an audit");
    otherwise(&mut audit);
    let declared = Declared::read(Path::new("a.yml"), &read("attestations.yml")).expect("declared");
    let feedback =
        Feedback::read(Path::new("f.yml"), &read("feedback.yml"), &pack, Date::MAX).expect("feedback");
    let checklist = fill(&Source {
        audit: &audit,
        sha256: "0123456789abcdef".into(),
        pack: &pack,
        pack_sha256: Some("feedc0de".into()),
        declared: &declared,
        feedback: Some(&feedback),
        today: "2026-11-25".parse().expect("a date"),
        zone: "Europe/Stockholm".into(),
        each,
    });
    document(&checklist, lang)
}

#[test]
fn in_swedish_as_markdown() {
    insta::assert_snapshot!(markdown::page(&filled(Lang::Sv, Each::Requirement)));
}

#[test]
fn in_english_as_markdown_by_statement() {
    insta::assert_snapshot!(markdown::page(&filled(Lang::En, Each::Statement)));
}

#[test]
fn on_the_terminal() {
    insta::assert_snapshot!(text::page(&filled(Lang::En, Each::Requirement), false));
}

/// A host that did not answer isn't among those that were audited, and whoever reads a row sees which
/// hosts it doesn't speak of.
#[test]
fn what_was_not_asked_is_not_said_to_be() {
    let document = |lang| {
        filled_from(lang, Each::Requirement, |audit| {
            audit.hosts_left_out = vec!["sign3".into(), "sign4".into()];
            let silent = &mut audit.hosts[1];
            silent.error = Some("no route to host".into());
            silent.results.iter_mut().for_each(|result| result.outcome = Outcome::Error);
        })
    };
    let sv = document(Lang::Sv);
    let fact = |name: &str| sv.facts.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    assert_eq!(fact("Kontrollerade värdar"), Some("sign1"));
    assert_eq!(fact("Ej kontrollerade värdar"), Some("sign2"));
    assert_eq!(fact("Utelämnade värdar"), Some("sign3, sign4"));
    let (sv, en) = (text::page(&sv, false), text::page(&document(Lang::En), false));
    assert!(
        sv.contains("Inte sign2, som inte svarade. En del av värdarna: sign3, sign4 granskades inte."),
        "{sv}"
    );
    assert!(en.contains("Not sign2: no answer from there. Part of the hosts: sign3, sign4 left out"), "{en}");
    let whole = text::page(&filled(Lang::En, Each::Requirement), false);
    assert!(!whole.contains("left out") && !whole.contains("Hosts not audited"), "{whole}");
}

/// That somebody has approved of it doesn't say why it isn't known.
#[test]
fn a_waiver_of_what_is_not_assessed_stands_in_its_row() {
    let document = filled_from(Lang::En, Each::Requirement, |audit| {
        let result = audit.hosts[0].results.iter_mut().find(|r| r.control == "logs-forwarded");
        let result = result.expect("the result");
        result.outcome = Outcome::NotAssessed;
        result.why = Text::both("declare rsyslog_server");
    });
    let page = text::page(&document, false);
    let told = "not assessed on sign1 (declare rsyslog_server); waived: loggservern flyttas i december";
    assert!(page.contains(told), "{page}");
}

/// Two states of one version are told apart.
#[test]
fn an_audit_by_an_edited_pack_is_told() {
    let document =
        |sum: &str| filled_from(Lang::Sv, Each::Requirement, |audit| audit.pack.sha256 = Some(sum.into()));
    let other = text::page(&document("0ddba11"), false);
    assert!(other.contains("signing 1.2, SHA-256 feedc0de"), "{other}");
    assert!(other.contains("en annan än denna, fast med samma version: SHA-256 0ddba11"), "{other}");
    let same = text::page(&document("feedc0de"), false);
    assert!(!same.contains("en annan än denna"), "{same}");
}

/// What would act on a screen, a page or a reader's eye.
#[track_caller]
fn harmless(page: &str) {
    for bad in ["\x1b", "\x07", "\u{202e}", "<script>", "<img", "<b>"] {
        assert!(!page.contains(bad), "{bad:?} in\n{page}");
    }
}

#[test]
fn hostile_text_does_nothing_in_a_page() {
    for each in [Each::Requirement, Each::Statement] {
        let document = filled(Lang::Sv, each);
        let page = html::page(&document).expect("a page");
        harmless(&page);
        harmless(&markdown::page(&document));
        assert!(page.contains(r"\u{1b}[2J") && page.contains("&lt;script&gt;"), "it is shown all the same");
        assert!(!page.contains("http-equiv=\"refresh\"") && !page.contains("javascript:"), "{page}");
        let terminal = text::page(&document, false);
        assert!(!terminal.contains(['\x1b', '\x07', '\u{202e}']), "{terminal}");
    }
}

fn begins_a_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '|', '%'])
}

#[test]
fn a_workbook_holds_the_form_and_no_formula() {
    let bytes = xlsx::bytes(&filled(Lang::Sv, Each::Requirement)).expect("a workbook");
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).expect("calamine reads it");
    assert_eq!(book.sheet_names(), ["Checklista", "Underlag", "Intyg", "Undantag"]);
    let form = book.worksheet_range("Checklista").expect("the form");
    let texts: Vec<Vec<String>> =
        form.rows().map(|row| row.iter().map(|cell| cell.to_string()).collect()).collect();
    let head = texts.iter().position(|row| row[0] == "ID").expect("the form's head");
    assert_eq!(texts[head], ["ID", "Krav", "Använd kontroll", "Beskrivning", "Granskning"]);
    let ticks: Vec<(&str, &str)> =
        texts[head + 1..].iter().map(|row| (row[0].as_str(), row[2].as_str())).collect();
    assert_eq!(ticks, [("1.1", "X"), ("1.2", ""), ("1.3", ""), ("1.4", "")]);
    for name in book.sheet_names() {
        assert_eq!(book.worksheet_formula(&name).expect("a sheet").used_cells().count(), 0);
        let range = book.worksheet_range(&name).expect("a sheet");
        for (_, _, cell) in range.used_cells() {
            let Data::String(text) = cell else { panic!("{cell:?} is no text") };
            assert!(!begins_a_formula(text), "{text}");
            assert!(!text.contains(['\x1b', '\x07', '\u{202e}']), "{text}");
        }
    }
}

#[test]
fn a_table_has_the_four_columns_and_no_formula() {
    let bytes = csv::bytes(&filled(Lang::En, Each::Requirement)).expect("a table");
    let mut table = ::csv::Reader::from_reader(&bytes[..]);
    let heads: Vec<String> = table.headers().expect("heads").iter().map(str::to_string).collect();
    assert_eq!(heads[..4], ["ID", "Requirement", "Control in place", "Description"]);
    assert!(heads.contains(&"SHA-256 of the audit".to_string()), "{heads:?}");
    let rows: Vec<::csv::StringRecord> = table.records().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 4);
    for cell in rows.iter().flatten() {
        assert!(!begins_a_formula(cell), "{cell}");
    }
}

/// The text of a DOCX, read by a ZIP and an XML reader.
fn docx_text(bytes: Vec<u8>) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("a ZIP");
    let mut xml = String::new();
    archive.by_name("word/document.xml").expect("the document").read_to_string(&mut xml).expect("UTF-8");
    let mut reader = quick_xml::Reader::from_str(&xml);
    let mut text = String::new();
    loop {
        match reader.read_event().expect("well-formed") {
            quick_xml::events::Event::Text(part) => text.push_str(&part),
            quick_xml::events::Event::GeneralRef(name) => {
                text.push_str(match &*name {
                    "lt" => "<",
                    "gt" => ">",
                    "amp" => "&",
                    "quot" => "\"",
                    "apos" => "'",
                    _ => "?",
                });
            }
            quick_xml::events::Event::End(tag) if tag.name().as_ref() == "w:p" => text.push('\n'),
            quick_xml::events::Event::Eof => return text,
            _ => {}
        }
    }
}

#[test]
fn a_document_is_well_formed_and_says_the_same() {
    let document = filled(Lang::Sv, Each::Requirement);
    let text = docx_text(docx::bytes(&document).expect("a document"));
    for said in ["Exempel AB", "Använd kontroll", "Delvis uppfyllt: 1 av 2", "<script>alert(1)</script>"] {
        assert!(text.contains(said), "no `{said}` in\n{text}");
    }
    assert!(!text.contains(['\x1b', '\x07', '\u{202e}']), "{text}");
    assert_eq!(text.matches('☒').count(), 1, "{text}");
}

#[test]
fn the_same_checklist_gives_the_same_bytes() {
    let (one, other) = (filled(Lang::Sv, Each::Requirement), filled(Lang::Sv, Each::Requirement));
    assert_eq!(xlsx::bytes(&one).expect("a workbook"), xlsx::bytes(&other).expect("a workbook"));
    assert_eq!(docx::bytes(&one).expect("a document"), docx::bytes(&other).expect("a document"));
}

/// A folder with the tests' files in it.
struct Site(tempfile::TempDir);

impl Site {
    fn new() -> Site {
        let site = Site(tempfile::tempdir().expect("a folder"));
        for name in ["audit.json", "attestations.yml", "feedback.yml", "evidence/room.txt"] {
            fs::create_dir_all(site.path("evidence")).expect("made");
            fs::write(site.path(name), read(name)).expect("written");
        }
        for name in ["pack.yml", "requirements.yml", "controls.yml", "playbook.yml"] {
            fs::create_dir_all(site.path("pack")).expect("made");
            fs::write(site.path("pack").join(name), read(&format!("pack/{name}"))).expect("written");
        }
        site
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("a file")
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(env!("CARGO_BIN_EXE_harda"), args)
    }

    fn command(&self, program: &str, args: &[&str]) -> Output {
        Command::new(program)
            .args(args)
            .current_dir(self.0.path())
            .env("TERM", "dumb")
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .output()
            .expect("it starts")
    }
}

#[track_caller]
fn expect(output: &Output, code: i32) -> String {
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{said}");
    said
}

const FILL: &[&str] = &["pack", "--from", "audit.json", "--attestations", "attestations.yml"];

fn today() -> Date {
    jiff::ZonedDateTime::now().date()
}

#[test]
fn every_format_is_written_at_once() {
    let site = Site::new();
    let reports = ["html", "md", "csv", "xlsx", "docx"].map(|format| format!("{format}=out.{format}"));
    let reports = reports.iter().flat_map(|report| ["--report", report]);
    let args: Vec<&str> = ["checklist"].iter().chain(FILL).copied().chain(reports).collect();
    let said = expect(&site.run(&args), 0);
    assert!(said.contains("[ ] 1.3   Logs"), "{said}");
    let sum = String::from_utf8(site.command("sha256sum", &["audit.json"]).stdout).expect("UTF-8");
    let sum = sum.split(' ').next().expect("a sum");
    for file in ["out.html", "out.md", "out.csv"] {
        assert!(site.text(file).contains(sum), "{file} names the audit that it was made from");
    }
    assert!(fs::metadata(site.path("out.docx")).expect("written").len() > 1000);
}

#[test]
fn what_cannot_be_claimed_is_refused() {
    let site = Site::new();
    let pack = site.text("pack/pack.yml");
    let checklist = |site: &Site| site.run(&[&["checklist"], FILL].concat());

    fs::write(site.path("pack/pack.yml"), pack.replace("1.2", "2.0")).expect("written");
    let said = expect(&checklist(&site), 1);
    assert!(said.contains("the audit is of signing 1.2, this pack is signing 2.0"), "{said}");
    fs::write(site.path("pack/pack.yml"), pack).expect("written");

    fs::write(site.path("evidence/room.txt"), "Another room\n").expect("written");
    let said = expect(&checklist(&site), 1);
    assert!(said.contains("the evidence for 1.2-a, has changed since"), "{said}");
    fs::remove_file(site.path("evidence/room.txt")).expect("removed");
    let said = expect(&checklist(&site), 1);
    assert!(said.contains("room.txt` can't be read"), "{said}");

    fs::write(site.path("evidence/room.txt"), read("evidence/room.txt")).expect("written");
    fs::write(site.path("f.yml"), "reviews: [{id: '9', verdict: approved, date: 2026-01-01}]\n")
        .expect("written");
    let said = expect(&site.run(&[&["checklist"], FILL, &["--feedback", "f.yml"]].concat()), 1);
    assert!(said.contains("has no requirement `9`"), "{said}");
    fs::write(site.path("f.yml"), "reviews: [{id: '6.3', verdict: approved, date: 2099-01-01}]\n")
        .expect("written");
    let said = expect(&site.run(&[&["checklist"], FILL, &["--feedback", "f.yml"]].concat()), 1);
    assert!(said.contains("nobody has reviewed `6.3` yet on 2099-01-01"), "{said}");
}

#[test]
fn the_bundle_holds_what_it_rests_on_and_its_sums_agree() {
    let site = Site::new();
    let more = ["--feedback", "feedback.yml", "--lang", "sv", "--out", "handed-in.zip"];
    let args = [&["bundle"], FILL, &more].concat();
    expect(&site.run(&args), 0);
    let bytes = fs::read(site.path("handed-in.zip")).expect("the archive");
    let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).expect("a ZIP");
    archive.extract(site.path("unpacked")).expect("unpacked");
    let folder = site.path("unpacked/handed-in");
    let checked = Command::new("sha256sum")
        .args(["--strict", "-c", "SHA256SUMS"])
        .current_dir(&folder)
        .output()
        .expect("sha256sum starts");
    let said = expect(&checked, 0);
    for name in [
        "attestations.yml",
        "audit.json",
        "checklist.csv",
        "checklist.docx",
        "checklist.html",
        "checklist.md",
        "checklist.xlsx",
        "evidence/room.txt",
        "feedback.yml",
    ] {
        assert!(said.contains(&format!("{name}: OK")), "{said}");
    }
    assert_eq!(said.lines().count(), 9, "{said}");
    assert_eq!(
        fs::read(folder.join("audit.json")).expect("read"),
        fs::read(site.path("audit.json")).expect("read")
    );
    expect(&site.run(&args), 0);
    assert_eq!(fs::read(site.path("handed-in.zip")).expect("the archive"), bytes, "the same once more");
}

const PACK: &[&str] = &["--pack", "pack"];

#[test]
fn attesting_keeps_the_file_and_its_comments() {
    let site = Site::new();
    let last = today().checked_add(1.year()).expect("a date").to_string();
    let before = site.text("attestations.yml");
    let said = expect(&site.run(&[&["attest", "1.4-a", "--valid-until", &last], PACK].concat()), 0);
    assert!(said.contains("-    valid_until: 2026-08-31\n"), "{said}");
    assert!(said.contains(&format!("+    valid_until: {last}\n")), "{said}");
    let wanted = before
        .replace("date: 2025-09-01", &format!("date: {}", today()))
        .replace("valid_until: 2026-08-31", &format!("valid_until: {last}"));
    assert_eq!(site.text("attestations.yml"), wanted);
    let said = expect(&site.run(&[&["checklist"], FILL].concat()), 0);
    assert!(said.contains("[x] 1.4   Backups"), "{said}");
}

#[test]
fn a_first_attestation_is_written_with_its_evidence() {
    let site = Site::new();
    fs::remove_file(site.path("attestations.yml")).expect("removed");
    let last = today().checked_add(30.days()).expect("a date").to_string();
    let given = ["attest", "1.2-a", "--text", "Locked", "--responsible", "A: B", "--valid-until", &last];
    expect(&site.run(&[&given[..], &["--evidence", "evidence/room.txt"], PACK].concat()), 0);
    let text = site.text("attestations.yml");
    assert!(text.starts_with("attestations:\n  - statement: 1.2-a\n    text: Locked\n"), "{text}");
    assert!(text.contains("    sha256: 587ddc657344dcda"), "{text}");
    let said = expect(&site.run(&[&["attest", "--due", "29d"], PACK].concat()), 0);
    assert!(said.starts_with("nothing runs out until "), "{said}");
    let said = expect(&site.run(&[&["attest", "--due", "30d"], PACK].concat()), 0);
    assert_eq!(said, format!("runs out {last}  attestation  1.2-a  A: B\n"));
}

#[test]
fn what_is_missing_or_unknown_is_said_and_nothing_written() {
    let site = Site::new();
    let before = site.text("attestations.yml");
    for (args, said) in [
        (vec!["attest", "1.4-a"], "`--valid-until` is missing"),
        (vec!["attest", "1.1-a"], "nobody has to attest to `1.1-a`"),
        (vec!["attest", "7.7"], "`signing` has no statement `7.7`"),
        (vec!["attest", "1.4-a", "--valid-until", "2020-01-01"], "before it begins"),
        (vec!["attest", "--due", "soon"], "`soon` is no time"),
    ] {
        let output = expect(&site.run(&[&args, PACK].concat()), 1);
        assert!(output.contains(said), "{output}");
    }
    assert_eq!(site.text("attestations.yml"), before);
}

/// What is answered to the questions in turn, on a terminal.
fn at_the_prompt(site: &Site, answers: &[&str]) -> String {
    let line = format!("{} attest 1.4-a --pack pack", env!("CARGO_BIN_EXE_harda"));
    let mut answers = answers.iter();
    let (_, said) = converse(on_terminal(&line).current_dir(site.0.path()), &mut |said| {
        let asks = said.ends_with(": ") || said.ends_with("[y/N] ");
        if asks { answers.next().map(|answer| (*answer).to_string()) } else { None }
    });
    said
}

#[test]
fn at_the_prompt_enter_keeps_what_stood_there() {
    let site = Site::new();
    let before = site.text("attestations.yml");
    let said = at_the_prompt(&site, &["", "C. Carlsson", "", "", "n"]);
    assert!(said.contains("where the evidence is ("), "{said}");
    assert!(said.contains("signing 1.4-a: Copies are locked up."), "{said}");
    assert!(said.contains("what is in place [Kassaskåp]: "), "{said}");
    assert_eq!(site.text("attestations.yml"), before, "`n` writes nothing");
    at_the_prompt(&site, &["", "C. Carlsson", "", "", "y"]);
    let last = today().checked_add(1.year()).and_then(Date::yesterday).expect("a date");
    let text = site.text("attestations.yml");
    let wanted = format!(
        "    text: Kassaskåp\n    responsible: C. Carlsson\n    date: {}\n    valid_until: {last}\n",
        today()
    );
    assert!(text.contains(&wanted), "{text}");
}

#[test]
fn what_the_evidence_is_taken_for_is_said() {
    let site = Site::new();
    let last = today().checked_add(1.year()).expect("a date").to_string();
    let attest = |evidence: &str| {
        let given = ["attest", "1.4-a", "--valid-until", &last, "--evidence", evidence];
        expect(&site.run(&[&given[..], PACK].concat()), 0)
    };
    let said = attest("evidence/rom.txt");
    assert!(said.contains("`evidence/rom.txt`: taken for a document's number"), "{said}");
    let said = attest("evidence/room.txt");
    assert!(said.contains("`evidence/room.txt` is a file; its SHA-256 is kept"), "{said}");
    let said = at_the_prompt(&site, &["", "", "", "evidence/rooom.txt", "y"]);
    assert!(said.contains("`evidence/rooom.txt`: taken for a document's number"), "{said}");
    assert!(site.text("attestations.yml").contains("evidence: evidence/rooom.txt"));
}

#[test]
fn the_example_that_comes_with_harda_claims_nothing() {
    let path = Path::new("inventory/example/attestations.yml");
    let text = fs::read_to_string(path).expect("the example");
    let declared = Declared::read(path, &text).expect("read");
    assert_eq!(declared, Declared::default());
    let site = Site::new();
    fs::write(site.path("attestations.yml"), &text).expect("written");
    let last = today().checked_add(1.year()).expect("a date").to_string();
    let given = ["attest", "1.2-a", "--text", "Locked", "--responsible", "A", "--valid-until", &last];
    expect(&site.run(&[&given[..], PACK].concat()), 0);
    let lines = |text: &str| text.lines().map(str::to_string).collect::<Vec<_>>();
    let edited = lines(&site.text("attestations.yml"));
    for line in lines(&text).iter().filter(|line| !line.starts_with("attestations:")) {
        assert!(edited.contains(line), "{line}");
    }
}
