//! What is otherwise on a host than a saved plan has it.

use super::super::step::{Step, Todo};
use super::super::walk::Walked;
use super::saved as as_saved;
use crate::record::{Diverged, Status};
use crate::resource::file::FileState;
use crate::resource::file::What;
use crate::resource::{Key, State};
use crate::saved::{Does, Host, SavedChange, SavedState, SavedStep};
use crate::world::World;
use std::collections::{BTreeMap, BTreeSet};

/// Why a saved plan can't be made on a host.
pub enum Otherwise {
    /// All that it wanted is so by now.
    AlreadyMade,
    Drifted(Vec<Diverged>),
}

/// Compares what is planned now with what was saved. What is no longer as it was is told first and
/// alone: that the plan then comes out otherwise is no news.
pub fn drifted(saved: &Host, walked: &Walked, world: &World) -> Result<(), Otherwise> {
    let now = Now::of(walked);
    let mut found = Found::default();
    for step in &saved.steps {
        if let Does::Changes(changes) = &step.does {
            changes.iter().for_each(|change| found.state(saved, step, change, &now, world));
        }
    }
    if found.is_made() {
        return Err(Otherwise::AlreadyMade);
    }
    if found.drifted.is_empty() {
        saved.steps.iter().for_each(|step| found.step(step, &now));
        now.unreviewed(saved, &mut found);
    }
    if found.drifted.is_empty() { Ok(()) } else { Err(Otherwise::Drifted(found.drifted)) }
}

/// What is planned now.
struct Now<'w> {
    steps: BTreeMap<&'w str, &'w Step>,
    /// What each resource is before the first Change of it.
    from: BTreeMap<&'w Key, &'w State>,
}

impl<'w> Now<'w> {
    fn of(walked: &'w Walked) -> Self {
        let mut now = Now { steps: BTreeMap::new(), from: BTreeMap::new() };
        for step in &walked.steps {
            now.steps.insert(step.id.0.as_str(), step);
            if let Todo::Changes(changes, _) = &step.todo {
                for change in changes {
                    now.from.entry(&change.key).or_insert(&change.from);
                }
            }
        }
        now
    }

    /// What would be done now and was never shown.
    fn unreviewed(&self, saved: &Host, found: &mut Found) {
        let known: BTreeSet<&str> = saved.steps.iter().map(|step| step.id.as_str()).collect();
        for (id, step) in &self.steps {
            if !known.contains(id) && as_saved(step).is_some() {
                let what = match &step.todo {
                    Todo::Changes(changes, _) => {
                        changes.iter().map(|change| change.key.to_string()).collect::<Vec<_>>().join(", ")
                    }
                    _ => step.entry.action.as_ref().map(|action| action.title.clone()).unwrap_or_default(),
                };
                let origin = &step.entry.origin;
                found.task(
                    &origin.task,
                    &origin.place.to_string(),
                    format!("it would do something now, and the plan doesn't hold it: {what}"),
                );
            }
        }
    }
}

#[derive(Default)]
struct Found {
    looked_at: BTreeSet<Key>,
    /// Resources that are what the plan makes of them.
    made: BTreeSet<Key>,
    /// A resource is as it was: the plan is not made there.
    still_to_make: bool,
    drifted: Vec<Diverged>,
}

impl Found {
    /// What no task asks for any more needs nothing done to it.
    fn is_made(&self) -> bool {
        !self.made.is_empty() && self.made.len() == self.drifted.len() && !self.still_to_make
    }

    /// Looks at a resource once, when the plan first changes it.
    fn state(&mut self, saved: &Host, step: &SavedStep, change: &SavedChange, now: &Now<'_>, world: &World) {
        if !self.looked_at.insert(change.key.clone()) {
            return;
        }
        let key = &change.key;
        let current = now.from.get(key).copied().or_else(|| world.seen(key));
        let Some(current) = current else { return };
        if change.from.is_still(key, current) {
            self.still_to_make = true;
            return;
        }
        let made = last(saved, key).is_some_and(|to| to.is(key, current));
        let differences = match step.secret || made {
            true => Vec::new(),
            false => key.diff(&with_bytes(saved, &change.from.state), current),
        };
        let error = match made {
            true => Some("it is already as the plan makes it"),
            false => differences.is_empty().then_some("it is not as it was; what differs is not shown"),
        };
        if made {
            self.made.insert(key.clone());
        }
        self.drifted.push(Diverged {
            kind: key.kind().into(),
            id: key.id(),
            task: step.task.clone(),
            differences,
            error: error.map(str::to_string),
        });
    }

