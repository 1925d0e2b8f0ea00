//! `harda attest`.

use super::asking::Asking;
use super::evidence::{self, beside};
use super::output::{OutputArgs, say};
use super::subject::Subject;
use super::{CliError, auditing, kept};
use crate::compliance::declared::{Attestation, Declared, Waiver, renew, wrong_attestation};
use crate::compliance::pack::{Pack, Statement};
use crate::files::Files;
use crate::report::{Paint, safe_line, unified_diff};
use clap::Args;
use jiff::civil::Date;
use jiff::{Span, ToSpan};
use std::path::PathBuf;

/// Attest to what no program can see, or renew what somebody attested to
///
/// The attestation is written into the file; all else in it stays as it is. What isn't given is
/// asked for on the terminal. With `--due`, nothing is written: it lists what runs out.
#[derive(Debug, Args)]
pub struct AttestArgs {
    /// The statement's id: `3.1-a`
    #[arg(required_unless_present = "due", conflicts_with = "due")]
    statement: Option<String>,

    /// The file that the customer keeps
    #[arg(long, value_name = "FILE", default_value = "attestations.yml")]
    attestations: PathBuf,

    /// The pack that the statement is of
    #[arg(long, value_name = "PACK", default_value = "stampeltjanst")]
    pack: String,

    /// What is in place
    #[arg(long)]
    text: Option<String>,

    /// Who answers for it
    #[arg(long, value_name = "PERSON")]
    responsible: Option<String>,

    /// The day of the attestation [default: today]
    #[arg(long)]
    date: Option<Date>,

    /// The last day on which it counts
    #[arg(long, value_name = "DATE")]
    valid_until: Option<Date>,

    /// Where the evidence is: a document's number, or a file beside the attestations, whose SHA-256
    /// is kept
    #[arg(long)]
    evidence: Option<String>,

    /// List what has run out, or does so within this time: `30d`, `8w`
    #[arg(long, value_name = "TIME", value_parser = span)]
    due: Option<Span>,
}

fn span(text: &str) -> Result<Span, String> {
    let span: Span = text.parse().map_err(|_| format!("`{text}` is no time: 30d or 8w are"))?;
    match span.is_negative() {
        true => Err(format!("`{text}` lies behind: what has run out is listed with any time, 0d too")),
        false => Ok(span),
    }
}

pub fn run(args: &AttestArgs, output: &OutputArgs) -> Result<i32, CliError> {
    let subject = Subject::find(&Files::default(), &args.pack)?;
    let Some(pack) = subject.pack() else {
        return Err(CliError::new("a playbook has no statements: an attestation is about a pack's"));
    };
    let today = jiff::ZonedDateTime::now().date();
    let (text, declared) = read(args)?;
    auditing::check_declared(&subject, &declared)?;
    match (&args.due, &args.statement) {
        (Some(span), _) => due(&declared, today, *span),
        (None, Some(id)) => attest(args, output, pack, statement(pack, id)?, &text, &declared, today),
        (None, None) => Ok(0),
    }
}

/// The file's text, and what it says; a file that isn't there says nothing yet.
fn read(args: &AttestArgs) -> Result<(String, Declared), CliError> {
    let path = &args.attestations;
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && args.due.is_none() => String::new(),
        read => read.map_err(|error| CliError::unreadable(path, &error))?,
    };
    let declared = Declared::read(path, &text)?;
    Ok((text, declared))
}

fn statement<'p>(pack: &'p Pack, id: &str) -> Result<&'p Statement, CliError> {
    let attested: Vec<&Statement> = pack.statements().filter(|s| s.attestation).collect();
    if let Some(found) = attested.iter().find(|s| s.id == id) {
        return Ok(found);
    }
    let error = match pack.statements().any(|s| s.id == id) {
        true => format!("nobody has to attest to `{id}`: its controls show it"),
        false => format!("`{}` has no statement `{id}`", pack.name),
    };
    let ids: Vec<&str> = attested.iter().map(|s| s.id.as_str()).collect();
    Err(CliError::new(error).hint(format!("somebody has to attest to {}", ids.join(", "))))
}

fn attest(
    args: &AttestArgs,
    output: &OutputArgs,
    pack: &Pack,
    statement: &Statement,
    text: &str,
    declared: &Declared,
    today: Date,
) -> Result<i32, CliError> {
    let mine = declared.attestations.iter().filter(|a| a.statement == statement.id);
    let old = mine.max_by_key(|a| a.age());
    let is_complete = args.text.is_some() && args.responsible.is_some() && args.valid_until.is_some();
    let asking = if is_complete { Asking::nobody() } else { Asking::on_terminal() };
    asking.say(&format!("{} {}: {}", pack.name, statement.id, statement.text.en));
    let new = filled(args, &asking, statement, old, today)?;
    if let Some((_, wrong)) = wrong_attestation(&new) {
        return Err(CliError::new(wrong));
    }
    let edited = renew(&args.attestations, text, &new, today)?;
    tell(&unified_diff(&Paint::new(output.color_on_stdout()), text, &edited));
    if !asking.agrees("write it")? {
        return Err(CliError::new("nothing was written"));
    }
    kept::write(&args.attestations, edited.as_bytes())?;
    Ok(0)
}

