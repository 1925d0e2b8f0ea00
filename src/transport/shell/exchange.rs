//! Sending one request and taking its replies, both directions at once.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use super::frames::{Event, Frames, Garbled, NOISE_KEPT};
use super::request::{Awaited, Outgoing};
use crate::fail_point::{self, Point};
use crate::fragment::Reply;
use crate::transport::failure::{Failure, FailureKind, last_words};
use crate::transport::pipe::{Pipe, Stream};

/// Three beats, five seconds each, and what a busy network may add.
const SILENCE: Duration = Duration::from_secs(20);
/// How much a host must take within a step's deadline for the deadline to begin anew: one that takes
/// a byte now and then would otherwise never be late.
const FAIR: usize = 64 << 10;

/// Bytes that went over the wire, as the shell counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Traffic {
    pub sent: u64,
    pub received: u64,
}

/// How an exchange ended otherwise than with replies.
pub(super) enum Broken {
    /// The stream ended before the request was begun: nothing of it was run.
    BeforeStart(Failure),
    /// `sudo -n` was refused: what it printed, and what came behind that already.
    Refused {
        said: Vec<u8>,
        rest: Vec<u8>,
    },
    Failed(Failure),
}

impl From<Failure> for Broken {
    fn from(failure: Failure) -> Self {
        Broken::Failed(failure)
    }
}

/// One stream of the reply: its parser and the fragments' outputs.
struct Incoming {
    frames: Frames,
    outputs: Vec<Vec<u8>>,
    statuses: Vec<i32>,
    truncated: Vec<bool>,
    ended: bool,
}

impl Incoming {
    fn new(nonce: &str, count: usize) -> Self {
        Incoming {
            frames: Frames::new(nonce),
            outputs: vec![Vec::new(); count],
            statuses: Vec::with_capacity(count),
            truncated: vec![false; count],
            ended: false,
        }
    }

    /// Takes bytes; returns whether there was a beat.
    fn feed(&mut self, bytes: &[u8], awaited: &[Awaited]) -> Result<bool, Garbled> {
        let Incoming { frames, outputs, statuses, truncated, .. } = self;
        let (mut beat, mut disorder) = (false, false);
        frames.feed(bytes, &mut |event| match event {
            Event::Start => {}
            Event::Beat => beat = true,
            Event::End { index, status } if index == statuses.len() && index < awaited.len() => {
                statuses.push(status);
            }
            Event::End { .. } => disorder = true,
            Event::Content(content) => {
                // What comes after the last mark belongs to nobody.
                if let Some(output) = outputs.get_mut(statuses.len()) {
                    let room = awaited[statuses.len()].max_output - output.len();
                    output.extend_from_slice(&content[..content.len().min(room)]);
                    truncated[statuses.len()] |= content.len() > room;
                }
            }
        })?;
        if disorder { Err(Garbled::BadMark) } else { Ok(beat) }
    }
}

/// One request on its way.
pub(super) struct Exchange<'a> {
    pub(super) host: &'a str,
    pub(super) pipe: &'a mut dyn Pipe,
    pub(super) traffic: &'a mut Traffic,
    pub(super) beat: &'a mut dyn FnMut(),
    /// The mark by which the boot line says that it was refused, while that can still happen.
    pub(super) refusal: Option<String>,
}

