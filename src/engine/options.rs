//! What the invocation asks for, beyond playbook and inventory.

use crate::template::Var;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// What a playbook may ask of how harda was called (`ansible_check_mode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeenAs {
    pub check: bool,
    pub diff: bool,
    pub verbosity: u8,
}

/// How tasks that carry a control (`tags: control:NAME`) are taken, where a run is about controls.
/// Each stands alone: where one fails or is refused, the rest of its tasks is left out and the next
/// control is taken. Tasks without a control always run; where the run is about some controls only,
/// one that could change the host is refused.
#[derive(Clone, Debug, Default)]
pub struct Controls {
    /// The controls of each host, and of a host that isn't named none; `None` is all everywhere.
    pub of_host: Option<BTreeMap<String, BTreeSet<String>>>,
    /// A playbook without a pack: a task that carries no control is one of its own, by its name.
    pub tasks_too: bool,
    /// An audit of a pack: what a task of no control could not find out is unknown to the controls
    /// that rest on it, and the others are judged all the same.
    pub looks_on: bool,
}

impl Controls {
    pub fn takes(&self, host: &str, control: &str) -> bool {
        match &self.of_host {
            None => true,
            Some(hosts) => hosts.get(host).is_some_and(|controls| controls.contains(control)),
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Stop after planning.
    pub check: bool,
    pub diff: bool,
    /// Hosts worked on at a time.
    pub forks: usize,
    pub tags: Vec<String>,
    pub skip_tags: Vec<String>,
    /// `-e`: above all other variables.
    pub extra_vars: Arc<HashMap<String, Var>>,
    /// `-b`: become, where a play or variable says nothing else.
    pub r#become: bool,
    /// Run every command that says `changed_when: false` as a probe in plans.
    pub probe: bool,
    /// Run no probes in plans at all.
    pub no_probes: bool,
    pub verbosity: u8,
    /// What playbooks are told of these: a plan that is saved is planned as it will be made.
    pub seen_as: SeenAs,
    /// Writes what each host is asked into this folder, as a script that `sh` runs by itself: the
    /// benchmark sends the same by other means.
    pub keep_scripts: Option<std::path::PathBuf>,
    /// The run that this one undoes.
    pub undoes: Option<String>,
    /// `--keep-runs`: how many runs' records stay on a host.
    pub keep_runs: Option<usize>,
    /// Seconds to wait for another run's lock on a host.
    pub lock_timeout: u64,
    /// Seconds of the dead-man's switch; `None`: `--no-guard`.
    pub guard: Option<u64>,
    /// `--detailed-exitcode`: 3 where changes are pending.
    pub detailed_exitcode: bool,
    /// An audit or a remediation; `None`: a playbook as it is written.
    pub controls: Option<Controls>,
}
