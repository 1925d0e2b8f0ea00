//! Pieces of shell for a host, in three types: what observes, what an author vouches for as
//! read-only, and what changes the host. A session opened for planning can't send the third.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Bytes for a fragment's stdin: kept in memory, or a local file read as it is sent, so that a
/// file of any size moves in bounded memory.
#[derive(Clone, Debug)]
pub enum Input {
    Bytes(Arc<[u8]>),
    File { path: PathBuf, size: u64 },
}

impl Input {
    /// How many bytes will be sent; the host is told before they come.
    pub fn len(&self) -> u64 {
        match self {
            Input::Bytes(bytes) => bytes.len() as u64,
            Input::File { size, .. } => *size,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One piece of POSIX shell, run in a subshell with `LC_ALL=C`, umask 022, in `/`, its stdin being
/// exactly `input` (or `/dev/null` where there is none).
#[derive(Clone, Debug)]
pub struct Fragment {
    pub script: String,
    /// Sent one after the other; a script that takes several knows their lengths.
    pub input: Vec<Input>,
    /// Who runs it on the host; `None` is the identity the session became.
    pub user: Option<String>,
    /// Exported for the script, quoted by the one quoting function.
    pub environment: Vec<(String, String)>,
    /// How long it may take in all.
    pub deadline: Duration,
    /// How many bytes each of stdout and stderr may have; what comes after is dropped and said.
    pub max_output: usize,
}

impl Fragment {
    pub fn new(script: impl Into<String>) -> Self {
        Fragment {
            script: script.into(),
            input: Vec::new(),
            user: None,
            environment: Vec::new(),
            deadline: Duration::from_secs(60),
            max_output: 8 << 20,
        }
    }

    pub fn input(mut self, input: Input) -> Self {
        self.input.push(input);
        self
    }

    pub fn user(mut self, user: Option<String>) -> Self {
        self.user = user;
        self
    }

    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }
}

/// A resource's read-only question.
#[derive(Clone, Debug)]
pub struct Observation(pub Fragment);

/// A command of the playbook that its author vouches for as read-only.
#[derive(Clone, Debug)]
pub struct Probe(pub Fragment);

/// A script that changes the host.
#[derive(Clone, Debug)]
pub struct Realisation(pub Fragment);

/// What a fragment printed and how it ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// The exit status as the shell gives it (128 + n for a signal).
    pub status: i32,
    /// Output beyond `max_output` was dropped.
    pub truncated: bool,
}

impl Reply {
    /// stdout as text, invalid UTF-8 replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub fn error_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).trim().to_string()
    }
}

/// Quotes one word for any POSIX shell: the only way that a value reaches a script.
///
/// A NUL byte can't be passed to a shell at all; callers reject it where the value comes in
/// (`module::Args` does), so here it is dropped.
pub fn quote(word: &str) -> String {
    let clean: String = word.chars().filter(|c| *c != '\0').collect();
    // Always in single quotes: readable in a log, and the same form for every shell.
    format!("'{}'", clean.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;
    use std::process::{Command, Stdio};

    const SHELLS: &[&[&str]] = &[&["dash"], &["bash"], &["bash", "--posix"], &["busybox", "sh"]];

    /// What a shell makes of a script, given as an argument or on its stdin.
    fn run(shell: &[&str], script: &str, by_stdin: bool) -> Vec<u8> {
        let mut command = Command::new(shell[0]);
        command.args(&shell[1..]).env("LC_ALL", "C").stdin(Stdio::piped()).stdout(Stdio::piped());
        if by_stdin {
            command.arg("-s")
        } else {
            command.args(["-c", script])
        };
        let mut child = command.spawn().expect("dash, bash and busybox are installed");
        let mut stdin = child.stdin.take().unwrap();
        if by_stdin {
            stdin.write_all(script.as_bytes()).unwrap();
        }
        drop(stdin);
        child.wait_with_output().unwrap().stdout
    }

    /// Texts with everything in them that a shell could trip over.
    fn words() -> impl Strategy<Value = Vec<String>> {
        let piece = prop_oneof![
            any::<String>(),
            "[ -~\n\t]{0,12}",
            "[\u{80}-\u{90}\u{c1}\u{2018}'\\\\$`!*~\r\n\u{1}\u{7f}-]{0,8}",
        ];
        proptest::collection::vec(piece.prop_map(|text| text.replace('\0', "")), 1..8)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn a_quoted_word_arrives_as_it_was(words in words()) {
            let quoted: Vec<_> = words.iter().map(|word| quote(word)).collect();
            let script = format!("printf '%s\\0' {}", quoted.join(" "));
            let expected: Vec<u8> = words.iter().flat_map(|word| [word.as_bytes(), b"\0"].concat()).collect();
            for shell in SHELLS {
                for by_stdin in [false, true] {
                    prop_assert_eq!(&run(shell, &script, by_stdin), &expected, "{:?} {}", shell, by_stdin);
                    // A script that is quoted once more and evaluated, as requests are.
                    let nested = format!("eval {}", quote(&script));
                    prop_assert_eq!(&run(shell, &nested, by_stdin), &expected, "{:?} {}", shell, by_stdin);
                }
            }
        }
    }

    #[test]
    fn a_nul_is_dropped() {
        assert_eq!(quote("a\0b"), "'ab'");
    }
}