impl Exchange<'_> {
    /// Sends everything in `outgoing` and returns the replies to the request with this nonce.
    pub(super) fn run(
        &mut self,
        nonce: &str,
        outgoing: &mut Outgoing,
        awaited: &[Awaited],
    ) -> Result<Vec<Reply>, Broken> {
        let mut streams = [Incoming::new(nonce, awaited.len()), Incoming::new(nonce, awaited.len())];
        let mut clock = Clock::start();
        let mut buffer = vec![0; 64 << 10];
        let mut writable = true;
        let mut all_sent = false;
        loop {
            let (sent, pending) = self.write(outgoing, &mut writable)?;
            if !pending && !std::mem::replace(&mut all_sent, true) {
                fail_point::at(Point::Sent, self.host);
            }
            let mut moved = sent > 0;
            for which in [Stream::Out, Stream::Err] {
                moved |= self.read(which, &mut streams[which as usize], &mut buffer, awaited, &mut clock)?;
            }
            self.check_refusal(&streams[1])?;
            let done = streams.iter().map(|s| s.statuses.len()).min().unwrap_or(0);
            if done == awaited.len() && streams.iter().all(|s| s.frames.started()) {
                return Ok(replies(streams));
            }
            if streams.iter().all(|s| s.ended) {
                return Err(self.ended(&streams, done));
            }
            clock.fragment(done);
            clock.sent(sent, pending);
            // Looked at whether anything came or not: output without end is late too.
            let left = clock.left(&awaited[done]).map_err(|why| self.late(why, &streams[1]))?;
            if !moved {
                self.pipe.wait(pending && writable, left).map_err(|e| self.lost(&e.to_string()))?;
            }
        }
    }

    /// Writes what the pipe takes: how much that was, and whether something is left.
    fn write(&mut self, outgoing: &mut Outgoing, writable: &mut bool) -> Result<(usize, bool), Broken> {
        if !*writable {
            return Ok((0, false));
        }
        let chunk = outgoing.chunk()?;
        if chunk.is_empty() {
            return Ok((0, false));
        }
        match self.pipe.write(chunk) {
            Ok(sent) => {
                outgoing.sent(sent);
                self.traffic.sent += sent as u64;
                Ok((sent, true))
            }
            Err(e) if e.kind() == ErrorKind::WouldBlock => Ok((0, true)),
            // The host won't read any more; what it said before it went may tell why.
            Err(_) => {
                *writable = false;
                Ok((0, false))
            }
        }
    }

    fn read(
        &mut self,
        which: Stream,
        incoming: &mut Incoming,
        buffer: &mut [u8],
        awaited: &[Awaited],
        clock: &mut Clock,
    ) -> Result<bool, Broken> {
        if incoming.ended {
            return Ok(false);
        }
        // A refusal is looked for after each read, in what is kept of the noise: a flood behind it
        // must not push it out.
        let refusable = self.refusal.is_some() && !incoming.frames.started();
        let most = if refusable { NOISE_KEPT / 2 } else { buffer.len() };
        match self.pipe.read(which, &mut buffer[..most]) {
            Ok(0) => incoming.ended = true,
            Ok(n) => {
                self.traffic.received += n as u64;
                clock.heard();
                let fed = incoming.feed(&buffer[..n], awaited);
                if fed.map_err(|why| self.garbled(why, incoming))? {
                    (self.beat)();
                }
                return Ok(true);
            }
            Err(e) if e.kind() == ErrorKind::WouldBlock => {}
            // A reset is an end too; the rest of the other stream may still be there.
            Err(_) => incoming.ended = true,
        }
        Ok(false)
    }

    fn check_refusal(&self, errors: &Incoming) -> Result<(), Broken> {
        let Some(mark) = &self.refusal else { return Ok(()) };
        let noise = errors.frames.noise();
        let Some(at) = noise.windows(mark.len()).position(|w| w == mark.as_bytes()) else { return Ok(()) };
        let behind = &noise[at + mark.len()..];
        // The status behind the mark must have come too.
        match behind.iter().position(|b| *b == b';') {
            Some(end) => {
                Err(Broken::Refused { said: noise[..at].to_vec(), rest: behind[end + 1..].to_vec() })
            }
            None => Ok(()),
        }
    }

    fn ended(&self, streams: &[Incoming; 2], done: usize) -> Broken {
        if streams.iter().any(|s| s.frames.started()) {
            let step = done + 1;
            let mut message = format!("`{}` closed the connection in step {step} of the request", self.host);
            if let Some(words) = streams[1].outputs.get(done).and_then(|o| last_words(o)) {
                message += &format!(", its last words: {words}");
            }
            return Broken::Failed(Failure::new(FailureKind::Closed, message));
        }
        let said = last_words(streams[1].frames.noise()).or_else(|| last_words(streams[0].frames.noise()));
        let message = match said {
            Some(words) => format!("`{}` ended the shell before it could be used: {words}", self.host),
            None => format!("`{}` closed the connection before the shell could be used", self.host),
        };
        Broken::BeforeStart(Failure::new(FailureKind::Closed, message))
    }

    fn late(&self, why: Late, errors: &Incoming) -> Broken {
        let message = match why {
            Late::Deadline(limit) if errors.frames.started() => {
                format!("a step on `{}` took longer than {} s", self.host, limit.as_secs())
            }
            Late::Deadline(limit) => {
                format!("the shell on `{}` did not answer for {} s", self.host, limit.as_secs())
            }
            Late::Silence => {
                format!("`{}` has said nothing for {} s, not even beats", self.host, SILENCE.as_secs())
            }
        };
        Broken::Failed(Failure::new(FailureKind::TimedOut, message))
    }

    fn lost(&self, why: &str) -> Broken {
        Broken::Failed(Failure::new(
            FailureKind::Closed,
            format!("the connection to `{}` was lost: {why}", self.host),
        ))
    }

    fn garbled(&self, why: Garbled, incoming: &Incoming) -> Broken {
        let host = self.host;
        let failure = match why {
            Garbled::TooMuchNoise => {
                let words = last_words(incoming.frames.noise()).unwrap_or_default();
                let message = format!("`{host}` prints without end before its shell answers: {words}");
                Failure::new(FailureKind::Protocol, message)
                    .hint("let the login shell's rc files print nothing where there is no terminal")
            }
            Garbled::BadMark => Failure::new(
                FailureKind::Protocol,
                format!("the shell on `{host}` sent a mark that can't be"),
            ),
        };
        Broken::Failed(failure)
    }
}

