//! Patterns: which hosts `web*:!web3:&prod` names.

use super::address;
use super::graph::{Graph, GroupId, HostId};
use super::source::text_of;
use crate::files::Files;
use crate::place::{InputError, Place, nearest};
use fancy_regex::Regex;
use std::collections::HashSet;
use std::path::Path;

/// The names of the controller, which is there even if the inventory doesn't name it.
pub const LOCALHOST: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The hosts that a pattern names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matched {
    pub hosts: Vec<String>,
    /// Parts of the pattern that name something known that holds no host: to be said, no error.
    pub empty_groups: Vec<String>,
}

/// What a part of a pattern does with the hosts it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Add,
    Keep,
    Remove,
}

struct Part {
    role: Role,
    text: String,
    /// The line of the `@file` that it comes from.
    place: Option<Place>,
}

/// Which of the hosts found `name[...]` means.
#[derive(Clone, Copy)]
enum Subscript {
    At(i64),
    Span(usize, Option<usize>),
}

/// Additions come first, then `&`, then `!`, wherever they stand, as in Ansible.
pub fn matches(files: &Files, graph: &Graph, pattern: &str) -> Result<Matched, InputError> {
    let mut parts = vec![];
    for text in split(pattern) {
        match text.strip_prefix('@') {
            Some(file) => parts.extend(file_parts(files, file)?),
            None => parts.push(part(&text, None)),
        }
    }
    if parts.is_empty() {
        return Err(InputError::nowhere("the pattern of hosts is empty").hint("`all` names every host"));
    }
    if parts.iter().all(|part| part.role != Role::Add) {
        parts.push(part("all", None));
    }
    parts.sort_by_key(|part| part.role);
    let mut evaluation = Evaluation { graph, hosts: vec![], seen: HashSet::new(), empty: vec![] };
    for part in &parts {
        evaluation.apply(part).map_err(|error| InputError { place: part.place.clone(), ..error })?;
    }
    let empty_groups = evaluation.empty;
    Ok(Matched { hosts: evaluation.hosts, empty_groups })
}

fn part(text: &str, place: Option<Place>) -> Part {
    let (role, text) = match (text.strip_prefix('!'), text.strip_prefix('&')) {
        (Some(rest), _) => (Role::Remove, rest),
        (_, Some(rest)) => (Role::Keep, rest),
        _ => (Role::Add, text),
    };
    Part { role, text: text.trim().into(), place }
}

/// Splits at commas if there are any, else at colons that are no part of an address or a range.
fn split(pattern: &str) -> Vec<String> {
    let pieces: Vec<&str> = if pattern.contains(',') {
        pattern.split(',').collect()
    } else if is_address(pattern) {
        vec![pattern]
    } else {
        split_at_colons(pattern)
    };
    pieces.into_iter().map(str::trim).filter(|piece| !piece.is_empty()).map(String::from).collect()
}

/// `2001:db8::1` and `web:22` have colons of their own, and so may the path of `@file`.
fn is_address(pattern: &str) -> bool {
    let port = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let with_port = match address::bare_colons(pattern)[..] {
        [at] => port(&pattern[at + 1..]),
        _ => false,
    };
    with_port || address::is_ipv6(pattern) || pattern.starts_with('@')
}

fn split_at_colons(pattern: &str) -> Vec<&str> {
    let mut pieces = vec![];
    let mut begin = 0;
    for at in address::bare_colons(pattern) {
        pieces.push(&pattern[begin..at]);
        begin = at + 1;
    }
    pieces.push(&pattern[begin..]);
    pieces.into_iter().flat_map(str::split_whitespace).collect()
}

/// One part a line, as in the files that a failed run leaves.
fn file_parts(files: &Files, file: &str) -> Result<Vec<Part>, InputError> {
    let path = Path::new(file);
    let text = text_of(files, path)?;
    let lines = text.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.map(|(number, line)| part(line, Some(Place::new(path, number, 1)))).collect())
}

struct Evaluation<'g> {
    graph: &'g Graph,
    hosts: Vec<String>,
    seen: HashSet<String>,
    empty: Vec<String>,
}

