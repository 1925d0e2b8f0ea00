//! What the framed shell stands on: two-way bytes to a shell, never blocking.

use std::io;
use std::time::Duration;

/// Where a shell's output comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Out,
    Err,
}

/// A shell somewhere. Neither reading nor writing waits: with nothing to do they return
/// `WouldBlock`, and the caller goes on with the other direction before it calls `wait`. That is
/// what keeps a large upload and a large reply from blocking one another for ever.
pub(super) trait Pipe: Send {
    /// Takes as many of `bytes` as it can. After `WouldBlock` the same bytes are offered again.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Reads into `buffer`; 0 is the end of the stream.
    fn read(&mut self, stream: Stream, buffer: &mut [u8]) -> io::Result<usize>;

    /// Waits until there is something to read (or room to write, if `writing`), or for `limit`.
    fn wait(&mut self, writing: bool, limit: Duration) -> io::Result<()>;
}
