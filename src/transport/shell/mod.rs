//! The framed shell: one shell on a host that runs request after request (see `text` for its side).

mod ascend;
mod exchange;
pub(super) mod frames;
mod request;
mod text;

use std::io::ErrorKind;
use std::time::Duration;

use getrandom::fill;

use super::failure::{Failure, FailureKind};
use super::pipe::{Pipe, Stream};
use super::{Become, BecomeMethod};
use crate::fragment::{Fragment, Reply};
use exchange::{Broken, Exchange};
use request::Outgoing;

pub use exchange::Traffic;
pub(super) use request::Run;
pub(super) use text::EXEC;

/// How long sudo or su may take: a directory service behind PAM can be slow.
const BECOME_LIMIT: Duration = Duration::from_secs(60);

/// A shell behind a pipe, about to be used or in use.
pub(super) struct Shell {
    host: String,
    pipe: Box<dyn Pipe>,
    stage: Stage,
    /// How often a login step had to wait for the host (a password prompt and its outcome).
    pub(super) login_steps: u32,
    pub(super) traffic: Traffic,
}

/// How far the shell has come.
enum Stage {
    /// `EXEC` waits for its line. Nothing was sent yet: the first request rides along.
    Fresh(Option<Become>),
    Looping,
}

/// Why a request brought no replies.
pub(super) enum NoReply {
    /// The shell was gone before the request was begun: sending it again is safe if it only reads.
    Gone(Failure),
    Failed(Failure),
}

impl From<Failure> for NoReply {
    fn from(failure: Failure) -> Self {
        NoReply::Failed(failure)
    }
}

impl From<Broken> for NoReply {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::BeforeStart(failure) => NoReply::Gone(failure),
            Broken::Failed(failure) => NoReply::Failed(failure),
            // Only a boot line refuses, and its exchange is handled where it is sent.
            Broken::Refused { .. } => {
                NoReply::Failed(Failure::new(FailureKind::Protocol, "the shell was refused after its start"))
            }
        }
    }
}

impl Shell {
    /// A shell that was exec'd with `EXEC` on `pipe` and becomes `target` with its first request.
    pub(super) fn new(host: &str, pipe: Box<dyn Pipe>, target: Option<Become>) -> Self {
        Shell {
            host: host.to_string(),
            pipe,
            stage: Stage::Fresh(target),
            login_steps: 0,
            traffic: Traffic::default(),
        }
    }

    /// Runs all of `runs` on the host: one request, one reply for each.
    pub(super) fn send(&mut self, runs: &[Run<'_>], beat: &mut dyn FnMut()) -> Result<Vec<Reply>, NoReply> {
        let target = match &self.stage {
            Stage::Fresh(Some(target)) => target.clone(),
            stage => return self.send_to_loop(matches!(stage, Stage::Fresh(_)), runs, beat),
        };
        if runs.iter().any(|run| !run.fragment.input.is_empty()) {
            // Inputs don't ride along with a boot line: if sudo wants a password, all that rides
            // must be dropped.
            let nothing = Fragment::new(":").deadline(BECOME_LIMIT);
            self.send(&[Run { fragment: &nothing, apart: false, beats: false, inside: false }], beat)?;
            return self.send_to_loop(false, runs, beat);
        }
        match target.method {
            BecomeMethod::Sudo => self.send_by_sudo(&target, runs, beat),
            BecomeMethod::Su => {
                let boot = nonce()?;
                self.push(text::su_line(&target, &boot).as_bytes())?;
                self.ascend(&target, &boot, Vec::new())?;
                self.send_to_loop(true, runs, beat)
            }
        }
    }

    /// Sends to the loop, or (`fresh`) to a shell that takes the loop's line first.
    fn send_to_loop(
        &mut self,
        fresh: bool,
        runs: &[Run<'_>],
        beat: &mut dyn FnMut(),
    ) -> Result<Vec<Reply>, NoReply> {
        let nonce = nonce()?;
        let mut first = if fresh { text::loop_line().into_bytes() } else { Vec::new() };
        first.extend_from_slice(&request::compose(&nonce, runs)?);
        let mut outgoing = Outgoing::new(first);
        outgoing.push_inputs(runs);
        self.stage = Stage::Looping;
        Ok(self.exchange(&nonce, &mut outgoing, runs, None, beat)?)
    }

    /// Becomes the user by sudo; where it asks for no password the request is answered at once.
    fn send_by_sudo(
        &mut self,
        target: &Become,
        runs: &[Run<'_>],
        beat: &mut dyn FnMut(),
    ) -> Result<Vec<Reply>, NoReply> {
        let (boot, nonce) = (nonce()?, nonce()?);
        let riding = [text::loop_line().into_bytes(), request::compose(&nonce, runs)?].concat();
        let line = text::sudo_line(target, &boot, riding.len());
        let mut outgoing = Outgoing::new([line.into_bytes(), riding].concat());
        self.stage = Stage::Looping;
        match self.exchange(&nonce, &mut outgoing, runs, Some(&boot), beat) {
            Err(Broken::Refused { said, .. }) if target.password.is_none() => {
                Err(ascend::refused(&self.host, target, &said).into())
            }
            Err(Broken::Refused { rest, .. }) => {
                self.ascend(target, &boot, rest)?;
                self.send_to_loop(true, runs, beat)
            }
            result => Ok(result?),
        }
    }

    fn exchange(
        &mut self,
        nonce: &str,
        outgoing: &mut Outgoing,
        runs: &[Run<'_>],
        boot: Option<&str>,
        beat: &mut dyn FnMut(),
    ) -> Result<Vec<Reply>, Broken> {
        let awaited: Vec<_> = runs.iter().map(Run::awaited).collect();
        let mut exchange = Exchange {
            host: &self.host,
            pipe: self.pipe.as_mut(),
            traffic: &mut self.traffic,
            beat,
            refusal: boot.map(|boot| format!("\n{boot} refused ")),
        };
        exchange.run(nonce, outgoing, &awaited)
    }
}

/// 128 random bits that mark one request's replies.
fn nonce() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    fill(&mut bytes)
        .map_err(|e| Failure::new(FailureKind::Input, format!("the system gave no random numbers: {e}")))?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

impl Shell {
    /// Whether the host has ended the shell, as far as is known here. What it printed since the
    /// last request is dropped, as it would be before the next one.
    pub(super) fn is_gone(&mut self) -> bool {
        let mut buffer = [0; 4096];
        [Stream::Out, Stream::Err].into_iter().any(|stream| {
            // What never ends is the next request's to complain of.
            (0..32).find_map(|_| match self.pipe.read(stream, &mut buffer) {
                Ok(0) => Some(true),
                Ok(_) => None,
                Err(e) => Some(e.kind() != ErrorKind::WouldBlock),
            }) == Some(true)
        })
    }
}
