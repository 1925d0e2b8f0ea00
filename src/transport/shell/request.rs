//! One request: many fragments, one header, one program, and their inputs raw behind it.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::fragment::{Fragment, Input, quote};
use crate::transport::failure::{Failure, FailureKind};

/// Inputs are passed on by `dd` in blocks of this size.
const BLOCK: u64 = 64 << 10;

/// A fragment and how it is to be run.
pub(in crate::transport) struct Run<'a> {
    pub(in crate::transport) fragment: &'a Fragment,
    /// In a shell process of its own: what a playbook's author or a change runs may end its shell,
    /// which must not be the loop's. Our own questions are trusted with a subshell, which costs a
    /// third of that.
    pub(in crate::transport) apart: bool,
    /// The host says every few seconds that it still works on it.
    pub(in crate::transport) beats: bool,
    /// In the loop's own shell: what takes the host's lock, so that the loop holds it.
    pub(in crate::transport) inside: bool,
}

/// What must be known of a fragment to take its reply.
pub(super) struct Awaited {
    pub(super) deadline: Duration,
    pub(super) max_output: usize,
    pub(super) beats: bool,
}

/// The header and program of a request.
pub(super) fn compose(nonce: &str, runs: &[Run<'_>]) -> Result<Vec<u8>, Failure> {
    let mut program = String::new();
    for (index, run) in runs.iter().enumerate() {
        program += &step(index, run)?;
    }
    program += &format!("#{nonce}");
    let mut request = format!("{nonce} {}\n", program.len()).into_bytes();
    request.extend_from_slice(program.as_bytes());
    Ok(request)
}

/// The lines of the program that run one fragment. The loop's lock (see `lock`) is closed for all
/// that they start: a daemon would hold it for ever.
fn step(index: usize, run: &Run<'_>) -> Result<String, Failure> {
    let fragment = run.fragment;
    let script = script_of(fragment)?;
    if run.inside {
        return Ok(format!("eval {}; _e {index} $?\n", quote(&script)));
    }
    let size: u64 = fragment.input.iter().map(Input::len).sum();
    let input = format!("_i {} {}", size / BLOCK, size % BLOCK);
    let body = match &fragment.user {
        None if !run.apart && size == 0 => format!("(unset N p; eval {}) </dev/null 9>&-", quote(&script)),
        None if !run.apart => format!("{input} | _d eval {} 9>&-", quote(&format!("unset N p; {script}"))),
        user => {
            let child = match user {
                Some(user) => format!("_u {}", user_name(user)?),
                None => "_c".to_string(),
            };
            let feed = format!("printf '%s\\n%s' {} {}", script.len(), quote(&script));
            format!("{{ {feed}; {input}; }} | _d {child} 9>&-")
        }
    };
    Ok(if run.beats {
        // By the signal that nothing can catch: until the new shell has put down the loop's traps,
        // another one would be taken and forgotten, and the wait would never end.
        format!("_b 9>&- & B=$!; {body}; s=$?; {{ kill -9 $B; wait $B; }} 2>/dev/null; _e {index} $s\n")
    } else {
        format!("{body}; _e {index} $?\n")
    })
}

/// The script with its surroundings. They are said again here because PAM may have changed them
/// for another user.
fn script_of(fragment: &Fragment) -> Result<String, Failure> {
    let mut script = String::new();
    if fragment.user.is_some() {
        script += "LC_ALL=C; export LC_ALL; umask 022; cd /\n";
    }
    for (name, value) in &fragment.environment {
        script += &format!("export {}={}\n", variable_name(name)?, quote(value));
    }
    script += &fragment.script.replace('\0', "");
    script.push('\n');
    Ok(script)
}

/// A user's name goes where runuser and sudo look for options too.
fn user_name(name: &str) -> Result<String, Failure> {
    if name.is_empty() || name.starts_with('-') {
        return Err(Failure::new(FailureKind::Input, format!("`{name}` can't be a user's name")));
    }
    Ok(quote(name))
}

fn variable_name(name: &str) -> Result<&str, Failure> {
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(letters) || name.starts_with(|c: char| c.is_ascii_digit()) {
        let message = format!("environment variable `{name}` can't be set by a shell");
        return Err(Failure::new(FailureKind::Input, message)
            .hint("use a name of letters, digits and `_` that doesn't begin with a digit"));
    }
    Ok(name)
}

/// The bytes still to be sent, a chunk at a time, so that a file is never in memory whole.
pub(super) struct Outgoing {
    parts: VecDeque<Part>,
    chunk: Vec<u8>,
    at: usize,
}

enum Part {
    Owned(Vec<u8>),
    Shared(Arc<[u8]>),
    File { path: PathBuf, size: u64 },
    Open { path: PathBuf, file: File, left: u64 },
}

impl Outgoing {
    pub(super) fn new(first: Vec<u8>) -> Self {
        Outgoing { parts: VecDeque::from([Part::Owned(first)]), chunk: Vec::new(), at: 0 }
    }

    pub(super) fn push_inputs(&mut self, runs: &[Run<'_>]) {
        for input in runs.iter().flat_map(|run| &run.fragment.input) {
            self.parts.push_back(match input {
                Input::Bytes(bytes) => Part::Shared(bytes.clone()),
                Input::File { path, size } => Part::File { path: path.clone(), size: *size },
            });
        }
    }

    /// The next bytes, the same ones until `sent` says that they went out; empty at the end.
    pub(super) fn chunk(&mut self) -> Result<&[u8], Failure> {
        while self.at == self.chunk.len() {
            let Some(part) = self.parts.pop_front() else { break };
            self.at = 0;
            self.chunk.clear();
            match part {
                Part::Owned(bytes) => self.chunk = bytes,
                Part::Shared(bytes) => self.chunk.extend_from_slice(&bytes),
                Part::File { path, size } => {
                    let file = File::open(&path).map_err(|e| unreadable(&path, &e.to_string()))?;
                    self.parts.push_front(Part::Open { path, file, left: size });
                }
                Part::Open { path, file, left } => self.read_on(path, file, left)?,
            }
        }
        Ok(&self.chunk[self.at..])
    }

    pub(super) fn sent(&mut self, bytes: usize) {
        self.at += bytes;
    }

    fn read_on(&mut self, path: PathBuf, mut file: File, left: u64) -> Result<(), Failure> {
        let wanted = left.min(BLOCK);
        let taken = read_chunk(&mut file, wanted, &mut self.chunk);
        let taken = taken.map_err(|e| unreadable(&path, &e.to_string()))?;
        if taken < wanted {
            return Err(unreadable(&path, "it became shorter while it was sent"));
        }
        if left > taken {
            self.parts.push_front(Part::Open { path, file, left: left - taken });
        }
        Ok(())
    }
}

fn read_chunk(file: &mut File, wanted: u64, chunk: &mut Vec<u8>) -> io::Result<u64> {
    file.take(wanted).read_to_end(chunk).map(|n| n as u64)
}

fn unreadable(path: &std::path::Path, why: &str) -> Failure {
    Failure::new(FailureKind::Input, format!("`{}` can't be sent: {why}", path.display()))
}

impl Run<'_> {
    pub(super) fn awaited(&self) -> Awaited {
        Awaited { deadline: self.fragment.deadline, max_output: self.fragment.max_output, beats: self.beats }
    }
}
