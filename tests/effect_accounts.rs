//! What playbooks/accounts.yml finds and does, by who gets in; and `harda review access`.

#[path = "support/effect.rs"]
mod effect;
mod support;

use effect::{Playbook, each, persons, put, run, ssh_by_key, ssh_by_password};
use serde_json::{Value, json};
use support::{Lab, Ran};

fn accounts<'l>(lab: &'l Lab, more: Value) -> Playbook<'l> {
    Playbook::new(lab, "accounts.yml").with(persons(lab, more))
}

fn by_key(lab: &Lab, login: &str) -> Ran {
    run(ssh_by_key(lab, login, &[]).arg("id -un"))
}

/// As this user, with a password on stdin.
fn su(lab: &Lab, host: &str, password: &str, command: &str) -> Ran {
    lab.exec(host, &format!("echo {password} | runuser -u alice -- su -c '{command}' root"))
}

#[test]
fn who_can_log_in_and_is_not_declared_is_named() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    accounts(&lab, json!({})).complies(&lab.hosts);
    each(&lab, |host| {
        // One by a password, one by a key in a place that only a Match block names.
        lab.exec(host, "useradd -m -s /bin/bash bypass && echo bypass:bypass-password | chpasswd").expect(0);
        lab.exec(host, "useradd -m -s /bin/bash ghost && install -d /etc/ssh/keys").expect(0);
        lab.exec(host, "install -m 644 /home/alice/.ssh/authorized_keys /etc/ssh/keys/ghost").expect(0);
        let block = "Match User ghost\n  AuthorizedKeysFile /etc/ssh/keys/%u\n";
        put(&lab, host, "/etc/ssh/sshd_config.d/ghost.conf", block);
        lab.exec(host, "systemctl reload ssh").expect(0);
        run(ssh_by_password(&lab, &format!("bypass@{host}")).arg("true")).expect(0);
        assert_eq!(by_key(&lab, &format!("ghost@{host}")).expect(0).stdout.trim(), "ghost");
    });
    let plan = accounts(&lab, json!({})).run("audit", &lab.hosts, &[]).expect(3);
    plan.says("can log in and is not declared in accounts_persons: bypass, ghost");

    // What the playbook says about shutting one is so.
    each(&lab, |host| {
        lab.exec(host, "usermod -L -e 1 -s /usr/sbin/nologin bypass").expect(0);
        assert_ne!(run(ssh_by_password(&lab, &format!("bypass@{host}")).arg("true")).code, 0);
    });
    let plan = accounts(&lab, json!({})).run("audit", &lab.hosts, &[]).expect(3);
    plan.says("is not declared in accounts_persons: ghost").says_not("bypass");
    let declared = json!({ "accounts_services": [{ "name": "ghost", "purpose": "fetches backups" }] });
    let plan = accounts(&lab, declared).run("audit", &lab.hosts, &[]).expect(3);
    plan.says("ghost is entered by the keys of several").says_not("is not declared");

    each(&lab, |host| {
        lab.exec(host, "userdel -r ghost; userdel -r bypass; rm -r /etc/ssh/keys").expect(0);
        let program = "AuthorizedKeysCommand /bin/true\nAuthorizedKeysCommandUser nobody\n";
        put(&lab, host, "/etc/ssh/sshd_config.d/ghost.conf", program);
    });
    let plan = accounts(&lab, json!({})).run("audit", &lab.hosts, &[]).expect(3);
    plan.says("sshd takes keys by authorizedkeyscommand /bin/true");
}

#[test]
fn names_and_numbers_of_several_and_shells_of_the_system_are_named() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    each(&lab, |host| {
        lab.exec(host, "useradd -o -u 0 -g 0 -M toor && usermod -s /bin/sh games").expect(0);
        lab.exec(host, "useradd -o -u 1002 -g 100 -M -s /usr/sbin/nologin twin").expect(0);
        lab.exec(host, "useradd -M -s /usr/sbin/nologin open && passwd -q -d open").expect(0);
    });
    let found = accounts(&lab, json!({})).run("audit", &lab.hosts, &[]).expect(3);
    found.says("toor has the number 0 of root").says("twin and alice have the number 1002");
    found.says("open has an empty password");

    let strict = json!({ "harda_profile": "strict" });
    each(&lab, |host| {
        lab.exec(host, "sed -i '/^toor:\\|^twin:\\|^open:/d' /etc/passwd /etc/shadow").expect(0);
        lab.exec(host, "runuser -l games -c id").expect(0);
    });
    let plan = accounts(&lab, json!({})).run("audit", &lab.hosts, &[]).expect(3);
    plan.says("accounts of the system with a login shell: games");
    accounts(&lab, strict).apply(&lab.hosts);
    each(&lab, |host| assert_ne!(lab.exec(host, "runuser -l games -c id").code, 0));
    accounts(&lab, json!({})).complies(&lab.hosts);
}

#[test]
fn a_second_persons_key_is_named() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    each(&lab, |host| {
        let key = "ssh-keygen -q -t ed25519 -N '' -C bert@desk -f /run/bert";
        lab.exec(host, &format!("{key} && cat /run/bert.pub >>/home/alice/.ssh/authorized_keys")).expect(0);
    });
    let plan = accounts(&lab, json!({})).run("audit", &lab.hosts, &[]).expect(3);
    plan.says("alice is entered by the keys of several: SHA256:").says("bert@desk").says_not("operator is");
}

