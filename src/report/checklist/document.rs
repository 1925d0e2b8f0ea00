//! A checklist in words: a title, facts, and tables. Whatever came from a host or a file is made
//! harmless here, so that no format can forget it; each format then quotes its own signs.

use super::describe;
use super::words::Words;
use crate::compliance::Lang;
use crate::compliance::audit::{ControlResult, HostResult, Outcome};
use crate::compliance::checklist::{Checklist, Counts, Demand, Each, Head, Row, Standing};
use crate::compliance::declared::{Attestation, Waiver};
use crate::report::audit::outcome;
use crate::report::audit::xml;
use crate::report::safe_long_line;
use crate::report::text::short;
use jiff::civil::Date;
use serde::Serialize;

/// Longest question, and longest answer, of the appendix; the audit has them whole.
const ANSWER: usize = 300;

#[derive(Clone, Debug, Serialize)]
pub struct Document {
    pub lang: Lang,
    pub title: String,
    pub subtitle: String,
    /// Name and value.
    pub facts: Vec<(String, String)>,
    /// The policy's form.
    pub form: Table,
    pub appendix: Vec<Table>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Table {
    /// What tables of its kind are called.
    pub sheet: String,
    pub title: String,
    pub note: String,
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
}

/// A column's head and its part of the width, in hundredths.
#[derive(Clone, Debug, Serialize)]
pub struct Column {
    pub head: String,
    pub width: usize,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    Tick(bool),
    Lines(Vec<Line>),
}

#[derive(Clone, Debug, Serialize)]
pub struct Line {
    pub tone: Tone,
    pub text: String,
}

/// What a line is, from good to bad. Its colour never says what its words don't.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    Plain,
    Dim,
    Strong,
    /// What a host was asked, or answered.
    Code,
    Good,
    Open,
    Bad,
}

impl Line {
    /// One line, every character in it visible.
    pub fn new(tone: Tone, text: impl AsRef<str>) -> Self {
        let text = text.as_ref().split(['\n', '\r']).map(str::trim).filter(|part| !part.is_empty());
        Line { tone, text: clean(&text.collect::<Vec<_>>().join(" ")) }
    }
}

impl Cell {
    fn text(tone: Tone, text: impl AsRef<str>) -> Self {
        Cell::Lines(vec![Line::new(tone, text)])
    }

    fn plain(text: impl AsRef<str>) -> Self {
        Cell::text(Tone::Plain, text)
    }

    /// Its lines under one another; `x` for a tick.
    pub fn to_text(&self) -> String {
        match self {
            Cell::Tick(ticked) => if *ticked { "X" } else { "" }.into(),
            Cell::Lines(lines) => lines.iter().map(|l| l.text.as_str()).collect::<Vec<_>>().join("\n"),
        }
    }
}

/// Every character of it can be seen, and stand in XML.
fn clean(text: &str) -> String {
    xml::safe(&safe_long_line(text))
}

/// Puts a checklist into words.
pub fn document(checklist: &Checklist, lang: Lang) -> Document {
    let words = Words::of(lang);
    let mut appendix: Vec<Table> =
        checklist.hosts.iter().map(|host| evidence(checklist, host, words, lang)).collect();
    let declared = [attestations(checklist, words, lang), waivers(checklist, words, lang)];
    appendix.extend(declared.into_iter().filter(|table| !table.rows.is_empty()));
    Document {
        lang,
        title: words.checklist.into(),
        subtitle: clean(checklist.head.title.say(lang)),
        facts: facts(checklist, words, lang),
        form: form(checklist, words, lang),
        appendix,
    }
}

