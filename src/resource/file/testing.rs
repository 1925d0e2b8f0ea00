//! Runs scripts for hosts in local shells: dash, bash, and busybox with nothing but its own applets.

use crate::fragment::Reply;
use std::io::{Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::OnceLock;

pub const SHELLS: [&str; 3] = ["dash", "bash", "busybox"];

pub fn run(shell: &str, script: &str, input: &[u8]) -> Reply {
    run_by(None, shell, script, input)
}

/// As somebody who is not root, whoever runs the tests.
pub fn run_as_nobody(shell: &str, script: &str) -> Reply {
    let nobody = rustix::process::geteuid().is_root().then_some(65534);
    run_by(nobody, shell, script, b"")
}

fn run_by(user: Option<u32>, shell: &str, script: &str, input: &[u8]) -> Reply {
    let mut stdin = tempfile::tempfile().expect("a file");
    stdin.write_all(input).expect("written");
    stdin.rewind().expect("rewound");
    let mut command = match shell {
        "busybox" => {
            let mut command = Command::new("/bin/busybox");
            command.arg("sh").env("PATH", applets());
            command
        }
        shell => Command::new(shell),
    };
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    let out = command
        .args(["-c", &format!("set -u\n{script}")])
        .env("LC_ALL", "C")
        .stdin(stdin)
        .output()
        .expect("the shell starts");
    Reply {
        stdout: out.stdout,
        stderr: out.stderr,
        status: out.status.code().unwrap_or(-1),
        truncated: false,
    }
}

/// A folder with a link to busybox for each of its applets.
fn applets() -> &'static str {
    static FOLDER: OnceLock<(tempfile::TempDir, String)> = OnceLock::new();
    let (_, path) = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let list = Command::new("/bin/busybox").arg("--list").output().expect("busybox");
        for applet in String::from_utf8_lossy(&list.stdout).lines() {
            let _ = std::os::unix::fs::symlink("/bin/busybox", folder.path().join(applet));
        }
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("mode");
        let path = folder.path().to_string_lossy().into_owned();
        (folder, path)
    });
    path
}
