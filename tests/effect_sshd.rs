//! What playbooks/sshd.yml does: who gets in and who doesn't, with what, and for how long; and that harda never locks
//! itself out.

#[path = "support/effect.rs"]
mod effect;
mod support;

use effect::{Playbook, each, run, ssh_by_key, ssh_by_password};
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use support::{Lab, Ran};

/// What the policy doesn't name, and a fresh host takes.
const WEAK: [&[&str]; 3] = [
    &["-o", "Ciphers=aes128-ctr"],
    &["-o", "KexAlgorithms=ecdh-sha2-nistp256"],
    &["-o", "Ciphers=aes256-ctr", "-o", "MACs=hmac-sha1"],
];

/// What the policy names: EC P-384, AES-256, SHA-2.
const POLICY: &[&str] = &["-o", "KexAlgorithms=ecdh-sha2-nistp384", "-o", "Ciphers=aes256-gcm@openssh.com"];
const POLICY_MAC: &[&str] = &["-o", "Ciphers=aes256-ctr", "-o", "MACs=hmac-sha2-256-etm@openssh.com"];

/// One hardened lab for the tests here, one at a time.
fn hardened() -> MutexGuard<'static, Lab> {
    static LAB: LazyLock<Mutex<Lab>> = LazyLock::new(|| {
        let lab = Lab::up(&["bookworm", "trixie"]);
        each(&lab, |host| takes_all_sorts(&lab, host));
        sshd(&lab).apply(&lab.hosts);
        Mutex::new(lab)
    });
    let lab = LAB.lock().unwrap_or_else(PoisonError::into_inner);
    sshd(&lab).apply(&lab.hosts);
    lab
}

fn sshd(lab: &Lab) -> Playbook<'_> {
    // The tests' refused logins shall not keep the later ones out.
    Playbook::new(lab, "sshd.yml")
        .with(r#"{"sshd_overrides": {"PerSourcePenaltyExemptList": "10.200.0.0/16"}}"#)
}

fn yes(mut ssh: Command) -> Ran {
    run(ssh.arg("true"))
}

/// So that what is refused afterwards is refused by the playbook.
#[track_caller]
fn takes_all_sorts(lab: &Lab, host: &str) {
    yes(ssh_by_key(lab, &format!("root@{host}"), &[])).expect(0);
    yes(ssh_by_key(lab, &format!("alice@{host}"), &[])).expect(0);
    yes(ssh_by_password(lab, &format!("operator@{host}"))).expect(0);
    for options in WEAK {
        yes(ssh_by_key(lab, &format!("admin@{host}"), options)).expect(0);
    }
}

#[test]
fn root_and_passwords_are_refused_and_the_admins_key_is_taken() {
    let lab = hardened();
    each(&lab, |host| {
        yes(ssh_by_key(&lab, &format!("root@{host}"), &[])).expect(255).says("Permission denied (publickey)");
        yes(ssh_by_password(&lab, &format!("operator@{host}")))
            .expect(255)
            .says("Permission denied (publickey)");
        yes(ssh_by_key(&lab, &format!("operator@{host}"), &[])).expect(0);
        yes(ssh_by_key(&lab, &format!("admin@{host}"), &[])).expect(0);
    });
    sshd(&lab).has_nothing_to_do(&lab.hosts);
}

