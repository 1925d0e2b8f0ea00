//! The whole pack on bare hosts: its dry run knows all that it would do, applying it does just that and leaves servers
//! that serve and comply, also after a reboot. Prints how long each took, and the score that Lynis gives.

#[path = "support/effect.rs"]
mod effect;
#[path = "support/kept.rs"]
mod kept;
#[path = "support/site.rs"]
mod site;
mod support;

use harda::compliance::Level;
use harda::compliance::audit::{Audit, Outcome};
use kept::{events, kept_its_word};
use std::collections::BTreeSet;
use std::io::Write;
use std::time::Instant;
use support::{Lab, Ran, playbook};

/// Past the test harness, which would keep it to itself.
fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

struct Site {
    lab: Lab,
    inventory: String,
}

impl Site {
    fn harda(&self, verb: &[&str], more: &[&str]) -> Ran {
        let state = format!("XDG_STATE_HOME={}", self.lab.folder.path().join("state").display());
        let site = [
            "-i",
            &self.inventory,
            "-e",
            "@site.yml",
            "-e",
            "{\"dedicated_packages\": [\"telnet\", \"lynis\"]}",
        ];
        let start = Instant::now();
        let ran = self.lab.harda_with(&[&state], &[verb, &site, more].concat());
        say(&format!("{}: {:.1} s\n", verb.join(" "), start.elapsed().as_secs_f64()));
        ran
    }

    fn run(&self, verb: &str, more: &[&str]) -> Ran {
        self.harda(&[verb, &playbook("stampeltjanst/playbook.yml")], more)
    }

    fn audit(&self) -> Audit {
        self.harda(&["audit", "stampeltjanst"], &["--report", "json=audit.json"]);
        let text = std::fs::read_to_string(self.lab.folder.path().join("audit.json")).expect("the audit");
        serde_json::from_str(&text).expect("an audit")
    }

    /// The hardening index of each host.
    fn lynis(&self, when: &str) {
        for host in &self.lab.hosts {
            let ran = self.lab.exec(host, "lynis audit system --quick --quiet --no-colors >/dev/null 2>&1; grep ^hardening_index /var/log/lynis-report.dat");
            say(&format!("Lynis {when}, {host}: {}\n", ran.stdout.trim()));
        }
    }

    fn serves(&self) {
        for host in &self.lab.hosts {
            self.lab.ssh(&format!("admin@{host}"), "sudo -n true").expect(0);
            let failed = self.lab.exec(host, "systemctl --failed --no-legend --plain").stdout;
            assert_eq!(failed, "", "{host} has failed units");
        }
    }
}

/// Controls that are not of this site, or of no container.
fn is_met_or_elsewhere(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Pass | Outcome::NotApplicable | Outcome::NotAssessed)
}

/// Nothing records what happens in a container, and there is no log server here: the controls say so.
const NEVER_HERE: &[(&str, &str)] = &[
    ("audit-daemon", "auditd does not run"),
    ("audit-to-syslog", "auditd does not run"),
    ("logs-forwarded", "rsyslogd has no connection there"),
];

fn never_here(control: &str) -> Option<&'static str> {
    NEVER_HERE.iter().find(|(id, _)| *id == control).map(|(_, why)| *why)
}

/// Each control that applies passes, and no mandatory statement wants more than an attestation, or what nobody has
/// declared here.
#[track_caller]
fn complies(audit: &Audit) {
    for host in &audit.hosts {
        let (never, others): (Vec<_>, Vec<_>) =
            host.results.iter().partition(|result| never_here(&result.control).is_some());
        for result in never {
            let why = never_here(&result.control).unwrap_or_default();
            assert!(result.outcome == Outcome::Fail && result.why.en.contains(why), "{result:#?}");
        }
        let wrong: Vec<_> = others.iter().filter(|r| !is_met_or_elsewhere(r.outcome)).collect();
        assert!(wrong.is_empty(), "{}: {wrong:#?}", host.host);
    }
    let undeclared: BTreeSet<&str> = audit
        .hosts
        .iter()
        .flat_map(|host| &host.results)
        .filter(|result| result.outcome == Outcome::NotAssessed)
        .map(|result| result.control.as_str())
        .collect();
    for (_, statement) in
        audit.statements().filter(|(_, s)| s.level == Level::Mandatory && !s.verdict.is_met())
    {
        let waits = statement.attested.is_some()
            || statement.controls.iter().any(|c| never_here(c).is_some() || undeclared.contains(c.as_str()));
        assert!(waits, "{} is {:?}: {:?}", statement.id, statement.verdict, statement.why);
    }
}

#[test]
fn bare_hosts_are_hardened_as_announced_serve_and_comply_after_a_reboot_too() {
    let lab = Lab::up(&["bookworm-bare", "trixie-bare"]);
    site::declare(&lab);
    let inventory = lab.inventory("admin").to_string_lossy().into_owned();
    let site = Site { lab, inventory };
    for host in &site.lab.hosts {
        site.lab
            .exec(
                host,
                "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y lynis iproute2",
            )
            .expect(0);
    }
    site.lynis("before");
    let plan = site.run("plan", &["--format", "json"]).expect(0).records();
    let entries =
        events(&plan, "planned").flat_map(|planned| planned["entries"].as_array().expect("entries"));
    let unknown: Vec<_> = entries.filter(|entry| entry["status"]["status"] == "unknown").collect();
    assert!(unknown.is_empty(), "{unknown:?}");

    kept_its_word(&site.run("apply", &["--format", "json"]).expect(0));
    site.run("plan", &["--detailed-exitcode"]).expect(0);
    complies(&site.audit());
    site.serves();
    site.lynis("after");

    for host in &site.lab.hosts {
        site.lab.call(&["reboot", host]).expect(0);
    }
    site.run("plan", &["--detailed-exitcode"]).expect(0);
    complies(&site.audit());
    site.serves();
}