fn facts(checklist: &Checklist, words: &Words, lang: Lang) -> Vec<(String, String)> {
    let head = &checklist.head;
    let or = |text: &str| if text.is_empty() { words.not_given.to_string() } else { text.to_string() };
    let (reached, not_reached): (Vec<&HostResult>, Vec<&HostResult>) =
        checklist.hosts.iter().partition(|host| host.error.is_none());
    let names = |hosts: &[&HostResult]| hosts.iter().map(|h| h.host.as_str()).collect::<Vec<_>>().join(", ");
    let ticked = checklist.rows.iter().filter(|row| row.is_ticked()).count();
    let all = checklist.rows.len();
    let result = match (checklist.each, lang) {
        (Each::Requirement, Lang::Sv) => format!("{ticked} av {all} krav uppfyllda"),
        (Each::Requirement, Lang::En) => format!("{ticked} of {all} requirements fulfilled"),
        (Each::Statement, Lang::Sv) => format!("{ticked} av {all} delkrav uppfyllda"),
        (Each::Statement, Lang::En) => format!("{ticked} of {all} statements fulfilled"),
    };
    let run = lang.pick("körning", "run");
    // Only where there are any.
    let other = head.audited_pack_sha256.as_ref().map(|sum| {
        lang.pick(
            format!("en annan än denna, fast med samma version: SHA-256 {sum}"),
            format!("another than this one, though of the same version: SHA-256 {sum}"),
        )
    });
    let short = [
        (words.other_policy, other.unwrap_or_default()),
        (words.not_reached, names(&not_reached)),
        (words.left_out, head.hosts_left_out.join(", ")),
    ];
    let facts = [
        (words.organisation, or(&head.organisation)),
        (words.environment, or(&head.environment)),
        (words.date, format!("{} ({})", head.date, head.zone)),
        (words.policy, policy(head)),
        (words.audit, format!("{}, {run} {}, harda {}", describe::when(&head.audited), head.run, head.harda)),
        (words.audit_sha256, head.audit_sha256.clone()),
        (words.hosts, if reached.is_empty() { "-".into() } else { names(&reached) }),
    ];
    let short = short.into_iter().filter(|(_, value)| !value.is_empty());
    facts
        .into_iter()
        .chain(short)
        .chain([(words.result, result)])
        .map(|(name, value)| (name.into(), clean(&value)))
        .collect()
}

/// The pack, its version, and which state of that it is.
fn policy(head: &Head) -> String {
    match &head.pack_sha256 {
        Some(sum) => format!("{} {}, SHA-256 {sum}", head.pack, head.pack_version),
        None => format!("{} {}", head.pack, head.pack_version),
    }
}

fn columns(heads: &[(&str, usize)]) -> Vec<Column> {
    heads.iter().map(|(head, width)| Column { head: (*head).into(), width: *width }).collect()
}

/// The four columns of the policy's own form; a fifth where a reviewer has spoken.
fn form(checklist: &Checklist, words: &Words, lang: Lang) -> Table {
    let mut heads = vec![("ID", 7), (words.requirement, 21), (words.tick, 9), (words.description, 63)];
    if checklist.reviewed {
        heads[3].1 = 45;
        heads.push((words.review, 18));
    }
    let row = |row: &Row| {
        let mut cells = vec![
            Cell::text(Tone::Strong, &row.id),
            name(row, lang),
            Cell::Tick(row.is_ticked()),
            Cell::Lines(describe::lines(checklist, row, lang)),
        ];
        if checklist.reviewed {
            cells.push(Cell::Lines(row.reviews.iter().map(|r| describe::review(row, r, lang)).collect()));
        }
        cells
    };
    Table {
        sheet: words.checklist.into(),
        title: words.checklist.into(),
        note: String::new(),
        columns: columns(&heads),
        rows: checklist.rows.iter().map(row).collect(),
    }
}

fn name(row: &Row, lang: Lang) -> Cell {
    let mut lines = vec![Line::new(Tone::Plain, row.name.say(lang))];
    if let Some(Demand { keyword, .. }) = &row.demand {
        let none = lang.pick("utan nyckelord", "no keyword");
        lines.push(Line::new(Tone::Dim, keyword.as_deref().unwrap_or(none)));
    }
    Cell::Lines(lines)
}

/// What one host was asked for each control, and answered.
fn evidence(checklist: &Checklist, host: &HostResult, words: &Words, lang: Lang) -> Table {
    let facts = [host.system.as_str(), host.machine_id.as_str()];
    let told: Vec<&str> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
    let mut note = told.join(", machine-id ");
    for more in [host.error.as_deref(), Some(words.evidence_note)].into_iter().flatten() {
        let between = if note.is_empty() { "" } else { ". " };
        note = format!("{note}{between}{more}");
    }
    let row = |result: &ControlResult| {
        let title = checklist.controls.iter().find(|c| c.id == result.control).map(|c| c.title.say(lang));
        vec![
            Cell::Lines(vec![
                Line::new(Tone::Strong, &result.control),
                Line::new(Tone::Dim, title.unwrap_or_default()),
            ]),
            Cell::text(outcome_tone(result.outcome), outcome(result.outcome, lang)),
            Cell::Lines(answers(checklist, result, lang)),
        ]
    };
    Table {
        sheet: words.evidence.into(),
        title: clean(&format!("{}: {}", words.evidence, host.host)),
        note: clean(&note),
        columns: columns(&[(words.control, 25), (words.outcome, 12), (words.found, 63)]),
        rows: host.results.iter().map(row).collect(),
    }
}

