//! One host to try things on: its state as seen from outside, harda on it, and real logins.

use crate::effect::{self, ssh_by_key};
use crate::support::{Lab, Ran};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const STATE: &str = include_str!("state.sh");

/// Touches nothing that is compared.
pub const HARMLESS: &str = "- hosts: all
  gather_facts: false
  tasks:
    - name: harmless
      copy: {dest: /var/tmp/harmless, content: \"yes\\n\"}
";

/// A playbook of these tasks and handlers.
pub fn play(tasks: &str) -> String {
    format!("- hosts: all\n{tasks}")
}

pub struct Ground<'l> {
    pub lab: &'l Lab,
    pub host: String,
    /// All its files, from outside.
    root: PathBuf,
    address: String,
}

impl<'l> Ground<'l> {
    pub fn new(lab: &'l Lab, host: &str) -> Self {
        Ground { lab, host: host.into(), root: effect::files(lab, host), address: lab.address(host) }
    }

    /// As it was at first.
    pub fn reset(&self) {
        self.lab.call(&["reset", &self.host]).expect(0);
    }

    /// All that is compared.
    pub fn state(&self) -> Vec<String> {
        let text = self.lab.exec(&self.host, STATE).expect(0).stdout;
        let lines: BTreeSet<String> = text.lines().map(str::to_string).collect();
        lines.into_iter().collect()
    }

    /// What is otherwise than before, once units and sessions had their time to end and to start.
    pub fn differs_soon(&self, before: &[String]) -> Vec<String> {
        self.differs_but(before, "\n")
    }

    /// The same without the lines that hold these words: what was to change.
    pub fn differs_but(&self, before: &[String], words: &str) -> Vec<String> {
        let begun = Instant::now();
        loop {
            let now = self.state();
            let gone = before.iter().filter(|line| !now.contains(line)).map(|line| format!("- {line}"));
            let new = now.iter().filter(|line| !before.contains(line)).map(|line| format!("+ {line}"));
            let differs: Vec<String> = gone.chain(new).filter(|line| !line.contains(words)).collect();
            if differs.is_empty() || begun.elapsed() > Duration::from_secs(12) {
                return differs;
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    pub fn command(&self, verb: &str, user: &str, book: &Path, more: &[&str], program: &[&str]) -> Command {
        let caller = self.address.rsplit_once('.').expect("an address").0.to_string() + ".254";
        let mut vars = vec![("harda_run_of", "lockout")];
        if user == "operator" {
            vars.push(("ansible_become_password", "operator-password"));
        }
        if more.contains(&"agent") {
            vars.push(("ansible_ssh_private_key_file", ""));
        }
        let file = format!("{}-{user}-{}.yml", self.host, vars.len());
        let hosts = self.lab.inventory_of(&file, &self.host, user, &vars);
        let mut words: Vec<String> = program.iter().map(|word| word.to_string()).collect();
        if more.contains(&"agent") {
            // The lab's key comes last. The agent ends with the harda that the shell becomes.
            let [first, second] = strange_keys(self.lab).map(|key| key.to_string_lossy().into_owned());
            let add =
                format!("ssh-add -q '{first}' '{second}' '{}' && exec \"$@\"", self.lab.env("HARDA_LAB_KEY"));
            words =
                ["ssh-agent", "sh", "-c", &add, "sh"].map(String::from).into_iter().chain(words).collect();
        }
        words.push(env!("CARGO_BIN_EXE_harda").into());
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        command.arg(verb).arg(book).args(["-i", &hosts, "-e", &format!("lab_caller={caller}")]);
        command.args(more.iter().filter(|word| **word != "agent"));
        command.current_dir(self.lab.folder.path()).env("NO_COLOR", "1").env_remove("SSH_AUTH_SOCK");
        command
    }

    /// Runs harda on this host to its end.
    pub fn harda(&self, verb: &str, user: &str, book: &Path, more: &[&str]) -> Ran {
        effect::run(&mut self.command(verb, user, book, more, &["timeout", "-k", "5", "200"]))
    }

    /// Starts harda, to be killed.
    pub fn start(&self, verb: &str, user: &str, book: &Path, more: &[&str]) -> Child {
        let mut command = self.command(verb, user, book, more, &[]);
        command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .stdin(Stdio::null())
            .spawn()
            .expect("harda starts")
    }

    /// Ends it as hard as can be.
    pub fn end(&self, harda: &mut Child) {
        let _ = harda.kill();
        let _ = harda.wait();
    }

    pub fn guard(&self, name: &str) -> Option<String> {
        let path = self.root.join("var/lib/harda/guard").join(name);
        std::fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Whether the switch has noted a change of these words, which by now is made (or being made).
    pub fn wait_for_change(&self, words: &str, under_way: bool, limit: Duration) -> bool {
        let (begun, mut seen) = (Instant::now(), None);
        while begun.elapsed() < limit {
            if self.guard("changes").is_some_and(|changes| changes.contains(words)) {
                // What shuts the session out may never come to its end.
                let since = seen.get_or_insert_with(Instant::now);
                let long = since.elapsed() > Duration::from_secs(3);
                if under_way || long || self.guard("writer").is_none() {
                    return true;
                }
            }
            std::thread::sleep(Duration::from_millis(3));
        }
        false
    }

    /// Waits until the host has taken back what was changed.
    pub fn wait_for_restored(&self, limit: Duration) -> Option<Duration> {
        let begun = Instant::now();
        while begun.elapsed() < limit {
            if self.guard("state").is_some_and(|state| state.starts_with("fired ")) {
                return Some(begun.elapsed());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        None
    }

    /// A login by the system's ssh, and root from there.
    pub fn enters(&self, user: &str) -> Ran {
        let login = format!("{user}@{}", self.host);
        let become_root = match user {
            "root" => "id -u",
            "operator" => "echo operator-password | sudo -S -p '' id -u",
            _ => "sudo -n id -u",
        };
        effect::run(ssh_by_key(self.lab, &login, &[]).arg(become_root))
    }

    /// The next run says what was taken back, in a plan and in an apply, and then no more.
    pub fn tells_of_it(&self, user: &str) -> Result<(), String> {
        let book = self.lab.write("harmless.yml", HARMLESS);
        for verb in ["plan", "apply"] {
            let ran = self.harda(verb, user, &book, &[]);
            if ran.code != 0 || !ran.all().contains("`bites`") || !ran.all().contains("took back") {
                return Err(format!("the next {verb} does not tell of it:\n{}", ran.all()));
            }
        }
        let ran = self.harda("apply", user, &book, &[]);
        if ran.code != 0 || ran.all().contains("took back") {
            return Err(format!("told of again:\n{}", ran.all()));
        }
        Ok(())
    }
}

/// Keys that the host doesn't know.
fn strange_keys(lab: &Lab) -> [PathBuf; 2] {
    ["first", "second"].map(|name| {
        let key = lab.folder.path().join(name);
        if !key.exists() {
            let mut keygen = Command::new("ssh-keygen");
            effect::run(keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key)).expect(0);
        }
        key
    })
}
