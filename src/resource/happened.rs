//! What happened on a host since a day, by the classes of events that a log has to hold: from the journal, the package
//! manager's log and the audit log. Only asked for.

use super::{Difference, Extras, Kind, Opaque, Realise, Wanted};
use crate::fragment::{Fragment, Reply, quote};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// The classes, in the order in which they are told.
pub const CLASSES: &[(&str, &str)] = &[
    ("logins", "log-ins and log-outs"),
    ("failed", "failed and unauthorised attempts"),
    ("elevation", "elevation of rights"),
    ("commands", "commands and software"),
    ("access", "changes to access control"),
    ("admin", "changes to administrators' rights"),
    ("system", "time, modules and the audit itself"),
];

/// Of each class and log no more than this many events are brought; all are counted.
pub const MOST: u64 = 1000;

const MOST_BYTES: usize = 64 << 20;

const SCRIPT: &str = include_str!("happened/since.sh");

pub struct WhatHappened;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Happened {
    /// The first entry of the journal: what came before is not known.
    pub journal_begins: Option<String>,
    pub audit_log: bool,
    pub classes: BTreeMap<String, Class>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Class {
    pub count: u64,
    /// The latest, of each log in its order.
    pub events: Vec<Event>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub time: String,
    pub text: String,
}

impl Kind for WhatHappened {
    /// A day or moment, as date(1) takes it.
    type Id = String;
    type State = Happened;
    const NAME: &'static str = "what happened since";

    fn observe(wanted: &[Wanted<String>]) -> Fragment {
        let mut script = format!("most={MOST}\n{SCRIPT}");
        for w in wanted {
            script.push_str(&format!("since {} || exit 1\necho ==\n", quote(&w.id)));
        }
        script.push_str("true\n");
        // A long journal takes its time.
        let mut fragment = Fragment::new(script).deadline(Duration::from_secs(300));
        fragment.max_output = MOST_BYTES;
        fragment
    }

    fn parse(wanted: &[Wanted<String>], reply: &Reply) -> Vec<Result<Happened, String>> {
        if reply.status != 0 || reply.truncated {
            let why = match reply.truncated {
                true => "is more than can be read".to_string(),
                false => format!("could not be read: {}", reply.error_text()),
            };
            return wanted.iter().map(|_| Err(why.clone())).collect();
        }
        let text = reply.text();
        let mut lines = text.lines();
        wanted.iter().map(|_| Ok(read(lines.by_ref().take_while(|line| *line != "==")))).collect()
    }

    fn diff(_id: &String, _from: &Happened, _to: &Happened) -> Vec<Difference> {
        Vec::new()
    }

    fn realise(_: &String, _: &Happened, _: &Happened, _: &Extras) -> Result<Realise, String> {
        Err("what happened is only read".into())
    }

    fn shaken(_id: &String, _state: &Happened, _by: &Opaque) -> bool {
        true
    }
}

/// Lines `class<tab>time<tab>text`, `count<tab>class<tab>number`, and what the logs are.
fn read<'l>(lines: impl Iterator<Item = &'l str>) -> Happened {
    let mut happened = Happened::default();
    for line in lines {
        let mut fields = line.splitn(3, '\t');
        let (Some(first), Some(second)) = (fields.next(), fields.next()) else { continue };
        match (first, fields.next()) {
            ("begins", _) => happened.journal_begins = Some(second.to_string()),
            ("audit", _) => happened.audit_log = second == "yes",
            ("count", Some(number)) => {
                let class = happened.classes.entry(second.to_string()).or_default();
                class.count += number.parse::<u64>().unwrap_or_default();
            }
            (class, Some(text)) => {
                let event = Event { time: moment(second), text: text.trim().to_string() };
                happened.classes.entry(class.to_string()).or_default().events.push(event);
            }
            _ => {}
        }
    }
    happened
}

