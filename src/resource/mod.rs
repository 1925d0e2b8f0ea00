//! Resources: the things on a host that have a state. One file a kind.
//!
//! A kind says how its state is asked for (a read-only fragment for many ids at once), how the
//! answer is read, what differs between two states, and the script that takes a host from one to
//! the other; undoing is the same with the two swapped. Nothing here knows of SSH or of reports.

mod kinds;

pub mod accounts;
pub mod effective;
pub mod evidence;
pub mod file;
pub mod group;
pub mod happened;
pub mod inside;
pub mod kernel_module;
pub mod lockout;
pub mod logins;
pub mod package;
pub mod pam;
pub mod runs;
pub mod sshd;
pub mod sysctl;
pub mod tree;
pub mod unit;
pub mod user;

pub use kinds::{Key, Question, State, Typed, questions, together};

use crate::fragment::{Fragment, Input, Reply};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt::{Debug, Display};

/// What could not be looked at, and what would let it.
pub const NO_RIGHTS: &str = "no rights: become root (become: true)";

/// How much of a state is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// All but contents: a file's content by its digest.
    #[default]
    Digest,
    /// Contents too (bounded), unless the digest is one of these: a host sends a file only where
    /// it differs from what is wanted.
    Content { unless: Vec<String> },
}

impl Level {
    /// The level that serves both: contents asked for without exception win.
    pub fn merge(&mut self, other: &Level) {
        match (&mut *self, other) {
            (_, Level::Digest) => {}
            (Level::Digest, content) => *self = content.clone(),
            (Level::Content { unless: mine }, Level::Content { unless: theirs }) => {
                // Bytes left out for one asker could be missed by the other.
                mine.retain(|digest| theirs.contains(digest));
            }
        }
    }

    /// Whether what was seen at this level answers a question of the other.
    pub fn covers(&self, other: &Level) -> bool {
        match (self, other) {
            (_, Level::Digest) => true,
            (Level::Digest, Level::Content { .. }) => false,
            (Level::Content { unless: mine }, Level::Content { unless: theirs }) => {
                mine.iter().all(|digest| theirs.contains(digest))
            }
        }
    }
}

/// One id of a kind, and the level that it is asked at.
#[derive(Clone, Debug)]
pub struct Wanted<Id> {
    pub id: Id,
    pub level: Level,
}

/// Whether a Change can be taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Undo {
    Full,
    Partial(String),
    None(String),
}

/// What a Change may cost beyond itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    None,
    Reboot,
    LockOut,
}

/// One side of a text that is shown as a unified diff.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "TextSide")]
pub enum Text {
    Absent,
    Lines(String),
    /// Not shown, and why: binary, too large, not asked for.
    Hidden(String),
}

/// What differs between two states, for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    Property { name: String, from: String, to: String },
    Text { path: String, from: Text, to: Text },
}

impl Difference {
    pub fn property(name: &str, from: impl Display, to: impl Display) -> Self {
        Difference::Property { name: name.into(), from: from.to_string(), to: to.to_string() }
    }
}

/// The script that takes a host from one state to another, and the bytes that it reads from its
/// stdin, in order. It runs with `set -u`, and ends with a status other than 0 if it did not get
/// there; what it prints on stderr is shown to the user.
#[derive(Clone, Debug, Default)]
pub struct Realise {
    pub script: String,
    pub input: Vec<Input>,
    /// Longest run in seconds; packages take longer than files.
    pub seconds: Option<u64>,
}

impl Realise {
    pub fn script(script: impl Into<String>) -> Self {
        Realise { script: script.into(), ..Realise::default() }
    }
}

impl State {
    /// Whether what is seen now is what was seen before, though maybe asked for in less detail.
    pub fn is_still(&self, then: &State) -> bool {
        match (self, then) {
            (State::Package(now), State::Package(then)) => now.is_still(then),
            _ => self == then,
        }
    }
}

