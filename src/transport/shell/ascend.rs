//! Becoming another user with a password: the one conversation before the loop runs.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use super::text::{prompt_of, up_mark};
use super::{BECOME_LIMIT, Shell};
use crate::transport::failure::{Failure, FailureKind, last_words};
use crate::transport::pipe::Stream;
use crate::transport::{Become, BecomeMethod};

/// How much of what sudo and PAM print is kept while a prompt is awaited.
const MOST_TALK: usize = 64 << 10;

/// How much may come, on both streams, before a prompt or the shell does.
const MOST_HEARD: usize = 1 << 20;

/// What was found in the talk.
enum Heard {
    Prompt,
    Up,
    End,
}

impl Shell {
    /// Answers one password prompt and waits until the other user's shell says that it is up.
    /// `talk` is what was said on stderr already.
    pub(super) fn ascend(&mut self, target: &Become, boot: &str, mut talk: Vec<u8>) -> Result<(), Failure> {
        let (up, asked) = (up_mark(boot), prompt_of(boot));
        let prompt = |talk: &[u8]| match target.method {
            BecomeMethod::Sudo => contains(talk, asked.as_bytes()),
            // It is PAM's own: `Password: ` in the C locale, whatever stands before it.
            BecomeMethod::Su => talk.trim_ascii_end().ends_with(b"assword:"),
        };
        self.login_steps += 1;
        match self.listen(&mut talk, &up, &prompt)? {
            Heard::Up => return Ok(()),
            Heard::End => return Err(refused(&self.host, target, &talk)),
            Heard::Prompt => {}
        }
        let Some(password) = &target.password else {
            return Err(refused(&self.host, target, &talk));
        };
        if password.expose().contains(['\n', '\0']) {
            let message =
                format!("the {} password for `{}` has a newline or NUL in it", tool(target), self.host);
            return Err(Failure::new(FailureKind::Input, message));
        }
        self.push(password.expose().as_bytes())?;
        self.push(b"\n")?;
        talk.clear();
        self.login_steps += 1;
        match self.listen(&mut talk, &up, &prompt)? {
            Heard::Up => Ok(()),
            // A second prompt: the shell is given up, which ends the try without another password.
            Heard::Prompt => Err(wrong_password(&self.host, target)),
            Heard::End => Err(refused(&self.host, target, &talk)),
        }
    }

    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Result<(), Failure> {
        let begun = Instant::now();
        while !bytes.is_empty() {
            match self.pipe.write(bytes) {
                Ok(sent) => {
                    self.traffic.sent += sent as u64;
                    bytes = &bytes[sent..];
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => self.pause(begun, true)?,
                // Its last words are read next.
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    /// Reads stderr until one of the things is heard; stdout says nothing yet that matters.
    fn listen(
        &mut self,
        talk: &mut Vec<u8>,
        up: &str,
        prompt: &dyn Fn(&[u8]) -> bool,
    ) -> Result<Heard, Failure> {
        let begun = Instant::now();
        let (mut buffer, mut heard) = (vec![0; 4096], 0);
        loop {
            if contains(talk, up.as_bytes()) {
                return Ok(Heard::Up);
            }
            if prompt(talk) {
                return Ok(Heard::Prompt);
            }
            // One read of each stream a round: the clock is looked at however much comes.
            self.left(begun).map_err(|f| with_last_words(f, talk))?;
            heard += self.pipe.read(Stream::Out, &mut buffer).unwrap_or(0);
            if heard > MOST_HEARD {
                let message =
                    format!("`{}` prints without end where it should become the other user", self.host);
                return Err(with_last_words(Failure::new(FailureKind::Become, message), talk));
            }
            match self.pipe.read(Stream::Err, &mut buffer) {
                Ok(0) => return Ok(Heard::End),
                Ok(n) => {
                    self.traffic.received += n as u64;
                    heard += n;
                    talk.extend_from_slice(&buffer[..n]);
                    talk.drain(..talk.len().saturating_sub(MOST_TALK));
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    self.pause(begun, false).map_err(|f| with_last_words(f, talk))?;
                }
                Err(_) => return Ok(Heard::End),
            }
        }
    }

    fn left(&self, begun: Instant) -> Result<Duration, Failure> {
        BECOME_LIMIT.checked_sub(begun.elapsed()).ok_or_else(|| {
            let limit = BECOME_LIMIT.as_secs();
            let message = format!("becoming the other user on `{}` took longer than {limit} s", self.host);
            Failure::new(FailureKind::Become, message)
        })
    }

    fn pause(&mut self, begun: Instant, writing: bool) -> Result<(), Failure> {
        let left = self.left(begun)?;
        self.pipe.wait(writing, left).map_err(|e| {
            Failure::new(FailureKind::Closed, format!("the connection to `{}` was lost: {e}", self.host))
        })
    }
}

fn contains(talk: &[u8], what: &[u8]) -> bool {
    talk.windows(what.len()).any(|w| w == what)
}

fn with_last_words(mut failure: Failure, talk: &[u8]) -> Failure {
    if let Some(words) = last_words(talk) {
        failure.message += &format!("; its last words: {words}");
    }
    failure
}

fn wrong_password(host: &str, target: &Become) -> Failure {
    let tool = tool(target);
    Failure::new(FailureKind::Become, format!("`{host}`: wrong {tool} password"))
        .hint("give it with `-K`, or set `ansible_become_password` for this host; it was tried once")
}

fn tool(target: &Become) -> &'static str {
    match target.method {
        BecomeMethod::Sudo => "sudo",
        BecomeMethod::Su => "su",
    }
}

/// What sudo or su said when it refused, in words that tell the next step.
pub(super) fn refused(host: &str, target: &Become, said: &[u8]) -> Failure {
    let tool = tool(target);
    let text = String::from_utf8_lossy(said);
    let has = |words: &str| text.contains(words);
    let failure = |message: String| Failure::new(FailureKind::Become, message);
    if has("must have a tty") || has("terminal is required") || has("must be run from a terminal") {
        return failure(format!("`{host}`: {tool} wants a terminal"))
            .hint("take `requiretty` out of sudoers for this user (`Defaults:USER !requiretty`)");
    }
    if has("not in the sudoers file") || has("may not run sudo") || has("is not allowed to") {
        return failure(format!("`{host}`: sudo doesn't let this login become `{}`", target.user))
            .hint("add a sudoers rule for it, or log in as a user who has one");
    }
    if has("password is required") || (target.password.is_none() && has("assword:")) {
        return failure(format!("`{host}`: {tool} wants a password"))
            .hint("give it with `-K`, or set `ansible_become_password` for this host");
    }
    if has("incorrect password") || has("Sorry, try again") || has("uthentication failure") {
        return wrong_password(host, target);
    }
    if has("not found") && !has("user") {
        return failure(format!("`{host}`: there is no `{tool}`"))
            .hint("install it, log in as the user itself, or choose another `become_method`");
    }
    let words = last_words(said).unwrap_or_else(|| "it said nothing".to_string());
    failure(format!("`{host}`: {tool} could not become `{}`: {words}", target.user))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(said: &str) -> String {
        let target = Become { method: BecomeMethod::Sudo, user: "root".into(), password: None };
        refused("web1", &target, said.as_bytes()).message
    }

    #[test]
    fn what_sudo_says_is_told_in_words_that_help() {
        for (said, told) in [
            ("sudo: a password is required\n", "`web1`: sudo wants a password"),
            ("sudo: sorry, you must have a tty to run sudo\n", "`web1`: sudo wants a terminal"),
            ("ana is not in the sudoers file.\n", "`web1`: sudo doesn't let this login become `root`"),
            ("/bin/sh: 1: sudo: not found\n", "`web1`: there is no `sudo`"),
            ("sudo: unknown user: x\n", "`web1`: sudo could not become `root`: sudo: unknown user: x"),
        ] {
            assert_eq!(message(said), told);
        }
    }
}
