//! What a control's tasks read: nothing that another control's tasks find out, so that each control
//! can be taken alone.

use crate::compliance::pack::digest::source;
use crate::files::Files;
use crate::place::InputError;
use crate::playbook::model::{Act, Play, Task};
use crate::playbook::reads::{Words, names, words};
use std::collections::BTreeMap;

/// Tells each task that reads what a task of another control registers, or sets as a fact: in its
/// own words, in the variables that it uses, or in the file of its template.
pub fn alone(files: &Files, plays: &[(&Play, Vec<&Task>)], errors: &mut Vec<InputError>) {
    let tasks = || plays.iter().flat_map(|(_, tasks)| tasks);
    let mut found_out: BTreeMap<&str, &str> = BTreeMap::new();
    for task in tasks() {
        let Some(control) = task.control() else { continue };
        found_out.extend(finds_out(task).into_iter().map(|name| (name, control)));
    }
    for (play, tasks) in plays {
        for task in tasks {
            for word in reads(files, play, task) {
                match found_out.get(word.as_str()) {
                    Some(owner) if task.control() != Some(*owner) => {
                        let message =
                            format!("`{word}` is registered by control `{owner}`, and read outside of it");
                        errors.push(InputError::at(&task.place, message));
                    }
                    _ => {}
                }
            }
        }
    }
}

/// The names that a task leaves behind.
fn finds_out(task: &Task) -> Vec<&str> {
    let mut names: Vec<&str> = task.register.as_deref().into_iter().collect();
    if let Act::Module { name, args, .. } = &task.act
        && name == "set_fact"
    {
        names.extend(args.as_map().into_iter().flatten().filter_map(|(key, _)| key.as_str()));
        names.retain(|name| *name != "cacheable");
    }
    names
}

/// All that a task may read, also by way of variables and in the file of its template.
fn reads(files: &Files, play: &Play, task: &Task) -> Words {
    let template = template_file(files, play, task).unwrap_or_default();
    let more: Vec<String> = marked(&template).flat_map(names).collect();
    words(play, task, more)
}

/// The text of a task's template, where its name is written without one.
fn template_file(files: &Files, play: &Play, task: &Task) -> Option<String> {
    let is_template = matches!(&task.act, Act::Module { name, .. } if name == "template");
    let path = is_template.then(|| source(files, play, task)).flatten()?;
    files.read_text(&path).ok()
}

/// What stands between the marks of Jinja: the rest is the file's own text.
fn marked(text: &str) -> impl Iterator<Item = &str> {
    let rest = |part: &'static str, end: &'static str| {
        text.split(part).skip(1).map(move |after| after.split(end).next().unwrap_or(after))
    };
    rest("{{", "}}").chain(rest("{%", "%}"))
}
