//! The name of a host as it is written: with a port, in brackets, with ranges.

use super::range;
use std::net::Ipv6Addr;

/// The hosts that one written name stands for.
#[derive(Debug, PartialEq)]
pub struct Hosts {
    pub names: Vec<String>,
    pub port: Option<u16>,
}

/// Reads `web1`, `web[1:3].x:2222`, `10.0.0.1`, `2001:db8::1` or `[2001:db8::1]:22`.
pub fn read(text: &str) -> Result<Hosts, String> {
    if text.trim().is_empty() {
        return Err("the name of a host is empty".into());
    }
    let (name, port) = split_port(text)?;
    let names = range::expand(name)?;
    match names.iter().find(|name| !is_name(name)) {
        Some(name) => Err(format!("`{name}` can't be the name of a host")),
        None => Ok(Hosts { names, port }),
    }
}

/// An IPv6 address, perhaps with a zone (`fe80::1%eth0`).
pub fn is_ipv6(text: &str) -> bool {
    text.split('%').next().is_some_and(|address| address.parse::<Ipv6Addr>().is_ok())
}

/// The address inside the brackets of `[2001:db8::1]`, and what follows them.
pub fn bracketed(text: &str) -> Option<(&str, &str)> {
    let (inner, rest) = text.strip_prefix('[')?.split_once(']')?;
    is_ipv6(inner).then_some((inner, rest))
}

/// Where colons stand that are not part of a range.
pub fn bare_colons(text: &str) -> Vec<usize> {
    let mut depth = 0usize;
    let mut found = vec![];
    for (at, c) in text.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            ':' if depth == 0 => found.push(at),
            _ => {}
        }
    }
    found
}

fn split_port(text: &str) -> Result<(&str, Option<u16>), String> {
    if let Some((address, rest)) = bracketed(text) {
        return match rest.strip_prefix(':') {
            Some(port) => Ok((address, Some(number(text, port)?))),
            None if rest.is_empty() => Ok((address, None)),
            None => Err(format!("after the brackets of `{text}` only `:PORT` may follow")),
        };
    }
    match bare_colons(text)[..] {
        [at] => Ok((&text[..at], Some(number(text, &text[at + 1..])?))),
        _ => Ok((text, None)),
    }
}

fn number(text: &str, port: &str) -> Result<u16, String> {
    let digits = port.bytes().all(|b| b.is_ascii_digit());
    let port = port.parse::<u16>().ok().filter(|port| digits && *port > 0);
    port.ok_or_else(|| format!("the port of `{text}` must be a number from 1 to 65535"))
}

/// Names are what they are in Ansible, except for signs that can only come from a slip.
fn is_name(name: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '=' | ',' | '"' | '\'');
    !name.is_empty() && !name.contains(odd) && (!name.contains(':') || is_ipv6(name))
}
