//! What a run tells: events, as they happen, for the terminal, for JSON lines, for reports. Reports
//! read these and never call the engine. Everything here is data without secrets: what a `no_log`
//! task would show is already gone.

use crate::change::{Certainty, Origin};
use crate::resource::{Difference, Risk, Undo};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    Plan,
    Apply,
}

/// One thing that happened, in order per host.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    Started {
        run: String,
        mode: Mode,
        playbook: String,
        hosts: Vec<String>,
    },
    /// A pattern of the playbook fits no host, or a known group is empty.
    NoHosts {
        play: String,
        pattern: String,
    },
    /// The run that was to be undone is kept by no host.
    NoRecord {
        run: String,
    },
    /// What the host does now, for the progress line: `log in`, `observe`, a task's name.
    Busy {
        host: String,
        doing: String,
    },
    /// Logged in, facts gathered.
    Connected {
        host: String,
        summary: String,
        /// `/etc/machine-id`; empty where the host has none.
        #[serde(default)]
        machine_id: String,
        login_ms: u64,
    },
    Unreachable {
        host: String,
        message: String,
        hint: Option<String>,
    },
    /// Logged in, and refused to become who it has to be: nothing is done there.
    Refused {
        host: String,
        message: String,
        hint: Option<String>,
    },
    /// An input file is wrong, as seen from this host.
    Wrong {
        host: String,
        message: String,
        hint: Option<String>,
    },
    /// After changes that could lock out: a fresh login, as the next run's user where that works.
    Proven {
        host: String,
        user: String,
        /// What was changed: `sshd, PAM`.
        what: String,
        ok: bool,
        /// How long it took, or why it failed.
        message: String,
    },
    /// It is not as it was when the saved plan was made: nothing is done there.
    Drifted {
        host: String,
        drifted: Vec<Diverged>,
    },
    /// Something that is to be known of a host, and stops nothing.
    Warned {
        host: String,
        message: String,
    },
    /// The host has taken back what a run had changed, since access was not proven.
    Restored(Restored),
    /// The plan of one host, whole: in plan mode the result, in apply mode what is announced.
    Planned {
        host: String,
        entries: Vec<Entry>,
    },
    /// A task (item) of this host is done, with what really happened.
    Done {
        host: String,
        entry: Entry,
    },
    /// After handlers, changed resources were observed again.
    Verified {
        host: String,
        verified: usize,
        diverged: Vec<Diverged>,
    },
    /// The host is finished.
    Finished {
        host: String,
        recap: Recap,
    },
    /// The run is finished.
    Ended {
        seconds: f64,
        exit_code: i32,
    },
}

/// What the dead-man's switch of a host took back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Restored {
    pub host: String,
    /// The run whose Changes they were: this one, or an earlier one.
    pub run: String,
    pub why: String,
    /// What had been changed.
    pub changes: Vec<String>,
    /// What the host did about it.
    pub report: Vec<String>,
    /// Since the switch was armed; not known of an earlier run.
    pub seconds: Option<f64>,
}

/// One task, or one item of a loop, on one host.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    pub play: String,
    #[serde(flatten)]
    pub origin: Origin,
    pub status: Status,
    pub changes: Vec<Shown>,
    pub action: Option<ShownAction>,
    /// Said with the task: warnings, `debug` texts.
    pub notes: Vec<String>,
    /// What is set, as wanted, and takes effect with the next reboot only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lags: Option<String>,
    /// The task is a check of its author's (`assert`, `fail`), and it doesn't hold.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub checked: bool,
    /// What the host was asked for it and answered, where the run is about controls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
}

/// A question to a host, as the command that shows the same, and its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    pub asked: String,
    pub told: String,
}

/// What a task did, or would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "status")]
pub enum Status {
    /// Already so, or nothing to do on the host (`debug`, a probe).
    Ok,
    /// Would change, or did.
    Changed {
        certainty: Certainty,
    },
    /// Rests on the outcome of a task that hasn't run.
    Unknown {
        until: String,
    },
    Skipped {
        why: String,
    },
    Failed {
        message: String,
        ignored: bool,
        rescued: bool,
    },
    /// harda won't, and why: nothing on this host is changed.
    Refused {
        message: String,
    },
}

/// A Change as shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Shown {
    /// `file`, `package`, ...
    pub kind: String,
    /// A path, a name.
    pub id: String,
    /// Empty for a `no_log` task.
    pub differences: Vec<Difference>,
    pub undo: Undo,
    pub risk: Risk,
}

/// A restart, a command: what it is, and what it may cost.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShownAction {
    pub title: String,
    pub risk: Risk,
    #[serde(default = "not_told")]
    pub undo: Undo,
    /// A probe runs in plans too and changes nothing.
    pub probe: bool,
}

/// Of a record of before it was told.
fn not_told() -> Undo {
    Undo::None("what it changes is not known".into())
}

/// A resource that is not as predicted after apply.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Diverged {
    pub kind: String,
    pub id: String,
    pub task: String,
    /// What is different: from predicted to found.
    pub differences: Vec<Difference>,
    /// Where it could not be observed at all.
    pub error: Option<String>,
}

/// How conditional and certain Changes turned out, over one host.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    pub certain_as_shown: usize,
    pub certain_otherwise: usize,
    pub conditional_as_shown: usize,
    pub conditional_already_so: usize,
    pub conditional_different: usize,
    /// Announced and not made: the task and the reason.
    pub not_made: BTreeMap<String, String>,
    /// Made and not announced, outside of what was shown as unknown: always 0, or a bug.
    pub not_announced: usize,
}

impl AddAssign<&Kept> for Kept {
    fn add_assign(&mut self, other: &Kept) {
        self.certain_as_shown += other.certain_as_shown;
        self.certain_otherwise += other.certain_otherwise;
        self.conditional_as_shown += other.conditional_as_shown;
        self.conditional_already_so += other.conditional_already_so;
        self.conditional_different += other.conditional_different;
        self.not_announced += other.not_announced;
        self.not_made.extend(other.not_made.clone());
    }
}

/// One line of the recap.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recap {
    pub ok: usize,
    pub changed: usize,
    pub conditional: usize,
    pub unknown: usize,
    pub failed: usize,
    pub refused: usize,
    pub skipped: usize,
    pub ignored: usize,
    pub rescued: usize,
    pub unreachable: bool,
    /// The host has taken back what was changed.
    pub restored: bool,
    pub verified: usize,
    pub diverged: usize,
    /// Changes that could lock the admin out, and that can't be undone.
    pub lock_out: usize,
    pub not_undone: usize,
    /// Requests and their replies after the login; logging in and becoming are apart.
    pub round_trips: usize,
    pub login_steps: usize,
    #[serde(with = "seconds")]
    pub took: Duration,
    /// Only after an apply.
    pub kept: Option<Kept>,
}

/// A time as a number of seconds.
mod seconds {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::time::Duration;

    pub fn serialize<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(time.as_secs_f64())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        Duration::try_from_secs_f64(seconds).map_err(serde::de::Error::custom)
    }
}
