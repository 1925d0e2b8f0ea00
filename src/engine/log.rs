//! What has been done on a host in this run: walking again looks here first, so that a task that
//! was done is never planned a second time.

use super::walk::Sure;
use crate::fragment::Reply;
use crate::module::Action;
use crate::record::Entry;
use minijinja::Value;
use std::collections::HashMap;

/// A task (and loop item) at one point of one host's way through the plays.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StepId(pub String);

/// What a step left behind for those after it.
#[derive(Clone, Debug, Default)]
pub struct Done {
    pub entry: Option<Entry>,
    /// What `register` gets.
    pub result: Value,
    /// `set_fact`.
    pub facts: Vec<(String, Value)>,
    /// How surely the task changed something; `None` if it didn't.
    pub changed: Option<Sure>,
    /// The handlers that it notifies if it changes something.
    pub notifies: Vec<String>,
    /// `ignore_errors` of the task.
    pub ignore_errors: bool,
}

/// An act that has run, and what it answered last.
struct Acted {
    action: Action,
    reply: Reply,
    tries: u32,
}

#[derive(Default)]
pub struct Log {
    done: HashMap<StepId, Done>,
    /// What commands answered: of acts once and for all, of probes until something is changed.
    acts: HashMap<StepId, Acted>,
    probes: HashMap<StepId, Reply>,
}

impl Log {
    pub fn done(&self, id: &StepId) -> Option<&Done> {
        self.done.get(id)
    }

    pub fn freeze(&mut self, id: StepId, done: Done) {
        self.done.insert(id, done);
    }

    pub fn reply(&self, id: &StepId) -> Option<&Reply> {
        self.acts.get(id).map(|acted| &acted.reply).or_else(|| self.probes.get(id))
    }

    /// The act that was run at this step. What it left behind (`creates`) may say by now that
    /// there is nothing to do.
    pub fn act(&self, id: &StepId) -> Option<&Action> {
        self.acts.get(id).map(|acted| &acted.action)
    }

    /// How often an act has run: `until` may want it again.
    pub fn tries(&self, id: &StepId) -> u32 {
        self.acts.get(id).map_or(0, |acted| acted.tries)
    }

    pub fn acted(&mut self, id: StepId, action: Action, reply: Reply) {
        let tries = self.tries(&id) + 1;
        self.acts.insert(id, Acted { action, reply, tries });
    }

    pub fn probed(&mut self, id: StepId, reply: Reply) {
        self.probes.insert(id, reply);
    }

    /// Something was changed: what probes said before may no longer be so.
    pub fn forget_probes(&mut self) {
        self.probes.clear();
    }
}
