//! What playbooks/audit-log.yml does, as far as a container shows it: no rule is loaded here, since the kernel's audit
//! is the machine's. libaudit reads the rules, auditd its settings, and a record takes the plugin's way to syslog.

#[path = "support/effect.rs"]
mod effect;
mod support;

use effect::{Playbook, each, put, soon};
use support::{Lab, Ran};

const RULES: &str = "/etc/audit/rules.d/50-harda-*.rules";

/// What libaudit would refuse of these files, and how many rules it takes.
fn read(lab: &Lab, host: &str, files: &str) -> Ran {
    put(lab, host, "/root/rules.py", include_str!("effect_audit_log/rules.py"));
    lab.exec(host, &format!("python3 /root/rules.py {files}"))
}

#[test]
fn libaudit_takes_each_rule_and_nothing_fails_in_a_container() {
    let lab = Lab::up(&["bookworm-python", "trixie-python"]);
    for profile in ["server", "strict"] {
        let playbook = Playbook::new(&lab, "audit-log.yml").with(format!("harda_profile={profile}"));
        playbook.apply(&lab.hosts);
        playbook.has_nothing_to_do(&lab.hosts);
        for host in &lab.hosts {
            read(&lab, host, RULES).expect(0).says(" rules, 0 bad");
        }
    }
    each(&lab, |host| {
        lab.exec(host, "cat /etc/audit/rules.d/50-harda-commands.rules").expect(0).says("-C uid=euid");
        // Put together, but not loaded: the package's own -b comes last by its name and must not win.
        lab.exec(host, "augenrules; cat /etc/audit/audit.rules")
            .says("-b 16384\n-f 1")
            .says("\n-i\n-a always");
        // A rule that couldn't be loaded is told apart from those that can.
        put(&lab, host, "/root/bad.rules", "-a always,exit -F arch=b64 -S opened -F key=k\n");
        read(&lab, host, "/root/bad.rules").expect(1).says("opened").says("1 rules, 1 bad");
        lab.call(&["reboot", host]).expect(0);
        assert_eq!(lab.exec(host, "systemctl --failed --no-legend").expect(0).stdout, "");
    });
}

#[test]
fn auditd_reads_its_settings_and_hands_records_to_syslog() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    Playbook::new(&lab, "audit-log.yml").apply(&lab.hosts);
    each(&lab, |host| {
        // It says what it reads, and ends where it would talk to the kernel.
        let ran = lab.exec(host, "timeout 10 auditd -f");
        ran.says("disk_full_action_parser called with: ROTATE").says("max_log_size_parser called with: 50");
        ran.says("config_manager init complete").says_not("Error - ").says_not("Unknown");
        let plugin = "f=/etc/audit/plugins.d/harda-syslog.conf; value() { sed -n \"s/^$1 = //p\" $f; }; \
            [ \"$(value active)\" = yes ] && echo 'type=USER_LOGIN msg=audit(1.2:3): harda-was-here' | \
            \"$(value path)\" $(value args)";
        lab.exec(host, plugin).expect(0);
        let facility = "journalctl --no-pager SYSLOG_FACILITY=22";
        soon("the record", || lab.exec(host, facility).stdout.contains("harda-was-here"));
    });
}

#[test]
fn another_architecture_gets_the_calls_that_it_has() {
    let lab = Lab::up(&["trixie"]);
    let playbook = Playbook::new(&lab, "audit-log.yml").with("ansible_architecture=aarch64");
    let plan = playbook.run("plan", &lab.hosts, &[]).expect(0);
    plan.says("-S fchmod,fchmodat,fchmodat2 -F").says_not("arch=b32").says_not(",chmod").says_not(",creat");
}

#[test]
fn a_server_is_not_halted_by_a_full_disk_unless_it_is_strict() {
    let lab = Lab::up(&["bookworm"]);
    let halt = || Playbook::new(&lab, "audit-log.yml").with("audit_log_when_full=halt");
    halt().run("plan", &lab.hosts, &[]).expect(2).says("goes with harda_profile strict only");
    let plan = halt().with("harda_profile=strict").run("plan", &lab.hosts, &[]).expect(0);
    plan.says("disk_full_action = HALT").says("disk_error_action = HALT");
    let plan = Playbook::new(&lab, "audit-log.yml").with("harda_profile=strict").run("plan", &lab.hosts, &[]);
    plan.expect(0).says("disk_full_action = ROTATE");
}

/// `auditctl -l` of Debian 12 and 13 for the same two rules, as the two were seen to write them.
const LISTED: [&str; 2] = [
    "-a always,exit -F arch=b64 -S all -F path=/etc/sudoers -F perm=wa -F key=harda-admin
-a always,exit -F arch=b64 -S execve,execveat -C uid!=euid -F auid!=-1 -F key=harda-elevation
",
    "-a always,exit -F arch=b64 -S open,bind,truncate,ftruncate,rename -F path=/etc/sudoers -F perm=wa -F key=harda-admin
-a always,exit -F arch=b64 -S execve,execveat -C uid!=euid -F auid!=-1 -F key=harda-elevation
",
];

#[test]
fn rules_that_the_kernel_lacks_are_found() {
    let lab = Lab::up(&["bookworm"]);
    let host = &lab.hosts[0];
    let rules = "-a always,exit -F arch=b64 -F path=/etc/sudoers -F perm=wa -F key=harda-admin
-a always,exit -F arch=b64 -S execve,execveat -C uid!=euid -F auid!=-1 -F key=harda-elevation
";
    put(&lab, host, "/etc/audit/rules.d/50-harda-test.rules", rules);
    let tell = |listed: &str, enabled: u8| {
        let answer =
            format!("#!/bin/sh\ncase $1 in -s) echo 'enabled {enabled}';; -l) cat <<'E'\n{listed}E\nesac\n");
        put(&lab, host, "/usr/sbin/auditctl", &answer);
        lab.exec(host, "chmod 755 /usr/sbin/auditctl").expect(0);
    };
    // As on a machine of its own; nothing but the comparison is looked at.
    let playbook = Playbook::new(&lab, "audit-log.yml").with("ansible_virtualization_type=kvm");
    let plan =
        || playbook.run("plan", &lab.hosts, &["-t", "control:audit-rules-loaded", "--detailed-exitcode"]);
    for listed in LISTED {
        tell(listed, 1);
        plan().expect(0);
    }
    tell("No rules\n", 1);
    plan().expect(3).says("run `augenrules --load`");
    tell("No rules\n", 2);
    // Set, and loaded when the machine starts: nothing can be done now.
    let locked = plan().expect(0);
    locked
        .says("with the next reboot: the rules are locked")
        .says("key=harda-admin")
        .says_not("run `augenrules");
    tell(LISTED[0], 2);
    plan().expect(0);
}
