//! Filters on maps.

use minijinja::value::{Tuple, ValueKind};
use minijinja::{Error, State, Value};

use super::super::args::{Args, Spec, items_of, spec, text_of};
use super::super::error::wrong;
use super::select::{path, step};
use super::type_name;

pub(super) static FILTERS: &[Spec] = &[
    spec("combine", &["value", "*", "recursive", "list_merge"], combine),
    spec("dict2items", &["value", "key_name", "value_name"], dict2items),
    spec("items2dict", &["value", "key_name", "value_name"], items2dict),
    spec("dictsort", &["value", "case_sensitive", "by", "reverse"], dictsort),
    spec("items", &["value"], |_, args| Ok(pairs(args.need(0)?, "items")?.into_iter().map(tuple).collect())),
    spec("extract", &["value", "container", "morekeys"], extract),
    spec("subelements", &["value", "subelements", "skip_missing"], subelements),
];

pub(in crate::template) fn pairs(map: &Value, filter: &str) -> Result<Vec<(Value, Value)>, Error> {
    if map.kind() != ValueKind::Map {
        return Err(wrong(format!("`{filter}` wants a map, not {}: {map}", type_name(map))));
    }
    items_of(map)?.into_iter().map(|key| step(map, &key).map(|value| (key, value))).collect()
}

fn tuple((key, value): (Value, Value)) -> Value {
    Value::from(Tuple::from([key, value]))
}

/// What becomes of two lists under the same key.
#[derive(Clone, Copy)]
enum Lists {
    Replace,
    Keep,
    Append,
    Prepend,
    AppendNew,
    PrependNew,
}

fn combine(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let lists = match args.text_or(3, "replace")?.as_str() {
        "replace" => Lists::Replace,
        "keep" => Lists::Keep,
        "append" => Lists::Append,
        "prepend" => Lists::Prepend,
        "append_rp" => Lists::AppendNew,
        "prepend_rp" => Lists::PrependNew,
        other => return Err(wrong(format!("`combine` has no list_merge `{other}`"))),
    };
    let recursive = args.flag(2, false);
    let mut maps = Vec::new();
    for value in std::iter::once(args.need(0)?).chain(&args.rest) {
        match value.kind() {
            ValueKind::Seq | ValueKind::Iterable => maps.extend(items_of(value)?),
            _ => maps.push(value.clone()),
        }
    }
    let mut result = Vec::new();
    for map in maps {
        merge(&mut result, pairs(&map, "combine")?, recursive, lists)?;
    }
    Ok(Value::from_pairs(result))
}

fn merge(
    into: &mut Vec<(Value, Value)>,
    from: Vec<(Value, Value)>,
    recursive: bool,
    lists: Lists,
) -> Result<(), Error> {
    for (key, new) in from {
        let Some(at) = into.iter().position(|(k, _)| *k == key) else {
            into.push((key, new));
            continue;
        };
        let old = into[at].1.clone();
        into[at].1 = match (old.kind(), new.kind()) {
            (ValueKind::Map, ValueKind::Map) if recursive => {
                let mut inner = pairs(&old, "combine")?;
                merge(&mut inner, pairs(&new, "combine")?, recursive, lists)?;
                Value::from_pairs(inner)
            }
            (ValueKind::Seq, ValueKind::Seq) => Value::from(merge_lists(&old, &new, lists)?),
            _ => new,
        };
    }
    Ok(())
}

fn merge_lists(old: &Value, new: &Value, lists: Lists) -> Result<Vec<Value>, Error> {
    let (old, new) = (items_of(old)?, items_of(new)?);
    let without_new = |old: Vec<Value>| old.into_iter().filter(|v| !new.contains(v)).collect::<Vec<_>>();
    Ok(match lists {
        Lists::Replace => new,
        Lists::Keep => old,
        Lists::Append => [old, new].concat(),
        Lists::Prepend => [new, old].concat(),
        Lists::AppendNew => [without_new(old), new].concat(),
        Lists::PrependNew => {
            let old = without_new(old);
            [new, old].concat()
        }
    })
}

fn dict2items(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let (key_name, value_name) = (args.text_or(1, "key")?, args.text_or(2, "value")?);
    let pair = |(key, value)| Value::from_pairs([(key_name.as_str(), key), (value_name.as_str(), value)]);
    Ok(pairs(args.need(0)?, "dict2items")?.into_iter().map(pair).collect())
}

fn items2dict(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let name = |at: usize, default: &str| args.get(at).cloned().unwrap_or_else(|| Value::from(default));
    let (key_name, value_name) = (name(1, "key"), name(2, "value"));
    let mut out = Vec::new();
    for item in args.items(0)? {
        let field = |name: &Value| match step(&item, name)? {
            value if value.is_undefined() => {
                Err(wrong(format!("`items2dict` needs `{name}` in every element, and {item} has none")))
            }
            value => Ok(value),
        };
        out.push((field(&key_name)?, field(&value_name)?));
    }
    Ok(Value::from_pairs(out))
}

fn dictsort(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let by_value = args.text_or(2, "key")? == "value";
    let folded = |value: &Value| match value.as_str() {
        Some(text) if !args.flag(1, false) => Value::from(text.to_lowercase()),
        _ => value.clone(),
    };
    let mut sorted = pairs(args.need(0)?, "dictsort")?;
    sorted.sort_by_key(|(key, value)| folded(if by_value { value } else { key }));
    if args.flag(3, false) {
        sorted.reverse();
    }
    Ok(sorted.into_iter().map(tuple).collect())
}

fn extract(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let mut value = step(args.need(1)?, args.need(0)?)?;
    let Some(more) = args.get(2) else { return Ok(value) };
    let keys = if more.as_str().is_some() { vec![more.clone()] } else { items_of(more)? };
    for key in keys {
        value = step(&value, &key)?;
    }
    Ok(value)
}

fn subelements(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let value = args.need(0)?;
    let items = match value.kind() {
        ValueKind::Map => pairs(value, "subelements")?.into_iter().map(|(_, v)| v).collect(),
        _ => args.items(0)?,
    };
    let attribute = match args.need(1)?.kind() {
        ValueKind::Seq => {
            let names = args.items(1)?.iter().map(text_of).collect::<Result<Vec<_>, _>>()?;
            Value::from(names.join("."))
        }
        _ => args.need(1)?.clone(),
    };
    let mut out = Vec::new();
    for item in items {
        let list = path(&item, &attribute)?;
        if list.is_undefined() && args.flag(2, false) {
            continue;
        }
        if list.kind() != ValueKind::Seq {
            return Err(wrong(format!("`subelements` wants a list at `{attribute}` of every element")));
        }
        out.extend(items_of(&list)?.into_iter().map(|sub| tuple((item.clone(), sub))));
    }
    Ok(Value::from(out))
}
