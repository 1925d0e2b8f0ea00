//! Reaching a host through another one, or through a command.
//!
//! A jump is a whole login of its own, host key check included, with a session and a thread for
//! this one target: libssh2 allows one call at a time on a session, so sharing one would make all
//! targets wait for the slowest.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use ssh2::Channel;

use super::channel::whole_packets;
use super::config::Destination;
use super::connect::{Entered, Wire, log_in, unreachable};
use crate::transport::connector::Connector;
use crate::transport::failure::{Failure, FailureKind};
use crate::transport::process::wait_for;
use crate::transport::{Connection, Login};

/// More jumps than anybody has; a jump whose own ssh_config names itself would go on for ever.
const MOST_JUMPS: u32 = 8;

/// The last jump before a destination, as a login of its own.
pub(super) fn login_of_jump(destination: &Destination) -> Result<Option<Login>, Failure> {
    let Some(jump) = &destination.jump else { return Ok(None) };
    let (before, last) = match jump.rsplit_once(',') {
        Some((before, last)) => (Some(before.to_string()), last),
        None => (None, jump.as_str()),
    };
    let wrong = || {
        let message = format!("`{last}` can't be a jump host for `{}`", destination.name);
        Failure::new(FailureKind::Input, message).hint("write it as `[user@]host[:port]`")
    };
    let last = last.trim().trim_start_matches("ssh://");
    let (user, place) = match last.rsplit_once('@') {
        Some((user, place)) => (Some(user.to_string()), place),
        None => (None, last),
    };
    let (address, port) = match place.rsplit_once(':') {
        // More than one colon is an IPv6 address, which has its port behind brackets.
        Some((address, port)) if !address.contains(':') || address.ends_with(']') => {
            (address, Some(port.parse().map_err(|_| wrong())?))
        }
        _ => (place, None),
    };
    let address = address.trim_start_matches('[').trim_end_matches(']');
    if address.is_empty() || address.starts_with('-') {
        return Err(wrong());
    }
    Ok(Some(Login {
        port,
        user,
        connection: Connection::Ssh,
        key_files: destination.key_files.clone(),
        known_hosts: destination.known_hosts.clone(),
        connect_timeout: Some(destination.connect_timeout),
        proxy_jump: before,
        ..Login::new(last, address)
    }))
}

/// A socket to the destination through its jump host.
pub(super) fn through_jump(
    connector: &Connector,
    destination: &Destination,
    login: &Login,
    depth: u32,
) -> Result<OwnedFd, Failure> {
    if depth >= MOST_JUMPS {
        return Err(unreachable(
            destination,
            &format!("its ProxyJump goes on for more than {MOST_JUMPS} hosts"),
        ));
    }
    let entered = log_in(connector, &Destination::of(connector, login)?, depth + 1)?;
    let channel = entered.session.channel_direct_tcpip(&destination.host, destination.port, None);
    let channel = channel.map_err(|e| {
        unreachable(
            destination,
            &format!("the jump host `{}` doesn't connect to it: {}", login.name, e.message()),
        )
        .hint("see its `AllowTcpForwarding` and `PermitOpen`, and whether the host answers there")
    })?;
    let failed = |e: io::Error| unreachable(destination, &e.to_string());
    let (near, far) = UnixStream::pair().map_err(failed)?;
    far.set_nonblocking(true).map_err(failed)?;
    entered.session.set_blocking(false);
    let pump = Pump { entered, channel, local: far, out: Vec::new(), back: Vec::new() };
    let thread = std::thread::Builder::new().name(format!("jump {}", destination.name)).stack_size(256 << 10);
    thread.spawn(move || pump.run()).map_err(failed)?;
    Ok(near.into())
}

/// A socket to the destination through a command of ssh_config's.
pub(super) fn through_command(destination: &Destination, command: &str) -> Result<OwnedFd, Failure> {
    let failed = |e: io::Error| unreachable(destination, &format!("`{command}`: {e}"));
    let (near, far) = UnixStream::pair().map_err(failed)?;
    let stdin = far.try_clone().map_err(failed)?;
    let mut child = Command::new("/bin/sh")
        .args(["-c", &format!("exec {command}")])
        .stdin(Stdio::from(OwnedFd::from(stdin)))
        .stdout(Stdio::from(OwnedFd::from(far)))
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    // It ends when its socket does, and must be waited for then.
    std::thread::Builder::new().stack_size(64 << 10).spawn(move || child.wait()).map_err(failed)?;
    Ok(near.into())
}

/// Moves bytes between a jump's channel and the socket of the session behind it. It holds at most
/// one buffer for each direction, and neither waits for the other.
struct Pump {
    channel: Channel,
    entered: Entered,
    local: UnixStream,
    /// Read from the socket, not yet in the channel.
    out: Vec<u8>,
    /// Read from the channel, not yet in the socket.
    back: Vec<u8>,
}

impl Pump {
    /// Runs until either end is closed, which closes the other.
    fn run(mut self) {
        let mut buffer = vec![0; 32 << 10];
        while self.step(&mut buffer).is_ok() {}
        let _ = self.local.shutdown(Shutdown::Both);
        let _ = rustix::net::shutdown(&self.entered.socket, rustix::net::Shutdown::Both);
    }

    fn step(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        let Pump { channel, entered, local, out, back } = self;
        let socket = entered.socket.as_fd();
        let mut moved = false;
        if out.is_empty() {
            moved |= fill(out, buffer, |buffer| local.read(buffer))?;
        }
        moved |= drain(out, |bytes| whole_packets(&entered.session, socket, || channel.write(bytes)))?;
        if back.is_empty() {
            moved |= fill(back, buffer, |b| whole_packets(&entered.session, socket, || channel.read(b)))?;
        }
        moved |= drain(back, |bytes| local.write(bytes))?;
        if moved {
            return Ok(());
        }
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, out.is_empty());
        flags.set(PollFlags::OUT, !back.is_empty());
        let mut fds = [PollFd::new(&socket, PollFlags::IN), PollFd::new(&*local, flags)];
        wait_for(&mut fds, Duration::from_secs(60))
    }
}

fn fill(
    into: &mut Vec<u8>,
    buffer: &mut [u8],
    read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
) -> io::Result<bool> {
    match read(buffer) {
        Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
        Ok(n) => {
            into.extend_from_slice(&buffer[..n]);
            Ok(true)
        }
        Err(e) if e.kind() == ErrorKind::WouldBlock => Ok(false),
        Err(e) => Err(e),
    }
}

fn drain(from: &mut Vec<u8>, write: impl FnOnce(&[u8]) -> io::Result<usize>) -> io::Result<bool> {
    if from.is_empty() {
        return Ok(false);
    }
    match write(from) {
        Ok(n) => {
            from.drain(..n);
            Ok(n > 0)
        }
        Err(e) if e.kind() == ErrorKind::WouldBlock => Ok(false),
        Err(e) => Err(e),
    }
}

impl Wire {
    /// A socket to the destination, whichever way leads there.
    pub(super) fn around(
        connector: &Connector,
        destination: &Destination,
        depth: u32,
    ) -> Result<Option<Self>, Failure> {
        let socket = if let Some(login) = login_of_jump(destination)? {
            through_jump(connector, destination, &login, depth)?
        } else if let Some(command) = &destination.proxy_command {
            through_command(destination, command)?
        } else {
            return Ok(None);
        };
        Wire::new(socket).map(Some).map_err(|e| unreachable(destination, &e.to_string()))
    }
}