/// What is given, else what stood there, else what is answered.
fn filled(
    args: &AttestArgs,
    asking: &Asking,
    statement: &Statement,
    old: Option<&Attestation>,
    today: Date,
) -> Result<Attestation, CliError> {
    let date = args.date.unwrap_or(today);
    let text = asking.text("what is in place", "--text", args.text.as_ref(), old.map(|a| &a.text))?;
    let responsible = asking.text(
        "who answers for it",
        "--responsible",
        args.responsible.as_ref(),
        old.map(|a| &a.responsible),
    )?;
    let next_year = date.checked_add(1.year()).and_then(Date::yesterday).ok();
    let valid_until = match args.valid_until {
        Some(day) => day,
        None => asking.day("the last day on which it counts", "--valid-until", next_year)?,
    };
    let known = old.and_then(|a| a.evidence.as_ref());
    let question = "where the evidence is (a file beside the attestations, or a document's number)";
    let evidence = asking.text_if_any(question, args.evidence.as_ref(), known)?;
    let is_kept = args.evidence.is_none() && evidence.as_ref() == known;
    // What was a file stays one; what is found as a file becomes one.
    let was_file = is_kept && old.is_some_and(|a| a.sha256.is_some());
    let path = evidence.as_ref().map(|name| beside(&args.attestations, name));
    if let Some(folder) = path.as_ref().filter(|path| path.is_dir()) {
        let message =
            format!("`{}` is a folder: evidence is one file, or a document's number", folder.display());
        return Err(CliError::new(message).hint("pack it into one file"));
    }
    let file = path.filter(|path| was_file || path.is_file());
    let sha256 = file.map(|path| evidence::read(&path)).transpose()?.map(|bytes| evidence::sha256(&bytes));
    if let (Some(name), false) = (&evidence, is_kept) {
        eprintln!("{}", taken_for(name, sha256.is_some()));
    }
    Ok(Attestation {
        statement: statement.id.clone(),
        text,
        responsible,
        date,
        valid_until,
        evidence,
        sha256,
    })
}

/// A mistyped file would be a document's number, and nobody would know.
fn taken_for(evidence: &str, is_file: bool) -> String {
    let name = safe_line(evidence);
    match is_file {
        true => format!("evidence: `{name}` is a file; its SHA-256 is kept"),
        false => format!(
            "evidence: no file beside the attestations is called `{name}`: taken for a document's number"
        ),
    }
}

/// Lists attestations and waivers by their last day.
fn due(declared: &Declared, today: Date, span: Span) -> Result<i32, CliError> {
    let last = today
        .checked_add(span)
        .map_err(|error| CliError::new(format!("`--due` reaches beyond the calendar: {error}")))?;
    let attestations = declared.attestations.iter().filter(|a| is_newest(declared, a));
    let mut lines: Vec<(Date, String)> = attestations
        .map(|a| (a.valid_until, format!("attestation  {}  {}", a.statement, a.responsible)))
        .collect();
    let waivers = declared.waivers.iter().filter(|w| is_last(declared, w));
    lines.extend(waivers.map(|w| {
        let about = w.control.as_ref().or(w.statement.as_ref()).map_or("", String::as_str);
        (w.expires, format!("waiver       {about}  {}", w.approver))
    }));
    lines.retain(|(day, _)| *day <= last);
    lines.sort();
    let said = |(day, line): &(Date, String)| {
        let word = if *day < today { "ran out " } else { "runs out" };
        format!("{word} {day}  {}", safe_line(line))
    };
    match lines.is_empty() {
        true => tell(&[format!("nothing runs out until {last}")]),
        false => tell(&lines.iter().map(said).collect::<Vec<_>>()),
    }
    Ok(0)
}

/// A renewed one runs out with its last renewal.
fn is_newest(declared: &Declared, one: &Attestation) -> bool {
    let later = |a: &Attestation| a.statement == one.statement && a.age() > one.age();
    !declared.attestations.iter().any(later)
}

/// So does a waiver with the last one of the same for the same hosts.
fn is_last(declared: &Declared, one: &Waiver) -> bool {
    let same =
        |w: &Waiver| (&w.control, &w.statement, &w.hosts) == (&one.control, &one.statement, &one.hosts);
    let later = |w: &Waiver| (w.expires, w.start) > (one.expires, one.start);
    !declared.waivers.iter().any(|w| same(w) && later(w))
}

fn tell(lines: &[String]) {
    say(&(lines.join("\n") + "\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_out_lies_ahead() {
        assert!(span("30d").is_ok() && span("0d").is_ok());
        let error = span("-5d").expect_err("behind");
        assert!(error.starts_with("`-5d` lies behind"), "{error}");
    }

    #[test]
    fn a_waiver_runs_out_with_its_renewal() {
        let day = |text: &str| text.parse::<Date>().expect("a date");
        let waiver = |start: &str, expires: &str, hosts: &[&str]| Waiver {
            control: Some("c".into()),
            statement: None,
            hosts: hosts.iter().map(|host| (*host).into()).collect(),
            reason: "r".into(),
            approver: "a".into(),
            start: day(start),
            expires: day(expires),
        };
        let waivers = vec![
            waiver("2026-01-01", "2026-06-30", &[]),
            waiver("2026-07-01", "2026-12-31", &[]),
            waiver("2026-01-01", "2026-06-30", &["h1"]),
        ];
        let declared = Declared { waivers, ..Declared::default() };
        let last: Vec<bool> = declared.waivers.iter().map(|w| is_last(&declared, w)).collect();
        assert_eq!(last, [false, true, true]);
    }
}
