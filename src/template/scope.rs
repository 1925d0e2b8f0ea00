//! The variables that one task sees on one host.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock};

use minijinja::Value;
use minijinja::value::{Enumerator, Object, ObjectRepr};

use super::derived::note_declared;
use super::error::RenderError;
use super::frame::{self, Missing};
use super::lazy::{guard, hand_out, has_template, lazy, plain};
use super::render::Core;
use crate::yaml::{Node, Yaml};

/// A variable. Strings that come from YAML are templates; data (facts, results, loop items that
/// were rendered already) never is: what a host says must not be run as a template.
#[derive(Clone, Debug)]
pub enum Var {
    Template(Node),
    Data(Value),
}

/// One layer of variables, shared between the scopes that see it.
pub type Layer = Arc<HashMap<String, Var>>;

/// Layers of variables, of which later ones win. What a variable renders to is remembered as long
/// as the scope (or a clone of it) lives.
#[derive(Clone, Default)]
pub struct Scope(Arc<Layers>);

#[derive(Default)]
struct Layers {
    layers: Vec<Layer>,
    root: OnceLock<Arc<Root>>,
}

impl Scope {
    pub fn new(layers: Vec<Layer>) -> Self {
        Scope(Arc::new(Layers { layers, root: OnceLock::new() }))
    }

    /// This scope and one more layer above it. Nothing remembered is kept: a variable that uses
    /// one of the new layer renders to something else now.
    pub fn layer(&self, layer: Layer) -> Self {
        let mut layers = self.0.layers.clone();
        layers.push(layer);
        Scope::new(layers)
    }

    /// This scope and one more variable.
    pub fn with(&self, name: &str, var: Var) -> Self {
        self.layer(Arc::new(HashMap::from([(name.to_string(), var)])))
    }

    /// The variable as it was written.
    pub fn get(&self, name: &str) -> Option<&Var> {
        self.0.layers.iter().rev().find_map(|layer| layer.get(name))
    }

    pub(super) fn root(&self, core: &Arc<Core>) -> &Arc<Root> {
        self.0.root.get_or_init(|| {
            Arc::new(Root { core: core.clone(), layers: self.0.layers.clone(), known: Mutex::default() })
        })
    }
}

/// A scope as the engine sees it: a map whose values are rendered when they are looked up.
pub(super) struct Root {
    pub core: Arc<Core>,
    layers: Vec<Layer>,
    known: Mutex<HashMap<String, Result<Value, RenderError>>>,
}

impl std::fmt::Debug for Root {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("variables")
    }
}

impl Root {
    pub fn names(&self) -> Vec<String> {
        let names: BTreeSet<&String> = self.layers.iter().flat_map(|layer| layer.keys()).collect();
        names.into_iter().cloned().collect()
    }

    /// What the variable is, rendered as far as its parts aren't lazy; none if there is no such
    /// variable.
    pub fn variable(self: &Arc<Self>, name: &str) -> Option<Result<Value, RenderError>> {
        if let Ok(known) = self.known.lock()
            && let Some(result) = known.get(name)
        {
            return Some(result.clone());
        }
        let var = self.layers.iter().rev().find_map(|layer| layer.get(name))?;
        let result = match var {
            Var::Data(value) if value.is_undefined() => return None,
            Var::Data(value) => Ok(guard(value)),
            Var::Template(node) => {
                let id = Arc::as_ptr(self) as usize;
                frame::visit(id, name, || self.evaluate(node, name)).map_err(|e| e.at(&node.place))
            }
        };
        if let Ok(mut known) = self.known.lock() {
            known.insert(name.to_string(), result.clone());
        }
        if let Ok(value) = &result {
            note_declared(&self.core.inputs.secrets, name, value);
        }
        Some(result)
    }

    pub fn evaluate(self: &Arc<Self>, node: &Node, name: &str) -> Result<Value, RenderError> {
        match &node.value {
            _ if !has_template(node) => Ok(plain(node)),
            Yaml::Str(text) => self.core.native(text, self),
            _ => Ok(lazy(node, name, self)),
        }
    }

    /// What a template gets for a name.
    fn lookup(self: &Arc<Self>, name: &str) -> Option<Value> {
        if let Some(result) = self.variable(name) {
            return hand_out(result, || name.to_string());
        }
        if name == "vars" {
            return Some(Value::from_dyn_object(self.clone()));
        }
        if !self.core.is_global(name) {
            let missing =
                Missing { path: name.to_string(), key: name.to_string(), parent: None, cause: None };
            frame::note_missing(missing);
        }
        None
    }
}

impl Object for Root {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.lookup(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.lookup(key)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Iter(Box::new(self.names().into_iter().map(Value::from)))
    }
}
