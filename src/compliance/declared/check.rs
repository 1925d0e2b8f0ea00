//! What the form of the file can't say: nobody answers for nothing, and a time ends after it begins.

use super::{Attestation, Declared, Waiver};
use crate::place::{InputError, Place};
use crate::yaml::{self, Node};
use jiff::civil::Date;
use std::path::Path;

/// The key that is wrong, and how.
type Wrong = (&'static str, String);

/// Refuses the first entry that can't be meant, with its place.
pub fn all(path: &Path, text: &str, declared: &Declared) -> Result<(), InputError> {
    let attestations = declared.attestations.iter().map(wrong_attestation);
    let waivers = declared.waivers.iter().map(wrong_waiver);
    let wrong = |list: &'static str| move |(at, wrong): (usize, Option<Wrong>)| Some((list, at, wrong?));
    let mut found = attestations
        .enumerate()
        .filter_map(wrong("attestations"))
        .chain(waivers.enumerate().filter_map(wrong("waivers")));
    match found.next() {
        None => Ok(()),
        Some((list, at, (key, message))) => Err(InputError::at(&place(path, text, list, at, key), message)),
    }
}

/// What is wrong with an attestation.
pub fn wrong_attestation(attestation: &Attestation) -> Option<Wrong> {
    let evidence = attestation.evidence.as_deref().map(|evidence| ("evidence", evidence));
    let texts = [("text", attestation.text.as_str()), ("responsible", &attestation.responsible)];
    empty(texts.into_iter().chain(evidence))
        .or_else(|| reversed("valid_until", attestation.date, attestation.valid_until))
        .or_else(|| sum_of_nothing(attestation))
}

fn sum_of_nothing(attestation: &Attestation) -> Option<Wrong> {
    let is_alone = attestation.sha256.is_some() && attestation.evidence.is_none();
    is_alone.then(|| ("sha256", "`sha256` is of a file of evidence, and no `evidence` names one".into()))
}

fn wrong_waiver(waiver: &Waiver) -> Option<Wrong> {
    if waiver.control.is_some() == waiver.statement.is_some() {
        let message = "a waiver names either a `control` or a `statement`".to_string();
        return Some((if waiver.control.is_some() { "control" } else { "" }, message));
    }
    empty([("reason", waiver.reason.as_str()), ("approver", &waiver.approver)].into_iter())
        .or_else(|| reversed("expires", waiver.start, waiver.expires))
}

fn empty<'t>(mut texts: impl Iterator<Item = (&'static str, &'t str)>) -> Option<Wrong> {
    let (key, _) = texts.find(|(_, text)| text.trim().is_empty())?;
    Some((key, format!("`{key}` is empty")))
}

fn reversed(key: &'static str, first: Date, last: Date) -> Option<Wrong> {
    (last < first).then(|| (key, format!("it would end on {last}, before it begins ({first})")))
}

/// Where the file names the evidence of its attestation of this number.
pub fn evidence(path: &Path, text: &str, at: usize) -> Place {
    place(path, text, "attestations", at, "evidence")
}

/// Where the entry's value of this key stands, else the entry, else the file's beginning.
fn place(path: &Path, text: &str, list: &str, at: usize, key: &str) -> Place {
    let node = yaml::parse(path, text).ok().flatten();
    let entry = || Some(node.as_ref()?.get(list)?.as_seq()?.get(at)?.clone());
    match entry() {
        Some(entry) => entry.get(key).unwrap_or(&entry as &Node).place.clone(),
        None => Place::new(path, 1, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "attestations:
  - statement: 3.1-a
    text: Locked room
    responsible: A. Person
    date: 2026-01-01
    valid_until: 2026-12-31
waivers:
  - control: sshd-hardened
    reason: the HSM client
    approver: CISO
    start: 2026-11-01
    expires: 2026-11-30
";

    #[test]
    fn what_cant_be_meant_is_refused_with_its_place() {
        let read = |text: &str| Declared::read(Path::new("a.yml"), text);
        read(FILE).expect("it is right");
        for (from, to, told) in [
            ("text: Locked room", "text: \"\"", "a.yml:3:11: `text` is empty"),
            ("responsible: A. Person", "responsible: ' '", "a.yml:4:18: `responsible` is empty"),
            (
                "until: 2026-12-31",
                "until: 2025-12-31",
                "a.yml:6:18: it would end on 2025-12-31, before it begins",
            ),
            ("reason: the HSM client", "reason: ''", "a.yml:9:13: `reason` is empty"),
            ("approver: CISO", "approver: \"\"", "a.yml:10:15: `approver` is empty"),
            ("expires: 2026-11-30", "expires: 2026-10-30", "a.yml:12:14: it would end on 2026-10-30"),
            ("    text:", "    sha256: ab\n    text:", "a.yml:3:13: `sha256` is of a file"),
            ("    text:", "    evidence: ''\n    text:", "a.yml:3:15: `evidence` is empty"),
            (
                "  - control: sshd-hardened",
                "  - control: a\n    statement: b",
                "a.yml:8:14: a waiver names either",
            ),
            ("  - control: sshd-hardened", "  - hosts: [a]", "a.yml:8:5: a waiver names either"),
        ] {
            let text = FILE.replacen(from, to, 1);
            assert_ne!(text, FILE, "{from}");
            let error = read(&text).expect_err(told).to_string();
            assert!(error.starts_with(told), "{told}\nis not\n{error}");
        }
    }
}
