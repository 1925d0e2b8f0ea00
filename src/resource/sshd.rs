//! The sshd configuration in force: what sshd makes of all its files together, as it is, or as it
//! will be with candidate files in their places.
//!
//! sshd takes the first value that it meets, through Includes and Match blocks, so no file alone
//! says what holds. `sshd -T` does (sshd(8)); without `-C` it is silent about Match, so each login
//! that matters is asked with the full set of connection parameters.

pub mod account;
pub mod algorithms;
pub mod methods;
mod observe;
mod parse;
mod reading;

pub use reading::{Directive, canonical};

use super::file::{Body, Bytes, File, FileState};
use super::{Difference, Extras, Kind, Opaque, Realise, State, Typed, Wanted};
use crate::fragment::{Fragment, Reply};
use crate::world::World;
use account::Account;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

/// The main file; everything else is read because it says so.
pub const MAIN: &str = "/etc/ssh/sshd_config";

/// harda's own drop-in: sorts before all others, because the first value wins.
pub const DROP_IN: &str = "/etc/ssh/sshd_config.d/00-harda.conf";

/// Changes of this package may change what sshd does.
const PACKAGE: &str = "openssh-server";

pub struct Sshd;

/// Which configuration: whose logins are asked about, which file is read alone too, and the
/// candidates that are laid over the host's files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SshdId {
    pub logins: Vec<Login>,
    /// Read by itself as well: where a setting of it isn't in force, the two differ.
    pub own: String,
    pub overlay: Vec<Candidate>,
}

/// A connection as sshd sees it, for `sshd -T -C`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Login {
    pub user: String,
    pub from: String,
    pub to: String,
    pub port: u16,
}

/// A file as it will be; absent if it has no body.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Candidate {
    pub path: String,
    pub body: Option<Body>,
}

impl Candidate {
    fn rank(&self) -> (&str, Option<&str>) {
        (&self.path, self.body.as_ref().map(|b| b.digest.as_str()))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl Eq for Candidate {}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SshdState {
    /// No sshd program on the host.
    Absent,
    /// It couldn't be asked with the candidates in place, and why.
    NotPredicted(String),
    Present(Box<Effective>),
}

/// Keyword in lower case to its values, one a line of `sshd -T`.
pub type Settings = BTreeMap<String, Vec<String>>;

/// What sshd makes of its files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Effective {
    /// `9.2` of OpenSSH_9.2p1.
    pub version: (u32, u32),
    /// Without any Match block.
    pub global: Settings,
    /// One for each login of the id, Match blocks applied.
    pub logins: Vec<Settings>,
    /// The accounts of the logins, as the host's name services tell them.
    pub accounts: Vec<Account>,
    /// The own file read alone; nothing if it isn't there.
    pub alone: Option<Settings>,
    /// All lines of all files that count, in the order in which sshd reads them.
    pub directives: Vec<Directive>,
    /// What `ssh -Q` knows: `kex`, `cipher`, `mac`, `key`. Empty for a prediction.
    pub known: BTreeMap<String, Vec<String>>,
    /// The public host keys' types, by path.
    pub host_keys: BTreeMap<String, String>,
    /// `SSHD_OPTS` of /etc/default/ssh, which beat every file and which `sshd -T` doesn't know.
    pub options: String,
    /// Why sshd refuses this configuration.
    pub refused: Option<String>,
}

impl Effective {
    /// The values of a keyword in force, before any Match block.
    pub fn values(&self, keyword: &str) -> &[String] {
        self.global.get(keyword).map_or(&[], Vec::as_slice)
    }

    /// Whether sshd reads this file at all.
    pub fn reads(&self, path: &str) -> bool {
        self.directives.iter().any(|d| d.file == path)
    }

    /// The types of host keys that this sshd has and may show.
    pub fn host_key_types(&self) -> impl Iterator<Item = &str> {
        let named = self.values("hostkey");
        self.host_keys.iter().filter(|(path, _)| named.contains(path)).map(|(_, kind)| kind.as_str())
    }
}

impl fmt::Display for SshdId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("configuration in force")?;
        if !self.overlay.is_empty() {
            let paths: Vec<&str> = self.overlay.iter().map(|c| c.path.as_str()).collect();
            write!(f, " with {} as planned", paths.join(", "))?;
        }
        Ok(())
    }
}

/// The files of sshd that are planned to change on this host, as candidates; an error if the bytes
/// of one aren't known.
pub fn planned(world: &World) -> Result<Vec<Candidate>, String> {
    let mut candidates = Vec::new();
    for (key, state) in world.predictions() {
        let (super::Key::File(path), Some(to)) = (key, File::unwrap(state)) else { continue };
        let ours = super::effective::service_of(path).is_some_and(|s| s.name == "sshd");
        let from = world.seen(key).and_then(File::unwrap);
        if ours && from.and_then(FileState::body) != to.body() {
            candidates.push(candidate(path, to.body())?);
        }
    }
    Ok(candidates)
}

/// One file as a candidate, its bytes at hand.
pub fn candidate(path: &str, body: Option<&Body>) -> Result<Candidate, String> {
    match body {
        Some(Body { bytes: Bytes::Elsewhere | Bytes::Host(_), .. }) => {
            Err(format!("the planned content of `{path}` is not at hand"))
        }
        body => Ok(Candidate { path: path.to_string(), body: body.cloned() }),
    }
}

impl Kind for Sshd {
    type Id = SshdId;
    type State = SshdState;
    const NAME: &'static str = "sshd";

    fn observe(wanted: &[Wanted<SshdId>]) -> Fragment {
        observe::script(wanted)
    }

    fn parse(wanted: &[Wanted<SshdId>], reply: &Reply) -> Vec<Result<SshdState, String>> {
        parse::states(wanted, reply)
    }

    fn diff(_id: &SshdId, from: &SshdState, to: &SshdState) -> Vec<Difference> {
        let (SshdState::Present(a), SshdState::Present(b)) = (from, to) else { return Vec::new() };
        let keywords: std::collections::BTreeSet<&String> = a.global.keys().chain(b.global.keys()).collect();
        keywords
            .into_iter()
            .filter(|k| a.global.get(*k) != b.global.get(*k))
            .map(|k| Difference::property(k, a.values(k).join(" "), b.values(k).join(" ")))
            .collect()
    }

    fn realise(
        _id: &SshdId,
        _from: &SshdState,
        _to: &SshdState,
        _extras: &Extras,
    ) -> Result<Realise, String> {
        Err("the sshd configuration in force is changed by its files, not by itself".into())
    }

    fn shaken(_id: &SshdId, state: &SshdState, by: &Opaque) -> bool {
        *state == SshdState::Absent || by.package.as_deref() == Some(PACKAGE)
    }

    fn stands_on(id: &SshdId, changed: &super::Key, _now: &State) -> bool {
        match changed {
            super::Key::File(path) => path.starts_with("/etc/ssh/"),
            super::Key::User(name) => id.logins.iter().any(|login| login.user == *name),
            super::Key::Group(_) => true,
            super::Key::Package(name) => name.starts_with(PACKAGE),
            _ => false,
        }
    }
}
