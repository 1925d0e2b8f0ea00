//! The one channel of a connection, as a pipe that never blocks.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::net::{Shutdown, shutdown};
use ssh2::{BlockDirections, Channel, Session};

use super::connect::{ANSWER_LIMIT, Entered};
use super::watch::within;
use crate::transport::pipe::{Pipe, Stream};
use crate::transport::process::wait_for;

/// How long half a packet may wait for room on the wire; the kernel gives up on a dead peer
/// (TCP_USER_TIMEOUT) before that.
const STUCK: Duration = Duration::from_secs(90);

pub(super) struct SshPipe {
    channel: Channel,
    entered: Entered,
}

impl SshPipe {
    pub(super) fn start(entered: Entered, command: &str) -> Result<Self, ssh2::Error> {
        let channel = within(&entered.socket, ANSWER_LIMIT, || {
            let mut channel = entered.session.channel_session()?;
            channel.exec(command)?;
            Ok::<_, ssh2::Error>(channel)
        })?;
        entered.session.set_blocking(false);
        Ok(SshPipe { channel, entered })
    }
}

/// Runs a call of libssh2's until it is done or has nothing to do.
///
/// A call that stopped with half a packet on the wire must be repeated, the same one, before any
/// other. Waiting for room there can't deadlock: sshd reads from the wire whatever its own output
/// does.
pub(super) fn whole_packets(
    session: &Session,
    socket: BorrowedFd<'_>,
    mut call: impl FnMut() -> io::Result<usize>,
) -> io::Result<usize> {
    let begun = std::time::Instant::now();
    loop {
        let result = call();
        let blocked = matches!(&result, Err(e) if e.kind() == ErrorKind::WouldBlock);
        let outbound =
            matches!(session.block_directions(), BlockDirections::Outbound | BlockDirections::Both);
        if !(blocked && outbound) {
            return result;
        }
        wait_for(&mut [PollFd::new(&socket, PollFlags::OUT)], STUCK)?;
        if begun.elapsed() >= STUCK {
            return Err(io::Error::new(ErrorKind::TimedOut, "the host takes no more bytes"));
        }
    }
}

impl Pipe for SshPipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let SshPipe { channel, entered } = self;
        whole_packets(&entered.session, entered.socket.as_fd(), || channel.write(bytes))
    }

    fn read(&mut self, stream: Stream, buffer: &mut [u8]) -> io::Result<usize> {
        let SshPipe { channel, entered } = self;
        let mut stream = channel.stream(if stream == Stream::Out { 0 } else { 1 });
        whole_packets(&entered.session, entered.socket.as_fd(), || stream.read(buffer))
    }

    fn wait(&mut self, _writing: bool, limit: Duration) -> io::Result<()> {
        // Reading one stream may have queued what belongs to the other: no news would come of it.
        if self.channel.read_window().available > 0 || self.channel.eof() {
            return Ok(());
        }
        // What a writer waits for is room in the channel's window, which is news that comes in.
        wait_for(&mut [PollFd::new(&self.entered.socket, PollFlags::IN)], limit)
    }
}

impl Drop for SshPipe {
    /// libssh2 says goodbye when it is dropped, and would wait for the host's answer.
    fn drop(&mut self) {
        let _ = shutdown(&self.entered.socket, Shutdown::Both);
    }
}
