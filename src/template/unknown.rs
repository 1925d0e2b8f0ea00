//! Values that stand for something else: not known yet, or left out on purpose.

use std::fmt;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Enumerator, Object, ObjectRepr, ValueKind};

use super::error::RenderError;
use super::frame::fault;
use super::lazy::{LazyMap, LazySeq};
use super::scope::Root;

/// Stands for a value that nobody can know before a task is done. Every way in which the engine
/// could look into it makes the rendering fail.
#[derive(Debug)]
pub(super) struct Unknown {
    pub until: String,
}

impl Unknown {
    fn touch(&self) -> Value {
        fault(RenderError::Unknown { until: self.until.clone() })
    }
}

impl Object for Unknown {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, _key: &Value) -> Option<Value> {
        Some(self.touch())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        self.touch();
        Enumerator::NonEnumerable
    }

    fn is_true(self: &Arc<Self>) -> bool {
        self.touch();
        false
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.touch();
        write!(f, "unknown until {}", self.until)
    }
}

/// A value that is not known before the task `until` is done.
pub fn unknown(until: &str) -> Value {
    Value::from_object(Unknown { until: until.to_string() })
}

/// The task that the value itself waits for; what a map or list holds isn't looked at.
pub fn is_unknown(value: &Value) -> Option<String> {
    value.downcast_object_ref::<Unknown>().map(|mark| mark.until.clone())
}

/// The task that the value, or anything in it, waits for. Variables that haven't been rendered
/// yet are not rendered by this, nor are other hosts' variables looked into: they tell by themselves.
pub fn find_unknown(value: &Value) -> Option<String> {
    if let Some(until) = is_unknown(value) {
        return Some(until);
    }
    if let Some(map) = value.downcast_object_ref::<LazyMap>() {
        return map.slots().find_map(|slot| find_unknown(&slot.peek()?));
    }
    if let Some(list) = value.downcast_object_ref::<LazySeq>() {
        return list.slots().find_map(|slot| find_unknown(&slot.peek()?));
    }
    if value.downcast_object_ref::<Root>().is_some() {
        return None;
    }
    let object = value.as_object()?;
    match value.kind() {
        ValueKind::Map => object.try_iter_pairs()?.find_map(|(_, v)| find_unknown(&v)),
        ValueKind::Seq => object.try_iter()?.find_map(|v| find_unknown(&v)),
        _ => None,
    }
}

/// Ansible's `omit`: a parameter with this value is as if it had not been written.
#[derive(Debug)]
struct Omit;

impl Object for Omit {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
}

pub(super) fn omit() -> Value {
    Value::from_object(Omit)
}

pub fn is_omit(value: &Value) -> bool {
    value.downcast_object_ref::<Omit>().is_some()
}
