//! `argument_specs` of a play: the variables that a site may set, with type, default and source, in
//! the form that Ansible's roles have in `meta/argument_specs.yml`. Their defaults are the play's
//! lowest layer of variables.

use super::shared::Pairs;
use super::value;
use crate::place::{InputError, nearest};
use crate::yaml::{Node, Yaml};
use std::sync::Arc;

/// One variable, or one key of a variable that is a mapping.
#[derive(Clone, Debug)]
pub struct Spec {
    pub name: String,
    pub kind: Kind,
    /// Of the items, where it is a list.
    pub elements: Option<Kind>,
    pub required: bool,
    /// `no_log`: its value is a secret of the run.
    pub secret: bool,
    pub default: Option<Node>,
    pub choices: Vec<String>,
    /// The keys of the mapping, or of each mapping of the list; none: any.
    pub options: Vec<Spec>,
    pub description: String,
    /// Where the default comes from: a man page, a section of CIS, the policy's number.
    pub source: Option<String>,
    pub discover: Option<Discover>,
}

/// How a first declaration of a variable is had from a host, for a person to prune.
#[derive(Clone, Debug)]
pub struct Discover {
    /// Reads only, as root; prints an item a line, the keys of a mapping apart by tabs, in the order
    /// of the spec's `options`.
    pub script: String,
    /// A variable whose items are known already, and not declared again.
    pub without: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Str,
    Int,
    Float,
    Bool,
    List,
    Dict,
    Path,
    Raw,
}

/// One topic of a file of specs, in the order in which it is written.
#[derive(Clone, Debug)]
pub struct Topic {
    pub name: String,
    pub about: String,
    pub specs: Vec<Spec>,
}

pub type Specs = Arc<Vec<Topic>>;

const KEYS: &[&str] = &[
    "type",
    "elements",
    "required",
    "no_log",
    "default",
    "choices",
    "options",
    "description",
    "source",
    "discover",
];

impl Kind {
    pub const ALL: [Kind; 8] =
        [Kind::Str, Kind::Int, Kind::Float, Kind::Bool, Kind::List, Kind::Dict, Kind::Path, Kind::Raw];

    pub fn word(self) -> &'static str {
        match self {
            Kind::Str => "str",
            Kind::Int => "int",
            Kind::Float => "float",
            Kind::Bool => "bool",
            Kind::List => "list",
            Kind::Dict => "dict",
            Kind::Path => "path",
            Kind::Raw => "raw",
        }
    }
}

/// Reads a file of specs; all that is wrong with it is told.
pub fn read(node: &Node) -> Result<Vec<Topic>, Vec<InputError>> {
    let mut errors = Vec::new();
    let topics = match node.get("argument_specs").map(|topics| topics.expect_map("`argument_specs`")) {
        Some(Ok(topics)) => topics.iter().map(|(name, topic)| read_topic(name, topic, &mut errors)).collect(),
        Some(Err(error)) => {
            errors.push(error);
            Vec::new()
        }
        None => {
            errors.push(node.error("a file of argument specs has `argument_specs` at its top"));
            Vec::new()
        }
    };
    if errors.is_empty() { Ok(topics) } else { Err(errors) }
}

fn read_topic(name: &Node, topic: &Node, errors: &mut Vec<InputError>) -> Topic {
    let pairs = map(topic, "a topic", &["short_description", "description", "options"], errors);
    let options = topic.get("options").map(|options| read_specs(options, errors)).unwrap_or_default();
    let about = pairs.iter().find(|(key, _)| key.as_str() == Some("short_description"));
    Topic {
        name: name.text().unwrap_or_default(),
        about: about.and_then(|(_, text)| text.text()).unwrap_or_default(),
        specs: options,
    }
}

fn read_specs(node: &Node, errors: &mut Vec<InputError>) -> Vec<Spec> {
    match node.expect_map("`options`") {
        Ok(pairs) => pairs.iter().map(|(name, spec)| read_spec(name, spec, errors)).collect(),
        Err(error) => {
            errors.push(error);
            Vec::new()
        }
    }
}

fn read_spec(name: &Node, node: &Node, errors: &mut Vec<InputError>) -> Spec {
    let named = name.text().unwrap_or_default();
    map(node, "a variable's spec", KEYS, errors);
    let mut kind = |key: &str| {
        let word = node.get(key)?;
        let found = Kind::ALL.into_iter().find(|kind| word.as_str() == Some(kind.word()));
        if found.is_none() {
            let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.word()).collect();
            errors.push(word.error(format!("`{key}` is one of {}", known.join(", "))));
        }
        found
    };
    let (own, elements) = (kind("type").unwrap_or(Kind::Str), kind("elements"));
    let mut flag = |key: &str| {
        let node = node.get(key)?;
        noted(node.expect_bool(&format!("`{key}`")), errors)
    };
    let (required, secret) = (flag("required").unwrap_or(false), flag("no_log").unwrap_or(false));
    let choices = node.get("choices").and_then(|list| noted(list.expect_seq("`choices`"), errors));
    let description = match node.get("description").map(|text| (&text.value, text.text())) {
        Some((Yaml::Seq(lines), _)) => lines.iter().filter_map(Node::text).collect::<Vec<_>>().join(" "),
        Some((_, Some(text))) => text.trim().to_string(),
        _ => {
            errors.push(name.error(format!("`{named}` has no `description`")));
            String::new()
        }
    };
    Spec {
        name: named,
        kind: own,
        elements,
        required,
        secret,
        default: node.get("default").cloned(),
        choices: choices.unwrap_or_default().iter().filter_map(Node::text).collect(),
        options: node.get("options").map(|options| read_specs(options, errors)).unwrap_or_default(),
        description,
        source: node.get("source").and_then(Node::text),
        discover: node.get("discover").and_then(|node| read_discover(node, errors)),
    }
}

fn read_discover(node: &Node, errors: &mut Vec<InputError>) -> Option<Discover> {
    map(node, "`discover`", &["script", "without"], errors);
    let script = node.get("script").and_then(Node::text);
    if script.is_none() {
        errors.push(node.error("`discover` has a `script`"));
    }
    Some(Discover { script: script?, without: node.get("without").and_then(Node::text) })
}

fn noted<T>(result: Result<T, InputError>, errors: &mut Vec<InputError>) -> Option<T> {
    result.map_err(|error| errors.push(error)).ok()
}

/// The pairs of a mapping whose keys are all known.
fn map<'n>(node: &'n Node, what: &str, known: &[&str], errors: &mut Vec<InputError>) -> &'n Pairs {
    let pairs = noted(node.expect_map(what), errors).unwrap_or_default();
    for (key, _) in pairs {
        let name = key.text().unwrap_or_default();
        if !known.contains(&name.as_str()) {
            let error = key.error(format!("unknown key `{name}` of {what}"));
            errors.push(match nearest(&name, known.iter().copied()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint(format!("known are {}", known.join(", "))),
            });
        }
    }
    pairs
}

/// The files that a play names under `argument_specs`.
pub fn files(node: &Node) -> Result<Vec<Node>, InputError> {
    let files = value::strings(node, "`argument_specs`")?;
    match files.iter().find(|file| file.is_template()) {
        Some(file) => Err(file.error("`argument_specs` can't be a template: it is read before any contact")),
        None => Ok(files),
    }
}
