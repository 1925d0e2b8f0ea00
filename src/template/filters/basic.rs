//! Filters that choose between values and turn one type into another.

use minijinja::value::ValueKind;
use minijinja::{Error, State, Value};

use super::super::args::{Args, Spec, Undefined, spec, text_of};
use super::super::derived;
use super::super::error::{undefined, wrong};
use super::super::frame::{self, Missing};
use super::type_name;

pub(super) static FILTERS: &[Spec] = &[
    spec("__get", &["value", "key", "path"], get).allowing(Undefined::Allowed),
    spec("__own", &["value"], super::super::own::own).allowing(Undefined::Allowed),
    spec("__part", &["value"], part).allowing(Undefined::Allowed),
    spec("__whole", &["value"], whole).allowing(Undefined::Allowed),
    spec("default", &["value", "default_value", "boolean"], default).allowing(Undefined::Allowed),
    spec("d", &["value", "default_value", "boolean"], default).allowing(Undefined::Allowed),
    spec("mandatory", &["value", "msg"], mandatory).allowing(Undefined::Allowed),
    spec("ternary", &["value", "true_val", "false_val", "none_val"], ternary).allowing(Undefined::InOptions),
    spec("bool", &["value"], boolean),
    spec("int", &["value", "default", "base"], int),
    spec("float", &["value", "default"], float),
    spec("string", &["value"], string),
    spec("type_debug", &["value"], type_debug),
];

/// What a part will be cut out of: `text[2:9]`.
fn whole(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let whole = args.need(0)?;
    frame::current(|frame| frame.wholes.push(whole.clone()));
    Ok(whole.clone())
}

/// What was cut out of the value that was last told to be a whole.
fn part(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let part = args.need(0)?;
    if let Some(whole) = frame::current(|frame| frame.wholes.pop()).flatten() {
        derived::note(&[&whole], part);
    }
    Ok(part.clone())
}

/// A step into a value: what is undefined stays so, under the name that was missing first.
fn get(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let (parent, key) = (args.need(0)?, args.need(1)?);
    if parent.is_undefined() {
        return Ok(Value::UNDEFINED);
    }
    if key.is_undefined() {
        return Err(undefined());
    }
    let found = parent.get_item(key)?;
    match found.kind() {
        ValueKind::Invalid => Err(wrong("a value could not be made")),
        ValueKind::Undefined => {
            let own_cause = frame::current(|f| f.missing.as_ref().is_some_and(|m| m.cause.is_some()));
            let lazy = parent.downcast_object_ref::<super::super::lazy::LazyMap>().is_some();
            if !(lazy && own_cause == Some(true) && has_key(parent, key)) {
                let missing = Missing {
                    path: args.text(2)?,
                    key: key.to_string(),
                    parent: Some(parent.clone()),
                    cause: None,
                };
                frame::note_missing(missing);
            }
            Ok(found)
        }
        _ => Ok(found),
    }
}

fn has_key(map: &Value, key: &Value) -> bool {
    map.try_iter().is_ok_and(|mut keys| keys.any(|k| &k == key))
}

fn default(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let value = args.need(0)?;
    let replace = value.is_undefined() || (args.flag(2, false) && !value.is_true());
    Ok(match replace {
        true => args.raw(1).cloned().unwrap_or_else(|| Value::from("")),
        false => value.clone(),
    })
}

fn mandatory(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    match (args.need(0)?, args.get(1)) {
        (value, _) if !value.is_undefined() => Ok(value.clone()),
        (_, Some(message)) => Err(wrong(text_of(message)?)),
        (_, None) => Err(undefined()),
    }
}

fn ternary(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let value = args.need(0)?;
    let chosen = match args.raw(3) {
        Some(for_none) if value.is_none() => for_none,
        _ if value.is_true() => args.need(1)?,
        _ => args.need(2)?,
    };
    Ok(chosen.clone())
}

/// What isn't one of Ansible's words for true is false.
fn boolean(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let value = args.need(0)?;
    Ok(match value.kind() {
        ValueKind::Bool => value.clone(),
        ValueKind::String => {
            let word = value.as_str().unwrap_or_default().to_ascii_lowercase();
            Value::from(matches!(word.as_str(), "yes" | "on" | "1" | "true"))
        }
        _ => Value::from(value == &Value::from(1)),
    })
}

fn int(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let value = args.need(0)?;
    let default = || args.raw(1).cloned().unwrap_or_else(|| Value::from(0));
    if let Some(text) = value.as_str() {
        let base = args.integer(2, 10)?;
        return Ok(parse_int(text, base).map_or_else(default, Value::from));
    }
    Ok(match value.kind() {
        ValueKind::Bool => Value::from(i64::from(value.is_true())),
        ValueKind::Number => match f64::try_from(value.clone()) {
            _ if value.is_integer() => value.clone(),
            Ok(number) if number.is_finite() => Value::from(number.trunc() as i64),
            _ => default(),
        },
        _ => default(),
    })
}

/// A number as Python's `int` reads it: spaces, a sign, underscores, and `0x` for its base.
fn parse_int(text: &str, base: i64) -> Option<i64> {
    let text = text.trim().replace('_', "");
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(&text)),
    };
    let lower = digits.to_ascii_lowercase();
    let digits = match base {
        16 => lower.strip_prefix("0x").unwrap_or(&lower),
        8 => lower.strip_prefix("0o").unwrap_or(&lower),
        2 => lower.strip_prefix("0b").unwrap_or(&lower),
        _ => &lower,
    };
    let base = u32::try_from(base).ok().filter(|b| (2..=36).contains(b))?;
    match i64::from_str_radix(digits, base) {
        Ok(number) if digits.starts_with(|c: char| c.is_ascii_alphanumeric()) => Some(sign * number),
        // Jinja reads "1.9" as 1.
        _ if base == 10 => {
            digits.parse::<f64>().ok().filter(|f| f.is_finite()).map(|f| sign * f.trunc() as i64)
        }
        _ => None,
    }
}

fn float(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let value = args.need(0)?;
    let default = || args.raw(1).cloned().unwrap_or_else(|| Value::from(0.0));
    if let Some(text) = value.as_str() {
        return Ok(text.trim().parse::<f64>().map_or_else(|_| default(), Value::from));
    }
    Ok(f64::try_from(value.clone()).map_or_else(|_| default(), Value::from))
}

fn string(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    args.text(0).map(Value::from)
}

fn type_debug(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    Ok(Value::from(type_name(args.need(0)?)))
}
