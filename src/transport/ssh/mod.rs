//! SSH by libssh2, in this process.

mod auth;
mod channel;
mod config;
mod connect;
pub(super) mod host_keys;
mod jump;
pub(super) mod keys;
mod password;
mod scan;
pub(super) mod ssh_config;
mod watch;

use super::connector::Connector;
use super::failure::{Failure, FailureKind};
use super::pipe::Pipe;
use super::shell::EXEC;
use super::{Login, Proof};
use channel::SshPipe;
use config::Destination;
use std::path::PathBuf;

/// A shell's pipe, and by what and as whom it was reached.
pub(super) type Opened = (Box<dyn Pipe>, Proof);

/// What a person has to do at each login by the system's `ssh`, as far as its keys tell: all that
/// somebody named are in security tokens.
pub(super) fn touch(connector: &Connector, login: &Login) -> Option<String> {
    let destination = Destination::of(connector, login).ok()?;
    let in_token = |path: &PathBuf| {
        let blob = keys::KeyFile::read(path).ok().and_then(|file| file.public_blob());
        blob.is_some_and(|blob| keys::key_type(&blob).starts_with("sk-"))
    };
    let named = &destination.key_files;
    (!named.is_empty() && named.iter().all(in_token)).then(|| "a touch of the security token".to_string())
}

/// Logs in and starts a shell there.
pub(super) fn open(connector: &Connector, login: &Login) -> Result<Opened, Failure> {
    let destination = Destination::of(connector, login)?;
    let entered = connect::log_in(connector, &destination, 0)?;
    let proof = Proof { user: Some(destination.user.clone()), ..entered.proof.clone() };
    let pipe = SshPipe::start(entered, EXEC).map_err(|e| {
        Failure::new(
            FailureKind::Closed,
            format!("`{}` let us in but gave no shell: {}", login.name, e.message()),
        )
        .hint("see what its `MaxSessions`, `ForceCommand` and the user's login shell allow")
    })?;
    Ok((Box::new(pipe), proof))
}
