//! A step of a plan: what is shown for a task (or one item of its loop), and what is left to do.

use super::log::{Done, StepId};
use crate::change::Change;
use crate::module::Action;
use crate::place::Place;
use crate::record::{Entry, Shown, ShownAction};
use crate::template::Var;
use crate::yaml::{Node, Yaml};
use minijinja::Value;
use minijinja::value::ValueKind;

#[derive(Clone, Debug)]
pub struct Step {
    pub id: StepId,
    pub entry: Entry,
    pub todo: Todo,
    /// What it leaves behind once it is done as planned.
    pub done: Done,
}

#[derive(Clone, Debug)]
pub enum Todo {
    /// Done, or nothing to do on the host.
    Nothing,
    Changes(Vec<Change>, RunAs),
    Act(Action, RunAs, Repeat),
    /// Rests on an outcome that isn't known: planned when all before it is done.
    Unknown,
}

/// Who runs a script on the host, and with what environment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunAs {
    /// `None` is the identity that the session has.
    pub user: Option<String>,
    pub environment: Vec<(String, String)>,
}

/// `until`, `retries`, `delay`: how often an act is tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeat {
    pub tries: u32,
    pub delay: std::time::Duration,
    pub probe: bool,
}

/// A Change as it may be shown; of a secret one only that there is one.
pub fn shown(change: &Change, secret: bool) -> Shown {
    Shown {
        kind: change.key.kind().to_string(),
        id: change.key.id(),
        differences: if secret { Vec::new() } else { change.differences() },
        undo: change.undo(),
        risk: change.risk(),
    }
}

pub fn shown_action(action: &Action, secret: bool, probe: bool) -> ShownAction {
    let title = if secret { "run a command (hidden: `no_log`)".to_string() } else { action.title.clone() };
    ShownAction { title, risk: action.risk, undo: action.undo(probe), probe }
}

/// A loop item as a node that holds data, so that an included file sees it as a variable.
pub fn as_node(var: &Var, place: &Place) -> Node {
    match var {
        Var::Template(node) => node.clone(),
        Var::Data(value) => data_node(value, place),
    }
}

fn data_node(value: &Value, place: &Place) -> Node {
    let yaml = match value.kind() {
        ValueKind::None | ValueKind::Undefined => Yaml::Null,
        ValueKind::Bool => Yaml::Bool(value.is_true()),
        ValueKind::Number => match value.as_i64() {
            Some(number) => Yaml::Int(number),
            None => Yaml::Float(f64::try_from(value.clone()).unwrap_or_default()),
        },
        ValueKind::Seq | ValueKind::Iterable => {
            Yaml::Seq(value.try_iter().into_iter().flatten().map(|v| data_node(&v, place)).collect())
        }
        ValueKind::Map => Yaml::Map(
            value
                .try_iter()
                .into_iter()
                .flatten()
                .map(|key| {
                    let item = value.get_item(&key).unwrap_or_default();
                    (data_node(&key, place), data_node(&item, place))
                })
                .collect(),
        ),
        // Text that came from a host is never a template.
        _ => Yaml::Unsafe(value.to_string()),
    };
    Node { place: place.clone(), value: yaml }
}
