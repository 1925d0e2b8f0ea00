//! Ansible's and Jinja's tests.

use std::path::Path;

use minijinja::value::ValueKind;
use minijinja::{Error, State, Value};

use super::args::{Args, Spec, Undefined, items_of, spec};
use super::error::wrong;
use super::filters::{field, type_name};
use super::regex::{self, Flags};
use super::{truth, version};

pub(super) fn all() -> impl Iterator<Item = &'static Spec> {
    TESTS.iter()
}

type Outcome = Result<Value, Error>;

/// A test of the value's kind.
macro_rules! kind {
    ($name:literal, $holds:expr) => {
        spec($name, &["value"], |_, args| {
            let holds: fn(&Value) -> bool = $holds;
            Ok(Value::from(holds(args.need(0)?)))
        })
    };
}

/// A test of a task's result.
macro_rules! outcome {
    ($name:literal, $holds:expr) => {
        spec($name, &["result"], |_, args| {
            let holds: fn(&Value) -> Result<bool, Error> = $holds;
            result_of(args)?;
            holds(args.need(0)?).map(Value::from)
        })
    };
}

/// A comparison.
macro_rules! compare {
    ($name:literal, $holds:expr) => {
        spec($name, &["value", "other"], |_, args| {
            let holds: fn(&Value, &Value) -> bool = $holds;
            Ok(Value::from(holds(args.need(0)?, args.need(1)?)))
        })
    };
}

/// A test of a path on the controller.
macro_rules! path {
    ($name:literal, $holds:expr) => {
        spec($name, &["path"], |_, args| {
            let holds: fn(&Path) -> bool = $holds;
            Ok(Value::from(holds(Path::new(&args.text(0)?))))
        })
    };
}

const PATTERN: &[&str] = &["value", "pattern", "ignorecase", "multiline"];
const VERSION: &[&str] = &["value", "version", "operator", "strict", "version_type"];

static TESTS: &[Spec] = &[
    spec("defined", &["value"], |_, args| Ok(Value::from(!args.need(0)?.is_undefined())))
        .allowing(Undefined::Allowed),
    spec("undefined", &["value"], |_, args| Ok(Value::from(args.need(0)?.is_undefined())))
        .allowing(Undefined::Allowed),
    kind!("none", Value::is_none),
    kind!("string", |v| v.kind() == ValueKind::String),
    kind!("number", |v| matches!(v.kind(), ValueKind::Number | ValueKind::Bool)),
    kind!("integer", Value::is_integer),
    kind!("float", |v| v.is_number() && !v.is_integer()),
    kind!("boolean", |v| v.kind() == ValueKind::Bool),
    kind!("true", |v| v.kind() == ValueKind::Bool && v.is_true()),
    kind!("false", |v| v.kind() == ValueKind::Bool && !v.is_true()),
    kind!("mapping", |v| v.kind() == ValueKind::Map),
    kind!("iterable", |v| is_sequence(v) || v.kind() == ValueKind::Iterable),
    kind!("sequence", is_sequence),
    kind!("callable", |_| false),
    kind!("odd", |v| v.as_i64().is_some_and(|n| n.rem_euclid(2) == 1)),
    kind!("even", |v| v.as_i64().is_some_and(|n| n.rem_euclid(2) == 0)),
    kind!("lower", |v| v.as_str().is_some_and(|s| s == s.to_lowercase() && s != s.to_uppercase())),
    kind!("upper", |v| v.as_str().is_some_and(|s| s == s.to_uppercase() && s != s.to_lowercase())),
    kind!("nan", |v| f64::try_from(v.clone()).is_ok_and(f64::is_nan)),
    spec("divisibleby", &["value", "num"], divisible),
    spec("truthy", &["value", "convert_bool"], |_, args| Ok(Value::from(truthy(args)?))),
    spec("falsy", &["value", "convert_bool"], |_, args| Ok(Value::from(!truthy(args)?))),
    compare!("eq", |a, b| a == b),
    compare!("equalto", |a, b| a == b),
    compare!("==", |a, b| a == b),
    compare!("ne", |a, b| a != b),
    compare!("!=", |a, b| a != b),
    compare!("lt", |a, b| a < b),
    compare!("lessthan", |a, b| a < b),
    compare!("<", |a, b| a < b),
    compare!("le", |a, b| a <= b),
    compare!("<=", |a, b| a <= b),
    compare!("gt", |a, b| a > b),
    compare!("greaterthan", |a, b| a > b),
    compare!(">", |a, b| a > b),
    compare!("ge", |a, b| a >= b),
    compare!(">=", |a, b| a >= b),
    compare!("sameas", |a, b| a.kind() == b.kind() && a == b),
    spec("in", &["value", "container"], |_, args| contains(args.need(1)?, args.need(0)?)),
    spec("contains", &["container", "value"], |_, args| contains(args.need(0)?, args.need(1)?)),
    spec("subset", &["a", "b"], |_, args| within(&args.items(0)?, &args.items(1)?)),
    spec("issubset", &["a", "b"], |_, args| within(&args.items(0)?, &args.items(1)?)),
    spec("superset", &["a", "b"], |_, args| within(&args.items(1)?, &args.items(0)?)),
    spec("issuperset", &["a", "b"], |_, args| within(&args.items(1)?, &args.items(0)?)),
    spec("all", &["value"], |_, args| Ok(Value::from(args.items(0)?.iter().all(Value::is_true)))),
    spec("any", &["value"], |_, args| Ok(Value::from(args.items(0)?.iter().any(Value::is_true)))),
    spec("match", PATTERN, |_, args| matches(args, true)),
    spec("search", PATTERN, |_, args| matches(args, false)),
    spec("regex", &["value", "pattern", "ignorecase", "multiline", "match_type"], |_, args| {
        let anchored = args.text_or(4, "search")? == "match";
        matches(args, anchored)
    }),
    spec("version", VERSION, compare_versions),
    spec("version_compare", VERSION, compare_versions),
    outcome!("changed", changed),
    outcome!("change", changed),
    outcome!("failed", |r| flag(r, "failed")),
    outcome!("failure", |r| flag(r, "failed")),
    outcome!("succeeded", |r| flag(r, "failed").map(|failed| !failed)),
    outcome!("success", |r| flag(r, "failed").map(|failed| !failed)),
    outcome!("successful", |r| flag(r, "failed").map(|failed| !failed)),
    outcome!("skipped", |r| flag(r, "skipped")),
    outcome!("skip", |r| flag(r, "skipped")),
    outcome!("unreachable", |r| flag(r, "unreachable")),
    outcome!("reachable", |r| flag(r, "unreachable").map(|not| !not)),
    outcome!("finished", |r| flag(r, "finished")),
    outcome!("started", |r| flag(r, "started")),
    path!("file", Path::is_file),
    path!("is_file", Path::is_file),
    path!("directory", Path::is_dir),
    path!("is_dir", Path::is_dir),
    path!("link", Path::is_symlink),
    path!("is_link", Path::is_symlink),
    path!("exists", Path::exists),
    path!("link_exists", |path| path.exists() || path.is_symlink()),
    path!("abs", Path::is_absolute),
    path!("is_abs", Path::is_absolute),
    kind!("ipv4_address", |v| v.as_str().is_some_and(|s| s.parse::<std::net::Ipv4Addr>().is_ok())),
    kind!("ipv6_address", |v| v.as_str().is_some_and(|s| s.parse::<std::net::Ipv6Addr>().is_ok())),
    kind!("ip_address", |v| v.as_str().is_some_and(|s| s.parse::<std::net::IpAddr>().is_ok())),
    spec("filter", &["name"], |_, args| {
        let name = args.text(0)?;
        Ok(Value::from(super::filters::all().any(|spec| spec.name == name)))
    }),
    spec("test", &["name"], |_, args| {
        let name = args.text(0)?;
        Ok(Value::from(all().any(|spec| spec.name == name)))
    }),
];

