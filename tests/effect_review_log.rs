//! `harda review log`: what is done on a lab host is told in its class.

#[path = "support/effect.rs"]
mod effect;
mod support;

use effect::{put, run, soon};
use std::process::Command;
use support::{Lab, Ran};

/// As the rules of playbooks/audit-log.yml would have it written; a container has no audit of its own.
const RECORD: &str = "type=SYSCALL msg=audit(4102444800.100:7): syscall=59 success=yes auid=1000 uid=0 comm=\"vi\" \
    exe=\"/usr/bin/vi\" key=\"harda-system\"\u{1d}AUID=\"admin\" UID=\"root\"\n";

#[test]
fn what_was_done_is_told_by_class() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let inventory = lab.inventory("admin").to_string_lossy().into_owned();
    let today = run(Command::new("date").args(["-u", "+%F"])).stdout;
    let review = |since: &str, more: &[&str]| -> Ran {
        lab.harda(&[&["review", "log", "-i", &inventory, "--since", since], more].concat()).expect(0)
    };
    for host in &lab.hosts {
        lab.ssh(&format!("admin@{host}"), "sudo -n true").expect(0);
        assert_ne!(lab.ssh(&format!("intruder@{host}"), "true").code, 0);
        lab.exec(host, "usermod -aG sudo alice && chage -M 99 alice && apt-get install -y tree").expect(0);
        soon("the last of them", || lab.exec(host, "journalctl -q -t chage").stdout.contains("alice"));
    }
    let told = review(today.trim(), &["--lines", "1000"]);
    for host in &lab.hosts {
        let of_host = told.stdout.split_once(&format!("{host}  since")).expect("the host").1;
        let mut rest = of_host;
        for (class, event) in [
            ("log-ins and log-outs: ", "Accepted publickey for admin"),
            ("failed and unauthorised attempts: ", "Invalid user intruder"),
            ("elevation of rights: ", "session opened for user root"),
            ("commands and software: ", "COMMAND=/usr/bin/true"),
            ("", "dpkg: install tree"),
            ("changes to access control: ", "alice"),
            ("changes to administrators' rights: ", "'alice' to group 'sudo'"),
        ] {
            rest = rest.split_once(class).unwrap_or_else(|| panic!("no `{class}` in:\n{rest}")).1;
            rest = rest.split_once(event).unwrap_or_else(|| panic!("no `{event}` in:\n{rest}")).1;
        }
    }
    told.says("there is no audit log: of commands only those by sudo are known");

    for host in &lab.hosts {
        put(&lab, host, "/var/log/audit/audit.log", RECORD);
    }
    let later = review("2099-01-01", &["--format", "json"]);
    for (record, host) in later.records().iter().zip(&lab.hosts) {
        assert_eq!((&record["host"], &record["audit_log"]), (&host.as_str().into(), &true.into()));
        assert_eq!(record["classes"]["logins"]["count"], 0);
        let event = &record["classes"]["system"]["events"][0];
        assert_eq!(event["text"], "admin ran /usr/bin/vi", "{record}");
        assert_eq!(event["time"], "2100-01-01T00:00:00Z");
    }
    review("2020-01-01", &[]).says("what came before is not known");

    // Who can't read the logs is not told that nothing happened.
    let plain =
        std::fs::read_to_string(&inventory).expect("the inventory").replace("ansible_become: true", "");
    let plain = lab.write("plain.yml", &plain).to_string_lossy().into_owned();
    let refused = lab.harda(&["review", "log", "-i", &plain, "--since", today.trim()]).expect(4);
    refused.says("the logs can be read whole by root only").says_not("log-ins and log-outs: 0");
}
