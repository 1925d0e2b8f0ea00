//! YAML as PyYAML writes it, without folding long lines.

use minijinja::Value;
use minijinja::value::ValueKind;

use super::super::print;

/// `leaves_in_flow`: maps and lists that hold only scalars are written on one line.
pub(super) fn dump(value: &Value, indent: usize, sort: bool, leaves_in_flow: bool) -> String {
    let dumper = Dumper { indent, sort, leaves_in_flow };
    let mut out = String::new();
    match is_group(value) && !dumper.in_flow(value) {
        true => dumper.block(value, 0, &mut out),
        false => {
            dumper.flow(value, &mut out);
            out.push('\n');
        }
    }
    out
}

struct Dumper {
    indent: usize,
    sort: bool,
    leaves_in_flow: bool,
}

fn is_group(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Map | ValueKind::Seq)
}

fn children(value: &Value) -> Vec<Value> {
    let items: Vec<Value> = value.try_iter().into_iter().flatten().collect();
    match value.kind() {
        ValueKind::Map => items.iter().filter_map(|key| value.get_item(key).ok()).collect(),
        _ => items,
    }
}

impl Dumper {
    fn in_flow(&self, value: &Value) -> bool {
        value.len() == Some(0) || (self.leaves_in_flow && !children(value).iter().any(is_group))
    }

    fn keys(&self, map: &Value) -> Vec<Value> {
        let mut keys: Vec<Value> = map.try_iter().into_iter().flatten().collect();
        if self.sort {
            keys.sort();
        }
        keys
    }

    /// A map or list over several lines; the first line's indentation stands already.
    fn block(&self, value: &Value, column: usize, out: &mut String) {
        let start = |i: usize, out: &mut String| {
            if i > 0 {
                out.push_str(&" ".repeat(column));
            }
        };
        if value.kind() == ValueKind::Map {
            for (i, key) in self.keys(value).iter().enumerate() {
                start(i, out);
                self.flow(key, out);
                out.push(':');
                self.after_colon(&value.get_item(key).unwrap_or_default(), column, out);
            }
            return;
        }
        for (i, item) in children(value).iter().enumerate() {
            start(i, out);
            out.push('-');
            match is_group(item) && !self.in_flow(item) {
                true => {
                    out.push_str(&" ".repeat(self.indent - 1));
                    self.block(item, column + self.indent, out);
                }
                false => self.scalar_line(item, column, out),
            }
        }
    }

    fn after_colon(&self, value: &Value, column: usize, out: &mut String) {
        if !is_group(value) || self.in_flow(value) {
            return self.scalar_line(value, column, out);
        }
        // A list under a key isn't indented.
        let inner = if value.kind() == ValueKind::Map { column + self.indent } else { column };
        out.push('\n');
        out.push_str(&" ".repeat(inner));
        self.block(value, inner, out);
    }

    fn scalar_line(&self, value: &Value, column: usize, out: &mut String) {
        out.push(' ');
        match value.as_str() {
            Some(text) => out.push_str(&scalar(text, column + self.indent, false)),
            None => self.flow(value, out),
        }
        out.push('\n');
    }

    fn flow(&self, value: &Value, out: &mut String) {
        match value.kind() {
            ValueKind::None => out.push_str("null"),
            ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Map => {
                let pairs = self.keys(value).into_iter().map(|key| {
                    let (mut text, item) = (String::new(), value.get_item(&key).unwrap_or_default());
                    self.flow(&key, &mut text);
                    text.push_str(": ");
                    self.flow(&item, &mut text);
                    text
                });
                out.push_str(&format!("{{{}}}", pairs.collect::<Vec<_>>().join(", ")));
            }
            ValueKind::Seq => {
                let items = children(value).into_iter().map(|item| {
                    let mut text = String::new();
                    self.flow(&item, &mut text);
                    text
                });
                out.push_str(&format!("[{}]", items.collect::<Vec<_>>().join(", ")));
            }
            ValueKind::String => out.push_str(&scalar(value.as_str().unwrap_or_default(), self.indent, true)),
            _ => out.push_str(&print::text(value)),
        }
    }
}

/// A string in the plainest form that reads back as the same string.
fn scalar(text: &str, column: usize, in_flow: bool) -> String {
    if is_plain(text, in_flow) {
        return text.to_string();
    }
    let odd = |c: char| (c.is_control() && c != '\n') || c == '\u{feff}';
    let spaced_break = text.contains(" \n") || text.contains("\n ") || text.starts_with('\n');
    if text.contains(odd) || spaced_break {
        return double_quoted(text);
    }
    // A line break in single quotes is an empty line, and the next line is indented.
    let lines = text.replace('\'', "''");
    let broken = lines.replace('\n', &format!("\n\n{}", " ".repeat(column)));
    let end = format!("\n{}", " ".repeat(column));
    match broken.strip_suffix(&end) {
        Some(body) if text.ends_with('\n') => format!("'{body}\n{}'", " ".repeat(column)),
        _ => format!("'{broken}'"),
    }
}

fn double_quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() || c == '\u{feff}' => match u32::from(c) {
                n @ 0..=0xff => out.push_str(&format!("\\x{n:02X}")),
                n => out.push_str(&format!("\\u{n:04X}")),
            },
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Whether the text can stand without quotes and isn't read as something else.
fn is_plain(text: &str, in_flow: bool) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let indicator = "#,[]{}&*!|>'\"%@`".contains(first);
    let needs_more = "-?:".contains(first) && text[1..].chars().next().is_none_or(char::is_whitespace);
    let inside =
        text.contains(": ") || text.contains(" #") || text.ends_with(':') || text.contains(char::is_control);
    let flow = in_flow && text.contains([',', '[', ']', '{', '}', '?', ':']);
    let spaces = text.starts_with(' ') || text.ends_with(' ');
    let marker = text.starts_with("---") || text.starts_with("...") || text == "=" || text == "<<";
    !(indicator || needs_more || inside || flow || spaces || marker || reads_as_other(text))
}

/// Whether YAML 1.1 would read it as a boolean, null, number or time.
fn reads_as_other(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    if matches!(lower.as_str(), "yes" | "no" | "on" | "off" | "true" | "false" | "null" | "~") {
        return true;
    }
    let number = lower.trim_start_matches(['+', '-']).replace('_', "");
    let digits_first = number.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let is_number = digits_first
        && (number.parse::<f64>().is_ok_and(|_| !number.contains('e') || number.contains('.'))
            || number.strip_prefix("0x").is_some_and(|h| h.chars().all(|c| c.is_ascii_hexdigit()))
            || number.strip_prefix("0b").is_some_and(|b| b.chars().all(|c| matches!(c, '0' | '1')))
            || is_base_60(&number)
            || matches!(number.as_str(), ".inf" | ".nan"));
    is_number || is_date(text)
}

fn is_base_60(text: &str) -> bool {
    let mut parts = text.split(':');
    let first = parts.next().is_some_and(|p| !p.is_empty() && p.chars().all(|c| c.is_ascii_digit()));
    let rest: Vec<&str> = parts.collect();
    let sixty = |p: &&str| matches!(p.len(), 1 | 2) && p.parse::<u8>().is_ok_and(|n| n < 60);
    first && !rest.is_empty() && rest.iter().all(sixty)
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| {
        bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    digits(0..4)
        && bytes.get(4) == Some(&b'-')
        && digits(5..7)
        && bytes.get(7) == Some(&b'-')
        && digits(8..10)
}
