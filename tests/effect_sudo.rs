//! What playbooks/sudo.yml does and finds, by what sudo and su let people do.

#[path = "support/effect.rs"]
mod effect;
mod support;

use effect::{Playbook, each, persons, put, run, ssh_by_key};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::{Lab, Ran};

fn sudo<'l>(lab: &'l Lab, more: Value) -> Playbook<'l> {
    Playbook::new(lab, "sudo.yml").with(persons(lab, more))
}

/// A command line of `operator`, by ssh and without a terminal.
fn as_operator(lab: &Lab, host: &str, line: &str) -> Ran {
    run(ssh_by_key(lab, &format!("operator@{host}"), &[]).arg(line))
}

/// The terminals, by the kernel's numbers, of somebody who sits at one and of what they start by sudo.
fn terminals(lab: &Lab, host: &str) -> BTreeSet<u32> {
    let number = "cut -d\\  -f7 /proc/self/stat";
    let line = format!("{number}; echo operator-password | sudo -S -p '' {number}");
    let told = run(ssh_by_key(lab, &format!("operator@{host}"), &["-tt"]).arg(line)).expect(0);
    let numbers: Vec<u32> = told.stdout.lines().filter_map(|line| line.trim().parse().ok()).collect();
    assert_eq!(numbers.len(), 2, "{}", told.all());
    numbers.into_iter().collect()
}

#[test]
fn sudo_is_logged_and_forgets_the_password_and_what_undoes_it_is_named() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    // Without a terminal a ticket is its parent's: the shell must not become the second sudo.
    let twice = "echo operator-password | sudo -S -p '' true && sudo -n id -un; exit $?";
    let undo = |host: &str, name: &str| {
        let path = format!("/etc/sudoers.d/{name}");
        put(&lab, host, &path, "Defaults:operator !use_pty, timestamp_timeout=-1\n");
        lab.exec(host, &format!("chmod 440 {path}")).expect(0);
    };
    each(&lab, |host| {
        as_operator(&lab, host, twice).expect(0).says("root");
        assert_ne!(lab.exec(host, "test -e /var/log/sudo.log").code, 0);
    });
    let at_once = json!({ "sudo_timestamp_timeout": 0 });
    sudo(&lab, at_once.clone()).apply(&lab.hosts).says("proving a fresh login as `admin`");
    sudo(&lab, at_once.clone()).complies(&lab.hosts);
    each(&lab, |host| {
        as_operator(&lab, host, twice).expect(1).says("a password is required");
        let log = lab.exec(host, "cat /var/log/sudo.log; stat -c %a /var/log/sudo.log").expect(0);
        log.says("operator : ").says("COMMAND=/usr/bin/true").says("600");
        assert_eq!(terminals(&lab, host).len(), 2, "sudo's command has the operator's own terminal");
        undo(host, "aa-mine");
        assert_eq!(terminals(&lab, host).len(), 2, "the last value counts");
    });
    sudo(&lab, at_once.clone()).complies(&lab.hosts);
    each(&lab, |host| {
        undo(host, "zzz-mine");
        assert_eq!(terminals(&lab, host).len(), 1);
    });
    let plan = sudo(&lab, at_once).run("audit", &lab.hosts, &[]).expect(3);
    plan.says("other rules undo it").says("\"use_pty\"").says("operator");
}

#[test]
fn who_needs_no_password_or_may_do_anything_is_named() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    sudo(&lab, json!({})).apply(&lab.hosts);
    let found = |text: &str| {
        each(&lab, |host| {
            put(&lab, host, "/etc/sudoers.d/90-vendor", text);
            lab.exec(host, "chmod 440 /etc/sudoers.d/90-vendor && visudo -qc").expect(0);
        });
        sudo(&lab, json!({})).run("audit", &lab.hosts, &[])
    };
    found("# nothing\n").expect(0);
    found("operator ALL=(ALL) NOPASSWD: /usr/bin/id\n").expect(3).says("operator (NOPASSWD: /usr/bin/id)");
    found("%users ALL=(ALL) NOPASSWD: ALL\n").expect(3).says("%users (NOPASSWD: ALL)");
    found("Defaults:alice !authenticate\n").expect(3).says("sudo asks for no password").says("alice");
    found("Defaults exempt_group=users\n").expect(3).says("exempt_group");
    found("User_Alias OPS = alice\nOPS ALL=(ALL:ALL) ALL\n").expect(3).says("declared administrator: alice");
    found("alice ALL = ALL\n").expect(3).says("declared administrator: alice");
    // Somebody else's rights are not root's.
    found("alice ALL=(www-data) ALL\n").expect(0);
    found("alice ALL=(root) /usr/bin/apt-get\n").expect(0);
    found("# nothing\n").expect(0);
    each(&lab, |host| {
        lab.exec(host, "gpasswd -a alice sudo").expect(0);
    });
    let plan = sudo(&lab, json!({})).run("audit", &lab.hosts, &[]).expect(3);
    plan.says("in sudo and no declared administrator: alice");
    // A finding stops nothing.
    sudo(&lab, json!({ "sudo_timestamp_timeout": 1 })).apply(&lab.hosts).says("alice");
    let undeclared = Playbook::new(&lab, "sudo.yml").run("audit", &lab.hosts, &[]).expect(3);
    undeclared.says("admin (NOPASSWD: ALL)");
}

#[test]
fn su_is_for_root_alone() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let su = |host: &str| lab.exec(host, "echo root-password | runuser -u alice -- su -c 'id -un' root");
    each(&lab, |host| {
        su(host).expect(0).says("root");
    });
    sudo(&lab, json!({})).apply(&lab.hosts);
    sudo(&lab, json!({})).complies(&lab.hosts);
    each(&lab, |host| {
        assert_ne!(su(host).code, 0);
        lab.exec(host, "su -c 'id -un' alice").expect(0).says("alice");
        lab.exec(host, "su - alice -c 'id -un'").expect(0).says("alice");
        as_operator(&lab, host, "echo operator-password | sudo -S -u alice id -un").expect(0).says("alice");
        lab.exec(host, "gpasswd -a alice sugroup").expect(0);
        su(host).expect(0).says("root");
    });
    let plan = sudo(&lab, json!({})).run("audit", &lab.hosts, &[]).expect(3);
    plan.says("may use su: alice");
}
