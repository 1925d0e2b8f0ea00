//! Inventories in YAML (and JSON, which is YAML): groups with `hosts`, `children` and `vars`.

use super::address;
use super::graph::{Graph, GroupId};
use crate::place::{InputError, nearest};
use crate::yaml::{self, Node, Yaml};
use std::path::Path;

const KEYS: [&str; 3] = ["hosts", "children", "vars"];

/// Adds what the text holds to the graph; every group that is wrong is told.
pub fn read(graph: &mut Graph, file: &Path, text: &str, errors: &mut Vec<InputError>) {
    let document = match yaml::parse(file, text) {
        Ok(Some(document)) => document,
        Ok(None) => return,
        Err(error) => return errors.push(error),
    };
    let Yaml::Map(groups) = &document.value else {
        let message = format!("an inventory must be a mapping of groups, this is {}", document.kind());
        return errors.push(InputError::at(&document.place, message));
    };
    for (key, value) in groups {
        errors.extend(top_level(key).and_then(|()| group(graph, None, key, value)).err());
    }
}

/// Keys that show that the file is something else, or that its first level is missing.
fn top_level(key: &Node) -> Result<(), InputError> {
    match &key.value {
        Yaml::Str(name) if name == "plugin" => {
            Err(InputError::at(&key.place, "inventory plugins are not supported"))
        }
        Yaml::Str(name) if KEYS.contains(&name.as_str()) => {
            Err(InputError::at(&key.place, format!("`{name}` stands outside of a group"))
                .hint("the first level names groups, such as `all:`"))
        }
        _ => Ok(()),
    }
}

fn group(graph: &mut Graph, parent: Option<GroupId>, key: &Node, value: &Node) -> Result<(), InputError> {
    let name = name_of(key, "the name of a group")?;
    let id = graph.add_group(name);
    if let Some(parent) = parent {
        graph.add_child(parent, id, &key.place)?;
    }
    for (key, value) in pairs(value, &format!("the group `{name}`"))? {
        match name_of(key, "a key of a group")? {
            "hosts" => hosts(graph, id, value)?,
            "children" => {
                for (key, value) in &entries(value, "`children`")? {
                    group(graph, Some(id), key, value)?;
                }
            }
            "vars" => {
                for (key, value) in pairs(value, "`vars`")? {
                    graph.set_group_var(id, name_of(key, "the name of a variable")?, value.clone())?;
                }
            }
            other => return Err(unknown_key(key, other, name)),
        }
    }
    Ok(())
}

fn hosts(graph: &mut Graph, group: GroupId, value: &Node) -> Result<(), InputError> {
    for (key, vars) in &entries(value, "`hosts`")? {
        let written = name_of(key, "the name of a host")?;
        let found = address::read(written).map_err(|message| InputError::at(&key.place, message))?;
        let vars = pairs(vars, &format!("the variables of `{written}`"))?;
        for name in &found.names {
            let host = graph.add_host(name, group, Some(&key.place));
            if let Some(port) = found.port {
                let port = Node { place: key.place.clone(), value: Yaml::Int(port.into()) };
                graph.set_host_var(host, "ansible_port", port);
            }
            for (key, value) in vars {
                graph.set_host_var(host, name_of(key, "the name of a variable")?, value.clone());
            }
        }
    }
    Ok(())
}

/// A mapping's pairs; none if there is no value.
fn pairs<'n>(node: &'n Node, what: &str) -> Result<&'n [(Node, Node)], InputError> {
    match &node.value {
        Yaml::Map(pairs) => Ok(pairs),
        Yaml::Null => Ok(&[]),
        _ => Err(InputError::at(&node.place, format!("{what} must be a mapping, this is {}", node.kind()))),
    }
}

/// Names with what is below them; a lone name may stand for itself, as in Ansible.
fn entries(node: &Node, what: &str) -> Result<Vec<(Node, Node)>, InputError> {
    match &node.value {
        Yaml::Str(_) => Ok(vec![(node.clone(), Node { place: node.place.clone(), value: Yaml::Null })]),
        Yaml::Seq(_) => Err(InputError::at(&node.place, format!("{what} must be a mapping, this is a list"))
            .hint("write each name as a key, `name:`, instead of `- name`")),
        _ => pairs(node, what).map(<[_]>::to_vec),
    }
}

fn name_of<'n>(key: &'n Node, what: &str) -> Result<&'n str, InputError> {
    match &key.value {
        Yaml::Str(name) if !name.trim().is_empty() => Ok(name),
        Yaml::Str(_) => Err(InputError::at(&key.place, format!("{what} is empty"))),
        _ => Err(InputError::at(&key.place, format!("{what} must be a string, this is {}", key.kind()))
            .hint("put quotes around it")),
    }
}

fn unknown_key(key: &Node, name: &str, group: &str) -> InputError {
    let told = InputError::at(&key.place, format!("unknown key `{name}` in the group `{group}`"));
    match nearest(name, KEYS) {
        Some(near) => told.hint(format!("did you mean `{near}`?")),
        None => told.hint("a group has `hosts`, `children` and `vars`; its groups go below `children`"),
    }
}
