//! What playbooks/journal.yml does: what was logged is there after a reboot, and log files are rotated.

#[path = "support/effect.rs"]
mod effect;
mod support;

use effect::{Playbook, each, put};
use support::Lab;

#[test]
fn what_was_logged_outlives_a_reboot() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    each(&lab, |host| {
        put(&lab, host, "/etc/systemd/journald.conf.d/99-memory.conf", "[Journal]\nStorage=volatile\n");
        lab.exec(host, "rm -rf /var/log/journal; systemctl restart systemd-journald; logger in-memory")
            .expect(0);
        lab.call(&["reboot", host]).expect(0);
        assert!(!lab.exec(host, "journalctl --no-pager").stdout.contains("in-memory"));
    });
    let playbook = Playbook::new(&lab, "journal.yml");
    playbook.apply(&lab.hosts);
    playbook.has_nothing_to_do(&lab.hosts);
    each(&lab, |host| {
        lab.exec(host, "logger on-disk; journalctl --sync").expect(0);
        lab.call(&["reboot", host]).expect(0);
        lab.exec(host, "journalctl --no-pager").expect(0).says("on-disk");
    });
    playbook.has_nothing_to_do(&lab.hosts);
    // Somebody deletes it: that is found.
    each(&lab, |host| drop(lab.exec(host, "rm -rf /var/log/journal").expect(0)));
    playbook.run("plan", &lab.hosts, &["--detailed-exitcode"]).expect(3).says("journalctl --flush");
    playbook.apply(&lab.hosts);
    playbook.has_nothing_to_do(&lab.hosts);
}

#[test]
fn log_files_are_rotated_and_kept_private() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let playbook = Playbook::new(&lab, "journal.yml").with("journal_rotated_weeks=2");
    playbook.apply(&lab.hosts);
    playbook.has_nothing_to_do(&lab.hosts);
    each(&lab, |host| {
        lab.exec(host, "systemctl is-active logrotate.timer && logrotate -d /etc/logrotate.conf").expect(0);
        for week in 1..=4 {
            let rotate = "logrotate -f /etc/logrotate.conf";
            lab.exec(host, &format!("echo week {week} >>/var/log/sudo.log; {rotate}")).expect(0);
        }
        let kept = lab.exec(host, "ls /var/log/sudo.log*; stat -c %a /var/log/sudo.log").expect(0).stdout;
        assert_eq!(kept, "/var/log/sudo.log\n/var/log/sudo.log.1\n/var/log/sudo.log.2.gz\n600\n");
        lab.exec(host, "zcat /var/log/sudo.log.2.gz").expect(0).says("week 3");
    });
}
