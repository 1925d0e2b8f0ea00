//! Whether what was announced is what was made: the promise that an apply is held to.

use super::apply::{Announced, Applied};
use super::log::{Log, StepId};
use super::step::{Step, Todo};
use crate::change::{Certainty, Change};
use crate::record::{Kept, Status};
use std::collections::BTreeSet;

/// A conditional Change that turned out to be there already.
pub fn note_already_so(step: &Step, announced: &Announced, applied: &mut Applied) {
    let Some(before) = announced.get(&step.id) else { return };
    let Todo::Changes(changes, _) = &before.todo else { return };
    match &step.entry.status {
        Status::Ok if changes.iter().any(|c| c.certainty != Certainty::Certain) => {
            applied.kept.conditional_already_so += changes.len();
        }
        Status::Ok => {}
        other => {
            let why = match other {
                Status::Failed { message, .. } | Status::Refused { message } => message.clone(),
                Status::Skipped { why } => format!("skipped: {why}"),
                _ => "not made".into(),
            };
            applied.kept.not_made.insert(step.entry.origin.task.clone(), why);
        }
    }
}

/// What was announced and never came to its turn: the host had failed, or nothing asked for it.
pub fn note_unreached(log: &Log, announced: &Announced, applied: &mut Applied, why: &str) {
    if !applied.begun {
        return;
    }
    for (id, step) in announced {
        let planned = match &step.todo {
            Todo::Changes(..) => true,
            Todo::Act(_, _, repeat) => !repeat.probe,
            Todo::Nothing | Todo::Unknown => false,
        };
        if planned && log.done(id).is_none() {
            applied.kept.not_made.entry(step.entry.origin.task.clone()).or_insert_with(|| why.to_string());
        }
    }
}

/// Whether what was made is what was announced.
pub fn compare(before: Option<&Step>, made: &[Change]) -> Kept {
    let mut kept = Kept::default();
    let Some(before) = before else {
        // A step that only exists because an unknown one was resolved lies inside what was shown.
        return kept;
    };
    let announced: &[Change] = match &before.todo {
        Todo::Changes(changes, _) => changes,
        Todo::Unknown => return kept,
        _ => {
            kept.not_announced += made.len();
            return kept;
        }
    };
    for change in made {
        let same = announced.iter().find(|a| a.key == change.key);
        // What was shown is what is wanted here: "the newest version" is kept by whichever that is.
        let as_shown =
            same.is_some_and(|a| a.key.same(&change.from, &a.from) && a.key.same(&change.to, &a.to));
        let certain = same.is_some_and(|a| a.certainty == Certainty::Certain);
        match (same.is_some(), certain, as_shown) {
            (false, _, _) => kept.not_announced += 1,
            (_, true, true) => kept.certain_as_shown += 1,
            (_, true, false) => kept.certain_otherwise += 1,
            (_, false, true) => kept.conditional_as_shown += 1,
            (_, false, false) => kept.conditional_different += 1,
        }
    }
    let already = announced.iter().filter(|a| !made.iter().any(|m| m.key == a.key));
    for change in already {
        if change.certainty == Certainty::Certain {
            kept.certain_otherwise += 1;
        } else {
            kept.conditional_already_so += 1;
        }
    }
    kept
}

/// All of a host. What the host has taken back stands as little as what was never made.
pub fn total(applied: &Applied, taken_back: &BTreeSet<StepId>) -> Kept {
    let mut total = applied.kept.clone();
    for (id, (task, kept)) in &applied.kept_by_step {
        if taken_back.contains(id) {
            total.not_made.insert(task.clone(), "the host took it back".into());
        } else {
            total += kept;
        }
    }
    total
}