    /// Compares what a step does.
    fn step(&mut self, saved: &SavedStep, now: &Now<'_>) {
        let place = saved.place.to_string();
        let Some(step) = now.steps.get(saved.id.as_str()) else {
            return self.task(&saved.task, &place, "it isn't come to any more".into());
        };
        let Some(does) = as_saved(step) else {
            let why = match &step.entry.status {
                Status::Skipped { why } => format!("it is skipped now: {why}"),
                Status::Failed { message, .. } => format!("it fails now: {message}"),
                Status::Refused { message } => format!("it is refused now: {message}"),
                Status::Unknown { until } => format!("it is unknown now, until {until}"),
                _ => "it has nothing to do any more".to_string(),
            };
            return self.task(&saved.task, &place, why);
        };
        match (&saved.does, &does.does) {
            (Does::Changes(then), Does::Changes(now)) => self.changes(saved, then, now),
            (Does::Act(then), Does::Act(now)) if then == now => {}
            (Does::Act(then), Does::Act(now)) if then.digest == now.digest => {
                self.task(&saved.task, &place, sureness(&then.certainty, &now.certainty));
            }
            _ => self.task(&saved.task, &place, "it would do something else now".into()),
        }
        if saved.run_as != does.run_as {
            self.task(&saved.task, &place, "it would run as another user, or in another environment".into());
        }
    }

    fn changes(&mut self, saved: &SavedStep, then: &[SavedChange], now: &[SavedChange]) {
        let place = saved.place.to_string();
        for change in then {
            let key = &change.key;
            let Some(again) = now.iter().find(|again| again.key == *key) else {
                self.task(&saved.task, &place, format!("it has nothing to do to {key} any more"));
                continue;
            };
            let same = change.to.hidden == again.to.hidden && key.same(&again.to.state, &change.to.state);
            if !same {
                let differences =
                    if saved.secret { Vec::new() } else { key.diff(&change.to.state, &again.to.state) };
                self.drifted.push(Diverged {
                    kind: key.kind().into(),
                    id: key.id(),
                    task: saved.task.clone(),
                    differences,
                    error: Some("it would become something else than the plan says".into()),
                });
            } else if change.extras != again.extras {
                self.task(&saved.task, &place, format!("{key} would be changed in another way"));
            } else if change.certainty != again.certainty {
                self.task(&saved.task, &place, sureness(&change.certainty, &again.certainty));
            }
        }
        for again in now.iter().filter(|again| !then.iter().any(|change| change.key == again.key)) {
            self.task(&saved.task, &place, format!("it would change {} too", again.key));
        }
    }

    fn task(&mut self, task: &str, place: &str, error: String) {
        self.drifted.push(Diverged {
            kind: "task".into(),
            id: place.into(),
            task: task.into(),
            differences: Vec::new(),
            error: Some(error),
        });
    }
}

fn sureness(then: &crate::change::Certainty, now: &crate::change::Certainty) -> String {
    use crate::change::Certainty::{Certain, Conditional};
    match (then, now) {
        (Conditional { waits_for }, Certain) => format!("it waits for `{waits_for}` no more"),
        (_, Conditional { waits_for }) => format!("it waits for `{waits_for}` now"),
        (Certain, Certain) => "it would be done otherwise".into(),
    }
}

/// What the plan makes of a resource in the end.
fn last<'h>(saved: &'h Host, key: &Key) -> Option<&'h SavedState> {
    let changes = saved.steps.iter().rev().flat_map(|step| match &step.does {
        Does::Changes(changes) => changes.as_slice(),
        Does::Act(_) => &[],
    });
    changes.rev().find(|change| change.key == *key).map(|change| &change.to)
}

/// A state with the text that was saved beside it.
fn with_bytes(saved: &Host, state: &State) -> State {
    let mut state = state.clone();
    if let State::File(FileState::Present(entry)) = &mut state
        && let What::File(body) = &mut entry.what
        && let Some(known) = saved.body(&body.digest)
    {
        *body = known;
    }
    state
}
