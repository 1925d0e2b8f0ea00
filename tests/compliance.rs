//! The compliance loop on real hosts: audit, remediate, audit.

#[path = "compliance/mutation.rs"]
mod mutation;
#[path = "compliance/probes.rs"]
mod probes;
#[path = "support/site.rs"]
mod site;
mod support;
#[path = "support/terminal.rs"]
mod terminal;

use harda::compliance::Lang;
use harda::compliance::audit::{Audit, Outcome, Verdict};
use harda::compliance::pack::{Control, Pack};
use harda::files::Files;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use support::{Lab, Ran};
use terminal::{converse, on_terminal};

const PACK: &str = "stampeltjanst";

fn pack() -> Pack {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks").join(PACK);
    Pack::load(&Files::default(), &folder).expect("the pack is read")
}

/// Hosts, and harda with a state folder of its own.
struct Site {
    lab: Lab,
    inventory: String,
}

impl Site {
    fn up(kinds: &[&str]) -> Site {
        let lab = Lab::up(kinds);
        site::declare(&lab);
        let inventory = lab.inventory("admin").to_string_lossy().into_owned();
        Site { lab, inventory }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.lab.folder.path().join(name)
    }

    fn harda(&self, verb: &[&str], more: &[&str]) -> Ran {
        let state = format!("XDG_STATE_HOME={}", self.file("state").display());
        let mut arguments = verb.to_vec();
        arguments.extend(["-i", &self.inventory, "-e", "@site.yml"]);
        arguments.extend(more);
        self.lab.harda_with(&[&state], &arguments)
    }

    fn audit(&self, code: i32, more: &[&str]) -> Audit {
        let report = ["--report", "json=audit.json"];
        self.harda(&["audit", PACK], &[&report, more].concat()).expect(code);
        let text = std::fs::read_to_string(self.file("audit.json")).expect("the report");
        serde_json::from_str(&text).expect("an audit")
    }

    fn remediate(&self, code: i32) -> Ran {
        let ids: Vec<String> = pack().controls.iter().map(|control| control.id.clone()).collect();
        self.harda(&["remediate", "--from", "audit.json"], &["--accept", &ids.join(",")]).expect(code)
    }

    /// The paths below /etc and when each was written last.
    fn written(&self, host: &str) -> BTreeMap<String, String> {
        let ran = self.lab.exec(host, "find /etc -xdev -type f -printf '%p %T@ %i\\n'").expect(0);
        let pair = |line: &str| line.split_once(' ').map(|(path, rest)| (path.to_string(), rest.to_string()));
        ran.stdout.lines().filter_map(pair).collect()
    }
}

/// The controls of each outcome on a host.
fn outcomes(audit: &Audit, host: &str) -> BTreeMap<Outcome, BTreeSet<String>> {
    let mut found: BTreeMap<Outcome, BTreeSet<String>> = BTreeMap::new();
    for result in &audit.host(host).expect("the host").results {
        found.entry(result.outcome).or_default().insert(result.control.clone());
    }
    found
}

#[test]
fn an_audit_writes_nothing_and_one_bad_host_spoils_none_other() {
    let site = Site::up(&["bookworm-busybox", "bookworm"]);
    let before: Vec<_> = site.lab.hosts.iter().map(|host| site.written(host)).collect();
    let inventory = std::fs::read_to_string(&site.inventory).expect("the inventory");
    let gone = inventory.replacen("  hosts:\n", "  hosts:\n    gone:\n      ansible_host: 192.0.2.1\n", 1);
    site.lab.write("inventory-admin.yml", &gone);
    let without = &site.lab.hosts[1];
    site.lab.exec(without, "rm $(command -v ss)").expect(0);
    let audit = site.audit(4, &["--timeout", "2"]);
    assert!(audit.host("gone").expect("told").error.is_some());
    assert!(outcomes(&audit, "gone").keys().all(|outcome| *outcome == Outcome::Error));
    // What can't be asked is not known, and nothing is found by it.
    let listens = audit.host(without).and_then(|h| h.result("listeners-declared")).expect("the control");
    assert_eq!(listens.outcome, Outcome::Error, "{listens:?}");
    assert!(listens.why.en.contains("this host has no ss (package iproute2)"), "{listens:?}");
    for (host, before) in site.lab.hosts.iter().zip(&before) {
        assert!(audit.host(host).expect("the host").error.is_none(), "{host}");
        assert_eq!(&site.written(host), before, "{host}");
        site.lab.exec(host, "test ! -e /var/lib/harda && test ! -e /run/harda.lock").expect(0);
    }
}