/// What a realisation needs to know besides the two states.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Extras {
    /// `validate:` of the task: a command with `%s` for the candidate file.
    pub validate: Option<String>,
    /// `unsafe_writes:` of the task: write into the file instead of replacing it, for what a rename
    /// would break off (hard links) or can't replace (a mount point).
    pub in_place: bool,
    /// How packages are installed or removed.
    pub package: package::Options,
    /// How an account is made or removed.
    pub account: user::Options,
    /// How a group is made.
    pub group: group::Options,
    /// Where a copy of what shall stand there is kept on the host, with the attributes that a state
    /// doesn't hold (access lists): a file, or a folder with all in it.
    pub kept: Option<String>,
    /// What differs is not shown: the Change undoes one of a `no_log` task.
    pub hidden: bool,
    /// The task says `guard: true`.
    pub guard: bool,
}

/// An opaque step planned earlier in the same run: a package whose scripts run, or an act.
#[derive(Clone, Debug, PartialEq)]
pub struct Opaque {
    /// The task's name, for `waits for`.
    pub task: String,
    /// The package that is installed or removed, if that is what it is.
    pub package: Option<String>,
}

/// One kind of resource.
pub trait Kind {
    /// Which one: a path, a name.
    type Id: Clone + Ord + Debug + Display + Serialize + DeserializeOwned;
    type State: Clone + PartialEq + Debug + Serialize + DeserializeOwned;

    /// What people call it: `file`, `package`.
    const NAME: &'static str;

    /// A read-only script that asks for all these at once. The same ids and levels give the same
    /// script, and an unchanged host the same answer: the answer's digest is what drift is told by.
    fn observe(wanted: &[Wanted<Self::Id>]) -> Fragment;

    /// Reads the answer: one state for each id wanted, in order, or why it can't be told.
    fn parse(wanted: &[Wanted<Self::Id>], reply: &Reply) -> Vec<Result<Self::State, String>>;

    /// What is different, for people; empty if nothing is.
    fn diff(id: &Self::Id, from: &Self::State, to: &Self::State) -> Vec<Difference>;

    /// The script that takes the host from `from` to `to`, or why there is none.
    fn realise(
        id: &Self::Id,
        from: &Self::State,
        to: &Self::State,
        extras: &Extras,
    ) -> Result<Realise, String>;

    /// One script for several Changes of one task that have the same extras, for kinds whose tool
    /// takes many at once; `None` where each is made alone.
    fn together(
        _changes: &[(&Self::Id, &Self::State, &Self::State)],
        _extras: &Extras,
    ) -> Option<Result<Realise, String>> {
        None
    }

    /// Whether `found` is what was wanted; volatile properties are left out here.
    fn same(found: &Self::State, wanted: &Self::State) -> bool {
        found == wanted
    }

    fn undo(_id: &Self::Id, _from: &Self::State, _to: &Self::State) -> Undo {
        Undo::Full
    }

    fn risk(_id: &Self::Id, _from: &Self::State, _to: &Self::State) -> Risk {
        Risk::None
    }

    /// Whether making this Change runs code of somebody else's (a package's scripts), so that what
    /// is planned after it may turn out otherwise.
    fn opaque(_id: &Self::Id, _from: &Self::State, _to: &Self::State) -> bool {
        false
    }

    /// Whether an opaque step may change what was observed, so that a Change planned on it is
    /// conditional.
    fn shaken(id: &Self::Id, state: &Self::State, by: &Opaque) -> bool;

    /// Whether this state is made from another resource too, so that what was seen of it is stale
    /// once that one has become `now`.
    fn stands_on(_id: &Self::Id, _changed: &Key, _now: &State) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_merge_to_what_serves_both() {
        let content = |d: &[&str]| Level::Content { unless: d.iter().map(|s| s.to_string()).collect() };
        let mut level = Level::Digest;
        level.merge(&content(&["a"]));
        assert_eq!(level, content(&["a"]));
        level.merge(&content(&["b"]));
        assert_eq!(level, content(&[]));
        assert!(level.covers(&content(&["a"])));
        assert!(!content(&["a"]).covers(&content(&[])));
        assert!(!Level::Digest.covers(&content(&["a"])));
    }
}
