//! Maps and lists of variables, each of whose elements is rendered when it is first used: what is
//! wrong or missing in a branch that a template doesn't touch must not stop it.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, Weak};

use minijinja::Value;
use minijinja::value::{Enumerator, Object, ObjectExt, ObjectRepr, Tuple, ValueKind};

use super::error::RenderError;
use super::frame::{self, Missing};
use super::scope::Root;
use super::unknown::{find_unknown, is_omit, is_unknown};
use crate::yaml::{Node, Yaml};

/// One element: a value, or the template of one and, once it was used, what came of it.
#[derive(Debug)]
pub(super) enum Slot {
    Ready(Value),
    /// Weak, because the scope remembers the values made from it.
    Template {
        node: Node,
        name: String,
        root: Weak<Root>,
        done: OnceLock<Result<Value, RenderError>>,
    },
}

impl Slot {
    /// What is known without rendering anything.
    pub fn peek(&self) -> Option<Value> {
        match self {
            Slot::Ready(value) => Some(value.clone()),
            Slot::Template { done, .. } => done.get()?.as_ref().ok().cloned(),
        }
    }

    fn force(&self) -> Result<Value, RenderError> {
        let (node, name, root, done) = match self {
            Slot::Ready(value) => return Ok(value.clone()),
            Slot::Template { node, name, root, done } => (node, name, root, done),
        };
        if let Some(known) = done.get() {
            return known.clone();
        }
        let root = root.upgrade().ok_or_else(|| RenderError::bad("a value outlived its variables"))?;
        let id = std::ptr::from_ref(self) as usize;
        let result = frame::visit(id, name, || root.evaluate(node, name)).map_err(|e| e.at(&node.place));
        done.get_or_init(|| result).clone()
    }

    /// What the engine gets to see; an undefined element is undefined, not an error.
    fn yield_value(&self) -> Option<Value> {
        hand_out(self.force(), || match self {
            Slot::Template { name, .. } => name.clone(),
            Slot::Ready(_) => String::new(),
        })
    }
}

/// Turns what came of a variable into what the engine may see of it.
pub(super) fn hand_out(result: Result<Value, RenderError>, name: impl FnOnce() -> String) -> Option<Value> {
    match result {
        Ok(value) => match is_unknown(&value) {
            Some(until) => Some(frame::fault(RenderError::Unknown { until })),
            None => Some(value),
        },
        Err(cause @ RenderError::Undefined { .. }) => {
            let name = name();
            let missing = Missing { path: name.clone(), key: name, parent: None, cause: Some(cause) };
            frame::note_missing(missing);
            Some(Value::UNDEFINED)
        }
        Err(error) => Some(frame::fault(error)),
    }
}

#[derive(Debug)]
pub(super) struct LazyMap {
    entries: Vec<(Value, Slot)>,
    index: HashMap<Value, usize>,
}

#[derive(Debug)]
pub(super) struct LazySeq(Vec<Slot>);

impl LazyMap {
    fn new(entries: Vec<(Value, Slot)>) -> Self {
        let index = entries.iter().enumerate().map(|(i, (key, _))| (key.clone(), i)).collect();
        LazyMap { entries, index }
    }

    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.entries.iter().map(|(_, slot)| slot)
    }
}

impl LazySeq {
    pub fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.0.iter()
    }
}

impl Object for LazyMap {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.entries[*self.index.get(key)?].1.yield_value()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        // Keys alone: looking at them must not render the values.
        self.mapped_enumerator(|this| Box::new(this.entries.iter().map(|(key, _)| key.clone())))
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.entries.len())
    }
}

impl Object for LazySeq {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.get(key.as_usize()?)?.yield_value()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.0.len())
    }
}

/// Whether anything in the node would have to be rendered.
pub(super) fn has_template(node: &Node) -> bool {
    match &node.value {
        Yaml::Str(text) => super::rewrite::is_template(text),
        Yaml::Seq(items) => items.iter().any(has_template),
        Yaml::Map(pairs) => pairs.iter().any(|(_, value)| has_template(value)),
        _ => false,
    }
}

/// A node that needs no rendering, as it is.
pub(super) fn plain(node: &Node) -> Value {
    match &node.value {
        Yaml::Null => Value::from(()),
        Yaml::Bool(b) => Value::from(*b),
        Yaml::Int(i) => Value::from(*i),
        Yaml::Float(f) => Value::from(*f),
        Yaml::Str(s) | Yaml::Unsafe(s) => Value::from(s.as_str()),
        Yaml::Seq(items) => Value::from(items.iter().map(plain).collect::<Vec<_>>()),
        Yaml::Map(pairs) => Value::from_pairs(pairs.iter().map(|(k, v)| (plain(k), plain(v)))),
    }
}

