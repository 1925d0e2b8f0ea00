//! Logging in: keys, then a password.

use std::os::fd::OwnedFd;
use std::rc::Rc;

use ssh2::{Agent, ErrorCode, PublicKey, Session};

use base64::prelude::{BASE64_STANDARD, Engine};

use super::config::Destination;
use super::connect::{ANSWER_LIMIT, Entered};
use super::keys::{KeyFile, fingerprint_of, key_type, public_beside};
use super::password;
use super::watch::within;
use crate::transport::Proof;
use crate::transport::connector::Connector;
use crate::transport::failure::{Failure, FailureKind};

/// How many keys are offered on one connection. Hardened hosts allow few (`MaxAuthTries`), and
/// each offer that fails counts, for fail2ban too. One try is kept for a password, if there is one.
const MOST_KEYS: usize = 3;

/// libssh2's numbers for "the host doesn't take it", as opposed to a key that can't be used here.
const REFUSED: [i32; 2] = [-18, -19];
/// And for a connection that is no more.
const GONE: [i32; 4] = [-1, -7, -13, -43];
const TIMEOUT: i32 = -9;

/// A key to offer.
enum Candidate {
    File(Box<KeyFile>),
    Agent(Rc<PublicKey>),
}

impl Candidate {
    fn blob(&self) -> Option<Vec<u8>> {
        match self {
            Candidate::File(file) => file.public_blob(),
            Candidate::Agent(identity) => Some(identity.blob().to_vec()),
        }
    }

    fn fingerprint(&self) -> Option<String> {
        self.blob().map(|blob| fingerprint_of(&blob))
    }

    fn describe(&self) -> String {
        match self {
            Candidate::File(file) => format!("key `{}`", file.path.display()),
            Candidate::Agent(identity) => format!("the agent's key `{}`", identity.comment()),
        }
    }

    /// Why libssh2 can't sign with it.
    fn unusable(&self) -> Option<&'static str> {
        let kind = self.blob().map(|blob| key_type(&blob)).unwrap_or_default();
        if kind.starts_with("sk-") {
            return Some("a security token's key needs `-c openssh`");
        }
        kind.contains("-cert-").then_some("a certificate needs `-c openssh`")
    }
}

/// One login under way.
pub(super) struct Attempt<'a> {
    pub(super) connector: &'a Connector,
    pub(super) destination: &'a Destination,
    pub(super) session: &'a Session,
    pub(super) socket: &'a OwnedFd,
    agent: Option<(Agent, Vec<Rc<PublicKey>>)>,
    /// Fingerprints of what was offered.
    offered: Vec<Option<String>>,
    /// What was offered or tried, and refused.
    pub(super) refused: Vec<String>,
    /// What was not offered, and why.
    left_out: Vec<String>,
    gone: bool,
    /// The host let the last try wait for too long.
    late: bool,
    /// The public key that the host took.
    let_in_by: Option<Vec<u8>>,
    /// What a person was asked.
    pub(super) asked: Option<String>,
}

/// Logs in as the destination's user.
pub(super) fn authenticate(
    connector: &Connector,
    destination: &Destination,
    entered: &Entered,
) -> Result<Proof, Failure> {
    let session = &entered.session;
    let mut attempt = Attempt {
        connector,
        destination,
        session,
        socket: &entered.socket,
        agent: None,
        offered: Vec::new(),
        refused: Vec::new(),
        left_out: Vec::new(),
        gone: false,
        late: false,
        let_in_by: None,
        asked: None,
    };
    // Asked first it is free; asked after a key it counts as a failed try.
    let methods = destination.password.as_ref().and_then(|_| attempt.methods());
    if session.authenticated() || attempt.by_keys()? {
        return Ok(attempt.proof(false));
    }
    let answers = destination.password.is_some() || attempt.wants_more();
    if !attempt.gone && answers && password::log_in(&mut attempt, methods)? {
        return Ok(attempt.proof(destination.password.is_some()));
    }
    Err(attempt.failure())
}

