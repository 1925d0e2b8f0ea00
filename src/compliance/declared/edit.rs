//! Writing an attestation into the customer's file: all else in it, comments too, stays as it is.
//! Only lines are put in and values replaced, and the result is read again: if it doesn't say what
//! it should, nothing is written.

use super::{Attestation, Declared};
use crate::place::InputError;
use crate::yaml::{self, Node};
use jiff::civil::Date;
use std::path::Path;

/// The file with one attestation more, at the end of the list.
pub fn add(path: &Path, text: &str, attestation: &Attestation) -> Result<String, InputError> {
    let mut wanted = Declared::read(path, text)?;
    wanted.attestations.push(attestation.clone());
    let root = yaml::parse(path, text)?;
    let list = root.as_ref().and_then(|root| root.get("attestations"));
    let new = match (list, list.and_then(Node::as_seq).and_then(<[Node]>::last)) {
        (Some(_), Some(last)) => after(text, last, attestation),
        (Some(list), None) => in_place_of_nothing(text, list, attestation),
        (None, _) => at_the_end(text, attestation),
    };
    checked(path, new, &wanted)
}

/// The file with the newest attestation to a statement as this one has it. One that begins later
/// than `today` leaves alone what counts until then, and renews only what has not begun either.
pub fn renew(path: &Path, text: &str, attestation: &Attestation, today: Date) -> Result<String, InputError> {
    let mut wanted = Declared::read(path, text)?;
    let same = |(_, a): &(usize, &Attestation)| {
        a.statement == attestation.statement && (a.date > today) == (attestation.date > today)
    };
    let newest = wanted.attestations.iter().enumerate().filter(same).max_by_key(|(_, a)| a.age());
    let Some(at) = newest.map(|(at, _)| at) else { return add(path, text, attestation) };
    let (old, new) = (fields(&wanted.attestations[at]), fields(attestation));
    wanted.attestations[at] = attestation.clone();
    let mut edited = text.to_string();
    for ((name, old), (_, new)) in old.iter().zip(&new).filter(|(old, new)| old != new) {
        let Ok(root) = yaml::parse(path, &edited) else { break };
        let entries = root.as_ref().and_then(|root| root.get("attestations")).and_then(Node::as_seq);
        let Some(entry) = entries.and_then(|entries| entries.get(at)) else { break };
        edited = match (old, new) {
            (Some(_), Some(new)) => replaced(&edited, entry, name, new),
            (None, Some(new)) => with_line(&edited, entry, name, new),
            (_, None) => without_line(&edited, entry, name),
        };
    }
    checked(path, edited, &wanted)
}

/// What an attestation says, by the names in the file.
fn fields(a: &Attestation) -> [(&'static str, Option<String>); 6] {
    [
        ("text", Some(a.text.clone())),
        ("responsible", Some(a.responsible.clone())),
        ("date", Some(a.date.to_string())),
        ("valid_until", Some(a.valid_until.to_string())),
        ("evidence", a.evidence.clone()),
        ("sha256", a.sha256.clone()),
    ]
}

fn checked(path: &Path, text: String, wanted: &Declared) -> Result<String, InputError> {
    match Declared::read(path, &text) {
        Ok(read) if read == *wanted => Ok(text),
        _ => {
            let message =
                format!("`{}` is written in a way that can't be edited line by line", path.display());
            let hint = "change this attestation by hand, or write the list with one key on each line";
            Err(InputError::nowhere(message).hint(hint))
        }
    }
}

/// An entry as YAML, each line indented by so many blanks.
fn entry(attestation: &Attestation, indent: usize) -> String {
    let yaml = serde_yaml::to_string(&[attestation]).unwrap_or_default();
    yaml.lines().map(|line| format!("{:indent$}{line}\n", "")).collect()
}

fn after(text: &str, last: &Node, attestation: &Attestation) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let first = last.place.line - 1;
    let dash = indent(lines.get(first).unwrap_or(&""));
    // The entry ends where a line stands no deeper than its dash; comments before that belong to
    // what follows, unless they stand as deep as the entry.
    let is_out = |line: &&str| !is_blank(line) && indent(line) <= dash && !line.trim_start().starts_with('#');
    let next = lines.iter().skip(first + 1).position(is_out);
    let next = next.map_or(lines.len(), |found| first + 1 + found);
    let belongs = |line: &&str| !is_blank(line) && indent(line) > dash;
    let end = lines[first + 1..next].iter().rposition(belongs).map_or(first + 1, |found| first + 2 + found);
    put_in(&lines, end, &entry(attestation, dash))
}

/// `attestations: []`, or with nothing after it.
fn in_place_of_nothing(text: &str, list: &Node, attestation: &Attestation) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let is_key = |line: &&str| line.starts_with("attestations:");
    let Some(at) = lines.iter().position(is_key) else { return text.to_string() };
    let mut kept: Vec<String> = lines.iter().map(|line| (*line).to_string()).collect();
    if list.as_seq().is_some() {
        kept[at] = kept[at].replacen("[]", "", 1).trim_end().to_string() + "\n";
    }
    let lines: Vec<&str> = kept.iter().map(String::as_str).collect();
    put_in(&lines, at + 1, &entry(attestation, 2))
}

fn at_the_end(text: &str, attestation: &Attestation) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    put_in(&lines, lines.len(), &format!("attestations:\n{}", entry(attestation, 2)))
}

/// The lines with some more before the one at `at`.
fn put_in(lines: &[&str], at: usize, more: &str) -> String {
    let (before, behind) = lines.split_at(at.min(lines.len()));
    let mut text = before.concat();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text + more + &behind.concat()
}

/// A value that stands on one line, plain or quoted, with another in its place.
fn replaced(text: &str, entry: &Node, name: &str, value: &str) -> String {
    let Some(node) = entry.get(name) else { return text.to_string() };
    on_line(text, node.place.line, |line| {
        let at = line.char_indices().nth(node.place.column - 1).map_or(line.len(), |(at, _)| at);
        let (before, rest) = line.split_at(at);
        let end = match rest.chars().next() {
            Some(quote @ ('"' | '\'')) => rest[1..].find(quote).map_or(rest.len(), |found| found + 2),
            _ => rest.split(" #").next().unwrap_or(rest).trim_end().len(),
        };
        format!("{before}{}{}", scalar(value), &rest[end..])
    })
}

/// A key more, below the evidence or the last day.
fn with_line(text: &str, entry: &Node, name: &str, value: &str) -> String {
    let last = entry
        .get("evidence")
        .or_else(|| entry.get("valid_until"))
        .map_or(entry.place.line, |node| node.place.line);
    let column = entry.place.column - 1;
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    put_in(&lines, last, &format!("{:column$}{name}: {}\n", "", scalar(value)))
}

fn without_line(text: &str, entry: &Node, name: &str) -> String {
    let Some(node) = entry.get(name) else { return text.to_string() };
    let lines = text.split_inclusive('\n').enumerate();
    lines.filter(|(at, _)| at + 1 != node.place.line).map(|(_, line)| line).collect()
}

fn on_line(text: &str, number: usize, change: impl Fn(&str) -> String) -> String {
    let lines = text.split_inclusive('\n').enumerate();
    lines.map(|(at, line)| if at + 1 == number { change(line) } else { line.to_string() }).collect()
}

/// A string as YAML writes it on one line.
fn scalar(value: &str) -> String {
    serde_yaml::to_string(value).unwrap_or_default().trim_end().to_string()
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

#[cfg(test)]
mod tests;
