//! Plan, apply, and plan again, on hosts of every kind. All tests share the hosts; each has a folder
//! of its own there.

#[path = "../support/mod.rs"]
mod support;

mod blocks;
mod drift;
mod handlers;
mod options;
mod outcomes;
mod probes;
mod results;
mod secrets;

use serde_json::Value;
use std::path::PathBuf;
use std::sync::LazyLock;
use support::{Lab, Ran};

static LAB: LazyLock<Lab> =
    LazyLock::new(|| Lab::up(&["bookworm", "trixie", "bookworm-busybox", "bookworm-python"]));

static INVENTORY: LazyLock<PathBuf> = LazyLock::new(|| LAB.inventory("admin"));

/// A playbook of one test.
struct Book {
    name: String,
    path: String,
}

/// Writes a play over all hosts from its keywords (`tasks:` and others); `@` stands for the test's
/// own folder on the hosts, which is made.
fn book(name: &str, keywords: &str) -> Book {
    let head = "- name: test\n  hosts: all\n  become: true\n  pre_tasks:\n\
                \x20   - name: folder\n      file: {path: '@', state: directory, mode: '0755'}\n      tags: [always]\n";
    let body = keywords.trim_end().replace('\n', "\n  ");
    let text = format!("{head}  {body}\n").replace('@', &format!("/srv/{name}"));
    let path = LAB.write(&format!("{name}/play.yml"), &text);
    Book { name: name.to_string(), path: path.to_string_lossy().into_owned() }
}

impl Book {
    fn run(&self, verb: &str, arguments: &[&str]) -> Ran {
        let inventory = INVENTORY.to_string_lossy();
        LAB.harda(&[&[verb, &self.path, "-i", &inventory], arguments].concat())
    }

    fn plan(&self, arguments: &[&str]) -> Ran {
        self.run("plan", arguments)
    }

    fn apply(&self, arguments: &[&str]) -> Ran {
        self.run("apply", arguments)
    }

    /// The text of a file in the test's folder on a host; nothing if there is none.
    fn file(&self, host: &str, name: &str) -> String {
        LAB.exec(host, &format!("cat /srv/{}/{name} 2>/dev/null", self.name)).stdout
    }

    /// Asserts what a file in the test's folder holds on every host.
    #[track_caller]
    fn holds(&self, name: &str, text: &str) {
        for host in &LAB.hosts {
            assert_eq!(self.file(host, name), text, "`{name}` on {host}");
        }
    }

    /// Asserts that a second run finds nothing to do.
    #[track_caller]
    fn settled(&self, arguments: &[&str]) {
        self.plan(&[&["--detailed-exitcode"], arguments].concat()).expect(0);
        let again = self.apply(arguments).expect(0);
        again.says("nothing changed on ");
    }
}

/// The first host, for what need not be tried on all.
fn one() -> [&'static str; 2] {
    ["-l", &LAB.hosts[0]]
}

/// What a plan (`planned`) or an apply (`done`) in JSON says of a host: `task: status`, with the
/// item of a loop in brackets.
fn told(ran: &Ran, event: &str, host: &str) -> Vec<String> {
    let records = ran.records();
    let mine = records.iter().filter(|r| r["event"] == event && r["host"] == host);
    let entries = mine.flat_map(|record| match record["entries"].as_array() {
        Some(entries) => entries.clone(),
        None => vec![record["entry"].clone()],
    });
    entries.filter(|entry| entry["task"] != "folder").map(|entry| line(&entry)).collect()
}

fn line(entry: &Value) -> String {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let item = match &entry["item"] {
        Value::Null => String::new(),
        item => format!("[{}]", word(item)),
    };
    format!("{}{item}: {}", word(&entry["task"]), word(&entry["status"]["status"]))
}

/// A host's numbers at the end of a run in JSON.
fn recap(ran: &Ran, host: &str) -> Value {
    let records = ran.records();
    let mine = records.iter().find(|r| r["event"] == "finished" && r["host"] == host);
    mine.expect("the host is finished")["recap"].clone()
}