/// What the site declares for the pack of outcomes.
const DECLARED: &str = "
organisation: Example AB
environment: Test
attestations:
  - {statement: 2-a, text: A locked room, responsible: A. Person, date: 2026-01-01, valid_until: 2099-12-31}
  - {statement: 2-b, text: It was right once, responsible: A. Person, date: 2019-01-01, valid_until: 2020-01-01}
waivers:
  - control: waived
    reason: the file comes with the next release
    approver: CISO
    start: 2026-01-01
    expires: 2099-12-31
  - {control: waived-in-vain, reason: none by now, approver: CISO, start: 2026-01-01, expires: 2099-12-31}
  - {control: sshd-config-private, reason: expired, approver: CISO, start: 2019-01-01, expires: 2020-01-01}
";

#[test]
fn each_outcome_counts_as_it_says() {
    let site = Site::up(&["bookworm"]);
    let host = &site.lab.hosts[0];
    site.lab.exec(host, "mkdir /etc/docker; touch /run/reboot-required").expect(0);
    site.lab.write("declared.yml", DECLARED);
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/packs/outcomes");
    let pack = pack.to_string_lossy();
    let ran = site.harda(
        &["audit", &pack],
        &["--attestations", "declared.yml", "--report", "json=o.json", "--report", "junit=o.xml", "-v"],
    );
    let ran = ran.expect(3);
    ran.says("Docker routes its containers' traffic").says("declare ntp_server");
    ran.says("manual: attested by A. Person until 2099-12-31")
        .says("manual: its attestation counted until 2020");
    ran.says("the file comes with the next release (approved by CISO, until 2099-12-31)");
    let text = std::fs::read_to_string(site.file("o.json")).expect("the report");
    let audit: Audit = serde_json::from_str(&text).expect("an audit");

    let result = |control: &str| audit.host(host).and_then(|h| h.result(control)).expect("a result");
    for (control, outcome) in [
        ("passwd-mode", Outcome::Pass),
        ("sshd-config-private", Outcome::Fail),
        ("no-forwarding", Outcome::Blocked),
        ("other-family", Outcome::NotApplicable),
        ("time-server", Outcome::NotAssessed),
        ("reads-nothing", Outcome::Error),
        ("fresh-kernel", Outcome::AfterReboot),
        ("waived", Outcome::Waived),
        ("waived-in-vain", Outcome::WaivedPass),
        ("rests-on-it", Outcome::Error),
        ("shadow-mode", Outcome::Pass),
        ("ignored-probe", Outcome::Error),
        ("rebooted", Outcome::Fail),
    ] {
        assert_eq!(result(control).outcome, outcome, "{control}: {:?}", result(control));
    }
    let why = &result("fresh-kernel").why.en;
    assert_eq!(why, "set; it takes effect with the next reboot: a newer kernel is installed");
    assert!(result("sshd-config-private").why.en.contains("its waiver expired on 2020-01-01"));
    assert_eq!(result("other-family").why.en, "it is for hosts of Red Hat's family only");
    let why = &result("rests-on-it").why.en;
    assert!(why.contains("it rests on `What can't be asked here`, which failed: "), "{why}");
    // Weights: pass 6+1+6, after reboot half of 3, of 6+10+3+1+3+3+1+1+6+1+1; then without the waived one.
    let score = audit.host(host).expect("the host").score;
    assert_eq!((score.strict, score.waived), (Some(40), Some(43)));

    let verdict =
        |id: &str| audit.statements().find(|(_, s)| s.id == id).map(|(_, s)| s.verdict).expect("it");
    for (statement, wanted) in [
        ("1-a", Verdict::Partly),
        ("1-b", Verdict::Partly),
        ("1-c", Verdict::Fulfilled),
        ("2-a", Verdict::Fulfilled),
        ("2-b", Verdict::Partly),
        ("2-c", Verdict::Partly),
    ] {
        assert_eq!(verdict(statement), wanted, "{statement}");
    }
    let evidence = &result("passwd-mode").evidence[0].asked[0];
    assert!(evidence.asked.contains("stat /etc/passwd") && evidence.told.contains("0644"), "{evidence:?}");
    let junit = std::fs::read_to_string(site.file("o.xml")).expect("the report");
    assert!(junit.contains(r#"failures="4" errors="3" skipped="3""#), "{junit}");

    site.lab.exec(host, "chmod 0666 /etc/passwd; chmod 0600 /etc/ssh/sshd_config").expect(0);
    let more = ["--attestations", "declared.yml", "--baseline", "o.json"];
    let drift = site.harda(&["audit", &pack], &more).expect(3);
    drift.says("passwd-mode: pass -> fail").says("sshd-config-private: fail -> pass").says_not("time-server");
    let drift = site.harda(&["audit", &pack], &[&more[..], &["--format", "json"]].concat()).expect(3);
    let drift: serde_json::Value = serde_json::from_str(&drift.stdout).expect("JSON");
    let ways: Vec<_> = drift["controls"].as_array().expect("a list").iter().map(|c| &c["way"]).collect();
    assert_eq!(ways, ["worse", "better"], "{drift}");

    // Of a requirement of which a part was looked at, that part is shown, and fulfils nothing.
    site.lab.exec(host, "chmod 0644 /etc/passwd").expect(0);
    let part = site.harda(&["audit", &pack], &["--requirement", "1-c", "--lang", "sv"]).expect(0);
    part.says("1  delvis uppfyllt 1/1").says("(en del: 1 av 3 delkrav granskade)");
    part.says("i det som granskades, 0 av 2 krav uppfyllda");
    let runs = std::fs::read_dir(site.file("state/harda/runs")).expect("the records").flatten();
    let modes: Vec<u32> = runs.map(|e| e.metadata().expect("there").permissions().mode() & 0o777).collect();
    assert!(modes.len() >= 6 && modes.iter().all(|mode| *mode == 0o600), "{modes:?}");
    let folder = std::fs::metadata(site.file("state/harda/runs")).expect("the folder");
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);
    let why = site.lab.harda(&["why", host, "no-forwarding", "--from", "o.json"]).expect(0);
    why.says("1-b (SHALL) partly: All else")
        .says("blocked")
        .says("may break: Docker")
        .says("playbook.yml:16:7");
}

#[test]
fn a_playbook_is_audited_by_its_tasks() {
    let site = Site::up(&["bookworm"]);
    let task = |name: &str, word: &str| {
        format!("    - name: {name}\n      copy: {{content: hi, dest: /etc/{word}}}\n")
    };
    let tasks = [task("The greeting", "hi"), task("The farewell", "bye")].concat();
    site.lab.write("p.yml", &format!("- hosts: all\n  tasks:\n{tasks}"));
    let report = ["--report", "json=audit.json"];
    site.harda(&["audit", "p.yml"], &report).expect(3).says("The greeting").says("not compliant");
    // Of its tasks, too, only those that are meant are made.
    let remediate = ["remediate", "--from", "audit.json", "--control"];
    site.harda(&[&remediate[..], &["The greeting"]].concat(), &[])
        .expect(3)
        .says("The greeting: fail -> pass");
    site.lab.exec(&site.lab.hosts[0], "test -e /etc/hi && test ! -e /etc/bye").expect(0);
    site.harda(&["apply", "p.yml"], &[]).expect(0);
    site.harda(&["audit", "p.yml"], &[]).expect(0).says("compliant");

    // What the login may not look at is not absent; what only says something is no control.
    let host = &site.lab.hosts[0];
    let plain = site.lab.inventory_of("plain.yml", host, "admin", &[("ansible_become", "")]);
    let tasks = "    - name: No key of root's\n      file: {path: /root/.ssh/authorized_keys, state: absent}\n    \
                 - name: Says only\n      debug: {msg: all is well}\n";
    site.lab.write("keys.yml", &format!("- hosts: all\n  tasks:\n{tasks}"));
    let ran = site.lab.harda(&["audit", "keys.yml", "-i", &plain]).expect(3);
    ran.says("1 error").says("/root/.ssh/authorized_keys can't be looked at, no rights: become root");
    site.lab.harda(&["plan", "keys.yml", "-i", &plain]).expect(2).says("no rights: become root");
    site.lab.harda(&["audit", "keys.yml", "-i", &plain, "-b"]).expect(3).says("1 fail").says("state is file");
}

/// Tasks of no control that would write, each beside a control that is in order otherwise.
const OUTSIDE: &[(&str, &str)] = &[
    (
        "command: touch /etc/outside\n      check_mode: false\n      changed_when: true",
        "could change the host",
    ),
    ("command: touch /etc/outside\n      changed_when: false", "could change the host"),
    ("copy: {content: x, dest: /etc/outside}", "could change the host"),
    (
        "set_fact: {a: 1}\n      changed_when: true\n      notify: Writes",
        "notifies a handler and is of no control",
    ),
];

#[test]
fn a_task_of_no_control_changes_nothing() {
    let site = Site::up(&["bookworm"]);
    let host = &site.lab.hosts[0];
    let write = |task: &str| {
        let playbook = format!(
            "- hosts: all\n  become: true\n  tasks:\n    - name: Looks\n      {task}\n    - name: The greeting\n      \
             tags: ['control:greeting']\n      copy: {{content: hi, dest: /etc/greeting}}\n  handlers:\n    \
             - name: Writes\n      command: touch /etc/outside\n"
        );
        site.lab.write("outside/playbook.yml", &playbook);
    };
    let text = |name: &str| format!("{{sv: {name}, en: {name}}}");
    site.lab.write(
        "outside/pack.yml",
        &format!("name: o\nversion: '1'\ntitle: {}\nplaybook: playbook.yml\n", text("O")),
    );
    let control =
        format!("- {{id: greeting, title: {}, severity: low, break: rm /etc/greeting}}\n", text("G"));
    site.lab.write("outside/controls.yml", &control);
    let statement = format!("{{id: 1-a, level: mandatory, text: {}, controls: [greeting]}}", text("S"));
    site.lab.write(
        "outside/requirements.yml",
        &format!("- id: '1'\n  name: {}\n  statements: [{statement}]\n", text("R")),
    );
    write("command: cat /etc/os-release\n      check_mode: false\n      changed_when: false");
    let audit = ["audit", "outside", "--report", "json=audit.json"];
    site.harda(&audit, &[]).expect(3).says("greeting  fail");
    let first = std::fs::read(site.file("audit.json")).expect("the audit");

    for (task, why) in OUTSIDE {
        write(task);
        let ran = site.harda(&audit, &["--control", "greeting"]).expect(3);
        ran.says("greeting  error").says("Looks: this task").says(why);
        // Also where the audit that is remediated had nothing of it.
        std::fs::write(site.file("audit.json"), &first).expect("written");
        site.harda(&["remediate", "--from", "audit.json"], &[]).expect(3).says("nothing was changed");
        site.lab.exec(host, "test ! -e /etc/outside && test ! -e /etc/greeting").expect(0);
    }
    write("command: cat /etc/os-release\n      check_mode: false\n      changed_when: false");
    site.harda(&["remediate", "--from", "audit.json"], &[]).expect(0).says("greeting: fail -> pass");
}

#[test]
fn a_remediation_asks_first_and_knows_its_machine() {
    let site = Site::up(&["trixie"]);
    let host = &site.lab.hosts[0];
    let (home, key) = (format!("HOME={}", site.lab.folder.path().display()), site.lab.env("HARDA_LAB_KEY"));
    let server = format!("admin@{}", site.lab.address(host));
    let tried = site.lab.harda_with(
        &[&home],
        &["try", &server, "--private-key", &key, "--accept-new-host-keys", "--lang", "sv"],
    );
    tried.expect(3).says(" av 100").says("åtgärd: harda remediate --from").says("deklarera rsyslog_server");

    let first = site.audit(3, &[]);
    let narrow = site.harda(&["audit", PACK], &["--control", "login-banner,password-quality"]);
    narrow.expect(3).says("not compliant");
    let remediate = |more: &[&str]| site.harda(&["remediate", "--from", "audit.json"], more);

    // Made with the audit's values, though nobody gives them; of one whose file is gone it is said.
    let alone = |more: &[&str]| {
        let state = format!("XDG_STATE_HOME={}", site.file("state").display());
        let control = ["--check", "--control", "firewall-declared"];
        let verb = ["remediate", "--from", "audit.json", "-i", &site.inventory];
        site.lab.harda_with(&[&state], &[&verb, &control[..], more].concat())
    };
    let unreachable = ["-e", "ansible_port=1", "--timeout", "2"];
    assert_eq!(alone(&unreachable).code, 4, "a host that isn't reached isn't in order");
    alone(&[]).expect(0).says("/etc/harda/").says_not("warning: the audit");
    std::fs::rename(site.file("site.yml"), site.file("moved.yml")).expect("moved");
    alone(&[]).expect(0).says("warning: the audit was made with values of ").says("firewall_ssh_from");
    alone(&["-e", "@moved.yml"]).expect(0).says("/etc/harda/").says_not("warning: the audit");
    std::fs::rename(site.file("moved.yml"), site.file("site.yml")).expect("moved back");

    let plan = remediate(&["--check", "--control", "login-banner"]).expect(0);
    plan.says("/etc/issue.net").says_not("/etc/ssh/");
    site.lab.exec(host, "grep -q Debian /etc/issue.net").expect(0);
    // Nobody can be asked here: what could lock out is left out, and named.
    let ran = remediate(&["--control", "login-banner,sshd-hardened"]).expect(3);
    ran.says("left out: consent with --accept sshd-hardened").says("login-banner: fail -> pass");
    ran.says("1 of 2 controls that did not pass put right").says("1 left out:");
    ran.says("sshd-hardened is left out on").says("nobody consented to it");
    site.lab
        .harda_with(&[&format!("XDG_STATE_HOME={}", site.file("state").display())], &["runs"])
        .expect(0)
        .says("part of it");
    site.lab.exec(host, "test ! -e /etc/ssh/sshd_config.d/00-harda.conf").expect(0);

    // A remediation is three runs; its password is asked for once.
    let folder = site.lab.folder.path().display().to_string();
    let line = format!(
        "cd {folder} && XDG_STATE_HOME={folder}/state {} remediate --from audit.json -i {} -e @site.yml \
         --control password-quality --accept password-quality -K",
        env!("CARGO_BIN_EXE_harda"),
        site.inventory
    );
    let (mut asked, mut done) = (0, false);
    let (_, said) = converse(&mut on_terminal(&line), &mut |said| {
        done |= said.contains("audited again");
        let is_question = said.ends_with("password: ");
        asked += usize::from(is_question);
        is_question.then(|| "any".to_string())
    });
    assert!(done && asked == 1, "asked {asked} times:\n{said}");

    let id = &first.host(host).expect("the host").machine_id;
    assert_eq!(id.len(), 32, "{id}");
    let text = std::fs::read_to_string(site.file("audit.json")).expect("the audit");
    site.lab.write("audit.json", &text.replace(id.as_str(), &"0".repeat(32)));
    remediate(&["--accept", "sshd-hardened"]).expect(2).says("another machine than the one audited");
    remediate(&["--check"])
        .expect(2)
        .says("another machine than the one audited")
        .says_not("/etc/login.defs");
    site.lab.exec(host, "test ! -e /etc/ssh/sshd_config.d/00-harda.conf").expect(0);
}
