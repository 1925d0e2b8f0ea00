//! Filters on paths and URLs, by their text alone.

use minijinja::{Error, State, Value};

use super::super::args::{Args, Spec, items_of, spec, text_of};
use super::super::error::wrong;

pub(super) static FILTERS: &[Spec] = &[
    spec("basename", &["value"], |_, args| Ok(Value::from(split(&args.text(0)?).1))),
    spec("dirname", &["value"], |_, args| Ok(Value::from(split(&args.text(0)?).0))),
    spec("splitext", &["value"], splitext),
    spec("path_join", &["value"], path_join),
    spec("normpath", &["value"], |_, args| Ok(Value::from(normal(&args.text(0)?)))),
    spec("urlsplit", &["value", "query"], urlsplit),
];

/// Python's `os.path.split`.
fn split(path: &str) -> (String, String) {
    let at = path.rfind('/').map_or(0, |at| at + 1);
    let (head, tail) = path.split_at(at);
    let trimmed = head.trim_end_matches('/');
    let head = if trimmed.is_empty() { head } else { trimmed };
    (head.to_string(), tail.to_string())
}

fn splitext(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let path = args.text(0)?;
    let name = path.rfind('/').map_or(0, |at| at + 1);
    let start = name + path[name..].len() - path[name..].trim_start_matches('.').len();
    let at = path[start..].rfind('.').map_or(path.len(), |at| start + at);
    Ok([&path[..at], &path[at..]].into_iter().map(Value::from).collect())
}

fn path_join(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let value = args.need(0)?;
    if let Some(text) = value.as_str() {
        return Ok(Value::from(text));
    }
    let mut path = String::new();
    for part in items_of(value)? {
        let part = text_of(&part)?;
        match part.starts_with('/') || path.is_empty() {
            true => path = part,
            false if path.ends_with('/') => path += &part,
            false => path = format!("{path}/{part}"),
        }
    }
    Ok(Value::from(path))
}

fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if path.starts_with('/') => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (path.starts_with('/'), joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".into(),
        (false, false) => joined,
    }
}

fn urlsplit(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let url = args.text(0)?;
    let (rest, fragment) = url.split_once('#').unwrap_or((&url, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (scheme, rest) = rest.split_once(':').filter(|(s, _)| is_scheme(s)).unwrap_or(("", rest));
    let (netloc, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", rest),
    };
    let (login, host) = netloc.rsplit_once('@').unwrap_or(("", netloc));
    let (user, password) = login.split_once(':').map_or((login, None), |(u, p)| (u, Some(p)));
    let (hostname, port) = match host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()) {
        Some((name, port)) => (name, port.parse::<u16>().ok()),
        None => (host, None),
    };
    let hostname = hostname.trim_matches(['[', ']']).to_lowercase();
    let optional = |text: &str| if text.is_empty() { Value::from(()) } else { Value::from(text) };
    let parts = [
        ("fragment", Value::from(fragment)),
        ("hostname", optional(&hostname)),
        ("netloc", Value::from(netloc)),
        ("password", Value::from(password)),
        ("path", Value::from(path)),
        ("port", Value::from(port)),
        ("query", Value::from(query)),
        ("scheme", Value::from(scheme.to_lowercase())),
        ("username", optional(user)),
    ];
    match args.get(1).map(text_of).transpose()? {
        None => Ok(Value::from_pairs(parts)),
        Some(wanted) => parts
            .into_iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| value)
            .ok_or_else(|| wrong(format!("`urlsplit` has no part `{wanted}`"))),
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}
