//! What the tests of effect share: playbooks run on lab hosts, and what to see on them from outside.

#![allow(dead_code)]

use crate::support::{Lab, Ran};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// Runs a command of this machine to its end.
pub fn run(command: &mut Command) -> Ran {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Waits until something holds, for half a minute at most.
#[track_caller]
pub fn soon(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The same on every host of a lab, at the same time.
pub fn each(lab: &Lab, test: impl Fn(&str) + Sync) {
    std::thread::scope(|threads| {
        let tests: Vec<_> = lab.hosts.iter().map(|host| threads.spawn(|| test(host))).collect();
        for test in tests {
            if let Err(panic) = test.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}

/// A playbook of this repository on lab hosts.
pub struct Playbook<'l> {
    lab: &'l Lab,
    file: String,
    inventory: String,
    vars: Vec<String>,
}

impl<'l> Playbook<'l> {
    /// As `admin`, who becomes root by sudo without a password.
    pub fn new(lab: &'l Lab, name: &str) -> Self {
        Self::logged_in_as(lab, "admin", name)
    }

    pub fn logged_in_as(lab: &'l Lab, user: &str, name: &str) -> Self {
        let inventory = lab.inventory(user).to_string_lossy().into_owned();
        Playbook { lab, file: crate::support::playbook(name), inventory, vars: Vec::new() }
    }

    /// With a variable, as `NAME=VALUE` or JSON.
    pub fn with(mut self, var: impl Into<String>) -> Self {
        self.vars.push(var.into());
        self
    }

    /// `plan` or `apply`, on these hosts.
    pub fn run(&self, verb: &str, hosts: &[String], more: &[&str]) -> Ran {
        let hosts = hosts.join(",");
        let mut arguments = vec![verb, &self.file, "-i", &self.inventory, "-l", &hosts];
        arguments.extend(self.vars.iter().flat_map(|var| ["-e", var]));
        arguments.extend(more);
        self.lab.harda(&arguments)
    }

    #[track_caller]
    pub fn apply(&self, hosts: &[String]) -> Ran {
        self.run("apply", hosts, &[]).expect(0)
    }

    /// That the host is as the playbook wants it.
    #[track_caller]
    pub fn has_nothing_to_do(&self, hosts: &[String]) {
        self.run("plan", hosts, &["--detailed-exitcode"]).expect(0);
    }

    /// That there is nothing to do, and nothing to find.
    #[track_caller]
    pub fn complies(&self, hosts: &[String]) {
        self.run("audit", hosts, &[]).expect(0).says(": compliant");
    }
}

/// The system's `ssh` to USER@HOST, with the lab's known hosts and nothing of the user's own, then these options. It
/// comes from another address than harda: what sshd refuses often enough counts against an address.
pub fn ssh(lab: &Lab, login: &str, options: &[&str]) -> Command {
    let (user, host) = login.split_once('@').expect("USER@HOST");
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/lab"));
    command.args(["--prefix", &lab.prefix, "run", "sshpass", "-p", &format!("{user}-password")]);
    command.args(["ssh", "-F", "/dev/null", "-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=10"]);
    command.arg("-o").arg(format!("UserKnownHostsFile={}", lab.env("HARDA_LAB_KNOWN_HOSTS")));
    command.args(options).arg("-l").arg(user).arg(lab.address(host));
    command
}

/// The same with the lab's key, and no password.
pub fn ssh_by_key(lab: &Lab, login: &str, options: &[&str]) -> Command {
    let key = lab.env("HARDA_LAB_KEY");
    let by_key = ["-i", &key, "-o", "IdentitiesOnly=yes", "-o", "PreferredAuthentications=publickey"];
    ssh(lab, login, &[&by_key[..], options].concat())
}

/// The same by password.
pub fn ssh_by_password(lab: &Lab, login: &str) -> Command {
    ssh(
        lab,
        login,
        &["-o", "PubkeyAuthentication=no", "-o", "PreferredAuthentications=password,keyboard-interactive"],
    )
}

/// The folder of all of a host's files, to read and write from outside.
pub fn files(lab: &Lab, host: &str) -> PathBuf {
    PathBuf::from(lab.call(&["root", host]).expect(0).stdout.trim())
}

/// Writes a file on a host, without harda and without sshd.
pub fn put(lab: &Lab, host: &str, path: &str, text: &str) {
    let path = files(lab, host).join(path.trim_start_matches('/'));
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(path, text).expect("written");
}

/// The lab's persons as a site declares them, in JSON, with these variables besides.
pub fn persons(lab: &Lab, more: serde_json::Value) -> String {
    let keys = lab.fingerprints();
    let one = |name: &str, admin: bool| serde_json::json!({ "name": name, "admin": admin, "purpose": "tests", "keys": keys });
    let mut vars = serde_json::json!({
        "accounts_persons": [one("admin", true), one("operator", true), one("alice", false)],
        "sudo_nopasswd": ["admin"],
    });
    let more = more.as_object().expect("variables").clone();
    vars.as_object_mut().expect("variables").extend(more);
    vars.to_string()
}
