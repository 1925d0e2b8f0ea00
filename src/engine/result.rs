//! What `register` gets, and small questions about loops and conditions.

use crate::fragment::Reply;
use crate::module::{Action, Outcome};
use crate::playbook::model::LoopKind;
use crate::template::unknown as not_known;
use crate::yaml::{Node, Yaml};
use minijinja::Value;
use minijinja::value::ValueKind;

type Pairs = Vec<(String, Value)>;

fn map(pairs: Pairs) -> Value {
    Value::from_pairs(pairs)
}

/// A finished task's result.
pub fn of(mut pairs: Pairs, changed: bool) -> Value {
    pairs.push(("changed".into(), changed.into()));
    pairs.push(("failed".into(), false.into()));
    map(pairs)
}

pub fn skipped(why: &str) -> Value {
    map(vec![
        ("changed".into(), false.into()),
        ("failed".into(), false.into()),
        ("skipped".into(), true.into()),
        ("skip_reason".into(), why.into()),
    ])
}

pub fn failed(message: &str) -> Value {
    map(vec![
        ("changed".into(), false.into()),
        ("failed".into(), true.into()),
        ("msg".into(), message.into()),
    ])
}

/// The result of a task of which nothing is known before another is done.
pub fn unknown(until: &str) -> Value {
    not_known(until)
}

/// The result of an act that has yet to run: all it will say is unknown.
pub fn before_act(task: &str, action: &Action, mut pairs: Pairs) -> Value {
    let fields: &[&str] = match action.outcome {
        Outcome::Command => &["rc", "stdout", "stdout_lines", "stderr", "stderr_lines", "msg"],
        Outcome::Done => &[],
    };
    pairs.extend(fields.iter().map(|name| (name.to_string(), not_known(task))));
    of(pairs, true)
}

/// The result of an act or probe that has run.
pub fn of_reply(reply: &Reply, outcome: Outcome, mut pairs: Pairs) -> Value {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end_matches(['\r', '\n']).to_string();
    if outcome == Outcome::Command {
        for (name, bytes) in [("stdout", &reply.stdout), ("stderr", &reply.stderr)] {
            let text = text(bytes);
            pairs.push((format!("{name}_lines"), text.lines().map(Value::from).collect()));
            pairs.push((name.into(), text.into()));
        }
        pairs.push(("rc".into(), reply.status.into()));
        pairs.push(("msg".into(), if reply.status == 0 { "" } else { "non-zero return code" }.into()));
    }
    let failed = reply.status != 0;
    let value = of(pairs, true);
    with(&value, &[("failed", failed.into())])
}

/// Why an act has failed, if it has: what it was, its status, and what it printed; of a secret one
/// only what it complained of, for the caller to take out what it was given.
pub fn failure(reply: &Reply, action: &Action, secret: bool) -> Option<String> {
    if reply.status == 0 {
        return None;
    }
    let title = if secret { "the command (hidden: `no_log`)" } else { &action.title };
    let mut message = format!("{title}: exit status {}", reply.status);
    for (name, bytes) in [("stderr", &reply.stderr), ("stdout", &reply.stdout)] {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim();
        if !text.is_empty() && (!secret || name == "stderr") {
            message.push_str(&format!("\n{name}: {text}"));
        }
    }
    Some(message)
}

/// A result with some fields replaced.
pub fn with(value: &Value, fields: &[(&str, Value)]) -> Value {
    if value.kind() != ValueKind::Map {
        return value.clone();
    }
    let mut pairs: Pairs = value
        .try_iter()
        .into_iter()
        .flatten()
        .filter(|key| !fields.iter().any(|(name, _)| key.as_str() == Some(name)))
        .map(|key| (key.to_string(), value.get_item(&key).unwrap_or_default()))
        .collect();
    pairs.extend(fields.iter().map(|(name, value)| (name.to_string(), value.clone())));
    map(pairs)
}

/// An item's result in `results`, with the item itself.
pub fn with_item(value: &Value, name: &str, item: Value) -> Value {
    with(value, &[(name, item), ("ansible_loop_var", name.into())])
}