#[test]
fn who_is_in_no_allowed_group_is_refused() {
    let lab = hardened();
    each(&lab, |host| {
        yes(ssh_by_key(&lab, &format!("alice@{host}"), &[]))
            .expect(255)
            .says("Permission denied (publickey)");
    });
    sshd(&lab).with(r#"{"sshd_allow_groups": ["sudo", "alice"]}"#).apply(&lab.hosts);
    each(&lab, |host| {
        yes(ssh_by_key(&lab, &format!("alice@{host}"), &[])).expect(0);
    });
}

#[test]
fn only_the_algorithms_of_the_policy_are_taken() {
    let lab = hardened();
    each(&lab, |host| {
        let admin = format!("admin@{host}");
        for options in WEAK {
            yes(ssh_by_key(&lab, &admin, options)).expect(255).says("no matching");
        }
        yes(ssh_by_key(&lab, &admin, POLICY)).expect(0);
        yes(ssh_by_key(&lab, &admin, POLICY_MAC)).expect(0);
    });
}

#[test]
fn the_banner_is_shown_and_the_key_of_a_login_is_logged() {
    let lab = hardened();
    let key = run(Command::new("ssh-keygen").arg("-lf").arg(lab.env("HARDA_LAB_KEY"))).expect(0).stdout;
    let fingerprint = key.split(' ').nth(1).expect("a fingerprint");
    each(&lab, |host| {
        yes(ssh_by_key(&lab, &format!("admin@{host}"), &[])).expect(0).says("Authorised persons only");
        let log = lab.exec(host, "journalctl -o cat _COMM=sshd + _COMM=sshd-session").stdout;
        // Only at VERBOSE, and with the place of the key.
        let line = format!("Accepted key ED25519 {fingerprint} found at /home/admin/.ssh/authorized_keys:");
        assert!(log.contains(&line), "no `{line}` in:\n{log}");
    });
}

#[test]
fn an_idle_session_ends_and_an_active_one_does_not() {
    let lab = hardened();
    let limit = Duration::from_secs(5);
    let silent = |host: &str, options: &[&str]| {
        let mut ssh = ssh_by_key(&lab, &format!("admin@{host}"), options);
        ssh.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("ssh starts")
    };
    // With a quarter of an hour to go it goes on.
    let mut patient: Vec<_> = lab.hosts.iter().map(|host| silent(host, &["-tt"])).collect();
    std::thread::sleep(limit + Duration::from_secs(5));
    for session in &mut patient {
        assert!(session.try_wait().unwrap().is_none(), "ended before its time");
        let _ = session.kill();
        let _ = session.wait();
    }

    sshd(&lab).with(format!("sshd_idle_seconds={}", limit.as_secs())).apply(&lab.hosts);
    let start = Instant::now();
    let idle: Vec<_> =
        lab.hosts.iter().flat_map(|host| [silent(host, &["-tt"]), silent(host, &[])]).collect();
    each(&lab, |host| {
        let talk = "for n in 1 2 3 4 5; do sleep 2; echo $n; done";
        let active = run(ssh_by_key(&lab, &format!("admin@{host}"), &[]).arg(talk)).expect(0);
        assert_eq!(active.stdout.lines().last(), Some("5"));
    });
    for mut session in idle {
        while session.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < Duration::from_secs(60), "an idle session goes on");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

#[test]
fn harda_does_not_lock_itself_out_and_comes_back_as_the_administrator() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let key = lab.env("HARDA_LAB_KEY");
    let hardening = || Playbook::logged_in_as(&lab, "root", "sshd.yml");
    let etc = |host: &str| lab.exec(host, "find /etc -newer /etc/machine-id -type f | sort").stdout;
    let before: Vec<_> = lab.hosts.iter().map(|host| etc(host)).collect();
    for verb in ["plan", "apply"] {
        let refused = hardening().run(verb, &lab.hosts, &[]).expect(2);
        refused
            .says("sshd's settings are in force")
            .says("this would lock harda out as `root`: `PermitRootLogin no`");
        refused.says("harda_login_after");
        assert_eq!(
            before,
            lab.hosts.iter().map(|host| etc(host)).collect::<Vec<_>>(),
            "{verb} wrote something"
        );
    }

    // Anna's key is the lab's; root's is gone once root is refused.
    let public = std::fs::read_to_string(format!("{key}.pub")).unwrap();
    let anna = serde_json::json!({ "admin_name": "anna", "admin_keys": [public.trim()] });
    let provision = Playbook::logged_in_as(&lab, "root", "provision-admin.yml").with(anna.to_string());
    provision.apply(&lab.hosts).says("proving a fresh login as `root` ...");
    provision.has_nothing_to_do(&lab.hosts);
    let after =
        serde_json::json!({ "harda_login_after": { "user": "anna", "private_key_file": key } }).to_string();
    hardening().with(&after).apply(&lab.hosts).says("proving a fresh login as `anna` ...");
    each(&lab, |host| {
        yes(ssh_by_key(&lab, &format!("root@{host}"), &[])).expect(255).says("Permission denied (publickey)");
    });
    let again = hardening().with(&after).run("plan", &lab.hosts, &["--detailed-exitcode", "-v"]).expect(0);
    again.says("as anna, Debian");
}