impl Evaluation<'_> {
    fn apply(&mut self, part: &Part) -> Result<(), InputError> {
        let found = self.find(&part.text)?;
        if found.is_empty() && !self.empty.contains(&part.text) {
            self.empty.push(part.text.clone());
        }
        match part.role {
            Role::Add => {
                let seen = &mut self.seen;
                self.hosts.extend(found.into_iter().filter(|host| seen.insert(host.clone())));
            }
            Role::Keep => {
                let found: HashSet<String> = found.into_iter().collect();
                self.hosts.retain(|host| found.contains(host));
            }
            Role::Remove => {
                let found: HashSet<String> = found.into_iter().collect();
                self.hosts.retain(|host| !found.contains(host));
            }
        }
        Ok(())
    }

    /// The hosts that one part names, without its `!` or `&`.
    fn find(&self, text: &str) -> Result<Vec<String>, InputError> {
        if text.is_empty() {
            return Err(InputError::nowhere("a `!` or `&` in the pattern of hosts is followed by no name"));
        }
        let text = match address::bracketed(text) {
            Some((inner, "")) => inner,
            _ => text,
        };
        if self.graph.host_id(text).is_some() {
            return Ok(vec![text.into()]);
        }
        if let Some(regex) = text.strip_prefix('~') {
            return self.by_regex(text, &format!("^(?:{regex})"));
        }
        let (name, subscript) = subscript(text)?;
        let found = if name.contains(['*', '?', '[']) {
            self.by_regex(name, &glob(name))?
        } else {
            self.by_name(name)?
        };
        match subscript {
            Some(subscript) => cut(found, subscript, text),
            None => Ok(found),
        }
    }

    fn by_name(&self, name: &str) -> Result<Vec<String>, InputError> {
        if let Some(host) = self.graph.host_id(name) {
            return Ok(vec![self.graph.host(host).name.clone()]);
        }
        if let Some(group) = self.graph.group_id(name) {
            return Ok(self.members(group));
        }
        if LOCALHOST.contains(&name) {
            let known = LOCALHOST.iter().find(|other| self.graph.host_id(other).is_some());
            return Ok(vec![known.unwrap_or(&name).to_string()]);
        }
        let groups = self.graph.groups().map(|group| group.name.as_str());
        let known = groups.chain(self.graph.hosts().map(|host| host.name.as_str()));
        let told = InputError::nowhere(format!("no host or group `{name}` in the inventory"));
        Err(match nearest(name, known) {
            Some(near) => told.hint(format!("did you mean `{near}`?")),
            None => told,
        })
    }

    /// The members of the groups whose names fit, then the hosts whose names do.
    fn by_regex(&self, shown: &str, regex: &str) -> Result<Vec<String>, InputError> {
        let told = |e: &dyn std::fmt::Display| InputError::nowhere(format!("`{shown}` is no pattern: {e}"));
        let regex = Regex::new(regex).map_err(|error| told(&error))?;
        let mut found = vec![];
        let mut known = false;
        for group in self.graph.groups() {
            if regex.is_match(&group.name).map_err(|error| told(&error))? {
                known = true;
                found.extend(self.graph.group_id(&group.name).map(|id| self.members(id)).unwrap_or_default());
            }
        }
        for host in self.graph.hosts() {
            if regex.is_match(&host.name).map_err(|error| told(&error))? {
                found.push(host.name.clone());
            }
        }
        if found.is_empty() && !known {
            let message = format!("no host or group in the inventory fits `{shown}`");
            return Err(InputError::nowhere(message));
        }
        let mut seen = HashSet::new();
        found.retain(|host| seen.insert(host.clone()));
        Ok(found)
    }

    fn members(&self, group: GroupId) -> Vec<String> {
        let name = |host: &HostId| self.graph.host(*host).name.clone();
        self.graph.members(group).iter().map(name).collect()
    }
}

/// Cuts `name[0]`, `name[-1]`, `name[1:3]` or `name[1:]` into the name and what is in the brackets.
fn subscript(text: &str) -> Result<(&str, Option<Subscript>), InputError> {
    let Some((name, inner)) = text.strip_suffix(']').and_then(|text| text.rsplit_once('[')) else {
        return Ok((text, None));
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let too_big = || InputError::nowhere(format!("the number in `{text}` is too big"));
    if name.is_empty() {
        return Ok((text, None));
    }
    if digits(inner.strip_prefix('-').unwrap_or(inner)) {
        let at = inner.parse().map_err(|_| too_big())?;
        return Ok((name, Some(Subscript::At(at))));
    }
    match inner.split_once([':', '-']) {
        Some((begin, end)) if digits(begin) && (end.is_empty() || digits(end)) => {
            if inner.contains('-') {
                return Err(InputError::nowhere(format!("`{text}` can be read in two ways"))
                    .hint(format!("write `{name}[{begin}:{end}]` for some hosts of `{name}`, or `~{text}$` for names that end in a digit")));
            }
            let begin = begin.parse().map_err(|_| too_big())?;
            let end = (!end.is_empty()).then(|| end.parse().map_err(|_| too_big())).transpose()?;
            Ok((name, Some(Subscript::Span(begin, end))))
        }
        _ => Ok((text, None)),
    }
}

/// Both ends of a span are meant; a span beyond the last host is empty, a single host must be there.
fn cut(found: Vec<String>, subscript: Subscript, text: &str) -> Result<Vec<String>, InputError> {
    match subscript {
        Subscript::At(_) if found.is_empty() => Ok(found),
        Subscript::At(at) => {
            let count = found.len() as i64;
            let index = usize::try_from(if at < 0 { count + at } else { at }).ok();
            let host = index.and_then(|index| found.get(index)).cloned();
            let told =
                || InputError::nowhere(format!("`{text}` names no host: there are {count}, counted from 0"));
            Ok(vec![host.ok_or_else(told)?])
        }
        Subscript::Span(begin, end) => {
            let end = end.map_or(usize::MAX, |end| end.saturating_add(1));
            Ok(found.into_iter().take(end).skip(begin).collect())
        }
    }
}

/// A glob of `fnmatch` as a regular expression for the whole name.
fn glob(glob: &str) -> String {
    let mut regex = String::from("^(?s:");
    let chars: Vec<char> = glob.chars().collect();
    let mut at = 0;
    while let Some(c) = chars.get(at).copied() {
        at += 1;
        match c {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            '[' => match set(&chars[at..]) {
                Some((set, length)) => {
                    regex.push_str(&set);
                    at += length;
                }
                None => regex.push_str("\\["),
            },
            c => regex.push_str(&fancy_regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    regex.push_str(")\\z");
    regex
}

/// The set that begins after a `[`, as a regular expression, and its length with the `]`.
fn set(chars: &[char]) -> Option<(String, usize)> {
    let negated = chars.first() == Some(&'!');
    let begin = usize::from(negated);
    // A `]` right at the beginning belongs to the set.
    let end = chars.iter().skip(begin + 1).position(|c| *c == ']')? + begin + 1;
    let mut regex = String::from(if negated { "[^" } else { "[" });
    for c in &chars[begin..end] {
        if matches!(c, '\\' | '[' | ']' | '^' | '&' | '~') {
            regex.push('\\');
        }
        regex.push(*c);
    }
    regex.push(']');
    Some((regex, end + 1))
}