/// The result of a task with a loop.
pub fn of_loop(results: Vec<Value>) -> Value {
    let any = |name: &str| -> Value {
        let mut found = Value::from(false);
        for result in &results {
            match result.get_attr(name) {
                Ok(value) if crate::template::find_unknown(&value).is_some() => return value,
                Ok(value) if value.is_true() => found = Value::from(true),
                _ => {}
            }
        }
        found
    };
    let skipped =
        !results.is_empty() && results.iter().all(|r| r.get_attr("skipped").is_ok_and(|v| v.is_true()));
    let mut pairs = vec![("changed".to_string(), any("changed")), ("failed".to_string(), any("failed"))];
    if skipped || results.is_empty() {
        pairs.push(("skipped".into(), true.into()));
    }
    pairs.push(("results".into(), Value::from(results)));
    map(pairs)
}

/// The items to loop over; `None` if it is no list.
pub fn items(value: &Value, kind: LoopKind) -> Option<Vec<Value>> {
    let list = |v: &Value| matches!(v.kind(), ValueKind::Seq | ValueKind::Iterable);
    match kind {
        LoopKind::WithDict if value.kind() == ValueKind::Map => Some(
            value
                .try_iter()
                .ok()?
                .map(|key| {
                    let item = value.get_item(&key).unwrap_or_default();
                    map(vec![("key".into(), key), ("value".into(), item)])
                })
                .collect(),
        ),
        LoopKind::WithItems if !list(value) => Some(vec![value.clone()]),
        // `with_items` flattens one level.
        LoopKind::WithItems => Some(
            value
                .try_iter()
                .ok()?
                .flat_map(|v| if list(&v) { v.try_iter().into_iter().flatten().collect() } else { vec![v] })
                .collect(),
        ),
        _ if list(value) => Some(value.try_iter().ok()?.collect()),
        _ => None,
    }
}

/// How an item is called in a line.
pub fn label(item: &Value) -> String {
    let text = match item.kind() {
        ValueKind::Map => ["name", "path", "dest", "key"]
            .iter()
            .find_map(|key| item.get_attr(key).ok().filter(|v| !v.is_undefined()))
            .unwrap_or_else(|| item.clone())
            .to_string(),
        _ => item.to_string(),
    };
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// The conditions of a task, for a line that says why it was skipped.
pub fn false_condition(conditions: &[Node]) -> String {
    let text: Vec<String> = conditions
        .iter()
        .map(|node| match &node.value {
            Yaml::Str(text) => text.clone(),
            Yaml::Bool(value) => value.to_string(),
            _ => "a condition".into(),
        })
        .collect();
    text.join(" and ")
}

/// Shorter texts would shred every message that happens to contain them.
const SHORTEST: usize = 3;

/// All texts within a value.
pub fn texts(value: &Value, all: &mut Vec<String>) {
    match value.kind() {
        ValueKind::Map => {
            let items = value.try_iter().into_iter().flatten();
            items.for_each(|key| texts(&value.get_item(&key).unwrap_or_default(), all));
        }
        ValueKind::Seq | ValueKind::Iterable => {
            value.try_iter().into_iter().flatten().for_each(|item| texts(&item, all));
        }
        ValueKind::Undefined | ValueKind::None | ValueKind::Bool => {}
        _ => all.extend(Some(value.to_string().trim().to_string()).filter(|text| text.len() >= SHORTEST)),
    }
}

/// A parameter as written, for modules that render it themselves.
pub fn raw(node: &Node) -> Value {
    match &node.value {
        Yaml::Null => Value::from(()),
        Yaml::Bool(value) => Value::from(*value),
        Yaml::Int(value) => Value::from(*value),
        Yaml::Float(value) => Value::from(*value),
        Yaml::Str(text) | Yaml::Unsafe(text) => Value::from(text.as_str()),
        Yaml::Seq(items) => items.iter().map(raw).collect(),
        Yaml::Map(pairs) => {
            Value::from_pairs(pairs.iter().map(|(k, v)| (raw(k).to_string(), raw(v))).collect::<Pairs>())
        }
    }
}
