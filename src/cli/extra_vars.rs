//! `-e`: variables above all others, as `k=v`, as JSON or YAML, or from a file.

use super::CliError;
use crate::files::Files;
use crate::place::{InputError, Place};
use crate::template::Var;
use crate::yaml::{self, Node, Yaml};
use std::collections::HashMap;
use std::path::Path;

/// Where a variable of the command line is said to stand.
const HERE: &str = "--extra-vars";

/// All of them; later ones win. All that is wrong is told.
pub fn parse(files: &Files, given: &[String]) -> Result<HashMap<String, Var>, CliError> {
    let (mut vars, mut errors) = (HashMap::new(), Vec::new());
    for text in given {
        match one(files, text) {
            Ok(pairs) => vars.extend(pairs.into_iter().map(|(name, node)| (name, Var::Template(node)))),
            Err(error) => errors.push(error),
        }
    }
    match errors.is_empty() {
        true => Ok(vars),
        false => Err(CliError::from(errors)),
    }
}

fn one(files: &Files, text: &str) -> Result<Vec<(String, Node)>, InputError> {
    if let Some(file) = text.strip_prefix('@') {
        let path = Path::new(file);
        let text = files
            .read_text(path)
            .map_err(|error| InputError::nowhere(format!("`{file}` can't be read: {error}")))?;
        return mapping(path, &text);
    }
    match text.trim_start().starts_with(['{', '[']) {
        true => mapping(Path::new(HERE), text),
        false => pairs(text),
    }
}

fn mapping(path: &Path, text: &str) -> Result<Vec<(String, Node)>, InputError> {
    let Some(node) = yaml::parse(path, text)? else { return Ok(Vec::new()) };
    let Yaml::Map(pairs) = node.value else {
        return Err(InputError::at(&node.place, "variables must be a mapping of names to values"));
    };
    let named = pairs.into_iter().map(|(key, value)| match &key.value {
        Yaml::Str(name) => checked(name, &key.place).map(|name| (name, value)),
        _ => Err(InputError::at(&key.place, "a variable's name must be a string")),
    });
    named.collect()
}

/// `a=1 b='two words'`: the values are strings, as in Ansible.
fn pairs(text: &str) -> Result<Vec<(String, Node)>, InputError> {
    let place = Place::new(HERE, 1, 1);
    let words = shlex::split(text)
        .ok_or_else(|| InputError::at(&place, format!("a quote in `{text}` isn't closed")))?;
    let named = words.iter().map(|word| match word.split_once('=') {
        Some((name, value)) => {
            let value = Node { place: place.clone(), value: Yaml::Str(value.to_string()) };
            checked(name, &place).map(|name| (name, value))
        }
        None => Err(InputError::at(&place, format!("`{word}` is not `name=value`"))
            .hint("a file of variables is given as `@FILE`")),
    });
    named.collect()
}

/// A name that a template can use.
fn checked(name: &str, place: &Place) -> Result<String, InputError> {
    let mut letters = name.chars();
    let first = letters.next().is_some_and(|c| c == '_' || c.is_ascii_alphabetic());
    match first && letters.all(|c| c == '_' || c.is_ascii_alphanumeric()) {
        true => Ok(name.to_string()),
        false => Err(InputError::at(place, format!("`{name}` can't be the name of a variable"))
            .hint("letters, digits and `_`, with no digit first")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(vars: &HashMap<String, Var>, name: &str) -> Option<String> {
        match vars.get(name)? {
            Var::Template(Node { value: Yaml::Str(text), .. }) => Some(text.clone()),
            _ => None,
        }
    }

    #[test]
    fn pairs_are_strings_and_later_ones_win() {
        let given = ["a=1 b='two words'".to_string(), "a=x=y".to_string()];
        let vars = parse(&Files::default(), &given).unwrap_or_default();
        assert_eq!(text(&vars, "a").as_deref(), Some("x=y"));
        assert_eq!(text(&vars, "b").as_deref(), Some("two words"));
    }

    #[test]
    fn what_is_wrong_is_told() {
        let message = |given: &str| one(&Files::default(), given).map_err(|error| error.message).err();
        assert_eq!(message("vars.yml").as_deref(), Some("`vars.yml` is not `name=value`"));
        assert_eq!(message("1a=2").as_deref(), Some("`1a` can't be the name of a variable"));
        assert_eq!(message("a='b").as_deref(), Some("a quote in `a='b` isn't closed"));
    }
}
