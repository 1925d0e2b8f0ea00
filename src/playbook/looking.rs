//! Tasks that only look at a host, compute or say something: such a task changes nothing there,
//! whatever it finds.

use super::model::{Act, Task};
use crate::yaml::{Node, Yaml};

/// Modules that never change a host.
const LOOKING: &[&str] = &[
    "after_reboot",
    "assert",
    "debug",
    "fail",
    "gather_facts",
    "logins",
    "ping",
    "refuse",
    "set_fact",
    "setup",
    "stat",
];

/// Modules that say of what was found whether it is right.
const CHECKING: &[&str] = &["assert", "fail", "refuse"];

/// Modules that run what their author wrote.
const RUNNING: &[&str] = &["command", "shell"];

impl Task {
    /// Whether the task can't change a host. Of a command its author vouches for that: it is a probe
    /// (`check_mode: false`) that says of itself that it changes nothing (`changed_when: false`).
    pub fn only_looks(&self) -> bool {
        match &self.act {
            Act::Module { name, .. } if RUNNING.contains(&name.as_str()) => self.is_vouched_for(),
            Act::Module { name, .. } => LOOKING.contains(&name.as_str()),
            // The tasks of the file answer for themselves.
            Act::IncludeTasks { .. } | Act::Meta { .. } => true,
        }
    }

    /// Whether the task is a check of its author's.
    pub fn checks(&self) -> bool {
        CHECKING.contains(&self.act.name())
    }

    fn is_vouched_for(&self) -> bool {
        let is_false = |node: &Node| node.value == Yaml::Bool(false);
        self.check_mode.as_ref().is_some_and(is_false)
            && self.changed_when.as_ref().is_some_and(|all| all.len() == 1 && all.iter().all(is_false))
    }
}
