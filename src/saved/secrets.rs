//! What a plan would hold that nobody may read: then it is sealed, or not written.

use super::{Does, Plan, SavedChange};
use crate::playbook::model::{Item, Playbook, Task};
use crate::report::Masker;
use crate::yaml::Yaml;
use std::collections::BTreeSet;

/// Variables of an inventory whose values are never shown.
pub const VARIABLES: &[&str] = &[
    "ansible_password",
    "ansible_ssh_pass",
    "ansible_become_password",
    "ansible_become_pass",
    "ansible_sudo_pass",
];

/// Each secret that the plan holds, by where it stands; never its value. Files are in a plan whole,
/// so what stands in one counts even where this run makes no use of it.
pub fn held(plan: &Plan, playbook: &Playbook, masker: &Masker) -> Vec<String> {
    let mut found = BTreeSet::new();
    let mut told = BTreeSet::new();
    for play in &playbook.plays {
        let mut visit = |task: &Task| {
            if hides(task) {
                told.insert(task.place.file.display().to_string());
                found.insert(format!("task `{}` ({}) says `no_log`", name(task), task.place));
            }
        };
        [&play.pre_tasks, &play.tasks, &play.post_tasks]
            .into_iter()
            .for_each(|items| each(items, &mut visit));
        play.handlers.iter().for_each(|task| visit(task));
    }
    for (path, bytes) in plan.inputs.texts() {
        let text = String::from_utf8_lossy(&bytes);
        found.extend(variables(path, &text));
        if !told.contains(path) {
            found.extend(hidden_tasks(path, &text));
        }
        if text.contains("PRIVATE KEY-----") {
            found.insert(format!("`{path}` holds a private key"));
        }
        if masker.is_in(&text) {
            found.insert(format!("`{path}` holds a password that was given for this run"));
        }
    }
    for text in &plan.arguments.extra_vars {
        found.extend(variables("--extra-vars", text));
        if masker.is_in(text) {
            found.insert("`--extra-vars` holds a password that was given for this run".to_string());
        }
    }
    for (host, planned) in &plan.hosts {
        for step in &planned.steps {
            if step.secret {
                found.insert(format!("task `{}` ({}) says `no_log`", step.task, step.place));
            }
            if let Does::Changes(changes) = &step.does
                && changes.iter().any(sets_password)
            {
                found.insert(format!("task `{}` ({}) sets a password", step.task, step.place));
            }
        }
        // What was observed on a host may be what was typed here.
        if serde_json::to_string(planned).is_ok_and(|text| masker.is_in(&text)) {
            found.insert(format!("the plan of `{host}` holds a password that was given for this run"));
        }
    }
    found.into_iter().collect()
}

fn hides(task: &Task) -> bool {
    task.no_log.as_ref().is_some_and(|node| !matches!(node.expect_bool("`no_log`"), Ok(false)))
}

fn name(task: &Task) -> &str {
    task.name.as_ref().and_then(|node| node.as_str()).unwrap_or("without a name")
}

fn each(items: &[Item], visit: &mut dyn FnMut(&Task)) {
    for item in items {
        match item {
            Item::Task(task) => visit(task),
            Item::Block(block) => {
                [&block.body, &block.rescue, &block.always].into_iter().for_each(|part| each(part, visit));
            }
        }
    }
}

/// One that comes from this side; what a host has already is not in the plan.
fn sets_password(change: &SavedChange) -> bool {
    change.to.hidden.is_some() && change.to.hidden != change.from.hidden
}

/// Passwords for logging in and becoming, in whichever form a file gives variables a value.
fn variables(path: &str, text: &str) -> Vec<String> {
    let gives = |line: &str, name: &str| {
        line.match_indices(name).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let after = line[at + name.len()..].trim_start_matches(['"', '\'']).trim_start();
            let apart = before.is_none_or(|c| !c.is_alphanumeric() && c != '_');
            apart && after.starts_with([':', '=']) && !after.starts_with("==")
        })
    };
    let mut found = Vec::new();
    for (number, line) in lines(text) {
        for name in VARIABLES.iter().filter(|name| gives(line, name)) {
            found.push(format!("{path}:{number} gives `{name}`"));
        }
    }
    found
}

/// Tasks of files that this run read and came to no task of.
fn hidden_tasks(path: &str, text: &str) -> Vec<String> {
    let hidden = lines(text).filter(|(_, line)| {
        let value = line.trim_start_matches("- ").strip_prefix("no_log:");
        value.is_some_and(|value| {
            let value = Yaml::Str(value.split('#').next().unwrap_or_default().trim().to_string());
            let node = crate::yaml::Node { place: crate::place::Place::new(path, 1, 1), value };
            !matches!(node.expect_bool("`no_log`"), Ok(false))
        })
    });
    hidden.map(|(number, _)| format!("{path}:{number} says `no_log`")).collect()
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    lines.filter(|(_, line)| !line.starts_with(['#', ';']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_with_passwords_are_found_in_every_form() {
        let found = |text: &str| variables("hosts", text).join("; ");
        assert_eq!(found("web1 ansible_password=x"), "hosts:1 gives `ansible_password`");
        assert_eq!(found("\nansible_become_pass: x"), "hosts:2 gives `ansible_become_pass`");
        assert_eq!(found("{\"ansible_sudo_pass\": 1}"), "hosts:1 gives `ansible_sudo_pass`");
        assert_eq!(found("# ansible_password: x"), "");
        assert_eq!(found("when: ansible_password == 'x'"), "");
        assert_eq!(found("my_ansible_password: x"), "");
    }

    #[test]
    fn tasks_that_hide_are_found_in_files_that_no_host_came_to() {
        let found = |text: &str| hidden_tasks("t.yml", text).join("; ");
        assert_eq!(found("- ping:\n  no_log: true"), "t.yml:2 says `no_log`");
        assert_eq!(found("- no_log: \"{{ quiet }}\""), "t.yml:1 says `no_log`");
        assert_eq!(found("  no_log: false # for now"), "");
    }
}