impl Attempt<'_> {
    fn proof(&self, by_password: bool) -> Proof {
        let line = |blob: &Vec<u8>| format!("{} {}", key_type(blob), BASE64_STANDARD.encode(blob));
        let shown = self.session.host_key().map(|(blob, _)| blob);
        let host_key = shown.map(|blob| key_type(blob).to_string());
        let fingerprint = shown.map(fingerprint_of);
        let key = self.let_in_by.as_ref().map(line);
        Proof { user: None, key, by_password, asked: self.asked.clone(), host_key, fingerprint }
    }

    /// Whether a key was only the first of two steps, and the second is for a person, who is there.
    fn wants_more(&self) -> bool {
        let takes = |methods: &str, method| methods.split(',').any(|m| m == method);
        let then = |methods: String| takes(&methods, "keyboard-interactive") && !takes(&methods, "publickey");
        let offered = !self.gone && !self.offered.is_empty() && self.connector.has_person();
        offered && self.methods().is_some_and(then)
    }

    pub(super) fn user(&self) -> &str {
        &self.destination.user
    }

    /// One question to the host and its answer.
    pub(super) fn limited<T>(&self, call: impl FnOnce() -> T) -> T {
        within(self.socket, ANSWER_LIMIT, call)
    }

    /// What the host takes now; after a partial success that is something else than before.
    pub(super) fn methods(&self) -> Option<String> {
        self.limited(|| self.session.auth_methods(self.user()).ok().map(str::to_string))
    }

    /// Offers keys in this order: what let us in elsewhere, the files that somebody named, the
    /// agent's others, the usual files. The agent is not even asked before it is needed.
    fn by_keys(&mut self) -> Result<bool, Failure> {
        let mut files = Vec::new();
        for path in &self.destination.key_files {
            files.push(Box::new(KeyFile::read(path)?));
        }
        if let Some(last) = self.connector.last_key().filter(|_| !self.destination.afresh) {
            let is_last = |file: &KeyFile| file.fingerprint().as_deref() == Some(&last);
            files.sort_by_key(|file| !is_last(file));
            let by_agent = if files.first().is_some_and(|file| is_last(file)) {
                Vec::new()
            } else {
                self.agents_own(&last)
            };
            if self.offer_all(by_agent)? {
                return Ok(true);
            }
        }
        let mut named = Vec::new();
        for file in files {
            named.push(self.in_agent_or_file(file));
        }
        if self.offer_all(named)? {
            return Ok(true);
        }
        let others = self.agents_others();
        if self.offer_all(others)? {
            return Ok(true);
        }
        let usual = self.destination.usual_keys.iter().filter(|path| path.exists());
        let usual: Vec<_> = usual
            .filter_map(|path| KeyFile::read(path).ok())
            .map(|file| Candidate::File(Box::new(file)))
            .collect();
        self.offer_all(usual)
    }

    fn offer_all(&mut self, candidates: Vec<Candidate>) -> Result<bool, Failure> {
        let most = MOST_KEYS - usize::from(self.destination.password.is_some());
        for candidate in candidates {
            let fingerprint = candidate.fingerprint();
            if fingerprint.is_some() && self.offered.contains(&fingerprint) {
                continue;
            }
            let name = candidate.describe();
            if let Some(why) = candidate.unusable() {
                self.left_out.push(format!("{name} ({why})"));
            } else if self.gone || self.offered.len() == most {
                self.left_out.push(name);
            } else if self.offer(&candidate)? {
                fingerprint.iter().for_each(|f| self.connector.remember_key(f));
                self.let_in_by = candidate.blob();
                return Ok(true);
            } else {
                self.offered.push(fingerprint);
            }
        }
        Ok(false)
    }

    fn offer(&mut self, candidate: &Candidate) -> Result<bool, Failure> {
        let result = match (candidate, &self.agent) {
            (Candidate::File(file), _) => {
                let key = self.connector.keys.unlock(file)?;
                let passphrase = key.passphrase.as_ref().map(|p| p.expose());
                self.limited(|| self.session.userauth_pubkey_memory(self.user(), None, &key.pem, passphrase))
            }
            (Candidate::Agent(identity), Some((agent, _))) => {
                // Not limited: an agent may ask somebody to confirm.
                agent.userauth(self.user(), identity)
            }
            (Candidate::Agent(_), None) => return Ok(false),
        };
        match result {
            Ok(()) => return Ok(self.session.authenticated()),
            Err(error) => self.note(candidate.describe(), &error),
        }
        Ok(false)
    }

    /// Notes why something didn't let us in.
    pub(super) fn note(&mut self, what: String, error: &ssh2::Error) {
        let ErrorCode::Session(code) = error.code() else { return self.refused.push(what) };
        // With this message it hides that the connection was closed.
        self.gone |= GONE.contains(&code) || error.message() == "Waiting for USERAUTH response";
        self.late |= code == TIMEOUT;
        self.gone |= self.late;
        if REFUSED.contains(&code) || self.gone {
            self.refused.push(what);
        } else {
            self.refused.push(format!("{what} ({})", error.message().to_lowercase()));
        }
    }

    /// A file whose key the agent holds needs no passphrase.
    fn in_agent_or_file(&mut self, file: Box<KeyFile>) -> Candidate {
        if !file.is_encrypted() {
            return Candidate::File(file);
        }
        let blob = file.public_blob();
        let in_agent =
            self.identities().into_iter().find(|identity| Some(identity.blob()) == blob.as_deref());
        in_agent.map_or(Candidate::File(file), Candidate::Agent)
    }

    fn agents_own(&mut self, fingerprint: &str) -> Vec<Candidate> {
        let is_it = |identity: &Rc<PublicKey>| fingerprint_of(identity.blob()) == fingerprint;
        self.identities().into_iter().filter(is_it).map(Candidate::Agent).collect()
    }

    /// What else the agent holds; with `IdentitiesOnly`, only what a named file stands for.
    fn agents_others(&mut self) -> Vec<Candidate> {
        let identities = self.identities();
        if !self.destination.identities_only {
            return identities.into_iter().map(Candidate::Agent).collect();
        }
        let paths = self.destination.key_files.iter().chain(&self.destination.usual_keys);
        let allowed: Vec<_> = paths.filter_map(|path| public_beside(path)).collect();
        let is_allowed = |identity: &Rc<PublicKey>| allowed.iter().any(|blob| blob == identity.blob());
        identities.into_iter().filter(is_allowed).map(Candidate::Agent).collect()
    }

    /// The agent's keys; none where there is no agent.
    fn identities(&mut self) -> Vec<Rc<PublicKey>> {
        if self.agent.is_none() && self.destination.use_agent {
            self.agent = self.ask_agent().ok();
        }
        self.agent.as_ref().map(|(_, identities)| identities.clone()).unwrap_or_default()
    }

    fn ask_agent(&self) -> Result<(Agent, Vec<Rc<PublicKey>>), ssh2::Error> {
        let mut agent = self.session.agent()?;
        if let Some(socket) = &self.destination.agent {
            agent.set_identity_path(socket)?;
        }
        agent.connect()?;
        agent.list_identities()?;
        let identities = agent.identities()?.into_iter().map(Rc::new).collect();
        Ok((agent, identities))
    }

    fn failure(&self) -> Failure {
        let Destination { name, user, .. } = self.destination;
        if self.late {
            let message = format!("`{name}` did not decide in time whether `{user}` may log in");
            return Failure::new(FailureKind::TimedOut, message)
                .hint("PAM may wait for a directory service, or sshd for a name server (`UseDNS`)");
        }
        let mut message = format!("`{name}` refused the login of `{user}`");
        if self.refused.is_empty() {
            message += ": there was no key to offer";
        } else {
            message += &format!(": it took none of: {}", self.refused.join(", "));
        }
        if self.gone {
            message += "; it then closed the connection (`MaxAuthTries`)";
        }
        if !self.left_out.is_empty() {
            message += &format!("; not offered: {}", self.left_out.join(", "));
        }
        let methods = if self.gone { None } else { self.methods() };
        let takes_passwords = methods.is_some_and(|m| m.contains("password") || m.contains("keyboard"));
        let failure = Failure::new(FailureKind::LoginRefused, message);
        if takes_passwords && self.destination.password.is_none() {
            return failure.hint("it takes passwords too: give one with `-k`");
        }
        failure.hint("name the key with `--private-key`, or set `ansible_ssh_private_key_file` for this host")
    }
}
