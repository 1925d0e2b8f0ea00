//! A limit on what libssh2 does at one go, whatever the host sends meanwhile.
//!
//! Its own time-out only counts while nothing comes: a host that sends lines before its banner, or
//! packets that are to be ignored, without end, is never late by it.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::{Builder, scope};
use std::time::Duration;

use rustix::net::{Shutdown, shutdown};

/// The watcher only waits and makes one system call.
const STACK: usize = 64 << 10;

/// Runs `call`, and shuts the connection down under it once `limit` has passed.
pub(super) fn within<T>(socket: &OwnedFd, limit: Duration, call: impl FnOnce() -> T) -> T {
    let (done, waiting) = channel::<()>();
    scope(|threads| {
        let watch = move || {
            if waiting.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                let _ = shutdown(socket.as_fd(), Shutdown::Both);
            }
        };
        // Without a thread to spare there still is libssh2's own limit.
        let _ = Builder::new().stack_size(STACK).spawn_scoped(threads, watch);
        let result = call();
        drop(done);
        result
    })
}
