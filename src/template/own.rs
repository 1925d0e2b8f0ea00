//! Lists and maps that a template writes down and then changes, as Python's can be:
//! `{% set names = [] %}{% set _ = names.append('a') %}`. The engine's own can't be changed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minijinja::value::{Enumerator, Object, ObjectRepr, ValueKind};
use minijinja::{Error, ErrorKind, State, Value};

use super::args::{Args, items_of};
use super::error::wrong;
use super::filters::pairs;

#[derive(Debug)]
struct OwnList(Mutex<Vec<Value>>);

#[derive(Debug)]
struct OwnMap(Mutex<Vec<(Value, Value)>>);

/// Nothing panics while it holds one of these locks.
fn open<T>(cell: &Mutex<T>) -> MutexGuard<'_, T> {
    cell.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The filter that a list or map written in such a template goes through.
pub(super) fn own(_: &mut State<'_, '_>, args: &Args) -> Result<Value, Error> {
    let value = args.need(0)?;
    Ok(match value.kind() {
        ValueKind::Map => Value::from_object(OwnMap(Mutex::new(raw_pairs(value)))),
        _ => Value::from_object(OwnList(Mutex::new(value.try_iter()?.collect()))),
    })
}

/// What was just written down; undefined values in it are found when they are used.
fn raw_pairs(map: &Value) -> Vec<(Value, Value)> {
    map.as_object().and_then(|object| object.try_iter_pairs()).into_iter().flatten().collect()
}

impl Object for OwnList {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        open(&self.0).get(key.as_usize()?).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let items = open(&self.0).clone();
        Enumerator::Iter(Box::new(items.into_iter()))
    }

    fn call_method(
        self: &Arc<Self>,
        _: &mut State<'_, '_>,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        // What is added is looked at first: it may be this very list.
        let added = match (method, args) {
            ("extend", [more]) => items_of(more)?,
            _ => Vec::new(),
        };
        let mut items = open(&self.0);
        match (method, args) {
            ("append", [item]) => items.push(item.clone()),
            ("extend", [_]) => items.extend(added),
            ("insert", [at, item]) => {
                let at = position(at, items.len())?.min(items.len());
                items.insert(at, item.clone());
            }
            ("pop", []) => return items.pop().ok_or_else(|| wrong("`.pop()` from an empty list")),
            ("pop", [at]) => {
                let at = position(at, items.len())?;
                return if at < items.len() {
                    Ok(items.remove(at))
                } else {
                    Err(wrong("`.pop()` beyond the list"))
                };
            }
            ("remove", [item]) => {
                let at = items.iter().position(|other| other == item);
                items.remove(at.ok_or_else(|| wrong(format!("`.remove()`: {item} is not in the list")))?);
            }
            ("reverse", []) => items.reverse(),
            ("clear", []) => items.clear(),
            ("sort", []) => items.sort(),
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        }
        Ok(Value::from(()))
    }
}

fn position(at: &Value, length: usize) -> Result<usize, Error> {
    let at = at.as_i64().ok_or_else(|| wrong("a list is indexed by whole numbers"))?;
    Ok(match usize::try_from(at) {
        Ok(at) => at,
        Err(_) => length.saturating_sub(usize::try_from(at.unsigned_abs()).unwrap_or(usize::MAX)),
    })
}

impl Object for OwnMap {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        open(&self.0).iter().find(|(k, _)| k == key).map(|(_, value)| value.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let keys: Vec<Value> = open(&self.0).iter().map(|(key, _)| key.clone()).collect();
        Enumerator::Iter(Box::new(keys.into_iter()))
    }

    fn call_method(
        self: &Arc<Self>,
        _: &mut State<'_, '_>,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        let mut added = Vec::new();
        if method == "update" {
            for map in args {
                // Named ones come as a map as well.
                added.extend(if map.is_kwargs() { raw_pairs(map) } else { pairs(map, ".update()")? });
            }
        }
        let mut entries = open(&self.0);
        match (method, args) {
            ("update", _) => added.into_iter().for_each(|(key, value)| put(&mut entries, key, value)),
            ("setdefault", [key, default]) => {
                if let Some((_, value)) = entries.iter().find(|(k, _)| k == key) {
                    return Ok(value.clone());
                }
                entries.push((key.clone(), default.clone()));
                return Ok(default.clone());
            }
            ("pop", [key, default @ ..]) => {
                return match (entries.iter().position(|(k, _)| k == key), default.first()) {
                    (Some(at), _) => Ok(entries.remove(at).1),
                    (None, Some(default)) => Ok(default.clone()),
                    (None, None) => Err(wrong(format!("`.pop()`: there is no key {key}"))),
                };
            }
            ("clear", []) => entries.clear(),
            _ => return Err(Error::from(ErrorKind::UnknownMethod)),
        }
        Ok(Value::from(()))
    }
}

fn put(entries: &mut Vec<(Value, Value)>, key: Value, value: Value) {
    match entries.iter_mut().find(|(k, _)| *k == key) {
        Some(entry) => entry.1 = value,
        None => entries.push((key, value)),
    }
}
