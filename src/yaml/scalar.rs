//! Plain scalars by YAML 1.1's rules, as PyYAML's resolver and so Ansible have them.
//!
//! Two of its rules are left out, because nobody means them: `22:22` in base 60, and dates as
//! anything but text.

use super::Yaml;

pub fn resolve(text: &str) -> Yaml {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Yaml::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Yaml::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Yaml::Bool(false),
        _ => number(text).unwrap_or_else(|| Yaml::Str(text.to_string())),
    }
}

/// A number; one too big for 64 bits stays the text that it is, so that no digit is lost.
fn number(text: &str) -> Option<Yaml> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return None;
    }
    integer(text).map(Yaml::Int).or_else(|| float(text).map(Yaml::Float))
}

fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = if let Some(rest) = digits.strip_prefix("0b") {
        (2, rest)
    } else if let Some(rest) = digits.strip_prefix("0x") {
        (16, rest)
    } else if digits.len() > 1 && digits.starts_with('0') {
        (8, &digits[1..])
    } else if digits.starts_with(|c: char| c.is_ascii_digit()) {
        (10, digits)
    } else {
        return None;
    };
    if !digits.chars().all(|c| c == '_' || c.is_digit(radix)) {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{}", digits.replace('_', "")), radix).ok()
}

/// A float has a point; its exponent, if any, has a sign: `1e5` is a string in YAML 1.1.
fn float(text: &str) -> Option<f64> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'-' => (-1.0, &text[1..]),
        b'+' => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    match rest {
        ".inf" | ".Inf" | ".INF" => return Some(sign * f64::INFINITY),
        ".nan" | ".NaN" | ".NAN" if rest.len() == text.len() => return Some(f64::NAN),
        _ => {}
    }
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    let (whole, part) = mantissa.split_once('.')?;
    let digits = |s: &str| s.chars().all(|c| c == '_' || c.is_ascii_digit());
    let starts = |s: &str| s.starts_with(|c: char| c.is_ascii_digit());
    let signed = rest.len() != text.len();
    let well_formed = match whole {
        "" => starts(part) && digits(part) && !signed,
        _ => starts(whole) && digits(whole) && digits(part),
    };
    let good_exponent = exponent.is_none_or(|e| {
        e.strip_prefix(['+', '-']).is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()))
    });
    if !well_formed || !good_exponent {
        return None;
    }
    rest.replace('_', "").parse::<f64>().ok().map(|number| sign * number)
}
