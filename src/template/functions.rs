//! Functions that templates can call, and the time they tell.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use minijinja::value::{Object, ValueKind};
use minijinja::{Error, State, Value};
use std::fmt;
use std::sync::Arc;

use super::args::{Args, Spec, Undefined, items_of, spec, text_of};
use super::error::wrong;
use super::{frame, lookups};

pub(super) fn all() -> impl Iterator<Item = &'static Spec> {
    FUNCTIONS.iter()
}

static FUNCTIONS: &[Spec] = &[
    spec("undef", &["hint"], undef),
    spec("dict", &["value", "*", "**"], dict),
    spec("now", &["utc", "fmt"], now),
    spec("lookup", &["name", "*", "**"], |state, args| lookups::call(state, args, false))
        .allowing(Undefined::InOptions),
    spec("query", &["name", "*", "**"], |state, args| lookups::call(state, args, true))
        .allowing(Undefined::InOptions),
    spec("q", &["name", "*", "**"], |state, args| lookups::call(state, args, true))
        .allowing(Undefined::InOptions),
];

fn undef(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    match args.get(0) {
        Some(hint) => Err(wrong(text_of(hint)?)),
        None => Ok(Value::UNDEFINED),
    }
}

/// A map from another one, or from pairs, and what is named.
fn dict(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let mut pairs = match args.get(0) {
        None => Vec::new(),
        Some(map) if map.kind() == ValueKind::Map => super::filters::pairs(map, "dict")?,
        Some(_) => args.items(0)?.iter().map(pair).collect::<Result<Vec<_>, _>>()?,
    };
    pairs.extend(args.named.iter().map(|(name, value)| (Value::from(name.as_str()), value.clone())));
    Ok(Value::from_pairs(pairs))
}

fn pair(item: &Value) -> Result<(Value, Value), Error> {
    match items_of(item)?.as_slice() {
        [key, value] => Ok((key.clone(), value.clone())),
        _ => Err(wrong(format!("`dict` wants pairs, not {item}"))),
    }
}

/// The run's time: the same for all hosts and rounds, so that a plan and its apply agree.
fn now(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let (now, offset) =
        frame::current_root().map_or((0, 0), |root| (root.core.inputs.now, root.core.inputs.utc_offset));
    let offset = if args.flag(0, false) { 0 } else { offset };
    match args.get(1).map(text_of).transpose()? {
        Some(format) => time_text(now, offset, &format).map(Value::from),
        None => Ok(Value::from_object(Moment { seconds: now, offset })),
    }
}

/// A time as Python's `datetime` shows itself to templates.
#[derive(Debug)]
struct Moment {
    seconds: i64,
    offset: i32,
}

impl Moment {
    fn text(&self, format: &str) -> Result<String, Error> {
        time_text(self.seconds, self.offset, format)
    }
}

impl Object for Moment {
    fn repr(self: &Arc<Self>) -> minijinja::value::ObjectRepr {
        minijinja::value::ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let format = match key.as_str()? {
            "year" => "%Y",
            "month" => "%m",
            "day" => "%d",
            "hour" => "%H",
            "minute" => "%M",
            "second" => "%S",
            _ => return None,
        };
        self.text(format).ok()?.parse::<i64>().ok().map(Value::from)
    }

    fn call_method(
        self: &Arc<Self>,
        _: &mut State<'_, '_>,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        match (method, args) {
            ("strftime", [format]) => self.text(&text_of(format)?).map(Value::from),
            ("isoformat", []) => self.text("%Y-%m-%dT%H:%M:%S").map(Value::from),
            ("timestamp", []) => Ok(Value::from(self.seconds as f64)),
            ("date", []) => self.text("%Y-%m-%d").map(Value::from),
            _ => Err(wrong(format!("a time has no method `{method}`"))),
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text("%Y-%m-%d %H:%M:%S").unwrap_or_default())
    }
}

/// A time in the form of C's `strftime`.
pub(super) fn time_text(seconds: i64, offset: i32, format: &str) -> Result<String, Error> {
    let bad = |e: jiff::Error| wrong(format!("{seconds} is no time: {e}"));
    let zone = TimeZone::fixed(Offset::from_seconds(offset).map_err(bad)?);
    let time = Timestamp::from_second(seconds).map_err(bad)?.to_zoned_datetime(zone);
    jiff::fmt::strtime::format(format, &time).map_err(|e| wrong(format!("the time format `{format}`: {e}")))
}
