//! What playbooks/password-policy.yml does: which passwords are taken, when an account is locked, and whose passwords
//! age.

#[path = "support/effect.rs"]
mod effect;
mod support;

use effect::{Playbook, each, files, put, soon};
use std::collections::BTreeMap;
use support::{Lab, Ran};

const KINDS: [&str; 2] = ["bookworm", "trixie"];

fn policy(lab: &Lab) -> Playbook<'_> {
    Playbook::new(lab, "password-policy.yml")
}

/// alice runs `passwd`: the old password, and the new one twice.
fn passwd(lab: &Lab, host: &str, old: &str, new: &str) -> Ran {
    lab.exec(host, &format!("printf '%s\\n' '{old}' '{new}' '{new}' | runuser -u alice -- passwd"))
}

/// operator becomes alice with this password.
fn su(lab: &Lab, host: &str, password: &str) -> Ran {
    lab.exec(host, &format!("echo '{password}' | runuser -u operator -- su alice -c 'id -un'"))
}

/// Six wrong ones, at the same time: each takes two seconds to be told so.
fn six_wrong(lab: &Lab, host: &str) {
    let once = "echo wrong | runuser -u operator -- su alice -c true";
    lab.exec(host, &format!("for n in 1 2 3 4 5 6; do {once} & done; wait"));
}

#[test]
fn bad_passwords_are_refused_and_a_good_phrase_is_taken() {
    let lab = Lab::up(&KINDS);
    each(&lab, |host| {
        // So far anything goes.
        passwd(&lab, host, "alice-password", "password1").expect(0);
    });
    // No wait between two changes: this test makes several.
    policy(&lab).with("password_min_days=0").apply(&lab.hosts);
    let phrase = ["Correct horse 7 battery", "Nine lamps 4 under glass"];
    each(&lab, |host| {
        let refused = |old: &str, new: &str, why: &str| {
            let ran = passwd(&lab, host, old, new);
            assert_ne!(ran.code, 0, "{host} took `{new}`");
            ran.says(why);
        };
        refused("password1", "password2", "BAD PASSWORD");
        refused("password1", "Tr0ub4d&rx", "BAD PASSWORD: The password is shorter than 12 characters");
        refused(
            "password1",
            "onlylowercaseletters",
            "BAD PASSWORD: The password contains less than 3 character classes",
        );
        refused("password1", "Aalice-4-alice-4", "BAD PASSWORD: The password contains the user name");
        refused("password1", "Straightforward1", "BAD PASSWORD: The password fails the dictionary check");
        passwd(&lab, host, "password1", phrase[0]).expect(0);
        passwd(&lab, host, phrase[0], phrase[1]).expect(0);
        refused(phrase[1], phrase[0], "Password has been already used");
        su(&lab, host, phrase[1]).expect(0).says("alice");
    });
    policy(&lab).with("password_min_days=0").has_nothing_to_do(&lab.hosts);
}

#[test]
fn six_wrong_passwords_lock_and_the_lock_ends() {
    let lab = Lab::up(&KINDS);
    each(&lab, |host| {
        six_wrong(&lab, host);
        su(&lab, host, "alice-password").expect(0).says("alice");
    });
    policy(&lab).with("faillock_unlock_time=15").apply(&lab.hosts);
    each(&lab, |host| {
        su(&lab, host, "alice-password").expect(0).says("alice");
        six_wrong(&lab, host);
        assert_ne!(su(&lab, host, "alice-password").code, 0, "alice isn't locked on {host}");
        soon("the end of the lock", || su(&lab, host, "alice-password").code == 0);
    });
}

/// Minimum, maximum and warning of each account.
fn ageing(lab: &Lab, host: &str) -> BTreeMap<String, [String; 3]> {
    let shadow = std::fs::read_to_string(files(lab, host).join("etc/shadow")).expect("readable");
    let of_line = |line: &str| {
        let fields: Vec<&str> = line.split(':').collect();
        (fields[0].to_string(), [fields[3], fields[4], fields[5]].map(String::from))
    };
    shadow.lines().map(of_line).collect()
}

#[test]
fn passwords_age_but_for_roots_hardas_and_those_that_would_expire_today() {
    let lab = Lab::up(&KINDS);
    for host in &lab.hosts {
        let prepare =
            "useradd -r service; useradd old; echo old:old-password | chpasswd; chage -d 2020-01-01 old
            echo admin:admin-password | chpasswd";
        lab.exec(host, prepare).expect(0);
    }
    let before: Vec<_> = lab.hosts.iter().map(|host| ageing(&lab, host)).collect();
    let applied = policy(&lab).apply(&lab.hosts);
    applied.says("`old` is left alone: its password is");
    let set = ["1", "365", "7"].map(String::from);
    for (host, before) in lab.hosts.iter().zip(&before) {
        let now = ageing(&lab, host);
        for name in ["alice", "operator"] {
            assert_eq!(now[name], set, "{name} on {host}");
        }
        for name in ["root", "admin", "service", "old", "daemon"] {
            assert_eq!(now[name], before[name], "{name} on {host}");
        }
        lab.exec(host, "useradd new; echo new:new-password | chpasswd").expect(0);
        assert_eq!(ageing(&lab, host)["new"], set, "a new account on {host}");
    }
    policy(&lab).with(r#"{"password_ageing_force": ["old"]}"#).apply(&lab.hosts);
    for host in &lab.hosts {
        assert_eq!(ageing(&lab, host)["old"], set, "old on {host}");
    }
}

#[test]
fn a_pam_file_that_was_edited_by_hand_is_refused() {
    let lab = Lab::up(&KINDS);
    let own = "auth required pam_unix.so\nauth required pam_permit.so\n";
    for host in &lab.hosts {
        put(&lab, host, "/etc/pam.d/common-auth", own);
    }
    let refused = policy(&lab).run("apply", &lab.hosts, &[]).expect(2);
    refused.says("/etc/pam.d/common-auth").says("by hand");
    for host in &lab.hosts {
        assert_eq!(lab.exec(host, "cat /etc/pam.d/common-auth").stdout, own);
        assert_ne!(lab.exec(host, "ls /usr/share/pam-configs/harda-faillock").code, 0);
    }
}
