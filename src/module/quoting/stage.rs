//! Shells whose every tool writes down what it was called with.

use crate::fragment::{Fragment, Input, Reply};
use std::io::{Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

pub const SHELLS: [&[&str]; 3] = [&["dash"], &["bash"], &["busybox", "sh"]];

/// Tools that only read, and so do as they do; the rest only write down.
const REAL: &str = "cat sha256sum stat readlink grep sed head wc cut date sort uname find dd id tr";
/// All others that scripts call.
const FAKE: &str = "mktemp chown chgrp chmod cp mv rm ln mkdir rmdir touch sync restorecon useradd usermod \
    userdel groupadd groupmod groupdel passwd chpasswd chage systemctl journalctl service rc-service rc-update \
    update-rc.d chkconfig dpkg-query apt-get apt-cache dnf yum rpm rmmod modprobe pam-auth-update getent mount \
    unshare sleep sh sshd ssh ps logger visudo rsyslogd nft setfacl cmp install";

/// Calls are parted by this word.
const END: &str = "end-of-call";

pub struct Stage {
    folder: tempfile::TempDir,
}

/// A program's name and arguments.
pub type Call = Vec<Vec<u8>>;

impl Stage {
    pub fn new() -> Stage {
        let stage = Stage { folder: tempfile::tempdir().expect("a folder") };
        std::fs::create_dir(stage.path("bin")).expect("made");
        std::fs::create_dir(stage.path("host")).expect("made");
        let tool = format!(
            "#!/bin/dash\nn=${{0##*/}}\nprintf '%s\\0' \"$n\" \"$@\" {END} >> {log}\ncase $n in\n\
             mktemp) : > {temp}; echo {temp};;\n\
             unshare) shift; exec \"$@\";;\n\
             sh) exec $HARDA_SHELL \"$@\";;\n\
             {real}) PATH=$PATH:/usr/bin:/bin; exec /usr/bin/$n \"$@\";;\nesac\n",
            log = stage.path("log").display(),
            temp = stage.path("temp").display(),
            real = REAL.replace(' ', "|"),
        );
        let program = stage.path("tool");
        std::fs::write(&program, tool).expect("written");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("mode");
        for name in REAL.split_whitespace().chain(FAKE.split_whitespace()) {
            std::os::unix::fs::symlink(&program, stage.path("bin").join(name)).expect("linked");
        }
        stage
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A folder of the pretended host.
    pub fn host(&self) -> String {
        self.path("host").to_string_lossy().into_owned()
    }

    /// Runs a script as the framed shell does, with these tools alone; gives what it called.
    pub fn run(&self, shell: &[&str], fragment: &Fragment) -> (Reply, Vec<Call>) {
        let _ = std::fs::remove_file(self.path("log"));
        let mut stdin = tempfile::tempfile().expect("a file");
        for input in &fragment.input {
            let Input::Bytes(bytes) = input else { panic!("in memory") };
            stdin.write_all(bytes).expect("written");
        }
        stdin.rewind().expect("rewound");
        let out = Command::new(format!("/usr/bin/{}", shell[0]))
            .args(&shell[1..])
            .args(["-c", &format!("set -u\n{}", fragment.script)])
            .env_clear()
            .env("PATH", self.path("bin"))
            .env("HARDA_SHELL", format!("/usr/bin/{}", shell.join(" ")))
            .env("HARDACANARY", self.path("canary"))
            .env("HOME", "/expanded-home")
            .env("LC_ALL", "C")
            .current_dir("/")
            .stdin(stdin)
            .output();
        let out = out.expect("dash, bash and busybox are installed");
        let script = &fragment.script;
        assert!(!self.path("canary").exists(), "{shell:?} ran what was only a word in:\n{script}");
        let said = String::from_utf8_lossy(&out.stderr);
        for sign in ["yntax error", "unterminated", "unexpected EOF"] {
            assert!(!said.contains(sign), "{shell:?}: {said}\n{script}");
        }
        let reply = Reply {
            stdout: out.stdout,
            stderr: out.stderr,
            status: out.status.code().unwrap_or(-1),
            truncated: false,
        };
        (reply, self.calls())
    }

    fn calls(&self) -> Vec<Call> {
        let log = std::fs::read(self.path("log")).unwrap_or_default();
        let (mut calls, mut call) = (Vec::new(), Call::new());
        for word in log.split(|byte| *byte == 0) {
            match word == END.as_bytes() {
                true => calls.push(std::mem::take(&mut call)),
                false => call.push(word.to_vec()),
            }
        }
        calls
    }
}
