//! Filters that take other filters, tests or attributes to every element.

use minijinja::value::Kwargs;
use minijinja::{Error, State, Value};

use super::super::args::{Args, Spec, Undefined, spec, text_of};
use super::super::error::{undefined, wrong};
use super::super::frame::{self, Missing};

pub(super) static FILTERS: &[Spec] = &[
    spec("map", &["value", "*", "**"], map).allowing(Undefined::InOptions),
    spec("select", &["value", "*", "**"], |state, args| select(state, args, false, true)),
    spec("reject", &["value", "*", "**"], |state, args| select(state, args, false, false)),
    spec("selectattr", &["value", "*", "**"], |state, args| select(state, args, true, true)),
    spec("rejectattr", &["value", "*", "**"], |state, args| select(state, args, true, false)),
    spec("attr", &["value", "name"], |_, args| step(args.need(0)?, args.need(1)?)),
];

/// One step into a value, which may lead to what is undefined.
pub(super) fn step(value: &Value, key: &Value) -> Result<Value, Error> {
    if value.is_undefined() {
        return Ok(Value::UNDEFINED);
    }
    let found = value.get_item(key)?;
    match found.kind() {
        minijinja::value::ValueKind::Invalid => Err(wrong("a value could not be made")),
        minijinja::value::ValueKind::Undefined => {
            let (path, key) = (key.to_string(), key.to_string());
            frame::note_missing(Missing { path, key, parent: Some(value.clone()), cause: None });
            Ok(found)
        }
        _ => Ok(found),
    }
}

/// An attribute as Jinja names it: `a.b.0`, or a number.
pub(super) fn path(value: &Value, attribute: &Value) -> Result<Value, Error> {
    let Some(names) = attribute.as_str() else { return step(value, attribute) };
    names.split('.').try_fold(value.clone(), |value, name| match name.parse::<i64>() {
        Ok(index) => step(&value, &Value::from(index)),
        Err(_) => step(&value, &Value::from(name)),
    })
}

fn keyword_arguments(named: &[(String, Value)]) -> Option<Value> {
    (!named.is_empty()).then(|| Value::from(named.iter().cloned().collect::<Kwargs>()))
}

fn map(state: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let items = args.items(0)?;
    let attribute = args.named.iter().find(|(name, _)| name == "attribute").map(|(_, v)| v);
    if let (Some(attribute), true) = (attribute, args.rest.is_empty()) {
        let default = args.named.iter().find(|(name, _)| name == "default").map(|(_, v)| v);
        let pick = |item: &Value| match (path(item, attribute)?, default) {
            (value, Some(default)) if value.is_undefined() => Ok(default.clone()),
            (value, _) => Ok(value),
        };
        return items.iter().map(pick).collect::<Result<Vec<_>, Error>>().map(Value::from);
    }
    let Some((filter, options)) = args.rest.split_first() else {
        return Err(wrong("`map` needs a filter or `attribute=`"));
    };
    let filter = text_of(filter)?;
    let apply = |item: Value| {
        let mut call = vec![item];
        call.extend_from_slice(options);
        call.extend(keyword_arguments(&args.named));
        state.apply_filter(&filter, &call)
    };
    items.into_iter().map(apply).collect::<Result<Vec<_>, Error>>().map(Value::from)
}

fn select(state: &mut State<'_, '_>, args: &Args, by_attribute: bool, wanted: bool) -> Result<Value, Error> {
    let (attribute, test) = match (by_attribute, args.rest.split_first()) {
        (true, Some((attribute, test))) => (Some(attribute), test),
        (true, None) => return Err(wrong(format!("`{}` needs an attribute", args.name))),
        (false, _) => (None, args.rest.as_slice()),
    };
    let mut kept = Vec::new();
    for item in args.items(0)? {
        let subject = match attribute {
            Some(attribute) => path(&item, attribute)?,
            None => item.clone(),
        };
        let holds = match test.split_first() {
            Some((test, options)) => {
                let mut call = vec![subject];
                call.extend_from_slice(options);
                call.extend(keyword_arguments(&args.named));
                state.perform_test(&text_of(test)?, &call)?
            }
            None if subject.is_undefined() => return Err(undefined()),
            None => subject.is_true(),
        };
        if holds == wanted {
            kept.push(item);
        }
    }
    Ok(Value::from(kept))
}
