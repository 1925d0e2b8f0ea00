//! Python's `%` formatting of strings.

use minijinja::{Error, Value};

use super::super::args::text_of;
use super::super::error::wrong;
use super::super::print;

pub(super) fn format(template: &str, values: &[Value], named: &[(String, Value)]) -> Result<String, Error> {
    let mut out = String::new();
    let (mut rest, mut values) = (template, values.iter());
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let (directive, tail) = Directive::read(&rest[at + 1..])?;
        rest = tail;
        if directive.kind == '%' {
            out.push('%');
            continue;
        }
        let value = match &directive.name {
            Some(name) => named.iter().find(|(n, _)| n == name).map(|(_, value)| value),
            None => values.next(),
        };
        let value =
            value.ok_or_else(|| wrong(format!("`format` has no value for a place in `{template}`")))?;
        out.push_str(&directive.apply(value)?);
    }
    out.push_str(rest);
    Ok(out)
}

struct Directive {
    name: Option<String>,
    flags: String,
    width: usize,
    precision: Option<usize>,
    kind: char,
}

impl Directive {
    fn read(text: &str) -> Result<(Directive, &str), Error> {
        let bad = || wrong("`format` can't read a `%` in its text");
        let (name, text) = match text.strip_prefix('(') {
            Some(named) => named.split_once(')').map(|(n, t)| (Some(n.to_string()), t)).ok_or_else(bad)?,
            None => (None, text),
        };
        let (flags, text) = take(text, |c| "-+ 0#".contains(c));
        let (width, text) = take(text, |c| c.is_ascii_digit());
        let (precision, text) = match text.strip_prefix('.') {
            Some(text) => {
                let (digits, text) = take(text, |c| c.is_ascii_digit());
                (Some(digits.parse().unwrap_or(0)), text)
            }
            None => (None, text),
        };
        let kind = text.chars().next().ok_or_else(bad)?;
        let width = width.parse().unwrap_or(0usize).min(10_000);
        let precision = precision.map(|p: usize| p.min(1000));
        Ok((Directive { name, flags: flags.into(), width, precision, kind }, &text[kind.len_utf8()..]))
    }

    fn apply(&self, value: &Value) -> Result<String, Error> {
        let body = match self.kind {
            's' => cut(text_of(value)?, self.precision),
            'r' => cut(print::repr(value), self.precision),
            'd' | 'i' | 'u' => signed(self, number(value)?.trunc(), |n| format!("{n:.0}")),
            'f' | 'F' => signed(self, number(value)?, |n| format!("{n:.*}", self.precision.unwrap_or(6))),
            'x' => format!("{:x}", number(value)? as i64),
            'X' => format!("{:X}", number(value)? as i64),
            'o' => format!("{:o}", number(value)? as i64),
            other => return Err(wrong(format!("`format` doesn't know `%{other}`"))),
        };
        Ok(self.padded(body))
    }

    fn padded(&self, body: String) -> String {
        let width = self.width;
        if self.flags.contains('-') {
            return format!("{body:<width$}");
        }
        if self.flags.contains('0') && !matches!(self.kind, 's' | 'r') {
            let (sign, digits) = body.split_at(usize::from(body.starts_with(['-', '+', ' '])));
            let width = width.saturating_sub(sign.len());
            return format!("{sign}{digits:0>width$}");
        }
        format!("{body:>width$}")
    }
}

fn signed(directive: &Directive, number: f64, print: impl Fn(f64) -> String) -> String {
    let plus = match number >= 0.0 {
        true if directive.flags.contains('+') => "+",
        true if directive.flags.contains(' ') => " ",
        _ => "",
    };
    format!("{plus}{}", print(number))
}

fn number(value: &Value) -> Result<f64, Error> {
    f64::try_from(value.clone()).map_err(|_| wrong(format!("`format` wants a number here, not {value:?}")))
}

fn cut(text: String, precision: Option<usize>) -> String {
    match precision {
        Some(length) => text.chars().take(length).collect(),
        None => text,
    }
}

fn take(text: &str, accept: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !accept(c)).unwrap_or(text.len()))
}