/// The map or list of a variable, rendered element by element.
pub(super) fn lazy(node: &Node, name: &str, root: &Arc<Root>) -> Value {
    let slot = |node: &Node, key: String| match has_template(node) {
        false => Slot::Ready(plain(node)),
        true => Slot::Template {
            node: node.clone(),
            name: format!("{name}{key}"),
            root: Arc::downgrade(root),
            done: OnceLock::new(),
        },
    };
    match &node.value {
        Yaml::Map(pairs) => {
            let entry = |(key, value): &(Node, Node)| {
                let key = plain(key);
                let step = format!(".{key}");
                (key, slot(value, step))
            };
            Value::from_object(LazyMap::new(pairs.iter().map(entry).collect()))
        }
        Yaml::Seq(items) => {
            let items = items.iter().enumerate().map(|(i, item)| slot(item, format!("[{i}]")));
            Value::from_object(LazySeq(items.collect()))
        }
        _ => plain(node),
    }
}

/// Data with unknown parts, as something that notes when such a part is used. The engine's own
/// maps and lists would hand the mark out as if it were a value.
pub(super) fn guard(value: &Value) -> Value {
    if is_unknown(value).is_some() || find_unknown(value).is_none() {
        return value.clone();
    }
    let Some(object) = value.as_object() else { return value.clone() };
    match value.kind() {
        ValueKind::Map => {
            let pairs = object.try_iter_pairs().into_iter().flatten();
            let entries = pairs.map(|(k, v)| (k, Slot::Ready(guard(&v)))).collect();
            Value::from_object(LazyMap::new(entries))
        }
        ValueKind::Seq => {
            let items = object.try_iter().into_iter().flatten();
            Value::from_object(LazySeq(items.map(|v| Slot::Ready(guard(&v))).collect()))
        }
        _ => value.clone(),
    }
}

/// How a tuple leaves a template: printed it is a tuple, as a value a list, as in Ansible.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Tuples {
    Keep,
    ToLists,
}

/// The value with every part rendered and nothing in it that still hangs on a scope; an error if
/// a part is undefined or unknown. What was left out on purpose is left out of maps and lists.
pub(super) fn settle(value: &Value, tuples: Tuples) -> Result<Value, RenderError> {
    if let Some(until) = is_unknown(value) {
        return Err(RenderError::Unknown { until });
    }
    if let Some(map) = value.downcast_object_ref::<LazyMap>() {
        let pairs = map.entries.iter().map(|(k, slot)| Ok((k.clone(), settle(&slot.force()?, tuples)?)));
        return pairs.collect::<Result<Vec<_>, RenderError>>().map(map_of);
    }
    if let Some(list) = value.downcast_object_ref::<LazySeq>() {
        let items = list.0.iter().map(|slot| settle(&slot.force()?, tuples));
        return items.collect::<Result<Vec<_>, RenderError>>().map(list_of);
    }
    match value.kind() {
        ValueKind::Undefined => Err(current_missing()),
        ValueKind::Invalid => Err(current_fault()),
        ValueKind::Map => {
            let pairs = value.as_object().and_then(|o| o.try_iter_pairs()).into_iter().flatten();
            let pairs = pairs.map(|(k, v)| Ok((k, settle(&v, tuples)?)));
            pairs.collect::<Result<Vec<_>, RenderError>>().map(map_of)
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let items = value.try_iter().map_err(|e| RenderError::bad(e.to_string()))?;
            let items = items.map(|v| settle(&v, tuples)).collect::<Result<Vec<_>, RenderError>>()?;
            Ok(match value.is_tuple() && tuples == Tuples::Keep {
                true => Value::from(Tuple::from(items)),
                false => list_of(items),
            })
        }
        _ => Ok(value.clone()),
    }
}

fn map_of(pairs: Vec<(Value, Value)>) -> Value {
    Value::from_pairs(pairs.into_iter().filter(|(_, v)| !is_omit(v)))
}

fn list_of(items: Vec<Value>) -> Value {
    Value::from(items.into_iter().filter(|v| !is_omit(v)).collect::<Vec<_>>())
}

fn current_missing() -> RenderError {
    frame::current(|frame| frame.missing.clone())
        .flatten()
        .map(|missing| missing.to_error())
        .unwrap_or(RenderError::Undefined { name: String::new(), place: None, hint: None })
}

fn current_fault() -> RenderError {
    frame::current(|frame| frame.fault.clone())
        .flatten()
        .unwrap_or_else(|| RenderError::bad("a value could not be made"))
}
