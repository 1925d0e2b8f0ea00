//! What is wrong with a pack as a whole: its catalogue and its playbook have to fit each other.

mod owned;
mod reads;

use super::Pack;
use crate::files::Files;
use crate::place::{InputError, Place};
use crate::playbook::model::{Act, Play, Playbook, Task};
use crate::yaml::Node;
use std::collections::BTreeSet;

/// Checks a pack against its playbook.
pub fn lint(files: &Files, pack: &Pack, playbook: &Playbook) -> Vec<InputError> {
    // Handlers follow from tasks.
    let of_plays: Vec<(&Play, Vec<&Task>)> =
        playbook.plays.iter().map(|play| (play, play.all_tasks())).collect();
    let tasks: Vec<&Task> = of_plays.iter().flat_map(|(_, tasks)| tasks).copied().collect();
    let mut errors = Vec::new();
    catalogue(pack, &mut errors);
    carried(pack, &tasks, &mut errors);
    telling(pack, &tasks, &mut errors);
    applicable(pack, &tasks, &mut errors);
    owned::once(&tasks, &mut errors);
    reads::alone(files, &of_plays, &mut errors);
    errors
}

/// Statements and controls by themselves.
fn catalogue(pack: &Pack, errors: &mut Vec<InputError>) {
    for statement in pack.statements() {
        if statement.controls.is_empty() && !statement.attestation {
            let error =
                InputError::at(&statement.place, format!("nothing satisfies statement `{}`", statement.id));
            errors.push(error.hint("name its `controls`, or say `attestation: true`"));
        }
        for (control, place) in &statement.controls {
            if pack.control(control).is_none() {
                errors
                    .push(InputError::at(place, format!("there is no control `{control}` in controls.yml")));
            }
        }
    }
    for control in &pack.controls {
        // A blank one breaks nothing.
        if control.r#break.as_deref().is_none_or(|fragment| fragment.trim().is_empty()) {
            let message = format!("control `{}` has no `break`: nothing shows that it can fail", control.id);
            errors.push(InputError::at(&control.place, message));
        }
        if pack.served_by(&control.id).is_empty() {
            errors.push(InputError::at(
                &control.place,
                format!("control `{}` serves no statement", control.id),
            ));
        }
    }
    let foreign = pack.foreign.xccdf.iter().chain(&pack.foreign.lynis);
    for (rule, controls) in foreign {
        for control in controls.iter().filter(|id| pack.control(id).is_none()) {
            let file = Place::new(pack.folder.join("foreign.yml"), 1, 1);
            errors.push(InputError::at(&file, format!("rule `{rule}`: there is no control `{control}`")));
        }
    }
}

/// Each control has tasks, each task that can change a host has a control of the catalogue.
fn carried(pack: &Pack, tasks: &[&Task], errors: &mut Vec<InputError>) {
    let mut carried = BTreeSet::new();
    for task in tasks {
        if matches!(task.act, Act::IncludeTasks { .. }) {
            let error =
                InputError::at(&task.place, "the tasks of a pack are known beforehand: none is included");
            errors.push(error.hint("use `import_tasks`"));
        }
        let named: BTreeSet<&str> = task.controls().collect();
        if named.len() > 1 {
            let all = named.into_iter().collect::<Vec<_>>().join(", ");
            let error =
                InputError::at(&task.place, format!("a task is of one control, and this is of {all}"));
            errors.push(error.hint("tags of a play and a block are its tasks' too"));
        }
        match task.control() {
            Some(control) => {
                carried.insert(control.to_string());
                if pack.control(control).is_none() {
                    let message = format!("there is no control `{control}` in controls.yml");
                    errors.push(InputError::at(&task.place, message));
                }
            }
            None if !task.notify.is_empty() => {
                let error = InputError::at(&task.place, "a task without a control may not notify a handler");
                errors.push(error.hint("tag it `control:NAME`"));
            }
            None if !task.only_looks() => {
                let error = InputError::at(&task.place, "a task without a control may not change a host");
                errors.push(error.hint(
                    "tag it `control:NAME`; a command that only reads says `check_mode: false` and `changed_when: false`",
                ));
            }
            None => {}
        }
    }
    for control in pack.controls.iter().filter(|control| !carried.contains(&control.id)) {
        let message = format!("no task of the playbook carries the control `{}`", control.id);
        errors.push(InputError::at(&control.place, message));
    }
}

/// A control whose tasks only look or say something can't fail.
fn telling(pack: &Pack, tasks: &[&Task], errors: &mut Vec<InputError>) {
    for control in &pack.controls {
        let mut mine = tasks.iter().filter(|task| task.control() == Some(&control.id)).peekable();
        if mine.peek().is_some() && mine.all(|task| task.only_looks() && !task.checks()) {
            let message =
                format!("the tasks of control `{}` can neither change nor check anything", control.id);
            let error = InputError::at(&control.place, message);
            errors.push(error.hint("check what they find: `assert`"));
        }
    }
}

/// A control that some hosts skip says which it is for, in words that go into a checklist.
fn applicable(pack: &Pack, tasks: &[&Task], errors: &mut Vec<InputError>) {
    for control in pack.controls.iter().filter(|control| control.applies.is_none()) {
        let mine: Vec<&&Task> = tasks.iter().filter(|task| task.control() == Some(&control.id)).collect();
        let Some((first, rest)) = mine.split_first() else { continue };
        // What a site has to declare is not assessed without it.
        let is_needed = |when: &Node| {
            let variable = when.as_str().and_then(|when| when.strip_suffix(" is defined"));
            variable.is_some_and(|name| control.needs.iter().any(|needed| needed == name))
        };
        let of_all = |when: &&Node| {
            !is_needed(when) && rest.iter().all(|task| task.when.iter().any(|w| w.value == when.value))
        };
        if let Some(when) = first.when.iter().find(of_all) {
            let when = when.text().unwrap_or_default();
            let message =
                format!("control `{}` is not for all hosts (`{when}`) and doesn't say for which", control.id);
            let error = InputError::at(&control.place, message);
            errors.push(error.hint("say whom it is for: `applies: {sv: ..., en: ...}`"));
        }
    }
}
