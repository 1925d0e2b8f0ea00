//! Ansible's and Jinja's filters.

mod basic;
mod data;
mod lists;
mod maps;
mod net;
mod numbers;
mod paths;
mod percent;
mod regexes;
mod select;
mod text;
mod unsupported;
mod yaml;

use minijinja::Value;
use minijinja::value::ValueKind;

use super::args::Spec;
pub(super) use maps::pairs;

pub(super) fn all() -> impl Iterator<Item = &'static Spec> {
    [
        basic::FILTERS,
        text::FILTERS,
        regexes::FILTERS,
        paths::FILTERS,
        lists::FILTERS,
        select::FILTERS,
        maps::FILTERS,
        data::FILTERS,
        numbers::FILTERS,
        net::FILTERS,
        unsupported::FILTERS,
    ]
    .into_iter()
    .flatten()
}

/// What Python calls the type of the value.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value.kind() {
        ValueKind::Undefined => "Undefined",
        ValueKind::None => "NoneType",
        ValueKind::Bool => "bool",
        ValueKind::Number if value.is_integer() => "int",
        ValueKind::Number => "float",
        ValueKind::String => "str",
        ValueKind::Bytes => "bytes",
        ValueKind::Map => "dict",
        ValueKind::Seq if value.is_tuple() => "tuple",
        ValueKind::Seq | ValueKind::Iterable => "list",
        _ => "object",
    }
}

/// A field of a map; none if it isn't there.
pub(super) fn field(map: &Value, name: &str) -> Result<Option<Value>, minijinja::Error> {
    let value = select::step(map, &Value::from(name))?;
    Ok(Some(value).filter(|value| !value.is_undefined()))
}
