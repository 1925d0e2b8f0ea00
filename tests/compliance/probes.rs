//! A probe that could not ask is no pass.

use super::*;

/// A tool that fails, how it does (1 where that is no answer), and the controls that then can't be told. Of systemctl
/// only what lists units: harda's own questions are other ones.
const BROKEN: &[(&str, &str, &[&str])] = &[
    ("find", "exit 1", &["files-owned", "suid-declared", "key-material"]),
    ("find", "exit 127", &["files-owned", "suid-declared", "key-material"]),
    ("findmnt", "exit 1", &["files-owned", "suid-declared"]),
    (
        "systemctl",
        "case $1 in list-*) exit 1;; esac; exec /usr/bin/systemctl \"$@\"",
        &["service-accounts", "services-unneeded-off", "jobs-declared"],
    ),
    ("dpkg-query", "exit 2", &["packages-unneeded-gone", "packages-declared"]),
    ("apt-mark", "exit 1", &["packages-declared"]),
    ("apt-config", "exit 1", &["sources-signed"]),
    ("apt-get", "exit 100", &[]), // that its sources can't be read is a finding
    ("ss", "exit 1", &["listeners-declared"]),
    ("awk", "exit 127", &["listeners-declared", "packages-declared", "accounts-unique", "files-owned"]),
    ("grep", "exit 127", &["sources-signed", "key-material"]),
    ("cvtsudoers", "exit 1", &["sudo-asks-password"]),
    ("getent", "exit 1", &["su-restricted"]),
];

/// Controls whose probes name a tool that they don't come to on these hosts, or don't rest on.
const NOT_BY_IT: &[(&str, &str)] = &[
    ("key-material", "getent"), // of a key that its owner alone reads no group is asked
    ("service-accounts", "ss"), // it tells of what was found whether it listens, too
    ("sources-signed", "awk"),  // for sources of the newer form
    ("key-material", "awk"),    // as with getent
    ("autologin-off", "awk"),   // for sddm
    ("autologin-off", "grep"),  // there is no file to look into
];

#[test]
fn a_probe_that_failed_never_passes() {
    let site = Site::up(&["bookworm", "trixie"]);
    for (tool, fails, controls) in BROKEN {
        on_each(&site, &stand_in(tool, fails));
        let audit = site.audit(3, &[]);
        on_each(&site, &format!("rm /usr/local/sbin/{tool}"));
        for host in &audit.hosts {
            assert!(host.error.is_none(), "{}, {tool}: {:?}", host.host, host.error);
            for control in *controls {
                let result = host.result(control).expect("the control");
                assert_eq!(result.outcome, Outcome::Error, "{}, {tool}: {result:?}", host.host);
            }
            let passed = host.results.iter().filter(|result| result.outcome == Outcome::Pass);
            let by_it = passed.filter(|result| {
                let asked = result.evidence.iter().flat_map(|task| &task.asked);
                !NOT_BY_IT.contains(&(&result.control, tool))
                    && asked.into_iter().any(|a| names(&a.asked, tool))
            });
            let by_it: Vec<&str> = by_it.map(|result| result.control.as_str()).collect();
            assert!(by_it.is_empty(), "{}: {by_it:?} pass though {tool} fails", host.host);
        }
    }
    // What dpkg can't read is no host without packages.
    on_each(&site, "cp -p /var/lib/dpkg/status /root; echo junk >/var/lib/dpkg/status");
    let audit = site.audit(3, &[]);
    for host in &audit.hosts {
        let result = host.result("packages-unneeded-gone").expect("the control");
        assert_eq!(result.outcome, Outcome::Error, "{result:?}");
    }
}

/// Puts a script before a tool of the host's.
fn stand_in(tool: &str, fails: &str) -> String {
    let file = format!("/usr/local/sbin/{tool}");
    format!("cat >{file} <<'END'\n#!/bin/sh\n{fails}\nEND\nchmod 755 {file}")
}

fn on_each(site: &Site, script: &str) {
    site.lab.hosts.iter().for_each(|host| drop(site.lab.exec(host, script).expect(0)));
}

/// Whether a script has this word.
fn names(script: &str, tool: &str) -> bool {
    script.split(|c: char| !(c.is_ascii_alphanumeric() || "-_/.".contains(c))).any(|word| word == tool)
}