/// Strings, lists and maps: whatever Python gives a length and elements.
fn is_sequence(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::String | ValueKind::Seq | ValueKind::Map)
}

fn divisible(_: &mut State<'_, '_>, args: &Args) -> Outcome {
    let (number, by) = (args.integer(0, 0)?, args.integer(1, 0)?);
    number.checked_rem(by).map(|rest| Value::from(rest == 0)).ok_or_else(|| wrong("`divisibleby` zero"))
}

fn truthy(args: &Args) -> Result<bool, Error> {
    let value = args.need(0)?;
    let word = value.as_str().filter(|_| args.flag(1, false)).and_then(truth::of_word);
    Ok(word.unwrap_or_else(|| value.is_true()))
}

fn contains(container: &Value, item: &Value) -> Outcome {
    match (container.as_str(), item.as_str()) {
        (Some(text), Some(part)) => return Ok(Value::from(text.contains(part))),
        (Some(_), None) => return Err(wrong("only a string can be in a string")),
        _ => {}
    }
    let items = items_of(container)
        .map_err(|_| wrong(format!("{} can't contain anything: {container}", type_name(container))))?;
    Ok(Value::from(items.contains(item)))
}

fn within(inner: &[Value], outer: &[Value]) -> Outcome {
    Ok(Value::from(inner.iter().all(|item| outer.contains(item))))
}

fn matches(args: &Args, at_start: bool) -> Outcome {
    let flags = Flags { ignore_case: args.flag(2, false), multiline: args.flag(3, false), dot_all: false };
    let regex = regex::compile(&args.text(1)?, flags).map_err(wrong)?;
    let text = args.text(0)?;
    let found = regex::search(&regex, &text).map_err(wrong)?;
    // The leftmost match starts at the beginning if any does.
    let start = found.and_then(|captures| captures.get(0).map(|m| m.start()));
    Ok(Value::from(if at_start { start == Some(0) } else { start.is_some() }))
}

fn compare_versions(_: &mut State<'_, '_>, args: &Args) -> Outcome {
    let strict = args.flag(3, false);
    let kind = args.text_or(4, if strict { "strict" } else { "loose" })?;
    let operator = args.text_or(2, "==")?;
    version::compare(&args.text(0)?, &operator, &args.text(1)?, &kind).map(Value::from).map_err(wrong)
}

fn result_of(args: &Args) -> Result<(), Error> {
    let value = args.need(0)?;
    match value.kind() {
        ValueKind::Map => Ok(()),
        _ => Err(wrong(format!("`{}` tests the result of a task, not {}", args.name, type_name(value)))),
    }
}

fn flag(result: &Value, name: &str) -> Result<bool, Error> {
    Ok(field(result, name)?.is_some_and(|value| value.is_true()))
}

/// A loop's result may only say so in its items.
fn changed(result: &Value) -> Result<bool, Error> {
    if let Some(changed) = field(result, "changed")? {
        return Ok(changed.is_true());
    }
    let Some(results) = field(result, "results")? else { return Ok(false) };
    for item in items_of(&results)? {
        if item.kind() == ValueKind::Map && flag(&item, "changed")? {
            return Ok(true);
        }
    }
    Ok(false)
}
