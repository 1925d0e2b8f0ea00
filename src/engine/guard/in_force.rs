//! Whether what a unit changed has been read by those whom it concerns: only of that is a login a
//! proof.

use crate::engine::log::{Log, StepId};
use crate::engine::step::{Step, Todo};
use crate::guard::InForce;
use crate::module::Action;
use crate::record::Status;
use crate::resource::unit::is_a_door;
use crate::resource::{Key, effective};

/// Words of a command that has a service read its files.
const TELLING: &[&str] = &[
    "start",
    "restart",
    "reload",
    "try-restart",
    "try-reload-or-restart",
    "reload-or-restart",
    "force-reload",
    "condrestart",
    "HUP",
    "-HUP",
    "SIGHUP",
    "-SIGHUP",
    "apply",
    "up",
    "enable",
    "-f",
    "--system",
];

/// Of one armed unit.
#[derive(Default)]
pub struct Effects {
    /// Files that nobody has been told to read since they were changed, and their steps.
    waiting: Vec<String>,
    steps: Vec<StepId>,
    /// What has told somebody since, if it worked.
    told: Vec<StepId>,
}

impl Effects {
    /// Notes a step that is about to be made; `feeds` of files that only its handler makes sshd's.
    pub fn note(&mut self, step: &Step, feeds: bool) {
        match &step.todo {
            Todo::Changes(changes, _) => {
                let waits =
                    |path: &&str| feeds || effective::service_of(path).is_some_and(|s| s.effect.is_some());
                let paths = changes.iter().filter_map(|change| path_of(&change.key));
                let paths: Vec<String> = paths.filter(waits).map(String::from).collect();
                if !paths.is_empty() {
                    self.told.clear();
                    self.waiting.extend(paths);
                    self.steps.push(step.id.clone());
                }
                // A unit that is started or stopped.
                if changes.iter().any(|change| matches!(&change.key, Key::Unit(name) if is_a_door(name))) {
                    self.told.push(step.id.clone());
                }
            }
            Todo::Act(action, _, repeat) if !repeat.probe && tells(step, action) => {
                self.told.push(step.id.clone());
            }
            Todo::Act(..) | Todo::Nothing | Todo::Unknown => {}
        }
    }

    pub fn in_force(&self, log: &Log) -> InForce {
        let worked = |id: &StepId| {
            let entry = log.done(id).and_then(|done| done.entry.as_ref());
            entry.is_some_and(|entry| !matches!(entry.status, Status::Failed { .. } | Status::Refused { .. }))
        };
        match (self.told.iter().any(worked), self.waiting.is_empty()) {
            (true, _) => InForce::Told,
            (false, true) => InForce::Itself,
            (false, false) => InForce::Later(self.waiting.clone()),
        }
    }

    /// The steps that nobody has been told of.
    pub fn steps(self) -> Vec<StepId> {
        self.steps
    }
}

fn path_of(key: &Key) -> Option<&str> {
    match key {
        Key::File(path) => Some(path),
        Key::Tree(tree) => Some(&tree.path),
        _ => None,
    }
}

fn tells(step: &Step, action: &Action) -> bool {
    let is_handler = !step.entry.origin.triggers.is_empty();
    is_handler
        || action
            .title
            .split(|c: char| c.is_whitespace() || "`'\";&|()".contains(c))
            .any(|w| TELLING.contains(&w))
}
