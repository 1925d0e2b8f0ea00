//! What the engine holds: a session that can only ask, and one that can also change.

use std::time::{Duration, Instant};

use super::connector::Connector;
use super::failure::Failure;
use super::lock::{self, Holder, Locked};
use super::process;
use super::shell::{NoReply, Run, Shell};
use super::{Become, Connection, FailureKind, Login, Proof, ssh};
use crate::fragment::{Fragment, Observation, Probe, Realisation, Reply};

/// Seconds for a shell whose connection has gone to end and give up the host's lock.
const MOMENT: u64 = 5;

/// What may be sent while planning.
#[derive(Clone, Debug)]
pub enum Question {
    Observe(Observation),
    Probe(Probe),
}

impl Question {
    fn run(&self) -> Run<'_> {
        match self {
            Question::Observe(Observation(fragment)) => {
                Run { fragment, apart: false, beats: false, inside: false }
            }
            Question::Probe(Probe(fragment)) => Run { fragment, apart: true, beats: false, inside: false },
        }
    }
}

/// What a session cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// Requests and their replies, after the login.
    pub round_trips: u32,
    /// Times that becoming the user had to wait for the host: two where a password was asked for.
    pub login_steps: u32,
    pub bytes_sent: u64,
    pub bytes_received: u64,
    /// Connecting and logging in, without becoming the user, which goes with the first request.
    pub login_time: Duration,
}

/// A session that can ask, and has no way to send what changes the host:
///
/// ```compile_fail,E0599
/// use harda::fragment::{Fragment, Realisation};
/// fn dry_run(session: &mut harda::transport::PlanSession) {
///     session.realise(&Realisation(Fragment::new("rm -rf /")), &mut || {});
/// }
/// ```
pub struct PlanSession {
    link: Link,
}

/// A session that can ask and change.
pub struct ApplySession {
    link: Link,
}

/// Logs in to a host. Becoming the user comes with the first request: where it needs no password
/// it costs no round trip.
pub fn open(connector: &Connector, login: &Login, target: Option<&Become>) -> Result<PlanSession, Failure> {
    let begun = Instant::now();
    let (shell, proof) = connect(connector, login, target)?;
    let link = Link {
        connector: connector.clone(),
        login: login.clone(),
        target: target.cloned(),
        shell,
        proof,
        used: false,
        broken: false,
        past: Counts { login_time: begun.elapsed(), ..Counts::default() },
        holder: None,
    };
    Ok(PlanSession { link })
}

impl PlanSession {
    /// Asks the whole batch in one round trip; one reply for each question, in their order.
    pub fn send(&mut self, batch: &[Question]) -> Result<Vec<Reply>, Failure> {
        self.link.ask(batch)
    }

    pub fn counts(&self) -> Counts {
        self.link.counts()
    }

    /// By what the host let us in.
    pub fn proof(&self) -> &Proof {
        &self.link.proof
    }

    /// The same session with leave to change the host.
    pub fn into_apply(self) -> ApplySession {
        ApplySession { link: self.link }
    }
}

impl ApplySession {
    /// Asks the whole batch in one round trip; one reply for each question, in their order.
    pub fn send(&mut self, batch: &[Question]) -> Result<Vec<Reply>, Failure> {
        self.link.ask(batch)
    }

    /// Runs a script that changes the host. `beat` is called whenever the host says that it still
    /// works on it, every five seconds.
    pub fn realise(&mut self, change: &Realisation, beat: &mut dyn FnMut()) -> Result<Reply, Failure> {
        self.link.change(&change.0, beat)
    }

    /// Takes the host's lock for this session, waiting for so many seconds while another has it.
    pub fn lock(&mut self, holder: &Holder, wait: u64) -> Result<Locked, Failure> {
        let locked = self.link.lock(holder, wait)?;
        self.link.holder = (locked == Locked::Held).then(|| holder.clone());
        Ok(locked)
    }

    /// Gives the lock back, if this session has it.
    pub fn unlock(&mut self) -> Result<(), Failure> {
        match self.link.holder.take() {
            Some(_) if !self.link.broken && !self.link.shell.is_gone() => {
                self.link.inside(&lock::give()).map(drop)
            }
            _ => Ok(()),
        }
    }

    pub fn counts(&self) -> Counts {
        self.link.counts()
    }
}

