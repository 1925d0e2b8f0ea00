//! Throw-away hosts and the built harda for tests.

#![allow(dead_code)]

pub mod forwarder;
pub mod vm;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

static LABS: AtomicUsize = AtomicUsize::new(0);

/// Hosts of a test's own, gone when it ends. Needs root, as the lab does.
pub struct Lab {
    pub prefix: String,
    pub hosts: Vec<String>,
    /// A folder for playbooks and inventories of this test.
    pub folder: tempfile::TempDir,
    /// Ends the lab when this process has ended without dropping it.
    watch: Child,
}

/// What a command did.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Both streams, for messages.
    pub fn all(&self) -> String {
        format!("exit code {}\n{}\n{}", self.code, self.stdout, self.stderr)
    }

    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.all());
        self
    }

    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        assert!(self.stdout.contains(text) || self.stderr.contains(text), "no `{text}` in:\n{}", self.all());
        self
    }

    #[track_caller]
    pub fn says_not(&self, text: &str) -> &Self {
        assert!(!self.stdout.contains(text) && !self.stderr.contains(text), "`{text}` in:\n{}", self.all());
        self
    }

    /// The records of `--format json`.
    #[track_caller]
    pub fn records(&self) -> Vec<serde_json::Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e} in the line {line}"));
        self.stdout.lines().map(parse).collect()
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A command that is ended, with exit code 124, where it hangs: the test then fails with what was
/// said so far. The first `lab up` of all builds its roots, which takes minutes.
fn limited(program: &Path, seconds: u32) -> Command {
    let mut command = Command::new("timeout");
    command.args(["-k", "5", &seconds.to_string()]).arg(program);
    command
}

/// Seconds that nothing in the lab takes.
const LIMIT: u32 = 900;

fn lab(arguments: &[&str]) -> Ran {
    let output = limited(&root().join("tests/lab/lab"), LIMIT).args(arguments).output();
    Ran::of(output.expect("tests/lab/lab starts"))
}

impl Lab {
    /// One host for each kind (`bookworm`, `trixie-bare`, ...), see `lab --help`.
    pub fn up(kinds: &[&str]) -> Lab {
        let number = LABS.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("t{}x{number}", std::process::id());
        let (count, owner) = (kinds.len().to_string(), std::process::id().to_string());
        let arguments =
            ["up", &count, "--prefix", &prefix, "--owner", &owner, "--kinds", &kinds.join(","), "--quiet"];
        lab(&arguments).expect(0);
        let hosts = (1..=kinds.len()).map(|n| format!("{prefix}{n}")).collect();
        let watch = watch(&prefix);
        Lab { prefix, hosts, folder: tempfile::tempdir().expect("a folder"), watch }
    }

    /// What `lab env` says: `HARDA_LAB_KEY`, `HARDA_LAB_KNOWN_HOSTS`, ...
    #[track_caller]
    pub fn env(&self, name: &str) -> String {
        let text = lab(&["env", "--prefix", &self.prefix]).expect(0).stdout;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.expect("`lab env` says so").trim_matches('\'').to_string()
    }

    /// A host's address.
    pub fn address(&self, host: &str) -> String {
        let at = self.hosts.iter().position(|name| name == host).expect("a host of this lab");
        self.env("HARDA_LAB_ADDRESSES").split(' ').nth(at).expect("an address").to_string()
    }

    /// Of the two keys that all accounts of a lab host take.
    pub fn fingerprints(&self) -> Vec<String> {
        let key = self.env("HARDA_LAB_KEY");
        let other = Path::new(&key).with_file_name("id_passphrase").to_string_lossy().into_owned();
        let of = |key: &String| {
            let out = Command::new("ssh-keygen").arg("-lf").arg(format!("{key}.pub")).output();
            let told = String::from_utf8(out.expect("ssh-keygen starts").stdout).expect("text");
            told.split(' ').nth(1).expect("a fingerprint").to_string()
        };
        [key, other].iter().map(of).collect()
    }

    /// Writes the inventory for logging in as this user, and gives its path.
    pub fn inventory(&self, user: &str) -> PathBuf {
        let text = lab(&["inventory", "--prefix", &self.prefix, "--user", user]).expect(0).stdout;
        self.write(&format!("inventory-{user}.yml"), &text)
    }

