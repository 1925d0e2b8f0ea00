//! Filters that match regular expressions.

use minijinja::{Error, State, Value};

use super::super::args::{Args, Spec, spec, text_of};
use super::super::error::wrong;
use super::super::regex::{self, Captures, Flags, Regex};
use std::sync::Arc;

pub(super) static FILTERS: &[Spec] = &[
    spec(
        "regex_replace",
        &["value", "pattern", "replacement", "ignorecase", "multiline", "count", "mandatory_count"],
        replace,
    ),
    spec("regex_search", &["value", "regex", "*", "ignorecase", "multiline"], search),
    spec("regex_findall", &["value", "regex", "multiline", "ignorecase"], find_all),
    spec("regex_escape", &["value", "re_type"], |_, args| Ok(Value::from(regex::escape(&args.text(0)?)))),
];

fn compiled(pattern: &str, ignore_case: bool, multiline: bool) -> Result<Arc<Regex>, Error> {
    regex::compile(pattern, Flags { ignore_case, multiline, dot_all: false }).map_err(wrong)
}

fn replace(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let regex = compiled(&args.text_or(1, "")?, args.flag(3, false), args.flag(4, false))?;
    let count = usize::try_from(args.integer(5, 0)?).unwrap_or(0);
    let (text, done) = regex::replace(&regex, &args.text(0)?, &args.text_or(2, "")?, count).map_err(wrong)?;
    let wanted = args.integer(6, 0)?;
    match usize::try_from(wanted) {
        Ok(wanted) if wanted > 0 && wanted != done => {
            Err(wrong(format!("`regex_replace` should replace {wanted} times but did {done} times")))
        }
        _ => Ok(Value::from(text)),
    }
}

/// Without groups the text that matched, with groups the list of what they matched; none if
/// nothing did.
fn search(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let regex = compiled(&args.text(1)?, args.flag(3, false), args.flag(4, false))?;
    let text = args.text(0)?;
    let Some(captures) = regex::search(&regex, &text).map_err(wrong)? else { return Ok(Value::from(())) };
    if args.rest.is_empty() {
        return Ok(group(&captures, 0));
    }
    let mut groups = Vec::new();
    for wanted in &args.rest {
        let wanted = text_of(wanted)?;
        if !wanted.starts_with('\\') {
            return Err(wrong(format!(
                "`regex_search` takes groups as \\\\1 or \\\\g<name>, not `{wanted}`"
            )));
        }
        groups.push(Value::from(regex::expand(&wanted, &captures).map_err(wrong)?));
    }
    Ok(Value::from(groups))
}

fn find_all(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let regex = compiled(&args.text(1)?, args.flag(3, false), args.flag(2, false))?;
    let text = args.text(0)?;
    let found = regex::all(&regex, &text).map_err(wrong)?;
    Ok(found
        .iter()
        .map(|captures| match captures.len() {
            1 => group(captures, 0),
            2 => group(captures, 1),
            n => (1..n).map(|i| group(captures, i)).collect(),
        })
        .collect())
}

fn group(captures: &Captures<'_>, number: usize) -> Value {
    Value::from(captures.get(number).map_or("", |m| m.as_str()))
}
