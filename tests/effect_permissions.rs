//! What playbooks/permissions.yml and playbooks/service-accounts.yml do and find.

#[path = "support/effect.rs"]
mod effect;
mod support;

use effect::{Playbook, each, run, ssh_by_key};
use support::Lab;

#[test]
fn key_files_are_closed_and_all_goes_on_working() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let closed = ["/etc/shadow", "/etc/shadow-", "/etc/ssh/sshd_config", "/etc/cron.daily/dpkg"];
    each(&lab, |host| {
        lab.exec(host, "chmod 0644 /etc/shadow /etc/shadow-; chmod 0666 /etc/passwd").expect(0);
        for path in closed {
            lab.exec(host, &format!("runuser -u alice -- cat {path}")).expect(0);
        }
    });
    let playbook = Playbook::new(&lab, "permissions.yml");
    // Found before it is put right, and not touched.
    playbook.run("audit", &lab.hosts, &[]).expect(3).says("everybody can write /etc/passwd");
    each(&lab, |host| {
        lab.exec(host, "chmod 0644 /etc/passwd").expect(0);
    });
    playbook.apply(&lab.hosts);
    playbook.complies(&lab.hosts);
    each(&lab, |host| {
        for path in closed {
            assert_ne!(lab.exec(host, &format!("runuser -u alice -- cat {path}")).code, 0, "{path}");
        }
        lab.exec(host, "runuser -u alice -- cat /etc/passwd /etc/group").expect(0);
        lab.exec(host, "systemctl restart ssh && test -z \"$(systemctl --failed --no-legend)\"").expect(0);
        run(ssh_by_key(&lab, &format!("operator@{host}"), &[]).arg("true")).expect(0);
    });
}

#[test]
fn new_files_of_a_session_have_the_umask() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let made = |host: &str| {
        let line = "rm -f new; touch new; stat -c %a new";
        run(ssh_by_key(&lab, &format!("operator@{host}"), &[]).arg(line)).expect(0).stdout.trim().to_string()
    };
    each(&lab, |host| {
        lab.exec(host, "sed -i '/^UMASK/d' /etc/login.defs && echo 'UMASK 000' >>/etc/login.defs").expect(0);
    });
    let playbook = || Playbook::new(&lab, "permissions.yml");
    playbook().apply(&lab.hosts);
    each(&lab, |host| assert_eq!(made(host), "644"));
    let strict = || playbook().with("harda_profile=strict");
    strict().apply(&lab.hosts);
    each(&lab, |host| assert_eq!(made(host), "640"));
    strict().complies(&lab.hosts);
}

#[test]
fn what_is_open_nobodys_or_runs_as_another_is_named() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let playbook = || Playbook::new(&lab, "permissions.yml");
    playbook().apply(&lab.hosts);
    each(&lab, |host| {
        lab.exec(host, "touch '/opt/a b' && chmod 666 '/opt/a b' && mkdir -m 0777 /opt/drop").expect(0);
        lab.exec(host, "mkdir -m 1777 /opt/sticky && touch /tmp/mine && chmod 666 /tmp/mine").expect(0);
        lab.exec(host, "touch /opt/left && chown 4711 /opt/left").expect(0);
        lab.exec(host, "mkdir -p '/srv/in side' && touch '/srv/in side/f' && chmod 666 '/srv/in side/f'")
            .expect(0);
    });
    let found = playbook().run("audit", &lab.hosts, &[]).expect(3);
    found.says("everybody can write /opt/a b").says("everybody can write /opt/drop");
    found.says("owned by nobody known: /opt/left").says("/srv/in side/f");
    found.says_not("/opt/sticky").says_not("/tmp/mine");
    let excluded = r#"{"permissions_excluded": ["/srv/in side"]}"#;
    playbook().with(excluded).run("audit", &lab.hosts, &[]).expect(3).says_not("/srv/in side");

    each(&lab, |host| {
        lab.exec(host, "rm -r /opt/* /srv/in*").expect(0);
        lab.exec(host, "install -m 4755 /usr/bin/id /usr/local/bin/rootly").expect(0);
        // It is what its name says.
        lab.exec(host, "runuser -u alice -- /usr/local/bin/rootly").expect(0).says("euid=0(root)");
    });
    playbook().run("audit", &lab.hosts, &[]).expect(3).says("not declared: /usr/local/bin/rootly");
    playbook().with(r#"{"permissions_suid_allowed": ["/usr/local/bin/rootly"]}"#).complies(&lab.hosts);
}

#[test]
fn services_that_run_as_root_are_named() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let playbook = || Playbook::new(&lab, "service-accounts.yml");
    playbook().complies(&lab.hosts);
    each(&lab, |host| {
        let start = |unit: &str, what: &str| {
            lab.exec(host, &format!("systemd-run -q --unit={unit} {what}")).expect(0);
        };
        start("rooted", "sleep infinity");
        start("door", "/usr/sbin/sshd -D -p 2222");
        start("own", "-p User=nobody sleep infinity");
        start("dynamic", "-p DynamicUser=yes sleep infinity");
        start("dropping", "setpriv --reuid=nobody --clear-groups sleep infinity");
    });
    let found = playbook().run("audit", &lab.hosts, &[]).expect(3);
    found.says("run as root: door (listens), rooted (services_as_root_allowed)");
    playbook().with(r#"{"services_as_root_allowed": ["door", "root*"]}"#).complies(&lab.hosts);
}