    /// Writes an inventory of one host under its own name, as `user` by the lab's key and become
    /// root, with these variables over those.
    pub fn inventory_of(&self, file: &str, host: &str, user: &str, more: &[(&str, &str)]) -> String {
        let (address, key) = (self.address(host), self.env("HARDA_LAB_KEY"));
        let known = self.env("HARDA_LAB_KNOWN_HOSTS");
        let mut vars = vec![
            ("ansible_host", address.as_str()),
            ("ansible_user", user),
            ("ansible_ssh_private_key_file", &key),
            ("harda_known_hosts_file", &known),
            ("ansible_become", "true"),
        ];
        vars.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
        vars.extend(more.iter().filter(|(_, value)| !value.is_empty()));
        let lines: String = vars.iter().map(|(name, value)| format!("      {name}: '{value}'\n")).collect();
        let text = format!("all:\n  hosts:\n    {host}:\n{lines}");
        self.write(file, &text).to_string_lossy().into_owned()
    }

    /// Writes a file of this test's folder.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        let parent = path.parent().expect("a folder");
        std::fs::create_dir_all(parent).expect("made");
        // At once: another test of the same lab may be reading it.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        let new = tempfile::Builder::new().permissions(open).tempfile_in(parent).expect("a file");
        std::fs::write(new.path(), text).expect("written");
        new.persist(&path).expect("in its place");
        path
    }

    /// As root on a host, without harda and without sshd.
    pub fn exec(&self, host: &str, command: &str) -> Ran {
        lab(&["exec", host, "sh", "-c", command])
    }

    /// By the system's ssh with the lab's key.
    pub fn ssh(&self, login: &str, command: &str) -> Ran {
        lab(&["ssh", login, command])
    }

    /// The folder of what a host has written.
    pub fn upper(&self, host: &str) -> PathBuf {
        PathBuf::from(lab(&["upper", host]).expect(0).stdout.trim())
    }

    pub fn call(&self, arguments: &[&str]) -> Ran {
        lab(arguments)
    }

    /// Runs harda with variables of the environment (`NAME=value`) of its own.
    pub fn harda_with(&self, environment: &[&str], arguments: &[&str]) -> Ran {
        harda_with(self.folder.path(), environment, arguments)
    }

    /// Runs harda with these arguments.
    pub fn harda(&self, arguments: &[&str]) -> Ran {
        harda(self.folder.path(), arguments)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        lab(&["down", "--prefix", &self.prefix]);
        drop(self.watch.stdin.take());
        let _ = self.watch.wait();
    }
}

/// A process that takes the lab down once its stdin is closed, which the end of this process does
/// however it comes: labs in statics are never dropped.
fn watch(prefix: &str) -> Child {
    use std::os::unix::process::CommandExt;
    Command::new("sh")
        .args(["-c", "cat >/dev/null; exec \"$0\" down --prefix \"$1\" --quiet"])
        .arg(root().join("tests/lab/lab"))
        .arg(prefix)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("sh starts")
}

/// Tests that share hosts wait for one another.
const PATIENT: &[&str] = &["--lock-timeout", "300"];

/// Runs the built harda in a folder, without the user's own ssh configuration.
pub fn harda(folder: &Path, arguments: &[&str]) -> Ran {
    harda_with(folder, &[], arguments)
}

/// The same, with variables of the environment (`NAME=value`) of its own.
pub fn harda_with(folder: &Path, environment: &[&str], arguments: &[&str]) -> Ran {
    harda_within(LIMIT, folder, environment, arguments)
}

/// The same, for a machine that is slow.
pub fn harda_within(seconds: u32, folder: &Path, environment: &[&str], arguments: &[&str]) -> Ran {
    let patient = arguments.first() == Some(&"apply") && !arguments.contains(&"--lock-timeout");
    let output = limited(Path::new(env!("CARGO_BIN_EXE_harda")), seconds)
        .args(arguments)
        .args(if patient { PATIENT } else { &[] })
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env("XDG_STATE_HOME", folder.join(".state"))
        .envs(environment.iter().filter_map(|pair| pair.split_once('=')))
        .env_remove("SSH_AUTH_SOCK")
        .output();
    Ran::of(output.expect("harda starts"))
}

/// A playbook of the repository.
pub fn playbook(name: &str) -> String {
    root().join("playbooks").join(name).to_string_lossy().into_owned()
}