#[test]
fn root_has_no_keys_and_can_still_be_used_at_the_console() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let by_password = json!({ "accounts_root_console": "password" });
    each(&lab, |host| {
        by_key(&lab, &format!("root@{host}")).expect(0);
    });
    let as_root =
        Playbook::logged_in_as(&lab, "root", "accounts.yml").with(persons(&lab, by_password.clone()));
    as_root.run("plan", &lab.hosts, &[]).expect(2).says("this would lock harda out as `root`");

    accounts(&lab, by_password.clone()).apply(&lab.hosts);
    accounts(&lab, by_password.clone()).complies(&lab.hosts);
    each(&lab, |host| {
        by_key(&lab, &format!("root@{host}")).expect(255).says("Permission denied");
        by_key(&lab, &format!("alice@{host}")).expect(0);
        // The console asks the same modules.
        su(&lab, host, "root-password", "id -un").expect(0).says("root");
    });

    accounts(&lab, json!({ "accounts_root_console": "locked" })).apply(&lab.hosts);
    each(&lab, |host| {
        assert_ne!(su(&lab, host, "root-password", "id -un").code, 0);
    });
    // sudo goes on working: harda comes in by it.
    accounts(&lab, json!({ "accounts_root_console": "locked" })).complies(&lab.hosts);
    let plan = accounts(&lab, by_password.clone()).run("audit", &lab.hosts, &[]).expect(3);
    plan.says("root can't be used in an emergency at the console");

    each(&lab, |host| {
        lab.exec(host, "passwd -q -u root").expect(0);
        let force = "[Service]\nEnvironment=SYSTEMD_SULOGIN_FORCE=1\n";
        put(&lab, host, "/etc/systemd/system/emergency.service.d/open.conf", force);
        lab.exec(host, "systemctl daemon-reload").expect(0);
    });
    let plan = accounts(&lab, by_password).run("audit", &lab.hosts, &[]).expect(3);
    plan.says("whoever stands at the console in an emergency is root without a password");
}

#[test]
fn a_home_that_others_can_write_is_closed_and_its_owner_gets_in_again() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    each(&lab, |host| {
        lab.exec(host, "chmod 0777 /home/alice").expect(0);
        lab.exec(host, "runuser -u operator -- touch /home/alice/left").expect(0);
        by_key(&lab, &format!("alice@{host}")).expect(255).says("Permission denied");
    });
    accounts(&lab, json!({})).apply(&lab.hosts);
    each(&lab, |host| {
        assert_ne!(lab.exec(host, "runuser -u operator -- touch /home/alice/more").code, 0);
        by_key(&lab, &format!("alice@{host}")).expect(0);
    });
    accounts(&lab, json!({})).complies(&lab.hosts);
}

#[test]
fn a_review_shows_who_can_log_in_how_and_when_they_were_here_last() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let inventory = lab.inventory("admin").to_string_lossy().into_owned();
    let review = |more: &[&str]| {
        let verb = ["review", "access", "-i", &inventory];
        lab.harda(&[&verb, more].concat()).expect(0)
    };
    each(&lab, |host| {
        by_key(&lab, &format!("operator@{host}")).expect(0);
    });
    let records = review(&["--format", "json"]).records();
    assert_eq!(records.len(), 2);
    for record in &records {
        let accounts = record["accounts"].as_array().expect("a list");
        let names: Vec<&str> = accounts.iter().filter_map(|a| a["name"].as_str()).collect();
        assert_eq!(names, ["root", "admin", "operator", "alice"]);
        let of = |name: &str| accounts.iter().find(|a| a["name"] == name).expect("told");
        assert_eq!(of("operator")["keys"][0]["fingerprint"], json!(lab.fingerprints()[0]));
        assert_eq!(
            (&of("operator")["password"], &of("admin")["password"]),
            (&json!("usable"), &json!("none"))
        );
        assert_eq!(of("admin")["sudo"][1], json!("(ALL : ALL) NOPASSWD: ALL"));
        assert_eq!(of("alice")["sudo"], json!([]));
        assert!(of("operator")["last_session"].is_string(), "{record}");
        assert_eq!(of("operator")["unused"], json!(false));
        // The lab's records begin today: whether alice was here in the 90 days before isn't known.
        assert!(of("alice")["last_session"].is_null() && of("alice")["unused"].is_null(), "{record}");
    }
    let text = review(&[]);
    text.says("alice (uid 1002, in alice): no session recorded since ").says_not("never").says_not("unused");
    text.says("sudo (ALL : ALL) NOPASSWD: ALL").says("no password").says_not("EMPTY");
    let unused = review(&["--unused-for", "0"]);
    unused.says("unused for 0 days or more: root, ").says("operator, alice");

    // Nothing on the host keeps it any more.
    let trixie = lab.hosts[1].clone();
    lab.exec(&trixie, "rm -rf /usr/bin/journalctl /usr/bin/lastlog*").expect(0);
    let text = review(&["-l", &trixie]);
    text.says("alice (uid 1002, in alice): last session not recorded on this host").says_not("never");
}
