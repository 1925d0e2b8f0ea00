//! YAML with the place of every node, read as Ansible reads it (YAML 1.1 scalars).

mod explain;
mod load;
mod scalar;
#[cfg(test)]
mod tests;

use crate::files::Files;
use crate::place::{InputError, Place};
use std::path::Path;

/// A YAML node and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub place: Place,
    pub value: Yaml,
}

/// What a node holds. Plain scalars are resolved by YAML 1.1's rules, as Ansible's loader does:
/// `yes` is a boolean and `0644` the number 420; quoted they are strings.
#[derive(Clone, Debug, PartialEq)]
pub enum Yaml {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(String),
    /// A string tagged `!unsafe`: it is never a template, whatever it holds.
    Unsafe(String),
    Seq(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

/// Reads the one document of a file; nothing if it is empty, holds only comments or only `null`.
pub fn parse(file: &Path, text: &str) -> Result<Option<Node>, InputError> {
    load::document(file, text)
}

/// Reads a file and its one document.
pub fn read(files: &Files, file: &Path) -> Result<Option<Node>, InputError> {
    let bytes = files
        .read(file)
        .map_err(|e| InputError::nowhere(format!("`{}` can't be read: {e}", file.display())))?;
    match String::from_utf8(bytes.to_vec()) {
        Ok(text) => parse(file, &text),
        Err(error) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = good.iter().filter(|b| **b == b'\n').count() + 1;
            let column = good.iter().rev().take_while(|b| **b != b'\n').count() + 1;
            Err(InputError::at(&Place::new(file, line, column), "this byte is not UTF-8"))
        }
    }
}

impl Node {
    pub fn new(place: &Place, value: Yaml) -> Self {
        Node { place: place.clone(), value }
    }

    pub fn string(place: &Place, text: impl Into<String>) -> Self {
        Node::new(place, Yaml::Str(text.into()))
    }

    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Yaml::Str(text) | Yaml::Unsafe(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Yaml::Bool(flag) => Some(flag),
            _ => None,
        }
    }

    pub fn as_map(&self) -> Option<&[(Node, Node)]> {
        match &self.value {
            Yaml::Map(pairs) => Some(pairs),
            _ => None,
        }
    }

    pub fn as_seq(&self) -> Option<&[Node]> {
        match &self.value {
            Yaml::Seq(items) => Some(items),
            _ => None,
        }
    }

    pub fn is_null(&self) -> bool {
        self.value == Yaml::Null
    }

    /// The value below a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.iter().find(|(k, _)| k.as_str() == Some(key)).map(|(_, value)| value)
    }

    /// A scalar as Python's `str` would print it.
    pub fn text(&self) -> Option<String> {
        match &self.value {
            Yaml::Bool(true) => Some("True".into()),
            Yaml::Bool(false) => Some("False".into()),
            Yaml::Int(number) => Some(number.to_string()),
            Yaml::Float(number) => Some(format!("{number:?}")),
            Yaml::Str(text) | Yaml::Unsafe(text) => Some(text.clone()),
            Yaml::Null | Yaml::Seq(_) | Yaml::Map(_) => None,
        }
    }

    /// Whether the string has to be rendered before its value is known.
    pub fn is_template(&self) -> bool {
        matches!(&self.value, Yaml::Str(text) if is_template(text))
    }

    /// What the node is, for messages.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Yaml::Null => "empty",
            Yaml::Bool(_) => "a boolean",
            Yaml::Int(_) | Yaml::Float(_) => "a number",
            Yaml::Str(_) | Yaml::Unsafe(_) => "a string",
            Yaml::Seq(_) => "a list",
            Yaml::Map(_) => "a mapping",
        }
    }

    pub fn error(&self, message: impl Into<String>) -> InputError {
        InputError::at(&self.place, message)
    }

    /// Says that what stands here has the wrong type: `tags` must be a list, this is a mapping.
    pub fn wrong(&self, what: &str, wanted: &str) -> InputError {
        self.error(format!("{what} must be {wanted}, this is {}", self.kind()))
    }

    pub fn expect_str(&self, what: &str) -> Result<&str, InputError> {
        self.as_str().ok_or_else(|| self.wrong(what, "a string"))
    }

    pub fn expect_map(&self, what: &str) -> Result<&[(Node, Node)], InputError> {
        self.as_map().ok_or_else(|| self.wrong(what, "a mapping"))
    }

    pub fn expect_seq(&self, what: &str) -> Result<&[Node], InputError> {
        self.as_seq().ok_or_else(|| self.wrong(what, "a list"))
    }

    pub fn expect_bool(&self, what: &str) -> Result<bool, InputError> {
        match (&self.value, self.as_str().map(str::to_ascii_lowercase).as_deref()) {
            (Yaml::Bool(flag), _) => Ok(*flag),
            (_, Some("yes" | "true" | "on" | "1" | "y" | "t")) => Ok(true),
            (_, Some("no" | "false" | "off" | "0" | "n" | "f")) => Ok(false),
            _ => Err(self.wrong(what, "`true` or `false`")),
        }
    }
}

/// Whether a text has marks of Jinja in it.
pub fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("{#")
}
