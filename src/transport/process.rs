//! A shell that is a child of ours: `local`, and the system's `ssh`.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use super::Login;
use super::connector::Connector;
use super::failure::{Failure, FailureKind};
use super::outdated;
use super::pipe::{Pipe, Stream};
use super::shell::EXEC;

/// A child's three streams, none of which blocks.
pub(super) struct Process {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    stderr: ChildStderr,
    /// A stream at its end is always readable; polling it would spin.
    ended: [bool; 2],
}

impl Process {
    pub(super) fn spawn(command: &mut Command) -> io::Result<Self> {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let missing = || io::Error::other("a stream of the child is missing");
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let stderr = child.stderr.take().ok_or_else(missing)?;
        for fd in [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()] {
            no_blocking(fd)?;
        }
        Ok(Process { child, stdin, stdout, stderr, ended: [false; 2] })
    }
}

fn no_blocking(fd: BorrowedFd<'_>) -> io::Result<()> {
    fcntl_setfl(fd, fcntl_getfl(fd)? | OFlags::NONBLOCK)?;
    Ok(())
}

impl Pipe for Process {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stdin.write(bytes)
    }

    fn read(&mut self, stream: Stream, buffer: &mut [u8]) -> io::Result<usize> {
        let result = match stream {
            Stream::Out => self.stdout.read(buffer),
            Stream::Err => self.stderr.read(buffer),
        };
        self.ended[stream as usize] |= matches!(result, Ok(0));
        result
    }

    fn wait(&mut self, writing: bool, limit: Duration) -> io::Result<()> {
        let mut fds = Vec::with_capacity(3);
        if !self.ended[0] {
            fds.push(PollFd::new(&self.stdout, PollFlags::IN));
        }
        if !self.ended[1] {
            fds.push(PollFd::new(&self.stderr, PollFlags::IN));
        }
        if writing {
            fds.push(PollFd::new(&self.stdin, PollFlags::OUT));
        }
        wait_for(&mut fds, limit)
    }
}

/// Polls; a signal is no error, the caller looks again anyway.
pub(super) fn wait_for(fds: &mut [PollFd<'_>], limit: Duration) -> io::Result<()> {
    let limit = Timespec::try_from(limit).map_err(io::Error::other)?;
    match poll(fds, Some(&limit)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

impl Drop for Process {
    /// The shell ends by itself when its stdin does; one that doesn't is not waited for.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A shell on this machine.
pub(super) fn local() -> Result<Box<dyn Pipe>, Failure> {
    let process = Process::spawn(Command::new("/bin/sh").arg("-c").arg(EXEC));
    let process = process.map_err(|e| {
        Failure::new(FailureKind::Unreachable, format!("`/bin/sh` can't be run on this machine: {e}"))
    })?;
    Ok(Box::new(process))
}

/// A shell through the system's `ssh`, which reads ~/.ssh/config by itself.
pub(super) fn openssh(connector: &Connector, login: &Login) -> Result<Box<dyn Pipe>, Failure> {
    if login.password.is_some() {
        let message = format!("the login password of `{}` can't be given to the system's `ssh`", login.name);
        return Err(Failure::new(FailureKind::Input, message)
            .hint("use a key or an agent, or leave out `-c openssh`"));
    }
    let mut command = Command::new("ssh");
    command.args(openssh_arguments(connector, login)?);
    let process = Process::spawn(&mut command).map_err(|e| {
        Failure::new(FailureKind::Unreachable, format!("`ssh` can't be run: {e}"))
            .hint("install openssh-client, or leave out `-c openssh`")
    })?;
    Ok(Box::new(process))
}

fn openssh_arguments(connector: &Connector, login: &Login) -> Result<Vec<OsString>, Failure> {
    if login.address.starts_with('-') {
        let message = format!("`{}` can't be the address of `{}`", login.address, login.name);
        return Err(Failure::new(FailureKind::Input, message));
    }
    let mut arguments: Vec<OsString> = Vec::new();
    if let Some(file) = &connector.options.ssh_config {
        arguments.extend(["-F".into(), file.into()]);
    }
    let accept = if connector.options.accept_new_host_keys { "accept-new" } else { "yes" };
    let timeout = login.connect_timeout.unwrap_or(Duration::from_secs(10)).as_secs().max(1);
    let mut options = vec![
        "BatchMode=yes".to_string(),
        format!("StrictHostKeyChecking={accept}"),
        format!("ConnectTimeout={timeout}"),
        "ServerAliveInterval=15".to_string(),
        // Whatever ssh_config says: a host that harda logs in to is not to reach others from there.
        "ForwardAgent=no".to_string(),
        "ForwardX11=no".to_string(),
        "ClearAllForwardings=yes".to_string(),
    ];
    if login.afresh {
        // One that rides on a connection that is there already proves nothing.
        options.push("ControlPath=none".to_string());
    }
    if !login.known_hosts.is_empty() {
        let files: Vec<_> = login.known_hosts.iter().map(|f| format!("\"{}\"", f.display())).collect();
        options.push(format!("UserKnownHostsFile={}", files.join(" ")));
    }
    options.extend(outdated::options(connector, login)?);
    options.extend(login.proxy_jump.iter().map(|jump| format!("ProxyJump={jump}")));
    for option in options {
        arguments.extend(["-o".into(), option.into()]);
    }
    for file in &login.key_files {
        arguments.extend(["-i".into(), file.into()]);
    }
    arguments.extend(login.port.iter().flat_map(|port| ["-p".into(), port.to_string().into()]));
    arguments.extend(login.user.iter().flat_map(|user| ["-l".into(), user.into()]));
    arguments.extend(["-T".into(), "--".into(), (&login.address).into(), EXEC.into()]);
    Ok(arguments)
}