fn outcome_tone(outcome: Outcome) -> Tone {
    match outcome {
        outcome if outcome.passes() => Tone::Good,
        outcome if outcome.fails() => Tone::Bad,
        Outcome::NotApplicable => Tone::Plain,
        _ => Tone::Open,
    }
}

fn answers(checklist: &Checklist, result: &ControlResult, lang: Lang) -> Vec<Line> {
    let waiver = result.waiver.and_then(|at| checklist.waivers.get(at));
    let mut lines: Vec<Line> =
        waiver.map(|w| Line::new(Tone::Open, w.declared.line(lang))).into_iter().collect();
    if !result.why.is_empty() {
        lines.push(Line::new(Tone::Plain, short(result.why.say(lang), ANSWER)));
    }
    for asked in result.evidence.iter().flat_map(|task| &task.asked) {
        lines.push(Line::new(Tone::Dim, short(&asked.asked, ANSWER)));
        lines.push(Line::new(Tone::Code, short(&asked.told, ANSWER)));
    }
    lines
}

fn attestations(checklist: &Checklist, words: &Words, lang: Lang) -> Table {
    let row = |a: &Standing<Attestation>| {
        let (counts, a) = (a.counts, &a.declared);
        let evidence = a.evidence.iter().map(|evidence| Line::new(Tone::Plain, evidence));
        let sha256 = a.sha256.iter().map(|sum| Line::new(Tone::Code, format!("SHA-256 {sum}")));
        vec![
            Cell::text(Tone::Strong, &a.statement),
            Cell::plain(&a.text),
            Cell::plain(&a.responsible),
            period(a.date, a.valid_until, counts, lang),
            Cell::Lines(evidence.chain(sha256).collect()),
        ]
    };
    let heads = [
        (words.statement, 8),
        (words.text, 34),
        (words.responsible, 16),
        (words.valid, 18),
        (words.evidence, 24),
    ];
    Table {
        sheet: words.attestations.into(),
        title: words.attestations.into(),
        note: clean(&format!("{} {}.", words.attestations_note, checklist.head.zone)),
        columns: columns(&heads),
        rows: checklist.attestations.iter().map(row).collect(),
    }
}

fn waivers(checklist: &Checklist, words: &Words, lang: Lang) -> Table {
    let row = |w: &Standing<Waiver>| {
        let (counts, w) = (w.counts, &w.declared);
        let hosts = match w.hosts.is_empty() {
            true => words.all_hosts.to_string(),
            false => w.hosts.join(", "),
        };
        vec![
            Cell::text(Tone::Strong, w.control.as_ref().or(w.statement.as_ref()).map_or("", String::as_str)),
            Cell::plain(hosts),
            Cell::plain(&w.reason),
            Cell::plain(&w.approver),
            period(w.start, w.expires, counts, lang),
        ]
    };
    let heads =
        [(words.control, 20), (words.on, 18), (words.reason, 28), (words.approver, 16), (words.valid, 18)];
    Table {
        sheet: words.waivers.into(),
        title: words.waivers.into(),
        note: clean(&format!("{} {}.", words.waivers_note, checklist.head.zone)),
        columns: columns(&heads),
        rows: checklist.waivers.iter().map(row).collect(),
    }
}

fn period(first: Date, last: Date, counts: Counts, lang: Lang) -> Cell {
    let mut lines = vec![Line::new(Tone::Plain, format!("{first} – {last}"))];
    match counts {
        Counts::Yes => {}
        Counts::NotYet => lines.push(Line::new(Tone::Bad, lang.pick("gäller inte än", "does not count yet"))),
        Counts::Expired => lines.push(Line::new(Tone::Bad, lang.pick("har gått ut", "has run out"))),
    }
    Cell::Lines(lines)
}
