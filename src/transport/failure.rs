//! What can go wrong between here and a shell on a host, in the words of the person who waits.

use std::fmt;

/// The class of a failure: it decides the exit code and whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// No connection: name, network, port, or no SSH spoken there.
    Unreachable,
    /// The host's key is unknown, changed, revoked or only vouched for by a certificate.
    HostKey,
    /// The host refused every way to log in that there was.
    LoginRefused,
    /// Logged in, but could not become the other user.
    Become,
    /// The host ended the connection or the shell.
    Closed,
    /// Something took longer than it may.
    TimedOut,
    /// The bytes that came back were not the framed shell's.
    Protocol,
    /// Something on this side is wrong: a key file, ssh_config, a file to send.
    Input,
}

impl FailureKind {
    /// Whether the host could not be entered at all (exit code 4), as opposed to failing inside.
    pub fn is_unreachable(self) -> bool {
        use FailureKind::*;
        matches!(self, Unreachable | HostKey | LoginRefused | Closed | TimedOut | Protocol)
    }
}

/// What went wrong, and the next thing to try.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub struct Failure {
    pub kind: FailureKind,
    pub message: String,
    /// The next thing to try, without the word `hint`.
    pub hint: Option<String>,
}

impl Failure {
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Failure { kind, message: message.into(), hint: None }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// The last line that says something in what a host printed, made safe to show: no control
/// characters (a hostile host could otherwise draw on the admin's terminal), and short.
pub(super) fn last_words(output: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(output);
    let line = text.lines().rev().map(str::trim).find(|l| !l.is_empty())?;
    let clean: String = line.chars().filter(|c| !c.is_control()).take(200).collect();
    (!clean.is_empty()).then_some(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_carry_no_control_characters() {
        assert_eq!(last_words(b"hello\n\x1b[31mred\x07\n\n"), Some("[31mred".to_string()));
        assert_eq!(last_words(b" \n\n"), None);
    }
}
