//! Hosts that can't be entered, or where the login can't become root.

use crate::{LAB, book, inventory};
use std::time::{Duration, Instant};

fn ping() -> String {
    book("doors.yml", "- hosts: all\n  tasks:\n    - ping:\n")
}

#[test]
fn a_variable_that_is_not_there_fails_in_the_plan_with_its_place() {
    let text = "
- hosts: all
  tasks:
    - copy: {content: first, dest: /srv/first}
    - copy: {content: \"{{ missing_one }}\", dest: /srv/x}
";
    let book = book("undefined.yml", text);
    let host = &LAB.hosts[0];
    let hosts = inventory("undefined-hosts.yml", host, "admin", &[]);
    for verb in ["plan", "apply"] {
        let ran = LAB.harda(&[verb, &book, "-i", &hosts]).expect(2);
        ran.says("undefined.yml:4:23: `missing_one` is undefined");
    }
    assert_eq!(LAB.exec(host, "test -e /srv/first").code, 1);
}

#[test]
fn a_file_of_variables_that_is_not_there() {
    let book = book("vars.yml", "- hosts: all\n  vars_files: [gone.yml]\n  tasks:\n    - ping:\n");
    let hosts = inventory("vars-hosts.yml", &LAB.hosts[0], "admin", &[]);
    let ran = LAB.harda(&["plan", &book, "-i", &hosts]).expect(1);
    ran.says("vars.yml:2:16: `").says("/gone.yml` can't be read: ");
}

#[test]
fn a_template_that_is_not_there_names_the_folders_that_were_searched() {
    let book = book("template.yml", "- hosts: all\n  tasks:\n    - template: {src: gone.j2, dest: /x}\n");
    let hosts = inventory("template-hosts.yml", &LAB.hosts[0], "admin", &[]);
    let ran = LAB.harda(&["plan", &book, "-i", &hosts]).expect(2);
    ran.says("template.yml:3:7").says("`gone.j2` was not found; looked for ").says("/templates/gone.j2");
}

#[test]
fn a_template_that_is_wrong_is_named_with_its_line() {
    LAB.write("templates/broken.j2", "fine\n{% if x %}\n");
    LAB.write("templates/missing.j2", "fine\n\n{{ nobody_knows }}\n");
    let hosts = inventory("broken-hosts.yml", &LAB.hosts[0], "admin", &[]);
    for (name, place) in [("broken", "broken.j2:"), ("missing", "missing.j2:3")] {
        let text = format!("- hosts: all\n  tasks:\n    - template: {{src: {name}.j2, dest: /srv/x}}\n");
        let book = book(&format!("{name}.yml"), &text);
        LAB.harda(&["plan", &book, "-i", &hosts]).expect(2).says(place);
    }
}

#[test]
fn a_key_that_cannot_be_read() {
    let hosts =
        inventory("key.yml", &LAB.hosts[0], "admin", &[("ansible_ssh_private_key_file", "/nowhere/key")]);
    let ran = LAB.harda(&["plan", &ping(), "-i", &hosts]).expect(1);
    ran.says("key file `/nowhere/key` can't be read: No such file or directory");
}

#[test]
fn a_closed_port_and_a_silent_address() {
    let closed = inventory("closed.yml", &LAB.hosts[0], "admin", &[("ansible_port", "9")]);
    let ran = LAB.harda(&["plan", &ping(), "-i", &closed]).expect(4);
    ran.says(&format!("({}:9) is unreachable: connection refused", LAB.address(&LAB.hosts[0])));

    // Of the lab's own network, where no host has it: the line is dead, nobody answers.
    let network = LAB.address(&LAB.hosts[0]).rsplit_once('.').expect("four numbers").0.to_string();
    let nobody = format!("{network}.199");
    let silent = inventory("silent.yml", &LAB.hosts[0], "admin", &[("ansible_host", &nobody)]);
    let begun = Instant::now();
    let ran = LAB.harda(&["plan", &ping(), "-i", &silent, "--timeout", "2"]).expect(4);
    ran.says(&format!("({nobody}:22) is unreachable: no answer in 2 s"));
    assert!(begun.elapsed() < Duration::from_secs(6));
}

#[test]
fn a_name_that_no_resolver_knows() {
    let ran = LAB.harda(&["plan", &ping(), "-i", "nowhere.invalid,"]).expect(4);
    ran.says("nowhere.invalid");
}

#[test]
fn sudo_that_refuses() {
    let host = &LAB.hosts[0];
    let wrong = LAB.write("wrong-password", "fel\n").to_string_lossy().into_owned();
    let right = LAB.write("right-password", "alice-password\n").to_string_lossy().into_owned();
    let operator = inventory("operator.yml", host, "operator", &[]);
    let alice = inventory("alice.yml", host, "alice", &[]);
    let refused = |arguments: &[&str], message: &str| {
        let ran = LAB.harda(&[&["plan", &ping()], arguments].concat()).expect(2);
        ran.says(&format!("{host}: refused: `{host}`: {message}")).says("hint: ");
        ran.says_not("fel\n").says_not("alice-password");
    };
    refused(&["-i", &operator], "sudo wants a password");
    refused(&["-i", &operator, "--become-password-file", &wrong], "wrong sudo password");
    refused(&["-i", &alice, "-b"], "sudo wants a password");
    refused(
        &["-i", &alice, "-b", "--become-password-file", &right],
        "sudo doesn't let this login become `root`",
    );
    LAB.exec(host, "echo 'Defaults:alice requiretty' >/etc/sudoers.d/tty").expect(0);
    refused(&["-i", &alice, "-b", "--become-password-file", &right], "sudo wants a terminal");
    LAB.exec(host, "rm /etc/sudoers.d/tty").expect(0);
}