/// A shell, and what it takes to open it again.
struct Link {
    connector: Connector,
    login: Login,
    target: Option<Become>,
    shell: Shell,
    proof: Proof,
    /// The shell has answered before: if it is gone now, it was closed while idle.
    used: bool,
    /// An exchange failed: what the old shell still says or does is of no use any more.
    broken: bool,
    /// Of shells that are gone.
    past: Counts,
    /// The shell holds the host's lock for this one.
    holder: Option<Holder>,
}

impl Link {
    fn ask(&mut self, batch: &[Question]) -> Result<Vec<Reply>, Failure> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        if self.broken {
            self.reopen()?;
        }
        let runs: Vec<Run<'_>> = batch.iter().map(Question::run).collect();
        match self.send(&runs, &mut || {}) {
            // Asking twice does no harm.
            Err(NoReply::Gone(_)) if self.used => {
                self.reopen()?;
                self.send(&runs, &mut || {}).map_err(failure_of)
            }
            result => result.map_err(failure_of),
        }
    }

    fn change(&mut self, fragment: &Fragment, beat: &mut dyn FnMut()) -> Result<Reply, Failure> {
        // Here it must be known before the sending: a change is never sent twice.
        if self.broken || self.used && self.shell.is_gone() {
            self.reopen()?;
        }
        let runs = [Run { fragment, apart: true, beats: true, inside: false }];
        let replies = self.send(&runs, beat).map_err(failure_of)?;
        let missing = || Failure::new(FailureKind::Protocol, "a change was made but not answered");
        replies.into_iter().next().ok_or_else(missing)
    }

    fn send(&mut self, runs: &[Run<'_>], beat: &mut dyn FnMut()) -> Result<Vec<Reply>, NoReply> {
        let sent = self.shell.send(runs, beat);
        self.broken = matches!(sent, Err(NoReply::Failed(_)));
        let replies = sent?;
        self.used = true;
        self.past.round_trips += 1;
        Ok(replies)
    }

    fn reopen(&mut self) -> Result<(), Failure> {
        self.past = self.counts();
        self.used = false;
        (self.shell, self.proof) = connect(&self.connector, &self.login, self.target.as_ref())?;
        self.broken = false;
        let Some(holder) = self.holder.clone() else { return Ok(()) };
        // The lock went with the old shell, which may take a moment to end.
        match self.lock(&holder, MOMENT)? {
            Locked::Held => Ok(()),
            Locked::Taken(by) => {
                let by = by.map_or("another run".into(), |by| by.words());
                let message =
                    format!("the connection was lost, and then the lock of the host: {by} has it now");
                Err(Failure::new(FailureKind::Closed, message))
            }
            Locked::Impossible(why) => Err(Failure::new(FailureKind::Closed, why)),
        }
    }

    fn lock(&mut self, holder: &Holder, wait: u64) -> Result<Locked, Failure> {
        Ok(lock::read(&self.inside(&lock::take(holder, wait))?))
    }

    /// Runs what is about the loop's own shell.
    fn inside(&mut self, fragment: &Fragment) -> Result<Reply, Failure> {
        let run = [Run { fragment, apart: false, beats: false, inside: true }];
        let replies = self.send(&run, &mut || {}).map_err(failure_of)?;
        Ok(replies.into_iter().next().unwrap_or_default())
    }

    fn counts(&self) -> Counts {
        Counts {
            login_steps: self.past.login_steps + self.shell.login_steps,
            bytes_sent: self.past.bytes_sent + self.shell.traffic.sent,
            bytes_received: self.past.bytes_received + self.shell.traffic.received,
            ..self.past
        }
    }
}

fn failure_of(no_reply: NoReply) -> Failure {
    match no_reply {
        NoReply::Gone(failure) | NoReply::Failed(failure) => failure,
    }
}

fn connect(connector: &Connector, login: &Login, target: Option<&Become>) -> Result<(Shell, Proof), Failure> {
    let (pipe, proof) = match login.connection {
        Connection::Ssh => ssh::open(connector, login)?,
        Connection::OpenSsh => {
            let asked = ssh::touch(connector, login);
            (
                process::openssh(connector, login)?,
                Proof { user: login.user.clone(), asked, ..Proof::default() },
            )
        }
        Connection::Local => (process::local()?, Proof::default()),
    };
    // Who is that user already needs no tool for it; a host that root logs in to may have no sudo.
    let target = target.filter(|target| Some(&target.user) != proof.user.as_ref());
    Ok((Shell::new(&login.name, pipe, target.cloned()), proof))
}
