//! The framed shell and what it stands on: logging in to a host, becoming another user there, and
//! running fragments, many in one round trip.
//!
//! Only this folder knows what a connection is made of. Everything above it sees a session that
//! takes fragments and gives replies.

mod connector;
mod failure;
#[doc(hidden)]
pub mod fuzzing;
pub mod lock;
mod outdated;
mod pipe;
mod process;
mod session;
mod shell;
mod ssh;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::secret::Secret;

pub use connector::{Connector, NewKey, Options};
pub use failure::{Failure, FailureKind};
pub use session::{ApplySession, Counts, PlanSession, Question, open};

/// What a session's bytes go through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Connection {
    /// libssh2, in this process.
    #[default]
    Ssh,
    /// The system's `ssh`, for what libssh2 can't do.
    OpenSsh,
    /// No connection: this machine.
    Local,
}

/// How a host is reached and who logs in there.
#[derive(Clone, Debug)]
pub struct Login {
    /// The host's name in the inventory; messages use it.
    pub name: String,
    /// What to connect to: a name, an address, or an alias of ssh_config.
    pub address: String,
    pub port: Option<u16>,
    pub user: Option<String>,
    pub connection: Connection,
    /// Tried before what ssh_config and the agent offer.
    pub key_files: Vec<PathBuf>,
    pub password: Option<Secret>,
    /// Empty: what ssh_config says, else OpenSSH's own.
    pub known_hosts: Vec<PathBuf>,
    /// `None`: what ssh_config says, else ten seconds.
    pub connect_timeout: Option<Duration>,
    /// `[user@]host[:port],...`; `none` overrides ssh_config.
    pub proxy_jump: Option<String>,
    /// As the next run logs in, which doesn't know by which key this one was let in.
    pub afresh: bool,
    /// When the login is too late to be of use.
    pub until: Option<Instant>,
}

impl Login {
    /// A login by what ssh_config, the agent and the usual key files give.
    pub fn new(name: impl Into<String>, address: impl Into<String>) -> Self {
        Login {
            name: name.into(),
            address: address.into(),
            port: None,
            user: None,
            connection: Connection::default(),
            key_files: Vec::new(),
            password: None,
            known_hosts: Vec::new(),
            connect_timeout: None,
            proxy_jump: None,
            afresh: false,
            until: None,
        }
    }
}

/// By what a host let us in, where this program did it itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// Who logged in, where it is known.
    pub user: Option<String>,
    /// The public key, as a line of authorized_keys.
    pub key: Option<String>,
    pub by_password: bool,
    /// What a person had to do for it: answer a question, touch a key.
    pub asked: Option<String>,
    /// The type of the host's own key: `ssh-ed25519`.
    pub host_key: Option<String>,
    /// Its fingerprint: `SHA256:...`.
    pub fingerprint: Option<String>,
}

/// The tool that makes the login user another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BecomeMethod {
    Sudo,
    /// It wants the password of the user that one becomes.
    Su,
}

/// Whom the session becomes after the login.
#[derive(Clone, Debug)]
pub struct Become {
    pub method: BecomeMethod,
    pub user: String,
    pub password: Option<Secret>,
}
