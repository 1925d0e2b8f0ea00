//! Plans that are kept in a file, to be reviewed and then made: `harda plan --out`, `harda show`,
//! `harda apply plan.harda`.
//!
//! A saved plan holds what each host's plan came to, and all that planning took: making it plans
//! again by the same function on the same inputs, and what comes out must be what was saved.

pub mod age;
mod file;
mod inputs;
mod seal;
pub mod secrets;
mod step;

pub use file::{EXTENSION, fuzz, looks_like_one, parse, read, write};
pub use inputs::Inputs;
pub use seal::{Keys, Seal};
pub use step::{Does, SavedAct, SavedChange, SavedState, SavedStep};

use crate::record::Entry;
use crate::resource::file::Body;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All of a saved plan but its first line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The id of the run that planned.
    pub run: String,
    pub clock: Clock,
    pub arguments: Arguments,
    pub inputs: Inputs,
    pub hosts: BTreeMap<String, Host>,
    /// Hosts that the run was about and that have no plan, and why.
    pub left_out: BTreeMap<String, String>,
}

/// The run's time and chance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    pub now: i64,
    pub utc_offset: i32,
    pub seed: u64,
}

/// What the command line said of what is planned, as it said it; no passwords.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arguments {
    pub playbooks: Vec<String>,
    pub inventory: Vec<String>,
    pub limit: Vec<String>,
    pub tags: Vec<String>,
    pub skip_tags: Vec<String>,
    pub extra_vars: Vec<String>,
    pub probe: bool,
    pub no_probes: bool,
    pub user: Option<String>,
    pub private_key: Option<String>,
    pub connection: Option<String>,
    pub r#become: bool,
    pub become_user: Option<String>,
    pub become_method: Option<String>,
    /// How much was said: playbooks may ask.
    pub verbosity: u8,
}

/// One host's plan, and which host that is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// The fingerprint of the key that it showed; not known of a login by another program.
    pub host_key: Option<String>,
    pub machine_id: Option<String>,
    /// The plan as shown.
    pub entries: Vec<Entry>,
    /// What will be made.
    pub steps: Vec<SavedStep>,
    /// What stood in the files that will be changed, by digest, to show what has changed since.
    pub contents: BTreeMap<String, String>,
}

impl PartialEq for Host {
    fn eq(&self, other: &Self) -> bool {
        // Entries are what steps look like.
        self.host_key == other.host_key && self.machine_id == other.machine_id && self.steps == other.steps
    }
}

impl Host {
    /// A content that stood on the host when the plan was made.
    pub fn body(&self, digest: &str) -> Option<Body> {
        let body = Body::of(self.contents.get(digest)?.as_bytes());
        (body.digest == digest).then_some(body)
    }
}
