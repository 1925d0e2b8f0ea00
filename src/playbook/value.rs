//! The types that keywords take. What may be a template stays a node.

use super::names::is_identifier;
use crate::place::InputError;
use crate::yaml::{Node, Yaml};

/// One condition or a list of them, all of which must hold.
pub fn conditions(node: &Node, what: &str) -> Result<Vec<Node>, InputError> {
    let wanted = "a condition or a list of conditions";
    let single = |node: &Node| match node.value {
        Yaml::Bool(_) | Yaml::Str(_) | Yaml::Int(_) => Ok(node.clone()),
        _ => Err(node.wrong(what, wanted)),
    };
    match &node.value {
        Yaml::Seq(items) => items.iter().map(single).collect(),
        _ => single(node).map(|node| vec![node]),
    }
}

/// A string or a list of strings.
pub fn strings(node: &Node, what: &str) -> Result<Vec<Node>, InputError> {
    let single = |node: &Node| match node.as_str() {
        Some(_) => Ok(node.clone()),
        None => Err(node.wrong(what, "a string or a list of strings")),
    };
    match &node.value {
        Yaml::Seq(items) => items.iter().map(single).collect(),
        _ => single(node).map(|node| vec![node]),
    }
}

/// Tags, which a string may hold several of, parted by commas.
pub fn tags(node: &Node) -> Result<Vec<String>, InputError> {
    let items = match &node.value {
        Yaml::Seq(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let mut tags = Vec::new();
    for item in items {
        let text = match item.value {
            Yaml::Seq(_) | Yaml::Map(_) | Yaml::Null => None,
            _ => item.text(),
        };
        let text = text.ok_or_else(|| item.wrong("`tags`", "a string or a list"))?;
        if item.is_template() {
            return Err(item.error("templates in `tags` are not supported by harda yet"));
        }
        tags.extend(text.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(String::from));
    }
    Ok(tags)
}

/// `true`, `false`, or a template that becomes one.
pub fn flag(node: &Node, what: &str) -> Result<Node, InputError> {
    match node.is_template() {
        true => Ok(node.clone()),
        false => node.expect_bool(what).map(|flag| Node::new(&node.place, Yaml::Bool(flag))),
    }
}

/// `guard`: it adds to what harda guards by itself, and takes nothing away.
pub fn only_true(node: &Node) -> Result<(), InputError> {
    if node.is_template() {
        return Err(node.error("templates in `guard` are not supported: what is guarded is known beforehand"));
    }
    match node.expect_bool("`guard`")? {
        true => Ok(()),
        false => Err(node
            .error("`guard` is `true` or not there: what could lock you out is guarded whatever a task says")
            .hint("`--no-guard` makes a whole run without the dead-man's switch")),
    }
}

/// A whole number, or a template that becomes one.
pub fn number(node: &Node, what: &str) -> Result<Node, InputError> {
    let digits = node.as_str().and_then(|text| text.trim().parse::<i64>().ok());
    match (&node.value, digits) {
        (Yaml::Int(_) | Yaml::Float(_), _) => Ok(node.clone()),
        (_, Some(number)) => Ok(Node::new(&node.place, Yaml::Int(number))),
        _ if node.is_template() => Ok(node.clone()),
        _ => Err(node.wrong(what, "a number")),
    }
}

/// A string, or a number taken as one.
pub fn text(node: &Node, what: &str) -> Result<Node, InputError> {
    match (&node.value, node.text()) {
        (Yaml::Str(_) | Yaml::Unsafe(_), _) => Ok(node.clone()),
        (Yaml::Int(_) | Yaml::Float(_), Some(text)) => Ok(Node::string(&node.place, text)),
        _ => Err(node.wrong(what, "a string")),
    }
}

/// The name of a variable that something is put into.
pub fn identifier(node: &Node, what: &str) -> Result<String, InputError> {
    let name = node.expect_str(what)?;
    match is_identifier(name) {
        true => Ok(name.to_string()),
        false => Err(node
            .error(format!("`{name}` can't be the name of a variable"))
            .hint("letters, digits and `_`, beginning with a letter, and no word of Python's")),
    }
}

/// `vars:`, a mapping of variables; nothing if it is left empty.
pub fn vars(node: &Node, what: &str) -> Result<Vec<(String, Node)>, Vec<InputError>> {
    if node.is_null() {
        return Ok(Vec::new());
    }
    let pairs = node.expect_map(what).map_err(|e| vec![e])?;
    let (mut vars, mut errors) = (Vec::new(), Vec::new());
    for (key, value) in pairs {
        match identifier(key, "a variable's name") {
            Ok(name) => vars.push((name, value.clone())),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(vars) } else { Err(errors) }
}

/// `environment:`: a mapping, a template that becomes one, or a list of these.
pub fn environment(node: &Node) -> Result<Vec<Node>, InputError> {
    let single = |node: &Node| match node.as_map().is_some() || node.is_template() {
        true => Ok(node.clone()),
        false => Err(node.wrong("`environment`", "a mapping")),
    };
    match &node.value {
        Yaml::Null => Ok(Vec::new()),
        Yaml::Seq(items) => items.iter().map(single).collect(),
        _ => single(node).map(|node| vec![node]),
    }
}

/// A node's content without its places, to tell whether two say the same.
pub fn content(node: &Node) -> String {
    match &node.value {
        Yaml::Seq(items) => format!("[{}]", items.iter().map(content).collect::<Vec<_>>().join(",")),
        Yaml::Map(pairs) => {
            let pairs: Vec<_> = pairs.iter().map(|(k, v)| format!("{}:{}", content(k), content(v))).collect();
            format!("{{{}}}", pairs.join(","))
        }
        other => format!("{other:?}"),
    }
}
