//! Secrets are planted in every place that a run may be given one, and then looked for in everything
//! that it leaves: what it prints, processes and their environments while it runs, logs and files,
//! on both sides.

#[path = "../support/mod.rs"]
mod support;
#[path = "../support/terminal.rs"]
mod terminal;

mod places;
mod watch;

use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use support::{Lab, Ran};

pub static LAB: LazyLock<Lab> = LazyLock::new(|| Lab::up(&["trixie", "bookworm-busybox"]));

/// All processes of this machine are watched, those of the other tests' hosts too: one test at a time.
pub fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What must be found nowhere. The lab's own passwords are canaries too.
pub const CANARIES: &[&str] = &[
    "operator-password",
    "lab-passphrase",
    "kanarie-content-51",
    "kanarie-template-52",
    "kanarie-stdin-53",
    "kanarie-environment-54",
    "kanarie-hash-55",
    "kanarie-said-56",
    "kanarie-argument-57",
    "kanarie-vault-58",
    "kanarie-declared-59",
    "kanarie-play-61",
    "kanarie-file-62",
    "kanarie-task-63",
    "kanarie-fact-64",
];

/// The same in a form that a log or a process may have: in base64, at each of its three offsets,
/// in hexadecimal, in capitals and backwards, and as a template hashes it.
fn forms(canary: &str) -> Vec<String> {
    use base64::prelude::{BASE64_STANDARD, Engine};
    let shifted = (0..3).map(|before| {
        let text = BASE64_STANDARD.encode([&b"xxx"[..before], canary.as_bytes()].concat());
        // The ends hold bits of what is beside it.
        text[4..text.len() - 4].to_string()
    });
    let hex = canary.bytes().map(|byte| format!("{byte:02x}")).collect();
    let hashed = Sha256::digest(canary).iter().map(|byte| format!("{byte:02x}")).collect();
    let turned = [canary.to_uppercase(), canary.chars().rev().collect(), hashed];
    [canary.to_string(), hex].into_iter().chain(turned).chain(shifted).collect()
}

/// Which canaries a text holds.
pub fn sung(bytes: &[u8]) -> Vec<String> {
    static FORMS: LazyLock<Vec<String>> =
        LazyLock::new(|| CANARIES.iter().flat_map(|canary| forms(canary)).collect());
    let text = String::from_utf8_lossy(bytes);
    FORMS.iter().filter(|form| text.contains(form.as_str())).cloned().collect()
}

#[track_caller]
pub fn silent(what: &str, text: &str) {
    let found = sung(text.as_bytes());
    assert!(found.is_empty(), "{what} shows {found:?}:\n{text}");
}

/// Folders of the controller that are this test's alone: harda's home and its temporary files.
pub struct Controller {
    pub folder: PathBuf,
}

impl Controller {
    pub fn new(name: &str) -> Controller {
        let folder = LAB.folder.path().join(name);
        for sub in ["home", "tmp", "run"] {
            std::fs::create_dir_all(folder.join(sub)).expect("made");
        }
        Controller { folder }
    }

    /// In these folders, with nothing of the user's own.
    pub fn surround<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .current_dir(&self.folder)
            .env("HOME", self.folder.join("home"))
            .env("TMPDIR", self.folder.join("tmp"))
            .env("XDG_RUNTIME_DIR", self.folder.join("run"))
            .env("NO_COLOR", "1")
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_STATE_HOME")
            .env_remove("XDG_CACHE_HOME")
            .env_remove("SSH_AUTH_SOCK")
    }

    pub fn harda(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_harda"));
        let output = self.surround(&mut command).args(arguments).stdin(Stdio::null()).output();
        let output = output.expect("harda starts");
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, text).expect("written");
        path.to_string_lossy().into_owned()
    }
}
