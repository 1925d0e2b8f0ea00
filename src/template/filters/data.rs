//! Filters that turn values into JSON, YAML, base 64 and digests, and back.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::{Serde, ValueKind};
use minijinja::{Error, State, Value};
use sha2::Digest;

use super::super::args::{Args, Spec, items_of, spec, text_of};
use super::super::error::wrong;
use super::super::frame;
use super::super::lazy::{Tuples, settle};
use super::super::print;
use super::yaml;

pub(super) static FILTERS: &[Spec] = &[
    spec("from_json", &["value"], from_json),
    spec("to_json", &TO_JSON, |_, args| json(args, &Style { indent: None, sort: false })),
    spec("tojson", &TO_JSON, |_, args| json(args, &Style { indent: None, sort: false })),
    spec("to_nice_json", &TO_JSON, |_, args| json(args, &Style { indent: Some(4), sort: true })),
    spec("from_yaml", &["value"], from_yaml),
    spec("from_yaml_all", &["value"], from_yaml_all),
    spec("to_yaml", &TO_YAML, |_, args| to_yaml(args, 2, true)),
    spec("to_nice_yaml", &TO_YAML, |_, args| to_yaml(args, 4, false)),
    spec("b64encode", &["value", "encoding"], |_, args| Ok(Value::from(STANDARD.encode(args.text(0)?)))),
    spec("b64decode", &["value", "encoding"], b64decode),
    spec("hash", &["value", "hashtype"], hash),
];

const TO_JSON: [&str; 5] = ["value", "indent", "sort_keys", "ensure_ascii", "vault_to_text"];
const TO_YAML: [&str; 6] = ["value", "indent", "sort_keys", "width", "default_flow_style", "explicit_start"];

fn from_json(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let parsed: serde_json::Value = serde_json::from_str(&args.text(0)?)
        .map_err(|e| wrong(format!("`from_json`: this is no JSON: {e}")))?;
    Ok(Value::from(Serde(parsed)))
}

fn from_yaml(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let value = args.need(0)?;
    match value.as_str() {
        Some(text) => parse_yaml(text),
        None => Ok(value.clone()),
    }
}

fn parse_yaml(text: &str) -> Result<Value, Error> {
    let parsed: serde_yaml::Value =
        serde_yaml::from_str(text).map_err(|e| wrong(format!("`from_yaml`: this is no YAML: {e}")))?;
    Ok(Value::from(Serde(parsed)))
}

fn from_yaml_all(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    use serde::Deserialize;
    let text = args.text(0)?;
    let documents = serde_yaml::Deserializer::from_str(&text).map(serde_yaml::Value::deserialize);
    let parsed = documents.map(|document| {
        document
            .map(|d| Value::from(Serde(d)))
            .map_err(|e| wrong(format!("`from_yaml_all`: this is no YAML: {e}")))
    });
    parsed.collect::<Result<Vec<_>, _>>().map(Value::from)
}

fn to_yaml(args: &Args, indent: i64, flow: bool) -> Result<Value, Error> {
    let value = settle(args.need(0)?, Tuples::ToLists).map_err(frame::fail)?;
    let indent = usize::try_from(args.integer(1, indent)?).unwrap_or(2).clamp(1, 16);
    let text = yaml::dump(&value, indent, args.flag(2, true), !args.flag(4, !flow) && flow);
    let start = if args.flag(5, false) { "---\n" } else { "" };
    Ok(Value::from(format!("{start}{text}")))
}

struct Style {
    indent: Option<usize>,
    sort: bool,
}

fn json(args: &Args, style: &Style) -> Result<Value, Error> {
    let value = settle(args.need(0)?, Tuples::ToLists).map_err(frame::fail)?;
    let indent = match args.get(1) {
        Some(_) => usize::try_from(args.integer(1, 0)?).ok(),
        None => style.indent,
    };
    let dumper = Json { indent, sort: args.flag(2, style.sort), ascii: args.flag(3, true) };
    let mut out = String::new();
    dumper.write(&value, 0, &mut out)?;
    Ok(Value::from(out))
}

/// Writes JSON as Python's `json.dumps` does.
struct Json {
    indent: Option<usize>,
    sort: bool,
    ascii: bool,
}

impl Json {
    fn write(&self, value: &Value, depth: usize, out: &mut String) -> Result<(), Error> {
        match value.kind() {
            ValueKind::None => out.push_str("null"),
            ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => out.push_str(&print::text(value)),
            ValueKind::String | ValueKind::Bytes => self.string(value.as_str().unwrap_or_default(), out),
            ValueKind::Map => {
                let mut keys = items_of(value)?;
                if self.sort {
                    keys.sort();
                }
                self.group('{', '}', &keys, depth, out, |key, out| {
                    self.string(&key_text(key)?, out);
                    out.push_str(": ");
                    self.write(&value.get_item(key)?, depth + 1, out)
                })?;
            }
            ValueKind::Seq | ValueKind::Iterable => {
                let items = items_of(value)?;
                self.group('[', ']', &items, depth, out, |item, out| self.write(item, depth + 1, out))?;
            }
            _ => return Err(wrong(format!("{value} can't be written as JSON"))),
        }
        Ok(())
    }

    fn group(
        &self,
        open: char,
        close: char,
        items: &[Value],
        depth: usize,
        out: &mut String,
        mut write: impl FnMut(&Value, &mut String) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let line = |depth: usize| self.indent.map(|width| format!("\n{}", " ".repeat(width.min(64) * depth)));
        out.push(open);
        for (i, item) in items.iter().enumerate() {
            match line(depth + 1) {
                Some(line) => out.push_str(&format!("{}{line}", if i > 0 { "," } else { "" })),
                None if i > 0 => out.push_str(", "),
                None => {}
            }
            write(item, out)?;
        }
        if let (Some(line), false) = (line(depth), items.is_empty()) {
            out.push_str(&line);
        }
        out.push(close);
        Ok(())
    }

    fn string(&self, text: &str, out: &mut String) {
        out.push('"');
        for c in text.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\x08' => out.push_str("\\b"),
                '\x0c' => out.push_str("\\f"),
                c if c < ' ' || (self.ascii && !c.is_ascii()) => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        out.push_str(&format!("\\u{unit:04x}"));
                    }
                }
                c => out.push(c),
            }
        }
        out.push('"');
    }
}

fn key_text(key: &Value) -> Result<String, Error> {
    match key.kind() {
        ValueKind::None => Ok("null".into()),
        ValueKind::Bool => Ok(if key.is_true() { "true".into() } else { "false".into() }),
        _ => text_of(key),
    }
}

fn b64decode(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let text: String = args.text(0)?.chars().filter(|c| !c.is_whitespace()).collect();
    let bytes = STANDARD.decode(text).map_err(|e| wrong(format!("`b64decode`: this is no base 64: {e}")))?;
    Ok(Value::from(String::from_utf8_lossy(&bytes).into_owned()))
}

fn hash(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let text = args.text(0)?;
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    Ok(Value::from(match args.text_or(1, "sha1")?.as_str() {
        "sha224" => hex(&sha2::Sha224::digest(text)),
        "sha256" => hex(&sha2::Sha256::digest(text)),
        "sha384" => hex(&sha2::Sha384::digest(text)),
        "sha512" => hex(&sha2::Sha512::digest(text)),
        other => {
            return Err(wrong(format!(
                "`hash` has no `{other}`: it knows sha224, sha256, sha384 and sha512"
            )));
        }
    }))
}
