//! What a task reads: the words of its expressions, also by way of the variables that they name.

use super::model::{Act, Play, Task};
use crate::yaml::{Node, Yaml, is_template};
use std::collections::{BTreeMap, BTreeSet};

/// Words that can be variables.
pub type Words = BTreeSet<String>;

/// All that a task may read in its own words, and in `more` (the text of its template).
pub fn words(play: &Play, task: &Task, more: impl IntoIterator<Item = String>) -> Words {
    let mut words: Words = more.into_iter().collect();
    written(task, &mut |text| words.extend(names(text)));
    let roles = play.roles.iter().flat_map(|role| role.defaults.iter().chain(&role.vars).chain(&role.params));
    let variables: BTreeMap<&str, &Node> =
        play.vars.iter().chain(roles).map(|(name, value)| (name.as_str(), value)).collect();
    let mut new: Vec<String> = words.iter().cloned().collect();
    while let Some(word) = new.pop() {
        let Some(value) = variables.get(word.as_str()) else { continue };
        let mut more = Words::new();
        texts(value, true, &mut |text| more.extend(names(text)));
        new.extend(more.into_iter().filter(|word| words.insert(word.clone())));
    }
    words
}

/// All that a task may read variables in.
fn written(task: &Task, tell: &mut impl FnMut(&str)) {
    let conditions = [&task.changed_when, &task.failed_when, &task.until];
    let lists = conditions.into_iter().flatten().flatten().chain(&task.when);
    let vars = task.vars.iter().flatten().map(|(_, value)| value);
    let looped = task.looped.iter().map(|looped| &looped.items);
    lists.for_each(|node| texts(node, false, tell));
    vars.chain(looped).chain(&task.environment).for_each(|node| texts(node, true, tell));
    if let Act::Module { name, args, .. } = &task.act {
        texts(args, true, tell);
        if let ("assert", Some(that)) = (name.as_str(), args.get("that")) {
            texts(that, false, tell);
        }
    }
}

fn texts(node: &Node, templates_only: bool, tell: &mut impl FnMut(&str)) {
    match &node.value {
        Yaml::Str(text) if !templates_only || is_template(text) => tell(text),
        Yaml::Seq(items) => items.iter().for_each(|item| texts(item, templates_only, tell)),
        Yaml::Map(pairs) => pairs.iter().for_each(|(_, value)| texts(value, templates_only, tell)),
        _ => {}
    }
}

/// The words of an expression.
pub fn names(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).map(String::from)
}
