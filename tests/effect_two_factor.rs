//! What playbooks/two-factor.yml does: a key alone no longer lets anybody in, a key and a code do, harda among them.

#[path = "support/effect.rs"]
mod effect;
#[path = "support/mutation.rs"]
mod mutation;
mod support;
#[path = "support/terminal.rs"]
mod terminal;

use effect::{Playbook, each, run, ssh_by_key};
use mutation::Mutant;
use std::process::Command;
use support::Lab;
use terminal::{converse, on_terminal};

const SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEH";

/// harda's own account is left with its key alone; it is the one that nobody sits at.
const VARS: &str = r#"{"two_factor": "totp", "sshd_match":
    [{"criteria": "User admin", "settings": {"AuthenticationMethods": "publickey"}}]}"#;

fn code() -> String {
    run(Command::new("oathtool").args(["--totp", "-b", SECRET])).expect(0).stdout.trim().to_string()
}

fn enrol(lab: &Lab, host: &str, user: &str) {
    let file = format!("/home/{user}/.google_authenticator");
    // Each code may be used again: the tests are quicker than the clock.
    let script =
        format!("printf '%s\\n' {SECRET} '\" TOTP_AUTH' >{file}; chown {user}: {file}; chmod 400 {file}");
    lab.exec(host, &script).expect(0);
}

#[test]
fn a_key_alone_is_refused_and_harda_comes_in_by_key_and_code() {
    let lab = Lab::up(&["bookworm", "trixie"]);
    let playbook = |name: &str| Playbook::new(&lab, name).with(VARS);
    playbook("two-factor.yml").run("plan", &lab.hosts, &[]).expect(2).says("admin, whom harda logs in as");
    each(&lab, |host| ["admin", "operator"].iter().for_each(|user| enrol(&lab, host, user)));
    playbook("two-factor.yml").apply(&lab.hosts).says("have no second factor yet");
    playbook("sshd.yml").apply(&lab.hosts).says("proving a fresh login as `admin`");
    each(&lab, |host| {
        run(ssh_by_key(&lab, &format!("operator@{host}"), &[]).arg("true"))
            .expect(255)
            .says("Permission denied (keyboard-interactive)");
        run(ssh_by_key(&lab, &format!("admin@{host}"), &[]).arg("true")).expect(0);
    });
    for name in ["two-factor.yml", "sshd.yml"] {
        playbook(name).has_nothing_to_do(&lab.hosts);
    }

    // Of the others who may log in nobody is left out any more.
    each(&lab, |host| enrol(&lab, host, "alice"));
    Mutant::new(&lab, &lab.hosts, &[VARS]).is_found_and_put_right(&["two-factor"]);

    let book = "- hosts: all\n  gather_facts: false\n  tasks:\n    - {command: id -un, check_mode: false, register: me}\n    - {debug: {var: me.stdout}}\n";
    let book = lab.write("me.yml", book);
    let inventory = lab.inventory("operator");
    for host in &lab.hosts {
        let line = format!(
            "NO_COLOR=1 XDG_STATE_HOME='{0}' '{1}' plan '{2}' -i '{3}' -e ansible_become=false -l {host}",
            lab.folder.path().display(),
            env!("CARGO_BIN_EXE_harda"),
            book.display(),
            inventory.display()
        );
        let with = |code: &dyn Fn() -> String| {
            converse(&mut on_terminal(&line), &mut |said| {
                said.trim_end().ends_with("Verification code:").then(code)
            })
        };
        let (exit, said) = with(&code);
        assert!(exit == 0 && said.contains("operator"), "{exit}: {said}");
        let (exit, said) = with(&|| "000000".into());
        assert_eq!(exit, 4, "{said}");
    }
}
