//! Filters on numbers and times.

use minijinja::value::ValueKind;
use minijinja::{Error, State, Value};

use super::super::args::{Args, Spec, spec};
use super::super::error::wrong;
use super::super::frame;

pub(super) static FILTERS: &[Spec] = &[
    spec("abs", &["value"], abs),
    spec("round", &["value", "precision", "method"], round),
    spec("pow", &["value", "exponent"], |_, args| Ok(Value::from(number(args, 0)?.powf(number(args, 1)?)))),
    spec("root", &["value", "base"], |_, args| {
        Ok(Value::from(match args.get(1) {
            Some(_) => number(args, 0)?.powf(1.0 / number(args, 1)?),
            None => number(args, 0)?.sqrt(),
        }))
    }),
    spec("log", &["value", "base"], |_, args| {
        Ok(Value::from(match args.get(1) {
            Some(_) => number(args, 0)?.log(number(args, 1)?),
            None => number(args, 0)?.ln(),
        }))
    }),
    spec("strftime", &["format", "second", "utc"], strftime),
];

fn number(args: &Args, at: usize) -> Result<f64, Error> {
    let value = args.need(at)?;
    f64::try_from(value.clone()).map_err(|_| {
        wrong(format!("`{}` wants a number, not {}: {value}", args.name, super::type_name(value)))
    })
}

fn abs(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let value = args.need(0)?;
    match value.as_i64().filter(|_| value.is_integer()) {
        Some(n) => Ok(Value::from(n.saturating_abs())),
        None => Ok(Value::from(number(args, 0)?.abs())),
    }
}

fn round(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let value = number(args, 0)?;
    let scale = 10f64.powi(i32::try_from(args.integer(1, 0)?).unwrap_or(0).clamp(-300, 300));
    let scaled = value * scale;
    let rounded = match args.text_or(2, "common")?.as_str() {
        // Python rounds halves to the even neighbour.
        "common" => scaled.round_ties_even(),
        "ceil" => scaled.ceil(),
        "floor" => scaled.floor(),
        other => return Err(wrong(format!("`round` knows common, ceil and floor, not `{other}`"))),
    };
    Ok(Value::from(rounded / scale))
}

/// The time given, or that of the run, in the controller's offset from UTC or in UTC.
fn strftime(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let inputs = frame::current_root().map(|root| (root.core.inputs.now, root.core.inputs.utc_offset));
    let (now, offset) = inputs.unwrap_or((0, 0));
    let seconds = match args.get(1) {
        Some(value) if value.kind() == ValueKind::Number => number(args, 1)? as i64,
        Some(_) => args.integer(1, 0)?,
        None => now,
    };
    let offset = if args.flag(2, false) { 0 } else { offset };
    super::super::functions::time_text(seconds, offset, &args.text(0)?).map(Value::from)
}