/// The audit log counts seconds; the others write times.
fn moment(text: &str) -> String {
    let seconds = text.strip_prefix('@').and_then(|seconds| seconds.parse().ok());
    match seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()) {
        Some(time) => time.to_string(),
        None => text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Level;
    use std::process::Command;

    const AUDIT: &str = "type=SYSCALL msg=audit(1795609800.100:7): arch=c000003e syscall=59 success=yes exit=0 a0=1 auid=1000 uid=0 comm=\"id\" exe=\"/usr/bin/id\" key=\"harda-commands\"\u{1d}ARCH=x86_64 SYSCALL=execve AUID=\"anna\" UID=\"root\"
type=SYSCALL msg=audit(1795609801.100:8): arch=c000003e syscall=257 success=no exit=-13 auid=1001 comm=\"cat\" exe=\"/usr/bin/cat\" key=\"harda-failed\"
type=SYSCALL msg=audit(1000000000.100:9): auid=1001 comm=\"old\" exe=\"/usr/bin/old\" key=\"harda-failed\"
type=SYSCALL msg=audit(1795609802.100:9): auid=1001 comm=\"vi\" exe=\"/usr/bin/vi\" key=\"harda-access-control\"
type=SYSCALL msg=audit(1795609803.100:9): auid=1001 comm=\"x\" exe=\"/usr/bin/x\" key=\"another\"
";

    const JOURNAL: &str = "2026-11-25T09:00:00+00:00 web1 sshd-session[7]: Accepted publickey for anna from 192.0.2.1 port 1
2026-11-25T09:00:01+00:00 web1 sshd[8]: Failed password for invalid user x from 192.0.2.9 port 2 ssh2
2026-11-25T09:00:02+00:00 web1 sudo[9]:     anna : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/id
2026-11-25T09:00:02+00:00 web1 sudo[9]: pam_unix(sudo:session): session opened for user root(uid=0) by anna(uid=1000)
2026-11-25T09:00:03+00:00 web1 sudo[9]:     bert : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh
2026-11-25T09:00:04+00:00 web1 usermod[10]: add 'bert' to group 'sudo'
2026-11-25T09:00:05+00:00 web1 passwd[11]: pam_unix(passwd:chauthtok): password changed for bert
2026-11-25T09:00:06+00:00 web1 su[12]: FAILED SU (to root) bert on pts/0
2026-11-25T09:00:07+00:00 web1 cron[13]: Accepted nothing
";

    /// As every shell reads logs of these texts.
    fn asked() -> Vec<Happened> {
        let dir = tempfile::tempdir().expect("a folder");
        let path = |name: &str| dir.path().join(name).display().to_string();
        std::fs::write(path("journal"), JOURNAL).expect("written");
        std::fs::write(path("audit.log"), AUDIT).expect("written");
        let dpkg = "2026-11-20 08:00:00 install old:all <none> 1\n2026-11-25 08:00:00 install tree:amd64 <none> 2.1\n2026-11-25 08:00:01 status installed tree:amd64 2.1\n";
        std::fs::write(path("dpkg.log"), dpkg).expect("written");
        let wanted = [Wanted { id: "2026-11-24".to_string(), level: Level::Digest }];
        let script = WhatHappened::observe(&wanted).script;
        let script =
            script.replace("/var/log/audit", &path("")).replace("/var/log/dpkg.log", &path("dpkg.log"));
        let script = format!("id() {{ echo 0; }}\njournalctl() {{ cat '{}'; }}\n{script}", path("journal"));
        let ask = |shell: &[&str]| {
            let out = Command::new(shell[0]).args(&shell[1..]).args(["-c", &script]).output();
            let out = out.expect("the shell starts");
            let status = out.status.code().unwrap_or(-1);
            let reply = Reply { stdout: out.stdout, stderr: out.stderr, status, ..Reply::default() };
            WhatHappened::parse(&wanted, &reply).remove(0).expect("told")
        };
        [&["dash"][..], &["bash", "--posix"], &["busybox", "sh"]].map(ask).into()
    }

    #[test]
    fn every_shell_tells_each_event_in_its_class() {
        for happened in asked() {
            assert_eq!(happened.journal_begins.as_deref(), Some("2026-11-25T09:00:00+00:00"));
            assert!(happened.audit_log);
            for (class, texts) in [
                ("logins", &["Accepted publickey for anna"][..]),
                ("failed", &["Failed password", "NOT in sudoers", "FAILED SU", "/usr/bin/cat"]),
                ("elevation", &["session opened for user root"]),
                ("commands", &["COMMAND=/usr/bin/id", "install tree", "anna ran /usr/bin/id"]),
                ("access", &["password changed for bert", "1001 ran /usr/bin/vi"]),
                ("admin", &["add 'bert' to group 'sudo'"]),
            ] {
                let told =
                    happened.classes.get(class).unwrap_or_else(|| panic!("no {class} in {happened:?}"));
                assert_eq!((told.count, told.events.len()), (texts.len() as u64, texts.len()), "{told:?}");
                for (event, text) in told.events.iter().zip(texts) {
                    assert!(event.text.contains(text), "no `{text}` in {event:?}");
                    assert!(event.time.starts_with("2026-11-25"), "{event:?}");
                }
            }
        }
    }
}
