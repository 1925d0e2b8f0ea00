//! Changes: a resource, what it is, what it shall be, and why. Data: shown, applied, verified.

use crate::place::Place;
use crate::resource::{Difference, Extras, Key, Risk, State, Undo};
use serde::{Deserialize, Serialize};

/// How sure a plan is of something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Nothing opaque comes before it that may touch it: it will be made exactly.
    Certain,
    /// Planned on what an opaque step may change; planned again when that step is done.
    Conditional { waits_for: String },
}

/// The task, loop item and place that something comes from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Origin {
    /// The task's name as shown, with its role.
    pub task: String,
    /// The loop item's label, if the task loops.
    pub item: Option<String>,
    pub module: String,
    pub place: Place,
    /// The control that the task carries (`tags: control:NAME`).
    pub control: Option<String>,
    /// `no_log`: neither side of a diff is shown, nor results.
    pub secret: bool,
    /// It is a handler, run because of these tasks.
    pub triggers: Vec<String>,
}

/// One resource on one host to be taken from one state to another.
#[derive(Clone, Debug)]
pub struct Change {
    pub key: Key,
    pub from: State,
    pub to: State,
    pub extras: Extras,
    pub certainty: Certainty,
}

impl Change {
    pub fn differences(&self) -> Vec<Difference> {
        self.key.diff(&self.from, &self.to)
    }

    pub fn undo(&self) -> Undo {
        self.key.undo(&self.from, &self.to)
    }

    /// What it may cost, by what it is or by what its author says.
    pub fn risk(&self) -> Risk {
        if self.extras.guard { Risk::LockOut } else { self.key.risk(&self.from, &self.to) }
    }

    /// Runs somebody else's code when made.
    pub fn opaque(&self) -> bool {
        self.key.opaque(&self.from, &self.to)
    }
}
