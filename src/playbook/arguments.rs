//! A module's arguments: a mapping, `name=value` text or bare text, and `args:` beside it.

use super::loader::Loader;
use super::names::meant;
use super::task::Doing;
use super::words;
use crate::place::{InputError, Place};
use crate::yaml::{Node, Yaml};

/// The options that may stand within the text of a command; other `a=b` belong to the command.
const COMMAND_OPTIONS: &[&str] =
    &["creates", "removes", "chdir", "executable", "warn", "stdin", "stdin_add_newline", "strip_empty_ends"];
const COMMANDS: &[&str] = &["command", "shell", "raw", "script"];

impl Loader<'_> {
    /// The arguments as a mapping, their names checked. What the module says itself wins over `args`.
    pub fn arguments(&mut self, doing: &Doing, args: Option<&Node>) -> Option<Node> {
        let mut pairs = match &doing.value.value {
            Yaml::Map(pairs) => pairs.clone(),
            Yaml::Null => Vec::new(),
            _ => self.text_arguments(doing)?,
        };
        if let Some(args) = args.filter(|args| !args.is_null()) {
            let below = self.ok(args.expect_map("`args`"))?;
            for (key, value) in below {
                if !pairs.iter().any(|(k, _)| k.as_str() == key.as_str()) {
                    pairs.push((key.clone(), value.clone()));
                }
            }
        }
        let good = pairs.iter().filter(|(key, _)| !self.parameter(&doing.name, key)).count() == 0;
        let place = match doing.value.is_null() {
            true => &doing.key.place,
            false => &doing.value.place,
        };
        good.then(|| self.values(doing, &pairs, place));
        good.then(|| Node::new(place, Yaml::Map(pairs)))
    }

    /// Tells of values that are wrong whatever the host, and of parameters that are missing.
    fn values(&mut self, doing: &Doing, pairs: &[(Node, Node)], place: &Place) {
        for (key, value) in pairs {
            if let Some(message) =
                self.modules.wrong_value(&doing.name, key.as_str().unwrap_or_default(), value)
            {
                self.fail(value.error(message));
            }
        }
        let given: Vec<&str> = pairs.iter().filter_map(|(key, _)| key.as_str()).collect();
        if let Some(message) = self.modules.missing(&doing.name, &given) {
            self.fail(InputError::at(place, message));
        }
    }

    /// Whether the module has this parameter; tells if not.
    fn parameter(&mut self, module: &str, key: &Node) -> bool {
        let Some(name) = key.as_str() else {
            self.fail(key.wrong("a parameter's name", "a string"));
            return false;
        };
        let Some(known) = self.modules.parameters(module) else { return true };
        if known.contains(&name) {
            return true;
        }
        let message = format!("module `{module}` has no parameter `{name}`{}", meant(name, known));
        self.fail(key.error(message));
        false
    }

    fn text_arguments(&mut self, doing: &Doing) -> Option<Vec<(Node, Node)>> {
        let Some(text) = doing.value.text() else {
            let what = format!("the arguments of `{}`", doing.name);
            self.fail(doing.value.wrong(&what, "a mapping or a string"));
            return None;
        };
        match self.modules.free_form(&doing.name).map(String::from) {
            Some(parameter) => Some(self.free_form(doing, &text, &parameter)),
            None => self.pairs(doing, &text),
        }
    }

    /// `command: make install chdir=/src`.
    fn free_form(&self, doing: &Doing, text: &str, parameter: &str) -> Vec<(Node, Node)> {
        let place = &doing.value.place;
        if let Yaml::Unsafe(_) = doing.value.value {
            return vec![(Node::string(place, parameter), doing.value.clone())];
        }
        let known = self.modules.parameters(&doing.name).unwrap_or_default();
        let is_option = |name: &str| {
            name != parameter
                && known.contains(&name)
                && (!COMMANDS.contains(&doing.name.as_str()) || COMMAND_OPTIONS.contains(&name))
        };
        let (rest, options) = words::take_options(text, is_option);
        let mut pairs = Vec::new();
        if !rest.is_empty() {
            pairs.push((Node::string(place, parameter), Node::string(place, rest)));
        }
        pairs.extend(
            options.into_iter().map(|(name, value)| (Node::string(place, name), Node::string(place, value))),
        );
        pairs
    }

    /// `service: name=x state=started`.
    fn pairs(&mut self, doing: &Doing, text: &str) -> Option<Vec<(Node, Node)>> {
        let node = &doing.value;
        let words = match words::split(text) {
            Ok(words) => words,
            Err(message) => {
                self.fail(node.error(message));
                return None;
            }
        };
        let mut pairs: Vec<(Node, Node)> = Vec::new();
        for word in words {
            let Some((name, value)) = word.pair() else {
                let message = format!("module `{}` takes no bare text, this is `{}`", doing.name, word.text);
                self.fail(node.error(message).hint("write its parameters below it as `name: value`"));
                return None;
            };
            if pairs.iter().any(|(key, _)| key.as_str() == Some(name)) {
                self.fail(node.error(format!("the parameter `{name}` is given twice")));
                return None;
            }
            pairs.push((Node::string(&node.place, name), Node::string(&node.place, value)));
        }
        Some(pairs)
    }
}