/// Both streams' outputs, put together by fragment.
fn replies(streams: [Incoming; 2]) -> Vec<Reply> {
    let [out, err] = streams;
    let cut = out.truncated.iter().zip(&err.truncated).map(|(a, b)| *a || *b);
    let outputs = out.outputs.into_iter().zip(err.outputs).zip(out.statuses).zip(cut);
    outputs
        .map(|(((stdout, stderr), status), truncated)| Reply { stdout, stderr, status, truncated })
        .collect()
}

enum Late {
    Deadline(Duration),
    Silence,
}

/// The deadlines of the fragment that is being run.
struct Clock {
    fragment: usize,
    since: Instant,
    heard: Instant,
    /// Bytes that the host took since the deadline began.
    taken: usize,
    pending: bool,
}

impl Clock {
    fn start() -> Self {
        let now = Instant::now();
        Clock { fragment: 0, since: now, heard: now, taken: 0, pending: true }
    }

    /// Fragment `index` is the one being run.
    fn fragment(&mut self, index: usize) {
        if index != self.fragment {
            self.fragment = index;
            self.restart();
        }
    }

    /// While bytes still move to the host at a fair rate its step hasn't had all of its input.
    fn sent(&mut self, bytes: usize, pending: bool) {
        self.taken += bytes;
        let all_sent = self.pending && !pending;
        self.pending = pending;
        if self.taken >= FAIR || all_sent {
            self.restart();
        }
    }

    fn restart(&mut self) {
        self.since = Instant::now();
        self.taken = 0;
    }

    fn heard(&mut self) {
        self.heard = Instant::now();
    }

    fn left(&self, awaited: &Awaited) -> Result<Duration, Late> {
        let over = Late::Deadline(awaited.deadline);
        let left = awaited.deadline.checked_sub(self.since.elapsed()).ok_or(over)?;
        if !awaited.beats {
            return Ok(left);
        }
        let quiet = SILENCE.checked_sub(self.heard.elapsed()).ok_or(Late::Silence)?;
        Ok(left.min(quiet))
    }
}
